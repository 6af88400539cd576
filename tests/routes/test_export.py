"""An export has all of a person's own words, and the partner's words that the person may read.

After unpairing each has thirty days to export their own words.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import pytest

from privacy.cursor import Position, cursor_of
from privacy.services import PAGE_DAYS, PAGE_SECTIONS, RECENT
from rekindle.domain.days import Answer, Reflection, ReflectionKind
from rekindle.domain.ids import Uid
from rekindle.domain.prompts import Theme
from rekindle.store import keys
from rekindle.store.couples import KEEPSAKE
from rekindle.store.days import _item_from
from rekindle.store.keys import Key
from rekindle.store.table import Write
from testing.apis import handler_of, phones_api
from testing.builders import LONDON, TOKYO, a_uid
from testing.contract import require_documented
from testing.memory_kms import MemoryKms
from testing.phones import Phone, Reply, a_phone, pair
from testing.push_world import watched
from testing.stored import couple_id_of, day_of, person_of

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

    from couples_api.services import Services
    from testing.phones import Handler

MONDAY = dt.date(2026, 3, 2)
DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)
LAMBDA_LIMIT = 6 * 1024 * 1024
"""The largest answer of Lambda, in bytes."""


@pytest.fixture
def api(services: Services) -> Handler:
    """Both functions of the phones' API, in this process."""
    return phones_api(lambda: services)


@pytest.fixture
def small_pages(services: Services) -> Handler:
    """Return an API whose pages hold two days."""
    return phones_api(lambda: services, page_days=2)


@pytest.fixture
def couple(api: Handler) -> tuple[Phone, Phone]:
    ada, ben = (a_phone(api, name, LONDON, depth=3) for name in ("ada", "ben"))
    pair(ada, ben)
    return ada, ben


def page(phone: Phone, cursor: str | None = None) -> Reply:
    """Return a page of the export, for somebody who has just signed in."""
    phone.claims["auth_time"] = str(int(phone.now.timestamp()))
    return phone.post("/v1/me/export", {"next": cursor} if cursor else None)


def pages(phone: Phone) -> list[Any]:
    found, cursor = [], None
    while True:
        reply = page(phone, cursor)
        assert reply.status == 200, reply.text
        found.append(reply.body)
        cursor = reply.body["next"]
        if cursor is None:
            return found


def entries(phone: Phone) -> list[Any]:
    return [entry for each in pages(phone) for entry in each["entries"]]


def texts(phone: Phone) -> list[tuple[str, str | None]]:
    """Map each date to the texts that they wrote."""
    return [(entry["date"], entry["answer"]["text"]) for entry in entries(phone) if entry["answer"]]


def answer(phone: Phone, date: dt.date, text: str | None, **fields: Any) -> None:
    reply = phone.put(f"/v1/days/{date}/answer", {"text": text, **fields})
    assert reply.status == 200, reply.text


def meet(*phones: Phone, reflect: bool = False) -> dt.date:
    """Let all of them answer their today, and move their clocks to the next day."""
    date = phones[0].now.date()
    for phone in phones:
        answer(phone, date, f"Written by {phone.uid} on {date}.")
    for phone in phones if reflect else ():
        heard = {"kind": "heard", "text": f"Heard by {phone.uid} on {date}."}
        assert phone.put(f"/v1/days/{date}/reflection", heard).status == 200
    for phone in phones:
        phone.now += DAY
    return date


def part(phone: Phone) -> None:
    assert phone.delete("/v1/couple").status == 204


