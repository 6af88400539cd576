"""The one logger: a structured line for each outcome, with counts and identifiers and never what anyone wrote.

A line of level ERROR rings an alarm, so it says that an operator has to look. What one person can set off alone, with
requests, devices or texts of their own, is a warning at most.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from aws_lambda_powertools import Logger

from rekindle.errors import ContentionError

if TYPE_CHECKING:
    from collections.abc import Callable

# `version` lets the alarms of a canary count a new version's errors apart from the old one's.
logger = Logger(version=os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "none"))

_THROTTLES: Final = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "ThrottledException"}
)


def complain_of(error: Exception) -> Callable[..., None]:
    """Return how to log a failure: as a warning if many requests of one person can cause it, else as an error.

    Rows of one person that are written too often at once are such a case. A throttle that meets everybody rings the
    alarms on throttles and on the share of server errors.
    """
    # By its shape, since not every function has botocore.
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    return logger.warning if isinstance(error, ContentionError) or code in _THROTTLES else logger.error


def log_failure(message: str, error: Exception, **extra: object) -> None:
    """Log a failure with the error's type and frames. Its level is the one of `complain_of`."""
    complain_of(error)(message, extra={**extra, "error": type(error).__name__, "where": frames_of(error)})


def frames_of(error: BaseException) -> list[str]:
    """Return the error's frames, as file, line and function. Its message is left out: it may carry anyone's words."""
    frames, at = [], error.__traceback__
    while at:
        code = at.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/')[2]}:{at.tb_lineno} {code.co_name}")
        at = at.tb_next
    return frames
