"""The template keeps its rules: permissions, queues, logs, alarms and settings."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from collections import defaultdict
from typing import Final, NamedTuple

import pytest

from delivery.gateway import RESERVE
from delivery.libcurl import BURST
from local.places import ROOT
from rekindle.domain.statistics import STREAMS_HOUR
from rekindle.settings import (
    AccountsSettings,
    CleanupSettings,
    ConsoleSettings,
    CouplesApiSettings,
    DeliverySettings,
    PracticeApiSettings,
    PrivacySettings,
    ReactSettings,
    ReleaseCheckSettings,
    ResealSettings,
    Settings,
    TallySettings,
    TickSettings,
)
from tests.build.cloudformation import (
    STAGES,
    TEMPLATE,
    Properties,
    functions,
    in_stage,
    listed,
    properties,
    resources,
    statements,
)

SERVING: Final = (
    "Accounts",
    "Cleanup",
    "Console",
    "CouplesApi",
    "Delivery",
    "PracticeApi",
    "Privacy",
    "React",
    "Reseal",
    "Tally",
    "Tick",
)
FUNCTIONS: Final = tuple(sorted([*SERVING, "ReleaseCheck"]))
ROLES: Final = tuple(resources("AWS::IAM::Role"))

PERSONS = {"PERSON#*", "TARGET#*", "INVITE#*", "COUPLE#*", "SLOT#*"}
CATALOGUE = {"CATALOGUE", "PACK#*"}
TOLD_COUPLES = CATALOGUE | {"CODE#*", "HELP", "SERVICE"}
PRACTICE = CATALOGUE | {"PACKS", "NEWS", "HELP", "NOTICES", "STAFF#*", "SHOWN#*"}
AUDIT = {"AUDIT", "AUDIT_CHAIN", "AUDIT_HEAD"}
ENDING = {"PERSON#*", "SLOT#*"}
COUNTERS = {"STATS", "STATS#*"}
REACH: Final[dict[str, dict[str, dict[str, set[str]]]]] = {
    "Console": {},
    "ReleaseCheck": {},
    "CouplesApi": {
        "Table": {
            "BatchGetItem": PERSONS | TOLD_COUPLES,
            "GetItem": PERSONS | TOLD_COUPLES,
            "Query": PERSONS | TOLD_COUPLES,
            "DeleteItem": PERSONS | {"DUE#*"},
            "PutItem": PERSONS | {"DUE#*", "NOTICES"},
            "UpdateItem": PERSONS | {"DUE#*", "ZONES", "SHARD_NAMES", "CODE#*"},
            "ConditionCheckItem": {"COUPLE#*"},
        },
        "KeyTable": {
            "GetItem": {"CELL#*", "COUPLE#*", "PERSON#*"},
            "PutItem": {"CELL#*", "COUPLE#*", "PERSON#*"},
            "UpdateItem": {"COUPLE#*"},
        },
        "CellTable": {"GetItem": {"CELL#*"}, "PutItem": {"CELL#*"}},
        "ErasureTable": {"GetItem": {"ERASED#*"}},
    },
    "Privacy": {
        "Table": {
            "BatchGetItem": {"PACK#*", "SLOT#*"},
            "Query": {"PERSON#*", "COUPLE#*"},
            **{action: {"PERSON#*", "COUPLE#*", "INVITE#*"} for action in ("GetItem", "UpdateItem")},
            "PutItem": {"PERSON#*", "DUE#*", "INVITE#*"},
            "DeleteItem": {"DUE#*", "TARGET#*"},
        },
        "KeyTable": {
            "GetItem": {"CELL#*", "COUPLE#*", "PERSON#*"},
            "UpdateItem": {"COUPLE#*"},
            "DeleteItem": {"PERSON#*"},
        },
        "CellTable": {"GetItem": {"CELL#*"}},
        "ErasureTable": {action: {"ERASED#*", "RECEIPT#*"} for action in ("GetItem", "PutItem", "UpdateItem")},
    },
    "Reseal": {
        "Table": {
            "ConditionCheckItem": {"COUPLE#*"},
            "GetItem": {"COUPLE#*"},
            "Query": {"COUPLE#*", "PERSON#*"},
            "UpdateItem": {"COUPLE#*", "PERSON#*"},
        },
        "KeyTable": {"GetItem": {"CELL#*", "COUPLE#*", "PERSON#*"}, "UpdateItem": {"COUPLE#*"}},
        "CellTable": {"GetItem": {"CELL#*"}},
    },
    "PracticeApi": {
        "Table": {
            "BatchGetItem": PRACTICE | COUNTERS | AUDIT,
            "GetItem": PRACTICE | COUNTERS | AUDIT,
            "Query": PRACTICE | COUNTERS | AUDIT,
            "PutItem": PRACTICE | {"CODE#*"} | AUDIT,
            "BatchWriteItem": {"PACK#*"},
            "UpdateItem": CATALOGUE | {"CODE#*"},
            "DeleteItem": {"CODE#*"},
        }
    },
    "Tick": {
        "Table": {
            "BatchGetItem": {"SLOT#*", "ZONES", "TICK"},
            "GetItem": {"SLOT#*", "ZONES", "TICK"},
            "Query": {"SLOT#*", "ZONES", "TICK"},
            "PutItem": {"TICK"},
        }
    },
    "React": {
        "Table": {"GetItem": {"COUPLE#*", "SERVICE"}, "Query": {"COUPLE#*", "SERVICE"}, "UpdateItem": {"COUPLE#*"}}
    },
    "Cleanup": {
        "Table": {
            "ConditionCheckItem": ENDING | {"COUPLE#*"},
            "GetItem": ENDING | {"COUPLE#*", "ZONES", "INVITE#*"},
            "Query": ENDING | {"COUPLE#*", "DUE#*"},
            "BatchGetItem": ENDING | {"COUPLE#*", "TARGET#*"},
            "PutItem": ENDING | {"DUE#*", "INVITE#*"},
            "UpdateItem": ENDING | {"ZONES", "COUPLE#*", "INVITE#*"},
            "DeleteItem": ENDING | {"DUE#*", "TARGET#*", "COUPLE#*", "TALLY#*", "ZONES"},
        },
        "KeyTable": {"DeleteItem": {"COUPLE#*", "PERSON#*"}, "UpdateItem": {"COUPLE#*"}},
        "ErasureTable": {action: {"ERASED#*"} for action in ("PutItem", "UpdateItem")},
    },
    "Accounts": {"Table": {"GetItem": {"AUDIT_HEAD"}, "PutItem": {"AUDIT_CHAIN", "AUDIT_HEAD", "NOTICES"}}},
    "Tally": {"Table": {"BatchGetItem": {"TALLY#*"}, "PutItem": {"TALLY#*"}, "UpdateItem": COUNTERS}},
    "Delivery": {
        "Table": {
            "Query": {"DUE#*"},
            "BatchGetItem": {"PERSON#*", "TARGET#*", "COUPLE#*", "SLOT#*", "DUE#*", "RUN#*", "NEWS"},
            "GetItem": {"PERSON#*", "TARGET#*", "COUPLE#*", "SLOT#*", "DUE#*", "RUN#*", "NEWS"},
            "PutItem": {"RUN#*", "DUE#*"},
            "UpdateItem": {"RUN#*", "SLOT#*", "SHARD_NAMES", "INCIDENT#*"},
            "DeleteItem": {"DUE#*"},
        }
    },
}
"""The exact partitions of each table that each function may access, by action.

