"""Measure the speed of the push gateway, and compare it with the SDK's own methods and with h2load.

h2load shows about how many pushes in a second the server can take. The clients send to the same stand-in for FCM over
TLS, one client after another. The client runs on one core, and the server runs on another core if there is one. The
figures differ between machines; the ratios differ less.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from unittest.mock import patch

import firebase_admin
from firebase_admin import messaging
from google.auth.credentials import Credentials
from requests.adapters import HTTPAdapter
from rich import box
from rich.table import Table

from bench.world import APP_LINK, a_long_token
from delivery.fcm import FcmGateway, message_of
from delivery.gateway import DELIVERED
from delivery.libcurl import AT_ONCE, CONNECTIONS, Libcurl, addressed
from local.errors import StackError
from local.stack.start import free_ports
from rekindle.domain.ids import Language
from rekindle.domain.persons import Target, TargetKind
from rekindle.domain.pushes import PushKind
from rekindle.push.payloads import Occasion, payload_of
from testing.builders import an_instant
from testing.fcm_server import CERTIFICATE, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

DELAYS: Final = (0, 60)
"""Milliseconds until the server answers. With 0, the speed depends on the client's own work. With 60, the speed depends
on how many requests the client has in flight.
"""
ROUNDS: Final = 9
"""The rounds are many and short. So other work on the machine slows all clients about equally."""
PAGE: Final = 1_000
SDK_BATCH: Final = 500
"""The most messages that the SDK takes in one call."""
PLENTY: Final = dt.timedelta(minutes=2)

OURS: Final = "our gateway"
SEND_EACH: Final = "SDK send_each"
SEND_EACH_ASYNC: Final = "SDK send_each_async"
BOUND: Final = "h2load"

CAPTION: Final = (
    "ms: the server's delay. pushes/s: pushes in a second. x send_each: times the speed of send_each. CPU: the "
    f"client's CPU seconds for 1,000 pushes. Our gateway sends pages of {PAGE:,}, the SDK batches of {SDK_BATCH}; "
    "h2load sends the same bytes with as many requests in flight as our gateway. All figures are medians of "
    f"{ROUNDS} rounds; a ratio is the median of the ratios of each round."
)
_ACCESS_TOKEN: Final = "ya29.c.b0".ljust(1024, "x")
"""An access token, as long as the token of a service account."""
_PROJECT: Final = "bench-{}ms"
_AT: Final = an_instant("2026-03-02T13:30:00Z")
_PAYLOAD: Final = payload_of(
    Occasion(PushKind.PROMPT, _AT.date(), _AT), Language("en"), _AT, quiet=False, app_link=APP_LINK
)


type Figure = Literal["rate", "cpu"]


@dataclass(frozen=True, slots=True)
class Speed:
    """A client's speed in one round: pushes in a second (`rate`), and CPU seconds for 1,000 pushes (`cpu`)."""

    rate: float
    cpu: float

    def of(self, figure: Figure) -> float:
        """Return `rate` or `cpu`."""
        return self.rate if figure == "rate" else self.cpu


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal for a ratio: the figure of `client`, divided by the same figure of `other`.

    `delay` is the server's delay in milliseconds. The ratio should be at least `target`, or at most, if `at_most`.
    """

    sentence: str
    delay: int
    client: str
    other: str
    figure: Figure
    target: float
    at_most: bool = False


GOALS: Final = (
    Goal("times the pushes of send_each", 0, OURS, SEND_EACH, "rate", 12),
    Goal("times the pushes of send_each", 60, OURS, SEND_EACH, "rate", 3.5),
    Goal("of the pushes of h2load", 0, OURS, BOUND, "rate", 0.5),
    Goal("of the CPU of send_each for a push", 0, OURS, SEND_EACH, "cpu", 1 / 12, at_most=True),
)


@dataclass(frozen=True, slots=True)
class GatewayReport:
    """The speeds of all clients: for each delay and each client, one speed for each round."""

    speeds: Mapping[int, Mapping[str, Sequence[Speed]]]

    @classmethod
    def measured(cls) -> GatewayReport:
        """Measure all clients, one after another in each round. If h2load is not installed, leave it out."""
        cores = sorted(os.sched_getaffinity(0))
        (port,) = free_ports(1)
        with tempfile.TemporaryDirectory(prefix="rekindle-bench-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            with serving(folder, port, cores[-1]) as address, _keeping_to(cores[0], folder / CERTIFICATE):
                return cls({delay: _in_turns(address, delay, folder) for delay in DELAYS})

    def median(self, delay: int, client: str, figure: Figure) -> float:
        """Return the median over all rounds of a client's figure at a delay."""
        return statistics.median(speed.of(figure) for speed in self.speeds[delay][client])

    def ratio(self, delay: int, client: str, other: str, figure: Figure) -> float:
        """Divide a client's figure by another client's figure in each round. Return the median of these ratios."""
        pairs = zip(self.speeds[delay][client], self.speeds[delay][other], strict=True)
        return statistics.median(ours.of(figure) / theirs.of(figure) for ours, theirs in pairs)

    def table(self) -> Table:
        """Return all speeds as one table for a terminal."""
        table = Table(box=box.SIMPLE_HEAD, caption=CAPTION, caption_justify="left", pad_edge=False)
        table.add_column("gateway")
        for delay in self.speeds:
            for head in (f"{delay} ms: pushes/s", "x send_each", "CPU"):
                table.add_column(head, justify="right", no_wrap=True)
        for client in next(iter(self.speeds.values())):
            cells = []
            for delay in self.speeds:
                ratio = self.ratio(delay, client, SEND_EACH, "rate")
                cpu = self.median(delay, client, "cpu")
                cells += [f"{self.median(delay, client, 'rate'):,.0f}", f"{ratio:.2f}", f"{cpu:.3f}"]
            table.add_row(client, *cells)
        return table

    def verdicts(self) -> Iterator[str]:
        """Yield a sentence for each goal: what was measured, and whether the goal is met."""
        for goal in GOALS:
            if goal.other not in self.speeds[goal.delay]:
                yield f"gateway, {goal.delay} ms: {goal.other} is missing (make setup installs it)."
                continue
            ratio = self.ratio(goal.delay, goal.client, goal.other, goal.figure)
            is_met = ratio <= goal.target if goal.at_most else ratio >= goal.target
            yield (
                f"gateway, {goal.delay} ms: {ratio:.3g} {goal.sentence}, "
                f"goal at {'most' if goal.at_most else 'least'} {goal.target:.3g}: {'met' if is_met else 'missed'}."
            )


