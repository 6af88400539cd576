"""The functions behind the phones' API, as API Gateway chooses between them, on the same stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import couples_api.handler
import privacy.handler
from privacy.services import Services as PrivacyServices

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services
    from testing.phones import Handler


def privacy_services(services: Services, **changes: Any) -> PrivacyServices:
    """What privacy works with, on the stores of couples_api."""
    given: dict[str, Any] = {
        name: getattr(services, name) for name in ("people", "couples", "days", "solo", "catalogue", "vault")
    }
    return PrivacyServices(**(given | changes))


def phones_api(services: Callable[[], Services], **changes: Any) -> Handler:
    """Both functions in this process; the changes are of what privacy works with."""
    couples = couples_api.handler.handler_of(services)
    own = privacy.handler.handler_of(lambda: privacy_services(services(), **changes))

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return (own if event["rawPath"] == "/v1/me/export" else couples)(event, context)

    return handle
