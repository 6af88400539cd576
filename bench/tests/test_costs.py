"""Each call and worker costs exactly what docs/table.md says. The emulator counts.

A failed test means that a change reads or writes more, or less, than before. Make it cheaper, or
write the new figures with `python -m bench --write` and check the difference.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import pytest

from bench.__main__ import DOCUMENT
from bench.cost_recorder import CostRecorder
from bench.report import READ_PER_PUSH, Report, per_1000_pushes, read_per_push
from bench.world import World, fcm
from delivery.services import PAGE_ROWS
from testing import engines
from testing.contract import operations, require_documented
from testing.meter import Meter, ScanError, item_bytes, write_units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.world import Measurement


@pytest.fixture(scope="module")
def report(emulator_url: str) -> Iterator[Report]:
    """Measure everything once."""
    with fcm() as stand_in:
        yield Report.measured(emulator_url, stand_in)


def named(report: Report, section: str, name: str) -> Measurement:
    (found,) = (each for each in report.sections[section] if each.name == name)
    return found


def api_calls(report: Report) -> list[Measurement]:
    return [*report.sections["couples_api"], *report.sections["privacy"]]


READ_UNITS_BEFORE: Final = {
    ("couples_api", "GET /v1/days, 30 days"): 11.5,
    ("couples_api", "PUT /v1/days/{date}/answer, the second: both open"): 9.5,
    ("privacy", "POST /v1/me/export, 30 days"): 13,
    ("privacy", "POST /v1/me/export, 100 days, a full page"): 31,
}
"""The read units of these calls before each author had a key, and before each text was padded."""


@pytest.mark.parametrize(("section", "name"), READ_UNITS_BEFORE, ids=str)
def test_longer_texts_cost_at_most_one_more_read_unit(report: Report, section: str, name: str) -> None:
    """The journal, the reveal and the export read padded texts. New figures on the page do not move these limits."""
    assert named(report, section, name).cost.read <= READ_UNITS_BEFORE[section, name] + 1


def test_everything_costs_what_the_page_says(report: Report) -> None:
    """If this fails and you want the new figures, run `python -m bench --write`."""
    document = DOCUMENT.read_text(encoding="utf-8")
    assert report.written_into(document) == document


def test_every_route_is_measured_and_answers_as_documented(report: Report) -> None:
    answering = set()
    for each in api_calls(report):
        route = each.name.partition(",")[0]
        assert each.reply
        method, template = route.split()
        require_documented(method, template, each.reply)
        if each.reply.status < HTTPStatus.BAD_REQUEST:
            answering.add(route)
    assert answering == {f"{each.method} {each.template}" for each in operations() if each.document == "openapi.json"}


def test_a_running_process_asks_kms_for_nothing(report: Report) -> None:
    """A process caches cell keys for an hour, and needs no KMS in that time. A new process asks KMS for one key.

    The confirmation of an invite needs two: one for the three words, and one for the new couple's keys.
    """
    for each in api_calls(report):
        most = 2 if "POST /v1/invites/confirm" in each.name else 1
        assert each.cost.kms <= (most if "new process" in each.name else 0), each.name


def test_a_pack_of_a_thousand_prompts_makes_no_day_cost_more(report: Report) -> None:
    """A new process reads the larger index once. A running process reads nothing more."""
    for look in ("first to open it", "opened already", "opened already, new process", "first to open it, new process"):
        name = f"GET /v1/today, {look}, of"
        alone = named(report, "couples_api", f"{name} a new couple").cost
        beside = named(report, "couples_api", f"{name} one beside a pack of 1,000 prompts").cost
        if look == "first to open it, new process":
            assert beside.read <= alone.read + 1
            beside = replace(beside, read=alone.read)
        assert beside == alone, look


def test_reading_writes_nothing(report: Report) -> None:
    for each in api_calls(report):
        writes_by_design = "first to open it" in each.name or "with a check of the account" in each.name
        if each.name.startswith("GET") and not writes_by_design:
            assert each.cost.written == 0, each.name


def test_an_export_writes_once_because_it_is_counted(report: Report) -> None:
    for each in api_calls(report):
        if each.name.startswith("POST /v1/me/export") and each.reply and each.reply.status == HTTPStatus.OK:
            assert each.cost.written == 1, each.name


@pytest.mark.parametrize(
    "name",
    [
        "prompt slot, 1,000 persons",
        "prompt slot, 1,000 persons with installation ids",
        "evening slot, 1,000 persons, half have answered",
    ],
)
def test_a_slot_of_a_thousand_writes_for_pages_and_not_for_pushes(report: Report, name: str) -> None:
    """The run is written at its beginning, at its end and after each full page."""
    slot = named(report, "delivery", name)
    assert slot.cost.written == slot.cost.write == 2 + 1_000 // PAGE_ROWS


def test_a_push_to_single_persons_writes_nothing(report: Report) -> None:
    for name in ("one person, whose partner has answered", "50 devices once more"):
        assert named(report, "delivery", name).cost.written == 0


def test_a_prompt_costs_at_most_a_fiftieth_of_a_read_unit(report: Report) -> None:
    """This holds for tokens and installation ids. In full slots, most of a reminder's cost is for reading rows."""
    slots = report.full_prompt_slots()
    assert len(slots) == 2
    for slot in slots:
        assert read_per_push(slot) <= READ_PER_PUSH, slot.name
        assert per_1000_pushes(slot)[1] <= 3


def test_an_evening_reminder_is_for_who_has_not_answered(report: Report) -> None:
    assert named(report, "delivery", "evening slot, 1,000 persons, half have answered").pushes == 500


