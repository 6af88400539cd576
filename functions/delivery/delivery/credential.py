"""Read the credential for FCM, and exchange it for access tokens from Google."""

from __future__ import annotations

import json
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from google.auth import aws
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from requests import Session

from delivery.gateway import CredentialError

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"

_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


def credential_from(secret: str) -> Credentials:
    """Return the credential in a secret: a service account's key, or an `external_account` for AWS.

    Raise CredentialError if the secret contains something else.
    """
    try:
        info = json.loads(secret)
        match info["type"]:
            case "service_account":
                return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])  # type: ignore[no-any-return, no-untyped-call]
            case "external_account":
                return aws.Credentials.from_info(info, scopes=[SCOPE])  # type: ignore[no-any-return, no-untyped-call]
            case _:
                raise CredentialError("the FCM secret is neither a service account nor an external account")
    except (ValueError, KeyError, TypeError, GoogleAuthError) as error:
        raise CredentialError("the FCM secret does not hold a credential") from error


class SignIn:
    """Gets access tokens from Google, and reuses a token until it expires.

    Get tokens with google-auth, but do not send pushes with it. For a push, google-auth would start a background thread
    that asks Google for the regions in which the account may be used. Lambda would freeze this thread.
    """

    def __init__(self, credential: Credentials, timeout: tuple[float, float]) -> None:
        self._credential = credential
        self._session = Session()
        self._request = partial(_once, Request(self._session), timeout=timeout)

    def access_token(self) -> str:
        """Return a valid token. Raise TransportError if the failure may be temporary, and CredentialError if not."""
        return str(self._credential.token) if self._credential.valid else self.renewed()

    def renewed(self) -> str:
        """Return a new token. Raise the same errors as `access_token`."""
        try:
            self._credential.refresh(self._request)  # type: ignore[no-untyped-call]
        except TransportError:
            raise
        except GoogleAuthError as error:
            if error.retryable:
                raise TransportError(type(error).__name__) from error  # type: ignore[no-untyped-call]
            raise CredentialError(f"no access token for FCM: {type(error).__name__}") from error
        return str(self._credential.token)

    def close(self) -> None:
        """Close the connections to Google."""
        self._session.close()


def _once(request: Request, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  the arguments that google-auth passes
    """Make one request to Google. Raise TransportError for an answer that means a temporary failure.

    If this function returned such an answer, google-auth would sleep and retry.
    """
    response = request(*args, **kwargs)
    if response.status in _PASSING or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise TransportError(f"Google answered {response.status}")  # type: ignore[no-untyped-call]
    return response
