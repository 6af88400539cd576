"""Start the whole stack once for these tests: emulator, template, sign-in and FCM's stand-in."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect, sync_playwright

from local.clock import now
from local.errors import StackError
from local.places import EMULATOR_PYTHON, SAM
from local.stack import Stack
from local.stack.client import PATIENCE_SECONDS, awaited
from local.stack.start import temporary
from rekindle.push.kinds import KINDS
from testing.builders import LONDON, NEW_YORK, a_token, a_uid
from testing.phones import whole
from tests.e2e.browser_session import browser_path, launched

if TYPE_CHECKING:
    import httpx
    from playwright.sync_api import Browser

    from local.stack import Stack
    from rekindle.domain.ids import Uid

_dates = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def _tools() -> None:
    if not (EMULATOR_PYTHON.exists() and SAM.exists()):
        pytest.skip("the emulator or SAM is missing: make setup")


# One browser for each module: Playwright keeps an event loop while it runs, and other tests have their own loops.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = browser_path()
    if path is None:
        pytest.skip("there is no Chromium here: apt-get install chromium (make setup does, as root)")
    with sync_playwright() as playwright:
        running = launched(playwright, path)
        expect.set_options(timeout=PATIENCE_SECONDS * 1000)
        yield running
        running.close()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with temporary() as running:
        yield running


def next_date() -> dt.date:
    """Return a date whose ticks no other test uses. A tick before an earlier test's tick would find nothing.

    The date is so near that phones registered today are not stale by then.
    """
    return today() + dt.timedelta(days=7 + 7 * next(_dates))


def today() -> dt.date:
    """Return today's date in UTC."""
    return dt.datetime.fromtimestamp(now(), dt.UTC).date()


@pytest.fixture
def a_date() -> dt.date:
    return next_date()


def eventually[Seen](probe: Callable[[], Seen], seconds: float = PATIENCE_SECONDS) -> Seen:
    """Wait until the probe returns something, and return that."""
    seen = awaited(probe, seconds)
    assert seen, f"nothing after {seconds} s"
    return seen


@dataclass(frozen=True, slots=True)
class Phone:
    """A signed-in person's phone. `token` is its address at FCM."""

    stack: Stack
    uid: Uid
    token: str
    api: httpx.Client

    def call(self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
        """Send a request, check the status, and return the reply's body. A PUT's missing fields are filled in."""
        if method == "PUT":
            body = whole(path, body)
        reply = self.api.request(method, path, json=body, headers=headers)
        assert reply.status_code == status, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    def answer(self, date: str, text: str, *, status: int = 200, **fields: Any) -> Any:
        return self.call("PUT", f"/v1/days/{date}/answer", {"text": text, **fields}, status=status)

    def today(self) -> str:
        """Open the app and return the date that it shows."""
        return str(self.call("GET", "/v1/today")["today"]["date"])

    def inbox(self) -> list[dict[str, Any]]:
        return self.stack.inbox(self.token)

    def kinds(self) -> list[str]:
        """Return the kinds of the phone's pushes, oldest first."""
        kinds = {record.code: str(kind) for kind, record in KINDS.items()}
        return [kinds[push["collapse_key"].partition("-")[0]] for push in self.inbox()]

    def await_kinds(self, *kinds: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the phone has exactly these pushes."""
        with contextlib.suppress(AssertionError):
            eventually(lambda: len(self.kinds()) >= len(kinds), seconds)
        assert sorted(self.kinds()) == sorted(kinds)


def phone_on(stack: Stack, name: str = "Ada", zone: str = NEW_YORK, *, token: str | None = None) -> Phone:
    """Return the phone of a new person. The caller must close its HTTP client."""
    uid = a_uid("e2e")  # without the name, because tests search for the name in places where uids may be
    phone = Phone(stack, uid, token or a_token(name), stack.phone(uid=uid))
    phone.call("PUT", "/v1/me", {"display_name": name, "zone": zone})
    phone.call("PUT", "/v1/me/devices/phone", {"token": phone.token, "platform": "android"})
    return phone


type NewPhone = Callable[..., Phone]
type Two = tuple[Phone, Phone]
type NewCouple = Callable[..., Two]


@pytest.fixture(scope="session")
def a_phone(stack: Stack) -> Iterator[NewPhone]:
    with contextlib.ExitStack() as clients:

        def new(*arguments: Any, **named: Any) -> Phone:
            phone = phone_on(stack, *arguments, **named)
            clients.callback(phone.api.close)
            return phone

        yield new


def pair(inviter: Phone, redeemer: Phone) -> str:
    """Pair the two, and return the invite's code."""
    invite = inviter.call("POST", "/v1/invites", status=201)
    redeemer.call("POST", "/v1/invites/redeem", {"code": invite["code"]})
    words = inviter.call("GET", "/v1/invites")["words"]
    inviter.call("POST", "/v1/invites/confirm", {"invite_id": invite["invite_id"], "words": words})
    return str(invite["code"])


@pytest.fixture(scope="session")
def a_couple(a_phone: NewPhone) -> NewCouple:
    """Pair two phones, by default in one zone so that both see the same today."""

    def new(*zones: str) -> Two:
        first, second = zones or (LONDON, LONDON)
        ada, ben = a_phone("Ada", first), a_phone("Ben", second)
        pair(ada, ben)
        return ada, ben

    return new


def await_quiet(stack: Stack, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until no job is left on the queue."""
    eventually(lambda: stack.waiting("QueueUrl") == 0, seconds)


@pytest.fixture
def impatient_queue(stack: Stack) -> Iterator[None]:
    """Make the queue repeat a failed job after seconds instead of twelve minutes, and give it up after two attempts.

    The delay is longer than a batch takes on a busy machine. Otherwise its good jobs would come again, too.
    """
    stack.invoke("Delivery", {"Records": []})  # otherwise its first start would take longer than the queue hides a job
    sqs, queue = stack.client("sqs"), stack.outputs["QueueUrl"]
    names = ("VisibilityTimeout", "RedrivePolicy")
    patient = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    redrive = json.loads(patient["RedrivePolicy"]) | {"maxReceiveCount": 2}
    impatient = {"VisibilityTimeout": "6", "RedrivePolicy": json.dumps(redrive)}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=impatient)
    yield
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=patient)


@pytest.fixture
def fcm_fault(stack: Stack) -> Iterator[Callable[..., None]]:
    """Make FCM's stand-in fail until the test is over (see `local.google.fcm.Fault`)."""
    yield stack.fault
    with contextlib.suppress(StackError):
        stack.heal()
