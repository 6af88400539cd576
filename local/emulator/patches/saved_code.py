"""Save each code bundle once. ministack itself hashes all code and writes 100 MB of layers whenever it saves its state.

A bundle is the archive of a function or of a layer. Each bundle is saved in a file whose name is the bundle's hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import lambda_svc

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUNDLE = "bundle"


class SavedCode:
    """Saves the bundles of functions and layers as files in the folder of the state."""

    def __init__(self) -> None:
        self._write, self._prune = lambda_svc._write_code_blob, lambda_svc._prune_orphan_code_blobs
        self._state_of, self._restore = lambda_svc.get_state, lambda_svc._restore_state
        self._named: dict[int, tuple[bytes, str]] = {}
        self._referenced: set[str] = set()
        lambda_svc._write_code_blob = self._name_of
        # ministack removes unused bundles too early: the old state file still refers to these bundles. So this hook
        # only records which bundles ministack uses. After the save, `prune` removes the other bundles.
        lambda_svc._prune_orphan_code_blobs = self._reference
        lambda_svc.get_state = self._state
        lambda_svc._restore_state = self._restored

    def prune(self) -> None:
        """Remove the bundles that the latest saved state does not use."""
        self._prune(self._referenced)
        self._named = {key: named for key, named in self._named.items() if named[1] in self._referenced}

    def _name_of(self, bundle: bytes) -> str:
        # Find a known bundle by its object's id. `_named` keeps the object, so no other object can get the same id.
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
        # A restart loses the records of all streams, so the saved positions in the streams would be wrong.
        return state | {"kinesis_positions": {}, "dynamodb_stream_positions": {}}

    def _restored(self, state: dict[str, Any]) -> None:
        for version in _layer_versions(state):
            if isinstance(reference := version["_zip_data"], dict):
                version["_zip_data"] = lambda_svc._read_code_blob(reference[_BUNDLE])
        self._restore(state)


def _layer_versions(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for layer in state["layers"]._data.values():
        yield from layer["versions"]
