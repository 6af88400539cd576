"""What calls and workers may cost at most, counted on the emulator. `make bench` shows all of it.

A bound that breaks says that a change reads or writes more than before: make it cheaper, or raise the bound knowingly.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bench.__main__ import DOCUMENT
from bench.ledger import Ledger
from bench.report import READ_PER_PUSH, Report, per_1000_pushes, read_per_push
from bench.world import World, fcm
from delivery.services import PAGE_ROWS
from local import openapi
from testing import engines
from testing.meter import Meter, ScanError, item_bytes, write_units

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.world import Line
    from rekindle.store.table import Table

type Bound = tuple[int, float, float]
"""Requests to DynamoDB, read units, write units."""

CALLS: dict[str, Bound] = {
    "GET /v1/couple": (2, 2, 0),
    "GET /v1/couple, paused": (2, 2, 0),
    "PATCH /v1/couple, to pause": (8, 8.5, 22),
    "PATCH /v1/couple, the same again": (5, 4.5, 0),
    "PATCH /v1/couple, to move its end": (8, 8.5, 22),
    "DELETE /v1/couple/pause, to go on": (11, 11, 24),
    "DELETE /v1/couple": (7, 9, 24),
    "PUT /v1/couple/packs/{pack_id}": (3, 2, 1),
    "PUT /v1/couple/packs/{pack_id}, the same again": (2, 2, 0),
    "DELETE /v1/couple/packs/{pack_id}": (3, 2, 1),
    "POST /v1/couple/practice-code, wrong code": (5, 4, 1),
    "POST /v1/couple/practice-code": (8, 6, 2),
    "GET /v1/days, 30 days": (5, 12.5, 0),
    "GET /v1/days, 30 days, new process": (6, 28, 0),
    "GET /v1/days/{date}": (4, 4, 0),
    "POST /v1/days/{date}/swap": (7, 5.5, 8),
    "POST /v1/days/{date}/swap, the same again": (4, 4, 0),
    "GET /v1/help, new process": (2, 2, 0),
    "GET /v1/help": (1, 1, 0),
    "GET /v1/packs, new process": (3, 7, 0),
    "GET /v1/packs": (2, 2, 0),
    "PUT /v1/days/{date}/answer, the first": (6, 5, 1),
    "PUT /v1/days/{date}/answer, an edit": (6, 5, 1),
    "PUT /v1/days/{date}/answer, the second: both open": (11, 9.5, 3),
    "PUT /v1/days/{date}/answer, the first, new process": (8, 6.5, 1),
    "POST /v1/invites": (3, 2, 4),
    "POST /v1/invites, in place of another, new process": (4, 3, 6),
    "GET /v1/invites": (2, 2, 0),
    "DELETE /v1/invites": (3, 2, 4),
    "POST /v1/invites, with a key": (5, 4, 6),
    "POST /v1/invites/confirm, the first of a zone, new process": (13, 8, 32),
    "POST /v1/invites/confirm": (8, 9, 26),
    "POST /v1/invites/redeem, wrong code": (4, 3, 1),
    "POST /v1/invites/redeem, with a key": (6, 4, 5),
    "POST /v1/invites/redeem": (5, 3, 2),
    "PUT /v1/me, first time": (2, 1, 1),
    "GET /v1/me": (1, 1, 0),
    "PUT /v1/me, changed": (2, 1, 1),
    "PUT /v1/me, the same again": (1, 1, 0),
    # The first change since they paired also takes from their rows since when they are reminded.
    "PUT /v1/me, in a couple": (4, 4, 12),
    "PUT /v1/me, in a couple, to the first of a zone": (12, 10, 28),
    "PUT /v1/me/devices/{device_id}, new": (3, 2, 4),
    "PUT /v1/me/devices/{device_id}, the same again": (3, 2, 1),
    "PUT /v1/me/devices/{device_id}, was the partner's": (8, 9, 22),
    "DELETE /v1/me/devices/{device_id}": (4, 4, 12),
    "GET /v1/me/reminders": (1, 1, 0),
    "PUT /v1/me/reminders": (2, 1, 1),
    "PUT /v1/me/reminders, in a couple, quiet hours": (4, 4, 10),
    "PUT /v1/me/reminders, in a couple, to the first of a slot": (7, 5, 17),
    "PUT /v1/me/reminders, the same again": (1, 1, 0),
    # Of the days around today one has a reflection: with long words these days are more than a unit holds.
    "GET /v1/streak": (5, 5.5, 0),
    "GET /v1/solo/today, first to open it": (7, 5.5, 4),
    "GET /v1/solo/today, opened already": (2, 2, 0),
    "PUT /v1/solo/days/{date}/answer, with a new key": (5, 3, 2),
    "PUT /v1/solo/days/{date}/answer, an edit": (4, 3, 1),
    "GET /v1/solo/days, 30 days": (3, 6, 0),
    "POST /v1/solo/days/{date}/share": (6, 5, 4),
    "POST /v1/solo/days/{date}/share, the same again": (4, 4, 0),
    "GET /v1/solo/shared, one": (4, 4, 0),
    "DELETE /v1/solo/days/{date}/share": (4, 3, 4),
    "PUT /v1/days/{date}/reflection": (6, 5, 2),
    "PUT /v1/days/{date}/reflection, the same again": (5, 5, 0),
    "GET /v1/recap": (6, 6.5, 0),
    "POST /v1/nudges": (5, 4, 1),
    "POST /v1/nudges, with a key": (6, 5, 4),
    "POST /v1/nudges, the same again": (5, 5, 0),
    "POST /v1/nudges, one too many": (4, 4, 0),
    "GET /v1/nudges": (3, 4, 0),
    "GET /v1/touch/today": (2, 2, 0),
    "GET /v1/today, first to open it": (8, 6, 6),
    # A couple on a course reads what they have met of each of its themes, in one batch.
    "GET /v1/today, first to open it, on a course": (8, 12, 6),
    "GET /v1/today, opened already": (5, 4.5, 0),
    # To pause costs a day no read and no write.
    "GET /v1/today, first to open it, paused": (8, 6, 6),
    "GET /v1/today, opened already, paused": (5, 4.5, 0),
    "GET /v1/today, I have answered": (6, 5.5, 0),
    "GET /v1/today, both have answered": (6, 6.5, 0),
    "GET /v1/today, first to open it, new process": (10, 9, 6),
    "GET /v1/today, opened already, new process": (6, 5, 0),
    "GET /v1/today, with the day before, opened already": (5, 4.5, 0),
    **{
        f"GET /v1/today, {look}, {whose}": cost
        for whose in ("of a new couple", "of one beside a pack of 1,000 prompts")
        for look, cost in (
            ("first to open it", (8, 6, 6)),
            ("opened already", (5, 4.5, 0)),
            ("first to open it, new process", (10, 9.5, 6)),
            ("opened already, new process", (6, 5, 0)),
        )
    },
}
EXPORTS: dict[str, Bound] = {
    # A page reads the person, what they did alone, the days, and of each couple its key and whether it stands.
    "POST /v1/me/export, 30 days": (5, 13, 0),
    "POST /v1/me/export, 30 days, new process": (7, 30, 0),
    "POST /v1/me/export, 100 days, a full page": (5, 31, 0),
    "POST /v1/me/export, 100 days, after parting": (5, 31, 0),
    "POST /v1/me/export, 30 days alone, and the first 70 of 100": (6, 27, 0),
}
TICKS: dict[str, Bound] = {
    "1 zone, nobody due": (3, 2, 1),
    "1 zone, a slot due in each": (4, 3, 1),
    "1 zone, 2 hours late, 24 slots due in each": (4, 26, 1),
    "40 zones, nobody due": (3, 3, 1),
    "40 zones, a slot due in each": (4, 43, 1),
    "40 zones, 2 hours late, 24 slots due in each": (13, 963, 1),
    "400 zones, nobody due": (3, 17, 1),
    "400 zones, a slot due in each": (7, 417, 1),
    "400 zones, 2 hours late, 24 slots due in each": (99, 9617, 1),
}
REACTIONS: dict[str, Bound] = {
    "a day is opened": (0, 0, 0),
    "the first answer": (0, 0, 0),
    "the second answer": (2, 2, 0),
    "the streak grows": (0, 0, 0),
    "the streak comes to 7": (0, 0, 0),
    "the second answer, of which the streak does not know yet": (5, 3.5, 1),
    "a reminder falls due as it moves": (0, 0, 0),
    "a nudge": (0, 0, 0),
}
TALLIES: dict[str, Bound] = {
    f"{step}, {couples}": bound
    for couples, bound in {
        "1 couple": (2, 0.5, 6),
        "100 couples": (3, 50, 310),
        "1,000 couples": (22, 500, 2_200),
    }.items()
    for step in ("a day is opened", "the first answer", "the second answer, and the streak")
}
DELIVERIES: dict[str, Bound] = {
    "prompt slot, 100 persons": (5, 3.5, 2),
    "prompt slot, 100 persons, the job again": (1, 0, 1),
    "evening slot, 100 persons, half have answered": (6, 30, 2),
    "prompt slot, 1,000 persons": (5, 19.5, 2),
    "prompt slot, 1,000 persons, the job again": (1, 0, 1),
    "evening slot, 1,000 persons, half have answered": (10, 276.5, 2),
    "prompt slot, 1,000 persons with installation ids": (5, 7.5, 2),
    "one person, whose partner has answered": (1, 1, 0),
    "50 devices once more": (2, 100, 0),
    "one person, whose token is dead": (5, 5, 12),
}


@pytest.fixture(scope="module")
def report(emulator_url: str) -> Iterator[Report]:
    """Everything, measured once."""
    with fcm() as stand_in:
        yield Report.measured(emulator_url, stand_in)


def bound_of(line: Line) -> Bound:
    return line.cost.dynamodb, line.cost.read, line.cost.write


def named(lines: Sequence[Line], name: str) -> Line:
    (line,) = (line for line in lines if line.name == name)
    return line


@pytest.mark.parametrize(
    ("part", "bounds"),
    [
        ("calls", CALLS),
        ("exports", EXPORTS),
        ("ticks", TICKS),
        ("reactions", REACTIONS),
        ("tallies", TALLIES),
        ("deliveries", DELIVERIES),
    ],
)
def test_nothing_costs_more_than_it_did(report: Report, part: str, bounds: dict[str, Bound]) -> None:
    found = {line.name: bound_of(line) for line in getattr(report, part)}
    assert found.keys() == bounds.keys()
    dearer = {
        name: f"{cost}, at most {bounds[name]}"
        for name, cost in found.items()
        if any(one > most for one, most in zip(cost, bounds[name], strict=True))
    }
    assert not dearer


def test_every_route_is_measured(report: Report) -> None:
    for application, lines in zip(openapi.PHONES.applications, (report.calls, report.exports), strict=True):
        app = application()
        routes = {f"{route.method} {route.openapi_path}" for route in (*app._static_routes, *app._dynamic_routes)}
        assert {line.name.partition(",")[0] for line in lines} == routes


def test_a_running_process_asks_kms_for_nothing(report: Report) -> None:
    """Cell keys are remembered; a new process opens one, and KMS being down hurts nobody for an hour."""
    for line in (*report.calls, *report.exports):
        assert line.cost.kms <= (1 if "new process" in line.name else 0), line.name


def test_a_pack_of_a_thousand_prompts_makes_no_day_slower_or_costlier(report: Report) -> None:
    """To a process that runs already it is nothing; a new one reads the index once, which has become larger."""
    for look in ("first to open it", "opened already", "opened already, new process"):
        alone = named(report.calls, f"GET /v1/today, {look}, of a new couple")
        beside = named(report.calls, f"GET /v1/today, {look}, of one beside a pack of 1,000 prompts")
        assert beside.cost == alone.cost, look
    alone = named(report.calls, "GET /v1/today, first to open it, new process, of a new couple")
    beside = named(report.calls, "GET /v1/today, first to open it, new process, of one beside a pack of 1,000 prompts")
    assert replace(beside.cost, read=0) == replace(alone.cost, read=0)
    assert beside.cost.read <= alone.cost.read + 1


def test_looking_at_today_again_writes_nothing(report: Report) -> None:
    for line in report.calls:
        if line.name.startswith("GET") and "first to open it" not in line.name:
            assert line.cost.written == 0, line.name


def test_an_export_writes_nothing(report: Report) -> None:
    for line in report.exports:
        assert line.cost.written == 0, line.name


def test_a_slot_of_a_thousand_is_written_by_the_page_and_never_by_the_push(report: Report) -> None:
    for name in (
        "prompt slot, 1,000 persons",
        "prompt slot, 1,000 persons with installation ids",
        "evening slot, 1,000 persons, half have answered",
    ):
        line = named(report.deliveries, name)
        # One to begin, one to finish, and one for each full page.
        assert line.cost.written == line.cost.write == 2 + 1_000 // PAGE_ROWS
    assert named(report.deliveries, "one person, whose partner has answered").cost.written == 0
    assert named(report.deliveries, "50 devices once more").cost.written == 0


def test_a_thousand_pushes_are_read_in_a_few_pages(report: Report) -> None:
    prompts = named(report.deliveries, "prompt slot, 1,000 persons")
    assert prompts.pushes == 1_000
    read, write = per_1000_pushes(prompts)
    assert read <= 20
    assert write <= 3


def test_a_prompt_takes_at_most_a_fiftieth_of_a_read_unit(report: Report) -> None:
    """However FCM knows the phones: where slots are full, reading rows is most of what reminders cost."""
    slots = report.full_prompt_slots()
    assert len(slots) == 2
    for line in slots:
        assert read_per_push(line) <= READ_PER_PUSH, line.name


def test_in_the_evening_only_who_has_not_answered_is_pushed_to(report: Report) -> None:
    line = named(report.deliveries, "evening slot, 1,000 persons, half have answered")
    assert line.pushes == 500


def test_a_job_that_comes_again_pushes_to_nobody(report: Report) -> None:
    again = named(report.deliveries, "prompt slot, 1,000 persons, the job again")
    assert (again.pushes, again.cost.read) == (0, 0)


def test_a_tick_costs_a_unit_for_a_slot_that_has_come_and_next_to_nothing_for_all_others(report: Report) -> None:
    for zones in (1, 40, 400):
        name = "1 zone" if zones == 1 else f"{zones} zones"
        idle = named(report.ticks, f"{name}, nobody due").cost
        due = named(report.ticks, f"{name}, a slot due in each").cost
        assert due.read - idle.read == zones
        assert idle.read <= 2 + zones / 25
        assert (idle.write, due.write) == (1, 1)


def test_a_scan_is_refused_and_so_is_sql(emulator_url: str) -> None:
    """What makes «no scan anywhere» true of all that is measured: one would have ended the measurement."""
    world = World.on(emulator_url, Ledger(Meter()))
    client, name = world.table.client, world.table.name
    with pytest.raises(ScanError):
        client.scan(TableName=name)
    with pytest.raises(ScanError):
        client.execute_statement(Statement="SELECT * FROM rekindle")


def test_the_figures_in_docs_are_those_measured(report: Report) -> None:
    """If this fails: `python -m bench --write`."""
    document = DOCUMENT.read_text(encoding="utf-8")
    assert report.written_into(document) == document


def test_the_docs_have_a_place_for_every_figure(report: Report) -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    places = {line for line in document.splitlines() if line.startswith("<!-- bench: ")}
    names = ("sizes", "patterns", *(name for name, _ in report.sections()), "verdicts")
    assert places == {f"<!-- bench: {name} -->" for name in names}


@pytest.mark.parametrize(("size", "units"), [(30, 1), (1_024, 1), (1_025, 2), (10_240, 10), (10_241, 11)], ids=str)
def test_writes_are_billed_by_the_started_kilobyte(table: Table, size: int, units: int) -> None:
    """Both engines agree with DynamoDB's own rule: the larger of the item before and after counts."""
    item = an_item("some", size)
    assert item_bytes(item) == size
    assert write_units(item) == units
    client, name = table.client, table.name
    assert capacity(client.put_item(TableName=name, Item=item, ReturnConsumedCapacity="TOTAL")) == units
    smaller: Any = {
        "TableName": name,
        "Key": {"pk": item["pk"], "sk": item["sk"]},
        "ReturnConsumedCapacity": "TOTAL",
    }
    shrunk = client.update_item(**smaller, UpdateExpression="REMOVE filling")
    assert capacity(shrunk) == units
    assert capacity(client.put_item(TableName=name, Item=item, ReturnConsumedCapacity="TOTAL")) == units
    assert capacity(client.delete_item(**smaller)) == units


