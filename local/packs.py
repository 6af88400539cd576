"""Generate the JSON Schema of a pack: `python -m local.packs` writes packs/pack.schema.json."""

from __future__ import annotations

import json
from typing import Final

from local.places import ROOT
from rekindle.packs.document import pack_schema

SCHEMA: Final = ROOT / "packs" / "pack.schema.json"


def schema_text() -> str:
    """Return the content of packs/pack.schema.json."""
    return json.dumps(pack_schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    print(f"{SCHEMA}: written")
