"""Define the stores and queues that `cleanup` uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.devices import Devices
from rekindle.store.invites import Invites
from rekindle.store.nudges import Nudges
from rekindle.store.people import People
from rekindle.store.shards import EmptySlots
from rekindle.store.solo import Solo
from rekindle.store.streaks import Streaks

if TYPE_CHECKING:
    import datetime as dt

    from rekindle.push.queue import Outbox
    from rekindle.store.erasures import Erasures
    from rekindle.store.table import Table


@dataclass(frozen=True, slots=True)
class Services:
    """The stores and queues of one process.

    `key_table` is the name of the key table. `outbox` is the queue of cleanup jobs, and `accounts` is the queue of
    account jobs. `settling` is the wait before the last job of an erasure. After this wait, every request that began
    before the erasure has ended.
    """

    people: People
    couples: Couples
    days: Days
    streaks: Streaks
    solo: Solo
    invites: Invites
    nudges: Nudges
    devices: Devices
    empty_slots: EmptySlots
    erasures: Erasures
    key_table: str
    outbox: Outbox
    accounts: Outbox
    settling: dt.timedelta

    @classmethod
    def on(  # noqa: PLR0913  each argument is one resource of the stack
        cls,
        table: Table,
        *,
        key_table: str,
        erasures: Erasures,
        outbox: Outbox,
        accounts: Outbox,
        settling: dt.timedelta,
    ) -> Self:
        """Return services that use these tables and queues."""
        people, couples, days = People(table), Couples(table), Days(table)
        return cls(
            people=people,
            couples=couples,
            days=days,
            streaks=Streaks(table, couples, days),
            solo=Solo(table),
            invites=Invites(people),
            nudges=Nudges(table),
            devices=Devices(people),
            empty_slots=EmptySlots(table),
            erasures=erasures,
            key_table=key_table,
            outbox=outbox,
            accounts=accounts,
            settling=settling,
        )
