"""Prompts for one person alone, before they pair and between two couples.

The prompt is a pure function of what they met alone, so all their phones show the same. A couple starts afresh: what
either partner met alone counts neither for its themes nor for its prompts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rekindle.domain.playlist import available_themes, comfort_of, prompt_for, theme_for
from rekindle.domain.prompts import Audience, PromptKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rekindle.domain.persons import Person
    from rekindle.domain.playlist import Entry, Release, Seen
    from rekindle.domain.prompts import Theme

_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SoloHistory:
    """A person's history alone: themes of the last weeks by date, and all prompts. `revision` guards writes."""

    themes_met: Mapping[dt.date, Theme] = field(default_factory=dict)
    seen: Seen = field(default_factory=dict)
    revision: int = 0


def solo_prompt(date: dt.date, person: Person, history: SoloHistory, releases: Iterable[Release]) -> Entry:
    """Choose the person's own prompt of `date`: a question of everyone's packs within their own comfort.

    Raise NoPromptError if no prompt fits them.
    """
    questions = [
        entry
        for release in releases
        if release.audience is Audience.EVERYONE
        for entry in release.entries
        if entry.kind is PromptKind.QUESTION
    ]
    comfort, barriers = comfort_of([person.profile]), person.profile.barriers
    theme = theme_for(date, history.themes_met, available_themes(questions, comfort), barriers, person.uid)
    return prompt_for(theme, questions, history.seen, comfort, person.uid)


def takes_solo_answers(date: dt.date, today: dt.date) -> bool:
    """Return whether a date takes the person's answer when their clock shows `today`: today and the day before."""
    return date in {today, today - _ONE_DAY}
