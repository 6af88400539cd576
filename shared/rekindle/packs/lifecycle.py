"""The life of a pack at the practice: drafts, releases, proposals and what is withdrawn, and when couples are told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rekindle.domain.codes import code_from
from rekindle.domain.models import Audience

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.models import Language, PackId, PromptId

NEWS_AUDIENCES: Final = (Audience.EVERYONE, Audience.CHOICE)
"""Who joins by a code has been told by the practice itself."""
FARTHEST_AHEAD: Final = dt.timezone(dt.timedelta(hours=14))
"""The clock on which a date begins first."""
NEWS_NOTICE: Final = dt.timedelta(hours=1)
LONGEST_SCHEDULE: Final = dt.timedelta(days=366)
CODE_LENGTH: Final = 8


class PackState(StrEnum):
    """Where a pack stands, by what a couple would notice first."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    SCHEDULED = "scheduled"
    LIVE = "live"
    WITHDRAWN = "withdrawn"


class StaffAction(StrEnum):
    """What staff can do; each leaves an audit row."""

    DRAFT_SAVED = "draft_saved"
    DRAFT_DISCARDED = "draft_discarded"
    PROPOSED = "proposed"
    PUBLISHED = "published"
    SCHEDULED = "scheduled"
    TAKEN_BACK = "taken_back"
    WITHDRAWN = "withdrawn"
    RESTORED = "restored"
    CODE_RENEWED = "code_renewed"
    HELP_CHANGED = "help_changed"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, and when. `name` is what colleagues know them by."""

    uid: str
    name: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class About:
    """What a list says of a pack."""

    title: str
    audience: Audience
    languages: tuple[Language, ...]
    prompts: int


@dataclass(frozen=True, slots=True)
class DraftHead:
    """A draft less its text, which lies in `chunks` rows. `base` is the release it began as, None for a new pack.

    `about` is what it said of the pack when it was last sound, None if it never was.
    """

    revision: int
    chunks: int
    saved: Actor
    base: int | None = None
    about: About | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one person wants published and another has to approve: the draft of this very revision."""

    revision: int
    proposed: Actor
    at: dt.datetime | None
    announce: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class ReleaseHead:
    """A published version, less its words. `chunks` rows hold its source. `taken_back` ends one before it is live."""

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
    """All that is known of a pack but its words. `revision` grows with each write and guards it.

    `drafts` and `versions` are the last numbers given. `withdrawn` says who took the pack from couples, which ended all
    versions up to `withdrawn_up_to`: one that is published after it plays. `news_on` is the date on which couples are
    told of the pack: there is one at most, ever.
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
    news_on: dt.date | None = None
    revision: int = 0

    @property
    def effective(self) -> tuple[ReleaseHead, ...]:
        """The releases that play from their instant on: neither called off nor withdrawn."""
        ended = self.withdrawn_up_to if self.withdrawn else 0
        return tuple(each for each in self.releases if not each.taken_back and each.version > ended)

    @property
    def latest(self) -> ReleaseHead | None:
        """The release that staff know the pack by: the last that was not called off, else the last."""
        kept = [each for each in self.releases if not each.taken_back] or self.releases
        return kept[-1] if kept else None

    def live(self, instant: dt.datetime) -> ReleaseHead | None:
        """The release that plays at the instant."""
        return max(
            (each for each in self.effective if each.live_from <= instant),
            key=lambda each: (each.live_from, each.version),
            default=None,
        )

    def scheduled(self, instant: dt.datetime) -> ReleaseHead | None:
        """The release that is to come."""
        return next((each for each in self.effective if each.live_from > instant), None)

    def withdrawn_at(self, instant: dt.datetime) -> Actor | None:
        """Who withdrew the pack, if nothing of it plays at the instant for that reason."""
        return None if self.live(instant) else self.withdrawn

    def release(self, version: int) -> ReleaseHead | None:
        """The release of that version."""
        return next((each for each in self.releases if each.version == version), None)

    def state(self, instant: dt.datetime) -> PackState:
        """Where the pack stands at the instant."""
        if self.withdrawn_at(instant):
            return PackState.WITHDRAWN
        if self.proposal:
            return PackState.PROPOSED
        if self.scheduled(instant):
            return PackState.SCHEDULED
        return PackState.LIVE if self.live(instant) else PackState.DRAFT

    def is_known(self) -> bool:
        """Whether there is anything of the pack."""
        return bool(self.draft or self.releases)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One action of staff, as it is kept for good; never with a word of what was written."""

    done: Actor
    action: StaffAction
    pack: PackId | None = None
    version: int | None = None
    prompt: PromptId | None = None
    note: str | None = None


def news_date(live_from: dt.datetime) -> dt.date:
    """The date at whose prompt time couples are told of what is live from an instant on.

    It is the first that begins nowhere before that, with an hour's notice for whoever keeps the dates in mind. Told by
    the date, a person is told once, however they move between zones and times that day.
    """
    return (live_from + NEWS_NOTICE).astimezone(FARTHEST_AHEAD).date() + dt.timedelta(days=1)


def practice_code(entropy: bytes) -> str:
    """The code with which couples join a pack, of 8 symbols; raises ValueError for fewer than 16 bytes."""
    return code_from(entropy, CODE_LENGTH)


def displayed_practice_code(code: str) -> str:
    """The code as people read it, in two groups of four."""
    half = CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"
