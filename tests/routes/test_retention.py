"""Nothing is kept without an end: rows of ended couples, partings, solo days, counters and empty slots all go."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

import cleanup.handler
import privacy.handler
from local.set_ends import Orphans
from react.handler import React
from rekindle.cleanup import RestJob, cleanup_job_from
from rekindle.push.queue import Outbox
from rekindle.store import keys
from rekindle.store.couples import KEEPSAKE, Couples
from rekindle.store.days import Days
from rekindle.store.ends import give_end
from rekindle.store.instants import to_ttl
from rekindle.store.streaks import Streaks
from rekindle.store.table import Write, marshal
from testing.apis import privacy_services
from testing.builders import an_instant
from testing.cleanups import cleanup_services
from testing.memory_sqs import MemorySqs
from testing.phones import pair, set_clocks
from testing.push_world import CrashError, calls
from testing.released import FOLDER, NOW, ROOT, World, lived, read, served
from testing.stored import couple_id_of, person_of, row_in, slot_rows, stream_record

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

    from rekindle.cleanup import CleanupJob
    from rekindle.domain.couples import Couple
    from rekindle.domain.days import SoloDay
    from rekindle.domain.ids import CoupleId
    from rekindle.store.table import Table
    from testing.memory_table import MemoryTable
    from testing.phones import Phone

DAY = dt.timedelta(days=1)
DOCUMENT = (ROOT / "docs" / "table.md").read_text(encoding="utf-8")


@pytest.fixture
def world() -> World:
    """Return a world with every kind of row. Cem and Dua have unpaired there."""
    return lived()


def former_couple(world: World) -> CoupleId:
    (couple,) = person_of(world.services, world.phones["cem"]).parted
    return couple


def ended_at_of(couple: Couple) -> dt.datetime:
    assert couple.ended_at
    return couple.ended_at


def solo_day_of(world: World, phone: Phone, date: dt.date) -> SoloDay:
    day = world.services.solo.day(phone.uid, date)
    assert day
    return day


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
    cleanup = Outbox(cast("SQSClient", sqs), "cleanup")
    react = React(Streaks(table, Couples(table), Days(table)), pushes, cleanup, pushes)
    assert react.handle([record]) == {"batchItemFailures": []}
    return list(map(cleanup_job_from, sqs.bodies))


def clean_up(world: World, *jobs: CleanupJob) -> None:
    services = cleanup_services(cast("Table", world.table), world.key_table.name)
    records: Any = [{"messageId": str(number), "body": job.model_dump_json()} for number, job in enumerate(jobs)]
    assert cleanup.handler.handle(services, records) == {"batchItemFailures": []}


def rows_naming(world: World, couple: CoupleId) -> list[tuple[str, str]]:
    return [
        (item["pk"], item.get("sk", ""))
        for table in (world.table, world.key_table)
        for item in table.items()
        if couple in json.dumps(item, default=str)
    ]


def test_the_rows_of_an_ended_couple_are_deleted(world: World) -> None:
    couple = former_couple(world)
    kinds = {sk.partition("#")[0] for _, sk in rows_naming(world, couple)}
    assert kinds == {"", "COUPLE", "DAY", "PERSON", "SEEN", "STREAK", "TALLY"}
    others = {name: phone.get("/v1/days").text for name, phone in world.phones.items() if name in {"ada", "ben"}}
    jobs = jobs_after_deletion_of(world, keys.couple(couple))
    clean_up(world, *jobs)
    assert rows_naming(world, couple) == []
    assert others == {name: world.phones[name].get("/v1/days").text for name in others}


def test_a_parting_is_forgotten_with_its_couple(world: World) -> None:
    clean_up(world, *jobs_after_deletion_of(world, keys.couple(former_couple(world))))
    for name in ("cem", "dua"):
        assert person_of(world.services, world.phones[name]).parted == {}
        assert world.phones[name].post("/v1/me/export").body["couples"] == []


def test_the_rest_of_a_couple_that_version_010_ended_goes_too() -> None:
    world = read((FOLDER / "0.1.0" / "tables.json").read_text(encoding="utf-8"))
    couple = former_couple(world)
    assert "former" not in row_in(cast("Table", world.table), keys.couple(couple))
    clean_up(world, *jobs_after_deletion_of(world, keys.couple(couple)))
    assert rows_naming(world, couple) == []


def test_the_rest_is_deleted_after_a_crash_before_any_request(world: World) -> None:
    couple, before = former_couple(world), world
    (job,) = jobs_after_deletion_of(before, keys.couple(couple))
    services = cleanup_services(cast("Table", world.table), world.key_table.name)
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


def test_a_person_is_free_although_nobody_heard_that_the_couple_is_gone(world: World) -> None:
    """`react` may have given up both the couple's end and the deletion of its row."""
    ada, ben, couple = world.phones["ada"], world.phones["ben"], couple_id_of(world.services, world.phones["ada"])
    assert world.services.couples.end(ada.uid, couple, NOW)
    cast("Table", world.table).write(Write("Delete", keys.couple(couple)))
    assert ada.get("/v1/solo/today").status == 200
    person = person_of(world.services, ada)
    assert (person.couple, set(person.parted)) == (None, {couple})  # so an erasure finds the rest
    assert slot_rows(cast("Table", world.table), ada.uid) == {}
    assert ada.post("/v1/me/export").status == 200
    pair(ada, ben)
    assert {couple_id_of(world.services, phone) for phone in (ada, ben)} != {couple}


