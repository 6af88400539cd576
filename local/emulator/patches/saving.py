"""Save the emulator's state regularly. ministack saves only when it ends normally, so a kill would lose all data.

A save copies the state of each service while the event loop handles no request. Then the save writes new files. It
replaces the old files only when all new files are complete. If a file is damaged, the emulator does not start.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import persistence
from ministack.core.responses import AccountRegionScopedDict

from local.emulator.patches.saved_code import SavedCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger("saving")

NOT_SAVED = frozenset({"s3", "cloudwatch"})
"""Services without saved state. Each deployment uploads its artifacts to S3 again, and nobody reads the metrics."""

REST = 10
"""The pause after a save is at least this many times as long as the save. So most of the time, no save runs."""


class UnreadableStateError(Exception):
    """A saved file cannot be read. A start without this file would lose the file's data."""


def apply(save_every: float) -> None:
    """Save every `save_every` seconds. With 0, save only when the emulator ends normally.

    Raises:
        UnreadableStateError: A saved file cannot be read.
    """
    state = Path(persistence.STATE_DIR)
    for path in sorted(state.glob("*.json")):
        try:
            json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise UnreadableStateError(f"{path}: {error}") from error
    saver = Saver(state)
    app.save_all = saver.save
    if save_every:
        threading.Thread(target=saver.keep_saving, args=(save_every,), daemon=True, name="autosave").start()


class Saver:
    """Writes the state of each service to a file if the state has changed since the last save."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._saved: dict[str, int] = {}
        self._code = SavedCode()
        self._saving = threading.Lock()

    def keep_saving(self, every: float) -> None:
        """Save again and again, with pauses of at least `every` seconds."""
        pause = every
        while True:
            time.sleep(pause)
            if app._MAIN_LOOP is None:
                continue
            began = time.monotonic()
            try:
                self._write(asyncio.run_coroutine_threadsafe(self._snapshot_on_the_loop(), app._MAIN_LOOP).result())
            except Exception:
                log.exception("autosave failed; the next save may succeed")
            pause = max(every, REST * (time.monotonic() - began))

    def save(self, services: Mapping[str, Callable[[], Any]]) -> None:
        """Save now. ministack calls this method when it ends."""
        self._write(_snapshot(services))

    async def _snapshot_on_the_loop(self) -> dict[str, Any]:
        # The event loop handles the requests, too. So it handles no request during the copy.
        return _snapshot(app._build_persistence_save_dict())

    def _write(self, states: Mapping[str, Any]) -> None:
        """Write all changed states to temporary files. Then replace the old files by the temporary files."""
        with self._saving:
            self._folder.mkdir(parents=True, exist_ok=True)
            staged: list[tuple[str, int, Path]] = []
            for name, state in states.items():
                fingerprint = hash(json.dumps(state, default=persistence._json_default))
                if self._saved.get(name) == fingerprint:
                    continue
                beside = self._folder / f"{name}.json.tmp"
                with beside.open("w", encoding="utf-8") as file:
                    envelope = {"__ministack_format__": persistence._state_format_version(name), "payload": state}
                    json.dump(envelope, file, default=persistence._json_default)
                staged.append((name, fingerprint, beside))
            for name, fingerprint, beside in staged:
                beside.replace(self._folder / f"{name}.json")
                self._saved[name] = fingerprint
            if "lambda" in states:
                self._code.prune()


def _snapshot(services: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Copy each service's state. Leave out a service if a thread changes its state during the copy."""
    states = {}
    for name, state_of in services.items():
        if name in NOT_SAVED:
            continue
        try:
            state = state_of()
        except RuntimeError as error:
            log.info("%s changed while it was copied: %s", name, error)
            continue
        if state is not None:
            states[name] = _without_log_lines(state) if name == "cloudwatch_logs" else state
    return states


def _without_log_lines(state: dict[str, Any]) -> dict[str, Any]:
    """Return the state without log lines. The lines are in the log files, and would make saves slow."""
    groups = AccountRegionScopedDict()
    groups._data = {key: {**group, "streams": {}} for key, group in state["log_groups"]._data.items()}
    return {**state, "log_groups": groups}