def test_while_the_couple_stands_each_has_what_both_wrote(couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    date = meet(ada, ben, reflect=True)
    for phone, other in ((ada, ben), (ben, ada)):
        require_documented("POST", "/v1/me/export", phone.post("/v1/me/export"))
        (found,) = pages(phone)
        assert found == {
            "format": "rekindle-export/1",
            "exported_at": "2026-03-03T15:00:00Z",
            "profile": {
                "display_name": phone.uid.partition("-")[0].title(),
                "zone": "Europe/London",
                "language": "en",
                "depth": 3,
                "touch_comfort": 0,
                "barriers": [],
                "streak_hidden": False,
            },
            "couples": [{"couple": 1, "since": "2026-03-02", "until": None, "included": True}],
            "entries": [
                {
                    "kind": "day",
                    "date": "2026-03-02",
                    "couple": 1,
                    "prompt": found["entries"][0]["prompt"],
                    "answer": {
                        "text": f"Written by {phone.uid} on {date}.",
                        "at": "2026-03-02T15:00:00Z",
                        "share_first": False,
                    },
                    "reflection": {
                        "kind": "heard",
                        "text": f"Heard by {phone.uid} on {date}.",
                        "at": "2026-03-02T15:00:00Z",
                    },
                    "partner": {
                        "text": f"Written by {other.uid} on {date}.",
                        "reflection": {"kind": "heard", "text": f"Heard by {other.uid} on {date}."},
                    },
                }
            ],
            "next": None,
            "progress": 1,
        }
        prompt = phone.get(f"/v1/days/{date}").body["prompt"]
        assert found["entries"][0]["prompt"] == {name: prompt[name] for name in ("id", "theme", "kind", "text")}


def test_after_parting_each_has_their_own_and_not_a_byte_of_the_other_s(couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    dates = [meet(ada, ben, reflect=True) for _ in range(3)]
    answer(ada, ada.now.date(), "Only I was there.", share_first=True)
    part(ben)
    for phone, other in ((ada, ben), (ben, ada)):
        reply = page(phone)
        (span,) = reply.body["couples"]
        assert span == {"couple": 1, "since": str(MONDAY), "until": str(ben.now.date()), "included": True}
        own = [f"Written by {phone.uid} on {date}." for date in dates] + ["Only I was there."] * (phone is ada)
        assert [entry["answer"]["text"] for entry in reply.body["entries"]] == own
        heard = [entry["reflection"]["text"] for entry in reply.body["entries"] if entry["reflection"]]
        assert heard == [f"Heard by {phone.uid} on {date}." for date in dates]
        assert {entry["partner"] and "theirs" for entry in reply.body["entries"]} == {None}
        for secret in (other.uid, f"by {other.uid}", other.uid.partition("-")[0].title()):
            assert secret not in reply.text
    assert "Only I was there." not in page(ben).text


def test_a_sealed_answer_leaves_no_trace(couple: tuple[Phone, Phone]) -> None:
    """The export has the same bytes as without the answer, whatever the answer's length and time."""
    ada, ben = couple
    meet(ada, ben)
    date = ada.now.date()
    assert ada.get(f"/v1/days/{date}").status == 200
    seen = [page(ada).text]
    for text, revision, later in (("x", None, 0 * DAY), ("y" * 2000, 1, DAY / 24)):
        ben.now += later
        answer(ben, date, text, revision=revision)
        seen.append(page(ada).text)
    assert seen == [seen[0]] * 3
    answer(ada, date, "Mine, in the open.")
    (opened,) = (entry for entry in entries(ada) if entry["date"] == str(date))
    assert opened["partner"] == {"text": "y" * 2000, "reflection": None}


def test_a_sealed_answer_leaves_no_trace_beside_one_s_own(couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    answer(ben, MONDAY, "Not for her yet.")
    (sealed,) = entries(ben)
    assert sealed["partner"] is None
    answer(ada, MONDAY, "Mine.")
    assert entries(ben)[0]["partner"] == {"text": "Mine.", "reflection": None}


def test_an_answer_shared_first_is_in_the_partner_s_export_until_they_part(couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    answer(ada, MONDAY, "For you to read already.", share_first=True)
    (entry,) = entries(ben)
    assert (entry["answer"], entry["reflection"]) == (None, None)
    assert entry["partner"] == {"text": "For you to read already.", "reflection": None}
    assert entries(ada)[0]["answer"]["share_first"] is True
    part(ada)
    assert entries(ben) == []
    assert texts(ada) == [(str(MONDAY), "For you to read already.")]


def test_solo_answers_are_in_their_writer_s_export_only(api: Handler) -> None:
    """A shared solo answer is in its writer's export. It is not in the partner's, because it can be taken back."""
    ada, ben = (a_phone(api, name, LONDON) for name in ("ada", "ben"))
    for number in range(3):
        date = ada.now.date()
        assert ada.get("/v1/solo/today").body["date"] == str(date)
        if number != 1:  # this day is opened but not answered
            assert ada.put(f"/v1/solo/days/{date}/answer", {"text": f"Alone, {number}."}).status == 200
        ada.now += DAY
    ben.now = ada.now
    pair(ada, ben)
    assert ada.post(f"/v1/solo/days/{MONDAY}/share").status == 200
    (found,) = pages(ada)
    assert [(entry["kind"], entry["couple"]) for entry in found["entries"]] == [("alone", None)] * 2
    assert texts(ada) == [(str(MONDAY), "Alone, 0."), (str(MONDAY + 2 * DAY), "Alone, 2.")]
    assert found["entries"][0]["answer"]["at"] == "2026-03-02T15:00:00Z"
    assert "Alone" not in page(ben).text
    part(ben)
    assert texts(ada) == [(str(MONDAY), "Alone, 0."), (str(MONDAY + 2 * DAY), "Alone, 2.")]
    assert "Alone" not in page(ben).text


def test_each_couple_has_its_number_and_nobody_s_name(services: Services, api: Handler) -> None:
    ada, *others = (a_phone(api, name, LONDON) for name in ("ada", "ben", "cai"))
    ids = []
    for other in others:
        other.now = ada.now
        pair(ada, other)
        ids.append(couple_id_of(services, ada))
        meet(ada, other)
        if other is others[0]:
            part(ada)
    reply = page(ada)
    assert reply.body["couples"] == [
        {"couple": 1, "since": "2026-03-02", "until": "2026-03-03", "included": True},
        {"couple": 2, "since": "2026-03-03", "until": None, "included": True},
    ]
    assert [(entry["couple"], bool(entry["partner"])) for entry in reply.body["entries"]] == [(1, False), (2, True)]
    for secret in (*ids, others[0].uid, "Ben", "Cai"):
        assert secret not in reply.text.replace(f"Written by {others[1].uid}", "")


def test_couples_keep_their_order_whichever_clock_they_ended_by(services: Services, api: Handler) -> None:
    """The second couple seems to have ended before the first, because a clock of API Gateway is a little behind."""
    ada, ben, cai = (a_phone(api, name, LONDON) for name in ("ada", "ben", "cai"))
    pair(ada, ben)
    first = couple_id_of(services, ada)
    part(ada)
    for phone in (ada, cai):
        phone.now -= 3 * SECOND
    pair(ada, cai)
    second = couple_id_of(services, ada)
    part(ada)
    person = person_of(services, ada)
    assert person.parted[first] < person.parted[second]


around_thirty_days = pytest.mark.parametrize(
    ("since", "is_there"), [(KEEPSAKE - SECOND, True), (KEEPSAKE, False), (KEEPSAKE + DAY, False)]
)


@around_thirty_days
def test_an_ended_couple_s_answers_can_be_exported_for_thirty_days(
    couple: tuple[Phone, Phone],
    since: dt.timedelta,
    is_there: bool,  # noqa: FBT001
) -> None:
    """The limit is exact to the second, also if the key still exists. The export says that something is left out."""
    ada, ben = couple
    meet(ada, ben)
    part(ada)
    for phone in (ada, ben):
        phone.now += since
        (found,) = pages(phone)
        assert found["couples"] == [
            {"couple": 1, "since": "2026-03-02", "until": "2026-03-03", "included": is_there},
        ]
        assert [entry["date"] for entry in found["entries"]] == (["2026-03-02"] if is_there else [])


@around_thirty_days
def test_the_thirty_days_begin_with_the_end_even_if_nobody_freed_the_person(
    services: Services,
    couple: tuple[Phone, Phone],
    since: dt.timedelta,
    is_there: bool,  # noqa: FBT001
) -> None:
    ada, ben = couple
    meet(ada, ben)
    services.couples.end(ada.uid, couple_id_of(services, ada), ada.now)
    ben.now += since
    (found,) = pages(ben)
    assert [(span["until"] is None, span["included"]) for span in found["couples"]] == [(False, is_there)]
    assert len(found["entries"]) == is_there


def test_where_the_key_has_gone_it_is_said_that_something_is_left_out(
    services: Services, couple: tuple[Phone, Phone]
) -> None:
    ada, ben = couple
    meet(ada, ben)
    couple_id = couple_id_of(services, ada)
    part(ada)
    assert ada.put(f"/v1/solo/days/{ada.now.date()}/answer", {"text": "Alone again."}).status == 200
    services.vault.table.write(Write("Delete", Key(f"COUPLE#{couple_id}", "")))
    (found,) = pages(ada)
    assert found["couples"] == [{"couple": 1, "since": "2026-03-02", "until": "2026-03-03", "included": False}]
    assert texts(ada) == [("2026-03-03", "Alone again.")]


def some_life(ada: Phone, ben: Phone, cai: Phone) -> list[tuple[str, str]]:
    """Let Ada write alone, with Ben, alone and with Cai; return her texts in order."""
    wrote: dict[str, list[tuple[str, str]]] = {"alone": [], "with ben": [], "with cai": []}

    def alone(days: int) -> None:
        for _ in range(days):
            date = str(ada.now.date())
            assert ada.put(f"/v1/solo/days/{date}/answer", {"text": f"Alone on {date}."}).status == 200
            wrote["alone"].append((date, f"Alone on {date}."))
            ada.now += DAY

    for other, name in ((ben, "with ben"), (cai, "with cai")):
        alone(3)
        other.now = ada.now
        pair(ada, other)
        for _ in range(5):
            date = meet(ada, other)
            wrote[name].append((str(date), f"Written by {ada.uid} on {date}."))
        if other is ben:
            part(ben)
    return [each for section in wrote.values() for each in section]


def test_pages_joined_are_the_whole(api: Handler, services: Services) -> None:
    ada, ben, cai = (a_phone(api, name, LONDON, depth=3) for name in ("ada", "ben", "cai"))
    wrote = some_life(ada, ben, cai)
    (whole,) = pages(ada)
    assert [(entry["date"], entry["answer"]["text"]) for entry in whole["entries"]] == wrote
    for size in (1, 2, 3, 5, 16, 17):
        ada.handler = phones_api(lambda: services, page_days=size)
        found = pages(ada)
        assert [entry for each in found for entry in each["entries"]] == whole["entries"]
        assert all(len(each["entries"]) <= size for each in found)
        assert len(found) == 16 // size + 1
        spans = {span["couple"]: span for each in found for span in each["couples"]}
        assert list(spans.values()) == whole["couples"]


def test_a_page_covers_a_limited_number_of_couples(services: Services) -> None:
    """A person with twelve couples gets pages of three couples, whether or not a couple has days."""
    api = phones_api(lambda: services, page_sections=3)
    ada, wrote = a_phone(api, "ada", LONDON), []
    for number in range(12):
        other = a_phone(api, f"other{number}", LONDON)
        other.now = ada.now
        pair(ada, other)
        if number % 3 == 0:
            wrote.append((str(meet(ada, other)), number + 1))
        part(other)
        ada.now += DAY
    seen: list[str] = []
    with watched(services.people.table, seen.append):
        found = pages(ada)
    assert [[span["couple"] for span in each["couples"]] for each in found] == [
        [1, 2],  # the first of the three sections is the solo days
        [3, 4, 5],
        [6, 7, 8],
        [9, 10, 11],
        [12],
    ]
    assert [(entry["date"], entry["couple"]) for each in found for entry in each["entries"]] == wrote
    assert [each["progress"] for each in found] == [round(3 * page / 13, 3) for page in range(1, 5)] + [1]
    assert len(seen) <= 5 * (1 + 3 * 3)
    ada.handler = phones_api(lambda: services)
    first, last = pages(ada)
    assert [len(each["couples"]) for each in (first, last)] == [PAGE_SECTIONS - 1, 12 - PAGE_SECTIONS + 1]


def test_a_page_that_ends_with_a_section_leads_to_the_next_one(services: Services) -> None:
    """The limit of days and the limit of sections may be reached in any order."""
    ada, ben, cai = (a_phone(phones_api(lambda: services), name, LONDON, depth=3) for name in ("ada", "ben", "cai"))
    wrote = some_life(ada, ben, cai)
    (whole,) = pages(ada)
    for days, sections in itertools.product((1, 2, 5, 6, 17), (1, 2, 3)):
        ada.handler = phones_api(lambda: services, page_days=days, page_sections=sections)
        found = pages(ada)
        joined = [entry for each in found for entry in each["entries"]]
        assert [(entry["date"], entry["answer"]["text"]) for entry in joined] == wrote
        assert {span["couple"]: span for each in found for span in each["couples"]} == {
            span["couple"]: span for span in whole["couples"]
        }
        progress = [each["progress"] for each in found]
        assert progress == sorted(progress)
        assert progress[-1] == 1


def test_progress_counts_the_dates_of_a_section(small_pages: Handler) -> None:
    """Two of four days are read with the first page: the empty solo section, and half of the couple's section."""
    ada, ben = (a_phone(small_pages, name, LONDON, depth=3) for name in ("ada", "ben"))
    pair(ada, ben)
    for _ in range(3):
        meet(ada, ben)
    answer(ada, ada.now.date(), "The fourth.")
    assert [each["progress"] for each in pages(ada)] == [0.75, 1, 1]


def test_progress_is_never_more_than_one(small_pages: Handler) -> None:
    """Both clocks have the same time, but the day began on the partner's clock only."""
    ada, ben = a_phone(small_pages, "ada", "Pacific/Honolulu", depth=3), a_phone(small_pages, "ben", TOKYO, depth=3)
    pair(ada, ben)
    dates = [MONDAY, MONDAY + DAY]
    for date in dates:
        answer(ben, date, "Already tomorrow here.")
    assert ada.now.astimezone(ZoneInfo("Pacific/Honolulu")).date() == MONDAY
    assert [each["progress"] for each in pages(ada)] == [1, 1]


def test_nothing_is_lost_or_comes_twice_whatever_happens_between_two_pages(small_pages: Handler) -> None:
    """Between pages there is an edit, a new answer, or an unpairing. Texts from before the export come exactly once."""
    ada, ben, cai, dua = (a_phone(small_pages, name, LONDON, depth=3) for name in ("ada", "ben", "cai", "dua"))
    wrote = some_life(ada, ben, cai)
    found, cursor, number = [], None, 0
    while True:
        reply = page(ada, cursor)
        assert reply.status == 200, reply.text
        found.append(reply.body)
        cursor, number = reply.body["next"], number + 1
        if cursor is None:
            break
        if number == 1:
            answer(ada, ada.now.date(), "While it ran.")
            wrote.append((str(ada.now.date()), "While it ran."))
        if number == 2:
            part(cai)
        if number == 4:
            assert ada.put(f"/v1/solo/days/{ada.now.date()}/answer", {"text": "Too late for this one."}).status == 200
        if number == 6:
            dua.now = ada.now
            pair(ada, dua)
            answer(ada, ada.now.date(), "With somebody new.")
            wrote.append((str(ada.now.date()), "With somebody new."))
    joined = [entry for each in found for entry in each["entries"]]
    assert [(entry["date"], entry["answer"]["text"]) for entry in joined] == wrote
    assert [entry for entry in joined if entry["partner"]] == []
    assert {span["couple"]: span["until"] for each in found for span in each["couples"]} == {
        1: "2026-03-10",
        2: "2026-03-18",
        3: None,
    }


def test_a_keepsake_that_ends_between_two_pages_is_shown(small_pages: Handler) -> None:
    ada, ben = (a_phone(small_pages, name, LONDON, depth=3) for name in ("ada", "ben"))
    pair(ada, ben)
    for _ in range(3):
        meet(ada, ben)
    part(ada)
    first = page(ada).body
    assert [span["included"] for span in first["couples"]] == [True]
    ada.now += KEEPSAKE
    last = page(ada, first["next"]).body
    assert ([span["included"] for span in last["couples"]], last["entries"], last["next"]) == ([False], [], None)


def test_parting_during_an_export_leaves_only_one_s_own_answers(
    services: Services, couple: tuple[Phone, Phone]
) -> None:
    """The function has already read the days when the other person unpairs."""
    ada, ben = couple
    meet(ada, ben, reflect=True)
    seen: list[str] = []

    def watcher(operation: str) -> None:
        seen.append(operation)
        if seen[-2:] == ["Query", "GetItem"]:
            part(ben)

    with watched(services.people.table, watcher):
        reply = page(ada)
    assert reply.status == 200
    assert ben.uid not in reply.text
    assert [entry["answer"]["text"] for entry in reply.body["entries"]] == [f"Written by {ada.uid} on {MONDAY}."]
    assert reply.body["couples"] == [{"couple": 1, "since": "2026-03-02", "until": "2026-03-03", "included": True}]


def test_another_persons_cursor_leads_nowhere(small_pages: Handler) -> None:
    ada, ben, cai = (a_phone(small_pages, name, LONDON, depth=3) for name in ("ada", "ben", "cai"))
    pair(ada, ben)
    for _ in range(3):
        meet(ada, ben)
    cursor = page(ada).body["next"]
    assert page(ada, cursor).status == 200
    assert (page(ada, cursor).text, page(ada).body["next"]) == (page(ada, cursor).text, cursor)
    for phone in (ben, cai):
        refused = page(phone, cursor)
        assert refused.problem == "invalid-fields"
        assert refused.body["errors"] == [{"field": "body.next", "reason": "This is not a page of your export"}]


def test_a_text_that_is_no_cursor_is_refused(couple: tuple[Phone, Phone]) -> None:
    ada, _ = couple
    sound = cursor_of(Position(1, MONDAY), ada.uid)
    assert page(ada, sound).status == 200
    changed = [sound[:at] + ("A" if sound[at] != "A" else "B") + sound[at + 1 :] for at in range(len(sound))]
    # The cursor names a couple that she was never in, as if somebody had found out how to make cursors.
    beyond = cursor_of(Position(2, MONDAY), ada.uid)
    for cursor in (*changed, beyond, sound[:-1], sound + "A", "COUPLE#x", "é" * 24, " ", "x" * 65, "0"):
        assert page(ada, cursor).problem == "invalid-fields", cursor
    bodies: list[Any] = [{"next": 1}, {"next": [sound]}, {"next": sound, "uid": "ben"}, {"after": "2026-03-02"}]
    for body in bodies:
        assert ada.post("/v1/me/export", body).problem == "invalid-fields"
    assert ada.call("POST", "/v1/me/export", raw="{").problem == "malformed-json"
    assert ada.get("/v1/me/export").problem == "no-such-route"
    (whole,) = pages(ada)
    first: list[Any] = [{}, {"next": None}]
    for body in first:
        assert ada.post("/v1/me/export", body).body == whole


@pytest.mark.parametrize(
    ("signed_in", "status"),
    [
        (dt.timedelta(), 200),
        (RECENT, 200),
        (RECENT + SECOND, 403),
        (60 * DAY, 403),
        (-3 * SECOND, 200),  # a clock that is a little behind
    ],
)
def test_it_takes_a_recent_sign_in(couple: tuple[Phone, Phone], signed_in: dt.timedelta, status: int) -> None:
    ada, ben = couple
    meet(ada, ben)
    ada.claims["auth_time"] = str(int((ada.now - signed_in).timestamp()))
    reply = ada.post("/v1/me/export")
    assert reply.status == status
    if status == 403:
        assert reply.problem == "sign-in-not-recent"
        assert "Written" not in reply.text


@pytest.mark.parametrize("auth_time", ["", "None", "soon", "nan", "inf", "1e300", "map[]"])
def test_a_token_that_does_not_say_when_somebody_signed_in_is_not_recent(
    couple: tuple[Phone, Phone], auth_time: str
) -> None:
    ada, _ = couple
    ada.claims["auth_time"] = auth_time
    assert ada.post("/v1/me/export").problem == "sign-in-not-recent"


def test_an_export_without_answers_has_the_profile(api: Handler) -> None:
    ada = a_phone(api, "ada", TOKYO, barriers=["stress"])
    (found,) = pages(ada)
    assert found["profile"]["barriers"] == ["stress"]
    assert (found["couples"], found["entries"]) == ([], [])
    assert page(ada).headers["Cache-Control"] == "no-store"
    stranger = Phone(api, a_uid("stranger"))
    assert page(stranger).problem == "no-profile"
    nobody = Phone(api, Uid(""))
    assert page(nobody).problem == "not-signed-in"


def test_a_day_that_only_the_partner_opened_is_not_exported(couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    assert ben.get("/v1/today").status == 200
    assert entries(ada) == entries(ben) == []


def test_a_day_checked_off_without_words_is_exported(api: Handler) -> None:
    ada, ben = (a_phone(api, name, LONDON, depth=3, touch_comfort=3) for name in ("ada", "ben"))
    pair(ada, ben)
    date = MONDAY
    while ada.get(f"/v1/days/{date}").body["prompt"]["kind"] != "touch":
        date += DAY
        ada.now, ben.now = ada.now + DAY, ben.now + DAY
    for phone in (ada, ben):
        answer(phone, date, None)
    (entry,) = entries(ada)
    assert (entry["prompt"]["kind"], entry["answer"]["text"]) == ("touch", None)
    assert entry["partner"] == {"text": None, "reflection": None}


@pytest.mark.parametrize("symbol", ["\x01", "\N{FIRE}"], ids=["escaped", "four bytes"])
def test_a_page_of_the_longest_days_is_handed_on(services: Services, couple: tuple[Phone, Phone], symbol: str) -> None:
    """A page fits into Lambda's answer, whatever its texts.

    JSON escapes the symbols and Lambda escapes them again, or they are so long that DynamoDB needs three pages.
    """
    ada, ben = couple
    couple_id = couple_id_of(services, ada)
    current, key = services.couples.couple(couple_id), services.vault.couple_keys(couple_id)
    assert current
    assert ada.get("/v1/today").status == 200
    first = day_of(services, couple_id, MONDAY)
    rows = []
    for number in range(PAGE_DAYS + 1):
        day = replace(first, date=MONDAY + number * DAY, theme=Theme.OPENNESS, answers={})
        for phone in (ada, ben):
            written = key.seal_answer(day, phone.uid, Answer(ada.now, 1, None), symbol * 2000)
            day = replace(day, answers={**day.answers, phone.uid: written})
        for phone in (ada, ben):
            heard = Reflection(ada.now, ReflectionKind.HEARD, key.seal_reflection(day, phone.uid, symbol * 1000))
            mine = replace(day.answers[phone.uid], reflection=heard)
            day = replace(day, answers={**day.answers, phone.uid: mine})
        rows.append((keys.day(couple_id, day.date), _item_from(current, day)))
    services.days.table.put_many(rows)
    reply = page(ada)
    assert reply.status == 200
    assert len(reply.body["entries"]) == PAGE_DAYS
    handed_on = len(json.dumps(reply.text, ensure_ascii=False).encode())
    assert PAGE_DAYS * 6_000 * 4 < handed_on < LAMBDA_LIMIT * 3 / 4
    last = page(ada, reply.body["next"]).body
    assert (len(last["entries"]), last["next"]) == (1, None)
    assert last["entries"][0]["partner"]["reflection"]["text"] == symbol * 1000


def test_while_kms_is_down_it_is_busy_and_nothing_is_lost(services: Services, couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    meet(ada, ben)
    api, down = ada.handler, cast("KMSClient", MemoryKms(is_down=True))
    ada.handler = phones_api(lambda: replace(services, vault=replace(services.vault, kms=down, _cells={})))
    reply = page(ada)
    assert (reply.status, reply.problem) == (503, "busy")
    assert reply.headers["Retry-After"]
    ada.handler = api
    assert texts(ada) == [(str(MONDAY), f"Written by {ada.uid} on {MONDAY}.")]


def test_couples_api_has_no_such_route(services: Services, couple: tuple[Phone, Phone]) -> None:
    """The export can read everything of a person, so its function has its own role."""
    ada, _ = couple
    ada.handler = handler_of(lambda: services)
    assert page(ada).problem == "no-such-route"
