"""The page's files, which do not change after a deployment: each is read, hashed and compressed once."""

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
"""The file that the browser opens. It names the other files below `VERSION`."""

VERSION: Final = "{version}"
"""The placeholder in the document for the version of all files."""

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_WORTH_COMPRESSING: Final = 512
"""Bytes. Below this size, gzip and base64 cost more than they save."""


@dataclass(frozen=True)
class File:
    """A file as it is sent."""

    content: bytes
    media_type: str

    @cached_property
    def etag(self) -> str:
        """Return the content's ETag, a weak one, since a file is sent compressed or not."""
        return f'W/"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    @cached_property
    def compressed(self) -> bytes | None:
        """Return the content gzipped; None if that saves nothing."""
        compressed = gzip.compress(self.content, mtime=0) if len(self.content) >= _WORTH_COMPRESSING else self.content
        return compressed if len(compressed) < len(self.content) else None


@dataclass(frozen=True, slots=True)
class Files:
    """All files by their paths in the page's folder. `version` changes with any file."""

    version: str
    by_name: Mapping[str, File]

    @classmethod
    def in_folder(cls, folder: Path = PAGE) -> Self:
        """Read a folder. Raise KeyError for a file type that the page does not use."""
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
