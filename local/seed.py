"""Fills a new stack's catalogue with the packs in `packs/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.pack_lint import read_pack
from local.places import ROOT
from rekindle.models import Language, PackId, PromptRef
from rekindle.playlist import Entry
from rekindle.store.catalogue import Catalogue, PromptText
from rekindle.store.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rekindle.packs import Pack


def seed(dynamodb: Any, table_name: str) -> None:  # noqa: ANN401 - a boto3 client
    """Publish every pack in `packs/`; what is published already stays as it is."""
    catalogue = Catalogue(Table(dynamodb, table_name))
    for path in sorted((ROOT / "packs").glob("*.yaml")):
        pack = read_pack(path)
        catalogue.publish(PackId(pack.id), list(published(pack)))


def published(pack: Pack) -> Iterator[tuple[Entry, PromptText]]:
    """A pack's prompts, as the catalogue keeps them."""
    for prompt in pack.prompts:
        ref = PromptRef(PackId(pack.id), pack.version, prompt.id)
        words = {Language(language): each for language, each in prompt.words.items()}
        yield (
            Entry(ref=ref, theme=prompt.theme, kind=prompt.kind, depth=prompt.depth, comfort=prompt.comfort),
            PromptText(
                theme=prompt.theme,
                kind=prompt.kind,
                default=pack.default_language,
                texts={language: each.text for language, each in words.items()},
                whys={language: each.why for language, each in words.items()},
                hints={language: each.hint for language, each in words.items() if each.hint},
            ),
        )
