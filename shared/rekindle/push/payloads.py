"""Payloads: the content of a push, and how it behaves on the phone.

The app makes two Android channels: `everyday`, and `quiet` of low importance.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekindle.push.kinds import KINDS
from rekindle.push.texts import text_of

if TYPE_CHECKING:
    from rekindle.domain.ids import CoupleId, Language
    from rekindle.domain.persons import Person
    from rekindle.domain.pushes import PushKind
    from rekindle.push.texts import Text


@dataclass(frozen=True, slots=True)
class Occasion:
    """Reason for a push, the same for each person who gets it.

    The push belongs to the day `date` and fell due at `instant`. `ends_at` is when a reminder's date ends there.
    """

    kind: PushKind
    date: dt.date
    instant: dt.datetime
    milestone: int | None = None
    ends_at: dt.datetime | None = None

    @property
    def about(self) -> dict[str, str]:
        """Fields of a log line."""
        return {"kind": self.kind, "date": str(self.date)}

    @property
    def expires_at(self) -> dt.datetime:
        """When the push is too late: at the end of its date for a reminder, else at a full hour.

        The phone learns this instant. To the minute, it would tell when the partner answered.
        """
        record = KINDS[self.kind]
        end = self.instant + record.lifetime
        if record.ends_with_date:
            return min(end, self.ends_at or end)
        return _hour_of(end) + dt.timedelta(hours=1)

    def concerns(self, person: Person, couple: CoupleId | None) -> bool:
        """Return whether the push concerns the person, as they are by now. A push about a couple ends with it."""
        if person.couple is None or couple not in {None, person.couple}:
            return False
        record = KINDS[self.kind]
        is_silent = record.ends_with_date and person.is_silent_on(self.date)
        return not is_silent and record.concerns(person)


@dataclass(frozen=True, slots=True)
class Payload:
    """A push without its recipient, before it is written in a platform's words.

    A push replaces an earlier one with the same `collapse_id` on the phone. A `quiet` one makes no sound. The phone
    drops a push at `expires_at`, which is `ttl` after it is sent.
    """

    text: Text
    link: str
    collapse_id: str
    quiet: bool
    ttl: dt.timedelta
    expires_at: dt.datetime


def payload_of(occasion: Occasion, language: Language, at: dt.datetime, *, quiet: bool, app_link: str) -> Payload:
    """Return the payload of an occasion in a language, to be sent at `at`. Links begin with `app_link`.

    Raise KeyError if the catalogue has no such milestone.
    """
    record = KINDS[occasion.kind]
    return Payload(
        collapse_id=_collapse_id(occasion),
        text=text_of(occasion.kind, language, occasion.milestone, turn=occasion.date.toordinal()),
        link=f"{app_link.rstrip('/')}/o/{record.page}{occasion.date:%Y%m%d}",
        quiet=quiet,
        ttl=occasion.expires_at - (at if record.ends_with_date else _hour_of(at)),
        expires_at=occasion.expires_at,
    )


def _collapse_id(occasion: Occasion) -> str:
    """Return the id that a repeat of the push shares."""
    record = KINDS[occasion.kind]
    if record.is_single:
        return f"{record.code}-{occasion.date}"
    # A digest, since the id must not tell when the partner sent it.
    digest = hashlib.blake2b(f"{occasion.instant.timestamp():.3f}".encode(), digest_size=8).hexdigest()
    return f"{record.code}-{digest}"


def _hour_of(instant: dt.datetime) -> dt.datetime:
    return instant.replace(minute=0, second=0, microsecond=0)
