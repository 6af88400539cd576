"""Each function's role allows what the template says, and refuses everything else. The running stack is asked.

`tests/build/test_template.py` lists what each role should allow. This test shows that the policies mean the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.deploy.deployment import STACK_NAME
from local.places import ROOT
from tests.build.cloudformation import functions, listed, properties, resources, statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from local.stack import Stack

FUNCTIONS: Final = tuple(sorted(functions()))
TABLES: Final = tuple(resources("AWS::DynamoDB::Table"))
QUEUES: Final = tuple(resources("AWS::SQS::Queue"))
SECRETS: Final = tuple(resources("AWS::SecretsManager::Secret"))
EVERY_ROW: Final = "*"

NOBODY: Final = {"ConditionExpression": "attribute_exists(pk)"}
"""A condition that no row of these tests meets, because the rows do not exist. So an allowed write changes nothing."""

type Key = Mapping[str, Any]
type TableCall = Callable[[Any, str, Key], object]
type QueueCall = Callable[[Any, str], object]

TABLE_CALLS: Final[Mapping[str, TableCall]] = {
    "GetItem": lambda client, table, key: client.get_item(TableName=table, Key=key),
    "DeleteItem": lambda client, table, key: client.delete_item(TableName=table, Key=key, **NOBODY),
    "UpdateItem": lambda client, table, key: client.update_item(TableName=table, Key=key, **NOBODY),
    "PutItem": lambda client, table, key: client.put_item(TableName=table, Item=key, **NOBODY),
    "BatchGetItem": lambda client, table, key: client.batch_get_item(RequestItems={table: {"Keys": [key]}}),
    "BatchWriteItem": lambda client, table, key: client.batch_write_item(
        RequestItems={table: [{"DeleteRequest": {"Key": key}}]}
    ),
    "ConditionCheckItem": lambda client, table, key: client.transact_write_items(
        TransactItems=[{"ConditionCheck": {"TableName": table, "Key": key, **NOBODY}}]
    ),
    "Query": lambda client, table, key: client.query(
        TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": key["pk"]}, Limit=1
    ),
    "Scan": lambda client, table, _key: client.scan(TableName=table, Limit=1),
}
"""A harmless call for each action on a table."""

QUEUE_CALLS: Final[Mapping[str, QueueCall]] = {
    "SendMessage": lambda client, url: client.send_message_batch(QueueUrl=url, Entries=[]),
    "ReceiveMessage": lambda client, url: client.receive_message(QueueUrl=url, VisibilityTimeout=0, WaitTimeSeconds=0),
    "DeleteMessage": lambda client, url: client.delete_message(QueueUrl=url, ReceiptHandle="no-such-receipt"),
    "GetQueueAttributes": lambda client, url: client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]),
}
"""A harmless call for each action on a queue."""


@cache
def partitions() -> list[str]:
    """Return an example of each partition that a policy or docs/table.md names, and of one that does not exist."""
    patterns = {"NO_SUCH_PARTITION"}
    for role in resources("AWS::IAM::Role"):
        for each in allowed(role, TABLES).values():
            patterns |= each
    page = (ROOT / "docs" / "table.md").read_text(encoding="utf-8")
    patterns |= {re.sub(r"<.*", "*", pk) for pk in re.findall(r"^\| [^|]+ \| `([A-Z_]+[^`]*)` \|", page, re.MULTILINE)}
    return sorted({pattern.replace("*", "x") for pattern in patterns})


class Allowed(NamedTuple):
    """An action on a resource of the template."""

    resource: str
    action: str


def allowed(role: str, names: tuple[str, ...]) -> dict[Allowed, set[str]]:
    """Map each action that a role's policies allow on these resources to the patterns of the partitions.

    Leave out what they deny: that depends on more than the partition.
    """
    found: defaultdict[Allowed, set[str]] = defaultdict(set)
    for statement in statements(role):
        if statement["Effect"] == "Deny":
            continue
        keys = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", EVERY_ROW)
        for resource in listed(statement["Resource"]):
            name = str(next(iter(resource.values()))).removesuffix(".Arn") if isinstance(resource, dict) else resource
            if name in names:
                for action in listed(statement["Action"]):
                    found[Allowed(name, action.partition(":")[2])] |= set(listed(keys))
    return found


@dataclass(frozen=True)
class Roles:
    """The functions' roles on the running stack."""

    stack: Stack

    @cached_property
    def _physical(self) -> dict[str, str]:
        cloudformation = self.stack.client("cloudformation")
        described = cloudformation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in described}

    @cached_property
    def _sessions(self) -> dict[str, boto3.Session]:
        return {}

    def name_of(self, resource: str) -> str:
        """Return the name, the address or the ARN of a resource of the template."""
        return self._physical[resource]

    def client(self, function: str, service: str) -> Any:
        """Return a client in a function's role. The emulator's account may take on any role."""
        if function not in self._sessions:
            lambda_ = self.stack.client("lambda")
            role = lambda_.get_function_configuration(FunctionName=self.stack.function(function))["Role"]
            given = self.stack.client("sts").assume_role(RoleArn=role, RoleSessionName="trial")["Credentials"]
            self._sessions[function] = boto3.Session(
                given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name="us-east-1"
            )
        config = Config(retries={"total_max_attempts": 1})
        return self._sessions[function].client(service, endpoint_url=self.stack.endpoint_url, config=config)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def roles(stack: Stack) -> Roles:
    return Roles(stack)


