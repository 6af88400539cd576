"""What all of the demo is played on: the stack, the page, both phones, what was written, and what is expected."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from local.demo import course as demo_course
from local.demo.answers import FOR_ANY, answers_by_text
from local.demo.phone import PATIENCE_SECONDS, Desk, Phone, Reply
from local.demo.plan import COUPLE, HARU, MAYA, PAUSED_SCENE, Moment, Partner, Plan
from rekindle.domain.help import HELPED_THEMES
from rekindle.domain.models import Theme

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from local.demo.page import Page
    from local.stack import Stack

KEPT_PACK: Final = "starter"
"""The pack of everyone's that the couple does not put aside."""


class Claim(StrEnum):
    """What the demo shows to be true."""

    ANSWERED = "Each request got the answer that the API promises"
    PROMPTS = "Each prompt was announced at 08:30 in New York and at 07:30 in Tokyo, and not a beat before"
    SAME = "Both had the same prompt on each date, and no everyday theme came twice in seven"
    SEAL = "No reply showed a word of an answer before its reveal, nor ever a draft"
    SHARED = "The one answer that was shared first could be read at once"
    REVEAL = "Both answers opened together, for both, as they were last edited"
    EDIT = "An answer could be edited until the reveal, and not after"
    CLOSED = "A date that has closed takes no answer"
    REFLECTION = "What each took from the other could be left once both answers were open, and was read by both"
    SWAP = "A prompt was swapped for both, once, before anyone answered; no answer went to the old one"
    HELP = "Help stood beside each prompt on courage or fear and no other, the reader's own country first"
    ALONE = "What was written alone stayed its writer's, but for the one answer that she showed"
    COURSE = "The course that was joined by its code came in order on its dates, and not once it was withdrawn"
    ASIDE = "No prompt came from a pack that was put aside"
    STREAK = "The streak grew by the dates they met, and a rest day and a pause left it whole"
    MILESTONE = "Seven days were worth a word to each, once"
    PAUSE = "The pause that one began was seen by both, nothing buzzed while it ran, and the other ended it"
    RECAP = "The look back told of the dates they met, their themes, and what was new"
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


