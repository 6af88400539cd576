"""`/v1/solo` gives solo days to a person who is in no couple. Once paired, the person can share the answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from http import HTTPStatus

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field

from couples_api.days import (
    JOURNAL_PAGE,
    OPENING_ATTEMPTS,
    AnswerText,
    Before,
    DatePath,
    Limit,
    Revision,
    follows,
    why_not_replaced,
)
from couples_api.reader import PROMPT, AnswerState, PromptView, prompt_view
from couples_api.services import (
    IN_A_COUPLE,
    Services,
    TheCaller,
    TheServices,
    current_couple,
    keys_for_writing,
    known_person,
    require_unpaired,
)
from rekindle.api.callers import Caller
from rekindle.api.examples import body_config, view_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.crypto.author_keys import PersonKey
from rekindle.domain.calendar import local_date
from rekindle.domain.days import Answer, SharedAnswer, SoloDay
from rekindle.domain.persons import Person
from rekindle.domain.solo import solo_prompt, takes_solo_answers
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.store.catalogue import PromptText
from rekindle.store.solo import existing_solo_day

router = APIGatewayHttpRouter()


class SoloAnswerView(BaseModel):
    """The caller's answer on a solo day. An edit must send the `revision` that it replaces."""

    state: AnswerState
    text: str | None = None
    revision: int | None = None


_SOLO = {
    "date": "2026-02-23",
    "prompt": PROMPT,
    "open": True,
    "me": {"state": "answered", "text": "The window seat.", "revision": 1},
    "shared": False,
}


class SoloDayView(BaseModel):
    """A day on which the caller answers alone. `open` says whether the day takes an answer or an edit now.

    `shared` says whether the caller shows the answer to their partner.
    """

    model_config = view_config(_SOLO)

    date: dt.date
    prompt: PromptView
    open: bool
    me: SoloAnswerView
    shared: bool


class SoloJournalView(BaseModel):
    """The caller's solo days, latest first. Send `before` to get the next page. On the last page, `before` is null."""

    model_config = view_config({"days": [_SOLO | {"open": False}], "before": None})

    days: list[SoloDayView]
    before: dt.date | None


class By(StrEnum):
    """Who gave a shared answer: the caller or the partner."""

    ME = "me"
    PARTNER = "partner"


class SharedAnswerView(BaseModel):
    """A solo answer that one partner shows to the other."""

    date: dt.date
    by: By
    prompt: PromptView
    text: str


class SharedAnswersView(BaseModel):
    """Answers that the partners show to each other, latest date first.

    Send `before` to get the next page. On the last page, `before` is null.
    """

    model_config = view_config(
        {
            "answers": [{"date": "2026-02-23", "by": "partner", "prompt": PROMPT, "text": "The window seat."}],
            "before": None,
        }
    )

    answers: list[SharedAnswerView]
    before: dt.date | None


class SoloAnswerBody(BaseModel):
    """An answer on a solo day. An edit sends the `revision` that it replaces."""

    model_config = body_config(
        {"text": "The window seat.", "revision": None}, {"text": "The window seat, always.", "revision": 1}, strip=True
    )

    text: AnswerText
    revision: Revision | None = Field(description="The revision that this answer replaces. Null for a first answer.")


@router.get("/solo/today", responses=refusals(Problem.NO_PROFILE, Problem.ALREADY_PAIRED, Problem.NO_PROMPT))
def get_solo_today(caller: TheCaller, services: TheServices) -> SoloDayView:
    """Return the caller's solo day of today. A caller who is in a couple is refused."""
    person = _alone(services, caller)
    date = local_date(caller.instant, person.profile.zone)
    day = services.solo.day(person.uid, date) or _opened_day(services, caller, person, date)
    return _views(services, caller, person, [day])[0]


@router.get("/solo/days", responses=refusals(Problem.NO_PROFILE))
def get_solo_days(
    caller: TheCaller, services: TheServices, before: Before = None, limit: Limit = JOURNAL_PAGE
) -> SoloJournalView:
    """Return a page of the caller's solo days, latest first.

    A caller who is in a couple can still read their solo days.
    """
    person = known_person(services, caller)
    if services.couples.joined_by(person) is None:
        # After an erasure, the couple has ended, but its partner is not free yet. The partner must not see a difference
        # from any other end of a couple.
        person = replace(person, couple=None)
    days = services.solo.journal(person.uid, before, limit)
    return SoloJournalView(
        days=_views(services, caller, person, days), before=days[-1].date if len(days) == limit else None
    )


@router.put(
    "/solo/days/<date>/answer",
    responses=refusals(
        Problem.NO_PROFILE,
        Problem.ALREADY_PAIRED,
        Problem.NO_SUCH_DAY,
        Problem.DAY_CLOSED,
        Problem.ANSWERED_ALREADY,
        Problem.EDITED_SINCE,
        Problem.NOTHING_TO_EDIT,
        Problem.NO_PROMPT,
    ),
)
def put_solo_answer(date: DatePath, body: SoloAnswerBody, caller: TheCaller, services: TheServices) -> SoloDayView:
    """Answer a prompt alone, or edit the answer.

    A solo day takes answers on its own date and on the next date, by the caller's clock.
    """
    person = _alone(services, caller)
    takes_answers = takes_solo_answers(date, local_date(caller.instant, person.profile.zone))
    day = services.solo.day(person.uid, date)
    if day is None:
        if not takes_answers:
            raise ProblemError(Problem.NO_SUCH_DAY)
        day = _opened_day(services, caller, person, date)
    if not takes_answers and day.answer is None:
        raise ProblemError(Problem.DAY_CLOSED)
    key = services.vault.ensure_person_key(person.uid)
    if takes_answers:
        answer = key.seal_answer(day, Answer(caller.instant, (body.revision or 0) + 1, sealed=None), body.text)
        try:
            return _view_of(services, caller, person, services.solo.record_answer(day, answer, body.revision), key)
        except WriteConflictError as conflict:
            day = existing_solo_day(conflict)
    is_repeat = follows(day.answer, body.revision) and key.open_answer(day) == body.text
    if not is_repeat:  # A repeat is the same answer, sent again because the reply was lost.
        raise ProblemError(why_not_replaced(day.answer, body.revision) if takes_answers else Problem.DAY_CLOSED)
    return _view_of(services, caller, person, day, key)