class _Access(Credentials):
    """An access token that never expires."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.token = _ACCESS_TOKEN

    def refresh(self, request: object) -> None:
        raise NotImplementedError


def _in_turns(address: str, delay: int, folder: Path) -> dict[str, list[Speed]]:
    tokens = [a_long_token() for _ in range(PAGE)]
    project, pages = _PROJECT.format(delay), 2 if delay else 4
    with _ours(address, project, tokens, folder) as ours, _sdk(address, project, tokens) as (each, each_async):
        clients: dict[str, Callable[[], Speed]] = {
            OURS: lambda: _speed_of(ours, PAGE, pages),
            SEND_EACH: lambda: _speed_of(each, SDK_BATCH, 1),
            SEND_EACH_ASYNC: lambda: _speed_of(each_async, SDK_BATCH, 1),
        }
        if shutil.which(BOUND):
            body = folder / "body.json"
            message = json.loads(str(addressed(message_of(_PAYLOAD), Target(TargetKind.TOKEN, tokens[0]))))
            body.write_text(json.dumps({"message": message}))
            url = f"{address}/v1/projects/{project}/messages:send"
            clients[BOUND] = lambda: _h2load(url, body, PAGE * pages)
        # Each client's first call is not measured, because it opens the connections.
        for client in clients.values():
            client()
        speeds: dict[str, list[Speed]] = {name: [] for name in clients}
        for _ in range(ROUNDS):
            for name, client in clients.items():
                speeds[name].append(client())
        return speeds


@contextlib.contextmanager
def _ours(address: str, project: str, tokens: Sequence[str], folder: Path) -> Iterator[Callable[[], bool]]:
    targets = [Target(TargetKind.TOKEN, token) for token in tokens]
    transport = Libcurl(address, project, authorities=str(folder / CERTIFICATE))
    with contextlib.closing(FcmGateway(_Access(), transport)) as gateway:
        yield lambda: gateway.send(_PAYLOAD, targets, PLENTY) == [DELIVERED] * len(targets)


@contextlib.contextmanager
def _sdk(address: str, project: str, tokens: Sequence[str]) -> Iterator[tuple[Callable[[], bool], Callable[[], bool]]]:
    """Yield two functions, which send with two methods of the SDK to the server's address."""
    app = firebase_admin.initialize_app(_Access(), {"projectId": project}, name=f"bench-{project}")
    service = messaging._get_messaging_service(app)  # noqa: SLF001  the SDK has no public setting for the address
    service._fcm_url = f"{address}/v1/projects/{project}/messages:send"  # noqa: SLF001  the same
    session = service._client.session  # noqa: SLF001  the same
    session.mount(address, HTTPAdapter(pool_connections=AT_ONCE, pool_maxsize=AT_ONCE))
    template = message_of(_PAYLOAD)

    def messages() -> list[messaging.Message]:
        return [addressed(template, Target(TargetKind.TOKEN, token)) for token in tokens[:SDK_BATCH]]

    def each() -> bool:
        return bool(messaging.send_each(messages(), app=app).failure_count == 0)

    with asyncio.Runner() as runner:

        def each_async() -> bool:
            return bool(runner.run(messaging.send_each_async(messages(), app=app)).failure_count == 0)

        try:
            yield each, each_async
        finally:
            runner.run(service._async_client.aclose())  # noqa: SLF001  the SDK would not close this client
            session.close()
            firebase_admin.delete_app(app)