A scan or PartiQL names no partition, so these conditions would not restrict it. Nobody changes a row of the audit.
"""


def only(partition: str, *attributes: str) -> Properties:
    """Return the condition of updates that may touch only these attributes, and get no row back.

    IAM cannot limit a sort key.
    """
    return {
        "ForAllValues:StringLike": {
            "dynamodb:LeadingKeys": [partition],
            "dynamodb:Attributes": ["pk", "sk", *attributes],
        },
        "StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"},
    }


LIMITED: Final = {
    "ReactRole": [only("COUPLE#*", "persons", "bits_from", "bits", "run", "changed_at")],
    "ResealRole": [only("COUPLE#*", "answers", "sealed"), only("PERSON#*", "answer")],
}
"""The conditions of roles that may only update some attributes of the main table's persons and couples."""
ENDERS: Final = ("CleanupRole", "PrivacyRole")
"""The roles that end couples and mark persons. Their updates get whole rows back, which these roles may read anyway.

tests/routes/test_limited_roles.py compares the attributes of their updates with what the stores write. These roles also
put whole persons, so only their updates are limited.
"""

NO_SOLO_DAY: Final = {
    "Sid": "PutNoSoloDay",
    "Effect": "Deny",
    "Action": "dynamodb:PutItem",
    "Resource": {"Fn::GetAtt": "Table.Arn"},
    "Condition": {
        "ForAnyValue:StringLike": {
            "dynamodb:LeadingKeys": ["PERSON#*"],
            "dynamodb:Attributes": ["answer", "prompt", "seen", "shared_with", "themes_met"],
        }
    },
}
KEEPERS: Final = ("AccountsRole", "PracticeApiRole")
"""The roles that add entries to the audit."""
WRITERS: Final = tuple(
    f"{each}Role" for each in REACH if {"PutItem", "UpdateItem"} & REACH[each].get("Table", {}).keys()
)
"""The roles that write the main table."""


