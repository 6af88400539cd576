"""Replace the placeholders `<aws.scheduler.*>` in a schedule's input. ministack does not replace them.

ministack does not tell the patch the schedule's planned instant, so the patch calculates the instant.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import eventbridge, scheduler

CHECK_EVERY_SECONDS = 1
_LOOKBACKS = (dt.timedelta(minutes=10), dt.timedelta(days=1), dt.timedelta(days=32), dt.timedelta(days=366))


def apply() -> None:
    """Replace the placeholders when a schedule calls its target."""
    scheduler._SCHEDULE_TICK_INTERVAL = CHECK_EVERY_SECONDS
    original = eventbridge._invoke_target

    def invoke(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *rest: Any, **named: Any) -> None:
        if event.get("Source") == "aws.scheduler" and target.get("Input"):
            target = {**target, "Input": _substituted(target["Input"], rule, event["Time"])}
        original(target, event, rule, *rest, **named)

    eventbridge._invoke_target = invoke


def _substituted(text: str, schedule: dict[str, Any], now: float) -> str:
    due = _due(schedule, dt.datetime.fromtimestamp(now, dt.UTC))
    for name, value in {
        "scheduled-time": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "schedule-arn": schedule["Arn"],
        "execution-id": new_uuid(),
        "attempt-number": "1",
    }.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _due(schedule: dict[str, Any], now: dt.datetime) -> dt.datetime:
    """Return the schedule's latest planned instant up to `now`. If there is no such instant, return `now`."""
    expression = schedule["ScheduleExpression"]
    if (at := scheduler._at_time_epoch(expression)) is not None:
        return dt.datetime.fromtimestamp(at, dt.UTC)
    if (interval := eventbridge._parse_rate_seconds(expression)) is not None:
        created = dt.datetime.fromtimestamp(int(schedule["CreationDate"]), dt.UTC)
        period = dt.timedelta(seconds=interval)
        return created + (now - created) // period * period
    fields = eventbridge._parse_cron_fields(expression)
    for lookback in _LOOKBACKS:
        due: dt.datetime | None = None
        following: dt.datetime | None = eventbridge._cron_next_fire(fields, now - lookback)
        while following is not None and following <= now:
            due, following = following, eventbridge._cron_next_fire(fields, following)
        if due is not None:
            return due
    return now
