"""Define a pack's lifecycle: its drafts, proposals, releases, withdrawals, and the date of its news."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from rekindle.domain.help import Help
from rekindle.domain.ids import Language, PackId, PromptId
from rekindle.domain.prompts import Audience

NEWS_AUDIENCES: Final = (Audience.EVERYONE, Audience.CHOICE)
"""A push announces packs for these audiences. The practice itself tells couples about a pack with a code."""
FARTHEST_AHEAD: Final = dt.timezone(dt.timedelta(hours=14))
"""The zone in which each date begins first."""
NEWS_NOTICE: Final = dt.timedelta(hours=1)
LONGEST_SCHEDULE: Final = dt.timedelta(days=366)
RELEASES_IN_HEAD: Final = 30
"""A pack's head lists its latest releases, at most this many. With the largest notes they take about 130 KB."""
MOVED_AT_ONCE: Final = 20
"""So many releases leave the head in one transaction. A head of version 0.1.0 may list hundreds."""
MOST_WITHDRAWN_PROMPTS: Final = 400
"""A pack has at most this many withdrawn prompts, so that its head fits into a row of the table (400 KB)."""
CODE_LENGTH: Final = 8
"""Number of symbols in the code with which couples join a pack."""


class PackState(StrEnum):
    """A pack's state. If several apply, the first of these counts: withdrawn, proposed, scheduled, live, draft."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    SCHEDULED = "scheduled"
    LIVE = "live"
    WITHDRAWN = "withdrawn"


class StaffAction(StrEnum):
    """An action of staff. Each action is recorded in the audit."""

    DRAFT_SAVED = "draft_saved"
    DRAFT_DISCARDED = "draft_discarded"
    PROPOSED = "proposed"
    PUBLISHED = "published"
    SCHEDULED = "scheduled"
    TAKEN_BACK = "taken_back"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"
    CODE_RENEWED = "code_renewed"
    HELP_PROPOSED = "help_proposed"
    HELP_CHANGED = "help_changed"
    HELP_REJECTED = "help_rejected"
    RIGHTS_GRANTED = "rights_granted"
    RIGHTS_REVOKED = "rights_revoked"
    SIGNED_OUT = "signed_out"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, and when. `name` comes from `name_of`."""

    uid: str
    name: str
    at: dt.datetime


def name_of(claims: Mapping[str, Any]) -> str:
    """Return the name of a member of staff from the claims of their ID token: the verified email address, or the uid.

    An unverified address is not used, because it may belong to a colleague.
    """
    is_verified = str(claims.get("email_verified")).lower() == "true"
    return str((claims.get("email") if is_verified else None) or claims.get("sub", ""))


@dataclass(frozen=True, slots=True)
class About:
    """A pack's summary, as lists show it."""

    title: str
    audience: Audience
    languages: tuple[Language, ...]
    prompts: int


@dataclass(frozen=True, slots=True)
class DraftHead:
    """A draft without its text. `chunks` is the number of rows in which the text is stored.

    `base` is the version from which the draft began, or None for a new pack. `about` is the pack's summary in the last
    revision without errors, or None if every revision had errors.
    """

    revision: int
    chunks: int
    saved: Actor
    base: int | None = None
    about: About | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draft's revision that one person wants to publish and another person must approve."""

    revision: int
    proposed: Actor
    at: dt.datetime | None
    announce: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class ReleaseHead:
    """A published version without its words. `chunks` is the number of rows in which its source is stored.

    `taken_back` says who canceled the version before it went live.
    """

    version: int
    live_from: dt.datetime
    published: Actor
    approved: Actor | None
    chunks: int
    title: str
    audience: Audience
    languages: tuple[Language, ...]
    prompts: int
    announce: bool
    note: str | None
    taken_back: Actor | None = None


