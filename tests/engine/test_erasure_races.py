"""An erasure races other requests on AWS's DynamoDB Local. Nothing can prevent it, and afterwards nothing is left."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cleanup.handler import handle
from rekindle.api.problems import Problem
from rekindle.cleanup import AccountDeletedJob, EndedJob, EraseJob
from rekindle.store import keys
from rekindle.store.instants import to_millis
from testing.builders import an_instant
from testing.cleanups import cleanup_services
from testing.stored import day_of, every_row
from tests.engine.racing import LOOPS, RACES, Racer, lost, race, racing_couple, rewrite_until, run_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from cleanup.services import Services as CleanupServices
    from couples_api.services import Services
    from rekindle.cleanup import CleanupJob
    from rekindle.domain.ids import CoupleId

NOW = an_instant()
REFUSALS = {Problem.ACCOUNT_ERASED, Problem.NOT_PAIRED, Problem.BUSY, Problem.NO_PROFILE}


@dataclass(frozen=True, slots=True)
class Worker:
    """The function `cleanup` on the tables of the races. Its queues are in memory, and nobody reads them."""

    services: CleanupServices

    def handle(self, job: CleanupJob) -> int:
        """Handle the job, and return the number of deliveries. After a conflict, the queue delivers the job again."""
        stamp = {"ApproximateFirstReceiveTimestamp": str(to_millis(NOW))}
        record = {"messageId": "1", "body": job.model_dump_json(), "attributes": stamp}
        deliveries = 1
        while handle(self.services, [record])["batchItemFailures"]:
            deliveries += 1
        return deliveries

    def ended(self, couple: CoupleId) -> int:
        return self.handle(EndedJob(couple=couple))

    def first(self, racer: Racer) -> int:
        return self.handle(EraseJob(uid=racer.uid, erased_at=NOW))

    def last(self, racer: Racer) -> int:
        """Handle the last job, and then the report that the account is deleted."""
        deliveries = self.handle(EraseJob(uid=racer.uid, erased_at=NOW, is_last=True))
        self.handle(AccountDeletedJob(uid=racer.uid, pseudonym=keys.pseudonym_of(racer.uid)))
        return deliveries


@pytest.fixture(scope="module")
def services(new_services: Callable[[], Services]) -> Services:
    """Make tables for these races. Each test reads all rows at the end."""
    return new_services()


@pytest.fixture(scope="module")
def worker(services: Services) -> Worker:
    return Worker(cleanup_services(services.people.table, services.vault.table.name))


def require_gone(services: Services, erased: list[Racer]) -> None:
    """Scan the main table and the key table for every erased person. A racer's name is their uid."""
    rows = (repr(row) for table in tables(services) for row in every_row(table))
    named = {uid for row in rows for uid in re.findall(r"person-\d+", row)}
    assert named
    assert named & {racer.uid for racer in erased} == set()


def tables(services: Services) -> list[Any]:
    return [services.people.table, services.vault.table]


def test_erasures_race_an_answer(services: Services, worker: Worker) -> None:
    """Ada erases her account while both answer, and while `cleanup` begins already."""
    erased: list[Racer] = []

    def one(number: int) -> None:
        ada, ben = racing_couple(services)
        couple, date = ada.couple_id, ada.now.date()
        ada.today()
        outcomes = race(
            ada.erase,
            lambda: ada.answer(date, f"Hers {number}."),
            lambda: ben.answer(date, f"His {number}."),
            *([partial(worker.first, ada)] if number % 2 else []),
        )
        assert not isinstance(outcomes[0], Problem)
        assert set(lost(outcomes)) <= REFUSALS
        if not number % 2:
            worker.first(ada)
        worker.last(ada)
        assert race(lambda: ada.answer(date, "Again.")) == [Problem.ACCOUNT_ERASED]
        assert race(lambda: ada.introduce(zone="Europe/London")) == [Problem.ACCOUNT_ERASED]
        assert race(ben.today) == [Problem.NOT_PAIRED]
        day = day_of(services, couple, date)
        if not isinstance(outcomes[2], Problem):
            assert services.vault.couple_keys(couple).open_answer(day, ben.uid) == f"His {number}."
        worker.ended(couple)
        assert ben.person.couple is None
        erased.append(ada)

    run_all([partial(one, number) for number in range(RACES)])
    require_gone(services, erased)


def test_erasures_race_the_reveal(services: Services, worker: Worker) -> None:
    """Ada has answered. She erases her account while Ben's answer opens both, or while he reads and replies."""
    erased: list[Racer] = []

    def one(number: int) -> None:
        ada, ben = racing_couple(services)
        couple, date = ada.couple_id, ada.now.date()
        ada.answer(date, f"Hers {number}.")
        other: list[Callable[[], object]]
        if number % 2:
            ben.answer(date, f"His {number}.")
            other = [lambda: ben.reflect(date, "Heard."), lambda: ben.day(date), lambda: ada.reflect(date, "Yes.")]
        else:
            other = [lambda: ben.answer(date, f"His {number}."), ben.today]
        outcomes = race(ada.erase, *other, *([partial(worker.first, ada)] if number % 3 else []))
        assert not isinstance(outcomes[0], Problem)
        assert set(lost(outcomes)) <= REFUSALS | {Problem.NOT_OPEN_YET}
        assert race(lambda: ben.day(date)) == [Problem.NOT_PAIRED]
        if not number % 3:
            worker.first(ada)
        worker.last(ada)
        day = day_of(services, couple, date)
        assert day.answers.keys() <= {ben.uid}
        opened = services.vault.couple_keys(couple)
        assert not opened.can_open(ada.uid)
        if ben.uid in day.answers:
            assert opened.open_answer(day, ben.uid) == f"His {number}."
        erased.append(ada)

    run_all([partial(one, number) for number in range(RACES)])
    require_gone(services, erased)


def test_nothing_that_a_partner_does_holds_up_an_erasure(services: Services, worker: Worker) -> None:
    """Ben rewrites his profile in sixteen loops, and moves each time. No job of the erasure fails even once."""
    deliveries = rewritten = 0
    for _ in range(10):
        ada, ben = racing_couple(services)
        couple, over, begun = ada.couple_id, threading.Event(), threading.Barrier(LOOPS + 1)
        ada.answer(ada.now.date(), "Hers.")
        with ThreadPoolExecutor(LOOPS) as pool:
            loops = [pool.submit(rewrite_until, ben, over, begun) for _ in range(LOOPS)]
            begun.wait()
            try:
                ada.erase()
                deliveries += worker.first(ada) + worker.last(ada)
            finally:
                over.set()
            rewritten += sum(loop.result() for loop in loops)
        assert race(ben.today) == [Problem.NOT_PAIRED]
        require_gone(services, [ada])
        worker.ended(couple)
        assert ben.person.couple is None
    assert deliveries == 20
    assert rewritten > 100


def test_two_partners_who_erase_at_once_leave_nothing(services: Services, worker: Worker) -> None:
    erased: list[Racer] = []

    def one(_: int) -> None:
        ada, ben = racing_couple(services)
        couple, date = ada.couple_id, ada.now.date()
        for racer in (ada, ben):
            racer.answer(date, "So.")
        outcomes = race(ada.erase, ben.erase)
        assert lost(outcomes) == []
        race(partial(worker.first, ada), partial(worker.first, ben))
        race(partial(worker.last, ada), partial(worker.last, ben))
        assert services.people.table.query(keys.couple(couple).pk).items == []
        erased.extend([ada, ben])

    run_all([partial(one, number) for number in range(RACES // 10)])
    Racer(services)  # somebody who stays
    require_gone(services, erased)
