"""The local stack's parts work without a running stack: packages, logs, locks, addresses."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from local.errors import StackError
from local.stack import Stack, logs
from local.stack.logs import Tail
from local.stack.reload import Unit, units
from local.stack.state import reset
from local.stack.walk import walk

if TYPE_CHECKING:
    from pathlib import Path


def a_stack(state: Path) -> Stack:
    return Stack("http://127.0.0.1:1", "http://127.0.0.1:2", {"ApiId": "abc", "TickFunction": "stack-Tick-1"}, state)


def test_the_template_has_one_layer_and_a_folder_for_each_unit() -> None:
    found = units()

    assert [unit.id for unit in found if unit.is_layer] == ["Layer"]
    assert {"CouplesApi", "Tick", "React", "Delivery"} <= {unit.id for unit in found}
    assert all(unit.sources.is_dir() for unit in found)


def test_a_package_has_the_present_sources_and_the_built_dependencies(tmp_path: Path) -> None:
    """What was deleted since the build is gone, and stale bytecode of our own with it."""
    with zipfile.ZipFile(tmp_path / "Layer.zip", "w") as built:
        for name in ("python/boto3/__init__.py", "python/own/old.py", "python/own/__pycache__/old.pyc"):
            built.writestr(name, "built")
        built.writestr("python/requirements.txt", "boto3")
    sources = tmp_path / "shared"
    (sources / "own").mkdir(parents=True)
    (sources / "own" / "new.py").write_text("present")
    (sources / "requirements.txt").write_text("boto3")

    unit = Unit("Layer", sources, is_layer=True)

    with zipfile.ZipFile(io.BytesIO(unit.package(tmp_path))) as package:
        assert sorted(package.namelist()) == [
            "python/boto3/__init__.py",
            "python/own/new.py",
            "python/requirements.txt",
        ]
    assert unit.package(tmp_path) == unit.package(tmp_path)


def test_changed_requirements_need_a_build(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "Tick.zip", "w") as built:
        built.writestr("requirements.txt", "")
    sources = tmp_path / "tick"
    sources.mkdir()
    (sources / "requirements.txt").write_text("boto3")

    with pytest.raises(StackError, match="requirements of Tick"):
        Unit("Tick", sources, is_layer=False).package(tmp_path)


def test_a_fingerprint_follows_the_sources_and_not_their_bytecode(tmp_path: Path) -> None:
    unit = Unit("Tick", tmp_path, is_layer=False)
    (tmp_path / "tick.py").write_text("1")
    first = unit.fingerprint()

    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "tick.pyc").write_text("x")
    assert unit.fingerprint() == first

    (tmp_path / "tick.py").write_text("2")
    assert unit.fingerprint() != first


def test_a_tail_shows_whole_lines_once(tmp_path: Path) -> None:
    log = tmp_path / "Tick.log"
    tail = Tail(log)
    assert list(tail.lines()) == []

    log.write_text("one\ntw")
    assert list(tail.lines()) == ["one"]

    log.write_text("one\ntwo\n")
    assert list(tail.lines()) == ["two"]
    assert list(tail.lines()) == []


def test_the_error_about_an_unknown_log_lists_the_logs(tmp_path: Path) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "Tick.log").touch()
    (tmp_path / "emulator.log").touch()

    assert [path.stem for path in logs.logs_of(tmp_path, [])] == ["Tick"]
    with pytest.raises(StackError, match=r"no log of Tock yet\. The logs so far: Tick, emulator"):
        logs.logs_of(tmp_path, ["Tock"])
    with pytest.raises(StackError, match="no stack has run there"):
        logs.logs_of(tmp_path / "nowhere", [])


def test_no_client_attaches_to_a_stack_that_does_not_run(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="make run"):
        Stack.attached(tmp_path)


def test_reset_deletes_a_stacks_own_folder_only(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()

    with pytest.raises(StackError, match="nothing was deleted"):
        reset(tmp_path)
    reset(tmp_path / "nowhere")

    assert (tmp_path / "letters.txt").exists()


def test_the_error_about_an_unknown_function_lists_the_functions(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="no function Tock; there are Tick"):
        a_stack(tmp_path).function("Tock")


def test_the_walk_can_be_pasted(tmp_path: Path) -> None:
    text = walk(a_stack(tmp_path))

    assert "API='http://127.0.0.1:1/_aws/execute-api/abc/$default'" in text
    assert "$ANA" in text
