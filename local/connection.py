"""Connect an operator's command to a stack: one in AWS by its name, or the local stack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3

from local.deploy.deployment import outputs_of
from local.places import STATE
from local.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Connection(NamedTuple):
    """A function that makes clients of the stack's services by their names, and the stack's outputs."""

    client: Callable[[str], Any]
    outputs: Mapping[str, str]


def connected(stack_name: str | None) -> Connection:
    """Return the connection to the named stack in AWS, or to the local stack if the name is None.

    Raise StackError if the local stack does not run.
    """
    if stack_name is None:
        stack = Stack.attached(Path(os.environ.get("REKINDLE_STATE", STATE)).resolve())
        return Connection(stack.client, stack.outputs)
    client: Callable[[str], Any] = boto3.client  # type: ignore[assignment]  # it has an overload for each service
    (found,) = client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    return Connection(client, outputs_of(found))
