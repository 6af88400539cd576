"""`python -m cli`."""

from __future__ import annotations

import sys

from cli.application import run
from cli.desk import World


def main() -> int:
    """Carry out the command that was given."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # Whatever the terminal's locale says: packs are in every language.
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    return run(sys.argv[1:], World())


if __name__ == "__main__":
    sys.exit(main())
