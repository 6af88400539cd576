"""Handle API calls from phones. Lambda calls `handler`."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from couples_api import (
    couple,
    days,
    devices,
    invites,
    me,
    notifications,
    nudges,
    packs,
    recap,
    reflections,
    reminders,
    solo,
    streak,
    swap,
    touch,
)
from couples_api import help as help_routes
from couples_api.services import Services
from rekindle.api import resolver
from rekindle.settings import CouplesApiSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
    from aws_lambda_powertools.utilities.typing import LambdaContext


def application() -> APIGatewayHttpResolver:
    """Return a resolver with all routes. Phones rely on the OpenAPI document, which is made from this resolver."""
    app = resolver.resolver()
    together = (couple, packs, days, swap, reflections, streak, recap, nudges, touch)
    for routes in (me, devices, reminders, notifications, invites, *together, solo, help_routes):
        app.include_router(routes.router, prefix="/v1")
    return app


def handler_of(services: Callable[[], Services]) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return a Lambda handler. It calls `services` at every request, so pass a function that caches its result."""
    return resolver.handler_of(application(), services)


handler = handler_of(cache(lambda: Services.of(CouplesApiSettings.read(os.environ))))
