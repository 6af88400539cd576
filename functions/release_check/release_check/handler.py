"""Call a function's new version with sample events, and report to CodeDeploy whether the answers are right.

CodeDeploy calls this hook for each function that is deployed, before the alias sends calls to the new version. The
samples change nothing: they only read, or name persons and couples that do not exist, or have a time that is long past.
"""

from __future__ import annotations

import json
import os
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
LEFT_OUT: Final = frozenset({"accounts", "delivery", "practice_api-put-draft", "release_check", "tally"})
"""Samples that this hook does not send.

They would call Firebase, send pushes, store a draft, change statistics or call this hook.
"""

NO_PROFILE: Final = "urn:rekindle:problem:no-profile"
ANSWERS: Final = {
    "console": (HTTPStatus.OK, None),
    "couples_api-get-today": (HTTPStatus.NOT_FOUND, NO_PROFILE),
    "couples_api-put-answer": (HTTPStatus.NOT_FOUND, NO_PROFILE),
    "couples_api-redeem": (HTTPStatus.NOT_FOUND, NO_PROFILE),
    "practice_api-get-packs": (HTTPStatus.OK, None),
    "privacy-export": (HTTPStatus.NOT_FOUND, NO_PROFILE),
}
"""The right status and problem type for each of these samples. A version without the route gives another answer."""

# At most 3 samples of a function, each with 3 attempts of 2 + 28 s, take about 270 s. The hook's timeout is 300 s.
_PATIENCE: Final = Config(connect_timeout=2, read_timeout=28, retries={"mode": "standard", "total_max_attempts": 3})
_UNKNOWN: Final = "Unknown"


@cache
def samples() -> dict[str, bytes]:
    """Read the samples that change nothing, and return them by name."""
    return {path.stem: path.read_bytes() for path in sorted(SAMPLES.glob("*.json")) if path.stem not in LEFT_OUT}


def function_of(sample: str) -> str:
    """Return the function that a sample is for. The sample `couples_api-redeem` is for `couples_api`."""
    return sample.partition("-")[0]


def failures_of(invoker: Any, versions: Mapping[str, str]) -> dict[str, str]:  # noqa: ANN401  a boto3 client of Lambda
    """Call each version with its function's samples. Map each failed sample to the reason of the failure.

    `versions` maps the name of each function to the ARN of its new version.
    """
    failures = {}
    for name, event in samples().items():
        if version := versions.get(function_of(name)):
            try:
                answer = invoker.invoke(FunctionName=version, Payload=event)
                result = json.loads(answer["Payload"].read() or b"null")
                reason = failure_of(name, answer.get("FunctionError"), result)
            except Exception as error:  # noqa: BLE001  CodeDeploy has to be told of any error
                reason = type(error).__name__
            if reason:
                failures[name] = reason
    return failures


def failure_of(sample: str, function_error: str | None, result: Any) -> str | None:  # noqa: ANN401  JSON
    """Return why a sample failed, or None if it did not. The reason contains no message of an exception.

    Args:
        sample: The sample's name.
        function_error: Lambda's name for the error, if the function raised an exception. Otherwise None.
        result: The value that the function returned, or Lambda's description of the exception.
    """
    if function_error:
        error = result.get("errorType", _UNKNOWN) if isinstance(result, dict) else _UNKNOWN
        return f"{function_error}: {error}"
    if not isinstance(result, dict):
        return f"returned {type(result).__name__}"
    if sample in ANSWERS:
        answer = result.get("statusCode"), _problem_in(result)
        return None if answer == ANSWERS[sample] else f"answered {answer[0]} {answer[1] or ''}".rstrip()
    if failed := result.get("batchItemFailures"):
        return f"reported {len(failed)} failed records"
    return None


def _problem_in(answer: Mapping[str, Any]) -> str | None:
    if answer.get("statusCode") == HTTPStatus.OK:
        return None
    try:
        problem: str = json.loads(answer["body"])["type"]
    except (KeyError, TypeError, ValueError):
        return _UNKNOWN
    return problem


def deployed_function(group: str, versions: Mapping[str, str]) -> dict[str, str]:
    """Return the function that a deployment group deploys, with its version.

    SAM names a group `STACK-CouplesApiDeploymentGroup-SUFFIX`, where `CouplesApi` is the function's logical id. Return
    all functions if the group's name contains no logical id.
    """
    logical_ids = {name: name.title().replace("_", "") for name in versions}
    own = {name: arn for name, arn in versions.items() if f"-{logical_ids[name]}DeploymentGroup-" in group}
    return own or dict(versions)


def handler(event: Mapping[str, Any], _context: LambdaContext) -> dict[str, dict[str, str]]:
    """Check the version that CodeDeploy deploys, and report the result to CodeDeploy.

    If the event names no deployment, check all versions and report nothing.

    Returns:
        `failures`, which maps each failed sample to the reason.
    """
    if "DeploymentId" not in event:
        return {"failures": _checked(_versions())}
    codedeploy = boto3.client("codedeploy", config=_PATIENCE)
    # Always report, even after an error. Without a report, CodeDeploy would wait for an hour.
    status = "Failed"
    try:
        deployment = codedeploy.get_deployment(deploymentId=event["DeploymentId"])["deploymentInfo"]
        failures = _checked(deployed_function(deployment["deploymentGroupName"], _versions()))
        status = "Failed" if failures else "Succeeded"
    finally:
        codedeploy.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=status,
        )
    return {"failures": failures}


def _versions() -> dict[str, str]:
    return dict(ReleaseCheckSettings.read(os.environ))


def _checked(versions: Mapping[str, str]) -> dict[str, str]:
    failures = failures_of(boto3.client("lambda", config=_PATIENCE), versions)
    if failures:
        logger.error("a new version fails its samples", extra={"failures": failures})
    else:
        logger.info("the new versions pass their samples", extra={"functions": sorted(versions)})
    return failures
