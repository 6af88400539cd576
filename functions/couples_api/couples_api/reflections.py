"""`/v1/days/{date}/reflection` takes a reply to the partner's answer, after both partners have answered."""

from __future__ import annotations

from typing import Annotated, Self

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, StringConstraints, model_validator

from couples_api.days import DatePath, stored_day
from couples_api.reader import DayView, Reader, reader_of
from couples_api.services import IN_A_COUPLE, TheCaller, TheServices, current_couple, keys_for_writing
from rekindle.api.examples import body_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.crypto.author_keys import CoupleKeys
from rekindle.domain.days import Day, Reflection, ReflectionKind
from rekindle.domain.texts import VISIBLE
from rekindle.errors import WriteConflictError
from rekindle.store.days import existing_day

router = APIGatewayHttpRouter()


class ReflectionBody(BaseModel):
    """A reply to the partner's answer.

    The kind `heard` needs a `text` that repeats what the caller heard. The other kinds have no text.
    """

    model_config = body_config(
        {"kind": "heard", "text": "That my humming makes the kitchen feel like home."},
        {"kind": "thank_you", "text": None},
        strip=True,
    )

    kind: ReflectionKind
    text: Annotated[str, StringConstraints(min_length=1, max_length=1000), VISIBLE] | None

    @model_validator(mode="after")
    def _has_words_where_they_belong(self) -> Self:
        if (self.text is not None) is not (self.kind is ReflectionKind.HEARD):
            raise ValueError("a text is required with `heard` and not allowed with any other kind")
        return self


@router.put(
    "/days/<date>/reflection",
    responses=refusals(*IN_A_COUPLE, Problem.NO_SUCH_DAY, Problem.NOT_OPEN_YET, Problem.REFLECTED_ALREADY),
)
def put_reflection(date: DatePath, body: ReflectionBody, caller: TheCaller, services: TheServices) -> DayView:
    """Leave a reflection on the partner's answer, at any time after both have answered.

    The reflection is final, and no push announces it.
    """
    reader = reader_of(services, caller)
    day = stored_day(reader, date)
    if not day.revealed:
        raise ProblemError(Problem.NOT_OPEN_YET)
    keys = keys_for_writing(services, reader.couple, caller.uid)
    day = _with_reflection(reader, day, keys, body)
    # Read the couple again. If it has ended during the write, do not show the partner's answer.
    current_couple(services, reader.person)
    return reader.views([day], keys)[0]


def _with_reflection(reader: Reader, day: Day, keys: CoupleKeys, body: ReflectionBody) -> Day:
    """Return the day with the caller's reflection.

    Raise ProblemError if the caller has already left a different reflection on the day.
    """
    uid = reader.person.uid
    if day.answers[uid].reflection is None:
        sealed = None if body.text is None else keys.seal_reflection(day, uid, body.text)
        reflection = Reflection(reader.caller.instant, body.kind, sealed)
        try:
            return reader.services.days.record_reflection(day, uid, reader.partner, reflection)
        except WriteConflictError as conflict:
            day = existing_day(conflict)
    existing = day.answers[uid].reflection
    if existing is None or (existing.kind, keys.open_reflection(day, uid)) != (body.kind, body.text):
        raise ProblemError(Problem.REFLECTED_ALREADY)
    return day
