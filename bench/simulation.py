"""Two days of a large population: the tick, delivery and the stores as they run, over a table in memory.

Time passes from event to event. A job lies in its queue for a while, sometimes for long, and sometimes comes twice; a
tick is missed, one is doubled, and one comes late; and meanwhile persons fly and change their times.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, cast

from bench.clocks import TOO_LATE, Clock, Stay, due
from bench.ground import KINDS, LETTERS, Laid
from bench.population import LATEST, NEVER, STEP, STEPS, Population, couple_of, owner_of, time_of, uid_of
from delivery.dispatcher import handle
from delivery.gateway import DELIVERED
from delivery.resharding import reshard
from delivery.services import SHARD_ROWS, Services
from react.handler import reaction_to
from rekindle.domain.models import Language, PushKind
from rekindle.push.jobs import PersonJob, ReshardJob, SlotJob, job_from
from rekindle.push.kinds import OF_A_DATE, REMINDERS
from rekindle.push.payloads import Occasion, payload_of
from rekindle.push.queue import Outbox
from rekindle.store import keys
from rekindle.store.incidents import Incidents
from rekindle.store.news import News
from rekindle.store.people import People
from rekindle.store.runs import Runs
from rekindle.store.slots import Slots
from rekindle.store.table import Write, marshal
from testing.memory_table import Bill, MemoryTable, Units
from tick.handler import Tick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from types_boto3_sqs import SQSClient

    from delivery.gateway import Outcome
    from rekindle.domain.models import Person, Target, Zone
    from rekindle.push.payloads import Payload
    from rekindle.store.keys import Key
    from rekindle.store.table import Item, Table

TIMEOUT: Final = dt.timedelta(seconds=180)
"""Of delivery, as template.yaml has it."""

MOVERS: Final = 0.005
"""Of persons, those who change their zone or a time within the two days; a tenth of them twice."""

SOON: Final = (0.2, 60.0)
LATER: Final = (60.0, 1200.0)
HELD_UP: Final = 0.02
"""Of jobs, those that wait for LATER seconds, as after a crash, and not for SOON."""
REPEATED: Final = 0.005
"""Of slots' jobs, those that come a second time within LATER seconds. A person's own would push again: nothing refuses
a repeat there, and on the phone it takes the place of the first."""

EDGE: Final = dt.timedelta(seconds=LATER[1]) + STEP
"""A caught-up reminder this close to being too late may be sent or not, by how long its job waits."""

LARGE: Final = 1_000
"""Rows of a page: who is due in a shard of so many is told at the price that the design aims at."""

FIRST_DEVICE: Final = 1
SECOND_DEVICE: Final = 16
"""What a push to a device adds to its person's count, so that one byte counts both."""

TICK, DELIVERY, SPREADING, MOVING, FAULTS = "tick", "delivery", "spreading", "moving", "faults"
"""What requests to the table are made for."""


class Move(NamedTuple):
    """A change of a person's zone or times."""

    number: int
    at: dt.datetime
    zone: Zone
    prompt: int
    evening: int


class Wrong(NamedTuple):
    """A person whose devices were not told as often as they should have been."""

    number: int
    kind: PushKind
    date: dt.date
    told: int
    expected: int

    def __str__(self) -> str:
        return (
            f"person {uid_of(self.number)}, {self.kind} of {self.date}: told {_times(self.told)}, "
            f"should have been {_times(self.expected)}"
        )


def _times(count: int) -> str:
    second, first = divmod(count, SECOND_DEVICE)
    return f"{first} time{'' if first == 1 else 's'}" + (f" and {second} on a second device" if second else "")


@dataclass(slots=True)
class Queue:
    """SQS as the outbox sees it: what it is sent lies in `sent` as body and delay. `requests` counts its calls."""

    sent: list[tuple[str, int]] = field(default_factory=list)
    requests: int = 0

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803, ARG002  SQS's own
        """Take all of them."""
        self.requests += 1
        self.sent += [(entry["MessageBody"], entry["DelaySeconds"]) for entry in Entries]
        return {}

    @property
    def outbox(self) -> Outbox:
        """The way onto the queue."""
        return Outbox(cast("SQSClient", self), "https://queue.example")


