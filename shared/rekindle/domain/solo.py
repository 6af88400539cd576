"""Choose prompts for a person who is in no couple.

The choice is a pure function of the date, the person, their solo history and the live packs. So all phones of a person
show the same prompt. In a couple, the themes and prompts that a partner met alone do not count as met.
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
    """A person's solo history.

    `themes_met` maps dates to themes. It has the solo days of the last three weeks, and the latest day of each theme.
    `seen` has all prompts that the person has met. A write fails if `revision` has changed since the read.
    """

    themes_met: Mapping[dt.date, Theme] = field(default_factory=dict)
    seen: Seen = field(default_factory=dict)
    revision: int = 0


def solo_prompt(date: dt.date, person: Person, history: SoloHistory, releases: Iterable[Release]) -> Entry:
    """Choose the person's solo prompt of `date`: a question from a pack for everyone.

    The question fits the person's comfort. Raise NoPromptError if no question fits.
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
    """Return whether a person can answer the prompt of `date`: only if `date` is `today` or yesterday."""
    return date in {today, today - _ONE_DAY}
