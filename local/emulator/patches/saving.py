"""ministack saves its state only at a regular end.

So a kill loses all data, and a broken file is a start without data. Here the state is saved while the emulator runs,
whole and from one instant.
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
"""The services whose state is not needed: a deployment uploads its artifacts anew, and nobody reads the metrics."""

REST = 10
"""The pause between two saves is at least this many times as long as the last save, to slow no request down."""


class UnreadableStateError(Exception):
    """A saved file cannot be read. A start without it would lose its data."""


def apply(save_every: float) -> None:
    """Save every `save_every` seconds (0: only at a regular end).

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
    """Writes the services' state to one folder, only what changed since the last save."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._saved: dict[str, int] = {}
        self._code = SavedCode()
        self._saving = threading.Lock()

    def keep_saving(self, every: float) -> None:
        """Save for ever, at least `every` seconds apart."""
        pause = every
        while True:
            time.sleep(pause)
            if app._MAIN_LOOP is None:
                continue
            began = time.monotonic()
            try:
                self._write(asyncio.run_coroutine_threadsafe(self._snapshot_on_the_loop(), app._MAIN_LOOP).result())
            except Exception:
                log.exception("autosave failed; the next one may succeed")
            pause = max(every, REST * (time.monotonic() - began))

    def save(self, services: Mapping[str, Callable[[], Any]]) -> None:
        """Save now; ministack calls this at its end."""
        self._write(_snapshot(services))

    async def _snapshot_on_the_loop(self) -> dict[str, Any]:
        # Requests are served on this loop, so none is halfway while the snapshot is taken.
        return _snapshot(app._build_persistence_save_dict())

    def _write(self, states: Mapping[str, Any]) -> None:
        """Write the changed files beside the old ones first, then replace the old ones."""
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
    """Copy each service's state. One that a background thread changed meanwhile waits for the next save."""
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
    """Return the log groups without streams. The lines are in files, and would make each save longer."""
    groups = AccountRegionScopedDict()
    groups._data = {key: {**group, "streams": {}} for key, group in state["log_groups"]._data.items()}
    return {**state, "log_groups": groups}