def test_a_repeated_job_sends_nothing(report: Report) -> None:
    again = named(report, "delivery", "prompt slot, 1,000 persons, the job again")
    assert (again.pushes, again.cost.read) == (0, 0)


@pytest.mark.parametrize(("zones", "name"), [(1, "1 zone"), (40, "40 zones"), (400, "400 zones")])
def test_a_tick_reads_one_unit_for_a_due_slot_and_little_else(report: Report, zones: int, name: str) -> None:
    idle, due = (named(report, "tick", f"{name}, {what}").cost for what in ("nobody due", "a slot due in each"))
    assert due.read - idle.read == zones
    assert idle.read <= 2 + zones / 25
    assert (idle.write, due.write) == (1, 1)


def test_a_scan_and_sql_are_refused(emulator_url: str) -> None:
    """The measurement ends with an error at the first scan, so no code can scan a table unnoticed."""
    world = World.on(emulator_url, CostRecorder(Meter()))
    client, name = world.table.client, world.table.name
    with pytest.raises(ScanError):
        client.scan(TableName=name)
    with pytest.raises(ScanError):
        client.execute_statement(Statement="SELECT * FROM rekindle")


@pytest.mark.parametrize("engine", ["dynamodb_local_url", "emulator_url"])
@pytest.mark.parametrize(("size", "units"), [(30, 1), (1_024, 1), (1_025, 2), (10_240, 10), (10_241, 11)], ids=str)
def test_a_write_is_billed_by_started_kilobytes(
    request: pytest.FixtureRequest, engine: str, size: int, units: int
) -> None:
    """DynamoDB bills the larger one of the old and the new item."""
    item = an_item("some", size)
    assert item_bytes(item) == size
    assert write_units(item) == units
    client = engines.client("dynamodb", request.getfixturevalue(engine))
    asked = capacity_of(engines.create_tables(client, f"item-of-{size}-bytes")[0])
    key: Any = {"pk": item["pk"], "sk": item["sk"]}
    assert capacity(client.put_item(**asked, Item=item)) == units
    assert capacity(client.update_item(**asked, Key=key, UpdateExpression="REMOVE filling")) == units
    assert capacity(client.put_item(**asked, Item=item)) == units
    assert capacity(client.delete_item(**asked, Key=key)) == units


def test_a_transaction_writes_at_twice_the_price(emulator_url: str) -> None:
    """Only the emulator runs this test, because AWS's DynamoDB Local counts a put twice here."""
    world = World.on(emulator_url, CostRecorder(Meter()))
    name, items = world.table.name, [an_item("small", 100), an_item("large", 2_049)]
    world.put_rows(items)
    puts = [{"Put": {"TableName": name, "Item": item}} for item in items]
    new = [{"Put": {"TableName": name, "Item": an_item("new", 1_500)}}]
    deleted = [{"Delete": {"TableName": name, "Key": {key: items[0][key] for key in ("pk", "sk")}}}]
    for writes, units in ((puts, 2 * (1 + 3)), (new, 2 * 2), (deleted, 2 * 1)):
        assert capacity(world.raw.transact_write_items(TransactItems=writes, ReturnConsumedCapacity="TOTAL")) == units


def test_a_read_is_billed_by_started_four_kilobytes(emulator_url: str) -> None:
    world = World.on(emulator_url, CostRecorder(Meter()))
    client, asked = world.raw, capacity_of(world.table.name)
    world.put_rows(an_item(f"{number}", size) for number, size in enumerate((4_096, 4_097, 100, 100)))
    keys = {sk: {"pk": {"S": "pk"}, "sk": {"S": sk}} for sk in ("0", "1", "2", "3", "missing")}
    for sk, units in (("0", 1), ("1", 2), ("2", 1), ("missing", 1)):
        assert capacity(client.get_item(**asked, Key=keys[sk], ConsistentRead=True)) == units
        assert capacity(client.get_item(**asked, Key=keys[sk])) == units / 2
    query: dict[str, Any] = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "pk"}}}
    # A query rounds up the sum of its items' sizes. A batch rounds up the size of each item.
    assert capacity(client.query(**asked, **query, ConsistentRead=True)) == 3
    batch = {world.table.name: {"Keys": [keys[sk] for sk in "0123"], "ConsistentRead": True}}
    assert capacity(client.batch_get_item(RequestItems=batch, ReturnConsumedCapacity="TOTAL")) == 1 + 2 + 1 + 1


def test_parallel_requests_are_one_round_trip(emulator_url: str) -> None:
    meter = Meter()
    client = meter.attach(engines.client("dynamodb", emulator_url))

    def second(**_: Any) -> None:
        client.meta.events.unregister("before-send.dynamodb", second)
        client.list_tables()

    client.meta.events.register("before-send.dynamodb", second)
    _, cost = meter.cost_of(client.list_tables)
    assert (cost.dynamodb, cost.trips) == (2, 1)
    _, cost = meter.cost_of(lambda: [client.list_tables() for _ in range(2)])
    assert (cost.dynamodb, cost.trips) == (2, 2)


def an_item(sk: str, size: int) -> dict[str, Any]:
    """Return an item of this many bytes."""
    item = {"pk": {"S": "pk"}, "sk": {"S": sk}, "filling": {"S": ""}}
    item["filling"] = {"S": "x" * (size - item_bytes(item))}
    return item


def capacity_of(table: str) -> dict[str, Any]:
    return {"TableName": table, "ReturnConsumedCapacity": "TOTAL"}


def capacity(answer: Any) -> float:
    consumed = answer["ConsumedCapacity"]
    return float(sum(each["CapacityUnits"] for each in (consumed if isinstance(consumed, list) else [consumed])))
