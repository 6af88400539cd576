"""Make a couple's day as the store writes it, without a request to a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from bench.world import ANSWER
from rekindle.domain.calendar import day_window
from rekindle.domain.couples import Couple
from rekindle.domain.days import Answer, Day
from rekindle.domain.ids import PackId, PromptId
from rekindle.domain.open_days import counted_from
from rekindle.domain.prompts import PromptKind, PromptRef, Theme
from rekindle.store import keys
from rekindle.store.couples import couple_row
from rekindle.store.days import Days
from testing.memory_table import Bill, MemoryTable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from rekindle.domain.ids import CoupleId, Uid
    from rekindle.domain.persons import Person
    from rekindle.store.table import Item, Table

SEALED_BYTES: Final = 81 + len(ANSWER)
"""The size of a sealed answer in bytes: the text, and 81 bytes for version, salt, commitment and tag."""
SEED: Final = "0" * 32
"""A couple's seed. It is random in a real couple, but always as long."""
_PROMPT: Final = PromptRef(PackId("starter"), 1, PromptId("spark-01"))


def stored_day(
    couple: CoupleId, persons: tuple[Person, Person], date: dt.date, instant: dt.datetime, answered: Collection[Uid]
) -> Item:
    """Return the item of a couple's day. The persons in `answered` have answered this day at `instant`."""
    table = MemoryTable(Bill())
    zones = persons[0].profile.zone, persons[1].profile.zone
    known = Couple(
        id=couple,
        created_at=instant,
        first_date=date,
        counted_from=counted_from(zones, instant),
        profiles={person.uid: person.profile for person in persons},
        seed=SEED,
    )
    table.write(couple_row(known))
    days = Days(cast("Table", table))
    window = day_window(date, zones)
    day = days.open_day(known, Day(couple, date, _PROMPT, PromptKind.QUESTION, window), Theme.SPARK)
    for person, partner in (persons, persons[::-1]):
        if person.uid in answered:
            answer = Answer(at=instant, revision=1, sealed=bytes(SEALED_BYTES))
            days.record_answer(day, person.uid, partner.uid, answer, None)
    item = table.get(keys.day(couple, date))
    if item is None:
        raise LookupError(f"the store wrote no day of {couple}")
    return item
