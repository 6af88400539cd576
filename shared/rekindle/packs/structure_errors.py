"""Explain to an author where a document does not have the structure of a pack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.texts import LANGUAGE
from rekindle.packs.document import SLUG, Course, Pack, PackFinding, PackPrompt, PackWords, PromptWords, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails


def structure_findings(document: object, invalid: ValidationError) -> Iterator[PackFinding]:
    """Yield a finding for each value that does not fit the structure."""
    for error in invalid.errors(include_url=False):
        if error["type"] == "too_short" and error["input"]:
            continue  # the value has entries, and each wrong entry has a finding of its own
        path = tuple(step for step in error["loc"] if step != "[key]")
        prompt, field = None, path
        match path:
            case ("prompts", int(place), *rest):
                prompt, field = _prompt_name(document, place), tuple(rest)
        yield PackFinding(prompt, ".".join(printable(str(step)) for step in field), _reason(error), path)


def _prompt_name(document: Any, place: int) -> str:  # noqa: ANN401 - any data that a file can hold
    match document["prompts"][place]:
        case {"id": str(name)} if re.fullmatch(SLUG, name):
            return printable(name)
        case _:
            return f"prompt {place + 1}"


_REASONS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "extra_forbidden": "is not a field here; the fields are {fields}",
    "invalid_key": "is not a field name; if you mean it as text, put it in quotes",
    "enum": "must be {expected}, not {given}",
    "bool_type": "must be true or false, not {given}",
    "date_from_datetime_inexact": "must be a date such as 2026-03-01, not {given}",
    "date_from_datetime_parsing": "must be a date such as 2026-03-01, not {given}",
    "date_type": "must be a date such as 2026-03-01, not {given}",
    "int_type": "must be a whole number without quotes, not {given}",
    "greater_than_equal": "must be {ge} or more, not {given}",
    "less_than_equal": "must be {le} or less, not {given}",
    "string_type": "must be text, not {given}; text that looks like a number, or like yes or no, needs quotes",
    "string_too_short": "is empty",
    "string_unicode": "contains a broken, invisible character (half of a symbol such as an emoji); delete the words "
    "around it and type them again",
    "string_too_long": "is {length} characters long; it can have at most {max_length}",
    SLUG: "must be lower-case letters and digits joined by hyphens, with a letter first, such as open-hand, "
    "not {given}",
    LANGUAGE: "must be a language as two lower-case letters, such as en, not {given}",
    "too_short": "needs at least one entry",
    "too_long": "has {actual_length} entries; it can have at most {max_length}",
    "tuple_type": "must be a list",
    "dict_type": "must be a block of fields, each with a name",
    "model_type": "must be a block of fields, each with a name",
}
"""The sentence for each error. The key is pydantic's error type, or the pattern that a text does not match."""

_QUOTED: Final = re.compile("'([^']*)'")


def _reason(error: ErrorDetails) -> str:
    """Return what is wrong with a value, in words for the pack's author."""
    given, context = error["input"], dict(error.get("ctx", {}))
    kind = context.get("pattern", error["type"])
    if kind == "string_type" and given is None:
        kind = "string_too_short"
    if kind not in _REASONS:
        return error["msg"]
    fields = ", ".join(_allowed_fields(error["loc"]))
    length = len(given) if isinstance(given, str) else 0
    expected = _QUOTED.sub(r"“\1”", context.pop("expected", ""))
    return _REASONS[kind].format(**context, expected=expected, given=_shown(given), fields=fields, length=length)


def _allowed_fields(path: tuple[str | int, ...]) -> Iterator[str]:
    """Yield the names of the fields of a block in which an author wrote an unknown field.

    `path` leads to the unknown field, for example `("prompts", 0, "colour")`.
    """
    model: type[BaseModel]
    match path:
        case ("prompts", _, "words", _, _):
            model = PromptWords
        case ("prompts", _, _):
            model = PackPrompt
        case ("words", _, _):
            model = PackWords
        case ("course", _):
            model = Course
        case _:
            model = Pack
    yield from model.model_fields


def _shown(value: object) -> str:
    """Describe a value in words that the pack's author recognizes."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "a yes or no"
        case str() | int() | float():
            return f"“{printable(str(value))}”"
        case _:
            return "a list or a block of fields"
