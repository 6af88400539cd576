"""No fault between the tick and the phones makes anybody miss a push.

A repeated push replaces the first, and dead targets are deleted.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from delivery.credential import credential_from
from delivery.fcm import FcmGateway
from delivery.libcurl import Libcurl
from delivery.services import Queues, Services
from rekindle.domain.due_dates import slots_of
from rekindle.domain.persons import Reminders
from rekindle.domain.pushes import PushKind
from rekindle.push.kinds import KINDS
from rekindle.store import keys
from rekindle.store.slots import Slots
from rekindle.store.watermark import Watermark
from testing import fcm_wire
from testing.builders import LONDON, NEW_YORK, a_paired_person, a_profile, an_instant
from testing.fcm_wire import PROJECT, FcmWire
from testing.push_world import CrashError, Queue, clean_up, do, saved, token_of, watched
from testing.stored import person_in
from tick.handler import Tick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from types_boto3_sqs import SQSClient

    from delivery.gateway import PushGateway
    from rekindle.domain.persons import Person
    from rekindle.push.jobs import Job
    from rekindle.store.table import Table
    from testing.api_fixtures import NewTables

    type NewWorld = Callable[..., World]

AT = an_instant("2026-03-02T13:30:00Z")
"""08:30 in New York, 13:30 in London."""
PROMPT_OF_THE_DAY = f"{KINDS[PushKind.PROMPT].code}-2026-03-02"
MINUTE = dt.timedelta(minutes=1)
PAGE_ROWS = 3


@dataclass
class Calls:
    """Count the calls of all clients, and end the process before call number `at`."""

    at: int | None = None
    names: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) - 1 == self.at:
            raise CrashError(name)


@dataclass(frozen=True)
class Counted:
    """A client of FCM or of a queue, whose calls are counted too."""

    real: Any
    calls: Calls

    def __getattr__(self, name: str) -> Any:
        self.calls(name)
        return getattr(self.real, name)


@dataclass
class World:
    """Persons in two zones who are due at AT, with `tick` and `delivery` on fresh tables."""

    table: Table
    queue: Queue
    dead_letters: Queue
    cleanup: Queue
    wire: FcmWire
    gateway: FcmGateway
    people: list[Person]
    dice: random.Random
    calls: Calls = field(default_factory=Calls)

    def tick(self, at: dt.datetime = AT) -> None:
        Tick(Slots(self.table), Watermark(self.table), self.queue.outbox).run(at)

    def delivery(self) -> Services:
        """Make the services of a new process, with empty caches."""
        pushes, cleanup = (
            replace(queue, client=cast("SQSClient", Counted(queue.client, self.calls))).outbox
            for queue in (self.queue, self.cleanup)
        )
        gateway = cast("PushGateway", Counted(self.gateway, self.calls))
        return replace(
            Services.on(self.table, Queues(pushes, self.dead_letters.outbox, cleanup), gateway, "https://app.example"),
            slots=Slots(self.table, few_rows=1),
            page_rows=PAGE_ROWS,
        )

    def settle(self, *, repeats: float = 0.0) -> None:
        """Let delivery work until the queue is empty, with repeats and in any order. Then let cleanup do its jobs."""
        pending: list[Job] = []
        while True:
            for job in self.queue.taken():
                pending += [job, job] if self.dice.random() < repeats else [job]
            if not pending:
                clean_up(self.table, self.cleanup)
                return
            job = pending.pop(self.dice.randrange(len(pending)))
            try:
                with watched(self.table, self.calls):
                    do(self.delivery(), job)
            except CrashError:
                pending.append(job)

    def reached(self) -> dict[str, Counter[str]]:
        """Return how often each push, by its collapse id, was sent to each target."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for message in self.wire.messages:
            tags = {message["android"]["notification"]["tag"], message["apns"]["headers"]["apns-collapse-id"]}
            (tag,) = tags
            found[message["token"]][tag] += 1
        return found

    def assert_nobody_is_missed(self, *, but: Sequence[Person] = ()) -> None:
        """Check that each person got only their prompt's push, and that repeats have the same collapse id."""
        missing = {token_of(person) for person in but}
        expected = {token_of(person) for person in self.people} - missing
        reached = self.reached()
        assert reached.keys() - missing == expected
        assert {tag for target in expected for tag in reached[target]} == {PROMPT_OF_THE_DAY}


