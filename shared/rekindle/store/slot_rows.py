"""Convert slot rows to items of the table, and back. A slot row has the facts about a person that one reminder needs.

A run reads thousands of rows, and DynamoDB bills rows by their size. So rows must be small. A row's sort key is one
letter for the reminder's kind and then the person's pseudonym. The name of each attribute has one letter:

    t   the targets and the months of their registration, packed (`rekindle.store.targets`)
    l   the language; absent for English
    q   the quiet hours as `HH:MM-HH:MM`, or `-` for none; absent for the default quiet hours
    a   the ordinal of a date: the row is due on all dates after this date; usually absent
    o   the ordinal of one more date on which the row is due (`rekindle.domain.due_dates`); usually absent
    w   the weekdays of a touch reminder, one digit each (Monday is 0); absent for the other kinds
    b   the ordinals of the dates on which the couple's touch begins and ends in turn; only for a touch reminder
    s   the couple's touch seed, for breaks; only for a touch reminder. Version 0.1.0 stored neither `b` nor `s`.
    n   false if the person wants no news; otherwise absent
    u c the uid and the couple of an evening reminder's person, to look up whether they have answered
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.due_dates import EVERY_DATE, DueDates, due_dates_of
from rekindle.domain.ids import CoupleId, Language, Uid
from rekindle.domain.persons import QuietHours, Reminders
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.domain.touch_dates import TouchDates
from rekindle.store import keys
from rekindle.store.targets import Registered, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.persons import Person
    from rekindle.store.table import Item

type SlotAndKind = tuple[Slot, PushKind]
"""The slot and the kind, which identify one row of a person.

A person has one row for each kind of reminder that they get. After they move a reminder to a new slot, the row in
the old slot may also stay for a while.
"""

_DEFAULT_QUIET_HOURS: Final = Reminders().quiet_hours
_ENGLISH: Final = Language("en")
_NO_QUIET_HOURS: Final = "-"


@dataclass(frozen=True, slots=True)
class SlotRow:
    """One person's reminder of one kind. `person` is the person's pseudonym.

    Only a row of the kind TOUCH has `weekdays` and `touch_dates`. Only a row of the kind EVENING has `uid_and_couple`:
    with these ids, the run looks up whether the person has answered. `news` says whether news may replace the push of
    the prompt.
    """

    kind: PushKind
    person: str
    language: Language
    devices: tuple[Registered, ...]
    quiet_hours: QuietHours | None
    due_dates: DueDates = EVERY_DATE
    weekdays: frozenset[int] | None = None
    touch_dates: TouchDates | None = None
    uid_and_couple: tuple[Uid, CoupleId] | None = None
    news: bool = True

    def is_due(self, date: dt.date) -> bool:
        """Return whether the reminder comes due on the date."""
        is_on_weekday = self.weekdays is None or date.weekday() in self.weekdays
        return is_on_weekday and date in self.due_dates and (self.touch_dates is None or date in self.touch_dates)


def rows_of(person: Person) -> dict[SlotAndKind, SlotRow]:
    """Return the person's rows, by slot and kind. A person without a couple or without a device has no rows."""
    due_dates = due_dates_of(person)
    if not due_dates or person.couple is None:
        return {}
    months = {device.target: device.registered_at.date().replace(day=1) for device in person.devices.values()}
    row = SlotRow(
        kind=PushKind.PROMPT,
        person=keys.pseudonym_of(person.uid),
        language=person.profile.language,
        devices=tuple(Registered(target, months[target]) for target in sorted(months)),
        quiet_hours=person.reminders.quiet_hours,
    )
    touch = person.reminders.touch
    weekdays = touch.weekdays if touch else frozenset()
    kinds = {
        PushKind.PROMPT: replace(row, news=person.reminders.news),
        PushKind.EVENING: replace(row, kind=PushKind.EVENING, uid_and_couple=(person.uid, person.couple)),
        PushKind.TOUCH: replace(row, kind=PushKind.TOUCH, weekdays=weekdays, touch_dates=person.touch_dates),
    }
    return {(slot, kind): replace(kinds[kind], due_dates=due_dates) for (slot, kind), due_dates in due_dates.items()}


def row_item(row: SlotRow) -> Item:
    """Return the row's item without its key."""
    item: Item = {"t": packed(row.devices)}
    if row.language != _ENGLISH:
        item["l"] = row.language
    if row.quiet_hours != _DEFAULT_QUIET_HOURS:
        quiet = row.quiet_hours
        item["q"] = f"{quiet.start:%H:%M}-{quiet.end:%H:%M}" if quiet else _NO_QUIET_HOURS
    if row.due_dates.after != dt.date.min:
        item["a"] = row.due_dates.after.toordinal()
    if row.due_dates.also_on:
        item["o"] = row.due_dates.also_on.toordinal()
    if row.weekdays is not None:
        item["w"] = "".join(map(str, sorted(row.weekdays)))
    if row.touch_dates:
        item["b"] = [turn.toordinal() for turn in row.touch_dates.turns]
        if row.touch_dates.seed:
            item["s"] = row.touch_dates.seed
    if row.uid_and_couple:
        item["u"], item["c"] = row.uid_and_couple
    if not row.news:
        item["n"] = False
    return item


def row_from(item: Mapping[str, Any]) -> SlotRow:
    """Read a row from its item."""
    return SlotRow(
        kind=keys.ROW_KINDS[item["sk"][0]],
        person=item["sk"][1:],
        language=Language(item["l"]) if "l" in item else _ENGLISH,
        devices=unpacked(item["t"]),
        quiet_hours=_quiet_hours_from(item["q"]) if "q" in item else _DEFAULT_QUIET_HOURS,
        due_dates=DueDates(
            after=dt.date.fromordinal(item["a"]) if "a" in item else dt.date.min,
            also_on=dt.date.fromordinal(item["o"]) if "o" in item else None,
        ),
        weekdays=frozenset(map(int, item["w"])) if "w" in item else None,
        touch_dates=TouchDates(tuple(map(dt.date.fromordinal, item["b"])), item.get("s")) if "b" in item else None,
        uid_and_couple=(Uid(item["u"]), CoupleId(item["c"])) if "u" in item else None,
        news=item.get("n", True),
    )


def _quiet_hours_from(text: str) -> QuietHours | None:
    return None if text == _NO_QUIET_HOURS else QuietHours(*map(dt.time.fromisoformat, text.split("-")))
