"""Store each day of a couple as one item. A day has the prompt of one date, and both partners' answers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.days import Answer, Day, DayWindow, Reflection, ReflectionKind, Swapped, is_awaited
from rekindle.domain.ids import CoupleId, PackId, PromptId, Uid
from rekindle.domain.open_days import nearby_dates
from rekindle.domain.playlist import forgettable
from rekindle.domain.prompts import PromptKind, PromptRef, Theme
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.store import keys
from rekindle.store.forms import stored
from rekindle.store.instants import from_millis, to_millis
from rekindle.store.members import forget_member
from rekindle.store.table import Write, dated_items, every_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rekindle.domain.couples import Couple
    from rekindle.store.table import Item, Table

_FOR_0_1_0: Final = b"\x01"
"""The first byte of the sealed texts that version 0.1.0 can read.

Answers with such a text need `share_first`, even if it is false. Answers with any other sealed text leave out a false
`share_first`: a journal reads many days, and DynamoDB bills reads by size.
"""


@dataclass(frozen=True, slots=True)
class Days:
    """The days of the table."""

    table: Table

    def day(self, couple: CoupleId, date: dt.date) -> Day | None:
        """Return the couple's day of this date. Return None if nobody has opened the day yet."""
        item = self.table.get(keys.day(couple, date))
        return day_from(item) if item else None

    def between(self, couple: CoupleId, first: dt.date, last: dt.date) -> dict[dt.date, Day]:
        """Return the stored days from `first` to `last`, both included.

        The days must fit into one page of a query (1 MB). Days after the first page are not returned.
        """
        page = self.table.query(keys.couple(couple).pk, between=(keys.day(couple, first).sk, keys.day(couple, last).sk))
        return {day.date: day for day in map(day_from, page.items)}

    def nearby(self, couple: CoupleId, instant: dt.datetime) -> dict[dt.date, Day]:
        """Return the stored days whose dates can be open somewhere on earth at the instant."""
        return self.between(couple, *nearby_dates(instant))

    def awaited(self, persons: Sequence[tuple[Uid, CoupleId]], date: dt.date, instant: dt.datetime) -> frozenset[Uid]:
        """Return the persons who have not answered for the date, but still can.

        A person can answer if the day's window is open at `instant`, or if nobody has opened the day yet. The read is
        eventually consistent. If the day names other persons, the result is as if nobody had opened it. So a person
        whose row names a foreign couple cannot learn from a reminder whether this couple has opened the day.
        """
        items = self.table.get_many(keys.day(couple, date) for _, couple in persons)
        days = {(uid, day.couple): day for item in items for day in [day_from(item)] for uid in item["persons"]}
        return frozenset(uid for uid, couple in persons if is_awaited(days.get((uid, couple)), uid, instant))

    def journal(self, couple: CoupleId, before: dt.date | None, limit: int) -> list[Day]:
        """Return the couple's latest `limit` days, latest first.

        If `before` is a date, return only days before that date.
        """
        items = dated_items(self.table, partial(keys.day, couple), before, limit, descending=True)
        return list(map(day_from, items))

    def onward(self, couple: CoupleId, after: dt.date | None, limit: int) -> list[Day]:
        """Return the couple's first `limit` days, earliest first.

        If `after` is a date, return only days after that date.
        """
        return list(map(day_from, dated_items(self.table, partial(keys.day, couple), after, limit)))

    def seen(self, couple: CoupleId, themes: Iterable[Theme]) -> dict[tuple[PackId, PromptId], dt.date]:
        """Return the seen prompts of these themes, each with its date.

        If the couple got a prompt on several dates, the map has the date that was stored last.
        """
        items = self.table.get_many((keys.seen(couple, theme) for theme in themes), consistent=True)
        sightings = [(name.partition("/"), date) for item in items for name, date in item.items() if "/" in name]
        return {(PackId(pack), PromptId(prompt)): dt.date.fromisoformat(date) for (pack, _, prompt), date in sightings}

    def open_day(self, couple: Couple, day: Day, theme: Theme) -> Day:
        """Open the couple's day: store the day with this theme and the couple's seed, and return the day.

        If the day has been opened already, return the stored day. Raise WriteConflictError if the couple has ended or
        changed since the caller read the couple. After a change, `day` may not fit the couple any more. Example: a
        partner has opened tomorrow's day with the same theme.
        """
        day = replace(day, theme=theme)
        forgotten = sorted(forgettable(couple.themes_met, day.date))
        names = {"#date": str(day.date)} | {f"#old{number}": str(date) for number, date in enumerate(forgotten)}
        removal = " REMOVE " + ", ".join(f"themes_met.#old{number}" for number in range(len(forgotten)))
        # Invariants: both partners get the same day for a date. A couple that has ended opens no day.
        writes = [
            Write.new(keys.day(couple.id, day.date), _item_from(couple, day)),
            Write(
                "Update",
                keys.couple(couple.id),
                update="SET themes_met.#date = :theme, seed = :seed ADD revision :one" + (removal if forgotten else ""),
                condition="revision = :read AND attribute_not_exists(ended_at)",
                names=names,
                values={":theme": theme, ":seed": couple.seed, ":one": 1, ":read": couple.revision},
            ),
            _sighting(day),
        ]
        try:
            self.table.transact(writes)
        except WriteConflictError as conflict:
            if existing := conflict.existing.get(0):
                return day_from(existing)
            raise
        return day

    def swap(self, couple: Couple, before: Day, after: Day, instant: dt.datetime, also: Sequence[Write] = ()) -> None:
        """Swap the day's prompt: store the day `after` in place of the day `before`.

        One transaction swaps the prompt and executes the writes in `also`. Afterwards the couple has seen both prompts.
        Raise WriteConflictError in these cases:

        - The day is not open, or has an answer.
        - The stored day's prompt is not the prompt of `before`, or the day's prompt was swapped already.
        - The couple has ended, or has changed since the caller read it. Example: another date has got the new prompt.
        """
        # Invariant: a day's prompt is swapped at most once, and only while the day is open and has no answer.
        self.table.transact(
            [
                Write(
                    "Update",
                    keys.day(before.couple, before.date),
                    update="SET prompt = :new, kind = :kind, theme = :theme, again = :again, swapped = :swapped"
                    + (", early = :early" if after.early else " REMOVE early"),
                    condition="prompt = :old AND answers = :none AND attribute_not_exists(swapped)"
                    " AND opens_at <= :now AND closes_at > :now",
                    values={
                        ":new": ref_item(after.prompt),
                        ":kind": after.kind,
                        ":theme": after.theme,
                        ":again": after.again,
                        **({":early": True} if after.early else {}),
                        ":swapped": [swapped_item(each) for each in after.swapped],
                        ":old": ref_item(before.prompt),
                        ":none": {},
                        ":now": to_millis(instant),
                    },
                ),
                Write(
                    "Update",
                    keys.couple(couple.id),
                    update="ADD revision :one",
                    condition="revision = :read AND attribute_not_exists(ended_at)",
                    values={":one": 1, ":read": couple.revision},
                ),
                _sighting(after),
                *also,
            ]
        )

    def record_answer(self, day: Day, uid: Uid, partner: Uid, answer: Answer, replaces: int | None) -> Day:
        """Record the answer of `uid`, and return the day as stored now.

        `replaces` is the revision of the stored answer that `answer` replaces, or None for a first answer. Raise
        WriteConflictError in these cases (`existing_day` reads the current day from the error):

        - The day is not open, or its prompt has changed since the caller read the day.
        - `replaces` is None, but the person has answered already.
        - `replaces` is a revision, but the stored answer has another revision, or the partner has answered too.
        """
        # Invariants: a person can write an answer only while the day is open, and only to the prompt that they saw.
        # After both partners have answered, no answer changes.
        names = {"#me": uid}
        values: dict[str, object] = {
            ":answer": answer_item(answer),
            ":now": to_millis(answer.at),
            ":prompt": ref_item(day.prompt),
        }
        condition = "prompt = :prompt AND opens_at <= :now AND closes_at > :now AND "
        if replaces is None:
            condition += "attribute_not_exists(answers.#me)"
        else:
            condition += "answers.#me.revision = :replaces AND attribute_not_exists(answers.#partner)"
            names["#partner"] = partner
            values[":replaces"] = replaces
        return day_from(
            self.table.write(
                Write(
                    "Update",
                    keys.day(day.couple, day.date),
                    update="SET answers.#me = :answer",
                    condition=condition,
                    names=names,
                    values=values,
                )
            )
        )

    def record_reflection(self, day: Day, uid: Uid, partner: Uid, reflection: Reflection) -> Day:
        """Record the reflection of `uid`, and return the day as stored now.

        Raise WriteConflictError if an answer is missing, if this person already has a reflection, or if the day's
        prompt has changed. `existing_day` reads the current day from the error.
        """
        # Invariants: a reflection comes only after both answers, and each person has at most one reflection for a day.
        return day_from(
            self.table.write(
                Write(
                    "Update",
                    keys.day(day.couple, day.date),
                    # Store the reflection in the person's answer. No write replaces this answer any more, because both
                    # partners have answered.
                    update="SET answers.#me.reflection = :reflection",
                    condition="prompt = :prompt AND attribute_exists(answers.#me)"
                    " AND attribute_exists(answers.#partner) AND attribute_not_exists(answers.#me.reflection)",
                    names={"#me": uid, "#partner": partner},
                    values={":reflection": _reflection_item(reflection), ":prompt": ref_item(day.prompt)},
                )
            )
        )

    def replace_texts(self, day: Day, resealed: Day) -> None:
        """Store the texts of `resealed` in place of the texts of `day`, which are the same words in another scheme.

        Raise WriteConflictError if one of these texts has changed since the caller read the day.
        """
        sets, conditions = [], []
        names: dict[str, str] = {}
        values: dict[str, object] = {}
        for number, (uid, part, old, new) in enumerate(_replaced(day, resealed)):
            names[f"#{number}"] = uid
            values |= {f":old{number}": old, f":new{number}": new}
            sets.append(f"answers.#{number}.{part} = :new{number}")
            conditions.append(f"answers.#{number}.{part} = :old{number}")
        # Invariant: an edit is never lost. An edit seals a new text, so the condition fails.
        update = Write(
            "Update",
            keys.day(day.couple, day.date),
            update="SET " + ", ".join(sets),
            condition=" AND ".join(conditions),
            names=names,
            values=values,
        )
        # The policy of `reseal` lets an update change only these attributes of a day, and return no attribute.
        self.table.write(update, returned="NONE")

    def forget(self, couple: CoupleId, uid: Uid) -> None:
        """Remove the person, their answers and their reflections from all days of the couple."""
        for item in every_item(self.table, keys.couple(couple).pk, between=keys.all_days()):
            if uid in item["answers"] or uid in item["persons"]:
                forget_member(self.table, keys.Key(item["pk"], item["sk"]), uid, "answers.#uid")

    def widening(self, day: Day, window: DayWindow) -> Write | None:
        """Return the write that widens the day's window to include `window`. Return None if no change is needed."""
        wide = day.window.widened(window)
        if wide == day.window:
            return None
        return Write(
            "Update",
            keys.day(day.couple, day.date),
            update="SET opens_at = :opens_at, closes_at = :closes_at",
            # Invariant: a window never shrinks. If the partner has moved to another zone, the stored window may be
            # wider than `day.window`. So the write fails if the stored window begins earlier or ends later than the new
            # window.
            condition="opens_at >= :opens_at AND closes_at <= :closes_at",
            values={":opens_at": to_millis(wide.opens_at), ":closes_at": to_millis(wide.closes_at)},
        )


