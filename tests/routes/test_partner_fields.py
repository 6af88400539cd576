"""A partner learns about the other only what is listed here, with the reason. Nothing else is in a reply."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import pytest

from testing import contract
from testing.builders import LONDON
from testing.phones import Phone, Reply
from tests.routes.authorization import OPERATIONS, ROWS, Kind
from tests.routes.town import NOW, TODAY, Town, a_town
from tests.routes.trial import request_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.routes.test_erasing import World

ABOUT_THE_PARTNER: Final[Mapping[str, str]] = {
    "CoupleView.partner": "the name that the partner chose to be called",
    "CoupleView.since": "the day on which both paired",
    "CoupleWithPacksView.partner": "the name that the partner chose to be called",
    "CoupleWithPacksView.since": "the day on which both paired",
    "CoupleWithPacksView.packs": "both get the same packs, and either may choose them",
    "CoupleWithPacksView.pause": "a pause is for both, and nothing says who began it",
    "DayView.closes_at": "the reader's own clock, so it tells nothing of where the partner is",
    "DayView.date": "both get the same dates",
    "DayView.me": "the reader's own answer",
    "DayView.open": "whether the reader may still answer",
    "DayView.partner": "see PartnerAnswerView",
    "DayView.prompt": "both get the same prompt",
    "DayView.reflect": "what the reader may still say",
    "DayView.reflections": "see ReflectionsView",
    "DayView.revealed": "both have answered",
    "DayView.swappable": "nobody has answered yet, which PartnerAnswerView.state says too",
    "DaysMetView.count": "the days on which both answered",
    "DaysMetView.dates": "the days on which both answered",
    "ExportedCoupleView.couple": "a number in this export",
    "ExportedCoupleView.included": "whether the reader still has the couple's days",
    "ExportedCoupleView.since": "the day on which both paired",
    "ExportedCoupleView.until": "the day on which the couple ended",
    "ExportedEntryView.partner": "see ExportedPartnerView",
    "ExportedPartnerReflectionView.kind": "what the partner said about the reader's answer",
    "ExportedPartnerReflectionView.text": "what the partner said about the reader's answer",
    "ExportedPartnerView.reflection": "see ExportedPartnerReflectionView",
    "ExportedPartnerView.text": "an answer that is open to the reader, without its time",
    "InviteView.redeemed_by": "the name of who holds the reader's code, which the reader has to know",
    "InviteView.state": "whether somebody has redeemed the reader's code",
    "InviteView.together_before": "the two were a couple",
    "InviteView.words": "a secret of the two who pair, so that each can recognize the other",
    "NewsView.longest": "the couple's own streak",
    "NewsView.milestones": "the couple's own streak",
    "NudgeView.at": "when the partner sent the reader a nudge",
    "NudgeView.gesture": "what the partner sent the reader",
    "NudgesView.received": "see NudgeView",
    "PackView.chosen": "both get the same packs, and either may choose them",
    "PartnerAnswerView.edited": "that the partner changed a text that the reader could already read, without a time",
    "PartnerAnswerView.state": "that the partner has answered, and nothing of the answer",
    "PartnerAnswerView.text": "an answer that is open to the reader, without its time",
    "PauseView.from": "a pause is for both, and nothing says who began it",
    "PauseView.until": "a pause is for both, and nothing says who began it",
    "RecapView.days_met": "see DaysMetView",
    "RecapView.streak": "the couple's own streak",
    "RecapView.themes": "the themes of the days on which both answered",
    "RedeemedView.inviter": "the name of who gave the reader the code",
    "RedeemedView.state": "whether the reader has redeemed the code",
    "RedeemedView.words": "a secret of the two who pair, so that each can recognize the other",
    "RedeemedView.together_before": "the two were a couple",
    "ReflectionView.kind": "what a partner said about the other's open answer",
    "ReflectionView.text": "what a partner said about the other's open answer",
    "ReflectionsView.me": "the reader's own reflection",
    "ReflectionsView.partner": "see ReflectionView",
    "SharedAnswerView.by": "whose answer it is, which its writer chose to show",
    "SharedAnswerView.date": "an answer that its writer chose to show",
    "SharedAnswerView.prompt": "an answer that its writer chose to show",
    "SharedAnswerView.text": "an answer that its writer chose to show",
    "StreakCalendarView.calendar": "the days on which both answered; a rest day does not say who missed it",
    "StreakCalendarView.current": "the couple's own streak",
    "StreakCalendarView.longest": "the couple's own streak",
    "StreakCalendarView.total": "the couple's own streak",
    "StreakView.current": "the couple's own streak",
    "StreakView.longest": "the couple's own streak",
    "StreakView.total": "the couple's own streak",
    "TodayView.next": "the day that the partner's clock has reached, after the reader has answered today",
    "TodayView.pause": "a pause is for both, and nothing says who began it",
    "TodayView.previous": "see DayView",
    "TodayView.streak": "the couple's own streak",
    "TodayView.today": "see DayView",
    "TouchGestureView.id": "a gesture that both allow",
    "TouchGestureView.text": "a gesture that both allow",
    "TouchGestureView.warmth": "a gesture that both allow",
    "TouchTodayView.gesture": "a gesture that both allow",
}
"""Each field of a reply that says something about the partner or the couple, and why the reader may know it."""

OTHER_FIELDS: Final[Mapping[str, str]] = {
    "BookingView": "label url",
    "CountryView": "country name",
    "CourseView": "every_days in_order starts_on",
    "DeviceBody": "fid platform token",
    "DeviceView": "added_at id platform registered_at",
    "DevicesView": "devices",
    "ErasureView": "finished_at removed requested_at",
    "ExportView": "couples entries exported_at format next profile progress",
    "ExportedAnswerView": "at share_first text",
    "ExportedEntryView": "answer couple date kind prompt reflection",
    "ExportedProfileView": "barriers depth display_name language streak_hidden touch_comfort zone",
    "ExportedPromptView": "id kind text theme",
    "ExportedReflectionView": "at kind text",
    "HelpLineView": "country hours languages name note phone text url",
    "HelpView": "booking choose_country country lines",
    "InviteView": "expires_at invite_id",
    "JournalView": "before days",
    "MeView": "barriers depth display_name language paired streak_hidden touch_comfort uid zone",
    "NewInviteView": "code expires_at invite_id link",
    "NewPackView": "id title",
    "NewsView": "packs",
    "NudgesView": "left next_at",
    "OwnAnswerView": "revision share_first state text",
    "PackView": "audience course id languages prompts title written_for",
    "PacksView": "packs",
    "PromptHelpView": "href text",
    "PromptView": "help hint id kind text theme why",
    "QuietHoursBody": "end start",
    "RecapView": "new week",
    "ReceiptView": "receipt",
    "RedeemedView": "invite_id",
    "NotificationsBody": "paused",
    "RemindersBody": "evening_time news nudges_muted prompt_time quiet_hours touch",
    "RemovedView": "at what",
    "SharedAnswersView": "answers before",
    "SoloAnswerView": "revision state text",
    "SoloDayView": "date me open prompt shared",
    "SoloJournalView": "before days",
    "StreakCalendarView": "hidden",
    "TouchBody": "time weekdays",
    "TouchTodayView": "date",
}
"""All other fields, by schema: what the reader wrote or chose, what the practice wrote, and pages of lists."""

FORBIDDEN: Final = re.compile(
    r"(^|_)(accuracy|active|activity|address|battery|city|country|device|devices|distance|geo|ip|last|lat|latitude|lon|"
    r"location|longitude|model|network|offset|online|opened|os|phone|place|platform|position|presence|read|region|"
    r"screenshot|seen|speed|status|timezone|typing|viewed|visit|zone)(_|$)"
)
"""Words in the name of a field that would watch a person."""
OF_THE_READER: Final = frozenset(
    {
        *("CountryView.country", "HelpLineView.country", "HelpView.country", "HelpLineView.phone"),
        *("HelpView.choose_country", "DevicesView.devices", "DeviceBody.platform", "DeviceView.platform"),
        *("MeView.zone", "ExportedProfileView.zone"),
    }
)
"""The fields with such a word: of the reader's own profile and devices, and of help lines."""


