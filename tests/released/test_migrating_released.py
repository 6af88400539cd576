"""The tables of version 0.1.0 are sealed again and lose an erased person, and all others read the same as before."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from rich.progress import Progress

from cleanup.handler import handle as clean_up
from local.reseal import Resealing
from rekindle.cleanup import AccountDeletedJob
from rekindle.crypto.sealing import AUTHORS_KEY, SINGLE_KEY, scheme_of
from rekindle.domain.ids import Uid
from rekindle.push.reactions import reaction_to
from rekindle.store import keys
from rekindle.store.instants import to_millis, to_ttl
from rekindle.store.stream import change_in
from rekindle.store.table import Write, marshal
from reseal.handler import handle
from reseal.services import Services as ResealServices
from testing.cleanups import cleanup_services
from testing.memory_sqs import MemorySqs
from testing.phones import set_clocks
from testing.released import FOLDER, NOW, World, read, served
from testing.stored import sealed_in, stream_record

if TYPE_CHECKING:
    from cleanup.services import Services as CleanupServices
    from rekindle.store.table import Item, Table

TABLES = (FOLDER / "0.1.0" / "tables.json").read_text(encoding="utf-8")


@pytest.fixture
def world() -> World:
    """Return the tables of version 0.1.0, which no later version has read yet."""
    return a_world()


def a_world() -> World:
    """Return the tables of version 0.1.0. A couple that opens a day gets the same seed in each of these worlds."""
    world = read(TABLES)
    world.services = replace(world.services, entropy=bytes)
    return world


class KeyRows:
    """DynamoDB's client, which scans the rows of the key table that have `wrapped`."""

    def __init__(self, world: World) -> None:
        self.world = world

    def get_paginator(self, operation: str) -> KeyRows:
        assert operation == "scan"
        return self

    def paginate(self, **asked: Any) -> list[Any]:
        assert (asked["TableName"], asked["FilterExpression"]) == ("keys", "attribute_exists(#wrapped)")
        return [{"Items": [marshal({"pk": row["pk"]}) for row in self.world.key_table.items() if "wrapped" in row]}]


class Functions:
    """Lambda's client, which runs `reseal` in this process. Each call changes at most one row."""

    def __init__(self, world: World) -> None:
        vault = replace(world.services.vault, read_only=True, _cells={})
        self.job = replace(ResealServices.on(cast("Table", world.table), vault), most_changes=1)

    def invoke(self, **call: Any) -> dict[str, Any]:
        return {"Payload": io.BytesIO(json.dumps(handle(self.job, json.loads(call["Payload"]))).encode())}


def reseal(world: World) -> dict[str, int]:
    command = Resealing(KeyRows(world), Functions(world), "keys", "reseal", pause=lambda _: None)
    return dict(command.run(command.subjects(), Progress(disable=True)))


def texts(world: World) -> list[bytes]:
    return [text for row in world.table.items() for text in sealed_in(row)]


def couples_with_single_key(world: World) -> list[str]:
    return [
        row["pk"] for row in world.key_table.items() if row["pk"].startswith(keys.COUPLE_PREFIX) and "wrapped" in row
    ]


def test_every_text_is_sealed_again_and_everybody_reads_the_same(world: World) -> None:
    assert {scheme_of(text) for text in texts(world)} == {SINGLE_KEY}
    assert len(couples_with_single_key(world)) == 2
    before = served(a_world())
    count, ended = len(texts(world)), cast("Any", before["dua export"]["body"])["entries"]
    assert [each["answer"]["text"] for each in ended] == [f"Ours, on day {number}." for number in range(2)]
    changed = reseal(world)
    assert changed.pop("rows") > 10
    assert changed == {"done": 3}
    assert len(texts(world)) == count
    assert {scheme_of(text) for text in texts(world)} == {AUTHORS_KEY}
    assert couples_with_single_key(world) == []
    assert served(world) == before
    assert reseal(world) == {"rows": 0, "done": 1}


def test_a_stack_that_seals_as_before_reseals_nothing() -> None:
    world = read(TABLES, SINGLE_KEY)
    before = [table.items() for table in world.tables.values()]
    functions = Functions(world)
    for subject in Resealing(KeyRows(world), functions, "keys", "reseal").subjects():
        assert handle(functions.job, subject)["outcome"] == "too_early"
    assert [table.items() for table in world.tables.values()] == before


