from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from rekindle.store import keys
from rekindle.store.incidents import Incidents
from tests.builders import an_instant
from tests.integration.push_world import calls

if TYPE_CHECKING:
    from rekindle.store.table import Table

AT = an_instant("2026-03-02T13:30:00Z")
HOUR = an_instant("2026-03-02T13:00:00Z")
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def incidents(table: Table) -> Incidents:
    return Incidents(table)


def test_one_person_however_often_is_one(incidents: Incidents) -> None:
    assert not any(incidents.is_widespread("refused", {"ada"}, AT + number * MINUTE) for number in range(20))
    assert not incidents.is_widespread("refused", {"ada", "ben"}, AT)


def test_a_third_person_within_the_hour_makes_it_widespread(incidents: Incidents) -> None:
    found = [incidents.is_widespread("refused", {person}, AT) for person in ("ada", "ben", "cem", "ada")]
    assert found == [False, False, True, True]


def test_each_fault_and_each_hour_counts_its_own(incidents: Incidents) -> None:
    incidents.is_widespread("refused", {"ada", "ben"}, AT)
    assert not incidents.is_widespread("apns", {"cem"}, AT)
    assert not incidents.is_widespread("refused", {"cem"}, AT + 30 * MINUTE)
    assert incidents.is_widespread("refused", {"cem"}, AT + 29 * MINUTE)


def test_many_at_once_need_no_row(incidents: Incidents, table: Table) -> None:
    with calls(table) as seen:
        assert incidents.is_widespread("apns", {"ada", "ben", "cem"}, AT)
    assert seen == []


def test_a_row_grows_no_further_and_goes_in_a_day(incidents: Incidents, table: Table) -> None:
    for number in range(0, 20, 2):
        incidents.is_widespread("refused", {f"person-{number}", f"person-{number + 1}"}, AT)
    row = table.get(keys.incident("refused", HOUR))
    assert row
    assert len(row["persons"]) == 4
    assert row["ttl"] == (HOUR + dt.timedelta(days=1)).timestamp()
