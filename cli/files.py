"""Pack files at the desk: what somebody has typed, and of which pack it is."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from cli.errors import CliError, FindingsError, UsageError
from rekindle.packs.check import SOURCE_LIMIT, Checked, SourceFinding, check_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rekindle.packs.document import Pack

SUFFIXES: Final = (".yaml", ".yml", ".json")
_ID: Final = re.compile(r"""^\s*["']?id["']?\s*:\s*["']?([a-z0-9-]{1,48})["']?\s*,?\s*(#.*)?$""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file as it was read, byte for byte, and what there is to mend in it."""

    path: Path
    data: bytes
    checked: Checked

    @classmethod
    def read(cls, path: Path, others: Sequence[Pack] = ()) -> PackFile:
        """The file; raises CliError if it cannot be read."""
        data = _bytes_of(path)
        return cls(path, data, check_source(data, others=others))

    @property
    def source(self) -> str:
        """Its text; raises FindingsError if it is none."""
        try:
            text = self.data.decode()
        except UnicodeDecodeError:
            raise unfit(self) from None
        if len(text) > SOURCE_LIMIT:
            raise unfit(self)
        return text

    @property
    def errors(self) -> list[SourceFinding]:
        """What must be mended."""
        return [each for each in self.checked.findings if not each.advice]

    @property
    def advice(self) -> list[SourceFinding]:
        """What to think about."""
        return [each for each in self.checked.findings if each.advice]

    def pack_id(self) -> str | None:
        """Which pack it is of, also while there is something to mend."""
        if self.checked.pack:
            return self.checked.pack.id
        found = _ID.search(self.data.decode(errors="replace"))
        return found[1] if found else None


def unfit(file: PackFile) -> FindingsError:
    """That a file cannot be used before what is in it is mended."""
    findings = [as_json(each) for each in file.checked.findings if not each.advice]
    return FindingsError(
        f"There is something to mend in {file.path} first.",
        f"See all of it: rekindle packs lint {file.path}",
        about=[f"line {each.line}: {each}" for each in file.errors[:5]],
        members={"findings": findings},
    )


def as_json(finding: SourceFinding) -> dict[str, object]:
    """A finding as the service writes it."""
    return {name: getattr(finding, name) for name in ("line", "prompt", "field", "reason", "advice")}


def read_together(paths: Iterable[Path]) -> list[PackFile]:
    """The files, the prompts of each compared with those of all others; a pack has one file alone among them."""
    alone = [PackFile.read(path) for path in dict.fromkeys(paths)]
    packs = [file.checked.pack for file in alone if file.checked.pack]
    together = []
    for file in alone:
        others = [pack for pack in packs if pack is not file.checked.pack]
        checked = check_source(file.data, others=others) if others and file.checked.pack else file.checked
        together.append(PackFile(file.path, file.data, _alone(file, checked, alone)))
    return together


def _alone(file: PackFile, checked: Checked, files: list[PackFile]) -> Checked:
    for earlier in files:
        if earlier is file:
            break
        if checked.pack and earlier.checked.pack and earlier.checked.pack.id == checked.pack.id:
            reason = f"is the id of {earlier.path} too; every pack needs its own"
            return Checked(None, (SourceFinding(1, None, "id", reason, advice=False), *checked.findings))
    return checked


def is_file(target: str) -> bool:
    """Whether a pack is meant by its file: an id has no dot and no slash."""
    return target.endswith(SUFFIXES) or os.sep in target


def write(path: Path, source: str) -> None:
    """Write a text just as it is."""
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
        to_do = [f"Did you mean {folder / near[0]}?"] if near else []
        raise UsageError(f"There is no file {path}.", *to_do) from None
    except OSError as error:
        raise CliError(f"{path} cannot be read: {error.strerror}") from error
