"""Reseal one couple's or one person's texts of version 0.1.0. An operator calls this function (`make reseal`).

The event is `{"couple": ID}` or `{"person": UID}`. A couple that paired before authors had keys has a single key for
both partners' texts. With `"end_key": true`, the call also deletes this key if no text needs it. The result is a
`Report`. A call may end before everything is resealed: then `left` is true, and the operator calls again. A repeated
call does no harm.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from rekindle.domain.ids import CoupleId, Uid
from rekindle.settings import ResealSettings
from rekindle.telemetry import logger
from reseal.services import Services
from reseal.texts import reseal_couple, reseal_person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext


def handle(services: Services, event: Mapping[str, Any]) -> dict[str, Any]:
    """Reseal the texts of the couple or person in the event. Return the report."""
    if "couple" in event:
        report = reseal_couple(services, CoupleId(event["couple"]), end_key=event.get("end_key") is True)
    else:
        report = reseal_person(services, Uid(event["person"]))
    logger.info("resealed", extra=report._asdict())
    return report._asdict()


@cache
def _services() -> Services:
    return Services.of(ResealSettings.read(os.environ))


def handler(event: Mapping[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Handle an operator's call."""
    return handle(_services(), event)
