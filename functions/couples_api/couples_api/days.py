"""`/v1/today` and `/v1/days` show the day's prompt and the journal, and take answers.

To open a day means to choose its prompt and store the day. The first request that reads or answers the day opens it
for both partners.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field, StringConstraints

from couples_api.pause import PauseView, pause_view
from couples_api.reader import DAY, REVEALED, UNANSWERED, DayView, Reader, reader_of
from couples_api.services import IN_A_COUPLE, CalendarDate, TheCaller, TheServices, current_couple, keys_for_writing
from couples_api.streak import STREAK, StreakView, known_history, note_complete
from rekindle.api.examples import body_config, view_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.crypto.author_keys import CoupleKeys
from rekindle.domain.calendar import local_date
from rekindle.domain.couples import Couple
from rekindle.domain.days import Answer, Day
from rekindle.domain.open_days import open_dates, streak_at, window_of
from rekindle.domain.playlist import prompt_on
from rekindle.domain.prompts import PromptKind
from rekindle.domain.texts import VISIBLE
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.store.days import existing_day

JOURNAL_PAGE = 30
OPENING_ATTEMPTS = 10
REVISION_LIMIT = 1_000_000
ONE_DAY = dt.timedelta(days=1)

router = APIGatewayHttpRouter()

DatePath = Annotated[CalendarDate, Path(description="A calendar date, YYYY-MM-DD.")]
Before = Annotated[CalendarDate | None, Query(description="Return days before this date. By default the latest.")]
Limit = Annotated[int, Query(ge=1, le=JOURNAL_PAGE)]
AnswerText = Annotated[str, StringConstraints(min_length=1, max_length=2000), VISIBLE]
Revision = Annotated[int, Field(ge=1, le=REVISION_LIMIT, strict=True)]


_AHEAD = DAY | {"date": "2026-03-03", "closes_at": "2026-03-04T08:00:00Z"}


class TodayView(BaseModel):
    """Today's day by the caller's clock, perhaps a day before it and a day after it, and the streak.

    `previous` is yesterday's day, or null if yesterday takes no answers. `next` is a later day that the partner has
    answered already, because the partner's clock is ahead. If there are two such days, `next` is the first that the
    caller has not answered. If the caller has answered both, `next` is the earlier one. `streak` is null if the caller
    hides the streak. During a `pause` no reminder comes, but both can still answer.
    """

    model_config = view_config(
        {"today": DAY, "previous": None, "next": None, "streak": STREAK, "pause": None},
        {"today": UNANSWERED, "previous": None, "next": _AHEAD, "streak": STREAK, "pause": None},
    )

    today: DayView
    previous: DayView | None
    next: DayView | None
    streak: StreakView | None
    pause: PauseView | None


class JournalView(BaseModel):
    """Days, latest first. Send `before` to get the next page. On the last page, `before` is null."""

    model_config = view_config({"days": [REVEALED], "before": None})

    days: list[DayView]
    before: dt.date | None


class AnswerBody(BaseModel):
    """An answer. An edit sends the `revision` that it replaces.

    The edit is refused if the stored answer already has a newer revision.
    """

    model_config = body_config(
        {
            "text": "You saved me the window seat.",
            "share_first": False,
            "revision": None,
            "prompt": "starter/window-seat",
        },
        {
            "text": "You always saved me the window seat.",
            "share_first": True,
            "revision": 1,
            "prompt": "starter/window-seat",
        },
        strip=True,
    )

    text: AnswerText | None = Field(description="Null to check the day off without a text.")
    share_first: Annotated[bool, Field(strict=True, description="Open my answer to my partner at once.")]
    revision: Revision | None = Field(description="The revision that this answer replaces. Null for a first answer.")
    prompt: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = Field(
        description="The id of the answered prompt. Null is refused for a first answer if the prompt has been swapped."
    )


@router.get("/today", responses=refusals(*IN_A_COUPLE, Problem.NO_PROMPT))
def get_today(caller: TheCaller, services: TheServices) -> TodayView:
    """Return today's day, perhaps a day before it and a day after it, and the streak.

    If one of these days has no prompt yet, this call chooses its prompt.
    """
    reader = reader_of(services, caller)
    stored = reader.nearby()
    today = local_date(caller.instant, reader.person.profile.zone)
    still_open = open_dates(reader.couple, stored, caller.instant)
    days = [_opened_day(reader, today, stored)]
    before, ahead = today - ONE_DAY, _day_ahead(reader, today, stored)
    if before in still_open and (before in stored or today > reader.couple.first_date):
        days.append(_opened_day(reader, before, stored))
    if ahead:
        days.append(ahead)
    views = {view.date: view for view in reader.views(days)}
    return TodayView(
        today=views[today],
        previous=views.get(before),
        next=views[ahead.date] if ahead else None,
        streak=_streak_view(reader, stored),
        pause=pause_view(reader.couple, reader.person, caller),
    )


@router.get("/days", responses=refusals(*IN_A_COUPLE))
def get_days(
    caller: TheCaller, services: TheServices, before: Before = None, limit: Limit = JOURNAL_PAGE
) -> JournalView:
    """Return a page of the couple's days, latest first."""
    reader = reader_of(services, caller)
    days = services.days.journal(reader.couple.id, before, limit)
    return JournalView(days=reader.views(days), before=days[-1].date if len(days) == limit else None)


