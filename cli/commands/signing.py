"""`rekindle sign-in`, `sign-out` and `whoami`."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from cli.desk import NO_OPTIONS, Common, Desk, TheWorld
from cli.errors import UsageError
from cli.identity import claims_of, signed_in
from cli.pages import facts, text
from cli.stacks import LOCAL, Stack, settings_of

RIGHTS = {"practice:read": "see packs and numbers", "practice:publish": "write and publish packs"}


def sign_in(
    *,
    email: str | None = None,
    name: Annotated[str | None, Parameter(show_default=False)] = None,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Sign in to a deployment with your account of the practice.

    The password is asked for, or read from standard input where nobody can be
    asked. It is kept nowhere.

    For example:
        rekindle sign-in
        rekindle sign-in --stack https://abc.execute-api.eu-west-1.amazonaws.com --name prod
        rekindle sign-in --stack prod --email ruth@practice.example < password.txt

    Parameters
    ----------
    email
        Whose account; asked for if it is left out.
    name
        A name for this deployment: from then on --stack takes it.
    """
    desk = world.desk(common)
    stack = desk.stack
    if name:
        _require_name(name)
    settings = settings_of(stack, desk.http)
    if email is None:
        if not world.is_interactive():
            raise UsageError("Nobody can be asked for the email here.", "Give it with --email.")
        world.err.print("Email: ", end="")
        email = world.line().strip()
    password = world.hidden(f"Password of {email} (not shown): ") if world.is_interactive() else world.line()
    found, token = signed_in(desk.http, settings, email, password)
    world.keeping.remember(found)
    if name:
        world.keeping.name(name, stack.api)
        stack = Stack(name, stack.api)
    _show(desk, stack, found.email, token)


def sign_out(*, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Forget your sign-in on this machine.

    For example:
        rekindle sign-out
        rekindle sign-out --stack prod
    """
    desk = world.desk(common)
    was = world.keeping.forget(desk.stack.api)
    said = f"Signed out of {desk.stack.name}." if was else f"Nobody was signed in to {desk.stack.name}."
    desk.show(text(said), {"stack": desk.stack.name, "api": desk.stack.api, "was_signed_in": was})


def whoami(*, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Say who is signed in, where, and what they may do.

    For example:
        rekindle whoami
        rekindle whoami --stack prod --json
    """
    desk = world.desk(common)
    _show(desk, desk.stack, desk.sign_in.email, desk.tokens.current())


def _show(desk: Desk, stack: Stack, email: str, token: str) -> None:
    claims = claims_of(token)
    scopes = str(claims.get("scope", "")).split()
    rights = [RIGHTS.get(scope, scope) for scope in scopes]
    document: dict[str, Any] = {
        "name": claims.get("email") or email,
        "rights": scopes,
        "stack": stack.name,
        "api": stack.api,
    }
    may = (
        text("; ".join(rights)) if rights else text(("nothing yet: ask whoever runs the service for a right", "yellow"))
    )
    stack_said = stack.name if stack.name == stack.api else f"{stack.name} ({stack.api})"
    desk.show(facts([("Signed in", str(document["name"])), ("Stack", stack_said), ("May", may)]), document)


def _require_name(name: str) -> None:
    if name == LOCAL or "://" in name or not name.strip():
        raise UsageError(f"“{name}” cannot be a deployment's name.", "Take a short one, such as prod.")
