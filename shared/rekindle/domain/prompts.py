"""Define the themes, kinds and audiences of prompts, and the reference to a prompt's text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rekindle.domain.ids import PackId, PromptId


class Theme(StrEnum):
    """The seven practices. Every prompt has exactly one."""

    OPENNESS = "openness"
    TIME = "time"
    COURAGE = "courage"
    LISTENING = "listening"
    TOUCH = "touch"
    FEAR = "fear"
    SPARK = "spark"


class PromptKind(StrEnum):
    """How a couple takes part: a written answer, or something done together and checked off."""

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
    """Reference to a prompt in one version of its pack. Its text never changes, as no published version does."""

    pack: PackId
    version: int
    prompt: PromptId

    @property
    def id(self) -> str:
        """The prompt's id for phones, the same in every version."""
        return f"{self.pack}/{self.prompt}"
