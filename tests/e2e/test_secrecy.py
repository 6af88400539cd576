"""Private texts and secrets (tokens, codes) appear only where they belong.

The tests plant known texts and search for them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import secrets
from collections import Counter
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from rekindle.domain.calendar import slot_instant
from rekindle.domain.codes import code_from, read_code
from rekindle.domain.invites import CODE_LENGTH
from testing import contract
from testing.builders import LONDON
from tests.e2e.conftest import await_quiet, eventually, next_date, pair
from tests.routes.authorization import OPERATIONS, is_practice
from tests.routes.canaries import ROWS_OF, Canaries, filled, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from local.stack import Stack
    from tests.e2e.conftest import NewCouple, NewPhone, Phone


def _canary() -> str:
    return word(secrets.token_hex(8))


@dataclass(frozen=True, slots=True)
class Trail:
    """The traces of two persons' day, and of requests with a canary in each place.

    `secrets` maps a description to each text that must not be found.
    """

    secrets: Mapping[str, str]
    canaries: Canaries
    phones: tuple[Phone, Phone]
    jobs: list[str]

    def seen_in(self, text: str, *, but: frozenset[str] = frozenset()) -> set[str]:
        seen = {what for what, secret in self.secrets.items() if secret in text}
        return (seen | self.canaries.found_in(text)) - but


JOBS = {"both_answered", "partner_answered", "slot"}


def _kind(job: str) -> str:
    body = json.loads(job)
    return str(body.get("kind", body["type"]))


@contextlib.contextmanager
def _held_back(stack: Stack) -> Iterator[list[str]]:
    """Pause the queue's consumer until a job of each kind is in the yielded list."""
    functions, sqs, queue = stack.client("lambda"), stack.client("sqs"), stack.outputs["QueueUrl"]
    (mapping,) = (
        each["UUID"]
        for each in functions.list_event_source_mappings()["EventSourceMappings"]
        if "PushQueue" in each["EventSourceArn"]
    )
    bodies: list[str] = []

    def taken() -> bool:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return set(map(_kind, bodies)) >= JOBS

    await_quiet(stack)
    functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        yield bodies
        eventually(taken)
    finally:
        functions.update_event_source_mapping(UUID=mapping, Enabled=True)
        for body in bodies:
            sqs.send_message(QueueUrl=queue, MessageBody=body)


def _rows(stack: Stack, table: str) -> list[Any]:
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs[table])
    return list(pages.search("Items[]"))


def _add_dead_device(stack: Stack, phone: Phone, token: str) -> None:
    phone.call("PUT", "/v1/me/devices/dead", {"token": token, "platform": "android"})
    stack.fault("UNREGISTERED", token=token)


