"""The deployed `tally` counts couples' days and reminders that it reads from the stream."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from rekindle.domain.calendar import slot_instant
from rekindle.domain.ids import CoupleId
from rekindle.domain.tallies import week_of
from rekindle.store import keys
from rekindle.store.table import Table
from testing.builders import LONDON
from tests.e2e.conftest import eventually

if TYPE_CHECKING:
    from local.stack import Stack
    from tests.e2e.conftest import NewCouple


def the_table(stack: Stack) -> Table:
    return Table(stack.client("dynamodb"), stack.outputs["TableName"])


def test_a_couples_day_is_counted_and_names_nobody(stack: Stack, a_couple: NewCouple) -> None:
    ada, ben = a_couple()
    table = the_table(stack)
    date = ada.today()
    ada.answer(date, "The way you hum while you cook.")
    ben.answer(date, "Your letters from the train.")
    person = table.get(keys.person(ada.uid))
    assert person
    couple = CoupleId(person["couple"])
    row = eventually(lambda: _complete(table.get(keys.tally(couple))))
    assert ada.uid not in str(row)
    assert ben.uid not in str(row)
    day = table.get(keys.day(couple, dt.date.fromisoformat(date)))
    assert day
    prompt = table.get(keys.stats_of_prompt(day["prompt"]["pack"], day["prompt"]["id"]))
    assert prompt
    assert prompt["offered"] >= prompt["answered"] >= prompt["completed"] >= 1
    active = table.get(keys.stats_of_date(dt.date.fromisoformat(date)))
    assert active
    assert active["active"] >= 1


def _complete(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the row if it has the streak and one day with both answers."""
    return row if row and row["runs"] and row["days"][3] == "2" else None


def _reached_both(row: dict[str, Any] | None) -> dict[str, int] | None:
    """Return the week's counts of the daily reminder, once two persons were reached."""
    prefix = "reach/prompt/"
    counts = {name.removeprefix(prefix): count for name, count in (row or {}).items() if name.startswith(prefix)}
    return counts if counts.get("reached", 0) >= 2 else None


def test_a_reminder_is_counted_once_its_run_is_done(stack: Stack, a_couple: NewCouple, a_date: dt.date) -> None:
    ada, ben = a_couple()
    due = slot_instant(a_date, dt.time(8, 30), LONDON)
    assert due
    stack.tick(due)
    for phone in (ada, ben):
        phone.await_kinds("prompt")
    table = the_table(stack)
    reach = eventually(lambda: _reached_both(table.get(keys.stats_of_week(week_of(a_date)))))
    assert reach
    assert reach["due"] >= reach["reached"]
    assert stack.waiting("TallyDlqUrl") == 0, "nothing was given up"
