"""Build values for tests, with readable defaults."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rekindle.domain.couples import Couple
from rekindle.domain.days import Day, DayWindow
from rekindle.domain.ids import CoupleId, DeviceId, Language, PackId, PromptId, Uid, Zone
from rekindle.domain.persons import Device, Person, Platform, Profile, Reminders, Target, TargetKind, TouchReminder
from rekindle.domain.playlist import Entry, Release
from rekindle.domain.prompts import Audience, PromptKind, PromptRef, Theme
from rekindle.domain.touch_dates import EVERY_TOUCH_DATE
from rekindle.store import keys
from rekindle.store.catalogue import PromptText, index_of, index_writes
from rekindle.store.forms import stored
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rekindle.store.table import Table

NEW_YORK = Zone("America/New_York")
TOKYO = Zone("Asia/Tokyo")
LONDON = Zone("Europe/London")

_numbers = itertools.count(1)


def an_instant(text: str = "2026-03-02T15:00:00Z") -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def a_uid(name: str = "person") -> Uid:
    """Return a uid that no other test in this process has."""
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
    """Return a person in a couple, with a phone. Such a person is due in slots."""
    return a_person(**({"couple": CoupleId("couple-1"), "devices": {DeviceId("phone"): a_device()}} | changes))


EVERY_EVENING = TouchReminder(frozenset(range(7)), dt.time(19))


def a_touching_person(**changes: Any) -> Person:
    """Return a person in a couple, with a phone and a touch reminder on each date at 19:00. Both partners want it."""
    given: dict[str, Any] = {
        "profile": a_profile(touch_comfort=1),
        "reminders": Reminders(touch=EVERY_EVENING),
        "touch_dates": EVERY_TOUCH_DATE,
    }
    return a_paired_person(**(given | changes))


def a_couple(**changes: Any) -> Couple:
    """Return the couple of ada and ben."""
    given: dict[str, Any] = {
        "id": CoupleId("couple-1"),
        "created_at": an_instant(),
        "first_date": dt.date(2026, 3, 2),
        "counted_from": dt.date(2026, 3, 2),
        "profiles": {Uid(name): a_profile() for name in ("ada", "ben")},
        "seed": "a secret seed",
    }
    return Couple(**(given | changes))


def a_day(**changes: Any) -> Day:
    given: dict[str, Any] = {
        "couple": CoupleId("couple-1"),
        "date": dt.date(2026, 3, 2),
        "prompt": PromptRef(PackId("starter"), 1, PromptId("walk")),
        "kind": PromptKind.QUESTION,
        "window": DayWindow(an_instant("2026-03-01T15:00:00Z"), an_instant("2026-03-03T08:00:00Z")),
        "theme": Theme.TIME,
    }
    return Day(**(given | changes))


def publish(table: Table, prompts: Iterable[tuple[Entry, PromptText]], **changes: Any) -> Release:
    """Store these prompts as the live release of their pack. `changes` replaces fields of the release."""
    listed = list(prompts)
    ref = listed[0][0].ref
    release = replace(
        Release(
            pack=ref.pack,
            version=ref.version,
            audience=Audience.EVERYONE,
            live_from=an_instant("2020-01-01T00:00:00Z"),
            entries=tuple(entry for entry, _ in listed),
        ),
        **changes,
    )
    english = Language("en")
    table.put_many((keys.prompt(*_names(entry)), stored(text)) for entry, text in listed)
    words = {"default": english, "titles": {english: ref.pack}, "written_for": {english: "Everybody."}}
    table.put_many([(keys.release(ref.pack, ref.version), words)])
    index = index_of(table)
    others = [each for each in index.releases if each.pack != ref.pack]
    table.transact(index_writes(index, [*others, release], release.live_from))
    return release


def give_code(table: Table, pack: str, code: str = "ABCD2345") -> None:
    """Let couples join the pack with this code."""
    table.write(Write("Put", keys.practice_code(code), item={"pack": pack}))


def publish_choices(table: Table) -> None:
    """Publish two packs. Couples can choose the first, and join the second with the code ABCD-2345."""
    publish(table, prompts("choice"), audience=Audience.CHOICE)
    publish(table, prompts("group"), audience=Audience.CODE)
    give_code(table, "group")


def _names(entry: Entry) -> tuple[PackId, int, PromptId]:
    return entry.ref.pack, entry.ref.version, entry.ref.prompt


def a_stored_prompt(
    pack: str, name: str, theme: Theme, kind: PromptKind = PromptKind.QUESTION, **fields: Any
) -> tuple[Entry, PromptText]:
    """Return a prompt as the table has it. `texts` maps languages to texts. The default is one English text."""
    given: dict[str, Any] = {"depth": 1, "comfort": 0, "texts": {"en": f"{name}."}} | fields
    texts = {Language(language): text for language, text in given["texts"].items()}
    whys = {language: f"Why, in {language}." for language in texts}
    entry = Entry(PromptRef(PackId(pack), 1, PromptId(name)), theme, kind, given["depth"], given["comfort"])
    return entry, PromptText(theme, kind, Language("en"), texts, whys, {})


def prompts(pack: str = "test", version: int = 1) -> Iterator[tuple[Entry, PromptText]]:
    """Yield the prompts of a small pack.

    Each theme has twelve prompts, four of each depth. The prompts of the theme touch have touch comforts 0 to 3. Three
    of its four prompts of depth 1 have touch comfort 0.
    """
    for theme, number in itertools.product(Theme, range(12)):
        depth, comfort = number % 3 + 1, number % 4 if theme is Theme.TOUCH and number not in {3, 6} else 0
        kind = PromptKind.TOUCH if comfort else PromptKind.QUESTION
        ref = PromptRef(PackId(pack), version, PromptId(f"{theme}-{number}"))
        english = Language("en")
        yield (
            Entry(ref=ref, theme=theme, kind=kind, depth=depth, comfort=comfort),
            PromptText(theme, kind, english, {english: f"Prompt {number} of {theme}."}, {english: "Because."}, {}),
        )
