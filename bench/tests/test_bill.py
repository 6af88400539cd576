"""The bill in docs/costs.md is current, and its other figures agree with each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from cfnlint.decode import cfn_yaml

from bench import bill
from local.places import ROOT, TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")


def resources(kind: str) -> Iterator[dict[str, Any]]:
    for resource in cfn_yaml.load(str(TEMPLATE))["Resources"].values():
        if resource["Type"] == kind:
            yield resource["Properties"]


def test_the_page_shows_the_bill() -> None:
    """If this fails, copy the table that `python -m bench.bill` prints."""
    assert bill.table() in PAGE


def test_the_page_shows_the_bill_of_a_flood() -> None:
    """If this fails, copy the second table that `python -m bench.bill` prints. It is for production's throttle."""
    assert bill.flood_table() in PAGE
    stages = cfn_yaml.load(str(TEMPLATE))["Mappings"]["Stages"]
    assert bill.FLOOD_RATES[-1] == stages["prod"]["Rate"]


@pytest.mark.parametrize("column", [1, 2])
def test_the_rows_of_the_bill_add_up(column: int) -> None:
    *rows, total = [row.strip("| ").replace("**", "").split(" | ") for row in bill.table().splitlines()[2:]]
    dollars = [float(row[column].replace(",", "")) for row in rows]
    assert sum(dollars) == pytest.approx(float(total[column].replace(",", "")), abs=0.005)


def test_the_bill_has_each_metric_that_an_alarm_reads() -> None:
    """CloudWatch charges for metrics, not for alarms. An alarm on a ratio reads two metrics."""
    read = [
        each for alarm in resources("AWS::CloudWatch::Alarm") for each in alarm.get("Metrics", [{"MetricStat": {}}])
    ]
    assert len([each for each in read if "MetricStat" in each]) == bill.ALARM_METRICS
    counted = [each["MetricTransformations"][0] for each in resources("AWS::Logs::MetricFilter")]
    assert len([each for each in counted if "DefaultValue" in each]) == bill.CUSTOM_METRICS


def test_the_simulated_days_add_up() -> None:
    """On the page, the figures for one push and one day follow from the other rows."""
    pushes, persons = re.search(r"prompt, evening, touch \| ([\d, ]+) \|", PAGE), 2_000_000
    assert pushes
    sent = sum(int(each.replace(",", "")) for each in re.findall(r"\d{1,3}(?:,\d{3})+", pushes[1]))
    parts = re.search(r"dollars for a million pushes: [^|]+\| ([\d., ]+) \|", PAGE)
    day = re.search(r"dollars a day \| ([\d.]+)", PAGE)
    assert parts
    assert day
    million = sum(float(each) for each in parts[1].split(", "))
    assert million / 1_000_000 == pytest.approx(bill.PUSH_DOLLARS)
    assert sent / 2 * million / 1_000_000 == pytest.approx(float(day[1]), abs=0.005)
    assert 1 < sent / 2 / persons < bill.PUSHES


def test_the_bill_has_each_queue_that_a_function_waits_for() -> None:
    events = [
        each for function in resources("AWS::Serverless::Function") for each in function.get("Events", {}).values()
    ]
    assert len([each for each in events if each["Type"] == "SQS"]) == bill.QUEUES
