"""After the reveal each person can leave one reflection on the partner's answer."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.days import ReflectionKind
from rekindle.domain.prompts import Theme
from rekindle.domain.tallies import progress_of
from rekindle.errors import VaultError
from rekindle.push.reactions import NOTHING, reaction_to
from rekindle.store import keys
from rekindle.store.stream import change_in
from rekindle.store.table import Write, marshal
from testing.apis import handler_of
from testing.builders import NEW_YORK
from testing.phones import Phone, Reply, a_couple
from testing.push_world import watched
from testing.stored import couple_id_of, day_of, row_in, stream_record

if TYPE_CHECKING:
    import io

    from couples_api.services import Services
    from rekindle.domain.days import Day
    from testing.phones import Handler

DATE = dt.date(2026, 3, 2)
DAY = f"/v1/days/{DATE}"
HEARD = {"kind": "heard", "text": "That you miss our walks."}
NONE = {"me": None, "partner": None}


def reflect(phone: Phone, body: Any = HEARD, date: dt.date = DATE) -> Reply:
    return phone.put(f"/v1/days/{date}/reflection", body)


def reflections(phone: Phone) -> dict[str, Any]:
    found: dict[str, Any] = phone.get(DAY).body["reflections"]
    return found


def stored(services: Services, phone: Phone) -> Day:
    return day_of(services, couple_id_of(services, phone), DATE)


@pytest.fixture
def opened(couple: tuple[Phone, Phone]) -> tuple[Phone, Phone]:
    """Return two persons who have both answered."""
    for phone in couple:
        assert phone.put(f"{DAY}/answer", {"text": "Our walks."}).status == 200
    return couple


def test_each_leaves_a_reflection_and_both_read_both(opened: tuple[Phone, Phone]) -> None:
    ada, ben = opened
    assert reflections(ada) == NONE == reflections(ben)
    mine = reflect(ada)
    assert mine.status == 200, mine.text
    assert mine.body["reflections"] == {"me": HEARD, "partner": None}
    assert reflections(ben) == {"me": None, "partner": HEARD}
    theirs = reflect(ben, {"kind": "thank_you"})
    thanks = {"kind": "thank_you", "text": None}
    assert theirs.body["reflections"] == {"me": thanks, "partner": HEARD}
    assert theirs.body == ben.get(DAY).body == ben.get("/v1/days").body["days"][0]
    assert reflections(ada) == {"me": HEARD, "partner": thanks}


@pytest.mark.parametrize("kind", [kind for kind in ReflectionKind if kind is not ReflectionKind.HEARD])
def test_a_word_of_its_own_needs_no_text(opened: tuple[Phone, Phone], kind: str) -> None:
    ada, _ = opened
    assert reflect(ada, {"kind": kind}).body["reflections"]["me"] == {"kind": kind, "text": None}
    assert reflect(ada, {"kind": kind, "text": None}).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "heard"},
        {"kind": "heard", "text": None},
        {"kind": "heard", "text": " \n "},
        {"kind": "heard", "text": "x" * 1001},
        {"kind": "heard", "text": 7},
        {"kind": "thank_you", "text": "Thank you."},
        {"kind": "tell_me_more", "text": ""},
        {"kind": "HEARD", "text": "x"},
        {"kind": "advice", "text": "You should"},
        {"kind": None, "text": "x"},
        {"text": "x"},
        HEARD | {"share_first": True},
    ],
)
def test_words_come_with_what_was_heard_and_with_nothing_else(opened: tuple[Phone, Phone], body: Any) -> None:
    ada, ben = opened
    refused = reflect(ada, body)
    assert (refused.status, refused.problem) == (422, "invalid-fields")
    assert reflections(ben) == NONE


@pytest.mark.parametrize("text", ["x" * 1000, "🫶" * 1000, "a\nb\tc  d", "שלום"])
def test_it_is_kept_to_the_letter(opened: tuple[Phone, Phone], text: str) -> None:
    ada, ben = opened
    assert reflect(ada, {"kind": "heard", "text": f" {text}\n"}).status == 200
    assert reflections(ben)["partner"]["text"] == text


def test_a_reflection_before_both_have_answered_is_refused(couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    assert reflect(ada).problem == "no-such-day"
    ada.get(DAY)
    for phone in couple:
        refused = reflect(phone)
        assert (refused.status, refused.problem) == (409, "not-open-yet")
    ada.put(f"{DAY}/answer", {"text": "Mine.", "share_first": True})
    assert reflect(ada).problem == "not-open-yet"
    assert reflect(ben).problem == "not-open-yet", "also where the answer is open already"
    assert reflections(ben) == NONE


def test_it_is_never_too_late_for_a_reflection(opened: tuple[Phone, Phone]) -> None:
    ada, ben = opened
    ada.now += dt.timedelta(days=300)
    assert reflect(ada).status == 200
    assert reflections(ben)["partner"] == HEARD


def test_the_same_again_is_acknowledged_and_another_is_refused(opened: tuple[Phone, Phone]) -> None:
    ada, ben = opened
    first = reflect(ada)
    ada.now += dt.timedelta(minutes=5)
    again = reflect(ada)
    assert (again.status, again.text) == (200, first.text)
    for other in (HEARD | {"text": "Something else."}, {"kind": "thank_you"}):
        refused = reflect(ada, other)
        assert (refused.status, refused.problem) == (409, "reflected-already")
    assert reflections(ben) == {"me": None, "partner": HEARD}


def test_an_answer_is_as_it_was_and_its_repeat_is_acknowledged(opened: tuple[Phone, Phone]) -> None:
    ada, ben = opened
    before = ada.get(DAY).body
    reflect(ada)
    reflect(ben)
    again = ada.put(f"{DAY}/answer", {"text": "Our walks."})
    assert again.status == 200
    assert again.body["me"] == before["me"]
    assert again.body["reflections"]["me"] == HEARD, "a repeat of the answer takes nothing away"
    assert ada.put(f"{DAY}/answer", {"text": "No.", "revision": 1}).problem == "answers-are-open"


def test_a_day_that_was_checked_off_can_be_reflected_on(services: Services, couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    ada.get(DAY)
    key = keys.day(couple_id_of(services, ada), DATE)
    services.days.table.write(Write("Update", key, update="SET kind = :kind", values={":kind": "together"}))
    for phone in couple:
        phone.put(f"{DAY}/answer", {})
    assert reflect(ada, {"kind": "thank_you"}).status == 200
    assert reflections(ben)["partner"] == {"kind": "thank_you", "text": None}


def test_parting_while_it_is_written_keeps_the_partners_words_closed(
    services: Services, opened: tuple[Phone, Phone]
) -> None:
    ada, ben = opened
    parted: list[Reply] = []
    unpairings = iter([lambda: ben.delete("/v1/couple")])

    def meanwhile(operation: str) -> None:
        if operation == "UpdateItem" and (unpair := next(unpairings, None)):
            parted.append(unpair())

    # The resolver handles one request at a time, so the other request runs in its own process.
    ben.handler = handler_of(lambda: services)
    with watched(services.people.table, meanwhile):
        refused = reflect(ada)
    assert parted[0].status == 204
    assert refused.problem == "not-paired"


def test_two_at_once_both_stand(services: Services, opened: tuple[Phone, Phone]) -> None:
    """The partner's reflection is written after my request has read the day and before it writes."""
    ada, ben = opened
    theirs: list[Reply] = []

    def meanwhile(operation: str) -> None:
        if operation == "UpdateItem" and not theirs:
            theirs.append(Reply(0, {}, ""))
            theirs.append(reflect(ben, {"kind": "i_hear_you"}))

    ben.handler = handler_of(lambda: services)
    with watched(services.people.table, meanwhile):
        mine = reflect(ada)
    assert theirs[-1].status == 200, theirs[-1].text
    assert mine.body["reflections"] == {"me": HEARD, "partner": {"kind": "i_hear_you", "text": None}}


