"""Show a day to one of the partners: the prompt in their language, and the answers that are open to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from couples_api.services import Services, current_couple, known_person
from rekindle.api.callers import Caller
from rekindle.api.examples import view_config
from rekindle.crypto.author_keys import CoupleKeys
from rekindle.domain.calendar import day_window
from rekindle.domain.couples import Couple
from rekindle.domain.days import Day, ReflectionKind
from rekindle.domain.help import DEFAULT_LANGUAGE, GENTLE_LINES, HELPED_THEMES
from rekindle.domain.ids import Language, Uid
from rekindle.domain.persons import Person
from rekindle.domain.prompts import PromptKind, PromptRef, Theme
from rekindle.store.catalogue import PromptText

HEARD_THEMES = frozenset({Theme.LISTENING, Theme.COURAGE})
"""After the prompts of these themes, the app suggests that each partner repeats what they heard from the other."""


class AnswerState(StrEnum):
    """The state of a person's answer. Until the answer is open to the partner, the partner learns only this state."""

    WAITING = "waiting"
    ANSWERED = "answered"


PROMPT = {
    "id": "starter/window-seat",
    "theme": "spark",
    "kind": "question",
    "text": "What is a small thing your partner did early on that you still smile about?",
    "why": "The spark is often in the details that only you two remember.",
    "hint": None,
    "help": None,
}
_BRAVE = PROMPT | {
    "id": "starter/behind-the-wall",
    "theme": "fear",
    "text": "What makes it hard to let somebody close, and what has ever made it easier?",
    "why": "What has a name weighs less, and two carry it better than one.",
    "help": {
        "text": "If this feels like a lot, you do not have to carry it alone. Somebody is there to talk to.",
        "href": "/v1/help",
    },
}


class PromptHelpView(BaseModel):
    """A link to help, for a hard prompt. The link's `text` is in the reader's language, or else in English."""

    text: str
    href: str


class PromptView(BaseModel):
    """A prompt in the reader's language, or else in its pack's default language.

    The `id` begins with the pack's id and a slash. Send the `id` with the answer. The answer is refused if somebody
    has swapped the prompt meanwhile. A prompt of kind `together` or `touch` is something to do. Each partner checks it
    off, and may add a text.
    """

    id: str
    theme: Theme
    kind: PromptKind
    text: str
    why: str
    hint: str | None
    help: PromptHelpView | None


class OwnAnswerView(BaseModel):
    """The caller's answer. An edit must send the `revision` that it replaces."""

    state: AnswerState
    text: str | None = None
    share_first: bool = False
    revision: int | None = None


class PartnerAnswerView(BaseModel):
    """The partner's answer. `text` is null if the answer is missing, not open yet, or without a text.

    `edited` says that the partner changed the text after it was open to the caller. Then show that it was edited.
    """

    state: AnswerState
    text: str | None = None
    edited: bool = False


class ReflectionView(BaseModel):
    """A person's reflection on the partner's answer. `text` is set only if `kind` is `heard`."""

    kind: ReflectionKind
    text: str | None


class ReflectionsView(BaseModel):
    """The reflections of both partners. `me` or `partner` is null until that person has left a reflection."""

    me: ReflectionView | None
    partner: ReflectionView | None


DAY = {
    "date": "2026-03-02",
    "prompt": PROMPT,
    "open": True,
    "closes_at": "2026-03-03T08:00:00Z",
    "revealed": False,
    "swappable": False,
    "me": {"state": "waiting", "text": None, "share_first": False, "revision": None},
    "partner": {"state": "answered", "text": None, "edited": False},
    "reflect": None,
    "reflections": {"me": None, "partner": None},
}
REVEALED = DAY | {
    "revealed": True,
    "me": {"state": "answered", "text": "You saved me the window seat.", "share_first": False, "revision": 1},
    "partner": {"state": "answered", "text": "The way you hum when you cook.", "edited": False},
    "reflections": {
        "me": {"kind": "heard", "text": "That my humming makes the kitchen feel like home."},
        "partner": {"kind": "thank_you", "text": None},
    },
}
UNANSWERED = DAY | {
    "prompt": _BRAVE,
    "swappable": True,
    "partner": {"state": "waiting", "text": None, "edited": False},
}


