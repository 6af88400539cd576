"""A damaged message fails alone: the good jobs beside it are done, and no log line has its content."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import accounts.handler
import cleanup.handler
from delivery.gateway import DELIVERED
from delivery.handler import handle_messages
from delivery.services import Queues
from delivery.services import Services as DeliveryServices
from rekindle.accounts import DeleteJob, RevokeJob
from rekindle.cleanup import AccountDeletedJob, EmptySlotJob, EndedJob, EraseJob, RestJob, StaleJob, TargetJob
from rekindle.domain.ids import CoupleId, Uid
from rekindle.store.instants import to_millis
from testing.builders import NEW_YORK, an_instant
from testing.cleanups import cleanup_services
from testing.memory_sqs import MemorySqs
from testing.memory_table import MemoryTable
from testing.push_world import MORNING, Queue, people_at, person_job, plenty, token_of
from testing.samples import sample_event
from tests.fuzz.damage import CANARY, bodies
from tests.fuzz.logs import logged
from tests.fuzz.settings import fuzzing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import BaseModel

    from accounts.firebase import Firebase
    from delivery.gateway import Outcome
    from rekindle.batches import BatchResponse
    from rekindle.domain.persons import Target
    from rekindle.push.payloads import Payload
    from rekindle.store.table import Table

NOW: Final = an_instant()


@dataclass(frozen=True, slots=True)
class Worker:
    """A function that handles a queue. `done` returns how many of the good jobs have been done."""

    handle: Callable[[list[dict[str, Any]]], BatchResponse]
    good: list[str]
    done: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Accepting:
    """A push service that accepts every push."""

    sent: list[str] = field(default_factory=list)

    def send(self, _payload: Payload, targets: Sequence[Target], _within: dt.timedelta) -> list[Outcome]:
        self.sent.extend(target.value for target in targets)
        return [DELIVERED for _ in targets]


@dataclass(frozen=True, slots=True)
class Obedient:
    """A Firebase project that knows every account."""

    revoked: list[Uid] = field(default_factory=list)

    def revoke(self, uid: Uid, _signed_out_at: dt.datetime) -> bool:
        self.revoked.append(uid)
        return True

    def delete(self, _uid: Uid) -> bool:
        return True


def delivery_worker() -> Worker:
    table, gateway = cast("Table", MemoryTable()), Accepting()
    people = people_at(table, 3)
    pushes = Queue.in_memory().outbox
    queues = Queues(pushes, Queue.in_memory().outbox, Queue.in_memory().outbox)
    services = DeliveryServices.on(table, queues, gateway, "https://app.example")
    tokens = {token_of(person) for person in people}
    return Worker(
        lambda records: handle_messages(
            lambda: services, table, pushes, records, visibility=dt.timedelta(minutes=18), time_left=plenty
        ),
        [person_job(person, couple=CoupleId(str(person.couple))).model_dump_json() for person in people],
        lambda: len(tokens & {*gateway.sent}),
    )


def cleanup_worker() -> Worker:
    table, jobs = cast("Table", MemoryTable()), MemorySqs("jobs")
    people = people_at(table, 3)
    services = cleanup_services(table, "memory", jobs=jobs)
    return Worker(
        lambda records: cleanup.handler.handle(services, records),
        [EraseJob(uid=person.uid, erased_at=NOW).model_dump_json() for person in people],
        lambda: sum(any(person.uid in body for body in jobs.bodies) for person in people),
    )


def accounts_worker() -> Worker:
    firebase = Obedient()
    uids = [Uid(f"person-{number}") for number in range(3)]
    return Worker(
        lambda records: accounts.handler.handle(lambda: cast("Firebase", firebase), Queue.in_memory().outbox, records),
        [RevokeJob(uid=uid, signed_out_at=NOW).model_dump_json() for uid in uids],
        lambda: len({*uids} & {*firebase.revoked}),
    )


PUSH_JOBS: Final = [json.loads(record["body"]) for record in sample_event("delivery")["Records"]]
CLEANUP_JOBS: Final[list[BaseModel]] = [
    EndedJob(couple=CoupleId("couple")),
    RestJob(couple=CoupleId("couple"), members=(Uid("ada"), Uid("ben")), ended_at=NOW),
    TargetJob(person="pseudonym", target="digest", instant=NOW),
    StaleJob(person="pseudonym", target="digest", instant=NOW),
    EmptySlotJob(zone=NEW_YORK, time=dt.time(8, 30)),
    AccountDeletedJob(pseudonym="pseudonym", uid=Uid("ada")),
    EraseJob(uid=Uid("ada"), erased_at=NOW),
]
ACCOUNT_JOBS: Final[list[BaseModel]] = [
    RevokeJob(uid=Uid("ada"), signed_out_at=NOW),
    DeleteJob(uid=Uid("ada"), pseudonym="pseudonym"),
]
WORKERS: Final = {
    "delivery": (delivery_worker, PUSH_JOBS),
    "cleanup": (cleanup_worker, [job.model_dump(mode="json") for job in CLEANUP_JOBS]),
    "accounts": (accounts_worker, [job.model_dump(mode="json") for job in ACCOUNT_JOBS]),
}


def message(name: str, body: str) -> dict[str, Any]:
    sent = str(to_millis(MORNING))
    attributes = {"SentTimestamp": sent, "ApproximateFirstReceiveTimestamp": sent, "ApproximateReceiveCount": "1"}
    return {"messageId": name, "body": body, "attributes": attributes}


@pytest.mark.parametrize(("new_worker", "jobs"), WORKERS.values(), ids=WORKERS)
def test_a_damaged_message_fails_alone(new_worker: Callable[[], Worker], jobs: list[dict[str, Any]]) -> None:
    @fuzzing(short=60)
    @given(damaged=st.lists(bodies(jobs), min_size=2, max_size=2))
    def check(damaged: list[str]) -> None:
        worker = new_worker()
        first, second, third = worker.good
        batch = [first, damaged[0], second, damaged[1], third]
        with logged() as lines:
            reply = worker.handle([message(str(number), body) for number, body in enumerate(batch)])
        assert {each["itemIdentifier"] for each in reply["batchItemFailures"]} <= {"1", "3"}
        assert worker.done() == len(worker.good)
        assert CANARY not in lines.getvalue()

    check()


@pytest.mark.parametrize(("new_worker", "jobs"), WORKERS.values(), ids=WORKERS)
def test_every_job_of_the_queue_is_good_before_it_is_damaged(
    new_worker: Callable[[], Worker], jobs: list[dict[str, Any]]
) -> None:
    records = [message(str(number), json.dumps(job)) for number, job in enumerate(jobs)]
    assert new_worker().handle(records) == {"batchItemFailures": []}
