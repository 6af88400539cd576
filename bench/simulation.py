"""Simulate two days of a large population, with the real tick, delivery and stores on a table in memory.

The simulated time jumps from event to event. Each job waits in a queue, some jobs for long. Some jobs arrive twice. One
tick is missed, one tick runs twice and one tick is late. Some persons change their zone or their times during the two
days.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, cast

from bench.expected import FIRST_DEVICE, LONGEST_WAIT, SECOND_DEVICE, Expected, Move
from bench.initial_rows import KINDS, LETTERS, InitialRows
from bench.population import LATEST, NEVER, STEP, Population, couple_of, owner_of, uid_of
from bench.world import APP_LINK
from delivery.dispatcher import handle
from delivery.gateway import DELIVERED
from delivery.resharding import reshard
from delivery.services import SHARD_ROWS, Queues, Services
from rekindle.cleanup import EmptySlotJob, cleanup_job_from
from rekindle.domain.ids import Language
from rekindle.domain.pushes import PushKind
from rekindle.push.jobs import PersonJob, ReshardJob, SlotJob, job_from
from rekindle.push.kinds import OF_A_DATE, REMINDERS
from rekindle.push.payloads import Occasion, payload_of
from rekindle.push.queue import Outbox
from rekindle.push.reactions import reaction_to
from rekindle.store import keys
from rekindle.store.news import News
from rekindle.store.people import People
from rekindle.store.runs import Runs
from rekindle.store.shards import EmptySlots, Resharding
from rekindle.store.slots import Slots
from rekindle.store.stream import change_in
from rekindle.store.table import Write, marshal
from rekindle.store.watermark import Watermark
from testing.memory_table import Bill, MemoryTable, Units
from testing.stored import stream_record
from tick.handler import Tick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from types_boto3_sqs import SQSClient

    from bench.expected import Reminder
    from delivery.gateway import Outcome
    from rekindle.domain.persons import Target
    from rekindle.push.payloads import Payload
    from rekindle.store.keys import Key
    from rekindle.store.table import Item, Table

TIMEOUT: Final = dt.timedelta(seconds=180)
"""The timeout of the function `delivery`, as in template.yaml."""

MOVERS: Final = 0.005
"""The share of persons who move: they change their zone or a time within the two days."""
MOVE_TWICE: Final = 0.1
MOVE_NEAR_A_REMINDER: Final = 0.5
"""The share of movers who move twice is MOVE_TWICE. Of the movers who move once, about MOVE_NEAR_A_REMINDER move within
NEAR seconds of one of their own reminders.
"""
NEAR: Final = 2400

SOON: Final = (0.2, 60.0)
LATER: Final = (60.0, LONGEST_WAIT.total_seconds())
HELD_UP: Final = 0.02
"""The share of jobs that wait for long, as after a crash. LATER has the shortest and the longest wait of these jobs in
seconds. SOON has the same for all other jobs.
"""
REPEATED: Final = 0.005
"""The share of slots' jobs that arrive twice. The second time comes within LATER seconds after the first time.

A job for one person never arrives twice here, though SQS may deliver it twice. Then `delivery` sends a second push,
which replaces the first on the phone. The simulation would count the second push as wrong.
"""

LARGE: Final = 1_000
"""The rows of a large shard. The goal for a push's cost is for jobs that read at least this many rows."""

TICK, DELIVERY, RESHARDING, MOVING, FAULTS = "tick", "delivery", "resharding", "moving", "faults"
CLEANUP: Final = "cleanup"
"""The purposes of requests to the table. The bill counts the requests of each purpose separately."""


@dataclass(slots=True)
class Queue:
    """Stands in for SQS. `sent` has the body and the delay of each message; `requests` is the number of calls."""

    sent: list[tuple[str, int]] = field(default_factory=list)
    requests: int = 0

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803, ARG002  SQS's own
        """Accept every message."""
        self.requests += 1
        self.sent += [(entry["MessageBody"], entry["DelaySeconds"]) for entry in Entries]
        return {}

    @property
    def outbox(self) -> Outbox:
        """An outbox that sends to this queue."""
        return Outbox(cast("SQSClient", self), "https://queue.example")


