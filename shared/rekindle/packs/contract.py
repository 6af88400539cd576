"""Define the bodies that staff send to the practice's API, and the views that they get.

The function practice_api answers with these models, and the command line reads them. The examples go into the OpenAPI
document of the practice. Nothing here depends on AWS.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticUndefined

from rekindle.domain.help import Booking, Help, HelpLine, too_large
from rekindle.domain.prompts import Audience, PromptKind, Theme
from rekindle.domain.texts import VISIBLE
from rekindle.packs.document import SLUG
from rekindle.packs.lifecycle import PackState, StaffAction
from rekindle.packs.notices import NoticeKind
from rekindle.packs.yaml_reader import SOURCE_LIMIT

LONGEST_ID: Final = 48
LONGEST_NOTE: Final = 500
CURSOR: Final = r"^[0-9]{13}-[0-9a-f]{12}$"
"""The pattern of the ids of audit entries and notices. A later one has a greater id."""

Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=LONGEST_ID)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NOTE, strip_whitespace=True), VISIBLE]
Source = Annotated[
    str, Field(description="The pack as YAML or JSON, exactly as it was typed.", max_length=SOURCE_LIMIT)
]
Revision = Annotated[
    int, Field(ge=0, strict=True, description="The revision of the draft that the caller read; 0 if there was none.")
]
Couples = Annotated[
    int | None, Field(ge=10, multiple_of=10, description="Number of couples, rounded down to tens; null if under ten.")
]

_RUTH: Final = {"name": "ruth@practice.example", "at": "2026-03-02T12:00:00Z"}
_SOURCE: Final = "id: river\ndefault_language: en\nlanguages: [en]\n"


def _view(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": list(examples)}) if examples else ConfigDict()


def _body(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": list(examples)})


def _example(model: type[BaseModel]) -> dict[str, Any]:
    """Return the first example of a model, as a part of another model's example."""
    extra: Any = model.model_config["json_schema_extra"]
    example: dict[str, Any] = extra["examples"][0]
    return example


class ActorView(BaseModel):
    """Who did something, and when. `name` is the person's verified email address, or else the uid."""

    model_config = _view(_RUTH)

    name: str
    at: AwareDatetime


class ScheduledView(BaseModel):
    """The published version that is not live yet, and when it goes live."""

    model_config = _view({"version": 3, "at": "2026-03-09T06:00:00Z"})

    version: int
    at: AwareDatetime


class ProposalView(BaseModel):
    """A draft that a second person must approve. `mine` says whether the caller proposed it.

    After the approval, the draft goes live at the instant `at`, or at once if `at` is null or has passed.
    """

    model_config = _view({"revision": 7, "proposed": _RUTH, "mine": False, "at": None, "announce": True, "note": None})

    revision: int
    proposed: ActorView
    mine: bool
    at: AwareDatetime | None
    announce: bool
    note: str | None


class PackSummary(BaseModel):
    """A pack's summary. `news_on` is the date on which a push announces the pack, or null."""

    model_config = _view(
        {
            "id": "river",
            "title": "River",
            "state": "live",
            "audience": "everyone",
            "languages": ["en", "es"],
            "prompts": 84,
            "live_version": 2,
            "scheduled": None,
            "proposal": None,
            "draft_saved": _RUTH,
            "published": _RUTH,
            "withdrawn": None,
            "withdrawn_prompts": ["rain"],
            "code": None,
            "news_on": "2026-03-04",
        }
    )

    id: str
    title: str
    state: PackState
    audience: Audience
    languages: list[str]
    prompts: int
    live_version: int | None
    scheduled: ScheduledView | None
    proposal: ProposalView | None
    draft_saved: ActorView | None
    published: ActorView | None
    withdrawn: ActorView | None
    withdrawn_prompts: list[str]
    code: str | None
    news_on: dt.date | None


class PacksView(BaseModel):
    """All packs, and whether a second person has to approve each version."""

    model_config = _view({"packs": [_example(PackSummary)], "review_required": False})

    packs: list[PackSummary]
    review_required: bool


class DraftHeadView(BaseModel):
    """A draft without its text. Requests to save, publish or discard the draft must name its `revision`."""

    model_config = _view({"revision": 7, "saved": _RUTH, "base_version": 2})

    revision: int
    saved: ActorView
    base_version: int | None


class ReleaseView(BaseModel):
    """A published version. `taken_back` says who canceled the version before it went live."""

    model_config = _view(
        {
            "version": 2,
            "live_from": "2026-03-02T12:00:00Z",
            "published": _RUTH,
            "approved": None,
            "title": "River",
            "audience": "everyone",
            "languages": ["en", "es"],
            "prompts": 84,
            "announce": True,
            "note": "Two prompts for the winter.",
            "taken_back": None,
        }
    )

    version: int
    live_from: AwareDatetime
    published: ActorView
    approved: ActorView | None
    title: str
    audience: Audience
    languages: list[str]
    prompts: int
    announce: bool
    note: str | None
    taken_back: ActorView | None


