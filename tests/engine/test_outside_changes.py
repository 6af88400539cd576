"""A change of code, the API, a role, the key or a table sends a mail, unless a deployment makes it.

The emulator and moto both decide which events match the rules' patterns. The events have the form of CloudTrail's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from moto.events.models import EventPattern

from local.reseal import AGENT
from testing import engines
from tests.build.cloudformation import properties, resources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RULES: Final = tuple(resources("AWS::Events::Rule"))
STACK: Final = "rekindle-prod"
KEY: Final = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE: Final = f"{STACK}-CouplesApiRole-1ABCDEFGHIJK"
FUNCTION: Final = f"{STACK}-CouplesApi-1ABCDEFGHIJK"
RESEAL: Final = f"{STACK}-Reseal-1ABCDEFGHIJK"
TABLE: Final = f"{STACK}-KeyTable-1ABCDEFGHIJK"
API: Final = "a1b2c3d4e5"
INVOCATION: Final = f"arn:aws:lambda:eu-central-1:123456789012:function:{FUNCTION}:live"
ADMINISTRATOR: Final = {"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/Administrator/ruth"}
BY_CLOUDFORMATION: Final = ADMINISTRATOR | {"invokedBy": "cloudformation.amazonaws.com"}
BY_CODEDEPLOY: Final = ADMINISTRATOR | {"invokedBy": "codedeploy.amazonaws.com"}
BY_API_GATEWAY: Final = {"type": "AWSService", "invokedBy": "apigateway.amazonaws.com"}
BY_A_SERVICE_FOR_SOMEBODY: Final = ADMINISTRATOR | {"invokedBy": "states.amazonaws.com"}
"""A service that calls in the name of a person or a role."""
BY_A_SERVICE_ITSELF: Final = {"type": "AWSService", "invokedBy": "events.amazonaws.com"}
"""A service that calls in its own name. The function's own policy must allow this."""


def role_of(function: str) -> dict[str, str]:
    """Return the identity of a function of the stack."""
    session = f"assumed-role/{STACK}-{function}Role-1ABCDEFGHIJK/{STACK}-{function}-1"
    return {"type": "AssumedRole", "arn": f"arn:aws:sts::123456789012:{session}"}


def resolved(value: Any) -> Any:
    """Return a part of the template as it is in the stack."""
    match value:
        case {"Fn::Sub": str(text)}:
            return text.replace("${AWS::StackName}", STACK)
        case {"Fn::GetAtt": "DataKey.Arn"}:
            return KEY
        case {"Ref": "Api"}:
            return API
        case dict():
            return {name: resolved(each) for name, each in value.items()}
        case list():
            return [resolved(each) for each in value]
        case _:
            return value


def pattern_of(rule: str) -> dict[str, Any]:
    """Return a rule's pattern as it is in the stack."""
    found: dict[str, Any] = resolved(properties(rule)["EventPattern"])
    return found


def merged(value: Any) -> Any:
    """Return an event in which one object, with lists of values, replaces each list of objects.

    moto does not look into a list of objects. AWS does.
    """
    match value:
        case dict():
            return {name: merged(each) for name, each in value.items()}
        case [dict(), *_]:
            names = {name for each in value for name in each}
            return {name: [each[name] for each in value if name in each] for name in names}
        case _:
            return value


def event(source: str, call: str, who: Mapping[str, str] = ADMINISTRATOR, **parameters: object) -> dict[str, Any]:
    """Return the event of a call that somebody has made."""
    return {
        "version": "0",
        "id": "11111111-2222-3333-4444-555555555555",
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{source}",
        "account": "123456789012",
        "time": "2026-03-02T15:00:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": {
            "eventVersion": "1.08",
            "userIdentity": dict(who),
            "eventTime": "2026-03-02T15:00:00Z",
            "eventSource": f"{source}.amazonaws.com",
            "eventName": call,
            "requestParameters": parameters,
            "resources": [{"accountId": "123456789012", "type": "AWS::KMS::Key", "ARN": KEY}]
            if source == "kms"
            else [],
        },
    }


