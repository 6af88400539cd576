"""Let ministack end a second faster.

When ministack ends, it imports an SSH library to stop an SSH server, which never started. The import takes a second.
"""

from __future__ import annotations

import sys
import types


def apply() -> None:
    """Replace the module of the SSH server by an empty one."""
    sys.modules["ministack.services.transfer"] = types.ModuleType("transfer")
