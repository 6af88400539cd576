"""Lock a stack's state folder, or delete it. Only one stack at a time can use a state folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from typing import TYPE_CHECKING

from local.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def locked(state: Path) -> Iterator[None]:
    """Lock the folder while the context lasts. Make the folder if it is missing.

    Raises:
        StackError: Another stack holds the lock, or the folder cannot be used.
    """
    try:
        (state / "logs").mkdir(parents=True, exist_ok=True)
        lock = (state / "lock").open("a+", encoding="ascii")
    except OSError as error:
        raise StackError(f"The state folder cannot be used: {error}\n{reset_advice(state)}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StackError(
                f"A stack is already running with its state in {state} (process {lock.read().strip() or 'unknown'}).\n"
                "Use that stack, end it with Ctrl-C in its terminal, or start another with its own folder and ports:\n"
                "REKINDLE_STATE=DIR EMULATOR_PORT=N GOOGLE_PORT=N make run"
            ) from None
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def is_locked(state: Path) -> bool:
    """Return whether a stack is running with this folder."""
    with (state / "lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def reset(state: Path) -> None:
    """Delete a stack's state folder. Do nothing if the folder does not exist.

    Raises:
        StackError: The stack is running, or the folder is not a state folder.
    """
    if not state.exists():
        return
    if not (state / "lock").exists():
        raise StackError(f"{state} is not the state folder of a stack, so nothing was deleted.")
    if is_locked(state):
        raise StackError(f"The stack in {state} is running. End it first, with Ctrl-C in its terminal.")
    shutil.rmtree(state)


def reset_advice(state: Path) -> str:
    """Return the advice to delete a state folder that cannot be used."""
    return f"To start with an empty folder, run `make reset`, which deletes {state} with all local data."
