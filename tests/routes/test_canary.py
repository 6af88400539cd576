"""A canary in any place of any request is found only in the rows that have to have it.

The rest of what the system writes has none: logs at DEBUG, jobs, dead letters, pushes and receipts.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import io
import json
import logging
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from botocore.exceptions import ClientError

from delivery.dispatcher import handle
from delivery.fcm import FcmGateway
from delivery.gateway import NO_WAIT
from delivery.libcurl import Libcurl
from delivery.services import Queues
from delivery.services import Services as DeliveryServices
from react.handler import React
from rekindle.domain.ids import Uid
from rekindle.push.jobs import PersonJob, ReshardJob, job_from
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.slots import Slots
from rekindle.store.streaks import Streaks
from rekindle.store.table import marshal
from rekindle.store.tallies import Tallies
from rekindle.store.watermark import Watermark
from rekindle.telemetry import logger
from tally.handler import Tally
from testing.fcm_wire import OUR_MISTAKE, PROJECT, QUOTA, UNREGISTERED, Answer, fcm_wire
from testing.phones import Phone
from testing.push_world import Queue, plenty
from testing.stored import stream_record
from tests.routes.authorization import OPERATIONS, ROWS, Kind
from tests.routes.canaries import ROWS_OF, Canaries, filled
from tests.routes.town import NOW, Town, a_town
from tests.routes.trial import Trial, request_of, rows_of
from tick.handler import Tick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rekindle.store.table import Item, Table
    from testing.fcm_wire import FcmWire
    from testing.phones import Reply
    from tests.routes.canaries import Filled
    from tests.routes.test_erasing import World
    from tests.routes.trial import Row


type Changed = Mapping[Row, tuple[Item | None, Item | None]]
"""Rows before and after a change."""


class Everything(logging.Formatter):
    """Formats a log record with everything that it carries."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{super().format(record)} {vars(record)!r}"


@contextlib.contextmanager
def all_logs() -> Iterator[io.StringIO]:
    """Collect what anything logs or prints, at DEBUG: our lines as CloudWatch gets them, and all loggers' records."""
    lines = io.StringIO()
    own, root, everything = logger.registered_handler, logging.getLogger(), logging.StreamHandler(lines)
    assert isinstance(own, logging.StreamHandler)
    everything.setFormatter(Everything())
    levels = logger.log_level, root.level
    stream = own.setStream(lines)
    powertools = logging.getLogger("aws_lambda_powertools")  # its records do not reach the root logger
    powertools.addHandler(everything)
    logger.setLevel(logging.DEBUG)
    root.setLevel(logging.DEBUG)
    root.addHandler(everything)
    try:
        with contextlib.redirect_stdout(lines), contextlib.redirect_stderr(lines):
            yield lines
    finally:
        powertools.removeHandler(everything)
        root.removeHandler(everything)
        own.setStream(stream)
        logger.setLevel(levels[0])
        root.setLevel(levels[1])


@dataclass(slots=True)
class Trail:
    """What the system has written beside its replies."""

    canaries: Canaries = field(default_factory=Canaries)
    jobs: list[str] = field(default_factory=list)
    dead_letters: list[str] = field(default_factory=list)
    kept: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The kinds of rows in which a canary was seen, by what it stands for."""
    logs: str = ""
    pushes: list[str] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    tried: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The statuses of each operation's replies. The first request has canaries in its headers alone."""
    failed: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The statuses of each operation's replies while the table fails."""

    def note(self, changed: Changed) -> None:
        """Note the canaries in changed rows."""
        for (table, pk, sk), (_, new) in changed.items():
            for place in self.canaries.found_in(f"{pk} {sk} {new!r}"):
                self.kept[place].add(f"{table} {pk.partition('#')[0]}")

    def react(self, world: World, changed: Changed) -> None:
        """Note the canaries in changed rows, and let the stream's functions handle the changes."""
        self.note(changed)
        records = [
            stream_record(old and marshal(old), new and marshal(new), number)
            for number, ((name, _, _), (old, new)) in enumerate(changed.items(), 1)
            if name == world.table.name
        ]
        table = cast("Table", world.table)
        queues = [Queue.in_memory() for _ in range(3)]
        react = React(Streaks(table, Couples(table), Days(table)), *(each.outbox for each in queues))
        assert react.handle(records) == {"batchItemFailures": []}
        assert Tally(Tallies(table)).handle(records) == {"batchItemFailures": []}
        self.jobs += [body for queue in queues for body in queue.bodies()]


