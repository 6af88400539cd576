"""Check the structure and the content of a pack's document.

`parse_pack` takes the plain data of a YAML or JSON document. It returns a `Pack`, or raises one `PackError` with a
sentence for the author about each error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from rekindle.domain.characters import is_visible
from rekindle.domain.markup import why_markup
from rekindle.domain.prompts import Audience, PromptKind, Theme
from rekindle.packs.document import HINTED_THEMES, Pack, PackError, PackFinding, PackPrompt
from rekindle.packs.structure_errors import structure_findings

if TYPE_CHECKING:
    from rekindle.domain.ids import Language, PromptId

PLAINER_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        # Names of illnesses, which make a partner sound like a patient.
        "diagnos": "what you noticed",
        "disorder": "what is hard",
        "narcissis": "what was done and how it felt",
        "symptom": "a sign",
        "trauma": "an old hurt",
        # Verdicts, which blame somebody.
        "co-?depend": "leaning on each other",
        "dysfunction": "what isn't working yet",
        "toxic": "what hurts",
        # A therapist's words, which nobody uses at home.
        "attachment style": "how you hold on to people",
        "coping mechanism": "what helps you",
        "therap": "help",
        "trigger": "what sets it off",
        "validat": "letting them know that it makes sense",
    },
    "es": {
        "diagn[oó]st": "lo que notaste",
        "narcisis": "lo que pasó y cómo se sintió",
        "s[ií]ntoma": "una señal",
        "trastorno": "lo que cuesta",
        "trauma": "una herida vieja",
        "codepend": "apoyarse el uno en el otro",
        "disfunci": "lo que todavía no funciona",
        "t[oó]xic": "lo que hace daño",
        "detonante": "lo que lo despierta",
        "estilos? de apego": "cómo te unes a quien quieres",
        "mecanismos? de (?:afrontamiento|defensa)": "lo que te ayuda",
        "t[eé]rap": "ayuda",
        "validar|validaci": "hacerle saber que tiene sentido",
    },
    "fr": {
        "diagnosti": "ce que tu as remarqué",
        "narcissi": "ce qui s’est passé et ce que cela t’a fait",
        "sympt[oô]m": "un signe",
        "trauma": "une vieille blessure",
        "troubles? (?:anxieux|du comportement|de la personnalité)": "ce qui est difficile",
        "co-?d[eé]pend": "s’appuyer l’un sur l’autre",
        "dysfonction": "ce qui ne marche pas encore",
        "toxique": "ce qui fait mal",
        "d[eé]clencheur": "ce qui réveille cela",
        "m[eé]canismes? (?:de d[eé]fense|d.adaptation)": "ce qui t’aide",
        "styles? d.attachement": "ta façon de tenir à quelqu’un",
        "th[eé]rap": "de l’aide",
        "validation|valider": "lui faire savoir que cela se comprend",
    },
}
"""For each language: patterns for the beginnings of clinical words, and what to write instead.

Texts in other languages are not checked for such words.
"""

_PLAINER: Final = {
    language: (
        re.compile("|".join(rf"\b({beginning})\w*" for beginning in words), re.IGNORECASE),
        tuple(words.values()),
    )
    for language, words in PLAINER_WORDS.items()
}

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")

_BIDI_MARKS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Invisible marks that begin or end a change of text direction. `_CLOSED_BY` maps each begin mark to its end mark."""

_CLOSED_BY: Final = dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c") | dict.fromkeys("\u2066\u2067\u2068", "\u2069")


