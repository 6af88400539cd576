"""ministack hashes all code for each save, and writes layers into the state: a hundred megabytes each time.

Here each bundle is hashed and written once, to a file that is named by its content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import lambda_svc

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUNDLE = "bundle"


class SavedCode:
    """The functions' code and layers as files beside the state."""

    def __init__(self) -> None:
        self._write, self._prune = lambda_svc._write_code_blob, lambda_svc._prune_orphan_code_blobs
        self._state_of, self._restore = lambda_svc.get_state, lambda_svc._restore_state
        self._named: dict[int, tuple[bytes, str]] = {}
        self._referenced: set[str] = set()
        lambda_svc._write_code_blob = self._name_of
        # The file that is being replaced still needs its bundles until it is replaced: see `prune`.
        lambda_svc._prune_orphan_code_blobs = self._reference
        lambda_svc.get_state = self._state
        lambda_svc._restore_state = self._restored

    def prune(self) -> None:
        """Remove the bundles that the state just saved does not name."""
        self._prune(self._referenced)
        self._named = {key: named for key, named in self._named.items() if named[1] in self._referenced}

    def _name_of(self, bundle: bytes) -> str:
        # By identity: bytes never change, and no other object has their id while they are kept here.
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
        # A restart loses the records of streams, so positions in them mean nothing after it.
        return state | {"kinesis_positions": {}, "dynamodb_stream_positions": {}}

    def _restored(self, state: dict[str, Any]) -> None:
        for version in _layer_versions(state):
            if isinstance(reference := version["_zip_data"], dict):
                version["_zip_data"] = lambda_svc._read_code_blob(reference[_BUNDLE])
        self._restore(state)


def _layer_versions(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for layer in state["layers"]._data.values():
        yield from layer["versions"]