def keeping_the_audit(role: str) -> Properties:
    """Return the statement that denies a role each change of the audit, but not an entry's put by its keepers."""
    actions = ["BatchWriteItem", "DeleteItem", *([] if role in KEEPERS else ["PutItem"]), "UpdateItem"]
    return {
        "Sid": "ChangeNothingInTheAudit" if role in KEEPERS else "LeaveTheAudit",
        "Effect": "Deny",
        "Action": [f"dynamodb:{action}" for action in actions],
        "Resource": {"Fn::GetAtt": "Table.Arn"},
        "Condition": {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["AUDIT", "AUDIT_CHAIN", "AUDIT_HEAD"]}},
    }


DENIED: Final = {role: [keeping_the_audit(role), *([NO_SOLO_DAY] if role in ENDERS else [])] for role in WRITERS}
"""What each role may not do, although another statement may allow it.

tests/routes/test_limited_roles.py compares the denied puts of persons with the writes of the roles that put persons.
"""

SEND: Final = {"sqs:SendMessage"}
STREAM: Final = {
    "Table.StreamArn": {f"dynamodb:{action}" for action in ("DescribeStream", "GetRecords", "GetShardIterator")},
    "*": {"dynamodb:ListStreams"},  # it takes no resource
}
DEPLOYMENTS: Final = (
    "arn:${AWS::Partition}:codedeploy:${AWS::Region}:${AWS::AccountId}:deploymentgroup:${AWS::StackName}-*/*"
)
CONSUME: Final = {f"sqs:{action}" for action in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")}
WHOLE: Final[dict[str, dict[str, set[str]]]] = {
    "Tick": {"PushQueue": SEND},
    "TickSchedule": {"Tick.Alias": {"lambda:InvokeFunction"}},
    # DynamoDB advises against more than two consumers of a stream.
    "React": STREAM | {"PushQueue": SEND, "CleanupQueue": SEND, "AccountQueue": SEND, "ReactDeadLetters": SEND},
    "Cleanup": {
        "CleanupQueue": SEND | CONSUME,
        "AccountQueue": SEND,
    },
    "Accounts": {
        "AccountQueue": CONSUME,
        "AccountCredential": {"secretsmanager:GetSecretValue"},
        "CleanupQueue": SEND,
    },
    "Tally": STREAM | {"TallyDeadLetters": SEND},
    "Delivery": {
        "PushQueue": SEND | CONSUME,
        "PushDeadLetters": SEND,
        "CleanupQueue": SEND,
        "FcmCredential": {"secretsmanager:GetSecretValue"},
    },
    "ReleaseCheck": {
        **{f"${{{function}.Arn}}:*": {"lambda:InvokeFunction"} for function in SERVING},
        DEPLOYMENTS: {f"codedeploy:{done}" for done in ("GetDeployment", "PutLifecycleEventHookExecutionStatus")},
    },
}
"""The actions that each role may do with a whole resource. Each role may also write to its function's log."""


def environment_of(function: str) -> Properties:
    """Return a function's environment, including the variables of all functions."""
    shared: Properties = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    own: Properties = functions()[function]["Environment"]["Variables"]
    return shared | own


def events_of(function: str, kind: str) -> list[Properties]:
    """Return the properties of a function's events of a type."""
    return [event["Properties"] for event in functions()[function].get("Events", {}).values() if event["Type"] == kind]


def test_there_are_these_functions_and_no_other() -> None:
    assert tuple(sorted(functions())) == FUNCTIONS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_the_role_and_the_log_that_are_written_for_it(function: str) -> None:
    """SAM's default roles have managed policies that allow every resource."""
    assert functions()[function]["Role"] == {"Fn::GetAtt": f"{function}Role.Arn"}
    assert functions()[function]["LoggingConfig"]["LogGroup"] == {"Ref": f"{function}Logs"}
    assert "Policies" not in functions()[function]
    (trust,) = properties(f"{function}Role")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_no_role_borrows_a_policy() -> None:
    assert not any("ManagedPolicyArns" in properties(role) for role in ROLES)
    assert not resources("AWS::IAM::Policy") | resources("AWS::IAM::ManagedPolicy") | resources("AWS::IAM::RolePolicy")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_is_listed_for_it_and_nothing_else(role: str) -> None:
    reach: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    whole: dict[str, set[str]] = defaultdict(set)
    for statement in statements(role):
        if statement in DENIED.get(role, []):
            continue
        assert statement["Effect"] == "Allow"
        for resource, action in itertools.product(listed(statement["Resource"]), listed(statement["Action"])):
            (name,) = resource.values() if isinstance(resource, dict) else [resource]
            name = name.removesuffix(".Arn")
            if "Condition" in statement:
                condition, *_ = statement["Condition"].values()
                if statement["Condition"] not in LIMITED.get(role, []):
                    assert statement["Condition"].keys() == {"ForAllValues:StringLike"}
                    also = {"dynamodb:Attributes"} if role in ENDERS else set()
                    assert condition.keys() - also == {"dynamodb:LeadingKeys"}
                reach[name][action.removeprefix("dynamodb:")] |= set(condition["dynamodb:LeadingKeys"])
            else:
                whole[name].add(action)
    function = role.removesuffix("Role")
    logs = {f"{function}Logs": {"logs:CreateLogStream", "logs:PutLogEvents"}} if function in FUNCTIONS else {}
    assert reach == REACH.get(function, {})
    assert whole == WHOLE.get(function, {}) | logs


def updates_of_persons_and_couples(role: str) -> list[Properties]:
    """Return the conditions of a role's updates of the main table's persons and couples."""
    return [
        each["Condition"]
        for each in statements(role)
        if each["Effect"] == "Allow"
        and "dynamodb:UpdateItem" in listed(each["Action"])
        and each["Resource"] == {"Fn::GetAtt": "Table.Arn"}
        and {"COUPLE#*", "PERSON#*"} & set(each["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
    ]


@pytest.mark.parametrize("role", LIMITED)
def test_a_role_changes_only_some_attributes(role: str) -> None:
    """React changes a streak, and reseal the sealed texts, but neither changes a couple's or a person's own row."""
    assert updates_of_persons_and_couples(role) == LIMITED[role]


@pytest.mark.parametrize("role", ENDERS)
def test_a_role_that_ends_couples_changes_only_some_attributes(role: str) -> None:
    """Privacy ends couples and marks persons. Cleanup also removes erased persons from a couple's rows."""
    limits = [each["ForAllValues:StringLike"] for each in updates_of_persons_and_couples(role)]
    assert sorted(each["dynamodb:LeadingKeys"] for each in limits) == [["COUPLE#*"], ["PERSON#*"]]
    assert all(each["dynamodb:Attributes"] for each in limits)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_changes_the_audit_and_one_that_puts_whole_persons_puts_no_solo_day(role: str) -> None:
    assert [each for each in statements(role) if each["Effect"] == "Deny"] == DENIED.get(role, [])


def test_only_couples_api_privacy_and_reseal_open_answers() -> None:
    """Only the key's own policy allows its use: to three roles, and only for cell keys."""
    administration, *uses = properties("DataKey")["KeyPolicy"]["Statement"]
    may = {use["Principal"]["AWS"]["Fn::GetAtt"]: set(listed(use["Action"])) for use in uses}
    assert may == {
        "CouplesApiRole.Arn": {"kms:Decrypt", "kms:GenerateDataKey"},
        "PrivacyRole.Arn": {"kms:Decrypt"},
        "ResealRole.Arn": {"kms:Decrypt"},
    }
    for use in uses:
        assert use["Condition"] == {"StringEquals": {"kms:EncryptionContext:purpose": "rekindle-cell"}}
    opening = ("Decrypt", "Encrypt", "GenerateData", "ReEncrypt", "CreateGrant", "*")
    assert not any(word in action for action in administration["Action"] for word in opening)


def test_privacy_has_three_routes_and_only_a_receipt_needs_no_sign_in() -> None:
    routes = {(route["Method"], route["Path"]): "Auth" in route for route in events_of("Privacy", "HttpApi")}
    assert routes == {
        ("POST", "/v1/me/export"): True,
        ("DELETE", "/v1/me"): True,
        ("GET", "/v1/erasures/{receipt}"): False,
    }


def test_readers_of_rows_need_no_kms_key() -> None:
    """If a table were encrypted with DataKey, each reader of the table would need kms:Decrypt."""
    for table in ("Table", "KeyTable", "CellTable", "ErasureTable"):
        assert "SSESpecification" not in properties(table)
    for queue in resources("AWS::SQS::Queue").values():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("table", ["Table", "KeyTable", "ErasureTable"])
def test_a_table_is_on_demand_and_expires_items_by_ttl(table: str) -> None:
    assert properties(table)["BillingMode"] == "PAY_PER_REQUEST"
    assert properties(table)["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert "GlobalSecondaryIndexes" not in properties(table)


def test_the_table_has_backups_and_a_stream() -> None:
    table = properties("Table")
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]


def test_erasures_outlive_a_restore() -> None:
    """The table of erasures has its own backups, and is not restored together with the main table."""
    table = properties("ErasureTable")
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk"]


def test_a_deleted_key_cannot_be_restored() -> None:
    """A backup of the keys would make erased answers readable again."""
    table = properties("KeyTable")
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}
    assert "StreamSpecification" not in table
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk"]
    assert not [name for name, each in TEMPLATE["Resources"].items() if each["Type"].startswith("AWS::Backup::")]


def test_cell_keys_have_backups_and_no_end() -> None:
    table = properties("CellTable")
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert not table.keys() & {"TimeToLiveSpecification", "StreamSpecification", "GlobalSecondaryIndexes"}
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk"]


def test_the_data_key_is_rotated() -> None:
    assert properties("DataKey")["EnableKeyRotation"] is True


@pytest.mark.parametrize("stage", STAGES)
def test_every_log_has_a_retention(stage: str) -> None:
    groups = resources("AWS::Logs::LogGroup")
    assert {f"{function}Logs" for function in FUNCTIONS} <= groups.keys()
    for group in groups.values():
        assert in_stage(stage, group["Properties"]["RetentionInDays"]) in range(1, 91)


def test_an_access_log_line_has_no_text_from_a_client() -> None:
    line = json.loads(properties("Api")["AccessLogSettings"]["Format"])
    assert set(line.values()) == {
        "$context.requestId",
        "$context.requestTimeEpoch",
        "$context.httpMethod",
        "$context.status",
        "$context.responseLength",
        "$context.responseLatency",
        "$context.integrationLatency",
        "$context.integrationStatus",
        "$context.integrationErrorMessage",
        "$context.authorizer.error",
        "$context.error.responseType",
    }


def test_every_route_of_an_api_needs_a_token() -> None:
    authorizer = properties("Api")["Auth"]["Authorizers"]["Phones"]
    assert authorizer["IdentitySource"] == "$request.header.Authorization"
    assert authorizer["JwtConfiguration"] == {
        "issuer": {
            "Fn::If": [
                "FirebaseIssues",
                {"Fn::Sub": "https://securetoken.google.com/${FirebaseProject}"},
                {"Ref": "JwtIssuer"},
            ]
        },
        "audience": [{"Fn::If": ["FirebaseIsAudience", {"Ref": "FirebaseProject"}, {"Ref": "JwtAudience"}]}],
    }
    assert all(route["ApiId"] == {"Ref": "Api"} for function in FUNCTIONS for route in events_of(function, "HttpApi"))
    assert not any("FunctionUrlConfig" in each for each in functions().values())


def test_staff_need_a_scope_to_read_and_another_to_change_anything() -> None:
    scopes = {
        (route["Path"], route["Method"]): route["Auth"]["AuthorizationScopes"]
        for route in events_of("PracticeApi", "HttpApi")
    }
    publishers = ["practice:publish"]
    assert scopes == {
        ("/v1/practice/{proxy+}", "GET"): ["practice:read", *publishers],
        **{
            (f"/v1/practice/{own}", "POST"): ["practice:read", *publishers]
            for own in ("check", "notices/read", "sign-out")
        },
        **{("/v1/practice/{proxy+}", method): publishers for method in ("PUT", "POST", "DELETE")},
    }


@pytest.mark.parametrize("stage", STAGES)
def test_the_api_has_a_rate_limit(stage: str) -> None:
    limits = properties("Api")["DefaultRouteSettings"]
    for limit in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
        value = in_stage(stage, limits[limit])
        assert isinstance(value, int)
        assert value > 0


@pytest.mark.parametrize("stage", STAGES)
def test_every_setting_is_a_text(stage: str) -> None:
    """CloudFormation makes a text of a number. The emulator does not, and then the function cannot start."""
    for function in FUNCTIONS:
        for value in environment_of(function).values():
            assert isinstance(value, str | dict)
            if isinstance(value, dict) and "Fn::FindInMap" in value:
                assert isinstance(in_stage(stage, value), str)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_change_publishes_a_version_behind_the_alias(function: str) -> None:
    """A change of settings or of the layer also publishes a version. Otherwise the alias would keep the old code."""
    shared = TEMPLATE["Globals"]["Function"]
    assert shared["AutoPublishAlias"] == "live"
    assert shared["Layers"] == [{"Ref": "Layer"}]
    assert functions()[function]["AutoPublishAliasAllProperties"] is True
    assert properties("Layer")["PublishLambdaVersion"] is True


def metrics_of(alarm: str) -> dict[str, Properties]:
    """Return an alarm's source metrics, by name."""
    found = [each["MetricStat"]["Metric"] for each in properties(alarm)["Metrics"] if "MetricStat" in each]
    return {metric["MetricName"]: metric for metric in found}


@pytest.mark.parametrize("function", SERVING)
def test_every_error_of_every_function_counts_in_its_alarm(function: str) -> None:
    """Lambda does not count a handled error. Only the log shows it, perhaps in a line of a library."""
    heard = properties(f"{function}ErrorLines")
    assert heard["LogGroupName"] == {"Ref": f"{function}Logs"}
    assert heard["FilterPattern"] == '{ $.level = "ERROR" }'
    assert "Dimensions" not in heard["MetricTransformations"][0]
    watched = metrics_of(f"{function}Errors")
    assert watched.keys() == {"Errors", f"{function}ErrorLines"}
    assert watched["Errors"]["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": function}}]


