"""Play the playlist for a couple in memory, day by day."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rekindle.domain.ids import PackId, PromptId
from rekindle.domain.playlist import Entry, Release, another_prompt, prompt_on
from rekindle.domain.prompts import Audience, PromptKind, PromptRef, Theme
from testing.builders import an_instant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rekindle.domain.couples import Couple
    from rekindle.domain.playlist import Offer, Seen

FIRST = dt.date(2026, 1, 1)


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def a_pack(name: str, themes: Iterable[Theme] = Theme, *, depth: int = 1, **changes: Any) -> Release:
    """Build a release with a prompt for each of the themes, in their order."""
    kinds = {Theme.TOUCH: PromptKind.TOUCH}
    given: dict[str, Any] = {
        "pack": PackId(name),
        "version": 1,
        "audience": Audience.EVERYONE,
        "live_from": an_instant(),
        "entries": tuple(
            Entry(
                PromptRef(PackId(name), 1, PromptId(f"{name}-{number}")),
                theme,
                kinds.get(theme, PromptKind.QUESTION),
                depth,
                int(theme is Theme.TOUCH),
            )
            for number, theme in enumerate(themes)
        ),
    }
    return Release(**(given | changes))


class Play:
    """A couple whose days are opened one by one: the prompts and themes that they met."""

    def __init__(self, couple: Couple, releases: Collection[Release]) -> None:
        self.couple = couple
        self.releases = releases
        self.seen: dict[tuple[PackId, PromptId], dt.date] = {}
        self.themes: dict[tuple[PackId, PromptId], Theme] = {
            (entry.ref.pack, entry.ref.prompt): entry.theme for release in releases for entry in release.entries
        }
        self.asked: list[frozenset[Theme]] = []

    def seen_of(self, themes: Collection[Theme]) -> Seen:
        self.asked.append(frozenset(themes))
        return {name: date for name, date in self.seen.items() if self.themes[name] in themes}

    def taken(self, offer: Offer, number: int) -> Entry:
        entry, name = offer.entry, (offer.entry.ref.pack, offer.entry.ref.prompt)
        assert offer.again is (name in self.seen)
        self.seen[name] = day(number)
        self.couple = replace(self.couple, themes_met={**self.couple.themes_met, day(number): entry.theme})
        return entry

    def open(self, number: int) -> Entry:
        offer = prompt_on(day(number), self.couple, self.releases, self.seen_of)
        return self.taken(offer, number)

    def swap(self, number: int, entry: Entry) -> Entry | None:
        offer = another_prompt(entry.theme, entry.ref, self.couple, self.releases, self.seen_of([entry.theme]))
        return self.taken(offer, number) if offer else None
