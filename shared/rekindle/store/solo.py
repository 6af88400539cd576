"""Store solo days and shared solo answers. A solo day has a prompt for a person who is in no couple."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.days import SharedAnswer, SoloDay
from rekindle.domain.ids import CoupleId, PackId, PromptId, Uid
from rekindle.domain.playlist import forgettable
from rekindle.domain.prompts import Theme
from rekindle.domain.solo import SoloHistory
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.store import keys
from rekindle.store.days import answer_from, answer_item, ref_from, ref_item
from rekindle.store.instants import ttl_of_date
from rekindle.store.table import Write, dated_items, every_item, first_items

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.days import Answer
    from rekindle.domain.playlist import Entry
    from rekindle.store.table import Item, Table

KEPT: Final = dt.timedelta(days=3 * 365 + 1)
"""The table keeps a solo day, and a couple's copy of its answer, for three years after its date.

A solo history also forgets a prompt three years after its date. Then the prompt counts as new again.
"""


@dataclass(frozen=True, slots=True)
class Solo:
    """The solo days, solo histories and shared solo answers of the table."""

    table: Table

    def day(self, person: Uid, date: dt.date) -> SoloDay | None:
        """Return the person's solo day of this date. Return None if they have not opened the day."""
        item = self.table.get(keys.solo_day(person, date))
        return _day_from(item) if item else None

    def history(self, person: Uid) -> SoloHistory:
        """Return the person's solo history. The history is empty if they never opened a solo day."""
        item = self.table.get(keys.solo(person))
        return _history_from(item) if item else SoloHistory()

    def open_day(self, person: Uid, date: dt.date, entry: Entry, history: SoloHistory) -> SoloDay:
        """Open the person's solo day if they have not opened it yet. Return the stored day.

        Raise WriteConflictError if the person has opened the day of a different date since the caller read `history`.
        """
        day = SoloDay(person, date, entry.ref)
        forgotten = forgettable(history.themes_met, date)
        met = {each: theme for each, theme in history.themes_met.items() if each not in forgotten}
        after = SoloHistory(
            themes_met={**met, date: entry.theme},
            seen={
                **{prompt: seen for prompt, seen in history.seen.items() if seen >= date - KEPT},
                (entry.ref.pack, entry.ref.prompt): date,
            },
        )
        writes = [
            Write.new(keys.solo_day(person, date), {"prompt": ref_item(day.prompt), "ttl": solo_ttl(date)}),
            Write.versioned(keys.solo(person), _history_item(after), history.revision),
        ]
        try:
            self.table.transact(writes)
        except WriteConflictError as conflict:
            if existing := conflict.existing.get(0):
                return _day_from(existing)
            raise
        return day

    def record_answer(self, day: SoloDay, answer: Answer, replaces: int | None) -> SoloDay:
        """Record the answer, and return the day as stored now.

        If the person has shared the answer, delete the couple's copy, which has the earlier text. `replaces` is the
        revision of the stored answer that `answer` replaces, or None for a first answer. Raise WriteConflictError in
        these cases (`existing_solo_day` reads the current day from the error):

        - `replaces` is None, but the person has answered already.
        - `replaces` is a revision, but the stored answer has a different revision.
        - The person has shared the answer, or has stopped sharing it, since the caller read the day.
        """
        # Invariant: a couple's copy of a shared answer has the same text as the answer, also if the couple is resumed.
        values: dict[str, object] = {":answer": answer_item(answer)}
        if replaces is None:
            condition = "attribute_not_exists(answer)"
        else:
            condition = "answer.revision = :replaces AND " + (
                "shared_with = :read" if day.shared_with else "attribute_not_exists(shared_with)"
            )
            values |= {":replaces": replaces} | ({":read": day.shared_with} if day.shared_with else {})
        recording = Write(
            "Update",
            keys.solo_day(day.person, day.date),
            update="SET answer = :answer REMOVE shared_with",
            condition=condition,
            values=values,
        )
        if day.shared_with is None or replaces is None:
            return _day_from(self.table.write(recording))
        self.table.transact([recording, _copy_deleted(day, day.shared_with)])
        return replace(day, answer=answer, shared_with=None)

    def journal(self, person: Uid, before: dt.date | None, limit: int) -> list[SoloDay]:
        """Return the person's latest `limit` days, latest first. If `before` is a date, return only days before it."""
        items = dated_items(self.table, partial(keys.solo_day, person), before, limit, descending=True)
        return list(map(_day_from, items))

    def onward(self, person: Uid, after: dt.date | None, limit: int) -> list[SoloDay]:
        """Return the person's first `limit` days, earliest first. If `after` is a date, return only days after it."""
        return list(map(_day_from, dated_items(self.table, partial(keys.solo_day, person), after, limit)))

    def share(self, day: SoloDay, shared: SharedAnswer) -> SoloDay:
        """Store the couple's copy of the day's answer, and return the day.

        Delete the copy of an earlier couple, so that an answer has one copy at most. The returned day has the couple's
        id in `shared_with`. Raise WriteConflictError if the person has edited the answer since the caller read the day.
        """
        if day.answer is None:
            raise ValueError("a shared day has an answer")
        earlier = day.shared_with
        self.table.transact(
            [
                Write(
                    "Put",
                    keys.shared(shared.couple, shared.date, shared.person),
                    item={"prompt": ref_item(shared.prompt), "sealed": shared.sealed, "ttl": solo_ttl(shared.date)},
                ),
                Write(
                    "Update",
                    keys.solo_day(day.person, day.date),
                    update="SET shared_with = :couple",
                    condition="answer.revision = :read",
                    values={":couple": shared.couple, ":read": day.answer.revision},
                ),
                *([_copy_deleted(day, earlier)] if earlier and earlier != shared.couple else []),
            ]
        )
        return replace(day, shared_with=shared.couple)

    def replace_text(self, day: SoloDay, resealed: SoloDay) -> None:
        """Store the text of `resealed` in place of the text of `day`, which is the same text in another scheme.

        Raise WriteConflictError if the text has changed since the caller read the day.
        """
        if day.answer and resealed.answer:
            key = keys.solo_day(day.person, day.date)
            self.table.write(
                _replacing(key, "answer.sealed", day.answer.sealed, resealed.answer.sealed), returned="NONE"
            )

    def replace_shared_text(self, shared: SharedAnswer, resealed: SharedAnswer) -> None:
        """Store the text of `resealed` in place of the text of `shared`, which is the same text in another scheme.

        Raise WriteConflictError if the text has changed, or if the person has taken the shared answer back.
        """
        key = keys.shared(shared.couple, shared.date, shared.person)
        self.table.write(_replacing(key, "sealed", shared.sealed, resealed.sealed), returned="NONE")

    def take_back(self, day: SoloDay, couple: CoupleId) -> None:
        """Delete the couple's copy of the day's answer, and clear the day's `shared_with`."""
        self.table.transact(
            [
                _copy_deleted(day, couple),
                Write(
                    "Update",
                    keys.solo_day(day.person, day.date),
                    update="REMOVE shared_with",
                    condition="attribute_exists(pk)",
                ),
            ]
        )

    def forget_shared(self, couple: CoupleId, uid: Uid) -> None:
        """Delete the couple's copies of this person's solo answers."""
        for item in every_item(self.table, keys.couple(couple).pk, between=keys.shared_before(dt.date.max)):
            if keys.is_shared_by(item["sk"], uid):
                self.table.write(Write("Delete", keys.Key(item["pk"], item["sk"])))

    def shared(self, couple: CoupleId, before: dt.date | None, limit: int) -> list[SharedAnswer]:
        """Return the couple's shared solo answers of the latest `limit` dates that have any, latest first.

        If `before` is a date, return only answers of dates before this date.
        """
        # A date has at most two shared answers: one of each partner. So these items always contain all answers of
        # the latest `limit` dates.
        items = first_items(
            self.table,
            keys.couple(couple).pk,
            between=keys.shared_before(before or dt.date.max),
            limit=2 * limit + 1,
            descending=True,
        )
        shared = [_shared_from(item) for item in items]
        dates = {each.date for each in shared}
        shown = sorted(dates, reverse=True)[:limit]
        return [each for each in shared if each.date in shown]