@dataclass(slots=True)
class Phones:
    """Stands in for the push gateway. Every push arrives.

    `counts` has the number of pushes of each reminder to each person. A push of the kind NEWS counts as the prompt that
    it replaces, and also in `news`. `busy` is how many seconds the present job has spent sending.
    """

    per_second: float
    counts: dict[Reminder, bytearray]
    pushes: Counter[PushKind] = field(default_factory=Counter)
    news: int = 0
    busy: float = 0
    _occasions: dict[str, Reminder] = field(default_factory=dict)
    """Maps the collapse id of each payload to its kind and date."""

    @classmethod
    def of(cls, persons: int, dates: Iterable[dt.date], per_second: float) -> Self:
        """Return the phones of this many persons. The phones get reminders of these dates."""
        listed = list(dates)
        phones = cls(per_second, {each: bytearray(persons) for each in itertools.product(REMINDERS, listed)})
        for kind, date in itertools.product(OF_A_DATE, listed):
            noon = dt.datetime.combine(date, dt.time(12), dt.UTC)
            payload = payload_of(Occasion(kind, date, noon), Language("en"), noon, quiet=False, app_link=APP_LINK)
            phones._occasions[payload.collapse_id] = kind, date
        return phones

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:  # noqa: ARG002  the gateway's own signature
        """Count one push to each target."""
        kind, date = self._occasions[payload.collapse_id]
        if kind is PushKind.NEWS:
            kind, self.news = PushKind.PROMPT, self.news + len(targets)
        counts = self.counts[kind, date]
        for target in targets:
            number, second = owner_of(target.value)
            counts[number] += SECOND_DEVICE if second else FIRST_DEVICE
        self.pushes[kind] += len(targets)
        self.busy += len(targets) / self.per_second
        return [DELIVERED] * len(targets)


@dataclass(slots=True)
class Work:
    """The cost of all pushes of one kind.

    If a job reads rows of several kinds, its cost is divided in proportion to the bytes of each kind's rows. Only the
    cost of reading days belongs to the evening reminder alone.
    """

    pushes: int = 0
    requests: float = 0
    read: float = 0
    write: float = 0


