"""What an export says: a page of it as JSON, and what a person asks for it with."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rekindle.domain.models import Barrier, PromptKind, ReflectionKind, Theme

FORMAT = "rekindle-export/1"


class ExportBody(BaseModel):
    """Which page of the export: the first with `next` null or without a body, then the `next` of the page before."""

    model_config = ConfigDict(extra="forbid")

    next: Annotated[str, StringConstraints(max_length=64)] | None = None


class EntryKind(StrEnum):
    """Where it was written: on a day of a couple, or alone."""

    DAY = "day"
    ALONE = "alone"


class ExportedProfileView(BaseModel):
    """The person's profile, as they wrote it."""

    display_name: str
    zone: str
    language: str
    depth: int
    touch_comfort: int
    barriers: list[Barrier]
    streak_hidden: bool


class ExportedCoupleView(BaseModel):
    """A couple that the person is or was in, by its number among their own, from date to date; `until` null: it stands.

    `included` false says that what they wrote there is not in the export, or from here on not in it: it could be
    exported until 30 days after the couple ended, and nobody can read it any more.
    """

    couple: int
    since: dt.date | None
    until: dt.date | None
    included: bool


class ExportedPromptView(BaseModel):
    """A prompt, in the person's language or in its pack's own."""

    id: str
    theme: Theme
    kind: PromptKind
    text: str


class ExportedAnswerView(BaseModel):
    """What the person answered; `text` is null if they checked the day off without words."""

    text: str | None
    at: dt.datetime
    share_first: bool


class ExportedReflectionView(BaseModel):
    """What the person left beside their partner's answer; `text` is null with any kind but `heard`."""

    kind: ReflectionKind
    text: str | None
    at: dt.datetime


class ExportedPartnerReflectionView(BaseModel):
    """What the partner left beside the person's answer."""

    kind: ReflectionKind
    text: str | None


class ExportedPartnerView(BaseModel):
    """What the partner answered, as it is open to the person, and what they left beside the person's own answer."""

    text: str | None
    reflection: ExportedPartnerReflectionView | None


class ExportedEntryView(BaseModel):
    """What there is of one date. `couple` is a number of the list `couples`, null where `kind` is `alone`.

    `partner` is null unless the couple stands and the partner's answer is open to the person: nothing here tells an
    answer that is sealed from one that was never given.
    """

    kind: EntryKind
    date: dt.date
    couple: int | None
    prompt: ExportedPromptView
    answer: ExportedAnswerView | None
    reflection: ExportedReflectionView | None
    partner: ExportedPartnerView | None


class ExportView(BaseModel):
    """A page of what a person wrote: first alone, then in each couple they were in, in the order of the dates.

    `couples` are those that this page has come to; one that spans two pages is in both. A page may have no entries and
    a next one all the same; at the end `next` is null.
    """

    format: Literal["rekindle-export/1"] = Field(description="How to read this; another number, should it change.")
    exported_at: dt.datetime
    profile: ExportedProfileView
    couples: list[ExportedCoupleView]
    entries: list[ExportedEntryView]
    next: str | None
