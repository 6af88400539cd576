"""Define the themes, kinds and audiences of prompts, and the reference to a prompt's text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rekindle.domain.ids import PackId, PromptId


class Theme(StrEnum):
    """The seven subjects that prompts practice. Each prompt has one theme."""

    OPENNESS = "openness"
    TIME = "time"
    COURAGE = "courage"
    LISTENING = "listening"
    TOUCH = "touch"
    FEAR = "fear"
    SPARK = "spark"


class PromptKind(StrEnum):
    """A couple takes part in one of three ways: they write answers, do something together, or touch."""

    QUESTION = "question"
    TOGETHER = "together"
    TOUCH = "touch"


class Audience(StrEnum):
    """The couples that a pack is for: everyone, couples that choose it, or couples that have its code."""

    EVERYONE = "everyone"
    CHOICE = "choice"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class PromptRef:
    """Reference to a prompt in one version of its pack. The prompt's text never changes within a published version."""

    pack: PackId
    version: int
    prompt: PromptId

    @property
    def id(self) -> str:
        """The prompt's id for phones, the same in every version."""
        return f"{self.pack}/{self.prompt}"
