"""Start the command line: `python -m cli`."""

from __future__ import annotations

import sys

from cli.application import run
from cli.session import World


def main() -> int:
    """Run the command that was typed. Return its exit status."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # Use UTF-8, because packs contain letters that other encodings, such as Latin-1, do not have.
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    return run(sys.argv[1:], World())


if __name__ == "__main__":
    sys.exit(main())
