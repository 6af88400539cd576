"""Define types for texts that people write. If a text is refused, the error is a sentence for the text's writer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import StringConstraints
from pydantic_core import PydanticCustomError, core_schema

from rekindle.domain.characters import visible, visible_name
from rekindle.domain.ids import Language
from rekindle.domain.markup import why_markup

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

LANGUAGE: Final = r"^[a-z]{2}$"
type LanguageCode = Annotated[Language, StringConstraints(pattern=LANGUAGE)]
"""A language as two lower-case letters, such as `en`."""

UNFIT: Final = "text_unfit"
"""Pydantic's error type for a refused text. The error's message is a sentence for the person who wrote the text."""


@dataclass(frozen=True, slots=True)
class Shows:
    """Annotation that adds a rule of `rekindle.domain.characters` to a type's validation and to its OpenAPI schema."""

    rule: Callable[[str], str]
    description: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:  # noqa: ANN401
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # A client can check only this pattern. The description states the whole rule.
        return {"description": self.description, "pattern": r"\S", **handler(schema)}

    def _checked(self, text: str) -> str:
        try:
            return self.rule(text)
        except ValueError as error:
            raise PydanticCustomError(UNFIT, "{reason}", {"reason": str(error)}) from error


def _visible_without_markup(text: str) -> str:
    visible(text)
    if reason := why_markup(text):
        raise ValueError(f"The text {reason}.")
    return text


VISIBLE: Final = Shows(
    visible,
    "A text with at least one visible character. Spaces, combining marks, and characters that are invisible or look "
    "empty do not count as visible.",
)
PLAIN: Final = Shows(
    _visible_without_markup,
    "A text with at least one visible character, and without markup, such as tags, event attributes and character "
    "references.",
)
VISIBLE_NAME: Final = Shows(
    visible_name,
    "One line with a visible character. It has no control characters, no hidden characters, and no characters that "
    "change the direction of the text around them.",
)
