"""Build packs as authors write them, for tests of the practice's API and tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from rekindle.packs.check import check_source

if TYPE_CHECKING:
    from pathlib import Path

    from rekindle.packs.document import Pack


def read_pack(path: Path) -> Pack:
    """Read the pack in a file. Fail if there is something to fix."""
    checked = check_source(path.read_bytes())
    assert checked.pack, [f"{path}:{each.line}: {each}" for each in checked.findings]
    return checked.pack


def a_prompt(name: str, text: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a prompt in English. Its default text contains its name."""
    words = {"en": {"text": text or f"What did {name} sound like today?", "why": "Small sounds carry a day."}}
    return {"id": name, "theme": "openness", "kind": "question", "depth": 1, "words": words} | changes


def a_document(*prompts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a pack's document with these prompts, or with two default prompts."""
    document = {
        "id": "river",
        "default_language": "en",
        "languages": ["en"],
        "words": {"en": {"title": "River", "written_for": "Couples by the river."}},
        "prompts": list(prompts) or [a_prompt("rain"), a_prompt("birdsong")],
    }
    return document | changes


def a_source(*prompts: dict[str, Any], **changes: Any) -> str:
    """Return a pack's document as YAML text."""
    return "# as it was typed\n" + yaml.safe_dump(a_document(*prompts, **changes), allow_unicode=True)
