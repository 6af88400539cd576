"""Serve the functions' HTTP APIs in this process.

Building a function's resolver takes longer than a test. So this module keeps the resolvers, and uses the same resolver
for the handlers of many tests. A request that begins while a resolver serves a request gets a second resolver. A test
with threads must use the `handler_of` of the function itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import couples_api.handler
import practice_api.handler
import privacy.handler
from privacy.services import Services as PrivacyServices
from rekindle.accounts import PUBLISH, READ
from rekindle.api import resolver
from rekindle.api.identity import Account, AccountState
from rekindle.store.catalogue import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

    from couples_api.services import Services
    from practice_api.services import Services as PracticeServices
    from rekindle.api.callers import Caller
    from testing.phones import Handler


def every_account_is_good(_caller: Caller) -> AccountState:
    """Say that every account stands, as `Identity.account_state` would."""
    return AccountState.GOOD


def every_member_is_good(_caller: Caller) -> Account:
    """Say that every account stands and may publish, as `Identity.account` would."""
    return Account(AccountState.GOOD, frozenset({READ, PUBLISH}))


class _Resolvers:
    """One function's idle resolvers, which serve no request at the moment."""

    def __init__(self, application: Callable[[], APIGatewayHttpResolver], body_limit: int) -> None:
        self._application, self._body_limit = application, body_limit
        self._idle: list[APIGatewayHttpResolver] = []

    def handler_of[Services](self, services: Callable[[], Services]) -> Handler:
        def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
            app = self._idle.pop() if self._idle else self._application()
            # Building a resolver during a request would break that request's routes, so always keep one ready.
            if not self._idle:
                self._idle.append(self._application())
            try:
                return resolver.handler_of(app, services, self._body_limit)(event, context)
            finally:
                self._idle.append(app)

        return handle


OWN_PATHS = ("/v1/me/export", "/v1/erasures/")
"""The paths that `privacy` serves, besides `DELETE /v1/me`."""

_COUPLES = _Resolvers(couples_api.handler.application, resolver.BODY_LIMIT)
_PRIVACY = _Resolvers(privacy.handler.application, resolver.BODY_LIMIT)
_PRACTICE = _Resolvers(practice_api.handler.application, practice_api.handler.BODY_LIMIT)


def handler_of(services: Callable[[], Services]) -> Handler:
    """Return couples_api's handler on these services."""
    return _COUPLES.handler_of(services)


def rereading(services: Services) -> Services:
    """Return the services with a catalogue that has read no packs. A new process begins like this."""
    return replace(services, catalogue=Catalogue(services.people.table))


def practice_handler_of(services: Callable[[], PracticeServices]) -> Handler:
    """Return practice_api's handler on these services."""
    return _PRACTICE.handler_of(services)


def privacy_services(services: Services, **changes: Any) -> PrivacyServices:
    """Return privacy's services with the stores of couples_api. `changes` replaces some of them."""
    given: dict[str, Any] = {
        name: getattr(services, name)
        for name in (
            *("people", "couples", "days", "solo", "invites", "catalogue", "vault", "sessions", "erasures"),
            "app_check",
        )
    }
    return PrivacyServices(**(given | changes))


def phones_api(services: Callable[[], Services], **changes: Any) -> Handler:
    """Serve couples_api and privacy, chosen by the path. `changes` replaces some of privacy's services."""
    couples = handler_of(services)
    own = _PRIVACY.handler_of(lambda: privacy_services(services(), **changes))

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        path = event["rawPath"]
        method = event["requestContext"]["http"]["method"]
        is_own = path.startswith(OWN_PATHS) or (method, path) == ("DELETE", "/v1/me")
        return (own if is_own else couples)(event, context)

    return handle
