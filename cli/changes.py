"""Compare two versions of a pack's document, prompt by prompt and field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from rekindle.packs.document import Pack, PackPrompt


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs. `before` is None if the field was added, and `after` is None if the field was removed.

    `language` is None for a field that is the same in all languages, such as a prompt's theme.
    """

    field: str
    language: str | None
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class PromptChange:
    """A prompt that is in both versions, with its differences."""

    id: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """All differences between two versions of a pack.

    `about` has the changes to the pack itself, without its prompts. `reordered` is true if prompts that are in both
    versions have changed their order.
    """

    about: tuple[FieldChange, ...]
    added: tuple[PackPrompt, ...]
    removed: tuple[PackPrompt, ...]
    changed: tuple[PromptChange, ...]
    reordered: bool

    def __bool__(self) -> bool:
        return bool(self.about or self.added or self.removed or self.changed or self.reordered)

    def languages(self) -> dict[str, int]:
        """Return, for each language, the number of prompts with changed words."""
        counts: dict[str, int] = {}
        for prompt in self.changed:
            for language in {field.language for field in prompt.fields if field.language}:
                counts[language] = counts.get(language, 0) + 1
        return dict(sorted(counts.items()))


def changes(before: Pack, after: Pack) -> Changes:
    """Return the differences between two versions of a pack."""
    old = {prompt.id: prompt for prompt in before.prompts}
    new = {prompt.id: prompt for prompt in after.prompts}
    both = [name for name in new if name in old]
    changed = (PromptChange(name, tuple(_differing(_fields(old[name]), _fields(new[name])))) for name in both)
    return Changes(
        about=tuple(_differing(_fields(before), _fields(after))),
        added=tuple(prompt for name, prompt in new.items() if name not in old),
        removed=tuple(prompt for name, prompt in old.items() if name not in new),
        changed=tuple(each for each in changed if each.fields),
        reordered=both != [name for name in old if name in new],
    )


def _fields(whole: BaseModel) -> dict[tuple[str, str | None], str]:
    """Map each field and language to its value. Examples of keys: ("text", "en") and ("course.in_order", None)."""
    plain: dict[str, Any] = whole.model_dump(mode="json", exclude={"prompts", "words"})
    fields: dict[tuple[str, str | None], str] = {(name, None): text for name, text in _flat(plain)}
    words: Mapping[str, BaseModel] = getattr(whole, "words", {})
    for language, block in words.items():
        fields |= {(name, language): text for name, text in _flat(block.model_dump(mode="json"))}
    return fields


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        match value:
            case None:
                pass
            case dict():
                yield from _flat(value, f"{prefix}{name}.")
            case list():
                yield f"{prefix}{name}", ", ".join(map(str, value))
            case bool():
                yield f"{prefix}{name}", "yes" if value else "no"
            case _:
                yield f"{prefix}{name}", str(value)


def _differing(
    before: Mapping[tuple[str, str | None], str], after: Mapping[tuple[str, str | None], str]
) -> Iterator[FieldChange]:
    for name, language in dict.fromkeys((*before, *after)):
        old, new = before.get((name, language)), after.get((name, language))
        if old != new:
            yield FieldChange(name, language, old, new)
