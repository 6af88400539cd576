"""What goes wrong on the way to a phone: nothing is lost, nothing comes twice, and somebody is told."""

from __future__ import annotations

import datetime as dt
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.stack.client import PATIENCE_SECONDS
from rekindle.domain.persons import Target, TargetKind
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.table import Table
from testing.builders import LONDON
from testing.stored import shard_of
from tests.e2e.conftest import await_quiet, eventually, today

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack import Stack
    from rekindle.store.keys import Key
    from tests.e2e.conftest import NewCouple, Phone, Two

BACKOFF = 30
"""Seconds before a second try, at the least."""


@pytest.fixture
def dead_letters(stack: Stack) -> Iterator[Callable[[], list[str]]]:
    """Yield a function that removes all dead letters and returns their bodies."""
    sqs, queue = stack.client("sqs"), stack.outputs["DlqUrl"]

    def taken() -> list[str]:
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in found]

    yield taken
    sqs.purge_queue(QueueUrl=queue)


def _enqueue(stack: Stack, *bodies: str) -> None:
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    stack.client("sqs").send_message_batch(QueueUrl=stack.outputs["QueueUrl"], Entries=entries)


def _job(stack: Stack, phone: Phone) -> dict[str, Any]:
    couple = _row(stack, keys.person(phone.uid))["couple"]
    job = {"type": "person", "kind": "prompt", "uid": phone.uid, "couple": couple}
    return job | {"date": str(today()), "instant": f"{today()}T12:00:00Z"}


def _row(stack: Stack, key: Key) -> dict[str, Any]:
    return Table(stack.client("dynamodb"), stack.outputs["TableName"]).get(key) or {}


def _refusals(stack: Stack, kind: str) -> int:
    sends: dict[str, int] = httpx.get(f"{stack.google_url}/stats").json()["sends"]
    return sends.get(kind, 0)


def _has_refused(stack: Stack, kind: str, count: int) -> bool:
    return _refusals(stack, kind) == count


@pytest.mark.usefixtures("impatient_queue")
def test_a_wrong_body_ends_with_the_dead_letters_and_disturbs_nothing_else(
    stack: Stack, a_couple: NewCouple, dead_letters: Callable[[], list[str]]
) -> None:
    ada, _ = a_couple()
    good = _job(stack, ada)
    wrong = [
        "not json",
        "{}",
        "[]",
        json.dumps({"type": "wish"}),
        json.dumps(good | {"kind": "advertisement"}),
        json.dumps(good | {"text": "unknown field"}),
        json.dumps(good | {"instant": "2030-01-01T12:00:00"}),
        json.dumps(
            {"type": "slot", "zone": "Mars/Olympus", "time": "08:30", "shard": "0", "date": good["date"]}
            | {"instant": good["instant"]}
        ),
    ]
    _enqueue(stack, *wrong[:4], json.dumps(good), *wrong[4:])
    ada.await_kinds("prompt")
    eventually(lambda: stack.waiting("DlqUrl") == len(wrong), 2 * PATIENCE_SECONDS)
    assert sorted(dead_letters()) == sorted(wrong)
    await_quiet(stack)
    ada.await_kinds("prompt")


def test_a_token_that_fcm_calls_unregistered_is_forgotten(
    stack: Stack, a_couple: NewCouple, fcm_fault: Callable[..., None]
) -> None:
    ada, ben = a_couple()
    fcm_fault("UNREGISTERED", token=ben.token)
    before = _refusals(stack, "UNREGISTERED")
    date = ada.today()
    ada.answer(date, "Are you there?")
    eventually(lambda: not _row(stack, keys.person(ben.uid))["devices"])
    assert not _row(stack, keys.target(Target(TargetKind.TOKEN, ben.token)))
    _enqueue(stack, json.dumps(_job(stack, ben)))
    await_quiet(stack)
    assert _refusals(stack, "UNREGISTERED") == before + 1
    assert ben.kinds() == []

    # The same phone, back with another token, gets the next push.
    stack.heal()
    ben.call("PUT", "/v1/me/devices/phone", {"token": ben.token, "platform": "ios"})
    _enqueue(stack, json.dumps(_job(stack, ben)))
    ben.await_kinds("prompt")


