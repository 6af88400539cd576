"""Two couples and a stranger at their phones, for weeks, beside a plain model (`tests.couple_model`).

Hypothesis chooses who does what and when; every reply is held against the model whole, and nothing that anyone wrote
may stand in a reply to somebody who may not read it. A run ends with a table of what was tried and how often it was
let through, and fails if something worth trying never came about.

`make test` takes some 2,000 steps, the same ones on CI and others each time elsewhere; `make stateful` takes 30,000.
A failure ends with the shortest story that hypothesis found: its lines can be pasted into a test as they are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import logging
import os
import random
import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from rekindle.domain.ids import Language, PackId, PromptId, Uid
from rekindle.domain.playlist import Course, Entry
from rekindle.domain.prompts import Audience, PromptKind, PromptRef, Theme
from rekindle.store import keys
from rekindle.store.catalogue import PromptText
from rekindle.store.table import Write
from rekindle.telemetry import logger
from testing.apis import phones_api
from testing.builders import publish
from testing.phones import Phone, Reply
from tests.couple_model import (
    DAY,
    EXPORT,
    EXPORT_PAGE,
    HOUR,
    Learned,
    Model,
    Pack,
    Person,
    Prompt,
    Refused,
    Request,
    date_at,
    start_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from couples_api.services import Services
    from testing.phones import Handler

NIGHTLY: Final = "REKINDLE_STATEFUL_STEPS"
"""How many steps the environment asks for: `make stateful` sets it."""
STEPS_OF_ONE: Final = 50
COUNTED_OF_ONE: Final = 36
"""What is left of them, as some rules mostly wait for another turn, and hypothesis ends some examples sooner."""

PEOPLE: Final = ("ada", "ben", "cem", "dua", "eve")
MINUTE, SECOND, MILLISECOND = dt.timedelta(minutes=1), dt.timedelta(seconds=1), dt.timedelta(milliseconds=1)

STARTS: Final = tuple(
    dt.datetime.fromisoformat(text)
    for text in (
        "2026-03-02T15:00:00Z",
        "2026-03-07T22:00:00Z",  # before New York's clocks go forward
        "2026-04-04T20:00:00Z",  # before Santiago has the end of a day twice
        "2026-04-23T16:00:00Z",  # before Cairo leaves out a midnight
        "2026-10-24T11:00:00Z",  # before Berlin's go back
    )
)
APART: Final = (
    ("America/New_York", "Europe/Berlin"),
    ("America/Los_Angeles", "Europe/Berlin"),  # 9 hours
    ("Etc/GMT+12", "Pacific/Kiritimati"),  # 26 hours
    ("Europe/Berlin", "Europe/Berlin"),
    ("Africa/Cairo", "America/Santiago"),  # midnights that are missing, or there twice
    ("Asia/Kathmandu", "Pacific/Chatham"),  # quarters of an hour
)
ZONES: Final = tuple(sorted({zone for pair in APART for zone in pair}))


def some_packs() -> tuple[Pack, ...]:
    """Everybody's pack, one for everybody that comes later, one to choose, and a course of every second day."""

    def prompts(pack: str, *asked: tuple[str, str, int, int]) -> tuple[Prompt, ...]:
        names = [f"{pack}/{theme}-{number}" for number, (theme, *_) in enumerate(asked)]
        spoken = [("en", "es") if number % 2 else ("en",) for number, _ in enumerate(asked)]
        return tuple(
            Prompt(name, *each, {language: f"{name} in {language}." for language in languages})
            for name, each, languages in zip(names, asked, spoken, strict=True)
        )

    kinds = {"touch": "touch", "time": "together"}
    home = [
        (theme, kinds.get(theme, "question"), max(1, number), number + 1 if theme == "touch" else 0)
        for theme in ("openness", "time", "courage", "listening", "touch", "fear", "spark")
        for number in range(4 if theme == "openness" else 3)
    ]
    long_ago, later = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 3, 12, 10, tzinfo=dt.UTC)
    both = {"en": "A title", "es": "Un título"}
    english = {"en": "A title"}
    return (
        Pack("home", "everyone", prompts("home", *home), both, long_ago),
        Pack("later", "everyone", prompts("later", ("openness", "question", 1, 0)), english, later),
        Pack(
            "extra", "choice", prompts("extra", ("spark", "question", 1, 0), ("fear", "question", 2, 0)), both, long_ago
        ),
        Pack(
            "course",
            "code",
            prompts("course", ("spark", "question", 1, 0), ("touch", "touch", 1, 1), ("courage", "question", 2, 0)),
            english,
            long_ago,
            code="CRSE2345",
            every_days=2,
        ),
    )


PACKS: Final = some_packs()


def _stored(pack: Pack) -> list[tuple[Entry, PromptText]]:
    return [
        (
            Entry(
                PromptRef(PackId(pack.id), 1, PromptId(each.id.partition("/")[2])),
                Theme(each.theme),
                PromptKind(each.kind),
                each.depth,
                each.comfort,
            ),
            PromptText(
                Theme(each.theme),
                PromptKind(each.kind),
                Language("en"),
                {Language(language): text for language, text in each.texts.items()},
                {Language(language): f"Why, in {language}." for language in each.texts},
                {},
            ),
        )
        for each in pack.prompts
    ]


def publish_packs(services: Services) -> None:
    table = services.days.table
    for pack in PACKS:
        course = Course(in_order=True, every_days=pack.every_days) if pack.code else None
        publish(table, _stored(pack), live_from=pack.live_from, audience=Audience(pack.audience), course=course)
        words = {
            "default": "en",
            "titles": pack.titles,
            "written_for": {language: f"Everybody, in {language}." for language in pack.titles},
        }
        table.put_many([(keys.release(PackId(pack.id), 1), words)])
        if pack.code:
            table.write(Write("Put", keys.practice_code(pack.code), item={"pack": pack.id}))