def schemas_in(described: object) -> Iterator[str]:
    """Yield the names of the schemas to which a part of a document refers."""
    if isinstance(described, dict):
        if "$ref" in described:
            yield str(described["$ref"]).rpartition("/")[2]
        for part in described.values():
            yield from schemas_in(part)
    elif isinstance(described, list):
        for part in described:
            yield from schemas_in(part)


def fields_of_replies() -> set[str]:
    """Return every field of every reply of the phones' API, without refusals, as `Schema.field`."""
    schemas = contract.schemas("openapi.json")
    replies = [
        reply for each in OPERATIONS.values() for reply in contract.replies_of(each) if each.document == "openapi.json"
    ]
    waiting, fields, known = [*schemas_in(replies)], set[str](), set[str]()
    while waiting:
        name = waiting.pop()
        if name in known or name not in schemas:
            continue
        known.add(name)
        fields |= {f"{name}.{each}" for each in schemas[name].get("properties", ())}
        waiting += schemas_in(schemas[name])
    return fields


def test_every_field_of_a_reply_is_reviewed() -> None:
    others = {f"{schema}.{field}" for schema, names in OTHER_FIELDS.items() for field in names.split()}
    new = [
        f"{field} is new. If it says anything about the partner or the couple, put it into ABOUT_THE_PARTNER of"
        f" {__name__}, with the reason why the reader may know it. Otherwise put it into OTHER_FIELDS."
        for field in sorted(fields_of_replies() - others - ABOUT_THE_PARTNER.keys())
    ]
    gone = [
        f"{field} is in no reply any more. Remove it from {__name__}."
        for field in sorted((others | ABOUT_THE_PARTNER.keys()) - fields_of_replies())
    ]
    assert new + gone == []
    assert others & ABOUT_THE_PARTNER.keys() == set()


