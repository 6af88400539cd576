"""`/v1/today`, `/v1/days`: the day's prompt, both answers under their seal, and the journal they become."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from couples_api.parts import Caller, Parts, TheCaller, TheParts, known_person, standing_couple
from couples_api.streak import StreakView, known_history, note_complete
from rekindle.calendar import day_window, local_date
from rekindle.days import nearby_dates, open_dates, streak_at
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.models import Answer, Couple, Day, Language, Person, PromptKind, Theme, Uid
from rekindle.playlist import available_themes, comfort_of, prompt_for, theme_for
from rekindle.problems import Problem, ProblemError
from rekindle.store.catalogue import PromptText
from rekindle.store.days import standing_day
from rekindle.vault import CoupleKey

JOURNAL_PAGE = 30
OPENING_ATTEMPTS = 10
REVISION_LIMIT = 1_000_000
ONE_DAY = dt.timedelta(days=1)

router = APIGatewayHttpRouter()


def _written_out(value: object) -> object:
    # Left to itself, pydantic takes seconds since 1970 for a date as well.
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("a date is written YYYY-MM-DD")
    return value


CalendarDate = Annotated[dt.date, BeforeValidator(_written_out)]
DatePath = Annotated[CalendarDate, Path(description="A calendar date, YYYY-MM-DD.")]


class AnswerState(StrEnum):
    """All that anyone may know of an answer before it opens."""

    WAITING = "waiting"
    ANSWERED = "answered"


class PromptView(BaseModel):
    """A prompt in the reader's language, or in its pack's own."""

    theme: Theme
    kind: PromptKind
    text: str
    why: str
    hint: str | None


class OwnAnswerView(BaseModel):
    """The caller's answer. `revision` names it in an edit."""

    state: AnswerState
    text: str | None = None
    share_first: bool = False
    revision: int | None = None


class PartnerAnswerView(BaseModel):
    """The partner's answer: sealed, `text` is null and `state` is everything there is."""

    state: AnswerState
    text: str | None = None


class DayView(BaseModel):
    """A day as one of the two sees it. `revealed` says that both have answered, and both answers are open."""

    date: dt.date
    prompt: PromptView
    open: bool
    closes_at: dt.datetime
    revealed: bool
    me: OwnAnswerView
    partner: PartnerAnswerView


class TodayView(BaseModel):
    """Today by the caller's clock, the day before while it still takes answers, and the streak unless hidden."""

    today: DayView
    previous: DayView | None
    streak: StreakView | None


class JournalView(BaseModel):
    """Days, latest first; `before` asks for the next page, null at the end."""

    days: list[DayView]
    before: dt.date | None


class AnswerBody(BaseModel):
    """An answer. An edit names the `revision` that it replaces, so that no phone overwrites what it has not seen."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    share_first: Annotated[bool, Field(strict=True, description="Open my answer to my partner at once.")] = False
    revision: Annotated[int, Field(ge=1, le=REVISION_LIMIT, strict=True)] | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """One of the two, with all that their view of a day needs."""

    person: Person
    couple: Couple
    caller: Caller
    parts: Parts

    @property
    def partner(self) -> Uid:
        """The other of the two."""
        return self.couple.partner_of(self.person.uid)

    def nearby(self) -> dict[dt.date, Day]:
        """The days around now that exist."""
        return self.parts.days.between(self.couple.id, *nearby_dates(self.couple.zones, self.caller.instant))

    def views(self, days: Iterable[Day], key: CoupleKey | None = None) -> list[DayView]:
        """The days as this reader may see them; the couple's key is fetched only if there is something to open."""
        days = list(days)
        texts = self.parts.catalogue.texts(day.prompt for day in days)
        if key is None and any(self._opened_to_me(day) for day in days):
            key = self.parts.vault.couple_key(self.couple.id)
        return [self._view(day, texts[day.prompt], key) for day in days]

    def _opened_to_me(self, day: Day) -> list[Uid]:
        """Whose answers to the day this reader may read: the seal."""
        mine = [self.person.uid] if self.person.uid in day.answers else []
        theirs = day.answers.get(self.partner)
        return [*mine, self.partner] if theirs and (day.revealed or theirs.share_first) else mine

    def _view(self, day: Day, text: PromptText, key: CoupleKey | None) -> DayView:
        opened = {uid: key.open_answer(day, uid) for uid in self._opened_to_me(day)} if key else {}
        mine, theirs = day.answers.get(self.person.uid), day.answers.get(self.partner)
        return DayView(
            date=day.date,
            prompt=_prompt_view(text, self.person.profile.language),
            open=day.window.is_open(self.caller.instant),
            closes_at=day.window.closes_at,
            revealed=day.revealed,
            me=OwnAnswerView(
                state=AnswerState.ANSWERED,
                text=opened[self.person.uid],
                share_first=mine.share_first,
                revision=mine.revision,
            )
            if mine
            else OwnAnswerView(state=AnswerState.WAITING),
            partner=PartnerAnswerView(
                state=AnswerState.ANSWERED if theirs else AnswerState.WAITING, text=opened.get(self.partner)
            ),
        )


@router.get("/today")
def get_today(caller: TheCaller, parts: TheParts) -> TodayView:
    """The caller's today, chosen now if neither has opened it before."""
    reader = _reader(parts, caller)
    stored = reader.nearby()
    today = local_date(caller.instant, reader.person.profile.zone)
    still_open = open_dates(stored, reader.couple.zones, caller.instant)
    wanted = [today]
    if today - ONE_DAY in still_open and (today - ONE_DAY in stored or today > reader.couple.first_date):
        wanted.append(today - ONE_DAY)
    days = [_opened_day(reader, date, stored) for date in wanted]
    views = reader.views(days)
    return TodayView(today=views[0], previous=views[1] if len(views) > 1 else None, streak=_streak_view(reader, stored))


