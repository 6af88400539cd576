"""The seam between what is to be pushed and whoever pushes it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from rekindle.errors import RekindleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekindle.models import Target
    from rekindle.push.payloads import Payload

AT_ONCE: Final = 100
"""The most devices of one send: all are under way at the same time."""

TIMEOUT: Final = (3, 10)
"""Seconds to connect, and to wait for an answer."""

LONGEST_SEND: Final = dt.timedelta(seconds=5 * sum(TIMEOUT))
"""What a send takes at the worst: up to three requests for an access token, and two for each message at once."""


class CredentialError(RekindleError):
    """The push service does not accept who we are; nothing was sent, and somebody has to look at the credential."""


class Fate(StrEnum):
    """What became of one push.

    DEAD is a token that will never work again, LATER a failure that may pass, UNAUTHORISED a credential at fault (ours,
    or the one that the service uses towards Apple), and REFUSED a message at fault.
    """

    DELIVERED = "delivered"
    DEAD = "dead"
    LATER = "later"
    UNAUTHORISED = "unauthorised"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fate of one push, its reason in a word where it was not delivered, and how long the service asks to wait."""

    fate: Fate
    reason: str = ""
    wait: dt.timedelta = dt.timedelta(0)


DELIVERED: Final = Outcome(Fate.DELIVERED)


class PushGateway(Protocol):
    """Sends one payload to as many as AT_ONCE devices, within LONGEST_SEND."""

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:
        """One outcome for each token, in order, without waiting for anything to pass.

        Raises CredentialError if nothing could be sent at all for want of a valid credential.
        """
