"""Make the rows that the population has at the simulation's beginning, as the store writes them.

All rows together need too much memory. So each row is made whenever it is read. The store makes one template for each
kind of row and each combination of traits and weekdays. A person's row differs from its template only in its key, the
numbers in the targets, the touch seed, the uid and the couple.
"""

from __future__ import annotations

import datetime as dt
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, cast

from bench.days import SEED, stored_day
from bench.population import NEVER, STEPS, couple_of, number_of, time_of, token_of, uid_of
from rekindle.domain.calendar import day_window
from rekindle.domain.couples import Couple
from rekindle.domain.ids import CoupleId, Uid, Zone
from rekindle.domain.persons import Target, TargetKind
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.couples import couple_row
from rekindle.store.devices import STALE_AFTER
from rekindle.store.instants import to_millis
from rekindle.store.people import person_writes
from rekindle.store.shards import Resharding, read_shards
from rekindle.store.slots import slot_row_writes
from rekindle.store.targets import Registered, packed
from testing.memory_table import Bill, MemoryTable, Row, Sized, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.population import Population
    from rekindle.domain.persons import Person
    from rekindle.domain.pushes import PushKind
    from rekindle.store.keys import Key
    from rekindle.store.shards import Shards
    from rekindle.store.table import Item, Table

KINDS: Final[Mapping[str, PushKind]] = dict(sorted(keys.ROW_KINDS.items()))
"""Maps letters to kinds of reminders, in the order of the sort keys. A row's sort key begins with its kind's letter."""
LETTERS: Final = {kind: letter for letter, kind in KINDS.items()}

FULL: Final = 0.95
"""A slot's shards have, on average, at most this part of `shard_rows`. Single shards may have more rows."""
GROWN: Final = 1.1
"""A slot with more than this many times `shard_rows` needs a second shard, even after some of its persons have left."""

_PSEUDONYM: Final = 12
_NUMBER: Final = slice(3, 9)
"""Where the bytes of a packed token contain the person's number."""