def parse_pack(document: object) -> Pack:
    """Return the pack in a document. Raise PackError if there is an error.

    If some prompts have an invalid structure, check the content of the other prompts anyway. So the author sees most
    errors at once.
    """
    findings: list[PackFinding] = []
    head: Pack | None
    try:
        head = Pack.model_validate(document)
        prompts = dict(enumerate(head.prompts))
        findings += _unwritten_findings(head)
    except ValidationError as invalid:
        findings += structure_findings(document, invalid)
        prompts = _valid_prompts(document)
        head = _valid_head(document, prompts)
    for place, prompt in prompts.items():
        findings += (*_comfort_findings(place, prompt), *_hint_findings(place, prompt), *_plain_findings(place, prompt))
        for language, words in prompt.words.items():
            for field, line in words:
                if reason := _why_unfit(line):
                    findings.append(_at(place, prompt, "words", language, field, reason=reason))
    findings += (*_duplicate_id_findings(prompts), *_duplicate_text_findings(prompts))
    if isinstance(document, Mapping):
        findings += _code_findings(document)
    if head:
        findings += (*_head_findings(head), *_language_findings(head, prompts))
    if findings or head is None:
        raise PackError(tuple(sorted(findings, key=_document_order)))
    return head


def _document_order(finding: PackFinding) -> tuple[int, int]:
    match finding.path:
        case ("prompts", int(place), *_):
            return 1, place
        case _:
            return 0, 0


def _valid_prompts(document: object) -> dict[int, PackPrompt]:
    """Return the prompts with a valid structure, by their index in the pack's document."""
    valid: dict[int, PackPrompt] = {}
    if isinstance(document, Mapping) and isinstance(listed := document.get("prompts"), list | tuple):
        for place, prompt in enumerate(listed):
            with suppress(ValidationError):
                valid[place] = PackPrompt.model_validate(prompt)
    return valid


def _valid_head(document: object, prompts: Mapping[int, PackPrompt]) -> Pack | None:
    """Return the pack with only these prompts. Return None if `prompts` is empty or if another field is invalid."""
    if isinstance(document, Mapping):
        with suppress(ValidationError):
            return Pack.model_validate({**document, "prompts": tuple(prompts.values())})
    return None


def _at(place: int, prompt: PackPrompt, *field: str, reason: str) -> PackFinding:
    return PackFinding(prompt.id, ".".join(field), reason, ("prompts", place, *field))


def _comfort_findings(place: int, prompt: PackPrompt) -> Iterator[PackFinding]:
    if prompt.comfort == 0 and prompt.kind == PromptKind.TOUCH:
        yield _at(place, prompt, "comfort", reason="must be 1, 2 or 3 if touch is the kind")
    elif prompt.theme == Theme.TOUCH and "comfort" not in prompt.model_fields_set:
        # Couples who want no touch get prompts with comfort 0. So the author has to say that this prompt is for them.
        reason = "is needed in the theme touch; write 0 only if the prompt asks for no touch"
        yield _at(place, prompt, "comfort", reason=reason)


def _hint_findings(place: int, prompt: PackPrompt) -> Iterator[PackFinding]:
    if prompt.theme in HINTED_THEMES:
        for language, words in prompt.words.items():
            if words.hint is None:
                reason = f"is missing; every prompt of {prompt.theme} tells the listener how to receive the answer"
                yield _at(place, prompt, "words", language, "hint", reason=reason)


def _plain_findings(place: int, prompt: PackPrompt) -> Iterator[PackFinding]:
    for language, words in prompt.words.items():
        if language not in _PLAINER:
            continue
        clinical, instead = _PLAINER[language]
        for field, line in words:
            # If a pattern matches twice, the dictionary keeps the value that was set last. So set the first match last.
            first_matches = {match.lastindex: match[0] for match in reversed(list(clinical.finditer(line or "")))}
            for which in sorted(which for which in first_matches if which):
                reason = f"“{first_matches[which]}” sounds like a clinic; try something like “{instead[which - 1]}”"
                yield _at(place, prompt, "words", language, field, reason=reason)


def _why_unfit(line: str | None) -> str | None:
    """Return what is wrong with a line's characters, or None if they are fine."""
    if not line:
        return None
    if not any(map(is_visible, line)):
        return "has no visible character; write something"
    if control := _CONTROL.search(line):
        return f"has an invisible character (U+{ord(control[0]):04X}); delete the words around it and type them again"
    waiting: list[str] = []
    for turn in _BIDI_MARKS.findall(line):
        if turn in _CLOSED_BY:
            waiting.append(_CLOSED_BY[turn])
        elif not waiting or waiting.pop() != turn:
            waiting = [turn]
            break
    if waiting:
        return (
            "has an invisible mark that changes the direction of writing, and no mark that ends this change, so the "
            "words after it look mixed up; type the words again: right-to-left writing needs no marks"
        )
    return None


