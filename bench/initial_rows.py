"""What lies in the table when the simulation begins: the population's rows, as the store writes them.

A row is made when a page is read that it is on. The store has made one of its kind and look before, and this one
differs only in whose it is: in its mark, its targets' numbers, its person and its couple.
"""

from __future__ import annotations

import datetime as dt
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, Final, cast

from bench.population import (
    NEVER,
    STEPS,
    couple_of,
    number_of,
    time_of,
    token_of,
    uid_of,
)
from rekindle.domain.calendar import day_window
from rekindle.domain.models import (
    Answer,
    Couple,
    CoupleId,
    Day,
    Language,
    PackId,
    Profile,
    PromptId,
    PromptKind,
    PromptRef,
    PushKind,
    Target,
    TargetKind,
    Theme,
    Uid,
    Zone,
)
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.instants import to_millis
from rekindle.store.people import STALE_AFTER, People
from rekindle.store.slots import Slots
from rekindle.store.targets import Registered, packed
from testing.memory_table import Bill, MemoryTable, Row, Sized, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.population import Population
    from rekindle.domain.models import Person
    from rekindle.store.keys import Key
    from rekindle.store.slots import Shards
    from rekindle.store.table import Item, Table

KINDS: Final[Mapping[str, PushKind]] = dict(sorted(keys.ROW_KINDS.items()))
"""Kinds of rows by their letters, in the order in which they lie."""
LETTERS: Final = {kind: letter for letter, kind in KINDS.items()}

ANSWER_BYTES: Final = 81 + 280
"""What sealing adds, and a text."""

FULL: Final = 0.95
"""How full a shard is at most, of what it holds before its slot is spread: shards are not all of one size."""

GROWN: Final = 1.1
"""What a slot has that was not spread in time: enough to be seen to have grown though some leave."""

_MARK: Final = 12
_NUMBER: Final = slice(3, 9)
"""Where a packed token has the six bytes of its first eight symbols."""
_COUPLE: Final = slice(len("COUPLE#"), len("COUPLE#") + 8)