@pytest.mark.parametrize("function", SERVING)
def test_a_canary_s_alarm_leaves_out_errors_from_outside(function: str) -> None:
    """A fault of Apple's key or of FCM makes every version log errors."""
    heard = properties(f"{function}VersionErrorLines")
    assert heard["LogGroupName"] == {"Ref": f"{function}Logs"}
    assert heard["FilterPattern"] == '{ ($.level = "ERROR") && ($.outside NOT EXISTS) }'
    assert heard["MetricTransformations"][0]["Dimensions"] == [{"Key": "Version", "Value": "$.version"}]


def test_codedeploy_may_invoke_the_release_check() -> None:
    """AWS's managed role for CodeDeploy may only invoke functions with this prefix."""
    assert functions()["ReleaseCheck"]["FunctionName"] == {"Fn::Sub": "CodeDeployHook_${AWS::StackName}"}
    assert "Events" not in functions()["ReleaseCheck"]


def test_the_tick_gets_its_time_every_five_minutes() -> None:
    (schedule,) = events_of("Tick", "ScheduleV2")
    assert json.loads(schedule["Input"]) == {"scheduled_time": "<aws.scheduler.scheduled-time>"}
    assert schedule["ScheduleExpression"] == "cron(0/5 * * * ? *)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["OmitName"] is True
    assert schedule["RoleArn"] == {"Fn::GetAtt": "TickScheduleRole.Arn"}


