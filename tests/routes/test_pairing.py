"""Two persons become a couple in three steps: invite, redeem, confirm."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest

from rekindle.domain.ids import Language
from rekindle.domain.three_words import WORDS
from testing.builders import LONDON, NEW_YORK, TOKYO, a_uid
from testing.phones import Phone, a_phone, confirmation, pair
from testing.stored import every_row

if TYPE_CHECKING:
    import io

    from couples_api.services import Services
    from testing.phones import Handler, Reply

HOUR = dt.timedelta(hours=1)
MILLISECOND = dt.timedelta(milliseconds=1)
SHARED = ("/v1/couple", "/v1/today", "/v1/days", "/v1/days/2026-03-02", "/v1/streak")


@pytest.fixture
def ada(api: Handler) -> Phone:
    return a_phone(api, "ada", NEW_YORK)


@pytest.fixture
def ben(api: Handler) -> Phone:
    return a_phone(api, "ben", TOKYO)


def redeem(phone: Phone, code: str) -> Reply:
    return phone.post("/v1/invites/redeem", {"code": code})


def confirm(phone: Phone, invite_id: str) -> Reply:
    return phone.post("/v1/invites/confirm", confirmation(phone, invite_id))


def is_paired(*phones: Phone) -> list[bool]:
    return [phone.get("/v1/me").body["paired"] for phone in phones]


def wait(span: dt.timedelta, *phones: Phone) -> None:
    for phone in phones:
        phone.now += span


def test_two_persons_pair_from_invite_to_confirmation(services: Services, ada: Phone, ben: Phone) -> None:
    made = ada.post("/v1/invites")
    assert made.status == 201
    invite = made.body
    assert invite["link"] == "https://app.example/join#" + invite["code"].replace("-", "")
    assert dt.datetime.fromisoformat(invite["expires_at"]) == ada.now + dt.timedelta(hours=24)
    waiting = ada.get("/v1/invites").body
    assert waiting == {
        "invite_id": invite["invite_id"],
        "state": "open",
        "redeemed_by": None,
        "words": None,
        "expires_at": invite["expires_at"],
        "together_before": False,
    }

    redeemed = redeem(ben, f" {invite['code'].lower().replace('-', chr(0x2013))}\n")
    assert redeemed.status == 200
    assert redeemed.body == {
        "invite_id": invite["invite_id"],
        "inviter": "Ada",
        "state": "redeemed",
        "words": ada.get("/v1/invites").body["words"],
        "together_before": False,
    }
    assert ada.get("/v1/invites").body["redeemed_by"] == "Ben"
    assert is_paired(ada, ben) == [False, False]
    assert {phone.get(path).problem for phone in (ada, ben) for path in SHARED} == {"not-paired"}

    stored = repr(every_row(services.people.table))
    assert invite["code"] not in stored
    assert invite["code"].replace("-", "") not in stored, "only its MAC is stored"

    confirmed = confirm(ada, invite["invite_id"])
    assert confirmed.status == 200
    assert confirmed.body == {"partner": "Ben", "since": "2026-03-02"}
    assert ben.get("/v1/couple").body == {"partner": "Ada", "since": "2026-03-02", "packs": ["test"], "pause": None}
    assert is_paired(ada, ben) == [True, True]
    assert ada.get("/v1/invites").problem == "no-invite"


def test_the_answer_to_a_code_that_does_not_work_never_says_why(api: Handler, ada: Phone, ben: Phone) -> None:
    """All answers have the same bytes. A person who guesses codes must not learn that a code was valid once."""
    cai, dee = a_phone(api, "cai", LONDON), a_phone(api, "dee", LONDON)
    used = ada.post("/v1/invites").body
    redeem(ben, used["code"])
    cancelled = cai.post("/v1/invites").body["code"]
    cai.delete("/v1/invites")
    superseded = cai.post("/v1/invites").body["code"]
    own = cai.post("/v1/invites").body["code"]
    wrong = [redeem(dee, code) for code in (used["code"], cancelled, superseded, "22222-22222")]
    wrong.append(redeem(cai, own))
    dee.now += 24 * HOUR
    wrong.append(redeem(dee, own))
    assert confirm(ada, used["invite_id"]).status == 200
    wrong.append(redeem(dee, used["code"]))
    assert {reply.problem for reply in wrong} == {"invite-not-usable"}
    assert len({(reply.status, reply.text, *sorted(reply.headers.items())) for reply in wrong}) == 1


def test_a_code_dies_exactly_a_day_after_it_was_made(api: Handler, ada: Phone, ben: Phone) -> None:
    cai = a_phone(api, "cai", LONDON)
    codes = [phone.post("/v1/invites").body["code"] for phone in (ada, cai)]
    wait(24 * HOUR - MILLISECOND, ben)
    assert redeem(ben, codes[0]).status == 200
    wait(MILLISECOND, ben)
    assert redeem(ben, codes[1]).problem == "invite-not-usable"


def test_an_invite_that_expires_between_redeeming_and_confirming_makes_no_couple(ada: Phone, ben: Phone) -> None:
    invite = ada.post("/v1/invites").body
    redeem(ben, invite["code"])
    ada.now += 24 * HOUR
    assert confirm(ada, invite["invite_id"]).problem == "no-invite"
    assert is_paired(ada, ben) == [False, False]


def test_an_inviter_declines_by_cancelling(ada: Phone, ben: Phone) -> None:
    invite = ada.post("/v1/invites").body
    redeem(ben, invite["code"])
    assert ada.delete("/v1/invites").status == 204
    assert confirm(ada, invite["invite_id"]).problem == "no-invite"
    assert redeem(ben, invite["code"]).problem == "invite-not-usable"
    assert ada.delete("/v1/invites").status == 204


def test_only_the_invite_that_was_seen_is_confirmed(api: Handler, ada: Phone, ben: Phone) -> None:
    """The inviter taps «yes, that is Ben». This must never pair them with a person who redeemed a later code."""
    seen = ada.post("/v1/invites").body
    redeem(ben, seen["code"])
    later = ada.post("/v1/invites").body
    redeem(a_phone(api, "cai", LONDON), later["code"])
    assert confirm(ada, seen["invite_id"]).problem == "no-invite"
    assert confirm(ada, later["invite_id"]).body["partner"] == "Cai"
    assert is_paired(ben) == [False]


def test_an_invite_is_confirmed_only_once_somebody_has_redeemed_it(ada: Phone) -> None:
    invite = ada.post("/v1/invites").body
    assert confirm(ada, invite["invite_id"]).problem == "not-redeemed-yet"


def test_nobody_confirms_an_invite_of_somebody_else(ada: Phone, ben: Phone) -> None:
    invite = ada.post("/v1/invites").body
    redeem(ben, invite["code"])
    assert confirm(ben, invite["invite_id"]).problem == "no-invite"
    assert is_paired(ada, ben) == [False, False]


def test_a_person_is_in_one_couple_at_most(api: Handler, ada: Phone, ben: Phone) -> None:
    pair(ada, ben)
    cai = a_phone(api, "cai", LONDON)
    open_code = cai.post("/v1/invites").body["code"]
    for paired in (ada, ben):
        assert paired.post("/v1/invites").problem == "already-paired"
        assert redeem(paired, open_code).problem == "already-paired"


def test_a_redeemer_who_has_paired_elsewhere_cannot_be_confirmed(api: Handler, ada: Phone, ben: Phone) -> None:
    """The inviter does not learn that the redeemer has paired."""
    invite = ada.post("/v1/invites").body
    redeem(ben, invite["code"])
    cai = a_phone(api, "cai", LONDON)
    pair(cai, ben)
    refused = confirm(ada, invite["invite_id"])
    assert refused.problem == "invite-not-usable"
    assert "Cai" not in refused.text
    assert ada.post("/v1/invites").status == 201
    assert is_paired(ada, ben, cai) == [False, True, True]


def test_pairing_withdraws_the_redeemer_s_own_invite(api: Handler, ada: Phone, ben: Phone) -> None:
    bens = ben.post("/v1/invites").body["code"]
    pair(ada, ben)
    assert redeem(a_phone(api, "cai", LONDON), bens).problem == "invite-not-usable"


class TestGuessing:
    """A person has few tries at redeeming, so that ten symbols are enough."""

    def test_five_codes_an_hour_are_tried_and_the_sixth_waits(self, ada: Phone) -> None:
        for minute in range(5):
            assert redeem(ada, "22222-22222").problem == "invite-not-usable"
            if minute < 4:
                ada.now += dt.timedelta(minutes=1)
        ada.now += dt.timedelta(minutes=1, milliseconds=1)
        refused = redeem(ada, "22222-22222")
        assert (refused.status, refused.problem) == (429, "too-many-tries")
        # The first of the five tries was 5 minutes and a millisecond ago. The wait is rounded up to a second.
        assert refused.headers["Retry-After"] == str(55 * 60)
        ada.now += dt.timedelta(seconds=int(refused.headers["Retry-After"]))
        assert redeem(ada, "22222-22222").problem == "invite-not-usable"

    def test_twenty_codes_a_day_are_tried(self, ada: Phone) -> None:
        for number in range(20):
            assert redeem(ada, "22222-22222").problem == "invite-not-usable", number
            ada.now += HOUR
        refused = redeem(ada, "22222-22222")
        assert refused.problem == "too-many-tries"
        assert refused.headers["Retry-After"] == str(4 * 60 * 60)
        ada.now += 4 * HOUR
        assert redeem(ada, "22222-22222").problem == "invite-not-usable"

    def test_after_too_many_tries_a_right_code_waits_too(self, ada: Phone, ben: Phone) -> None:
        code = ada.post("/v1/invites").body["code"]
        for _ in range(5):
            redeem(ben, "22222-22222")
        assert redeem(ben, code).problem == "too-many-tries"
        assert ada.get("/v1/invites").body["state"] == "open"
        ben.now += HOUR
        assert redeem(ben, code).status == 200

    def test_a_person_without_a_profile_cannot_try_codes(self, api: Handler, ada: Phone) -> None:
        code = ada.post("/v1/invites").body["code"]
        assert redeem(Phone(api, a_uid("nobody")), code).problem == "no-profile"


class TestRepeats:
    """A phone that got no reply repeats its request, and the repeat does no harm."""

    def test_an_invite_asked_for_again_under_its_key_is_the_same(self, ada: Phone, ben: Phone) -> None:
        first = ada.post("/v1/invites", key="tap-1")
        ada.now += dt.timedelta(seconds=9)
        again = ada.post("/v1/invites", key="tap-1")
        assert (again.status, again.body) == (first.status, first.body)
        assert ada.post("/v1/invites", key="tap-2").body["code"] != first.body["code"]
        # A key belongs to its owner: another person may use the same key.
        assert ben.post("/v1/invites", key="tap-1").body["code"] != first.body["code"]

    def test_an_invite_asked_for_again_after_it_was_redeemed_is_not_opened_anew(self, ada: Phone, ben: Phone) -> None:
        first = ada.post("/v1/invites", key="tap").body
        redeem(ben, first["code"])
        assert ada.post("/v1/invites", key="tap").body == first
        assert ada.get("/v1/invites").body["redeemed_by"] == "Ben"

    @pytest.mark.parametrize("end", ["cancelled", "superseded", "expired", "used"])
    def test_a_late_repeat_never_brings_a_dead_code_back(self, ada: Phone, ben: Phone, end: str) -> None:
        """An inviter has declined a stranger. A late repeat must not make the stranger's code valid again."""
        first = ada.post("/v1/invites", key="tap").body
        match end:
            case "cancelled":
                ada.delete("/v1/invites")
            case "superseded":
                ada.post("/v1/invites", key="another tap")
            case "expired":
                wait(24 * HOUR, ada, ben)
            case "used":
                redeem(ben, first["code"])
                confirm(ada, first["invite_id"])
                ada.delete("/v1/couple")
        repeated = ada.post("/v1/invites", key="tap")
        assert (repeated.status, repeated.problem) == (409, "key-reused")
        assert redeem(ben, first["code"]).problem == "invite-not-usable"
        assert ada.post("/v1/invites", key="a new tap").status == 201

    def test_redeeming_again_finds_it_redeemed(self, ada: Phone, ben: Phone) -> None:
        code = ada.post("/v1/invites").body["code"]
        for key in (None, "tap"):
            replies = [ben.post("/v1/invites/redeem", {"code": code}, key=key) for _ in range(2)]
            assert [reply.status for reply in replies] == [200, 200]
            assert replies[0].text == replies[1].text

    def test_confirming_again_finds_the_couple(self, ada: Phone, ben: Phone) -> None:
        invite = ada.post("/v1/invites").body
        redeem(ben, invite["code"])
        body = confirmation(ada, invite["invite_id"])
        replies = [ada.post("/v1/invites/confirm", body, key=key) for key in (None, "tap", "tap")]
        assert [reply.status for reply in replies] == [200] * 3
        assert len({reply.text for reply in replies}) == 1

    def test_a_confirmation_that_comes_again_after_the_unpairing_pairs_nobody(self, ada: Phone, ben: Phone) -> None:
        invite = ada.post("/v1/invites").body
        redeem(ben, invite["code"])
        confirm(ada, invite["invite_id"])
        ben.delete("/v1/couple")
        assert confirm(ada, invite["invite_id"]).problem == "no-invite"
        assert is_paired(ada, ben) == [False, False]

    def test_a_key_serves_one_request_only(self, ada: Phone, ben: Phone) -> None:
        code = ada.post("/v1/invites").body["code"]
        assert ben.post("/v1/invites/redeem", {"code": code}, key="tap").status == 200
        reused = ben.post("/v1/invites/redeem", {"code": "22222-22222"}, key="tap")
        assert (reused.status, reused.problem) == (409, "key-reused")
        assert ben.post("/v1/invites", key="tap").problem == "key-reused"
        assert ben.post("/v1/invites/confirm", confirmation(ben, "any"), key="tap").problem == "key-reused"
        assert ben.get("/v1/invites").problem == "no-invite"


