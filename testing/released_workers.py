"""Run the workers of one version on rows and stream records of another: `python -P testing/released_workers.py`.

The code that runs is what PYTHONPATH names, this version or a kept one. So this file uses only names that version 0.1.0
has too, or asks what there is. It reads tasks from standard input, each a line of JSON, and answers each with a line. A
task has a `command`, `tables` in the form of tests/released/VERSION/tables.json, and the command's other input:

- `show` returns what everybody sees, as in `testing.released`.
- `write` lets people write as in `live-on`, and returns the records of the table's stream: first one for each row that
  exists, and then those of the writes. Writes to one row in one request make one record.
- `react` and `tally` handle `records`. `tick` runs at each instant of `ats`. `delivery` handles the push jobs `bodies`.
  If `is_down`, FCM asks to send each push later.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sys
from typing import TYPE_CHECKING, Any, cast

import delivery.dispatcher
import delivery.services
from delivery.gateway import DELIVERED, Fate, Outcome
from react.handler import React
from rekindle.batches import handle_batch
from rekindle.push.jobs import ReshardJob, job_from
from rekindle.push.queue import Outbox
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.slots import Slots
from rekindle.store.streaks import Streaks
from rekindle.store.table import marshal
from rekindle.store.tallies import Tallies
from rekindle.store.watermark import Watermark
from rekindle.telemetry import logger
from tally.handler import Tally
from testing.released import lived_on, read, served, written
from testing.stored import stream_record
from tick.handler import Tick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekindle.domain.persons import Target
    from rekindle.push.payloads import Payload
    from rekindle.store.table import Item
    from testing.released import World

QUEUES = ("pushes", "cleanup", "accounts")


class Queue:
    """A queue of SQS in memory, which keeps each body."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:  # noqa: ARG002, N803
        self.bodies += [entry["MessageBody"] for entry in Entries]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    @property
    def outbox(self) -> Outbox:
        """The outbox that sends to this queue."""
        return Outbox(cast("Any", self), "memory")


class Gateway:
    """FCM, which notes each push that it accepts. If it is down, it accepts none."""

    def __init__(self, *, is_down: bool) -> None:
        self.is_down = is_down
        self.pushes: list[Any] = []

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:  # noqa: ARG002
        """Accept or refuse all pushes."""
        if self.is_down:
            return [Outcome(Fate.LATER, "UNAVAILABLE")] * len(targets)
        data = {name: str(value) for name, value in dataclasses.asdict(payload).items()}
        self.pushes += [[target.value, data] for target in targets]
        return [DELIVERED] * len(targets)


def write(world: World) -> dict[str, Any]:
    """Let people write. Return the records of the table's stream."""
    rows: dict[tuple[str, str], Item] = {}
    records: list[Any] = []

    def look() -> None:
        present = {(item["pk"], item["sk"]): item for item in world.table.items()}
        for key in sorted(rows.keys() | present.keys()):
            old, new = rows.get(key), present.get(key)
            if old != new:
                records.append(stream_record(old and marshal(old), new and marshal(new), len(records)))
        rows.clear()
        rows.update(present)

    look()
    for phone in world.phones.values():
        phone.handler = _watched(phone.handler, look)
    lived_on(world)
    return {"records": records}


def _watched(handler: Any, look: Any) -> Any:
    def handle(event: Any, context: Any) -> Any:
        reply = handler(event, context)
        look()
        return reply

    return handle


def react(world: World, task: Any) -> dict[str, Any]:
    """Let `react` handle the records. Version 0.1.0 has only the queue of push jobs."""
    table: Any = world.table
    queues = {name: Queue() for name in QUEUES}
    count = len(dataclasses.fields(React)) - 1
    outboxes = [queue.outbox for queue in queues.values()][:count]
    worker: Any = React
    response = worker(Streaks(table, Couples(table), Days(table)), *outboxes).handle(task["records"])
    return _failed(response) | {name: queue.bodies for name, queue in queues.items()}


def tally(world: World, task: Any) -> dict[str, Any]:
    """Let `tally` count the records."""
    return _failed(Tally(Tallies(cast("Any", world.table))).handle(task["records"]))


def tick(world: World, task: Any) -> dict[str, Any]:
    """Let `tick` run at each instant."""
    table, queue = cast("Any", world.table), Queue()
    worker = Tick(Slots(table), Watermark(table), queue.outbox)
    for at in task["ats"]:
        worker.run(dt.datetime.fromisoformat(at))
    return {"pushes": queue.bodies}


def deliver(world: World, task: Any) -> dict[str, Any]:
    """Let `delivery` handle the jobs. Return the pushes that FCM has accepted, and the jobs that follow."""
    gateway, queues = Gateway(is_down=task.get("is_down", False)), [Queue(), Queue(), Queue()]
    outboxes: Any = [queue.outbox for queue in queues]
    kind: Any = delivery.services
    if hasattr(kind, "Queues"):
        services = kind.Services.on(world.table, kind.Queues(*outboxes), gateway, "https://app.example")
    else:
        services = kind.Services.on(world.table, *outboxes[:2], gateway, "https://app.example")

    def attempt(record: Any) -> None:
        job = job_from(record["body"])
        assert not isinstance(job, ReshardJob)
        delivery.dispatcher.handle(services, job, dt.timedelta(0), lambda: dt.timedelta(minutes=10))

    records: Any = [{"messageId": str(number), "body": body} for number, body in enumerate(task["bodies"])]
    response = handle_batch(records, attempt, lambda _error, _number: None)
    names = ("jobs", "dead_letters", "cleanup")
    return _failed(response) | {
        "sent": gateway.pushes,
        **{name: queue.bodies for name, queue in zip(names, queues, strict=True)},
    }


def _failed(response: Any) -> dict[str, Any]:
    return {"failed": [each["itemIdentifier"] for each in response["batchItemFailures"]]}


def run(task: Any, world: World | None = None) -> dict[str, Any]:
    """Run a task on its tables, or on a world. Return its result, and the tables after it."""
    world = world or read(task["tables"])
    match task["command"]:
        case "show":
            result = {"shown": served(world)}
        case "write":
            result = write(world)
        case "react":
            result = react(world, task)
        case "tally":
            result = tally(world, task)
        case "tick":
            result = tick(world, task)
        case "delivery":
            result = deliver(world, task)
        case unknown:
            raise ValueError(unknown)
    return result | {"tables": written(world)}


if __name__ == "__main__":
    cast("Any", logger.registered_handler).setStream(sys.stderr)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()
