"""`/v1/today`, `/v1/days`: the day's prompt, both answers under their seal, and the journal they become."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from couples_api.invites import ID_BYTES, IdempotencyKey
from couples_api.parts import CalendarDate, Caller, Parts, TheCaller, TheParts, known_person, standing_couple
from couples_api.pause import PauseView, pause_view
from couples_api.streak import StreakView, known_history, note_complete
from rekindle.calendar import day_window, local_date
from rekindle.days import nearby_dates, open_dates, streak_at
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.help import DEFAULT_LANGUAGE, GENTLE_LINES, HELPED_THEMES
from rekindle.models import (
    Answer,
    Couple,
    Day,
    Language,
    Person,
    PromptKind,
    PromptRef,
    ReflectionKind,
    Swapped,
    Theme,
    Uid,
)
from rekindle.playlist import another_prompt, prompt_on
from rekindle.problems import Problem, ProblemError
from rekindle.store.catalogue import PromptText
from rekindle.store.days import standing_day
from rekindle.vault import CoupleKey

JOURNAL_PAGE = 30
OPENING_ATTEMPTS = 10
REVISION_LIMIT = 1_000_000
ONE_DAY = dt.timedelta(days=1)
HEARD_THEMES = frozenset({Theme.LISTENING, Theme.COURAGE})
"""The themes that are about being heard: once both have answered, each may say what they heard the other say."""

router = APIGatewayHttpRouter()


DatePath = Annotated[CalendarDate, Path(description="A calendar date, YYYY-MM-DD.")]


class AnswerState(StrEnum):
    """All that anyone may know of an answer before it opens."""

    WAITING = "waiting"
    ANSWERED = "answered"


class PromptHelpView(BaseModel):
    """A word beside a prompt that may weigh, in the reader's language or in English, and where to find help."""

    text: str
    href: str


class PromptView(BaseModel):
    """A prompt in the reader's language, or in its pack's own. An answer names its `id`, in case it is swapped.

    The id begins with that of its pack and a slash. What is of kind `together` or `touch` is done and checked off, with
    or without words.
    """

    id: str
    theme: Theme
    kind: PromptKind
    text: str
    why: str
    hint: str | None
    help: PromptHelpView | None


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


class ReflectionView(BaseModel):
    """What one of the two has left beside the other's answer; `text` is what they heard, null with any other kind."""

    kind: ReflectionKind
    text: str | None


class ReflectionsView(BaseModel):
    """The reflections of both; null until there is one, and always before both answers are open."""

    me: ReflectionView | None
    partner: ReflectionView | None


class DayView(BaseModel):
    """A day as one of the two sees it. `revealed` says that both have answered, and both answers are open.

    `swappable` says that its prompt may be swapped: once, by either, before anyone has answered. `reflect` is the kind
    of reflection that its theme calls for once both are open, null where any is as good.
    """

    date: dt.date
    prompt: PromptView
    open: bool
    closes_at: dt.datetime
    revealed: bool
    swappable: bool
    me: OwnAnswerView
    partner: PartnerAnswerView
    reflect: ReflectionKind | None
    reflections: ReflectionsView


class TodayView(BaseModel):
    """Today by the caller's clock, the day before while it still takes answers, and the streak unless hidden.

    `pause` says that nothing is expected of the two just now; whoever feels like it can answer all the same.
    """

    today: DayView
    previous: DayView | None
    streak: StreakView | None
    pause: PauseView | None


class JournalView(BaseModel):
    """Days, latest first; `before` asks for the next page, null at the end."""

    days: list[DayView]
    before: dt.date | None


