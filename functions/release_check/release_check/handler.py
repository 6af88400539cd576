"""Call the new versions of a release with the samples in `events/`, and report to CodeDeploy.

CodeDeploy calls this hook once for each function, before the alias sends any call to the new version. Each time the
hook checks the versions of all functions, since a release is good or bad as a whole.

A sample is about persons and couples that do not exist, so that it leaves nothing behind.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from rekindle.settings import ReleaseCheckSettings
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

SAMPLES: Final = Path(__file__).parent / "samples"
LEFT_OUT: Final = frozenset({"practice_api-put-draft", "release_check", "tally"})
"""Samples that would leave a draft or a couple in the statistics behind, and this hook's own."""

_PATIENCE: Final = Config(connect_timeout=2, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3})
_UNKNOWN: Final = "Unknown"


@dataclass(frozen=True, slots=True)
class ReleaseCheck:
    """Invokes versions and judges their results."""

    invoker: Any
    """A boto3 client of Lambda."""
    versions: Mapping[str, str]
    """The ARN of each function's new version, by the function's folder name."""

    def failures(self) -> dict[str, str]:
        """Call every version with its samples; return the reason for each sample that failed, by its name."""
        found = {}
        for name, event in samples().items():
            if reason := self._failure(self.versions[function_of(name)], event):
                found[name] = reason
        return found

    def _failure(self, version: str, event: bytes) -> str | None:
        try:
            answer = self.invoker.invoke(FunctionName=version, Payload=event)
            return reason_against(answer.get("FunctionError"), json.loads(answer["Payload"].read() or b"null"))
        except Exception as error:  # noqa: BLE001  CodeDeploy waits an hour for a hook that does not report
            return type(error).__name__


@cache
def samples() -> dict[str, bytes]:
    """Read the samples that leave nothing behind, by name."""
    return {path.stem: path.read_bytes() for path in sorted(SAMPLES.glob("*.json")) if path.stem not in LEFT_OUT}


def function_of(sample: str) -> str:
    """Return the folder name of the function that a sample is for: `couples_api` of `couples_api-redeem`."""
    return sample.partition("-")[0]


def reason_against(function_error: str | None, result: Any) -> str | None:  # noqa: ANN401  whatever a function returns
    """Return why an invocation failed, or None if it did not.

    Args:
        function_error: What Lambda says of an error that the function did not handle.
        result: What the function returned. Its words stay out of the reason.
    """
    if function_error:
        error = result.get("errorType", _UNKNOWN) if isinstance(result, dict) else _UNKNOWN
        return f"{function_error}: {error}"
    if not isinstance(result, dict):
        return f"returned {type(result).__name__}"
    if (status := result.get("statusCode", HTTPStatus.OK)) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"answered {status}"
    if failed := result.get("batchItemFailures"):
        return f"gave back {len(failed)} records"
    return None


def handler(event: Mapping[str, Any], _context: LambdaContext) -> dict[str, dict[str, str]]:
    """Check the release, and report to CodeDeploy if the event names a deployment.

    Returns:
        `failures`: the reason for each sample that failed.
    """
    versions = dict(ReleaseCheckSettings.read(os.environ))
    failures = ReleaseCheck(boto3.client("lambda", config=_PATIENCE), versions).failures()
    if failures:
        logger.error("the release fails its samples", extra={"failures": failures})
    else:
        logger.info("the release passes its samples", extra={"samples": len(samples())})
    if "DeploymentId" in event:
        boto3.client("codedeploy", config=_PATIENCE).put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status="Failed" if failures else "Succeeded",
        )
    return {"failures": failures}
