"""Show and follow the stack's logs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from local.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

EARLIER_BYTES = 4000
LOOK_EVERY_SECONDS = 0.3


class Tail:
    """Reads the last `earlier` bytes of a file, and then all lines that are added to the file."""

    def __init__(self, path: Path, earlier: int = 0) -> None:
        self.name = path.stem
        self._path = path
        self._at = max(0, path.stat().st_size - earlier) if path.exists() else 0

    def lines(self) -> Iterator[str]:
        """Yield the lines that are complete and that no earlier call has yielded."""
        if not self._path.exists():
            return
        with self._path.open("rb") as log:
            log.seek(self._at)
            text, newline, _ = log.read().rpartition(b"\n")
        self._at += len(text) + len(newline)
        if newline:
            yield from text.decode("utf-8", "replace").splitlines()


def logs_of(folder: Path, names: Iterable[str]) -> list[Path]:
    """Return the files of the named logs, such as `Tick` or `errors`. Without names, return all functions' logs.

    Raises:
        StackError: The folder does not exist, or there is no log with one of the names.
    """
    wanted = list(names)
    if not folder.is_dir():
        raise StackError(f"There are no logs in {folder}: no stack has run there.")
    if not wanted:
        return sorted((folder / "functions").glob("*.log"))
    known = {path.stem: path for path in (*folder.glob("*.log"), *(folder / "functions").glob("*.log"))}
    if unknown := [name for name in wanted if name not in known]:
        raise StackError(f"There is no log of {', '.join(unknown)} yet. The logs so far: {', '.join(sorted(known))}.")
    return [known[name] for name in wanted]


def show(folder: Path, names: Iterable[str], *, follow: bool) -> None:
    """Print the end of the logs. With `follow`, also print new lines until Ctrl-C."""
    wanted = list(names)
    tails = {path: Tail(path, EARLIER_BYTES) for path in logs_of(folder, wanted)}
    while True:
        for tail in tails.values():
            for line in tail.lines():
                print(f"{tail.name:>12} | {line}", flush=True)
        if not follow:
            return
        time.sleep(LOOK_EVERY_SECONDS)
        for path in logs_of(folder, wanted):
            # A function's log file appears when the function is first called.
            tails.setdefault(path, Tail(path))
