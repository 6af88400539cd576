"""Read the records of the table's stream as changes of domain values."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from rekindle.domain.changes import (
    CoupleEnded,
    CoupleGone,
    DayChange,
    NudgesChange,
    PersonErased,
    SignedOut,
    StreakChange,
)
from rekindle.domain.ids import CoupleId, Uid
from rekindle.domain.nudges import Gesture
from rekindle.store import keys
from rekindle.store.added_devices import added_device_from
from rekindle.store.days import day_from
from rekindle.store.instants import from_millis
from rekindle.store.nudges import nudges_from
from rekindle.store.overdue import overdue_from
from rekindle.store.runs import finished_run_from
from rekindle.store.streaks import streak_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rekindle.domain.changes import Change
    from rekindle.store.table import Item

type _Attribute = Mapping[str, Any]
"""An attribute with its type, as JSON: `{"N": "1"}`. A binary value is base64 text."""


def change_in(record: Mapping[str, Any]) -> Change | None:
    """Return the change in a stream record. Return None for a record that no function needs.

    Raise an exception if the record's item does not have the form in which the stores write it.
    """
    stream = record["dynamodb"]
    key = keys.Key(stream["Keys"]["pk"]["S"], stream["Keys"]["sk"]["S"])
    read = _reader_of(key)
    if read is None:
        return None
    before = _item(stream["Keys"] | stream["OldImage"]) if stream.get("OldImage") else None
    if not stream.get("NewImage"):
        return _gone(before) if before and key.sk == keys.COUPLE else None
    return read(before, _item(stream["Keys"] | stream["NewImage"]))


def _reader_of(key: keys.Key) -> Callable[[Item | None, Item], Change | None] | None:  # noqa: PLR0911  one for each kind
    if key.pk.startswith(keys.RUN_PREFIX):
        return lambda _before, after: finished_run_from(after)
    if key.pk.startswith(keys.COUPLE_PREFIX):
        if key.sk.startswith(keys.DAY_PREFIX):
            return _day
        return {keys.STREAK: _streak, keys.COUPLE: _ended}.get(key.sk)
    if (key.sk, key.pk.startswith(keys.STAFF_PREFIX)) == (keys.SIGN_OUT, True):
        return lambda _before, after: _staff_signed_out(after)
    if key.pk.startswith(keys.PERSON_PREFIX):
        if key.sk.startswith(keys.CAUGHT_UP_PREFIX):
            return lambda _before, after: overdue_from(after)
        if key.sk.startswith(keys.ADDED_PREFIX):
            return lambda _before, after: added_device_from(after)
        return {keys.NUDGES: _nudges, keys.PERSON: _left}.get(key.sk)
    return None


def _day(before: Item | None, after: Item) -> DayChange:
    persons = frozenset(map(Uid, after["persons"]))
    return DayChange(persons, day_from(_without_texts(before)) if before else None, day_from(_without_texts(after)))


def _without_texts(day: Item) -> Item:
    """Return the day's item without sealed texts and reflections. Readers of the stream must not see them."""
    kept = ("at", "revision", "share_first")
    answers = {uid: {name: answer[name] for name in kept if name in answer} for uid, answer in day["answers"].items()}
    return day | {"answers": answers}


def _ended(before: Item | None, after: Item) -> CoupleEnded | None:
    if "ended_at" not in after or (before and "ended_at" in before):
        return None
    return CoupleEnded(CoupleId(after["pk"].removeprefix(keys.COUPLE_PREFIX)))


def _left(before: Item | None, after: Item) -> PersonErased | SignedOut | None:
    """Return the change if the person has just asked for their erasure, or signed out everywhere.

    `asked` counts the requests for an erasure.
    """
    uid = Uid(after["pk"].removeprefix(keys.PERSON_PREFIX))
    new = {
        name
        for name in ("erased_at", "asked", "signed_out_at")
        if name in after and after[name] != (before or {}).get(name)
    }
    if "erased_at" in after and new & {"erased_at", "asked"}:
        return PersonErased(uid, from_millis(after["erased_at"]))
    return SignedOut(uid, from_millis(after["signed_out_at"])) if "signed_out_at" in new else None


def _staff_signed_out(after: Item) -> SignedOut:
    return SignedOut(Uid(after["pk"].removeprefix(keys.STAFF_PREFIX)), from_millis(after["signed_out_at"]))


def _gone(couple: Item) -> CoupleGone | None:
    if "ended_at" not in couple:
        return None
    # A couple that version 0.1.0 ended has profiles, and no `former`.
    members = frozenset(map(Uid, (*couple.get("former", ()), *couple["profiles"])))
    return CoupleGone(CoupleId(couple["pk"].removeprefix(keys.COUPLE_PREFIX)), members, from_millis(couple["ended_at"]))


def _streak(before: Item | None, after: Item) -> StreakChange:
    return StreakChange(streak_from(before) if before else None, streak_from(after))


def _nudges(before: Item | None, after: Item) -> NudgesChange:
    before_and_after = (nudges_from(_without_gestures(each)) for each in (before or {}, after))
    return NudgesChange(Uid(after["to"]), *before_and_after)


def _without_gestures(nudges: Item) -> Item:
    """Return the sender's item, with each nudge's gesture replaced by HUG.

    A newer version of the API may write a gesture that this version of the code does not know. This version must still
    be able to read the item. No reader of the stream needs the gesture.
    """
    return nudges | {"sent": [entry | {"gesture": Gesture.HUG} for entry in nudges.get("sent", ())]}


def _item(image: Mapping[str, _Attribute]) -> Item:
    return {name: _plain(attribute) for name, attribute in image.items()}


def _plain(attribute: _Attribute) -> object:
    # `unmarshal` does not work here. It expects a binary value as bytes, but an event has the value as base64 text.
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            return int(value)
        case "B":
            return base64.b64decode(value)
        case "L":
            return [_plain(each) for each in value]
        case "M":
            return _item(value)
        case "NULL":
            return None
        case _:
            return value