@dataclass(slots=True)
class Laid:
    """The population's rows and days, for a table to stand on. `shards` says which persons have rows where."""

    population: Population
    marks: bytes
    shards: dict[str, dict[str, array[int]]]
    dormant: Mapping[str, Uid]
    """Owners of targets that delivery may ask after, by the targets' keys."""
    tails: Sequence[bytes]
    """How the packed tokens of a person's devices end, whoever they are."""
    days: Mapping[tuple[bool, ...], Sized]
    """A day by which of the two have answered."""
    moves: defaultdict[CoupleId, set[Zone]] = field(default_factory=lambda: defaultdict(set))
    """Where couples have gone since: their days are open for those zones too."""
    _rows: dict[tuple[str, int, int], Sized] = field(default_factory=dict)
    _heads: dict[int, tuple[bytes, ...]] = field(default_factory=dict)
    _windows: dict[tuple[str, frozenset[Zone]], Sized] = field(default_factory=dict)

    @classmethod
    def under(cls, population: Population) -> Laid:
        """The ground of a table; `spread` lays out its slots once the table stands on it."""
        marks = b"".join(keys.mark_of(uid_of(number)).encode("ascii") for number in range(len(population)))
        tails = [_packed(device, population.start.date())[_NUMBER.stop :] for device in (0, 1)]
        return cls(population, marks, {}, dict(_long_ago(population)), tails, _day_templates())

    def mark(self, number: int) -> str:
        """The person's mark."""
        return self.marks[_MARK * number : _MARK * (number + 1)].decode("ascii")

    def spread(self, table: MemoryTable, shard_rows: int, *, outgrown: bool = True) -> int:
        """Let the store make every slot, with as many shards as it has come to by now; the number of slots.

        With `outgrown`, the smallest slot that has too many rows for one shard has not been spread yet.
        """
        sizes: Counter[int] = Counter()
        for kind in KINDS.values():
            sizes.update(self._places(kind))
        full = shard_rows * FULL
        too_large = [place for place, rows in sizes.items() if rows > shard_rows * GROWN]
        left = min(too_large, key=lambda place: sizes[place], default=None) if outgrown else None
        store, anybody = Slots(cast("Table", table)), self.population.person(0)
        homes: dict[int, Shards] = {}
        for place, rows in sorted(sizes.items()):
            slot = self._slot(place)
            store.moves(self.population.start, (None, _at(anybody, slot)))
            (shards,) = store.existing([slot]).values()
            while rows > full * len(shards.names) and place != left:
                store.name_more(slot, shards, self.population.start)
                store.forget_old(slot, store.existing([slot])[slot])
                shards = store.existing([slot])[slot]
            homes[place] = shards
        self._settle(homes)
        return len(sizes)

    def _places(self, kind: PushKind) -> Iterator[int]:
        for zone, step in zip(self.population.zone, self.population.steps(kind), strict=True):
            if step != NEVER:
                yield zone * STEPS + step

    def _slot(self, place: int) -> Slot:
        zone, step = divmod(place, STEPS)
        return Slot(self.population.zones[zone], time_of(step))

    def _settle(self, homes: Mapping[int, Shards]) -> None:
        """Put every person's number into the shards that hold their rows, in the order of their marks."""
        population, mark = self.population, self.mark
        order = sorted(range(len(population)), key=mark)
        for letter, kind in KINDS.items():
            zone, steps = population.zone, population.steps(kind)
            for number in order:
                if (step := steps[number]) == NEVER:
                    continue
                shards = homes[zone[number] * STEPS + step]
                name = shards.names[0] if len(shards.names) == 1 else shards.homes_of(mark(number))[-1]
                kinds = self.shards.setdefault(keys.slot_shard(name), {})
                if letter not in kinds:
                    kinds[letter] = array("I")
                kinds[letter].append(number)

    def item(self, key: Key) -> Sized | None:
        """See `Ground`: persons, their couples' days and the targets of those who have not been here for long."""
        if key.sk.startswith(keys.DAY_PREFIX):
            return self._day(key)
        item: Item | None = None
        if key.sk == "PERSON":
            item = self._person(number_of(key.pk.partition("#")[2]))
        elif key.sk == "TARGET" and (uid := self.dormant.get(key.pk)):
            item = {**key._asdict(), "uid": uid}
        elif (found := self._found(key)) is not None:
            row = self._row(key.pk, key.sk[0], self.shards[key.pk][key.sk[0]][found])
            return Sized(row.item, row.size)
        return Sized(item, size_of(item)) if item else None

    def _person(self, number: int) -> Item:
        person = self.population.person(number)
        write, *_ = People(cast("Table", MemoryTable(Bill()))).saves(person.created_at, (None, person))
        return {**write.key._asdict(), **write.item}

    def rows(self, pk: str, between: tuple[str, str], after: str, limit: int | None) -> list[Row]:
        """See `Ground`."""
        rows: list[Row] = []
        for letter, numbers in self.shards.get(pk, {}).items():
            if not between[0] <= letter <= between[1] or letter < after[:1]:
                continue  # A range is of whole kinds here, or of the notes, which begin with another sign.
            first = bisect_right(numbers, after[1:], key=self.mark) if letter == after[:1] else 0
            last = len(numbers) if limit is None else first + limit - len(rows)
            rows += [self._row(pk, letter, number) for number in numbers[first:last]]
        return rows

    def forget(self, key: Key) -> None:
        """See `Ground`."""
        found = self._found(key)
        if found is not None:
            del self.shards[key.pk][key.sk[0]][found]

    def _found(self, key: Key) -> int | None:
        """Where the row of this key lies in its shard, if it does."""
        numbers, mark = self.shards.get(key.pk, {}).get(key.sk[0]), key.sk[1:]
        if numbers is None:
            return None
        place = bisect_left(numbers, mark, key=self.mark)
        return place if place < len(numbers) and self.mark(numbers[place]) == mark else None

    def _row(self, pk: str, letter: str, number: int) -> Row:
        population = self.population
        look = population.look[number]
        weekdays = population.weekdays[number] if letter == "t" else 0
        template = self._rows.get((letter, look, weekdays)) or self._template(letter, look, number, weekdays)
        sk = letter + self.marks[_MARK * number : _MARK * (number + 1)].decode("ascii")
        bare, heads = number.to_bytes(6), self._heads[look]
        targets = heads[0] + bare + self.tails[0]
        if len(heads) > 1:
            targets += heads[1] + bare + self.tails[1]
        item = {**template.item, "pk": pk, "sk": sk, "t": targets}
        if letter == "e":
            item["u"], item["c"] = uid_of(number), couple_of(number)
        return Row(sk, template.size + len(pk), item)

    def _template(self, letter: str, look: int, number: int, weekdays: int) -> Sized:
        """A row of this kind and look as the store writes it; its size is without the partition key's value."""
        person = self.population.person(number)
        writes = People(cast("Table", MemoryTable(Bill()))).saves(self.population.start, (None, person))
        (item,) = (
            {**write.key._asdict(), **write.item}
            for write in writes
            if write.key.pk.startswith("DUE#") and write.key.sk[0] == letter
        )
        months = self.population.looks[look].months
        self._heads[look] = tuple(_packed(device, month)[: _NUMBER.start] for device, month in enumerate(months))
        template = Sized(item, size_of(item) - len(item["pk"]))
        self._rows[letter, look, weekdays] = template
        return template

    def _day(self, key: Key) -> Sized | None:
        one = 2 * int(key.pk[_COUPLE])
        other = one + 1
        iso = key.sk.removeprefix(keys.DAY_PREFIX)
        date = dt.date.fromisoformat(iso)
        population = self.population
        answered = population.answered(one, date), population.answered(other, date)
        if not any(answered) and not population.opened(one, date):
            return None
        template = self.days[answered]
        zones = frozenset({population.zones[population.zone[one]], population.zones[population.zone[other]]})
        if moved := self.moves.get(CoupleId(key.pk.partition("#")[2])):
            zones |= moved
        window = self._window(iso, zones)
        uids = uid_of(one), uid_of(other)
        answers = template.item["answers"].values()
        names = (uid for uid, has in zip(uids, answered, strict=True) if has)
        return Sized(
            {
                **template.item,
                "pk": key.pk,
                "sk": key.sk,
                "persons": list(uids),
                **window.item,
                "answers": dict(zip(names, answers, strict=True)),
            },
            template.size + window.size,
        )

    def _window(self, iso: str, zones: frozenset[Zone]) -> Sized:
        """A day's window as its item has it; numbers are billed by their digits."""
        known = self._windows.get((iso, zones))
        if known is None:
            window = day_window(dt.date.fromisoformat(iso), zones)
            item = {"opens_at": to_millis(window.opens_at), "closes_at": to_millis(window.closes_at)}
            known = self._windows[iso, zones] = Sized(item, size_of(item))
        return known