@dataclass(slots=True)
class InitialRows:
    """The population's rows, targets and days.

    `shards` has the numbers of the persons in each shard, by the shard's partition key and the letter of the rows.
    """

    population: Population
    pseudonyms: bytes
    shards: dict[str, dict[str, array[int]]]
    dormant: Mapping[str, Uid]
    """Maps the partition key of each dormant target to the target's owner; see `_dormant_targets`."""
    tails: Sequence[bytes]
    """The last bytes of a packed token, for a first and for a second device. All persons have the same bytes there."""
    days: Mapping[tuple[bool, ...], Sized]
    """A day for each combination of answers. Its size does not include the window."""
    moves: defaultdict[CoupleId, set[Zone]] = field(default_factory=lambda: defaultdict(set))
    """For each couple, the zones to which its persons have moved. The windows of its days cover these zones, too."""
    _rows: dict[tuple[str, int, int], Sized] = field(default_factory=dict)
    _heads: dict[int, tuple[bytes, ...]] = field(default_factory=dict)
    _windows: dict[tuple[str, frozenset[Zone]], Sized] = field(default_factory=dict)

    @classmethod
    def of(cls, population: Population) -> InitialRows:
        """Return the rows of a population. `fill_slots` then puts the rows into slots."""
        pseudonyms = b"".join(keys.pseudonym_of(uid_of(number)).encode("ascii") for number in range(len(population)))
        tails = [_packed(device, population.start.date())[_NUMBER.stop :] for device in (0, 1)]
        return cls(population, pseudonyms, {}, dict(_dormant_targets(population)), tails, _days(population))

    def pseudonym(self, number: int) -> str:
        """Return a person's pseudonym."""
        return self.pseudonyms[_PSEUDONYM * number : _PSEUDONYM * (number + 1)].decode("ascii")

    def fill_slots(self, table: MemoryTable, shard_rows: int) -> int:
        """Create all slots with enough shards, and put the rows into them. Return the number of slots.

        The smallest slot with more than GROWN times `shard_rows` gets only one shard. So delivery has a slot to
        reshard.
        """
        places = (self._place(kind, number) for kind in KINDS.values() for number in range(len(self.population)))
        sizes = Counter(place for place in places if place is not None)
        outgrown = [place for place, rows in sizes.items() if rows > shard_rows * GROWN]
        left = min(outgrown, key=lambda place: sizes[place], default=None)
        resharding, anybody = Resharding(cast("Table", table)), self.population.person(0)
        shards_of: dict[int, Shards] = {}
        for place, rows in sorted(sizes.items()):
            zone, step = divmod(place, STEPS)
            slot = Slot(self.population.zones[zone], time_of(step))
            slot_row_writes(resharding.table, self.population.start, (None, _at(anybody, slot)))
            shards = read_shards(resharding.table, [slot])[slot]
            while rows > shard_rows * FULL * len(shards.names) and place != left:
                resharding.name_more(slot, shards, self.population.start)
                resharding.forget_old(slot, read_shards(resharding.table, [slot])[slot])
                shards = read_shards(resharding.table, [slot])[slot]
            shards_of[place] = shards
        self._fill(shards_of)
        return len(sizes)

    def _place(self, kind: PushKind, number: int) -> int | None:
        """Return the slot of a person's reminder as one number. Return None if the reminder is turned off."""
        step = self.population.steps(kind)[number]
        return None if step == NEVER else self.population.zone[number] * STEPS + step

    def _fill(self, shards_of: Mapping[int, Shards]) -> None:
        """Add each person to the shards of their slots. The persons of a shard are ordered by pseudonym."""
        order = sorted(range(len(self.population)), key=self.pseudonym)
        for letter, kind in KINDS.items():
            for number in order:
                if (place := self._place(kind, number)) is None:
                    continue
                shards = shards_of[place]
                name = shards.names[0] if len(shards.names) == 1 else shards.shards_of(self.pseudonym(number))[-1]
                self.shards.setdefault(keys.slot_shard(name), {}).setdefault(letter, array("I")).append(number)

    def item(self, key: Key) -> Sized | None:
        """Return the item with this key, or None.

        The item is a person, a couple, a couple's day, a slot's row, or the owner of a dormant target.
        """
        item: Item | None = None
        if key.sk.startswith(keys.DAY_PREFIX):
            return self._day(key)
        if key.sk == "PERSON":
            writes = _stored(self.population.person(number_of(key.pk.partition("#")[2])))
            item = next(writes)
        elif key.sk == keys.COUPLE:
            item = self._couple(key)
        elif key.sk == "TARGET" and (uid := self.dormant.get(key.pk)):
            item = {**key._asdict(), "uid": uid}
        elif (found := self._found(key)) is not None:
            row = self._row(key.pk, key.sk[0], self.shards[key.pk][key.sk[0]][found])
            return Sized(row.item, row.size)
        return Sized(item, size_of(item)) if item else None

    def _couple(self, key: Key) -> Item:
        number = 2 * number_of(key.pk.removeprefix(keys.COUPLE_PREFIX))
        persons = [self.population.person(each) for each in (number, number + 1)]
        start, profiles = self.population.start, {person.uid: person.profile for person in persons}
        couple = Couple(couple_of(number), start, start.date(), start.date(), profiles, SEED)
        return {**key._asdict(), **couple_row(couple).item}

    def rows(self, pk: str, between: tuple[str, str], after: str, limit: int | None) -> list[Row]:
        """Return the rows of a shard, ordered by sort key."""
        rows: list[Row] = []
        for letter, numbers in self.shards.get(pk, {}).items():
            if not between[0] <= letter <= between[1] or letter < after[:1]:
                continue  # `between` covers whole kinds, or notes, whose sort keys begin with another character
            first = bisect_right(numbers, after[1:], key=self.pseudonym) if letter == after[:1] else 0
            last = len(numbers) if limit is None else first + limit - len(rows)
            rows += [self._row(pk, letter, number) for number in numbers[first:last]]
        return rows

    def forget(self, key: Key) -> None:
        """Remove a row that was written to. The table itself holds the row from now on."""
        found = self._found(key)
        if found is not None:
            del self.shards[key.pk][key.sk[0]][found]

    def _found(self, key: Key) -> int | None:
        """Return the row's index among the rows of its shard and kind. Return None if there is no such row."""
        numbers, pseudonym = self.shards.get(key.pk, {}).get(key.sk[0]), key.sk[1:]
        if numbers is None:
            return None
        index = bisect_left(numbers, pseudonym, key=self.pseudonym)
        return index if index < len(numbers) and self.pseudonym(numbers[index]) == pseudonym else None

    def _row(self, pk: str, letter: str, number: int) -> Row:
        population = self.population
        traits = population.traits[number]
        weekdays = population.weekdays[number] if letter == "t" else 0
        template = self._rows.get((letter, traits, weekdays)) or self._template(letter, traits, number, weekdays)
        number_bytes, heads = number.to_bytes(6), self._heads[traits]
        targets = b"".join(head + number_bytes + tail for head, tail in zip(heads, self.tails, strict=False))
        sk = letter + self.pseudonym(number)
        item = {**template.item, "pk": pk, "sk": sk, "t": targets}
        if letter == "e":
            item["u"], item["c"] = uid_of(number), couple_of(number)
        if letter == "t":
            item["s"] = population.touch_dates(number).seed
        return Row(sk, template.size + len(pk), item)

    def _template(self, letter: str, traits: int, number: int, weekdays: int) -> Sized:
        """Let the store write a template. The template's size does not include the value of the partition key."""
        stored = _stored(self.population.person(number))
        (item,) = (each for each in stored if each["pk"].startswith("DUE#") and each["sk"][0] == letter)
        months = self.population.all_traits[traits].months
        self._heads[traits] = tuple(_packed(device, month)[: _NUMBER.start] for device, month in enumerate(months))
        template = Sized(item, size_of(item) - len(item["pk"]))
        self._rows[letter, traits, weekdays] = template
        return template

    def _day(self, key: Key) -> Sized | None:
        population, couple = self.population, CoupleId(key.pk.partition("#")[2])
        one = 2 * number_of(couple)
        iso = key.sk.removeprefix(keys.DAY_PREFIX)
        date = dt.date.fromisoformat(iso)
        answered = population.answered(one, date), population.answered(one + 1, date)
        if not any(answered) and not population.opened(one, date):
            return None
        template = self.days[answered]
        zones = {population.zones[population.zone[number]] for number in (one, one + 1)}
        window = self._window(iso, frozenset(zones | self.moves.get(couple, set())))
        uids = [uid_of(one), uid_of(one + 1)]
        names = (uid for uid, has in zip(uids, answered, strict=True) if has)
        answers = dict(zip(names, template.item["answers"].values(), strict=True))
        item = {**template.item, **key._asdict(), "persons": uids, **window.item, "answers": answers}
        return Sized(item, template.size + window.size)

    def _window(self, iso: str, zones: frozenset[Zone]) -> Sized:
        """Return the window in a day's item, with the size of the window. It depends on the digits of the instants."""
        known = self._windows.get((iso, zones))
        if known is None:
            window = day_window(dt.date.fromisoformat(iso), zones)
            item = {"opens_at": to_millis(window.opens_at), "closes_at": to_millis(window.closes_at)}
            known = self._windows[iso, zones] = Sized(item, size_of(item))
        return known


