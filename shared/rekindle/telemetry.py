"""The one logger: a structured line for each outcome, with counts and identifiers and never what anyone wrote."""

from __future__ import annotations

from aws_lambda_powertools import Logger

logger = Logger()
