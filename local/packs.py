"""The practice's packs in packs/, and their JSON Schema: `python -m local.packs` writes packs/pack.schema.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from local.places import ROOT
from rekindle.errors import RekindleError
from rekindle.packs.check import check_source
from rekindle.packs.document import pack_schema

if TYPE_CHECKING:
    from pathlib import Path

    from rekindle.packs.document import Pack

SCHEMA: Final = ROOT / "packs" / "pack.schema.json"


class PackFileError(RekindleError):
    """A file has something to fix. `findings` are lines to print, each with its place."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


def read_pack(path: Path) -> Pack:
    """Read the pack in a file; raise PackFileError with everything to fix."""
    checked = check_source(path.read_bytes())
    if checked.pack is None:
        raise PackFileError([f"{path}:{each.line}: {each}" for each in checked.findings])
    return checked.pack


def schema_text() -> str:
    """Return the content of packs/pack.schema.json."""
    return json.dumps(pack_schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    print(f"{SCHEMA}: written")