@dataclass(slots=True)
class Phones:
    """The gateway: every push arrives and is counted by kind, date and person. `busy` is what a worker has spent.

    News count as the prompt in whose place they come, and by themselves in `news`.
    """

    persons: int
    per_second: float
    counts: dict[tuple[PushKind, dt.date], bytearray]
    pushes: Counter[PushKind] = field(default_factory=Counter)
    news: int = 0
    busy: float = 0
    _counted: dict[str, tuple[PushKind, dt.date]] = field(default_factory=dict)
    _news: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, persons: int, dates: Sequence[dt.date], per_second: float) -> Self:
        """The phones of so many persons, on which reminders of these dates are expected."""
        pairs = list(itertools.product(REMINDERS, dates))
        phones = cls(persons, per_second, {pair: bytearray(persons) for pair in pairs})
        for kind, date in itertools.product(OF_A_DATE, dates):
            noon = dt.datetime.combine(date, dt.time(12), dt.UTC)
            shown = payload_of(
                Occasion(kind, date, noon), Language("en"), noon, quiet=False, app_link="https://app.example"
            )
            if kind is PushKind.NEWS:
                phones._news.add(shown.collapse_id)
            phones._counted[shown.collapse_id] = PushKind.PROMPT if kind is PushKind.NEWS else kind, date
        return phones

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:  # noqa: ARG002  as the gateway has it
        """Count the pushes."""
        kind, date = self._counted[payload.collapse_id]
        counts = self.counts[kind, date]
        for target in targets:
            number, second = owner_of(target.value)
            counts[number] += SECOND_DEVICE if second else FIRST_DEVICE
        self.pushes[kind] += len(targets)
        self.news += len(targets) if payload.collapse_id in self._news else 0
        self.busy += len(targets) / self.per_second
        return [DELIVERED] * len(targets)


@dataclass(slots=True)
class Work:
    """What deliveries of one kind took: a job's units are shared out by the bytes that it read of each kind of row."""

    pushes: int = 0
    requests: float = 0
    read: float = 0
    write: float = 0


@dataclass(frozen=True, slots=True)
class Faults:
    """The ticks that go wrong: one never comes, one comes twice, and one only after the next."""

    missed: dt.datetime
    doubled: dt.datetime
    late: dt.datetime


