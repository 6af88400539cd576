"""Send a payload to many devices through Firebase Cloud Messaging (FCM)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from firebase_admin import messaging
from google.auth.exceptions import TransportError

from delivery.answers import STALE, stops_page
from delivery.credential import SignIn
from delivery.gateway import LONGEST_SEND, NO_TIME, TIMEOUT, CredentialError, Fate, Outcome

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from google.auth.credentials import Credentials

    from delivery.libcurl import Libcurl
    from rekindle.domain.persons import Target
    from rekindle.push.payloads import Payload


EVERYDAY_CHANNEL: Final = "everyday"
QUIET_CHANNEL: Final = "quiet"


class FcmGateway:
    """The `PushGateway` for one Firebase project."""

    def __init__(self, credential: Credentials, transport: Libcurl, timeout: tuple[float, float] = TIMEOUT) -> None:
        self._sign_in = SignIn(credential, timeout)
        self._transport = transport

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()
        self._sign_in.close()

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:
        """Send to all targets, as `PushGateway.send` describes."""
        if within < LONGEST_SEND:
            return [NO_TIME] * len(targets)
        until = time.monotonic() + (within - LONGEST_SEND).total_seconds()
        message = message_of(payload)
        try:
            outcomes = self._transport.send(message, targets, self._sign_in.access_token(), until)
        except TransportError as error:
            return [_unreachable(error)] * len(targets)
        stop = _stop_of(outcomes)
        if stop == STALE and time.monotonic() <= until:
            # Try a new access token once. If FCM refuses the new token, too, our credential is at fault.
            again = [number for number, outcome in enumerate(outcomes) if outcome in {STALE, NO_TIME}]
            renewed = self._again(message, [targets[number] for number in again], until)
            for number, outcome in zip(again, renewed, strict=True):
                outcomes[number] = outcome
            stop = _stop_of(outcomes)
        return [stop if outcome is NO_TIME else outcome for outcome in outcomes]

    def _again(self, message: messaging.Message, targets: Sequence[Target], until: float) -> list[Outcome]:
        """Send with a new access token. If Google gives no token, return a failure for each target."""
        try:
            return self._transport.send(message, targets, self._sign_in.renewed(), until)
        except TransportError as error:
            return [_unreachable(error)] * len(targets)
        except CredentialError:
            return [STALE] * len(targets)


def _unreachable(error: TransportError) -> Outcome:
    return Outcome(Fate.LATER, type(error).__name__)


def _stop_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the outcome that stopped the sending. Return NO_TIME if no outcome stopped it.

    The caller gives this outcome to all pushes that were not begun. If several outcomes stopped the sending, return
    the one with the longest wait, because no push may begin before this wait is over.
    """
    return max(filter(stops_page, outcomes), key=lambda outcome: outcome.wait, default=NO_TIME)


def message_of(payload: Payload) -> messaging.Message:
    """Return a message with this payload for both platforms. The message has no target yet."""
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
