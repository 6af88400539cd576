"""A crowd: one couple's rows as the store writes them, repeated under other names, so that thousands cost little."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from bench.world import ANSWER, World, a_long_token
from rekindle.calendar import day_window, local_date
from rekindle.days import counted_from
from rekindle.models import Answer, Couple, CoupleId, Day, PackId, PromptId, PromptKind, PromptRef, PushKind, Theme, Uid
from rekindle.push.jobs import SlotJob, Target, mark_of
from rekindle.reminders import Slot
from rekindle.store import keys
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.people import People
from tests.builders import NEW_YORK, a_device, a_person, a_profile

if TYPE_CHECKING:
    import datetime as dt

    from rekindle.models import Person

BATCH_WRITE_LIMIT: Final = 25
_ANSWER_BYTES: Final = 81 + len(ANSWER)
"""What sealing adds to a text: version, salt, commitment and tag."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Couples in New York at the default times, each with the day of a date that `ada` has answered and `ben` not."""

    world: World
    couple: Couple
    ada: Person
    ben: Person
    day: Day

    @classmethod
    def of(cls, world: World, persons: int, instant: dt.datetime) -> Crowd:
        """A crowd of `persons` persons, who are in pairs."""
        crowd = cls._first(world, instant)
        names = [crowd.couple.id, crowd.ada.uid, crowd.ben.uid, *map(token_of, (crowd.ada, crowd.ben))]
        rows = [world.row(key) for key in crowd.pushed_keys()]
        copies = [
            _renamed(row, {name: _numbered(name, number) for name in names})
            for number in range(1, persons // 2)
            for row in rows
        ]
        for batch in batched(copies, BATCH_WRITE_LIMIT, strict=False):
            puts = [{"PutRequest": {"Item": item}} for item in batch]
            world.raw.batch_write_item(RequestItems={world.table.name: puts})
        return crowd

    @classmethod
    def _first(cls, world: World, instant: dt.datetime) -> Crowd:
        couple_id, profile = CoupleId("c" * 20 + "0000"), a_profile()
        ada, ben = (
            a_person(
                uid=Uid(name.ljust(24, "0") + "0000"),
                couple=couple_id,
                profile=profile,
                devices={"phone": a_device(a_long_token()[:-4] + "0000")},
            )
            for name in ("ada", "ben")
        )
        zones = (NEW_YORK, NEW_YORK)
        date = local_date(instant, NEW_YORK)
        new = Couple(
            id=couple_id,
            created_at=instant,
            first_date=date,
            counted_from=counted_from(zones, instant),
            profiles={ada.uid: profile, ben.uid: profile},
        )
        people, couples, days = People(world.table), Couples(world.table), Days(world.table)
        world.table.write(couples.creation(new))
        couple = couples.couple(couple_id) or new
        for person in (ada, ben):
            people.create(person)
        ref = PromptRef(PackId("starter"), 1, PromptId("spark-01"))
        day = Day(couple.id, date, ref, PromptKind.QUESTION, day_window(date, zones))
        days.open_day(couple, day, Theme.SPARK)
        answer = Answer(at=instant, revision=1, sealed=bytes(_ANSWER_BYTES))
        return cls(world, couple, ada, ben, days.record_answer(day, ada.uid, ben.uid, answer, None))

    def slot(self, kind: PushKind) -> Slot:
        """When all are due."""
        reminders = self.ada.reminders
        return Slot(NEW_YORK, reminders.prompt if kind is PushKind.PROMPT else reminders.evening or reminders.prompt)

    def job(self, kind: PushKind, instant: dt.datetime) -> SlotJob:
        """The job of that slot on the day."""
        slot = self.slot(kind)
        return SlotJob(zone=slot.zone, time=slot.time, shard=0, date=self.day.date, instant=instant)

    def targets(self, count: int) -> list[Target]:
        """The devices of `count` persons who have not answered."""
        token = token_of(self.ben)
        return [
            Target(
                uid=Uid(_numbered(self.ben.uid, number)),
                couple=CoupleId(_numbered(self.couple.id, number)),
                mark=mark_of(_numbered(token, number)),
            )
            for number in range(count)
        ]

    def pushed_keys(self) -> list[keys.Key]:
        """The rows of the first couple that a push has to do with."""
        persons = (self.ada.uid, self.ben.uid)
        return [
            keys.day(self.couple.id, self.day.date),
            *map(keys.person, persons),
            *(
                keys.slot_row(self.slot(kind), 0, kind, uid)
                for kind in (PushKind.PROMPT, PushKind.EVENING)
                for uid in persons
            ),
        ]


def token_of(person: Person) -> str:
    """The token of the person's one device."""
    (device,) = person.devices.values()
    return device.token


def _numbered(name: str, number: int) -> str:
    """The name of the same thing of another couple."""
    return f"{name[:-4]}{number:04}"


def _renamed(value: Any, names: dict[str, str]) -> Any:  # noqa: ANN401  an item, and whatever is in one
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
