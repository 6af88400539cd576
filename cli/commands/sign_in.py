"""The commands `rekindle sign-in`, `rekindle sign-out` and `rekindle whoami`."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from cli.errors import UsageError
from cli.identity import claims_of, signed_in
from cli.pages import facts, text
from cli.session import NO_OPTIONS, Common, Session, TheWorld
from cli.stacks import LOCAL, Stack, settings_of

PERMISSIONS = {"practice:read": "see packs and numbers", "practice:publish": "write and publish packs"}


def sign_in(
    *,
    email: Annotated[str | None, Parameter(help="The account's email address; asked for if you leave it out.")] = None,
    name: Annotated[
        str | None, Parameter(show_default=False, help="A name for this deployment, to use with --stack later.")
    ] = None,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Sign in to a deployment with your account of the practice.

    Type the password, or pass it on standard input in a script. The password is not
    saved. A token keeps you signed in. It is saved in this desktop's keyring. Without
    a keyring, the token is saved in a file that only you can read.

    For example:
        rekindle sign-in
        rekindle sign-in --stack https://abc.execute-api.eu-west-1.amazonaws.com --name prod
        rekindle sign-in --stack prod --email ruth@practice.example < password.txt
    """
    session = world.session(common)
    stack = session.stack
    if name:
        _require_name(name)
    settings = settings_of(stack, session.http)
    if email is None:
        if not world.is_interactive():
            raise UsageError("Nobody can type the email address here.", "Add --email.")
        world.err.print("Email: ", end="")
        email = world.line().strip()
    password = world.hidden(f"Password of {email} (not shown): ") if world.is_interactive() else world.line()
    found, token = signed_in(session.http, settings, email, password)
    world.config.remember(found)
    if name:
        world.config.put_name(name, stack.api)
        stack = Stack(name, stack.api)
    _show(session, stack, found.email, token)


def sign_out(*, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Delete your sign-in to a deployment from this machine.

    For example:
        rekindle sign-out
        rekindle sign-out --stack prod
    """
    session = world.session(common)
    was = world.config.forget(session.stack.api)
    said = f"Signed out of {session.stack.name}." if was else f"Nobody was signed in to {session.stack.name}."
    session.show(text(said), {"stack": session.stack.name, "api": session.stack.api, "was_signed_in": was})


def whoami(*, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Show who is signed in, where, and with which permissions.

    For example:
        rekindle whoami
        rekindle whoami --stack prod --json
    """
    session = world.session(common)
    _show(session, session.stack, session.sign_in.email, session.tokens.current())


def _show(session: Session, stack: Stack, email: str, token: str) -> None:
    claims = claims_of(token)
    scopes = str(claims.get("scope", "")).split()
    document: dict[str, Any] = {
        "name": claims.get("email") or email,
        "permissions": scopes,
        "stack": stack.name,
        "api": stack.api,
    }
    permissions = text("; ".join(PERMISSIONS.get(scope, scope) for scope in scopes))
    if not scopes:
        permissions = text(("none yet: ask the people who run the service", "yellow"))
    where = stack.name if stack.name == stack.api else f"{stack.name} ({stack.api})"
    session.show(
        facts([("Signed in", str(document["name"])), ("Stack", where), ("Permissions", permissions)]), document
    )


def _require_name(name: str) -> None:
    if name == LOCAL or "://" in name or not name.strip():
        raise UsageError(f"“{name}” cannot be the name of a deployment.", "Choose a short name, such as prod.")
