"""What AWS asks, in US dollars: the list prices of us-east-1, without a free tier.

From the pricing pages of DynamoDB (on demand, a Standard table; in force since 1 November 2024), and of SQS (a standard
queue), Lambda (arm64, its first tier) and EventBridge Scheduler, which have stood since 2022 and before. Look again
before you rely on them.
"""

from __future__ import annotations

from typing import Final

MILLION: Final = 1_000_000

READ_UNIT: Final = 0.125 / MILLION
WRITE_UNIT: Final = 0.625 / MILLION
SQS_REQUEST: Final = 0.40 / MILLION
LAMBDA_REQUEST: Final = 0.20 / MILLION
LAMBDA_GB_SECOND: Final = 0.0000133334
SCHEDULED_CALL: Final = 1.00 / MILLION

SCHEDULED_A_SECOND: Final = 1_000
"""Calls a second that EventBridge Scheduler makes for an account in its large regions, unless asked for more."""

FCM_A_MINUTE: Final = 600_000
"""Messages that FCM takes of a project in a minute, unless asked for more: 10,000 a second (its page on quotas)."""

# The rest of a month's bill, from the pages of API Gateway (HTTP APIs), CloudWatch, DynamoDB, KMS, Secrets Manager, S3
# and EC2 (data transfer).
HTTP_CALL: Final = 1.00 / MILLION
HTTP_CALL_BEYOND: Final = 0.90 / MILLION
HTTP_CALLS_AT_FIRST: Final = 300 * MILLION
"""Calls a month at the first price."""
LOG_GIGABYTE: Final = 0.50
LOG_GIGABYTE_MONTH: Final = 0.03
ALARM_METRIC: Final = 0.10
"""A month, for each metric that an alarm reads."""
CUSTOM_METRIC: Final = 0.30
TABLE_GIGABYTE_MONTH: Final = 0.25
RECOVERY_GIGABYTE_MONTH: Final = 0.20
KMS_KEY: Final = 1.00
KMS_REQUEST: Final = 0.03 / 10_000
SECRET: Final = 0.40
S3_GIGABYTE_MONTH: Final = 0.023
TRANSFER_GIGABYTE: Final = 0.09
