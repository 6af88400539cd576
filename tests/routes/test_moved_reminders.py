"""A reminder that moves to another slot is sent once for each date.

The tests go from the API's call, over the slot rows, to the push.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.push.jobs import PersonJob
from rekindle.push.reactions import reaction_to
from rekindle.store import keys
from rekindle.store.slots import Slots
from rekindle.store.stream import change_in
from rekindle.store.table import marshal
from testing.builders import NEW_YORK, TOKYO, an_instant
from testing.phones import Phone, a_couple
from testing.stored import stream_record

if TYPE_CHECKING:
    from couples_api.services import Services
    from testing.phones import Handler

DATE = dt.date(2026, 3, 2)


def fly(phone: Phone, zone: str, instant: str) -> None:
    phone.now = an_instant(instant)
    assert phone.put("/v1/me", {"display_name": "Ada", "zone": zone}).status == 200


def due_at(services: Services, phone: Phone, zone: Any, time: dt.time, date: dt.date) -> set[PushKind]:
    slots = Slots(services.people.table)
    return {
        row.kind
        for shards in slots.existing([Slot(zone, time)]).values()
        for name in shards.all
        for row in slots.page(name, None, 1000, phone.now).rows
        if row.person == keys.pseudonym_of(phone.uid) and row.is_due(date)
    }


def jobs_for(services: Services, phone: Phone) -> list[PersonJob]:
    """Let `react` handle the stream's records of the person's new rows."""
    table = services.people.table
    items = table.query(f"PERSON#{phone.uid}", between=(keys.CAUGHT_UP_PREFIX, f"{keys.CAUGHT_UP_PREFIX}~")).items
    changes = [change_in(stream_record(None, marshal(item))) for item in items]
    jobs = [job for change in changes for job in reaction_to(change).jobs]
    return [job for job in jobs if isinstance(job, PersonJob)]


def test_new_york_to_tokyo_catches_up_with_what_has_just_passed_there(services: Services, api: Handler) -> None:
    ada, _ = a_couple(api, NEW_YORK, NEW_YORK)
    fly(ada, TOKYO, "2026-03-03T00:10:00Z")
    (job,) = jobs_for(services, ada)
    date = DATE + dt.timedelta(days=1)
    assert (job.kind, job.uid, job.date) == (PushKind.PROMPT, ada.uid, date)
    assert (job.instant, job.late) == (an_instant("2026-03-02T23:30:00Z"), dt.timedelta(minutes=40))
    assert job.ends_at == an_instant("2026-03-03T15:00:00Z")
    assert due_at(services, ada, TOKYO, dt.time(8, 30), date) == set()
    assert due_at(services, ada, TOKYO, dt.time(20, 30), date) == {PushKind.EVENING}


def test_a_reminder_that_passed_long_ago_is_not_caught_up_with(services: Services, api: Handler) -> None:
    ada, _ = a_couple(api, NEW_YORK, NEW_YORK)
    fly(ada, TOKYO, "2026-03-03T02:00:00Z")
    assert jobs_for(services, ada) == []
    assert due_at(services, ada, TOKYO, dt.time(8, 30), DATE + dt.timedelta(days=1)) == set()


def test_nobody_is_reminded_of_a_date_that_has_closed_and_is_today_once_more(services: Services, api: Handler) -> None:
    """They pair on the evening of 2 March in New York. 2 March closes at 08:00 UTC, when it is 2 March in Pago Pago."""
    ada, _ = a_couple(api, NEW_YORK, NEW_YORK, at="2026-03-03T02:00:00Z")
    pago_pago, evening = "Pacific/Pago_Pago", dt.time(20, 30)
    fly(ada, pago_pago, "2026-03-03T08:30:00Z")
    assert jobs_for(services, ada) == []
    assert due_at(services, ada, pago_pago, evening, DATE) == set()
    assert due_at(services, ada, pago_pago, evening, DATE + dt.timedelta(days=1)) == {PushKind.EVENING}


def test_an_open_date_that_is_today_once_more_is_reminded_of(services: Services, api: Handler) -> None:
    ada, _ = a_couple(api, NEW_YORK, NEW_YORK, at="2026-03-03T02:00:00Z")
    fly(ada, "Pacific/Pago_Pago", "2026-03-03T07:00:00Z")
    assert due_at(services, ada, "Pacific/Pago_Pago", dt.time(20, 30), DATE) == {PushKind.EVENING}


def test_a_reminder_that_moves_just_after_it_fell_due_is_still_sent_by_its_old_slot(
    services: Services, api: Handler
) -> None:
    """They choose 09:00 at 08:31, when the run of 08:30 may not have reached them yet."""
    ada, _ = a_couple(api, NEW_YORK, NEW_YORK)
    ada.now = an_instant("2026-03-03T13:31:00Z")
    date = DATE + dt.timedelta(days=1)
    assert ada.put("/v1/me/reminders", {"prompt_time": "09:00"}).status == 200
    assert due_at(services, ada, NEW_YORK, dt.time(8, 30), date) == {PushKind.PROMPT}
    assert due_at(services, ada, NEW_YORK, dt.time(9), date) == set()
    following = date + dt.timedelta(days=1)
    assert due_at(services, ada, NEW_YORK, dt.time(8, 30), following) == set()
    assert due_at(services, ada, NEW_YORK, dt.time(9), following) == {PushKind.PROMPT}
    ada.delete("/v1/couple")
    assert due_at(services, ada, NEW_YORK, dt.time(8, 30), date) == set(), "the old slot too is left when a couple ends"