def may(call: Callable[[], object]) -> bool:
    """Return whether the role allows the call. A call that is allowed may fail for another reason."""
    try:
        call()
    except ClientError as error:
        return not error.response["Error"]["Code"].startswith("AccessDenied")
    return True


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_reaches_exactly_its_partitions_of_a_table(function: str, table: str, roles: Roles) -> None:
    given = allowed(f"{function}Role", (table,))
    assert {action for _, action in given} <= TABLE_CALLS.keys()
    client, name = roles.client(function, "dynamodb"), roles.name_of(table)
    names = [each["AttributeName"] for each in properties(table)["KeySchema"]]
    wrong = []
    for action, call in TABLE_CALLS.items():
        patterns = given.get(Allowed(table, action), set())
        # An action that no policy allows is refused whatever the partition is.
        for pk in partitions() if patterns else ("COUPLE#x", "PERSON#x"):
            key = {"pk": {"S": pk}, "sk": {"S": "TRIAL"}}
            seen = may(lambda call=call, key=key: call(client, name, {each: key[each] for each in names}))  # type: ignore[misc]
            if seen is not any(fnmatchcase(pk, pattern) for pattern in patterns):
                wrong.append(f"{action} {pk}: {seen}")
    assert wrong == []


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_uses_exactly_its_queues(function: str, queue: str, roles: Roles) -> None:
    given = {action for _, action in allowed(f"{function}Role", (queue,))}
    assert given <= QUEUE_CALLS.keys()
    client, url = roles.client(function, "sqs"), roles.name_of(queue)
    assert {action for action, call in QUEUE_CALLS.items() if may(lambda call=call: call(client, url))} == given  # type: ignore[misc]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_reads_exactly_its_secrets(function: str, secret: str, roles: Roles) -> None:
    client, name = roles.client(function, "secretsmanager"), roles.name_of(secret)
    given = allowed(f"{function}Role", (secret,))
    assert may(lambda: client.get_secret_value(SecretId=name)) is bool(given)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_uses_the_data_key_only_as_the_key_s_policy_says(function: str, roles: Roles) -> None:
    given: set[str] = set()
    for use in properties("DataKey")["KeyPolicy"]["Statement"]:
        if use["Principal"] == {"AWS": {"Fn::GetAtt": f"{function}Role.Arn"}}:
            given |= set(listed(use["Action"]))
    key = roles.stack.outputs["KeyArn"]
    # A ciphertext that can be decrypted, so that only a missing permission can make the call fail.
    cell = {"EncryptionContext": {"purpose": "rekindle-cell"}}
    data_key = {"KeyId": key, "NumberOfBytes": 32}
    wrapped = roles.client("CouplesApi", "kms").generate_data_key(**data_key, **cell)["CiphertextBlob"]
    client = roles.client(function, "kms")
    assert may(lambda: client.generate_data_key(**data_key, **cell)) is ("kms:GenerateDataKey" in given)
    assert may(lambda: client.decrypt(CiphertextBlob=wrapped, **cell)) is ("kms:Decrypt" in given)
    assert not may(lambda: client.generate_data_key(**data_key, EncryptionContext={"purpose": "anything-else"}))
    assert not may(lambda: client.encrypt(KeyId=key, Plaintext=b"text", **cell))


