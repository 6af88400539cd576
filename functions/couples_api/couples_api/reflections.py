"""`/v1/days/{date}/reflection`: what each leaves beside the other's answer, once both are open."""

from __future__ import annotations

from typing import Annotated, Self

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from couples_api.days import DatePath, stored_day
from couples_api.reader import DayView, Reader, reader_of
from couples_api.services import IN_A_COUPLE, TheCaller, TheServices, current_couple
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.crypto.vault import CoupleKey
from rekindle.domain.models import Day, Reflection, ReflectionKind
from rekindle.domain.texts import VISIBLE
from rekindle.errors import WriteConflictError
from rekindle.store.days import existing_day

router = APIGatewayHttpRouter()


class ReflectionBody(BaseModel):
    """How the partner's answer was taken in. `text` comes with `heard`, which gives back what was heard, and no other.

    Whether it is welcome is for the phone to make sure: nobody is told of it by a push.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    kind: ReflectionKind
    text: Annotated[str, StringConstraints(min_length=1, max_length=1000), VISIBLE] | None

    @model_validator(mode="after")
    def _has_words_where_they_belong(self) -> Self:
        if (self.text is not None) is not (self.kind is ReflectionKind.HEARD):
            raise ValueError("there is a text with `heard`, and with no other kind")
        return self


@router.put(
    "/days/<date>/reflection",
    responses=refusals(*IN_A_COUPLE, Problem.NO_SUCH_DAY, Problem.NOT_OPEN_YET, Problem.REFLECTED_ALREADY),
)
def put_reflection(date: DatePath, body: ReflectionBody, caller: TheCaller, services: TheServices) -> DayView:
    """Leave a reflection on the partner's opened answer: one, whenever, and it stays. No push tells of it."""
    reader = reader_of(services, caller)
    day = stored_day(reader, date)
    if not day.revealed:
        raise ProblemError(Problem.NOT_OPEN_YET)
    key = services.vault.couple_key(reader.couple.id)
    day = _with_reflection(reader, day, key, body)
    # They may have parted while this was written: then what the partner wrote stays closed.
    current_couple(services, reader.person)
    return reader.views([day], key)[0]


def _with_reflection(reader: Reader, day: Day, key: CoupleKey, body: ReflectionBody) -> Day:
    """The day once the caller's reflection is on it; a problem if it has another of theirs."""
    uid = reader.person.uid
    if day.answers[uid].reflection is None:
        sealed = None if body.text is None else key.seal_reflection(day, uid, body.text)
        reflection = Reflection(reader.caller.instant, body.kind, sealed)
        try:
            return reader.services.days.record_reflection(day, uid, reader.partner, reflection)
        except WriteConflictError as conflict:
            day = existing_day(conflict)
    existing = day.answers[uid].reflection
    if existing is None or (existing.kind, key.open_reflection(day, uid)) != (body.kind, body.text):
        raise ProblemError(Problem.REFLECTED_ALREADY)
    return day
