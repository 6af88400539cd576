"""`make demo`: a couple in New York and Tokyo goes through eight dates, one of them missed, and every step is checked.

The dates before today are replayed: requests as events with their past instants, the schedule's beats with their past
scheduled times. Today goes through API Gateway with real tokens. Everything in between is the deployed stack:
functions, table, stream, queue and the FCM path to each phone's inbox.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import signal
import sys
import time
from collections import Counter, defaultdict
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from httpx import HTTPError
from rich.console import Console
from rich.text import Text

from local.clock import now
from local.demo_answers import FOR_ANY, answers_by_text
from local.demo_page import PAGE_WIDTH, Page
from local.demo_phone import PATIENCE_SECONDS, Phone, Reply
from local.demo_plan import COUPLE, HARU, MAYA, SCRIPT, Act, Moment, Partner, Plan, planned
from local.deployment import APP_LINK
from local.errors import StackError
from local.stack import Stack
from rekindle.models import PushKind, Theme
from rekindle.push.texts import CATALOGUE, DEFAULT_LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DRAFT: Final = "Give me a minute, I want to say this well."
BEAT: Final = dt.timedelta(minutes=5)


class Claim(StrEnum):
    """What the demo shows to be true."""

    ANSWERED = "Each request got the answer that the API promises"
    PROMPTS = "Each prompt was announced at 08:30 in New York and at 07:30 in Tokyo, and not a beat before"
    SAME = "Both had the same prompt on each date, and no theme came twice in seven"
    SEAL = "No reply showed a word of an answer before its reveal, nor ever a draft"
    SHARED = "The one answer that was shared first could be read at once"
    REVEAL = "Both answers opened together, for both, as they were last edited"
    EDIT = "An answer could be edited until the reveal, and not after"
    CLOSED = "A date that has closed takes no answer"
    STREAK = "The streak grew by the dates they met, and a rest day left it whole"
    MILESTONE = "Seven days were worth a word to each, once"
    TOUCH = "Both were reminded of the same small gesture on the days they chose, and no lock screen named it"
    NUDGE = "A nudge in the night made no sound, and showed its gesture in the app"
    PUSHES = "Each phone got exactly the pushes it should, each once, and silently in quiet hours"
    NEUTRAL = "No push holds anything but the catalogue's words and a link that tells nothing"
    CLEAN = "Nothing was left on the queue or with the dead letters, and no function failed"


class BrokenOffError(Exception):
    """What comes next cannot be played after this."""


class Expectations:
    """Each claim's checks, and what spoke against it."""

    def __init__(self) -> None:
        self._checks: Counter[Claim] = Counter()
        self._failures: dict[Claim, list[str]] = defaultdict(list)

    def expect(self, claim: Claim, held: object, otherwise: str) -> None:
        """Check a claim once; `otherwise` says what was seen if it does not hold."""
        self._checks[claim] += 1
        if not held:
            self._failures[claim].append(otherwise)

    def findings(self) -> dict[str, tuple[int, list[str]]]:
        """For each claim the number of checks, and the failures; never having been checked is one."""
        return {
            claim: (self._checks[claim], self._failures[claim] or ([] if self._checks[claim] else ["never checked"]))
            for claim in Claim
        }

    @property
    def held(self) -> bool:
        """Whether all is as it should be."""
        return not any(failures for _, failures in self.findings().values())