class PublishedSourceView(ReleaseView):
    """A published version with its text, as it was typed."""

    model_config = _view(_example(ReleaseView) | {"source": _SOURCE})

    source: str


class PackDetail(PackSummary):
    """A pack with its draft and all its versions, latest first."""

    model_config = _view(
        _example(PackSummary) | {"draft": _example(DraftHeadView), "releases": [_example(ReleaseView)]}
    )

    draft: DraftHeadView | None
    releases: list[ReleaseView]

    @property
    def latest(self) -> int:
        """The number of the latest published version; 0 if there is none."""
        return self.releases[0].version if self.releases else 0

    @property
    def revision(self) -> int:
        """The draft's revision; 0 without a draft."""
        return self.draft.revision if self.draft else 0


class FindingView(BaseModel):
    """An error, which blocks publishing, or advice if `advice` is true. `line` counts from 1."""

    model_config = _view(
        {"line": 12, "prompt": "rain", "field": "depth", "reason": "must be 3 or less, not “4”", "advice": False}
    )

    line: int
    prompt: str | None
    field: str
    reason: str
    advice: bool


class PackWordsView(BaseModel):
    """A pack's words in one language, as couples read them."""

    title: str
    written_for: str


class PromptWordsView(BaseModel):
    """A prompt's words in one language, as couples read them."""

    text: str
    why: str
    hint: str | None


class PreviewPromptView(BaseModel):
    """A prompt with its words by language."""

    id: str
    theme: Theme
    kind: PromptKind
    depth: int
    comfort: int
    words: dict[str, PromptWordsView]


class PreviewView(BaseModel):
    """A pack as couples see it after publication."""

    model_config = _view(
        {
            "id": "river",
            "audience": "everyone",
            "default_language": "en",
            "languages": ["en"],
            "words": {"en": {"title": "River", "written_for": "Couples by the river."}},
            "prompts": [
                {
                    "id": "rain",
                    "theme": "openness",
                    "kind": "question",
                    "depth": 1,
                    "comfort": 0,
                    "words": {
                        "en": {
                            "text": "What did rain sound like today?",
                            "why": "Small sounds carry a day.",
                            "hint": None,
                        }
                    },
                }
            ],
        }
    )

    id: str
    audience: Audience
    default_language: str
    languages: list[str]
    words: dict[str, PackWordsView]
    prompts: list[PreviewPromptView]


class DraftBody(BaseModel):
    """A draft to save. It replaces the revision of the draft that the caller read."""

    model_config = _body({"source": _SOURCE, "revision": 6})

    source: Source
    revision: Revision


class DraftView(BaseModel):
    """A draft's text with its findings. Without a draft, `source` is the latest version's text, and `revision` is 0."""

    model_config = _view(
        {"source": _SOURCE, "revision": 7, "saved": _RUTH, "base_version": 2, "findings": [_example(FindingView)]}
    )

    source: str
    revision: int
    saved: ActorView | None
    base_version: int | None
    findings: list[FindingView]


class SavedView(BaseModel):
    """The saved draft. `unchanged` is true if the draft already had this text."""

    model_config = _view({"revision": 7, "saved": _RUTH, "findings": [_example(FindingView)], "unchanged": False})

    revision: int
    saved: ActorView
    findings: list[FindingView]
    unchanged: bool


class CheckBody(BaseModel):
    """A text to check. `pack_id` is the pack for which the text is meant."""

    model_config = _body({"source": _SOURCE, "pack_id": "river"})

    source: Source
    pack_id: Slug | None = None


class CheckedView(BaseModel):
    """The findings, and a preview. `preview` is null if the text cannot be read or breaks a rule for packs."""

    model_config = _view(
        {"findings": [_example(FindingView)], "preview": None}, {"findings": [], "preview": _example(PreviewView)}
    )

    findings: list[FindingView]
    preview: PreviewView | None


class PublishBody(BaseModel):
    """A request to publish a draft: at the instant `at`, or at once if `at` is null."""

    model_config = _body(
        {"revision": 7},
        {"revision": 7, "at": "2026-03-09T06:00:00Z", "announce": True, "note": "Two prompts for the winter."},
    )

    revision: Revision
    at: AwareDatetime | None = None
    announce: Annotated[
        bool,
        Field(strict=True, description="Notify couples that there is something new. A pack is announced only once."),
    ] = True
    note: Note | None = Field(None, description="For colleagues: what is new in this version.")


class ApproveBody(BaseModel):
    """The revision of the draft to approve."""

    model_config = _body({"revision": 7})

    revision: Revision


