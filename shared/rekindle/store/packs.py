"""Store the practice's packs. A pack has a head, at most one draft, and releases, which never change.

The head has the facts about the draft and the latest releases. Each older release has a row of its own, so that the
head never grows too large for a row. An action of the staff changes the head and adds an audit row, in one transaction.
Heads and drafts have revisions, so a write fails if the head or draft has changed since it was read.

`Packs.publish` first writes the release's rows, with a version number that no other release has. Then a transaction
adds the release to the pack's head. Until then, no other code reads the release's rows.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from rekindle.domain.prompts import Audience
from rekindle.errors import ContentionError, RekindleError
from rekindle.packs.lifecycle import RELEASES_IN_HEAD, About, AuditEntry, DraftHead, PackHead, ReleaseHead, StaffAction
from rekindle.store import keys
from rekindle.store.audit import record
from rekindle.store.forms import stored
from rekindle.store.instants import to_ttl
from rekindle.store.news import with_news
from rekindle.store.pack_sources import chunks_of, read_source
from rekindle.store.practice_codes import PracticeCode
from rekindle.store.releases import catalogue_writes, release_rows
from rekindle.store.table import URGENT_ATTEMPTS, Write, every_item, repeated_on_conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rekindle.domain.ids import PackId, PromptId
    from rekindle.packs.document import Pack
    from rekindle.packs.lifecycle import Actor, Proposal
    from rekindle.store.table import Item, Table

DRAFTS_KEPT: Final = dt.timedelta(days=30)
"""The table keeps a replaced or discarded draft for at least this time, so that an engineer can restore the draft."""

_HEADS: Final = TypeAdapter(PackHead)
"""Reads heads from stored values. An instant is stored as a number, which Pydantic reads as milliseconds."""
_RELEASES: Final = TypeAdapter(ReleaseHead)


class DraftChangedError(RekindleError):
    """The draft has changed since the caller read it: somebody has saved, discarded or published a draft.

    `existing` is the current draft, or None if there is none.
    """

    def __init__(self, existing: DraftHead | None) -> None:
        super().__init__("the draft has changed since it was read")
        self.existing = existing


class PackChangedError(RekindleError):
    """The pack's state, proposal or scheduled release has changed since the caller read the pack."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A draft to publish: its YAML `source`, the parsed `pack`, and how to publish it.

    `published` is the actor who publishes or proposes the draft. `approved` is the actor who approves the proposal, or
    None. The release goes live at `live_from`. `announce` says whether couples should get news of the release. `code`
    is a new code. The pack gets this code if its audience joins by code and the pack has no code yet.
    """

    pack: Pack
    source: str
    published: Actor
    approved: Actor | None
    live_from: dt.datetime
    announce: bool
    note: str | None
    code: str


@dataclass(frozen=True, slots=True)
class Packs:
    """The packs of the table."""

    table: Table

    def heads(self) -> list[PackHead]:
        """Return the heads of all packs with a draft or a release, sorted by id."""
        heads = map(_head_from, every_item(self.table, keys.PACKS))
        return [head for head in heads if head.is_known()]

    def head(self, pack: PackId) -> PackHead:
        """Return the pack's head (a strongly consistent read). An unknown pack has an empty head."""
        item = self.table.get(keys.pack(pack))
        return _head_from(item) if item else PackHead(pack)

    def draft(self, pack: PackId, draft: DraftHead) -> str:
        """Return the source of a draft."""
        return read_source(self.table, (keys.draft(pack, draft.revision, number) for number in range(draft.chunks)))

    def released(self, pack: PackId, release: ReleaseHead) -> str:
        """Return the source of a release."""
        return read_source(self.table, (keys.source(pack, release.version, part) for part in range(release.chunks)))

    def releases(self, head: PackHead) -> list[ReleaseHead]:
        """Return all releases of a pack in the order of their versions, also those that have left its head."""
        if len(head.releases) < RELEASES_IN_HEAD:
            return list(head.releases)  # no release has left the head
        first, last = keys.older_release(head.id, 0), keys.older_release(head.id, head.versions)
        older = map(_RELEASES.validate_python, every_item(self.table, first.pk, between=(first.sk, last.sk)))
        # A release can have left the head since the head was read.
        found = {each.version: each for each in (*older, *head.releases)}
        return sorted(found.values(), key=attrgetter("version"))

    def release(self, head: PackHead, version: int) -> ReleaseHead | None:
        """Return the release with this version number, also if it has left the pack's head. Return None if none has."""
        item = None if head.release(version) else self.table.get(keys.older_release(head.id, version))
        return _RELEASES.validate_python(item) if item else head.release(version)

    def has_prompt(self, pack: PackId, releases: Iterable[ReleaseHead], prompt: PromptId) -> bool:
        """Return whether any of these releases has the prompt."""
        wanted = [keys.prompt(pack, release.version, prompt) for release in releases]
        return bool(self.table.get_many(wanted, consistent=True))

    def save_draft(  # noqa: PLR0913  each argument is a fact about the draft
        self,
        pack: PackId,
        source: str,
        replaces: int,
        base: int | None,
        saved: Actor,
        *,
        parsed: Pack | None = None,
    ) -> DraftHead:
        """Save a new draft in place of the current draft, and cancel the pack's proposal.

        `replaces` is the revision of the current draft, or 0 if there is none. `base` is the version from which the
        draft was made. `parsed` is the parsed source, or None if the source has errors. The new draft gets its title,
        audience and other facts from `parsed`, or from the current draft if `parsed` is None.

        Raises:
            DraftChangedError: the current draft's revision is not `replaces`.
            SourceTooLargeError: the source is too large.
        """
        chunks = chunks_of(source)

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            _require_draft(head, replaces)
            number = head.drafts + 1
            before = head.draft.about if head.draft else None
            draft = DraftHead(number, len(chunks), saved, base, _about(parsed) if parsed else before)
            writes = [
                Write("Put", keys.draft(pack, number, part), item={"packed": chunk})
                for part, chunk in enumerate(chunks)
            ]
            changed = replace(head, drafts=number, draft=draft, proposal=None)
            return changed, [*writes, *_expire_draft(head, saved.at)]

        head = self._change(pack, change, AuditEntry(saved, StaffAction.DRAFT_SAVED, pack))
        if head.draft is None:
            raise ContentionError("a draft was deleted while it was saved")
        return head.draft

    def discard_draft(self, pack: PackId, replaces: int, by: Actor) -> None:
        """Discard the current draft, and cancel the pack's proposal.

        Raise DraftChangedError if the current draft's revision is not `replaces`.
        """

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            _require_draft(head, replaces)
            return replace(head, draft=None, proposal=None), _expire_draft(head, by.at)

        self._change(pack, change, AuditEntry(by, StaffAction.DRAFT_DISCARDED, pack))

    def propose(self, pack: PackId, proposal: Proposal) -> PackHead:
        """Propose the draft to a colleague for approval.

        Raise DraftChangedError if the current draft's revision is not `proposal.revision`.
        """

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            _require_draft(head, proposal.revision)
            return replace(head, proposal=proposal), []

        entry = AuditEntry(proposal.proposed, StaffAction.PROPOSED, pack, note=proposal.note)
        return self._change(pack, change, entry)

    def take_back(self, read: PackHead, by: Actor, note: str | None) -> PackHead:
        """Cancel the pack's proposal. If the pack has no proposal, cancel its scheduled release.

        `read` is the head as the caller read it. Raise PackChangedError if the proposal or the scheduled release has
        changed since then.
        """

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            if (head.proposal, head.scheduled(by.at)) != (read.proposal, read.scheduled(by.at)):
                raise PackChangedError("a pack was published or taken back since it was read")
            if head.proposal:
                return replace(head, proposal=None), []
            return with_news(self.table, _without_scheduled(head, by), by.at)

        entry = AuditEntry(by, StaffAction.TAKEN_BACK, read.id, note=note)
        return self._change(read.id, change, entry, catalogue=by.at)

    def publish(self, read: PackHead, publication: Publication) -> PackHead:
        """Publish the pack's draft: turn the draft into a release.

        `read` is the head as the caller read it.

        Raises:
            DraftChangedError: the draft has changed since the caller read the head.
            PackChangedError: since the caller read the head, somebody has withdrawn or restored the pack, or the
                proposal has changed.
            SourceTooLargeError: the source is too large.
        """
        pack, by = publication.pack, publication.published
        revision = read.draft.revision if read.draft else 0
        version = self._reserved_version(pack.id, revision)
        chunks = chunks_of(publication.source)
        self.table.put_many(release_rows(pack, version, publication.live_from, chunks))
        release = ReleaseHead(
            version=version,
            live_from=publication.live_from,
            published=by,
            approved=publication.approved,
            chunks=len(chunks),
            title=pack.words[pack.default_language].title,
            audience=pack.audience,
            languages=pack.languages,
            prompts=len(pack.prompts),
            announce=publication.announce,
            note=publication.note,
        )

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            _require_draft(head, revision)
            if (head.withdrawn, head.proposal) != (read.withdrawn, read.proposal):
                raise PackChangedError("a pack was withdrawn or taken back while it was published")
            changed = replace(
                head,
                draft=None,
                proposal=None,
                releases=(*head.releases, release),
                expected_couples=pack.expected_couples,
            )
            writes = _expire_draft(head, by.at)
            if pack.audience is Audience.CODE and head.code is None:
                changed = replace(changed, code=publication.code)
                writes.append(PracticeCode(publication.code, pack.id, pack.expected_couples).new())
            elif head.code and head.expected_couples != pack.expected_couples:
                writes.append(PracticeCode(head.code, pack.id, pack.expected_couples).expecting())
            changed, news = with_news(self.table, changed, now)
            changed, left = changed.without_old_releases(now)
            writes += [Write("Put", keys.older_release(pack.id, each.version), item=stored(each)) for each in left]
            return changed, [*writes, *news]

        now = max(by.at, publication.approved.at) if publication.approved else by.at
        action = StaffAction.PUBLISHED if publication.live_from <= now else StaffAction.SCHEDULED
        done = publication.approved or by
        return self._change(
            pack.id, change, AuditEntry(done, action, pack.id, version, note=publication.note), catalogue=now
        )

    def withdraw(self, pack: PackId, prompt: PromptId | None, by: Actor, note: str | None) -> PackHead:
        """Withdraw a pack, or one prompt of the pack.

        If `prompt` is None, withdraw the whole pack, and cancel its proposal and its scheduled release. A couple's day
        keeps its prompt, even if the prompt is withdrawn.
        """

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            if prompt is not None:
                return replace(head, withdrawn_prompts={**head.withdrawn_prompts, prompt: by}), []
            ended = replace(_without_scheduled(head, by), withdrawn=by, withdrawn_up_to=head.versions, proposal=None)
            return with_news(self.table, ended, by.at)

        entry = AuditEntry(by, StaffAction.WITHDRAWN, pack, prompt=prompt, note=note)
        return self._change(pack, change, entry, catalogue=by.at)

    def restore(self, pack: PackId, prompt: PromptId | None, by: Actor) -> PackHead:
        """Restore a withdrawn pack, or one withdrawn prompt of the pack.

        If `prompt` is None, restore the pack. Its withdrawn prompts stay withdrawn.
        """

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            if prompt is None:
                return with_news(self.table, replace(head, withdrawn=None), by.at)
            others = {name: actor for name, actor in head.withdrawn_prompts.items() if name != prompt}
            return replace(head, withdrawn_prompts=others), []

        entry = AuditEntry(by, StaffAction.RESTORED, pack, prompt=prompt)
        return self._change(pack, change, entry, catalogue=by.at)

    def renew_code(self, pack: PackId, code: str, by: Actor) -> PackHead:
        """Replace the pack's code with a new one. Couples that joined by the old code keep the pack."""

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            old = [PracticeCode(head.code, pack).replaced()] if head.code else []
            return replace(head, code=code), [*old, PracticeCode(code, pack, head.expected_couples).new()]

        return self._change(pack, change, AuditEntry(by, StaffAction.CODE_RENEWED, pack))

    # Whoever keeps a pack or the audit changing must not be able to prevent a withdrawal.
    @repeated_on_conflict("a pack kept changing", URGENT_ATTEMPTS)
    def _change(
        self,
        pack: PackId,
        change: Callable[[PackHead], tuple[PackHead, list[Write]]],
        entry: AuditEntry,
        *,
        catalogue: dt.datetime | None = None,
    ) -> PackHead:
        """Change the pack's head in one transaction with the audit row of `entry`.

        `change` gets the current head, and returns the changed head and more writes for the transaction. If `catalogue`
        is an instant, the transaction also stores the pack's releases of this instant in the catalogue.
        """
        head = self.head(pack)
        changed, writes = change(head)
        if catalogue is not None:
            writes += catalogue_writes(self.table, changed, catalogue)
        record(self.table, entry, [_head_row(changed), *writes])
        return replace(changed, revision=head.revision + 1)

    @repeated_on_conflict("a pack kept changing")
    def _reserved_version(self, pack: PackId, revision: int) -> int:
        """Return a version number that no other release of the pack has or will get.

        Raise DraftChangedError if the current draft does not have this revision.
        """
        head = self.head(pack)
        _require_draft(head, revision)
        self.table.write(_head_row(replace(head, versions=head.versions + 1)))
        return head.versions + 1


