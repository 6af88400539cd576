"""Slots: who is due at a local time, ready to be pushed to.

A slot's rows lie in one or more partitions, its shards. They are read by the thousand and billed by their size, so a
shard has a short name of its own, a row is keyed by its kind's letter and its person's mark, and its attributes have
one letter each:

    t   the targets, packed (`rekindle.store.targets`)
    l   the language; absent where it is English
    q   the quiet hours as `HH:MM-HH:MM`, or `-` for none; absent where they are as everybody has them at first
    a   the date's ordinal after which the row answers for every date, and
    o   that of one date more for which it answers; both absent from most rows (`rekindle.domain.due_dates`)
    w   the weekdays of a touch reminder, one digit each
    n   false for who wants no news in the place of a prompt; absent from all other rows
    u c the person and the couple of an evening reminder, to see whether they have answered

All but a shard's first few rows are read without asking for the latest state, which costs half. So each write that
changes a row leaves a note beside it, and whoever reads rows reads the notes of the last minutes as well, and those
rows once more, as they are.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.due_dates import EVERY_DATE, DueDates, due_dates_of
from rekindle.domain.models import CoupleId, Language, PushKind, QuietHours, Reminders, Uid, Zone
from rekindle.domain.reminders import Slot
from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.days import day_from
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.table import Write, every_item
from rekindle.store.targets import Registered, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rekindle.domain.models import Day, Person
    from rekindle.store.table import Item, Table

type Change = tuple[Person | None, Person]
"""A person as read, or None for a new one, and as they shall be."""

type RowPlace = tuple[Slot, PushKind]
"""Where a person's row is: one for each kind, and for a while one more at a place that they have left."""

UNSETTLED: Final = dt.timedelta(minutes=5)
"""For how long a changed row may be read as it was before; DynamoDB needs about a second."""

NOTES_KEPT: Final = dt.timedelta(hours=1)

FEW_ROWS: Final = 26
"""What one read unit holds of rows as they are: of a shard with no more the notes would cost more than they save."""

MOVED_AT_ONCE: Final = 50
"""Rows of one transaction, which takes a hundred writes."""

_EVERYBODYS: Final = Reminders().quiet_hours
_ENGLISH: Final = Language("en")
_NO_QUIET_HOURS: Final = "-"
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class SlotRow:
    """What a reminder to one person takes, and nothing else of them; `person` is their mark.

    `weekdays` is None but for a touch reminder, `answers` but for an evening one: whose answer to whose day it awaits.
    `news` says whether a prompt's push may bring news in its place.
    """

    kind: PushKind
    person: str
    language: Language
    devices: tuple[Registered, ...]
    quiet_hours: QuietHours | None
    due_dates: DueDates = EVERY_DATE
    weekdays: frozenset[int] | None = None
    answers: tuple[Uid, CoupleId] | None = None
    news: bool = True

    def is_due(self, date: dt.date) -> bool:
        """Whether the row makes its person due on the date."""
        return date in self.due_dates and (self.weekdays is None or date.weekday() in self.weekdays)


@dataclass(frozen=True, slots=True)
class SlotPage:
    """Rows of one shard, and the sort key to go on after; None at the end."""

    rows: list[SlotRow]
    last: str | None


@dataclass(frozen=True, slots=True)
class Shards:
    """The names of a slot's shards; while it is spread over more, `spreading_to` are those that take their place.

    Then each row is in a shard of either kind, and a write puts it into one of the new, of which `named_at` says since
    when there are any.
    """

    names: tuple[str, ...]
    spreading_to: tuple[str, ...] = ()
    named_at: dt.datetime | None = None

    @property
    def all(self) -> tuple[str, ...]:
        """Every shard that may hold rows."""
        return self.names + self.spreading_to

    def homes_of(self, person: str) -> tuple[str, ...]:
        """The shards that may hold a person's row; it is written to the last of them, the same in every process."""
        return tuple(
            names[zlib.crc32(person.encode()) % len(names)] for names in (self.names, self.spreading_to) if names
        )


