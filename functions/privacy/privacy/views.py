"""Define the JSON of an export request, and of the page that it returns."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from rekindle.api.examples import PROFILE, body_config, view_config
from rekindle.domain.days import ReflectionKind
from rekindle.domain.persons import Barrier
from rekindle.domain.prompts import PromptKind, Theme

FORMAT = "rekindle-export/1"


class ExportBody(BaseModel):
    """The page to export. First send no body or a null `next`. For each later page, send the previous page's `next`."""

    model_config = body_config({"next": None}, {"next": "AAEAC0iV0Jq3vJd1b2Zr8mXk"})

    next: Annotated[str, StringConstraints(max_length=64)] | None = None


class EntryKind(StrEnum):
    """The kind of an entry: a day of a couple, or a solo day."""

    DAY = "day"
    ALONE = "alone"


class ExportedProfileView(BaseModel):
    """The person's profile."""

    display_name: str
    zone: str
    language: str
    depth: int
    touch_comfort: int
    barriers: Annotated[list[Barrier], BeforeValidator(sorted)]
    streak_hidden: bool


class ExportedCoupleView(BaseModel):
    """A couple that the person is or was in.

    `couple` is the couple's number: 1 for the person's first couple. `until` is null while the couple lasts.

    If `included` is false, the couple ended at least 30 days ago. The export has no texts of this couple, because
    nobody can read them any more.
    """

    couple: int
    since: dt.date | None
    until: dt.date | None
    included: bool


_PROMPT = {
    "id": "starter/window-seat",
    "theme": "spark",
    "kind": "question",
    "text": "What is a small thing your partner did early on that you still smile about?",
}


class ExportedPromptView(BaseModel):
    """A prompt, in the person's language, or else in its pack's default language."""

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
    """The person's reflection on their partner's answer. `text` is set only if `kind` is `heard`."""

    kind: ReflectionKind
    text: str | None
    at: dt.datetime


class ExportedPartnerReflectionView(BaseModel):
    """The partner's reflection on the person's answer."""

    kind: ReflectionKind
    text: str | None


class ExportedPartnerView(BaseModel):
    """The partner's opened answer, and the partner's reflection or null. `text` is null if the answer has no text."""

    text: str | None
    reflection: ExportedPartnerReflectionView | None


class ExportedEntryView(BaseModel):
    """The answers and reflections of one date. `couple` is a couple's number, or null if `kind` is `alone`.

    `answer` is null if only the partner has answered, and shared first. `partner` is set only while the couple is
    together and the partner's answer is open. A null `partner` does not show whether the partner has answered.
    """

    kind: EntryKind
    date: dt.date
    couple: int | None
    prompt: ExportedPromptView
    answer: ExportedAnswerView | None
    reflection: ExportedReflectionView | None
    partner: ExportedPartnerView | None


class ExportView(BaseModel):
    """A page of what a person wrote. Solo days come first, then the days of each couple. Each part is sorted by date.

    `couples` has the couples of this page, even a couple without entries. A couple with days on two pages is on both
    pages. A page may have no entries although another page follows. On the last page, `next` is null.

    `progress` is for a progress bar: the part of the export that has been read with this page. It is 1 on the last
    page. It may fall a little if the person pairs or unpairs between two pages.
    """

    model_config = view_config(
        {
            "format": "rekindle-export/1",
            "exported_at": "2026-03-05T15:00:00Z",
            "profile": PROFILE,
            "couples": [{"couple": 1, "since": "2026-03-01", "until": None, "included": True}],
            "entries": [
                {
                    "kind": "alone",
                    "date": "2026-02-23",
                    "couple": None,
                    "prompt": _PROMPT,
                    "answer": {"text": "The window seat.", "at": "2026-02-23T20:15:00Z", "share_first": False},
                    "reflection": None,
                    "partner": None,
                },
                {
                    "kind": "day",
                    "date": "2026-03-02",
                    "couple": 1,
                    "prompt": _PROMPT,
                    "answer": {
                        "text": "You saved me the window seat.",
                        "at": "2026-03-02T15:00:00Z",
                        "share_first": False,
                    },
                    "reflection": {
                        "kind": "heard",
                        "text": "That my humming makes the kitchen feel like home.",
                        "at": "2026-03-02T19:30:00Z",
                    },
                    "partner": {
                        "text": "The way you hum when you cook.",
                        "reflection": {"kind": "thank_you", "text": None},
                    },
                },
            ],
            "next": None,
            "progress": 1.0,
        },
        {
            "format": "rekindle-export/1",
            "exported_at": "2026-05-01T15:00:00Z",
            "profile": PROFILE,
            "couples": [{"couple": 1, "since": "2026-03-01", "until": "2026-03-20", "included": False}],
            "entries": [],
            "next": "AAEAC0iV0Jq3vJd1b2Zr8mXk",
            "progress": 0.75,
        },
    )

    format: Literal["rekindle-export/1"] = Field(description="The format's name. A new format gets another number.")
    exported_at: dt.datetime
    profile: ExportedProfileView
    couples: list[ExportedCoupleView]
    entries: list[ExportedEntryView]
    next: str | None
    progress: Annotated[float, Field(ge=0, le=1)]
