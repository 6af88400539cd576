"""Write the texts that `make run` prints: addresses, and shell commands that try the API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.stack.client import Stack


def walk(stack: Stack) -> str:
    """Return commands that try the API, for a POSIX shell with curl and python3."""
    _, _, commands = Path(__file__).with_suffix(".sh").read_text(encoding="utf-8").partition("\n")
    return f"API='{stack.api_url}'; GOOGLE='{stack.google_url}'\n{commands.strip()}"


def addresses(stack: Stack) -> dict[str, str]:
    """Map labels to the addresses and files that a person can open."""
    return {
        "Two phones in your browser": stack.phones_url,
        "Console, for editor@practice.example with the password rekindle": stack.console_url,
        "API": stack.api_url,
        "Sign-in, FCM inboxes and faults": stack.google_url,
        "AWS endpoint": stack.endpoint_url,
        "Logs": str(stack.logs),
        "Errors of functions": str(stack.logs / "errors.log"),
    }
