"""The store of incidents counts the persons of each fault and day, over all processes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from rekindle.store import keys
from rekindle.store.incidents import Incident, Incidents
from testing.builders import an_instant
from testing.push_world import calls
from testing.stored import row_in

if TYPE_CHECKING:
    from rekindle.store.table import Table

AT = an_instant("2026-03-02T13:30:00Z")
DAY = an_instant("2026-03-02T00:00:00Z")
HOUR = dt.timedelta(hours=1)

FEW = Incident(is_widespread=False, needs_report=False)
NEW = Incident(is_widespread=True, needs_report=True)
KNOWN = Incident(is_widespread=True, needs_report=False)


@pytest.fixture
def incidents(table: Table) -> Incidents:
    return Incidents(table)


def test_one_person_however_often_is_one(incidents: Incidents) -> None:
    assert {incidents.note("refused", {"ada"}, DAY + number * HOUR) for number in range(20)} == {FEW}
    assert incidents.note("refused", {"ada", "ben"}, AT) == FEW


def test_a_third_person_of_the_day_makes_it_widespread_and_is_reported_once(incidents: Incidents) -> None:
    people = ("ada", "ben", "cem", "ada", "dot")
    found = [incidents.note("refused", {person}, DAY + number * 5 * HOUR) for number, person in enumerate(people)]
    assert found == [FEW, FEW, NEW, KNOWN, KNOWN]


def test_every_process_counts_the_same_persons(table: Table) -> None:
    people = ("ada", "ben", "cem", "dot")
    assert [Incidents(table).note("refused", {person}, AT) for person in people] == [FEW, FEW, NEW, KNOWN]


def test_each_fault_and_each_day_counts_its_own(incidents: Incidents) -> None:
    incidents.note("refused", {"ada", "ben"}, AT)
    assert incidents.note("apns", {"cem"}, AT) == FEW
    assert incidents.note("refused", {"cem"}, DAY + 24 * HOUR) == FEW
    assert incidents.note("refused", {"cem"}, DAY + 23 * HOUR) == NEW


def test_the_day_is_the_one_of_utc_wherever_the_clock_is(incidents: Incidents) -> None:
    incidents.note("refused", {"ada", "ben"}, AT)
    tokyo = (DAY + 23 * HOUR).astimezone(dt.timezone(9 * HOUR))
    assert incidents.note("refused", {"cem"}, tokyo) == NEW


def test_many_at_once_are_reported_each_time_and_known_to_other_processes(table: Table) -> None:
    many = {f"person-{number}" for number in range(40)}
    assert [Incidents(table).note("apns", many, AT) for _ in range(2)] == [NEW, NEW]
    assert Incidents(table).note("apns", {"ada"}, AT) == KNOWN


def test_a_process_writes_no_row_of_a_fault_that_it_knows_to_be_widespread(table: Table, incidents: Incidents) -> None:
    """If Apple's key were wrong, each push to an iPhone would otherwise write the same row."""
    incidents.note("apns", {"ada", "ben", "cem"}, AT)
    other = Incidents(table)
    other.note("apns", {"dot"}, AT)
    with calls(table) as seen:
        found = {each.note("apns", {f"person-{number}"}, AT) for number in range(20) for each in (incidents, other)}
    assert found == {KNOWN}
    assert seen == []


def test_a_row_grows_no_further_and_goes_in_two_days(table: Table) -> None:
    for persons in ({"ada", "ben"}, {f"person-{number}" for number in range(40)}, {"cem"}):
        Incidents(table).note("refused", persons, AT)
    row = row_in(table, keys.incident("refused", DAY.date()))
    assert len(row["persons"]) == 5
    assert row["ttl"] == (DAY + dt.timedelta(days=2)).timestamp()