BITS: Final = {"ExpressionAttributeValues": {":bits": {"S": "x"}}}


class Limited(NamedTuple):
    """A function that may change only some attributes, a partition, and an update that it makes there.

    The condition of the update fails, because the row does not exist. If `reads` is true, the update may return a row.
    """

    function: str
    partition: str
    update: Mapping[str, Any]
    reads: bool = False

    @property
    def attributes(self) -> set[str]:
        """Return the attributes that the template lets an update in this partition touch."""
        (condition,) = (
            tested
            for tested in self._tested()
            if fnmatchcase(self.partition, listed(tested["dynamodb:LeadingKeys"])[0])
        )
        return set(condition["dynamodb:Attributes"])

    def _tested(self) -> Iterator[Mapping[str, Any]]:
        for statement in statements(f"{self.function}Role"):
            if statement["Effect"] == "Allow" and "dynamodb:UpdateItem" in listed(statement["Action"]):
                tested = statement["Condition"]["ForAllValues:StringLike"]
                if "dynamodb:Attributes" in tested:
                    yield tested


ENDING: Final = {
    "UpdateExpression": "SET ended_at = :bits, former = :bits, profiles = :bits, #touch = :bits, #ttl = :bits,"
    " revision = :bits REMOVE windows, ended_by",
    "ConditionExpression": "ended_at = :bits",
    "ExpressionAttributeNames": {"#touch": "touch", "#ttl": "ttl"},
}


LIMITED: Final = (
    Limited(
        "React",
        "COUPLE#x",
        {
            "UpdateExpression": "SET bits = :bits, bits_from = :bits, persons = :bits, #run = :bits,"
            " changed_at = :bits",
            "ConditionExpression": "bits = :bits",
            "ExpressionAttributeNames": {"#run": "run"},
        },
    ),
    Limited(
        "Reseal",
        "COUPLE#x",
        {
            "UpdateExpression": "SET answers.#0.sealed = :bits, answers.#0.reflection.sealed = :bits",
            "ConditionExpression": "answers.#0.sealed = :bits",
            "ExpressionAttributeNames": {"#0": "ada"},
        },
    ),
    Limited("Reseal", "COUPLE#x", {"UpdateExpression": "SET sealed = :bits", "ConditionExpression": "sealed = :bits"}),
    Limited(
        "Reseal",
        "PERSON#x",
        {"UpdateExpression": "SET answer.sealed = :bits", "ConditionExpression": "answer.sealed = :bits"},
    ),
    Limited("Privacy", "COUPLE#x", ENDING, reads=True),
    Limited(
        "Privacy",
        "PERSON#x",
        {
            "UpdateExpression": "SET erased_at = :bits, revision = :bits, asked = :bits",
            "ConditionExpression": "erased_at = :bits",
        },
        reads=True,
    ),
    Limited("Cleanup", "COUPLE#x", ENDING, reads=True),
    Limited(
        "Cleanup",
        "COUPLE#x",
        {
            "UpdateExpression": "SET persons = :bits REMOVE answers.#0",
            "ConditionExpression": "persons = :bits",
            "ExpressionAttributeNames": {"#0": "ada"},
        },
        reads=True,
    ),
    Limited(
        "Cleanup",
        "PERSON#x",
        {
            "UpdateExpression": "SET erased_at = :bits, revision = :bits",
            "ConditionExpression": "erased_at = :bits",
        },
        reads=True,
    ),
    Limited(
        "Cleanup",
        "PERSON#x",
        {
            "UpdateExpression": "SET #to = :bits",
            "ConditionExpression": "#to = :bits",
            "ExpressionAttributeNames": {"#to": "to"},
        },
        reads=True,
    ),
)
"""The updates by which `react` adds a date to a streak, `reseal` replaces a text, and persons and couples leave."""
NAMES: Final = [f"{each.function} {each.update['ConditionExpression']}" for each in LIMITED]


