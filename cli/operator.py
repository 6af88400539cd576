"""List the staff's accounts, and change their permissions, through the function `accounts`.

An operator does this with their own permissions in AWS, and needs no account of the practice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ValidationError

from cli.errors import CliError, RefusedError
from cli.stacks import LOCAL
from rekindle.accounts import (
    PUBLISH,
    ChangeRights,
    ListStaff,
    Rights,
    RightsChange,
    RightsOutcome,
    StaffAccount,
    StaffPage,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from cli.stacks import Stack


class Caller(Protocol):
    """An operator who can call the function `accounts` of one stack. See `local.operators.Operator`."""

    @property
    def arn(self) -> str:
        """Return the operator's ARN in AWS."""

    def call(self, command: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Call the function, and return its result. Raise StackError if this fails."""


def caller_of(stack: Stack) -> Caller:
    """Return the operator of a stack. Raise StackError if AWS refuses or the stack does not exist."""
    # These imports are slow, because they also import AWS's SDK. Only an operator needs them.
    from local.operators import Operator  # noqa: PLC0415

    return Operator.of_local() if stack.name == LOCAL else Operator.of_address(stack.api)


class Staff:
    """The staff's accounts of one stack. Each method may raise a CliError."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def accounts(self) -> list[StaffAccount]:
        """Return all accounts with permissions, in the order of their names."""
        found, after = [], None
        while True:
            page = self._call(StaffPage, ListStaff(after=after))
            found += page.accounts
            if (after := page.after) is None:
                return sorted(found, key=lambda account: account.name)

    def change(
        self, email: str, rights: Rights, at: dt.datetime, *, without_second_factor: bool = False
    ) -> RightsChange:
        """Give an account exactly these permissions."""
        asked = ChangeRights.model_construct(
            email=email, rights=rights, operator=self._caller.arn, at=at, without_second_factor=without_second_factor
        )
        change = self._call(RightsChange, asked)
        match change.outcome:
            case RightsOutcome.NO_ACCOUNT:
                raise RefusedError(
                    "no-such-account",
                    f"The Firebase project has no account {email}.",
                    "Make it in the Firebase console: Authentication, Users, Add user.",
                )
            case RightsOutcome.NO_SECOND_FACTOR:
                raise RefusedError(
                    "no-second-factor",
                    f"{email} has no second factor. Whoever knows the password could add their own.",
                    "First the person runs: rekindle sign-in, rekindle second-factor add. Then give the permissions.",
                    "Or add --without-second-factor.",
                )
            case RightsOutcome.CLOCKS_DIFFER:
                raise CliError(
                    "This machine's clock differs from the deployment's by more than five minutes.",
                    "Set the clock, and run the command again.",
                )
        return change

    def require_another_publisher(self, email: str) -> None:
        """Raise RefusedError if nobody but this account may publish."""
        publishers = {each.name.casefold() for each in self.accounts() if PUBLISH in each.scope and not each.disabled}
        if publishers and publishers <= {email.casefold()}:
            raise RefusedError(
                "last-publisher",
                f"{email} is the last account that may publish. Nobody could withdraw a pack or change the help then.",
                "First give another account the permission: rekindle staff grant EMAIL publish",
                "Or add --force.",
            )

    def _call[Answer: BaseModel](self, model: type[Answer], command: BaseModel) -> Answer:
        answer = self._caller.call(command.model_dump(mode="json"))
        if isinstance(answer, dict) and answer.get("outcome") == RightsOutcome.FAILED:
            raise CliError(
                f"Firebase did not do it ({answer.get('reason')}).",
                "Try again. If it happens again, read the log of the function `accounts`.",
            )
        try:
            return model.model_validate(answer)
        except ValidationError as error:
            said = "The deployment's function `accounts` does not know this command. It may be older than this program."
            raise CliError(said, "Deploy this version first.") from error
