"""`rekindle packs`: from a file at the desk to couples, and away from them again."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Group, RenderableType

from cli import files, wire, words
from cli.changes import Changes, changes
from cli.client import Terms
from cli.desk import NO_OPTIONS, Common, Desk, TheWorld
from cli.errors import CliError, FindingsError, RefusedError, SignedOutError, UnreachableError, UsageError
from cli.files import PackFile, as_json
from cli.keeping import digest
from cli.pages import text
from cli.pages.changes import changes_page, raw_page
from cli.pages.errors import error_page
from cli.pages.findings import findings_page, lint_page, reading_level
from cli.pages.packs import Plan, outcome_page, pack_page, packs_page, plan_page
from cli.pushing import Push
from rekindle.packs.check import check_source
from rekindle.packs.document import Pack
from rekindle.packs.lifecycle import NEWS_AUDIENCES, news_date

app = App(name="packs", help="Write, publish and withdraw prompt packs.")

Yes = Annotated[bool, Parameter(negative="", show_default=False)]
Over = Annotated[bool, Parameter(negative="", show_default=False)]
type Do = Callable[[str], tuple[RenderableType, dict[str, Any]]]
"""What is done for one of several targets: the page and the document of its answer."""


@app.command(name="list")
def list_(*, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """List all packs with where they stand.

    For example:
        rekindle packs list
        rekindle packs list --json | jq -r '.packs[] | select(.state == "live") | .id'
    """
    desk = world.desk(common)
    found = desk.practice.packs()
    desk.show(packs_page(found, desk.now), found.model_dump(mode="json"))


@app.command
def show(pack: str, /, *, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Show one pack, its draft and its versions.

    For example:
        rekindle packs show river

    Parameters
    ----------
    pack
        The pack's id.
    """
    desk = world.desk(common)
    found = desk.practice.pack(pack)
    desk.show(pack_page(found, desk.now), found.model_dump(mode="json"))


@app.command
def lint(*paths: Path, common: Common = NO_OPTIONS, world: TheWorld) -> int:
    """Check pack files on this machine, all together. Ends with 1 if there is something to mend.

    For example:
        rekindle packs lint river.yaml
        rekindle packs lint packs/*.yaml --json

    Parameters
    ----------
    paths
        YAML or JSON files.
    """
    desk = world.desk(common)
    if not paths:
        raise UsageError("Name at least one file.", "rekindle packs lint packs/*.yaml")
    read = files.read_together(paths)
    errors = sum(len(file.errors) for file in read)
    document = {
        "files": [_linted(file) for file in read],
        "errors": errors,
        "advice": sum(len(file.advice) for file in read),
    }
    desk.show(lint_page(read), document)
    return 1 if errors else 0