def rows_of(person: Person) -> dict[RowPlace, SlotRow]:
    """The rows a person has: none unless they are in a couple and have a device that can be pushed to."""
    due_dates = due_dates_of(person)
    if not due_dates or person.couple is None:
        return {}
    months = {device.target: device.registered_at.date().replace(day=1) for device in person.devices.values()}
    row = SlotRow(
        kind=PushKind.PROMPT,
        person=keys.mark_of(person.uid),
        language=person.profile.language,
        devices=tuple(Registered(target, months[target]) for target in sorted(months)),
        quiet_hours=person.reminders.quiet_hours,
    )
    touch = person.reminders.touch
    kinds = {
        PushKind.PROMPT: replace(row, news=person.reminders.news),
        PushKind.EVENING: replace(row, kind=PushKind.EVENING, answers=(person.uid, person.couple)),
        PushKind.TOUCH: replace(row, kind=PushKind.TOUCH, weekdays=touch.weekdays if touch else frozenset()),
    }
    return {(slot, kind): replace(kinds[kind], due_dates=due_dates) for (slot, kind), due_dates in due_dates.items()}


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of the table. A slot that has come to exist never vanishes, though its last row may."""

    table: Table
    few_rows: int = FEW_ROWS

    def known(self) -> frozenset[Slot]:
        """The slots that exist; one that has just been listed may be about to."""
        return frozenset(
            Slot(Zone(item["sk"]), dt.time.fromisoformat(time))
            for item in every_item(self.table, keys.ZONES)
            for time in item["times"]
        )

    def existing(self, slots: Iterable[Slot]) -> dict[Slot, Shards]:
        """Those of `slots` that exist, with their shards."""
        named = {keys.shards(slot): slot for slot in slots}
        items = self.table.get_many(named, consistent=True)
        return {named[keys.Key(item["pk"], item["sk"])]: _shards_from(item) for item in items}

    def moves(self, instant: dt.datetime, *changes: Change) -> list[Write]:
        """The writes that turn each person's rows from what they were to what they shall be; often none.

        Slots that nobody had before are made here and now, ahead of the transaction that puts rows there: kept out of
        it, because thousands of persons share a slot, and all of them a zone's entry.
        """
        gone: list[tuple[RowPlace, str]] = []
        put: list[tuple[RowPlace, SlotRow]] = []
        for before, after in changes:
            old, new = rows_of(before) if before else {}, rows_of(after)
            gone += [(place, row.person) for place, row in sorted(old.items()) if place not in new]
            put += [(place, row) for place, row in new.items() if old.get(place) != row]
        shards = self._shards_of({slot for (slot, _), _ in put}, {slot for (slot, _), _ in gone})
        writes = []
        for (slot, kind), row in put:
            *left, home = shards[slot].homes_of(row.person)
            writes.append(Write("Put", keys.slot_row(home, kind, row.person), item=_item_from(row)))
            writes += [Write("Delete", keys.slot_row(name, kind, row.person)) for name in left]
        for (slot, kind), person in gone:
            writes += [Write("Delete", keys.slot_row(name, kind, person)) for name in shards[slot].homes_of(person)]
        return writes + [_note_of(write.key, instant) for write in writes]

    def _shards_of(self, wanted: set[Slot], left: set[Slot]) -> dict[Slot, Shards]:
        """The shards of these slots; what is wanted and not there is made."""
        shards = self.existing(wanted | left)
        missing = wanted - shards.keys()
        for slot in sorted(missing):
            self._make(slot)
        return shards | (self.existing(missing) if missing else {})

    def _make(self, slot: Slot) -> None:
        # Listed before it is made: a slot that exists says that it is listed, also after a crash right here.
        listed = {":times": {f"{slot.time:%H:%M}"}}
        self.table.write(Write("Update", keys.zone(slot.zone), update="ADD times :times", values=listed))
        item = {"names": self._new_names(1)}
        try:
            self.table.write(Write("Put", keys.shards(slot), item=item, condition="attribute_not_exists(pk)"))
        except WriteConflictError:
            return  # Someone else has just made it; a name is lost, and names are plenty.

    def _new_names(self, count: int) -> list[str]:
        """Names that no shard has had."""
        counted = self.table.write(
            Write("Update", keys.SHARD_NAMES, update="ADD given :count", values={":count": count})
        )
        return [_numeral(number) for number in range(counted["given"] - count, counted["given"])]

    def name_more(self, slot: Slot, shards: Shards, instant: dt.datetime) -> None:
        """Name twice as many shards beside those that the slot has, unless somebody just has."""
        names = self._new_names(2 * len(shards.names))
        more = Write(
            "Update",
            keys.shards(slot),
            update="SET spreading_to = :names, named_at = :instant",
            condition="#names = :read AND attribute_not_exists(spreading_to)",
            names={"#names": "names"},
            values={":names": names, ":read": list(shards.names), ":instant": to_millis(instant)},
        )
        with contextlib.suppress(WriteConflictError):
            self.table.write(more)

    def move_rows(self, shards: Shards, name: str) -> bool:
        """Move some rows of an old shard to the new ones; False when there are none left.

        Nobody writes a row into an old shard any more, so each is as it was read, or gone.
        """
        page = self.table.query(keys.slot_shard(name), between=keys.SLOT_ROWS, limit=MOVED_AT_ONCE)
        writes = []
        for item in page.items:
            old = keys.Key(item.pop("pk"), item.pop("sk"))
            row = _row_from({"sk": old.sk, **item})
            home = shards.homes_of(row.person)[-1]
            writes.append(Write("Put", keys.slot_row(home, row.kind, row.person), item=item))
            writes.append(Write("Delete", old, condition="attribute_exists(pk)"))
        if writes:
            with contextlib.suppress(WriteConflictError):
                self.table.transact(writes)
        return bool(writes)

    def forget_old(self, slot: Slot, shards: Shards) -> None:
        """Let the new shards take the place of the old, which are empty."""
        only_new = Write(
            "Update",
            keys.shards(slot),
            update="SET #names = :names REMOVE spreading_to, named_at",
            condition="spreading_to = :names",
            names={"#names": "names"},
            values={":names": list(shards.spreading_to)},
        )
        with contextlib.suppress(WriteConflictError):
            self.table.write(only_new)

    def page(self, shard: str, after: str | None, limit: int, at: dt.datetime) -> SlotPage:
        """About `limit` rows of a shard as last acknowledged at `at`: nobody who has unpaired by then is among them."""
        pk, begin = keys.slot_shard(shard), after
        items: list[Item] = []
        if after is None:
            few = self.table.query(pk, between=keys.SLOT_ROWS, limit=self.few_rows)
            if few.last is None:
                return SlotPage(list(map(_row_from, few.items)), None)
            items, begin = few.items, few.last
        page = self.table.query(pk, between=keys.SLOT_ROWS, after=begin, limit=limit, consistent=False)
        changed = {
            sk
            for sk in self._changed(pk, at - UNSETTLED)
            if (after is None or sk > after) and (page.last is None or sk <= page.last)
        }
        unchanged = (item for item in items + page.items if item["sk"] not in changed)
        as_they_are = self.table.get_many((keys.Key(pk, sk) for sk in sorted(changed)), consistent=True)
        return SlotPage([_row_from(item) for item in (*unchanged, *as_they_are)], page.last)

    def _changed(self, pk: str, since: dt.datetime) -> Iterator[str]:
        """The sort keys of the rows that have changed since then."""
        return (
            note["sk"].partition("#")[2]
            for note in every_item(self.table, pk, between=keys.changed_rows(to_millis(since)))
        )

    def days(self, couples: Iterable[CoupleId], date: dt.date) -> dict[CoupleId, Day]:
        """The days of this date that the couples have opened already; may be a second old."""
        items = self.table.get_many(keys.day(couple, date) for couple in couples)
        return {day.couple: day for day in map(day_from, items)}

    def watermark(self) -> dt.datetime | None:
        """Until when slots have been enqueued; None before the first tick."""
        item = self.table.get(keys.WATERMARK)
        return from_millis(item["until_at"]) if item else None

    def advance_watermark(self, until: dt.datetime) -> None:
        """Note that every slot until then is enqueued; a tick that was overtaken by a later one changes nothing."""
        try:
            self.table.write(
                Write(
                    "Put",
                    keys.WATERMARK,
                    item={"until_at": to_millis(until)},
                    # Enough under concurrency too: whoever gets here has enqueued all since a mark at or before this.
                    condition="attribute_not_exists(pk) OR until_at < :until",
                    values={":until": to_millis(until)},
                )
            )
        except WriteConflictError:
            return


def _shards_from(item: Mapping[str, Any]) -> Shards:
    named_at = from_millis(item["named_at"]) if "named_at" in item else None
    return Shards(tuple(item["names"]), tuple(item.get("spreading_to", ())), named_at)


def _note_of(row: keys.Key, instant: dt.datetime) -> Write:
    return Write("Put", keys.changed_row(row, to_millis(instant)), item={"ttl": to_ttl(instant + NOTES_KEPT)})


def _item_from(row: SlotRow) -> Item:
    item: Item = {"t": packed(row.devices)}
    if row.language != _ENGLISH:
        item["l"] = row.language
    if row.quiet_hours != _EVERYBODYS:
        quiet = row.quiet_hours
        item["q"] = f"{quiet.start:%H:%M}-{quiet.end:%H:%M}" if quiet else _NO_QUIET_HOURS
    if row.due_dates.after != dt.date.min:
        item["a"] = row.due_dates.after.toordinal()
    if row.due_dates.due_earlier:
        item["o"] = row.due_dates.due_earlier.toordinal()
    if row.weekdays is not None:
        item["w"] = "".join(map(str, sorted(row.weekdays)))
    if row.answers:
        item["u"], item["c"] = row.answers
    if not row.news:
        item["n"] = False
    return item


def _row_from(item: Mapping[str, Any]) -> SlotRow:
    return SlotRow(
        kind=keys.ROW_KINDS[item["sk"][0]],
        person=item["sk"][1:],
        language=Language(item["l"]) if "l" in item else _ENGLISH,
        devices=unpacked(item["t"]),
        quiet_hours=_quiet_hours_from(item["q"]) if "q" in item else _EVERYBODYS,
        due_dates=DueDates(
            after=dt.date.fromordinal(item["a"]) if "a" in item else dt.date.min,
            due_earlier=dt.date.fromordinal(item["o"]) if "o" in item else None,
        ),
        weekdays=frozenset(map(int, item["w"])) if "w" in item else None,
        answers=(Uid(item["u"]), CoupleId(item["c"])) if "u" in item else None,
        news=item.get("n", True),
    )


def _quiet_hours_from(text: str) -> QuietHours | None:
    return None if text == _NO_QUIET_HOURS else QuietHours(*map(dt.time.fromisoformat, text.split("-")))


def _numeral(number: int) -> str:
    """The number in base 36: as short as a name that DynamoDB's console can show."""
    digits = ""
    while True:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
        if not number:
            return digits