def _replaced(before: Day, after: Day) -> Iterator[tuple[Uid, str, bytes, bytes]]:
    """Yield each text that differs: its author, its place in the stored answer, and the text before and after."""
    for uid, answer in before.answers.items():
        yield from (
            (uid, part, old, new)
            for part, old, new in (
                ("sealed", answer.sealed, after.answers[uid].sealed),
                ("reflection.sealed", _reflected(answer), _reflected(after.answers[uid])),
            )
            if old and new and old != new
        )


def _reflected(answer: Answer) -> bytes | None:
    return answer.reflection.sealed if answer.reflection else None


def existing_day(conflict: WriteConflictError) -> Day:
    """Return the current day that is in the error of `record_answer` or `record_reflection`."""
    item = conflict.existing[0]
    if item is None:
        raise ContentionError("a day was deleted while it was being answered") from conflict
    return day_from(item)


def day_from(item: Mapping[str, Any]) -> Day:
    """Read a day from its item."""
    return Day(
        couple=CoupleId(item["pk"].partition("#")[2]),
        date=dt.date.fromisoformat(item["sk"].removeprefix(keys.DAY_PREFIX)),
        prompt=ref_from(item["prompt"]),
        kind=PromptKind(item["kind"]),
        window=window_from(item),
        answers={Uid(uid): answer_from(answer) for uid, answer in item["answers"].items()},
        theme=Theme(item["theme"]) if "theme" in item else None,
        again=item.get("again", False),
        early=item.get("early", False),
        swapped=tuple(
            Swapped(ref_from(each), each.get("again", False), each.get("request", ""), each.get("early", False))
            for each in item.get("swapped", ())
        ),
    )


