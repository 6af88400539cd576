"""Define the interface between `delivery` and the push service, such as FCM."""

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
"""The most seconds to wait for a connection, and after that, the most seconds to wait for the answer."""

LONGEST_SEND: Final = dt.timedelta(seconds=4 * sum(TIMEOUT))
"""The last requests of a send take at most this time: two for an access token and two for a push."""

SPARE: Final = dt.timedelta(seconds=30)
"""The time to read a page, to enqueue retries of its pushes and to store the run's progress."""

RESERVE: Final = LONGEST_SEND + SPARE
"""The time that must be left before a run begins its next page."""


class CredentialError(RekindleError):
    """Nothing was sent, because our credential for the push service is missing or refused.

    An operator has to correct the credential.
    """


class Fate(StrEnum):
    """The fate of one push.

    DEAD: the target will never work again. FOREIGN: the target belongs to another sender. LATER: the failure may pass,
    or no time was left for the push. UNAUTHORISED: the service refuses our credential. APNS: the service cannot sign in
    to Apple. REFUSED: the service refuses the message.
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
        """The name of the fault. The name is a part of a row's key, so it contains no free text from the service."""
        return f"{self.fate}#{self.reason}"


DELIVERED: Final = Outcome(Fate.DELIVERED)
NO_TIME: Final = Outcome(Fate.LATER, "no time left")


class PushGateway(Protocol):
    """Sends one payload to a page of targets."""

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:
        """Send to all targets, and return one outcome for each, in order.

        The gateway begins no further push in two cases:

        - An answer asks to wait, or refuses even a new access token. The remaining pushes get this answer's outcome.
        - Less than LONGEST_SEND of `within` is left. The remaining pushes get the outcome NO_TIME.

        The gateway itself never waits. Raise CredentialError if the credential gives no access token.
        """
