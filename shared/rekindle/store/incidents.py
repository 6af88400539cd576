"""Incidents: which persons a fault of pushes met within an hour, so that one person alone never rings an alarm."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import to_ttl
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from rekindle.store.table import Table

WIDESPREAD: Final = 3
"""Persons within an hour whom a fault has to meet: one more than a couple."""

KEPT: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Incidents:
    """The incidents of the table."""

    table: Table

    def is_widespread(self, fault: str, persons: AbstractSet[str], at: dt.datetime) -> bool:
        """Note that the fault met these persons, and return whether it met WIDESPREAD persons in the hour of `at`.

        A fault that meets so many at once is not written down.
        """
        if len(persons) >= WIDESPREAD:
            return True
        hour = at.replace(minute=0, second=0, microsecond=0)
        try:
            row = self.table.write(
                Write(
                    "Update",
                    keys.incident(fault, hour),
                    update="SET #ttl = :ttl ADD persons :persons",
                    condition="attribute_not_exists(persons) OR size(persons) < :widespread",
                    names={"#ttl": "ttl"},
                    values={":ttl": to_ttl(hour + KEPT), ":persons": set(persons), ":widespread": WIDESPREAD},
                )
            )
        except WriteConflictError:
            # The row has enough persons, and grows no further.
            return True
        return len(row["persons"]) >= WIDESPREAD