def hidden(path: str) -> dict[str, Any]:
    """Return an update of an attribute whose name stands only in the names, and not in the expression."""
    return {"UpdateExpression": f"SET {path} = :bits", "ExpressionAttributeNames": {"#hidden": "profile"}}


OTHERS: Final = (
    *("profile", "profiles", "ended_at", "former", "closes_at", "revision", "shared_with", "erased_at"),
    *("answers", "answer", "sealed", "persons", "bits", "prompt", "packs", "couple", "devices", "signed_out_at"),
)
"""Attributes that most of the limited roles may not change."""
REFUSED: Final[Mapping[str, dict[str, Any]]] = {
    "an attribute without its value": {"UpdateExpression": "REMOVE created_at"},
    "a hidden name": hidden("#hidden"),
    "a hidden name with a path": hidden("#hidden.ada"),
    "an attribute of the condition": {"ConditionExpression": "created_at = :bits"},
    "an older form": {"AttributeUpdates": {"created_at": {"Action": "DELETE"}}},
}
"""Updates of attributes that none of the limited roles may change."""
TRIALS: Final = [
    *(
        pytest.param(limited, {"UpdateExpression": f"SET {other} = :bits"}, id=f"{name}-{other}")
        for name, limited in zip(NAMES, LIMITED, strict=True)
        for other in OTHERS
        if other not in limited.attributes
    ),
    *(
        pytest.param(limited, change, id=f"{name}-{refused}")
        for name, limited in zip(NAMES, LIMITED, strict=True)
        for refused, change in REFUSED.items()
    ),
]


def updates(key: Key, **fields: Any) -> dict[str, Any]:
    expressions = (fields.get("UpdateExpression", ""), fields.get("ConditionExpression", ""))
    values = BITS if any(":bits" in each for each in expressions) else {}
    condition = {} if "AttributeUpdates" in fields else NOBODY
    return {"Key": key, **condition, **values, **fields}


def trial_row(limited: Limited) -> Key:
    return {"pk": {"S": limited.partition}, "sk": {"S": "TRIAL"}}


@pytest.mark.parametrize("limited", LIMITED, ids=NAMES)
def test_a_limited_role_may_make_its_own_update(limited: Limited, roles: Roles) -> None:
    client, table = roles.client(limited.function, "dynamodb"), roles.name_of("Table")
    update = updates(trial_row(limited), **limited.update)
    assert may(lambda: client.update_item(TableName=table, **update))
    assert may(lambda: client.update_item(TableName=table, **update, ReturnValues="NONE"))
    assert may(lambda: client.transact_write_items(TransactItems=[{"Update": {"TableName": table, **update}}]))
    assert may(lambda: client.update_item(TableName=table, **update, ReturnValues="ALL_NEW")) is limited.reads
    assert may(lambda: client.update_item(TableName=table, **update, ReturnValues="ALL_OLD")) is limited.reads


