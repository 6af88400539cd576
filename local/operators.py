"""Call the function `accounts` of a stack as an operator, with the operator's own permissions in AWS."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.connection import connected
from local.deploy.deployment import outputs_of
from local.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FUNCTION: Final = "AccountsFunction"
# A call takes as long as the function may. A repeated call would add a second row to the audit.
_PATIENCE: Final = Config(read_timeout=130, retries={"total_max_attempts": 1})


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator of one stack. `arn` is their ARN in AWS, and `functions` is a client of Lambda."""

    functions: Any
    function: str
    arn: str

    def call(self, command: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Call the function, and return its result. Raise StackError if AWS refuses, or if the function fails."""
        try:
            answer = self.functions.invoke(FunctionName=self.function, Payload=json.dumps(command).encode())
            result = json.loads(answer["Payload"].read() or b"null")
        except (BotoCoreError, ClientError) as error:
            raise StackError(f"AWS refused: {error}") from error
        if "FunctionError" in answer:
            raise StackError("The function `accounts` failed. Its log has the reason.")
        return result

    @classmethod
    def of_local(cls) -> Self:
        """Return the operator of the local stack. Raise StackError if it does not run."""
        return cls._of(*connected(None))

    @classmethod
    def of_address(cls, api: str) -> Self:
        """Return the operator of the stack in AWS whose API has this address.

        Raise StackError if AWS refuses, or if the operator's account and region have no such stack.
        """

        def client(service: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
            return boto3.client(service, config=_PATIENCE)  # type: ignore[call-overload]

        try:
            pages = client("cloudformation").get_paginator("describe_stacks").paginate()
            for page in pages:
                for stack in page["Stacks"]:
                    if (outputs := outputs_of(stack)).get("ApiUrl") == api:
                        return cls._of(client, outputs)
        except (BotoCoreError, ClientError) as error:
            raise StackError(f"AWS refused: {error}") from error
        raise StackError(f"Your AWS account has no stack at {api} in this region. Check AWS_PROFILE and AWS_REGION.")

    @classmethod
    def _of(cls, client: Callable[[str], Any], outputs: Mapping[str, str]) -> Self:
        arn = client("sts").get_caller_identity()["Arn"]
        return cls(client("lambda"), outputs[FUNCTION], arn)