class TakeBackBody(BaseModel):
    """The reason for taking a version or a proposal back. Only colleagues see the reason."""

    model_config = _body({"note": "The second one is too sharp."})

    note: Note | None = None


class Outcome(StrEnum):
    """The result of publishing a draft."""

    LIVE = "live"
    SCHEDULED = "scheduled"
    PROPOSED = "proposed"
    UNCHANGED = "unchanged"


class PublishedView(BaseModel):
    """The outcome, and the pack after the request. `unchanged` means that the live version equals the draft."""

    model_config = _view({"outcome": "live", "pack": _example(PackDetail)})

    outcome: Outcome
    pack: PackDetail


class WithdrawBody(BaseModel):
    """The prompt to withdraw, or null to withdraw the whole pack. Only colleagues see the reason."""

    model_config = _body({"prompt": "rain", "reason": "It landed badly."}, {"reason": "The course is over."})

    prompt: Slug | None = None
    reason: Note | None = Field(None, description="Only colleagues see it, in the audit.")


class RestoreBody(BaseModel):
    """The withdrawn prompt to give back to couples, or null to give back the whole pack."""

    model_config = _body({"prompt": "rain"}, {})

    prompt: Slug | None = None


def _whole[Model: BaseModel](model: type[Model]) -> type[Model]:
    """Make every field of a model required, since a PUT must send all of them. Return the model."""
    for field in model.model_fields.values():
        field.default, field.default_factory = PydanticUndefined, None
    model.model_rebuild(force=True)
    return model


@_whole
class WholeHelpLine(HelpLine):
    """Somebody to contact by phone, text message or web. At least one of `phone`, `text` and `url` is not null."""

    model_config = _view(
        {
            "country": "IE",
            "name": {"en": "Samaritans"},
            "phone": "116 123",
            "text": None,
            "url": None,
            "languages": ["en"],
            "hours": "24/7",
            "note": {},
        }
    )


HelpLines = Annotated[tuple[WholeHelpLine, ...], Field(max_length=400)]
HelpRevision = Annotated[
    int, Field(ge=0, strict=True, description="The revision of the help; 0 if no help has been set yet.")
]
_HELP: Final = {
    "booking": {"url": "https://practice.example/book", "words": {"en": "Book a talk with us"}},
    "lines": [_example(WholeHelpLine)],
}


@_whole
class HelpBody(Help):
    """The help that couples shall see. A colleague must approve it. `revision` is that of the help that it replaces."""

    model_config = _body(_HELP | {"revision": 4})

    lines: HelpLines
    revision: HelpRevision

    @model_validator(mode="after")
    def _fits_into_a_row(self) -> Self:
        if reason := too_large(self):
            raise ValueError(reason)
        return self


class HelpProposalView(BaseModel):
    """A help document that a colleague must approve. `mine` says whether the caller proposed it.

    `revision` is the revision of the help that it replaces. If the help has another revision now, nobody can approve
    the proposal any more.
    """

    model_config = _view({"id": 7, "by": _RUTH["name"], "at": _RUTH["at"], "mine": False, **_HELP, "revision": 4})

    id: int
    by: str
    at: AwareDatetime
    mine: bool
    booking: Booking | None
    lines: HelpLines
    revision: HelpRevision


class HelpView(BaseModel):
    """The help that couples see, with its revision, and the proposal that waits for a colleague's approval."""

    model_config = _view(_HELP | {"revision": 4, "proposal": _example(HelpProposalView)})

    booking: Booking | None
    lines: HelpLines
    revision: HelpRevision
    proposal: HelpProposalView | None


ProposalId = Annotated[int, Field(ge=1, strict=True, description="The id of the proposal that the caller read.")]


class HelpApproveBody(BaseModel):
    """The proposal to approve."""

    model_config = _body({"proposal": 7})

    proposal: ProposalId


class HelpRejectBody(BaseModel):
    """The proposal to reject, or to take back if it is the caller's own. Only colleagues see the reason."""

    model_config = _body({"proposal": 7, "note": "The number is wrong."})

    proposal: ProposalId
    note: Note | None = None


class NoticeView(BaseModel):
    """Something that all staff should know. `unread` says whether the caller has not marked it as read yet.

    `who` is null if nobody of the staff did it. `account` and `scope` say whose rights are what since then. `pack` and
    `couples` say which pack's code how many couples have used.
    """

    model_config = _view(
        {
            "id": "1772452800000-5f2b1c9d0e7a",
            "at": "2026-03-02T12:00:00Z",
            "kind": "help-proposed",
            "who": "ruth@practice.example",
            "note": None,
            "account": None,
            "scope": None,
            "pack": None,
            "couples": None,
            "unread": True,
        }
    )

    id: str
    at: AwareDatetime
    kind: NoticeKind
    who: str | None
    note: str | None
    account: str | None
    scope: str | None
    pack: str | None
    couples: int | None
    unread: bool


