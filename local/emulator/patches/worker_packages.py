"""Hide the emulator's own packages from functions.

ministack runs functions with its own Python. Without the patch, a function could import the emulator's packages. On
AWS, the import would fail.
"""

from __future__ import annotations

from ministack.core import lambda_runtime

from local.emulator.patches.seams import replaced_once


def apply() -> None:
    """Make each function start without the emulator's packages on its `sys.path`."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = replaced_once(
        lambda_runtime._PYTHON_WORKER_SCRIPT,
        "    sys.path.insert(0, code_dir)\n",
        '    sys.path[:] = [path for path in sys.path if "site-packages" not in path]\n'
        "    sys.path.insert(0, code_dir)\n",
    )
