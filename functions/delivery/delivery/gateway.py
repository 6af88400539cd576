"""Define the interface between delivery and the push service."""

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
"""How many seconds to wait for a connection, and then for an answer."""

LONGEST_SEND: Final = dt.timedelta(seconds=4 * sum(TIMEOUT))
"""The longest time that a send takes. It makes up to two requests for an access token and up to two for a message."""


SPARE: Final = dt.timedelta(seconds=30)
"""Time to read a page, to enqueue its retries and to store the run's progress."""

RESERVE: Final = LONGEST_SEND + SPARE
"""Time that must be left to begin another page."""


class CredentialError(RekindleError):
    """The push service refuses our credential, and nothing was sent. An operator has to correct the credential."""


class Fate(StrEnum):
    """What became of one push.

    DEAD: the target will never work again. FOREIGN: the target belongs to another sender. LATER: the failure may pass,
    or the push was not begun. UNAUTHORISED: the service refuses our credential. APNS: Apple refuses the service's
    credential. REFUSED: the service refuses the message.
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
    """What became of one push, why it was not delivered, and how long the service asks to wait.

    `reason` is one of FCM's codes in `delivery.answers`, or a text of our own. `detail` is a text from the service,
    which is only logged.
    """

    fate: Fate
    reason: str = ""
    wait: dt.timedelta = NO_WAIT
    detail: str = ""

    @property
    def fault(self) -> str:
        """The name of the fault. It becomes a part of a row's key, so it contains no text from the service."""
        return f"{self.fate}#{self.reason}"


DELIVERED: Final = Outcome(Fate.DELIVERED)
NO_TIME: Final = Outcome(Fate.LATER, "no time left")


class PushGateway(Protocol):
    """Sends one payload to a page of targets."""

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:
        """Send to all targets, and return one outcome for each, in order.

        The gateway does not sleep when the service asks to wait. It begins no further push after that, or when less
        than LONGEST_SEND of `within` is left. A push that was not begun has the fate LATER and the wait that the
        service asked for. Raise CredentialError if no push could be sent because the credential is not valid.
        """