def test_themes_about_being_heard_suggest_to_say_what_was_heard(api: Handler) -> None:
    ada, _ben = a_couple(api, NEW_YORK, NEW_YORK)
    suggested = {}
    for _ in range(7):
        day = ada.get("/v1/today").body["today"]
        suggested[Theme(day["prompt"]["theme"])] = day["reflect"]
        ada.now += dt.timedelta(days=1)
    assert {theme for theme, kind in suggested.items() if kind == "heard"} == {Theme.LISTENING, Theme.COURAGE}
    assert set(suggested.values()) == {"heard", None}


class TestSealed:
    """A reflection is as private as an answer."""

    CANARY = "a canary sang of walks"

    def test_no_log_line_and_no_stored_item_holds_it(
        self, services: Services, opened: tuple[Phone, Phone], logged: io.StringIO
    ) -> None:
        ada, _ = opened
        for body in (
            {"kind": "heard", "text": self.CANARY},
            {"kind": "heard", "text": f"another {self.CANARY}"},
            {"kind": "thank_you", "text": self.CANARY},
            {"kind": self.CANARY, "text": self.CANARY},
            {"kind": "heard", "text": self.CANARY * 100},
            {"kind": "heard", "text": "x", self.CANARY: self.CANARY},
        ):
            reply = reflect(ada, body)
            assert reply.status == 200 or self.CANARY not in reply.text.replace(f"body.{self.CANARY}", "")
        assert ada.get(DAY).body["reflections"]["me"]["text"] == self.CANARY
        assert '"message":"answered"' in logged.getvalue()
        assert "canary" not in logged.getvalue()
        item = services.days.table.get(keys.day(couple_id_of(services, ada), DATE))
        assert "reflection" in repr(item)
        assert "canary" not in repr(item)

    def test_no_answer_opens_as_a_reflection_and_no_reflection_as_an_answer(
        self, services: Services, opened: tuple[Phone, Phone]
    ) -> None:
        ada, ben = opened
        for phone in opened:
            reflect(phone)
        table, key = services.days.table, keys.day(couple_id_of(services, ada), DATE)
        keys_of_couple = services.vault.couple_keys(couple_id_of(services, ada))
        whole = row_in(table, key)
        places = [(uid, what) for uid, what in itertools.product((ada.uid, ben.uid), ("answer", "reflection"))]

        def part(uid: str, what: str) -> dict[str, Any]:
            answer: dict[str, Any] = whole["answers"][uid]
            return answer if what == "answer" else answer["reflection"]

        sealed = {place: part(*place)["sealed"] for place in places}
        for here, there in itertools.permutations(places, 2):
            part(*here)["sealed"] = sealed[there]
            table.put_many([(key, {name: value for name, value in whole.items() if name not in key._fields})])
            opens = keys_of_couple.open_answer if here[1] == "answer" else keys_of_couple.open_reflection
            with pytest.raises(VaultError):
                opens(stored(services, ada), here[0])
            part(*here)["sealed"] = sealed[here]

    def test_neither_a_push_nor_a_count_follows(self, services: Services, opened: tuple[Phone, Phone]) -> None:
        ada, _ = opened
        table, key = services.days.table, keys.day(couple_id_of(services, ada), DATE)
        before = table.get(key)
        reflect(ada)
        after = table.get(key)
        assert before
        assert after
        assert before != after
        change = change_in(stream_record(marshal(before), marshal(after)))
        assert reaction_to(change) == NOTHING
        assert progress_of(change) is None
