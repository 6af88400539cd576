"""Write the functions' logs to files, which a person can read in a terminal.

Without the patch, the logs are only in the emulator's CloudWatch.
"""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Any

from ministack.services import lambda_svc

if TYPE_CHECKING:
    from pathlib import Path


def apply(logs: Path) -> None:
    """Write each function's log to `logs`/functions/<name>.log. Write failed calls to `logs`/errors.log, too."""
    folder = logs / "functions"
    folder.mkdir(parents=True, exist_ok=True)
    original = lambda_svc._emit_lambda_logs
    writing = threading.Lock()

    def emit(function: dict[str, Any], request_id: str, text: str, error: bool, duration_ms: int, **named: Any) -> None:  # noqa: FBT001 - ministack's own signature
        original(function, request_id, text, error, duration_ms, **named)
        name = _short_name((function.get("config") or function).get("FunctionName", "unknown"))
        at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")  # noqa: TID251 - a log line has the real time
        entry = f"{at} {request_id} {'FAILED' if error else 'ok'} {duration_ms} ms\n"
        if text:
            entry += text.rstrip("\n") + "\n"
        with writing:
            _append(folder / f"{name}.log", entry)
            if error:
                _append(logs / "errors.log", f"{name} {entry}")

    lambda_svc._emit_lambda_logs = emit


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as log:
        log.write(text)


def _short_name(function: str) -> str:
    """Return the logical id in a function's name. Example: for `rekindle-local-Tick-4QX7`, return `Tick`."""
    parts = function.split("-")
    return parts[-2] if len(parts) > 2 else function  # noqa: PLR2004 - the stack, the id, a random part