def _stored(person: Person) -> Iterator[Item]:
    """Yield the items that the store writes for a new person. The first item is the person."""
    writes = person_writes(cast("Table", MemoryTable(Bill())), person.created_at, (None, person))
    return ({**write.key._asdict(), **write.item} for write in writes)


def _at(person: Person, slot: Slot) -> Person:
    """Return a copy of the person. Its only reminder is a prompt reminder in this slot."""
    return replace(
        person,
        profile=replace(person.profile, zone=slot.zone),
        reminders=replace(person.reminders, prompt=slot.time, evening=None, touch=None),
    )


def _packed(device: int, month: dt.date) -> bytes:
    return packed([Registered(Target(TargetKind.TOKEN, token_of(0, device)), month)])


def _dormant_targets(population: Population) -> Iterator[tuple[str, Uid]]:
    """Yield the partition key and the owner of each dormant target. Delivery may look up this owner.

    A target is dormant if an app of its owner was last opened at least about STALE_AFTER ago.
    """
    oldest = population.start.date() - STALE_AFTER + dt.timedelta(days=5)
    dormant = [any(month <= oldest for month in traits.months) for traits in population.all_traits]
    for number, traits in enumerate(population.traits):
        if dormant[traits]:
            for device in range(population.devices(number)):
                target = Target(TargetKind.TOKEN, token_of(number, device))
                yield keys.target(target).pk, uid_of(number)


def _days(population: Population) -> dict[tuple[bool, ...], Sized]:
    """Map each combination of answers to a day. The day's size does not include its window."""
    persons, date = (population.person(0), population.person(1)), population.start.date()
    noon = population.start + dt.timedelta(hours=12)  # the date is open in every zone
    days: dict[tuple[bool, ...], Sized] = {}
    for answered in ((False, False), (False, True), (True, False), (True, True)):
        uids = {person.uid for person, has in zip(persons, answered, strict=True) if has}
        item = stored_day(couple_of(0), persons, date, noon, uids)
        days[answered] = Sized(item, size_of({name: item[name] for name in item.keys() - {"opens_at", "closes_at"}}))
    return days
