"""The patched emulator keeps its data after a kill -9, and charges reads by their size."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local.errors import StackError
from local.stack.start import UNREADABLE_STATE, Settings, emulator_process, free_ports
from testing.engines import client, create_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.processes import Child


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (port,) = free_ports(1)
    settings = Settings(tmp_path, emulator_port=port, tick=False)
    settings.logs.mkdir()
    return settings


@contextlib.contextmanager
def emulator(settings: Settings) -> Iterator[Child]:
    with emulator_process(settings) as process:
        process.await_answer(f"{url_of(settings)}/_ministack/health", 60)
        yield process


def url_of(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.emulator_port}"


def saved(settings: Settings, service: str, text: str) -> bool:
    """Return whether the service's saved state contains the text."""
    file = settings.state / "emulator" / f"{service}.json"
    return file.exists() and text in file.read_text(encoding="utf-8")


def test_a_kill_loses_only_the_last_seconds(settings: Settings) -> None:
    dynamodb = client("dynamodb", url_of(settings))
    key = {"pk": {"S": "PERSON#ana"}, "sk": {"S": "PERSON"}}
    with emulator(settings) as process:
        name, _ = create_tables(dynamodb, "rekindle")
        dynamodb.put_item(TableName=name, Item=key)
        secret = client("secretsmanager", url_of(settings)).create_secret(Name="fcm", SecretString="{}")["ARN"]
        while not saved(settings, "dynamodb", "PERSON#ana") or not saved(settings, "secretsmanager", "SecretString"):
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)

    with emulator(settings):
        assert dynamodb.get_item(TableName=name, Key=key)["Item"] == key
        kept = client("secretsmanager", url_of(settings)).get_secret_value(SecretId=secret)
        assert kept["SecretString"] == "{}"


def test_a_regular_end_loses_nothing(settings: Settings) -> None:
    dynamodb = client("dynamodb", url_of(settings))
    key = {"pk": {"S": "PERSON#ana"}, "sk": {"S": "PERSON"}}
    with emulator(settings):
        name, _ = create_tables(dynamodb, "rekindle")
        dynamodb.put_item(TableName=name, Item=key)

    with emulator(settings):
        assert dynamodb.get_item(TableName=name, Key=key)["Item"] == key


def test_an_unreadable_state_is_never_replaced_by_an_empty_one(settings: Settings) -> None:
    state = settings.state / "emulator"
    state.mkdir()
    broken = state / "dynamodb.json"
    broken.write_text('{"__ministack_format__": 2, "payl')

    with emulator_process(settings) as process, pytest.raises(StackError, match=r"dynamodb\.json"):
        process.await_answer(url_of(settings), 60)

    assert process.exit_status == UNREADABLE_STATE
    assert broken.read_text().endswith("payl")


def test_the_emulator_ends_when_its_parent_is_gone(settings: Settings) -> None:
    with emulator(settings) as process:
        stdin = process._process.stdin
        assert stdin is not None
        stdin.close()

        assert process._process.wait(20) == 0


def test_reads_are_charged_by_their_size(settings: Settings) -> None:
    dynamodb = client("dynamodb", url_of(settings))
    with emulator(replace(settings, keep=False)):
        name, _ = create_tables(dynamodb, "rekindle")
        for number in range(3):
            item = {"pk": {"S": "p"}, "sk": {"S": str(number)}, "text": {"S": "x" * 6_000}}
            dynamodb.put_item(TableName=name, Item=item)
        key = {"pk": {"S": "p"}, "sk": {"S": "0"}}

        def units(**answer: object) -> object:
            consumed = answer["ConsumedCapacity"]
            return (consumed[0] if isinstance(consumed, list) else consumed)["CapacityUnits"]  # type: ignore[index]

        asked = {"ReturnConsumedCapacity": "TOTAL"}
        batch = {name: {"Keys": [key]}}
        transaction = [{"Get": {"TableName": name, "Key": key}}]
        values = {":p": {"S": "p"}}
        query = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": values}

        assert units(**dynamodb.get_item(TableName=name, Key=key, ConsistentRead=True, **asked)) == 2
        assert units(**dynamodb.get_item(TableName=name, Key=key, **asked)) == 1
        assert units(**dynamodb.query(TableName=name, **query, **asked)) == 2.5
        assert units(**dynamodb.batch_get_item(RequestItems=batch, **asked)) == 1
        assert units(**dynamodb.transact_get_items(TransactItems=transaction, **asked)) == 4
