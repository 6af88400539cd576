"""The Lambda entry: one resolver with every route of the practice."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from practice_api import audit, drafts, help, packs, releases, statistics  # noqa: A004  what couples call it
from practice_api.services import Services
from rekindle.api import resolver
from rekindle.settings import PracticeApiSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
    from aws_lambda_powertools.utilities.typing import LambdaContext

BODY_LIMIT: Final = 4_500_000
"""Bytes: a large pack in several languages, and what Lambda takes at once with room for its envelope."""


def application() -> APIGatewayHttpResolver:
    """Return a resolver with all routes; its OpenAPI document is the practice API's contract."""
    app = resolver.resolver()
    for routes in (packs, drafts, releases, statistics, help, audit):
        app.include_router(routes.router, prefix="/v1/practice")
    return app


def handler_of(services: Callable[[], Services]) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return a Lambda handler that creates its services at the first request."""
    return resolver.handler_of(application(), services, BODY_LIMIT)


handler = handler_of(cache(lambda: Services.of(PracticeApiSettings.read(os.environ))))
