"""Nothing is kept without an end: rows of ended couples, partings, solo days, counters and empty slots all go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

import cleanup.handler
from cleanup.services import Services as CleanupServices
from react.handler import React
from rekindle.cleanup import cleanup_job_from
from rekindle.push.queue import Outbox
from rekindle.store import keys
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.streaks import Streaks
from rekindle.store.table import Write, marshal
from testing.push_world import CrashError, MemorySqs, calls
from testing.released import FOLDER, NOW, World, lived, read
from testing.stored import couple_id_of, person_of, row_in, slot_rows, stream_record

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

    from rekindle.cleanup import CleanupJob
    from rekindle.domain.ids import CoupleId
    from rekindle.store.table import Table


@pytest.fixture
def world() -> World:
    """Return a world with every kind of row. Cem and Dua have unpaired there."""
    return lived()


def former_couple(world: World) -> CoupleId:
    (couple,) = person_of(world.services, world.phones["cem"]).parted
    return couple


def jobs_after_deletion_of(world: World, key: keys.Key) -> list[CleanupJob]:
    """Delete a row as DynamoDB does after its `ttl`. Return the cleanup jobs that `react` sends."""
    table = cast("Table", world.table)
    row = row_in(table, key)
    table.write(Write("Delete", key))
    record = stream_record(marshal(row), None) | {
        "eventName": "REMOVE",
        "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
    }
    sqs, pushes = MemorySqs("cleanup"), Outbox(cast("SQSClient", MemorySqs("pushes")), "pushes")
    react = React(Streaks(table, Couples(table), Days(table)), pushes, Outbox(cast("SQSClient", sqs), "cleanup"))
    assert react.handle([record]) == {"batchItemFailures": []}
    return list(map(cleanup_job_from, sqs.bodies))


def clean_up(world: World, *jobs: CleanupJob) -> None:
    services = CleanupServices.on(cast("Table", world.table), world.key_table.name)
    records: Any = [{"messageId": str(number), "body": job.model_dump_json()} for number, job in enumerate(jobs)]
    assert cleanup.handler.handle(services, records) == {"batchItemFailures": []}


def rows_naming(world: World, couple: CoupleId) -> list[tuple[str, str]]:
    return [
        (item["pk"], item.get("sk", ""))
        for table in (world.table, world.key_table)
        for item in table.items()
        if couple in json.dumps(item, default=str)
    ]


def test_nothing_is_left_of_a_couple_once_its_row_has_expired(world: World) -> None:
    couple = former_couple(world)
    kinds = {sk.partition("#")[0] for _, sk in rows_naming(world, couple)}
    assert kinds == {"", "COUPLE", "DAY", "PERSON", "SEEN", "STREAK", "TALLY"}
    others = {name: phone.get("/v1/days").text for name, phone in world.phones.items() if name in {"ada", "ben"}}
    jobs = jobs_after_deletion_of(world, keys.couple(couple))
    clean_up(world, *jobs)
    assert rows_naming(world, couple) == []
    for name in ("cem", "dua"):
        assert person_of(world.services, world.phones[name]).parted == {}
        assert world.phones[name].post("/v1/me/export").body["couples"] == []
    assert others == {name: world.phones[name].get("/v1/days").text for name in others}


def test_the_rest_of_a_couple_that_version_010_ended_goes_too() -> None:
    world = read((FOLDER / "0.1.0" / "tables.json").read_text(encoding="utf-8"))
    couple = former_couple(world)
    assert "former" not in row_in(cast("Table", world.table), keys.couple(couple))
    clean_up(world, *jobs_after_deletion_of(world, keys.couple(couple)))
    assert rows_naming(world, couple) == []


def test_the_rest_is_deleted_after_a_crash_before_any_request(world: World) -> None:
    couple, before = former_couple(world), world
    (job,) = jobs_after_deletion_of(before, keys.couple(couple))
    services = CleanupServices.on(cast("Table", world.table), world.key_table.name)
    crashes = 0
    while True:
        with calls(cast("Table", world.table), crash_at=crashes):
            try:
                cleanup.handler.handle(services, [{"messageId": "1", "body": job.model_dump_json()}])
            except CrashError:
                crashes += 1
                continue
        break
    assert crashes > 3
    assert rows_naming(world, couple) == []


def test_no_row_of_a_couple_that_stands_is_deleted(world: World) -> None:
    """A job for a couple whose own row exists does nothing, also if the couple has ended."""
    jobs = jobs_after_deletion_of(world, keys.couple(former_couple(world)))
    ada, stands = world.phones["ada"], couple_id_of(world.services, world.phones["ada"])
    wrong = jobs[0].model_copy(update={"couple": stands, "members": ("ada", "ben")})
    before = rows_naming(world, stands)
    clean_up(world, wrong)
    assert rows_naming(world, stands) == before
    assert ada.get("/v1/today").status == 200


def test_the_deletion_of_a_couple_that_stands_starts_nothing(world: World) -> None:
    assert jobs_after_deletion_of(world, keys.couple(couple_id_of(world.services, world.phones["ada"]))) == []


def test_a_person_whom_nobody_freed_is_free_after_the_couple_is_gone(world: World) -> None:
    table, ada = cast("Table", world.table), world.phones["ada"]
    couple = couple_id_of(world.services, ada)
    assert world.services.couples.end(ada.uid, couple, NOW)
    clean_up(world, *jobs_after_deletion_of(world, keys.couple(couple)))
    # These rows of the persons have ends of their own.
    left = {sk.partition("#")[0] for _, sk in rows_naming(world, couple)}
    assert left == {"CAUGHT_UP", "NUDGES", "SOLO"}
    for name in ("ada", "ben"):
        person = person_of(world.services, world.phones[name])
        assert (person.couple, person.parted) == (None, {})
        assert slot_rows(table, person.uid) == {}
    assert ada.get("/v1/solo/today").status == 200
