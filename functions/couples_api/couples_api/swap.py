"""`/v1/days/{date}/swap` gives both partners another prompt for the day."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from couples_api.days import OPENING_ATTEMPTS, DatePath, still_together, stored_day
from couples_api.idempotency import IdempotencyKey, keyed_request, request_id
from couples_api.reader import DayView, Reader, reader_of
from couples_api.services import IN_A_COUPLE, TheCaller, TheServices
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.domain.days import Day, Swapped
from rekindle.domain.playlist import another_prompt
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.store.idempotency import KeyedRequest

router = APIGatewayHttpRouter()


@router.post(
    "/days/<date>/swap",
    responses=refusals(
        *IN_A_COUPLE,
        Problem.NO_SUCH_DAY,
        Problem.DAY_CLOSED,
        Problem.SWAPPED_ALREADY,
        Problem.SWAP_TOO_LATE,
        Problem.NOTHING_TO_SWAP,
        Problem.KEY_REUSED,
        Problem.NO_PROMPT,
    ),
)
def post_swap(
    date: DatePath, caller: TheCaller, services: TheServices, idempotency_key: IdempotencyKey = None
) -> DayView:
    """Replace the day's prompt by another prompt of the same theme, for both partners.

    The new prompt is easy and asks for no touch, whatever the two have chosen. A day can be swapped once, before anyone
    has answered. The old prompt counts as seen. A repeat with the same idempotency key returns the day with its new
    prompt.
    """
    reader = reader_of(services, caller)
    day = stored_day(reader, date)
    request = keyed_request(services, caller, idempotency_key, f"POST /v1/days/{date}/swap {reader.couple.id}")
    swap_id = request_id(services, caller, idempotency_key)
    return reader.views([_swapped_day(reader, day, swap_id, request)])[0]


def _swapped_day(reader: Reader, day: Day, swap_id: str, request: KeyedRequest) -> Day:
    """Swap the day's prompt and return the day. If this request has already swapped the prompt, only return the day."""
    couple, services, instant = reader.couple, reader.services, reader.caller.instant
    for _ in range(OPENING_ATTEMPTS):
        if day.swapped and day.swapped[-1].request == swap_id:
            return day
        if problem := _why_not_swapped(day, instant):
            raise ProblemError(problem)
        # An earlier version of this code stored days without a theme. For such a day, use the theme of its prompt.
        theme = day.theme or services.catalogue.texts([day.prompt])[day.prompt].theme
        seen = services.days.seen(couple.id, [theme])
        offer = another_prompt(theme, day.prompt, couple, services.catalogue.releases(instant), seen)
        if offer is None:
            raise ProblemError(Problem.NOTHING_TO_SWAP)
        entry, swapped = offer.entry, Swapped(day.prompt, day.again, swap_id, day.early)
        after = replace(
            day,
            prompt=entry.ref,
            kind=entry.kind,
            theme=theme,
            again=offer.again,
            early=couple.has_just_joined(entry.ref.pack, day.date),
            swapped=(*day.swapped, swapped),
        )
        try:
            services.days.swap(couple, day, after, instant, request.writes)
        except WriteConflictError as conflict:
            couple = still_together(reader, conflict)
            day = stored_day(reader, day.date)
        else:
            return after
    raise ContentionError("a couple kept changing while a prompt was swapped")


def _why_not_swapped(day: Day, instant: dt.datetime) -> Problem | None:
    if not day.window.is_open(instant):
        return Problem.DAY_CLOSED
    if day.answers:
        return Problem.SWAP_TOO_LATE
    return Problem.SWAPPED_ALREADY if day.swapped else None
