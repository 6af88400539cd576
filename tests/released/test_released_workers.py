"""Workers of version 0.1.0 and of this code handle each other's rows, jobs and stream records, as in a deployment.

While two versions run, SealingScheme is 1. `react`, `tick`, `delivery` and `tally` have two versions then. 0.1.0 has no
`cleanup` and no `accounts`, so only this code's `cleanup` meets rows of the other version. Each test states what 0.1.0
cannot do. One thing is not shown here: the two versions in the same millisecond. Each write is conditional in both.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest

from cleanup.handler import handle as clean_up
from rekindle.cleanup import EmptySlotJob, EndedJob, RestJob, StaleJob, TargetJob
from rekindle.crypto.sealing import SINGLE_KEY
from rekindle.domain.ids import CoupleId, DeviceId, Uid
from rekindle.push.reactions import reaction_to
from rekindle.store import keys
from rekindle.store.instants import to_millis
from rekindle.store.slots import Slots
from rekindle.store.stream import change_in
from rekindle.store.table import Write, marshal
from testing.cleanups import cleanup_services
from testing.memory_sqs import MemorySqs
from testing.released import FOLDER, NOW, World, kept_workers, lived, read, unpack, written
from testing.released_workers import run
from testing.stored import person_in, stream_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import BaseModel

    from rekindle.store.table import Table

HOURS = [(NOW + dt.timedelta(hours=number)).isoformat() for number in range(1, 25)]
"""The instants of ticks, within which each slot comes once."""
TABLES = (FOLDER / "0.1.0" / "tables.json").read_text(encoding="utf-8")
WRITERS = ("0.1.0", "this code")

type Task = dict[str, Any]


class Side(NamedTuple):
    """The data of one version: tables in which people live on, the tables after that, and the stream's records."""

    tables: str
    after: str
    records: list[Any]

    @property
    def halves(self) -> tuple[list[Any], list[Any]]:
        """The records in two batches."""
        middle = len(self.records) - 40  # within the records of the writes
        return self.records[:middle], self.records[middle:]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., list[Any]]]:
    """Return a function that lets the workers of version 0.1.0 do tasks."""
    folder = tmp_path_factory.mktemp("released")
    unpack("0.1.0", folder)
    with kept_workers(folder) as workers:
        yield workers


@pytest.fixture(scope="module")
def sides(old: Callable[..., list[Any]]) -> dict[str, Side]:
    """Let people live on in each version, and return what each stores."""
    world = lived(SINGLE_KEY)
    tables = written(world)
    ours = run({"command": "write"}, world)
    (theirs,) = old({"command": "write", "tables": TABLES})
    return {
        "0.1.0": Side(TABLES, theirs["tables"], theirs["records"]),
        "this code": Side(tables, ours["tables"], ours["records"]),
    }


def new(*tasks: Task) -> list[Any]:
    """Let the workers of this code do tasks."""
    return [run(json.loads(json.dumps(task))) for task in tasks]


def types(bodies: list[str]) -> set[str]:
    return {json.loads(body)["type"] for body in bodies}


def without(bodies: list[str], kind: str) -> list[str]:
    return [body for body in bodies if json.loads(body)["type"] != kind]


@pytest.mark.parametrize("writer", WRITERS)
def test_react_queues_the_same_pushes_for_the_other_version_s_records(
    writer: str, sides: dict[str, Side], old: Callable[..., list[Any]]
) -> None:
    """0.1.0 knows no new devices, and nothing of cleanup: its request alone frees both persons of a couple that ends.

    The streaks that both keep are the same.
    """
    task = {"command": "react", "tables": sides[writer].after, "records": sides[writer].records}
    (theirs,), (ours,) = old(task), new(task)
    assert theirs["failed"] == ours["failed"] == []
    kinds = {json.loads(body)["kind"] for body in theirs["pushes"]}
    assert kinds == {"both_answered", "partner_answered", "prompt", "nudge"}
    assert without(ours["pushes"], "new-device") == theirs["pushes"]
    assert (types(ours["pushes"]) == {"person", "new-device"}) is (writer == "this code")
    assert (types(ours["cleanup"]), theirs["cleanup"]) == ({"ended"}, [])
    assert main_rows(theirs, "COUPLE#") == main_rows(ours, "COUPLE#")


def main_rows(result: Any, *prefixes: str) -> dict[tuple[str, str], Any]:
    rows: list[Any] = json.loads(result["tables"])["tables"]["main"]
    return {
        # A revision counts writes, and two batches can write a row twice.
        (row["pk"]["S"], row["sk"]["S"]): {k: value for k, value in row.items() if k not in {"ttl", "revision"}}
        for row in rows
        if row["pk"]["S"].startswith(prefixes)
    }


