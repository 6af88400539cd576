"""Delivery sends each push once, on the table in memory and through a stand-in for FCM's server."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from delivery.dispatcher import handle
from delivery.gateway import RESERVE, SPARE, Fate, Outcome
from delivery.libcurl import AT_ONCE
from delivery.results import LAST_ATTEMPT
from rekindle.domain.calendar import day_window, slot_instant, start_of, zone_named
from rekindle.domain.ids import CoupleId, DeviceId, Language, Uid
from rekindle.domain.persons import Device, Person, Reminders, Target
from rekindle.domain.pushes import PushKind, Reach
from rekindle.domain.reminders import Slot
from rekindle.push.jobs import Missed, RetryJob, SlotJob
from rekindle.push.kinds import KINDS
from rekindle.store import keys
from rekindle.store.couples import Couples
from rekindle.store.devices import Devices
from rekindle.store.incidents import WIDESPREAD
from rekindle.store.instants import to_millis
from rekindle.store.people import People
from rekindle.store.runs import Runs
from rekindle.store.slots import FEW_ROWS, Slots, slot_row_writes
from rekindle.store.table import Write
from testing import fcm_wire
from testing.builders import NEW_YORK, TOKYO, a_device, a_paired_person, a_profile, an_instant
from testing.push_world import (
    DATE,
    MORNING,
    NO_WAIT,
    CrashError,
    Queue,
    calls,
    clean_up,
    do,
    people_at,
    person_job,
    saved,
    slot_job,
    token_of,
)
from testing.stored import person_in, shard_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from delivery.gateway import PushGateway
    from delivery.services import Services
    from rekindle.push.payloads import Payload
    from rekindle.store.table import Table
    from testing.fcm_wire import FcmWire

EVENING = an_instant("2026-03-03T01:30:00Z")
"""20:30 in New York."""
MINUTE = dt.timedelta(minutes=1)
SHORT = dt.timedelta(seconds=5)
ENOUGH = RESERVE + MINUTE
COUPLE = CoupleId("couple-1")


def target_of(person: Person) -> Target:
    (device,) = person.devices.values()
    return device.target


def pseudonym_of(person: Person) -> str:
    return keys.pseudonym_of(person.uid)


def kinds_sent(wire: FcmWire) -> Counter[str]:
    """Count the pushes of each kind."""
    kinds = {f"{record.code}-{DATE}": str(kind) for kind, record in KINDS.items()}
    return Counter(kinds[message["android"]["notification"]["tag"]] for message in wire.messages)


def channel_of(wire: FcmWire, person: Person) -> str:
    """Return the channel in which a person's only push is shown on Android."""
    (message,) = wire.delivered_to(token_of(person))
    channel: str = message["android"]["notification"]["channel_id"]
    return channel


def reach_of(table: Table, time: dt.time = dt.time(8, 30)) -> dict[PushKind, Reach]:
    """Check that the slot's run is done, and return its reach."""
    run = Runs(table).begin(shard_of(table, Slot(NEW_YORK, time)), DATE, MORNING)
    assert run.done
    return dict(run.reach)


# A slot that is due


def test_everybody_in_a_slot_is_reminded_once(table: Table, delivery: Services, wire: FcmWire) -> None:
    people = people_at(table, 12)
    do(delivery, slot_job(table))
    assert sorted(message["token"] for message in wire.messages) == sorted(map(token_of, people))
    assert kinds_sent(wire) == {"prompt": 12}
    do(delivery, slot_job(table))
    assert len(wire.messages) == 12


def test_a_push_writes_nothing(table: Table, delivery: Services) -> None:
    """A thousand pushes cost as many writes as one push: the two of the run. The last query is for notes of changes."""
    people_at(table, 30)
    job = slot_job(table)
    delivery.news.dates()
    with calls(table) as seen:
        do(delivery, job)
    assert seen == ["PutItem", "Query", "Query", "Query", "UpdateItem"]