@router.get("/days/<date>", responses=refusals(*IN_A_COUPLE, Problem.NO_SUCH_DAY, Problem.NO_PROMPT))
def get_day(date: DatePath, caller: TheCaller, services: TheServices) -> DayView:
    """Return one day. If the day takes answers but has no prompt yet, this call chooses its prompt."""
    reader = reader_of(services, caller)
    return reader.views([_known_day(reader, date)])[0]


@router.put(
    "/days/<date>/answer",
    responses=refusals(
        *IN_A_COUPLE,
        Problem.TEXT_MISSING,
        Problem.NO_SUCH_DAY,
        Problem.DAY_CLOSED,
        Problem.ANSWERS_ARE_OPEN,
        Problem.ANSWERED_ALREADY,
        Problem.EDITED_SINCE,
        Problem.NOTHING_TO_EDIT,
        Problem.PROMPT_CHANGED,
        Problem.NO_PROMPT,
    ),
)
def put_answer(date: DatePath, body: AnswerBody, caller: TheCaller, services: TheServices) -> DayView:
    """Answer the day's prompt, or edit the caller's answer.

    When both partners have answered, both answers are open and the day is complete. From then on, an edit is refused.
    If the partner could read the answer before an edit, the partner sees that it was edited.
    """
    reader = reader_of(services, caller)
    day = _known_day(reader, date)
    if _may_answer_another_prompt(day, body):
        raise ProblemError(Problem.PROMPT_CHANGED)
    if body.text is None and day.kind is PromptKind.QUESTION:
        raise ProblemError(Problem.TEXT_MISSING)
    keys = keys_for_writing(services, reader.couple, caller.uid)
    day = _with_answer(reader, day, keys, body)
    if day.revealed:
        # Read the couple again. If it has ended during the write, do not show the partner's answer.
        current_couple(services, reader.person)
        note_complete(services, day, caller.instant)
    return reader.views([day], keys)[0]


def _with_answer(reader: Reader, day: Day, keys: CoupleKeys, body: AnswerBody) -> Day:
    """Record the reader's answer, and return the day as stored now. A repeat only returns the day."""
    uid, instant = reader.person.uid, reader.caller.instant
    before = day.answers.get(uid)
    # Replace only the answer that we have read. Otherwise we would not know whether the partner could read it.
    if (before.revision if before else None) == body.revision:
        was_open = before is not None and (before.was_open or before.share_first)
        answer = Answer(
            at=instant,
            revision=(body.revision or 0) + 1,
            sealed=None,
            share_first=body.share_first,
            was_open=was_open,
            edited=was_open and (day.answers[uid].edited or keys.open_answer(day, uid) != body.text),
        )
        if body.text is not None:
            answer = keys.seal_answer(day, uid, answer, body.text)
        try:
            return reader.services.days.record_answer(day, uid, reader.partner, answer, body.revision)
        except WriteConflictError as conflict:
            read, day = day, existing_day(conflict)
            if day.prompt != read.prompt:
                raise ProblemError(Problem.PROMPT_CHANGED) from conflict
    if not _is_repeat(day, reader, keys, body):
        raise ProblemError(_why_refused(day, reader, body))
    return day


def stored_day(reader: Reader, date: dt.date) -> Day:
    """Return the stored day. Raise ProblemError if nobody has opened this day."""
    day = reader.services.days.day(reader.couple.id, date)
    if day is None:
        raise ProblemError(Problem.NO_SUCH_DAY)
    return day


def _known_day(reader: Reader, date: dt.date) -> Day:
    """Return the day. If the day is not stored yet, open it.

    Raise ProblemError if the day is not stored and takes no answers.
    """
    day = reader.services.days.day(reader.couple.id, date)
    if day:
        return day
    stored = reader.nearby()
    if date < reader.couple.first_date or date not in open_dates(reader.couple, stored, reader.caller.instant):
        raise ProblemError(Problem.NO_SUCH_DAY)
    return _opened_day(reader, date, stored)


