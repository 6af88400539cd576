"""Fills the catalogue of a local stack with the packs in `packs/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from local.errors import StackError
from local.places import ROOT
from rekindle.errors import WriteConflictError
from rekindle.models import PromptRef
from rekindle.packs import Pack, PackError, PackPrompt, parse_pack
from rekindle.playlist import Entry
from rekindle.store.catalogue import Catalogue, PromptText
from rekindle.store.table import Table

if TYPE_CHECKING:
    from pathlib import Path

PACKS = ROOT / "packs"


def seed(dynamodb: Any, table_name: str) -> None:  # noqa: ANN401 - a boto3 client
    """Publish every pack in `packs/`; what is published already stays as it is.

    Raises StackError for a pack that breaks the rules, or whose words differ from those published under its version.
    """
    catalogue = Catalogue(Table(dynamodb, table_name))
    for path in sorted(PACKS.glob("*.yaml")):
        pack = _pack_in(path)
        try:
            catalogue.publish(pack.id, [_published(pack, prompt) for prompt in pack.prompts])
        except WriteConflictError as error:
            raise StackError(
                f"{path.relative_to(ROOT)}: it is published here with other words, which couples "
                "may have seen. Forget all local data with `make reset`."
            ) from error


def _pack_in(path: Path) -> Pack:
    try:
        return parse_pack(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, PackError) as error:
        raise StackError(f"{path.relative_to(ROOT)} cannot be published:\n{error}") from error


def _published(pack: Pack, prompt: PackPrompt) -> tuple[Entry, PromptText]:
    return (
        Entry(
            ref=PromptRef(pack.id, 1, prompt.id),
            theme=prompt.theme,
            kind=prompt.kind,
            depth=prompt.depth,
            comfort=prompt.comfort,
        ),
        PromptText(
            theme=prompt.theme,
            kind=prompt.kind,
            default=pack.default_language,
            texts={language: words.text for language, words in prompt.words.items()},
            whys={language: words.why for language, words in prompt.words.items()},
            hints={language: words.hint for language, words in prompt.words.items() if words.hint},
        ),
    )