@pytest.fixture(scope="module")
def first_day(stack: Stack, a_phone: NewPhone) -> Trail:
    """Play a first day with every written text, and many refused requests."""
    what = (
        "Ada's name",
        "Ben's name",
        "Ada's device",
        "Ben's device",
        "Ada's dead device",
        "a draft",
        "Ada's answer",
        "Ben's answer",
        "what Ada heard",
        "what Ben answered alone",
        "what Ada answered alone and showed",
    )
    refused = (
        "a late edit",
        "another reflection",
        "words with thanks",
        "a field",
        "a type",
        "a long text",
        "half a body",
        "a path",
        "a route",
        "a query",
        "a key",
        "a cursor",
        "a field of an export",
    )
    a_wrong_code = {"a wrong code": code_from(secrets.token_bytes(16), CODE_LENGTH)}
    hidden = a_wrong_code | {each: _canary() for each in (*what, *refused)}
    ada = a_phone(hidden["Ada's name"], LONDON, token=hidden["Ada's device"])
    ben = a_phone(hidden["Ben's name"], LONDON, token=hidden["Ben's device"])
    _add_dead_device(stack, ada, hidden["Ada's dead device"])
    hidden |= {
        name: phone.api.headers["Authorization"].split()[1]
        for name, phone in (("Ada's token", ada), ("Ben's token", ben))
    }

    alone = ada.call("GET", "/v1/solo/today")["date"]
    for phone, secret in ((ada, "what Ada answered alone and showed"), (ben, "what Ben answered alone")):
        phone.call("PUT", f"/v1/solo/days/{alone}/answer", {"text": hidden[secret]})
    ben.call("POST", "/v1/invites/redeem", {"code": hidden["a wrong code"]}, status=404)
    code = pair(ada, ben)
    hidden |= {"the code": code, "the bare code": read_code(code, CODE_LENGTH)}

    with _held_back(stack) as jobs:
        date = ada.today()
        ada.answer(date, hidden["a draft"])
        ada.answer(date, hidden["Ada's answer"], revision=1)
        ben.answer(date, hidden["Ben's answer"])
        due = slot_instant(next_date(), dt.time(8, 30), LONDON)
        assert due is not None
        stack.tick(due)
    reflection = f"/v1/days/{date}/reflection"
    ada.call("PUT", reflection, {"kind": "thank_you", "text": hidden["words with thanks"]}, status=422)
    ada.call("PUT", reflection, {"kind": "heard", "text": hidden["what Ada heard"]})
    ada.call("PUT", reflection, {"kind": "heard", "text": hidden["another reflection"]}, status=409)
    ada.call("POST", f"/v1/solo/days/{alone}/share")
    (shown,) = ben.call("GET", "/v1/solo/shared")["answers"]
    assert shown["text"] == hidden["what Ada answered alone and showed"]
    ada.answer(date, hidden["a late edit"], revision=2, status=409)
    path = f"/v1/days/{date}/answer"
    ada.call("PUT", path, {"text": "x", hidden["a field"]: hidden["a field"]}, status=422)
    ada.call("PUT", path, {"text": {"deep": hidden["a type"]}}, status=422)
    ada.call("PUT", path, {"text": hidden["a long text"] * 2000}, status=413)
    ada.call("PUT", path, {"text": hidden["a long text"] * 100 + "y" * 2000}, status=422)
    ada.call("GET", f"/v1/days/{hidden['a path']}", status=422)
    ada.call("GET", f"/v1/{hidden['a route']}", status=404)
    ada.call("GET", f"/v1/days?before={hidden['a query']}", status=422)
    ada.call("POST", "/v1/invites", status=409, **{"idempotency-key": hidden["a key"]})
    for phone, answer in ((ada, "Ada's answer"), (ben, "Ben's answer")):
        assert hidden[answer] in json.dumps(phone.call("POST", "/v1/me/export"))
    ada.call("POST", "/v1/me/export", {"next": hidden["a cursor"]}, status=422)
    field = hidden["a field of an export"]
    ada.call("POST", "/v1/me/export", {"next": None, field: field}, status=422)
    half = ada.api.put(
        path, content=f'{{"text": "{hidden["half a body"]}', headers={"Content-Type": "application/json"}
    )
    assert half.status_code == 400, half.text

    ada.await_kinds("both_answered", "new_device", "prompt")
    ben.await_kinds("partner_answered", "prompt")
    opened = ben.call("GET", f"/v1/days/{date}")
    assert opened["partner"]["text"] == hidden["Ada's answer"]
    assert opened["reflections"]["partner"]["text"] == hidden["what Ada heard"]
    return Trail(hidden, Canaries.of(hidden), (ada, ben), jobs)


LAST: Final = ("DELETE /v1/couple", "POST /v1/me/sign-out-everywhere", "DELETE /v1/me")
"""The operations after which a person can do less."""
OF_ALL_COUPLES: Final = frozenset({"PUT /v1/practice/help", "POST /v1/practice/packs/{pack_id}/publish"})
"""The operations that would change what the couples of other tests read."""


