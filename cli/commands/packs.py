"""The commands for stored packs: `rekindle packs list`, `show`, `withdraw`, `restore` and `code`."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

from cyclopts import Parameter

from cli.commands import Flag, PackId, Reason, Yes
from cli.errors import RefusedError
from cli.pages import done, text
from cli.pages.packs import pack_page, packs_page
from cli.session import NO_OPTIONS, Common, Session, TheWorld
from rekindle.packs.check import check_source
from rekindle.packs.contract import PackDetail


def list_(*, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """List all packs and their states.

    For example:
        rekindle packs list
        rekindle packs list --json | jq -r '.packs[] | select(.state == "live") | .id'
    """
    session = world.session(common)
    found = session.practice.packs()
    session.show(packs_page(found, session.now), found)


def show(pack: PackId, /, *, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Show one pack, its draft and its versions.

    For example:
        rekindle packs show river
    """
    session = world.session(common)
    found = session.practice.pack(pack)
    session.show(pack_page(found, session.now), found)


def withdraw(
    pack: PackId,
    /,
    *,
    prompt: Annotated[str | None, Parameter(help="Withdraw only this prompt.")] = None,
    reason: Reason = None,
    yes: Yes = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Withdraw a pack or one of its prompts. Within half a minute, no couple gets it any more.

    For example:
        rekindle packs withdraw river --prompt rain --reason "It was misread."
        rekindle packs withdraw river --yes
    """
    session = world.session(common)
    what = _named(session.practice.pack(pack), prompt)
    page = text(f"Withdraw {what} on {session.stack.name}. No couple gets it any more. Days that have it keep it.")
    session.confirm(page, "Withdraw it?", yes=yes)
    try:
        found = session.practice.withdraw(pack, prompt, reason)
    except RefusedError as error:
        raise _with_suggestion(session, error, pack, prompt or "") from error
    option = f" --prompt {prompt}" if prompt else ""
    session.show(done(f"Withdrawn: {what}. To put it back: rekindle packs restore {pack}{option}"), found)


def restore(
    pack: PackId,
    /,
    *,
    prompt: Annotated[str | None, Parameter(help="Put back only this prompt.")] = None,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Put a withdrawn pack or prompt back, unchanged.

    For example:
        rekindle packs restore river
        rekindle packs restore river --prompt rain
    """
    session = world.session(common)
    what = _named(session.practice.pack(pack), prompt)
    found = session.practice.restore(pack, prompt)
    session.show(done(f"Couples get {what} again."), found)


def code(
    pack: PackId,
    /,
    *,
    renew: Annotated[
        Flag, Parameter(help="Make a new code; the old one stops working. Couples that have joined stay.")
    ] = False,
    yes: Yes = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Show the code with which couples join a pack, or make a new code.

    For example:
        rekindle packs code weekend
        rekindle packs code weekend --renew
    """
    session = world.session(common)
    found = session.practice.pack(pack)
    if found.code is None:
        raise RefusedError("no-code", f"{pack} has no code.", "Only a published pack with audience: code has one.")
    if renew:
        page = text(f"The code {found.code} of “{found.title}” stops working. Couples that have joined stay.")
        session.confirm(page, "Make a new one?", yes=yes)
        found = session.practice.renew_code(found)
    session.show(text((found.code or "", "bold")), {"id": found.id, "code": found.code})


def _named(pack: PackDetail, prompt: str | None) -> str:
    return f"the prompt {prompt} of “{pack.title}”" if prompt else f"the pack “{pack.title}”"


def _with_suggestion(session: Session, error: RefusedError, pack: str, wanted: str) -> RefusedError:
    """Return the refusal. If the prompt is unknown, suggest a prompt with a similar id."""
    if error.problem not in {"no-such-prompt", "invalid-fields"}:
        return error
    found = check_source(session.practice.draft(pack).source).pack
    near = get_close_matches(wanted, [prompt.id for prompt in found.prompts] if found else [], 1, 0.5)
    to_do = [f"Did you mean {each}?" for each in near]
    return RefusedError(error.problem, error.happened, *to_do, f"See its prompts: rekindle packs pull {pack} -")
