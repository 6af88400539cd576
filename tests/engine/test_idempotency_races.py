"""Repeats of one request that come at the same moment."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from couples_api import invites
from rekindle.api.problems import Problem
from rekindle.store import keys
from testing.stored import row_in
from tests.engine.racing import Racer, lost, race, won
from tests.routes.test_idempotency import KEY, WRONG, remembered_keys

if TYPE_CHECKING:
    from couples_api.services import Services


class TestRaces:
    """Repeats that come at the same moment."""

    def test_repeats_under_one_key_at_once_are_one_try(self, services: Services) -> None:
        for _ in range(10):
            ada, ben = Racer(services), Racer(services)
            right, wrong = (invites.RedeemBody(code=code) for code in (ada.invite().code, WRONG["code"]))
            for key, body in (("right", right), ("wrong", wrong)):
                outcomes = race(
                    *(
                        [lambda key=key, body=body, caller=ben.caller: invites.post_redeem(body, caller, services, key)]
                        * 7
                    )
                )
                assert lost(outcomes) == [Problem.INVITE_NOT_USABLE] * (7 if body is wrong else 0)
            counted = row_in(services.people.table, keys.tries(ben.uid))
            assert len(counted["tries"]) == 2
            assert len(remembered_keys(services, ben.uid)) == 1

    def test_one_key_for_two_codes_at_once_redeems_one(self, services: Services) -> None:
        for _ in range(10):
            ada, cai, ben = Racer(services), Racer(services), Racer(services)
            bodies = [invites.RedeemBody(code=each.invite().code) for each in (ada, cai)]
            outcomes = race(
                *(
                    lambda body=body, caller=ben.caller: invites.post_redeem(body, caller, services, KEY)
                    for body in bodies
                )
            )
            assert len(won(outcomes)) == 1
            assert Counter(lost(outcomes)) == {Problem.KEY_REUSED: 1}
            states = [invites.get_invite(each.caller, services).state for each in (ada, cai)]
            assert sorted(states) == ["open", "redeemed"]