def test_a_partners_new_name_is_seen(couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    ben.put("/v1/me", {"display_name": "Benno", "zone": TOKYO})
    assert ada.get("/v1/couple").body["partner"] == "Benno"


class TestThreeWords:
    """Nobody who calls themself by the partner's name is confirmed by mistake."""

    def test_both_phones_show_the_same_words_in_the_inviter_s_language(self, api: Handler) -> None:
        ada, ben = a_phone(api, "ada", LONDON, language="es"), a_phone(api, "ben", LONDON, language="fr")
        invite = ada.post("/v1/invites").body
        words = redeem(ben, invite["code"]).body["words"]
        assert words == ada.get("/v1/invites").body["words"]
        assert set(words) <= set(WORDS[Language("es")])
        # The words must stay the same, even if the inviter changes the language meanwhile.
        ada.put("/v1/me", {"display_name": "Ada", "zone": LONDON, "language": "en"})
        assert ada.get("/v1/invites").body["words"] == redeem(ben, invite["code"]).body["words"] == words

    def test_a_stranger_with_the_partner_s_name_has_other_words_than_the_partner(
        self, api: Handler, ada: Phone, ben: Phone
    ) -> None:
        """A stranger redeems the code first, so Ben's phone shows no words. Then Ada makes a new invite."""
        stranger = a_phone(api, "stranger", TOKYO, display_name="Ben")
        first = ada.post("/v1/invites").body
        theirs = redeem(stranger, first["code"]).body["words"]
        assert "words" not in redeem(ben, first["code"]).body
        second = ada.post("/v1/invites").body
        assert redeem(ben, second["code"]).body["words"] != theirs
        refused = ada.post("/v1/invites/confirm", {"invite_id": second["invite_id"], "words": theirs})
        assert (refused.status, refused.problem) == (409, "other-words")
        assert is_paired(ada, ben, stranger) == [False, False, False]
        assert confirm(ada, second["invite_id"]).body["partner"] == "Ben"
        assert is_paired(ben, stranger) == [True, False]

    def test_one_who_redeems_an_invite_after_another_has_erased_themself_has_other_words(
        self, services: Services, api: Handler, ada: Phone, ben: Phone
    ) -> None:
        invite = ada.post("/v1/invites").body
        seen = redeem(ben, invite["code"]).body["words"]
        services.people.erase(ben.uid, ben.now)
        gone = services.people.erased_person(ben.uid)
        assert gone
        services.invites.forget(gone)
        assert ada.get("/v1/invites").body["words"] is None
        cai = a_phone(api, "cai", LONDON)
        assert redeem(cai, invite["code"]).body["words"] != seen
        refused = ada.post("/v1/invites/confirm", {"invite_id": invite["invite_id"], "words": seen})
        assert refused.problem == "other-words"
        assert is_paired(ada, cai) == [False, False]

    @pytest.mark.parametrize("words", [None, [], ["a", "b"], ["a", "b", "c", "d"], "a b c", ["a", "b", ""]], ids=repr)
    def test_a_confirmation_names_three_words(self, ada: Phone, ben: Phone, words: object) -> None:
        invite = ada.post("/v1/invites").body
        redeem(ben, invite["code"])
        for body in ({"words": words}, {}):
            refused = ada.post("/v1/invites/confirm", {"invite_id": invite["invite_id"]} | body)
            assert refused.problem == "invalid-fields"
        assert is_paired(ada, ben) == [False, False]

    def test_no_word_is_stored_or_logged(self, services: Services, ada: Phone, ben: Phone, logged: io.StringIO) -> None:
        invite = ada.post("/v1/invites").body
        words = redeem(ben, invite["code"]).body["words"]
        ada.post("/v1/invites/confirm", {"invite_id": invite["invite_id"], "words": [*words[::-1], "much"]})
        ada.post("/v1/invites/confirm", {"invite_id": invite["invite_id"], "words": [*words[:2], "nothing"]})
        stored = repr(every_row(services.people.table))
        assert confirm(ada, invite["invite_id"]).status == 200
        texts = (stored, repr(every_row(services.people.table)), logged.getvalue())
        assert [word for word in words for text in texts if re.search(rf"\b{word}\b", text)] == []
