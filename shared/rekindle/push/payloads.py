"""Make the payload of a push: its content, and how the phone treats it.

The app must create two Android channels: `everyday`, and `quiet` with low importance.
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
    """The reason for a push. All persons who get the push share the occasion.

    The push belongs to the day `date`, and was caused at `instant`. For a reminder or news, `ends_at` is the end of the
    date, or a few minutes later if the slot comes just before midnight.
    """

    kind: PushKind
    date: dt.date
    instant: dt.datetime
    milestone: int | None = None
    ends_at: dt.datetime | None = None

    @property
    def about(self) -> dict[str, str]:
        """The fields that describe the occasion in a log line."""
        return {"kind": self.kind, "date": str(self.date)}

    @property
    def expires_at(self) -> dt.datetime:
        """The instant from which the push is too late.

        For a reminder or news, this is the end of the kind's lifetime, or `ends_at` if that comes first. For other
        kinds, it is the first full hour after the end of the lifetime (13:00 for both 12:00 and 12:59). The phone sees
        this instant, and exact minutes would show when the partner answered.
        """
        record = KINDS[self.kind]
        end = self.instant + record.lifetime
        if record.ends_with_date:
            return min(end, self.ends_at or end)
        return _hour_of(end) + dt.timedelta(hours=1)

    def concerns(self, person: Person, couple: CoupleId | None) -> bool:
        """Return whether the push still concerns the person.

        After a couple's end, its pushes concern nobody. While a person has paused their notifications, only warnings
        concern them.
        """
        record = KINDS[self.kind]
        if not record.is_warning and not person.is_notified_of(self.instant):
            return False
        if (record.needs_couple and person.couple is None) or couple not in {None, person.couple}:
            return False
        is_silent = record.ends_with_date and person.is_silent_on(self.date)
        return not is_silent and record.concerns(person, self.date)


@dataclass(frozen=True, slots=True)
class Payload:
    """A push without its recipient, before it is encoded for a platform.

    On the phone, a push replaces an earlier push with the same `collapse_id`. A `quiet` push makes no sound.

    An iPhone can get the push until `expires_at`, and an Android phone until `ttl` after sending. For a reminder or
    news, `ttl` is the time from sending to `expires_at`. For other kinds, `ttl` is rounded up to full hours, because
    the phone sees `ttl` but must not see the minute of sending. So an Android phone may get such a push up to an hour
    after `expires_at`.
    """

    text: Text
    link: str
    collapse_id: str
    quiet: bool
    ttl: dt.timedelta
    expires_at: dt.datetime


def payload_of(occasion: Occasion, language: Language, at: dt.datetime, *, quiet: bool, app_link: str) -> Payload:
    """Return the payload of an occasion in a language. `at` is the instant of sending. The link begins with `app_link`.

    Raise KeyError if CATALOGUE has no text for the milestone.
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
    """Return the collapse id of a push. The id stays the same if the push is sent again."""
    record = KINDS[occasion.kind]
    if record.is_single:
        return f"{record.code}-{occasion.date}"
    # The id has a digest of the instant, because it must not show when the partner sent the nudge.
    digest = hashlib.blake2b(f"{occasion.instant.timestamp():.3f}".encode(), digest_size=8).hexdigest()
    return f"{record.code}-{digest}"


def _hour_of(instant: dt.datetime) -> dt.datetime:
    return instant.replace(minute=0, second=0, microsecond=0)
