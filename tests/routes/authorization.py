"""Read authorization.txt: which kind of caller gets which status from each operation."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from testing import contract

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """A kind of caller: a column of authorization.txt, which describes each."""

    PARTNER = "partner"
    FORMER = "former"
    OTHER = "other"
    UNPAIRED = "unpaired"
    UNKNOWN = "unknown"
    READER = "reader"
    PUBLISHER = "publisher"
    BOTH = "both"
    SIGNED_OUT = "signed-out"
    DISABLED = "disabled"
    ERASING = "erasing"
    ERASED = "erased"
    NO_TOKEN = "no-token"


LEFT: Final = frozenset({Kind.SIGNED_OUT, Kind.DISABLED, Kind.ERASING, Kind.ERASED})
"""The callers whose token has not expired, although they have left or were shut out."""

FILE: Final = Path(__file__).with_suffix(".txt")
OPERATIONS: Final = {f"{each.method} {each.template}": each for each in contract.operations()}
"""Every operation of both OpenAPI documents, by method and path."""


def is_practice(name: str) -> bool:
    """Return whether an operation is for staff."""
    return OPERATIONS[name].template.startswith("/v1/practice/")


def read_table(text: str) -> dict[str, dict[Kind, int]]:
    """Return the status for each operation and kind of caller."""
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    kinds = list(map(Kind, lines[0]))
    return {f"{method} {path}": dict(zip(kinds, map(int, row), strict=True)) for method, path, *row in lines[1:]}


ROWS: Final[Mapping[str, Mapping[Kind, int]]] = read_table(FILE.read_text(encoding="utf-8"))


def differences(operations: set[str], rows: set[str]) -> list[str]:
    """Return a sentence for each operation without a row, and for each row without an operation."""
    new = [
        f"{name} has no row in tests/routes/{FILE.name}. Add one: the status that each kind of caller should get. If"
        " its example does nothing in the town, give it a path or body in tests/routes/trial.py."
        for name in sorted(operations - rows)
    ]
    gone = [f"{name} is no operation any more. Remove its row from {FILE.name}." for name in sorted(rows - operations)]
    return new + gone
