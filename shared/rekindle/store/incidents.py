"""Incidents: the number of persons whom a push fault met on a day, so that one person never sets off an alarm."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import to_ttl
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from rekindle.store.keys import Key
    from rekindle.store.table import Table

WIDESPREAD: Final = 3
"""The number of persons that makes a fault widespread: one more than a couple."""

KEPT: Final = dt.timedelta(days=2)


class Incident(NamedTuple):
    """One fault on one day: whether it is widespread, and whether this meeting of it needs an operator."""

    is_widespread: bool
    needs_report: bool


@dataclass(frozen=True, slots=True)
class Incidents:
    """Rows that count the persons whom a fault met, one for each fault and UTC day."""

    table: Table
    _widespread: set[Key] = field(default_factory=set, init=False, repr=False, compare=False)
    """The rows that have enough persons. This process neither writes nor reads such a row again."""

    def note(self, fault: str, persons: AbstractSet[str], at: dt.datetime) -> Incident:
        """Note that the fault met these persons on the UTC day of `at`.

        `fault` is part of a key, so it has fixed words alone, and `persons` are pseudonyms. The incident needs a report
        if these persons made it widespread, or are enough by themselves. So a fault that meets one person now and then
        is reported once a day.
        """
        day = at.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        key = keys.incident(fault, day.date())
        known = Incident(is_widespread=True, needs_report=len(persons) >= WIDESPREAD)
        if key in self._widespread:
            return known
        try:
            row = self.table.write(
                Write(
                    "Update",
                    key,
                    update="SET #ttl = :ttl ADD persons :persons",
                    condition="attribute_not_exists(persons) OR size(persons) < :widespread",
                    names={"#ttl": "ttl"},
                    values={
                        ":ttl": to_ttl(day + KEPT),
                        ":persons": set(sorted(persons)[:WIDESPREAD]),
                        ":widespread": WIDESPREAD,
                    },
                )
            )
        except WriteConflictError:
            # The row has enough persons, and grows no further.
            self._widespread.add(key)
            return known
        is_widespread = len(row["persons"]) >= WIDESPREAD
        if is_widespread:
            self._widespread.add(key)
        return Incident(is_widespread=is_widespread, needs_report=is_widespread)
