"""`DELETE /v1/me` erases a person, and `/v1/erasures` shows what was removed, and when.

The request hides the person at once, ends their couple, deletes the keys of everything that they wrote, cancels their
invites, and stops their reminders. The stream then tells `cleanup` to remove the rows. If the request fails on the
way, `cleanup` repeats all its steps.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field

from privacy.services import TheRecentCaller, TheServices
from rekindle.api.examples import view_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.api.sessions import require_no_old_code
from rekindle.domain.codes import code_from, displayed, read_code
from rekindle.domain.erasures import RECEIPT_GROUPS, RECEIPT_LENGTH, ErasedPart
from rekindle.errors import ContentionError
from rekindle.store.erasures import delete_keys

router = APIGatewayHttpRouter()

_ENTROPY_BYTES = 32


class ReceiptView(BaseModel):
    """The receipt of an erasure. Its number is stored nowhere, so only the person can ask about their erasure."""

    model_config = view_config({"receipt": "K7MP2-QRX9T-4WDCB-8FHNV"})

    receipt: str


class RemovedView(BaseModel):
    """A part that was removed, and when the work began that removed it. After a failure, this work takes longer."""

    what: ErasedPart
    at: dt.datetime


class ErasureView(BaseModel):
    """The parts that an erasure has removed so far. `finished_at` is null until the account is deleted.

    `keys` is missing if a key of version 0.1.0 is left, with which both partners' older words are sealed.
    """

    model_config = view_config(
        {
            "requested_at": "2026-03-02T15:00:00Z",
            "finished_at": "2026-03-02T15:11:00Z",
            "removed": [
                {"what": "keys", "at": "2026-03-02T15:00:00Z"},
                {"what": "account", "at": "2026-03-02T15:11:00Z"},
            ],
        },
        {"requested_at": "2026-03-02T15:00:00Z", "finished_at": None, "removed": []},
    )

    requested_at: dt.datetime
    finished_at: dt.datetime | None
    removed: Annotated[list[RemovedView], Field(description="In the order in which the parts were removed.")]


@router.delete(
    "/me", status_code=HTTPStatus.ACCEPTED, responses=refusals(Problem.SIGN_IN_NOT_RECENT, Problem.TOO_MANY_CHANGES)
)
def delete_me(caller: TheRecentCaller, services: TheServices) -> ReceiptView:
    """Erase the caller. The caller must have signed in within the last 15 minutes.

    From now on, every other request of this account is refused. The partner is no longer paired, and learns nothing
    else. The keys of the caller's texts are deleted, so that nobody can read these texts. The receipt shows whether an
    older key is left. Everything else is removed within some minutes, and the account last. A repeat erases nothing
    more, and returns one more receipt of the same erasure, at most ten in 24 hours.
    """
    require_no_old_code(beside_old_code=services.vault.beside_old_code)
    # Check the sign-in even if the person is marked already, because a repeat returns a new receipt.
    known = services.people.even_erased(caller.uid)
    if known:
        services.sessions.require(caller, known)
    else:
        services.sessions.require_account(caller)
    receipt = code_from(services.entropy(_ENTROPY_BYTES), RECEIPT_LENGTH)
    view = ReceiptView(receipt=displayed(receipt, RECEIPT_GROUPS))
    requested_at = services.erasures.to_repeat(caller.uid, caller.instant)
    if requested_at and known is None and services.people.erased_person(caller.uid) is None:
        # The erasure is finished. Do not create a row of this person again.
        services.erasures.add_receipt(caller.uid, requested_at, receipt, caller.instant)
        return view
    person = services.people.erase(caller.uid, caller.instant)
    services.erasures.begin(caller.uid, person.erased_at)
    services.erasures.add_receipt(caller.uid, person.erased_at, receipt, caller.instant)
    if person.couple:
        services.couples.end(caller.uid, person.couple, caller.instant)
    # End the couple first: while it stands, the partner's requests need the keys of both.
    if delete_keys(services.people.table, person, services.vault.table.name):
        services.erasures.removed(caller.uid, ErasedPart.KEYS, caller.instant)
    services.invites.forget(person)
    # If requests about other persons keep changing the slots, `cleanup` removes this person's rows.
    with suppress(ContentionError):
        services.people.silence(caller.uid, caller.instant)
        services.erasures.removed(caller.uid, ErasedPart.DEVICES_AND_REMINDERS, caller.instant)
    return view


@router.get("/erasures/<receipt>", responses=refusals(Problem.NO_SUCH_ERASURE, Problem.NOT_A_CODE))
def get_erasure(receipt: Annotated[str, Path(max_length=100)], services: TheServices) -> ErasureView:
    """Return what an erasure has removed. This needs no sign-in, because the account is gone.

    Hyphens and spaces in the receipt do not matter, nor do capital and small letters.
    """
    erasure = services.erasures.of_receipt(read_code(receipt, RECEIPT_LENGTH))
    if erasure is None:
        raise ProblemError(Problem.NO_SUCH_ERASURE)
    removed = sorted(erasure.removed.items(), key=lambda each: (each[1], each[0]))
    return ErasureView(
        requested_at=_shown(erasure.requested_at),
        finished_at=_shown(erasure.finished_at) if erasure.finished_at else None,
        removed=[RemovedView(what=part, at=_shown(at)) for part, at in removed],
    )


def _shown(instant: dt.datetime) -> dt.datetime:
    return instant.replace(microsecond=0)