def window_from(item: Mapping[str, Any]) -> DayWindow:
    """Read a window from the attributes of an item."""
    return DayWindow(from_millis(item["opens_at"]), from_millis(item["closes_at"]))


def ref_item(ref: PromptRef) -> Item:
    """Return the attributes of a reference to a prompt."""
    return {"pack": ref.pack, "version": ref.version, "id": ref.prompt}


def swapped_item(swapped: Swapped) -> Item:
    """Return the attributes of a prompt that the couple swapped for a different prompt."""
    item = ref_item(swapped.prompt) | {"again": swapped.again, "request": swapped.request}
    return item | {"early": True} if swapped.early else item


def ref_from(item: Mapping[str, Any]) -> PromptRef:
    """Read the reference to a prompt from its attributes."""
    return PromptRef(PackId(item["pack"]), item["version"], PromptId(item["id"]))


def _item_from(couple: Couple, day: Day) -> Item:
    item: Item = {
        "persons": sorted(couple.profiles),
        "prompt": ref_item(day.prompt),
        "kind": day.kind,
        **stored(day.window),
        "answers": {uid: answer_item(answer) for uid, answer in day.answers.items()},
        "theme": day.theme,
    }
    # Do not store a false `again` or `early`, or an empty `swapped`: a journal reads many days, and DynamoDB bills
    # reads by size.
    if day.again:
        item["again"] = True
    if day.early:
        item["early"] = True
    if day.swapped:
        item["swapped"] = [swapped_item(each) for each in day.swapped]
    return item


