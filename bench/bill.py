"""Calculate a stack's monthly bill, line by line: `python -m bench.bill` prints the tables of docs/costs.md.

Figures with the comment "as measured" come from `make bench` (docs/table.md). Figures with the comment "as simulated"
come from `make simulate` (docs/costs.md). The other figures are assumptions. The bill leaves out free tiers.
"""

from __future__ import annotations

import sys
from typing import Final

from bench import prices
from rekindle.api.call_limit import INTERVAL

DAYS: Final = 30
HOURS: Final = 24 * DAYS
PRACTICE: Final = 40
MANY: Final = 1_000_000
"""The numbers of couples in the bill's two columns."""

# Usage by one couple in one day.
CALLS: Final = 40
CALL_MILLISECONDS: Final = 30
CALL_READ_UNITS: Final = 4.5  # GET /v1/today, as measured; other calls read less
DAY_WRITE_UNITS: Final = 9.0  # couples_api, as measured: one person opens the day, and both answer
TALLY_WRITE_UNITS: Final = 6.6  # as measured, in batches of a thousand
REACT_READ_UNITS: Final = 6.0
PUSHES: Final = 7.0  # four reminders, two answers, and sometimes a nudge
LOG_BYTES_A_CALL: Final = 1_700  # a line of the access log, a line of the function, and Lambda's report
REPLY_BYTES: Final = 2_000
STORED_BYTES: Final = 2_500  # a day with two answers, its counters and streak

# Usage by the stack itself, for any number of couples.
ALARM_METRICS: Final = 65
SECRETS: Final = 2
CUSTOM_METRICS: Final = 3
"""The metrics that always have a value. A metric that counts error lines costs something only in hours with errors."""
TICKS: Final = 12 * HOURS
TICK_READ_UNITS: Final = 20
QUEUES: Final = 3  # push jobs, cleanup jobs, account jobs
POLLERS: Final = 5
POLLS: Final = QUEUES * POLLERS * 3 * 60 * HOURS
"""Each of a queue's pollers asks for messages three times a minute."""
ARTIFACT_GIGABYTES: Final = 2.0  # ten releases
PUSH_DOLLARS: Final = 0.072 / prices.MILLION  # tick, queue, and delivery with the rows that it reads, as simulated
EXPORT_READ_UNITS: Final = 0.5  # one export a year


# A flood of calls.
FLOOD_RATES: Final = (500, 2_000)
"""In calls a second: production's throttle in version 0.1.0, and today's."""
FLOOD_ANSWERED: Final = 1_000 / INTERVAL
"""In calls a second, in each process."""
REFUSAL_MILLISECONDS: Final = 2
REFUSAL_BYTES: Final = 500
FLOOD_LOG_BYTES: Final = 1_400  # a line of the access log, and Lambda's report; the function itself logs nothing


def bill(couples: int) -> dict[str, float]:
    """Map each line of the bill to dollars a month. All couples have used the app for a year."""
    days = couples * DAYS
    calls = days * CALLS
    gigabytes = couples * 365 * STORED_BYTES / 1e9
    at_first = min(calls, prices.HTTP_CALLS_AT_FIRST)
    seconds = calls * CALL_MILLISECONDS / 1000 + days * 0.05
    log_gigabytes = (calls * LOG_BYTES_A_CALL + TICKS * 2_000) / 1e9
    # A process serves about twenty calls a second, for 16 hours a day. It opens 64 cell keys once an hour.
    processes = max(1, calls / (DAYS * 16 * 3600) / 20)
    return {
        "API Gateway, calls": at_first * prices.HTTP_CALL + (calls - at_first) * prices.HTTP_CALL_BEYOND,
        "Lambda, calls": (calls + 3 * days + TICKS) * prices.LAMBDA_REQUEST,
        "Lambda, time": seconds * prices.LAMBDA_GB_SECOND,
        "DynamoDB, reads": (
            days * (CALLS * CALL_READ_UNITS + REACT_READ_UNITS + EXPORT_READ_UNITS) + TICKS * TICK_READ_UNITS
        )
        * prices.READ_UNIT,
        "DynamoDB, writes of couples": days * DAY_WRITE_UNITS * prices.WRITE_UNIT,
        "DynamoDB, writes of statistics": days * TALLY_WRITE_UNITS * prices.WRITE_UNIT,
        "DynamoDB, storage": gigabytes * prices.TABLE_GIGABYTE_MONTH,
        "DynamoDB, point-in-time recovery": gigabytes * prices.RECOVERY_GIGABYTE_MONTH,
        "Pushes: tick, queue, delivery": days * PUSHES * PUSH_DOLLARS,
        "SQS, waiting for jobs": POLLS * prices.SQS_REQUEST,
        "EventBridge Scheduler": TICKS * prices.SCHEDULED_CALL,
        "KMS, key and requests": prices.KMS_KEY + processes * 64 * 16 * DAYS * prices.KMS_REQUEST,
        "Secrets Manager": SECRETS * prices.SECRET,
        "CloudWatch, alarms": ALARM_METRICS * prices.ALARM_METRIC,
        "CloudWatch, metrics": CUSTOM_METRICS * prices.CUSTOM_METRIC,
        "CloudWatch, logs taken in": log_gigabytes * prices.LOG_GIGABYTE,
        "CloudWatch, logs kept for 90 days": 3 * log_gigabytes * prices.LOG_GIGABYTE_MONTH,
        "Data sent to phones": calls * REPLY_BYTES / 1e9 * prices.TRANSFER_GIGABYTE,
        "S3, what was deployed": ARTIFACT_GIGABYTES * prices.S3_GIGABYTE_MONTH,
        "CodeDeploy, CloudFormation, SNS by mail, FCM": 0.0,
    }


