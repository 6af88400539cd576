"""An operator's program finds the stack by the address of its API, and turns each refusal of AWS into a sentence."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from local.errors import StackError
from local.operators import Operator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mock import MockerFixture

API = "https://abc.execute-api.eu-central-1.amazonaws.com"
ARN = "arn:aws:iam::123456789012:user/olga"


class Aws:
    """AWS with two stacks on two pages. `refusal` is raised by each call."""

    def __init__(self, answer: object = None, *, fails: bool = False, refusal: Exception | None = None) -> None:
        self.answer, self.fails, self.refusal = answer, fails, refusal
        self.invoked: list[tuple[str, Any]] = []

    def __call__(self, _service: str, **_options: object) -> Aws:
        return self

    def get_paginator(self, _name: str) -> Aws:
        return self

    def paginate(self) -> list[dict[str, Any]]:
        if self.refusal:
            raise self.refusal
        outputs = ({"ApiUrl": "https://other", "AccountsFunction": "other"}, {"ApiUrl": API, "AccountsFunction": "own"})
        return [
            {"Stacks": [{"Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in each.items()]}]}
            for each in ({}, *outputs)
        ]

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": ARN}

    def invoke(self, **asked: Any) -> Mapping[str, Any]:
        if self.refusal:
            raise self.refusal
        self.invoked.append((asked["FunctionName"], json.loads(asked["Payload"])))
        answer: dict[str, Any] = {"Payload": io.BytesIO(json.dumps(self.answer).encode())}
        return answer | ({"FunctionError": "Unhandled"} if self.fails else {})


def refused() -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "Invoke")


def test_the_stack_at_the_address_gets_the_command_once(mocker: MockerFixture) -> None:
    aws = Aws({"accounts": [], "after": None})
    mocker.patch.object(boto3, "client", aws)
    operator = Operator.of_address(API)
    assert operator.arn == ARN
    assert operator.call({"type": "list-staff"}) == {"accounts": [], "after": None}
    assert aws.invoked == [("own", {"type": "list-staff"})]


def test_an_address_that_no_stack_has_is_refused(mocker: MockerFixture) -> None:
    mocker.patch.object(boto3, "client", Aws())
    with pytest.raises(StackError, match="no stack at https://nowhere"):
        Operator.of_address("https://nowhere")


@pytest.mark.parametrize("refusal", [refused(), NoCredentialsError()])
def test_a_refusal_of_aws_is_a_sentence(mocker: MockerFixture, refusal: Exception) -> None:
    mocker.patch.object(boto3, "client", Aws(refusal=refusal))
    with pytest.raises(StackError, match="AWS refused"):
        Operator.of_address(API)


@pytest.mark.parametrize("aws", [Aws(refusal=refused()), Aws(fails=True)])
def test_a_call_that_fails_is_a_sentence(aws: Aws) -> None:
    with pytest.raises(StackError, match=r"AWS refused|failed"):
        Operator(aws, "own", ARN).call({"type": "list-staff"})


def test_without_a_local_stack_the_operator_is_told(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKINDLE_STATE", str(tmp_path))
    with pytest.raises(StackError, match="No stack is running"):
        Operator.of_local()
