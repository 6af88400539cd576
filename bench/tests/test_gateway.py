"""Test the report of the gateway's speed. The speeds themselves are not tested."""

from __future__ import annotations

import pytest

from bench.gateway import BOUND, OURS, SEND_EACH, GatewayReport, Speed


def a_report(ours: Speed, **clients: Speed) -> GatewayReport:
    each = {
        OURS: [ours] * 3,
        SEND_EACH: [Speed(1_000, 0.6)] * 3,
        **{name: [speed] * 3 for name, speed in clients.items()},
    }
    return GatewayReport({0: each, 60: each})


def test_each_goal_is_shown_with_its_ratio_and_whether_it_is_met() -> None:
    report = a_report(Speed(8_000, 0.04), **{BOUND: Speed(20_000, 0.01)})
    assert list(report.verdicts()) == [
        "gateway, 0 ms: 8 times the pushes of send_each, goal at least 12: missed.",
        "gateway, 60 ms: 8 times the pushes of send_each, goal at least 3.5: met.",
        "gateway, 0 ms: 0.4 of the pushes of h2load, goal at least 0.5: missed.",
        "gateway, 0 ms: 0.0667 of the CPU of send_each for a push, goal at most 0.0833: met.",
    ]


def test_without_h2load_the_other_goals_are_still_shown() -> None:
    verdicts = list(a_report(Speed(20_000, 0.02)).verdicts())
    assert len(verdicts) == 4
    assert verdicts[2] == "gateway, 0 ms: h2load is missing (make setup installs it)."


def test_a_ratio_compares_the_clients_of_the_same_round() -> None:
    """If the machine is slow for a while, both clients of that round are slow."""
    report = GatewayReport(
        {
            0: {
                OURS: [Speed(10, 1), Speed(200, 1), Speed(3_000, 1)],
                SEND_EACH: [Speed(1, 1), Speed(10, 1), Speed(100, 1)],
            }
        }
    )
    assert report.ratio(0, OURS, SEND_EACH, "rate") == pytest.approx(20)