def differences(got: Any, wanted: Any, place: str = "reply") -> list[str]:
    """Where two documents differ, one line for each place."""
    match got, wanted:
        case dict(), dict() if got.keys() == wanted.keys():
            return [line for name in got for line in differences(got[name], wanted[name], f"{place}.{name}")]
        case list(), list() if len(got) == len(wanted):
            pairs = enumerate(zip(got, wanted, strict=True))
            return [line for number, pair in pairs for line in differences(*pair, f"{place}[{number}]")]
        case _:
            return [] if got == wanted else [f"  {place} is {got!r} and should be {wanted!r}"]


class Tally:
    """What was asked in a run, by route and outcome, and what came of it."""

    def __init__(self) -> None:
        self.steps: Counter[str] = Counter()
        self.asked: Counter[tuple[str, str]] = Counter()
        self.events: Counter[str] = Counter()

    def table(self) -> str:
        rules = [f"  {name:<28}{count:>7}" for name, count in sorted(self.steps.items())]
        routes = sorted({route for route, _ in self.asked})
        lines = []
        for route in routes:
            done = self.asked[route, "done"]
            refused = {why: count for (each, why), count in self.asked.items() if each == route and why != "done"}
            reasons = ", ".join(f"{why} {count}" for why, count in sorted(refused.items(), key=lambda each: -each[1]))
            lines.append(f"  {route:<34}{done:>7}{sum(refused.values()):>8}  {reasons}")
        events = [f"  {event:<34}{count:>7}" for event, count in sorted(self.events.items())]
        head = f"{sum(self.steps.values())} steps, {sum(self.asked.values())} requests"
        return "\n".join([head, "rules", *rules, "routes, done and refused", *lines, "events", *events])


WHO = st.sampled_from(PEOPLE)
PAIRED = st.sampled_from(PEOPLE[:4])
DATES = st.sampled_from([0, 0, 0, 0, -1, -1, 1, -2, -3, -5])
"""How far from the caller's today; from two days ago on, the latest but so many of the couple's days."""
BESIDE = st.sampled_from([0 * SECOND, -MILLISECOND, MILLISECOND, -SECOND])
"""How far from an instant at which something changes."""
TWO_MISSES: Final = tuple([False, *[True] * days, False, True, True] for days in (5, 6))
"""So near that the second ends a run, or just far enough; two days later either has closed in every zone."""
PASTED = st.sampled_from(
    ["{}", "{}", "\u201c{}\u201d.", " {}\u200b", "Come: https://app.example/join#{}", "{}O", "{:.9}"]
)
"""How a code comes from a keyboard or a chat; the last two are slips."""
KEYS = st.sampled_from([None, "new", "new", "key-1"])
"""A key of its own for the request, to be repeated with it; now and then one that was used before."""
PROFILES = st.fixed_dictionaries(
    {"zone": st.sampled_from(ZONES)},
    optional={
        "language": st.sampled_from(["en", "es", "fr"]),
        "depth": st.integers(1, 3),
        "touch_comfort": st.integers(0, 3),
        "barriers": st.sampled_from([[], ["stress"], ["neglect", "vulnerability"]]),
        "streak_hidden": st.booleans(),
    },
)
PAGES = st.sampled_from(["", "?limit=1", "?limit=3", "?limit=30", "?before={}", "?before={}&limit=2"])
READINGS = st.sampled_from(
    [
        "GET /v1/me",
        "GET /v1/me/reminders",
        "GET /v1/touch/today",
        "GET /v1/invites",
        "GET /v1/couple",
        "GET /v1/packs",
        "GET /v1/today",
        "GET /v1/streak",
        "GET /v1/nudges",
        "GET /v1/solo/today",
    ]
)
LOOKS: Final = ("GET /v1/days/{}", "GET /v1/today", "GET /v1/days", "GET /v1/streak", "GET /v1/recap")
"""Where the partner of who has done something may look at once."""
MARK: Final = re.compile(r"<\w+ \d+>")


