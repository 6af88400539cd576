"""Prompt packs: the form of what the practice writes, and the rules a pack keeps before a couple ever sees it.

A pack reaches `parse_pack` as plain data: read from YAML at a desk, or from JSON by a console. It comes out as a
`Pack`, or as one `PackError` that names everything to mend at once, in sentences for the person who wrote it. Lengths
count code points, as the JSON Schema does, so that an editor and this module agree: a family emoji is seven.
"""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, override

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from rekindle.domain.characters import is_visible
from rekindle.domain.models import Audience, Language, PackId, PromptId, PromptKind, Theme
from rekindle.domain.texts import LANGUAGE, LanguageCode
from rekindle.errors import RekindleError

if TYPE_CHECKING:
    from pydantic.config import JsonDict
    from pydantic_core import ErrorDetails

SLUG: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
HINTED_THEMES: Final = (Theme.COURAGE, Theme.LISTENING)
"""The themes whose prompts also tell the listener how to receive the answer."""

PLAINER_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        # Names of illnesses: they turn a partner into a patient.
        "diagnos": "what you noticed",
        "disorder": "what is hard",
        "narcissis": "what was done and how it felt",
        "symptom": "a sign",
        "trauma": "an old hurt",
        # Verdicts: they blame where a prompt should invite.
        "co-?depend": "leaning on each other",
        "dysfunction": "what isn't working yet",
        "toxic": "what hurts",
        # Talk of the consulting room: nobody speaks so at home.
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
"""For each language, how clinical words begin (as patterns) and what to say instead. Other languages go unjudged."""

_PLAINER: Final = {
    language: (
        re.compile("|".join(rf"\b({beginning})\w*" for beginning in words), re.IGNORECASE),
        tuple(words.values()),
    )
    for language, words in PLAINER_WORDS.items()
}
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TURNED_BACK_BY: Final = dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c") | dict.fromkeys(
    "\u2066\u2067\u2068", "\u2069"
)


_LAYOUT: Final = re.compile(r"[ \t\r\n\v\f\u2028\u2029]+")


def _folded(value: object) -> object:
    """A text without the line breaks and the indentation that come from how its file was laid out."""
    # Not `split()` alone, which takes the no-break spaces of French punctuation for layout too.
    if not isinstance(value, str):
        return value
    return _LAYOUT.sub(" ", value).strip(" ") if value.strip() else ""


def _dated(value: object) -> object:
    """A date as it is written; left to itself, pydantic takes seconds since 1970 for one as well."""
    return value if isinstance(value, str) or type(value) is dt.date else repr(value)


_FORM: Final = ConfigDict(extra="forbid", frozen=True)
_VISIBLE: Final[JsonDict] = {"pattern": r"\S"}
# What `_comfort_findings` and `_hint_findings` judge, said again for the editors that check against the schema.
_PROMPT_CONDITIONS: Final[JsonDict] = {
    "allOf": [
        {
            "if": {
                "anyOf": [
                    {"properties": {"theme": {"const": Theme.TOUCH}}, "required": ["theme"]},
                    {"properties": {"kind": {"const": PromptKind.TOUCH}}, "required": ["kind"]},
                ]
            },
            "then": {"properties": {"comfort": {"minimum": 1}}, "required": ["comfort"]},
        },
        {
            "if": {"properties": {"theme": {"enum": list(HINTED_THEMES)}}, "required": ["theme"]},
            "then": {
                "properties": {
                    "words": {
                        "additionalProperties": {"properties": {"hint": {"type": "string"}}, "required": ["hint"]}
                    }
                }
            },
        },
    ]
}

# The same for `_course_findings`.
_PACK_CONDITIONS: Final[JsonDict] = {
    "if": {"properties": {"course": {"type": "object"}}, "required": ["course"]},
    "then": {"properties": {"audience": {"const": Audience.CODE}}, "required": ["audience"]},
}

