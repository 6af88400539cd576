"""The practice's packs: drafts under optimistic locking, releases that never change, and an audit row for every action.

An action and its audit row are one transaction: neither is ever there without the other. What a release consists of is
written before it under a version number of its own, and nobody reads it until the transaction that makes it known.
"""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.models import Audience, Language, PackId, PromptId, PromptRef
from rekindle.domain.playlist import Course, Entry, Release
from rekindle.errors import ContentionError, RekindleError, WriteConflictError
from rekindle.packs.lifecycle import (
    NEWS_AUDIENCES,
    About,
    Actor,
    AuditEntry,
    DraftHead,
    PackHead,
    Proposal,
    ReleaseHead,
    StaffAction,
    news_date,
)
from rekindle.store import keys
from rekindle.store.audit import actor_from, actor_item, audit_row
from rekindle.store.catalogue import PromptText, index_of, index_writes, packed, text_item, unpacked
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.table import Write, every_item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rekindle.packs.document import Pack, PackPrompt
    from rekindle.store.table import Item, Table

CHUNK_BYTES: Final = 350_000
"""Of a packed source in one row."""
SOURCE_BYTES: Final = 1_750_000
"""Of a packed source: a transaction carries 4 MB, and touches with a draft the one in whose place it comes."""
DRAFTS_KEPT: Final = dt.timedelta(days=30)
"""How long a draft that another has taken the place of can still be brought back by an engineer."""
OVERLAP: Final = dt.timedelta(hours=1)
"""How old an event may be that finds the release of its own instant, though another has just taken its place."""
ATTEMPTS: Final = 6
NEWS_KEPT: Final = dt.timedelta(days=400)


class DraftChangedError(RekindleError):
    """Somebody has saved or discarded the draft since it was read; `existing` is what there is now, if anything."""

    def __init__(self, existing: DraftHead | None) -> None:
        super().__init__("the draft has changed since it was read")
        self.existing = existing


class PackChangedError(RekindleError):
    """Somebody has withdrawn or published the pack since it was read, or has dealt with its proposal."""


class SourceTooLargeError(RekindleError):
    """A document is larger than a draft can hold."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A draft that is to be published, by its text `source` and its form `pack`, and how.

    Who wants it, who has approved it, from when it plays, and whether couples are told.
    """

    pack: Pack
    source: str
    published: Actor
    approved: Actor | None
    live_from: dt.datetime
    announce: bool
    note: str | None
    code: str
    """The pack's practice code, should it need one and have none yet."""