def table() -> str:
    """Return the bill as a Markdown table. Its last row is the sum of the rounded rows."""
    few, many = ({what: round(dollars, 2) for what, dollars in bill(each).items()} for each in (PRACTICE, MANY))
    rows = [f"| a month, in dollars | {PRACTICE} couples | {MANY:,} couples |", "| --- | --: | --: |"]
    rows += [f"| {what} | {few[what]:,.2f} | {many[what]:,.2f} |" for what in few]
    rows.append(f"| **together** | **{sum(few.values()):,.2f}** | **{sum(many.values()):,.2f}** |")
    return "\n".join(rows) + "\n"


def flood(rate: int) -> dict[str, float]:
    """Map each line of a flood's bill to dollars. One account sends `rate` calls in each second of an hour.

    The processes that are needed at the beginning live on. Each of them answers FLOOD_ANSWERED calls in a second, and
    refuses the others.
    """
    calls = rate * 3600
    processes = rate * CALL_MILLISECONDS / 1000
    answered = processes * FLOOD_ANSWERED * 3600
    seconds = (answered * CALL_MILLISECONDS + (calls - answered) * REFUSAL_MILLISECONDS) / 1000
    log_gigabytes = (calls * FLOOD_LOG_BYTES + answered * (LOG_BYTES_A_CALL - FLOOD_LOG_BYTES)) / 1e9
    return {
        "API Gateway, calls": calls * prices.HTTP_CALL,
        "Lambda, calls": calls * prices.LAMBDA_REQUEST,
        "Lambda, time": seconds * prices.LAMBDA_GB_SECOND,
        "DynamoDB, reads": answered * CALL_READ_UNITS * prices.READ_UNIT,
        "CloudWatch, logs taken in": log_gigabytes * prices.LOG_GIGABYTE,
        "Data sent": (calls * REFUSAL_BYTES + answered * (REPLY_BYTES - REFUSAL_BYTES))
        / 1e9
        * prices.TRANSFER_GIGABYTE,
    }


def flood_table() -> str:
    """Return the bill of an hour's flood as a Markdown table, for the old and the present throttle of production."""
    bills = [{what: round(dollars, 2) for what, dollars in flood(rate).items()} for rate in FLOOD_RATES]
    rows = ["| an hour's flood, in dollars | " + " | ".join(f"{rate:,} calls a second" for rate in FLOOD_RATES) + " |"]
    rows += ["| --- | --: | --: |", "| calls | " + " | ".join(f"{rate * 3600:,}" for rate in FLOOD_RATES) + " |"]
    rows += [f"| {what} | " + " | ".join(f"{each[what]:,.2f}" for each in bills) + " |" for what in bills[0]]
    rows.append("| **together** | " + " | ".join(f"**{sum(each.values()):,.2f}**" for each in bills) + " |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n{flood_table()}")