class Erasing:
    """The workers that carry out the erasure of one person of the world."""

    def __init__(self, world: World, uid: Uid) -> None:
        self.world, self.uid = world, uid
        self.jobs, self.accounts = MemorySqs("cleanup"), MemorySqs("accounts")
        self.cleanup: CleanupServices = cleanup_services(
            cast("Table", world.table), "keys", jobs=self.jobs, accounts=self.accounts
        )

    def run(self) -> None:
        """Send the request, give each change to `react`, and let `cleanup` do all that follows."""
        before = by_key(self.world)
        reply = self.world.phones[self.uid].delete("/v1/me")
        assert reply.status == 202, reply.text
        after = by_key(self.world)
        for key in after.keys() | before.keys():
            old, new = before.get(key), after.get(key)
            if old != new:
                record = stream_record(old and marshal(old), new and marshal(new))
                self.jobs.bodies += [job.model_dump_json() for job in reaction_to(change_in(record)).cleanup]
        kinds = [self._next() for _ in range(3)]
        assert sorted(kinds) == ["ended", "erase", "erase"]
        (body,) = self.accounts.bodies
        deleted = AccountDeletedJob(pseudonym=json.loads(body)["pseudonym"], uid=self.uid)
        self.jobs.bodies.append(deleted.model_dump_json())
        self._next()
        assert self.jobs.bodies == []

    def _next(self) -> str:
        body = self.jobs.bodies.pop(0)
        attributes = {"ApproximateFirstReceiveTimestamp": str(to_millis(NOW))}
        record: Any = {"messageId": "1", "body": body, "attributes": attributes}
        assert clean_up(self.cleanup, [record]) == {"batchItemFailures": []}
        kind: str = json.loads(body)["type"]
        return kind


def by_key(world: World) -> dict[tuple[str, str], Item]:
    return {(item["pk"], item["sk"]): item for item in world.table.items()}


def delete_what_has_ended(world: World) -> None:
    """Delete each row whose `ttl` is over, as DynamoDB does.

    An invite that version 0.1.0 confirmed has both persons' names until then, and nothing leads from a person to it.
    """
    over = [
        Write("Delete", keys.Key(item["pk"], item["sk"]))
        for item in world.table.items()
        if item.get("ttl", to_ttl(NOW)) < to_ttl(NOW)
    ]
    assert {write.key.pk.partition("#")[0] for write in over} >= {"INVITE"}
    for write in over:
        world.table.write(write)


def naming(world: World, *texts: str) -> list[str]:
    """Return the key of each row, in any table, in which one of the texts is a word."""
    return [
        f"{item['pk']} {item.get('sk', '')}"
        for table in world.tables.values()
        for item in table.items()
        if words_of(item) & set(texts)
    ]


def words_of(value: Any) -> set[str]:
    """Return each text in a row. A key counts with each of its parts."""
    match value:
        case dict():
            return set().union(*(words_of(each) for pair in value.items() for each in pair))
        case list() | set():
            return set().union(*map(words_of, value))
        case str():
            return {value, *value.split("#"), *value.split("~")}
        case _:
            return set()


@pytest.mark.parametrize("is_resealed", [False, True], ids=["as 0.1.0 sealed them", "sealed again"])
def test_nothing_of_an_erased_person_is_left_and_the_partner_reads_their_own_words(*, is_resealed: bool) -> None:
    world = read(TABLES)
    delete_what_has_ended(world)
    ada, ben = world.phones["ada"], world.phones["ben"]
    before = words_in_export(world, "ben")
    assert len(before) > 5
    set_clocks(NOW, ada, ben)
    if is_resealed:
        reseal(world)
    traces = ("ada", "Ada")
    assert {name.partition("#")[0] for name in naming(world, *traces)} >= {"PERSON", "COUPLE", "TARGET"}
    sealed = len(texts(world))
    Erasing(world, Uid("ada")).run()
    assert naming(world, *traces) == []
    assert len(texts(world)) < sealed
    assert words_in_export(world, "ben") == before
    left = [name for name in naming(world, keys.pseudonym_of(Uid("ada"))) if "~" not in name]
    assert {name.partition("#")[0] for name in left} == {"ERASED", "RECEIPT", "INCIDENT"}
    assert [row["pk"] for row in world.key_table.items() if "ada" in row["pk"] or "ada" in row.get("authors", {})] == []
    # Until the keepsake period ends, the single key opens Ben's older words.
    assert len(couples_with_single_key(world)) == (0 if is_resealed else 2)


def words_in_export(world: World, name: str) -> list[Any]:
    """Return the texts that a person wrote on each date, as their export has them."""
    body: Any = world.phones[name].post("/v1/me/export").body
    return [
        (each["date"], each["answer"]["text"], each.get("reflection") and each["reflection"]["text"])
        for each in body["entries"]
        if each["answer"]
    ]