def changes(before: Mapping[Row, Item], after: Mapping[Row, Item]) -> Changed:
    rows = {**before, **after}
    return {row: (before.get(row), after.get(row)) for row in rows if before.get(row) != after.get(row)}


@contextlib.contextmanager
def delivering(world: World, wire: FcmWire, pushes: Queue, dead: Queue, cleanup: Queue) -> Iterator[DeliveryServices]:
    with contextlib.closing(FcmGateway(wire.credential, Libcurl(wire.url, PROJECT))) as gateway:
        queues = Queues(pushes.outbox, dead.outbox, cleanup.outbox)
        yield DeliveryServices.on(cast("Table", world.table), queues, gateway, "https://app.example")


def failing(answer: Answer, token: str) -> Answer:
    """Return the answer with the phone's token in its message."""
    body = cast("dict[str, Any]", answer.body)
    return replace(answer, body={"error": {**body["error"], "message": f"No such token: {token}"}})


def deliver(trail: Trail, town: Town, wire: FcmWire) -> None:
    """Let two days of ticks and all jobs of the town's changes be delivered. Some phones are gone at FCM."""
    pushes, dead, cleanup = (Queue.in_memory() for _ in range(3))
    tokens = {each.owner: each.text for each in town.plants if each.what == "token"}
    for name, answer in {"eli": UNREGISTERED, "dee": OUR_MISTAKE, "ben": QUOTA}.items():
        wire.script[tokens[name]] = [failing(answer, tokens[name])]
    table = cast("Table", town.world.table)
    tick = Tick(Slots(table), Watermark(table), pushes.outbox)
    assert sum(tick.run(NOW + number * dt.timedelta(hours=1)) for number in range(48))
    waiting = [*(body for body in trail.jobs if is_push(body)), *pushes.bodies()]
    with delivering(town.world, wire, pushes, dead, cleanup) as services:
        for body in waiting:
            job = job_from(body)
            assert not isinstance(job, ReshardJob)
            handle(services, job, NO_WAIT, plenty)
        retries = pushes.bodies()
        # FCM refuses every push, so that pushes become dead letters.
        for token in tokens.values():
            wire.script[token] = [failing(OUR_MISTAKE, token)] * len(waiting)
        for body in waiting:
            if isinstance(job := job_from(body), PersonJob):
                handle(services, job, NO_WAIT, plenty)
    later = cleanup.bodies()
    trail.jobs += [*waiting, *retries, *later]
    trail.dead_letters += dead.bodies()
    town.world.handle(*later, instant=NOW)
    trail.pushes += [json.dumps({**message, "token": ""}) for message in wire.messages]


def is_push(body: str) -> bool:
    return json.loads(body)["type"] in {"person", "new_device", "slot", "retry"}


GOOD: Final[Mapping[str, Kind]] = {
    name: next(kind for kind, status in row.items() if status < 300) for name, row in ROWS.items() if name in OPERATIONS
}
"""The first kind of caller for whom an operation does something."""


def failures(canary: str) -> list[Exception]:
    """Return errors with a text of ours and of AWS, as if they named what could not be stored."""
    return [
        RuntimeError(canary),
        ClientError({"Error": {"Code": "ValidationException", "Message": canary}}, "PutItem"),
        ClientError({"Error": {"Code": "ThrottlingException", "Message": canary}}, "PutItem"),
    ]


@contextlib.contextmanager
def failing_table(world: World, failure: Exception) -> Iterator[None]:
    def fail(_operation: str) -> None:
        raise failure

    world.table.watchers.append(fail)
    try:
        yield
    finally:
        world.table.watchers.remove(fail)


def fill_everything(trail: Trail, town: Town) -> None:
    """Send each operation's request with a canary in each place, and once while the table fails."""
    town.after = lambda _world: None
    trial = Trial(town)
    for name, kind in GOOD.items():
        operation = OPERATIONS[name]
        path, body = request_of(town, name)
        phone = town.caller(kind)

        def call(request: Filled, phone: Phone = phone, method: str = operation.method) -> Reply:
            return phone.call(method, request.path, raw=request.raw, headers=dict(request.headers))

        requests = list(filled(trail.canaries, operation, path, body))
        for request in requests:
            world = trial.world
            outcome = trial.sent(phone, partial(call, request))
            trail.tried[name].append(outcome.reply.status)
            if outcome.changed:
                trail.react(world, outcome.changed)
        for failure in failures(trail.canaries.new(f"an error in {name}")):
            with failing_table(trial.world, failure):
                trail.failed[name].append(trial.sent(phone, partial(call, requests[0])).reply.status)