@pytest.mark.parametrize("writer", WRITERS)
def test_two_versions_of_tally_count_as_one_does(
    writer: str, sides: dict[str, Side], old: Callable[..., list[Any]]
) -> None:
    """Each version counts some batches. The counters of 0.1.0 have no end, which `make set-ends` gives them."""
    side = sides[writer]
    task = {"command": "tally", "tables": side.after, "records": side.records}
    first, second = ({**task, "records": half} for half in side.halves)
    (alone,), (begun,) = new(task), new(first)
    whole, theirs, continued = old(task, first, {**second, "tables": begun["tables"]})
    (after_theirs,) = new({**second, "tables": theirs["tables"]})
    counted = main_rows(alone, "STATS", "TALLY#")
    assert len(counted) > 20
    assert counted != main_rows(begun, "STATS", "TALLY#")
    for result in (whole, continued, after_theirs):
        assert result["failed"] == []
        assert main_rows(result, "STATS", "TALLY#") == counted
    again, *_ = new({**task, "tables": whole["tables"]})
    assert main_rows(again, "STATS", "TALLY#") == counted, "a record that the other version counted counts once"


@pytest.mark.parametrize("writer", WRITERS)
def test_tick_finds_every_slot_of_the_other_version(
    writer: str, sides: dict[str, Side], old: Callable[..., list[Any]]
) -> None:
    """The watermark is common: what one version has queued, the other does not queue again."""
    task = {"command": "tick", "tables": sides[writer].tables, "ats": HOURS}
    (ours,) = new(task)
    theirs, idle = old(task, {**task, "tables": ours["tables"]})
    assert len(ours["pushes"]) > 5
    assert theirs["pushes"] == ours["pushes"]
    assert main_rows(theirs, "TICK") == main_rows(ours, "TICK")
    assert idle["pushes"] == new({**task, "tables": theirs["tables"]})[0]["pushes"] == []


@pytest.mark.parametrize("writer", WRITERS)
def test_delivery_sends_the_same_pushes_once_whichever_version_has_the_job(
    writer: str, sides: dict[str, Side], old: Callable[..., list[Any]]
) -> None:
    """0.1.0 cannot read the job of a new device. SQS gives this job out again, until this code's worker gets it."""
    side = sides[writer]
    (ticked,) = new({"command": "tick", "tables": side.tables, "ats": HOURS})
    (reacted,) = new({"command": "react", "tables": side.tables, "records": side.records})
    bodies = ticked["pushes"] + reacted["pushes"]
    task = {"command": "delivery", "tables": side.tables, "bodies": bodies}
    (ours,) = new(task)
    assert {"slot", "person"} <= types(bodies)
    assert len(ours["sent"]) > 5
    slots = {"command": "delivery", "bodies": ticked["pushes"]}
    theirs, after_ours = old(task, {**slots, "tables": ours["tables"]})
    assert [json.loads(bodies[int(number)])["type"] for number in theirs["failed"]] == [
        kind for kind in ("new-device",) if kind in types(bodies)
    ]
    assert theirs["sent"] == [push for push in ours["sent"] if not push[1]["collapse_id"].startswith("i")]
    assert after_ours["sent"] == new({**slots, "tables": theirs["tables"]})[0]["sent"] == []
    (missed,) = new({**task, "bodies": [bodies[int(number)] for number in theirs["failed"]]})
    assert len(missed["sent"]) == len(ours["sent"]) - len(theirs["sent"])


@pytest.mark.parametrize("writer", WRITERS)
def test_delivery_retries_what_the_other_version_could_not_send(
    writer: str, sides: dict[str, Side], old: Callable[..., list[Any]]
) -> None:
    (ticked,) = new({"command": "tick", "tables": sides[writer].tables, "ats": HOURS})
    task = {"command": "delivery", "tables": sides[writer].tables, "bodies": ticked["pushes"], "is_down": True}
    (down,) = new(task)
    assert types(down["jobs"]) == {"retry"}
    retry = {"command": "delivery", "tables": down["tables"], "bodies": down["jobs"]}
    theirs_down, retried = old(task, retry)
    assert (theirs_down["jobs"], theirs_down["failed"], retried["failed"]) == (down["jobs"], [], [])
    (ours,) = new({**retry, "tables": theirs_down["tables"], "bodies": theirs_down["jobs"]})
    assert retried["sent"] == ours["sent"]
    (usual,) = new({**task, "is_down": False})
    assert sorted(push[0] for push in ours["sent"]) == sorted(push[0] for push in usual["sent"])


