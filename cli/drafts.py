"""Save files as drafts without overwriting a colleague's work.

When a file is pulled or saved, the program records its origin: the draft or version that the file contains. If the pack
has a newer draft or version at the next save, the program refuses to save. With `--overwrite`, it saves anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli import words
from cli.config import Origin, digest
from cli.errors import ConflictError, RefusedError, UsageError

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from cli.client import Practice
    from cli.config import ConfigStore
    from cli.files import PackFile
    from rekindle.packs.contract import ActorView, PackDetail, SavedView


@dataclass(frozen=True, slots=True)
class FileDraft:
    """A file to save, with its pack's current state.

    `current` is None for a new pack. `replaces` is the revision of the pack's draft, or 0 if there is no draft.
    `is_same` is true if the file's text equals the draft, or equals the latest version if there is no draft.
    """

    file: PackFile
    pack: str
    source: str
    current: PackDetail | None
    replaces: int
    is_same: bool

    @property
    def is_published(self) -> bool:
        """Return whether the file's text is live or scheduled already, and the pack has no draft."""
        current = self.current
        return bool(
            self.is_same and current and not current.draft and not current.withdrawn
            # The latest version may have been canceled before it went live.
            and not current.releases[0].taken_back
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drafts:
    """Saves files as drafts on one stack."""

    practice: Practice
    config: ConfigStore
    api: str
    now: dt.datetime

    def prepare(self, file: PackFile, *, overwrite: bool = False) -> FileDraft:
        """Compare a file with its pack. Save nothing yet.

        Raises:
            ConflictError: the file was never pulled from this pack or saved to it, or the pack has changed since the
                last pull or save. A new pack, an equal text, or `overwrite` raises no error.
        """
        pack, source = self.pack_of(file), file.source
        current = self.practice.find(pack)
        if current is None:
            return FileDraft(file, pack, source, None, 0, is_same=False)
        draft = self.practice.draft(pack)
        is_same = draft.source == source
        if not (is_same or overwrite):
            origin = self.config.origin(self.api, file.path)
            if origin is None or origin.pack != pack:
                raise self._conflict(file, current, "exists already, and this file was not pulled from it")
            if (origin.revision, origin.version) != (draft.revision, current.latest):
                raise self._conflict(file, current, "has changed since this file was last pulled or saved")
        return FileDraft(file, pack, source, current, draft.revision, is_same)

    def save(self, draft: FileDraft, *, even_if_same: bool = False) -> SavedView | None:
        """Save the draft, and record that the file contains it. Return None if there was nothing to save.

        Only a draft can be published, so `even_if_same` saves a draft even if the latest version has the same text.
        Raise ConflictError if another draft was saved after `prepare`.
        """
        saved = None
        if not draft.is_same or (even_if_same and draft.replaces == 0):
            try:
                saved = self.practice.save_draft(draft.pack, draft.source, draft.replaces)
            except RefusedError as error:
                if error.problem != "draft-changed":
                    raise
                current = self.practice.find(draft.pack)
                raise self._conflict(draft.file, current, "was changed just now", error.members) from error
        version = draft.current.latest if draft.current else 0
        self.remember(draft.file.path, draft.pack, draft.source, saved.revision if saved else draft.replaces, version)
        return saved

    def remember(self, path: Path, pack: str, source: str, revision: int, version: int) -> None:
        """Record which draft the file now contains, or which version if `revision` is 0."""
        self.config.put_origin(self.api, path, Origin(pack, revision, version, digest(source)))

    def is_known(self, path: Path, source: str) -> bool:
        """Return whether the file contains `source`, or has not changed since its last pull or save."""
        origin = self.config.origin(self.api, path)
        known = {digest(source), *([origin.digest] if origin else [])}
        return digest(path.read_bytes().decode(errors="replace")) in known

    def pack_of(self, file: PackFile) -> str:
        """Return the id of a file's pack, from the file or its origin. Raise UsageError if there is no id."""
        origin = self.config.origin(self.api, file.path)
        if pack := file.pack_id() or (origin.pack if origin else None):
            return pack
        raise UsageError(f"{file.path} does not say which pack it is.", "Add a line such as: id: river")

    def _conflict(
        self, file: PackFile, current: PackDetail | None, how: str, members: dict[str, Any] | None = None
    ) -> ConflictError:
        pack = current.id if current else self.pack_of(file)
        about = []
        if current and current.draft:
            about.append(f"{current.draft.saved.name} saved its draft {self._when(current.draft.saved)}.")
        if current and current.releases:
            latest = current.releases[0]
            about.append(f"{latest.published.name} published version {latest.version} {self._when(latest.published)}.")
        saved = current.draft.saved if current and current.draft else None
        return ConflictError(
            "draft-changed",
            f"The pack {pack} {how}. Nothing was overwritten.",
            f"See the differences: rekindle packs diff {file.path}",
            f"Get the other text into a second file: rekindle packs pull {pack} {pack}.theirs.yaml",
            f"Replace the other text with yours: rekindle packs save {file.path} --overwrite",
            about=about,
            **({"pack": pack, "revision": current.revision if current else 0, "saved": saved} | (members or {})),
        )

    def _when(self, actor: ActorView) -> str:
        return f"{words.since(actor.at, self.now)}, on {words.moment(actor.at)}"