@pytest.fixture(scope="module")
def trail() -> Trail:
    """Let a town live, and fill every place of every request."""
    trail = Trail()
    seen: dict[Row, Item] = {}

    def after(world: World) -> None:
        nonlocal seen
        rows = rows_of(world)
        trail.react(world, changes(seen, rows))
        seen = rows

    with all_logs() as lines, fcm_wire() as wire:
        town = a_town(after, trail.canaries)
        deliver(trail, town, wire)
        after(town.world)
        nobody = Phone(town.on(town.world), Uid("nobody"), NOW)
        trail.receipts = [nobody.get(f"/v1/erasures/{town.ids[f"{name}'s receipt"]}").text for name in ("ida", "jon")]
        fill_everything(trail, town)
    trail.logs = lines.getvalue()
    return trail


def test_every_operation_was_tried_and_did_what_it_does(trail: Trail) -> None:
    """Otherwise the tests below would show nothing."""
    assert trail.tried.keys() == OPERATIONS.keys()
    assert [name for name, statuses in trail.tried.items() if statuses[0] >= HTTPStatus.BAD_REQUEST] == []
    assert {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY} <= {*chain(*trail.tried.values())}
    assert {HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE} <= {*chain(*trail.failed.values())}


def test_everything_was_written(trail: Trail) -> None:
    """Otherwise the tests below would show nothing."""
    kinds = {json.loads(body)["type"] for body in trail.jobs}
    assert kinds >= {"person", "slot", "retry", "target", "erase", "ended", "revoke"}
    assert len(trail.pushes) > 10
    assert trail.dead_letters
    assert all(message in trail.logs for message in ("answered", "refused", "reacted", "counted", "ticked", "busy"))
    assert trail.canaries.codes
    assert {"name", "token", "solo answer", "sealed answer", "reflection", "key"} <= {*trail.canaries.places.values()}


def test_no_log_has_a_canary(trail: Trail) -> None:
    assert trail.canaries.found_in(trail.logs) == set()


def test_no_job_and_no_dead_letter_has_a_canary(trail: Trail) -> None:
    assert trail.canaries.found_in("".join(trail.jobs + trail.dead_letters)) == set()


def test_no_push_has_a_canary_but_its_phone_s_token(trail: Trail) -> None:
    assert trail.canaries.found_in("".join(trail.pushes)) == set()


def test_no_receipt_has_a_canary(trail: Trail) -> None:
    assert trail.receipts
    assert trail.canaries.found_in("".join(trail.receipts)) == set()


def test_a_canary_is_in_the_rows_alone_that_have_to_have_it(trail: Trail) -> None:
    rows = {place: {f"memory {kind}" for kind in kinds} for place, kinds in ROWS_OF.items()}
    assert trail.kept == rows


LEAKS: Final[Mapping[str, Callable[[str], str]]] = {
    "in clear": lambda text: text,
    "in capitals": str.upper,
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in base64, after another byte": lambda text: base64.b64encode(b"{" + text.encode()).decode(),
    "in base64, after two other bytes": lambda text: base64.b64encode(b'{"' + text.encode()).decode(),
    "in hexadecimal": lambda text: text.encode().hex(),
    "in a row's binary": lambda text: repr(text.encode()),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found(leak: str) -> None:
    """A handler that logs the request's text at DEBUG, plainly or encoded, would be noticed."""
    canaries = Canaries()
    text = canaries.new("the text")
    with all_logs() as lines:
        logger.debug("got", extra={"body": LEAKS[leak](f"I said {text}.")})
    assert canaries.found_in(lines.getvalue()) != set()


def test_a_planted_leak_of_an_error_a_library_or_a_code_is_found() -> None:
    canaries = Canaries(codes={"K7MP2-QRX9T": "the code"})
    texts = [canaries.new(place) for place in ("an error", "a library", "a print")]
    with all_logs() as lines:
        logger.error("failed", exc_info=ValueError(texts[0]))
        logging.getLogger("some.library").debug("sent %s", texts[1])
        print(texts[2])  # noqa: T201 - a forgotten line
        logger.info("K7MP2-QRX9T")
    assert canaries.found_in(lines.getvalue()) == {"an error", "a library", "a print", "the code"}


def test_a_planted_leak_in_a_row_is_found() -> None:
    planted = Trail()
    text = planted.canaries.new("an answer")
    row = {"pk": "COUPLE#c", "sk": "DAY#2026-03-02", "answers": {"ada": {"text": text}}}
    planted.note({("memory", "COUPLE#c", "DAY#2026-03-02"): (None, row)})
    assert planted.kept == {"an answer": {"memory COUPLE"}}