def _speed_of(send: Callable[[], bool], pushes: int, times: int) -> Speed:
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    for _ in range(times):
        if not send():
            raise StackError("The stand-in for FCM over TLS did not take every push.")
    return _speed(pushes * times, time.perf_counter() - began, before, resource.getrusage(resource.RUSAGE_SELF))


def _h2load(url: str, body: Path, pushes: int) -> Speed:
    headers = ["content-type: application/json", f"authorization: Bearer {_ACCESS_TOKEN}"]
    command = [BOUND, "-n", str(pushes), "-c", str(CONNECTIONS), "-m", str(AT_ONCE), "-t", "1", "-d", str(body)]
    command += [part for header in headers for part in ("-H", header)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, url], capture_output=True, text=True, check=False)
    found = re.search(r"finished in ([\d.]+)(m?s),", done.stdout)
    if done.returncode or not found or f" {pushes} succeeded," not in done.stdout:
        raise StackError(f"h2load failed (exit status {done.returncode}).\n{done.stdout}{done.stderr}")
    seconds = float(found.group(1)) / (1000 if found.group(2) == "ms" else 1)
    return _speed(pushes, seconds, before, resource.getrusage(resource.RUSAGE_CHILDREN))


def _speed(pushes: int, seconds: float, before: resource.struct_rusage, after: resource.struct_rusage) -> Speed:
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Speed(rate=pushes / seconds, cpu=cpu * 1000 / pushes)


@contextlib.contextmanager
def _keeping_to(core: int, authorities: Path) -> Iterator[None]:
    """Keep this process on one core, and let its HTTP clients trust the stand-in's certificate."""
    cores, trusted = os.sched_getaffinity(0), dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), str(authorities))
    os.sched_setaffinity(0, {core})
    try:
        with patch.dict(os.environ, trusted):
            yield
    finally:
        os.sched_setaffinity(0, cores)
