"""Define a couple's day, which both partners answer, and a solo day, which one person answers."""

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
    """Kind of a reply to the partner's answer: a text on what the person heard, or one of three short replies."""

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
        """Return the smallest window that covers both windows."""
        return DayWindow(min(self.opens_at, other.opens_at), max(self.closes_at, other.closes_at))


@dataclass(frozen=True, slots=True)
class Swapped:
    """A prompt that a couple swapped for another prompt. `again` means that they had met `prompt` on an earlier day.

    `early` is the day's `early` from before the swap. `request` identifies the request that swapped the prompt, so that
    we can recognize a repeat of this request.
    """

    prompt: PromptRef
    again: bool = False
    request: str = ""
    early: bool = False


@dataclass(frozen=True, slots=True)
class Reflection:
    """A person's reply to the partner's opened answer. `sealed` is the encrypted text. Only `HEARD` has a text."""

    at: dt.datetime
    kind: ReflectionKind
    sealed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's answer to a day.

    `sealed` is the encrypted text, or None if the person checked the day off without a text. `revision` starts at 1 and
    grows with each edit, so an edit can name the revision that it replaces. `was_open` means that the partner could
    read an earlier revision, and `edited` that the text was changed since then. `reflection` is the same person's reply
    to the partner's answer.
    """

    at: dt.datetime
    revision: int
    sealed: bytes | None
    share_first: bool = False
    was_open: bool = False
    edited: bool = False
    reflection: Reflection | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A couple's day, with both answers. The day is one stored item, so that each write sees both answers.

    `theme` is the prompt's theme, or None on a day stored before this field existed. `again` means that the couple had
    met the prompt on an earlier day. `early` means that the couple had joined the prompt's pack by its code less than
    six days before (`Couple.has_just_joined`). `swapped` has the prompts that the couple swapped for others, oldest
    first.
    """

    couple: CoupleId
    date: dt.date
    prompt: PromptRef
    kind: PromptKind
    window: DayWindow
    answers: Mapping[Uid, Answer] = field(default_factory=dict)
    theme: Theme | None = None
    again: bool = False
    early: bool = False
    swapped: tuple[Swapped, ...] = ()

    @property
    def takes_swap(self) -> bool:
        """Return whether the day has no answers and no earlier swap. Only such a day takes a swap, while it is open."""
        return not self.answers and not self.swapped

    @property
    def revealed(self) -> bool:
        """Return whether both partners have answered. Then both answers are open."""
        return len(self.answers) == 2  # noqa: PLR2004  a couple is two

    def opened_to(self, uid: Uid) -> list[Uid]:
        """Return the persons whose answers `uid` may read, with `uid` first.

        A person may read the partner's answer after the reveal, or if the partner shared it first.
        """
        own = [uid] if uid in self.answers else []
        partners = [
            each for each, answer in self.answers.items() if each != uid and (self.revealed or answer.share_first)
        ]
        return own + partners


def is_awaited(day: Day | None, uid: Uid, instant: dt.datetime) -> bool:
    """Return whether the day still waits for a person's answer at `instant`.

    If nobody has opened the day yet, `day` is None and the result is True.
    """
    return day is None or (uid not in day.answers and day.window.is_open(instant))


@dataclass(frozen=True, slots=True)
class SoloDay:
    """A person's own prompt of one date, and their answer.

    `shared_with` is the couple in which the person shared the answer (`SharedAnswer`).
    """

    person: Uid
    date: dt.date
    prompt: PromptRef
    answer: Answer | None = None
    shared_with: CoupleId | None = None


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """The couple's copy of a solo answer that `person` shares with the partner. A key of the couple seals the copy."""

    couple: CoupleId
    person: Uid
    date: dt.date
    prompt: PromptRef
    sealed: bytes
