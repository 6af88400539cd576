"""Limit how often a person does something that is expensive for us, such as a change that rewrites many rows.

The person's own row counts what they did in the last 24 hours, in the write that is made anyway. So a limit holds
exactly, even if many requests come at the same moment, and costs no request of its own. Only an export needs a write
just for its count. A request that changes nothing is not counted. Neither is a change that only asks for less, such as
a lower touch comfort, or what ends something, such as a canceled invite.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rekindle.errors import LimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rekindle.domain.persons import Person


@dataclass(frozen=True, slots=True)
class Limit:
    """Within any time of length `span`, a person may do something at most `count` times."""

    count: int
    span: dt.timedelta = dt.timedelta(days=1)


class Counted(StrEnum):
    """The kinds of acts that have a limit. Rows have these values, so never change a member's value."""

    NAME = "name"
    PROFILE = "profile"
    REMINDERS = "reminders"
    DEVICES = "devices"
    INVITES = "invites"
    PAUSES = "pauses"
    EXPORTS = "exports"


LIMITS: Final[Mapping[Counted, Limit]] = {
    Counted.NAME: Limit(3),
    Counted.PROFILE: Limit(60),
    Counted.REMINDERS: Limit(60),
    Counted.DEVICES: Limit(30),
    Counted.INVITES: Limit(30),
    Counted.PAUSES: Limit(30),
    Counted.EXPORTS: Limit(20),
}
"""The limit of each kind. An app that stores each tap on a setting stays far below 60 a day."""

_VALUES: Final[Mapping[Counted, Callable[[Person], object]]] = {
    Counted.NAME: lambda person: person.profile.display_name,
    Counted.PROFILE: lambda person: person.profile,
    Counted.REMINDERS: lambda person: (person.reminders, person.notifications_paused),
    Counted.DEVICES: lambda person: {each: (device.target, device.platform) for each, device in person.devices.items()},
}
"""For the kinds that `counted_change` counts, the person's values. If they differ, it is a change of this kind."""

_ONLY_WITHDRAWS: Final[Mapping[Counted, Callable[[Person, Person], bool]]] = {
    Counted.PROFILE: lambda before, after: after.profile.asks_no_more_than(before.profile),
    Counted.REMINDERS: lambda before, after: (
        after.reminders.asks_no_more_than(before.reminders)
        and (after.notifications_paused or not before.notifications_paused)
    ),
}
"""Whether a change of this kind only asks for less, and so is not counted. Changes of other kinds always count."""


def next_at(made: Iterable[dt.datetime], instant: dt.datetime, *limits: Limit) -> dt.datetime | None:
    """Return when the person who did something at the instants `made` may do it again.

    Return None if they may do it at `instant`. Instants after `instant` count too, because two requests can be written
    out of order.
    """
    latest_first = sorted(made, reverse=True)
    frees_at = (latest_first[each.count - 1] + each.span for each in limits if len(latest_first) >= each.count)
    return max((free_at for free_at in frees_at if free_at > instant), default=None)


def remembered(made: Iterable[dt.datetime], instant: dt.datetime, *limits: Limit) -> tuple[dt.datetime, ...]:
    """Return the instants in `made` that a limit still counts at `instant`, earliest first."""
    longest = max(each.span for each in limits)
    return tuple(sorted(made_at for made_at in made if made_at + longest > instant))


def with_one_more(made: Iterable[dt.datetime], instant: dt.datetime, *limits: Limit) -> tuple[dt.datetime, ...]:
    """Return the instants that a limit still counts, and `instant`. Raise LimitError if a limit is reached."""
    kept = remembered(made, instant, *limits)
    if free_at := next_at(kept, instant, *limits):
        raise LimitError(math.ceil((free_at - instant).total_seconds()))
    return (*kept, instant)


def counted_change(before: Person, after: Person, instant: dt.datetime, *kinds: Counted) -> Person:
    """Return the person after a change. Count the change once for each of `kinds` whose values it changed.

    A change that only asks for less is not counted. Raise LimitError if a limit is reached.
    """
    return counted(after, instant, *(kind for kind in kinds if _counts(kind, before, after)))


def counted(person: Person, instant: dt.datetime, *kinds: Counted) -> Person:
    """Return the person with one more of each of these kinds counted. Raise LimitError if a limit is reached."""
    made = {kind: with_one_more(person.counted.get(kind, ()), instant, LIMITS[kind]) for kind in kinds}
    return replace(person, counted={**person.counted, **made}) if made else person


def without_latest(person: Person, kind: Counted) -> Person:
    """Return the person with one less of this kind counted, because somebody else has undone it."""
    others = {each: made for each, made in person.counted.items() if each is not kind}
    left = person.counted.get(kind, ())[:-1]
    return replace(person, counted=others | ({kind: left} if left else {}))


def still_counted(
    made: Mapping[Counted, tuple[dt.datetime, ...]], instant: dt.datetime
) -> dict[Counted, tuple[dt.datetime, ...]]:
    """Return what a limit still counts at `instant`, without kinds of which nothing is left."""
    kept = {kind: remembered(instants, instant, LIMITS[kind]) for kind, instants in made.items()}
    return {kind: instants for kind, instants in kept.items() if instants}


def _counts(kind: Counted, before: Person, after: Person) -> bool:
    if _VALUES[kind](before) == _VALUES[kind](after):
        return False
    only_withdraws = _ONLY_WITHDRAWS.get(kind)
    return only_withdraws is None or not only_withdraws(before, after)
