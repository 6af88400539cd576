"""Days: a couple's prompt of one date with both answers, one item, written by conditional updates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rekindle.domain.models import (
    Answer,
    CoupleId,
    Day,
    DayWindow,
    PackId,
    PromptId,
    PromptKind,
    PromptRef,
    Reflection,
    ReflectionKind,
    Swapped,
    Theme,
    Uid,
)
from rekindle.domain.open_days import nearby_dates
from rekindle.domain.playlist import forgettable
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis
from rekindle.store.table import Write, first_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rekindle.domain.models import Couple
    from rekindle.store.table import Item, Table


@dataclass(frozen=True, slots=True)
class Days:
    """The days of the table."""

    table: Table

    def day(self, couple: CoupleId, date: dt.date) -> Day | None:
        """The couple's day of this date, if it has been opened."""
        item = self.table.get(keys.day(couple, date))
        return day_from(item) if item else None

    def between(self, couple: CoupleId, first: dt.date, last: dt.date) -> dict[dt.date, Day]:
        """The days opened from `first` to `last`, both included; a few of them, in one page."""
        page = self.table.query(keys.couple(couple).pk, between=(keys.day(couple, first).sk, keys.day(couple, last).sk))
        return {day.date: day for day in map(day_from, page.items)}

    def nearby(self, couple: CoupleId, instant: dt.datetime) -> dict[dt.date, Day]:
        """Return the days around an instant that exist, also of dates that no clock of the couple's shows any more."""
        return self.between(couple, *nearby_dates(instant))

    def journal(self, couple: CoupleId, before: dt.date | None, limit: int) -> list[Day]:
        """The couple's latest `limit` days before a date, or of all, latest first."""
        return self._first(couple, before, limit, descending=True)

    def onward(self, couple: CoupleId, after: dt.date | None, limit: int) -> list[Day]:
        """The couple's first `limit` days after a date, or of all, earliest first."""
        return self._first(couple, after, limit, descending=False)

    def _first(self, couple: CoupleId, beyond: dt.date | None, limit: int, *, descending: bool) -> list[Day]:
        items = first_items(
            self.table,
            keys.couple(couple).pk,
            between=(keys.day(couple, dt.date.min).sk, keys.day(couple, dt.date.max).sk),
            after=keys.day(couple, beyond).sk if beyond else None,
            limit=limit,
            descending=descending,
        )
        return [day_from(item) for item in items]

    def seen(self, couple: CoupleId, themes: Iterable[Theme]) -> dict[tuple[PackId, PromptId], dt.date]:
        """When the couple last met each prompt of these themes."""
        items = self.table.get_many((keys.seen(couple, theme) for theme in themes), consistent=True)
        sightings = [(name.partition("/"), date) for item in items for name, date in item.items() if "/" in name]
        return {(PackId(pack), PromptId(prompt)): dt.date.fromisoformat(date) for (pack, _, prompt), date in sightings}

    def open_day(self, couple: Couple, day: Day, theme: Theme) -> Day:
        """Give the couple its day on `theme`, unless it has one: the day that stands is returned, so both see the same.

        Raises WriteConflictError when the couple has ended or changed since it was read: the theme of another date or a
        partner's new zone would have made it another day.
        """
        day = replace(day, theme=theme)
        forgotten = sorted(forgettable(couple.themes_met, day.date))
        names = {"#date": str(day.date)} | {f"#old{number}": str(date) for number, date in enumerate(forgotten)}
        removal = " REMOVE " + ", ".join(f"themes_met.#old{number}" for number in range(len(forgotten)))
        writes = [
            Write(
                "Put", keys.day(couple.id, day.date), item=_item_from(couple, day), condition="attribute_not_exists(pk)"
            ),
            Write(
                "Update",
                keys.couple(couple.id),
                update="SET themes_met.#date = :theme ADD revision :one" + (removal if forgotten else ""),
                condition="revision = :read AND attribute_not_exists(ended_at)",
                names=names,
                values={":theme": theme, ":one": 1, ":read": couple.revision},
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
        """Put the prompt of `after` in the place of the day's own, with `also`; from now on the couple has met both.

        Raises WriteConflictError when the day is not open, was swapped or has an answer, and when the couple has ended
        or changed since it was read: another date may have met that prompt by then.
        """
        self.table.transact(
            [
                Write(
                    "Update",
                    keys.day(before.couple, before.date),
                    update="SET prompt = :new, kind = :kind, theme = :theme, again = :again, swapped = :swapped",
                    condition="prompt = :old AND answers = :none AND attribute_not_exists(swapped)"
                    " AND opens_at <= :now AND closes_at > :now",
                    values={
                        ":new": ref_item(after.prompt),
                        ":kind": after.kind,
                        ":theme": after.theme,
                        ":again": after.again,
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
        """The day with the answer on it, and with the partner's if they have answered.

        `replaces` is the revision that this one edits, None for a first answer. Raises WriteConflictError with the day
        as it stands when it is closed, revealed, or holds another revision or another prompt than the one answered.
        """
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
        """The day with the reflection on it, whatever the partner leaves at the same moment.

        Raises WriteConflictError with the day as it stands when an answer is missing, or this person has left one.
        """
        return day_from(
            self.table.write(
                Write(
                    "Update",
                    keys.day(day.couple, day.date),
                    # Within the answer of the same person, which nothing replaces once both are there.
                    update="SET answers.#me.reflection = :reflection",
                    condition="prompt = :prompt AND attribute_exists(answers.#me)"
                    " AND attribute_exists(answers.#partner) AND attribute_not_exists(answers.#me.reflection)",
                    names={"#me": uid, "#partner": partner},
                    values={":reflection": _reflection_item(reflection), ":prompt": ref_item(day.prompt)},
                )
            )
        )

    def widening(self, day: Day, window: DayWindow) -> Write | None:
        """The write that moves the day's window outward to take in `window`; None if it does already."""
        wide = day.window.widened(window)
        if wide == day.window:
            return None
        return Write(
            "Update",
            keys.day(day.couple, day.date),
            update="SET opens_at = :opens_at, closes_at = :closes_at",
            # Another change of zone may have moved it since: never inward.
            condition="opens_at >= :opens_at AND closes_at <= :closes_at",
            values={":opens_at": to_millis(wide.opens_at), ":closes_at": to_millis(wide.closes_at)},
        )


def existing_day(conflict: WriteConflictError) -> Day:
    """The day as it stood when `record_answer` or `record_reflection` was refused."""
    item = conflict.existing[0]
    if item is None:
        raise ContentionError("a day went while it was being answered") from conflict
    return day_from(item)


def day_from(item: Mapping[str, Any]) -> Day:
    """The day of a day's item."""
    return Day(
        couple=CoupleId(item["pk"].partition("#")[2]),
        date=dt.date.fromisoformat(item["sk"].removeprefix(keys.DAY_PREFIX)),
        prompt=ref_from(item["prompt"]),
        kind=PromptKind(item["kind"]),
        window=window_from(item),
        answers={Uid(uid): answer_from(answer) for uid, answer in item["answers"].items()},
        theme=Theme(item["theme"]) if "theme" in item else None,
        again=item.get("again", False),
        swapped=tuple(
            Swapped(ref_from(each), each.get("again", False), each.get("request", ""))
            for each in item.get("swapped", ())
        ),
    )


def window_item(window: DayWindow) -> Item:
    """Return a window as an item holds it."""
    return {"opens_at": to_millis(window.opens_at), "closes_at": to_millis(window.closes_at)}


def window_from(item: Mapping[str, Any]) -> DayWindow:
    """Return the window that an item holds."""
    return DayWindow(from_millis(item["opens_at"]), from_millis(item["closes_at"]))


def ref_item(ref: PromptRef) -> Item:
    """How an item names a prompt."""
    return {"pack": ref.pack, "version": ref.version, "id": ref.prompt}


def swapped_item(swapped: Swapped) -> Item:
    """How a day's item names a prompt that was put aside: an entry of its list `swapped`."""
    return ref_item(swapped.prompt) | {"again": swapped.again, "request": swapped.request}


def ref_from(item: Mapping[str, Any]) -> PromptRef:
    """The inverse of `ref_item`."""
    return PromptRef(PackId(item["pack"]), item["version"], PromptId(item["id"]))


def _item_from(couple: Couple, day: Day) -> Item:
    item: Item = {
        "persons": sorted(couple.profiles),
        "prompt": ref_item(day.prompt),
        "kind": day.kind,
        **window_item(day.window),
        "answers": {uid: answer_item(answer) for uid, answer in day.answers.items()},
        "theme": day.theme,
    }
    # What mostly says nothing takes no room: days are read by the month.
    if day.again:
        item["again"] = True
    if day.swapped:
        item["swapped"] = [swapped_item(each) for each in day.swapped]
    return item


def _sighting(day: Day) -> Write:
    if day.theme is None:
        raise ValueError("a day is met under its theme")
    return Write(
        "Update",
        keys.seen(day.couple, day.theme),
        update="SET #prompt = :date",
        names={"#prompt": f"{day.prompt.pack}/{day.prompt.prompt}"},
        values={":date": str(day.date)},
    )


def answer_item(answer: Answer) -> Item:
    """How an item holds an answer."""
    item: Item = {"at": to_millis(answer.at), "revision": answer.revision, "share_first": answer.share_first}
    if answer.sealed is not None:
        item["sealed"] = answer.sealed
    if answer.reflection is not None:
        item["reflection"] = _reflection_item(answer.reflection)
    return item


def answer_from(item: Mapping[str, Any]) -> Answer:
    """The inverse of `answer_item`."""
    reflection = item.get("reflection")
    return Answer(
        at=from_millis(item["at"]),
        revision=item["revision"],
        sealed=item.get("sealed"),
        share_first=item["share_first"],
        reflection=Reflection(
            from_millis(reflection["at"]), ReflectionKind(reflection["kind"]), reflection.get("sealed")
        )
        if reflection
        else None,
    )


def _reflection_item(reflection: Reflection) -> Item:
    item: Item = {"at": to_millis(reflection.at), "kind": reflection.kind}
    return item if reflection.sealed is None else item | {"sealed": reflection.sealed}