class Stage:
    """One performance of a plan on a stack, as far as it has come."""

    def __init__(self, plan: Plan, stack: Stack, page: Page) -> None:
        self.plan = plan
        self.stack = stack
        self.page = page
        self.phones = {partner: Phone(partner, stack, self._overhear) for partner in COUPLE}
        self.desk = Desk(stack)
        self.written: dict[dt.date, dict[Partner, str]] = defaultdict(dict)
        self.prompts: dict[dt.date, Mapping[str, Any]] = {}
        self.met: list[dt.date] = []
        """The dates that both have answered, in the order in which they did."""
        self.expectations = Expectations()
        self.expect = self.expectations.expect
        self._answers = {**answers_by_text(), **demo_course.ANSWERS}
        self._sealed: set[tuple[Partner, str]] = set()

    def call(
        self, who: Partner, at: dt.datetime | None, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """What the API answers them; None is now, through the gateway. Raises BrokenOffError if it refuses."""
        return self._good(f"{who.name}: {method} {path}", self.phones[who].call(at, method, path, body))

    def refused(
        self, moment: Moment, request: tuple[str, str], body: Mapping[str, Any] | None, problem: str, claim: Claim
    ) -> str:
        """Expect that the API refuses for that reason, and return the words it has for it."""
        reply = self.phones[moment.who].call(moment.at, *request, body)
        self.expect(claim, reply.problem == problem, f"{moment.date}: {reply.status} {reply.problem}, not {problem}")
        return str(reply.body.get("title", "")) if isinstance(reply.body, dict) else ""

    def staff(self, at: dt.datetime, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What the practice's API answers its staff. Raises BrokenOffError if it refuses."""
        return self._good(f"the practice: {method} {path}", self.desk.call(at, method, f"/v1/practice{path}", body))

    def _good(self, what: str, reply: Reply) -> dict[str, Any]:
        good = reply.problem is None and reply.status // 100 == 2  # noqa: PLR2004 - as HTTP has it
        self.expect(Claim.ANSWERED, good, f"{what}: {reply.status} {reply.problem}")
        if not good:
            raise BrokenOffError(f"{what} was answered with {reply.status}: {reply.body}")
        answered: dict[str, Any] = reply.body
        return answered

    def today(self, moment: Moment) -> dict[str, Any]:
        """What the app opens with on that phone."""
        return self.call(moment.who, moment.calls_at, "GET", "/v1/today")

    def day(self, moment: Moment) -> dict[str, Any]:
        """The moment's day on that phone: its today, or the day before that is still open."""
        return self.day_of(moment, self.today(moment))

    def day_of(self, moment: Moment, shown: Mapping[str, Any]) -> dict[str, Any]:
        """The moment's day, from what the app opens with."""
        days: list[dict[str, Any]] = [
            day for day in (shown["today"], shown["previous"]) if day and day["date"] == str(moment.date)
        ]
        if not days:
            raise BrokenOffError(f"{moment.who.name}'s phone does not show {moment.date}: {shown}")
        self.has_prompt(moment.date, days[0]["prompt"])
        return days[0]

    def has_prompt(self, date: dt.date, prompt: Mapping[str, Any], *, instead: bool = False) -> None:
        """Somebody sees the prompt of a date, which stays as it is but for a swap."""
        known = prompt if instead else self.prompts.get(date, prompt)
        self.prompts[date] = prompt
        self.expect(Claim.SAME, prompt == known, f"{date}: {prompt['text']} and {known['text']}")
        pack = str(prompt["id"]).partition("/")[0]
        self.expect(Claim.ASIDE, pack in {KEPT_PACK, demo_course.COURSE}, f"{date}: {prompt['id']}")
        helps = prompt["theme"] in HELPED_THEMES
        self.expect(Claim.HELP, bool(prompt["help"]) is helps, f"{date}, on {prompt['theme']}: {prompt['help']}")
        self.page.prompt(date, prompt)

    def answer_of(self, who: Partner, prompt: Mapping[str, Any]) -> str:
        """What they answer to a prompt."""
        pair = self._answers.get(prompt["text"]) or FOR_ANY[Theme(prompt["theme"])]
        return pair[COUPLE.index(who)]

    def seal(self, writer: Partner, text: str) -> None:
        """From now on the partner must not be shown this."""
        self._sealed.add((writer, text))

    def open(self, *texts: tuple[Partner, str]) -> None:
        """The partner may be shown these now."""
        self._sealed -= set(texts)

    def _overhear(self, reader: Partner, reply: Reply) -> None:
        for writer, text in self._sealed:
            if writer != reader:
                leaked = f"{reader.name} was shown what {writer.name} wrote, before its time"
                self.expect(Claim.SEAL, not reply.shows(text), leaked)

    def check_streak(self, moment: Moment) -> None:
        """Both see the streak and the calendar that the dates up to the moment's make."""
        counted = len(self.met)
        rest = {date: "paused" if date == self.plan.dates[PAUSED_SCENE] else "rest" for date in self.plan.dates}
        marks = {str(date): "complete" if date in self.met else rest[date] for date in self.plan.dates}
        for who in COUPLE:
            streak = self.call(who, moment.calls_at, "GET", "/v1/streak")
            numbers = streak["current"], streak["longest"], streak["total"]
            self.expect(
                Claim.STREAK, numbers == (counted,) * 3, f"{who.name} after {moment.date}: {numbers}, not {counted}"
            )
            known = {str(date): streak["calendar"].get(str(date)) for date in self.plan.dates if date <= moment.date}
            wrong = {date: mark for date, mark in known.items() if mark != marks[date]}
            self.expect(Claim.STREAK, not wrong, f"{who.name}'s calendar after {moment.date}: {wrong}")
            self.page.streak(moment.date, streak["current"], known)

    def await_empty_queue(self) -> int:
        """Wait until the queue is empty, so that a push too many would be in its inbox; what is left there if not."""
        sqs, queue = self.stack.client("sqs"), self.stack.outputs["QueueUrl"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (waiting := messages(sqs, queue)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return waiting


def messages(sqs: Any, queue: str) -> int:  # noqa: ANN401 - a boto3 client
    """How many there are, whether waiting or being worked on."""
    names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(count) for count in counts.values())


def partner_of(who: Partner) -> Partner:
    """The other of the two."""
    return HARU if who is MAYA else MAYA
