"""Serve the page that shows two phones, forward its requests to the API, and send reminders on request.

The page's files are in `local/phones`. Each phone on the page is an ordinary client of the public API. The page and the
API have different origins, so the browser would block calls from the page to the API. Therefore the page calls paths
below `/phones/api/`, and this server forwards these calls to the API.
"""

from __future__ import annotations

import datetime as dt
import mimetypes
from typing import TYPE_CHECKING, Annotated, Any, Final

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.clock import now
from local.errors import StackError
from local.places import ROOT
from rekindle.domain.calendar import zone_named
from rekindle.domain.reminders import due_slots
from rekindle.errors import UnknownZoneError
from rekindle.store import keys
from rekindle.store.instants import to_millis
from rekindle.store.table import Table, Write
from rekindle.store.watermark import Watermark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from starlette.requests import Request

    from local.stack.client import Stack

PAGE: Final = ROOT / "local" / "phones"
UI: Final = ROOT / "functions" / "console" / "console" / "page" / "ui"
"""The folder of the files that this page and the console share."""
API: Final = "/phones/api"
"""The beginning of the paths that this server forwards to the API."""
TICK_INTERVAL: Final = dt.timedelta(minutes=5)
"""The function `tick` runs this often. Each run is a tick, and sends the reminders that have come due."""
LOOK_AHEAD: Final = dt.timedelta(days=8)
"""`next_tick` looks this far ahead. Eight days are enough, because each reminder comes at least once a week."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # With these directives, no script can turn text into HTML.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FORWARDED: Final = ("authorization", "content-type", "idempotency-key")
_RETURNED: Final = ("content-type", "retry-after", "cache-control")
_PATIENCE_SECONDS: Final = 30


class Reminder(BaseModel):
    """A reminder of one of the two phones: a time in the phone's zone, on these weekdays (Monday is 0)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zone: str
    time: dt.time
    weekdays: Annotated[frozenset[int], Field(min_length=1)] = frozenset(range(7))


class TickBody(BaseModel):
    """A request for a tick: the reminders of both phones. The tick sends the next of these reminders."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reminders: tuple[Reminder, ...] = ()


def next_tick(reminders: Iterable[Reminder], after: dt.datetime) -> dt.datetime:
    """Return the instant of the first tick after `after` that sends a reminder.

    If there are no reminders, return the instant of the first tick after `after`.

    Raises:
        UnknownZoneError: The zone of a reminder does not exist.
    """
    coming = [
        due.instant
        for each in reminders
        for due in due_slots(after, after + LOOK_AHEAD, zone_named(each.zone))
        if due.slot.time == each.time and due.date.weekday() in each.weekdays
    ]
    first = min(coming, default=after + dt.timedelta.resolution)
    interval = TICK_INTERVAL.total_seconds()
    return dt.datetime.fromtimestamp(-(-first.timestamp() // interval) * interval, dt.UTC)


def page_routes(
    attached: Callable[[], Stack],
    last: Path,
    transport: httpx.AsyncBaseTransport | None = None,
    app_token: Callable[[], str] = str,
) -> list[Route]:
    """Return the routes for the page's files, for calls of the API, and for requests for a tick.

    Args:
        attached: Returns the running stack. Raises StackError if the stack has not started yet.
        last: The file that records the instant of the latest tick that the page requested.
        transport: The connection to the API. The default is the network.
        app_token: Returns a token of App Check, as the App Check SDK gives one to a phone's app.
    """
    files = {f"ui/{file.name}": file for file in UI.iterdir()}
    files |= {file.relative_to(PAGE).as_posix(): file for file in PAGE.rglob("*") if file.is_file()}
    api = httpx.AsyncClient(timeout=_PATIENCE_SECONDS, transport=transport)

    async def page(request: Request) -> Response:
        name = request.path_params.get("file", "index.html")
        if name not in files:
            return JSONResponse({"error": "There is no such file."}, 404)
        content = await run_in_threadpool(files[name].read_bytes)
        return Response(content, headers=_HEADERS, media_type=mimetypes.guess_type(name)[0])

    async def forward(request: Request) -> Response:
        try:
            # Forward the path as the browser encoded it. In a decoded path, `%2F` would become a slash.
            path = request.scope["raw_path"].decode("ascii").removeprefix(API)
            query = f"?{request.url.query}" if request.url.query else ""
            answer = await api.request(
                request.method,
                f"{attached().api_url}{path}{query}",
                content=await request.body(),
                headers={name: request.headers[name] for name in _FORWARDED if name in request.headers}
                | {"x-firebase-appcheck": app_token()},
            )
        except (StackError, httpx.HTTPError):
            return _starting()
        headers = {name: answer.headers[name] for name in _RETURNED if name in answer.headers}
        return Response(answer.content, answer.status_code, headers)

    async def tick(request: Request) -> JSONResponse:
        # Another website can make the browser send a POST here, but not a POST with this content type.
        if request.headers.get("content-type") != "application/json":
            return JSONResponse({"error": "Send the reminders as application/json."}, 415)
        try:
            asked = TickBody.model_validate_json(await request.body())
            return JSONResponse(await run_in_threadpool(_run_tick, attached(), asked, last))
        except (ValidationError, UnknownZoneError) as error:
            return JSONResponse({"error": str(error)}, 400)
        except StackError:
            return _starting()

    return [
        Route("/phones", page),
        Route(API + "/{path:path}", forward, methods=["GET", "PUT", "POST", "PATCH", "DELETE"]),
        Route("/phones/tick", tick, methods=["POST"]),
        Route("/phones/{file:path}", page),
    ]


def _run_tick(stack: Stack, asked: TickBody, last: Path) -> dict[str, Any]:
    """Run the tick that sends the next reminder. Return the tick's instant and the number of its jobs.

    The watermark is the instant up to which ticks have run. This tick may be days ahead of the real time, and moves the
    watermark to its own instant. So this function sets the watermark back after the tick. Otherwise the schedule would
    send no reminders until the instant of this tick.

    The file `last` records the instant of this tick, so that the next call runs a later tick.
    """
    table = Table(stack.client("dynamodb"), stack.outputs["TableName"])
    instant = dt.datetime.fromtimestamp(now(), dt.UTC)
    earlier = dt.datetime.fromisoformat(last.read_text(encoding="ascii")) if last.exists() else instant
    at = next_tick(asked.reminders, max(instant, earlier))
    watermark = Watermark(table).read() or instant
    _set_watermark(table, min(watermark, instant))
    jobs = stack.tick(at)["jobs"]
    _set_watermark(table, watermark)
    last.write_text(at.isoformat(), encoding="ascii")
    return {"at": at.isoformat(), "slots": jobs}


def _set_watermark(table: Table, watermark: dt.datetime) -> None:
    table.write(Write("Put", keys.WATERMARK, item={"until_at": to_millis(watermark)}))


def _starting() -> JSONResponse:
    """Return an error that the page can show, in the API's format."""
    return JSONResponse(
        {"type": "about:blank", "title": "The stack is still starting, or has ended.", "status": 503},
        503,
        {"Retry-After": "1"},
        "application/problem+json",
    )
