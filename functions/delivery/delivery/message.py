"""Messages: a payload in FCM's words, built and validated by firebase-admin."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from firebase_admin import messaging

if TYPE_CHECKING:
    from rekindle.domain.persons import Target
    from rekindle.push.payloads import Payload

EVERYDAY_CHANNEL: Final = "everyday"
QUIET_CHANNEL: Final = "quiet"


def message_of(payload: Payload) -> messaging.Message:
    """Return the payload as a message for both platforms, without a target."""
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


def addressed(message: messaging.Message, target: Target) -> messaging.Message:
    """Return the message to one target."""
    # The constructor would warn with every message that `token` will go one day.
    copied = copy.copy(message)
    setattr(copied, target.kind, target.value)
    return copied
