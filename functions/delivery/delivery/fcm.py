"""Firebase Cloud Messaging through firebase-admin, with its transport set up never to wait and never to repeat itself.

The SDK on its own sleeps through Retry-After, repeats on 500 and 503 four times, and refreshes its credential twice for
each message that is answered with 401. A function is billed for every second of that; the queue waits for free.
"""

from __future__ import annotations

import copy
import datetime as dt
import email.utils
import json
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

import firebase_admin
from firebase_admin import _http_client, exceptions, messaging
from google.auth import aws
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import service_account
from requests import Session
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import Retry

from delivery.gateway import AT_ONCE, DELIVERED, TIMEOUT, CredentialError, Fate, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.auth.credentials import Credentials
    from urllib3 import BaseHTTPResponse

    from rekindle.models import Target
    from rekindle.push.payloads import Payload

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
QUOTA_WAIT: Final = dt.timedelta(minutes=1)
"""What FCM asks for after a 429 that names no time."""

EVERYDAY_CHANNEL: Final = "everyday"
QUIET_CHANNEL: Final = "quiet"

_BAD_REQUEST: Final = "type.googleapis.com/google.rpc.BadRequest"
_SERVER_ERRORS: Final = 500


class _OnceIfCutOff(Retry):
    """One more try where a connection breaks, as those do that outlive a frozen function, and none after a timeout."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        *args: Any,  # noqa: ANN401  urllib3's own, and passed on as they are
        **kwargs: Any,  # noqa: ANN401  the same
    ) -> Self:
        if isinstance(error, ReadTimeoutError):
            raise error
        return super().increment(method, url, response, error, *args, **kwargs)


_RETRIES: Final = _OnceIfCutOff(
    total=1, status=0, redirect=0, other=0, allowed_methods=None, respect_retry_after_header=False
)


def credential_from(secret: str) -> Credentials:
    """The credential in a secret's text: a service account's key, or a keyless `external_account` for AWS.

    Raises CredentialError if it is neither.
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


class FcmGateway:
    """One Firebase project. `endpoint` is what FCM's addresses begin with. To be closed when it is done with."""

    def __init__(
        self, credential: Credentials, project: str, endpoint: str, timeout: tuple[float, float] = TIMEOUT
    ) -> None:
        self._credential = credential
        self._tokens = Session()
        self._request = partial(Request(self._tokens), timeout=timeout)
        self._session = AuthorizedSession(  # type: ignore[no-untyped-call]
            credential, refresh_status_codes=(), auth_request=self._request
        )
        # The SDK gives each message a thread; each has a connection that is kept.
        self._session.mount(endpoint, HTTPAdapter(pool_connections=1, pool_maxsize=AT_ONCE, max_retries=_RETRIES))
        self._app = firebase_admin.initialize_app(credential, {"projectId": project}, name=f"delivery-{uuid.uuid4()}")
        # The SDK has no public setting for its address or its transport; a test would notice if these parts moved.
        service = messaging._get_messaging_service(self._app)  # noqa: SLF001
        service._fcm_url = f"{endpoint}/v1/projects/{project}/messages:send"  # noqa: SLF001
        service._client = _http_client.JsonHttpClient(  # noqa: SLF001
            session=self._session, retries=None, timeout=timeout
        )

    def close(self) -> None:
        """Let go of the connections."""
        firebase_admin.delete_app(self._app)
        self._session.close()  # type: ignore[no-untyped-call]
        self._tokens.close()

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:
        """One outcome for each token, in order; see `PushGateway`."""
        tokens = [target.value for target in targets]
        if not self._credential.valid:
            # Once and ahead of all, rather than in each of a hundred threads.
            try:
                self._credential.refresh(self._request)  # type: ignore[no-untyped-call]
            except GoogleAuthError as error:
                if error.retryable or isinstance(error, TransportError):
                    return [Outcome(Fate.LATER, type(error).__name__)] * len(tokens)
                raise CredentialError(f"no access token for FCM: {type(error).__name__}") from error
        template = message_of(payload)
        try:
            responses = messaging.send_each([_addressed(template, token) for token in tokens], app=self._app).responses
        except exceptions.FirebaseError as error:
            return [outcome_of(error)] * len(tokens)
        return [outcome_of(response.exception) for response in responses]