@app.command
def pull(
    pack: str,
    file: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    /,
    *,
    over: Over = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Get a pack's draft, or its latest version, into a file.

    For example:
        rekindle packs pull river
        rekindle packs pull river river.theirs.yaml
        rekindle packs pull river - | less

    Parameters
    ----------
    pack
        The pack's id.
    file
        Where to; river.yaml for the pack river if it is left out, and - for standard output.
    over
        Replace a file that has words of its own.
    """
    desk = world.desk(common)
    standing = desk.practice.pack(pack)
    draft = desk.practice.draft(pack)
    document = {
        "id": pack,
        "file": file,
        "revision": draft.revision,
        "version": draft.base_version,
        "source": draft.source,
    }
    if file == "-":
        desk.document(document)
        if not common.json:
            desk.world.out.file.write(draft.source)
        return
    path = Path(file or f"{pack}.yaml")
    _require_replaceable(desk, path, draft.source, over=over)
    files.write(path, draft.source)
    desk.pushing.remember(path, pack, draft.source, draft.revision, standing.latest)
    what = f"draft {draft.revision}" if draft.revision else f"version {draft.base_version}"
    del document["source"]
    desk.show(text(("✓ ", "green"), f"{path} is {what} of {pack} now."), document | {"file": str(path)})


@app.command
def push(*paths: Path, over: Over = False, common: Common = NO_OPTIONS, world: TheWorld) -> int:
    """Save files as drafts. Couples notice nothing before you publish; what there is to mend may stay meanwhile.

    A file goes in place of what it came from. If somebody has saved or published
    since, nothing is overwritten, and you are told who and when.

    For example:
        rekindle packs push river.yaml
        rekindle packs push packs/*.yaml
        rekindle packs push river.yaml --over

    Parameters
    ----------
    paths
        YAML or JSON files.
    over
        Replace what others have saved since, knowing it.
    """
    desk = world.desk(common)
    if not paths:
        raise UsageError("Name at least one file.", "rekindle packs push river.yaml")
    return _each(desk, [str(path) for path in paths], lambda path: _pushed(desk, Path(path), over=over))


@app.command
def diff(
    target: str,
    /,
    *,
    version: Annotated[list[int] | None, Parameter(negative="")] = None,
    raw: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Show what is different, prompt by prompt.

    A file is compared with what is there: the draft, or the latest version. An id
    compares its latest version with its draft.

    For example:
        rekindle packs diff river.yaml
        rekindle packs diff river
        rekindle packs diff river --version 1 --version 3
        rekindle packs diff river.yaml --version 2 --raw

    Parameters
    ----------
    target
        A file, or a pack's id.
    version
        From this version; given twice, from the first to the second.
    raw
        Line by line, as diff -u does.
    """
    desk = world.desk(common)
    (before, old), (after, new) = _both(desk, target, version or [])
    packs = [check_source(source).pack for source in (old, new)]
    head: dict[str, Any] = {"from": before, "to": after}
    if raw or None in packs:
        lines = [*difflib.unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm="")]
        if not raw:
            desk.tell(text(("There is something to mend, so these are lines rather than prompts.", "yellow")))
        page = raw_page(lines) if lines else text("They are the same.")
        desk.show(page, head | {"diff": "\n".join(lines)})
        return
    found = _changes(*packs)
    same = "They are the same." if old == new else "They are the same to couples; the file is laid out differently."
    desk.show(changes_page(found, before, after) if found else text(same), head | _differences(found))


@app.command
def publish(
    *targets: str,
    at: str | None = None,
    announce: bool = True,
    note: str | None = None,
    over: Over = False,
    yes: Yes = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> int:
    """Publish packs, after showing what will happen. A file is saved as the draft first.

    Couples have it within half a minute, or at the time you say. Where a second
    person has to approve, it is proposed.

    For example:
        rekindle packs publish river.yaml
        rekindle packs publish river --at "2026-03-01 09:00" --note "For spring."
        rekindle packs publish packs/*.yaml --yes --no-announce

    Parameters
    ----------
    targets
        Files, or the ids of packs with a draft.
    at
        When: on this terminal's clock, or ISO with an offset. Now, if it is left out.
    announce
        Tell couples once that the pack is there.
    note
        For colleagues: what is new.
    over
        Replace what others have saved since, knowing it.
    yes
        Do not ask.
    """
    desk = world.desk(common)
    if not targets:
        raise UsageError("Name at least one pack.", "rekindle packs publish river.yaml")
    instant = words.instant_in(at) if at else None
    if instant and instant <= desk.now:
        said = f"{words.moment(instant)}, {words.distance(instant, desk.now)}"
        raise UsageError("That time has passed.", "Leave out --at to publish now.", about=[said])
    how = Publishing(Terms(instant, announce, note), over, yes)
    return _each(desk, list(targets), lambda target: _published(desk, target, how))


@app.command
def approve(pack: str, /, *, yes: Yes = False, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Approve what a colleague has proposed.

    For example:
        rekindle packs diff river
        rekindle packs approve river

    Parameters
    ----------
    pack
        The pack's id.
    yes
        Do not ask.
    """
    desk = world.desk(common)
    standing = desk.practice.pack(pack)
    if standing.proposal is None:
        raise RefusedError("nothing-to-take-back", f"Nothing of {pack} waits to be approved.")
    proposal, draft = standing.proposal, desk.practice.draft(pack)
    pack_in_it, advice = _fit(draft, pack), _advice(desk, pack, draft.source)
    terms = Terms(proposal.at, proposal.announce)
    plan = _plan(desk, pack_in_it, standing, terms, advice=advice, review_required=False)
    by = text((f"Proposed by {proposal.proposed.name}, {words.since(proposal.proposed.at, desk.now)}.", "dim"))
    desk.confirm(Group(plan_page(plan, desk.now), by), "Approve it?", yes=yes)
    with desk.doing(f"Publishing {pack}"):
        done = desk.practice.approve(standing)
    world.keeping.published(desk.stack.api, pack, proposal.revision, done.pack.latest)
    desk.show(outcome_page(done.outcome, done.pack, desk.now), done.model_dump(mode="json"))


@app.command
def reject(pack: str, /, *, note: str | None = None, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Refuse a proposal, or call off a version that is not live yet. The text stays.

    For example:
        rekindle packs reject river --note "The second prompt is too long."

    Parameters
    ----------
    pack
        The pack's id.
    note
        Why, for colleagues.
    """
    desk = world.desk(common)
    desk.practice.pack(pack)
    found = desk.practice.reject(pack, note)
    desk.show(text(("✓ ", "green"), f"“{found.title}” is taken back."), found.model_dump(mode="json"))


@app.command
def withdraw(
    pack: str,
    /,
    *,
    prompt: str | None = None,
    reason: str | None = None,
    yes: Yes = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Take a pack, or one prompt of it, from all couples within half a minute.

    For example:
        rekindle packs withdraw river --prompt rain --reason "It was misread."
        rekindle packs withdraw river --yes

    Parameters
    ----------
    pack
        The pack's id.
    prompt
        This prompt alone.
    reason
        Why, for colleagues.
    yes
        Do not ask.
    """
    desk = world.desk(common)
    standing = desk.practice.pack(pack)
    what = f"the prompt {prompt} of “{standing.title}”" if prompt else f"all of “{standing.title}”"
    page = text(f"Withdraw {what} on {desk.stack.name}: no couple gets it any more. Days that have it keep it.")
    desk.confirm(page, "Withdraw it?", yes=yes)
    with _prompt_suggested(desk, pack, prompt):
        found = desk.practice.withdraw(pack, prompt, reason)
    done = text(("✓ ", "green"), f"Withdrawn: {what}. Put it back with: rekindle packs restore {pack}")
    desk.show(done.append(f" --prompt {prompt}") if prompt else done, found.model_dump(mode="json"))


@app.command
def restore(pack: str, /, *, prompt: str | None = None, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Put back what was withdrawn, as it was.

    For example:
        rekindle packs restore river
        rekindle packs restore river --prompt rain

    Parameters
    ----------
    pack
        The pack's id.
    prompt
        This prompt alone.
    """
    desk = world.desk(common)
    standing = desk.practice.pack(pack)
    found = desk.practice.restore(pack, prompt)
    what = f"the prompt {prompt} of “{standing.title}”" if prompt else f"“{standing.title}”"
    desk.show(text(("✓ ", "green"), f"Couples get {what} again."), found.model_dump(mode="json"))


@app.command
def code(
    pack: str,
    /,
    *,
    renew: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    yes: Yes = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Show the code by which couples join a pack, or make a new one.

    For example:
        rekindle packs code weekend
        rekindle packs code weekend --renew

    Parameters
    ----------
    pack
        The pack's id.
    renew
        Make a new code; the old one opens nothing any more. Couples that have joined stay.
    yes
        Do not ask.
    """
    desk = world.desk(common)
    found = desk.practice.pack(pack)
    if found.code is None:
        raise RefusedError("no-code", f"{pack} has no code.", "Only a published pack with audience: code has one.")
    if renew:
        page = text(f"The code {found.code} of “{found.title}” stops working. Couples that have joined stay.")
        desk.confirm(page, "Make a new one?", yes=yes)
        found = desk.practice.renew_code(found)
    desk.show(text((found.code or "", "bold")), {"id": found.id, "code": found.code})


@dataclass(frozen=True, slots=True)
class Publishing:
    """How packs are to be published."""

    terms: Terms
    over: bool
    yes: bool


def _pushed(desk: Desk, path: Path, *, over: bool) -> tuple[RenderableType, dict[str, Any]]:
    file = PackFile.read(path)
    with desk.doing(f"Sending {path}"):
        push = desk.pushing.prepared(file, over=over)
        saved = desk.pushing.pushed(push)
    revision = saved.revision if saved else push.replaces
    findings = saved.findings if saved else []
    errors = sum(not finding.advice for finding in findings)
    document = {
        "file": str(path),
        "id": push.pack,
        "outcome": "saved" if saved else "unchanged",
        "revision": revision,
        "findings": [finding.model_dump(mode="json") for finding in findings],
    }
    if not saved:
        return text(f"{path}: {push.pack} has this very text already."), document
    to_do = f"{words.counted(errors, 'thing')} to mend before it can be published" if errors else "fit to publish"
    if advice := len(findings) - errors:
        to_do += f", {words.counted(advice, 'thing')} to think about"
    done = text(("✓ ", "green"), f"{path}: draft {revision} of {push.pack} is saved, {to_do}.")
    return Group(findings_page(str(path), findings), done) if findings else done, document


def _published(desk: Desk, target: str, how: Publishing) -> tuple[RenderableType, dict[str, Any]]:
    document: dict[str, Any] = {"target": target}
    push: Push | None = None
    with desk.doing(f"Looking at {target}"):
        if files.is_file(target):
            file = PackFile.read(Path(target))
            if file.checked.pack is None:
                raise files.unfit(file)
            pack = file.checked.pack
            push = desk.pushing.prepared(file, over=how.over)
            standing, source = push.standing, push.source
        else:
            standing = desk.practice.pack(target)
            if standing.draft is None:
                raise RefusedError("nothing-to-publish", f"{target} has no draft.", "rekindle packs push FILE")
            draft = desk.practice.draft(target)
            pack, source = _fit(draft, target), draft.source
        if push and push.is_published and standing:
            desk.pushing.pushed(push)
            return outcome_page("unchanged", standing, desk.now), document | _outcome("unchanged", standing)
        advice = _advice(desk, pack.id, source)
        document["advice"] = [each.model_dump(mode="json") for each in advice]
        plan = _plan(desk, pack, standing, how.terms, advice=advice)
    desk.confirm(plan_page(plan, desk.now), "Propose it?" if plan.review_required else "Publish it?", yes=how.yes)
    revision, latest = standing.revision if standing else 0, standing.latest if standing else 0
    with desk.doing(f"Publishing {pack.id}"):
        if push:
            saved = desk.pushing.pushed(push, even_if_same=True)
            revision = saved.revision if saved else push.replaces
        done = desk.practice.publish(pack.id, revision, latest, how.terms)
    if done.outcome in {"live", "scheduled"}:
        desk.world.keeping.published(desk.stack.api, pack.id, revision, done.pack.latest)
    return outcome_page(done.outcome, done.pack, desk.now), document | _outcome(done.outcome, done.pack)


def _advice(desk: Desk, pack: str, source: str) -> list[wire.Finding]:
    """What there is to think about, as the service sees it: also beside what couples have already."""
    return [each for each in desk.practice.check(pack, source) if each.advice]


def _outcome(outcome: str, pack: wire.PackDetail) -> dict[str, Any]:
    return {"outcome": outcome, "pack": pack.model_dump(mode="json")}


def _each(desk: Desk, targets: list[str], do: Do) -> int:
    """Do it for one after the other; what is refused of several does not keep the others from it."""
    results, worst = [], 0
    for target in targets:
        try:
            page, document = do(target)
        except CliError as error:
            if len(targets) == 1 or isinstance(error, UsageError):
                raise
            results.append({"target": target, "error": error.document()})
            worst = max(worst, error.status)
            desk.tell(error_page(error))
            if isinstance(error, SignedOutError | UnreachableError):
                break
        else:
            results.append(document)
            desk.answer(page)
    desk.document({"results": results})
    return worst


def _plan(
    desk: Desk,
    pack: Pack,
    standing: wire.PackDetail | None,
    terms: Terms,
    *,
    advice: list[wire.Finding],
    review_required: bool | None = None,
) -> Plan:
    if review_required is None:
        review_required = desk.practice.packs().review_required
    told = standing.news_on if standing else None
    if told is None and terms.announce and pack.audience in NEWS_AUDIENCES:
        told = news_date(max(terms.at or desk.now, desk.now))
    found = None
    if standing and standing.releases:
        before = check_source(desk.practice.release(pack.id, standing.latest).source).pack
        found = changes(before, pack) if before else None
    return Plan(pack, desk.stack.name, standing, terms.at, told, review_required, found, advice)


def _fit(draft: wire.Draft, pack: str) -> Pack:
    """The pack in a draft; raises FindingsError if something of it has to be mended first."""
    checked = check_source(draft.source)
    if checked.pack:
        return checked.pack
    errors = [each for each in checked.findings if not each.advice]
    raise FindingsError(
        f"There is something to mend in the draft of {pack} first.",
        f"Get it into a file: rekindle packs pull {pack}",
        about=[f"line {each.line}: {each}" for each in errors[:5]],
        members={"findings": [as_json(each) for each in errors]},
    )


@contextmanager
def _prompt_suggested(desk: Desk, pack: str, wanted: str | None) -> Iterator[None]:
    """Where a prompt is not found, the one that was perhaps meant."""
    try:
        yield
    except RefusedError as error:
        if error.problem not in {"no-such-prompt", "invalid-fields"}:
            raise
        found = check_source(desk.practice.draft(pack).source).pack
        known = [prompt.id for prompt in found.prompts] if found else []
        near = get_close_matches(wanted or "", known, 1, 0.5)
        to_do = [f"Did you mean {near[0]}?"] if near else []
        raise RefusedError(
            error.problem, error.happened, *to_do, f"See its prompts: rekindle packs pull {pack} -"
        ) from error


def _linted(file: PackFile) -> dict[str, Any]:
    pack = file.checked.pack
    return {
        "file": str(file.path),
        "id": file.pack_id(),
        "prompts": len(pack.prompts) if pack else None,
        "languages": [*pack.languages] if pack else None,
        "reading": reading_level(pack) if pack else None,
        "findings": [as_json(each) for each in file.checked.findings],
    }


def _require_replaceable(desk: Desk, path: Path, source: str, *, over: bool) -> None:
    """A UsageError if a file has words that are nowhere else."""
    if over or not path.exists():
        return
    mark = desk.world.keeping.mark(desk.stack.api, path)
    known = {digest(source), *([mark.digest] if mark else [])}
    if digest(path.read_bytes().decode(errors="replace")) not in known:
        raise UsageError(
            f"{path} has words of its own, which pulling would replace.",
            f"See what differs: rekindle packs diff {path}",
            "Pull to another file, or add --over.",
        )


def _both(desk: Desk, target: str, versions: list[int]) -> tuple[tuple[str, str], tuple[str, str]]:
    """What is compared, each by a name for it and its text."""
    file = PackFile.read(Path(target)) if files.is_file(target) else None
    pack = desk.pushing.pack_of(file) if file else target
    standing = desk.practice.pack(pack)
    before: tuple[str, str] | None = None
    match versions:
        case [first, second]:
            one, other = (desk.practice.release(pack, version).source for version in (first, second))
            return (f"version {first}", one), (f"version {second}", other)
        case [first]:
            before = f"version {first}", desk.practice.release(pack, first).source
        case []:
            pass
        case _:
            raise UsageError("Two versions are the most.", f"rekindle packs diff {pack} --version 1 --version 2")
    current = desk.practice.draft(pack)
    here = f"draft {current.revision}" if current.revision else f"version {current.base_version}"
    if file:
        return before or (here, current.source), (str(file.path), file.source)
    if before:
        return before, (here, current.source)
    if not standing.releases:
        raise RefusedError("not-published", f"{pack} has not been published, so there is nothing to compare with.")
    if not current.revision:
        raise RefusedError(
            "nothing-to-publish", f"{pack} has no draft to compare.", f"rekindle packs diff {pack} --version 1"
        )
    latest = desk.practice.release(pack, standing.latest).source
    return (f"version {standing.latest}", latest), (here, current.source)


def _changes(before: Pack | None, after: Pack | None) -> Changes:
    if before is None or after is None:
        raise AssertionError
    return changes(before, after)


def _differences(found: Changes) -> dict[str, Any]:
    def fields(these: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - FieldChange
        return [{name: getattr(each, name) for name in ("field", "language", "before", "after")} for each in these]

    return {
        "about": fields(found.about),
        "added": [prompt.id for prompt in found.added],
        "removed": [prompt.id for prompt in found.removed],
        "changed": [{"prompt": each.id, "fields": fields(each.fields)} for each in found.changed],
        "reordered": found.reordered,
    }