@router.get("/days")
def get_days(
    caller: TheCaller,
    parts: TheParts,
    before: Annotated[
        CalendarDate | None, Query(description="Days before this date; the first page without it.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=JOURNAL_PAGE)] = JOURNAL_PAGE,
) -> JournalView:
    """The shared journal, latest first."""
    reader = _reader(parts, caller)
    days = parts.days.journal(reader.couple.id, before, limit)
    return JournalView(days=reader.views(days), before=days[-1].date if len(days) == limit else None)


@router.get("/days/<date>")
def get_day(date: DatePath, caller: TheCaller, parts: TheParts) -> DayView:
    """One day of the journal."""
    reader = _reader(parts, caller)
    return reader.views([_known_day(reader, date)])[0]


@router.put("/days/<date>/answer")
def put_answer(date: DatePath, body: AnswerBody, caller: TheCaller, parts: TheParts) -> DayView:
    """Answer, or edit the answer until both are there. The second answer opens both and completes the day."""
    reader = _reader(parts, caller)
    day = _known_day(reader, date)
    if body.text is None and day.kind is PromptKind.QUESTION:
        raise ProblemError(Problem.TEXT_MISSING)
    key = parts.vault.couple_key(reader.couple.id)
    answer = Answer(
        at=caller.instant,
        revision=(body.revision or 0) + 1,
        sealed=None if body.text is None else key.seal_answer(day, caller.uid, body.text),
        share_first=body.share_first,
    )
    try:
        day = parts.days.record_answer(day, caller.uid, reader.partner, answer, body.revision)
    except WriteConflictError as conflict:
        day = standing_day(conflict)
        if not _is_repeat(day, reader, key, body):
            raise ProblemError(_why_refused(day, reader, body)) from conflict
    if day.revealed:
        # They may have parted while this was written: then what the partner wrote stays closed.
        standing_couple(parts, reader.person)
        note_complete(parts, day, caller.instant)
    return reader.views([day], key)[0]


def _reader(parts: Parts, caller: Caller) -> Reader:
    person = known_person(parts, caller.uid)
    return Reader(person, standing_couple(parts, person), caller, parts)


def _known_day(reader: Reader, date: dt.date) -> Day:
    """The day of the journal, or one that is open and that nobody has opened yet."""
    day = reader.parts.days.day(reader.couple.id, date)
    if day:
        return day
    stored = reader.nearby()
    if date < reader.couple.first_date or date not in open_dates(stored, reader.couple.zones, reader.caller.instant):
        raise ProblemError(Problem.NO_SUCH_DAY)
    return _opened_day(reader, date, stored)


def _opened_day(reader: Reader, date: dt.date, stored: Mapping[dt.date, Day]) -> Day:
    """The couple's day of the date; chosen now if it is not there, and then the same for both."""
    if date in stored:
        return stored[date]
    couple, parts = reader.couple, reader.parts
    entries = [entry for release in parts.catalogue.releases(reader.caller.instant) for entry in release.entries]
    for _ in range(OPENING_ATTEMPTS):
        comfort = comfort_of(couple.profiles.values())
        barriers = frozenset(barrier for profile in couple.profiles.values() for barrier in profile.barriers)
        theme = theme_for(date, couple.themes_met, available_themes(entries, comfort), barriers, couple.id)
        seen = parts.days.seen(couple.id, theme)
        entry = prompt_for(theme, entries, seen, comfort, couple.id)
        again = (entry.ref.pack, entry.ref.prompt) in seen
        day = Day(couple.id, date, entry.ref, entry.kind, day_window(date, couple.zones), again=again)
        try:
            return parts.days.open_day(couple, day, theme)
        except WriteConflictError as conflict:
            # Another date has met a theme, a partner has moved, or the couple has ended: choose again, if they stand.
            standing = parts.couples.couple(couple.id)
            if standing is None or standing.ended_at:
                raise ProblemError(Problem.NOT_PAIRED) from conflict
            couple = standing
    raise ContentionError("a couple kept changing while its day was opened")


def _is_repeat(day: Day, reader: Reader, key: CoupleKey, body: AnswerBody) -> bool:
    """Whether the answer that stands is this very one: its acknowledgement was lost, and it is sent again."""
    mine = day.answers.get(reader.person.uid)
    return (
        mine is not None
        and mine.revision == (body.revision or 0) + 1
        and mine.share_first == body.share_first
        and key.open_answer(day, reader.person.uid) == body.text
    )


def _why_refused(day: Day, reader: Reader, body: AnswerBody) -> Problem:
    if day.revealed:
        return Problem.ANSWERS_ARE_OPEN
    if not day.window.is_open(reader.caller.instant):
        return Problem.DAY_CLOSED
    if reader.person.uid not in day.answers:
        return Problem.NOTHING_TO_EDIT
    return Problem.ANSWERED_ALREADY if body.revision is None else Problem.EDITED_SINCE


def _streak_view(reader: Reader, stored: Mapping[dt.date, Day]) -> StreakView | None:
    if reader.person.profile.streak_hidden:
        return None
    history = known_history(reader.parts, reader.couple, stored, reader.caller.instant)
    streak = streak_at(history, stored, reader.couple.zones, reader.caller.instant)
    return StreakView(current=streak.current, longest=streak.longest, total=streak.total)


def _prompt_view(text: PromptText, language: Language) -> PromptView:
    # All of it in one language: a text in Spanish with its hint in English would read as a mistake.
    spoken = language if language in text.texts else text.default
    return PromptView(
        theme=text.theme,
        kind=text.kind,
        text=text.texts[spoken],
        why=text.whys[spoken],
        hint=text.hints.get(spoken),
    )