@dataclass(slots=True)
class Simulation:
    """A simulation of a population. Its first tick comes five minutes after the population's start."""

    population: Population
    rows: InitialRows
    table: MemoryTable
    phones: Phones
    queue: Queue
    cleanup: Queue
    tick: Tick
    delivery: Services
    expected: Expected
    rng: random.Random
    slots: int
    work: defaultdict[tuple[str, bool], Work] = field(default_factory=lambda: defaultdict(Work))
    """A key is the letter of a kind's rows, and whether the job has read at least LARGE rows."""
    demand: Counter[dt.datetime] = field(default_factory=Counter)
    """The number of pushes, by the instant at which their jobs were sent to the queue."""
    jobs: Counter[str] = field(default_factory=Counter)
    ticks: int = 0
    caught_up: int = 0
    deleted: int = 0
    """The number of slots that were deleted, because they held nobody."""
    faults: dict[str, dt.datetime] = field(default_factory=dict)
    """The instants of the ticks that go wrong, by the names "missed", "doubled" and "late"."""
    _events: list[tuple[dt.datetime, int, Callable[[dt.datetime], None]]] = field(default_factory=list)
    _serial: itertools.count[int] = field(default_factory=itertools.count)
    _inserted: list[tuple[Key, Item]] = field(default_factory=list)

    @classmethod
    def of(  # noqa: PLR0913  each is one of the simulation's own settings
        cls,
        persons: int,
        start: dt.datetime,
        length: dt.timedelta,
        *,
        seed: int = 1,
        per_second: float = 1000,
        movers: float = MOVERS,
        shard_rows: int = SHARD_ROWS,
        slots: Callable[[Table], Slots] = Slots,
        runs: Callable[[Table], Runs] = Runs,
    ) -> Self:
        """Return a simulation with its table.

        `slots` and `runs` make two stores of `delivery`. A test can pass functions that make broken stores.
        """
        population = Population.drawn(persons, start, seed)
        rows = InitialRows.of(population)
        table = MemoryTable(Bill(), rows)
        filled = rows.fill_slots(table, shard_rows)
        news_on = start.date() + dt.timedelta(days=1)
        table.write(Write("Put", keys.NEWS, item={"dates": {str(news_on): "a-new-pack"}}))
        table.bill = Bill()
        queue, cleanup, stored = Queue(), Queue(), cast("Table", table)
        dates = (start.date() + dt.timedelta(days=days) for days in range(-1, length.days + 2))
        phones = Phones.of(len(population), dates, per_second)
        simulation = cls(
            population=population,
            rows=rows,
            table=table,
            phones=phones,
            queue=queue,
            cleanup=cleanup,
            tick=Tick(Slots(stored), Watermark(stored), queue.outbox),
            delivery=replace(
                Services.on(stored, Queues(queue.outbox, queue.outbox, cleanup.outbox), phones, APP_LINK),
                slots=slots(stored),
                runs=runs(stored),
                news=News(stored, monotonic=lambda: 0.0),
                shard_rows=shard_rows,
            ),
            expected=Expected(population, start + length),
            rng=random.Random(seed),  # noqa: S311  no secret depends on it
            slots=filled,
        )
        table.inserted = simulation._note
        simulation._plan_moves(movers)
        simulation._plan_ticks()
        return simulation

    @property
    def bill(self) -> Bill:
        """The cost of the requests to the table."""
        return self.table.bill

    @property
    def rows_read(self) -> int:
        """The number of slot rows that delivery has read."""
        return sum(self.bill.rows[letter] for letter in KINDS)

    @property
    def written_for_pushes(self) -> int:
        """The number of write requests by `delivery`, without the requests that write runs."""
        return self.bill.total(DELIVERY).written - self.bill.total(DELIVERY, entities={"RUN"}).written

    def run(self, progress: Callable[[int], None] = lambda _rows: None) -> None:
        """Play all events in order of time. After each event, call `progress` with the number of rows read so far."""
        while self._events:
            at, _, happens = heapq.heappop(self._events)
            happens(at)
            self._take_jobs(at)
            self._clean_up(at)
            progress(self.rows_read)

    def _at(self, at: dt.datetime, happens: Callable[[dt.datetime], None]) -> None:
        heapq.heappush(self._events, (at, next(self._serial), happens))

    def _plan_ticks(self) -> None:
        """Plan all ticks. The three ticks with the most due reminders go wrong. The last tick never does."""
        end = self.expected.end
        worst = [at for at, _ in self.expected.due().most_common() if at != end][:3]
        self.faults = dict(zip(("missed", "doubled", "late"), worst, strict=True))
        at = self.population.start
        while (at := at + STEP) <= end:
            if at == self.faults["doubled"]:
                self._at(at, self._tick_twice)
            elif at == self.faults["late"]:
                self._at(at + STEP + dt.timedelta(minutes=2), lambda _now, at=at: self._tick(at))  # type: ignore[misc]
            elif at != self.faults["missed"]:
                self._at(at, self._tick)

    def _tick(self, at: dt.datetime) -> None:
        self.bill.purpose = TICK
        self.tick.run(at)
        self.ticks += 1

    def _tick_twice(self, at: dt.datetime) -> None:
        """Run a tick twice, as if it had crashed just before it moved the watermark."""
        self.bill.purpose = FAULTS
        watermark = self.table.get(keys.WATERMARK)
        self._tick(at)
        self.bill.purpose = FAULTS
        if watermark:
            self.table.write(Write("Put", keys.WATERMARK, item={"until_at": watermark["until_at"]}))
        self._tick(at)

    def _take_jobs(self, at: dt.datetime) -> None:
        """Take all jobs from the queue, and plan when each job reaches a worker."""
        sent, self.queue.sent = self.queue.sent, []
        for body, delay in sent:
            wait = self.rng.uniform(*(LATER if self.rng.random() < HELD_UP else SOON))
            comes = at + dt.timedelta(seconds=delay + round(wait, 3))
            self._at(comes, partial(self._deliver, body, at))
            if self.rng.random() < REPEATED and isinstance(job_from(body), SlotJob):
                again = comes + dt.timedelta(seconds=round(self.rng.uniform(*LATER), 3))
                self._at(again, partial(self._deliver, body, at))

    def _clean_up(self, at: dt.datetime) -> None:
        """Handle all cleanup jobs. Only jobs about empty slots occur here."""
        self.bill.purpose = CLEANUP
        empty_slots = EmptySlots(cast("Table", self.table))
        bodies, self.cleanup.sent = self.cleanup.sent, []
        for body, _ in bodies:
            job = cleanup_job_from(body)
            if isinstance(job, EmptySlotJob):
                self.deleted += empty_slots.delete(job.slot, at)

    def _deliver(self, body: str, sent: dt.datetime, now: dt.datetime) -> None:
        job = job_from(body)
        self.jobs[job.type] += 1
        self.phones.busy = 0
        if isinstance(job, ReshardJob):
            self.bill.purpose = RESHARDING
            if now <= self.expected.end:
                resharding = Resharding(cast("Table", self.table))
                reshard(resharding, self.queue.outbox, job, now - sent, self._time_left)
            return
        self.bill.purpose = DELIVERY
        units, rows, read = self._delivered(), self.rows_read, dict(self.bill.rows_bytes)
        pushes = self.phones.pushes.copy()
        handle(self.delivery, job, now - sent, self._time_left)
        pushes = self.phones.pushes - pushes
        self.demand[sent] += pushes.total()
        large = self.rows_read - rows >= LARGE
        for kind, count in pushes.items():
            self.work[LETTERS[kind], large].pushes += count
        shares = {letter: self.bill.rows_bytes[letter] - read.get(letter, 0) for letter in KINDS}
        if isinstance(job, PersonJob):
            shares = {LETTERS[job.kind]: 1}
        self._share_cost(units, shares, large=large)

    def _time_left(self) -> dt.timedelta:
        return TIMEOUT - dt.timedelta(seconds=self.phones.busy)

    def _delivered(self) -> tuple[Units, Units]:
        """Return the cost of `delivery` so far, and the part of this cost for days.

        Only evening reminders read days.
        """
        return self.bill.total(DELIVERY), self.bill.total(DELIVERY, entities={"COUPLE"})

    def _share_cost(self, before: tuple[Units, Units], shares: dict[str, int], *, large: bool) -> None:
        (all_before, days_before), (everything, days) = before, self._delivered()
        evening = self.work[LETTERS[PushKind.EVENING], large]
        requests, read = days.requests - days_before.requests, days.read - days_before.read
        evening.requests += requests
        evening.read += read
        total = sum(shares.values())
        for letter, share in shares.items() if total else [("", 1)]:
            part, work = share / (total or 1), self.work[letter, large]
            work.requests += part * (everything.requests - all_before.requests - requests)
            work.read += part * (everything.read - all_before.read - read)
            work.write += part * (everything.write - all_before.write)

    def _note(self, key: Key, item: Item) -> None:
        """Keep an inserted item if it is a caught-up reminder. The stream's filter passes such an item to `react`."""
        if key.sk.startswith(keys.CAUGHT_UP_PREFIX):
            self._inserted.append((key, item))

    def _plan_moves(self, share: float) -> None:
        """Plan who moves and when.

        Many persons move shortly before or after one of their own reminders, because mistakes are likely at such times.
        """
        population, rng = self.population, self.rng
        seconds = int((self.expected.end - population.start).total_seconds())
        for number in rng.sample(range(len(population)), max(1, round(share * len(population)))):
            zone, prompt, evening = population.zone[number], population.prompt[number], population.evening[number]
            instants = [population.start + dt.timedelta(seconds=rng.randrange(1, seconds))]
            if rng.random() < MOVE_TWICE:
                instants.append(population.start + dt.timedelta(seconds=rng.randrange(1, seconds)))
            moves = []
            for at in sorted(instants):
                near = self._near_a_reminder(zone, rng.choice((prompt, evening)))
                moved = near if len(instants) == 1 and rng.random() < MOVE_NEAR_A_REMINDER and near else at
                match rng.randrange(4):
                    case 0 | 1:
                        zone = population.zone[rng.randrange(len(population))]
                    case 2:
                        prompt = min(max(prompt + rng.randrange(-24, 25), 0), LATEST)
                    case _ if evening != NEVER:
                        evening = min(max(evening + rng.randrange(-24, 25), 0), LATEST)
                moves.append(Move(number, moved, population.zones[zone], prompt, evening))
                self._at(moved, partial(self._move, moves[-1]))
            self.expected.moves[number] = moves

    def _near_a_reminder(self, zone: int, step: int) -> dt.datetime | None:
        """Return a random instant within NEAR seconds of a time of day in the zone. `step` is the time of day.

        Return None if no such instant is within the simulation.
        """
        comes = self.expected.instants(self.population.zones[zone], step).values()
        near = [each + dt.timedelta(seconds=self.rng.randrange(-NEAR, NEAR)) for each in comes]
        within = [each for each in near if self.population.start < each < self.expected.end]
        return self.rng.choice(within) if within else None

    def _move(self, move: Move, _now: dt.datetime) -> None:
        self.bill.purpose = MOVING
        self.rows.moves[couple_of(move.number)].add(move.zone)
        People(cast("Table", self.table)).change(uid_of(move.number), move.at, move.applied)
        inserted, self._inserted = self._inserted, []
        for key, item in inserted:
            change = change_in(stream_record(None, marshal({**key._asdict(), **item})))
            jobs = [job for job in reaction_to(change).jobs if job.kind in REMINDERS]
            self.caught_up += len(jobs)
            self.queue.outbox.send(jobs)
