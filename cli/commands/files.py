"""The commands for pack files on this machine: `rekindle packs lint`, `pull`, `save` and `diff`."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Group, RenderableType

from cli import files
from cli.changes import changes
from cli.commands import Flag, Overwrite, PackFiles, PackId
from cli.errors import RefusedError, UsageError
from cli.files import PackFile
from cli.pages import done, text
from cli.pages.changes import changes_page, unified_diff_page
from cli.pages.findings import findings_page, lint_page, reading_levels
from cli.session import NO_OPTIONS, Common, Session, TheWorld
from cli.words import counted
from rekindle.packs.check import check_source


def lint(*paths: PackFiles, common: Common = NO_OPTIONS, world: TheWorld) -> int:
    """Check pack files on this machine, and compare them with each other. The exit status is 1 if there are errors.

    For example:
        rekindle packs lint river.yaml
        rekindle packs lint packs/*.yaml --json
    """
    session = world.session(common)
    if not paths:
        raise UsageError("Name at least one file.", "rekindle packs lint packs/*.yaml")
    read = files.read_together(paths)
    errors = sum(len(file.errors) for file in read)
    document = {
        "files": [_linted(file) for file in read],
        "errors": errors,
        "advice": sum(len(file.advice) for file in read),
    }
    session.show(lint_page(read), document)
    return 1 if errors else 0


def pull(
    pack: PackId,
    file: Annotated[
        str | None,
        Parameter(
            allow_leading_hyphen=True,
            help="The file to write, or - for standard output. If you leave it out: river.yaml for the pack river.",
        ),
    ] = None,
    /,
    *,
    overwrite: Annotated[Flag, Parameter(help="Replace a file that has unsaved text.")] = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Write a pack's draft into a file. If there is no draft, write the pack's latest version.

    For example:
        rekindle packs pull river
        rekindle packs pull river river.theirs.yaml
        rekindle packs pull river - | less
    """
    session = world.session(common)
    current = session.practice.pack(pack)
    draft = session.practice.draft(pack)
    document = {"id": pack, "file": file, "revision": draft.revision, "version": draft.base_version}
    if file == "-":
        if not common.json:
            session.world.out.file.write(draft.source)
        session.show(None, document | {"source": draft.source})
        return
    path = Path(file or f"{pack}.yaml")
    if path.exists() and not overwrite and not session.drafts.is_known(path, draft.source):
        raise UsageError(
            f"{path} has unsaved text, which would be lost.",
            f"See the differences: rekindle packs diff {path}",
            "Pull to another file, or add --overwrite.",
        )
    files.write(path, draft.source)
    session.drafts.remember(path, pack, draft.source, draft.revision, current.latest)
    what = f"draft {draft.revision}" if draft.revision else f"version {draft.base_version}"
    session.show(done(f"{path} is now {what} of {pack}."), document | {"file": str(path)})


def save(*paths: PackFiles, overwrite: Overwrite = False, common: Common = NO_OPTIONS, world: TheWorld) -> int:
    """Save files as drafts. Couples get nothing before you publish. A draft can have errors.

    A file replaces the text that you last pulled or saved. If the pack has changed since
    then, nothing is overwritten, and you see who last changed the pack, and when.

    For example:
        rekindle packs save river.yaml
        rekindle packs save packs/*.yaml
        rekindle packs save river.yaml --overwrite
    """
    session = world.session(common)
    if not paths:
        raise UsageError("Name at least one file.", "rekindle packs save river.yaml")
    targets = [str(path) for path in paths]
    return session.each(targets, lambda target: _saved(session, Path(target), overwrite=overwrite))


def diff(
    target: Annotated[str, Parameter(help="A file, or a pack's id.")],
    /,
    *,
    version: Annotated[
        list[int] | None,
        Parameter(negative="", help="Compare with this version. Give it twice to compare two versions."),
    ] = None,
    raw: Annotated[Flag, Parameter(help="Compare line by line, as diff -u does.")] = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Show the differences between two texts of a pack, prompt by prompt.

    If you name a file, it is compared with the pack's draft, or with the latest version
    if there is no draft. If you name a pack, its latest version is compared with its draft.

    For example:
        rekindle packs diff river.yaml
        rekindle packs diff river
        rekindle packs diff river --version 1 --version 3
        rekindle packs diff river.yaml --version 2 --raw
    """
    session = world.session(common)
    (before, old), (after, new) = _compared(session, target, version or [])
    former, latter = (check_source(source).pack for source in (old, new))
    head: dict[str, Any] = {"from": before, "to": after}
    if raw or former is None or latter is None:
        lines = [*difflib.unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm="")]
        if not raw:
            session.tell(text(("There is something to fix, so the differences are shown line by line.", "yellow")))
        page = unified_diff_page(lines) if lines else text("They are the same.")
        session.show(page, head | {"diff": "\n".join(lines)})
        return
    differences = changes(former, latter)
    same = "They are the same." if old == new else "They are the same for couples; only the layout of the file differs."
    document = {
        "about": differences.about,
        "added": [prompt.id for prompt in differences.added],
        "removed": [prompt.id for prompt in differences.removed],
        "changed": [{"prompt": each.id, "fields": each.fields} for each in differences.changed],
        "reordered": differences.reordered,
    }
    session.show(changes_page(differences, before, after) if differences else text(same), head | document)


def _linted(file: PackFile) -> dict[str, Any]:
    pack = file.checked.pack
    return {
        "file": str(file.path),
        "id": file.pack_id(),
        "prompts": len(pack.prompts) if pack else None,
        "languages": pack.languages if pack else None,
        "reading": reading_levels(pack) if pack else None,
        "findings": file.checked.findings,
    }


def _saved(session: Session, path: Path, *, overwrite: bool) -> tuple[RenderableType, dict[str, Any]]:
    file = PackFile.read(path)
    with session.doing(f"Sending {path}"):
        draft = session.drafts.prepare(file, overwrite=overwrite)
        saved = session.drafts.save(draft)
    document = {
        "file": str(path),
        "id": draft.pack,
        "outcome": "saved" if saved else "unchanged",
        "revision": saved.revision if saved else draft.replaces,
        "findings": saved.findings if saved else [],
    }
    if not saved:
        return text(f"{path}: {draft.pack} has this text already."), document
    errors = sum(not finding.advice for finding in saved.findings)
    advice = len(saved.findings) - errors
    state = f"{counted(errors, 'thing')} to fix before you can publish it" if errors else "ready to publish"
    state += f", {counted(advice, 'thing')} to think about" if advice else ""
    page = done(f"{path}: draft {saved.revision} of {draft.pack} is saved, {state}.")
    return Group(findings_page(str(path), saved.findings), page) if saved.findings else page, document


def _compared(session: Session, target: str, versions: list[int]) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the old and the new text, each as a pair of name and text. A name is, for example, `version 2`."""
    file = PackFile.read(Path(target)) if files.is_file(target) else None
    pack = session.drafts.pack_of(file) if file else target
    practice = session.practice
    current = practice.pack(pack)
    if len(versions) > 2:  # noqa: PLR2004 - a comparison has two sides
        raise UsageError("Name two versions at most.", f"rekindle packs diff {pack} --version 1 --version 2")
    published = [(f"version {version}", practice.release(pack, version).source) for version in versions]
    if len(published) > 1:
        return published[0], published[1]
    draft = practice.draft(pack)
    newest = f"draft {draft.revision}" if draft.revision else f"version {draft.base_version}", draft.source
    if file:
        return (published[0] if published else newest), (str(file.path), file.source)
    if published:
        return published[0], newest
    if not current.releases:
        raise RefusedError("not-published", f"{pack} has not been published, so there is nothing to compare with.")
    if not draft.revision:
        to_do = f"rekindle packs diff {pack} --version 1"
        raise RefusedError("nothing-to-publish", f"{pack} has no draft to compare.", to_do)
    return (f"version {current.latest}", practice.release(pack, current.latest).source), newest
