"""Store the releases of packs, and put the releases' prompts into the catalogue. The rows of a release never change."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rekindle.domain.playlist import Course, Entry, Release
from rekindle.domain.prompts import PromptRef
from rekindle.errors import ContentionError
from rekindle.store import keys
from rekindle.store.catalogue import PromptText, index_of, index_writes, packed, unpacked
from rekindle.store.forms import stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rekindle.packs.document import Pack, PackPrompt
    from rekindle.packs.lifecycle import PackHead, ReleaseHead
    from rekindle.store.table import Item, Table, Write

OVERLAP: Final = dt.timedelta(hours=1)
"""A replaced release stays in the catalogue for at least this time.

A call that began before the replacement can still get prompts of the replaced release.
"""


def release_rows(
    pack: Pack, version: int, live_from: dt.datetime, chunks: Sequence[bytes]
) -> Iterator[tuple[keys.Key, Item]]:
    """Yield all rows of a release: prompts, chunks of the source, and the release's own row."""
    for prompt in pack.prompts:
        yield keys.prompt(pack.id, version, prompt.id), stored(_text_of(pack, prompt))
    for number, chunk in enumerate(chunks):
        yield keys.source(pack.id, version, number), {"packed": chunk}
    words = pack.words.items()
    yield (
        keys.release(pack.id, version),
        {
            "default": pack.default_language,
            "titles": {language: each.title for language, each in words},
            "written_for": {language: each.written_for for language, each in words},
            "packed": packed([_release_of(pack, version, live_from)]),
        },
    )


def _release_of(pack: Pack, version: int, live_from: dt.datetime) -> Release:
    course = pack.course
    return Release(
        pack=pack.id,
        version=version,
        audience=pack.audience,
        live_from=live_from,
        course=Course(course.in_order, course.starts_on, course.every_days) if course else None,
        entries=tuple(
            Entry(
                ref=PromptRef(pack.id, version, each.id),
                theme=each.theme,
                kind=each.kind,
                depth=each.depth,
                comfort=each.comfort,
            )
            for each in pack.prompts
        ),
    )


def _text_of(pack: Pack, prompt: PackPrompt) -> PromptText:
    return PromptText(
        theme=prompt.theme,
        kind=prompt.kind,
        default=pack.default_language,
        texts={language: words.text for language, words in prompt.words.items()},
        whys={language: words.why for language, words in prompt.words.items()},
        hints={language: words.hint for language, words in prompt.words.items() if words.hint},
    )


def catalogue_writes(table: Table, head: PackHead, instant: dt.datetime) -> list[Write]:
    """Return the writes that update the pack's releases in the catalogue, for one transaction.

    Return no writes if the catalogue has the correct releases already.
    """
    index = index_of(table)
    others = [each for each in index.releases if each.pack != head.id]
    own = [_playable(table, head, release) for release in _current(head, instant)]
    releases = sorted([*others, *own], key=lambda each: (each.pack, each.version))
    return index_writes(index, releases, instant) if tuple(releases) != index.releases else []


def _current(head: PackHead, instant: dt.datetime) -> list[ReleaseHead]:
    """Return the pack's releases for the catalogue.

    These are the live release, the scheduled release, and the release that was live OVERLAP ago.
    """
    releases = (head.live(instant - OVERLAP), head.live(instant), head.scheduled(instant))
    return [each for each in dict.fromkeys(releases) if each]


def _playable(table: Table, head: PackHead, release: ReleaseHead) -> Release:
    """Read the release from its row. Return the release without its withdrawn prompts."""
    item = table.get(keys.release(head.id, release.version))
    if item is None:
        raise ContentionError("a release was deleted while the catalogue was written")
    (whole,) = unpacked(item["packed"])
    offered = tuple(entry for entry in whole.entries if entry.ref.prompt not in head.withdrawn_prompts)
    return replace(whole, entries=offered)