def test_cleanup_has_time_for_one_large_erasure() -> None:
    """An erasure writes each day of the person's couples. A repeat goes on with the days that are left."""
    cleanup = functions()["Cleanup"]
    assert cleanup["Events"]["Jobs"]["Properties"]["BatchSize"] == 1
    assert cleanup["Timeout"] >= 300
    assert int(properties("CleanupQueue")["VisibilityTimeout"]) >= 6 * cleanup["Timeout"]


def test_a_push_job_stays_hidden_while_it_is_handled() -> None:
    """Lambda recommends six times the function's timeout, because it may hold a batch back that long."""
    assert int(properties("PushQueue")["VisibilityTimeout"]) >= 6 * functions()["Delivery"]["Timeout"]


def test_delivery_knows_how_long_a_failed_job_is_hidden() -> None:
    assert environment_of("Delivery")["VISIBILITY_SECONDS"] == properties("PushQueue")["VisibilityTimeout"]


def test_delivery_has_the_time_that_it_keeps_in_reserve_and_some_to_work() -> None:
    """A job starts only before the reserved time begins. The first job of a batch always starts."""
    assert dt.timedelta(seconds=functions()["Delivery"]["Timeout"]) >= RESERVE + dt.timedelta(minutes=1)


def test_a_job_that_failed_twice_is_no_alarm() -> None:
    assert properties("PushQueueAge")["Threshold"] > 2 * int(properties("PushQueue")["VisibilityTimeout"])