def _head_findings(head: Pack) -> Iterator[PackFinding]:
    """Yield a finding for each of the pack's own texts, such as its title, if the text has wrong characters."""
    for path, line in _head_lines(head):
        if reason := _why_unfit(line):
            yield PackFinding(None, ".".join(path), reason, path)


def _head_lines(head: Pack) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Yield each of the pack's own texts with its path in the document."""
    yield ("notes",), head.notes
    for code, words in head.words.items():
        yield from ((("words", code, name), line) for name, line in words)


def markup_findings(pack: Pack) -> Iterator[PackFinding]:
    """Yield a finding for each text with markup. `parse_pack` accepts markup, so that the console can show the pack."""
    for path, line in _head_lines(pack):
        if line and (reason := why_markup(line)):
            yield PackFinding(None, ".".join(path), reason, path)
    for place, prompt in enumerate(pack.prompts):
        for language, words in prompt.words.items():
            for field, line in words:
                if line and (reason := why_markup(line)):
                    yield _at(place, prompt, "words", language, field, reason=reason)


def _code_findings(document: Mapping[str, Any]) -> Iterator[PackFinding]:
    if document.get("audience", Audience.EVERYONE) == Audience.CODE:
        return
    for name in ("course", "expected_couples"):
        if document.get(name) is not None:
            yield PackFinding(None, name, "is for packs with the audience code; leave it out here", (name,))


def _duplicate_id_findings(prompts: Mapping[int, PackPrompt]) -> Iterator[PackFinding]:
    seen: set[PromptId] = set()
    for place, prompt in prompts.items():
        if prompt.id in seen:
            yield _at(place, prompt, "id", reason="is already the id of an earlier prompt; every prompt needs its own")
        seen.add(prompt.id)


def _duplicate_text_findings(prompts: Mapping[int, PackPrompt]) -> Iterator[PackFinding]:
    first: dict[tuple[Language, str], int] = {}
    for place, prompt in prompts.items():
        for language, words in prompt.words.items():
            earlier = first.setdefault((language, words.text.casefold()), place)
            if earlier != place:
                yield _at(place, prompt, "words", language, "text", reason=f"says the same as {prompts[earlier].id}")


def _language_findings(head: Pack, prompts: Mapping[int, PackPrompt]) -> Iterator[PackFinding]:
    """Yield findings about texts that are missing in the default language, and texts in languages that are not listed.

    `head` is the pack with only its valid prompts. `prompts` has these prompts by their index in the document.
    """
    default = head.default_language
    if default not in head.languages:
        yield PackFinding(None, "languages", f"must also name the default language, {default}", ("languages",))
    places: tuple[tuple[str | None, tuple[str | int, ...], Mapping[Language, object]], ...] = (
        (None, ("words",), head.words),
        *((prompt.id, ("prompts", place, "words"), prompt.words) for place, prompt in prompts.items()),
    )
    for prompt, path, words in places:
        if default not in words:
            yield PackFinding(prompt, "words", f"has no words in {default}, the pack's default language", path)
        for language in words:
            if language not in head.languages:
                reason = f"is not among the pack's languages ({', '.join(head.languages)}); add it there"
                yield PackFinding(prompt, f"words.{language}", reason, (*path, language))


def _unwritten_findings(pack: Pack) -> Iterator[PackFinding]:
    """Yield a finding for each listed language without any text. Skip the default language."""
    written = {language for words in (pack.words, *(prompt.words for prompt in pack.prompts)) for language in words}
    for language in pack.languages:
        if language not in written and language != pack.default_language:
            reason = f"names {language}, but nothing is written in it; write it, or remove {language}"
            yield PackFinding(None, "languages", reason, ("languages",))
