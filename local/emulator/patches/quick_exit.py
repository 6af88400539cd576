"""Save the second in which ministack imports an SSH library when it ends.

ministack imports the library to stop an SSH server, which never started.
"""

from __future__ import annotations

import sys
import types


def apply() -> None:
    """Replace the module of the SSH server by an empty one."""
    sys.modules["ministack.services.transfer"] = types.ModuleType("transfer")
