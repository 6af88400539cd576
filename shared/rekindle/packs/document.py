"""Define the structure of a pack's document, and its JSON Schema.

A text's length is its number of code points, as in JSON Schema. So an editor with the schema allows the same lengths as
this module. Example: the emoji of a family with two children counts as seven.
"""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, override

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticKnownError

from rekindle.domain.ids import PackId, PromptId
from rekindle.domain.prompts import Audience, PromptKind, Theme
from rekindle.domain.texts import LanguageCode
from rekindle.errors import RekindleError

if TYPE_CHECKING:
    from pydantic.config import JsonDict

SLUG: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"

HINTED_THEMES: Final = (Theme.COURAGE, Theme.LISTENING)
"""Prompts of these themes also tell the listener how to receive the answer."""

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LAYOUT: Final = re.compile(r"[ \t\r\n\v\f\u2028\u2029]+")


def _folded(value: object) -> object:
    """Return a text on one line, with single spaces and none at its ends. Return other values unchanged."""
    # `split()` would also remove the no-break spaces of French punctuation.
    if not isinstance(value, str):
        return value
    return _LAYOUT.sub(" ", value).strip(" ") if value.strip() else ""


def _dated(value: object) -> object:
    """Return a date, or a text such as `2026-03-01`, unchanged. Refuse any other value."""
    # Without this check, pydantic would also accept `86400`, as seconds since 1970.
    if type(value) is dt.date or (isinstance(value, str) and _DATE.fullmatch(value)):
        return value
    raise PydanticKnownError("date_type")


_CONFIG: Final = ConfigDict(extra="forbid", frozen=True)

_VISIBLE: Final[JsonDict] = {"pattern": r"\S"}

