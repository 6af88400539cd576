"""The commands `rekindle sign-in`, `rekindle sign-out` and `rekindle whoami`."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Group

from cli.client import Practice
from cli.commands import Flag
from cli.config import Settings
from cli.errors import CliError, Exit, RefusedError, SignedOutError, UsageError
from cli.identity import Tokens, claims_of, signed_in
from cli.pages import facts, text
from cli.pages.staff import rights
from cli.session import NO_OPTIONS, Common, Session, TheWorld
from cli.stacks import LOCAL, Stack, settings_of
from cli.words import counted


def sign_in(
    *,
    email: Annotated[str | None, Parameter(help="The account's email address; asked for if you leave it out.")] = None,
    name: Annotated[
        str | None, Parameter(show_default=False, help="A name for this deployment, to use with --stack later.")
    ] = None,
    code: Annotated[
        str | None, Parameter(help="The code of your authenticator app; asked for if your account has a second factor.")
    ] = None,
    yes: Annotated[Flag, Parameter(help="Trust a deployment that this machine has not met. Give its address.")] = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Sign in to a deployment with your account of the practice.

    Type the password, or pass it on standard input in a script. The password goes to
    Google only, and is not saved. A token keeps you signed in. It is saved in this
    desktop's keyring. Without a keyring, it is in a file that only you can read.

    Before the first sign-in to a deployment, the command shows its address and its
    Firebase project, and asks whether they are right.

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
    _require_known(session, settings, yes=yes)
    if email is None:
        if not world.is_interactive():
            raise UsageError("Nobody can type the email address here.", "Add --email.")
        world.err.print("Email: ", end="")
        email = world.line().strip()
    password = world.hidden(f"Password of {email} (not shown): ") if world.is_interactive() else world.line()
    found, token = signed_in(session.http, settings, email, password, session.codes(code))
    world.config.remember(found)
    if name:
        world.config.put_name(name, stack.api)
        stack = Stack(name, stack.api)
    tokens = Tokens(session.http, world.config, found, token)
    _show(session, stack, found.email, token)
    _tell_news(session, stack, Practice(session.http, stack.api, tokens, world.pause), token)


def sign_out(*, common: Common = NO_OPTIONS, world: TheWorld) -> int:
    """End all sign-ins of your account, also in the console, and delete the sign-in from this machine.

    If the service does not do its part, the sign-in is deleted from this machine all
    the same, and the command says what was not done.

    For example:
        rekindle sign-out
        rekindle sign-out --stack prod
    """
    session = world.session(common)
    stack, failure = session.stack, None
    if stack.api in world.config.signed_in():
        failure = _failure_of_revoking(session)
    was = world.config.forget(stack.api)
    document = {"stack": stack.name, "api": stack.api, "was_signed_in": was, "revoked": was and failure is None}
    if failure:
        lines = [f"Signed out of {stack.name} on this machine only. {failure.happened}", *failure.to_do]
        lines.append("Other sign-ins of your account go on. To end them, sign in again, and then sign out.")
        session.show(text(("\n".join(lines), "yellow")), document | {"error": failure.document()})
        return failure.status
    said = f"Signed out of {stack.name}, everywhere." if was else f"Nobody was signed in to {stack.name}."
    session.show(text(said), document)
    return Exit.DONE


def _failure_of_revoking(session: Session) -> CliError | None:
    """End all sign-ins of the account. Return None if this was done, or was not necessary."""
    try:
        session.practice.sign_out()
    except CliError as error:
        # A sign-in that has ended already cannot end the others, and is no failure: somebody has ended them all.
        return None if isinstance(error, SignedOutError) else error
    return None


def whoami(*, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Show who is signed in, where, and with which permissions.

    For example:
        rekindle whoami
        rekindle whoami --stack prod --json
    """
    session = world.session(common)
    token = session.tokens.current()
    _show(session, session.stack, session.sign_in.email, token)
    _tell_news(session, session.stack, session.practice, token)


def _show(session: Session, stack: Stack, email: str, token: str) -> None:
    claims = claims_of(token)
    scopes = str(claims.get("scope", "")).split()
    document: dict[str, Any] = {
        "name": claims.get("email") or email,
        "permissions": scopes,
        "stack": stack.name,
        "api": stack.api,
    }
    permissions = text(rights(" ".join(scopes)))
    if not scopes:
        permissions = text(("none yet: ask the people who run the service", "yellow"))
    where = stack.name if stack.name == stack.api else f"{stack.name} ({stack.api})"
    session.show(
        facts([("Signed in", str(document["name"])), ("Stack", where), ("Permissions", permissions)]), document
    )


def _tell_news(session: Session, stack: Stack, practice: Practice, token: str) -> None:
    """Tell a person how many notices they have not read, and whether the deployment asks for a second factor."""
    if session.common.json or not claims_of(token).get("scope"):
        return
    option = "" if stack.name == LOCAL else f" --stack {stack.name}"
    try:
        unread = practice.unread_notices()
    except RefusedError as error:
        if error.problem == "second-factor-needed":
            said = "This deployment asks for a second factor, and you have signed in without one. Add it now: "
            session.tell(text((f"{said}rekindle second-factor add{option}", "yellow")))
    except CliError:
        pass  # the person has not asked for this, so a service that does not answer is no error
    else:
        if unread:
            session.tell(text((f"{counted(unread, 'notice')} unread: rekindle notices{option}", "yellow")))


def _require_known(session: Session, settings: Settings, *, yes: bool) -> None:
    """Ask whether the deployment is the right one, if this machine has not met it as it is now. Save the answer.

    Raises:
        UsageError: nobody can answer here.
        CliError: the person said no.
    """
    stack, config = session.stack, session.world.config
    known = config.known(stack.api)
    if stack.name == LOCAL or known == settings.known:
        return
    rows = [("Address", stack.api), ("Firebase project", settings.project)]
    if known is None:
        if yes and "://" not in (session.common.stack or ""):
            raise UsageError("--yes needs the address of the deployment.", f"Add --stack {stack.api}")
        session.confirm(facts(rows), "You sign in to this deployment for the first time here. Is it right?", yes=yes)
    else:
        said = "The Firebase project or its key is not the one that you have confirmed here."
        if session.common.json or not session.world.is_interactive():
            raise UsageError(said, "Ask the people who run the service. Then sign in at a terminal.")
        rows.append(("Project until now", known.project))
        page = Group(
            text((f"Warning: {said} Ask the people who run the service before you go on.", "red")), facts(rows)
        )
        session.confirm(page, "Is this deployment right?", yes=False)
    config.put_known(stack.api, settings.known)


def _require_name(name: str) -> None:
    if name == LOCAL or "://" in name or not name.strip():
        raise UsageError(f"“{name}” cannot be the name of a deployment.", "Choose a short name, such as prod.")
