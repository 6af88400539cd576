"""The commands `rekindle staff list`, `grant` and `revoke`, for operators with permissions in AWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from cyclopts import App, Parameter

from cli.commands import Flag, Yes
from cli.errors import CliError
from cli.operator import Staff
from cli.pages import done, facts, text
from cli.pages.staff import rights, staff_page
from cli.session import NO_OPTIONS, Common, Session, TheWorld
from rekindle.accounts import Rights, RightsOutcome

staff_app = App(name="staff", help="For operators: list the staff's accounts, and give or take their permissions.")

Email = Annotated[str, Parameter(help="The account's email address.")]
_SCOPES: dict[str, Rights] = {"read": "practice:read", "publish": "practice:read practice:publish"}


@staff_app.command(name="list")
def list_(*, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """List each account that has permissions.

    It shows the permissions, the second factor and the last sign-in. You need
    permissions in AWS.

    For example:
        rekindle staff list --stack prod
    """
    session = world.session(common)
    with _staff(session) as staff, session.doing("Reading all accounts"):
        found = staff.accounts()
    session.show(staff_page(found, session.now), {"accounts": found})


@staff_app.command
def grant(
    email: Email,
    right: Annotated[
        Literal["read", "publish"], Parameter(help="read: see packs and numbers; publish: also write and publish.")
    ],
    /,
    *,
    force: Annotated[Flag, Parameter(help="Do it even if nobody could publish afterwards.")] = False,
    without_second_factor: Annotated[
        Flag, Parameter(help="Do it even if the account has no second factor, where staff need one.")
    ] = False,
    yes: Yes = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Give an account permissions. It has them from its next sign-in on. All staff get a notice.

    Make the account in the Firebase console first (Authentication, Users, Add user).
    Where staff need a second factor, the person then adds one, before this command:
    rekindle sign-in, rekindle second-factor add.
    Whoever may publish and is given read only can no longer publish.

    For example:
        rekindle staff grant ruth@practice.example publish --stack prod
    """
    session = world.session(common)
    with _staff(session) as staff:
        if right == "read" and not force:
            staff.require_another_publisher(email)
        page = facts([("Account", email), ("Permissions", rights(_SCOPES[right])), ("Stack", session.stack.api)])
        session.confirm(page, "Give it these permissions?", yes=yes)
        with session.doing(f"Changing {email}"):
            result = staff.change(email, _SCOPES[right], session.now, without_second_factor=without_second_factor)
    said = f"{email} may now: {rights(result.now)}. It takes effect at the next sign-in."
    if result.outcome is RightsOutcome.UNCHANGED:
        said = f"{email} has exactly these permissions already."
    if result.second_factor is False:
        session.tell(text(f"{email} has no second factor. Whoever knows the password could add their own."))
    session.show(done(said), {"email": email, **result.model_dump(exclude={"reason"})})


@staff_app.command
def revoke(
    email: Email,
    /,
    *,
    force: Annotated[Flag, Parameter(help="Do it even if nobody could publish afterwards.")] = False,
    yes: Yes = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Take all permissions from an account, and end its sign-ins. All staff get a notice.

    The account can change nothing from this moment on. It can still read for up to five
    minutes.

    For example:
        rekindle staff revoke ruth@practice.example --stack prod
    """
    session = world.session(common)
    with _staff(session) as staff:
        if not force:
            staff.require_another_publisher(email)
        page = facts([("Account", email), ("Permissions", "none any more"), ("Stack", session.stack.api)])
        session.confirm(page, "Take its permissions?", yes=yes)
        with session.doing(f"Changing {email}"):
            result = staff.change(email, "", session.now)
    said = f"{email} has no permissions any more, and its sign-ins have ended."
    if result.outcome is RightsOutcome.UNCHANGED:
        said = f"{email} had no permissions."
    session.show(done(said), {"email": email, **result.model_dump(exclude={"reason"})})


@contextmanager
def _staff(session: Session) -> Iterator[Staff]:
    """Yield the staff's accounts of the session's stack. Turn each error of AWS into a CliError."""
    from local.errors import StackError  # noqa: PLC0415 - see `cli.stacks`

    try:
        yield Staff(session.world.caller(session.stack))
    except StackError as error:
        raise CliError(str(error)) from error
