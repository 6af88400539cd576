"""After an erasure, no table, queue, bucket or log of the stack has a trace of the person."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local import restore_erasures
from rekindle.push.jobs import job_from
from rekindle.store import keys
from testing.builders import LONDON, TOKYO
from tests.e2e.conftest import await_quiet, eventually, pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Stack
    from tests.e2e.conftest import NewPhone, Phone

TABLES = ("TableName", "KeyTableName", "ErasureTableName")
REMOVED = {
    *("keys", "couple", "devices_and_reminders", "invites", "answers", "solo_answers", "requests"),
    *("profile", "account"),
}
FINISHING_SECONDS = 180
"""An erasure starts several functions, one after the other, and waits two seconds between its two jobs."""
HELD_SECONDS = 60
"""For this long after a test has read a message, SQS hides the message from other readers."""


@dataclass(frozen=True, slots=True)
class Erased:
    """An erased person with their partner, the receipt, and the rows of the main table as they were before."""

    ada: Phone
    ben: Phone
    receipt: str
    before: list[dict[str, Any]]
    traces: tuple[re.Pattern[str], ...]

    def seen_in(self, text: str) -> list[str]:
        return [trace.pattern for trace in self.traces if trace.search(text)]


def rows(stack: Stack, table: str) -> Iterator[dict[str, Any]]:
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs[table])
    yield from pages.search("Items[]")


def erasure(stack: Stack, receipt: str) -> Any:
    """Ask about an erasure without a sign-in."""
    reply = httpx.get(f"{stack.api_url}/v1/erasures/{receipt}", timeout=30)
    assert reply.status_code == 200, reply.text
    return reply.json()


def await_finished(stack: Stack, receipt: str) -> Any:
    eventually(lambda: erasure(stack, receipt)["finished_at"], FINISHING_SECONDS)
    return erasure(stack, receipt)


def messages(stack: Stack, queue: str) -> list[dict[str, Any]]:
    """Return every message that waits on a queue. They stay there."""
    sqs = stack.client("sqs")
    found: list[dict[str, Any]] = []
    # Do not wait for messages: some queues keep a reader waiting for 20 seconds.
    asked = {"MaxNumberOfMessages": 10, "VisibilityTimeout": HELD_SECONDS, "WaitTimeSeconds": 0}
    while batch := sqs.receive_message(QueueUrl=queue, **asked).get("Messages", []):
        found += batch
    for message in found:
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return found


def name_of(queue: str) -> str:
    """Return the name in a queue's URL. One queue can have several URLs."""
    return queue.rpartition("/")[2]