def _at(person: Person, slot: Slot) -> Person:
    """The person, if they had their prompt at this slot and nothing else."""
    return replace(
        person,
        profile=replace(person.profile, zone=slot.zone),
        reminders=replace(person.reminders, prompt=slot.time, evening=None, touch=None),
    )


def _packed(device: int, month: dt.date) -> bytes:
    return packed([Registered(Target(TargetKind.TOKEN, token_of(0, device)), month)])


def _long_ago(population: Population) -> Iterator[tuple[str, Uid]]:
    """Owners, by their targets' keys, of devices that have been silent for so long that delivery asks after them."""
    oldest = population.start.date() - STALE_AFTER + dt.timedelta(days=5)
    asked = [any(month <= oldest for month in look.months) for look in population.looks]
    for number, look in enumerate(population.look):
        if asked[look]:
            for device in range(population.devices(number)):
                target = Target(TargetKind.TOKEN, token_of(number, device))
                yield keys.target(target).pk, uid_of(number)


def _day_templates() -> dict[tuple[bool, ...], Sized]:
    """A day as the store writes it, by which of the two have answered; its size is without its window."""
    table = MemoryTable(Bill())
    stored = cast("Table", table)
    date, persons = dt.date(2026, 3, 2), (uid_of(0), uid_of(1))
    window = day_window(date, [Zone("UTC")])
    profile = Profile("Someone", Zone("UTC"), Language("en"))
    days, templates = Days(stored), {}
    for number, answered in enumerate(product((False, True), repeat=len(persons))):
        couple = Couple(
            id=couple_of(2 * number),
            created_at=window.opens_at,
            first_date=date,
            counted_from=date,
            profiles=dict.fromkeys(persons, profile),
        )
        table.write(Couples(stored).creation(couple))
        prompt = PromptRef(PackId("starter"), 1, PromptId("openness-01"))
        day = days.open_day(couple, Day(couple.id, date, prompt, PromptKind.QUESTION, window), Theme.OPENNESS)
        for index in (index for index, has in enumerate(answered) if has):
            answer = Answer(at=window.opens_at, revision=1, sealed=bytes(ANSWER_BYTES))
            days.record_answer(day, persons[index], persons[1 - index], answer, None)
        item = table.get(keys.day(couple.id, date))
        if item is None:
            raise LookupError(f"no day of {couple.id}")
        bare = {name: value for name, value in item.items() if name not in {"opens_at", "closes_at"}}
        templates[answered] = Sized(item, size_of(bare))
    return templates