def cleaned(world: World, *jobs: BaseModel, at: dt.datetime = NOW) -> None:
    """Let `cleanup` handle the jobs."""
    services = cleanup_services(cast("Table", world.table), "keys", jobs=MemorySqs("jobs"))
    attributes = {"ApproximateFirstReceiveTimestamp": str(to_millis(at))}
    records: Any = [
        {"messageId": str(number), "body": job.model_dump_json(), "attributes": attributes}
        for number, job in enumerate(jobs)
    ]
    assert clean_up(services, records) == {"batchItemFailures": []}


def cleanup_jobs(records: list[Any]) -> list[Any]:
    return [job for record in records for job in reaction_to(change_in(record)).cleanup]


def test_cleanup_ends_and_removes_couples_that_version_0_1_0_has_ended(
    sides: dict[str, Side], old: Callable[..., list[Any]]
) -> None:
    world = read(sides["0.1.0"].after, SINGLE_KEY)
    jobs = cleanup_jobs(sides["0.1.0"].records)
    ended = {CoupleId(job.couple) for job in jobs}
    assert (len(ended), {type(job) for job in jobs}) == (2, {EndedJob})
    cleaned(world, *jobs)
    assert all("ttl" in row for row in world.key_table.items() if row["pk"].startswith(keys.COUPLE_PREFIX))
    assert [row["pk"] for row in world.table.items() if row["sk"] == keys.PERSON and "couple" in row] == []
    (result,) = old({"command": "show", "tables": written(world)})
    shown = result["shown"]
    assert {name: reply for name, reply in shown.items() if "status" in reply and reply["status"] >= 500} == {}
    for couple in ended:
        row = world.table.get(keys.couple(couple))
        world.table.write(Write("Delete", keys.couple(couple)))
        (rest,) = cleanup_jobs([stream_record(marshal(row or {}), None)])
        assert isinstance(rest, RestJob)
        assert len(rest.members) == 2
        cleaned(world, rest)
    for table in world.tables.values():
        assert [item["pk"] for item in table.items() if any(couple in item["pk"] for couple in ended)] == []
    assert [row["pk"] for row in world.table.items() if row.get("parted")] == []


@pytest.mark.parametrize("kind", [TargetJob, StaleJob])
def test_cleanup_removes_devices_that_version_0_1_0_has_stored(
    kind: type[TargetJob | StaleJob], old: Callable[..., list[Any]]
) -> None:
    """The rows that are left belong to the other devices, and 0.1.0 reads them."""
    world, ada = read(TABLES, SINGLE_KEY), Uid("ada")
    table = cast("Table", world.table)
    before = person_in(table, ada).devices
    dead = before[DeviceId("phone")].target
    at = NOW if kind is TargetJob else NOW + dt.timedelta(days=300)
    cleaned(world, kind(person=keys.pseudonym_of(ada), target=keys.digest_of(dead), instant=at))
    left = person_in(table, ada).devices
    assert left.keys() == (before.keys() - {"phone"} if kind is TargetJob else set())
    assert world.table.get(keys.target(dead)) is None
    (result,) = old({"command": "show", "tables": written(world)})
    shown = result["shown"]
    targets = {
        target for name, rows in shown.items() if isinstance(rows, list) for _, _, devices in rows for target in devices
    }
    assert dead.value not in targets
    assert {device.target.value for device in left.values()} <= targets
    assert shown["ada /v1/me"]["status"] == 200


def test_cleanup_removes_empty_slots_of_version_0_1_0_and_its_tick_finds_the_marked_ones(
    sides: dict[str, Side], old: Callable[..., list[Any]]
) -> None:
    """0.1.0 does not see the mark of an empty slot. It never removes the mark, and never deletes a slot."""
    world = read(sides["0.1.0"].after, SINGLE_KEY)
    slots = Slots(cast("Table", world.table))
    task = {"command": "tick", "ats": HOURS}
    known = set(slots.known())
    jobs = [EmptySlotJob(zone=slot.zone, time=slot.time) for slot in sorted(known, key=str)]
    before, *_ = old({**task, "tables": written(world)})
    cleaned(world, *jobs)
    assert set(slots.known()) == known
    marked, *_ = old({**task, "tables": written(world)})
    assert marked["pushes"] == before["pushes"] != []
    cleaned(world, *jobs, at=NOW + dt.timedelta(hours=13))
    assert set(slots.known()) < known
    gone, *_ = old({**task, "tables": written(world)})
    assert len(gone["pushes"]) < len(marked["pushes"])
    assert set(gone["pushes"]) <= set(marked["pushes"])
    rows = [(row["pk"]["S"], row["sk"]["S"]) for row in json.loads(gone["tables"])["tables"]["main"]]
    assert {pk for pk, sk in rows if sk == "SHARDS"} == {f"SLOT#{slot}" for slot in slots.known()}