class DayView(BaseModel):
    """A day as one of the partners sees it. `revealed` means that both have answered and both answers are open.

    A day takes answers only while it is `open`. `closes_at` is three hours after the date ends on the reader's clock.
    An open day never closes before then. It may close later, if the partner's clock is behind or somebody has traveled.
    `swappable` says whether the prompt may be swapped now. A day can be swapped once, by either partner, before anyone
    has answered. `reflect` is the kind of reflection that suits the prompt's theme, or null if every kind suits it.
    """

    model_config = view_config(DAY, REVEALED, UNANSWERED)

    date: dt.date
    prompt: PromptView
    open: bool
    closes_at: dt.datetime
    revealed: bool
    swappable: bool
    me: OwnAnswerView
    partner: PartnerAnswerView
    reflect: ReflectionKind | None
    reflections: ReflectionsView


@dataclass(frozen=True, slots=True)
class Reader:
    """The caller as a member of their couple, with everything that is needed to show the caller a day."""

    person: Person
    couple: Couple
    caller: Caller
    services: Services

    @property
    def partner(self) -> Uid:
        """The reader's partner."""
        return self.couple.partner_of(self.person.uid)

    def nearby(self) -> dict[dt.date, Day]:
        """Return the couple's stored days that may be open now, by date."""
        return self.services.days.nearby(self.couple.id, self.caller.instant)

    def views(self, days: Iterable[Day], keys: CoupleKeys | None = None) -> list[DayView]:
        """Return the days as this reader may see them.

        If `keys` is None and an answer is open to the reader, read the couple's keys.
        """
        days = list(days)
        texts = self.services.catalogue.texts(day.prompt for day in days)
        if keys is None and any(day.opened_to(self.person.uid) for day in days):
            keys = self.services.vault.couple_keys(self.couple.id)
        return [self._view(day, texts[day.prompt], keys) for day in days]

    def _view(self, day: Day, text: PromptText, keys: CoupleKeys | None) -> DayView:
        opened = {uid: keys.open_answer(day, uid) for uid in day.opened_to(self.person.uid)} if keys else {}
        mine, theirs = day.answers.get(self.person.uid), day.answers.get(self.partner)
        return DayView(
            date=day.date,
            prompt=prompt_view(day.prompt, text, self.person.profile.language),
            open=day.window.is_open(self.caller.instant),
            # Use only the reader's zone. The couple's real closing time would show the partner's time zone.
            closes_at=day_window(day.date, [self.person.profile.zone]).closes_at,
            revealed=day.revealed,
            swappable=day.takes_swap and day.window.is_open(self.caller.instant),
            me=OwnAnswerView(
                state=AnswerState.ANSWERED,
                text=opened[self.person.uid],
                share_first=mine.share_first,
                revision=mine.revision,
            )
            if mine
            else OwnAnswerView(state=AnswerState.WAITING),
            partner=PartnerAnswerView(
                state=AnswerState.ANSWERED if theirs else AnswerState.WAITING,
                text=opened.get(self.partner),
                # An edit of a sealed answer must not be told, so this says nothing before the answer is open.
                edited=theirs is not None and self.partner in opened and theirs.edited,
            ),
            reflect=ReflectionKind.HEARD if text.theme in HEARD_THEMES else None,
            reflections=ReflectionsView(
                me=_reflection_view(day, self.person.uid, keys), partner=_reflection_view(day, self.partner, keys)
            ),
        )


def reader_of(services: Services, caller: Caller) -> Reader:
    """Return the caller as a reader. Raise ProblemError if they have no profile or are in no couple."""
    person = known_person(services, caller)
    return Reader(person, current_couple(services, person), caller, services)


def _reflection_view(day: Day, uid: Uid, keys: CoupleKeys | None) -> ReflectionView | None:
    reflection = day.answers[uid].reflection if day.revealed else None
    if reflection is None or keys is None:
        return None
    return ReflectionView(kind=reflection.kind, text=keys.open_reflection(day, uid))


def prompt_view(prompt: PromptRef, text: PromptText, language: Language) -> PromptView:
    """Return the prompt in `language`. If the prompt has no text in `language`, use its pack's default."""
    # Use one language for text, why and hint: a Spanish text with an English hint would look like a mistake.
    spoken = text.language_for(language)
    return PromptView(
        id=prompt.id,
        theme=text.theme,
        kind=text.kind,
        text=text.texts[spoken],
        why=text.whys[spoken],
        hint=text.hints.get(spoken),
        help=_prompt_help(language) if text.theme in HELPED_THEMES else None,
    )


def _prompt_help(language: Language) -> PromptHelpView:
    return PromptHelpView(text=GENTLE_LINES.get(language, GENTLE_LINES[DEFAULT_LANGUAGE]), href="/v1/help")
