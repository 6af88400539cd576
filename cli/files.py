"""Read and check pack files on this machine."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from cli.errors import CliError, FindingsError, UsageError
from rekindle.packs.check import SOURCE_LIMIT, Checked, SourceFinding, check_source

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SUFFIXES: Final = (".yaml", ".yml", ".json")
_ID: Final = re.compile(r"""^\s*["']?id["']?\s*:\s*["']?([a-z0-9-]{1,48})["']?\s*,?\s*(#.*)?$""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file's bytes and the findings in them."""

    path: Path
    data: bytes
    checked: Checked

    @classmethod
    def read(cls, path: Path) -> PackFile:
        """Read and check a file. Raise CliError if it cannot be read."""
        data = _bytes_of(path)
        return cls(path, data, check_source(data))

    @property
    def source(self) -> str:
        """Return the file's text. Raise FindingsError if the file is not UTF-8 or is too long."""
        try:
            text = self.data.decode()
        except UnicodeDecodeError:
            raise self.unfit() from None
        if len(text) > SOURCE_LIMIT:
            raise self.unfit()
        return text

    @property
    def errors(self) -> list[SourceFinding]:
        """Return the findings that must be fixed."""
        return [each for each in self.checked.findings if not each.advice]

    @property
    def advice(self) -> list[SourceFinding]:
        """Return the findings that are only advice."""
        return [each for each in self.checked.findings if each.advice]

    def pack_id(self) -> str | None:
        """Return the pack's id, even of an invalid file if it has a line such as `id: river`. Otherwise return None."""
        if self.checked.pack:
            return self.checked.pack.id
        found = _ID.search(self.data.decode(errors="replace"))
        return found[1] if found else None

    def unfit(self) -> FindingsError:
        """Return the error that lists what must be fixed in the file."""
        return FindingsError(str(self.path), self.errors, f"See everything to fix: rekindle packs lint {self.path}")


def read_together(paths: Iterable[Path]) -> list[PackFile]:
    """Read and check the files. Compare the prompts of each file with those of the other files.

    If two files have the same pack id, the second file gets an error.
    """
    files = [PackFile.read(path) for path in dict.fromkeys(paths)]
    packs = [file.checked.pack for file in files if file.checked.pack]
    first: dict[str, Path] = {}
    together = []
    for file in files:
        pack, checked = file.checked.pack, file.checked
        if pack and len(packs) > 1:
            checked = check_source(file.data, others=[other for other in packs if other is not pack])
        if pack and (earlier := first.setdefault(pack.id, file.path)) != file.path:
            reason = f"is the id of {earlier} too; every pack needs its own"
            checked = Checked(None, (SourceFinding(1, None, "id", reason, advice=False), *checked.findings))
        together.append(replace(file, checked=checked))
    return together


def is_file(target: str) -> bool:
    """Return whether `target` is a file's path, with a known suffix or a slash. Any other target is a pack's id."""
    return target.endswith(SUFFIXES) or os.sep in target


def write(path: Path, source: str) -> None:
    """Write a text into a file, and keep the text's line ends. Raise CliError if the file cannot be written."""
    try:
        path.write_bytes(source.encode())
    except OSError as error:
        raise CliError(f"{path} cannot be written: {error.strerror}") from error


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        folder = path.parent
        beside = [each.name for each in folder.iterdir() if each.name.endswith(SUFFIXES)] if folder.is_dir() else []
        near = get_close_matches(path.name, beside, 1)
        raise UsageError(f"There is no file {path}.", *(f"Did you mean {folder / each}?" for each in near)) from None
    except OSError as error:
        raise CliError(f"{path} cannot be read: {error.strerror}") from error