def test_the_rest_of_a_couple_is_found_although_nobody_heard_that_it_is_gone(world: World) -> None:
    """`make set-ends` sends the job that `react` gave up. A couple that stands, or can stand again, gets none."""
    table, queue = cast("Table", world.table), MemorySqs("cleanup")
    outbox = Outbox(cast("SQSClient", queue), "cleanup")
    former, stands = former_couple(world), couple_id_of(world.services, world.phones["ada"])

    def orphans() -> Orphans:
        found = Orphans(table)
        for item in world.table.items():
            found.see(item)
        return found

    assert orphans().send(outbox, NOW) == 0
    for couple in (former, stands):
        table.write(Write("Delete", keys.couple(couple)))
    assert orphans().send(outbox, NOW) == 2
    jobs = {job.couple: job for job in map(cleanup_job_from, queue.bodies) if isinstance(job, RestJob)}
    assert {couple: set(job.members) for couple, job in jobs.items()} == {
        former: {world.phones[name].uid for name in ("cem", "dua")},
        stands: {world.phones[name].uid for name in ("ada", "ben")},
    }
    clean_up(world, *jobs.values())
    assert rows_naming(world, former) == []
    assert {person_of(world.services, world.phones[name]).couple for name in ("ada", "ben")} == {None}
    assert orphans().send(outbox, NOW) == 0


def kinds_in_the_document() -> dict[tuple[str, str], tuple[str, str]]:
    """Map the patterns of each kind's keys to the kind's name and its end, as docs/table.md has them."""
    rows = re.findall(r"^\| ([^|]+) \| `([^`]+)` \| `([^`]+)` \|.*\|([^|]*)\|$", DOCUMENT, re.MULTILINE)
    return {
        (re.sub(r"<[^>]+>", ".+", pk), re.sub(r"<[^>]+>", ".+", sk)): (name, end.strip()) for name, pk, sk, end in rows
    }


def without_end(table: MemoryTable) -> set[str]:
    """Return the names of the kinds of rows that have no `ttl`."""
    return {
        name
        for item in table.items()
        if "ttl" not in item
        for (pk, sk), (name, _) in kinds_in_the_document().items()
        if re.fullmatch(pk, item["pk"]) and re.fullmatch(sk, item["sk"])
    }


NEW = {"last audit entry", "older release", "proposed help"}
"""Rows without an end that version 0.1.0 did not have."""
STILL_NEEDED = {"couple", "catalogue index"}
"""A couple that stands has no end, and neither has the current version of the index."""


def test_every_kind_of_row_has_an_end_or_a_reason_to_have_none(world: World) -> None:
    (section,) = re.findall(r"### Rows without a `ttl`\n(.*?)\n## ", DOCUMENT, re.DOTALL)
    explained = {name for names in re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE) for name in names.split(", ")}
    documented = {name for name, end in kinds_in_the_document().values() if not end}
    assert explained - {"entity", "---"} == documented
    assert without_end(world.table) == documented | STILL_NEEDED


def test_rows_of_version_010_get_their_end_once() -> None:
    world = read((FOLDER / "0.1.0" / "tables.json").read_text(encoding="utf-8"))
    table = cast("Table", world.table)
    documented = {name for name, end in kinds_in_the_document().values() if not end}
    couple = world.services.couples.couple(former_couple(world))
    assert couple
    assert without_end(world.table) > (documented | STILL_NEEDED) - NEW
    served(world)  # the first look at a date opens its day
    before = served(world)
    assert sum(give_end(table, item) for item in world.table.items()) > 10
    assert without_end(world.table) == (documented | STILL_NEEDED) - NEW
    row = row_in(table, keys.couple(couple.id))
    assert row["ttl"] == to_ttl(ended_at_of(couple) + KEEPSAKE + DAY)
    assert (row["profiles"], row["former"], "ended_by" in row) == ({}, ["cem", "dua"], False)
    assert not any(give_end(table, item) for item in world.table.items())
    assert served(world) == before


