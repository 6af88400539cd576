"""The workers: the tick by the number of zones, react by what has changed, and delivery by what it pushes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from bench.api import a_couple
from bench.crowd import Crowd, put_rows, target_of
from bench.world import ANSWER, APP_LINK, Line, World
from delivery.dispatcher import handle
from delivery.services import Services
from react.handler import React
from rekindle.domain.calendar import zone_names
from rekindle.domain.models import PushKind, TargetKind, Zone
from rekindle.domain.reminders import MAX_LATENESS, due_slots
from rekindle.push.jobs import PersonJob, RetryJob
from rekindle.push.queue import Outbox
from rekindle.store import keys
from rekindle.store.incidents import Incidents
from rekindle.store.news import News
from rekindle.store.people import People
from rekindle.store.runs import Runs
from rekindle.store.slots import Slots
from rekindle.store.streaks import Streaks
from rekindle.store.table import marshal
from testing.builders import an_instant
from tick.handler import FIRST_WINDOW, Tick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.ledger import Ledger
    from bench.world import Fcm, Row
    from rekindle.domain.reminders import Slot
    from rekindle.push.jobs import SlotJob
    from rekindle.store.keys import Key

MORNING: Final = an_instant("2026-03-02T13:30:00Z")
"""08:30 in New York."""
EVENING: Final = MORNING + dt.timedelta(hours=12)
ZONES: Final = (1, 40, 400)
PERSONS: Final = 1_000
PLENTY: Final = dt.timedelta(minutes=2)


def measured_ticks(url: str, ledger: Ledger) -> list[Line]:
    """What a tick costs by the number of zones that anybody is in; by the end it is two hours late."""
    lines: list[Line] = []
    for count in ZONES:
        world = World.on(url, ledger)
        tick = Tick(ledger.watched(Slots(world.table), "tick"), Outbox(world.sqs, world.queue()))
        zones = [Zone(name) for name in islice(sorted(zone_names()), count)]
        soon = MORNING + FIRST_WINDOW
        _open_slots(world, [due.slot for zone in zones for due in due_slots(MORNING, soon + MAX_LATENESS, zone)])
        Slots(world.table).advance_watermark(MORNING - FIRST_WINDOW)
        named = "1 zone" if count == 1 else f"{count} zones"
        lines.append(_beat(world, tick, f"{named}, nobody due", MORNING))
        lines.append(_beat(world, tick, f"{named}, a slot due in each", soon))
        late = f"{named}, 2 hours late, 24 slots due in each"
        lines.append(_beat(world, tick, late, soon + MAX_LATENESS))
    return lines


def _beat(world: World, tick: Tick, name: str, at: dt.datetime) -> Line:
    _, cost = world.meter.cost_of(lambda: tick.beat(at))
    return Line(name, cost)


def _open_slots(world: World, slots: Sequence[Slot]) -> None:
    times: dict[Zone, set[str]] = defaultdict(set)
    for slot in slots:
        times[slot.zone].add(f"{slot.time:%H:%M}")
    put_rows(
        world, (marshal({**keys.shards(slot)._asdict(), "names": [f"{number}"]}) for number, slot in enumerate(slots))
    )
    put_rows(world, (marshal({**keys.zone(zone)._asdict(), "times": listed}) for zone, listed in times.items()))


def measured_reactions(url: str, ledger: Ledger) -> list[Line]:
    """What react does about each kind of change."""
    world = World.on(url, ledger).with_starter_pack()
    react = React(ledger.watched(Streaks(world.table), "react"), Outbox(world.sqs, world.queue()))
    ada, ben = a_couple(world.process(world.warm_vault()))
    date = ada.get("/v1/today").body["today"]["date"]
    (couple,) = {person.couple for person in People(world.table).people([ada.uid, ben.uid]).values() if person.couple}
    day, streak = keys.day(couple, dt.date.fromisoformat(date)), keys.streak(couple)
    opened = world.row(day)
    ada.put(f"/v1/days/{date}/answer", {"text": ANSWER})
    first = world.row(day)
    ben.put(f"/v1/days/{date}/answer", {"text": ANSWER})
    second, noted = world.row(day), world.row(streak)
    week = noted | {"run": {"N": "7"}}

    def measured(name: str, key: Key, old: Row, new: Row) -> Line:
        images = {"OldImage": old, "NewImage": new} if old else {"NewImage": new}
        record = {"dynamodb": {"Keys": marshal(key._asdict()), "SequenceNumber": "1", **images}}
        failed, cost = world.meter.cost_of(lambda: react.to_batch([record]))
        if failed:
            raise RuntimeError(f"react failed: {name}")
        return Line(name, cost)

    lines = [
        measured("a day is opened", day, {}, opened),
        measured("the first answer", day, opened, first),
        measured("the second answer", day, first, second),
        measured("the streak grows", streak, {}, noted),
        measured("the streak comes to 7", streak, noted, week),
    ]
    nudges = keys.nudges(ada.uid)
    ada.post("/v1/nudges", {"gesture": "hug"})
    lines.append(measured("a nudge", nudges, {}, world.row(nudges)))
    world.raw.delete_item(TableName=world.table.name, Key=marshal(streak._asdict()))
    lines.append(measured("the second answer, of which the streak does not know yet", day, first, second))
    # They have been together since 10:00. At 10:40 an evening that had not come yet moves to a quarter past.
    ada.now += dt.timedelta(minutes=40)
    ada.put("/v1/me/reminders", {"evening_time": "10:15"})
    caught_up = keys.caught_up(ada.uid, PushKind.EVENING, dt.date.fromisoformat(date))
    return [*lines, measured("a reminder falls due as it moves", caught_up, {}, world.row(caught_up))]


def measured_deliveries(url: str, ledger: Ledger, fcm: Fcm) -> list[Line]:
    """What delivery does about each kind of job; `fcm` counts the pushes."""
    return [
        *_slots(url, ledger, fcm, PERSONS // 10),
        *_slots(url, ledger, fcm, PERSONS),
        _slot_of_fids(url, ledger, fcm),
        *_single(url, ledger, fcm),
    ]


def _slots(url: str, ledger: Ledger, fcm: Fcm, persons: int) -> list[Line]:
    world = World.on(url, ledger)
    crowd = Crowd.of(world, persons, MORNING)
    delivery = Delivery(world, fcm)
    morning, evening = crowd.job(PushKind.PROMPT, MORNING), crowd.job(PushKind.EVENING, EVENING)
    return [
        delivery.measured(f"prompt slot, {persons:,} persons", morning),
        delivery.measured(f"prompt slot, {persons:,} persons, the job again", morning),
        delivery.measured(f"evening slot, {persons:,} persons, half have answered", evening),
    ]


def _slot_of_fids(url: str, ledger: Ledger, fcm: Fcm) -> Line:
    world = World.on(url, ledger)
    job = Crowd.of(world, PERSONS, MORNING, TargetKind.FID).job(PushKind.PROMPT, MORNING)
    return Delivery(world, fcm).measured(f"prompt slot, {PERSONS:,} persons with installation ids", job)


def _single(url: str, ledger: Ledger, fcm: Fcm) -> list[Line]:
    world = World.on(url, ledger)
    crowd = Crowd.of(world, PERSONS // 10, MORNING)
    delivery = Delivery(world, fcm)
    ben = crowd.silent[0]
    about: dict[str, Any] = {"kind": PushKind.PARTNER_ANSWERED, "date": crowd.date, "instant": MORNING}
    one = PersonJob(uid=ben.uid, couple=ben.couple, **about)
    again = RetryJob(missed=crowd.missed(PERSONS // 20), attempt=2, reason="UNAVAILABLE", **about)
    lines = [
        delivery.measured("one person, whose partner has answered", one),
        delivery.measured(f"{PERSONS // 20} devices once more", again),
    ]
    fcm.call_unregistered(target_of(ben).value)
    return [*lines, delivery.measured("one person, whose token is dead", one)]


class Delivery:
    """Delivery on a world's tables, with a real gateway to the FCM stand-in."""

    def __init__(self, world: World, fcm: Fcm) -> None:
        table = world.table
        self._meter, self._fcm = world.meter, fcm

        def watched[T](store: T) -> T:
            return world.ledger.watched(store, "delivery")

        self._services = Services(
            slots=watched(Slots(table)),
            runs=watched(Runs(table)),
            people=watched(People(table)),
            news=watched(News(table)),
            incidents=watched(Incidents(table)),
            outbox=Outbox(world.sqs, world.queue()),
            dead_letters=Outbox(world.sqs, world.queue()),
            gateway=fcm.gateway,
            app_link=APP_LINK,
        )
        self._services.news.dates()  # remembered, as by a process that has run for a while

    def measured(self, name: str, job: SlotJob | PersonJob | RetryJob) -> Line:
        """What the job takes, with the number of pushes that reached FCM."""
        before = self._fcm.sends()
        _, cost = self._meter.cost_of(lambda: handle(self._services, job, dt.timedelta(0), lambda: PLENTY))
        return Line(name, cost, pushes=self._fcm.sends() - before)