class Demo:
    """One performance of a plan on a stack."""

    def __init__(self, plan: Plan, stack: Stack, page: Page) -> None:
        self._plan = plan
        self._stack = stack
        self._page = page
        self._phones = {partner: Phone(partner, stack, self._overhear) for partner in COUPLE}
        self._answers = answers_by_text()
        self._written: dict[dt.date, dict[Partner, str]] = defaultdict(dict)
        self._sealed: set[tuple[Partner, str]] = set()
        self._themes: dict[dt.date, str] = {}
        self._gestures: dict[dt.date, Mapping[str, Any]] = {}
        self._prompts: dict[dt.date, Mapping[str, Any]] = {}
        self._complete: set[dt.date] = set()
        self.expectations = Expectations()

    def play(self) -> None:
        """Play all of it, date by date. Raises BrokenOffError where it cannot go on."""
        self._introduce()
        self._pair()
        remaining = Counter(moment.date for moment in self._plan.moments)
        shown = 0
        for moment in self._plan.moments:
            self._play(moment)
            remaining[moment.date] -= 1
            # Dates overlap around the world: one is shown when it and all before it are over.
            while shown < len(SCRIPT) and not remaining[self._plan.dates[shown]]:
                self._page.show(self._plan.dates[shown], shown + 1, SCRIPT[shown].title)
                shown += 1
        self._look_back()

    def _introduce(self) -> None:
        at = self._plan.paired_at - dt.timedelta(minutes=30)
        # What belongs to past dates would have expired by the real clock.
        self._stack.client("dynamodb").update_time_to_live(
            TableName=self._stack.outputs["TableName"],
            TimeToLiveSpecification={"Enabled": False, "AttributeName": "ttl"},
        )
        for who in COUPLE:
            profile = {"display_name": who.name, "zone": who.zone, "language": DEFAULT_LANGUAGE, "touch_comfort": 1}
            self._call(who, at, "PUT", "/v1/me", profile)
            self._call(who, at, "PUT", "/v1/me/devices/phone", {"token": who.token, "platform": who.platform})
            quiet = {"start": f"{who.quiet.start:%H:%M}", "end": f"{who.quiet.end:%H:%M}"}
            times = {"prompt_time": f"{who.prompt:%H:%M}", "evening_time": f"{who.evening:%H:%M}"}
            touch = {"weekdays": self._plan.touch_weekdays, "time": f"{who.touch:%H:%M}"}
            self._call(who, at, "PUT", "/v1/me/reminders", times | {"quiet_hours": quiet, "touch": touch})

    def _pair(self) -> None:
        date, at = self._plan.dates[0], self._plan.paired_at
        before = [at - dt.timedelta(minutes=minutes) for minutes in (3, 2, 1)]
        invite = self._call(MAYA, before[0], "POST", "/v1/invites")
        self._page.notes(date, MAYA, before[0], f"invites Haru with the code {invite['code']}")
        redeemed = self._call(HARU, before[1], "POST", "/v1/invites/redeem", {"code": invite["code"]})
        self._page.notes(date, HARU, before[1], f"types the code: an invite from {redeemed['inviter']}")
        waiting = self._call(MAYA, before[2], "GET", "/v1/invites")
        self.expectations.expect(Claim.ANSWERED, waiting["redeemed_by"] == HARU.name, f"redeemed by {waiting}")
        self._call(MAYA, at, "POST", "/v1/invites/confirm", {"invite_id": invite["invite_id"]})
        self._page.notes(date, MAYA, at, f"sees that it was {waiting['redeemed_by']}, and says yes")

    def _play(self, moment: Moment) -> None:
        match moment.act:
            case Act.PROMPT | Act.EVENING:
                self._beat(moment)
            case Act.BEAT_AGAIN:
                self._beat_again(moment)
            case Act.TOUCH:
                self._touch(moment)
            case Act.NUDGE:
                self._nudge(moment)
            case Act.LOOK:
                self._look(moment)
            case Act.ANSWER | Act.DRAFT | Act.SHARE_FIRST:
                self._answer(moment)
            case Act.EDIT:
                self._edit(moment)
            case Act.EDIT_TOO_LATE | Act.ANSWER_TOO_LATE:
                self._too_late(moment)
        self._await_pushes(moment)
        if moment.completes:
            self._check_reveal(moment)

    def _beat(self, moment: Moment) -> None:
        early = self._stack.tick(moment.at - BEAT)["jobs"]
        due = self._stack.tick(moment.at)["jobs"]
        if moment.act is Act.PROMPT:
            what = f"{moment.who.name}'s prompt of {moment.date}"
            self.expectations.expect(Claim.PROMPTS, not early, f"{what}: {early} jobs one beat before its time")
            self.expectations.expect(Claim.PROMPTS, due == 1, f"{what}: {due} jobs at its time")
        if moment.pushes and moment.at > self._plan.now:
            self._page.notes(moment.date, moment.who, moment.at, "still to come today, played ahead:")

    def _beat_again(self, moment: Moment) -> None:
        (first,) = (
            each
            for each in self._plan.moments
            if (each.act, each.who, each.date) == (Act.PROMPT, moment.who, moment.date)
        )
        jobs = self._stack.tick(first.at)["jobs"]
        self.expectations.expect(Claim.PROMPTS, not jobs, f"a beat that came twice sent {jobs} jobs again")
        self._page.notes(moment.date, moment.who, moment.at, "the same beat came again, and nothing buzzed")

    def _touch(self, moment: Moment) -> None:
        self._stack.tick(moment.at)
        gesture = self._call(moment.who, moment.at, "GET", "/v1/touch/today")["gesture"]
        other = self._gestures.setdefault(moment.date, gesture)
        what = f"{moment.who.name} on {moment.date}: {gesture}"
        self.expectations.expect(Claim.TOUCH, gesture and gesture == other and gesture["warmth"] == 1, what)
        self._page.notes(moment.date, moment.who, moment.at, f"a small gesture: {gesture['text']}")

    def _nudge(self, moment: Moment) -> None:
        self._call(moment.who, moment.at, "POST", "/v1/nudges", {"gesture": "thinking_of_you"})
        partner = _partner(moment.who)
        self._page.notes(moment.date, moment.who, moment.at, f"lets {partner.name} know: thinking of you")
        received = self._call(partner, moment.at, "GET", "/v1/nudges")["received"]
        gestures = [nudge["gesture"] for nudge in received]
        self.expectations.expect(Claim.NUDGE, gestures == ["thinking_of_you"], f"{partner.name} received {gestures}")
        passive = all(push.passive for push in moment.pushes)
        self.expectations.expect(Claim.NUDGE, passive, f"it is {partner.clock(moment.at):%H:%M} in {partner.city}")

    def _look(self, moment: Moment) -> dict[str, Any]:
        day = self._day(moment)
        partner = _partner(moment.who)
        written = self._written[moment.date].get(partner)
        where = f"{moment.who.name}'s view of {moment.date}"
        if moment.live and moment.who.clock(moment.at).date() != moment.date:
            note = f"it is {moment.who.clock(moment.at):%A} here, and {moment.date:%A} still takes an answer"
            self._page.notes(moment.date, moment.who, moment.at, note)
        states = (day["me"]["state"], day["partner"]["state"])
        self.expectations.expect(
            Claim.ANSWERED, states == ("waiting", "answered" if written else "waiting"), f"{where}: states {states}"
        )
        if day["partner"]["text"]:
            self.expectations.expect(Claim.SHARED, day["partner"]["text"] == written, f"{where}: another text")
            self._page.reads(moment.date, moment.who, moment.at, partner, day["partner"]["text"])
        elif written:
            self._page.notes(moment.date, moment.who, moment.at, f"{partner.name} has answered; the seal holds")
        else:
            self._page.notes(moment.date, moment.who, moment.at, "opens the app: nobody has answered yet")
        return day

    def _answer(self, moment: Moment) -> None:
        prompt = self._day(moment)["prompt"]
        pair = self._answers.get(prompt["text"]) or FOR_ANY[Theme(prompt["theme"])]
        final = pair[COUPLE.index(moment.who)]
        text = DRAFT if moment.act is Act.DRAFT else final
        shared = moment.act is Act.SHARE_FIRST
        if moment.completes:
            self._open(moment.date)
        elif not shared:
            self._sealed.add((moment.who, text))
        self._written[moment.date][moment.who] = text
        view = self._call(
            moment.who,
            None if moment.live else moment.at,
            "PUT",
            f"/v1/days/{moment.date}/answer",
            {"text": text, "share_first": shared},
        )
        self.expectations.expect(Claim.ANSWERED, view["me"]["text"] == text, f"{moment.date}: {view['me']}")
        self.expectations.expect(
            Claim.REVEAL, view["revealed"] == moment.completes, f"{moment.date}: {view['revealed']}"
        )
        self._page.writes(moment.date, moment.who, moment.at, text, "opened to Maya at once" if shared else "")

    def _edit(self, moment: Moment) -> None:
        day = self._day(moment)
        pair = self._answers.get(day["prompt"]["text"]) or FOR_ANY[Theme(day["prompt"]["theme"])]
        text = pair[COUPLE.index(moment.who)]
        self._sealed.add((moment.who, text))
        self._written[moment.date][moment.who] = text
        body = {"text": text, "revision": day["me"]["revision"]}
        edited = self._call(moment.who, moment.at, "PUT", f"/v1/days/{moment.date}/answer", body)
        self.expectations.expect(Claim.EDIT, edited["me"]["text"] == text, f"{moment.date}: the edit is not there")
        self._page.writes(moment.date, moment.who, moment.at, text, "in place of the first words")

    def _too_late(self, moment: Moment) -> None:
        if moment.act is Act.EDIT_TOO_LATE:
            text = "On second thoughts, something quite different."
            self._refused(moment, {"text": text, "revision": 2}, "answers-are-open", Claim.EDIT)
            self._page.notes(moment.date, moment.who, moment.at, "would edit again: open answers stay as they are")
        else:
            self._refused(moment, {"text": "Yesterday got away from me."}, "day-closed", Claim.CLOSED)
            self._page.notes(moment.date, moment.who, moment.at, "the day has closed; nobody says who missed it")
            self._check_streak(moment)

    def _refused(self, moment: Moment, body: Mapping[str, Any], problem: str, claim: Claim) -> None:
        reply = self._phones[moment.who].call(moment.at, "PUT", f"/v1/days/{moment.date}/answer", body)
        self.expectations.expect(claim, reply.problem == problem, f"{moment.date}: {reply.status} {reply.problem}")

    def _await_pushes(self, moment: Moment) -> None:
        for expected in moment.pushes:
            what = f"{expected.to.name}: {expected.kind} of {expected.date}"
            push = self._phones[expected.to].await_push(expected.collapse_key)
            self.expectations.expect(Claim.PUSHES, push, f"{what} has not come in {PATIENCE_SECONDS} s")
            if push is None:
                continue
            if expected.passive is not None:
                how = "passive" if push["passive"] else "not passive"
                self.expectations.expect(Claim.PUSHES, push["passive"] is expected.passive, f"{what} is {how}")
            self._page.push(moment.date, expected.to, moment.at, push)

    def _check_reveal(self, moment: Moment) -> None:
        self._complete.add(moment.date)
        for who in COUPLE:
            partner = _partner(who)
            day = self._call(who, None if moment.live else moment.at, "GET", f"/v1/days/{moment.date}")
            written = self._written[moment.date]
            seen = day["revealed"], day["me"]["text"], day["partner"]["text"]
            what = f"{who.name}'s view of {moment.date}: {seen}"
            self.expectations.expect(Claim.REVEAL, seen == (True, written[who], written[partner]), what)
            self._page.reads(moment.date, who, moment.at, partner, str(day["partner"]["text"]))
        self._check_streak(moment)

    def _check_streak(self, moment: Moment) -> None:
        counted = len(self._complete)
        for who in COUPLE:
            streak = self._call(who, None if moment.live else moment.at, "GET", "/v1/streak")
            numbers = streak["current"], streak["longest"], streak["total"]
            self.expectations.expect(
                Claim.STREAK, numbers == (counted,) * 3, f"{who.name} after {moment.date}: {numbers}, not {counted}"
            )
            known = {str(date): streak["calendar"].get(str(date)) for date in self._plan.dates if date <= moment.date}
            marks = {str(date): "complete" if date in self._complete else "rest" for date in self._plan.dates}
            wrong = {date: mark for date, mark in known.items() if mark != marks[date]}
            self.expectations.expect(Claim.STREAK, not wrong, f"{who.name}'s calendar after {moment.date}: {wrong}")
            self._page.streak(moment.date, streak["current"], known)

    def _look_back(self) -> None:
        expect = self.expectations.expect
        self._await_quiet()
        for who, phone in self._phones.items():
            inbox = phone.inbox()
            left = [push["collapse_key"] for push in inbox]
            for expected in self._plan.pushes_to(who):
                key = next((key for key in left if key.startswith(expected.collapse_key)), None)
                if key:
                    left.remove(key)
                claim = Claim.MILESTONE if expected.kind is PushKind.STREAK_MILESTONE else Claim.PUSHES
                expect(claim, key, f"{who.name} has no {expected.kind} of {expected.date}")
            expect(Claim.PUSHES, not left, f"{who.name} got more than was due: {left}")
            for push in inbox:
                expect(Claim.PUSHES, push["replaces"] is None, f"{who.name} got {push['collapse_key']} twice")
                expect(Claim.NEUTRAL, _is_neutral(push), f"{who.name} was sent {push['message']}")
        for date, theme in self._themes.items():
            near = [other for other in self._themes if other != date and abs(other - date) < dt.timedelta(days=7)]
            clash = [str(other) for other in near if self._themes[other] == theme]
            expect(Claim.SAME, not clash, f"{theme} on {date} and on {clash}")
        expect(Claim.SAME, len(self._themes) == len(SCRIPT), f"prompts on {len(self._themes)} dates only")

    def _await_quiet(self) -> None:
        """Wait until the queue is empty, so that a push too many would be in its inbox."""
        sqs = self._stack.client("sqs")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (waiting := _messages(sqs, self._stack.outputs["QueueUrl"])) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.expectations.expect(Claim.CLEAN, not waiting, f"{waiting} jobs wait on the queue")
        for name in ("DlqUrl", "ReactDlqUrl"):
            dead = _messages(sqs, self._stack.outputs[name])
            self.expectations.expect(Claim.CLEAN, not dead, f"{dead} messages in {name}")
        failures = self._stack.logs / "errors.log"
        text = failures.read_text(encoding="utf-8") if failures.exists() else ""
        self.expectations.expect(Claim.CLEAN, not text, f"functions failed:\n{text}")

    def _call(
        self, who: Partner, at: dt.datetime | None, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        reply = self._phones[who].call(at, method, path, body)
        good = reply.problem is None and reply.status // 100 == 2  # noqa: PLR2004 - as HTTP has it
        self.expectations.expect(Claim.ANSWERED, good, f"{who.name}: {method} {path}: {reply.status} {reply.problem}")
        if not good:
            raise BrokenOffError(f"{method} {path} was answered with {reply.status}: {reply.body}")
        answered: dict[str, Any] = reply.body
        return answered

    def _day(self, moment: Moment) -> dict[str, Any]:
        """The moment's day on that phone: its today, or the day before that is still open."""
        shown = self._call(moment.who, None if moment.live else moment.at, "GET", "/v1/today")
        days: list[dict[str, Any]] = [
            day for day in (shown["today"], shown["previous"]) if day and day["date"] == str(moment.date)
        ]
        if not days:
            raise BrokenOffError(f"{moment.who.name}'s phone does not show {moment.date}: {shown}")
        prompt = days[0]["prompt"]
        self._themes[moment.date] = prompt["theme"]
        known = self._prompts.setdefault(moment.date, prompt)
        self.expectations.expect(Claim.SAME, prompt == known, f"{moment.date}: {prompt['text']} and {known['text']}")
        self._page.prompt(moment.date, prompt)
        return days[0]

    def _open(self, date: dt.date) -> None:
        self._sealed -= set(self._written[date].items())

    def _overhear(self, reader: Partner, reply: Reply) -> None:
        for writer, text in self._sealed:
            if writer != reader:
                leaked = f"{reader.name} was shown what {writer.name} wrote, before its time"
                self.expectations.expect(Claim.SEAL, not reply.shows(text), leaked)


def _partner(who: Partner) -> Partner:
    return HARU if who is MAYA else MAYA


def _is_neutral(push: Mapping[str, Any]) -> bool:
    texts = {
        (text.title, text.body) for kinds in CATALOGUE.values() for each in kinds.values() for text in each.values()
    }
    link = push["data"].get("link", "")
    place = link.removeprefix(f"{APP_LINK}/o/")
    return (
        (push["title"], push["body"]) in texts
        and push["data"].keys() == {"link"}
        and place != link
        and place[:1] in {"d", "n", "s", "t"}
        and place[1:].isdecimal()
        and push["message"]["android"]["notification"]["visibility"] == "PRIVATE"
    )


def _messages(sqs: Any, queue: str) -> int:  # noqa: ANN401 - a boto3 client
    names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(count) for count in counts.values())