@dataclass(frozen=True, slots=True)
class Packs:
    """The packs of the table."""

    table: Table

    def heads(self) -> list[PackHead]:
        """Every pack of which there is anything, by id."""
        heads = map(_head_from, every_item(self.table, keys.PACKS))
        return [head for head in heads if head.is_known()]

    def head(self, pack: PackId) -> PackHead:
        """The pack as last acknowledged; one without anything if it is not known."""
        item = self.table.get(keys.pack(pack))
        return _head_from(item) if item else PackHead(pack)

    def draft(self, pack: PackId, draft: DraftHead) -> str:
        """The text of a draft."""
        return self._source(keys.draft(pack, draft.revision, number) for number in range(draft.chunks))

    def released(self, pack: PackId, release: ReleaseHead) -> str:
        """The source that was published."""
        return self._source(keys.source(pack, release.version, number) for number in range(release.chunks))

    def has_prompt(self, pack: PackId, releases: Iterable[ReleaseHead], prompt: PromptId) -> bool:
        """Whether any of these releases has the prompt."""
        wanted = [keys.prompt(pack, release.version, prompt) for release in releases]
        return bool(self.table.get_many(wanted, consistent=True))

    def save_draft(  # noqa: PLR0913  a draft has its circumstances
        self,
        pack: PackId,
        source: str,
        replaces: int,
        base: int | None,
        saved: Actor,
        *,
        form: Pack | None = None,
    ) -> DraftHead:
        """Keep a new draft in place of revision `replaces` (0 for none); a proposal of the old one falls with it.

        `form` is the pack in it, if it is sound: by it one that was never published is known. Raises DraftChangedError
        when another revision stands, and SourceTooLargeError.
        """
        chunks = _chunks(source)

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            _require_draft(head, replaces)
            number = head.drafts + 1
            before = head.draft.about if head.draft else None
            draft = DraftHead(number, len(chunks), saved, base, _about(form) if form else before)
            writes = [
                Write("Put", keys.draft(pack, number, place), item={"packed": chunk})
                for place, chunk in enumerate(chunks)
            ]
            changed = replace(head, drafts=number, draft=draft, proposal=None)
            return changed, [*writes, *_forgotten(head, saved.at)]

        head = self._change(pack, change, AuditEntry(saved, StaffAction.DRAFT_SAVED, pack))
        if head.draft is None:
            raise ContentionError("a draft went while it was saved")
        return head.draft

    def discard_draft(self, pack: PackId, replaces: int, by: Actor) -> None:
        """Go back to what is published. Raises DraftChangedError when another revision stands."""

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            _require_draft(head, replaces)
            return replace(head, draft=None, proposal=None), _forgotten(head, by.at)

        self._change(pack, change, AuditEntry(by, StaffAction.DRAFT_DISCARDED, pack))

    def propose(self, pack: PackId, proposal: Proposal) -> PackHead:
        """Ask for another's approval. Raises DraftChangedError when another revision stands."""

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            _require_draft(head, proposal.revision)
            return replace(head, proposal=proposal), []

        entry = AuditEntry(proposal.proposed, StaffAction.PROPOSED, pack, note=proposal.note)
        return self._change(pack, change, entry)

    def take_back(self, read: PackHead, by: Actor, note: str | None) -> PackHead:
        """Refuse the proposal of the pack as it was read, or call off its release that is not live yet.

        Raises PackChangedError when that is not what there is any more.
        """

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            if (head.proposal, head.scheduled(by.at)) != (read.proposal, read.scheduled(by.at)):
                raise PackChangedError("a pack was published or taken back since it was read")
            if head.proposal:
                return replace(head, proposal=None), []
            return self._with_news(_called_off(head, by), by.at)

        entry = AuditEntry(by, StaffAction.TAKEN_BACK, read.id, note=note)
        return self._change(read.id, change, entry, catalogue=by.at)

    def publish(self, read: PackHead, publication: Publication) -> PackHead:
        """Make a release of the draft of the pack as it was read.

        Raises DraftChangedError when another draft stands, and PackChangedError when somebody has withdrawn the pack
        meanwhile, or dealt with the proposal that this approves.
        """
        pack, by = publication.pack, publication.published
        revision = read.draft.revision if read.draft else 0
        version = self._reserved_version(pack.id, revision)
        chunks = _chunks(publication.source)
        self.table.put_many(_release_rows(pack, version, publication.live_from, chunks))
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
            changed = replace(head, draft=None, proposal=None, releases=(*head.releases, release))
            writes = _forgotten(head, by.at)
            if pack.audience is Audience.CODE and head.code is None:
                changed = replace(changed, code=publication.code)
                writes.append(_code_row(publication.code, pack.id))
            changed, news = self._with_news(changed, now)
            return changed, [*writes, *news]

        now = max(by.at, publication.approved.at) if publication.approved else by.at
        action = StaffAction.PUBLISHED if publication.live_from <= now else StaffAction.SCHEDULED
        done = publication.approved or by
        return self._change(
            pack.id, change, AuditEntry(done, action, pack.id, version, note=publication.note), catalogue=now
        )

    def withdraw(self, pack: PackId, prompt: PromptId | None, by: Actor, note: str | None) -> PackHead:
        """Take a pack, or one prompt of it, out of play. Days that have it keep it."""

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            if prompt is not None:
                return replace(head, withdrawn_prompts={**head.withdrawn_prompts, prompt: by}), []
            ended = replace(_called_off(head, by), withdrawn=by, withdrawn_up_to=head.versions, proposal=None)
            return self._with_news(ended, by.at)

        entry = AuditEntry(by, StaffAction.WITHDRAWN, pack, prompt=prompt, note=note)
        return self._change(pack, change, entry, catalogue=by.at)

    def restore(self, pack: PackId, prompt: PromptId | None, by: Actor) -> PackHead:
        """Put back what was withdrawn."""

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            if prompt is None:
                return self._with_news(replace(head, withdrawn=None), by.at)
            left = {name: actor for name, actor in head.withdrawn_prompts.items() if name != prompt}
            return replace(head, withdrawn_prompts=left), []

        entry = AuditEntry(by, StaffAction.RESTORED, pack, prompt=prompt)
        return self._change(pack, change, entry, catalogue=by.at)

    def renew_code(self, pack: PackId, code: str, by: Actor) -> PackHead:
        """Give the pack a new code; the old one opens nothing any more. Couples that have joined stay."""

        def change(head: PackHead) -> tuple[PackHead, list[Write]]:
            old = [Write("Delete", keys.practice_code(head.code))] if head.code else []
            return replace(head, code=code), [*old, _code_row(code, pack)]

        return self._change(pack, change, AuditEntry(by, StaffAction.CODE_RENEWED, pack))

    def _change(
        self,
        pack: PackId,
        change: Callable[[PackHead], tuple[PackHead, list[Write]]],
        entry: AuditEntry,
        *,
        catalogue: dt.datetime | None = None,
    ) -> PackHead:
        """Carry out a change of the pack's head with its writes and its audit row, or nothing.

        `catalogue` is the instant of a change that couples may notice: then the index follows in the same transaction.
        """
        for _ in range(ATTEMPTS):
            head = self.head(pack)
            changed, writes = change(head)
            changed = replace(changed, revision=head.revision + 1)
            if catalogue is not None:
                writes += self._index(changed, catalogue)
            try:
                self.table.transact([_head_row(changed), *writes, audit_row(entry, changed.revision)])
            except WriteConflictError:
                continue  # another was faster, at this pack or at the catalogue: look again
            return changed
        raise ContentionError("a pack kept changing")

    def _index(self, head: PackHead, instant: dt.datetime) -> list[Write]:
        index = index_of(self.table)
        others = [each for each in index.releases if each.pack != head.id]
        mine = [self._playable(head, release) for release in _current(head, instant)]
        releases = sorted([*others, *mine], key=lambda each: (each.pack, each.version))
        return index_writes(index, releases, instant) if tuple(releases) != index.releases else []

    def _playable(self, head: PackHead, release: ReleaseHead) -> Release:
        item = self.table.get(keys.release(head.id, release.version))
        if item is None:
            raise ContentionError("a release went while the catalogue was written")
        (whole,) = unpacked(item["packed"])
        left = tuple(entry for entry in whole.entries if entry.ref.prompt not in head.withdrawn_prompts)
        return replace(whole, entries=left)

    def _reserved_version(self, pack: PackId, revision: int) -> int:
        """A version number that nobody else will ever write under."""
        for _ in range(ATTEMPTS):
            head = self.head(pack)
            _require_draft(head, revision)
            try:
                self.table.write(_head_row(replace(head, versions=head.versions + 1, revision=head.revision + 1)))
            except WriteConflictError:
                continue
            return head.versions + 1
        raise ContentionError("a pack kept changing")

    def _with_news(self, head: PackHead, instant: dt.datetime) -> tuple[PackHead, list[Write]]:
        """The head with a date on which couples are told, if a release of it is to be announced; else with none.

        A date that was given stays, and one on which somebody may have been told already is never taken back.
        """
        told = [each.live_from for each in head.effective if each.announce and each.audience in NEWS_AUDIENCES]
        if head.news_on is None and told:
            date = news_date(max(min(told), instant))
            return replace(head, news_on=date), [self._news(date, head.id, add=True)]
        if head.news_on and not told and news_date(instant) <= head.news_on:
            return replace(head, news_on=None), [self._news(head.news_on, head.id, add=False)]
        return head, []

    def _news(self, date: dt.date, pack: PackId, *, add: bool) -> Write:
        """The write that has the pack among the news of a date, or no longer."""
        item = self.table.get(keys.NEWS) or {"dates": {}, "revision": 0}
        dates: dict[str, list[str]] = item["dates"]
        told = [each for each in dates.get(str(date), []) if each != pack] + ([pack] if add else [])
        kept = {day: packs for day, packs in dates.items() if day >= str(date - NEWS_KEPT) and day != str(date)}
        return Write(
            "Put",
            keys.NEWS,
            item={"dates": kept | ({str(date): told} if told else {}), "revision": item["revision"] + 1},
            condition="revision = :read" if item["revision"] else "attribute_not_exists(pk)",
            values={":read": item["revision"]} if item["revision"] else {},
        )

    def _source(self, chunk_keys: Iterable[keys.Key]) -> str:
        wanted = list(chunk_keys)
        rows = sorted(self.table.get_many(wanted, consistent=True), key=lambda row: str(row["sk"]))
        if len(rows) != len(wanted):
            raise ContentionError("a text went while it was read")
        return zlib.decompress(b"".join(row["packed"] for row in rows)).decode()


