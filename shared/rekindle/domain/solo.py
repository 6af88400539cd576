"""A person alone: their prompt of a date before they pair, and between two couples.

It is a pure function of what they have met alone, so that each of their phones shows the same. A couple starts afresh:
what either has met alone counts neither for its themes nor for its prompts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rekindle.domain.models import Audience, PromptKind
from rekindle.domain.playlist import available_themes, comfort_of, prompt_for, theme_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rekindle.domain.models import Person, Theme
    from rekindle.domain.playlist import Entry, Release, Seen

_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SoloHistory:
    """What a person has met alone: themes by date, of the last weeks, and all prompts. `revision` guards it."""

    themes_met: Mapping[dt.date, Theme] = field(default_factory=dict)
    seen: Seen = field(default_factory=dict)
    revision: int = 0


def solo_prompt(date: dt.date, person: Person, history: SoloHistory, releases: Iterable[Release]) -> Entry:
    """The person's prompt of `date`: a question of everyone's packs, as deep and as close as they themselves want it.

    Raises NoPromptError if nothing fits them.
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
    """Whether a date takes an answer of a person on whose clock it is `today`: it is that, or the day before."""
    return date in {today, today - _ONE_DAY}
