"""The commands `rekindle second-factor add` and `remove`."""

from __future__ import annotations

import io

import segno
from cyclopts import App
from rich.console import Group

from cli.commands import Yes
from cli.errors import RefusedError, UsageError
from cli.identity import Account
from cli.pages import done, facts, text
from cli.session import NO_OPTIONS, Common, Session, TheWorld

second_factor_app = App(
    name="second-factor", help="Add or remove your account's second factor: the code of an authenticator app."
)


@second_factor_app.command
def add(*, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Add a second factor to your account. From then on, each sign-in asks for a code of your authenticator app.

    The command shows a secret, also as a QR code. Add it to your app, such as a
    password manager, and type the code that the app shows. Sign in first: Firebase
    wants a sign-in of the last minutes.

    For example:
        rekindle second-factor add
        rekindle second-factor add --stack prod
    """
    session = world.session(common)
    account = _account(session)
    if common.json or not world.is_interactive():
        raise UsageError("Nobody can add the secret to an app here.", "Run this command at a terminal.")
    enrollment = account.start_second_factor()
    uri = enrollment.uri(session.sign_in.email, f"Rekindle {session.stack.name}")
    if world.err.is_terminal:
        world.err.file.write(_qr_code(uri))
    rows = facts([("Secret", enrollment.secret), ("Address", uri)])
    session.tell(Group(text("Scan the code with your authenticator app, or type the secret there:"), rows))
    answered = account.finish_second_factor(enrollment, session.codes(None))
    session.tokens.put(str(answered["idToken"]), str(answered["refreshToken"]))
    session.print(done("Your account has a second factor. Each sign-in asks for a code of your app from now on."))


@second_factor_app.command
def remove(
    *,
    yes: Yes = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Remove the second factor from your account, for example to use another app.

    For example:
        rekindle second-factor remove
    """
    session = world.session(common)
    account = _account(session)
    factors = account.second_factors()
    if not factors:
        raise RefusedError("no-second-factor", "Your account has no second factor.", "rekindle second-factor add")
    page = text(
        "A password alone is enough to sign in then. The deployment may refuse what you do until you add another."
    )
    session.confirm(page, "Remove it?", yes=yes)
    for factor in factors:
        answered = account.remove_second_factor(factor)
        session.tokens.put(str(answered["idToken"]), str(answered["refreshToken"]))
    session.show(done("Your account has no second factor any more."), {"removed": len(factors)})


def _account(session: Session) -> Account:
    return Account(session.http, session.sign_in.settings, session.tokens.current())


def _qr_code(uri: str) -> str:
    drawn = io.StringIO()
    segno.make(uri, error="l").terminal(drawn, compact=True)
    return drawn.getvalue() + "\n"
