"""Says what must be mended in prompt packs, and what to think about, with the file, the line and the prompt of each.

    python -m local.pack_lint packs/*.yaml
    python -m local.pack_lint --write-schema

The packs are compared with each other too. Exit status: 0 when every pack is fit to be published, whatever advice there
is, and 1 when there is something to mend.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rekindle.errors import RekindleError
from rekindle.packs.check import Checked, SourceFinding, check_source
from rekindle.packs.document import pack_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rekindle.domain.models import PackId
    from rekindle.packs.document import Pack

SCHEMA: Final = Path(__file__).parent.parent / "packs" / "pack.schema.json"


class PackFileError(RekindleError):
    """A file is no pack yet, or not a sound one. `findings` are lines to print, each with its place."""

    def __init__(self, findings: Sequence[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = tuple(findings)


def read_pack(path: Path) -> Pack:
    """The pack in a file. Raises `PackFileError` with everything that must be mended."""
    checked = check_source(_source(path))
    if checked.pack is None:
        raise PackFileError([_shown(path, finding) for finding in checked.findings])
    return checked.pack


def schema_text() -> str:
    """What `packs/pack.schema.json` has to contain."""
    return json.dumps(pack_schema(), ensure_ascii=False, indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Checks the named packs and returns the exit status."""
    parser = argparse.ArgumentParser(prog="pack-lint", description="Say what must be mended in prompt packs.")
    parser.add_argument("packs", nargs="*", type=Path, metavar="PACK", help="a YAML file with a pack")
    parser.add_argument("--write-schema", action="store_true", help="write the JSON Schema of packs, and go on")
    chosen = parser.parse_args(arguments)
    if not (chosen.packs or chosen.write_schema):
        parser.error("name at least one pack")
    if chosen.write_schema:
        SCHEMA.write_text(schema_text(), encoding="utf-8")
        print(f"{SCHEMA}: written")
    sources: dict[Path, bytes] = {}
    errors: list[str] = []
    for path in chosen.packs:
        try:
            sources[path] = _source(path)
        except PackFileError as error:
            errors += error.findings
    checked = _checked_together(sources)
    for path, each in checked.items():
        errors += [_shown(path, finding) for finding in each.findings if not finding.advice]
    errors += _twin_packs(checked)
    advice = [_shown(path, each) for path, one in checked.items() for each in one.findings if each.advice]
    sound = [f"{path}: {_summary(each.pack, len(each.findings))}" for path, each in checked.items() if each.pack]
    for line in (*errors, *advice, *sound):
        print(line)
    return 1 if errors else 0


def _source(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PackFileError([f"{path}: cannot be read: {error.strerror}"]) from error


def _checked_together(sources: Mapping[Path, bytes]) -> dict[Path, Checked]:
    """Each source, its prompts compared with those of every other that is a pack."""
    alone = {path: check_source(source) for path, source in sources.items()}
    packs = {path: each.pack for path, each in alone.items() if each.pack}
    together = {
        path: check_source(sources[path], others=[other for where, other in packs.items() if where != path])
        for path in packs
        if len(packs) > 1
    }
    return alone | together


def _twin_packs(checked: Mapping[Path, Checked]) -> list[str]:
    """A line for each pack whose id an earlier file has, which nothing but the two side by side can show."""
    first: dict[PackId, Path] = {}
    return [
        f"{path}: pack: id: is the id of {first[each.pack.id]} too; every pack needs its own"
        for path, each in checked.items()
        if each.pack and first.setdefault(each.pack.id, path) != path
    ]


def _shown(path: Path, finding: SourceFinding) -> str:
    return f"{path}:{finding.line}: {'advice: ' if finding.advice else ''}{finding}"


def _summary(pack: Pack, advice: int) -> str:
    noted = f"nothing to mend, {advice} to think about" if advice else "no findings"
    return f"{len(pack.prompts)} prompts, {noted}"


if __name__ == "__main__":
    sys.exit(main())
