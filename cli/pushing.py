"""How a file becomes a draft without anybody's work being lost.

A file may replace what it came from: the draft, or the version, that it was when it was last pulled from there or
pushed. What anyone has saved or published since stands in its way, until somebody says to replace it knowingly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli import wire, words
from cli.errors import ConflictError, RefusedError, UsageError
from cli.keeping import Mark, digest

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from cli.client import Practice
    from cli.files import PackFile
    from cli.keeping import Keeping


@dataclass(frozen=True, slots=True)
class Push:
    """A file beside what stands: `standing` is None for a pack that is new, `before` is the text that it would replace.

    `is_same` if it has that very text already.
    """

    file: PackFile
    pack: str
    source: str
    standing: wire.PackDetail | None
    before: str | None
    replaces: int
    is_same: bool

    @property
    def is_published(self) -> bool:
        """Whether the very text is with couples, or is to be, without a draft."""
        standing = self.standing
        return bool(
            self.is_same and standing and not standing.draft and not standing.withdrawn
            # What was called off before it went live is the latest version too.
            and not standing.releases[0].taken_back
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pushing:
    """Pushes to one stack, with what is remembered of files there."""

    practice: Practice
    keeping: Keeping
    api: str
    now: dt.datetime

    def prepared(self, file: PackFile, *, pack: str | None = None, over: bool = False) -> Push:
        """What a push would do; nothing is saved yet. Raises ConflictError if that would overwrite another's work."""
        pack = pack or self.pack_of(file)
        source = file.source
        mark = self.keeping.mark(self.api, file.path)
        mark = mark if mark and mark.pack == pack else None
        standing = self.practice.find(pack)
        if standing is None:
            return Push(file, pack, source, None, None, 0, is_same=False)
        current = self.practice.draft(pack)
        is_same = current.source == source
        if not (is_same or over):
            if mark is None:
                raise self._conflict(file, standing, "is there already, and this file has not come from it")
            if (mark.revision, mark.version) != (current.revision, standing.latest):
                raise self._conflict(file, standing, "has changed since this file was last pulled or pushed")
        return Push(file, pack, source, standing, current.source, current.revision, is_same)

    def pushed(self, push: Push, *, even_if_same: bool = False) -> wire.Saved | None:
        """Save the draft, and remember the file as it; None if there was nothing to save."""
        version = push.standing.latest if push.standing else 0
        saved = None
        if not push.is_same or (even_if_same and push.replaces == 0):
            try:
                saved = self.practice.save_draft(push.pack, push.source, push.replaces)
            except RefusedError as error:
                if error.problem != "draft-changed":
                    raise
                standing = self.practice.find(push.pack)
                raise self._conflict(push.file, standing, "was changed just now", error.members) from error
        self.remember(push.file.path, push.pack, push.source, saved.revision if saved else push.replaces, version)
        return saved

    def remember(self, path: Path, pack: str, source: str, revision: int, version: int) -> None:
        """Remember that the file is this revision now."""
        self.keeping.put_mark(self.api, path, Mark(pack, revision, version, digest(source)))

    def pack_of(self, file: PackFile) -> str:
        """The pack that a file is of; raises UsageError if nothing says."""
        mark = self.keeping.mark(self.api, file.path)
        if pack := file.pack_id() or (mark.pack if mark else None):
            return pack
        raise UsageError(f"{file.path} does not say which pack it is.", "Give it a line such as: id: river")

    def _conflict(
        self, file: PackFile, standing: wire.PackDetail | None, how: str, members: dict[str, Any] | None = None
    ) -> ConflictError:
        pack = standing.id if standing else self.pack_of(file)
        about = []
        if standing and standing.draft:
            about.append(f"{standing.draft.saved.name} saved its draft {self._when(standing.draft.saved)}.")
        if standing and standing.releases:
            latest = standing.releases[0]
            about.append(f"{latest.published.name} published version {latest.version} {self._when(latest.published)}.")
        saved = standing.draft.saved.model_dump(mode="json") if standing and standing.draft else None
        return ConflictError(
            "draft-changed",
            f"The pack {pack} {how}. Nothing was overwritten.",
            f"See what differs: rekindle packs diff {file.path}",
            f"Get theirs beside yours: rekindle packs pull {pack} {pack}.theirs.yaml",
            f"Replace theirs with yours, knowing it: rekindle packs push {file.path} --over",
            about=about,
            **({"pack": pack, "revision": standing.revision if standing else 0, "saved": saved} | (members or {})),
        )

    def _when(self, actor: wire.Actor) -> str:
        return f"{words.since(actor.at, self.now)}, on {words.moment(actor.at)}"
