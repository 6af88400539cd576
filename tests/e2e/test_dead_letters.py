"""A job that keeps failing becomes a dead letter, and `make redrive` puts it back to work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from local.places import ROOT
from local.stack.client import PATIENCE_SECONDS
from rekindle.store import keys
from rekindle.store.table import Table
from tests.e2e.conftest import await_quiet, eventually, today

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Stack
    from tests.e2e.conftest import NewCouple, Phone

pytestmark = pytest.mark.usefixtures("impatient_queue")


def _enqueue(stack: Stack, *bodies: str) -> None:
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    stack.client("sqs").send_message_batch(QueueUrl=stack.outputs["QueueUrl"], Entries=entries)


def _job(stack: Stack, phone: Phone, kind: str) -> dict[str, Any]:
    table = Table(stack.client("dynamodb"), stack.outputs["TableName"])
    couple = (table.get(keys.person(phone.uid)) or {})["couple"]
    job = {"type": "person", "kind": kind, "uid": phone.uid, "couple": couple}
    return job | {"date": str(today()), "instant": f"{today()}T12:00:00Z"}


def _redrive(stack: Stack, *arguments: str) -> str:
    command = [sys.executable, "-m", "local.redrive", *arguments]
    environment = os.environ | {"REKINDLE_STATE": str(stack.state)}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout


def test_a_push_that_was_given_up_arrives_once_its_cause_is_fixed(
    stack: Stack, a_couple: NewCouple, fcm_fault: Callable[..., None]
) -> None:
    ada, _ = a_couple()
    fcm_fault("AUTH", token=ada.token)
    _enqueue(stack, json.dumps(_job(stack, ada, "both_answered")))
    eventually(lambda: stack.waiting("DlqUrl") == 1)
    assert "FCM does not accept our credential" in stack.log_of("Delivery").read_text(encoding="utf-8")
    assert "both_answered" in _redrive(stack, "--list")
    assert stack.waiting("DlqUrl") == 1
    stack.heal()
    assert "1 jobs are back on the queue" in _redrive(stack)
    ada.await_kinds("both_answered")
    await_quiet(stack)
    assert stack.waiting("DlqUrl") == 0
    assert "There are no dead letters." in _redrive(stack)


def test_a_wrong_body_becomes_a_dead_letter_and_disturbs_nothing_else(stack: Stack, a_couple: NewCouple) -> None:
    ada, _ = a_couple()
    good = _job(stack, ada, "prompt")
    wrong = ["not json", "{}", json.dumps(good | {"text": "unknown field"})]
    _enqueue(stack, *wrong[:2], json.dumps(good), *wrong[2:])
    ada.await_kinds("prompt")
    eventually(lambda: stack.waiting("DlqUrl") == len(wrong), 2 * PATIENCE_SECONDS)
    sqs, queue = stack.client("sqs"), stack.outputs["DlqUrl"]
    letters = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert sorted(letter["Body"] for letter in letters) == sorted(wrong)
    sqs.purge_queue(QueueUrl=queue)
    await_quiet(stack)
    ada.await_kinds("prompt")
