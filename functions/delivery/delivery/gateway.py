"""The seam between what is to be pushed and whoever pushes it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from rekindle.errors import RekindleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekindle.domain.models import Target
    from rekindle.push.payloads import Payload

AT_ONCE: Final = 100
"""How many sends are under way at the same time on one connection, or in as many threads."""

TIMEOUT: Final = (3, 10)
"""Seconds to connect, and to wait for an answer."""

LONGEST_SEND: Final = dt.timedelta(seconds=4 * sum(TIMEOUT))
"""What one send takes at the worst: two requests for an access token, and two for the message."""


class CredentialError(RekindleError):
    """The push service does not accept who we are; nothing was sent, and somebody has to look at the credential."""


class Fate(StrEnum):
    """What became of one push.

    DEAD is a target that will never work again, FOREIGN one that the service calls another sender's, LATER a failure
    that may pass or a push that was not begun, UNAUTHORISED our credential at fault, APNS a refusal by Apple to let the
    service in, and REFUSED a message at fault.
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
    """The fate of one push, why it was not delivered, and how long the service asks to wait.

    `reason` is one of a fixed set: the name of an error's class, or words of our own. `detail` is the service's word,
    for people alone.
    """

    fate: Fate
    reason: str = ""
    wait: dt.timedelta = dt.timedelta(0)
    detail: str = ""

    @property
    def fault(self) -> str:
        """Name the fault, in fixed words alone: it becomes part of a key."""
        return f"{self.fate}#{self.reason}"


DELIVERED: Final = Outcome(Fate.DELIVERED)
NO_TIME: Final = Outcome(Fate.LATER, "no time left")


class PushGateway(Protocol):
    """Sends one payload to a page of targets: as many as there are, of either kind."""

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:
        """One outcome for each target, in order, without waiting for anything to pass.

        With less than LONGEST_SEND left of `within` no send is begun; what was not is for LATER. Once the service asks
        to wait, no further send of the page is begun, and what was not is for LATER after that wait. Raises
        CredentialError if nothing could be sent at all for want of a valid credential.
        """
