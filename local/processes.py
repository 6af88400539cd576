"""Run child processes: servers, and tools that end by themselves."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Self

from local.errors import StackError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

SHOWN_LINES = 15
_STANDARD_INPUT = 0


class Child:
    """A server in a process of its own, which writes its output into `log`.

    The server's standard input is a pipe from this process. The pipe closes when this process ends, even if this
    process is killed. A server that has called `end_with_the_parent` then ends, too.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=cwd,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Return the server's process id, which is also the id of its process group."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """Return the exit status. Return None while the server runs."""
        return self._process.poll()

    def await_answer(self, url: str, seconds: float, tls: ssl.SSLContext | None = None) -> None:
        """Wait until `url` answers. Raise StackError if the server ends, or does not answer within `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            if (status := self.exit_status) is not None:
                raise StackError(f"{self.name} ended before it answered (exit status {status}).\n{self.last_words()}")
            try:
                with urllib.request.urlopen(url, timeout=1, context=tls):  # noqa: S310 - an address of our own
                    return
            except urllib.error.HTTPError:
                return  # an error status is an answer, too
            except OSError:
                pass
            if time.monotonic() > deadline:
                raise StackError(f"{self.name} does not answer after {seconds:.0f} s.\n{self.last_words()}")
            time.sleep(0.05)

    def last_words(self) -> str:
        """Return the last lines of the server's log, and the path of the whole log."""
        return f"{tail_of(self.log)}\n(all of it: {self.log})"

    def stop(self, grace: float = 15) -> None:
        """Ask the server to end, wait at most `grace` seconds, then kill its whole process group."""
        with contextlib.suppress(OSError):
            self._process.terminate()
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def run(command: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path) -> None:
    """Run a tool and write its output into `log`. Raise StackError if the tool fails."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if status:
        tool = " ".join(command[:2]).rpartition("/")[2]
        raise StackError(f"{tool} failed (exit status {status}).\n{tail_of(log)}\n(all of it: {log})")


def tail_of(log: Path) -> str:
    """Return the last lines of a log, indented."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN_LINES:]
    return "\n".join(f"    {line}" for line in lines)


def end_with_the_parent() -> None:
    """Start a thread that ends this process with SIGTERM when its standard input closes.

    `Child` connects the standard input with the parent process, so the input closes when the parent ends.
    """

    def watch() -> None:
        # Do not use sys.stdin. It is locked while a read waits, and a forked worker would inherit the lock.
        while os.read(_STANDARD_INPUT, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="end-with-the-parent").start()