def with_agent(happened: dict[str, Any], agent: str) -> dict[str, Any]:
    """Return the event of the same call by a program with this name."""
    return {**happened, "detail": {**happened["detail"], "userAgent": f"Boto3/1.43 Botocore/1.43 {agent}"}}


CHANGES: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "new code": ("CodeChanges", event("lambda", "UpdateFunctionCode20150331v2", functionName=FUNCTION)),
    "new code, by an address": (
        "CodeChanges",
        event("lambda", "UpdateFunctionCode20150331v2", functionName=f"123456789012:function:{FUNCTION}"),
    ),
    "a setting": ("CodeChanges", event("lambda", "UpdateFunctionConfiguration20150331v2", functionName=FUNCTION)),
    "a version behind the alias": ("CodeChanges", event("lambda", "UpdateAlias20150331", functionName=FUNCTION)),
    "another caller": ("CodeChanges", event("lambda", "AddPermission20150331v2", functionName=FUNCTION)),
    "a service that may call in its own name": (
        "CodeChanges",
        event("lambda", "AddPermission20150331v2", functionName=FUNCTION, principal="events.amazonaws.com"),
    ),
    "another function in the role": (
        "CodeChanges",
        event("lambda", "CreateFunction20150331", functionName="mine", role=f"arn:aws:iam::123456789012:role/{ROLE}"),
    ),
    "an existing function that takes on the role": (
        "CodeChanges",
        event(
            "lambda",
            "UpdateFunctionConfiguration20150331v2",
            functionName="mine",
            role=f"arn:aws:iam::123456789012:role/{ROLE}",
        ),
    ),
    "a deployment by hand": ("CodeChanges", event("codedeploy", "CreateDeployment", applicationName=f"{STACK}-App-1")),
    "whose tokens the API accepts": (
        "ApiChanges",
        event(
            "apigateway", "UpdateAuthorizer", apiId=API, authorizerId="f6g7h8", jwtConfiguration={"issuer": "https://m"}
        ),
    ),
    "a route without an authorizer": (
        "ApiChanges",
        event("apigateway", "UpdateRoute", apiId=API, routeId="i9j0k1", authorizationType="NONE"),
    ),
    "one more route": ("ApiChanges", event("apigateway", "CreateRoute", apiId=API, routeKey="ANY /mine")),
    "where a route leads": (
        "ApiChanges",
        event("apigateway", "UpdateIntegration", apiId=API, integrationId="l2m3n4", integrationUri="https://m"),
    ),
    "one more integration of the API": (
        "ApiChanges",
        event("apigateway", "CreateIntegration", apiId=API, integrationUri=INVOCATION),
    ),
    "a stage's settings": ("ApiChanges", event("apigateway", "UpdateStage", apiId=API, stageName="$default")),
    "the whole API": ("ApiChanges", event("apigateway", "ReimportApi", apiId=API)),
    "another API that leads to a function": (
        "ApiChanges",
        event("apigateway", "CreateIntegration", apiId="o5p6q7r8s9", integrationUri=INVOCATION),
    ),
    "a new API that leads to a function at once": (
        "ApiChanges",
        event("apigateway", "CreateApi", name="mine", protocolType="HTTP", target=INVOCATION),
    ),
    "another API that leads to a function now": (
        "ApiChanges",
        event("apigateway", "UpdateApi", apiId="o5p6q7r8s9", target=INVOCATION, credentialsArn="arn:aws:iam::1:role/r"),
    ),
    "whose pages may call the API": ("ApiChanges", event("apigateway", "DeleteCorsConfiguration", apiId=API)),
    "a REST API that leads to a function": (
        "ApiChanges",
        event(
            "apigateway",
            "PutIntegration",
            restApiId="o5p6q7r8s9",
            putIntegrationInput={"uri": f"{INVOCATION}/invocations"},
        ),
    ),
    "a REST API that leads to a function now": (
        "ApiChanges",
        event(
            "apigateway",
            "UpdateIntegration",
            restApiId="o5p6q7r8s9",
            resourceId="t1u2v3",
            httpMethod="POST",
            updateIntegrationInput={
                "patchOperations": [
                    {"op": "replace", "path": "/timeoutInMillis", "value": "29000"},
                    {"op": "replace", "path": "/uri", "value": f"{INVOCATION}/invocations"},
                ]
            },
        ),
    ),
    "a role's policy": ("RoleChanges", event("iam", "PutRolePolicy", roleName=ROLE, policyName="more")),
    "a role's managed policy": ("RoleChanges", event("iam", "AttachRolePolicy", roleName=ROLE)),
    "who may take on a role": ("RoleChanges", event("iam", "UpdateAssumeRolePolicy", roleName=ROLE)),
    "the key's policy": ("KeyChanges", event("kms", "PutKeyPolicy", keyId="1234abcd-12ab-34cd-56ef-1234567890ab")),
    "a grant": ("KeyChanges", event("kms", "CreateGrant", keyId=KEY)),
    "the key's end": ("KeyChanges", event("kms", "ScheduleKeyDeletion", keyId=KEY)),
    "recovery of the keys": ("TableChanges", event("dynamodb", "UpdateContinuousBackups", tableName=TABLE)),
    "an export": (
        "TableChanges",
        event(
            "dynamodb",
            "ExportTableToPointInTime",
            tableArn=f"arn:aws:dynamodb:eu-central-1:123456789012:table/{STACK}-Table-1",
        ),
    ),
    "a deleted table": ("TableChanges", event("dynamodb", "DeleteTable", tableName=TABLE)),
    "a restored copy": ("TableChanges", event("dynamodb", "RestoreTableToPointInTime", sourceTableName=TABLE)),
    "a forged call": ("ForgedCalls", event("lambda", "Invoke", functionName=FUNCTION)),
    "a forged call in the name of make reseal": (
        "ForgedCalls",
        with_agent(event("lambda", "Invoke", functionName=FUNCTION), AGENT),
    ),
    "a forged call by a service, in somebody's name": (
        "ForgedCalls",
        event("lambda", "Invoke", BY_A_SERVICE_FOR_SOMEBODY, functionName=FUNCTION),
    ),
    "a forged call of privacy": (
        "ForgedCalls",
        event("lambda", "Invoke", functionName=f"{STACK}-Privacy-1ABCDEFGHIJK"),
    ),
    "a call of reseal": ("ForgedCalls", with_agent(event("lambda", "Invoke", functionName=RESEAL), "aws-cli")),
    "a credential in somebody's hands": (
        "SecretReads",
        event(
            "secretsmanager",
            "GetSecretValue",
            secretId="arn:aws:secretsmanager:eu-central-1:123456789012:secret:FcmCredential-1aB2cD3e4F5g-Hi6jKl",
        ),
    ),
    "a rule that is turned off": ("WatchChanges", event("events", "DisableRule", name=f"{STACK}-CodeChanges-1")),
    "a trail that is turned off": ("WatchChanges", event("cloudtrail", "StopLogging", name="trail")),
}
"""Each change from outside a deployment, with the rule that reports it."""

