"""A couple's day with both answers, and a person's day alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from rekindle.domain.ids import CoupleId, Uid
    from rekindle.domain.prompts import PromptKind, PromptRef, Theme


class ReflectionKind(StrEnum):
    """Kind of a reply to the partner's answer: the words that were heard, or one of three short replies."""

    HEARD = "heard"
    THANK_YOU = "thank_you"
    I_HEAR_YOU = "i_hear_you"
    TELL_ME_MORE = "tell_me_more"


@dataclass(frozen=True, slots=True)
class DayWindow:
    """The time in which a date takes answers: from `opens_at` until just before `closes_at`, both UTC."""

    opens_at: dt.datetime
    closes_at: dt.datetime

    def is_open(self, instant: dt.datetime) -> bool:
        """Return whether the window contains the instant."""
        return self.opens_at <= instant < self.closes_at

    def widened(self, other: DayWindow) -> DayWindow:
        """Return the window that covers both. A change of zone moves an edge outward, never inward."""
        return DayWindow(min(self.opens_at, other.opens_at), max(self.closes_at, other.closes_at))


@dataclass(frozen=True, slots=True)
class Swapped:
    """A prompt that a couple swapped for another. `again` is as on its day.

    `request` identifies the request that swapped it, so that a repeat is recognised.
    """

    prompt: PromptRef
    again: bool = False
    request: str = ""


@dataclass(frozen=True, slots=True)
class Reflection:
    """A person's reply to the partner's opened answer. `sealed` is the encrypted text, with `heard` only."""

    at: dt.datetime
    kind: ReflectionKind
    sealed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's answer to a day.

    `sealed` is the encrypted text, or None where a day was checked off without one. `revision` starts at 1 and grows
    with each edit, so an edit can name the revision that it replaces. `reflection` is what the same person left after
    the reveal.
    """

    at: dt.datetime
    revision: int
    sealed: bytes | None
    share_first: bool = False
    reflection: Reflection | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A couple's day, with both answers. It is one item, so that each write sees both answers.

    `theme` is the prompt's theme, or None on days from before this field existed. `again` means that the couple had met
    the prompt before. `swapped` holds the prompts that were swapped away, oldest first. These three serve the
    statistics.
    """

    couple: CoupleId
    date: dt.date
    prompt: PromptRef
    kind: PromptKind
    window: DayWindow
    answers: Mapping[Uid, Answer] = field(default_factory=dict)
    theme: Theme | None = None
    again: bool = False
    swapped: tuple[Swapped, ...] = ()

    @property
    def takes_swap(self) -> bool:
        """Whether the prompt may be swapped while the day is open: once, and before anyone has answered."""
        return not self.answers and not self.swapped

    @property
    def revealed(self) -> bool:
        """Whether both have answered. That opens both answers and completes the day."""
        return len(self.answers) == 2  # noqa: PLR2004  a couple is two

    def opened_to(self, uid: Uid) -> list[Uid]:
        """Return whose answers this person may read, their own first. This is the seal."""
        mine = [uid] if uid in self.answers else []
        theirs = [
            each for each, answer in self.answers.items() if each != uid and (self.revealed or answer.share_first)
        ]
        return mine + theirs


def is_awaited(day: Day | None, uid: Uid, instant: dt.datetime) -> bool:
    """Return whether a person can still answer a day and has not. A day that nobody has opened is open."""
    return day is None or (uid not in day.answers and day.window.is_open(instant))


@dataclass(frozen=True, slots=True)
class SoloDay:
    """A person's own prompt of one date, and their answer.

    `shared_with` is the couple to which they have shown it, in a copy under that couple's key.
    """

    person: Uid
    date: dt.date
    prompt: PromptRef
    answer: Answer | None = None
    shared_with: CoupleId | None = None


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """An answer that a person gave alone and then showed to their partner, sealed again with the couple's key."""

    couple: CoupleId
    person: Uid
    date: dt.date
    prompt: PromptRef
    sealed: bytes
