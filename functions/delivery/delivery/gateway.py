"""Define the interface between `delivery` and a push service such as FCM."""

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
"""In seconds: the longest wait for a connection, and then the longest wait for the response."""

LONGEST_SEND: Final = dt.timedelta(seconds=4 * sum(TIMEOUT))
"""The longest time that four requests take: two for an access token, and then two for a push."""

SPARE: Final = dt.timedelta(seconds=30)
"""The time that a page of rows needs besides its pushes: to read rows, enqueue retries and store progress."""

RESERVE: Final = LONGEST_SEND + SPARE
"""A run (one pass over the rows of a slot's shard) begins its next page only if this time is left."""


class CredentialError(RekindleError):
    """Nothing was sent, because our credential for the push service is missing or refused.

    An operator has to correct the credential.
    """


class Fate(StrEnum):
    """The fate of one push.

    DELIVERED: the service accepts the push. DEAD: the target will never work again. FOREIGN: the target belongs to
    another sender. LATER: the failure may be temporary, or no time was left for the push. UNAUTHORISED: the service
    refuses our credential. APNS: the service cannot sign in to Apple. REFUSED: the service refuses the message.
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
    """The fate of one push, the reason of a failure, and the wait that the service asks for.

    `reason` is one of the codes in `delivery.answers`, or a text of our own. `detail` is a text from the service. The
    detail is used only in log lines and in the reason of a retry.
    """

    fate: Fate
    reason: str = ""
    wait: dt.timedelta = NO_WAIT
    detail: str = ""

    @property
    def fault(self) -> str:
        """The fault's name, such as `later#UNAVAILABLE`. It is part of a row's key, so it never contains `detail`."""
        return f"{self.fate}#{self.reason}"


DELIVERED: Final = Outcome(Fate.DELIVERED)
NO_TIME: Final = Outcome(Fate.LATER, "no time left")


class PushGateway(Protocol):
    """Sends one payload to a page of targets."""

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:
        """Send to all targets, and return one outcome for each, in order.

        The gateway begins no further push in two cases:

        - A response asks to wait, or refuses even a new access token. The remaining pushes get the outcome of this
          response.
        - Less than LONGEST_SEND of `within` is left. The remaining pushes get the outcome NO_TIME.

        If a response asks to wait, `send` does not wait: the caller has to wait. Raise CredentialError if the
        credential gives no access token.
        """