class Life(RuleBasedStateMachine):
    """What five persons do. `new_world` gives it the API, on a table that nobody has used."""

    def __init__(self, new_world: Callable[[], tuple[Handler, Services]], tally: Tally) -> None:
        super().__init__()
        self.api, self.services = new_world()
        self.tally = tally
        self.model = Model(PACKS, {name: Person(name) for name in PEOPLE})
        self.now = STARTS[0]
        self.texts = 0
        self.past: list[Request] = []
        self.is_sound = True

    def ask(
        self,
        who: str,
        route: str,
        place: object = "",
        *,
        query: str = "",
        body: Any = None,
        key: Any = None,
        **more: Any,
    ) -> Any:
        """Ask the API and the model, and hold one against the other; the body, None if it was refused."""
        if key == "new":
            self.texts += 1
            key = f"key-of-{self.texts}"
        request = Request(who, route, str(place), query, body, key, **more)
        if not route.startswith("GET"):
            self.past = [*self.past[-19:], request]
        return self.sent(request)

    def sent(self, request: Request) -> Any:
        """As `ask`, for a request that may have been sent before, or by somebody else."""
        self.is_sound = False
        reply = self.replied(request)
        body = reply.body if reply.text else None

        def prompt(date: dt.date) -> str:
            return self._prompt_in(body, date) or self._prompt_in(self._day(request.who, f"/v1/days/{date}"), date)

        def own_prompt(date: dt.date) -> str:
            return self._prompt_in(body, date) or self._prompt_in(
                self._day(request.who, f"/v1/solo/days?before={date + DAY}&limit=1")["days"][0], date
            )

        try:
            expected, refusal = self.model.reply_to(request, self.now, Learned(body, prompt, own_prompt)), ""
        except Refused as refused:
            expected, refusal = None, str(refused)
        self.tally.asked[request.route, refusal or "done"] += 1
        if refusal:
            assert reply.status >= 400, f"{request} should be refused with {refusal}, and got {reply.text}"
            assert reply.problem == refusal, f"{request} should be refused with {refusal}, and got {reply.text}"
            body = None
        assert reply.status < 300 or refusal, f"{request} was refused: {reply.text}"
        assert body == expected, f"{request}\n" + "\n".join(differences(body, expected))
        written = set(MARK.findall(reply.text))
        leaked = written - self.readable(request.who) if written else written
        assert not leaked, f"{request} tells {leaked}"
        self.is_sound = True
        return body

    def replied(self, request: Request) -> Reply:
        claims = {"auth_time": str(int((self.now - request.signed_in).timestamp()))}
        phone = Phone(self.api, Uid(request.who), self.now, claims)
        method = request.route.partition(" ")[0]
        headers = {"idempotency-key": request.key} if request.key else None
        return phone.call(method, request.path, request.body, headers=headers)

    def readable(self, who: str) -> set[str]:
        return {mark for text in self.model.readable(who) for mark in MARK.findall(text)}

    def _day(self, who: str, path: str) -> Any:
        return Phone(self.api, Uid(who), self.now).get(path).body

    @staticmethod
    def _prompt_in(body: Any, date: dt.date) -> str:
        """The id of the date's prompt, in a day's view or in today's; none if it is not there."""
        views = [body, body.get("today"), body.get("previous")] if isinstance(body, dict) else []
        found = [view["prompt"]["id"] for view in views if view and view.get("date") == str(date) and "prompt" in view]
        return str(found[0]) if found else ""

    def text(self, who: str, length: int = 0) -> str:
        """A text that nothing else is like."""
        self.texts += 1
        return f"<{who} {self.texts}>".ljust(length, ".")

    def person(self, who: str) -> Person:
        return self.model.persons[who]

    def date(self, who: str, offset: int) -> dt.date:
        couple = self.person(who).couple
        dates = sorted(couple.days, reverse=True) if couple else []
        if offset < -1 and dates:
            return dates[-offset % len(dates)]
        return date_at(self.now, self.person(who).zone if self.person(who).profile else "UTC") + offset * DAY

    def in_a_couple(self, who: str) -> str:
        """This person, or somebody who is in a couple, so that something can come of it."""
        return next((each for each in (who, *PEOPLE) if self.person(each).couple), who)

    def in_none(self, who: str) -> str:
        """This person, or somebody who has said who they are and is in no couple."""
        return next((each for each in (who, *PEOPLE) if self._is_free(each)), who)

    def _is_free(self, who: str) -> bool:
        return self.person(who).profile is not None and self.person(who).couple is None

    def wait_for_a_fresh_day(self, who: str) -> dt.date:
        """The caller's today, or tomorrow's if somebody has answered today."""
        day = self.day(who, self.date(who, 0))
        if day and (day.answers or day.swapped):
            self.now += DAY
        return self.date(who, 0)

    def partner_of(self, who: str) -> str | None:
        couple = self.person(who).couple
        return next(each for each in couple.members if each != who) if couple else None

    def day(self, who: str, date: dt.date) -> Any:
        couple = self.person(who).couple
        return couple.days.get(date) if couple else None

    def look(self, who: str, date: dt.date, nth: int) -> None:
        """Let the partner look, where there is one: nothing that just happened may show what is sealed."""
        if nth < len(LOOKS) and (partner := self.partner_of(who)):
            route = LOOKS[nth]
            query = f"?week={date - date.weekday() * DAY}" if route.endswith("recap") else ""
            self.ask(partner, route, date if "{}" in route else "", query=query)

    def counted(self, name: str) -> None:
        self.tally.steps[name] += 1

    @initialize(
        start=st.sampled_from(STARTS),
        places=st.tuples(st.sampled_from(APART), st.sampled_from(APART)),
        profiles=st.tuples(PROFILES, PROFILES),
        stranger=st.sampled_from([True, True, False]),
        alone=st.lists(WHO, max_size=3),
        together=st.sampled_from([2, 2, 2, 1]),
    )
    def begin(
        self, *, start: dt.datetime, places: Any, profiles: Any, stranger: bool, alone: list[str], together: int
    ) -> None:
        self.now = start
        for who, zone, profile in zip(PEOPLE, [*places[0], *places[1]], profiles * 2, strict=False):
            self.ask(who, "PUT /v1/me", body=profile | {"display_name": who.title(), "zone": zone})
        if stranger:
            self.ask("eve", "PUT /v1/me", body={"display_name": "Eve", "zone": "Europe/Berlin"})
        for who in alone:
            self.ask(who, "PUT /v1/solo/days/{}/answer", self.date(who, 0), body={"text": self.text(who)})
        for inviter, redeemer in (("ada", "ben"), ("cem", "dua"))[:together]:
            self._pair(inviter, redeemer)

    def _pair(self, inviter: str, redeemer: str) -> None:
        invite = self.ask(inviter, "POST /v1/invites")
        if invite:
            self.ask(redeemer, "POST /v1/invites/redeem", body={"code": invite["code"]})
            self.ask(inviter, "POST /v1/invites/confirm", body={"invite_id": invite["invite_id"]})

    @rule(by=st.sampled_from([DAY, DAY, 5 * HOUR, 12 * HOUR, MINUTE, HOUR, 25 * HOUR, 2 * DAY, 3 * DAY, -3 * SECOND]))
    def time_goes_by(self, by: dt.timedelta) -> None:
        """Or the next request comes from a clock that is a little behind."""
        self.counted("time goes by" if by > 0 * DAY else "a clock goes back")
        self.now += by

    @rule()
    def a_day_goes_by_on_which_two_meet(self) -> None:
        """The simplest rule, of which hypothesis is fond: whole weeks of it make a long streak."""
        self.counted("two meet for a day")
        who = self.in_a_couple(PEOPLE[0])
        self._both_answer(who, self.date(who, 0))
        self.now += DAY

    @rule(nth=st.integers(0, 12), beside=BESIDE)
    def an_edge_is_reached(self, nth: int, beside: dt.timedelta) -> None:
        """Just before, at, or just after an instant at which something opens, closes or ends."""
        self.counted("an edge is reached")
        ahead = sorted(edge for edge in self._edges() if edge + beside > self.now)
        if ahead:
            self.now = ahead[min(nth, len(ahead) - 1)] + beside

    def _edges(self) -> Iterable[dt.datetime]:
        known = [person for person in self.model.persons.values() if person.profile]
        for person in known:
            yield start_of(date_at(self.now, person.zone) + DAY, person.zone)
            if person.invite:
                yield person.invite.expires
            yield from (each + HOUR for each in person.tries[-5:])
            yield from (each["at"] + DAY for each in person.nudges)
            yield from (ended + 30 * DAY for _, ended in person.parted)
        for couple in {person.couple for person in known if person.couple}:
            for day in couple.days.values():
                yield from (day.opens, day.closes)

    @rule(who=WHO, profile=PROFILES)
    def say_who_one_is(self, who: str, profile: Any) -> None:
        self.counted("say who one is")
        self.ask(who, "PUT /v1/me", body={"display_name": who.title()} | profile)

    @rule(who=PAIRED, legs=st.lists(st.sampled_from(ZONES), min_size=1, max_size=2), nth=st.integers(0, 2))
    def fly(self, who: str, legs: list[str], nth: int) -> None:
        self.counted("fly")
        for zone in legs:
            self.ask(who, "PUT /v1/me", body=self.person(who).profile | {"zone": zone})
        self.look(who, self.date(who, 0), nth)

    @rule(who=PAIRED, legs=st.permutations(ZONES), nth=st.integers(0, 2))
    def fly_around_the_world(self, who: str, legs: list[str], nth: int) -> None:
        """From where dates begin, so that a day of theirs is open that no clock of theirs shows on the way."""
        self.counted("fly around the world")
        who = self.in_a_couple(who)
        self.ask(who, "PUT /v1/me", body=self.person(who).profile | {"zone": "Pacific/Kiritimati"})
        self.ask(who, "GET /v1/today")
        date = self.date(who, 0)
        for zone in legs[:2]:
            self.ask(who, "PUT /v1/me", body=self.person(who).profile | {"zone": zone})
        self.look(who, date, nth)

    @rule(who=WHO, muted=st.booleans(), touch=st.booleans())
    def set_reminders(self, who: str, muted: bool, touch: bool) -> None:  # noqa: FBT001
        self.counted("set reminders")
        wanted = {"weekdays": ["monday"], "time": "18:00"} if touch else None
        self.ask(who, "PUT /v1/me/reminders", body={"nudges_muted": muted, "touch": wanted})

    @rule(who=WHO, key=KEYS)
    def invite(self, who: str, key: Any) -> None:
        self.counted("invite")
        self.ask(who, "POST /v1/invites", key=key)

    @rule(who=WHO)
    def withdraw(self, who: str) -> None:
        self.counted("withdraw")
        self.ask(who, "DELETE /v1/invites")

    @rule(who=WHO, nth=st.integers(0, 3), key=KEYS, pasted=PASTED)
    def redeem(self, who: str, nth: int, key: Any, pasted: str) -> None:
        self.counted("redeem")
        who = self.in_none(who)
        codes = [invite.code for invite in reversed(self.model.invites)]
        code = codes[nth] if nth < len(codes) else "ABCDE-FGHJK"
        self.ask(who, "POST /v1/invites/redeem", body={"code": pasted.format(code)}, key=key)

    @rule(nth=st.integers(0, 4), beside=BESIDE)
    def redeem_at_an_edge(self, nth: int, beside: dt.timedelta) -> None:
        """As an invite's time is over; whoever else tries its code comes too late."""
        self.counted("redeem at an edge")
        free = [who for who in PEOPLE if self._is_free(who)]
        if len(free) > 1:
            inviter, redeemer = free[nth % len(free)], free[nth % len(free) - 1]
            invite = self.ask(inviter, "POST /v1/invites")
            self.now = dt.datetime.fromisoformat(invite["expires_at"]) + beside
            for each in (redeemer, *free):
                self.ask(each, "POST /v1/invites/redeem", body={"code": invite["code"]})
            self.ask(inviter, "POST /v1/invites/confirm", body={"invite_id": invite["invite_id"]})

    @rule(who=WHO, times=st.sampled_from([0, 0, 0, 6]))
    def guess_codes(self, who: str, times: int) -> None:
        self.counted("guess codes")
        who = self.in_none(who)
        for _ in range(times):
            self.ask(who, "POST /v1/invites/redeem", body={"code": "ABCDE-FGHJK"})

    @rule(who=WHO, nth=st.integers(0, 3), key=KEYS)
    def confirm(self, who: str, nth: int, key: Any) -> None:
        self.counted("confirm")
        invites = [invite.id for invite in reversed(self.model.invites)]
        own = self.person(who).invite
        asked = own.id if own and nth < 2 else invites[nth] if nth < len(invites) else "nothing"
        self.ask(who, "POST /v1/invites/confirm", body={"invite_id": asked}, key=key)

    @rule(inviter=WHO, redeemer=WHO)
    def pair(self, inviter: str, redeemer: str) -> None:
        """Whoever they are: two who are free become a couple."""
        self.counted("pair")
        free = [who for who in PEOPLE if self._is_free(who)]
        if len(free) > 1 and inviter not in free:
            inviter, redeemer = free[0], free[1]
        self._pair(inviter, redeemer)

    @rule(who=WHO, seldom=st.integers(0, 2))
    def unpair(self, who: str, seldom: int) -> None:
        """From now on each of the two is refused whatever they had shared."""
        if seldom:
            return
        self.counted("unpair")
        couple, partner = self.person(who).couple, self.partner_of(who)
        self.ask(who, "DELETE /v1/couple")
        for each in (who, partner):
            if each and couple:
                self._ask_for_everything(each, max(couple.days, default=self.date(who, 0)))

    @rule(who=PAIRED, after=st.sampled_from([1, 0, 2]))
    def begin_anew_with_somebody_else(self, who: str, after: int) -> None:
        """Nothing of the old couple is there, nor what was shown to the old partner."""
        if after == 0:
            return
        self.counted("begin anew")
        with_own = (each for each in (who, *PEOPLE) if self.person(each).couple and self.person(each).alone)
        who = next(with_own, self.in_a_couple(who))
        for date in list(self.person(who).alone)[-1:]:
            self.ask(who, "POST /v1/solo/days/{}/share", date)
        self.ask(who, "DELETE /v1/couple")
        self.now += after * DAY
        free = [each for each in reversed(PEOPLE) if each != who and self._is_free(each)]
        if not free or not self._is_free(who):
            return
        self._pair(who, free[0])
        for each in (who, free[0]):
            for route in (
                "GET /v1/days",
                "GET /v1/streak",
                "GET /v1/solo/days",
                "GET /v1/solo/shared",
                "GET /v1/packs",
            ):
                self.ask(each, route)

    @rule(who=WHO, offset=DATES)
    def somebody_in_no_couple_asks_for_everything(self, who: str, offset: int) -> None:
        self.counted("alone, ask for everything")
        if not self.person(who).couple:
            self._ask_for_everything(who, self.date(who, offset))

    def _ask_for_everything(self, who: str, date: dt.date) -> None:
        for route, body in EVERYWHERE:
            self.ask(who, route, date if "{}" in route else "", body=body)

    @rule(who=PAIRED, nth=st.integers(0, 6))
    def open_today(self, who: str, nth: int) -> None:
        self.counted("open today")
        who = self.in_a_couple(who)
        self.ask(who, "GET /v1/today")
        self.look(who, self.date(who, 0), nth)

    @rule(who=WHO, offset=DATES)
    def open_day(self, who: str, offset: int) -> None:
        self.counted("open a day")
        self.ask(who, "GET /v1/days/{}", self.date(who, offset))

    @rule(
        who=PAIRED,
        offset=DATES,
        length=st.sampled_from([0, 0, 2000]),
        named=st.sampled_from([True, True, False, None]),
        share_first=st.sampled_from([False, False, False, True]),
        nth=st.integers(0, 6),
    )
    def answer(self, *, who: str, offset: int, length: int, named: Any, share_first: bool, nth: int) -> None:
        """Answer, naming the prompt, or one that it no longer is, or none."""
        self.counted("answer")
        who = self.in_a_couple(who)
        date = self.date(who, offset) if offset else self.wait_for_a_fresh_day(who)
        body = {"text": self.text(who, length), "share_first": share_first}
        self.ask(who, "PUT /v1/days/{}/answer", date, body=body | self._named(who, date, named=named))
        self.look(who, date, nth)
        self._held_against_the_streak(who, date)

    def _named(self, who: str, date: dt.date, *, named: bool | None) -> dict[str, str]:
        day = self.day(who, date)
        if named is None or day is None:
            return {}
        return {"prompt": day.prompt.id if named else day.swapped.id if day.swapped else "home/none"}

    @rule(who=PAIRED, offset=DATES, nth=st.integers(0, 6))
    def check_off(self, who: str, offset: int, nth: int) -> None:
        """Without words, which a question takes ill."""
        self.counted("check off")
        who = self.in_a_couple(who)
        date = self.date(who, offset)
        self.ask(who, "PUT /v1/days/{}/answer", date, body=self._named(who, date, named=True))
        self.look(who, date, nth)

    @rule(
        who=PAIRED,
        offset=DATES,
        beside=st.sampled_from([0, 0, 0, 1, -1]),
        share_first=st.sampled_from([None, None, True]),
        nth=st.integers(0, 6),
    )
    def edit(self, who: str, offset: int, beside: int, share_first: Any, nth: int) -> None:
        self.counted("edit")
        who = self.in_a_couple(who)
        couple = self.person(who).couple
        mine_alone = [day.date for day in couple.days.values() if list(day.answers) == [who]] if couple else []
        date = mine_alone[-1] if mine_alone and offset == 0 else self.date(who, offset)
        day = self.day(who, date)
        mine = day.answers.get(who) if day else None
        revision = max(1, (mine.revision if mine else 1) + beside)
        shared = mine.share_first if mine and share_first is None else bool(share_first)
        body = {"text": self.text(who), "revision": revision, "share_first": shared}
        self.ask(who, "PUT /v1/days/{}/answer", date, body=body)
        self.look(who, date, nth)

    @rule(who=PAIRED, regretted=st.booleans(), nth=st.integers(0, 6))
    def both_answer(self, who: str, regretted: bool, nth: int) -> None:  # noqa: FBT001
        """And one of them would like to take it back."""
        self.counted("both answer")
        who = self.in_a_couple(who)
        date = self.date(who, 0)
        self._both_answer(who, date)
        day = self.day(who, date)
        if regretted and day and who in day.answers:
            body = {"text": self.text(who), "revision": day.answers[who].revision}
            self.ask(who, "PUT /v1/days/{}/answer", date, body=body)
        self.look(who, date, nth)

    @rule(who=PAIRED, end=st.booleans(), beside=BESIDE)
    def answer_at_an_edge(self, who: str, end: bool, beside: dt.timedelta) -> None:  # noqa: FBT001
        """As a day of theirs closes, or as the next one opens."""
        self.counted("answer at an edge")
        who = self.in_a_couple(who)
        couple, date = self.person(who).couple, self.date(who, 0) + (0 if end else 1) * DAY
        if couple is None:
            return
        if end:
            self.ask(who, "GET /v1/days/{}", date)
        edge = self.model.window_of(couple, date)[1 if end else 0] + beside
        if edge > self.now:
            self.now = edge
            self.ask(who, "PUT /v1/days/{}/answer", date, body={"text": self.text(who)})

    @rule(
        who=PAIRED,
        met=st.lists(st.booleans(), min_size=2, max_size=4) | st.sampled_from(TWO_MISSES),
        nth=st.integers(0, 6),
    )
    def days_go_by(self, who: str, met: list[bool], nth: int) -> None:
        """So many days, on some of which both answer."""
        self.counted("days go by")
        who = self.in_a_couple(who)
        for both in met:
            if both:
                self._both_answer(who, self.date(who, 0))
            self.now += DAY
        self.ask(who, "GET /v1/streak")
        self.look(who, self.date(who, -1), nth)

    def _both_answer(self, who: str, date: dt.date) -> None:
        for each in (who, self.partner_of(who)):
            if each:
                body = {"text": self.text(each)} | self._named(each, date, named=True)
                self.ask(each, "PUT /v1/days/{}/answer", date, body=body)
        self._held_against_the_streak(who, date)

    def _held_against_the_streak(self, who: str, date: dt.date) -> None:
        """The run that was written as a day became complete, for milestones, is the one that the model comes to."""
        couple, day = self.person(who).couple, self.day(who, date)
        if couple is None or day is None or not day.revealed:
            return
        person = self.services.people.person(Uid(who))
        assert person
        assert person.couple
        row = self.services.days.table.get(keys.streak(person.couple))
        assert row
        if row["changed_at"] == round(self.now.timestamp() * 1000):
            assert row["run"] == self.model.streak(couple, self.now)["current"]

    @rule(who=PAIRED, offset=st.sampled_from([0, 0, -1]), seldom=st.integers(0, 2))
    def the_length_of_an_answer_shows_nowhere(self, who: str, offset: int, seldom: int) -> None:
        """What the partner gets is byte for byte the same beside one symbol and beside 2,000, on every route."""
        if seldom:
            return  # it takes thirty requests
        self.counted("the seal to the byte")
        who = self.in_a_couple(who)
        date, partner = self.date(who, offset) if offset else self.wait_for_a_fresh_day(who), self.partner_of(who)
        if partner and not self.day(who, date):
            self.ask(who, "GET /v1/days/{}", date)
        day = self.day(who, date)
        if partner is None or day is None or day.answers or not day.is_open(self.now):
            return
        self.ask(partner, "GET /v1/today")  # opens what it opens before anything is compared
        seen = []
        for text, revision in (("x", None), ("y" * 2000, 1)):
            self.ask(
                who, "PUT /v1/days/{}/answer", date, body={"text": text, "revision": revision, "prompt": day.prompt.id}
            )
            replies = [self.replied(Request(partner, route, str(date), body=body)) for route, body in EVERYWHERE]
            seen.append([(reply.status, reply.headers, reply.text) for reply in replies])
        assert seen[0] == seen[1]
        self.model.events["seal held to the byte"] += 1

    @rule(who=PAIRED, offset=DATES, key=KEYS, nth=st.integers(0, 2))
    def swap(self, who: str, offset: int, key: Any, nth: int) -> None:
        self.counted("swap")
        who = self.in_a_couple(who)
        date = self.date(who, offset)
        self.ask(who, "POST /v1/days/{}/swap", date, key=key)
        self.look(who, date, nth)

    @rule(who=PAIRED, again=st.sampled_from([None, "the same", "the other"]), nth=st.integers(0, 2))
    def swap_a_fresh_day(self, who: str, again: str | None, nth: int) -> None:
        self.counted("swap a fresh day")
        who = self.in_a_couple(who)
        date = self.wait_for_a_fresh_day(who)
        self.ask(who, "GET /v1/days/{}", date)
        self.ask(who, "POST /v1/days/{}/swap", date)
        if again:
            self.ask((self.partner_of(who) if again == "the other" else None) or who, "POST /v1/days/{}/swap", date)
        self.look(who, date, nth)

    @rule(
        who=PAIRED,
        nth=st.integers(0, 3),
        kind=st.sampled_from(["heard", "thank_you", "i_hear_you", "tell_me_more"]),
        looks=st.integers(0, 6),
    )
    def reflect(self, who: str, nth: int, kind: str, looks: int) -> None:
        self.counted("reflect")
        who = self.in_a_couple(who)
        couple = self.person(who).couple
        dates = sorted(couple.complete if nth else couple.days, reverse=True) if couple else []
        date = dates[nth // 2] if nth // 2 < len(dates) else self.date(who, 0)
        body = {"kind": kind} | ({"text": self.text(who)} if kind == "heard" else {})
        self.ask(who, "PUT /v1/days/{}/reflection", date, body=body)
        self.look(who, date, looks)

    @rule(who=PAIRED, days=st.sampled_from([0, 1, 2, 5, 20, 92, 93]), nth=st.integers(2, 6))
    def pause(self, who: str, days: int, nth: int) -> None:
        self.counted("pause")
        who = self.in_a_couple(who)
        self.ask(who, "PATCH /v1/couple", body={"pause": {"until": str(self.date(who, days))}})
        self.look(who, self.date(who, 0), nth)

    @rule(who=PAIRED, other=st.booleans(), after=st.sampled_from([0, 1, 3]), nth=st.integers(2, 6))
    def end_the_pause(self, who: str, other: bool, after: int, nth: int) -> None:  # noqa: FBT001
        """One that runs already, or a fresh one of a week, which the other may end."""
        self.counted("end the pause")
        who = self.in_a_couple(who)
        couple = self.person(who).couple
        if couple and not couple.pause:
            self.ask(who, "PATCH /v1/couple", body={"pause": {"until": str(self.date(who, 0) + 7 * DAY)}})
        self.now += after * DAY
        who = (self.partner_of(who) if other else None) or who
        self.ask(who, "DELETE /v1/couple/pause")
        self.look(who, self.date(who, 0), nth)

    @rule(
        who=PAIRED,
        method=st.sampled_from(["PUT", "DELETE"]),
        pack=st.sampled_from(["extra", "home", "later", "course", "none"]),
    )
    def wish_for_a_pack(self, who: str, method: str, pack: str) -> None:
        self.counted("wish for a pack")
        who = self.in_a_couple(who)
        self.ask(who, f"{method} /v1/couple/packs/{{}}", pack)
        if partner := self.partner_of(who):
            self.ask(partner, "GET /v1/packs")

    @rule(who=PAIRED, code=st.sampled_from(["CRSE2345", "crse-2345.", "NNNE2345", "CRSE234O"]), key=KEYS)
    def join_by_code(self, who: str, code: str, key: Any) -> None:
        self.counted("join by code")
        who = self.in_a_couple(who)
        self.ask(who, "POST /v1/couple/practice-code", body={"code": code}, key=key)

    @rule(
        who=PAIRED,
        gesture=st.sampled_from(["hug", "miss_you"]),
        key=KEYS,
        times=st.sampled_from([1, 1, 2, 4]),
        muted=st.sampled_from([None, None, True, False]),
    )
    def nudge(self, *, who: str, gesture: str, key: Any, times: int, muted: Any) -> None:
        self.counted("nudge")
        who = self.in_a_couple(who)
        if muted is not None and (partner := self.partner_of(who)):
            self.ask(partner, "PUT /v1/me/reminders", body={"nudges_muted": muted})
        for number in range(times):
            if key and number:
                self.sent(self.past[-1])
            else:
                self.ask(who, "POST /v1/nudges", body={"gesture": gesture}, key=key)
        for each in (who, self.partner_of(who)):
            if each:
                self.ask(each, "GET /v1/nudges")

    @rule(who=WHO, offset=DATES, revision=st.sampled_from([None, None, 1, 2]))
    def answer_alone(self, who: str, offset: int, revision: Any) -> None:
        self.counted("answer alone")
        who = self.in_none(who)
        body = {"text": self.text(who), "revision": revision}
        self.ask(who, "PUT /v1/solo/days/{}/answer", self.date(who, offset), body=body)

    @rule(who=WHO, nth=st.integers(0, 2), method=st.sampled_from(["POST", "POST", "DELETE"]))
    def share_what_one_answered_alone(self, who: str, nth: int, method: str) -> None:
        self.counted("share")
        couples = [who, *PEOPLE]
        who = next((each for each in couples if self.person(each).couple and self.person(each).alone), who)
        dates = sorted(self.person(who).alone, reverse=True)
        date = dates[nth % len(dates)] if dates else self.date(who, 0)
        self.ask(who, f"{method} /v1/solo/days/{{}}/share", date)
        if partner := self.partner_of(who):
            self.ask(partner, "GET /v1/solo/shared")

    @rule(who=WHO, route=READINGS)
    def look_at(self, who: str, route: str) -> None:
        self.counted("look")
        self.ask(who, route)

    @rule(
        who=WHO,
        route=st.sampled_from(["GET /v1/days", "GET /v1/days", "GET /v1/solo/days", "GET /v1/solo/shared"]),
        page=PAGES,
        offset=st.integers(-9, 2),
    )
    def leaf_through(self, who: str, route: str, page: str, offset: int) -> None:
        self.counted("leaf through")
        self.ask(who, route, query=page.format(self.date(who, offset)))

    @rule(who=WHO, weeks=st.sampled_from([None, None, 0, -1, -2, 1]), days=st.sampled_from([0, 0, 0, 1]))
    def look_back(self, who: str, weeks: int | None, days: int) -> None:
        self.counted("look back")
        who = self.in_a_couple(who) if days == 0 else who
        today = self.date(who, 0)
        monday = today + ((weeks or 0) * 7 - today.weekday() + days) * DAY
        self.ask(who, "GET /v1/recap", query="" if weeks is None else f"?week={monday}")

    @rule(
        who=WHO,
        signed_in=st.sampled_from([0 * SECOND, 0 * SECOND, 15 * MINUTE - SECOND, 15 * MINUTE + SECOND]),
        between=st.sampled_from([None, None, "somebody answers", "they part", "they begin anew"]),
    )
    def take_along(self, who: str, signed_in: dt.timedelta, between: str | None) -> None:
        """Page by page, while something happens after the first: what was there before comes once, and all of it."""
        self.counted("take along")
        written = self.model.kept(who, self.now)
        page, entries = self.ask(who, EXPORT, signed_in=signed_in), []
        while page:
            entries += page["entries"]
            if page["next"] is None:
                texts = [entry["answer"]["text"] for entry in entries if entry["answer"]]
                assert not [text for text in written if texts.count(text) != 1]
                places = [(entry["couple"] or 0, entry["date"]) for entry in entries]
                assert places == sorted(set(places))
                return
            self._meanwhile(who, between)
            between = None
            page = self.ask(who, EXPORT, body={"next": page["next"]})

    def _meanwhile(self, who: str, between: str | None) -> None:
        partner = self.partner_of(who)
        if between == "somebody answers":
            for each in (who, partner) if partner else ():
                self.ask(each, "PUT /v1/days/{}/answer", self.date(who, 0), body={"text": self.text(each)})
        elif between:
            self.ask(partner or who, "DELETE /v1/couple")
            if between == "they begin anew" and (
                free := [each for each in PEOPLE if self._is_free(each) and each != who]
            ):
                self._pair(who, free[-1])

    @rule(who=WHO, other=WHO, nth=st.integers(0, 3))
    def ask_with_another_s_cursor(self, who: str, other: str, nth: int) -> None:
        self.counted("another's cursor")
        cursors = list(self.person(other).cursors)
        self.ask(who, EXPORT, body={"next": cursors[nth] if nth < len(cursors) else "nowhere"})

    @rule(nth=st.integers(0, 19), who=st.none() | WHO)
    def repeat(self, nth: int, who: str | None) -> None:
        """A request comes again, or the same from somebody else: a stranger, or who was the partner once."""
        self.counted("repeat")
        if nth < len(self.past):
            request = self.past[-1 - nth]
            if request.route == "PUT /v1/me":
                who = None
            self.sent(dataclasses.replace(request, who=who or request.who))

    @rule(who=WHO, wishes=st.lists(READINGS, min_size=1, max_size=3))
    def a_repeat_at_once(self, who: str, wishes: list[str]) -> None:
        """The reply to the last request was lost on its way."""
        self.counted("repeat at once")
        if self.past:
            self.sent(self.past[-1])
        self.ask(who, wishes[0])

    def teardown(self) -> None:
        """In the end all look at everything, unless something was wrong already."""
        for who in PEOPLE:
            if self.is_sound and self.person(who).couple:
                self.ask(who, "GET /v1/days")
                self.ask(who, "GET /v1/streak")
            if self.is_sound:
                self.ask(who, EXPORT)
        couples = [person.couple for person in self.model.persons.values() if person.couple]
        assert all(couples.count(couple) == 2 for couple in couples)
        self.tally.events.update(self.model.events)


EVERYWHERE: Final[tuple[tuple[str, Any], ...]] = (
    (EXPORT, None),
    ("GET /v1/today", None),
    ("GET /v1/days/{}", None),
    ("GET /v1/days", None),
    ("GET /v1/streak", None),
    ("GET /v1/recap", None),
    ("GET /v1/couple", None),
    ("GET /v1/nudges", None),
    ("GET /v1/packs", None),
    ("GET /v1/touch/today", None),
    ("GET /v1/solo/days", None),
    ("GET /v1/solo/shared", None),
    ("POST /v1/days/{}/swap", None),
    ("PUT /v1/days/{}/reflection", {"kind": "thank_you"}),
    ("PUT /v1/days/{}/answer", {"text": "An edit of nothing.", "revision": 1}),
)
"""Every route by which something of a sealed answer might come out; what writes is refused."""

MANY_STEPS: Final = 10_000
SOME_STEPS: Final = 2_000
COMMON: Final = (
    "exported",
    "opened",
    "answered",
    "revealed",
    "edited",
    "paired",
    "paused",
    "swapped",
    "rest day",
    "streak broken",
)
"""What any run of a few thousand steps meets many times; the rest of EVENTS may be passed by in one."""
EVENTS: Final = (
    "opened",
    "answered",
    "revealed",
    "edited",
    "shared first",
    "edit after the reveal refused",
    "late answer refused",
    "swapped",
    "reflected",
    "paused",
    "pause ended",
    "paired",
    "unpaired",
    "rest day",
    "streak broken",
    "milestone",
    "window widened",
    "day ahead shown",
    "seal held to the byte",
    "course",
    "pack chosen",
    "pack put aside",
    "nudge sent",
    "nudge muted",
    "nudge refused",
    "answer repeated",
    "answered alone",
    "own answer shared",
    "exported",
    "export goes on",
    "exported after parting",
    "keepsake over",
    "cursor refused",
)
"""What has to happen in a run, or the run has shown nothing."""


@pytest.mark.timeout(0)
def test_two_couples_and_a_stranger_live_as_the_design_says(
    new_services: Callable[..., Services], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, logger=logger.name)  # else a failure would be hidden under thousands of outcomes
    steps = int(os.environ.get(NIGHTLY, "600"))
    tally = Tally()
    world: list[Services] = []
    api = phones_api(lambda: world[-1], page_days=EXPORT_PAGE)

    def new_world() -> tuple[Handler, Services]:
        # The same every time: a couple's order of prompts follows from its id.
        entropy = random.Random(11).randbytes  # noqa: S311  nothing here is secret
        world[:] = [dataclasses.replace(new_services(_stored(PACKS[0])), entropy=entropy)]
        publish_packs(world[-1])
        return api, world[-1]

    chosen = settings(
        max_examples=max(1, steps // COUNTED_OF_ONE),
        stateful_step_count=STEPS_OF_ONE,
        derandomize=NIGHTLY not in os.environ and bool(os.environ.get("REKINDLE_NO_SKIPS")),
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(cast("type[Life]", partial(Life, new_world, tally)), settings=chosen)
    finally:
        # With a failure in any case, and always where the run is an end in itself.
        with capsys.disabled() if NIGHTLY in os.environ else contextlib.nullcontext():
            print(f"\n{tally.table()}")  # noqa: T201  it is for whoever reads the run
    wanted = EVENTS if steps >= MANY_STEPS else COMMON if steps >= SOME_STEPS else ()
    assert not [event for event in wanted if not tally.events[event]]
