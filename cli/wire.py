"""What the practice's API answers, as far as this program reads it; what else comes along is left alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

type Count = int | None
"""A count of couples; None where there are too few to be counted."""


class Wire(BaseModel):
    """An answer's part."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Actor(Wire):
    """Who did something, and when."""

    name: str
    at: AwareDatetime


class Finding(Wire):
    """One thing to mend, or with `advice` to think about."""

    line: int
    prompt: str | None
    field: str
    reason: str
    advice: bool


class Scheduled(Wire):
    """The version that is to come."""

    version: int
    at: AwareDatetime


class Proposal(Wire):
    """What waits for a second person."""

    revision: int
    proposed: Actor
    mine: bool
    at: AwareDatetime | None
    announce: bool
    note: str | None


class PackSummary(Wire):
    """A pack at a glance."""

    id: str
    title: str
    state: str
    audience: str
    languages: list[str]
    prompts: int
    live_version: int | None
    scheduled: Scheduled | None
    proposal: Proposal | None
    draft_saved: Actor | None
    published: Actor | None
    withdrawn: Actor | None
    withdrawn_prompts: list[str]
    code: str | None
    news_on: dt.date | None


class Packs(Wire):
    """All packs."""

    packs: list[PackSummary]
    review_required: bool


class DraftHead(Wire):
    """A draft without its text."""

    revision: int
    saved: Actor
    base_version: int | None


class Release(Wire):
    """A published version."""

    version: int
    live_from: AwareDatetime
    published: Actor
    approved: Actor | None
    title: str
    audience: str
    languages: list[str]
    prompts: int
    announce: bool
    note: str | None
    taken_back: Actor | None


class ReleaseSource(Release):
    """A published version with its text."""

    source: str


class PackDetail(PackSummary):
    """A pack with its draft and all its versions, latest first."""

    draft: DraftHead | None
    releases: list[Release]

    @property
    def latest(self) -> int:
        """The latest version that was published, 0 if none was."""
        return self.releases[0].version if self.releases else 0

    @property
    def revision(self) -> int:
        """The draft's, 0 without one."""
        return self.draft.revision if self.draft else 0


class Draft(Wire):
    """A draft's text; without a draft the latest version's, as revision 0."""

    source: str
    revision: int
    saved: Actor | None
    base_version: int | None
    findings: list[Finding]


class Checked(Wire):
    """What there is to mend in a text, and to think about."""

    findings: list[Finding]


class Saved(Wire):
    """The draft that is kept now."""

    revision: int
    saved: Actor
    findings: list[Finding]
    unchanged: bool


class Published(Wire):
    """What became of a draft that was to be published."""

    outcome: str
    pack: PackDetail


class AuditEntry(Wire):
    """One action of staff."""

    at: AwareDatetime
    who: str
    action: str
    pack: str | None = None
    version: int | None = None
    prompt: str | None = None
    note: str | None = None


class AuditPage(Wire):
    """Deeds, latest first; `before` asks for the next page."""

    entries: list[AuditEntry]
    before: str | None


class ActiveDay(Wire):
    """How many couples took part on a date."""

    date: dt.date
    active: Count = None


class Week(Wire):
    """A week that is over, by its Monday."""

    week: dt.date
    active: Count = None
    active_28: Count = None
    themes: dict[str, dict[str, Count]] = Field(default_factory=dict)
    packs: dict[str, dict[str, Count]] = Field(default_factory=dict)
    streaks: dict[str, Count] = Field(default_factory=dict)
    reach: dict[str, dict[str, Count]] = Field(default_factory=dict)


class Statistics(Wire):
    """Numbers over couples: days oldest first, weeks latest first."""

    as_of: dt.date | None = None
    through: dt.date | None = None
    days: list[ActiveDay] = Field(default_factory=list)
    weeks: list[Week] = Field(default_factory=list)
    prompts: dict[str, dict[str, dict[str, Count]]] = Field(default_factory=dict)


class Help(Wire):
    """What couples are told of help: the practice's booking, and lines to call in a crisis."""

    model_config = ConfigDict(frozen=True, extra="allow")

    booking: dict[str, Any] | None = None
    lines: list[dict[str, Any]] = Field(default_factory=list)
    revision: int = 0