class NoticesView(BaseModel):
    """Notices, latest first. Send `before` to get the next page. On the last page, `before` is null."""

    model_config = _view({"notices": [_example(NoticeView)], "unread": 1, "before": None})

    notices: list[NoticeView]
    unread: Annotated[int, Field(description="The number of unread notices; 100 means a hundred or more.")]
    before: str | None


class ReadNoticesBody(BaseModel):
    """The latest notice that the caller has read. All older notices count as read too."""

    model_config = _body({"until": "1772452800000-5f2b1c9d0e7a"})

    until: Annotated[str, StringConstraints(pattern=CURSOR)]


class DayStatisticsView(BaseModel):
    """Couples in which at least one person answered the date's prompt."""

    date: dt.date
    active: Couples


class TakingPartView(BaseModel):
    """Couples that got a prompt of the theme or pack in the week, and how many of them completed such a prompt."""

    offered: Couples
    completed: Couples


class ReachView(BaseModel):
    """How many persons were due for a reminder, and how many of them were reached. Both numbers are halved.

    A person is reached if FCM accepts a push to them at the first try. Two persons count as one couple.
    """

    due: Couples
    reached: Couples


class WeekStatisticsView(BaseModel):
    """The numbers of a week. `week` is its Monday.

    `active_28` counts couples that were active in this week or in the three weeks before. `streaks` counts couples that
    completed a day in this week, by the length of their streak, such as `7-29`, after the last such day.
    """

    week: dt.date
    active: Couples
    active_28: Couples
    themes: dict[str, TakingPartView]
    packs: dict[str, TakingPartView]
    streaks: dict[str, Couples]
    reach: dict[str, ReachView]


class PromptStatisticsView(BaseModel):
    """Couples that got the prompt for the first time, and how many of them then answered, completed or swapped it."""

    offered: Couples
    answered: Couples
    completed: Couples
    swapped: Couples


class StatisticsView(BaseModel):
    """The statistics up to `through`, the last date that is over for everybody. They change once a day (UTC).

    `days` has the last 28 days, oldest first. `weeks` has the last twelve weeks, latest first. `prompts` has the
    numbers of all time by pack and prompt. Prompts without any number to show are left out.
    """

    model_config = _view(
        {
            "as_of": "2026-03-02",
            "through": "2026-02-28",
            "days": [{"date": "2026-02-28", "active": 1240}],
            "weeks": [
                {
                    "week": "2026-02-16",
                    "active": 1510,
                    "active_28": 1890,
                    "themes": {"courage": {"offered": 1210, "completed": 860}},
                    "packs": {"river": {"offered": 430, "completed": 310}},
                    "streaks": {"0": None, "1-6": 610, "7-29": 420, "30-99": 190, "100-364": 40, "365+": None},
                    "reach": {"prompt": {"due": 1800, "reached": 1770}},
                }
            ],
            "prompts": {"river": {"rain": {"offered": 430, "answered": 390, "completed": 310, "swapped": 20}}},
        }
    )

    as_of: dt.date
    through: dt.date
    days: list[DayStatisticsView]
    weeks: list[WeekStatisticsView]
    prompts: dict[str, dict[str, PromptStatisticsView]]


class AuditEntryView(BaseModel):
    """One action of staff: who did what to which pack or account, and when.

    `number` and `digest` are the entry's place in the audit's chain. The digest covers the entry, and the digest and
    the instant of the entry before it. All four are null for an entry of version 0.1.0, which had no chain.
    """

    model_config = _view(
        {
            "at": "2026-03-02T12:00:00Z",
            "who": "ruth@practice.example",
            "action": "withdrawn",
            "pack": "river",
            "version": None,
            "prompt": "rain",
            "note": "It landed badly.",
            "account": None,
            "scope": None,
            "uid": "0kTQzJYp1wN8bXcV5sRgLmHa2dE3",
            "number": 41,
            "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "previous": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
            "previous_at": "2026-03-01T09:30:00Z",
        }
    )

    at: AwareDatetime
    who: str
    action: StaffAction
    pack: str | None
    version: int | None
    prompt: str | None
    note: str | None
    account: str | None
    scope: str | None
    uid: str
    number: int | None
    digest: str | None
    previous: str | None
    previous_at: AwareDatetime | None


class AuditView(BaseModel):
    """Actions, latest first. Send `before` to get the next page. On the last page, `before` is null.

    `intact` says whether no entry of this page, or next to it, was changed, inserted or removed.
    """

    model_config = _view({"entries": [_example(AuditEntryView)], "before": None, "intact": True})

    entries: list[AuditEntryView]
    before: str | None
    intact: bool
