"""`release_check` calls each new version with its samples, and reports the result to CodeDeploy."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.response import StreamingBody
from botocore.stub import Stubber

from rekindle.api.callers import caller_of
from rekindle.api.sessions import CHECKED_EVERY
from rekindle.errors import SettingsError
from release_check import handler as hook
from tests.build.cloudformation import properties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_mock import MockerFixture

FUNCTIONS: Final = (
    "accounts",
    "cleanup",
    "console",
    "couples_api",
    "delivery",
    "practice_api",
    "privacy",
    "react",
    "reseal",
    "tally",
    "tick",
)
VERSIONS: Final = {name: f"arn:aws:lambda:eu-central-1:123456789012:function:stack-{name}:7" for name in FUNCTIONS}
EVENT: Final = {"DeploymentId": "d-ABCDEF123", "LifecycleEventHookExecutionId": "execution"}
GROUPS: Final = {
    name: f"rekindle-prod-{name.title().replace('_', '')}DeploymentGroup-1ABCDEFGHIJ" for name in FUNCTIONS
}


@cache
def clients() -> dict[str, Any]:
    session = boto3.Session("test", "test", region_name="eu-central-1")
    return {name: session.client(name) for name in ("lambda", "codedeploy")}


def payload(result: object) -> StreamingBody:
    """Return a result as Lambda passes it on."""
    text = json.dumps(result).encode()
    return StreamingBody(io.BytesIO(text), len(text))


def good(sample: str) -> dict[str, Any]:
    """Return the answers of a healthy version."""
    if sample not in hook.ANSWERS:
        return {"batchItemFailures": []}
    status, problem = hook.ANSWERS[sample]
    return {"statusCode": status, "body": json.dumps({"type": problem})}


class Aws:
    """The two services that the hook calls, with botocore's check of each request."""

    def __init__(self, functions: Sequence[str], results: Mapping[str, dict[str, Any]] | None = None) -> None:
        self.stubs = {name: Stubber(client) for name, client in clients().items()}
        for sample, event in hook.samples().items():
            if hook.function_of(sample) in functions:
                asked = {"FunctionName": VERSIONS[hook.function_of(sample)], "Payload": event}
                given = (results or {}).get(sample, {"Payload": payload(good(sample))})
                if "error" in given:
                    self.stubs["lambda"].add_client_error("invoke", given["error"], expected_params=asked)
                else:
                    self.stubs["lambda"].add_response("invoke", {"StatusCode": 200, **given}, asked)
        for stub in self.stubs.values():
            stub.activate()

    def expect(self, group: str, status: str) -> None:
        """Expect that the hook asks CodeDeploy about the deployment, and reports this status."""
        deployment = {"deploymentInfo": {"deploymentGroupName": group}}
        self.stubs["codedeploy"].add_response("get_deployment", deployment, {"deploymentId": "d-ABCDEF123"})
        self.stubs["codedeploy"].add_response(
            "put_lifecycle_event_hook_execution_status",
            {"lifecycleEventHookExecutionId": "execution"},
            {"deploymentId": "d-ABCDEF123", "lifecycleEventHookExecutionId": "execution", "status": status},
        )

    def call(self, mocker: MockerFixture, event: dict[str, str], missing: str = "") -> dict[str, str]:
        """Call the hook, and check that it has made every expected request."""
        mocker.patch("boto3.client", lambda service, **_: clients()[service])
        environment = {f"{name.upper()}_VERSION": arn for name, arn in VERSIONS.items() if name != missing}
        mocker.patch.dict("os.environ", environment)
        try:
            failures: dict[str, str] = hook.handler(event, LambdaContext())["failures"]
        finally:
            for stub in self.stubs.values():
                stub.deactivate()
                stub.assert_no_pending_responses()
        return failures


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_function_of_a_deployment_is_called_and_no_other(mocker: MockerFixture, function: str) -> None:
    """Otherwise eight deployments at once would make eighty calls, more than a new account may run at once."""
    aws = Aws([function])
    aws.expect(GROUPS[function], "Succeeded")
    assert aws.call(mocker, EVENT) == {}


def test_a_group_that_is_not_known_stands_for_all(mocker: MockerFixture) -> None:
    aws = Aws(FUNCTIONS)
    aws.expect("somebody-elses-group", "Succeeded")
    assert aws.call(mocker, EVENT) == {}


def test_without_a_deployment_all_are_called_and_nobody_hears_of_it(mocker: MockerFixture) -> None:
    assert Aws(FUNCTIONS).call(mocker, {}) == {}


@pytest.mark.parametrize(
    ("sample", "result", "reason"),
    [
        (
            "couples_api-get-today",
            {"FunctionError": "Unhandled", "Payload": payload({"errorType": "Runtime.ImportModuleError"})},
            "Unhandled: Runtime.ImportModuleError",
        ),
        ("couples_api-redeem", {"Payload": payload({"statusCode": 500, "body": "{}"})}, "answered 500 Unknown"),
        (
            "couples_api-put-answer",
            {"Payload": payload({"statusCode": 404, "body": '{"type": "urn:rekindle:problem:no-such-route"}'})},
            "answered 404 urn:rekindle:problem:no-such-route",
        ),
        ("practice_api-get-packs", {"Payload": payload({"statusCode": 403, "body": None})}, "answered 403 Unknown"),
        ("privacy-export", {"Payload": payload({"statusCode": 200, "body": "{}"})}, "answered 200"),
        ("react", {"Payload": payload({"batchItemFailures": [{"itemIdentifier": "1"}]})}, "reported 1 failed records"),
        ("tick", {"FunctionError": "Unhandled", "Payload": payload(None)}, "Unhandled: Unknown"),
        ("console", {"Payload": payload(None)}, "returned NoneType"),
        ("delivery-late", {"error": "AccessDeniedException"}, "ClientError"),
    ],
)
def test_one_bad_sample_stops_the_deployment(
    mocker: MockerFixture, sample: str, result: dict[str, Any], reason: str
) -> None:
    function = hook.function_of(sample)
    aws = Aws([function], {sample: result})
    aws.expect(GROUPS[function], "Failed")
    assert aws.call(mocker, EVENT) == {sample: reason}


def test_a_hook_that_fails_itself_still_reports(mocker: MockerFixture) -> None:
    aws = Aws([])
    aws.expect(GROUPS["tick"], "Failed")
    with pytest.raises(SettingsError, match="TICK_VERSION"):
        aws.call(mocker, EVENT, missing="tick")


def test_every_function_has_a_sample_and_no_more_than_fit_into_the_hook_s_time() -> None:
    count = Counter(hook.function_of(sample) for sample in hook.samples())
    assert count.keys() == set(FUNCTIONS)
    timeout = properties("ReleaseCheck")["Timeout"]
    assert max(count.values()) * 3 * (28 + 2) < timeout


def test_no_sample_asks_firebase_about_an_account() -> None:
    """The persons of the samples have no account there. So each sample has a token that needs no check."""
    events = [json.loads(event) for event in hook.samples().values()]
    callers = [caller_of(event) for event in events if "authorizer" in event.get("requestContext", {})]
    assert callers
    for caller in callers:
        assert caller.token_issued_at
        assert dt.timedelta(0) < caller.instant - caller.token_issued_at < CHECKED_EVERY
