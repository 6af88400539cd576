"""Deploy the built template to a running emulator. Store the FCM credential, which is not in the template."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.deploy.build import PACKED_TEMPLATE, sam_environment
from local.errors import StackError
from local.places import ROOT, SAM
from local.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

STACK_NAME = "rekindle-local"
"""The same name as in samconfig.toml, so that `sam` in a terminal finds the stack."""
ARTIFACTS = "rekindle-artifacts"
APP_LINK = "https://app.rekindle.example"
_TAG = "fingerprint"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment: the template's outputs by name, and whether the stack is new."""

    outputs: Mapping[str, str]
    is_first: bool


def architecture() -> str:
    """Return Lambda's name of this machine's architecture, because the functions run on this machine."""
    return "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"


def deploy(
    client: Callable[[str], Any],
    environment: Mapping[str, str],
    fingerprint: str,
    parameters: Mapping[str, str],
    log: Path,
) -> Deployment:
    """Deploy the template, except if the running stack already has this build and these parameters.

    Raises:
        StackError: This deployment or the previous deployment failed.
    """
    cloudformation = client("cloudformation")
    tag = f"{fingerprint[:32]}-{_digest(parameters)}"
    stack = earlier = _described(cloudformation)
    if stack is None or {"Key": _TAG, "Value": tag} not in stack["Tags"]:
        client("s3").create_bucket(Bucket=ARTIFACTS)
        command = [str(SAM), "deploy", "--template-file", str(PACKED_TEMPLATE), "--stack-name", STACK_NAME]
        # samconfig.toml has no stage `emulator`, so SAM reads no settings from that file. With the settings for AWS,
        # SAM would first create a bucket, which takes time.
        command += ["--config-env", "emulator"]
        command += ["--s3-bucket", ARTIFACTS, "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        command += ["--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"]
        command += ["--tags", f"{_TAG}={tag}", "--parameter-overrides"]
        command += [f"{name}={value}" for name, value in parameters.items()]
        run(command, sam_environment() | dict(environment), ROOT, log)
        stack = _described(cloudformation)
    if stack is None:
        raise StackError(f"sam deploy created no stack; see {log}.")
    return Deployment(outputs_of(stack), is_first=earlier is None)


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Map output names to values. `stack` is CloudFormation's description of a stack."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def put_credential(client: Callable[[str], Any], secret: str, service_account: Mapping[str, str]) -> None:
    """Store the service account in a secret that only one function may read."""
    text = json.dumps(service_account, sort_keys=True)
    client("secretsmanager").put_secret_value(SecretId=secret, SecretString=text)


def _described(cloudformation: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a boto3 client
    stacks = [
        stack
        for page in cloudformation.get_paginator("describe_stacks").paginate()
        for stack in page["Stacks"]
        if stack["StackName"] == STACK_NAME and stack["StackStatus"] != "DELETE_COMPLETE"
    ]
    if not stacks:
        return None
    stack: dict[str, Any] = stacks[0]
    if not stack["StackStatus"].endswith("_COMPLETE") or stack["StackStatus"].startswith("ROLLBACK"):
        raise StackError(
            f"The last deployment failed or was interrupted (status {stack['StackStatus']}).\n"
            "Run `make reset`, which deletes all local data, then `make run`."
        )
    return stack


def _digest(parameters: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:16]
