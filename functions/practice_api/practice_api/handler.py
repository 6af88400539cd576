"""Handle API calls of the practice's staff. Lambda calls `handler`."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from practice_api import (
    audit,
    drafts,
    help,  # noqa: A004  named after its route
    notices,
    packs,
    releases,
    sign_out,
    statistics,
)
from practice_api.services import Services
from rekindle.api import resolver
from rekindle.settings import PracticeApiSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
    from aws_lambda_powertools.utilities.typing import LambdaContext

BODY_LIMIT: Final = 4_500_000
"""Bytes. A large pack in several languages is smaller than this.

A body of this size and the rest of the event together are within Lambda's limit.
"""


def application() -> APIGatewayHttpResolver:
    """Return a resolver with all routes. The console and the CLI rely on its OpenAPI document."""
    app = resolver.resolver()
    for routes in (packs, drafts, releases, statistics, help, notices, sign_out, audit):
        app.include_router(routes.router, prefix="/v1/practice")
    return app


def handler_of(services: Callable[[], Services]) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return a Lambda handler. The handler calls `services` at each request, so `services` should cache its result."""
    return resolver.handler_of(application(), services, BODY_LIMIT)


handler = handler_of(cache(lambda: Services.of(PracticeApiSettings.read(os.environ))))
