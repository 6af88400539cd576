"""Refuse a caller whose sign-in has ended, or whose Firebase account is disabled or deleted."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Never

from rekindle.api.identity import REST, AccountState
from rekindle.api.problems import Problem, ProblemError
from rekindle.errors import ErasedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekindle.api.callers import Caller
    from rekindle.api.identity import Account
    from rekindle.domain.ids import Uid
    from rekindle.domain.persons import Person
    from rekindle.store.erasures import Erasures
    from rekindle.store.people import People

CHECKED_EVERY: Final = dt.timedelta(minutes=5)
"""A caller's account is checked again when the last check is older than this. A new token counts as a check."""

STAFF_RECENT: Final = dt.timedelta(hours=1)
"""A change by staff needs a sign-in that is not older than this."""

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


def has_ended(caller: Caller, signed_out_at: dt.datetime | None) -> bool:
    """Return whether the caller's sign-in was before their sign-out."""
    return signed_out_at is not None and (caller.signed_in_at is None or caller.signed_in_at < signed_out_at)


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
        if has_ended(caller, person.signed_out_at):
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


@dataclass(frozen=True, slots=True)
class StaffSessions:
    """The sign-ins of staff, which may do more harm than those of couples.

    `account` asks Firebase about a caller's account (see `Identity.account`). `signed_out_at` returns the instant
    before which a member of staff has ended their sign-ins. `second_factor` says whether staff need a second factor.
    """

    account: Callable[[Caller], Account]
    signed_out_at: Callable[[Uid], dt.datetime | None]
    second_factor: bool

    def require(self, caller: Caller, scopes: frozenset[str], *, changes: bool) -> None:
        """Raise a problem unless the caller's account has one of these scopes, and the sign-in is good enough.

        The caller's token must have the scope already. A call that changes something needs a sign-in of the last hour,
        and Firebase is asked in this call. If Firebase does not tell, such a call is refused. For other calls Firebase
        is asked if the token is older than CHECKED_EVERY. If Firebase does not tell, they go on.
        """
        if self.second_factor and not caller.has_second_factor():
            raise ProblemError(Problem.SECOND_FACTOR_NEEDED)
        if changes and not caller.has_signed_in_within(STAFF_RECENT):
            raise ProblemError(Problem.SIGN_IN_NOT_RECENT)
        issued_at = caller.token_issued_at
        if changes or issued_at is None or caller.instant - issued_at > CHECKED_EVERY:
            self._require_account(caller, scopes, changes=changes)
        if has_ended(caller, self.signed_out_at(caller.uid)):
            raise ProblemError(Problem.SIGNED_OUT)

    def _require_account(self, caller: Caller, scopes: frozenset[str], *, changes: bool) -> None:
        account = self.account(caller)
        match account.state:
            case AccountState.ENDED:
                raise ProblemError(Problem.SIGNED_OUT)
            case AccountState.UNKNOWN if changes:
                raise ProblemError(Problem.BUSY, retry_after=math.ceil(REST))
            case AccountState.GOOD if not scopes & account.scopes:
                raise ProblemError(Problem.NOT_ALLOWED)
