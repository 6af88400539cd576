"""Count the persons whom a fault in pushes affects on one day. One person alone must not set off an alarm."""

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
"""A fault is widespread on a day if it has affected at least this many persons. A couple alone is not enough."""

KEPT: Final = dt.timedelta(days=2)


class Incident(NamedTuple):
    """One occurrence of a fault.

    `is_widespread` says whether the fault has affected at least WIDESPREAD persons on this day. `needs_report` says
    whether the caller must report this occurrence to an operator.
    """

    is_widespread: bool
    needs_report: bool


@dataclass(frozen=True, slots=True)
class Incidents:
    """The rows that count the affected persons. There is one row for each fault and UTC day."""

    table: Table
    _widespread: set[Key] = field(default_factory=set, init=False, repr=False, compare=False)
    """The keys of rows that have at least WIDESPREAD persons. This process does not write these rows again."""

    def note(self, fault: str, persons: AbstractSet[str], at: dt.datetime) -> Incident:
        """Count these persons for the fault on the UTC day of `at`. Return the incident.

        `fault` becomes part of a key, so it must be a fixed text without any person's data. `persons` are pseudonyms.
        The incident needs a report in two cases: `persons` has at least WIDESPREAD persons, or the fault becomes
        widespread with these persons. So a fault that affects one or two persons at a time needs at most one report a
        day.
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
            # The row has at least WIDESPREAD persons already.
            self._widespread.add(key)
            return known
        is_widespread = len(row["persons"]) >= WIDESPREAD
        if is_widespread:
            self._widespread.add(key)
        return Incident(is_widespread=is_widespread, needs_report=is_widespread)
