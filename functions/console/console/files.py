"""Read, hash and compress the files of the console's page. The files do not change until the next deployment."""

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
"""The file that the browser opens first. In its text, the paths of the other files contain VERSION."""

VERSION: Final = "{version}"
"""The placeholder in DOCUMENT. `Files.in_folder` replaces it with the version that all files share."""

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_WORTH_COMPRESSING: Final = 512
"""Bytes. For a file below this size, gzip and base64 cost more than they save."""


@dataclass(frozen=True)
class File:
    """A file of the page: its content and its media type."""

    content: bytes
    media_type: str

    @cached_property
    def etag(self) -> str:
        """The content's ETag. The ETag is weak, because the compressed and the uncompressed content share it."""
        return f'W/"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    @cached_property
    def compressed(self) -> bytes | None:
        """The content compressed by gzip. None if the file is too small, or if gzip does not make it smaller."""
        compressed = gzip.compress(self.content, mtime=0) if len(self.content) >= _WORTH_COMPRESSING else self.content
        return compressed if len(compressed) < len(self.content) else None


@dataclass(frozen=True, slots=True)
class Files:
    """All files of the page, by their paths in the page's folder. If a file changes, `version` changes."""

    version: str
    by_name: Mapping[str, File]

    @classmethod
    def in_folder(cls, folder: Path = PAGE) -> Self:
        """Read all files of a folder. Raise KeyError if `_TYPES` has no media type for a file."""
        by_name = {
            path.relative_to(folder).as_posix(): File(path.read_bytes(), _TYPES[path.suffix])
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        digest = hashlib.sha256()
        for name, file in by_name.items():
            digest.update(f"{name}\0{len(file.content)}\0".encode() + file.content)
        version = digest.hexdigest()[:16]
        document = by_name[DOCUMENT]
        filled = document.content.replace(VERSION.encode(), version.encode())
        return cls(version, by_name | {DOCUMENT: File(filled, document.media_type)})
