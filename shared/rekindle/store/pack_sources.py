"""Compress the YAML sources of packs, and split each compressed source into chunks. Each chunk has its own row."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from rekindle.errors import ContentionError, RekindleError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekindle.store.keys import Key
    from rekindle.store.table import Table

CHUNK_BYTES: Final = 350_000
"""A row has at most this many bytes of a compressed source. DynamoDB's limit for a row is 400 KB."""
SOURCE_BYTES: Final = 1_750_000
"""A compressed source has at most this many bytes.

The transaction that saves a draft also updates the rows of the replaced draft. So the new and the replaced draft
together must fit into DynamoDB's limit for a transaction (4 MB).
"""


class SourceTooLargeError(RekindleError):
    """A pack's source is too large for a draft."""


def chunks_of(source: str) -> list[bytes]:
    """Compress the source and return its chunks.

    Raise SourceTooLargeError if the compressed source has more than SOURCE_BYTES.
    """
    data = zlib.compress(source.encode(), 6)
    if len(data) > SOURCE_BYTES:
        raise SourceTooLargeError("the source is too large, even compressed")
    return [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]


def read_source(table: Table, chunk_keys: Iterable[Key]) -> str:
    """Return the source whose chunks have these keys. Raise ContentionError if a chunk is missing."""
    wanted = list(chunk_keys)
    rows = sorted(table.get_many(wanted, consistent=True), key=lambda row: str(row["sk"]))
    if len(rows) != len(wanted):
        raise ContentionError("a source was deleted while it was read")
    return zlib.decompress(b"".join(row["packed"] for row in rows)).decode()
