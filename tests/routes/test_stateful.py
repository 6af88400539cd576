"""Two couples and a stranger use their phones for weeks, beside a plain model (`tests.couple_model`).

Hypothesis chooses who does what, and when. The test compares every reply with the model's, and checks that no reply
shows a text to somebody who may not read it. A run ends with a table of the requests and how often each succeeded. The
run fails if something important never happened.

`make test` takes some 2,000 steps, always the same ones on CI and new ones elsewhere. `make stateful` takes 30,000.
A failure ends with the shortest sequence that hypothesis found: its lines can be pasted into a test as they are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import itertools
import logging
import math
import os
import random
import re
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cleanup.handler import handle
from rekindle.accounts import account_job_from
from rekindle.cleanup import AccountDeletedJob, EndedJob, EraseJob, cleanup_job_from
from rekindle.domain.ids import PackId, Uid
from rekindle.domain.playlist import Course
from rekindle.domain.prompts import Audience, PromptKind, Theme
from rekindle.push.reactions import reaction_to
from rekindle.store import keys
from rekindle.store.instants import to_millis
from rekindle.store.stream import change_in
from rekindle.store.table import marshal
from rekindle.telemetry import logger
from testing.apis import phones_api
from testing.builders import a_stored_prompt, give_code, publish
from testing.cleanups import SETTLING, cleanup_services
from testing.memory_sqs import MemorySqs
from testing.phones import NO_WORDS, Phone
from testing.stored import every_row, row_in, stream_record
from testing.wire import WRITES as TABLE_WRITES
from testing.wire import Crash
from tests.couple_model import (
    DAY,
    ERASE,
    EXPORT,
    EXPORT_PAGE,
    EXPORT_SECTIONS,
    HOUR,
    MILLISECOND,
    SECOND,
    THEMES,
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
    from collections.abc import Callable, Iterable, Iterator

    from couples_api.services import Services
    from rekindle.cleanup import CleanupJob
    from rekindle.domain.playlist import Entry
    from rekindle.store.catalogue import PromptText
    from rekindle.store.table import Item, Table
    from testing.memory_table import MemoryTable
    from testing.phones import Handler, Reply

NIGHTLY: Final = "REKINDLE_STATEFUL_STEPS"
"""The environment variable with the number of steps. `make stateful` sets it."""
STEPS_OF_ONE: Final = 50
COUNTED_OF_ONE: Final = 36
"""The steps that count: some rules mostly do nothing, and hypothesis ends some examples early."""

PEOPLE: Final = ("ada", "ben", "cem", "dua", "eve")
MINUTE = dt.timedelta(minutes=1)

STARTS: Final = tuple(
    dt.datetime.fromisoformat(text)
    for text in (
        "2026-03-02T15:00:00Z",
        "2026-03-07T22:00:00Z",  # before New York's clocks go forward
        "2026-04-04T20:00:00Z",  # before Santiago repeats the last hour of a day
        "2026-04-23T16:00:00Z",  # before Cairo skips a midnight
        "2026-10-24T11:00:00Z",  # before Berlin's go back
    )
)
APART: Final = (
    ("America/New_York", "Europe/Berlin"),
    ("America/Los_Angeles", "Europe/Berlin"),  # 9 hours
    ("Etc/GMT+12", "Pacific/Kiritimati"),  # 26 hours
    ("Europe/Berlin", "Europe/Berlin"),
    ("Africa/Cairo", "America/Santiago"),  # midnights that are skipped or repeated
    ("Asia/Kathmandu", "Pacific/Chatham"),  # offsets with quarters of an hour
)
ZONES: Final = tuple(sorted({zone for pair in APART for zone in pair}))


def a_pack(name: str, audience: str, prompts: Iterable[tuple[str, int, int]], *languages: str, **more: Any) -> Pack:
    """Return a pack of these themes, depths and touch comforts. Every other prompt also has a Spanish text."""
    kinds = {"time": "together"}
    made = []
    for number, (theme, depth, comfort) in enumerate(prompts):
        texts = {language: f"{name}/{theme}-{number} in {language}." for language in ("en", "es")[: 1 + number % 2]}
        kind = "touch" if comfort else kinds.get(theme, "question")
        made.append(Prompt(f"{name}/{theme}-{number}", theme, kind, depth, comfort, texts))
    titles = {language: f"A title in {language}" for language in languages}
    return Pack(name, audience, tuple(made), titles, **({"live_from": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)} | more))


COURSE_CODE: Final = "CRSE2345"
PACKS: Final = (
    a_pack(
        "home",
        "everyone",
        [
            *((theme, max(1, number), 0) for theme in THEMES for number in range(4 if theme == "openness" else 3)),
            *(("touch", depth, depth) for depth in (1, 2, 3)),
        ],
        "en",
        "es",
    ),
    a_pack("later", "everyone", [("openness", 1, 0)], "en", live_from=dt.datetime(2026, 3, 12, 10, tzinfo=dt.UTC)),
    a_pack("extra", "choice", [("spark", 1, 0), ("fear", 2, 0)], "en", "es"),
    a_pack(
        "course", "code", [("spark", 1, 0), ("touch", 1, 1), ("courage", 2, 0)], "en", code=COURSE_CODE, every_days=2
    ),
)


def _stored(pack: Pack) -> Iterable[tuple[Entry, PromptText]]:
    for each in pack.prompts:
        name, fields = each.id.partition("/")[2], {"depth": each.depth, "comfort": each.comfort, "texts": each.texts}
        yield a_stored_prompt(pack.id, name, Theme(each.theme), PromptKind(each.kind), **fields)


def publish_packs(table: Table) -> None:
    for pack in PACKS:
        course = Course(in_order=True, every_days=pack.every_days) if pack.code else None
        publish(table, _stored(pack), live_from=pack.live_from, audience=Audience(pack.audience), course=course)
        written_for = {language: f"Everybody, in {language}." for language in pack.titles}
        words = {"default": "en", "titles": pack.titles, "written_for": written_for}
        table.put_many([(keys.release(PackId(pack.id), 1), words)])
    give_code(table, "course", COURSE_CODE)


def differences(got: Any, wanted: Any, place: str = "reply") -> list[str]:
    """List the differences of two JSON documents, a line for each place."""
    match got, wanted:
        case dict(), dict() if got.keys() == wanted.keys():
            return [line for name in got for line in differences(got[name], wanted[name], f"{place}.{name}")]
        case list(), list() if len(got) == len(wanted):
            pairs = enumerate(zip(got, wanted, strict=True))
            return [line for number, pair in pairs for line in differences(*pair, f"{place}[{number}]")]
        case _:
            return [] if got == wanted else [f"  {place} is {got!r} and should be {wanted!r}"]


def somebody(wanted: Callable[[Person], object]) -> st.SearchStrategy[str]:
    """Draw a person of whom this is true now. If it is true of nobody, draw anybody."""
    return st.runner().flatmap(lambda life: st.sampled_from(life.those(wanted) or PEOPLE))


WHO = st.sampled_from(PEOPLE)
PAIRED = somebody(lambda person: person.couple)
FREE = somebody(lambda person: person.profile and not person.couple and not person.erased)
PAIRED_WITH_OWN = somebody(lambda person: person.couple and person.alone)
DATES = st.sampled_from([0, 0, 0, 0, -1, -1, 1, -2, -3, -5])
"""Distances in days from the caller's today. Values below -1 count back through the couple's days instead."""
BESIDE = st.sampled_from([0 * SECOND, -MILLISECOND, MILLISECOND, -SECOND])
"""Distances from an instant at which something changes."""
TWO_MISSES: Final = tuple([False, *[True] * days, False, True, True] for days in (5, 6))
"""Two missed dates: once so near that the second ends the run, and once just far enough. Two more days follow, so that
both dates have closed in every zone.
"""
PASTED = st.sampled_from(
    ["{}", "{}", "\u201c{}\u201d.", " {}\u200b", "Come: https://app.example/join#{}", "{}O", "{:.9}"]
)
"""Forms in which a code is typed or pasted. The last two have typing errors."""
CHOICES = st.sampled_from([{}, {}, {"resume": True}, {"resume": False}])
"""Whether to go on with a former couple: not said, yes or no."""
KEYS = st.sampled_from([None, "new", "new", "key-1"])
"""The request's idempotency key: none, a new one, or sometimes one that was used before."""
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
LOOKS: Final = ("GET /v1/days/{date}", "GET /v1/today", "GET /v1/days", "GET /v1/streak", "GET /v1/recap")
"""Routes that a partner calls, in turn, right after the other person has done something."""
SHOWING: Final = (
    *LOOKS,
    "GET /v1/couple",
    "GET /v1/nudges",
    "GET /v1/packs",
    "GET /v1/touch/today",
    "GET /v1/solo/days",
    "GET /v1/solo/shared",
)
"""Routes that show what another person may have written or changed."""
READINGS: Final = (*SHOWING, "GET /v1/me", "GET /v1/me/reminders", "GET /v1/invites", "GET /v1/solo/today")
REFUSED_WRITES: Final[tuple[tuple[str, Any], ...]] = (
    ("POST /v1/days/{date}/swap", None),
    ("PUT /v1/days/{date}/reflection", {"kind": "thank_you"}),
    ("PUT /v1/days/{date}/answer", {"text": "An edit of nothing.", "revision": 1}),
)
"""Writes that are refused on a day that only the partner has answered."""
WRITES: Final[tuple[tuple[str, Any], ...]] = (
    *REFUSED_WRITES,
    ("POST /v1/nudges", {"gesture": "hug"}),
    ("PATCH /v1/couple", {"pause": {"until": "2026-03-20"}}),
    ("DELETE /v1/couple/pause", None),
    ("POST /v1/couple/practice-code", {"code": COURSE_CODE}),
    ("POST /v1/solo/days/{date}/share", None),
    ("DELETE /v1/solo/days/{date}/share", None),
)
MARK: Final = re.compile(r"<\w+ \d+>")
LEAVING: Final = {"DELETE /v1/couple", ERASE}
"""Requests of which the stream makes jobs for `cleanup`."""


