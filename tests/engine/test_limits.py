"""Parallel requests never exceed a limit. Each race runs on a real database."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from privacy import erasure, export
from rekindle.api.problems import Problem
from rekindle.domain.erasures import RECEIPTS
from rekindle.domain.limits import LIMITS, Counted
from rekindle.errors import ContentionError
from rekindle.store.instants import from_millis
from rekindle.store.keys import erased, pseudonym_of
from testing.apis import privacy_services
from testing.builders import LONDON, a_token
from tests.engine.racing import Racer, lost, race, racing_couple, run_all, won

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services

AT_ONCE: Final = 6
RACES: Final = 2

type Doing = Callable[[Racer, int], object]


def pause(racer: Racer, number: int) -> None:
    racer.pause(racer.now.date() + dt.timedelta(days=1 + number % 80))


def take_along(racer: Racer, _number: int) -> object:
    return export.post_export(racer.caller, privacy_services(racer.services))


DOINGS: Final[dict[Counted, Doing]] = {
    Counted.NAME: lambda racer, number: racer.introduce(display_name=f"Ada {number}", zone=LONDON),
    Counted.DEVICES: lambda racer, number: racer.register(a_token(f"{number}")),
    Counted.PAUSES: pause,
    Counted.EXPORTS: take_along,
    Counted.INVITES: lambda racer, _number: racer.invite(),
}


def tried(doing: Doing, racer: Racer, number: int) -> object:
    """Do it once. A request that met too many others counts as refused, because it changes nothing."""
    try:
        return doing(racer, number)
    except ContentionError:
        return Problem.BUSY


@pytest.mark.parametrize("kind", DOINGS)
def test_parallel_requests_never_exceed_a_limit(kind: Counted, services: Services) -> None:
    doing, limit = DOINGS[kind], LIMITS[kind].count

    def run() -> None:
        racer = Racer(services) if kind is Counted.INVITES else racing_couple(services)[0]
        done = 0
        for first in range(0, limit + AT_ONCE, AT_ONCE):
            outcomes = race(*(partial(tried, doing, racer, first + each) for each in range(AT_ONCE)))
            done += len(won(outcomes))
            assert done == len(racer.person.counted.get(kind, ())) <= limit
            if done < limit:
                assert set(lost(outcomes)) <= {Problem.BUSY}
        while done < limit:  # what met too many others
            doing(racer, 1_000 + done)
            done += 1
        assert race(partial(doing, racer, 2_000)) == [Problem.TOO_MANY_CHANGES]

    run_all([run] * RACES)


def test_parallel_requests_give_no_more_receipts_than_allowed(services: Services) -> None:
    def run() -> None:
        racer = Racer(services)
        erasing = partial(erasure.delete_me, racer.caller, privacy_services(services))
        outcomes = [
            outcome for _ in range(3) for outcome in race(*[partial(tried, lambda *_: erasing(), racer, 0)] * AT_ONCE)
        ]
        item = services.erasures.table.get(erased(pseudonym_of(racer.uid))) or {}
        assert len(item["receipts"]) == len(won(outcomes)) <= RECEIPTS.count
        assert {from_millis(each) for each in item["receipts"]} == {racer.now}

    run_all([run] * RACES)
