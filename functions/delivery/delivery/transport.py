"""The seam within the gateway: how one message gets to many targets."""

from __future__ import annotations

import copy
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from firebase_admin import exceptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from firebase_admin import messaging

    from rekindle.domain.models import Target


class Told(Enum):
    """What there is to say of a send that did not fail."""

    ACCEPTED = "accepted"
    NOT_BEGUN = "not begun"


type Answer = exceptions.FirebaseError | Told


class Transport(Protocol):
    """A way to the FCM of one project. It never sleeps, and leaves what to do about a failure to its caller."""

    def send(
        self, message: messaging.Message, targets: Sequence[Target], access_token: str, until: float
    ) -> list[Answer]:
        """One answer for each target, in order.

        The first sends are begun in any case. After an answer that `ends_page`, and once the monotonic clock is past
        `until`, no further one is; those under way are read to their end.
        """

    def close(self) -> None:
        """Let go of the connections."""


def addressed(message: messaging.Message, target: Target) -> messaging.Message:
    """The message to a target; a field for each kind, in our words as in FCM's."""
    # Set afterwards, since the constructor warns of the coming end of `token` with every message.
    copied = copy.copy(message)
    setattr(copied, target.kind, target.value)
    return copied
