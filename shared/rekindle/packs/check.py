"""A pack's source: what an author typed, and on which line of it what must be mended.

This is the one way from a source to a `Pack`, for the desk, the command line and the service. Only what serves the
practice may import it: it needs PyYAML, which the layer does not have. A pack of 1,000 prompts in five languages (2 MB)
takes about one and a half seconds of a processor, of which half a second is reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.packs.advice import Said, course_advice, language_advice, prompt_advice, twin_advice
from rekindle.packs.document import PackError, parse_pack
from rekindle.packs.template import template_findings
from rekindle.packs.tone import tone_advice
from rekindle.packs.yaml_reader import SOURCE_LIMIT, DocumentError, read_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rekindle.packs.advice import Advice
    from rekindle.packs.document import Pack, PackFinding
    from rekindle.packs.yaml_reader import Flaw, Place

__all__ = ["MOST_FINDINGS", "SOURCE_LIMIT", "Checked", "SourceFinding", "check_source"]

MOST_FINDINGS: Final = 300
"""More than this nobody reads at once; the last of them says how many more there are."""


@dataclass(frozen=True, slots=True)
class SourceFinding:
    """One thing to mend, or with `advice` one to think about, and the line it stands on, from 1.

    `prompt` is the id of the prompt, or "prompt 3" where it has none to go by, or None for the pack as a whole. `field`
    is dotted and may be empty.
    """

    line: int
    prompt: str | None
    field: str
    reason: str
    advice: bool

    def __str__(self) -> str:
        return ": ".join(part for part in (self.prompt or "pack", self.field, self.reason) if part)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a source holds: errors first, then advice, each by line.

    `readable` is a pack whose form is sound, which may still have the template's words in it: to be shown, and no more.
    """

    readable: Pack | None
    findings: tuple[SourceFinding, ...]

    @property
    def pack(self) -> Pack | None:
        """The pack, only where there is no error."""
        return self.readable if all(each.advice for each in self.findings) else None


def check_source(source: str | bytes, *, others: Iterable[Pack] = ()) -> Checked:
    """The pack in a source, and everything to mend in it. Never raises.

    `others` are the practice's other packs, which its prompts are compared with.
    """
    try:
        document, root, flaws = read_document(source)
    except DocumentError as error:
        return _checked(None, map(_misread, error.flaws))
    found = [_misread(each) for each in flaws]
    try:
        pack = parse_pack(document)
    except PackError as error:
        misread = {(each.prompt, each.field) for each in flaws}
        found += [_error(root, each) for each in error.findings if (each.prompt, each.field) not in misread]
        return _checked(None, found)
    places = {prompt.id: place for place, prompt in enumerate(pack.prompts)}
    found += [_error(root, each) for each in template_findings(pack)]
    for each in _advice(pack, others):
        inside = () if each.prompt is None else ("prompts", places[each.prompt])
        line = root.line_of((*inside, *each.field.split(".")))
        found.append(SourceFinding(line, each.prompt, each.field, each.reason, advice=True))
    return _checked(pack, found)


def _misread(flaw: Flaw) -> SourceFinding:
    return SourceFinding(flaw.line, flaw.prompt, flaw.field, flaw.reason, advice=False)


def _error(root: Place, finding: PackFinding) -> SourceFinding:
    return SourceFinding(root.line_of(finding.path), finding.prompt, finding.field, finding.reason, advice=False)


def _advice(pack: Pack, others: Iterable[Pack]) -> Iterator[Advice]:
    said = list(_said(pack))
    yield from prompt_advice(said)
    yield from tone_advice(said)
    yield from twin_advice(said, [each for other in others if other.id != pack.id for each in _said(other)])
    written = {prompt.id: frozenset(prompt.words) for prompt in pack.prompts}
    yield from language_advice(pack.languages, pack.default_language, written, frozenset(pack.words))
    if pack.course:
        in_order, first = pack.course.in_order, pack.prompts[0].depth
        yield from course_advice(len(pack.prompts), pack.course.every_days, in_order=in_order, first_depth=first)


def _said(pack: Pack) -> Iterator[Said]:
    for prompt in pack.prompts:
        for language, words in prompt.words.items():
            yield Said(pack.id, prompt.id, language, words.text, words.why, words.hint)


def _checked(readable: Pack | None, findings: Iterable[SourceFinding]) -> Checked:
    """Errors first, each part by line; and no more than an author would read."""
    ordered = sorted(findings, key=lambda each: (each.advice, each.line))
    kept, rest = ordered[:MOST_FINDINGS], ordered[MOST_FINDINGS:]
    if rest:
        reason = f"there are {len(rest):,} more findings; fix these first"
        kept.append(SourceFinding(rest[0].line, None, "", reason, advice=rest[0].advice))
    return Checked(readable, tuple(kept))