_FOLDED: Final = BeforeValidator(_folded)
_Line = Annotated[str, _FOLDED]


class PackWords(BaseModel):
    """What a couple reads about the pack, in one language."""

    model_config = _FORM

    title: _Line = Field(
        min_length=1,
        max_length=60,
        description="The pack's name, as couples see it when they choose.",
        json_schema_extra=_VISIBLE,
    )
    written_for: _Line = Field(
        min_length=1,
        max_length=240,
        description="Who the pack was written for, in one sentence.",
        json_schema_extra=_VISIBLE,
    )


class PromptWords(BaseModel):
    """What a couple reads of one prompt, in one language. Line breaks are for your eyes: they turn into spaces."""

    model_config = _FORM

    text: _Line = Field(
        min_length=1,
        max_length=240,
        description="The prompt itself: something both can answer on a phone in two minutes.",
        json_schema_extra=_VISIBLE,
    )
    why: _Line = Field(
        min_length=1,
        max_length=160,
        description="One plain, warm line on why this is good for a couple.",
        json_schema_extra=_VISIBLE,
    )
    hint: Annotated[str, Field(min_length=1, max_length=180, json_schema_extra=_VISIBLE), _FOLDED] | None = Field(
        default=None,
        description="How to receive the partner's answer. Required in the themes listening and courage.",
    )


class PackPrompt(BaseModel):
    """One prompt."""

    model_config = ConfigDict(**_FORM, json_schema_extra=_PROMPT_CONDITIONS)

    id: Annotated[PromptId, Field(pattern=SLUG, max_length=48)] = Field(
        description="The prompt's own name: small letters and digits joined by hyphens. Unique in the pack, and kept "
        "for ever: by it the app knows what a couple has seen."
    )
    theme: Theme = Field(description="Which of the seven practices this prompt belongs to.")
    kind: PromptKind = Field(
        description="question: each writes an answer. together: something the two do and check off, near or far apart. "
        "touch: the same, with bodily touch."
    )
    depth: int = Field(strict=True, ge=1, le=3, description="1 is easy to answer, 2 is warmer, 3 is brave.")
    comfort: int = Field(
        default=0,
        strict=True,
        ge=0,
        le=3,
        description="How much touch the prompt asks for or speaks of. 0 is none at all; 1 a hand or an arm; 2 a hug or "
        "leaning close; 3 held closer or for longer. At least 1 in the theme touch and for the kind touch.",
    )
    words: Mapping[LanguageCode, PromptWords] = Field(
        min_length=1,
        description="What people read, one block for each language, under its two-letter code.",
    )


class Course(BaseModel):
    """How a pack plays for the couples that have its code."""

    model_config = _FORM

    in_order: bool = Field(
        default=False,
        strict=True,
        description="true: the prompts come one by one as they stand here. false: as they suit the day's theme.",
    )
    starts_on: Annotated[dt.date, BeforeValidator(_dated)] | None = Field(
        default=None, description="The first date it plays, such as 2026-03-01; without it, as soon as a couple joins."
    )
    every_days: int = Field(
        default=1, strict=True, ge=1, le=7, description="1: a prompt of it each day. 7: once a week, others between."
    )


class Pack(BaseModel):
    """A pack of prompts for couples. A published version never changes; a correction is a new version."""

    model_config = ConfigDict(**_FORM, json_schema_extra=_PACK_CONDITIONS)

    id: Annotated[PackId, Field(pattern=SLUG, max_length=48)] = Field(
        description="The pack's own name: small letters and digits joined by hyphens, the same for ever."
    )
    audience: Audience = Field(
        default=Audience.EVERYONE,
        description="Who gets the pack. everyone: every couple, until they turn it off. choice: couples that choose "
        "it. code: couples that you give its code.",
    )
    course: Course | None = Field(
        default=None, description="For the audience code alone: in which order, from when and how often it plays."
    )
    default_language: LanguageCode = Field(
        description="The language that everything is written in, and that is shown where another is missing."
    )
    languages: tuple[LanguageCode, ...] = Field(
        min_length=1, max_length=40, description="Every language in which the pack has words, such as en, es, de."
    )
    words: Mapping[LanguageCode, PackWords] = Field(
        min_length=1,
        description="What couples read about the pack, one block for each language, under its two-letter code.",
    )
    notes: Annotated[str, Field(max_length=2_000), _FOLDED] | None = Field(
        default=None, description="From author to author; couples never see it."
    )
    prompts: tuple[PackPrompt, ...] = Field(
        min_length=1,
        max_length=2_000,
        description="The prompts; in any order, unless the pack is a course that plays in order.",
    )


