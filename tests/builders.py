"""Values for tests, with readable defaults."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

from rekindle.models import (
    CoupleId,
    Device,
    DeviceId,
    Language,
    PackId,
    Person,
    Platform,
    Profile,
    PromptId,
    PromptKind,
    PromptRef,
    Reminders,
    Target,
    TargetKind,
    Theme,
    Uid,
    Zone,
)
from rekindle.playlist import Entry
from rekindle.store.catalogue import PromptText

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW_YORK = Zone("America/New_York")
TOKYO = Zone("Asia/Tokyo")
LONDON = Zone("Europe/London")

_numbers = itertools.count(1)


def an_instant(text: str = "2026-03-02T15:00:00Z") -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def a_uid(name: str = "person") -> Uid:
    """A uid that no other test of this process has."""
    return Uid(f"{name}-{next(_numbers)}")


def a_token(name: str = "phone") -> str:
    return f"token-{name}-{next(_numbers)}"


def a_profile(**changes: Any) -> Profile:
    given: dict[str, Any] = {"display_name": "Ada", "zone": NEW_YORK, "language": Language("en")}
    return Profile(**(given | changes))


def a_person(**changes: Any) -> Person:
    given: dict[str, Any] = {
        "uid": a_uid(),
        "profile": a_profile(),
        "reminders": Reminders(),
        "created_at": an_instant("2026-03-01T00:00:00Z"),
    }
    return Person(**(given | changes))


def a_target(token: str | None = None) -> Target:
    return Target(TargetKind.TOKEN, token or a_token())


def a_device(token: str | None = None, platform: Platform = Platform.ANDROID) -> Device:
    return Device(a_target(token), platform, an_instant("2026-03-01T00:00:00Z"))


def a_paired_person(**changes: Any) -> Person:
    """A person in a couple, with a phone: one who is due at slots."""
    return a_person(**({"couple": CoupleId("couple-1"), "devices": {DeviceId("phone"): a_device()}} | changes))


def prompts(pack: str = "test", version: int = 1) -> Iterator[tuple[Entry, PromptText]]:
    """A small pack: for each theme three prompts of each depth that need no touch, and three of each touch comfort."""
    for theme, number in itertools.product(Theme, range(12)):
        depth, comfort = number % 3 + 1, number % 4 if theme is Theme.TOUCH else 0
        kind = PromptKind.TOUCH if comfort else PromptKind.QUESTION
        ref = PromptRef(PackId(pack), version, PromptId(f"{theme}-{number}"))
        english = Language("en")
        yield (
            Entry(ref=ref, theme=theme, kind=kind, depth=depth, comfort=comfort),
            PromptText(theme, kind, english, {english: f"Prompt {number} of {theme}."}, {english: "Because."}, {}),
        )