def test_what_fcm_cannot_take_now_is_tried_again_and_arrives_once(
    stack: Stack, a_couple: NewCouple, fcm_fault: Callable[..., None]
) -> None:
    """A busy FCM (503), one over its quota (429), and one that has sent it, but whose answer is lost.

    The last cannot be told from the first, so its second push replaces the first one and makes no sound. It is enqueued
    ahead of the others, since whatever shares a batch with one that FCM asks to wait is put off with it.
    """
    (busy, quota), (lost, _) = a_couple(), a_couple()
    fcm_fault("UNAVAILABLE", token=busy.token, times=1, retry_after=2)
    fcm_fault("QUOTA", token=quota.token, times=1, retry_after=BACKOFF + 1)
    fcm_fault("LOST_REPLY", token=lost.token, times=1, seconds=0)
    before = {kind: _refusals(stack, kind) for kind in ("UNAVAILABLE", "QUOTA")}
    # Each is refused before the next is enqueued. An answer that is lost counts as UNAVAILABLE.
    for phone, kind, refused in ((lost, "UNAVAILABLE", 1), (busy, "UNAVAILABLE", 2), (quota, "QUOTA", 1)):
        _enqueue(stack, json.dumps(_job(stack, phone)))
        eventually(partial(_has_refused, stack, kind, before[kind] + refused))
    busy.await_kinds("prompt", seconds=BACKOFF + PATIENCE_SECONDS)
    quota.await_kinds("prompt", seconds=BACKOFF + PATIENCE_SECONDS)
    lost.await_kinds("prompt", "prompt", seconds=BACKOFF + PATIENCE_SECONDS)
    await_quiet(stack)
    assert {kind: _refusals(stack, kind) for kind in before} == {
        "UNAVAILABLE": before["UNAVAILABLE"] + 2,
        "QUOTA": before["QUOTA"] + 1,
    }
    assert (busy.kinds(), quota.kinds()) == (["prompt"], ["prompt"])
    first, second = lost.inbox()
    assert (second["replaces"], second["buzzes"]) == (first["number"], False)


@pytest.mark.usefixtures("impatient_queue")
def test_a_refused_credential_is_reported_and_the_job_waits_for_a_better_one(
    stack: Stack, a_couple: NewCouple, fcm_fault: Callable[..., None]
) -> None:
    ada, _ = a_couple()
    log = stack.log_of("Delivery")
    before = len(log.read_text(encoding="utf-8")) if log.exists() else 0
    # One attempt asks twice. The next attempt is long before the last one, and succeeds.
    fcm_fault("AUTH", token=ada.token, times=2)
    _enqueue(stack, json.dumps(_job(stack, ada)))
    eventually(lambda: "FCM does not accept our credential" in log.read_text(encoding="utf-8")[before:])
    ada.await_kinds("prompt")
    assert stack.waiting("DlqUrl") == 0


def test_a_push_that_waits_for_a_couple_dies_with_it(stack: Stack, apart: Two) -> None:
    ada, ben = apart
    job = _job(stack, ben)
    ada.call("DELETE", "/v1/couple", status=204)
    _enqueue(stack, json.dumps(job))
    await_quiet(stack)
    assert ben.kinds() == []


def test_a_reminder_that_lay_too_long_is_dropped(stack: Stack, a_couple: NewCouple, a_date: dt.date) -> None:
    ada, _ = a_couple()
    shard = shard_of(Table(stack.client("dynamodb"), stack.outputs["TableName"]), Slot(LONDON, dt.time(8, 30)))
    job = {"type": "slot", "zone": LONDON, "time": "08:30", "shard": shard, "date": str(a_date)}
    job |= {"instant": f"{a_date}T08:30:00Z", "late": "PT2H1S"}
    _enqueue(stack, json.dumps(job))
    await_quiet(stack)
    assert ada.kinds() == []
