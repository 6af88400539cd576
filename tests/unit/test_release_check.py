"""The hook of a deployment: each new version is called with its samples, and CodeDeploy hears how it went."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.response import StreamingBody
from botocore.stub import Stubber

from release_check import handler as hook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_mock import MockerFixture

FUNCTIONS: Final = ("console", "couples_api", "delivery", "practice_api", "privacy", "react", "tally", "tick")
VERSIONS: Final = {name: f"arn:aws:lambda:eu-central-1:123456789012:function:stack-{name}:7" for name in FUNCTIONS}
EVENT: Final = {"DeploymentId": "d-ABCDEF123", "LifecycleEventHookExecutionId": "execution"}


def payload(result: object) -> StreamingBody:
    """A result as Lambda hands it on."""
    text = json.dumps(result).encode()
    return StreamingBody(io.BytesIO(text), len(text))


class Aws:
    """The two services that the hook calls, behind botocore's own check of what is sent to them."""

    def __init__(self, results: Mapping[str, dict[str, Any]]) -> None:
        self.clients = {
            name: boto3.Session("test", "test", region_name="eu-central-1").client(name)
            for name in ("lambda", "codedeploy")
        }
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for sample, event in hook.samples().items():
            asked = {"FunctionName": VERSIONS[hook.function_of(sample)], "Payload": event}
            given = results.get(sample, {"Payload": payload({})})
            if "error" in given:
                self.stubs["lambda"].add_client_error("invoke", given["error"], expected_params=asked)
            else:
                self.stubs["lambda"].add_response("invoke", {"StatusCode": 200, **given}, asked)
        for stub in self.stubs.values():
            stub.activate()

    def expect(self, status: str) -> None:
        """CodeDeploy is to hear this."""
        self.stubs["codedeploy"].add_response(
            "put_lifecycle_event_hook_execution_status",
            {"lifecycleEventHookExecutionId": "execution"},
            {"deploymentId": "d-ABCDEF123", "lifecycleEventHookExecutionId": "execution", "status": status},
        )

    def call(self, mocker: MockerFixture, event: dict[str, str]) -> dict[str, str]:
        """Call the hook; everything expected has to have been asked for."""
        mocker.patch("boto3.client", lambda service, **_: self.clients[service])
        mocker.patch.dict("os.environ", {f"{name.upper()}_VERSION": arn for name, arn in VERSIONS.items()})
        failures = hook.handler(event, LambdaContext())["failures"]
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()
        return failures


def test_a_release_whose_samples_are_answered_gets_its_calls(mocker: MockerFixture) -> None:
    aws = Aws({})
    aws.expect("Succeeded")
    assert aws.call(mocker, EVENT) == {}


def test_without_a_deployment_it_only_says_what_it_found(mocker: MockerFixture) -> None:
    assert Aws({}).call(mocker, {}) == {}


@pytest.mark.parametrize(
    ("sample", "result", "reason"),
    [
        (
            "couples_api-get-today",
            {"FunctionError": "Unhandled", "Payload": payload({"errorType": "Runtime.ImportModuleError"})},
            "Unhandled: Runtime.ImportModuleError",
        ),
        ("couples_api-redeem", {"Payload": payload({"statusCode": 500, "body": "{}"})}, "answered 500"),
        ("privacy-export", {"Payload": payload({"statusCode": 503})}, "answered 503"),
        ("react", {"Payload": payload({"batchItemFailures": [{"itemIdentifier": "1"}]})}, "gave back 1 records"),
        ("tick", {"FunctionError": "Unhandled", "Payload": payload(None)}, "Unhandled: Unknown"),
        ("console", {"Payload": payload(None)}, "returned NoneType"),
        ("delivery", {"error": "AccessDeniedException"}, "ClientError"),
    ],
)
def test_one_bad_sample_stops_the_release(
    mocker: MockerFixture, sample: str, result: dict[str, Any], reason: str
) -> None:
    aws = Aws({sample: result})
    aws.expect("Failed")
    assert aws.call(mocker, EVENT) == {sample: reason}


def test_an_answer_that_refuses_the_sample_s_person_is_a_good_one() -> None:
    assert hook.reason_against(None, {"statusCode": 404, "body": "{}"}) is None


def test_every_function_is_called_but_the_hook_itself() -> None:
    assert {hook.function_of(sample) for sample in hook.samples()} == set(FUNCTIONS)