def _sighting(day: Day) -> Write:
    """Return the write that marks the day's prompt as seen on the day's date."""
    if day.theme is None:
        raise ValueError("a new day has a theme")
    return Write(
        "Update",
        keys.seen(day.couple, day.theme),
        update="SET #prompt = :date",
        names={"#prompt": f"{day.prompt.pack}/{day.prompt.prompt}"},
        values={":date": str(day.date)},
    )


def answer_item(answer: Answer) -> Item:
    """Return the attributes of an answer."""
    item: Item = {"at": to_millis(answer.at), "revision": answer.revision}
    if answer.share_first or (answer.sealed or _FOR_0_1_0).startswith(_FOR_0_1_0):
        item["share_first"] = answer.share_first
    if answer.sealed is not None:
        item["sealed"] = answer.sealed
    # Like `share_first`, leave out what is false.
    item |= {name: True for name in ("was_open", "edited") if getattr(answer, name)}
    if answer.reflection is not None:
        item["reflection"] = _reflection_item(answer.reflection)
    return item


def answer_from(item: Mapping[str, Any]) -> Answer:
    """Read an answer from its attributes."""
    reflection = item.get("reflection")
    return Answer(
        at=from_millis(item["at"]),
        revision=item["revision"],
        sealed=item.get("sealed"),
        share_first=item.get("share_first", False),
        was_open=item.get("was_open", False),
        edited=item.get("edited", False),
        reflection=Reflection(
            from_millis(reflection["at"]), ReflectionKind(reflection["kind"]), reflection.get("sealed")
        )
        if reflection
        else None,
    )


def _reflection_item(reflection: Reflection) -> Item:
    item: Item = {"at": to_millis(reflection.at), "kind": reflection.kind}
    return item if reflection.sealed is None else item | {"sealed": reflection.sealed}
