"""An erasure removes everything about a person, part by part. A receipt shows what was removed, and when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rekindle.domain.limits import Limit

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

RECEIPT_LENGTH: Final = 20
RECEIPT_GROUPS: Final = 4
RECEIPTS: Final = Limit(10)
"""The limit of an erasure's receipts. A request to erase is repeated only if its reply was lost."""


class ErasedPart(StrEnum):
    """A part of what an erasure removes. A receipt names the parts, so never rename a member's value."""

    KEYS = "keys"
    """The keys of everything that the person wrote. Without these keys, nobody can read any copy of the texts."""
    COUPLE = "couple"
    DEVICES_AND_REMINDERS = "devices_and_reminders"
    INVITES = "invites"
    ANSWERS = "answers"
    """Their answers and reflections, the solo answers that they shared, and their name in the rows of their couples."""
    SOLO_ANSWERS = "solo_answers"
    REQUESTS = "requests"
    """Their nudges, their tries of codes, and the idempotency keys of their phone's requests."""
    PROFILE = "profile"
    ACCOUNT = "account"
    """The account with which they signed in."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure under way or finished. `removed` maps each removed part to the instant at which it was removed."""

    requested_at: dt.datetime
    removed: Mapping[ErasedPart, dt.datetime]
    finished_at: dt.datetime | None = None