def test_few_are_read_at_one_go(table: Table, delivery: Services) -> None:
    people_at(table, FEW_ROWS - 1)
    job = slot_job(table)
    delivery.news.dates()
    with calls(table) as seen:
        do(replace(delivery, slots=Slots(table)), job)
    assert seen == ["PutItem", "Query", "UpdateItem"]


def test_a_slot_that_nobody_uses_any_more_is_just_done(table: Table, delivery: Services, wire: FcmWire) -> None:
    slot_row_writes(table, MORNING, (None, a_paired_person()))
    do(delivery, slot_job(table))
    assert wire.messages == []


@pytest.mark.parametrize("crash_at", range(1, 12))
def test_a_crash_resumes_where_it_was(table: Table, delivery: Services, wire: FcmWire, crash_at: int) -> None:
    """Everybody gets the push, and at most the page of the crash is sent again."""
    people = people_at(table, 7)
    delivery, job = replace(delivery, page_rows=2), slot_job(table)
    with calls(table, crash_at=crash_at), pytest.raises(CrashError):
        do(delivery, job)
    do(delivery, slot_job(table))
    pushes = Counter(message["token"] for message in wire.messages)
    assert pushes.keys() == {token_of(person) for person in people}
    assert sum(pushes.values()) <= 7 + 3
    do(delivery, slot_job(table))
    assert sum(pushes.values()) == len(wire.messages)


def test_when_time_runs_short_another_function_continues(
    table: Table, delivery: Services, wire: FcmWire, queue: Queue
) -> None:
    people = people_at(table, 6)
    delivery = replace(delivery, page_rows=2)
    rounds = sent = 0
    jobs = [slot_job(table)]

    def time_left() -> dt.timedelta:
        return SHORT if len(wire.messages) > sent else ENOUGH

    while jobs:
        rounds += 1
        sent = len(wire.messages)
        for job in jobs:
            handle(delivery, job, MINUTE, time_left)
        jobs = [job for job in queue.taken() if job.type == "slot"]
        assert all(job.late == rounds * MINUTE for job in jobs)
    assert rounds == 3
    assert sorted(message["token"] for message in wire.messages) == sorted(map(token_of, people))


class Hurried:
    """A gateway that has time for AT_ONCE sends, and records its time limits."""

    def __init__(self, gateway: PushGateway) -> None:
        self._gateway = gateway
        self.within: list[dt.timedelta] = []

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:
        self.within.append(within)
        left = [Outcome(Fate.LATER, "no time left")] * (len(targets) - AT_ONCE)
        return [*self._gateway.send(payload, targets[:AT_ONCE], within), *left]


