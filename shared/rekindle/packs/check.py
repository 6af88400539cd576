"""Check a pack's source. Find all errors and advice, each with its line number.

Of the Lambda functions, only practice_api may import this module, because the others do not have PyYAML. A check of
1,000 prompts in five languages (2 MB) needs about 1.5 seconds of CPU time, including 0.5 seconds to read the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.packs.advice import Said, course_advice, language_advice, prompt_advice, twin_advice
from rekindle.packs.document import PackError
from rekindle.packs.rules import markup_findings, parse_pack
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
"""A check lists at most this many findings. If there are more, one last finding says how many more."""


@dataclass(frozen=True, slots=True)
class SourceFinding:
    """An error, which blocks publishing, or advice, which does not. `line` counts from 1.

    `prompt` is the prompt's id, or a text such as "prompt 3" if the prompt has no id. If the finding is not about one
    prompt, `prompt` is None. `field` is a dotted path such as `words.en.text`, or empty.
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
    """The result of a check. `findings` has the errors in order of lines, and then the advice in order of lines.

    `readable` is the pack, or None if the source cannot be read or breaks a rule for packs. A readable pack can still
    have three kinds of errors: YAML read a text in another way than its author meant, a text has markup, or the author
    left a sample text of the template. The console shows a pack with such errors, but nobody can publish it.
    """

    readable: Pack | None
    findings: tuple[SourceFinding, ...]

    @property
    def pack(self) -> Pack | None:
        """The pack, or None if a finding is an error."""
        return self.readable if all(each.advice for each in self.findings) else None


def check_source(source: str | bytes, *, others: Iterable[Pack] = ()) -> Checked:
    """Return the pack in a source, and all findings. A bad source raises no error.

    `others` are the practice's other packs. The check finds prompts that ask the same as a prompt of these packs.
    """
    try:
        document, root, flaws = read_document(source)
    except DocumentError as error:
        return _checked(None, map(_misread, error.flaws))
    findings = [_misread(each) for each in flaws]
    try:
        pack = parse_pack(document)
    except PackError as error:
        misread = {(each.prompt, each.field) for each in flaws}
        findings += [_error(root, each) for each in error.findings if (each.prompt, each.field) not in misread]
        return _checked(None, findings)
    numbers = {prompt.id: number for number, prompt in enumerate(pack.prompts)}
    findings += [_error(root, each) for each in (*template_findings(pack), *markup_findings(pack))]
    for each in _advice(pack, others):
        inside = () if each.prompt is None else ("prompts", numbers[each.prompt])
        line = root.line_of((*inside, *each.field.split(".")))
        findings.append(SourceFinding(line, each.prompt, each.field, each.reason, advice=True))
    return _checked(pack, findings)


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
    """Return the result of a check. Sort the findings, and keep at most `MOST_FINDINGS`."""
    ordered = sorted(findings, key=lambda each: (each.advice, each.line))
    kept, rest = ordered[:MOST_FINDINGS], ordered[MOST_FINDINGS:]
    if rest:
        reason = f"there are {len(rest):,} more findings; fix the findings above first"
        kept.append(SourceFinding(rest[0].line, None, "", reason, advice=rest[0].advice))
    return Checked(readable, tuple(kept))
