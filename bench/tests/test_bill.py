"""docs/costs.md: the bill as it is worked out, and rows that add up to what is said of them."""

from __future__ import annotations

import re
from typing import Final

import pytest

from bench import bill
from tests.build.cloudformation import ROOT, resources

PAGE: Final = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")


def test_the_page_has_the_bill_as_it_is_worked_out() -> None:
    """`python -m bench.bill` prints it."""
    assert bill.table() in PAGE


@pytest.mark.parametrize("column", [1, 2])
def test_the_rows_of_the_bill_add_up(column: int) -> None:
    *rows, total = [row.strip("| ").replace("**", "").split(" | ") for row in bill.table().splitlines()[2:]]
    dollars = [float(row[column].replace(",", "")) for row in rows]
    assert sum(dollars) == pytest.approx(float(total[column].replace(",", "")), abs=0.005)


def test_each_metric_that_an_alarm_reads_is_paid_for() -> None:
    """CloudWatch counts the metrics, not the alarms: a share is worked out from two."""
    alarms = [each["Properties"] for each in resources("AWS::CloudWatch::Alarm").values()]
    stated = [each for alarm in alarms for each in alarm.get("Metrics", [{"MetricStat": {}}])]
    assert len([each for each in stated if "MetricStat" in each]) == bill.ALARM_METRICS
    counted = [each["Properties"]["MetricTransformations"][0] for each in resources("AWS::Logs::MetricFilter").values()]
    assert len([each for each in counted if "DefaultValue" in each]) == bill.CUSTOM_METRICS


def test_the_simulated_days_add_up() -> None:
    """What the page says of a push and of a day follows from the rows beside it."""
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
