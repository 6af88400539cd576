"""Each function's role allows what the function needs, and refuses what belongs to another function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest

if TYPE_CHECKING:
    from local.stack import Stack

FUNCTIONS = ("CouplesApi", "Privacy", "Reseal", "PracticeApi", "Tick", "React", "Tally", "Delivery")
MAY, MAY_NOT = "may", "may not"

READ, WRITE, READ_KEY, SCAN = "dynamodb.get_item", "dynamodb.put_item", "dynamodb.get_item of keys", "dynamodb.scan"
CHANGE, DELETE, LOOK_UP = "dynamodb.update_item", "dynamodb.delete_item", "dynamodb.batch_get_item"
CLEAR = "dynamodb.batch_write_item"
WRITE_KEY, DELETE_KEY = "dynamodb.put_item of keys", "dynamodb.delete_item of keys"
READ_CELL, WRITE_CELL = "dynamodb.get_item of cells", "dynamodb.put_item of cells"
SECRET, WRAP, OPEN = "secretsmanager.get_secret_value", "kms.generate_data_key", "kms.decrypt"
SEND, RECEIVE = "sqs.send_message", "sqs.receive_message"
CELL = "rekindle-cell"


class Trial(NamedTuple):
    """One call in a function's role. `on` is the row's partition, or the purpose in KMS's encryption context."""

    function: str
    outcome: str
    call: str
    on: str = ""


TRIALS = [
    Trial("CouplesApi", MAY, READ, "PERSON#x"),
    Trial("CouplesApi", MAY, READ, "SERVICE"),
    Trial("CouplesApi", MAY, READ_KEY, "COUPLE#x"),
    Trial("CouplesApi", MAY, WRAP, CELL),
    Trial("CouplesApi", MAY, OPEN, CELL),
    Trial("CouplesApi", MAY_NOT, WRAP, "anything-else"),
    Trial("CouplesApi", MAY_NOT, READ, "DUE#x"),
    Trial("CouplesApi", MAY_NOT, WRITE, "SERVICE"),
    Trial("Privacy", MAY, READ, "COUPLE#x"),
    Trial("Privacy", MAY, LOOK_UP, "PACK#x"),
    Trial("Privacy", MAY, READ_KEY, "PERSON#x"),
    Trial("Privacy", MAY, OPEN, CELL),
    Trial("Privacy", MAY_NOT, WRAP, CELL),
    Trial("Privacy", MAY_NOT, READ, "STATS"),
    *(Trial("Privacy", MAY_NOT, call, "COUPLE#x") for call in (WRITE, CHANGE, DELETE, CLEAR, WRITE_KEY, DELETE_KEY)),
    Trial("Reseal", MAY, READ_KEY, "PERSON#x"),
    Trial("Reseal", MAY, READ_CELL, "CELL#x"),
    Trial("Reseal", MAY, OPEN, CELL),
    Trial("Reseal", MAY_NOT, WRAP, CELL),
    Trial("Reseal", MAY_NOT, READ, "PERSON#x"),
    *(Trial("Reseal", MAY_NOT, call, "COUPLE#x") for call in (WRITE, DELETE, CLEAR, WRITE_KEY, DELETE_KEY)),
    *(Trial("CouplesApi", MAY, call, "CELL#x") for call in (READ_CELL, WRITE_CELL)),
    Trial("Privacy", MAY, READ_CELL, "CELL#x"),
    *(Trial(function, MAY_NOT, WRITE_CELL, "CELL#x") for function in ("Privacy", "Reseal")),
    *(Trial("PracticeApi", MAY, call, "AUDIT") for call in (READ, WRITE)),
    *(Trial("PracticeApi", MAY_NOT, call, "AUDIT") for call in (CHANGE, DELETE, CLEAR)),
    *(Trial("PracticeApi", MAY_NOT, call, "COUPLE#x") for call in (READ, WRITE, CLEAR)),
    # A batch write can delete as well as put, with the same permission.
    Trial("PracticeApi", MAY, CLEAR, "PACK#x"),
    Trial("Tick", MAY, READ, "SLOT#x"),
    Trial("Tick", MAY_NOT, READ, "PERSON#x"),
    Trial("Tick", MAY_NOT, WRITE, "SLOT#x"),
    Trial("React", MAY, READ, "COUPLE#x"),
    Trial("React", MAY_NOT, READ, "PERSON#x"),
    Trial("React", MAY_NOT, WRITE, "PERSON#x"),
    *(Trial("Tally", MAY, call, "TALLY#x") for call in (LOOK_UP, WRITE)),
    Trial("Tally", MAY, CHANGE, "STATS#x"),
    *(Trial("Tally", MAY_NOT, call, "COUPLE#x") for call in (READ, LOOK_UP, WRITE, CHANGE, DELETE)),
    *(Trial("Tally", MAY_NOT, call, "STATS") for call in (LOOK_UP, DELETE)),
    Trial("Delivery", MAY, READ, "DUE#x"),
    Trial("Delivery", MAY_NOT, READ, "INVITE#x"),
    Trial("Delivery", MAY_NOT, WRITE, "COUPLE#x"),
    Trial("Delivery", MAY, SECRET),
    *(Trial(function, MAY_NOT, SECRET) for function in FUNCTIONS if function != "Delivery"),
    *(
        Trial(function, MAY_NOT, call, on)
        for function in ("PracticeApi", "Tick", "React", "Tally", "Delivery")
        for call, on in ((READ_KEY, "COUPLE#x"), (READ_CELL, "CELL#x"), (WRAP, CELL), (OPEN, CELL))
    ),
    *(Trial(function, MAY_NOT, SEND) for function in ("CouplesApi", "Privacy", "Reseal", "PracticeApi")),
    *(Trial(function, MAY_NOT, RECEIVE) for function in FUNCTIONS if function != "Delivery"),
    *(Trial(function, MAY_NOT, SCAN) for function in FUNCTIONS),
]
"""Some calls of each kind. `tests/build/test_template.py` checks all partitions and queues of every role."""


