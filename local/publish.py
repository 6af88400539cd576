"""Publishes the packs in `packs/` to a stack in the cloud: `python -m local.publish rekindle-prod`."""

from __future__ import annotations

import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.deployment import outputs_of
from local.errors import StackError
from local.seed import seed


def publish(stack_name: str) -> None:
    """Publish to the table of this stack; raises StackError with what stands in the way."""
    try:
        (stack,) = boto3.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
        seed(boto3.client("dynamodb"), outputs_of(stack)["TableName"])
    except (BotoCoreError, ClientError) as error:
        raise StackError(f"AWS refused: {error}") from error


if __name__ == "__main__":
    try:
        publish(sys.argv[1])
    except StackError as error:
        raise SystemExit(str(error)) from None
    print("The packs are live.")