def run(console: Console) -> bool:
    """Play the demo on a stack of its own, and say whether every expectation held. Raises StackError."""
    with contextlib.ExitStack() as ending:
        began = time.monotonic()
        stack = ending.enter_context(Stack.temporary(partial(_shown, console)))
        page = Page(console)
        page.head(*_introduction(time.monotonic() - began))
        demo = Demo(planned(dt.datetime.fromtimestamp(now(), dt.UTC)), stack, page)
        try:
            demo.play()
        except (BrokenOffError, StackError, BotoCoreError, ClientError, HTTPError, LookupError) as error:
            seen = f"broken off by {type(error).__name__}: {error}"
            demo.expectations.expect(Claim.ANSWERED, held=False, otherwise=seen)
        page.verdict("What was expected", demo.expectations.findings())
        verdict = "Every expectation held" if demo.expectations.held else "Not every expectation held"
        page.head(f"{verdict}, {time.monotonic() - began:.0f} s after the start.")
        return demo.expectations.held


@contextlib.contextmanager
def _shown(console: Console, doing: str) -> Iterator[None]:
    began = time.monotonic()
    with console.status(doing):
        yield
    console.print(Text.assemble(("✓ ", "green"), doing, (f"  {time.monotonic() - began:.1f} s", "dim")))


def _introduction(seconds: float) -> tuple[str, ...]:
    return (
        "Rekindle: two people, one prompt a day, and answers that open together",
        f"Eight dates as two phones show them; the stack was up in {seconds:.0f} s.",
        "◉ a push   ○ a silent one   ✎ an answer   ◆ the partner's, opened",
    )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Exit status 0 only if every expectation held."""
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console(highlight=False)
    console.width = min(console.width, PAGE_WIDTH) if console.is_terminal else PAGE_WIDTH
    try:
        return 0 if run(console) else 1
    except KeyboardInterrupt:
        return 130
    except StackError as error:
        console.print(Text.assemble(("✗ ", "red"), str(error)))
        return 1


if __name__ == "__main__":
    sys.exit(main())