@pytest.mark.parametrize(("limited", "change"), TRIALS)
def test_a_limited_role_may_change_no_other_attribute(limited: Limited, change: dict[str, Any], roles: Roles) -> None:
    client, table = roles.client(limited.function, "dynamodb"), roles.name_of("Table")
    row = trial_row(limited)
    if "ConditionExpression" in change:
        change = {**limited.update, **change}
    update = updates(row, **change)
    assert not may(lambda: client.update_item(TableName=table, **update))
    if "AttributeUpdates" not in change:
        allowed_too = {"Update": {"TableName": table, **updates(row, **limited.update)}}
        both = [allowed_too, {"Update": {"TableName": table, **update}}]
        assert not may(lambda: client.transact_write_items(TransactItems=both))
    # Not the form of the call, but the role refuses it.
    couples_api = roles.client("CouplesApi", "dynamodb")
    assert may(lambda: couples_api.update_item(TableName=table, **update))
    roles.stack.client("dynamodb").delete_item(TableName=table, Key=row)


@pytest.mark.parametrize("name", ["answers", "answer", "sealed"])
@pytest.mark.parametrize(("function", "own"), [("React", "bits"), ("Privacy", "ended_at")])
def test_react_and_privacy_may_change_no_text_of_a_couple(function: str, own: str, name: str, roles: Roles) -> None:
    client, table = roles.client(function, "dynamodb"), roles.name_of("Table")
    update = updates(trial_row(LIMITED[0]), UpdateExpression=f"SET {own} = :bits, {name} = :bits")
    assert not may(lambda: client.update_item(TableName=table, **update))


@pytest.mark.parametrize(
    ("partition", "name"), [("COUPLE#x", "answer"), ("PERSON#x", "answers"), ("PERSON#x", "sealed")]
)
def test_reseal_may_change_a_text_only_in_its_own_kind_of_row(partition: str, name: str, roles: Roles) -> None:
    reseal, table = roles.client("Reseal", "dynamodb"), roles.name_of("Table")
    update = updates({"pk": {"S": partition}, "sk": {"S": "TRIAL"}}, UpdateExpression=f"SET {name} = :bits")
    assert not may(lambda: reseal.update_item(TableName=table, **update))


SOLO: Final = [
    (function, name)
    for function in FUNCTIONS
    for statement in statements(f"{function}Role")
    if statement["Effect"] == "Deny"
    for name in statement["Condition"]["ForAnyValue:StringLike"].get("dynamodb:Attributes", [])
]
"""Each role that may put a person but no solo day, with each attribute of a solo day."""


@pytest.mark.parametrize(("function", "name"), SOLO)
def test_a_role_that_puts_whole_persons_puts_no_solo_day(function: str, name: str, roles: Roles) -> None:
    client, table = roles.client(function, "dynamodb"), roles.name_of("Table")
    row = {"pk": {"S": "PERSON#x"}, "sk": {"S": "TRIAL"}, "profile": {"S": "x"}}
    person, solo, other = (
        {"TableName": table, "Item": row | changes, **NOBODY}
        for changes in ({}, {name: {"S": "x"}}, {"pk": {"S": "PERSON#y"}})
    )
    assert may(lambda: client.put_item(**person))
    assert not may(lambda: client.put_item(**solo))
    assert may(lambda: client.transact_write_items(TransactItems=[{"Put": person}, {"Put": other}]))
    assert not may(lambda: client.transact_write_items(TransactItems=[{"Put": other}, {"Put": solo}]))
    # Not the form of the call, but the role refuses it.
    assert may(lambda: roles.client("CouplesApi", "dynamodb").put_item(**solo))


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_left(roles: Roles) -> Iterator[None]:
    yield
    rows = roles.stack.client("dynamodb").scan(TableName=roles.name_of("Table"))["Items"]
    assert not [row for row in rows if row["sk"] == {"S": "TRIAL"}]