def _head_row(head: PackHead) -> Write:
    """Return the write of a changed head. `head.revision` must be the revision that the caller read."""
    item = stored(head)
    del item["id"]  # part of the key
    return Write.versioned(keys.pack(head.id), item, head.revision)


def _head_from(item: Item) -> PackHead:
    """Read a head from its item."""
    return _HEADS.validate_python({**item, "id": item["sk"]})


def _without_scheduled(head: PackHead, by: Actor) -> PackHead:
    """Return the head with its scheduled release (if there is one) marked as taken back."""
    scheduled = head.scheduled(by.at)
    releases = tuple(replace(each, taken_back=by) if each is scheduled else each for each in head.releases)
    return replace(head, releases=releases)


def _about(pack: Pack) -> About:
    return About(pack.words[pack.default_language].title, pack.audience, pack.languages, len(pack.prompts))


def _require_draft(head: PackHead, revision: int) -> None:
    if (head.draft.revision if head.draft else 0) != revision:
        raise DraftChangedError(head.draft)


def _expire_draft(head: PackHead, instant: dt.datetime) -> list[Write]:
    """Return the writes that make the current draft expire DRAFTS_KEPT after `instant`."""
    draft = head.draft
    if draft is None:
        return []
    ttl = to_ttl(instant + DRAFTS_KEPT)
    return [Write.expiring(keys.draft(head.id, draft.revision, number), ttl) for number in range(draft.chunks)]
