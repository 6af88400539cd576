"""The patched emulator keeps its data, and ends with its parent. `tests/e2e/test_restart.py` kills it."""

from __future__ import annotations

import contextlib
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


def test_a_regular_end_loses_nothing(settings: Settings) -> None:
    dynamodb = client("dynamodb", url_of(settings))
    key = {"pk": {"S": "PERSON#ana"}, "sk": {"S": "PERSON"}}
    with emulator(settings):
        name, *_ = create_tables(dynamodb, "rekindle")
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
