"""Handle calls for a person's own export and erasure. Lambda calls `handler`."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from privacy import erasure, export
from privacy.services import Services
from rekindle.api import resolver
from rekindle.settings import PrivacySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
    from aws_lambda_powertools.utilities.typing import LambdaContext


def application() -> APIGatewayHttpResolver:
    """Return a resolver with all routes of this function. The OpenAPI document for phones has these routes too."""
    app = resolver.resolver()
    app.include_router(export.router, prefix="/v1")
    app.include_router(erasure.router, prefix="/v1")
    return app


def handler_of(services: Callable[[], Services]) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return a Lambda handler.

    The handler calls `services` at every request. So pass a cached function, to create the services only once.
    """
    return resolver.handler_of(application(), services)


handler = handler_of(cache(lambda: Services.of(PrivacySettings.read(os.environ))))
