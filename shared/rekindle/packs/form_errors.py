"""Explain to an author what the form of a pack refuses, in sentences without programmers' words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.texts import LANGUAGE
from rekindle.packs.document import SLUG, Course, Pack, PackFinding, PackPrompt, PackWords, PromptWords, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails


def form_findings(document: object, refusal: ValidationError) -> Iterator[PackFinding]:
    """Yield a sentence for each refusal of the form."""
    for error in refusal.errors(include_url=False):
        if error["type"] == "too_short" and error["input"]:
            continue  # there were entries, and each has its own finding
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
"""The sentence for each refusal of the form, by pydantic's name for it or by the pattern that did not match."""

_QUOTED: Final = re.compile("'([^']*)'")


def _reason(error: ErrorDetails) -> str:
    """Return why the form refuses a value, in a sentence without programmers' words."""
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
    """Yield the known fields at the place of an unknown one."""
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
    """Return a value as its author would recognise it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "a yes or no"
        case str() | int() | float():
            return f"“{printable(str(value))}”"
        case _:
            return "a list or a block of fields"
