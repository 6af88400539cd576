"""The logger: one structured line for each outcome, with counts and ids and never anyone's words.

An ERROR line rings an alarm, so log one only if an operator has to look. A failure that one person can cause alone,
with requests, devices or texts of their own, is a warning at most.
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


def _log_for(error: Exception) -> Callable[..., None]:
    """Return the logging function for a failure: a warning if one person's requests can cause it, else an error.

    One person can cause throttles by writing their own rows too often. A throttle that affects everybody rings other
    alarms: those on throttles and on the share of server errors.
    """
    # Read the attribute instead of checking the class: not every function has botocore.
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    return logger.warning if isinstance(error, ContentionError) or code in _THROTTLES else logger.error


def log_failure(message: str, error: Exception, **extra: object) -> None:
    """Log a failure with the error's type and frames, as a warning or an error."""
    _log_for(error)(message, extra={**extra, "error": type(error).__name__, "where": frames_of(error)})


def frames_of(error: BaseException) -> list[str]:
    """Return the error's frames as file, line and function, without its message, which may contain anyone's words."""
    frames, at = [], error.__traceback__
    while at:
        code = at.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/')[2]}:{at.tb_lineno} {code.co_name}")
        at = at.tb_next
    return frames