QUIET: Final[Mapping[str, dict[str, Any]]] = {
    "CloudFormation": event("lambda", "UpdateFunctionCode20150331v2", BY_CLOUDFORMATION, functionName=FUNCTION),
    "CloudFormation, of a role": event("iam", "PutRolePolicy", BY_CLOUDFORMATION, roleName=ROLE),
    "CloudFormation, of the key": event("kms", "PutKeyPolicy", BY_CLOUDFORMATION, keyId=KEY),
    "CloudFormation, of a table": event("dynamodb", "UpdateTable", BY_CLOUDFORMATION, tableName=TABLE),
    "CloudFormation, of a rule": event("events", "PutRule", BY_CLOUDFORMATION, name=f"{STACK}-CodeChanges-1"),
    "CloudFormation, of the API": event("apigateway", "ReimportApi", BY_CLOUDFORMATION, apiId=API),
    "CodeDeploy": event("lambda", "UpdateAlias20150331", BY_CODEDEPLOY, functionName=FUNCTION),
    "another stack's function": event("lambda", "UpdateFunctionCode20150331v2", functionName="shop-Orders-1"),
    "another stack's role": event("iam", "PutRolePolicy", roleName="shop-OrdersRole-1"),
    "another stack's table": event("dynamodb", "DeleteTable", tableName="shop-Orders-1"),
    "another API": event("apigateway", "UpdateAuthorizer", apiId="o5p6q7r8s9", authorizerId="f6g7h8"),
    "an integration of another API": event(
        "apigateway", "CreateIntegration", apiId="o5p6q7r8s9", integrationUri="https://shop.example"
    ),
    "a REST API of another stack that leads elsewhere": event(
        "apigateway",
        "UpdateIntegration",
        restApiId="o5p6q7r8s9",
        updateIntegrationInput={
            "patchOperations": [{"op": "replace", "path": "/uri", "value": "https://shop.example"}]
        },
    ),
    "a change of another API": event("apigateway", "UpdateApi", apiId="o5p6q7r8s9", target="https://shop.example"),
    "cross-origin calls of another API": event("apigateway", "DeleteCorsConfiguration", apiId="o5p6q7r8s9"),
    "a new API of another stack": event("apigateway", "CreateApi", name="shop", protocolType="HTTP"),
    "API Gateway, of a deployment of the stage": event("apigateway", "CreateDeployment", apiId=API),
    "API Gateway": event("lambda", "Invoke", BY_API_GATEWAY, functionName=FUNCTION),
    # Only its permission is reported.
    "another service, in its own name": event("lambda", "Invoke", BY_A_SERVICE_ITSELF, functionName=FUNCTION),
    "make reseal": with_agent(event("lambda", "Invoke", functionName=RESEAL), AGENT),
    "the release check": event("lambda", "Invoke", role_of("ReleaseCheck"), functionName=FUNCTION),
    "a call of a function that opens nothing": event("lambda", "Invoke", functionName=f"{STACK}-Tick-1"),
    "delivery, of its credential": event(
        "secretsmanager", "GetSecretValue", role_of("Delivery"), secretId="FcmCredential-1aB2cD3e4F5g"
    ),
    "somebody, of another secret": event("secretsmanager", "GetSecretValue", secretId="shop/password"),
    "a look": event("lambda", "GetFunction20150331v2", functionName=FUNCTION),
    "a look at the API": event("apigateway", "GetRoutes", apiId=API),
    "a call of the key": event("kms", "Decrypt", keyId=KEY),
}
"""Calls that nobody is told about."""

