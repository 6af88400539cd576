"""`tick`, `react` and `delivery` work as Lambda calls them, with sample events and settings."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from delivery import handler as delivery
from react import handler as react
from rekindle.domain.ids import CoupleId, Uid
from rekindle.domain.persons import Reminders
from rekindle.push.jobs import LONGEST_DELAY, job_from
from rekindle.store.slots import Slots, slot_row_writes
from rekindle.store.table import Table
from testing import engines, fcm_wire
from testing.builders import a_paired_person
from testing.fcm_wire import PROJECT, FcmWire
from testing.push_world import Queue, saved, token_of
from tick import handler as tick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_mock import MockerFixture

    from rekindle.domain.persons import Person

EVENTS = Path(__file__).parents[2] / "events"
_numbers = itertools.count(1)


class Context(LambdaContext):
    """Lambda's context, with so many seconds left."""

    def __init__(self, time_left: Callable[[], int] = lambda: 600) -> None:
        self._time_left = time_left

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # Powertools has it static
        return self._time_left() * 1000


@pytest.fixture
def world(
    emulator_url: str, queue: Queue, wire: FcmWire, monkeypatch: pytest.MonkeyPatch, mocker: MockerFixture
) -> Iterator[Table]:
    """Set the functions' environment as template.yaml does, and yield the main table."""
    client = engines.client("dynamodb", emulator_url)
    name, _ = engines.create_tables(client, f"handlers-{next(_numbers)}")
    secrets = engines.client("secretsmanager", emulator_url)
    environment = {
        **engines.environment(emulator_url),
        "TABLE_NAME": name,
        "QUEUE_URL": queue.url,
        "CLEANUP_QUEUE_URL": Queue.on(emulator_url).url,
        "ACCOUNT_QUEUE_URL": Queue.on(emulator_url).url,
        "DEAD_LETTERS_URL": Queue.on(emulator_url).url,
        "VISIBILITY_SECONDS": "1080",
        "APP_LINK": "https://app.example",
        "FCM_SECRET_ARN": secrets.create_secret(Name=name, SecretString=wire.secret)["ARN"],
        "FCM_PROJECT_ID": PROJECT,
        "FCM_ENDPOINT": wire.url,
        "FCM_PUSHES_PER_SECOND": "",
    }
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    mocker.patch.object(boto3, "DEFAULT_SESSION", None)
    yield Table(client, name)
    delivery._start_over()
    tick._tick.cache_clear()
    react._react.cache_clear()


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def ada_and_ben(table: Table) -> tuple[Person, Person]:
    """Make the couple of the sample events, whose morning is in the first shard."""
    ada, ben = (a_paired_person(uid=Uid(uid), couple=CoupleId("couple-1")) for uid in ("uid-ada", "uid-ben"))
    slot_row_writes(table, ada.created_at, (None, replace(ada, reminders=Reminders(evening=None))))
    saved(table, ada, ben)
    return ada, ben


def test_tick_takes_its_sample_event(world: Table, queue: Queue) -> None:
    ada_and_ben(world)
    assert tick.handler(sample("tick"), Context()) == {"jobs": 1}
    assert len(queue.taken()) == 1
    assert tick.handler(sample("tick"), Context()) == {"jobs": 0}


@pytest.mark.usefixtures("world")
def test_react_takes_its_sample_event(queue: Queue) -> None:
    assert react.handler(sample("react"), Context()) == {"batchItemFailures": []}
    kinds = sorted(job.kind for job in queue.taken() if job.type == "person")
    assert kinds == ["both_answered", "nudge", "partner_answered", "prompt", "streak_milestone", "streak_milestone"]


def test_delivery_takes_its_sample_event(world: Table, wire: FcmWire) -> None:
    ada, ben = ada_and_ben(world)
    assert delivery.handler(sample("delivery"), Context()) == {"batchItemFailures": []}
    sent = sorted((message["token"], message["android"]["notification"]["tag"]) for message in wire.messages)
    assert sent == sorted(
        [
            (token_of(ada), "a-2026-03-02"),
            (token_of(ben), "a-2026-03-02"),
            (token_of(ben), "e-2026-03-02"),
        ]
    )


def test_a_message_that_is_no_job_goes_back_and_the_others_are_done(
    world: Table, wire: FcmWire, caplog: pytest.LogCaptureFixture
) -> None:
    ada_and_ben(world)
    event = sample("delivery")
    wrong = event["Records"][0]
    wrong["body"] = '{"type": "slot", "zone": "Mars/Olympus"}'
    assert delivery.handler(event, Context()) == {"batchItemFailures": [{"itemIdentifier": wrong["messageId"]}]}
    assert len(wire.messages) == 1
    (error,) = (vars(record) for record in caplog.records if record.levelname == "ERROR")
    assert error["message"] == "not done"
    assert "outside" not in error
    assert "Mars" not in repr({name: error[name] for name in ("error", "where")})