def message_of(payload: Payload) -> messaging.Message:
    """The payload in the words of both platforms, for any token."""
    quiet = payload.quiet
    return messaging.Message(
        notification=messaging.Notification(title=payload.text.title, body=payload.text.body),
        data={"link": payload.link},
        android=messaging.AndroidConfig(
            priority="normal" if quiet else "high",
            ttl=payload.ttl,
            notification=messaging.AndroidNotification(
                tag=payload.collapse_id,
                channel_id=QUIET_CHANNEL if quiet else EVERYDAY_CHANNEL,
                priority="low" if quiet else "default",
                visibility="private",
            ),
        ),
        apns=messaging.APNSConfig(
            headers={
                "apns-collapse-id": payload.collapse_id,
                "apns-priority": "5" if quiet else "10",
                "apns-expiration": str(int(payload.expires_at.timestamp())),
            },
            payload=messaging.APNSPayload(
                aps=messaging.Aps(
                    sound=None if quiet else "default",
                    custom_data={"interruption-level": "passive" if quiet else "active"},
                )
            ),
        ),
    )


def outcome_of(error: exceptions.FirebaseError | None) -> Outcome:
    """The outcome that an error of the SDK stands for, judged by its class and by the codes within its answer."""
    if error is None:
        return DELIVERED
    fate = _fate_of(error)
    wait = _retry_after(error) if fate is Fate.LATER else dt.timedelta(0)
    if isinstance(error, exceptions.ResourceExhaustedError):
        wait = wait or QUOTA_WAIT
    return Outcome(fate, type(error).__name__, wait)


def _fate_of(error: exceptions.FirebaseError) -> Fate:
    match error:
        case messaging.UnregisteredError() | messaging.SenderIdMismatchError():
            return Fate.DEAD
        case exceptions.InvalidArgumentError() if _blames_token(error):
            return Fate.DEAD
        case exceptions.UnauthenticatedError() | exceptions.PermissionDeniedError():
            return Fate.UNAUTHORISED
        case (
            exceptions.ResourceExhaustedError()
            | exceptions.UnavailableError()
            | exceptions.InternalError()
            | exceptions.DeadlineExceededError()
        ):
            return Fate.LATER
        # A broken connection, or a proxy's page in place of FCM's own answer.
        case exceptions.UnknownError() if error.http_response is None or _is_server_error(error):
            return Fate.LATER
        case _:
            return Fate.REFUSED


def _addressed(template: messaging.Message, token: str) -> messaging.Message:
    # Set afterwards, since the constructor warns of the argument's coming end with every message.
    message = copy.copy(template)
    message.token = token
    return message


def _is_server_error(error: exceptions.FirebaseError) -> bool:
    return bool(error.http_response.status_code >= _SERVER_ERRORS)


def _blames_token(error: exceptions.FirebaseError) -> bool:
    return any(
        violation.get("field") == "message.token"
        for detail in _details(error)
        if detail.get("@type") == _BAD_REQUEST
        for violation in detail.get("fieldViolations", ())
    )


def _details(error: exceptions.FirebaseError) -> list[dict[str, Any]]:
    try:
        details = error.http_response.json()["error"]["details"]
    except (AttributeError, ValueError, KeyError, TypeError):
        return []
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []


def _retry_after(error: exceptions.FirebaseError) -> dt.timedelta:
    """What Retry-After asks for, given in seconds or as a date to be read against the answer's own date."""
    headers = {} if error.http_response is None else error.http_response.headers
    asked = headers.get("Retry-After", "")
    if asked.isdecimal():
        return dt.timedelta(seconds=int(asked))
    try:
        wait = email.utils.parsedate_to_datetime(asked) - email.utils.parsedate_to_datetime(headers["Date"])
    except (ValueError, KeyError, TypeError):
        return dt.timedelta(0)
    return max(wait, dt.timedelta(0))
