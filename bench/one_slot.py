"""Store persons who are all due in the same slot."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.days import stored_day
from bench.world import World, a_long_target
from rekindle.domain.calendar import local_date
from rekindle.domain.ids import CoupleId, DeviceId, Uid
from rekindle.domain.persons import Device, Person, Platform, TargetKind
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.push.jobs import Missed, SlotJob
from rekindle.store import keys
from rekindle.store.couples import couple_row
from rekindle.store.people import person_writes
from rekindle.store.shards import read_shards
from rekindle.store.table import marshal
from testing.builders import NEW_YORK, a_couple, a_person

if TYPE_CHECKING:
    from rekindle.domain.persons import Target

_A_MONTH: Final = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class OneSlot:
    """Couples in New York. In each couple, one of the two persons has answered on `date`.

    Each person has one phone and the default times.
    """

    world: World
    date: dt.date
    silent: tuple[Person, ...]
    """The persons who have not answered."""

    @classmethod
    def of(cls, world: World, persons: int, instant: dt.datetime, kind: TargetKind = TargetKind.TOKEN) -> OneSlot:
        """Store this many persons. The targets of all their phones have the same kind."""
        couples = [
            (_person("ada", number, instant, kind), _person("ben", number, instant, kind))
            for number in range(persons // 2)
        ]
        changes = [(None, person) for couple in couples for person in couple]
        saves = person_writes(world.table, instant - _A_MONTH, *changes)
        world.put_rows(write.request(world.table.name)["Item"] for write in saves)
        date = local_date(instant, NEW_YORK)
        days = (
            stored_day(CoupleId(str(ada.couple)), (ada, ben), date, instant, answered={ada.uid}) for ada, ben in couples
        )
        world.put_rows(map(marshal, days))
        world.put_rows(
            couple_row(
                a_couple(
                    id=CoupleId(str(ada.couple)),
                    created_at=instant - _A_MONTH,
                    first_date=date - _A_MONTH,
                    counted_from=date - _A_MONTH,
                    profiles={person.uid: person.profile for person in (ada, ben)},
                )
            ).request(world.table.name)["Item"]
            for ada, ben in couples
        )
        return cls(world, date, tuple(ben for _, ben in couples))

    def job(self, kind: PushKind, instant: dt.datetime) -> SlotJob:
        """Return the slot's job for one kind of reminder on `date`."""
        reminders = self.silent[0].reminders
        slot = Slot(NEW_YORK, reminders.prompt if kind is PushKind.PROMPT else reminders.evening or reminders.prompt)
        (shard,) = read_shards(self.world.table, [slot])[slot].all
        return SlotJob(zone=slot.zone, time=slot.time, shard=shard, date=self.date, instant=instant)

    def missed(self, count: int) -> tuple[Missed, ...]:
        """Return the devices of `count` persons who have not answered."""
        return tuple(
            Missed(person=keys.pseudonym_of(person.uid), target=keys.digest_of(target_of(person)))
            for person in self.silent[:count]
        )


def target_of(person: Person) -> Target:
    """Return the target of the person's only device."""
    (device,) = person.devices.values()
    return device.target


def _person(name: str, number: int, instant: dt.datetime, kind: TargetKind) -> Person:
    since = instant - _A_MONTH
    return a_person(
        uid=Uid(f"{name}{number:025}"),  # 28 characters, as Firebase's uids have
        couple=CoupleId(f"couple{number:018}"),
        created_at=since,
        devices={DeviceId("phone"): Device(a_long_target(kind), Platform.ANDROID, since)},
    )
