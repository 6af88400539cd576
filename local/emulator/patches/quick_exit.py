"""Let ministack end a second faster.

When ministack ends, it stops its SSH server, even if the server never started. For this, ministack imports an SSH
library, which takes a second.
"""

from __future__ import annotations

import sys
import types


def apply() -> None:
    """Replace the SSH server's module by an empty module."""
    sys.modules["ministack.services.transfer"] = types.ModuleType("transfer")