@dataclass(slots=True)
class Simulation:
    """All of it. `start` and `end` bound what is expected; the first tick is one beat after the start."""

    population: Population
    ground: Laid
    table: MemoryTable
    phones: Phones
    queue: Queue
    tick: Tick
    delivery: Services
    clocks: list[Clock]
    end: dt.datetime
    rng: random.Random
    slots: int
    moves: dict[int, list[Move]] = field(default_factory=dict)
    work: defaultdict[tuple[str, bool], Work] = field(default_factory=lambda: defaultdict(Work))
    """By the letter of a kind's rows, and whether the shard had LARGE rows."""
    demand: Counter[dt.datetime] = field(default_factory=Counter)
    """Pushes by when their jobs were enqueued."""
    jobs: Counter[str] = field(default_factory=Counter)
    ticks: int = 0
    caught_up: int = 0
    faults: Faults | None = None
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
        """A population and its table. `slots` and `runs` make delivery's stores: a test gives it broken ones."""
        population = Population.drawn(persons, start, seed)
        ground = Laid.under(population)
        table = MemoryTable(Bill(), ground)
        laid = ground.spread(table, shard_rows)
        news_on = start.date() + dt.timedelta(days=1)
        table.write(Write("Put", keys.NEWS, item={"dates": {str(news_on): "a-new-pack"}}))
        table.bill = Bill()
        queue, end, stored = Queue(), start + length, cast("Table", table)
        used = set(population.zone)
        dates = [start.date() + dt.timedelta(days=days) for days in range(-1, length.days + 2)]
        phones = Phones.of(len(population), dates, per_second)
        simulation = cls(
            population=population,
            ground=ground,
            table=table,
            phones=phones,
            queue=queue,
            tick=Tick(Slots(stored), queue.outbox),
            delivery=Services(
                slots=slots(stored),
                runs=runs(stored),
                people=People(stored),
                news=News(stored, monotonic=lambda: 0.0),
                incidents=Incidents(stored),
                outbox=queue.outbox,
                dead_letters=queue.outbox,
                gateway=phones,
                app_link="https://app.example",
                shard_rows=shard_rows,
            ),
            clocks=[
                Clock.watched(zone, start, end) if number in used else Clock({})
                for number, zone in enumerate(population.zones)
            ],
            end=end,
            rng=random.Random(seed),  # noqa: S311  no secret depends on it
            slots=laid,
        )
        table.inserted = simulation._note
        simulation._plan_moves(movers)
        simulation._plan_ticks()
        return simulation

    @property
    def bill(self) -> Bill:
        """What the table has been asked."""
        return self.table.bill

    @property
    def rows(self) -> int:
        """How many reminders have been read in their slots."""
        return sum(self.bill.rows[letter] for letter in KINDS)

    @property
    def written_for_pushes(self) -> int:
        """How many writes delivery made besides those of its runs."""
        return self.bill.total(DELIVERY).written - self.bill.total(DELIVERY, entities={"RUN"}).written

    @property
    def on_the_edge(self) -> int:
        """How many reminders of those who moved may have been sent or not, by how long their jobs waited."""
        return sum(least != most for kind, date in self.phones.counts for _, (least, most) in self._moved(kind, date))

    @property
    def due(self) -> int:
        """How many reminders there are to be delivered between start and end, counted by watching the clocks."""
        return sum(sum(each.values()) for each in self._due_by_instant())

    def run(self, progress: Callable[[int], None] = lambda _rows: None) -> None:
        """Let all of it happen; `progress` is told how many rows have been read so far."""
        while self._events:
            at, _, happens = heapq.heappop(self._events)
            happens(at)
            self._take_up(at)
            progress(self.rows)

    def _due_by_instant(self) -> Iterator[Counter[dt.datetime]]:
        """For each kind, how many fall due when."""
        for kind in REMINDERS:
            due_at: Counter[dt.datetime] = Counter()
            steps = self.population.steps(kind)
            for place, count in Counter(zip(self.population.zone, steps, strict=True)).items():
                for dates in self.clocks[place[0]].dates.values():
                    came = dates[place[1]] if place[1] != NEVER else None
                    if came is not None and self.population.start < came <= self.end:
                        due_at[came] += count
            yield due_at

    def _at(self, at: dt.datetime, happens: Callable[[dt.datetime], None]) -> None:
        heapq.heappush(self._events, (at, next(self._serial), happens))

    def _plan_ticks(self) -> None:
        """The worst that can be: what goes wrong does so when most persons are due."""
        by_instant = sum(self._due_by_instant(), Counter())
        worst = [at for at, _ in by_instant.most_common() if at != self.end][:3]
        self.faults = Faults(*worst)
        at = self.population.start
        while (at := at + STEP) <= self.end:
            if at == self.faults.doubled:
                self._at(at, self._beat_twice)
            elif at == self.faults.late:
                self._at(at + STEP + dt.timedelta(minutes=2), partial(self._beat_late, at))
            elif at != self.faults.missed:
                self._at(at, self._beat)

    def _beat(self, at: dt.datetime) -> None:
        self.bill.purpose = TICK
        self.tick.beat(at)
        self.ticks += 1

    def _beat_late(self, at: dt.datetime, _now: dt.datetime) -> None:
        self._beat(at)

    def _beat_twice(self, at: dt.datetime) -> None:
        """The first of them dies just before it has moved the watermark."""
        self.bill.purpose = FAULTS
        watermark = self.table.get(keys.WATERMARK)
        self._beat(at)
        self.bill.purpose = FAULTS
        if watermark:
            self.table.write(Write("Put", keys.WATERMARK, item={"until_at": watermark["until_at"]}))
        self._beat(at)

    def _take_up(self, at: dt.datetime) -> None:
        """What was sent to the queue comes to a worker after a while, now and then twice."""
        sent, self.queue.sent = self.queue.sent, []
        for body, delay in sent:
            wait = self.rng.uniform(*(LATER if self.rng.random() < HELD_UP else SOON))
            comes = at + dt.timedelta(seconds=delay + round(wait, 3))

            self._at(comes, partial(self._deliver, body, at))
            if self.rng.random() < REPEATED and isinstance(job_from(body), SlotJob):
                again = comes + dt.timedelta(seconds=round(self.rng.uniform(*LATER), 3))
                self._at(again, partial(self._deliver, body, at))

    def _deliver(self, body: str, sent: dt.datetime, now: dt.datetime) -> None:
        job = job_from(body)
        self.jobs[job.type] += 1
        self.phones.busy = 0
        if isinstance(job, ReshardJob):
            self.bill.purpose = SPREADING
            if now <= self.end:
                reshard(self.tick.slots, self.queue.outbox, job, now - sent, self._time_left)
            return
        self.bill.purpose = DELIVERY
        units, rows, read = self._delivered(), self.rows, dict(self.bill.rows_bytes)
        pushes = self.phones.pushes.copy()
        handle(self.delivery, job, now - sent, self._time_left)
        pushes = self.phones.pushes - pushes
        self.demand[sent] += pushes.total()
        large = self.rows - rows >= LARGE
        for kind, count in pushes.items():
            self.work[LETTERS[kind], large].pushes += count
        shares = {letter: self.bill.rows_bytes[letter] - read.get(letter, 0) for letter in KINDS}
        if isinstance(job, PersonJob):
            shares = {LETTERS[job.kind]: 1}
        self._share_out(units, shares, large=large)

    def _time_left(self) -> dt.timedelta:
        return TIMEOUT - dt.timedelta(seconds=self.phones.busy)

    def _delivered(self) -> tuple[Units, Units]:
        """What deliveries have taken up to now, and of that the reading of days, which is for evenings alone."""
        return self.bill.total(DELIVERY), self.bill.total(DELIVERY, entities={"COUPLE"})

    def _share_out(self, before: tuple[Units, Units], shares: dict[str, int], *, large: bool) -> None:
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
        """What the stream's filter lets through to react, of all that is written here."""
        if key.sk.startswith(keys.CAUGHT_UP_PREFIX):
            self._inserted.append((key, item))

    def _plan_moves(self, share: float) -> None:
        """Who moves: half of them within minutes of one of their own reminders, when it is most likely to matter."""
        population, rng = self.population, self.rng
        seconds = int((self.end - population.start).total_seconds())
        movers = rng.sample(range(len(population)), max(1, round(share * len(population))))
        for number in movers:
            zone, prompt, evening = population.zone[number], population.prompt[number], population.evening[number]
            instants = [population.start + dt.timedelta(seconds=rng.randrange(1, seconds))]
            if rng.random() < 0.1:  # noqa: PLR2004  a tenth
                instants.append(population.start + dt.timedelta(seconds=rng.randrange(1, seconds)))
            moves = []
            for at in sorted(instants):
                near = self._near_a_reminder(zone, rng.choice((prompt, evening)))
                moved = near if len(instants) == 1 and rng.random() < 0.5 and near else at  # noqa: PLR2004  half
                match rng.randrange(4):
                    case 0 | 1:
                        zone = population.zone[rng.randrange(len(population))]
                    case 2:
                        prompt = min(max(prompt + rng.randrange(-24, 25), 0), LATEST)
                    case _ if evening != NEVER:
                        evening = min(max(evening + rng.randrange(-24, 25), 0), LATEST)
                moves.append(Move(number, moved, population.zones[zone], prompt, evening))
                self._at(moved, partial(self._move, moves[-1]))
            self.moves[number] = moves

    def _near_a_reminder(self, zone: int, step: int) -> dt.datetime | None:
        """An instant within 40 minutes of when that time comes in the zone, within the simulation."""
        came = [dates[step] for dates in self.clocks[zone].dates.values()] if step != NEVER else []
        near = [each + dt.timedelta(seconds=self.rng.randrange(-2400, 2400)) for each in came if each]
        within = [each for each in near if self.population.start < each < self.end]
        return self.rng.choice(within) if within else None

    def _move(self, move: Move, _now: dt.datetime) -> None:
        self.bill.purpose = MOVING
        self.ground.moves[couple_of(move.number)].add(move.zone)

        def change(person: Person) -> Person:
            return replace(
                person,
                profile=replace(person.profile, zone=move.zone),
                reminders=replace(
                    person.reminders,
                    prompt=time_of(move.prompt),
                    evening=None if move.evening == NEVER else time_of(move.evening),
                ),
            )

        People(cast("Table", self.table)).change(uid_of(move.number), move.at, change)
        inserted, self._inserted = self._inserted, []
        for key, item in inserted:
            record = {"dynamodb": {"Keys": marshal(key._asdict()), "NewImage": marshal(item)}}
            jobs = [job for job in reaction_to(record).jobs if job.kind in REMINDERS]
            self.caught_up += len(jobs)
            self.queue.outbox.send(jobs)

    def wrong(self) -> Iterator[Wrong]:
        """Everybody who was told more or less often than by the count that watches the clocks."""
        for (kind, date), told in self.phones.counts.items():
            expected = self._expected(kind, date)
            may_be = dict(self._moved(kind, date))
            for number, (at_least, _) in may_be.items():
                expected[number] = at_least
            if told == expected:
                continue
            for number, (count, should) in enumerate(zip(told, expected, strict=True)):
                if count != should and count != may_be.get(number, (should, should))[1]:
                    yield Wrong(number, kind, date, count, should)

    def _expected(self, kind: PushKind, date: dt.date) -> bytearray:
        """How often each person's devices should have been told, if nobody had moved."""
        population = self.population
        whole = [FIRST_DEVICE + (SECOND_DEVICE if len(look.months) > 1 else 0) for look in population.looks]
        comes = [self._comes(clock, date) for clock in self.clocks]
        expected = bytearray(
            whole[look] if comes[zone][step] else 0
            for zone, step, look in zip(population.zone, population.steps(kind), population.look, strict=True)
        )
        if kind is PushKind.EVENING:
            for number, answered in enumerate(population.answers(date)):
                if answered:
                    expected[number] = 0
        if kind is PushKind.TOUCH:
            for number in range(len(population)):
                if not population.is_meant(kind, number, date):
                    expected[number] = 0
        return expected

    def _comes(self, clock: Clock, date: dt.date) -> list[bool]:
        """Whether each time of that date comes between start and end."""
        came = clock.dates.get(date, [None] * STEPS)
        return [each is not None and self.population.start < each <= self.end for each in came] + [False]

    def _moved(self, kind: PushKind, date: dt.date) -> Iterator[tuple[int, tuple[int, int]]]:
        """Of those who moved, how often their devices should have been told: at least, and at most."""
        population = self.population
        clocks = dict(zip(population.zones, self.clocks, strict=True))
        for number, moves in self.moves.items():
            stays = []
            first = Move(
                number,
                dt.datetime.min.replace(tzinfo=dt.UTC),
                population.zones[population.zone[number]],
                population.prompt[number],
                population.evening[number],
            )
            for move in (first, *sorted(moves, key=lambda move: move.at)):
                steps = {PushKind.PROMPT: move.prompt, PushKind.EVENING: move.evening}
                step = steps.get(kind, population.touch[number])
                if step != NEVER:
                    stays.append((Stay(move.at, move.zone, step), clocks[move.zone]))
            yield number, self._bounds(number, kind, date, stays)

    def _bounds(
        self, number: int, kind: PushKind, date: dt.date, stays: Sequence[tuple[Stay, Clock]]
    ) -> tuple[int, int]:
        population = self.population
        found = due(stays, date, self.end)
        if (
            found is None
            or found.at <= population.start
            or not population.is_meant(kind, number, date)
            or (kind is PushKind.EVENING and population.answered(number, date))
            or found.at - found.came > TOO_LATE
        ):
            return 0, 0
        told = FIRST_DEVICE + (SECOND_DEVICE if population.devices(number) > 1 else 0)
        clock = dict(stays)[found.stay]
        over = clock.came(date + dt.timedelta(days=1), 0)
        on_the_edge = found.at > found.came and (
            found.at + EDGE > found.came + TOO_LATE or (over is None or found.at + EDGE > over)
        )
        return (0 if on_the_edge else told), told