def test_a_push_job_that_keeps_failing_becomes_a_dead_letter() -> None:
    redrive = properties("PushQueue")["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": "PushDeadLetters.Arn"}
    assert redrive["maxReceiveCount"] >= 5
    for queue in (
        "PushDeadLetters",
        "ReactDeadLetters",
        "TallyDeadLetters",
        "CleanupDeadLetters",
        "AccountDeadLetters",
    ):
        assert properties(queue)["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_all_workers_at_their_fastest_stay_within_what_fcm_grants_a_project() -> None:
    """FCM allows 600,000 messages a minute. A worker may send a burst after a pause."""
    (jobs,) = events_of("Delivery", "SQS")
    workers = jobs["ScalingConfig"]["MaximumConcurrency"]
    per_second = int(environment_of("Delivery")["FCM_PUSHES_PER_SECOND"])
    assert workers * per_second <= 10_000
    assert workers * (per_second * (60 + BURST) + 1) <= 600_000


def test_one_bad_job_does_not_repeat_its_batch() -> None:
    (jobs,) = events_of("Delivery", "SQS")
    assert jobs["Queue"] == {"Fn::GetAtt": "PushQueue.Arn"}
    assert jobs["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


DAYS_AND_STREAKS: Final = {
    "eventName": ["INSERT", "MODIFY"],
    "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "COUPLE#"}]}, "sk": {"S": [{"prefix": "DAY#"}, "STREAK"]}}},
}
WITH_NEWS: Final = {
    "eventName": ["INSERT", "MODIFY"],
    "dynamodb": {
        "Keys": {
            "pk": {"S": [{"prefix": "COUPLE#"}, {"prefix": "PERSON#"}, {"prefix": "STAFF#"}]},
            "sk": {
                "S": [
                    {"prefix": "DAY#"},
                    "STREAK",
                    {"prefix": "CAUGHT_UP#"},
                    {"prefix": "ADDED#"},
                    "NUDGES",
                    "SIGN_OUT",
                ]
            },
        }
    },
}
ENDED_COUPLES: Final = {
    "eventName": ["MODIFY"],
    "dynamodb": {
        "Keys": {"pk": {"S": [{"prefix": "COUPLE#"}]}, "sk": {"S": ["COUPLE"]}},
        "NewImage": {"ended_at": {"N": [{"exists": True}]}},
    },
}
SIGN_OUTS: Final = {
    "eventName": ["MODIFY"],
    "dynamodb": {
        "Keys": {"pk": {"S": [{"prefix": "PERSON#"}]}, "sk": {"S": ["PERSON"]}},
        "NewImage": {"signed_out_at": {"N": [{"exists": True}]}},
    },
}
ERASED_PERSONS: Final = {
    "eventName": ["INSERT", "MODIFY"],
    "dynamodb": {
        "Keys": {"pk": {"S": [{"prefix": "PERSON#"}]}, "sk": {"S": ["PERSON"]}},
        "NewImage": {"erased_at": {"N": [{"exists": True}]}},
    },
}
GONE_COUPLES: Final = {
    "eventName": ["REMOVE"],
    "dynamodb": {
        "Keys": {"pk": {"S": [{"prefix": "COUPLE#"}]}, "sk": {"S": ["COUPLE"]}},
        "OldImage": {"ended_at": {"N": [{"exists": True}]}},
    },
}
ENDED_RUNS: Final = {
    "eventName": ["MODIFY"],
    "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "RUN#"}]}}, "NewImage": {"done": {"BOOL": [True]}}},
}


@pytest.mark.parametrize(
    ("function", "patterns"),
    [
        ("React", [WITH_NEWS, ENDED_COUPLES, GONE_COUPLES, SIGN_OUTS, ERASED_PERSONS]),
        ("Tally", [DAYS_AND_STREAKS, ENDED_RUNS]),
    ],
)
def test_a_consumer_reads_its_changes_from_the_stream_s_beginning_and_retries(
    function: str, patterns: list[Properties]
) -> None:
    (stream,) = events_of(function, "DynamoDB")
    assert stream["Stream"] == {"Fn::GetAtt": "Table.StreamArn"}
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["MaximumRetryAttempts"] >= 5
    assert stream["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": f"{function}DeadLetters.Arn"}
    assert [json.loads(each["Pattern"]) for each in stream["FilterCriteria"]["Filters"]] == patterns


def test_tally_reads_many_changes_at_a_time() -> None:
    (stream,) = events_of("Tally", "DynamoDB")
    assert stream["BatchSize"] >= 500
    assert [in_stage(stage, stream["MaximumBatchingWindowInSeconds"]) for stage in STAGES] == [0, 10, 300]


def test_a_late_count_is_an_alarm_before_it_is_shown() -> None:
    window = in_stage("prod", events_of("Tally", "DynamoDB")[0]["MaximumBatchingWindowInSeconds"])
    assert isinstance(window, int)
    assert 2 * 1000 * window < properties("TallyLag")["Threshold"] < STREAMS_HOUR / dt.timedelta(milliseconds=1)


ALARMS: Final = resources("AWS::CloudWatch::Alarm")


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_sends_its_start_its_end_and_whom_it_affects(name: str) -> None:
    topic = {"Fn::If": ["HasAlarmEmail", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    alarm = properties(name)
    if "VersionErrors" in name:  # CodeDeploy reports a rollback, so no mail is needed
        assert not {"AlarmActions", "OKActions"} & alarm.keys()
    else:
        assert alarm["AlarmActions"] == alarm["OKActions"] == topic
    assert re.search(r"[.] (Affects [a-z]|[A-Z].*Affects )", alarm["AlarmDescription"]), alarm["AlarmDescription"]


@pytest.mark.parametrize("alarm", ALARMS)
def test_the_runbook_says_what_to_do_about_an_alarm(alarm: str) -> None:
    assert f"| `{alarm}` |" in (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


RULES: Final = resources("AWS::Events::Rule")


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_about_changes_sends_a_mail_and_the_runbook_says_what_to_do(rule: str) -> None:
    assert TEMPLATE["Resources"][rule]["Condition"] == "HasAlarmEmail"
    (target,) = properties(rule)["Targets"]
    assert target["Arn"] == {"Ref": "AlarmTopic"}
    told = target["InputTransformer"]
    assert set(re.findall(r"<(\w+)>", told["InputTemplate"])) == told["InputPathsMap"].keys()
    assert f"| `{rule}` |" in (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


def test_alarms_and_rules_may_publish_to_the_topic() -> None:
    """The policy replaces the topic's default one, which would have let the alarms of the account publish."""
    (statement,) = properties("AlarmTopicPolicy")["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


@pytest.mark.parametrize(
    "dead_letters",
    ["PushDeadLetters", "ReactDeadLetters", "TallyDeadLetters", "CleanupDeadLetters", "AccountDeadLetters"],
)
def test_one_dead_letter_is_an_alarm(dead_letters: str) -> None:
    alarm = properties(f"{dead_letters}Waiting")
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": f"{dead_letters}.QueueName"}}]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 1)


class Share(NamedTuple):
    """An alarm on a share of the API's calls: the counted metric, the percentage, and the least count."""

    alarm: str
    percent: int
    least: int


@pytest.mark.parametrize(
    "share", [Share("ApiServerErrors", 1, 3), Share("ApiRefusals", 50, 40), Share("SignInRefusals", 25, 20)]
)
@pytest.mark.parametrize("couples", [40, 40_000])
def test_a_share_of_calls_is_an_alarm_for_few_couples_and_for_many(share: Share, couples: int) -> None:
    """Each couple makes some forty calls a day, most of them within sixteen hours."""
    alarm = properties(share.alarm)
    (expression,) = [each["Expression"] for each in alarm["Metrics"] if "Expression" in each]
    (hours,) = {each["MetricStat"]["Period"] / 3600 for each in alarm["Metrics"] if "MetricStat" in each}
    calls = round(couples * 40 / 16 * hours)
    bad = max(share.least, -(-calls * share.percent // 100))
    assert bad <= calls

    def rings(count: int) -> bool:
        threshold: int = alarm["Threshold"]
        return evaluated(expression, calls, count) >= threshold

    assert rings(bad)
    assert not rings(bad - 1)


def test_one_failed_call_at_night_is_no_share() -> None:
    expression = properties("ApiServerErrors")["Metrics"][0]["Expression"]
    assert evaluated(expression, calls=1, count=1) == 0


def evaluated(expression: str, calls: int, count: int) -> float:
    """Work out CloudWatch's `IF(name >= least, 100 * name / calls, 0)`."""
    found = re.fullmatch(r"IF\((\w+) >= (\d+), 100 \* \1 / calls, 0\)", expression)
    assert found, expression
    return 100 * count / calls if count >= int(found[2]) else 0


def test_a_metric_that_an_alarm_reads_of_the_log_is_counted_there() -> None:
    """The alarm and the metric filter use the same names."""
    namespace = {"Fn::Sub": "Rekindle/${AWS::StackName}"}
    read = {
        metric["MetricName"]
        for alarm in ALARMS.values()
        for metric in [
            alarm["Properties"],
            *(each["MetricStat"]["Metric"] for each in alarm["Properties"].get("Metrics", []) if "MetricStat" in each),
        ]
        if metric.get("Namespace") == namespace
    }
    filters = [each["Properties"] for each in resources("AWS::Logs::MetricFilter").values()]
    assert {each["MetricTransformations"][0]["MetricName"] for each in filters} == read


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        ("CouplesApi", CouplesApiSettings),
        ("PracticeApi", PracticeApiSettings),
        ("Privacy", PrivacySettings),
        ("Tick", TickSettings),
        ("React", ReactSettings),
        ("Cleanup", CleanupSettings),
        ("Accounts", AccountsSettings),
        ("Reseal", ResealSettings),
        ("Tally", TallySettings),
        ("Delivery", DeliverySettings),
        ("Console", ConsoleSettings),
        ("ReleaseCheck", ReleaseCheckSettings),
    ],
)
def test_a_function_is_given_what_its_settings_read_and_little_else(function: str, settings: type[Settings]) -> None:
    """Every function gets the table's name, although two do not read it."""
    given = environment_of(function).keys()
    libraries = {"FIREBASE_AUTH_EMULATOR_HOST"} if function == "Accounts" else set()  # the Admin SDK reads this
    assert given == {*settings.names(), *libraries, "TABLE_NAME", "STAGE", "LOG_LEVEL", "POWERTOOLS_SERVICE_NAME"}


def test_one_parameter_decides_what_everything_is_built_for() -> None:
    architecture = {"Ref": "Architecture"}
    assert TEMPLATE["Globals"]["Function"]["Architectures"] == [architecture]
    assert properties("Layer")["CompatibleArchitectures"] == [architecture]
    assert TEMPLATE["Resources"]["Layer"]["Metadata"]["BuildArchitecture"] == architecture
    assert not any("Architectures" in each for each in functions().values())


def test_the_defaults_are_the_local_stage_s() -> None:
    """The SAM transform may see only a parameter's default. With a canary in the default, no emulator could deploy."""
    assert TEMPLATE["Parameters"]["Stage"]["Default"] == "local"
