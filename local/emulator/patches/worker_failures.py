"""Keep a function's worker process after its handler raised an exception, as AWS does.

ministack ends the worker, and a new worker needs seconds to start. If the import of the function's module fails, this
patch also writes the traceback to the function's log, as AWS does.
"""

from __future__ import annotations

from typing import Any

from ministack.core import lambda_runtime

from local.emulator.patches.seams import replaced_once


def apply() -> None:
    """Let the worker report an exception as a normal answer. In ministack, turn this answer into an error again."""
    script = replaced_once(
        lambda_runtime._PYTHON_WORKER_SCRIPT,
        '{"status": "error", "error": str(e), "trace": traceback.format_exc()}',
        '{"status": "ok", "raised": {"error": str(e), "trace": traceback.format_exc()}}',
    )
    lambda_runtime._PYTHON_WORKER_SCRIPT = replaced_once(
        script,
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