@contextlib.contextmanager
def failing_jobs(stack: Stack, token: str) -> Iterator[None]:
    """Let every job about this phone fail, and become a dead letter after one attempt instead of an hour."""
    stack.invoke("Delivery", {"Records": []})  # its first start would take longer than the queue hides a job
    sqs, queue = stack.client("sqs"), stack.outputs["QueueUrl"]
    names = ("VisibilityTimeout", "RedrivePolicy")
    patient = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    redrive = json.dumps(json.loads(patient["RedrivePolicy"]) | {"maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "6", "RedrivePolicy": redrive})
    stack.fault("AUTH", token=token)
    try:
        yield
    finally:
        stack.heal()
        sqs.set_queue_attributes(QueueUrl=queue, Attributes=patient)


@contextlib.contextmanager
def idle_delivery(stack: Stack) -> Iterator[None]:
    """Let jobs for pushes wait on their queue."""
    function, client = stack.function("Delivery"), stack.client("lambda")
    (mapping,) = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
    finally:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


@pytest.fixture(scope="module")
def erased(stack: Stack, a_phone: NewPhone) -> Iterator[Erased]:
    """Let Ada and Ben use the app, and Ada erase her account. Wait until her erasure is finished.

    Pushes to Ada fail before the erasure, so there are dead letters about her.
    """
    name, words = f"Name{secrets.token_hex(6)}", f"canary{secrets.token_hex(8)}"
    ada, ben = a_phone(name, TOKYO), a_phone("Ben", LONDON)
    alone = ada.call("GET", "/v1/solo/today")["date"]
    ada.call("PUT", f"/v1/solo/days/{alone}/answer", {"text": words})
    pair(ada, ben)
    ada.call("POST", f"/v1/solo/days/{alone}/share")
    ada.call("PUT", "/v1/me/reminders", {"prompt_time": "06:05"})
    date = ada.today()
    with failing_jobs(stack, ada.token):
        for phone in (ada, ben):
            phone.answer(date, f"{words} of {phone.uid}")
            phone.call("POST", "/v1/nudges", {"gesture": "hug"}, status=201, **{"idempotency-key": "tap"})
        ada.call("PUT", f"/v1/days/{date}/reflection", {"kind": "heard", "text": words})
        eventually(lambda: ada.uid in repr(messages(stack, stack.outputs["DlqUrl"])))
    before = list(rows(stack, "TableName"))
    receipt = ada.call("DELETE", "/v1/me", status=202)["receipt"]
    traces = (rf"{ada.uid}(?!\d)", name, rf"{words}(?! of {ben.uid})", re.escape(ada.token))
    made = Erased(ada, ben, receipt, before, tuple(map(re.compile, traces)))
    assert made.seen_in(repr(before)) == [traces[0], name, traces[3]]
    await_finished(stack, receipt)
    yield made
    stack.client("sqs").purge_queue(QueueUrl=stack.outputs["DlqUrl"])


def test_the_receipt_shows_every_part(stack: Stack, erased: Erased) -> None:
    shown = await_finished(stack, erased.receipt)
    assert {each["what"] for each in shown["removed"]} == REMOVED
    assert shown["requested_at"] <= shown["removed"][0]["at"] <= shown["finished_at"]


def test_no_table_has_a_trace(stack: Stack, erased: Erased) -> None:
    for table in TABLES:
        found = list(rows(stack, table))
        assert found
        assert erased.seen_in(repr(found)) == [], table
    pseudonym = keys.pseudonym_of(erased.ada.uid)
    left = [row for table in TABLES for row in rows(stack, table) if pseudonym in repr(row)]
    kinds = {row["pk"]["S"].partition("#")[0] for row in left if not row.get("sk", {}).get("S", "").startswith("~")}
    assert kinds == {"ERASED", "RECEIPT"}


def test_no_queue_has_a_trace(stack: Stack, erased: Erased) -> None:
    """Only dead letters may name her id, until an operator repeats them or 14 days are over."""
    queues = stack.client("sqs").list_queues()["QueueUrls"]
    assert len(queues) > 5
    found = {name_of(queue): [message["Body"] for message in messages(stack, queue)] for queue in queues}
    about_her = [body for body in found.pop(name_of(stack.outputs["DlqUrl"])) if erased.seen_in(body)]
    assert about_her
    for body in about_her:
        assert erased.seen_in(body) == [erased.traces[0].pattern]  # her id, and no word, name or address
        job_from(body)  # it is a job, which has no place for a text
    for queue, bodies in found.items():
        assert erased.seen_in("".join(bodies)) == [], queue


def test_a_job_that_waits_meanwhile_has_an_id_alone_and_sends_nothing(stack: Stack, erased: Erased) -> None:
    """Put the dead letters back, as `make redrive` does. While they wait, they are as they were in the dead letters."""
    sqs, queue = stack.client("sqs"), stack.outputs["QueueUrl"]
    letters = [message["Body"] for message in messages(stack, stack.outputs["DlqUrl"])]
    pushes = erased.ada.inbox()
    with idle_delivery(stack):
        for body in letters:
            sqs.send_message(QueueUrl=queue, MessageBody=body)
        waiting = eventually(lambda: [message["Body"] for message in messages(stack, queue)])
        assert erased.seen_in("".join(waiting)) == [erased.traces[0].pattern]
    await_quiet(stack)
    assert erased.ada.inbox() == pushes


def test_no_bucket_has_a_trace(stack: Stack, erased: Erased) -> None:
    s3 = stack.client("s3")
    objects = 0
    for bucket in s3.list_buckets()["Buckets"]:
        for found in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]).search("Contents[]"):
            if found:
                objects += 1
                content = s3.get_object(Bucket=bucket["Name"], Key=found["Key"])["Body"].read()
                assert erased.seen_in(found["Key"] + content.decode("latin-1")) == []
    assert objects


def test_no_log_has_a_trace(stack: Stack, erased: Erased) -> None:
    # google.log is a log of the stand-in for Google, not of the stack.
    logs = [path for path in stack.logs.rglob("*.log") if path.name != "google.log"]
    assert {"Accounts.log", "Cleanup.log", "CouplesApi.log", "Privacy.log"} <= {path.name for path in logs}
    for path in logs:
        assert erased.seen_in(path.read_text(encoding="utf-8")) == [], path
    client = stack.client("logs")
    for group in client.get_paginator("describe_log_groups").paginate().search("logGroups[].logGroupName"):
        for event in client.get_paginator("filter_log_events").paginate(logGroupName=group).search("events[]"):
            assert erased.seen_in(event["message"]) == [], group


def test_an_old_sign_in_opens_nothing_and_the_partner_keeps_their_words(erased: Erased) -> None:
    ada, ben = erased.ada, erased.ben
    problem = ada.call("PUT", "/v1/me", {"display_name": "Ada", "zone": LONDON}, status=410)
    assert problem["type"] == "urn:rekindle:problem:account-erased"
    ben.call("GET", "/v1/couple", status=404)
    (entry,) = ben.call("POST", "/v1/me/export")["entries"]
    assert str(ben.uid) in entry["answer"]["text"]
    assert entry["partner"] is None


def test_after_a_restore_the_person_is_erased_again(
    stack: Stack, erased: Erased, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Put the rows back as a backup has them. Twice does no harm."""
    monkeypatch.setenv("REKINDLE_STATE", str(stack.state))
    dynamodb, table = stack.client("dynamodb"), stack.outputs["TableName"]
    for row in erased.before:
        if erased.seen_in(repr(row)):
            dynamodb.put_item(TableName=table, Item=row)
    assert erased.seen_in(repr(list(rows(stack, "TableName"))))
    for _ in range(2):
        assert restore_erasures.main([]) == 0
        assert "1 persons are being erased again" in capsys.readouterr().out
    eventually(lambda: not erased.seen_in(json.dumps([*rows(stack, "TableName")], default=repr)), FINISHING_SECONDS)