def solo_ttl(date: dt.date) -> int:
    """Return the `ttl` of the rows of a solo day."""
    return ttl_of_date(date, KEPT)


def _replacing(key: keys.Key, attribute: str, old: bytes | None, new: bytes | None) -> Write:
    return Write(
        "Update",
        key,
        update=f"SET {attribute} = :new",
        condition=f"{attribute} = :old",
        values={":old": old, ":new": new},
    )


def _copy_deleted(day: SoloDay, couple: CoupleId) -> Write:
    """Return the write that deletes the couple's copy of the day's answer."""
    return Write("Delete", keys.shared(couple, day.date, day.person))


def existing_solo_day(conflict: WriteConflictError) -> SoloDay:
    """Return the current day from an error that `record_answer` raised."""
    item = conflict.existing[0]
    if item is None:
        raise ContentionError("a day was deleted while it was being answered") from conflict
    return _day_from(item)


def _day_from(item: Mapping[str, Any]) -> SoloDay:
    return SoloDay(
        person=Uid(item["pk"].removeprefix(keys.PERSON_PREFIX)),
        date=dt.date.fromisoformat(item["sk"].removeprefix(keys.SOLO_PREFIX)),
        prompt=ref_from(item["prompt"]),
        answer=answer_from(item["answer"]) if "answer" in item else None,
        shared_with=CoupleId(item["shared_with"]) if "shared_with" in item else None,
    )


def _shared_from(item: Mapping[str, Any]) -> SharedAnswer:
    date, _, person = item["sk"].removeprefix(keys.SHARED_PREFIX).partition("#")
    return SharedAnswer(
        couple=CoupleId(item["pk"].removeprefix(keys.COUPLE_PREFIX)),
        person=Uid(person),
        date=dt.date.fromisoformat(date),
        prompt=ref_from(item["prompt"]),
        sealed=item["sealed"],
    )


def _history_item(history: SoloHistory) -> Item:
    return {
        "themes_met": {str(date): theme for date, theme in history.themes_met.items()},
        "seen": {f"{pack}/{prompt}": str(date) for (pack, prompt), date in history.seen.items()},
        "ttl": solo_ttl(max(history.themes_met)),
    }


def _history_from(item: Mapping[str, Any]) -> SoloHistory:
    sightings = ((name.partition("/"), date) for name, date in item["seen"].items())
    return SoloHistory(
        themes_met={dt.date.fromisoformat(date): Theme(theme) for date, theme in item["themes_met"].items()},
        seen={(PackId(pack), PromptId(prompt)): dt.date.fromisoformat(date) for (pack, _, prompt), date in sightings},
        revision=item["revision"],
    )
