"""Refuse a caller whose sign-in has ended, or whose Firebase account is disabled or deleted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Never

from rekindle.api.identity import AccountState
from rekindle.api.problems import Problem, ProblemError
from rekindle.errors import ErasedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekindle.api.callers import Caller
    from rekindle.domain.ids import Uid
    from rekindle.domain.persons import Person
    from rekindle.store.erasures import Erasures
    from rekindle.store.people import People

CHECKED_EVERY: Final = dt.timedelta(minutes=5)
"""A caller's account is checked again when the last check is older than this. A new token counts as a check."""

ASK_AGAIN: Final = 3_600
"""In seconds. After this time, a person may repeat a request that `require_no_old_code` has refused."""


def require_no_old_code(*, beside_old_code: bool) -> None:
    """Raise BUSY if version 0.1.0 may run at the same time, so that no sign-out, erasure or pause is lost.

    When version 0.1.0 stores a person, it drops attributes that it does not know, such as `signed_out_at`,
    `erased_at` and `notifications_paused`. Its `react` enqueues no job for these attributes.
    """
    if beside_old_code:
        raise ProblemError(Problem.BUSY, retry_after=ASK_AGAIN)


def refuse_unknown(erasures: Erasures, uid: Uid) -> Never:
    """Refuse a caller without a row: raise ErasedError after an erasure, and otherwise the problem NO_PROFILE.

    After the last row of an erased person is gone, a token from before the erasure can still be valid for an hour.
    """
    if erasures.has(uid):
        raise ErasedError("the person has erased their account")
    raise ProblemError(Problem.NO_PROFILE)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sign-ins of the callers.

    `account_state` asks Firebase about a caller's account (see `Identity.account_state`). `people` stores when a person
    was last checked. Without `people`, nothing is stored.
    """

    account_state: Callable[[Caller], AccountState]
    people: People | None = None

    def require(self, caller: Caller, person: Person) -> Person:
        """Return the person. If this call checked the account, the person has the time of this check.

        Raise SIGNED_OUT if the caller's sign-in has ended, or their account is disabled or deleted. Whoever stores a
        change of the person must begin with the returned person. Otherwise the change would overwrite the time of the
        check with an older time.
        """
        if person.signed_out_at and (caller.signed_in_at is None or caller.signed_in_at < person.signed_out_at):
            raise ProblemError(Problem.SIGNED_OUT)
        return replace(person, checked_at=self.require_account(caller, person.checked_at))

    def require_account(self, caller: Caller, checked_at: dt.datetime | None = None) -> dt.datetime | None:
        """Return when the person was last checked. Raise SIGNED_OUT if the account is disabled or deleted.

        Firebase is asked only if both the token and `checked_at` are older than CHECKED_EVERY. If Firebase does not
        tell the state, the call goes on. A token is valid for an hour, so nobody goes on for longer unchecked.
        """
        checks = [check for check in (caller.token_issued_at, checked_at) if check]
        if checks and caller.instant - max(checks) <= CHECKED_EVERY:
            return checked_at
        match self.account_state(caller):
            case AccountState.ENDED:
                raise ProblemError(Problem.SIGNED_OUT)
            case AccountState.GOOD if self.people:
                self.people.note_check(caller.uid, caller.instant)
                return caller.instant
        return checked_at
