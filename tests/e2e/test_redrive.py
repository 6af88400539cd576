"""What was given up is put back to work by the command that the runbook names, and arrives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from local.places import ROOT
from rekindle.store import keys
from rekindle.store.table import Table
from tests.e2e.conftest import await_quiet, eventually, today

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Stack
    from tests.e2e.conftest import NewCouple


def _redrive(stack: Stack, *arguments: str) -> str:
    command = [sys.executable, "-m", "local.redrive", *arguments]
    environment = os.environ | {"REKINDLE_STATE": str(stack.state)}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout


@pytest.mark.usefixtures("impatient_queue")
def test_a_push_that_was_given_up_arrives_once_its_cause_is_fixed(
    stack: Stack, a_couple: NewCouple, fcm_fault: Callable[..., None]
) -> None:
    ada, _ = a_couple()
    table = Table(stack.client("dynamodb"), stack.outputs["TableName"])
    couple = (table.get(keys.person(ada.uid)) or {})["couple"]
    job = {"type": "person", "kind": "both_answered", "uid": ada.uid, "couple": couple, "date": str(today())}
    fcm_fault("AUTH", token=ada.token)
    stack.client("sqs").send_message(
        QueueUrl=stack.outputs["QueueUrl"], MessageBody=json.dumps(job | {"instant": f"{today()}T12:00:00Z"})
    )
    eventually(lambda: stack.waiting("DlqUrl") == 1)
    assert "both_answered" in _redrive(stack, "--list")
    assert stack.waiting("DlqUrl") == 1
    stack.heal()
    assert "1 jobs are back on the queue" in _redrive(stack)
    ada.await_kinds("both_answered")
    await_quiet(stack)
    assert stack.waiting("DlqUrl") == 0
    assert "There are no dead letters." in _redrive(stack)
