"""Racing nudges keep the rules: three a day, one for each tap, only to a partner."""
# ruff: noqa: B023  the requests of a race are over before the loop that makes them goes on

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from couples_api import nudges
from rekindle.api.problems import Problem
from rekindle.domain.nudges import Gesture
from rekindle.store import keys
from testing.apis import handler_of
from testing.phones import Phone
from tests.engine.racing import Racer, lost, pair, race, racing_couple, won
from tests.routes.test_nudges import DAY, HOUR, SECOND, jobs_in, mute

if TYPE_CHECKING:
    from couples_api.services import Services


def nudge(racer: Racer, key: str | None = None, at: dt.datetime | None = None, gesture: Gesture = Gesture.HUG) -> Any:
    caller = replace(racer.caller, instant=at or racer.now)
    return nudges.post_nudge(nudges.NudgeBody(gesture=gesture), caller, racer.services, key)


def left(racer: Racer) -> int:
    return nudges.get_nudges(racer.caller, racer.services).left


class TestRaces:
    """I12, and I8 for nudges."""

    def test_of_many_at_once_three_are_sent(self, services: Services) -> None:
        for _ in range(8):
            ada, ben = racing_couple(services)
            outcomes = race(*([lambda: nudge(ada)] * 12))
            assert len(won(outcomes)) == 3
            assert Counter(lost(outcomes)) == {Problem.TOO_MANY_NUDGES: 9}
            assert len(nudges.get_nudges(ben.caller, services).received) == 3

    def test_one_tap_that_arrives_many_times_is_one_nudge(self, services: Services) -> None:
        for _ in range(8):
            ada, ben = racing_couple(services)
            outcomes = race(
                *(lambda number=number: nudge(ada, "tap", ada.now + number * SECOND) for number in range(8))
            )
            assert len({view.model_dump_json() for view in outcomes}) == 1
            assert left(ada) == 2
            assert len(nudges.get_nudges(ben.caller, services).received) == 1

    def test_one_key_for_two_gestures_at_once_sends_one(self, services: Services) -> None:
        for _ in range(8):
            ada, _ben = racing_couple(services)
            outcomes = race(*(lambda each=each: nudge(ada, "tap", gesture=each) for each in Gesture))
            assert len(won(outcomes)) == 1
            assert Counter(lost(outcomes)) == {Problem.KEY_REUSED: len(Gesture) - 1}
            assert left(ada) == 2

    @pytest.mark.parametrize("seed", range(6))
    def test_never_more_than_three_in_any_24_hours(self, services: Services, seed: int) -> None:
        """Send taps and repeats for three days, in rounds. The requests of a round arrive in any order."""
        dice = random.Random(seed)  # noqa: S311  a month to be had again by its seed
        ada, _ben = racing_couple(services)
        start, sent = ada.now, Counter[tuple[str, dt.datetime]]()
        for first in range(0, 72, 6):
            taps = [
                (dice.choice([None, *(f"tap {first // 24} {number}" for number in range(4))]), start + hours * HOUR)
                for hours in (first + dice.randrange(12) for _ in range(10))
            ]
            outcomes = race(*(lambda key=key, at=at: nudge(ada, key, at) for key, at in taps))
            assert set(lost(outcomes)) <= {Problem.TOO_MANY_NUDGES}
            for (key, _), view in zip(taps, outcomes, strict=True):
                if view is Problem.TOO_MANY_NUDGES:
                    continue
                if key is None:
                    sent["", view.at] += 1
                else:
                    sent[key, view.at] = 1  # once, however often the view shows it
        at = sorted(instant for (_, instant), times in sent.items() for _ in range(times))
        assert len(at) >= 7
        assert all(fourth - first >= DAY for first, fourth in zip(at, at[3:], strict=False))

    def test_a_nudge_that_races_an_unpairing_reaches_nobody(self, services: Services) -> None:
        """No route shows the nudge. If `react` queues its push, the job names a couple that has ended."""
        seen = Counter[bool]()
        for number in range(30):
            ada, ben = racing_couple(services)
            couple_id = ada.person.couple
            assert couple_id
            parting = (ada, ben)[number % 2]
            outcome, parted = race(lambda: nudge(ada), parting.unpair)
            assert parted is None
            assert not isinstance(outcome, Problem) or outcome is Problem.NOT_PAIRED
            for racer in (ada, ben):
                requests = race(lambda: nudge(racer), lambda: nudges.get_nudges(racer.caller, services))
                assert requests == [Problem.NOT_PAIRED] * 2
            jobs = jobs_in(services, keys.nudges(ada.uid))
            assert [job.uid for job in jobs] in ([], [ben.uid])
            assert all(ben.person.couple != job.couple for job in jobs)
            # Two who pair again are a new couple, which sees no earlier nudge. Earlier nudges still count for the cap.
            pair(ben, ada)
            assert nudges.get_nudges(ben.caller, services).received == []
            assert left(ada) == (3 if isinstance(outcome, Problem) else 2)
            seen[bool(jobs)] += 1
        assert sum(seen.values()) == 30

    def test_a_nudge_that_races_a_muting_is_sent_or_is_not(self, services: Services) -> None:
        for _ in range(10):
            ada, ben = racing_couple(services)
            phone = Phone(handler_of(lambda: services), ben.uid, ben.now)
            outcome, _ = race(lambda: nudge(ada), lambda: mute(services, phone))
            assert not isinstance(outcome, Problem)
            shown = nudges.get_nudges(ben.caller, services).received
            assert len(shown) == len(jobs_in(services, keys.nudges(ada.uid))) <= 1
            assert left(ada) == 2
