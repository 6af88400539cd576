"""State that outlives a kill -9: saved while running, all of it from one instant, and never half-written."""

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
from ministack.services import lambda_svc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

log = logging.getLogger("durability")

NOT_SAVED = frozenset({"s3", "cloudwatch"})
"""Deployment artifacts, which a deployment uploads anew, and metrics, which nobody here looks at after a restart."""

BREATHER = 10
"""Between two saves passes at least this many times what the last one took, so that a big table slows nobody."""


class UnreadableStateError(Exception):
    """A saved file cannot be read; to start without it would silently lose its data."""


def apply(save_every: float) -> None:
    """Save every `save_every` seconds (0: only on a regular end), and refuse to start from broken state."""
    state = Path(persistence.STATE_DIR)
    _refuse_unreadable(state)
    saver = Saver(state)
    app.save_all = saver.save
    lambda_svc._prune_orphan_code_blobs = saver.prune_after_saving
    if save_every:
        threading.Thread(target=saver.keep_saving, args=(save_every,), daemon=True, name="autosave").start()


def _refuse_unreadable(state: Path) -> None:
    for path in sorted(state.glob("*.json")):
        try:
            json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise UnreadableStateError(f"{path}: {error}") from error


class Saver:
    """Writes the services' state to one folder, only what changed since the last save."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._saved: dict[str, int] = {}
        self._blobs: set[str] | None = None
        self._prune = lambda_svc._prune_orphan_code_blobs
        self._saving = threading.Lock()

    def keep_saving(self, every: float) -> None:
        """Save for ever, `every` seconds apart or more."""
        pause = every
        while True:
            time.sleep(pause)
            if app._MAIN_LOOP is None:
                continue
            began = time.monotonic()
            try:
                self.write(asyncio.run_coroutine_threadsafe(self._snapshot_on_the_loop(), app._MAIN_LOOP).result())
            except Exception:
                log.exception("autosave failed; the next one may succeed")
            pause = max(every, BREATHER * (time.monotonic() - began))

    def save(self, services: Mapping[str, Callable[[], Any]]) -> None:
        """Save now: what ministack calls when it ends."""
        self.write(self.snapshot(services))

    async def _snapshot_on_the_loop(self) -> dict[str, Any]:
        # Requests are served on this loop, so none is halfway while the snapshot is taken.
        return self.snapshot(app._build_persistence_save_dict())

    def snapshot(self, services: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """A copy of each service's state; one that a background thread changed meanwhile is left for the next save."""
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

    def write(self, states: Mapping[str, Any]) -> None:
        """Write what changed: all files beside their places first, then all into place."""
        with self._saving:
            self._folder.mkdir(parents=True, exist_ok=True)
            staged: list[tuple[str, int, Path, Path]] = []
            for name, state in states.items():
                fingerprint = hash(json.dumps(state, default=_fingerprint))
                if self._saved.get(name) == fingerprint:
                    continue
                place = self._folder / f"{name}.json"
                beside = place.with_suffix(".json.tmp")
                with beside.open("w", encoding="utf-8") as file:
                    envelope = {"__ministack_format__": persistence._state_format_version(name), "payload": state}
                    json.dump(envelope, file, default=persistence._json_default)
                staged.append((name, fingerprint, beside, place))
            for name, fingerprint, beside, place in staged:
                beside.replace(place)
                self._saved[name] = fingerprint
            if self._blobs is not None and "lambda" in states:
                self._prune(self._blobs)
                self._blobs = None

    def prune_after_saving(self, referenced: set[str]) -> None:
        """Keep code that only the file being replaced still names, until it is replaced."""
        self._blobs = referenced


def _fingerprint(value: Any) -> Any:
    # Bundles are bytes of many megabytes that never change in place: their identity stands for their content.
    if isinstance(value, bytes | bytearray):
        return [id(value), len(value)]
    return persistence._json_default(value)


def _without_log_lines(state: dict[str, Any]) -> dict[str, Any]:
    """Groups without streams: the lines are in files, and would make each save longer than the one before."""
    groups = AccountRegionScopedDict()
    groups._data = {key: {**group, "streams": {}} for key, group in state["log_groups"]._data.items()}
    return {**state, "log_groups": groups}
