"""The schedule that the template deploys invokes the tick with its scheduled time."""

from __future__ import annotations

import datetime as dt

from local.clock import now
from local.stack.start import temporary
from tests.e2e.conftest import eventually


def test_the_schedule_fires_by_itself_with_its_scheduled_time() -> None:
    """The test's schedule has the template's target and input, but fires at once instead of after five minutes."""
    with temporary(tick=True, seeded=False) as stack:
        scheduler = stack.client("scheduler")
        (name,) = [schedule["Name"] for schedule in scheduler.list_schedules()["Schedules"]]
        schedule = scheduler.get_schedule(Name=name)
        assert schedule["ScheduleExpression"] == "cron(0/5 * * * ? *)"
        due = dt.datetime.fromtimestamp(int(now()) + 2, dt.UTC)
        scheduler.create_schedule(
            Name="soon",
            ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=schedule["Target"],
        )
        log = stack.log_of("Tick")
        eventually(lambda: log.exists() and due.isoformat() in log.read_text(encoding="utf-8"))
