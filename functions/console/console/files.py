"""The page's files, as they are once this function has been deployed: read once, hashed once, packed once."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE: Final = Path(__file__).with_name("page")
DOCUMENT: Final = "index.html"
"""The file that the browser opens, which names all others below `VERSION`."""

VERSION: Final = "{version}"
"""Stands in the document where the version of all files comes to stand."""

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_WORTH_PACKING: Final = 512
"""Bytes: below, gzip and base64 cost more than they save."""


@dataclass(frozen=True)
class File:
    """What is sent for one name."""

    content: bytes
    media_type: str

    @cached_property
    def etag(self) -> str:
        """Changes with the content. Weak, since the same content may be sent packed or not."""
        return f'W/"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    @cached_property
    def packed(self) -> bytes | None:
        """The content gzipped; None where that is no gain."""
        packed = gzip.compress(self.content, mtime=0) if len(self.content) >= _WORTH_PACKING else self.content
        return packed if len(packed) < len(self.content) else None


@dataclass(frozen=True, slots=True)
class Files:
    """All files by their names below the page's folder; `version` changes with any of them."""

    version: str
    by_name: Mapping[str, File]

    @classmethod
    def in_folder(cls, folder: Path = PAGE) -> Self:
        """Reads the folder; raises KeyError for a file of a kind that no page consists of."""
        found = {
            path.relative_to(folder).as_posix(): File(path.read_bytes(), _TYPES[path.suffix])
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        digest = hashlib.sha256()
        for name, file in found.items():
            digest.update(f"{name}\0{len(file.content)}\0".encode() + file.content)
        version = digest.hexdigest()[:16]
        document = found[DOCUMENT]
        filled = document.content.replace(VERSION.encode(), version.encode())
        return cls(version, found | {DOCUMENT: File(filled, document.media_type)})