def fill_everything(stack: Stack, canaries: Canaries, a_couple: NewCouple) -> Counter[int]:
    """Send each operation's request with a canary in each place. Return how often each status came."""
    statuses: Counter[int] = Counter()
    names = sorted((name for name in OPERATIONS if name not in OF_ALL_COUPLES), key=lambda name: name in LAST)
    staff = stack.phone(email="ruth@practice.example", claims={"scope": "practice:read practice:publish"})
    with staff, httpx.Client(base_url=stack.api_url) as stranger:
        # One person may not make so many requests at once.
        for some in batched(names, 5, strict=False):
            ada, _ = a_couple()
            places = {"date": ada.today(), "pack_id": "harbour", "device_id": "phone", "version": 1, "receipt": "none"}
            for name in some:
                operation = OPERATIONS[name]
                path = operation.template.format(**places)
                body = contract.example_of(operation.method, operation.template)
                for request in filled(canaries, operation, path, body):
                    refused = stranger.request(operation.method, request.path, headers=request.headers)
                    headers = {each: text for each, text in request.headers.items() if each != "authorization"}
                    client = staff if is_practice(name) else ada.api
                    reply = client.request(operation.method, request.path, content=request.raw, headers=headers)
                    statuses += Counter([refused.status_code, reply.status_code])
    return statuses


@pytest.fixture(scope="module")
def trail(stack: Stack, first_day: Trail, a_couple: NewCouple) -> Trail:
    """Fill every place of every request. Wait until cleanup has removed the device that delivery has found dead."""
    statuses = fill_everything(stack, first_day.canaries, a_couple)
    assert statuses.keys() >= {200, 204, 400, 401, 404, 409, 422}, statuses
    await_quiet(stack)
    eventually(lambda: first_day.secrets["Ada's dead device"] not in repr(_rows(stack, "TableName")))
    eventually(stack.log_of("Cleanup").exists)
    return first_day


def test_no_log_holds_any_of_it(stack: Stack, trail: Trail) -> None:
    # google.log contains the phones' inboxes.
    logs = [path for path in stack.logs.rglob("*.log") if path.name != "google.log"]
    assert {
        "Cleanup.log",
        "CouplesApi.log",
        "Delivery.log",
        "Privacy.log",
        "React.log",
        "Tally.log",
        "Tick.log",
        "emulator.log",
    } <= {path.name for path in logs}
    for path in logs:
        assert trail.seen_in(path.read_text(encoding="utf-8")) == set(), path


def test_no_log_group_holds_any_of_it(stack: Stack, trail: Trail) -> None:
    client = stack.client("logs")
    lines = 0
    for group in client.get_paginator("describe_log_groups").paginate().search("logGroups[].logGroupName"):
        for event in client.get_paginator("filter_log_events").paginate(logGroupName=group).search("events[]"):
            lines += 1
            assert trail.seen_in(event["message"]) == set(), group
    assert lines


def test_no_job_on_the_queue_holds_any_of_it(stack: Stack, trail: Trail) -> None:
    # The push about the second device may have been sent before the queue was held back.
    assert JOBS <= set(map(_kind, trail.jobs)) <= JOBS | {"new_device"}
    dead = stack.client("sqs").receive_message(QueueUrl=stack.outputs["DlqUrl"], MaxNumberOfMessages=10)
    for body in (*trail.jobs, *(message["Body"] for message in dead.get("Messages", []))):
        assert trail.seen_in(body) == set()


def test_no_push_holds_any_of_it(trail: Trail) -> None:
    for phone in trail.phones:
        for push in phone.inbox():
            message = {name: part for name, part in push["message"].items() if name != "token"}
            assert trail.seen_in(json.dumps([push["title"], push["body"], push["data"], message])) == set()


def test_the_tables_hold_no_answer_and_no_code_in_clear(stack: Stack, trail: Trail) -> None:
    """Names and devices are stored in clear. Everything else is sealed, hashed or not stored."""
    kept = frozenset({"Ada's name", "Ben's name", "Ada's device", "Ben's device", *ROWS_OF})
    for table in ("TableName", "KeyTableName", "CellTableName"):
        items = _rows(stack, table)
        assert items
        assert trail.seen_in(repr(items), but=kept) == set()