def test_a_reminder_that_failed_until_it_was_too_late_is_dropped(world: Table, wire: FcmWire) -> None:
    """The job was received eight times. In between, the queue hid it seven times for eighteen minutes."""
    ada_and_ben(world)
    event = sample("delivery")
    event["Records"] = event["Records"][:1]
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "8"
    assert delivery.handler(event, Context()) == {"batchItemFailures": []}
    assert wire.messages == []


def test_a_job_that_there_is_no_time_for_is_enqueued_anew(world: Table, wire: FcmWire, queue: Queue) -> None:
    ada_and_ben(world)
    event = sample("delivery")
    assert delivery.handler(event, Context(lambda: 20 if wire.messages else 600)) == {"batchItemFailures": []}
    assert len(wire.messages) == 2
    receipt = dt.timedelta(milliseconds=12)
    waits = (receipt, receipt, LONGEST_DELAY + receipt)
    put_off = [(job_from(record["body"]), wait) for record, wait in zip(event["Records"][1:], waits, strict=True)]
    assert sorted(queue.taken(), key=repr) == sorted(
        (job.model_copy(update={"late": job.late + wait}) for job, wait in put_off), key=repr
    )


def test_when_fcm_asks_everybody_to_wait_the_rest_of_the_batch_waits_too(
    world: Table, wire: FcmWire, queue: Queue
) -> None:
    ada, _ = ada_and_ben(world)
    wire.script[token_of(ada)] = [fcm_wire.QUOTA]
    assert delivery.handler(sample("delivery"), Context()) == {"batchItemFailures": []}
    assert len(wire.messages) == 1, "to Ben, of the first job"
    assert queue.taken() == []
    held = queue.client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    # The three other jobs are on the queue, and a retry for Ada.
    assert held["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "4"


def test_a_job_with_longer_to_wait_than_the_queue_can_hold_it_is_put_off_once_more(
    world: Table, wire: FcmWire, queue: Queue
) -> None:
    ada_and_ben(world)
    event = sample("delivery")
    record = event["Records"][0]
    job = job_from(record["body"])
    record["body"] = job.again(job.late, dt.timedelta(minutes=20)).model_dump_json()
    event["Records"] = [record]
    assert delivery.handler(event, Context()) == {"batchItemFailures": []}
    assert wire.messages == []
    held = queue.client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert held["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


def test_a_credential_that_was_replaced_is_read_again(
    world: Table, wire: FcmWire, emulator_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    ada, ben = ada_and_ben(world)
    for person in (ada, ben):
        wire.script[token_of(person)] = [fcm_wire.UNAUTHENTICATED] * 2
    event = sample("delivery")
    event["Records"] = event["Records"][:1]
    assert len(delivery.handler(event, Context())["batchItemFailures"]) == 1
    assert "FCM does not accept our credential" in caplog.messages
    asked = wire.token_requests
    secrets = engines.client("secretsmanager", emulator_url)
    secrets.put_secret_value(SecretId=world.name, SecretString=wire.secret)
    assert delivery.handler(event, Context()) == {"batchItemFailures": []}
    assert wire.token_requests == asked + 1
    assert len(wire.messages) == 2


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none", "the FCM secret does not hold a credential"),
        ("empty", "the FCM secret is empty"),
        ("unknown", "the FCM secret is empty"),
    ],
)
def test_a_secret_without_a_credential_is_said_aloud_and_nothing_is_lost(
    emulator_url: str,
    world: Table,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    name: str,
    reason: str,
) -> None:
    """Right after the first deployment the secret is empty. AWS answers as for a missing secret: not found."""
    ada_and_ben(world)
    secrets = engines.client("secretsmanager", emulator_url)
    secrets.create_secret(Name=f"{world.name}-none", SecretString="{}")
    secrets.create_secret(Name=f"{world.name}-empty")
    monkeypatch.setenv("FCM_SECRET_ARN", f"{world.name}-{name}")
    assert len(delivery.handler(sample("delivery"), Context())["batchItemFailures"]) == 3
    errors = [vars(record) for record in caplog.records if record.levelname == "ERROR"]
    assert {error["message"] for error in errors} == {"FCM does not accept our credential"}
    assert {(error.get("reason"), error.get("outside")) for error in errors} == {(reason, True)}
    assert Slots(world).known()