def rule_of_two(**drawn: Any) -> Callable[[Any], Any]:
    """Make a rule whose `who` is a person in a couple."""
    while_there_is_one: Any = precondition(lambda life: life.those(lambda person: person.couple))
    made: Any = rule(who=PAIRED, **drawn)
    return lambda step: while_there_is_one(made(step))


@dataclasses.dataclass(frozen=True)
class Message:
    """A job on the cleanup queue. The queue may deliver it at any time from `since` on, and more than once."""

    job: CleanupJob
    since: dt.datetime


class Life(RuleBasedStateMachine):
    """Five persons and their requests. `new_world` makes an API on fresh tables. `asked` counts routes and outcomes."""

    def __init__(self, new_world: Callable[[], tuple[Handler, Services]], asked: Counter[tuple[str, str]]) -> None:
        super().__init__()
        self.api, self.services = new_world()
        self.asked = asked
        self.model = Model(PACKS, PEOPLE)
        self.now = STARTS[0]
        self.numbers = itertools.count(1)
        self.looks = itertools.cycle(LOOKS)
        self.past: list[Request] = []
        self.unseen: Request | None = None
        self.is_sound = True
        self.cleanup_queue, self.account_queue = MemorySqs("cleanup"), MemorySqs("accounts")
        self.cleanup = cleanup_services(self.table, jobs=self.cleanup_queue, accounts=self.account_queue)
        self.messages: list[Message] = []
        self.gone: set[str] = set()

    @property
    def table(self) -> Table:
        return self.services.people.table

    def ask(self, who: str, route: str, place: object = "", *, dies: bool = False, **more: Any) -> Any:
        """Ask the API and the model, compare them, and return the body or None.

        If `dies` is true, the process dies after its first write to a table, and nobody gets the reply.
        """
        if more.get("key") == "new":
            more["key"] = f"key-of-{next(self.numbers)}"
        request = Request(who, route, str(place) if "{" in route else "", **more)
        if not route.startswith("GET"):
            self.past = [*self.past[-19:], request]
        return self.sent(request, dies=dies)

    def sent(self, request: Request, *, dies: bool = False) -> Any:
        """Send a request as `ask` does, without making a new one. It may be a repeat."""
        self.is_sound = False
        with self.seen_by_the_stream() if request.route in LEAVING else contextlib.nullcontext():
            try:
                with self.dying() if dies else contextlib.nullcontext():
                    reply = self.replied(request)
            except Crash:
                self.model.reply_to(request, self.now, None, lambda _path: None)
                self.asked[request.route, "died"] += 1
                reply = None
        if reply is None:
            self.is_sound = True
            return None
        body = reply.body if reply.text else None

        def read(path: str) -> Any:
            return Phone(self.api, Uid(request.who), self.now).get(path).body

        try:
            expected, refusal = self.model.reply_to(request, self.now, body, read), ""
        except Refused as refused:
            expected, refusal = None, str(refused)
        self.asked[request.route, refusal or "done"] += 1
        if refusal:
            assert reply.status >= 400, f"{request} should be refused with {refusal}, and got {reply.text}"
            assert reply.problem == refusal, f"{request} should be refused with {refusal}, and got {reply.text}"
            body = None
        assert reply.status < 300 or refusal, f"{request} was refused: {reply.text}"
        assert body == expected, f"{request}\n" + "\n".join(differences(body, expected))
        if written := set(MARK.findall(reply.text)):
            leaked = written - set(MARK.findall(" ".join(self.model.readable(request.who))))
            assert not leaked, f"{request} tells {leaked}"
        if not refusal and re.search("^P.* /v1/(couple|days|me$)", request.route):
            self.unseen = request
        self.is_sound = True
        return body

    def replied(self, request: Request) -> Reply:
        claims = {"auth_time": str(int((self.now - request.signed_in).timestamp()))}
        headers = {"idempotency-key": request.key} if request.key else None
        phone = Phone(self.api, Uid(request.who), self.now, claims)
        return phone.call(request.route.partition(" ")[0], request.path, request.body, headers=headers)

    @contextlib.contextmanager
    def dying(self) -> Iterator[None]:
        """Let the process die before the next request to a table after its first write."""
        seen: list[str] = []

        def note(operation: str) -> None:
            if TABLE_WRITES & {*seen}:
                raise Crash
            seen.append(operation)

        tables = cast("MemoryTable", self.table).tables.values()
        for each in tables:
            each.watchers.append(note)
        try:
            yield
        finally:
            for each in tables:
                each.watchers.remove(note)

    @contextlib.contextmanager
    def seen_by_the_stream(self) -> Iterator[None]:
        """Put the jobs on the queue that `react` makes of the changes of persons and couples."""
        before = self._persons_and_couples()
        yield
        after = self._persons_and_couples()
        for key in {**before, **after}:
            old, new = (marshal(rows[key]) if key in rows else None for rows in (before, after))
            if old != new:
                jobs = reaction_to(change_in(stream_record(old, new))).cleanup
                self.messages += [Message(job, self.now) for job in jobs]

    def _persons_and_couples(self) -> dict[tuple[str, str], Item]:
        rows = every_row(self.table)
        return {(row["pk"], row["sk"]): row for row in rows if row["sk"] in {keys.PERSON, keys.COUPLE}}

    def deliver(self, message: Message) -> None:
        """Let `cleanup` handle the job, and put the jobs that follow on the queue."""
        job, since = message.job, self.now
        stamp = {"ApproximateFirstReceiveTimestamp": str(to_millis(self.now))}
        record = {"messageId": "1", "body": job.model_dump_json(), "attributes": stamp}
        with self.seen_by_the_stream():
            assert handle(self.cleanup, [record]) == {"batchItemFailures": []}
        deleted = [account_job_from(body) for body in self.account_queue.bodies]
        following = [cleanup_job_from(body) for body in self.cleanup_queue.bodies]
        self.messages += [Message(each, since + SETTLING) for each in following]
        self.messages += [
            Message(AccountDeletedJob(uid=each.uid, pseudonym=keys.pseudonym_of(each.uid)), since) for each in deleted
        ]
        self.account_queue.bodies.clear()
        self.cleanup_queue.bodies.clear()
        kind = "last" if isinstance(job, EraseJob) and job.is_last else job.type
        self.model.events[f"job {kind}"] += 1
        if isinstance(job, EndedJob) and (couple := self.services.couples.couple(job.couple)):
            have_paired = any(self.couple(str(uid)) for uid in couple.members)
            self.model.events["job of a couple that stands again"] += couple.ended_at is None
            self.model.events["job of persons who have paired again"] += couple.ended_at is not None and have_paired
        if isinstance(job, EraseJob):
            self.model.events["job of somebody who is gone"] += job.uid in self.gone
            self.model.clean_up(job.uid)
        if isinstance(job, AccountDeletedJob):
            self.gone.add(str(job.uid))
        self.require_gone()

    def require_gone(self) -> None:
        """Check that no table has the uid, the name or a text of a person whose account is deleted.

        Leave out rows that DynamoDB has deleted meanwhile, because they have expired.
        """
        if self.gone:
            traces = re.compile(rf"\b({'|'.join([*self.gone, *map(str.title, self.gone)])})\b")
            for table in cast("MemoryTable", self.table).tables.values():
                for row in table.items():
                    is_deleted = row.get("ttl", math.inf) < (self.now - 7 * DAY).timestamp()
                    assert is_deleted or not traces.search(repr(row)), row

    def text(self, who: str, length: int = 0) -> str:
        """Return a unique text."""
        return f"<{who} {next(self.numbers)}>".ljust(length, ".")

    def person(self, who: str) -> Person:
        return self.model.persons[who]

    def those(self, wanted: Callable[[Person], object]) -> list[str]:
        return [who for who in PEOPLE if wanted(self.person(who))]

    def free(self) -> list[str]:
        return self.those(lambda person: person.profile and not person.couple and not person.erased)

    def date(self, who: str, offset: int) -> dt.date:
        person = self.person(who)
        dates = sorted(person.couple.days, reverse=True) if person.couple else []
        if offset < -1 and dates:
            return dates[-offset % len(dates)]
        return date_at(self.now, person.zone if person.profile else "UTC") + offset * DAY

    def fresh_day(self, who: str) -> dt.date:
        """Return the caller's today. If somebody has answered or swapped today, move to the next date first."""
        day = self.day(who, self.date(who, 0))
        if day and (day.answers or day.swapped):
            self.now += DAY
        return self.date(who, 0)

    def couple(self, who: str) -> Any:
        return self.person(who).couple

    def partner_of(self, who: str) -> str:
        """Return the partner of somebody in a couple."""
        partner: str = self.couple(who).partner_of(who)
        return partner

    def day(self, who: str, date: dt.date) -> Any:
        return self.couple(who).days.get(date)

    def answers(self, who: str, date: dt.date, **body: Any) -> None:
        """Answer. If this completes the day, compare the stored run with the model's."""
        self.ask(who, "PUT /v1/days/{date}/answer", date, body={"text": self.text(who)} | body)
        couple = self.couple(who)
        if couple and date in couple.days and couple.days[date].revealed:
            person = self.services.people.person(Uid(who))
            assert person
            assert person.couple
            row = row_in(self.services.days.table, keys.streak(person.couple))
            if row["changed_at"] == round(self.now.timestamp() * 1000):
                assert row["run"] == self.model.streak(couple)["current"]

    def both_answer(self, who: str) -> None:
        date = self.date(who, 0)
        for each in (who, self.partner_of(who)):
            self.answers(each, date, **self.naming(each, date))

    def naming(self, who: str, date: dt.date, *, rightly: bool | None = True) -> dict[str, str]:
        """Return a prompt to name in an answer: the day's prompt, another prompt, or none."""
        day = self.day(who, date)
        if rightly is None or day is None:
            return {}
        return {"prompt": day.prompt.id if rightly else day.swapped.id if day.swapped else "home/none"}

    @invariant()
    def the_partner_of_who_has_done_something_looks(self) -> None:
        """Check that no reply shows a sealed text."""
        request, self.unseen = self.unseen, None
        if request and self.couple(request.who):
            place, route = request.place[:10] if "days/{date}" in request.route else "", next(self.looks)
            date = dt.date.fromisoformat(place) if place else self.date(request.who, 0)
            query = f"?week={date - date.weekday() * DAY}" if route.endswith("recap") else ""
            self.ask(self.partner_of(request.who), route, date, query=query)

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
            self.answer_alone(who, 0, None)
        for inviter, redeemer in (("ada", "ben"), ("cem", "dua"))[:together]:
            self.pair(inviter, redeemer)

    @rule(by=st.sampled_from([DAY, DAY, 5 * HOUR, 12 * HOUR, MINUTE, HOUR, 25 * HOUR, 2 * DAY, 3 * DAY, -3 * SECOND]))
    def time_goes_by(self, by: dt.timedelta) -> None:
        """Move the clock forward, or a little back, because the servers' clocks differ."""
        self.now += by

    @rule_of_two()
    def a_day_goes_by_on_which_two_meet(self, who: str) -> None:
        """Answer day after day. Hypothesis prefers this simplest rule, so streaks get long."""
        self.both_answer(who)
        self.now += DAY

    @rule(nth=st.integers(0, 12), beside=BESIDE)
    def an_edge_is_reached(self, nth: int, beside: dt.timedelta) -> None:
        """Move to just before, at or just after an instant when something changes."""
        ahead = sorted(edge for edge in self._edges() if edge + beside > self.now)
        if ahead:
            self.now = ahead[min(nth, len(ahead) - 1)] + beside

    def _edges(self) -> Iterable[dt.datetime]:
        for person in map(self.person, self.those(lambda person: person.profile)):
            yield start_of(date_at(self.now, person.zone) + DAY, person.zone)
            if person.invite:
                yield person.invite.expires
            yield from (each + HOUR for each in person.tries[-5:])
            yield from (nudge.at + DAY for nudge in person.nudges)
            yield from (ended + 30 * DAY for _, ended in person.parted)
            if person.couple and person.name == person.couple.members[0]:
                for date in person.couple.days:
                    yield from person.couple.window(date)

    @rule(who=WHO, profile=PROFILES)
    def say_who_one_is(self, who: str, profile: Any) -> None:
        self.ask(who, "PUT /v1/me", body={"display_name": who.title()} | profile)

    @rule_of_two(legs=st.lists(st.sampled_from(ZONES), min_size=1, max_size=2), round_the_world=st.booleans())
    def fly(self, who: str, legs: list[str], round_the_world: bool) -> None:  # noqa: FBT001
        """Fly somewhere, or west from the date line, so that a day is open that no clock of theirs shows."""
        for zone in ["Pacific/Kiritimati", *legs] if round_the_world else legs:
            self.ask(who, "PUT /v1/me", body=self.person(who).profile | {"zone": zone})
            if zone == "Pacific/Kiritimati":
                self.ask(who, "GET /v1/today")

    @rule(who=WHO, muted=st.booleans(), touch=st.booleans())
    def set_reminders(self, who: str, muted: bool, touch: bool) -> None:  # noqa: FBT001
        wanted = {"weekdays": ["monday"], "time": "18:00"} if touch else None
        self.ask(who, "PUT /v1/me/reminders", body={"nudges_muted": muted, "touch": wanted})

    @rule(who=WHO, key=KEYS)
    def invite(self, who: str, key: Any) -> None:
        self.ask(who, "POST /v1/invites", key=key)

    @rule(who=WHO)
    def withdraw(self, who: str) -> None:
        self.ask(who, "DELETE /v1/invites")

    @rule(
        who=FREE,
        nth=st.integers(0, 4),
        key=KEYS,
        pasted=PASTED,
        times=st.sampled_from([*[1] * 11, 6]),
        choice=CHOICES,
    )
    def redeem(self, *, who: str, nth: int, key: Any, pasted: str, times: int, choice: dict[str, bool]) -> None:
        """Redeem one of the latest invites, or guess a code."""
        codes = [invite.code for invite in reversed(self.model.invites)]
        code = codes[nth] if nth < min(len(codes), 4) else "ABCDE-FGHJK"
        for _ in range(times):
            self.ask(who, "POST /v1/invites/redeem", body={"code": pasted.format(code)} | choice, key=key)

    @rule(nth=st.integers(0, 4), beside=BESIDE)
    def redeem_at_an_edge(self, nth: int, beside: dt.timedelta) -> None:
        """Redeem an invite just before or after it expires."""
        free = self.free()
        if len(free) > 1:
            inviter, redeemer = free[nth % len(free)], free[nth % len(free) - 1]
            invite = self.ask(inviter, "POST /v1/invites")
            self.now = dt.datetime.fromisoformat(invite["expires_at"]) + beside
            self.ask(inviter, "GET /v1/invites")
            for each in (redeemer, *free):
                self.ask(each, "POST /v1/invites/redeem", body={"code": invite["code"]})
            self.ask(inviter, "POST /v1/invites/confirm", body=self.confirmation(invite["invite_id"]))

    def confirmation(self, invite_id: str) -> dict[str, Any]:
        """Return the body that confirms an invite with its three words, or with wrong ones if it has none."""
        invite = next((each for each in self.model.invites if each.id == invite_id), None)
        words = invite.words.get(invite.redeemer) if invite and invite.redeemer else None
        return {"invite_id": invite_id, "words": words or NO_WORDS}

    @rule(
        who=WHO,
        nth=st.integers(0, 3),
        key=KEYS,
        choice=CHOICES,
        other=st.sampled_from([{}, {}, {}, {}, {"words": NO_WORDS}]),
    )
    def confirm(self, who: str, nth: int, key: Any, choice: dict[str, bool], other: dict[str, list[str]]) -> None:
        invites = [invite.id for invite in reversed(self.model.invites)]
        own = self.person(who).invite
        asked = own.id if own and nth < 2 else invites[nth] if nth < len(invites) else "nothing"
        self.ask(who, "POST /v1/invites/confirm", body=self.confirmation(asked) | choice | other, key=key)

    @rule(one=FREE, go_on=st.tuples(st.booleans(), st.booleans()))
    def pair_somebody(self, one: str, go_on: tuple[bool, bool]) -> None:
        if others := [each for each in self.free() if each != one]:
            self.pair(one, others[0], go_on)

    def pair(self, inviter: str, redeemer: str, go_on: tuple[bool, bool] = (False, False)) -> None:
        """Pair two, after a try with wrong words.

        If the API asks them whether to go on with their former couple, `go_on` has their choices.
        """
        if invite := self.ask(inviter, "POST /v1/invites"):
            body = {"code": invite["code"]}
            redeemed = self.ask(redeemer, "POST /v1/invites/redeem", body=body)
            chosen = bool(redeemed) and redeemed["together_before"]
            if chosen:
                self.ask(redeemer, "POST /v1/invites/redeem", body=body | {"resume": go_on[1]})
                self.ask(inviter, "GET /v1/invites")
            body = self.confirmation(invite["invite_id"])
            self.ask(inviter, "POST /v1/invites/confirm", body=body | {"words": NO_WORDS})
            self.ask(inviter, "POST /v1/invites/confirm", body=body)
            if chosen:
                self.ask(inviter, "POST /v1/invites/confirm", body=body | {"resume": go_on[0]})

    @rule_of_two(
        after=st.sampled_from([0 * SECOND, HOUR, DAY, DAY, 3 * DAY, 9 * DAY, 29 * DAY, 30 * DAY]),
        go_on=st.sampled_from([(True, True)] * 4 + [(True, False), (False, True)]),
        zone=st.none() | st.sampled_from(ZONES),
        between=st.sampled_from([None, None, "answers alone", "is with somebody else"]),
    )
    def part_and_come_back(
        self, *, who: str, after: dt.timedelta, go_on: tuple[bool, bool], zone: str | None, between: str | None
    ) -> None:
        """Unpair, and pair again with the same partner. Meanwhile one of them may move, or pair with somebody else."""
        partner = self.partner_of(who)
        for date in list(self.person(who).alone)[-1:]:
            self.ask(who, "POST /v1/solo/days/{date}/share", date)
        self.ask(who, "DELETE /v1/couple")
        if between == "answers alone":
            self.ask(who, "GET /v1/solo/today")
            self.answer_alone(who, 0, 1)
        others = [each for each in self.free() if each not in {who, partner}]
        if between == "is with somebody else" and others:
            self.pair(who, others[0])
            self.both_answer(who)
            for date in list(self.person(who).alone)[-1:]:
                self.ask(who, "POST /v1/solo/days/{date}/share", date)
            self.ask(who, "DELETE /v1/couple")
        self.now += after
        if zone:
            self.ask(who, "PUT /v1/me", body=self.person(who).profile | {"zone": zone})
        self.pair(partner, who, go_on)
        for each in (who, partner):
            self.look_at_everything(each, self.date(each, 0))

    @rule_of_two(seldom=st.integers(0, 4), dies=st.booleans())
    def unpair(self, who: str, seldom: int, dies: bool) -> None:  # noqa: FBT001
        """End a couple, and check that the API refuses both everything that they shared."""
        if not seldom:
            couple = self.couple(who)
            self.ask(who, "DELETE /v1/couple", dies=dies)
            for each in couple.members:
                self.look_at_everything(each, max(couple.days, default=self.date(who, 0)))

    @rule(
        who=WHO,
        seldom=st.integers(0, 5),
        signed_in=st.sampled_from([0 * SECOND, 0 * SECOND, HOUR]),
        dies=st.booleans(),
    )
    def erase(self, who: str, seldom: int, signed_in: dt.timedelta, dies: bool) -> None:  # noqa: FBT001
        """Erase an account, and check that the API refuses it everything, and the partner what they shared.

        If the process dies after the mark, the partner's couple stands until `cleanup` has handled the first job.
        """
        if seldom:
            return
        couple = self.couple(who)
        self.ask(who, ERASE, signed_in=signed_in, dies=dies)
        if dies:
            begun = [each for each in self.messages if isinstance(each.job, EraseJob) and each.job.uid == who]
            for message in begun[-1:]:
                self.deliver(message)
        for each in couple.members if couple else (who,):
            self.look_at_everything(each, self.date(who, 0))

    @rule(
        nth=st.lists(st.integers(0, 5), min_size=1, max_size=6),
        again=st.sampled_from([False, False, True]),
        wait=st.sampled_from([0 * SECOND, SETTLING, SETTLING]),
    )
    def the_worker_passes(self, nth: list[int], again: bool, wait: dt.timedelta) -> None:  # noqa: FBT001
        """Let `cleanup` handle jobs in any order, perhaps one again. Afterwards everybody looks at everything."""
        delivered = [each for number in nth for each in self.next_delivered(number, wait)]
        if delivered and again:
            self.deliver(delivered[0])
            self.model.events["job repeated"] += 1
        for who in PEOPLE if delivered else ():
            self.look_at_everything(who, self.date(who, 0))

    def next_delivered(self, nth: int, wait: dt.timedelta) -> list[Message]:
        """Deliver one of the messages that may come now, and return it. If all come later, wait first."""
        if self.messages and not self.deliverable():
            self.now += wait
        due = self.deliverable()
        delivered = [due[nth % len(due)]] if due else []
        for message in delivered:
            self.messages.remove(message)
            self.deliver(message)
        return delivered

    def deliverable(self) -> list[Message]:
        return [each for each in self.messages if each.since <= self.now]

    @rule(who=PAIRED_WITH_OWN, after=st.sampled_from([1, 0, 2]))
    def begin_anew_with_somebody_else(self, who: str, after: int) -> None:
        """Pair with somebody else, and check that the new couple has nothing of the old one."""
        if after == 0:
            return
        for date in list(self.person(who).alone)[-1:]:
            self.ask(who, "POST /v1/solo/days/{date}/share", date)
        self.ask(who, "DELETE /v1/couple")
        self.now += after * DAY
        others = [each for each in self.free() if each != who]
        if others and who in self.free():
            self.pair(who, others[-1])
            for each in (who, others[-1]):
                self.look_at_everything(each, self.date(who, 0))

    @rule(who=FREE, offset=DATES)
    def somebody_in_no_couple_asks_for_everything(self, who: str, offset: int) -> None:
        if not self.couple(who):
            self.look_at_everything(who, self.date(who, offset))
            for route, body in WRITES:
                self.ask(who, route, self.date(who, offset), body=body)

    def look_at_everything(self, who: str, date: dt.date) -> None:
        for route in (EXPORT, *SHOWING):
            self.ask(who, route, date)

    @rule_of_two(
        offset=DATES,
        length=st.sampled_from([0, 0, 0, 2000, None]),
        rightly=st.sampled_from([True, True, False, None]),
        share_first=st.sampled_from([False, False, False, True]),
    )
    def answer(self, *, who: str, offset: int, length: int | None, rightly: Any, share_first: bool) -> None:
        """Answer, or check off without words. Name the current prompt, an earlier prompt, or none."""
        date = self.date(who, offset) if offset else self.fresh_day(who)
        text = None if length is None else self.text(who, length)
        self.answers(who, date, text=text, share_first=share_first, **self.naming(who, date, rightly=rightly))

    @rule_of_two(
        offset=DATES, beside=st.sampled_from([0, 0, 0, 1, -1]), share_first=st.sampled_from([None, None, True])
    )
    def edit(self, who: str, offset: int, beside: int, share_first: Any) -> None:
        """Edit an answer that waits for the partner's, or answer if there is none, or edit another day."""
        mine_alone = [day.date for day in self.couple(who).days.values() if list(day.answers) == [who]]
        if not mine_alone and offset == 0:
            mine_alone = [self.fresh_day(who)]
            self.answers(who, mine_alone[0])
        date = mine_alone[-1] if mine_alone and offset == 0 else self.date(who, offset)
        day = self.day(who, date)
        mine = day.answers.get(who) if day else None
        revision = max(1, (mine.revision if mine else 1) + beside)
        shared = mine.share_first if mine and share_first is None else bool(share_first)
        self.answers(who, date, revision=revision, share_first=shared)

    @rule_of_two(end=st.booleans(), beside=BESIDE)
    def answer_at_an_edge(self, who: str, end: bool, beside: dt.timedelta) -> None:  # noqa: FBT001
        """Answer near the instant at which a day closes or the next day opens."""
        date = self.date(who, 0 if end else 1)
        if end:
            self.ask(who, "GET /v1/days/{date}", date)
        edge = self.couple(who).window(date)[1 if end else 0] + beside
        if edge > self.now:
            self.now = edge
            self.answers(who, date)

    @rule_of_two(met=st.lists(st.booleans(), min_size=2, max_size=4) | st.sampled_from(TWO_MISSES))
    def days_go_by(self, who: str, met: list[bool]) -> None:
        """Let days pass, on some of which both answer."""
        for both in met:
            if both:
                self.both_answer(who)
            self.now += DAY
        self.ask(who, "GET /v1/streak")

    @rule_of_two(offset=st.sampled_from([0, 0, -1]), seldom=st.integers(0, 2))
    def the_length_of_an_answer_shows_nowhere(self, who: str, offset: int, seldom: int) -> None:
        """Check that the partner's bytes do not depend on an answer's length, on any route."""
        if seldom:
            return  # this check takes thirty requests
        date, partner = self.date(who, offset) if offset else self.fresh_day(who), self.partner_of(who)
        if not self.day(who, date):
            self.ask(who, "GET /v1/days/{date}", date)
        day = self.day(who, date)
        if day is None or day.answers or not self.couple(who).is_open(date, self.now):
            return
        self.ask(partner, "GET /v1/today")  # opens the day before the comparison
        seen = []
        for length, revision in ((0, None), (2000, 1)):
            self.answers(who, date, text=self.text(who, length), revision=revision, prompt=day.prompt.id)
            looks = ((route, None) for route in (EXPORT, *SHOWING))
            asked = [Request(partner, route, str(date), body=body) for route, body in (*looks, *REFUSED_WRITES)]
            replies = [self.replied(each) for each in asked]
            seen.append([(reply.status, reply.headers, reply.text) for reply in replies])
        assert seen[0] == seen[1]
        self.model.events["seal held to the byte"] += 1

    @rule_of_two(
        offset=DATES,
        key=KEYS,
        again=st.sampled_from([None, None, "the same", "the other"]),
        answer=st.sampled_from([{}, {"rightly": True}, {"rightly": False}, {"rightly": None}]),
    )
    def swap(self, *, who: str, offset: int, key: Any, again: str | None, answer: dict[str, Any]) -> None:
        """Swap, perhaps twice. Then perhaps answer, and name the new prompt, the earlier prompt, or none."""
        date = self.date(who, offset) if offset else self.fresh_day(who)
        if offset == 0:
            self.ask(who, "GET /v1/days/{date}", date)
        self.ask(who, "POST /v1/days/{date}/swap", date, key=key)
        if again:
            self.ask(self.partner_of(who) if again == "the other" else who, "POST /v1/days/{date}/swap", date)
        if answer:
            self.answers(who, date, **self.naming(who, date, **answer))

    @rule_of_two(nth=st.integers(0, 3), kind=st.sampled_from(["heard", "thank_you", "i_hear_you", "tell_me_more"]))
    def reflect(self, who: str, nth: int, kind: str) -> None:
        couple = self.couple(who)
        dates = sorted(couple.complete if nth else couple.days, reverse=True)
        date = dates[nth // 2] if nth // 2 < len(dates) else self.date(who, 0)
        body = {"kind": kind} | ({"text": self.text(who)} if kind == "heard" else {})
        self.ask(who, "PUT /v1/days/{date}/reflection", date, body=body)

    @rule_of_two(days=st.sampled_from([0, 1, 2, 5, 20, 92, 93]))
    def pause(self, who: str, days: int) -> None:
        self.ask(who, "PATCH /v1/couple", body={"pause": {"until": str(self.date(who, 0) + days * DAY)}})

    @rule_of_two(other=st.booleans(), after=st.sampled_from([0, 1, 3]), again=st.booleans())
    def end_the_pause(self, who: str, other: bool, after: int, again: bool) -> None:  # noqa: FBT001
        """End a pause (start one first if there is none). The partner may end it, and another may follow at once."""
        if not self.couple(who).pause:
            self.pause(who, 7)
        self.now += after * DAY
        self.ask(self.partner_of(who) if other else who, "DELETE /v1/couple/pause")
        if again:
            self.pause(who, 5)

    @rule_of_two(
        method=st.sampled_from(["PUT", "DELETE"]),
        pack=st.sampled_from(["extra", "home", "later", "course", "none"]),
    )
    def wish_for_a_pack(self, who: str, method: str, pack: str) -> None:
        self.ask(who, f"{method} /v1/couple/packs/{{pack_id}}", pack)
        self.ask(self.partner_of(who), "GET /v1/packs")

    @rule_of_two(code=st.sampled_from([COURSE_CODE, "crse-2345.", "NNNE2345", "CRSE234O"]), key=KEYS)
    def join_by_code(self, who: str, code: str, key: Any) -> None:
        self.ask(who, "POST /v1/couple/practice-code", body={"code": code}, key=key)

    @rule_of_two(
        gesture=st.sampled_from(["hug", "miss_you"]),
        key=KEYS,
        times=st.sampled_from([1, 1, 2, 4]),
        muted=st.sampled_from([None, None, True, False]),
    )
    def nudge(self, *, who: str, gesture: str, key: Any, times: int, muted: Any) -> None:
        partner = self.partner_of(who)
        if muted is not None:
            self.ask(partner, "PUT /v1/me/reminders", body={"nudges_muted": muted})
        for number in range(times):
            if key and number:
                self.sent(dataclasses.replace(self.past[-1], body={"gesture": "hug"}))
            else:
                self.ask(who, "POST /v1/nudges", body={"gesture": gesture}, key=key)
        for each in (who, partner):
            self.ask(each, "GET /v1/nudges")

    @rule(who=FREE, offset=st.sampled_from([0, -1, 1, -2]), revision=st.sampled_from([None, None, 1, 2]))
    def answer_alone(self, who: str, offset: int, revision: Any) -> None:
        body = {"text": self.text(who), "revision": revision}
        self.ask(who, "PUT /v1/solo/days/{date}/answer", self.date(who, offset), body=body)

    @rule(who=PAIRED_WITH_OWN, nth=st.integers(0, 2), method=st.sampled_from(["POST", "POST", "DELETE"]))
    def share_what_one_answered_alone(self, who: str, nth: int, method: str) -> None:
        dates = sorted(self.person(who).alone, reverse=True)
        date = dates[nth % len(dates)] if dates else self.date(who, 0)
        self.ask(who, f"{method} /v1/solo/days/{{date}}/share", date)
        if self.couple(who):
            self.ask(self.partner_of(who), "GET /v1/solo/shared")

    @rule(who=WHO, route=st.sampled_from(READINGS), offset=DATES)
    def look_at(self, who: str, route: str, offset: int) -> None:
        self.ask(who, route, self.date(who, offset))

    @rule(
        who=WHO,
        route=st.sampled_from(["GET /v1/days", "GET /v1/days", "GET /v1/solo/days", "GET /v1/solo/shared"]),
        page=PAGES,
        offset=st.integers(-9, 2),
    )
    def leaf_through(self, who: str, route: str, page: str, offset: int) -> None:
        self.ask(who, route, query=page.format(self.date(who, offset)))

    @rule_of_two(weeks=st.sampled_from([0, -1, -2, 1]), days=st.sampled_from([0, 0, 0, 1]))
    def look_back(self, who: str, weeks: int, days: int) -> None:
        today = self.date(who, 0)
        self.ask(who, "GET /v1/recap", query=f"?week={today + (weeks * 7 - today.weekday() + days) * DAY}")

    @rule(
        who=WHO,
        signed_in=st.sampled_from([0 * SECOND, 0 * SECOND, 15 * MINUTE - SECOND, 15 * MINUTE + SECOND]),
        between=st.sampled_from([None, None, "somebody answers", "they part", "they begin anew"]),
    )
    def take_along(self, who: str, signed_in: dt.timedelta, between: str | None) -> None:
        """Export page by page, with a change after the first page. Each earlier text must come once."""
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
            if between and self.couple(who):
                self._meanwhile(who, between)
            between = None
            page = self.ask(who, EXPORT, body={"next": page["next"]})

    def _meanwhile(self, who: str, between: str) -> None:
        if between == "somebody answers":
            for each in (who, self.partner_of(who)):
                self.answers(each, self.date(who, 0))
            return
        self.ask(self.partner_of(who), "DELETE /v1/couple")
        if between == "they begin anew":
            self.pair(who, next(each for each in reversed(self.free()) if each != who))

    @rule(who=WHO, other=WHO, nth=st.integers(0, 3))
    def ask_with_another_s_cursor(self, who: str, other: str, nth: int) -> None:
        cursors = list(self.person(other).cursors)
        self.ask(who, EXPORT, body={"next": cursors[nth] if nth < len(cursors) else "nowhere"})

    @rule(nth=st.sampled_from([*[0] * 20, *range(1, 20)]), who=st.none() | WHO)
    def repeat(self, nth: int, who: str | None) -> None:
        """Repeat a request as if its reply was lost, or send it as a stranger or a former partner."""
        if nth < len(self.past):
            request = self.past[-1 - nth]
            if request.route == "PUT /v1/me":
                who = None
            self.sent(dataclasses.replace(request, who=who or request.who))

    def teardown(self) -> None:
        """Let all persons read everything, unless the run has failed already. Then let two of them leave."""
        for who in PEOPLE:
            for route in ("GET /v1/days", "GET /v1/streak") if self.couple(who) else ():
                if self.is_sound:
                    self.ask(who, route)
            if self.is_sound:
                self.ask(who, EXPORT)
        couples = [person.couple for person in self.model.persons.values() if person.couple]
        assert all(couples.count(couple) == 2 for couple in couples)
        first = next(self.numbers)
        for number in (first, first + 1):
            if self.is_sound:
                self.somebody_leaves_at_last(PEOPLE[number % len(PEOPLE)], dies=number > first)
        self.asked.update({("event", event): count for event, count in self.model.events.items()})

    def somebody_leaves_at_last(self, who: str, *, dies: bool) -> None:
        """Erase somebody, and let `cleanup` finish all that has begun. Then repeat each job, latest first.

        If `dies` is true, the process dies after the mark.
        """
        self.ask(who, ERASE, dies=dies)
        delivered: list[Message] = []
        while self.messages:
            delivered += self.next_delivered(0, SETTLING)
        for message in reversed(delivered):
            self.deliver(message)
        assert who in self.gone
        for each in self.those(lambda person: any(who in couple.members for couple, _ in person.parted)):
            self.look_at_everything(each, self.date(each, 0))


def table_of(asked: Counter[tuple[str, str]]) -> str:
    """Return a table of the requests by route, with a line for each outcome."""
    lines = [f"{sum(count for (route, _), count in asked.items() if route != 'event')} requests"]
    lines += [f"  {route:<38}{outcome:<32}{count:>7}" for (route, outcome), count in sorted(asked.items())]
    return "\n".join(lines)


MANY_STEPS: Final = 10_000
SOME_STEPS: Final = 2_000
COMMON: Final = {
    (EXPORT, "done"),
    ("PUT /v1/days/{date}/answer", "done"),
    ("POST /v1/invites/confirm", "done"),
    ("PATCH /v1/couple", "done"),
    ("POST /v1/days/{date}/swap", "done"),
    *(("event", name) for name in ("revealed", "edited", "rest day", "streak broken", "resumed")),
    *(("event", f"job {kind}") for kind in ("ended", "erase", "last", "account-deleted")),
}
"""Outcomes that every run of a few thousand steps meets many times. A run may miss the other OUTCOMES."""
OUTCOMES: Final = COMMON | {
    *((route, "done") for route in READINGS),
    *((route, "done") for route, _ in WRITES),
    *((f"{method} /v1/couple/packs/{{pack_id}}", "done") for method in ("PUT", "DELETE")),
    ("PUT /v1/solo/days/{date}/answer", "done"),
    ("DELETE /v1/couple", "done"),
    (ERASE, "done"),
    (ERASE, "sign-in-not-recent"),
    ("event", "erased in a couple"),
    ("PUT /v1/days/{date}/answer", "answers-are-open"),
    ("PUT /v1/days/{date}/answer", "day-closed"),
    ("POST /v1/nudges", "too-many-nudges"),
    (EXPORT, "invalid-fields"),
    ("event", "answer repeated"),
    ("event", "shared first"),
    ("event", "edited openly"),
    ("event", "milestone"),
    ("event", "window widened"),
    ("event", "day ahead shown"),
    ("event", "seal held to the byte"),
    ("event", "course"),
    ("event", "nudge muted"),
    ("event", "pause ended"),
    ("PATCH /v1/couple", "pause-too-soon"),
    ("event", "export goes on"),
    ("event", "export goes on with a couple"),
    ("event", "exported after parting"),
    ("event", "keepsake over"),
    ("event", "asked whether to go on"),
    ("event", "one wanted to go on"),
    ("event", "resumed"),
    ("event", "resumed after days"),
    ("POST /v1/invites/confirm", "choice-missing"),
    ("POST /v1/invites/confirm", "other-words"),
    ("DELETE /v1/couple", "died"),
    (ERASE, "died"),
    ("event", "job rest"),
    ("event", "job repeated"),
    ("event", "job of a couple that stands again"),
    ("event", "job of persons who have paired again"),
    ("event", "job of somebody who is gone"),
}
"""Outcomes that must happen in a run. Otherwise the run proves nothing."""


@pytest.mark.timeout(0)
def test_two_couples_and_a_stranger_live_as_the_design_says(
    new_services: Callable[..., Services], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    # Otherwise a failure would be hidden among thousands of log lines.
    caplog.set_level(logging.ERROR, logger=logger.name)
    steps = int(os.environ.get(NIGHTLY, "200"))
    asked: Counter[tuple[str, str]] = Counter()
    world: list[Services] = []
    api = phones_api(lambda: world[-1], page_days=EXPORT_PAGE, page_sections=EXPORT_SECTIONS)

    def new_world() -> tuple[Handler, Services]:
        # Make ids the same every time, because a couple's order of prompts follows from its id.
        entropy = random.Random(11).randbytes  # noqa: S311  nothing here is secret
        world[:] = [dataclasses.replace(new_services(_stored(PACKS[0])), entropy=entropy)]
        publish_packs(world[-1].days.table)
        return api, world[-1]

    chosen = settings(
        max_examples=max(1, steps // COUNTED_OF_ONE),
        stateful_step_count=STEPS_OF_ONE,
        derandomize=bool(os.environ.get("REKINDLE_NO_SKIPS")),
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(cast("type[Life]", partial(Life, new_world, asked)), settings=chosen)
    finally:
        # Print the table if the run has failed, and always for `make stateful`.
        with capsys.disabled() if NIGHTLY in os.environ else contextlib.nullcontext():
            print(f"\n{table_of(asked)}")  # noqa: T201  it is for whoever reads the run
    wanted = OUTCOMES if steps >= MANY_STEPS else COMMON if steps >= SOME_STEPS else set()
    assert not [outcome for outcome in wanted if not asked[outcome]]
