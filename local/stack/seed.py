"""Publish the packs in `packs/` on a stack, and store the help from `help/`.

`python -m local.stack.seed` writes a JSON Schema, with which text editors check the help document.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from local.clock import now
from local.errors import StackError
from local.places import ROOT
from rekindle.domain.codes import code_from
from rekindle.domain.help import TEXTS, Help, help_schema
from rekindle.errors import WriteConflictError
from rekindle.packs.check import check_source
from rekindle.packs.lifecycle import CODE_LENGTH, Actor
from rekindle.packs.yaml_reader import DocumentError, read_document
from rekindle.store.help import help_write
from rekindle.store.packs import Packs, Publication
from rekindle.store.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from rekindle.packs.document import Pack

PACKS: Final = ROOT / "packs"
HELP: Final = ROOT / "help" / "help.yaml"
HELP_SCHEMA: Final = ROOT / "help" / "help.schema.json"
LONG_AGO: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
"""The first version of each pack is live from this instant, which is before all dates in the tests."""


def seed(dynamodb: Any, table_name: str) -> None:  # noqa: ANN401 - a boto3 client
    """Publish each pack in `packs/` that differs from its latest release. Send no push.

    Store the help from `help/` if the stack has no help.

    Raises:
        StackError: A pack or the help document breaks a rule.
    """
    table = Table(dynamodb, table_name)
    packs = Packs(table)
    with contextlib.suppress(WriteConflictError):  # the stack has help already
        table.write(help_write(_read_help(), 0))
    for path in sorted(PACKS.glob("*.yaml")):
        source = path.read_text(encoding="utf-8")
        pack = _pack_of(path, source)
        head = packs.head(pack.id)
        live = head.releases[-1] if head.releases else None
        if live and packs.released(pack.id, live) == source:
            continue
        by = Actor("seed", "Rekindle", dt.datetime.fromtimestamp(now(), dt.UTC))
        packs.save_draft(pack.id, source, head.draft.revision if head.draft else 0, live.version if live else None, by)
        publication = Publication(
            pack=pack,
            source=source,
            published=by,
            approved=None,
            live_from=by.at if live else LONG_AGO,
            announce=False,
            note=None,
            code=code_from(os.urandom(16), CODE_LENGTH),
        )
        packs.publish(packs.head(pack.id), publication)


def help_schema_text() -> str:
    """Return the content of help/help.schema.json."""
    return json.dumps(help_schema(), ensure_ascii=False, indent=2) + "\n"


def _read_help() -> Help:
    try:
        data, _, flaws = read_document(HELP.read_bytes(), TEXTS)
        shipped = Help.model_validate(data)
    except (DocumentError, ValidationError) as error:
        raise StackError(f"{HELP.relative_to(ROOT)} is not valid:\n{error}") from error
    if flaws:
        raise StackError(f"{HELP.relative_to(ROOT)} is not valid:\n{DocumentError(*flaws)}")
    return shipped


def _pack_of(path: Path, source: str) -> Pack:
    checked = check_source(source)
    if checked.pack is None:
        reasons = "\n".join(f"{path.relative_to(ROOT)}:{finding.line}: {finding}" for finding in checked.findings)
        raise StackError(f"A pack cannot be published.\n{reasons}")
    return checked.pack


if __name__ == "__main__":
    HELP_SCHEMA.write_text(help_schema_text(), encoding="utf-8")
