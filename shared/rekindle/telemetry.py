"""The one logger: a structured line for each outcome, with counts and identifiers and never what anyone wrote."""

from __future__ import annotations

import os

from aws_lambda_powertools import Logger

# The alarms of a canary tell a new version's errors from the old one's by `version`.
logger = Logger(version=os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "none"))