@router.get("/solo/shared", responses=refusals(*IN_A_COUPLE))
def get_solo_shared(
    caller: TheCaller, services: TheServices, before: Before = None, limit: Limit = JOURNAL_PAGE
) -> SharedAnswersView:
    """Return the solo answers that the partners show to each other. A page covers at most `limit` dates."""
    person = known_person(services, caller)
    couple = current_couple(services, person)
    shared = services.solo.shared(couple.id, before, limit)
    texts = services.catalogue.texts(each.prompt for each in shared)
    keys = services.vault.couple_keys(couple.id) if shared else None
    answers = [
        SharedAnswerView(
            date=each.date,
            by=By.ME if each.person == person.uid else By.PARTNER,
            prompt=prompt_view(each.prompt, texts[each.prompt], person.profile.language),
            text=keys.open_shared(each),
        )
        for each in shared
        if keys
    ]
    return SharedAnswersView(
        answers=answers, before=shared[-1].date if len({each.date for each in shared}) == limit else None
    )


@router.post("/solo/days/<date>/share", responses=refusals(*IN_A_COUPLE, Problem.NO_SUCH_DAY, Problem.NOTHING_TO_SHARE))
def post_solo_share(date: DatePath, caller: TheCaller, services: TheServices) -> SoloDayView:
    """Show the caller's solo answer of this date to the partner.

    The partner can read it until the caller takes it back or the couple ends. A repeat changes nothing.
    """
    person = known_person(services, caller)
    couple = current_couple(services, person)
    for _ in range(OPENING_ATTEMPTS):
        day = services.solo.day(person.uid, date)
        if day is None:
            raise ProblemError(Problem.NO_SUCH_DAY)
        if day.answer is None:
            raise ProblemError(Problem.NOTHING_TO_SHARE)
        own_key = services.vault.person_key(person.uid)
        if day.shared_with != couple.id:
            keys = keys_for_writing(services, couple, person.uid)
            sealed = keys.seal_shared(day, own_key.open_answer(day) or "")
            try:
                day = services.solo.share(day, SharedAnswer(couple.id, person.uid, date, day.prompt, sealed))
            except WriteConflictError:
                # A call that began before the partners paired has just edited the answer. Share the edited answer.
                continue
        return _view_of(services, caller, person, day, own_key)
    raise ContentionError("an answer kept changing while it was shared")


@router.delete("/solo/days/<date>/share", status_code=HTTPStatus.NO_CONTENT, responses=refusals(*IN_A_COUPLE))
def delete_solo_share(date: DatePath, caller: TheCaller, services: TheServices) -> None:
    """Take back an answer that the caller shows to the partner. It is no error if the answer is not shown."""
    person = known_person(services, caller)
    couple = current_couple(services, person)
    day = services.solo.day(person.uid, date)
    if day and day.shared_with == couple.id:
        services.solo.take_back(day, couple.id)


def _alone(services: Services, caller: Caller) -> Person:
    return require_unpaired(services, known_person(services, caller), caller.instant)


def _opened_day(services: Services, caller: Caller, person: Person, date: dt.date) -> SoloDay:
    """Choose the prompt of the person's solo day, store the day, and return it."""
    releases = services.catalogue.releases(caller.instant)
    for _ in range(OPENING_ATTEMPTS):
        history = services.solo.history(person.uid)
        try:
            return services.solo.open_day(person.uid, date, solo_prompt(date, person, history, releases), history)
        except WriteConflictError:
            continue  # The person has just opened another date. Read the history and choose again.
    raise ContentionError("a person's own days kept changing while one was opened")


def _views(services: Services, caller: Caller, person: Person, days: Iterable[SoloDay]) -> list[SoloDayView]:
    """Return the days as the person sees them. Read the person's key only if a day has an answer."""
    days = list(days)
    texts = services.catalogue.texts(day.prompt for day in days)
    key = services.vault.person_key(person.uid) if any(day.answer for day in days) else None
    return [_view(day, person, caller, texts[day.prompt], key) for day in days]


def _view_of(services: Services, caller: Caller, person: Person, day: SoloDay, key: PersonKey) -> SoloDayView:
    return _view(day, person, caller, services.catalogue.texts([day.prompt])[day.prompt], key)


def _view(day: SoloDay, person: Person, caller: Caller, text: PromptText, key: PersonKey | None) -> SoloDayView:
    today = local_date(caller.instant, person.profile.zone)
    return SoloDayView(
        date=day.date,
        prompt=prompt_view(day.prompt, text, person.profile.language),
        open=person.couple is None and takes_solo_answers(day.date, today),
        me=SoloAnswerView(state=AnswerState.ANSWERED, text=key.open_answer(day), revision=day.answer.revision)
        if day.answer and key
        else SoloAnswerView(state=AnswerState.WAITING),
        shared=person.couple is not None and day.shared_with == person.couple,
    )