def _current(head: PackHead, instant: dt.datetime) -> list[ReleaseHead]:
    """The releases that the playlist has to know: the live one, the one before it for a while, and the one to come."""
    found = (head.live(instant - OVERLAP), head.live(instant), head.scheduled(instant))
    return [each for each in dict.fromkeys(found) if each]


def _called_off(head: PackHead, by: Actor) -> PackHead:
    """The head without the release that is to come, if there is one."""
    scheduled = head.scheduled(by.at)
    releases = tuple(replace(each, taken_back=by) if each is scheduled else each for each in head.releases)
    return replace(head, releases=releases)


def _about(form: Pack) -> About:
    return About(form.words[form.default_language].title, form.audience, form.languages, len(form.prompts))


def _about_item(about: About) -> Item:
    return {
        "title": about.title,
        "audience": about.audience,
        "languages": list(about.languages),
        "prompts": about.prompts,
    }


def _about_from(item: Mapping[str, Any]) -> About:
    return About(item["title"], Audience(item["audience"]), tuple(map(Language, item["languages"])), item["prompts"])


def _require_draft(head: PackHead, revision: int) -> None:
    if (head.draft.revision if head.draft else 0) != revision:
        raise DraftChangedError(head.draft)


def _chunks(source: str) -> list[bytes]:
    data = zlib.compress(source.encode(), 6)
    if len(data) > SOURCE_BYTES:
        raise SourceTooLargeError("a document cannot be packed small enough")
    return [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]


