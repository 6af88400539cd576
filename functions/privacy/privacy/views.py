"""The JSON of an export's page, and the request for it."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rekindle.domain.days import ReflectionKind
from rekindle.domain.persons import Barrier
from rekindle.domain.prompts import PromptKind, Theme

FORMAT = "rekindle-export/1"


class ExportBody(BaseModel):
    """The page to export: the first if `next` is null or there is no body, then the `next` of the page before."""

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
    """A couple that the person is or was in, by its number among their own. `until` is null while it lasts.

    `included` false means that the export does not contain what they wrote there, or no longer does. It could be
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
    """The person's answer. `text` is null if they checked the day off without a text."""

    text: str | None
    at: dt.datetime
    share_first: bool


class ExportedReflectionView(BaseModel):
    """The person's reflection on their partner's answer. `text` is null with any kind but `heard`."""

    kind: ReflectionKind
    text: str | None
    at: dt.datetime


class ExportedPartnerReflectionView(BaseModel):
    """The partner's reflection on the person's answer."""

    kind: ReflectionKind
    text: str | None


class ExportedPartnerView(BaseModel):
    """The partner's answer as the person may read it, and the partner's reflection."""

    text: str | None
    reflection: ExportedPartnerReflectionView | None


class ExportedEntryView(BaseModel):
    """One date. `couple` is a number of the list `couples`, null where `kind` is `alone`.

    `partner` is null unless the couple is together and the partner's answer is open to the person. So a sealed answer
    looks like one that was never given.
    """

    kind: EntryKind
    date: dt.date
    couple: int | None
    prompt: ExportedPromptView
    answer: ExportedAnswerView | None
    reflection: ExportedReflectionView | None
    partner: ExportedPartnerView | None


class ExportView(BaseModel):
    """A page of what a person wrote: first alone, then in each of their couples, by date.

    `couples` are those that this page has reached; one that spans two pages is in both. A page may have no entries
    although there is a next one. At the end `next` is null.
    """

    format: Literal["rekindle-export/1"] = Field(description="The format's name. A new format gets another number.")
    exported_at: dt.datetime
    profile: ExportedProfileView
    couples: list[ExportedCoupleView]
    entries: list[ExportedEntryView]
    next: str | None