class AnswerBody(BaseModel):
    """An answer. An edit names the `revision` that it replaces, so that no phone overwrites what it has not seen.

    `prompt` is the id of the prompt that is answered. A first answer may leave it out only while nobody has swapped.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    share_first: Annotated[bool, Field(strict=True, description="Open my answer to my partner at once.")] = False
    revision: Annotated[int, Field(ge=1, le=REVISION_LIMIT, strict=True)] | None = None
    prompt: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None


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
            prompt=prompt_view(day.prompt, text, self.person.profile.language),
            open=day.window.is_open(self.caller.instant),
            closes_at=day.window.closes_at,
            revealed=day.revealed,
            swappable=day.takes_swap and day.window.is_open(self.caller.instant),
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
            reflect=ReflectionKind.HEARD if text.theme in HEARD_THEMES else None,
            reflections=ReflectionsView(
                me=_reflection_view(day, self.person.uid, key), partner=_reflection_view(day, self.partner, key)
            ),
        )


@router.get("/today")
def get_today(caller: TheCaller, parts: TheParts) -> TodayView:
    """The caller's today, chosen now if neither has opened it before."""
    reader = reader_of(parts, caller)
    stored = reader.nearby()
    today = local_date(caller.instant, reader.person.profile.zone)
    still_open = open_dates(stored, reader.couple.zones, caller.instant)
    wanted = [today]
    if today - ONE_DAY in still_open and (today - ONE_DAY in stored or today > reader.couple.first_date):
        wanted.append(today - ONE_DAY)
    days = [_opened_day(reader, date, stored) for date in wanted]
    views = reader.views(days)
    return TodayView(
        today=views[0],
        previous=views[1] if len(views) > 1 else None,
        streak=_streak_view(reader, stored),
        pause=pause_view(reader.couple, reader.person, caller),
    )


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
    reader = reader_of(parts, caller)
    days = parts.days.journal(reader.couple.id, before, limit)
    return JournalView(days=reader.views(days), before=days[-1].date if len(days) == limit else None)


@router.get("/days/<date>")
def get_day(date: DatePath, caller: TheCaller, parts: TheParts) -> DayView:
    """One day of the journal."""
    reader = reader_of(parts, caller)
    return reader.views([_known_day(reader, date)])[0]


@router.put("/days/<date>/answer")
def put_answer(date: DatePath, body: AnswerBody, caller: TheCaller, parts: TheParts) -> DayView:
    """Answer, or edit the answer until both are there. The second answer opens both and completes the day."""
    reader = reader_of(parts, caller)
    day = _known_day(reader, date)
    if _is_about_another(day, body):
        raise ProblemError(Problem.PROMPT_CHANGED)
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
        before, day = day, standing_day(conflict)
        if day.prompt != before.prompt:
            raise ProblemError(Problem.PROMPT_CHANGED) from conflict
        if not _is_repeat(day, reader, key, body):
            raise ProblemError(_why_refused(day, reader, body)) from conflict
    if day.revealed:
        # They may have parted while this was written: then what the partner wrote stays closed.
        standing_couple(parts, reader.person)
        note_complete(parts, day, caller.instant)
    return reader.views([day], key)[0]


@router.post("/days/<date>/swap")
def post_swap(date: DatePath, caller: TheCaller, parts: TheParts, idempotency_key: IdempotencyKey = None) -> DayView:
    """Swap the day's prompt for another of its theme, for both: once, before anyone has answered.

    What is swapped away counts as met. A repeat under one key finds the day swapped.
    """
    reader = reader_of(parts, caller)
    day = stored_day(reader, date)
    request = _swap_request(parts, reader.couple, date, caller, idempotency_key)
    return reader.views([_swapped_day(reader, day, request)])[0]


def reader_of(parts: Parts, caller: Caller) -> Reader:
    """The caller as one of a couple that stands."""
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
    releases = parts.catalogue.releases(reader.caller.instant)
    for _ in range(OPENING_ATTEMPTS):
        offer = prompt_on(date, couple, releases, partial(parts.days.seen, couple.id))
        entry = offer.entry
        day = Day(couple.id, date, entry.ref, entry.kind, day_window(date, couple.zones), again=offer.again)
        try:
            return parts.days.open_day(couple, day, entry.theme)
        except WriteConflictError as conflict:
            # Another date has met a theme, a partner has moved, or the couple has ended: choose again, if they stand.
            couple = _still_together(reader, conflict)
    raise ContentionError("a couple kept changing while its day was opened")


