"""Services: the stores, the queues and the gateway that delivery works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from delivery.gateway import PushGateway
    from rekindle.push.queue import Outbox
    from rekindle.store.days import Days
    from rekindle.store.devices import Devices
    from rekindle.store.incidents import Incidents
    from rekindle.store.news import News
    from rekindle.store.people import People
    from rekindle.store.runs import Runs
    from rekindle.store.slots import Slots

PAGE_ROWS: Final = 2000
SHARD_ROWS: Final = 20_000
"""A slot with a larger shard is resharded. One function sends so many pushes in some ten seconds."""


@dataclass(frozen=True, slots=True)
class Services:
    """Services of one process. `app_link` is the beginning of the links in pushes."""

    slots: Slots
    runs: Runs
    people: People
    devices: Devices
    days: Days
    news: News
    incidents: Incidents
    outbox: Outbox
    dead_letters: Outbox
    gateway: PushGateway
    app_link: str
    page_rows: int = PAGE_ROWS
    shard_rows: int = SHARD_ROWS
