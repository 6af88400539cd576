"""A couple chooses packs and joins courses by code, and both get the prompts."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.couples import PackWish, Wish
from rekindle.domain.ids import PackId
from rekindle.domain.playlist import Course
from rekindle.domain.prompts import Audience, Theme
from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.practice_codes import PracticeCode
from rekindle.store.table import Write
from testing.apis import handler_of, rereading
from testing.builders import NEW_YORK, TOKYO, a_stored_prompt, give_code, prompts, publish
from testing.phones import Phone, a_couple, a_phone, at_noon, pair
from testing.push_world import calls
from testing.stored import couple_id_of, couple_of, day_of, every_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services
    from rekindle.domain.playlist import Entry
    from rekindle.store.catalogue import PromptText
    from testing.phones import Handler

DAY = dt.timedelta(days=1)
CODE = "ABCD2345"


def lessons(pack: str, count: int) -> list[tuple[Entry, PromptText]]:
    """Return this many prompts of the theme spark."""
    return [a_stored_prompt(pack, f"lesson-{number}", Theme.SPARK) for number in range(count)]


@pytest.fixture(scope="module")
def services(new_services: Callable[[], Services]) -> Services:
    """Publish a pack of each kind: for everybody, to choose, by code, and for later."""
    made = new_services()
    table = made.people.table
    publish(table, prompts("choice"), audience=Audience.CHOICE)
    publish(table, lessons("group", 3), audience=Audience.CODE, course=Course(in_order=True, every_days=7))
    publish(table, lessons("daily", 2), audience=Audience.CODE)
    publish(table, prompts("later"), live_from=dt.datetime(2026, 3, 20, tzinfo=dt.UTC))
    give_code(table, "group")
    give_code(table, "daily", "DAAY2345")
    give_code(table, "choice", "CHCE2345")
    give_code(table, "gone", "GNEE2345")
    return made


@pytest.fixture
def api(services: Services) -> Handler:
    return handler_of(lambda: services)


@pytest.fixture
def couple(api: Handler) -> tuple[Phone, Phone]:
    ada, ben = a_phone(api, "ada", NEW_YORK), a_phone(api, "ben", TOKYO, language="fr")
    pair(ada, ben)
    return ada, ben


def chosen(phone: Phone) -> dict[str, bool]:
    return {each["id"]: each["chosen"] for each in phone.get("/v1/packs").body["packs"]}


def pack_of(phone: Phone) -> str:
    prompt: str = phone.get("/v1/today").body["today"]["prompt"]["id"]
    return prompt.partition("/")[0]


def choose(phone: Phone, pack: str) -> int:
    return phone.call("PUT", f"/v1/couple/packs/{pack}").status


def join(phone: Phone, code: str = CODE, key: str | None = None) -> Any:
    return phone.post("/v1/couple/practice-code", {"code": code}, key=key)


class TestChoosing:
    """Either partner chooses for both, and a repeat changes nothing."""

    def test_a_couple_sees_what_it_can_have_and_neither_a_code_nor_what_is_to_come(
        self, couple: tuple[Phone, Phone]
    ) -> None:
        ada, _ = couple
        listed = ada.get("/v1/packs").body["packs"]
        assert [each["id"] for each in listed] == ["choice", "test"]
        assert chosen(ada) == {"choice": False, "test": True}
        assert listed[0] == {
            "id": "choice",
            "title": "choice",
            "written_for": "Everybody.",
            "prompts": 84,
            "languages": ["en"],
            "audience": "choice",
            "chosen": False,
            "course": None,
        }
        assert ada.get("/v1/couple").body["packs"] == ["test"]

    def test_a_pack_that_is_scheduled_is_there_when_its_time_has_come(self, couple: tuple[Phone, Phone]) -> None:
        ada, _ = couple
        ada.now += 30 * DAY
        assert chosen(ada) == {"choice": False, "later": True, "test": True}

    def test_one_chooses_and_the_other_sees_it_as_well(self, services: Services, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        view = ada.call("PUT", "/v1/couple/packs/choice")
        assert (view.status, view.body["chosen"]) == (200, True)
        assert chosen(ben) == {"choice": True, "test": True}
        assert ben.get("/v1/couple").body["packs"] == ["choice", "test"]
        assert ben.delete("/v1/couple/packs/test").status == 204
        assert chosen(ada) == {"choice": True, "test": False}
        assert couple_of(services, ada).packs == {
            "choice": PackWish(Wish.CHOSEN, dt.date(2026, 3, 2)),
            "test": PackWish(Wish.TURNED_OFF, dt.date(2026, 3, 3)),
        }
        assert {pack_of(phone) for phone in couple} == {"choice"}
        assert choose(ben, "test") == 200
        assert ada.delete("/v1/couple/packs/choice").status == 204
        assert couple_of(services, ada).packs == {}

    def test_a_repeat_writes_nothing(self, services: Services, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        for _ in range(2):
            assert choose(ada, "choice") == 200
            assert ada.delete("/v1/couple/packs/test").status == 204
        with calls(services.people.table) as seen:
            assert choose(ben, "choice") == 200
            assert ben.delete("/v1/couple/packs/test").status == 204
            assert ben.delete("/v1/couple/packs/nothing").status == 204
            assert ben.delete("/v1/couple/packs/group").status == 204
        assert set(seen) <= {"GetItem", "BatchGetItem"}

    @pytest.mark.parametrize("pack", ["nothing", "group", "later", "PACK%23test"])
    def test_a_pack_that_cannot_be_chosen_does_not_exist(self, couple: tuple[Phone, Phone], pack: str) -> None:
        """A pack that needs a code is refused in the same way, so it stays unknown."""
        reply = couple[0].call("PUT", f"/v1/couple/packs/{pack}")
        assert (reply.status, reply.problem) == (404, "no-such-pack")

    def test_a_couple_that_turns_everything_off_still_gets_a_prompt(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        ada.delete("/v1/couple/packs/test")
        assert chosen(ada) == {"choice": False, "test": False}
        assert pack_of(ben) == "test"
        assert ada.get("/v1/couple").body["packs"] == ["test"]


class TestCode:
    """With a practice's code both join its pack, and the pack then plays first."""

    def test_a_couple_joins_by_code_and_the_course_begins_for_both(
        self, services: Services, couple: tuple[Phone, Phone]
    ) -> None:
        ada, ben = couple
        reply = join(ada, "abcd 2345")
        assert reply.status == 200, reply.text
        assert reply.body == {
            "id": "group",
            "title": "group",
            "written_for": "Everybody.",
            "prompts": 3,
            "languages": ["en"],
            "audience": "code",
            "chosen": True,
            "course": {"starts_on": "2026-03-02", "every_days": 7, "in_order": True},
        }
        assert chosen(ben) == {"choice": False, "group": True, "test": True}
        assert couple_of(services, ada).packs == {"group": PackWish(Wish.JOINED, dt.date(2026, 3, 2))}
        packs = []
        for _ in range(22):
            shown = ada.get("/v1/today").body["today"]["prompt"]["id"]
            packs.append(shown)
            ada.now += DAY
        assert [each for each in packs if each.startswith("group/")] == [f"group/lesson-{n}" for n in range(3)]
        assert packs[0:21:7] == [f"group/lesson-{n}" for n in range(3)]

    def test_the_first_six_dates_with_a_pack_by_code_are_marked_for_the_statistics(
        self, own_services: Services
    ) -> None:
        """The mark belongs to each prompt, so a swapped prompt and its replacement keep their own."""
        publish(own_services.people.table, lessons("group", 9), audience=Audience.CODE)
        give_code(own_services.people.table, "group")
        ada, _ = a_couple(handler_of(lambda: own_services))
        joined = dt.date.fromisoformat(join(ada).body["course"]["starts_on"])
        marks = []
        for number in range(8):
            date = joined + number * DAY
            at_noon(date, ada)
            assert ada.get(f"/v1/days/{date}").body["prompt"]["id"].startswith("group/")
            if number in {0, 7}:
                assert ada.post(f"/v1/days/{date}/swap").status == 200
            day = day_of(own_services, couple_id_of(own_services, ada), date)
            marks.append((day.early, *(swapped.early for swapped in day.swapped)))
        assert marks == [(True, True), *[(True,)] * 5, (False,), (False, False)]

    def test_staff_get_one_notice_when_more_couples_use_a_code_than_expected(self, own_services: Services) -> None:
        """A couple that leaves the pack and joins it again counts once. The notice names no couple."""
        table, api = own_services.people.table, handler_of(lambda: own_services)
        publish(table, lessons("group", 3), audience=Audience.CODE)
        table.write(PracticeCode("ABCD2345", PackId("group"), expected=2).new())
        noticed = []
        for _ in range(4):
            ada, ben = a_couple(api)
            for phone in (ada, ben, ada):
                assert join(phone).status == 200
            assert ada.delete("/v1/couple/packs/group").status == 204
            assert join(ben).status == 200
            noticed.append([item for item in every_row(table) if item["pk"] == keys.NOTICES])
        assert [len(each) for each in noticed] == [0, 0, 1, 1]
        (notice,) = noticed[-1]
        assert {name: notice[name] for name in notice.keys() - {"pk", "sk", "ttl", "at"}} == {
            "kind": "code-used-widely",
            "pack": "group",
            "couples": 2,
        }

    @pytest.mark.parametrize("first", [None, 50])
    def test_staff_get_the_notice_also_if_the_expected_number_is_set_or_lowered_later(
        self, first: int | None, own_services: Services
    ) -> None:
        """The next couple makes the notice. There is one for each code, so other numbers tell nothing of the count."""
        table, api = own_services.people.table, handler_of(lambda: own_services)
        publish(table, lessons("group", 3), audience=Audience.CODE)
        table.write(PracticeCode(CODE, PackId("group"), expected=first).new())
        noticed = []
        for expected in (first, first, first, 2, 1, 50, 3):
            table.write(PracticeCode(CODE, PackId("group"), expected=expected).expecting())
            assert join(a_couple(api)[0]).status == 200
            noticed.append([item["couples"] for item in every_row(table) if item["pk"] == keys.NOTICES])
        assert noticed == [[], [], [], [2], [2], [2], [2]]

    def test_a_code_without_an_expected_number_counts_couples_and_tells_nobody(self, own_services: Services) -> None:
        table, api = own_services.people.table, handler_of(lambda: own_services)
        publish(table, lessons("group", 3), audience=Audience.CODE)
        give_code(table, "group")
        for _ in range(2):
            assert join(a_couple(api)[0]).status == 200
        assert own_services.catalogue.practice_code(CODE) == PracticeCode(CODE, PackId("group"), couples=2)
        assert not [item for item in every_row(table) if item["pk"] == keys.NOTICES]

    def test_a_code_that_was_replaced_meanwhile_is_not_made_again(self, own_services: Services) -> None:
        table, code = own_services.people.table, PracticeCode(CODE, PackId("group"))
        with pytest.raises(WriteConflictError):
            table.transact(code.use(dt.datetime(2026, 3, 2, tzinfo=dt.UTC)))
        assert own_services.catalogue.practice_code(CODE) is None

    def test_a_weekly_course_does_not_begin_a_week_late(self, couple: tuple[Phone, Phone]) -> None:
        """Today and the partner's today are open already, so the course begins on the next date."""
        ada, ben = couple
        ben.now += dt.timedelta(hours=1)
        for phone in couple:
            phone.get("/v1/today")
        assert join(ada).body["course"]["starts_on"] == "2026-03-04"
        ada.now += 2 * DAY
        assert ada.get("/v1/today").body["today"]["prompt"]["id"] == "group/lesson-0"

    def test_a_course_begins_after_a_day_that_was_opened_in_the_east(self, api: Handler) -> None:
        """After their flight west no clock shows that date, but its prompt was chosen in the east and stays."""
        ada, ben = a_couple(api, "Pacific/Kiritimati", NEW_YORK)
        ada.get("/v1/today")
        ben.get("/v1/today")
        ada.put("/v1/me", {"display_name": "Ada", "zone": NEW_YORK})
        assert join(ada).body["course"]["starts_on"] == "2026-03-04"

    def test_joining_again_changes_nothing(self, services: Services, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        first = join(ada, key="once").body
        ada.now += DAY
        assert join(ada, key="once").body == first
        assert join(ben).body == first
        assert couple_of(services, ada).packs[PackId("group")].since == dt.date(2026, 3, 2)
        assert join(ada, "DAAY2345", key="once").problem == "key-reused"

    def test_either_leaves_for_both(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        join(ada, "DAAY-2345")
        assert pack_of(ada) == "daily"
        assert ben.delete("/v1/couple/packs/daily").status == 204
        for phone in couple:
            phone.now += 2 * DAY
            assert "daily" not in chosen(phone)
            assert pack_of(phone) == "test"
        assert ada.call("PUT", "/v1/couple/packs/daily").problem == "no-such-pack"
        assert join(ben, "DAAY-2345").status == 200

    @pytest.mark.parametrize("code", ["2222-2222", "GNEE2345", "CHCE2345"])
    def test_codes_that_do_not_work_get_the_same_answer(self, couple: tuple[Phone, Phone], code: str) -> None:
        """The codes are a wrong one, one of a withdrawn pack, and one of a pack that needs no code."""
        reply = join(couple[0], code)
        assert (reply.status, reply.problem) == (404, "code-not-usable")
        assert reply.text == join(couple[1], "3333-3333").text

    def test_a_renewed_code_no_longer_works_and_who_has_joined_stays(self, own_services: Services) -> None:
        table = own_services.people.table
        publish(table, lessons("group", 3), audience=Audience.CODE)
        give_code(table, "group")
        ada, ben = a_couple(handler_of(lambda: own_services), NEW_YORK, NEW_YORK)
        assert join(ada).status == 200
        table.write(Write("Delete", keys.practice_code(CODE)))
        give_code(table, "group", "NEWW2345")
        assert join(ben).problem == "code-not-usable"
        assert pack_of(ben) == "group"
        assert join(ben, "NEWW2345").status == 200

    def test_tries_are_limited_and_apart_from_those_of_invites(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        for _ in range(5):
            assert join(ada, "2222-2222").status == 404
        reply = join(ada)
        assert (reply.status, reply.problem) == (429, "too-many-tries")
        assert reply.headers["Retry-After"] == "3600"
        ada.delete("/v1/couple")
        invite = ben.post("/v1/invites").body
        assert ada.post("/v1/invites/redeem", {"code": invite["code"]}).status == 200

    def test_a_pack_that_is_withdrawn_plays_no_more_and_is_back_with_its_return(self, own_services: Services) -> None:
        table = own_services.people.table
        release = publish(table, lessons("group", 9), audience=Audience.CODE, course=Course(in_order=True))
        give_code(table, "group")
        ada, ben = a_couple(handler_of(partial(rereading, own_services)), NEW_YORK, NEW_YORK)
        join(ada)
        assert pack_of(ada) == "group"
        publish(table, lessons("group", 9), audience=Audience.CODE, entries=())
        ada.now += DAY
        assert pack_of(ada) == "test"
        publish(table, lessons("group", 9), audience=Audience.CODE, course=release.course)
        ben.now += 2 * DAY
        assert ben.get("/v1/today").body["today"]["prompt"]["id"] == "group/lesson-1"
