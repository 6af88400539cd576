"""Gateway: the interface between delivery and the push service."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from rekindle.errors import RekindleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekindle.domain.persons import Target
    from rekindle.push.payloads import Payload

NO_WAIT: Final = dt.timedelta(0)

TIMEOUT: Final = (3, 10)
"""Seconds to connect, and to wait for an answer."""

LONGEST_SEND: Final = dt.timedelta(seconds=4 * sum(TIMEOUT))
"""Longest time for one send: two requests for an access token, and two for the message."""


SPARE: Final = dt.timedelta(seconds=30)
"""Time for the work on a page besides sending: to read it, to enqueue retries and to move the run."""

RESERVE: Final = LONGEST_SEND + SPARE
"""Time that must be left to begin another page."""


class CredentialError(RekindleError):
    """The push service refuses our credential. Nothing was sent, and an operator has to look at the credential."""


class Fate(StrEnum):
    """Fate of one push.

    DEAD is a target that will never work again, FOREIGN a target of another sender. LATER is a failure that may pass,
    or a push that was not begun. UNAUTHORISED is a refusal of our credential, APNS a refusal by Apple to let the
    service in, and REFUSED a refusal of the message.
    """

    DELIVERED = "delivered"
    DEAD = "dead"
    FOREIGN = "foreign"
    LATER = "later"
    UNAUTHORISED = "unauthorised"
    APNS = "apns"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Fate of one push, why it was not delivered, and how long the service asks to wait.

    `reason` is a code of FCM that we know, or words of our own. `detail` is the service's word, for people alone.
    """

    fate: Fate
    reason: str = ""
    wait: dt.timedelta = NO_WAIT
    detail: str = ""

    @property
    def fault(self) -> str:
        """Name of the fault. It becomes part of a key, so it has fixed words alone."""
        return f"{self.fate}#{self.reason}"


DELIVERED: Final = Outcome(Fate.DELIVERED)
NO_TIME: Final = Outcome(Fate.LATER, "no time left")


class PushGateway(Protocol):
    """Sends one payload to a page of targets."""

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:
        """Send to all targets, and return one outcome for each, in order.

        The gateway never sleeps. It begins no send with less than LONGEST_SEND left of `within`, nor after the service
        has asked to wait. A push that was not begun is for LATER, after that wait. Raise CredentialError if no push
        could be sent for want of a valid credential.
        """