# Editors check these conditions with the schema. In `rules`, `_comfort_findings` and `_hint_findings` check them too.
_PROMPT_CONDITIONS: Final[JsonDict] = {
    "allOf": [
        {
            "if": {"properties": {"kind": {"const": PromptKind.TOUCH}}, "required": ["kind"]},
            "then": {"properties": {"comfort": {"minimum": 1}}, "required": ["comfort"]},
        },
        {
            "if": {"properties": {"theme": {"const": Theme.TOUCH}}, "required": ["theme"]},
            "then": {"required": ["comfort"]},
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

# `_code_findings` in `rules` checks the same conditions.
_PACK_CONDITIONS: Final[JsonDict] = {
    "if": {
        "anyOf": [
            {"properties": {"course": {"type": "object"}}, "required": ["course"]},
            {"properties": {"expected_couples": {"type": "integer"}}, "required": ["expected_couples"]},
        ]
    },
    "then": {"properties": {"audience": {"const": Audience.CODE}}, "required": ["audience"]},
}

_FOLDED: Final = BeforeValidator(_folded)

_Line = Annotated[str, _FOLDED]


class PackWords(BaseModel):
    """The texts about the pack, in one language."""

    model_config = _CONFIG

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
    """The texts of one prompt, in one language. You can break lines where you like: line breaks turn into spaces."""

    model_config = _CONFIG

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

    model_config = ConfigDict(**_CONFIG, json_schema_extra=_PROMPT_CONDITIONS)

    id: Annotated[PromptId, Field(pattern=SLUG, max_length=48)] = Field(
        description="The prompt's own name: lower-case letters and digits joined by hyphens, with a letter first. "
        "Unique in the pack, and never changed: the app uses it to know what a couple has seen."
    )
    theme: Theme = Field(description="Which of the seven practices this prompt belongs to.")
    kind: PromptKind = Field(
        description="question: each writes an answer. together: something that the two do and check off, near or far "
        "apart. touch: the same, with bodily touch."
    )
    depth: int = Field(strict=True, ge=1, le=3, description="1 is easy to answer, 2 is warmer, 3 is brave.")
    comfort: int = Field(
        default=0,
        strict=True,
        ge=0,
        le=3,
        description="How much touch the prompt asks for or speaks of. 0 is none at all; 1 a hand or an arm; 2 a hug or "
        "leaning close; 3 held closer or for longer. At least 1 for the kind touch. Needed in the theme "
        "touch, where 0 is for prompts that only talk about being near: people who want no touch get them too.",
    )
    words: Mapping[LanguageCode, PromptWords] = Field(
        min_length=1,
        description="What people read, one block for each language, under its two-letter code.",
    )


class Course(BaseModel):
    """The dates and the order in which a couple gets the prompts of a pack with a code."""

    model_config = _CONFIG

    in_order: bool = Field(
        default=False,
        strict=True,
        description="true: the prompts come in the order of this file. false: they come by the day's theme.",
    )
    starts_on: Annotated[dt.date, BeforeValidator(_dated)] | None = Field(
        default=None,
        description="The first date it plays, such as 2026-03-01. Without a date: as soon as a couple joins.",
    )
    every_days: int = Field(
        default=1,
        strict=True,
        ge=1,
        le=7,
        description="1: one of its prompts each day. 7: one each week, with other prompts between.",
    )


class Pack(BaseModel):
    """A pack of prompts for couples. A published version never changes; a correction is a new version."""

    model_config = ConfigDict(**_CONFIG, json_schema_extra=_PACK_CONDITIONS)

    id: Annotated[PackId, Field(pattern=SLUG, max_length=48)] = Field(
        description="The pack's own name: lower-case letters and digits joined by hyphens, with a letter first. "
        "It never changes."
    )
    audience: Audience = Field(
        default=Audience.EVERYONE,
        description="Who gets the pack. everyone: every couple, until they turn it off. choice: couples that choose "
        "it. code: couples that you give its code.",
    )
    course: Course | None = Field(
        default=None, description="Only for the audience code: in which order, from when and how often it plays."
    )
    default_language: LanguageCode = Field(
        description="The language that every text has. Couples whose own language is missing see this one."
    )
    languages: tuple[LanguageCode, ...] = Field(
        min_length=1, max_length=40, description="Every language in which the pack has words, such as en, es, de."
    )
    expected_couples: Annotated[int, Field(strict=True, ge=10, le=100_000)] | None = Field(
        default=None,
        description="Only for the audience code: how many couples you give the code. If more couples use it, all staff "
        "get one notice. The number is at least 10, so that the notice tells nothing about a single couple.",
    )
    words: Mapping[LanguageCode, PackWords] = Field(
        min_length=1,
        description="What couples read about the pack, one block for each language, under its two-letter code.",
    )
    notes: Annotated[str, Field(max_length=2_000), _FOLDED] | None = Field(
        default=None, description="Notes for other authors. Couples never see them."
    )
    prompts: tuple[PackPrompt, ...] = Field(
        min_length=1,
        max_length=2_000,
        description="The prompts. Their order counts only if the pack is a course that plays in order.",
    )


@dataclass(frozen=True, slots=True)
class PackFinding:
    """An error in a pack's document.

    `prompt` is the prompt's id, or a text such as "prompt 3" if the prompt has no id. If the error is about the
    pack itself, `prompt` is None. `field` is a dotted path such as `words.en.text`, or empty. `path` has the keys and
    indexes that lead to the value in the document.
    """

    prompt: str | None
    field: str
    reason: str
    path: tuple[str | int, ...]

    def __str__(self) -> str:
        return ": ".join(part for part in (self.prompt or "pack", self.field, self.reason) if part)


class PackError(RekindleError):
    """A pack's document has errors. In `findings`, the errors about the pack itself come first."""

    def __init__(self, findings: tuple[PackFinding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


def pack_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a pack's document."""
    schema = Pack.model_json_schema(schema_generator=_TersePackSchema)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


class _TersePackSchema(GenerateJsonSchema):
    """Leaves out titles that only repeat a field's name."""

    @override
    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def printable(text: str) -> str:
    """Return at most 48 characters of a text, on one line. If a terminal cannot show a character, escape the text."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode()
    return textwrap.shorten(shown, 48, placeholder="…") if " " in shown else shown[:48]
