"""State that outlives a kill -9: saved while running, all of it from one instant, and never half-written."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
import time
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import persistence
from ministack.core.responses import AccountRegionScopedDict
from ministack.services import lambda_svc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

log = logging.getLogger("durability")

NOT_SAVED = frozenset({"s3", "cloudwatch"})
"""Deployment artifacts, which a deployment uploads anew, and metrics, which nobody here looks at after a restart."""

_BUNDLE = "bundle"

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
    # Only to stop a server that never started it would import an SSH library, for a second at each end.
    sys.modules["ministack.services.transfer"] = types.ModuleType("transfer")
    if save_every:
        threading.Thread(target=saver.keep_saving, args=(save_every,), daemon=True, name="autosave").start()


def _refuse_unreadable(state: Path) -> None:
    for path in sorted(state.glob("*.json")):
        try:
            json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise UnreadableStateError(f"{path}: {error}") from error


class Bundles:
    """Functions' code and layers as files beside the state, each named by its content.

    ministack hashes all code anew for each save, and writes layers into the state itself: a hundred megabytes with
    each change of a stream's position. Here each is hashed and written once.
    """

    def __init__(self) -> None:
        self._write, self._prune = lambda_svc._write_code_blob, lambda_svc._prune_orphan_code_blobs
        self._state_of, self._restore = lambda_svc.get_state, lambda_svc._restore_state
        self._named: dict[int, tuple[bytes, str]] = {}
        self._referenced: set[str] = set()
        lambda_svc._write_code_blob = self._name_of
        # What only the file being replaced still names is needed until it is replaced: see `prune`.
        lambda_svc._prune_orphan_code_blobs = self._reference
        lambda_svc.get_state = self._state
        lambda_svc._restore_state = self._restored

    def prune(self) -> None:
        """Remove what the state just saved no longer names."""
        self._prune(self._referenced)
        self._named = {key: named for key, named in self._named.items() if named[1] in self._referenced}

    def _name_of(self, bundle: bytes) -> str:
        # By identity: bytes never change, and as long as they are kept here no other object has their id.
        if id(bundle) not in self._named:
            self._named[id(bundle)] = bundle, self._write(bundle)
        return self._named[id(bundle)][1]

    def _reference(self, referenced: set[str]) -> None:
        self._referenced = referenced

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self._state_of()
        for version in _layer_versions(state):
            if isinstance(bundle := version["_zip_data"], bytes):
                version["_zip_data"] = {_BUNDLE: self._name_of(bundle)}
                self._referenced.add(version["_zip_data"][_BUNDLE])
        # Stream records do not outlive a restart, so positions among them mean nothing after it.
        return state | {"kinesis_positions": {}, "dynamodb_stream_positions": {}}

    def _restored(self, state: dict[str, Any]) -> None:
        for version in _layer_versions(state):
            if isinstance(reference := version["_zip_data"], dict):
                version["_zip_data"] = lambda_svc._read_code_blob(reference[_BUNDLE])
        self._restore(state)


def _layer_versions(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for layer in state["layers"]._data.values():
        yield from layer["versions"]


class Saver:
    """Writes the services' state to one folder, only what changed since the last save."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._saved: dict[str, int] = {}
        self._bundles = Bundles()
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
                fingerprint = hash(json.dumps(state, default=persistence._json_default))
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
            if "lambda" in states:
                self._bundles.prune()


def _without_log_lines(state: dict[str, Any]) -> dict[str, Any]:
    """Groups without streams: the lines are in files, and would make each save longer than the one before."""
    groups = AccountRegionScopedDict()
    groups._data = {key: {**group, "streams": {}} for key, group in state["log_groups"]._data.items()}
    return {**state, "log_groups": groups}
