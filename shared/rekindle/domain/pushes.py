"""Define the kinds of pushes, and the number of persons whom a reminder reached."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PushKind(StrEnum):
    """The reason for which a push is sent."""

    PROMPT = "prompt"
    EVENING = "evening"
    TOUCH = "touch"
    NUDGE = "nudge"
    PARTNER_ANSWERED = "partner_answered"
    BOTH_ANSWERED = "both_answered"
    STREAK_MILESTONE = "streak_milestone"
    NEWS = "news"
    NEW_DEVICE = "new_device"


@dataclass(frozen=True, slots=True)
class Reach:
    """The number of persons who were `due` for a reminder, and how many of them were `reached`.

    A person is reached if FCM accepts a push to them at the first try.
    """

    due: int = 0
    reached: int = 0

    def __add__(self, other: Reach) -> Reach:
        return Reach(self.due + other.due, self.reached + other.reached)