def _still_together(reader: Reader, conflict: WriteConflictError) -> Couple:
    standing = reader.parts.couples.couple(reader.couple.id)
    if standing is None or standing.ended_at:
        raise ProblemError(Problem.NOT_PAIRED) from conflict
    return standing


def _swap_request(parts: Parts, couple: Couple, date: dt.date, caller: Caller, idempotency_key: str | None) -> str:
    """What tells this swap from any other: the key under which it may be repeated, or else something random.

    Without a key it still finds itself, when the reply to the write itself was lost on its way here.
    """
    if idempotency_key is None:
        return parts.entropy(ID_BYTES).hex()
    request = hashlib.sha256(f"POST /v1/days/{date}/swap {couple.id}".encode()).hexdigest()
    if not parts.people.claim_once(caller.uid, idempotency_key, request, caller.instant):
        raise ProblemError(Problem.KEY_REUSED)
    return hashlib.sha256(f"{caller.uid} {idempotency_key}".encode()).hexdigest()[: 2 * ID_BYTES]


def _swapped_day(reader: Reader, day: Day, request: str) -> Day:
    """The day with another prompt; as it is if this very request has swapped it already."""
    couple, parts, instant = reader.couple, reader.parts, reader.caller.instant
    for _ in range(OPENING_ATTEMPTS):
        if day.swapped and day.swapped[-1].request == request:
            return day
        if problem := _why_not_swapped(day, instant):
            raise ProblemError(problem)
        # A day that was opened before days said their theme has it from its prompt.
        theme = day.theme or parts.catalogue.texts([day.prompt])[day.prompt].theme
        seen = parts.days.seen(couple.id, [theme])
        offer = another_prompt(theme, day.prompt, couple, parts.catalogue.releases(instant), seen)
        if offer is None:
            raise ProblemError(Problem.NOTHING_TO_SWAP)
        entry, swapped = offer.entry, Swapped(day.prompt, day.again, request)
        after = replace(
            day, prompt=entry.ref, kind=entry.kind, theme=theme, again=offer.again, swapped=(*day.swapped, swapped)
        )
        try:
            parts.days.swap(couple, day, after, instant)
        except WriteConflictError as conflict:
            couple = _still_together(reader, conflict)
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


def stored_day(reader: Reader, date: dt.date) -> Day:
    """The day as somebody has opened it; a problem if nobody has."""
    day = reader.parts.days.day(reader.couple.id, date)
    if day is None:
        raise ProblemError(Problem.NO_SUCH_DAY)
    return day


def _is_about_another(day: Day, body: AnswerBody) -> bool:
    """Whether an answer may have been written to another prompt than the day's; an edit has its answer there already.

    Who names none has seen the day as it was before it could be swapped.
    """
    if body.prompt is None:
        return bool(day.swapped) and body.revision is None
    return body.prompt != _prompt_id(day.prompt)


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


def _prompt_id(prompt: PromptRef) -> str:
    return f"{prompt.pack}/{prompt.prompt}"


def _reflection_view(day: Day, uid: Uid, key: CoupleKey | None) -> ReflectionView | None:
    reflection = day.answers[uid].reflection if day.revealed else None
    if reflection is None or key is None:
        return None
    return ReflectionView(kind=reflection.kind, text=key.open_reflection(day, uid))


def prompt_view(prompt: PromptRef, text: PromptText, language: Language) -> PromptView:
    """The prompt as somebody reads it who speaks the language."""
    # All of it in one language: a text in Spanish with its hint in English would read as a mistake.
    spoken = language if language in text.texts else text.default
    return PromptView(
        id=_prompt_id(prompt),
        theme=text.theme,
        kind=text.kind,
        text=text.texts[spoken],
        why=text.whys[spoken],
        hint=text.hints.get(spoken),
        help=_prompt_help(language) if text.theme in HELPED_THEMES else None,
    )


def _prompt_help(language: Language) -> PromptHelpView:
    return PromptHelpView(text=GENTLE_LINES.get(language, GENTLE_LINES[DEFAULT_LANGUAGE]), href="/v1/help")
