"""Data outlives code: each version reads what the others store, also while two versions run side by side."""

from __future__ import annotations

import datetime as dt
import runpy
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from privacy.cursor import Position, cursor_of
from rekindle.crypto.sealing import AUTHORS_KEY, SINGLE_KEY
from rekindle.domain.ids import Uid
from testing.released import FOLDER, lived, lived_on, read, row_kinds, run_kept, served, unpack, written

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = sorted(path.parent.name for path in FOLDER.glob("*/tables.json"))


SENTENCES = {"detail", "reason", "title"}
"""Fields with sentences for a reader. A version may word them otherwise."""
CHOSEN_LATER = "2026-03-10"
"""A date that nobody has opened in the kept tables. A version may choose another prompt for it."""


def lost(shown: Any, before: Any, place: str = "") -> list[str]:
    """List what `shown` does not show as `before` did. More fields are no loss."""
    match before, shown:
        case dict(), dict():
            return [
                line
                for name, value in before.items()
                if name not in SENTENCES
                if name != "prompt" or before.get("date") != CHOSEN_LATER
                for line in lost(shown.get(name, "nothing"), value, f"{place}/{name}")
            ]
        case list(), list() if len(before) == len(shown):
            pairs = enumerate(zip(shown, before, strict=True))
            return [line for number, pair in pairs for line in lost(*pair, f"{place}/{number}")]
        case _:
            return [] if shown == before else [f"{place} was {before!r} and is {shown!r}"]


def common(shown: Any, other: Any) -> Any:
    """Return `shown` without the fields that `other` does not have."""
    if isinstance(shown, dict) and isinstance(other, dict):
        return {name: common(value, other[name]) for name, value in shown.items() if name in other}
    if isinstance(shown, list) and isinstance(other, list) and len(shown) == len(other):
        return [common(*pair) for pair in zip(shown, other, strict=True)]
    return shown


def without_audit(shown: dict[str, Any]) -> dict[str, Any]:
    """Return what is shown, of the audit only the status: version 0.1.0 does not read the chain of this code."""
    return {name: {"status": each["status"]} if name.endswith("/audit") else each for name, each in shown.items()}


class Kept(NamedTuple):
    """A released version: the folder of its code, the tables that it wrote, and how its people live on there."""

    version: str
    folder: Path
    tables: str
    lived_on: dict[str, Any]


@pytest.fixture(scope="module", params=VERSIONS)
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Unpack each released version once, and let its people live on once."""
    version, folder = request.param, tmp_path_factory.mktemp("released")
    unpack(version, folder)
    tables = (FOLDER / version / "tables.json").read_text(encoding="utf-8")
    return Kept(version, folder, tables, run_kept(folder, "live-on", tables))


@pytest.mark.parametrize("scheme", [SINGLE_KEY, AUTHORS_KEY])
def test_this_code_serves_what_a_released_version_stored(kept: Kept, scheme: int) -> None:
    """Serve the kept tables with the kept code and with this code, and let people write in both."""
    theirs, ours = kept.lived_on, lived_on(read(kept.tables, scheme))
    for part in ("before", "replies", "after"):
        assert lost(ours[part], theirs[part]) == []
    assert lost(served(read(theirs["tables"])), theirs["after"]) == []


def test_a_released_version_serves_what_this_code_stores(kept: Kept) -> None:
    """A deployment runs two versions for some minutes, and a rollback leaves the old one with the new rows.

    Version 0.1.0 knows only SINGLE_KEY, so a stack that ran it is first deployed with this scheme.
    """
    scheme = SINGLE_KEY if kept.version == "0.1.0" else AUTHORS_KEY
    tables = written(lived(scheme))
    theirs, ours = run_kept(kept.folder, "live-on", tables), lived_on(read(tables, scheme))
    for part in ("before", "replies", "after"):
        assert lost(without_audit(theirs[part]), common(without_audit(ours[part]), theirs[part])) == []
    after = run_kept(kept.folder, "show", ours["tables"])
    assert lost(without_audit(after), common(without_audit(ours["after"]), after)) == []


@pytest.mark.parametrize("after", [None, dt.date(2026, 3, 2)])
def test_a_released_version_continues_an_export_that_this_code_began(kept: Kept, after: dt.date | None) -> None:
    """Two versions may serve two pages of one export. No day comes before the earliest date."""
    code = runpy.run_path(str(kept.folder / "functions" / "privacy" / "privacy" / "cursor.py"))
    position = code["position_from"](cursor_of(Position(2, after), Uid("ada")), Uid("ada"))
    assert (position.section, position.after or dt.date.min) == (2, after or dt.date.min)


def test_the_kept_world_has_every_kind_of_row() -> None:
    """Take the kinds from docs/table.md. A new kind belongs into the world that the next release keeps.

    Only a stack that ran version 0.1.0 has an older cell key and older audit entries. The tables of 0.1.0 have both.
    """
    world, older = lived(), read((FOLDER / "0.1.0" / "tables.json").read_text(encoding="utf-8"))
    kinds = row_kinds()
    assert {kind.table for kind in kinds} == world.tables.keys()
    assert len(kinds) > 40
    assert [
        kind
        for kind in kinds
        for tables in [(older if kind.entity.startswith(("older cell", "older audit")) else world).tables]
        if not any(map(kind.is_kind_of, tables[kind.table].items()))
    ] == []


def test_every_row_of_the_kept_world_is_of_a_kind_on_the_page_of_tables() -> None:
    kinds = row_kinds()
    assert [
        (name, item["pk"], item.get("sk"))
        for name, table in lived().tables.items()
        for item in table.items()
        if not any(kind.table == name and kind.is_kind_of(item) for kind in kinds)
    ] == []


def test_a_kept_world_keeps_every_table_and_every_row() -> None:
    """The tables are all that `docs/table.md` names, and all between which one transaction can write."""
    world = lived()
    assert sorted(map(id, world.tables.values())) == sorted(map(id, world.table.tables.values()))
    again = read(written(world))
    for name, table in world.tables.items():
        assert table.items(), name
        assert again.tables[name].items() == table.items(), name
