"""Log one structured line for each outcome: counts and ids, but never a person's text.

An ERROR line sets off an alarm, so log an error only if an operator must look. If one person alone can cause the
failure, with their own requests, devices or texts, log only a warning.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Final

from aws_lambda_powertools import Logger

from rekindle.errors import ContentionError, KeyGoneError

if TYPE_CHECKING:
    from collections.abc import Callable

# Each line has the function's version, so that the alarms of a canary deployment can count the errors of the new
# version alone.
logger = Logger(version=os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "none"))

_TALKATIVE: Final = ("aws_lambda_powertools", "boto3", "botocore", "firebase_admin", "google", "requests", "urllib3")
"""Libraries that log whole requests and replies at DEBUG: answers, names, tokens and keys."""

# Whatever level an operator chooses for our own lines, these lines are never written.
for _name in _TALKATIVE:
    logging.getLogger(_name).setLevel(logging.INFO)

_THROTTLES: Final = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "ThrottledException"}
)


def _log_for(error: Exception) -> Callable[..., None]:
    """Return the function that logs the failure: as a warning or as an error.

    Contention and throttling are warnings, because one person alone can cause them: DynamoDB throttles a person who
    writes their own rows too often. If DynamoDB throttles everybody, other alarms go off: the alarms on throttled
    requests and on the share of server errors. A key can go between two reads of a partner's request, when a person
    erases their account.
    """
    # Do not check for botocore's error class: not every function has botocore.
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    return logger.warning if isinstance(error, (ContentionError, KeyGoneError)) or code in _THROTTLES else logger.error


def log_failure(message: str, error: Exception, **extra: object) -> None:
    """Log a failure with the error's type and frames, as a warning or an error."""
    _log_for(error)(message, extra={**extra, "error": type(error).__name__, "where": frames_of(error)})


def frames_of(error: BaseException) -> list[str]:
    """Return the file, line and function of each of the error's frames.

    Leave out the error's message, because it may contain a person's text.
    """
    frames, at = [], error.__traceback__
    while at:
        code = at.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/')[2]}:{at.tb_lineno} {code.co_name}")
        at = at.tb_next
    return frames
