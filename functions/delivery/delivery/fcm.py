"""Firebase Cloud Messaging: our credential, the message in FCM's words, and what holds for a page of it.

How messages get to FCM is a transport's business: `delivery.libcurl` is the fast one, `delivery.sdk` the one to fall
back on.
"""

from __future__ import annotations

import json
import time
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol

from firebase_admin import exceptions, messaging
from google.auth import aws
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from requests import Session

from delivery.answers import blames_our_credential, ends_page, outcome_of
from delivery.gateway import DELIVERED, LONGEST_SEND, NO_TIME, TIMEOUT, CredentialError, Fate, Outcome
from delivery.libcurl import Libcurl
from delivery.transport import Told

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from google.auth.credentials import Credentials

    from delivery.transport import Answer, Transport
    from rekindle.domain.models import Target
    from rekindle.push.payloads import Payload

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"

EVERYDAY_CHANNEL: Final = "everyday"
QUIET_CHANNEL: Final = "quiet"

_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


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


class Connect(Protocol):
    """Makes the transport to a project at an endpoint; the timeout has the seconds to connect and to be answered."""

    def __call__(self, endpoint: str, project: str, timeout: tuple[float, float]) -> Transport:
        """A transport that is to be closed."""


class FcmGateway:
    """One Firebase project. `endpoint` is what FCM's addresses begin with. To be closed when it is done with."""

    def __init__(
        self,
        credential: Credentials,
        project: str,
        endpoint: str,
        timeout: tuple[float, float] = TIMEOUT,
        connect: Connect = Libcurl,
    ) -> None:
        self._sign_in = _SignIn(credential, timeout)
        self._transport = connect(endpoint, project, timeout)

    def close(self) -> None:
        """Let go of the connections."""
        self._transport.close()
        self._sign_in.close()

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:
        """One outcome for each target, in order; see `PushGateway`."""
        if within < LONGEST_SEND:
            return [NO_TIME] * len(targets)
        until = time.monotonic() + (within - LONGEST_SEND).total_seconds()
        try:
            access_token = self._sign_in.access_token()
        except TransportError as error:
            return [Outcome(Fate.LATER, type(error).__name__)] * len(targets)
        message = message_of(payload)
        answers = self._transport.send(message, targets, access_token, until)
        if _may_be_stale(answers) and time.monotonic() <= until:
            # Once a page: where a new access token is refused as well, it is the credential that is at fault.
            again = [number for number, answer in enumerate(answers) if not _is_final(answer)]
            try:
                access_token = self._sign_in.renewed()
            except TransportError as error:
                return _outcomes(answers, Outcome(Fate.LATER, type(error).__name__))
            except CredentialError:
                return _outcomes(answers)
            told = self._transport.send(message, [targets[number] for number in again], access_token, until)
            for number, answer in zip(again, told, strict=True):
                answers[number] = answer
        return _outcomes(answers)


class _SignIn:
    """Google's way from a credential to an access token, which google-auth keeps as long as it holds.

    It is asked ahead of a page, and not by whatever sends: that would be in each of a hundred threads, and google-auth
    would look up in the background, with each request of its own, from where the account may be used.
    """

    def __init__(self, credential: Credentials, timeout: tuple[float, float]) -> None:
        self._credential = credential
        self._session = Session()
        self._request = partial(_once, Request(self._session), timeout=timeout)

    def access_token(self) -> str:
        """One that still holds. Raises TransportError for a failure that may pass, and CredentialError otherwise."""
        return str(self._credential.token) if self._credential.valid else self.renewed()

    def renewed(self) -> str:
        """A new one; raises as above."""
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
        self._session.close()


def _once(request: Request, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  google-auth's own, passed on as they are
    """A request to Google that fails at once where google-auth would sleep and come again."""
    response = request(*args, **kwargs)
    if response.status in _PASSING or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise TransportError(f"Google answered {response.status}")  # type: ignore[no-untyped-call]
    return response


def message_of(payload: Payload) -> messaging.Message:
    """The payload in the words of both platforms, for any target."""
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


def _may_be_stale(answers: Sequence[Answer]) -> bool:
    """Whether all that stopped the page, if anything did, is an access token that FCM no longer takes."""
    endings = [answer for answer in answers if ends_page(answer)]
    return bool(endings) and all(map(blames_our_credential, endings))


def _is_final(answer: Answer) -> bool:
    return answer is Told.ACCEPTED or (
        isinstance(answer, exceptions.FirebaseError) and not blames_our_credential(answer)
    )


def _outcomes(answers: Sequence[Answer], of_the_rest: Outcome | None = None) -> list[Outcome]:
    """The outcome of each answer. What was not begun shares the fate of what stopped the page.

    `of_the_rest` is for that and for what blames our credential, where more is known of them.
    """
    endings = [outcome_of(answer) for answer in answers if ends_page(answer)]
    # The longest wait: a page that FCM has no room for is not to come again because of a stale token beside it.
    not_begun = of_the_rest or max(endings, key=lambda outcome: outcome.wait, default=NO_TIME)

    def outcome(answer: Answer) -> Outcome:
        match answer:
            case Told.ACCEPTED:
                return DELIVERED
            case Told.NOT_BEGUN:
                return not_begun
            case _ if of_the_rest and blames_our_credential(answer):
                return of_the_rest
            case _:
                return outcome_of(answer)

    return [DELIVERED if answer is Told.ACCEPTED else outcome(answer) for answer in answers]
