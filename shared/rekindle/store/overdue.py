"""Store a row for each overdue reminder. `react` reads the row from the table's stream and enqueues the push.

A reminder becomes overdue if its person moves it to a time that has passed already. Example: at 08:10, a person moves
their reminder from 09:00 to 08:00. A time that is only seconds ahead (`rekindle.domain.due_dates.IN_FLIGHT`) counts as
passed, because the run that sends reminders at this time may miss the moved reminder.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.calendar import start_of
from rekindle.domain.changes import OverdueReminder
from rekindle.domain.ids import CoupleId, Uid
from rekindle.domain.pushes import PushKind
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.due_dates import CaughtUp
    from rekindle.domain.persons import Person

KEPT: Final = dt.timedelta(days=1)


def overdue_row(person: Person, due: CaughtUp, instant: dt.datetime) -> Write:
    """Return the write of an overdue reminder's row. The person moved the reminder at `instant`."""
    return Write(
        "Put",
        keys.caught_up(person.uid, due.kind, due.date),
        item={
            "couple": person.couple,
            "due_at": to_millis(due.instant),
            "ends_at": to_millis(start_of(due.date + dt.timedelta(days=1), person.profile.zone)),
            "caught_up_at": to_millis(instant),
            "ttl": to_ttl(instant + KEPT),
        },
    )


def overdue_from(item: Mapping[str, Any]) -> OverdueReminder:
    """Read an overdue reminder from its row."""
    kind, _, date = item["sk"].removeprefix(keys.CAUGHT_UP_PREFIX).partition("#")
    return OverdueReminder(
        uid=Uid(item["pk"].removeprefix(keys.PERSON_PREFIX)),
        couple=CoupleId(item["couple"]),
        kind=PushKind(kind),
        date=dt.date.fromisoformat(date),
        due_at=from_millis(item["due_at"]),
        moved_at=from_millis(item["caught_up_at"]),
        ends_at=from_millis(item["ends_at"]),
    )
