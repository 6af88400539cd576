"""A crowd: thousands of persons as the store writes them, in batches, so that they cost little to make."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from bench.world import ANSWER, World, a_long_target
from rekindle.domain.calendar import day_window, local_date
from rekindle.domain.models import (
    Answer,
    Couple,
    CoupleId,
    Day,
    Device,
    DeviceId,
    PackId,
    Person,
    Platform,
    PromptId,
    PromptKind,
    PromptRef,
    PushKind,
    TargetKind,
    Theme,
    Uid,
)
from rekindle.domain.open_days import counted_from
from rekindle.domain.reminders import Slot
from rekindle.push.jobs import Missed, SlotJob
from rekindle.store import keys
from rekindle.store.couples import couple_row
from rekindle.store.days import Days
from rekindle.store.people import person_writes
from rekindle.store.slots import Slots
from testing.builders import NEW_YORK, a_person

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bench.world import Row
    from rekindle.domain.models import Target

BATCH_WRITE_LIMIT: Final = 25
_ANSWER_BYTES: Final = 81 + len(ANSWER)
"""What sealing adds to a text: version, salt, commitment and tag."""
_A_MONTH: Final = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Couples in New York at the default times, with a phone each and no change for a month.

    Each has the day of `date`, which one of them has answered and the other, who is among `silent`, has not.
    """

    world: World
    date: dt.date
    silent: tuple[Person, ...]

    @classmethod
    def of(cls, world: World, persons: int, instant: dt.datetime, kind: TargetKind = TargetKind.TOKEN) -> Crowd:
        """A crowd of `persons` persons, whose phones FCM knows by targets of one kind."""
        couples = [
            (_member("ada", number, instant, kind), _member("ben", number, instant, kind))
            for number in range(persons // 2)
        ]
        changes = [(None, person) for couple in couples for person in couple]
        saves = person_writes(world.table, instant - _A_MONTH, *changes)
        put_rows(world, (write.request(world.table.name)["Item"] for write in saves))
        put_rows(world, _days(world, couples, instant))
        return cls(world, local_date(instant, NEW_YORK), tuple(ben for _, ben in couples))

    def job(self, kind: PushKind, instant: dt.datetime) -> SlotJob:
        """The job of the slot at which all are due, on the day."""
        reminders = self.silent[0].reminders
        slot = Slot(NEW_YORK, reminders.prompt if kind is PushKind.PROMPT else reminders.evening or reminders.prompt)
        (shard,) = Slots(self.world.table).existing([slot])[slot].all
        return SlotJob(zone=slot.zone, time=slot.time, shard=shard, date=self.date, instant=instant)

    def missed(self, count: int) -> tuple[Missed, ...]:
        """The devices of `count` persons who have not answered."""
        return tuple(
            Missed(person=keys.mark_of(person.uid), target=keys.digest_of(target_of(person)))
            for person in self.silent[:count]
        )


def put_rows(world: World, rows: Iterable[Row]) -> None:
    """Put the rows as they are, unmetered."""
    for batch in batched(rows, BATCH_WRITE_LIMIT, strict=False):
        puts = [{"PutRequest": {"Item": row}} for row in batch]
        world.raw.batch_write_item(RequestItems={world.table.name: puts})


def target_of(person: Person) -> Target:
    """The target of the person's one device."""
    (device,) = person.devices.values()
    return device.target


def _member(name: str, number: int, instant: dt.datetime, kind: TargetKind) -> Person:
    since = instant - _A_MONTH
    return a_person(
        # As long as Firebase's are.
        uid=Uid(f"{name}{number:025}"),
        couple=CoupleId(f"couple{number:018}"),
        created_at=since,
        devices={DeviceId("phone"): Device(a_long_target(kind), Platform.ANDROID, since)},
    )


def _days(world: World, couples: Sequence[tuple[Person, Person]], instant: dt.datetime) -> Iterator[Row]:
    """The day of each couple: the first one's as the store writes it, the others' with other names in it."""
    ada, ben = couples[0]
    day = world.row(_first_day(world, ada, ben, instant))
    for one, other in couples:
        names = {ada.uid: one.uid, ben.uid: other.uid, str(ada.couple): str(one.couple)}
        yield _renamed(day, names)


def _first_day(world: World, ada: Person, ben: Person, instant: dt.datetime) -> keys.Key:
    zones, date = (NEW_YORK, NEW_YORK), local_date(instant, NEW_YORK)
    couple = Couple(
        id=CoupleId(str(ada.couple)),
        created_at=instant,
        first_date=date,
        counted_from=counted_from(zones, instant),
        profiles={person.uid: person.profile for person in (ada, ben)},
    )
    world.table.write(couple_row(couple))
    ref = PromptRef(PackId("starter"), 1, PromptId("spark-01"))
    day = Day(couple.id, date, ref, PromptKind.QUESTION, day_window(date, zones))
    days = Days(world.table)
    days.open_day(couple, day, Theme.SPARK)
    answer = Answer(at=instant, revision=1, sealed=bytes(_ANSWER_BYTES))
    days.record_answer(day, ada.uid, ben.uid, answer, None)
    return keys.day(couple.id, date)


def _renamed(value: Any, names: Mapping[Any, str]) -> Any:  # noqa: ANN401  an item, and whatever is in one
    """An item with every name replaced, wherever it stands."""
    match value:
        case str():
            for old, new in names.items():
                value = value.replace(old, new)
            return value
        case dict():
            return {_renamed(name, names): _renamed(each, names) for name, each in value.items()}
        case list():
            return [_renamed(each, names) for each in value]
        case _:
            return value