@dataclass(frozen=True, slots=True)
class PackFinding:
    """One thing to mend.

    `prompt` is the id of the prompt, or "prompt 3" where it has none to go by, or None for the pack as a whole. `field`
    is dotted and may be empty. `path` leads to the place in the document, as keys and indexes.
    """

    prompt: str | None
    field: str
    reason: str
    path: tuple[str | int, ...]

    def __str__(self) -> str:
        return ": ".join(part for part in (self.prompt or "pack", self.field, self.reason) if part)


class PackError(RekindleError):
    """A pack has findings: all of them, in the order of the document."""

    def __init__(self, findings: tuple[PackFinding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


def parse_pack(document: object) -> Pack:
    """The pack that a document of plain data describes. Raises `PackError` with everything there is to mend.

    Rules beyond form are judged for each prompt whose form is sound, so one slip hides no other.
    """
    findings: list[PackFinding] = []
    head: Pack | None
    try:
        head = Pack.model_validate(document)
        prompts = dict(enumerate(head.prompts))
        findings += _unwritten_findings(head)
    except ValidationError as refusal:
        findings += _form_findings(document, refusal)
        prompts = _sound_prompts(document)
        head = _sound_head(document, prompts)
    for place, prompt in prompts.items():
        findings += (*_comfort_findings(place, prompt), *_hint_findings(place, prompt), *_plain_findings(place, prompt))
        for language, words in prompt.words.items():
            for field, line in words:
                if reason := _unfit_character(line):
                    findings.append(_at(place, prompt, "words", language, field, reason=reason))
    findings += (*_twin_id_findings(prompts), *_twin_text_findings(prompts))
    if isinstance(document, Mapping):
        findings += _course_findings(document)
    if head:
        findings += (*_head_findings(head), *_language_findings(head, prompts))
    if findings or head is None:
        raise PackError(tuple(sorted(findings, key=_document_order)))
    return head


def pack_schema() -> dict[str, Any]:
    """The form of a pack as a JSON Schema 2020-12 document."""
    schema = Pack.model_json_schema(schema_generator=_TersePackSchema)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


class _TersePackSchema(GenerateJsonSchema):
    """Leaves out the titles that would only repeat each field's name."""

    @override
    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def _document_order(finding: PackFinding) -> tuple[int, int]:
    match finding.path:
        case ("prompts", int(place), *_):
            return 1, place
        case _:
            return 0, 0


def _sound_prompts(document: object) -> dict[int, PackPrompt]:
    """The prompts whose own form holds, by their place in the document."""
    sound: dict[int, PackPrompt] = {}
    if isinstance(document, Mapping) and isinstance(listed := document.get("prompts"), list | tuple):
        for place, prompt in enumerate(listed):
            with suppress(ValidationError):
                sound[place] = PackPrompt.model_validate(prompt)
    return sound


def _sound_head(document: object, prompts: Mapping[int, PackPrompt]) -> Pack | None:
    """The pack less its unsound prompts; None where what remains has findings too, and its languages mean nothing."""
    if isinstance(document, Mapping):
        with suppress(ValidationError):
            return Pack.model_validate({**document, "prompts": tuple(prompts.values())})
    return None


def _at(place: int, prompt: PackPrompt, *field: str, reason: str) -> PackFinding:
    return PackFinding(prompt.id, ".".join(field), reason, ("prompts", place, *field))


def _comfort_findings(place: int, prompt: PackPrompt) -> Iterator[PackFinding]:
    if prompt.comfort == 0 and (prompt.theme == Theme.TOUCH or prompt.kind == PromptKind.TOUCH):
        yield _at(place, prompt, "comfort", reason="must be 1, 2 or 3 where touch is the theme or the kind")


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
            found = {match.lastindex: match[0] for match in reversed(list(clinical.finditer(line or "")))}
            for which in sorted(which for which in found if which):
                reason = f"“{found[which]}” sounds like a clinic; try something like “{instead[which - 1]}”"
                yield _at(place, prompt, "words", language, field, reason=reason)


def _unfit_character(line: str | None) -> str | None:
    """What is wrong with a character that nobody sees, if a line has one."""
    if not line:
        return None
    if not any(map(is_visible, line)):
        return "has nothing in it that anybody can see; write something"
    if control := _CONTROL.search(line):
        return f"has an invisible character (U+{ord(control[0]):04X}); delete the words around it and type them again"
    waiting: list[str] = []
    for turn in _TURNS.findall(line):
        if turn in _TURNED_BACK_BY:
            waiting.append(_TURNED_BACK_BY[turn])
        elif not waiting or waiting.pop() != turn:
            waiting = [turn]
            break
    if waiting:
        return (
            "has an invisible mark that turns the direction of writing and is never turned back, which garbles what "
            "follows; type the words again: right-to-left writing needs no marks"
        )
    return None


def _head_findings(head: Pack) -> Iterator[PackFinding]:
    """Characters that nobody sees, in what a pack says of itself."""
    lines: list[tuple[tuple[str, ...], str | None]] = [(("notes",), head.notes)]
    lines += [(("words", code, name), line) for code, words in head.words.items() for name, line in words]
    for path, line in lines:
        if reason := _unfit_character(line):
            yield PackFinding(None, ".".join(path), reason, path)


def _course_findings(document: Mapping[str, Any]) -> Iterator[PackFinding]:
    if document.get("course") is not None and document.get("audience", Audience.EVERYONE) != Audience.CODE:
        yield PackFinding(None, "course", "is for packs with the audience code; leave it out here", ("course",))


def _twin_id_findings(prompts: Mapping[int, PackPrompt]) -> Iterator[PackFinding]:
    seen: set[PromptId] = set()
    for place, prompt in prompts.items():
        if prompt.id in seen:
            yield _at(place, prompt, "id", reason="is the id of an earlier prompt too; every prompt needs its own")
        seen.add(prompt.id)


def _twin_text_findings(prompts: Mapping[int, PackPrompt]) -> Iterator[PackFinding]:
    first: dict[tuple[Language, str], int] = {}
    for place, prompt in prompts.items():
        for language, words in prompt.words.items():
            earlier = first.setdefault((language, words.text.casefold()), place)
            if earlier != place:
                yield _at(place, prompt, "words", language, "text", reason=f"says the same as {prompts[earlier].id}")


def _language_findings(head: Pack, prompts: Mapping[int, PackPrompt]) -> Iterator[PackFinding]:
    """What languages a pack promises and keeps. `head` is the pack less its unsound prompts."""
    default = head.default_language
    if default not in head.languages:
        yield PackFinding(None, "languages", f"must name the default language, {default}, too", ("languages",))
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
    written = {language for words in (pack.words, *(prompt.words for prompt in pack.prompts)) for language in words}
    for language in pack.languages:
        if language not in written and language != pack.default_language:
            reason = f"names {language}, but nothing is written in it; write it, or remove {language}"
            yield PackFinding(None, "languages", reason, ("languages",))


def _form_findings(document: object, refusal: ValidationError) -> Iterator[PackFinding]:
    """What the form refuses, each in a sentence."""
    for error in refusal.errors(include_url=False):
        if error["type"] == "too_short" and error["input"]:
            continue  # entries were there, and each has a finding of its own
        path = tuple(step for step in error["loc"] if step != "[key]")
        prompt, field = None, path
        match path:
            case ("prompts", int(place), *rest):
                prompt, field = _prompt_name(document, place), tuple(rest)
        yield PackFinding(prompt, ".".join(printable(str(step)) for step in field), _reason(error), path)


def _prompt_name(document: Any, place: int) -> str:  # noqa: ANN401 - whatever stood in the file
    match document["prompts"][place]:
        case {"id": str(name)} if re.fullmatch(SLUG, name):
            return printable(name)
        case _:
            return f"prompt {place + 1}"


_REASONS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "extra_forbidden": "is not a field here; the fields are {fields}",
    "invalid_key": "is not a field here; if it should be text, put it in quotes",
    "enum": "must be {expected}, not {given}",
    "bool_type": "must be true or false, not {given}",
    "date_from_datetime_inexact": "must be a date such as 2026-03-01, not {given}",
    "date_from_datetime_parsing": "must be a date such as 2026-03-01, not {given}",
    "date_type": "must be a date such as 2026-03-01, not {given}",
    "int_type": "must be a whole number without quotes, not {given}",
    "greater_than_equal": "must be {ge} or more, not {given}",
    "less_than_equal": "must be {le} or less, not {given}",
    "string_type": "must be text, not {given}; text that looks like a number or a yes needs quotes",
    "string_too_short": "is empty",
    "string_unicode": "has an invisible character that is half of one; delete the words around it and type them again",
    "string_too_long": "is {length} characters long; {max_length} is the most",
    SLUG: "must be small letters and digits joined by hyphens, such as open-hand, not {given}",
    LANGUAGE: "must be a language as two small letters, such as en, not {given}",
    "too_short": "needs at least one entry",
    "too_long": "has {actual_length} entries; {max_length} is the most",
    "tuple_type": "must be a list",
    "dict_type": "must be a block of fields, each with a name",
    "model_type": "must be a block of fields, each with a name",
}
"""What each refusal of the form means to a writer, by pydantic's name for it, or by the pattern that was not met."""


_QUOTED: Final = re.compile("'([^']*)'")


def _reason(error: ErrorDetails) -> str:
    """Why the form refuses a value, in a sentence that needs no knowledge of programs."""
    given, bounds = error["input"], dict(error.get("ctx", {}))
    refusal = bounds.get("pattern", error["type"])
    if refusal == "string_type" and given is None:
        refusal = "string_too_short"
    if refusal not in _REASONS:
        return error["msg"]
    fields = ", ".join(_neighbours(error["loc"]))
    length = len(given) if isinstance(given, str) else 0
    expected = _QUOTED.sub(r"“\1”", bounds.pop("expected", ""))
    return _REASONS[refusal].format(**bounds, expected=expected, given=_shown(given), fields=fields, length=length)


def _neighbours(path: tuple[str | int, ...]) -> Iterator[str]:
    """The fields that are known where an unknown one stands."""
    form: type[BaseModel]
    match path:
        case ("prompts", _, "words", _, _):
            form = PromptWords
        case ("prompts", _, _):
            form = PackPrompt
        case ("words", _, _):
            form = PackWords
        case ("course", _):
            form = Course
        case _:
            form = Pack
    yield from form.model_fields


def _shown(value: object) -> str:
    """A value as its writer would recognise it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "a yes or no"
        case str() | int() | float():
            return f"“{printable(str(value))}”"
        case _:
            return "a list or a block of fields"


def printable(text: str) -> str:
    """The beginning of a text, fit for one line of any terminal."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode()
    return textwrap.shorten(shown, 48, placeholder="…") if " " in shown else shown[:48]