def test_no_field_watches_a_person() -> None:
    """No reply says where the partner is, when they were in the app, or what they read."""
    assert {field for field in fields_of_replies() if FORBIDDEN.search(field.partition(".")[2])} == OF_THE_READER


@pytest.mark.parametrize(
    "name",
    ["zone", "partner_zone", "last_seen", "read_at", "is_typing", "battery", "location", "opened_at", "ip_address"],
)
def test_such_a_field_would_be_noticed(name: str) -> None:
    assert FORBIDDEN.search(name)


def test_the_partner_s_answer_comes_without_its_time() -> None:
    """`at` and `revision` would say when, and how often, the partner wrote."""
    timed = {
        field
        for field in ABOUT_THE_PARTNER
        if field.endswith((".at", ".revision", "_at")) and field in fields_of_replies()
    }
    assert timed == {"NudgeView.at", "DayView.closes_at"}


@pytest.fixture(scope="module")
def town() -> Town:
    return a_town()


READS: Final = [name for name, row in ROWS.items() if name.startswith("GET ") and row[Kind.PARTNER] == 200]


def seen_by_ada(town: Town, world: World) -> dict[str, str]:
    """Return everything that Ada can read of a world, from a copy of it."""
    ada = Phone(town.on(world.copy()), town.phones["ada"].uid, NOW)
    seen = {name: ada.get(request_of(town, name)[0]) for name in READS}
    seen["export"] = ada.post("/v1/me/export")
    return {name: reply.text + repr(sorted(reply.headers.items())) for name, reply in seen.items()}


def everything_read(ben: Phone, town: Town) -> Reply:
    for name in READS:
        assert ben.get(request_of(town, name)[0]).status == 200
    return ben.post("/v1/me/export")


def profile(ben: Phone, **changes: Any) -> Reply:
    me = ben.get("/v1/me").body
    kept = {name: value for name, value in me.items() if name not in {"uid", "paired"}}
    return ben.put("/v1/me", kept | changes)


def reminders(ben: Phone, **changes: Any) -> Reply:
    return ben.put("/v1/me/reminders", ben.get("/v1/me/reminders").body | changes)


ALONE: Final[Mapping[str, Callable[[Phone, Town], Reply]]] = {
    "reads everything": everything_read,
    "moves to London": lambda ben, _: profile(ben, zone=LONDON),
    "moves to Auckland": lambda ben, _: profile(ben, zone="Pacific/Auckland"),
    "reads another language": lambda ben, _: profile(ben, language="fr"),
    "hides the streak": lambda ben, _: profile(ben, streak_hidden=True),
    "adds a phone": lambda ben, _: ben.put("/v1/me/devices/tablet", {"token": "another-token", "platform": "ios"}),
    "removes the phone": lambda ben, _: ben.delete("/v1/me/devices/phone"),
    "changes reminders": lambda ben, _: reminders(ben, prompt_time="06:05", evening_time=None, quiet_hours=None),
    "mutes nudges": lambda ben, _: reminders(ben, nudges_muted=True),
    "pauses notifications": lambda ben, _: ben.put("/v1/me/notifications", {"paused": True}),
    "wants no news": lambda ben, _: reminders(ben, news=False),
    "signs out everywhere": lambda ben, _: ben.post("/v1/me/sign-out-everywhere"),
    "asks for help": lambda ben, _: ben.get("/v1/help?country=US"),
}
"""What a partner does for themself."""


@pytest.mark.parametrize("deed", ALONE)
def test_what_a_person_does_alone_changes_no_byte_of_what_the_partner_reads(town: Town, deed: str) -> None:
    world = town.world.copy()
    before = seen_by_ada(town, world)
    assert ALONE[deed](Phone(town.on(world), town.phones["ben"].uid, NOW), town).status < HTTPStatus.BAD_REQUEST
    assert seen_by_ada(town, world) == before


def test_what_a_person_does_for_both_is_seen(town: Town) -> None:
    """Otherwise the test above would show nothing."""
    world = town.world.copy()
    before = seen_by_ada(town, world)
    ben = Phone(town.on(world), town.phones["ben"].uid, NOW)
    assert ben.put(f"/v1/days/{TODAY}/answer", {"text": "Another.", "share_first": True, "revision": 1}).status == 200
    after = seen_by_ada(town, world)
    assert {name for name in READS if before[name] != after[name]} >= {"GET /v1/today", "GET /v1/days"}
