"""After an erasure, no table, queue, bucket or log of the stack has a trace of the person."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local import restore_erasures
from rekindle.store import keys
from testing.builders import LONDON, TOKYO
from tests.e2e.conftest import eventually, pair

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


@pytest.fixture(scope="module")
def erased(stack: Stack, a_phone: NewPhone) -> Erased:
    """Let Ada and Ben use the app, and Ada erase her account. Wait until her erasure is finished."""
    name, words = f"Name{secrets.token_hex(6)}", f"canary{secrets.token_hex(8)}"
    ada, ben = a_phone(name, TOKYO), a_phone("Ben", LONDON)
    alone = ada.call("GET", "/v1/solo/today")["date"]
    ada.call("PUT", f"/v1/solo/days/{alone}/answer", {"text": words})
    pair(ada, ben)
    ada.call("POST", f"/v1/solo/days/{alone}/share")
    ada.call("PUT", "/v1/me/reminders", {"prompt_time": "06:05"})
    date = ada.today()
    for phone in (ada, ben):
        phone.answer(date, f"{words} of {phone.uid}")
        phone.call("POST", "/v1/nudges", {"gesture": "hug"}, status=201, **{"idempotency-key": "tap"})
    ada.call("PUT", f"/v1/days/{date}/reflection", {"kind": "heard", "text": words})
    before = list(rows(stack, "TableName"))
    receipt = ada.call("DELETE", "/v1/me", status=202)["receipt"]
    traces = (rf"{ada.uid}(?!\d)", name, rf"{words}(?! of {ben.uid})", re.escape(ada.token))
    made = Erased(ada, ben, receipt, before, tuple(map(re.compile, traces)))
    assert made.seen_in(repr(before)) == [traces[0], name, traces[3]]
    await_finished(stack, receipt)
    return made


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
    sqs = stack.client("sqs")
    queues = sqs.list_queues()["QueueUrls"]
    assert len(queues) > 5
    for queue in queues:
        # Do not wait for messages: some queues keep a reader waiting for 20 seconds.
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0, WaitTimeSeconds=0)
        assert erased.seen_in("".join(message["Body"] for message in found.get("Messages", []))) == [], queue


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