def _opened_day(reader: Reader, date: dt.date, stored: Mapping[dt.date, Day]) -> Day:
    """Return the couple's day of the date. If the day is not stored, choose its prompt and store it.

    A closed day gets a prompt but is not stored. Example: A person travels west, and their clock shows a date that has
    closed.
    """
    if date in stored:
        return stored[date]
    couple, services = reader.couple, reader.services
    releases, seed = services.catalogue.releases(reader.caller.instant), services.new_seed()
    for _ in range(OPENING_ATTEMPTS):
        couple = couple.seeded(seed)  # A couple of version 0.1.0 gets its seed with this day.
        window = window_of(couple, date, stored)
        is_over = window.closes_at <= reader.caller.instant
        # A closed day is not stored. If its prompt changed, it would show that a partner has just changed a choice. If
        # it depended on the persons' chance as well, it would be a second look at what an open day shows.
        chooser = couple.without_choices() if is_over else couple
        offer = prompt_on(date, chooser, releases, partial(services.days.seen, couple.id))
        entry = offer.entry
        early = couple.has_just_joined(entry.ref.pack, date)
        day = Day(couple.id, date, entry.ref, entry.kind, window, again=offer.again, early=early)
        if is_over:
            return day
        try:
            return services.days.open_day(couple, day, entry.theme)
        except WriteConflictError as conflict:
            # The couple has changed. For example, a partner opened another date or moved to another zone.
            couple = still_together(reader, conflict)
    raise ContentionError("a couple kept changing while its day was opened")


def _day_ahead(reader: Reader, today: dt.date, stored: Mapping[dt.date, Day]) -> Day | None:
    """Return a later day that takes answers and that the partner has answered. Return None if there is none.

    If there are two, return the first that the caller has not answered, or else the earlier one.
    """
    ahead = [
        day
        for date, day in stored.items()
        if date > today and reader.partner in day.answers and day.window.is_open(reader.caller.instant)
    ]
    return min(ahead, key=lambda day: (day.revealed, day.date), default=None)


def still_together(reader: Reader, conflict: WriteConflictError) -> Couple:
    """Read the couple again after a failed write, and return it. Raise ProblemError if the couple has ended."""
    current = reader.services.couples.couple(reader.couple.id)
    if current is None or current.ended_at:
        raise ProblemError(Problem.NOT_PAIRED) from conflict
    return current


def _may_answer_another_prompt(day: Day, body: AnswerBody) -> bool:
    """Return whether the answer may be meant for another prompt than the day's current one.

    An edit needs no prompt id, because an answered prompt is never swapped. If a first answer has no id and the prompt
    was swapped, the phone may still show the old prompt.
    """
    if body.prompt is None:
        return bool(day.swapped) and body.revision is None
    return body.prompt != day.prompt.id


def _is_repeat(day: Day, reader: Reader, keys: CoupleKeys, body: AnswerBody) -> bool:
    """Return whether `body` is a repeat: the answer in it is stored already.

    A phone repeats a request if the reply was lost.
    """
    uid = reader.person.uid
    return (
        follows(day.answers.get(uid), body.revision)
        and day.answers[uid].share_first == body.share_first
        and keys.open_answer(day, uid) == body.text
    )


def _why_refused(day: Day, reader: Reader, body: AnswerBody) -> Problem:
    if day.revealed:
        return Problem.ANSWERS_ARE_OPEN
    if not day.window.is_open(reader.caller.instant):
        return Problem.DAY_CLOSED
    return why_not_replaced(day.answers.get(reader.person.uid), body.revision)


def follows(answer: Answer | None, revision: int | None) -> bool:
    """Return whether the answer's revision is the next one after `revision`. After None, the next revision is 1."""
    return answer is not None and answer.revision == (revision or 0) + 1


def why_not_replaced(answer: Answer | None, revision: int | None) -> Problem:
    """Return why a new answer was not stored. `answer` is the stored answer.

    `revision` is the revision that the new answer should replace, or None for a first answer.
    """
    if answer is None:
        return Problem.NOTHING_TO_EDIT
    return Problem.ANSWERED_ALREADY if revision is None else Problem.EDITED_SINCE


def _streak_view(reader: Reader, stored: Mapping[dt.date, Day]) -> StreakView | None:
    if reader.person.profile.streak_hidden:
        return None
    history = known_history(reader.services, reader.couple, stored, reader.caller.instant)
    streak = streak_at(reader.couple, history, stored, reader.caller.instant)
    return StreakView.model_validate(streak, from_attributes=True)