def test_a_transaction_writes_at_twice_the_price(emulator_url: str) -> None:
    """AWS's DynamoDB Local counts a put twice over here, so only the emulator is asked."""
    world = World.on(emulator_url, Ledger(Meter()))
    items = [an_item("small", 100), an_item("large", 2_049)]
    for item in items:
        world.raw.put_item(TableName=world.table.name, Item=item)
    puts = [{"Put": {"TableName": world.table.name, "Item": item}} for item in items]
    fresh = [{"Put": {"TableName": world.table.name, "Item": an_item("fresh", 1_500)}}]
    key = {name: items[0][name] for name in ("pk", "sk")}
    gone = [{"Delete": {"TableName": world.table.name, "Key": key}}]
    for members, units in ((puts, 2 * (1 + 3)), (fresh, 2 * 2), (gone, 2 * 1)):
        answer = world.raw.transact_write_items(TransactItems=members, ReturnConsumedCapacity="TOTAL")
        assert sum(each["CapacityUnits"] for each in answer["ConsumedCapacity"]) == units


def test_reads_are_billed_by_the_started_four_kilobytes(emulator_url: str) -> None:
    world = World.on(emulator_url, Ledger(Meter()))
    client, name = world.raw, world.table.name
    asked: dict[str, Any] = {"TableName": name, "ReturnConsumedCapacity": "TOTAL"}
    for number, size in enumerate((4_096, 4_097, 100, 100)):
        client.put_item(TableName=name, Item=an_item(f"{number}", size))
    for sk, units in (("0", 1), ("1", 2), ("2", 1), ("not there", 1)):
        key = {"pk": {"S": "pk"}, "sk": {"S": sk}}
        assert capacity(client.get_item(**asked, Key=key, ConsistentRead=True)) == units
        assert capacity(client.get_item(**asked, Key=key)) == units / 2
    query: dict[str, Any] = {
        **asked,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "pk"}},
        "ConsistentRead": True,
    }
    # Of a query the sum is rounded up, of a batch each item.
    assert capacity(client.query(**query)) == 3
    keys = [{"pk": {"S": "pk"}, "sk": {"S": sk}} for sk in ("0", "1", "2", "3")]
    batch = client.batch_get_item(
        RequestItems={name: {"Keys": keys, "ConsistentRead": True}}, ReturnConsumedCapacity="TOTAL"
    )
    assert sum(each["CapacityUnits"] for each in batch["ConsumedCapacity"]) == 1 + 2 + 1 + 1


def test_what_goes_out_together_is_one_round_trip(emulator_url: str) -> None:
    """A call that asks in parallel waits once: the meter knows, should one ever do so."""
    meter = Meter()
    client = meter.attach(engines.client("dynamodb", emulator_url))

    def at_once(**_: Any) -> None:
        client.meta.events.unregister("before-send.dynamodb", at_once)
        client.list_tables()

    client.meta.events.register("before-send.dynamodb", at_once)
    _, cost = meter.cost_of(client.list_tables)
    assert (cost.dynamodb, cost.trips) == (2, 1)
    _, cost = meter.cost_of(lambda: [client.list_tables() for _ in range(2)])
    assert (cost.dynamodb, cost.trips) == (2, 2)


def an_item(sk: str, size: int) -> dict[str, Any]:
    """An item of just that many bytes."""
    item = {"pk": {"S": "pk"}, "sk": {"S": sk}, "filling": {"S": ""}}
    item["filling"] = {"S": "x" * (size - item_bytes(item))}
    return item


def capacity(answer: Any) -> float:
    return float(answer["ConsumedCapacity"]["CapacityUnits"])