def _forgotten(head: PackHead, instant: dt.datetime) -> list[Write]:
    """The writes that let the head's draft go, some time from now."""
    draft = head.draft
    if draft is None:
        return []
    return [
        Write(
            "Update",
            keys.draft(head.id, draft.revision, number),
            update="SET #ttl = :ttl",
            names={"#ttl": "ttl"},
            values={":ttl": to_ttl(instant + DRAFTS_KEPT)},
        )
        for number in range(draft.chunks)
    ]


def _code_row(code: str, pack: PackId) -> Write:
    return Write("Put", keys.practice_code(code), item={"pack": pack}, condition="attribute_not_exists(pk)")


def _release_rows(
    pack: Pack, version: int, live_from: dt.datetime, chunks: Sequence[bytes]
) -> Iterator[tuple[keys.Key, Item]]:
    """All that a release consists of. The row that names it comes last."""
    for prompt in pack.prompts:
        yield keys.prompt(pack.id, version, prompt.id), text_item(_text_of(pack, prompt))
    for number, chunk in enumerate(chunks):
        yield keys.source(pack.id, version, number), {"packed": chunk}
    words = pack.words.items()
    yield (
        keys.release(pack.id, version),
        {
            "default": pack.default_language,
            "titles": {language: each.title for language, each in words},
            "written_for": {language: each.written_for for language, each in words},
            "packed": packed([_release_of(pack, version, live_from)]),
        },
    )


def _release_of(pack: Pack, version: int, live_from: dt.datetime) -> Release:
    course = pack.course
    return Release(
        pack=pack.id,
        version=version,
        audience=pack.audience,
        live_from=live_from,
        course=Course(course.in_order, course.starts_on, course.every_days) if course else None,
        entries=tuple(
            Entry(
                ref=PromptRef(pack.id, version, each.id),
                theme=each.theme,
                kind=each.kind,
                depth=each.depth,
                comfort=each.comfort,
            )
            for each in pack.prompts
        ),
    )


