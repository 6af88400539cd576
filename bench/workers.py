"""Measure `tick` with several numbers of zones, `react` for each kind of change, and `delivery` for kinds of jobs."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import cleanup.handler
from bench.api import a_couple
from bench.one_slot import OneSlot, target_of
from bench.world import ANSWER, APP_LINK, Measurement, World
from delivery.dispatcher import handle
from delivery.services import Queues, Services
from react.handler import React
from rekindle.cleanup import TargetJob
from rekindle.domain.calendar import zone_names
from rekindle.domain.ids import Zone
from rekindle.domain.persons import TargetKind
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import MAX_LATENESS, due_slots
from rekindle.push.jobs import PersonJob, RetryJob
from rekindle.push.queue import Outbox
from rekindle.store import keys
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.people import People
from rekindle.store.slots import Slots
from rekindle.store.streaks import Streaks
from rekindle.store.table import marshal
from rekindle.store.watermark import Watermark
from testing.builders import an_instant
from testing.cleanups import cleanup_services
from testing.stored import stream_record
from tick.handler import FIRST_WINDOW, Tick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.cost_recorder import CostRecorder
    from bench.world import Fcm
    from rekindle.domain.reminders import Slot
    from rekindle.push.jobs import SlotJob

MORNING: Final = an_instant("2026-03-02T13:30:00Z")
"""08:30 in New York."""
EVENING: Final = MORNING + dt.timedelta(hours=12)
ZONES: Final = (1, 40, 400)
PERSONS: Final = 1_000
PLENTY: Final = dt.timedelta(minutes=2)


def measured_ticks(url: str, recorder: CostRecorder) -> list[Measurement]:
    """Measure three ticks for each number of zones. The third tick comes two hours late."""
    measured: list[Measurement] = []
    soon = MORNING + FIRST_WINDOW
    ticks = {
        "nobody due": MORNING,
        "a slot due in each": soon,
        "2 hours late, 24 slots due in each": soon + MAX_LATENESS,
    }
    for count in ZONES:
        world = World.on(url, recorder)
        tick = Tick(Slots(world.table), Watermark(world.table), Outbox(world.sqs, world.queue()))
        tick = recorder.recorded(tick, "tick")
        zones = [Zone(name) for name in islice(sorted(zone_names()), count)]
        _open_slots(world, [due.slot for zone in zones for due in due_slots(MORNING, soon + MAX_LATENESS, zone)])
        Watermark(world.table).advance(MORNING - FIRST_WINDOW)
        for note, at in ticks.items():
            _, cost = world.meter.cost_of(lambda tick=tick, at=at: tick.run(at))  # type: ignore[misc]
            measured.append(Measurement(f"{count} zone{'s' if count > 1 else ''}, {note}", cost))
    return measured


def _open_slots(world: World, slots: Sequence[Slot]) -> None:
    times: dict[Zone, set[str]] = defaultdict(set)
    for slot in slots:
        times[slot.zone].add(f"{slot.time:%H:%M}")
    items = [{**keys.shards(slot)._asdict(), "names": [f"{number}"]} for number, slot in enumerate(slots)]
    items += [{**keys.zone(zone)._asdict(), "times": listed} for zone, listed in times.items()]
    world.put_rows(map(marshal, items))


def measured_reactions(url: str, recorder: CostRecorder) -> list[Measurement]:
    """Measure the cost of `react` for each kind of change in the table."""
    world = World.on(url, recorder).with_starter_pack()
    streaks = Streaks(world.table, Couples(world.table), Days(world.table))
    outbox = Outbox(world.sqs, world.queue())
    react = recorder.recorded(React(streaks, outbox, outbox, outbox), "react")
    ada, ben = a_couple(world.running_process())
    date = ada.get("/v1/today").body["today"]["date"]
    (couple,) = {person.couple for person in People(world.table).people([ada.uid, ben.uid]).values() if person.couple}
    day, streak = keys.day(couple, dt.date.fromisoformat(date)), keys.streak(couple)
    opened = world.row(day)
    ada.put(f"/v1/days/{date}/answer", {"text": ANSWER})
    first = world.row(day)
    ben.put(f"/v1/days/{date}/answer", {"text": ANSWER})
    second, noted = world.row(day), world.row(streak)

    def measured(name: str, old: dict[str, Any], new: dict[str, Any]) -> Measurement:
        failed, cost = world.meter.cost_of(lambda: react.handle([stream_record(old, new)]))
        if failed["batchItemFailures"]:
            raise RuntimeError(f"react failed: {name}")
        return Measurement(name, cost)

    found = [
        measured("a day is opened", {}, opened),
        measured("the first answer", opened, first),
        measured("the second answer", first, second),
        measured("the streak grows", {}, noted),
        measured("the streak comes to 7", noted, noted | {"run": {"N": "7"}}),
    ]
    nudges = keys.nudges(ada.uid)
    ada.post("/v1/nudges", {"gesture": "hug"})
    found.append(measured("a nudge", {}, world.row(nudges)))
    world.raw.delete_item(TableName=world.table.name, Key=marshal(streak._asdict()))
    found.append(measured("the second answer, of which the streak does not know yet", first, second))
    # The couple paired at 10:00. At 10:40, Ada moves the evening reminder to 10:15, which is over.
    ada.now += dt.timedelta(minutes=40)
    ada.put("/v1/me/reminders", {"evening_time": "10:15"})
    caught_up = keys.caught_up(ada.uid, PushKind.EVENING, dt.date.fromisoformat(date))
    return [*found, measured("a reminder falls due as it moves", {}, world.row(caught_up))]


def measured_deliveries(url: str, recorder: CostRecorder, fcm: Fcm) -> list[Measurement]:
    """Measure the cost of `delivery` for each kind of job except resharding. `fcm` counts the pushes."""
    measured: list[Measurement] = []
    for persons in (PERSONS // 10, PERSONS):
        slot = OneSlot.of(World.on(url, recorder), persons, MORNING)
        delivery = Delivery(slot.world, fcm)
        morning, evening = slot.job(PushKind.PROMPT, MORNING), slot.job(PushKind.EVENING, EVENING)
        measured += [
            delivery.measured(f"prompt slot, {persons:,} persons", morning),
            delivery.measured(f"prompt slot, {persons:,} persons, the job again", morning),
            delivery.measured(f"evening slot, {persons:,} persons, half have answered", evening),
        ]
    slot = OneSlot.of(World.on(url, recorder), PERSONS, MORNING, TargetKind.FID)
    note = f"prompt slot, {PERSONS:,} persons with installation ids"
    measured.append(Delivery(slot.world, fcm).measured(note, slot.job(PushKind.PROMPT, MORNING)))

    slot = OneSlot.of(World.on(url, recorder), PERSONS // 10, MORNING)
    delivery, ben = Delivery(slot.world, fcm), slot.silent[0]
    about: dict[str, Any] = {"kind": PushKind.PARTNER_ANSWERED, "date": slot.date, "instant": MORNING}
    one = PersonJob(uid=ben.uid, couple=ben.couple, **about)
    retry = RetryJob(missed=slot.missed(PERSONS // 20), attempt=2, reason="UNAVAILABLE", **about)
    measured.append(delivery.measured("one person, whose partner has answered", one))
    measured.append(delivery.measured(f"{PERSONS // 20} devices once more", retry))
    fcm.call_unregistered(target_of(ben).value)
    return [*measured, delivery.measured("one person, whose token is dead", one)]


def measured_cleanups(url: str, recorder: CostRecorder) -> list[Measurement]:
    """Measure the cost of `cleanup` for a device whose token is dead."""
    slot = OneSlot.of(World.on(url, recorder), PERSONS // 10, MORNING)
    ben, world = slot.silent[0], slot.world
    services = recorder.recorded(cleanup_services(world.table, world.key_table.name), "cleanup")
    job = TargetJob(person=keys.pseudonym_of(ben.uid), target=keys.digest_of(target_of(ben)), instant=MORNING)
    record = {"messageId": "1", "body": job.model_dump_json()}
    failed, cost = world.meter.cost_of(lambda: cleanup.handler.handle(services, [record]))
    if failed["batchItemFailures"]:
        raise RuntimeError("cleanup failed")
    return [Measurement("a token is dead", cost)]


class Delivery:
    """The function `delivery` on a world's table. A real gateway sends the pushes to the FCM stand-in."""

    def __init__(self, world: World, fcm: Fcm) -> None:
        table = world.table
        self._meter, self._fcm = world.meter, fcm
        queues = Queues(*(Outbox(world.sqs, world.queue()) for _ in Queues._fields))
        services = Services.on(table, queues, fcm.gateway, APP_LINK)
        self._services = world.recorder.recorded(services, "delivery")
        self._services.news.dates()  # fills the cache, as in a process that has run for a while

    def measured(self, name: str, job: SlotJob | PersonJob | RetryJob) -> Measurement:
        """Measure a job, and count the pushes that reach the FCM stand-in."""
        before = self._fcm.sends()
        _, cost = self._meter.cost_of(lambda: handle(self._services, job, dt.timedelta(0), lambda: PLENTY))
        return Measurement(name, cost, pushes=self._fcm.sends() - before)
