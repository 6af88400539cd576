"""Two phones in a browser: the page, what it needs of the stack on its own origin, and the next reminders on demand.

The page is `local/phones`: each phone on it is a plain client of the public API. The API itself answers no page of
another origin, so requests below `/phones/api/` are handed on to it as they are.
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

    from local.stack import Stack

PAGE: Final = ROOT / "local" / "phones"
API: Final = "/phones/api"
"""What comes after it on the page's origin is for the API."""
BEAT: Final = dt.timedelta(minutes=5)
LOOK_AHEAD: Final = dt.timedelta(days=8)
"""A touch reminder comes at least once in this time."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # No policy may make trusted types: no text becomes markup, by whatever mistake in the page.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_HANDED_ON: Final = ("authorization", "content-type", "idempotency-key")
_HANDED_BACK: Final = ("content-type", "retry-after", "cache-control")
_PATIENCE_SECONDS: Final = 30


class Reminder(BaseModel):
    """A reminder of one of the two phones, on these weekdays (Monday is 0), in the phone's own zone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zone: str
    time: dt.time
    weekdays: Annotated[frozenset[int], Field(min_length=1)] = frozenset(range(7))


class NextBeat(BaseModel):
    """Which reminders the next beat shall bring the first of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reminders: tuple[Reminder, ...] = ()


def next_beat(reminders: Iterable[Reminder], after: dt.datetime) -> dt.datetime:
    """The first beat after `after` at which one of the reminders comes; without any, simply the next.

    Raises UnknownZoneError for a zone that there is not.
    """
    coming = [
        due.instant
        for each in reminders
        for due in due_slots(after, after + LOOK_AHEAD, zone_named(each.zone))
        if due.slot.time == each.time and due.date.weekday() in each.weekdays
    ]
    first = min(coming, default=after + dt.timedelta.resolution)
    return dt.datetime.fromtimestamp(-(-first.timestamp() // BEAT.total_seconds()) * BEAT.total_seconds(), dt.UTC)


def page_routes(
    attached: Callable[[], Stack], last: Path, transport: httpx.AsyncBaseTransport | None = None
) -> list[Route]:
    """The page, the way to the API, and the beat.

    `attached` is the stack, or raises StackError while it starts; `last` keeps what the beats here have come to.
    `transport` is the way to the API, the network's without one.
    """
    files = {file.relative_to(PAGE).as_posix() for file in PAGE.rglob("*") if file.is_file()}
    api = httpx.AsyncClient(timeout=_PATIENCE_SECONDS, transport=transport)

    async def page(request: Request) -> Response:
        name = request.path_params.get("file", "index.html")
        if name not in files:
            return JSONResponse({"error": "There is no such file."}, 404)
        content = await run_in_threadpool((PAGE / name).read_bytes)
        return Response(content, headers=_HEADERS, media_type=mimetypes.guess_type(name)[0])

    async def hand_on(request: Request) -> Response:
        try:
            # As it came: decoded, a slash or a question mark within a name would end the name.
            path = request.scope["raw_path"].decode("ascii").removeprefix(API)
            query = f"?{request.url.query}" if request.url.query else ""
            answer = await api.request(
                request.method,
                f"{attached().api_url}{path}{query}",
                content=await request.body(),
                headers={name: request.headers[name] for name in _HANDED_ON if name in request.headers},
            )
        except (StackError, httpx.HTTPError):
            return _starting()
        headers = {name: answer.headers[name] for name in _HANDED_BACK if name in answer.headers}
        return Response(answer.content, answer.status_code, headers)

    async def beat(request: Request) -> JSONResponse:
        # Another site may make a browser post anything but this.
        if request.headers.get("content-type") != "application/json":
            return JSONResponse({"error": "The reminders come as application/json."}, 415)
        try:
            asked = NextBeat.model_validate_json(await request.body())
            return JSONResponse(await run_in_threadpool(_let_come, attached(), asked, last))
        except (ValidationError, UnknownZoneError) as error:
            return JSONResponse({"error": str(error)}, 400)
        except StackError:
            return _starting()

    return [
        Route("/phones", page),
        Route(API + "/{path:path}", hand_on, methods=["GET", "PUT", "POST", "PATCH", "DELETE"]),
        Route("/phones/beat", beat, methods=["POST"]),
        Route("/phones/{file:path}", page),
    ]


def _let_come(stack: Stack, asked: NextBeat, last: Path) -> dict[str, Any]:
    """Let the beat happen that brings the next of the reminders: its instant, and how many slots were due.

    `last` is the file with the instant that the beats so far have come to. The schedule itself goes on from where it
    was: whoever sets a reminder to five minutes from now gets it, and what has come already comes no second time.
    """
    table = Table(stack.client("dynamodb"), stack.outputs["TableName"])
    instant = dt.datetime.fromtimestamp(now(), dt.UTC)
    come = dt.datetime.fromisoformat(last.read_text(encoding="ascii")) if last.exists() else instant
    at = next_beat(asked.reminders, max(instant, come))
    watermark = Watermark(table).read() or instant
    _stand_at(table, min(watermark, instant))
    jobs = stack.tick(at)["jobs"]
    _stand_at(table, watermark)
    last.write_text(at.isoformat(), encoding="ascii")
    return {"at": at.isoformat(), "slots": jobs}


def _stand_at(table: Table, watermark: dt.datetime) -> None:
    table.write(Write("Put", keys.WATERMARK, item={"until_at": to_millis(watermark)}))


def _starting() -> JSONResponse:
    """What the page shows as it shows the API's own refusals."""
    return JSONResponse(
        {"type": "about:blank", "title": "The stack is still starting, or has ended.", "status": 503},
        503,
        {"Retry-After": "1"},
        "application/problem+json",
    )