def _text_of(pack: Pack, prompt: PackPrompt) -> PromptText:
    return PromptText(
        theme=prompt.theme,
        kind=prompt.kind,
        default=pack.default_language,
        texts={language: words.text for language, words in prompt.words.items()},
        whys={language: words.why for language, words in prompt.words.items()},
        hints={language: words.hint for language, words in prompt.words.items() if words.hint},
    )


def _head_row(head: PackHead) -> Write:
    """The write of a head that follows the one which was read: its revision is one higher."""
    return Write(
        "Put",
        keys.pack(head.id),
        item=_head_item(head),
        condition="revision = :read" if head.revision > 1 else "attribute_not_exists(pk)",
        values={":read": head.revision - 1} if head.revision > 1 else {},
    )


def _head_item(head: PackHead) -> Item:
    proposal, draft = head.proposal, head.draft
    return {
        "drafts": head.drafts,
        "versions": head.versions,
        "draft": {
            "revision": draft.revision,
            "chunks": draft.chunks,
            "saved": actor_item(draft.saved),
            "base": draft.base,
            "about": _about_item(draft.about) if draft.about else None,
        }
        if draft
        else None,
        "proposal": {
            "revision": proposal.revision,
            "proposed": actor_item(proposal.proposed),
            "at": to_millis(proposal.at) if proposal.at else None,
            "announce": proposal.announce,
            "note": proposal.note,
        }
        if proposal
        else None,
        "releases": [_release_item(release) for release in head.releases],
        "withdrawn": actor_item(head.withdrawn) if head.withdrawn else None,
        "withdrawn_up_to": head.withdrawn_up_to,
        "withdrawn_prompts": {prompt: actor_item(actor) for prompt, actor in head.withdrawn_prompts.items()},
        "code": head.code,
        "news_on": str(head.news_on) if head.news_on else None,
        "revision": head.revision,
    }


def _release_item(release: ReleaseHead) -> Item:
    return {
        "version": release.version,
        "live_from": to_millis(release.live_from),
        "published": actor_item(release.published),
        "approved": actor_item(release.approved) if release.approved else None,
        "chunks": release.chunks,
        "title": release.title,
        "audience": release.audience,
        "languages": list(release.languages),
        "prompts": release.prompts,
        "announce": release.announce,
        "note": release.note,
        "taken_back": actor_item(release.taken_back) if release.taken_back else None,
    }


def _head_from(item: Mapping[str, Any]) -> PackHead:
    draft, proposal = item["draft"], item["proposal"]
    return PackHead(
        id=PackId(item["sk"]),
        drafts=item["drafts"],
        versions=item["versions"],
        draft=DraftHead(
            revision=draft["revision"],
            chunks=draft["chunks"],
            saved=actor_from(draft["saved"]),
            base=draft["base"],
            about=_about_from(draft["about"]) if draft["about"] else None,
        )
        if draft
        else None,
        proposal=Proposal(
            revision=proposal["revision"],
            proposed=actor_from(proposal["proposed"]),
            at=from_millis(proposal["at"]) if proposal["at"] is not None else None,
            announce=proposal["announce"],
            note=proposal["note"],
        )
        if proposal
        else None,
        releases=tuple(map(_release_head_from, item["releases"])),
        withdrawn=actor_from(item["withdrawn"]) if item["withdrawn"] else None,
        withdrawn_up_to=item["withdrawn_up_to"],
        withdrawn_prompts={PromptId(name): actor_from(actor) for name, actor in item["withdrawn_prompts"].items()},
        code=item["code"],
        news_on=dt.date.fromisoformat(item["news_on"]) if item["news_on"] else None,
        revision=item["revision"],
    )


def _release_head_from(item: Mapping[str, Any]) -> ReleaseHead:
    return ReleaseHead(
        version=item["version"],
        live_from=from_millis(item["live_from"]),
        published=actor_from(item["published"]),
        approved=actor_from(item["approved"]) if item["approved"] else None,
        chunks=item["chunks"],
        title=item["title"],
        audience=Audience(item["audience"]),
        languages=tuple(map(Language, item["languages"])),
        prompts=item["prompts"],
        announce=item["announce"],
        note=item["note"],
        taken_back=actor_from(item["taken_back"]) if item["taken_back"] else None,
    )