type Matches = Callable[[str, dict[str, Any]], bool]


@pytest.fixture(params=["the emulator", "moto"])
def matches(request: pytest.FixtureRequest) -> Matches:
    """Return a function that tells whether an event matches a rule's pattern."""

    def in_moto(rule: str, happened: dict[str, Any]) -> bool:
        return EventPattern(None, pattern_of(rule)).matches_event(merged(happened))

    if request.param == "moto":
        return in_moto
    events = engines.client("events", request.getfixturevalue("emulator_url"))

    def in_the_emulator(rule: str, happened: dict[str, Any]) -> bool:
        found = events.test_event_pattern(EventPattern=json.dumps(pattern_of(rule)), Event=json.dumps(happened))
        return bool(found["Result"])

    return in_the_emulator


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_from_outside_a_deployment_is_reported_once(change: str, matches: Matches) -> None:
    rule, happened = CHANGES[change]
    assert [name for name in RULES if matches(name, happened)] == [rule]


@pytest.mark.parametrize("call", QUIET)
def test_a_deployment_and_other_stacks_are_not_reported(call: str, matches: Matches) -> None:
    assert not [name for name in RULES if matches(name, QUIET[call])]


def test_every_rule_reports_something() -> None:
    assert {rule for rule, _ in CHANGES.values()} == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_eventbridge_takes_a_rule_s_pattern(rule: str) -> None:
    """EventBridge refuses a pattern with more than 2,048 characters."""
    assert len(json.dumps(pattern_of(rule))) <= 2048