@pytest.fixture
def new_world(new_tables: NewTables, new_queue: Callable[[], Queue], wire: FcmWire) -> Iterator[NewWorld]:
    def made(count: int = 8, seed: int = 0) -> World:
        wire.messages.clear()
        wire.script.clear()
        table, _ = new_tables()
        people = [
            a_paired_person(
                profile=a_profile(zone=LONDON if number % 3 == 0 else NEW_YORK),
                reminders=Reminders(prompt=dt.time(13, 30) if number % 3 == 0 else dt.time(8, 30), evening=None),
            )
            for number in range(count)
        ]
        saved(table, *people)
        dice = random.Random(seed)  # noqa: S311  a test's dice
        return World(table, new_queue(), new_queue(), new_queue(), wire, gateway, people, dice)

    with contextlib.closing(FcmGateway(credential_from(wire.secret), Libcurl(wire.url, PROJECT))) as gateway:
        yield made


def test_a_crash_at_any_call_of_delivery_misses_nobody(new_world: NewWorld) -> None:
    """At most one page is sent again. On the phones the second push replaces the first."""
    for at in itertools.count():
        world = new_world()
        world.wire.script[token_of(world.people[1])] = [fcm_wire.UNREGISTERED] * 9
        world.wire.script[token_of(world.people[2])] = [fcm_wire.INTERNAL]
        world.tick()
        calls = world.calls = Calls(at)
        world.settle()
        world.assert_nobody_is_missed(but=[world.people[1]])
        sent = sum(sum(tags.values()) for tags in world.reached().values())
        assert sent <= len(world.people) - 1 + PAGE_ROWS + 1
        assert world.table.get(keys.target(next(iter(world.people[1].devices.values())).target)) is None
        if len(calls.names) <= at:
            assert at > 20, "a delivery makes more calls than that"
            return


@pytest.mark.parametrize("seed", range(4))
def test_messages_that_come_twice_and_in_any_order_reach_everybody_once(new_world: NewWorld, seed: int) -> None:
    world = new_world(20, seed)
    for at in (AT - 5 * MINUTE, AT, AT, AT - 5 * MINUTE, AT + 5 * MINUTE):
        world.tick(at)
    world.settle(repeats=0.5)
    world.assert_nobody_is_missed()
    assert all(count == {PROMPT_OF_THE_DAY: 1} for count in world.reached().values())


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_failures_reaches_whoever_can_be_reached(new_world: NewWorld, seed: int) -> None:
    """A third of the targets are dead. FCM answers 429, 503 or 500 at random, or takes a push and hangs up."""
    world = new_world(60, seed)
    dead = [person for number, person in enumerate(world.people) if number % 10 < 3]
    alive = [person for person in world.people if person not in dead]
    for person in dead:
        world.wire.script[token_of(person)] = [fcm_wire.UNREGISTERED] * 9
    failures = [fcm_wire.QUOTA, fcm_wire.UNAVAILABLE, fcm_wire.INTERNAL, fcm_wire.failure(500, "INTERNAL")]
    for person in alive:
        world.wire.script[token_of(person)] = world.dice.choices(failures, k=world.dice.choice([0, 0, 1, 2]))
    world.tick()
    world.settle(repeats=0.2)
    world.assert_nobody_is_missed(but=dead)
    assert world.dead_letters.taken() == []
    for person in dead:
        (device,) = person.devices.values()
        after = person_in(world.table, person.uid)
        assert after.devices == {}
        assert world.table.get(keys.target(device.target)) is None
    rows = [
        row
        for shards in Slots(world.table).existing(slots_of(person)[PushKind.PROMPT] for person in world.people).values()
        for name in shards.all
        for row in Slots(world.table).page(name, None, 500, AT).rows
    ]
    assert sorted(row.person for row in rows) == sorted(keys.pseudonym_of(person.uid) for person in alive)


@pytest.mark.parametrize("answer", [fcm_wire.INTERNAL, fcm_wire.HANGS_UP], ids=["an error", "silence"])
def test_a_push_that_was_taken_all_the_same_is_repeated_under_its_id(
    new_world: NewWorld, answer: fcm_wire.Answer
) -> None:
    world = new_world()
    lost = token_of(world.people[4])
    world.wire.script[lost] = [replace(answer, taken=True)]
    world.tick()
    world.settle()
    world.assert_nobody_is_missed()
    assert world.reached()[lost][PROMPT_OF_THE_DAY] == 2