@pytest.fixture(scope="module")
def sessions(stack: Stack) -> dict[str, boto3.Session]:
    """Return a session in each function's role. The emulator's account may take on any role."""
    found = {}
    for function in FUNCTIONS:
        role = stack.client("lambda").get_function_configuration(FunctionName=stack.function(function))["Role"]
        given = stack.client("sts").assume_role(RoleArn=role, RoleSessionName="trial")["Credentials"]
        found[function] = boto3.Session(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name="us-east-1"
        )
    return found


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: " ".join(filter(None, trial)))
def test_role(trial: Trial, stack: Stack, sessions: dict[str, boto3.Session]) -> None:
    def client(function: str, service: str) -> Any:
        return sessions[function].client(service, endpoint_url=stack.endpoint_url)  # type: ignore[call-overload]

    names = ("TableName", "KeyTableName", "CellTableName", "QueueUrl")
    table, keys, cells, queue = (stack.outputs[name] for name in names)
    row = {"pk": {"S": trial.on}, "sk": {"S": "TRIAL"}}
    wrap = {"KeyId": stack.outputs["KeyArn"], "NumberOfBytes": 32, "EncryptionContext": {"purpose": trial.on}}
    arguments: dict[str, dict[str, Any]] = {
        READ: {"TableName": table, "Key": row},
        WRITE: {"TableName": table, "Item": row},
        CHANGE: {"TableName": table, "Key": row},
        DELETE: {"TableName": table, "Key": row},
        LOOK_UP: {"RequestItems": {table: {"Keys": [row]}}},
        CLEAR: {"RequestItems": {table: [{"DeleteRequest": {"Key": row}}]}},
        READ_KEY: {"TableName": keys, "Key": {"pk": row["pk"]}},
        WRITE_KEY: {"TableName": keys, "Item": {"pk": row["pk"]}},
        DELETE_KEY: {"TableName": keys, "Key": {"pk": row["pk"]}},
        READ_CELL: {"TableName": cells, "Key": {"pk": row["pk"]}},
        WRITE_CELL: {"TableName": cells, "Item": {"pk": row["pk"]}},
        SCAN: {"TableName": table},
        SECRET: {"SecretId": stack.outputs["FcmSecretArn"]},
        WRAP: wrap,
        SEND: {"QueueUrl": queue, "MessageBody": "trial"},
        RECEIVE: {"QueueUrl": queue, "WaitTimeSeconds": 0},
    }
    if trial.call == OPEN:
        # A ciphertext that can be decrypted, so that only a missing permission can make the call fail.
        wrapped = client("CouplesApi", "kms").generate_data_key(**wrap)["CiphertextBlob"]
        arguments[OPEN] = {"CiphertextBlob": wrapped, "EncryptionContext": wrap["EncryptionContext"]}
    service, _, operation = trial.call.partition(" ")[0].partition(".")
    tried = client(trial.function, service)
    try:
        getattr(tried, operation)(**arguments[trial.call])
        seen = MAY
        if trial.call == WRITE:  # for other tests that read that partition
            stack.client("dynamodb").delete_item(TableName=table, Key=row)
    except tried.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        seen = MAY_NOT if code.startswith("AccessDenied") else code
    assert seen == trial.outcome