def test_an_end_never_overwrites_what_changed_meanwhile(world: World) -> None:
    """The couple goes on after the program has read its row, and a row is deleted."""
    table, ada = cast("Table", world.table), world.phones["ada"]
    couple = keys.couple(couple_id_of(world.services, ada))
    assert not give_end(table, row_in(table, couple) | {"ended_at": 1})
    solo = keys.solo_day(ada.uid, dt.date(2026, 2, 25))
    row = {name: value for name, value in row_in(table, solo).items() if name != "ttl"}
    table.write(Write("Delete", solo))
    assert not give_end(table, row)
    assert table.get(solo) is None


class TestSoloDays:
    """A solo day ends three years after its date, and its prompt counts as new again then."""

    def test_a_solo_day_ends_after_three_years(self, world: World) -> None:
        table, ada = cast("Table", world.table), world.phones["ada"]
        date = dt.date(2026, 2, 25)
        couple = couple_id_of(world.services, ada)
        world.services.solo.take_back(solo_day_of(world, ada, date), couple)
        assert ada.post(f"/v1/solo/days/{date}/share").status == 200
        end = to_ttl(an_instant("2029-02-25T00:00:00Z"))
        for key in (keys.solo_day(ada.uid, date), keys.shared(couple, date, ada.uid)):
            assert row_in(table, key)["ttl"] == end
        eve = world.phones["eve"]
        assert eve.get("/v1/solo/today").status == 200
        assert row_in(table, keys.solo(eve.uid))["ttl"] == to_ttl(an_instant("2029-03-09T00:00:00Z"))

    def test_a_history_forgets_prompts_of_more_than_three_years_ago(self, world: World) -> None:
        table, eve = cast("Table", world.table), world.phones["eve"]
        assert eve.get("/v1/solo/today").status == 200
        eve.now += dt.timedelta(days=3 * 365 + 2)
        assert eve.get("/v1/solo/today").status == 200
        seen = row_in(table, keys.solo(eve.uid))["seen"]
        assert list(seen.values()) == [str(eve.now.date())]


def test_counters_end_after_two_years(world: World) -> None:
    rows = [item for item in world.table.items() if item["pk"] == keys.STATS]
    assert {item["sk"].partition("#")[0] for item in rows} == {"DAY", "WEEK"}
    for item in rows:
        date = dt.date.fromisoformat(item["sk"].partition("#")[2])
        assert item["ttl"] == to_ttl(dt.datetime.combine(date, dt.time(), dt.UTC) + dt.timedelta(days=731))


def test_an_export_goes_on_at_the_right_couple_after_an_earlier_one_is_deleted(world: World) -> None:
    """Without a lasting number for each couple, the cursor would skip the days of the next couple."""
    cem, dua = world.phones["cem"], world.phones["dua"]
    first = former_couple(world)
    set_clocks(NOW + 20 * DAY, cem, dua)
    pair(cem, dua, resume=(False, False))
    date = cem.get("/v1/today").body["today"]["date"]
    for phone in (cem, dua):
        assert phone.put(f"/v1/days/{date}/answer", {"text": "The second time."}).status == 200
    assert cem.delete("/v1/couple").status == 204
    set_clocks(NOW + 31 * DAY, cem, dua)
    services = replace(privacy_services(world.services), page_sections=1)
    api = privacy.handler.handler_of(lambda: services)
    exporter = replace(cem, handler=api, claims={"auth_time": str(int(cem.now.timestamp()))})
    pages = [exporter.post("/v1/me/export").body]
    pages.append(exporter.post("/v1/me/export", {"next": pages[-1]["next"]}).body)
    clean_up(world, *jobs_after_deletion_of(world, keys.couple(first)))
    while pages[-1]["next"]:
        pages.append(exporter.post("/v1/me/export", {"next": pages[-1]["next"]}).body)
    assert [[couple["couple"] for couple in page["couples"]] for page in pages] == [[], [1], [2]]
    assert [entry["answer"]["text"] for page in pages for entry in page["entries"]] == ["The second time."]
    again = exporter.post("/v1/me/export").body
    assert exporter.post("/v1/me/export", {"next": again["next"]}).body["couples"][0]["couple"] == 2


def test_an_entry_of_the_audit_ends_after_ten_years(world: World) -> None:
    rows = [item for item in world.table.items() if item["pk"] == keys.AUDIT]
    assert len(rows) > 2
    for item in rows:
        assert item["ttl"] == -(-item["done"]["at"] // 1000) + 3653 * 24 * 3600