@dataclass(frozen=True, slots=True)
class PackHead:
    """Everything about a pack except its words.

    `drafts` is the highest revision of any draft so far. `versions` is the highest version of any release. `withdrawn`
    says who withdrew the pack. The withdrawal ended all versions up to `withdrawn_up_to`. Later versions can go live.
    `expected_couples` is how many couples the practice expects to use the code, by the latest release. `news_on` is the
    only date on which pushes announce the pack. `releases` has the latest releases, and the live one.
    Older releases have left the head. Each write adds one to `revision`. A write fails if `revision` has changed since
    the read.
    """

    id: PackId
    drafts: int = 0
    versions: int = 0
    draft: DraftHead | None = None
    proposal: Proposal | None = None
    releases: tuple[ReleaseHead, ...] = ()
    withdrawn: Actor | None = None
    withdrawn_up_to: int = 0
    withdrawn_prompts: Mapping[PromptId, Actor] = field(default_factory=dict)
    code: str | None = None
    expected_couples: int | None = None
    news_on: dt.date | None = None
    revision: int = 0

    @property
    def effective(self) -> tuple[ReleaseHead, ...]:
        """The releases that are neither taken back nor ended by a withdrawal. They include scheduled releases."""
        ended = self.withdrawn_up_to if self.withdrawn else 0
        return tuple(each for each in self.releases if not each.taken_back and each.version > ended)

    @property
    def latest(self) -> ReleaseHead | None:
        """The last release that was not taken back. If all releases were taken back, the last release."""
        kept = [each for each in self.releases if not each.taken_back] or self.releases
        return kept[-1] if kept else None

    @property
    def has_been_by_code(self) -> bool:
        """Return whether couples can join the pack by a code, or could do so in an earlier version.

        A pack gets a code with its first release for couples with a code, and always has one from then on.
        """
        return self.code is not None

    def live(self, instant: dt.datetime) -> ReleaseHead | None:
        """Return the release that is live at the instant, or None."""
        return max(
            (each for each in self.effective if each.live_from <= instant),
            key=lambda each: (each.live_from, each.version),
            default=None,
        )

    def scheduled(self, instant: dt.datetime) -> ReleaseHead | None:
        """Return the first release that goes live after the instant, or None."""
        return next((each for each in self.effective if each.live_from > instant), None)

    def withdrawn_at(self, instant: dt.datetime) -> Actor | None:
        """Return who withdrew the pack. Return None if nobody did, or if a release is live at the instant."""
        return None if self.live(instant) else self.withdrawn

    def release(self, version: int) -> ReleaseHead | None:
        """Return the release with this version number, or None."""
        return next((each for each in self.releases if each.version == version), None)

    def without_old_releases(self, instant: dt.datetime) -> tuple[PackHead, tuple[ReleaseHead, ...]]:
        """Return the head with at most RELEASES_IN_HEAD releases, and the older releases that leave the head.

        The live release stays. In a withdrawn pack, the release stays that a restoration would bring back.
        """
        playing = replace(self, withdrawn=None).live(instant)
        surplus = min(len(self.releases) - RELEASES_IN_HEAD, MOVED_AT_ONCE)
        leaving = tuple(each for each in self.releases if each is not playing)[: max(0, surplus)]
        return replace(self, releases=tuple(each for each in self.releases if each not in leaving)), leaving

    def state(self, instant: dt.datetime) -> PackState:
        """Return the pack's state at the instant."""
        if self.withdrawn_at(instant):
            return PackState.WITHDRAWN
        if self.proposal:
            return PackState.PROPOSED
        if self.scheduled(instant):
            return PackState.SCHEDULED
        return PackState.LIVE if self.live(instant) else PackState.DRAFT

    def is_known(self) -> bool:
        """Return whether the pack has a draft or a release."""
        return bool(self.draft or self.releases)


@dataclass(frozen=True, slots=True)
class HelpProposal:
    """A help document that one person wants couples to see, and that another person must approve.

    `id` counts up. `replaces` is the revision of the help that the proposal would replace.
    """

    id: int
    proposed: Actor
    offered: Help
    replaces: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One action of staff. The audit keeps it for ten years, without the texts of a pack.

    `account` is the name of the account whose rights were granted or revoked. `scope` has the rights that the account
    has since then.
    """

    done: Actor
    action: StaffAction
    pack: PackId | None = None
    version: int | None = None
    prompt: PromptId | None = None
    note: str | None = None
    account: str | None = None
    scope: str | None = None


def news_date(live_from: dt.datetime) -> dt.date:
    """Return the date of the news about a pack that goes live at `live_from`.

    In every zone, this date begins at least an hour (NEWS_NOTICE) after `live_from`. Each process of `delivery` keeps
    the dates of news in memory, and reads them again within this hour. All persons get the news on the same local date.
    So nobody gets the news twice if their zone or prompt time changes.
    """
    return (live_from + NEWS_NOTICE).astimezone(FARTHEST_AHEAD).date() + dt.timedelta(days=1)
