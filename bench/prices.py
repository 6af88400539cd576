"""AWS's list prices in US dollars, for the region us-east-1 and without free tiers.

Sources: the pricing pages of DynamoDB (on demand, a Standard table; in force since 1 November 2024), SQS (a standard
queue), Lambda (arm64, first tier) and EventBridge Scheduler (unchanged since 2022 or longer). Check the prices on these
pages before you rely on them.
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

FCM_A_MINUTE: Final = 600_000
"""FCM's default quota for a project, from FCM's page on quotas: messages a minute. This is 10,000 a second."""

# Only the monthly bill (`bench.bill`) uses the prices below. They come from the pricing pages of API Gateway (HTTP
# APIs), CloudWatch, DynamoDB, KMS, Secrets Manager, S3 and EC2 (data transfer).
HTTP_CALL: Final = 1.00 / MILLION
HTTP_CALL_BEYOND: Final = 0.90 / MILLION
HTTP_CALLS_AT_FIRST: Final = 300 * MILLION
"""The first calls in a month, up to this number, cost HTTP_CALL each. Further calls cost HTTP_CALL_BEYOND each."""
LOG_GIGABYTE: Final = 0.50
LOG_GIGABYTE_MONTH: Final = 0.03
ALARM_METRIC: Final = 0.10
"""The monthly price of each metric that an alarm reads."""
CUSTOM_METRIC: Final = 0.30
TABLE_GIGABYTE_MONTH: Final = 0.25
RECOVERY_GIGABYTE_MONTH: Final = 0.20
KMS_KEY: Final = 1.00
KMS_REQUEST: Final = 0.03 / 10_000
SECRET: Final = 0.40
S3_GIGABYTE_MONTH: Final = 0.023
TRANSFER_GIGABYTE: Final = 0.09