def test_a_page_that_takes_too_long_is_finished_by_retries(
    table: Table, delivery: Services, wire: FcmWire, queue: Queue
) -> None:
    """A page may name many devices, and FCM may be slow, so the gateway has a limit of time."""
    people = people_at(table, AT_ONCE // 10 + 1, devices=10)
    hurried = Hurried(delivery.gateway)
    hurrying = replace(delivery, gateway=hurried)
    handle(hurrying, slot_job(table), NO_WAIT, lambda: SHORT if wire.messages else ENOUGH)
    assert hurried.within == [ENOUGH - SPARE]
    assert len(wire.messages) == AT_ONCE
    (job,) = queue.taken()
    assert job.type == "retry"
    assert (len(job.missed), job.reason) == (10, "no time left")
    do(delivery, job)
    assert Counter(message["token"] for message in wire.messages) == {
        device.target.value: 1 for person in people for device in person.devices.values()
    }


def test_a_push_that_comes_late_is_as_quiet_as_the_hour_it_comes_in(
    table: Table, delivery: Services, wire: FcmWire
) -> None:
    late = Reminders(prompt=dt.time(21, 30), evening=None)
    people = [a_paired_person(reminders=each) for each in (late, replace(late, quiet_hours=None))]
    saved(table, *people)
    do(delivery, slot_job(table, late.prompt, EVENING + 60 * MINUTE), waited=45 * MINUTE)
    assert [channel_of(wire, person) for person in people] == ["quiet", "everyday"]


def test_a_slot_more_than_two_hours_late_is_dropped(table: Table, delivery: Services, wire: FcmWire) -> None:
    """The job's own lateness and its wait in the queue are added. The run does not begin."""
    people_at(table, 1)
    do(delivery, slot_job(table, late=90 * MINUTE), waited=31 * MINUTE)
    assert wire.messages == []
    do(delivery, slot_job(table, late=90 * MINUTE), waited=30 * MINUTE)
    assert len(wire.messages) == 1


def test_a_reminder_is_on_no_phone_after_its_date(
    table: Table, delivery: Services, wire: FcmWire, queue: Queue
) -> None:
    """A retry is not sent after the date has ended either."""
    ada = a_paired_person(reminders=Reminders(prompt=dt.time(23, 50), evening=None))
    saved(table, ada)
    wire.script[token_of(ada)] = [fcm_wire.INTERNAL] * 2
    midnight = an_instant("2026-03-03T05:00:00Z")
    do(delivery, slot_job(table, dt.time(23, 50), midnight - 10 * MINUTE), waited=MINUTE)
    (job,) = queue.taken()
    do(delivery, job, waited=8 * MINUTE)
    (job,) = queue.taken()
    do(delivery, job, waited=MINUTE)
    assert wire.attempts[token_of(ada)] == 2
    assert queue.taken() == []
    do(delivery, job.model_copy(update={"late": 9 * MINUTE + 30 * dt.timedelta(seconds=1)}))
    (message,) = wire.messages
    assert message["apns"]["headers"]["apns-expiration"] == str(int(midnight.timestamp()))
    assert message["android"]["ttl"] == "30s"


def test_a_slot_in_a_gap_that_ends_its_date_is_pushed_all_the_same(
    table: Table, delivery: Services, wire: FcmWire
) -> None:
    """In Nuuk the clock jumps from 23:00 of 28 March 2026 to midnight."""
    nuuk, date = zone_named("America/Nuuk"), dt.date(2026, 3, 28)
    ada = a_paired_person(profile=a_profile(zone=nuuk), reminders=Reminders(prompt=dt.time(23, 30), evening=None))
    saved(table, ada)
    due = slot_instant(date, dt.time(23, 30), nuuk)
    assert due is not None
    assert due == start_of(dt.date(2026, 3, 29), nuuk)
    slot = Slot(nuuk, dt.time(23, 30))
    do(delivery, SlotJob(zone=nuuk, time=slot.time, shard=shard_of(table, slot), date=date, instant=due))
    (message,) = wire.messages
    assert message["android"]["ttl"] == "600s"


def a_day(table: Table, couple: CoupleId, *answered: Uid, closed: bool = False) -> None:
    window = day_window(DATE, [NEW_YORK])
    stored = Couples(table).couple(couple)
    assert stored
    item = {
        "persons": sorted(stored.profiles),
        "prompt": {"pack": "test", "version": 1, "id": "spark-1"},
        "kind": "question",
        "opens_at": to_millis(window.opens_at),
        "closes_at": to_millis(EVENING if closed else window.closes_at),
        "answers": {
            uid: {"at": to_millis(MORNING), "revision": 1, "sealed": b"sealed", "share_first": False}
            for uid in answered
        },
    }
    table.write(Write("Put", keys.day(couple, DATE), item=item))


def test_in_the_evening_only_who_has_not_answered_is_reminded(table: Table, delivery: Services, wire: FcmWire) -> None:
    couples = [CoupleId(f"couple-{name}") for name in ("one", "none", "both", "unopened", "closed")]
    pairs = {couple: (a_paired_person(couple=couple), a_paired_person(couple=couple)) for couple in couples}
    saved(table, *(person for pair in pairs.values() for person in pair))
    one, none, both, unopened, closed = couples
    a_day(table, one, pairs[one][0].uid)
    a_day(table, none)
    a_day(table, both, *(person.uid for person in pairs[both]))
    a_day(table, closed, closed=True)
    do(delivery, slot_job(table, dt.time(20, 30), EVENING))
    reminded = [pairs[one][1], *pairs[none], *pairs[unopened]]
    assert {message["token"] for message in wire.messages} == {token_of(person) for person in reminded}
    assert kinds_sent(wire) == {"evening": 5}
    assert reach_of(table, dt.time(20, 30)) == {PushKind.EVENING: Reach(5, 5)}


def test_a_run_counts_persons_due_and_persons_reached_at_the_first_try(
    table: Table, delivery: Services, wire: FcmWire
) -> None:
    """One reached phone of two is enough, and a dead phone does not count. The run counts all pages, by kind."""
    two = {DeviceId(name): a_device() for name in ("phone", "tablet")}
    gone, half = a_paired_person(), a_paired_person(devices=two)
    saved(table, gone, half, *(a_paired_person() for _ in range(3)))
    wire.script[token_of(gone)] = [fcm_wire.UNREGISTERED]
    wire.script[two[DeviceId("phone")].target.value] = [fcm_wire.INTERNAL]
    do(replace(delivery, page_rows=2), slot_job(table))
    assert reach_of(table) == {PushKind.PROMPT: Reach(5, 4)}
    do(delivery, slot_job(table))
    assert reach_of(table) == {PushKind.PROMPT: Reach(5, 4)}


def test_a_slot_that_comes_too_late_reached_nobody(table: Table, delivery: Services) -> None:
    late = Reminders(prompt=dt.time(23, 50), evening=None)
    saved(table, a_paired_person(reminders=late))
    at = an_instant("2026-03-03T04:50:00Z")
    do(delivery, slot_job(table, late.prompt, at, late=20 * MINUTE))
    assert reach_of(table, late.prompt) == {PushKind.PROMPT: Reach(1, 0)}


# One person


def test_a_push_in_a_persons_own_night_is_quiet(table: Table, delivery: Services, wire: FcmWire) -> None:
    ada, ben = a_paired_person(), a_paired_person(profile=a_profile(zone=TOKYO))
    saved(table, ada, ben)
    for person in (ada, ben):
        do(delivery, person_job(person))
    assert [channel_of(wire, each) for each in (ada, ben)] == ["everyday", "quiet"], "08:30 in New York, 22:30 in Tokyo"


@pytest.mark.parametrize("change", [{"couple": CoupleId("another")}, {"devices": {}}], ids=str)
def test_a_push_that_waited_dies_with_the_couple(
    table: Table, delivery: Services, wire: FcmWire, queue: Queue, change: dict[str, Any]
) -> None:
    ada = a_paired_person()
    saved(table, ada)
    People(table).change(ada.uid, MORNING, lambda person: replace(person, **change))
    do(delivery, person_job(ada), a_retry(ada, kind=PushKind.BOTH_ANSWERED, couple=COUPLE))
    assert wire.messages == []
    assert queue.taken() == []


def test_a_push_dies_with_the_couple_even_before_its_persons_are_free(
    table: Table, delivery: Services, wire: FcmWire, queue: Queue
) -> None:
    """After a crash, both persons may still name the couple that has ended. The couple's own row decides."""
    ada = a_paired_person()
    saved(table, ada)
    assert Couples(table).end(ada.uid, COUPLE, MORNING)
    assert person_in(table, ada.uid).couple == COUPLE
    do(delivery, person_job(ada), a_retry(ada, kind=PushKind.BOTH_ANSWERED, couple=COUPLE))
    assert wire.messages == []
    assert queue.taken() == []


def test_a_person_whose_row_names_a_foreign_couple_gets_none_of_its_pushes(
    table: Table, delivery: Services, wire: FcmWire
) -> None:
    ada, eve = a_paired_person(), a_paired_person(couple=CoupleId("another"))
    saved(table, ada, eve)
    row = table.get(keys.person(eve.uid))
    assert row
    table.write(Write("Put", keys.person(eve.uid), item=row | {"couple": COUPLE}))
    do(delivery, person_job(eve))
    assert wire.messages == []


def test_a_push_to_nobody_is_done(delivery: Services, wire: FcmWire) -> None:
    do(delivery, person_job(a_paired_person()))
    assert wire.messages == []


def test_a_push_about_the_partner_is_sent_however_late(table: Table, delivery: Services, wire: FcmWire) -> None:
    ada = a_paired_person()
    saved(table, ada)
    do(delivery, person_job(ada), waited=5 * 60 * MINUTE)
    assert len(wire.messages) == 1


# Pushes that do not arrive


def a_retry(*people: Person, attempt: int = 2, **changes: object) -> RetryJob:
    missed = tuple(
        Missed(person=pseudonym_of(person), target=keys.digest_of(device.target))
        for person in people
        for device in person.devices.values()
    )
    return RetryJob.model_validate(
        {
            "kind": PushKind.PROMPT,
            "date": DATE,
            "instant": MORNING,
            "missed": missed,
            "attempt": attempt,
            "reason": "UNAVAILABLE",
            **changes,
        }
    )


def test_a_dead_token_is_forgotten_and_the_others_stay(
    table: Table, delivery: Services, wire: FcmWire, cleanup_queue: Queue
) -> None:
    ada = a_paired_person(devices={DeviceId(name): a_device() for name in ("phone", "tablet")})
    saved(table, ada)
    dead, alive = (ada.devices[DeviceId(name)].target for name in ("phone", "tablet"))
    wire.script[dead.value] = [fcm_wire.UNREGISTERED]
    do(delivery, slot_job(table))
    clean_up(table, cleanup_queue)
    after = person_in(table, ada.uid)
    assert [device.target for device in after.devices.values()] == [alive]
    assert table.get(keys.target(dead)) is None
    assert table.get(keys.target(alive))
    (row,) = Slots(table).page(slot_job(table).shard, None, 10, MORNING).rows
    assert [device.target for device in row.devices] == [alive]


def test_a_cleanup_job_names_neither_a_token_nor_a_uid(
    table: Table, delivery: Services, wire: FcmWire, cleanup_queue: Queue
) -> None:
    (ada,) = people_at(table, 1)
    wire.script[token_of(ada)] = [fcm_wire.UNREGISTERED]
    do(delivery, slot_job(table))
    (body,) = cleanup_queue.bodies()
    assert json.loads(body)["type"] == "target"
    assert token_of(ada) not in body
    assert ada.uid not in body


def test_delivery_writes_nothing_to_a_person(table: Table, delivery: Services, wire: FcmWire) -> None:
    (ada,) = people_at(table, 1)
    before = table.get(keys.person(ada.uid))
    wire.script[token_of(ada)] = [fcm_wire.UNREGISTERED]
    do(delivery, person_job(ada))
    assert table.get(keys.person(ada.uid)) == before


def test_a_token_that_was_registered_again_meanwhile_stays(
    table: Table, delivery: Services, wire: FcmWire, cleanup_queue: Queue
) -> None:
    (ada,) = people_at(table, 1)
    target = target_of(ada)
    wire.script[target.value] = [fcm_wire.UNREGISTERED]
    do(delivery, slot_job(table))
    ((name, device),) = ada.devices.items()
    again = replace(device, registered_at=MORNING + dt.timedelta(days=7))
    Devices(People(table)).register(ada.uid, name, again)
    clean_up(table, cleanup_queue)
    assert person_in(table, ada.uid).devices == {name: replace(again, added_at=device.registered_at)}


def test_a_dead_token_stays_when_time_runs_short(
    table: Table, delivery: Services, wire: FcmWire, cleanup_queue: Queue
) -> None:
    """The next push will find it dead again."""
    (ada,) = people_at(table, 1)
    wire.script[token_of(ada)] = [fcm_wire.UNREGISTERED]
    handle(delivery, slot_job(table), NO_WAIT, lambda: SHORT if wire.attempts else ENOUGH)
    clean_up(table, cleanup_queue)
    stays = person_in(table, ada.uid)
    assert stays.devices == ada.devices
    assert Runs(table).begin(slot_job(table).shard, DATE, MORNING).done


def test_a_token_that_moved_on_is_not_taken_from_its_new_owner(table: Table, delivery: Services, wire: FcmWire) -> None:
    ada, ben = a_paired_person(), a_paired_person()
    saved(table, ada, ben)
    target = target_of(ada)
    retry = a_retry(ada)
    Devices(People(table)).register(
        ben.uid, DeviceId("handed on"), Device(target, ada.devices[DeviceId("phone")].platform, MORNING)
    )
    do(delivery, retry)
    assert wire.messages == [], "the token is Ben's now, and the push was Ada's"
    Devices(People(table)).forget_target(pseudonym_of(ada), keys.digest_of(target), MORNING)
    assert table.get(keys.target(target)) == {**keys.target(target)._asdict(), "uid": ben.uid}
    owner = person_in(table, ben.uid)
    assert target in {device.target for device in owner.devices.values()}


def test_a_push_to_somebody_whose_phone_another_person_took_over_goes_nowhere(
    table: Table, delivery: Services, wire: FcmWire
) -> None:
    """Until the former owner's app registers again, no push of theirs comes, on the old phone or elsewhere (I11)."""
    ada, ben = people_at(table, 2)
    devices, ((old, taken),) = Devices(People(table)), ada.devices.items()
    devices.register(ben.uid, DeviceId("taken over"), taken)
    do(delivery, person_job(ada))
    assert wire.messages == []
    do(delivery, slot_job(table))
    assert len(wire.messages) == 2
    assert len(wire.delivered_to(taken.target.value)) == 1, "Ben's reminder only"
    anew = a_device()
    devices.register(ada.uid, old, replace(anew, registered_at=MORNING))
    do(delivery, person_job(ada))
    assert len(wire.delivered_to(anew.target.value)) == 1
    assert len(wire.delivered_to(taken.target.value)) == 1


def test_the_former_owner_of_a_phone_registers_it_again_without_a_new_sign_in(table: Table) -> None:
    ada, ben = people_at(table, 2)
    devices, ((old, phone),) = Devices(People(table)), ada.devices.items()
    devices.register(ben.uid, DeviceId("taken over"), phone)
    assert person_in(table, ada.uid).devices == {}
    assert person_in(table, ada.uid).known_since(old) == phone.known_since


def test_a_slot_continues_where_it_was_once_the_wait_is_over(
    table: Table, delivery: Services, wire: FcmWire, queue: Queue
) -> None:
    """When FCM asks to wait, the rest of the page, the later pages and the later jobs all wait."""
    speakers = {Language(language): a_profile(language=language) for language in ("en", "es")}
    people = [a_paired_person(reminders=Reminders(evening=None), profile=speakers[each]) for each in [*speakers] * 5]
    saved(table, *people)
    for person in people:
        wire.script[token_of(person)] = [fcm_wire.QUOTA]
    two_minutes = 2 * MINUTE
    assert do(replace(delivery, page_rows=4), slot_job(table)) == two_minutes
    asked = {person.profile.language for person in people if wire.attempts[token_of(person)]}
    assert len(asked) == 1, "the second language of the page was not even tried"
    assert sum(wire.attempts.values()) <= 1 + 4, "nor were the pages after it"
    jobs = queue.taken()
    assert sorted(job.type for job in jobs) == ["retry", "slot"]
    assert set(queue.delays) == {two_minutes.total_seconds()}
    wire.script.clear()
    while jobs:
        assert do(delivery, *jobs) == NO_WAIT
        jobs = queue.taken()
    assert sorted(message["token"] for message in wire.messages) == sorted(map(token_of, people))
    assert kinds_sent(wire) == {"prompt": 10}


def test_only_the_device_that_was_not_reached_is_tried_again(
    table: Table, delivery: Services, wire: FcmWire, queue: Queue
) -> None:
    ada = a_paired_person(devices={DeviceId(name): a_device() for name in ("phone", "tablet")})
    saved(table, ada)
    failing = ada.devices[DeviceId("phone")].target.value
    wire.script[failing] = [fcm_wire.INTERNAL] * 2
    do(delivery, person_job(ada))
    for attempt in (2, 3):
        (job,) = queue.taken()
        assert job.type == "retry"
        assert job.attempt == attempt
        do(delivery, job)
    assert Counter(message["token"] for message in wire.messages) == {
        device.target.value: 1 for device in ada.devices.values()
    }
    assert wire.attempts[failing] == 3
    assert queue.delays == [30, 60]


def test_an_evening_reminder_is_not_tried_again_once_the_answer_is_there(
    table: Table, delivery: Services, wire: FcmWire, queue: Queue
) -> None:
    ada = a_paired_person()
    saved(table, ada)
    wire.script[token_of(ada)] = [fcm_wire.UNAVAILABLE]
    do(delivery, slot_job(table, dt.time(20, 30), EVENING))
    (job,) = queue.taken()
    a_day(table, COUPLE, ada.uid)
    do(delivery, job)
    assert wire.messages == []


def test_a_reminder_that_keeps_failing_is_dropped_when_it_is_too_late(
    table: Table, delivery: Services, wire: FcmWire
) -> None:
    ada = a_paired_person()
    saved(table, ada)
    do(delivery, a_retry(ada, late=100 * MINUTE), waited=21 * MINUTE)
    assert wire.attempts[token_of(ada)] == 0


def test_a_dead_letter_that_is_put_back_is_tried_anew(
    table: Table, delivery: Services, wire: FcmWire, queue: Queue, dead_letters: Queue
) -> None:
    people = people_at(table, WIDESPREAD)
    for person in people:
        wire.script[token_of(person)] = [fcm_wire.INTERNAL] * 2
    do(delivery, a_retry(*people, attempt=LAST_ATTEMPT))
    (dead,) = dead_letters.taken()
    do(delivery, dead)
    (job,) = queue.taken()
    do(delivery, job)
    assert len(wire.messages) == WIDESPREAD
    assert dead_letters.taken() == []


def test_a_failure_while_retries_are_enqueued_loses_nobody(
    table: Table, delivery: Services, wire: FcmWire, queue: Queue
) -> None:
    """The run does not pass the page before its retries are on the queue."""
    people = people_at(table, 3)
    wire.script[token_of(people[0])] = [fcm_wire.INTERNAL]
    broken = replace(delivery, outbox=replace(delivery.outbox, queue_url=f"{queue.url}-that-is-not-there"))
    with pytest.raises(ClientError):
        do(broken, slot_job(table))
    do(delivery, slot_job(table))
    assert {message["token"] for message in wire.messages} == {token_of(person) for person in people}


def test_nothing_that_is_logged_or_queued_names_a_token(
    table: Table, delivery: Services, wire: FcmWire, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [fcm_wire.UNAVAILABLE, fcm_wire.UNREGISTERED, fcm_wire.APPLE_SAYS_NO] + [
        fcm_wire.OUR_MISTAKE
    ] * WIDESPREAD
    people = people_at(table, len(answers))
    for person, answer in zip(people, answers, strict=True):
        wire.script[token_of(person)] = [answer]
    do(replace(delivery, dead_letters=queue.outbox), slot_job(table))
    said = "".join(repr(vars(record)) for record in caplog.records)
    assert "'refused': 3" in said
    said += "".join(job.model_dump_json() for job in queue.taken())
    for person in people:
        assert token_of(person) not in said
        assert person.profile.display_name not in said
