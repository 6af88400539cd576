"""Define the stores, the queues and the gateway that `delivery` uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.devices import Devices
from rekindle.store.incidents import Incidents
from rekindle.store.news import News
from rekindle.store.people import People
from rekindle.store.runs import Runs
from rekindle.store.slots import Slots

if TYPE_CHECKING:
    from delivery.gateway import PushGateway
    from rekindle.push.queue import Outbox
    from rekindle.store.table import Table

PAGE_ROWS: Final = 2000
SHARD_ROWS: Final = 20_000
"""If a shard has more rows than this, its slot is resharded. One worker needs about ten seconds for so many rows."""


class Queues(NamedTuple):
    """The queues to which `delivery` sends jobs."""

    pushes: Outbox
    dead_letters: Outbox
    cleanup: Outbox


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one process. Every link in a push begins with `app_link`.

    `outbox` is the queue of push jobs, and `cleanup` the queue of cleanup jobs.
    """

    slots: Slots
    runs: Runs
    people: People
    devices: Devices
    couples: Couples
    days: Days
    news: News
    incidents: Incidents
    outbox: Outbox
    dead_letters: Outbox
    cleanup: Outbox
    gateway: PushGateway
    app_link: str
    page_rows: int = PAGE_ROWS
    shard_rows: int = SHARD_ROWS

    @classmethod
    def on(cls, table: Table, queues: Queues, gateway: PushGateway, app_link: str) -> Self:
        """Return services that use this table, these queues and this gateway."""
        people = People(table)
        return cls(
            slots=Slots(table),
            runs=Runs(table),
            people=people,
            devices=Devices(people),
            couples=Couples(table),
            days=Days(table),
            news=News(table),
            incidents=Incidents(table),
            outbox=queues.pushes,
            dead_letters=queues.dead_letters,
            cleanup=queues.cleanup,
            gateway=gateway,
            app_link=app_link,
        )
