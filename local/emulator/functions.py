"""Functions that run as on AWS: what they import, how they fail, where their logs are."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import tempfile
import threading
import time
import types
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.emulator.seams import replaced_once

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT_BUNDLES = 12
"""Unpacked functions and layers to keep in any case, for a fast first call."""
LONG_UNUSED_SECONDS = 24 * 3600


def apply(logs: Path, unpacked: Path) -> None:
    """Amend the Lambda runtime.

    Each function's log goes to `logs`/functions/<name>.log, failures to errors.log too. Bundles are unpacked below
    `unpacked`, which stacks may share.
    """
    _hide_the_emulators_packages()
    _keep_a_worker_whose_handler_raised()
    _share_unpacked_code(unpacked)
    _answer_a_failure_without_its_reason()
    _wait_briefly_for_silent_invocations()
    _write_logs_to_files(logs)


def _hide_the_emulators_packages() -> None:
    """A worker runs in ministack's interpreter: a dependency missing from the bundle must not be found there."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = replaced_once(
        lambda_runtime._PYTHON_WORKER_SCRIPT,
        "    sys.path.insert(0, code_dir)\n",
        '    sys.path[:] = [path for path in sys.path if "site-packages" not in path]\n'
        "    sys.path.insert(0, code_dir)\n",
    )


def _keep_a_worker_whose_handler_raised() -> None:
    """AWS keeps the environment of a handler that raised; ministack ends it and starts another, which takes seconds.

    A module that does not load says why in the function's log, as on AWS.
    """
    lambda_runtime._PYTHON_WORKER_SCRIPT = replaced_once(
        replaced_once(
            lambda_runtime._PYTHON_WORKER_SCRIPT,
            '{"status": "error", "error": str(e), "trace": traceback.format_exc()}',
            '{"status": "ok", "raised": {"error": str(e), "trace": traceback.format_exc()}}',
        ),
        '    except Exception as e:\n        _real_stdout.write(json.dumps({"status": "error", "error": str(e)})',
        "    except Exception as e:\n        traceback.print_exc()\n"
        '        _real_stdout.write(json.dumps({"status": "error", "error": str(e)})',
    )
    original = lambda_runtime.Worker.invoke

    def invoke(self: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        try:
            response: dict[str, Any] = original(self, *arguments, **named)
        except RuntimeError as error:
            return {"status": "error", "error": str(error), "trace": self._drain_stderr_bounded(0.5)}
        if raised := response.pop("raised", None):
            response |= {"status": "error", **raised}
        return response

    lambda_runtime.Worker.invoke = invoke


def _share_unpacked_code(unpacked: Path) -> None:
    """Each worker would unpack its whole bundle and layer anew; unpack once by content and link to it."""

    class SharedZipFile(zipfile.ZipFile):
        def extractall(self, path: Any = None, *arguments: Any, **named: Any) -> None:
            with open(str(self.filename), "rb") as archive:  # noqa: PTH123 - hashlib wants the file itself
                digest = hashlib.file_digest(archive, "sha256").hexdigest()
            shared = unpacked / digest[:24]
            if shared.is_dir():
                os.utime(shared)
            else:
                unpacked.mkdir(parents=True, exist_ok=True)
                beside = Path(tempfile.mkdtemp(dir=unpacked))
                super().extractall(beside, *arguments, **named)
                try:
                    beside.rename(shared)
                except OSError:
                    if not shared.is_dir():  # else another worker was first, which is as good
                        raise
                    shutil.rmtree(beside)
            target = Path(path)
            target.rmdir()
            target.symlink_to(shared)

    lambda_runtime.zipfile = types.SimpleNamespace(
        ZipFile=SharedZipFile, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )


def _answer_a_failure_without_its_reason() -> None:
    """API Gateway says nothing of a function's failure; ministack would send its message to the phone."""
    original: Callable[[dict[str, Any]], tuple[dict[str, Any] | None, str | None]]
    original = lambda_svc.lambda_execute_result_to_api_proxy_response
    failure = {
        "statusCode": 500,
        "headers": {"Content-Type": "application/json"},
        "body": '{"message":"Internal Server Error"}',
    }

    def response(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        return (dict(failure), None) if result.get("error") else original(result)

    lambda_svc.lambda_execute_result_to_api_proxy_response = response


def _wait_briefly_for_silent_invocations() -> None:
    """Waits 2 ms instead of 50 ms for the log of an invocation that wrote none."""
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = (0.002, 0.001, 0.25)


def _write_logs_to_files(logs: Path) -> None:
    """One file for each function, and one for all failures, so that an error is found without asking an API."""
    folder = logs / "functions"
    folder.mkdir(parents=True, exist_ok=True)
    errors = logs / "errors.log"
    original = lambda_svc._emit_lambda_logs
    writing = threading.Lock()

    def emit(function: dict[str, Any], request_id: str, text: str, error: bool, duration_ms: int, **named: Any) -> None:  # noqa: FBT001 - ministack's own signature
        original(function, request_id, text, error, duration_ms, **named)
        name = _short_name((function.get("config") or function).get("FunctionName", "unknown"))
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")  # noqa: TID251 - a log line of the real world
        entry = f"{at} {request_id} {'FAILED' if error else 'ok'} {duration_ms} ms\n"
        if text:
            entry += text.rstrip("\n") + "\n"
        with writing:
            _append(folder / f"{name}.log", entry)
            if error:
                _append(errors, f"{name} {entry}")

    lambda_svc._emit_lambda_logs = emit


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as log:
        log.write(text)


def _short_name(function: str) -> str:
    """The logical id in CloudFormation's `<stack>-<logical id>-<random>`, or the whole name of another."""
    parts = function.split("-")
    return parts[-2] if len(parts) > 2 else function  # noqa: PLR2004 - the three parts above


def tidy(unpacked: Path) -> None:
    """Remove what earlier runs left: their workers' folders, and bundles that no stack has used for long."""
    stale = list(Path(tempfile.gettempdir()).glob("ministack-lambda-*"))
    by_use = sorted(((path.stat().st_mtime, path) for path in unpacked.glob("*")), reverse=True)
    long_ago = time.time() - LONG_UNUSED_SECONDS  # noqa: TID251 - files have the real world's dates
    stale += [path for used, path in by_use[KEPT_BUNDLES:] if used < long_ago]
    for path in stale:
        shutil.rmtree(path, ignore_errors=True)
