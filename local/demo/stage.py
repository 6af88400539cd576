"""The stage of the demo: requests at a moment's instant, and checks of both phones."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from local.demo.plan import COUPLE, PAUSED_DATE, Moment, Partner
from local.errors import StackError
from local.google.identity import ACCOUNTS
from rekindle.domain.help import HELPED_THEMES
from rekindle.domain.ids import Uid
from rekindle.domain.pushes import PushKind
from rekindle.push.kinds import KINDS
from testing.phones import Phone, whole

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from local.demo.page import Page
    from local.stack import Stack

ANSWERS: Final[Mapping[str, list[str]]] = json.loads(
    Path(__file__).with_name("answers.json").read_text(encoding="utf-8")
)
"""The answers of Maya and Haru, by the prompt's id."""
STARTER: Final = "starter"
"""The only pack for everyone that the couple keeps."""
COURSE: Final = "small-steps"
STAFF: Final = "editor@practice.example"
PATIENCE_SECONDS: Final = 60
"""The longest way of a push to a phone: through stream, queue and two functions, which may have to start."""


class Claim(StrEnum):
    """The claims that the demo checks."""

    ANSWERED = "Each request got the answer that the API promises"
    PROMPTS = "Each prompt came at 08:30 in New York and at 07:30 in Tokyo, once, even if a tick came twice"
    SAME = "Both had the same prompt on each date, and no theme came twice in seven days outside of the course"
    SEAL = "No reply showed a word of an answer before it opened, and none ever showed a draft"
    SHARED = "The one answer that was shared first could be read at once"
    REVEAL = "Both answers opened together, for both, in their last version"
    EDIT = "An answer could be edited until both were there, and not after"
    CLOSED = "A date that has closed takes no answer"
    REFLECTION = "Each could leave a reflection once both answers were open, and both could read it"
    SWAP = "A prompt was swapped for both, once, before anyone answered; the old one took no answer"
    HELP = "Help was beside each prompt on courage or fear and no other, with the reader's own country first"
    ALONE = "Answers written alone were the writer's only, except the one that she shared"
    COURSE = "The course that they joined by its code came in order on its dates, until it was withdrawn"
    OFF = "No prompt came from a pack that was turned off"
    STREAK = "The streak grew by the dates they met, and a rest day and a pause did not end it"
    MILESTONE = "Seven days brought each of them one message"
    PAUSE = "Both saw the pause that one of them began, no push came during it, and the other ended it"
    RECAP = "The look back showed the dates they met, their themes, and the news"
    TOUCH = "Both got the same small gesture on the days they chose, and no lock screen showed it"
    NUDGE = "A nudge in the night made no sound, and the app showed its gesture"
    PUSHES = "Each phone got exactly the pushes it should get, each once, and silently in quiet hours"
    NEUTRAL = "No push contained more than the catalogue's words and a link that reveals nothing"
    CLEAN = "No job was left on a queue, and no function failed"


class Stage:
    """One performance of the moments on a stack. `kept` is for values that a later act needs."""

    def __init__(self, moments: Sequence[Moment], stack: Stack, page: Page) -> None:
        self.stack, self.page, self.moment = stack, page, moments[0]
        self.dates = sorted({moment.date for moment in moments})
        self.now = next(moment.at for moment in moments if moment.live)
        self.kept: dict[str, Any] = {"alone": [], "gestures": {}, "pause": None}
        self.prompts: dict[dt.date, Mapping[str, Any]] = {}
        self.written: dict[dt.date, dict[Partner, str]] = defaultdict(dict)
        self.met: list[dt.date] = []
        self.marks: dict[dt.date, tuple[Mapping[str, str], int]] = {}
        self.pushes: Counter[Partner] = Counter()
        self.sealed: set[tuple[Partner, str]] = set()
        """The answers that the writer's partner must not read yet."""
        self.findings: dict[str, tuple[int, list[str]]] = {claim: (0, ["never checked"]) for claim in Claim}

    def expect(self, claim: Claim, seen: object, wanted: object = True) -> None:  # noqa: FBT002 - an expected value
        """Check a claim once."""
        times, failures = self.findings[claim]
        wrong = [] if seen == wanted else [f"{self.moment.date} {self.moment.act}: {seen}, not {wanted}"]
        self.findings[claim] = times + 1, (failures if times else []) + wrong

    def note(self, text: str, who: Partner | None = None, sign: str = "·", beside: str = "") -> None:
        """Add a line to the page, by default on the phone of the moment's partner."""
        self.page.add(self.moment, who or self.moment.who, sign, text, beside)

    def call(self, request: str, body: object = None, who: Partner | None = None, *, staff: bool = False) -> Any:  # noqa: ANN401
        """Return the answer to a request of the moment's partner, of `who`, or of the practice's staff."""
        status, answer = self._reply(request, body, who or self.moment.who, staff=staff)
        good = status // 100 == 2  # noqa: PLR2004 - HTTP's own
        self.expect(Claim.ANSWERED, good)
        if not good:
            raise StackError(f"{request}: {status} {answer}")
        return answer

    def refused(self, claim: Claim, problem: str, request: str, body: object, wish: str) -> None:
        """Check that the API refuses a request, and print its words after the wish."""
        _, answer = self._reply(request, body, self.moment.who)
        self.expect(claim, answer and answer.get("type"), f"urn:rekindle:problem:{problem}")
        self.note(f"{wish}: “{answer and answer.get('title')}”")

    def _reply(self, request: str, body: object, who: Partner, *, staff: bool = False) -> tuple[int, Any]:
        method, path = request.split()
        uid, claims = ("demo-staff", {"email": STAFF, **ACCOUNTS[STAFF]}) if staff else (f"demo-{who.name.lower()}", {})
        if self.moment.live:
            with self.stack.phone(uid=uid, claims=dict(ACCOUNTS[STAFF]) if staff else {}) as client:
                reply = client.request(method, path, json=whole(path, body) if method == "PUT" else body)
            status, text = reply.status_code, reply.text
        else:
            function = "PracticeApi" if staff else "CouplesApi"
            phone = Phone(lambda event, _: self.stack.invoke(function, event), Uid(uid), self.moment.at, claims)
            replayed = phone.call(method, path, body)
            status, text = replayed.status, replayed.text
        answer = json.loads(text or "null")
        for writer, secret in self.sealed:
            if writer is not who and not staff:
                self.expect(Claim.SEAL, secret in json.dumps(answer, ensure_ascii=False), wanted=False)
        return status, answer

    def day(self) -> dict[str, Any]:
        """Return the moment's day as the app shows it at its start, with the pause."""
        shown = self.call("GET /v1/today")
        for day in (shown["today"], shown["previous"]):
            if day and day["date"] == str(self.moment.date):
                self.check_prompt(self.prompts.get(self.moment.date, day["prompt"]), day["prompt"])
                return {**day, "pause": shown["pause"]}
        raise StackError(f"{self.moment.who.name}'s phone does not show {self.moment.date}: {shown}")

    def check_prompt(self, wanted: Mapping[str, Any], prompt: Mapping[str, Any]) -> None:
        """Check the prompt of the moment's date."""
        self.prompts[self.moment.date] = prompt
        self.expect(Claim.SAME, prompt, wanted)
        self.expect(Claim.OFF, prompt["id"].partition("/")[0] in {STARTER, COURSE})
        self.expect(Claim.HELP, bool(prompt["help"]), prompt["theme"] in HELPED_THEMES)

    def inbox(self, who: Partner) -> list[dict[str, Any]]:
        """Return all pushes to a partner's phone; see local.google.inbox.Push."""
        return self.stack.inbox(f"{who.name.lower()}-phone")

    def await_push(self, to: Partner, kind: PushKind, until: dt.datetime | None = None) -> None:
        """Wait for a push, which may come as late as `until`, and check its sound."""
        self.pushes[to] += 1
        date, at = self.moment.date, self.moment.at
        claim = Claim.MILESTONE if kind is PushKind.STREAK_MILESTONE else Claim.PUSHES
        # A milestone's collapse key has a date of its own, and a nudge's has none.
        key = f"{KINDS[kind].code}-{'' if kind in {PushKind.STREAK_MILESTONE, PushKind.NUDGE} else date}"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := [push for push in self.inbox(to) if push["collapse_key"].startswith(key)]):
            if time.monotonic() > deadline:
                return self.expect(claim, f"no {kind} of {date}", f"a push to {to.name}")
            time.sleep(0.02)
        passive = found[0]["passive"]
        self.expect(claim, passive in {to.is_quiet(at), to.is_quiet(until or at)})
        if kind is PushKind.NUDGE:
            self.expect(Claim.NUDGE, passive)
        return self.note(found[0]["title"], to, "○" if passive else "◉", found[0]["body"])

    def check_streak(self) -> None:
        """Check that both see the streak and the calendar of the dates up to the moment's."""
        days, paused = len(self.met), self.dates[PAUSED_DATE]
        past = [date for date in self.dates if date <= self.moment.date]
        marks = {str(d): "complete" if d in self.met else "paused" if d == paused else "rest" for d in past}
        self.marks[self.moment.date] = marks, days
        for who in COUPLE:
            streak = self.call("GET /v1/streak", who=who)
            self.expect(Claim.STREAK, {streak["current"], streak["longest"], streak["total"]}, {days})
            self.expect(Claim.STREAK, {date: streak["calendar"].get(date) for date in marks}, marks)

    def await_empty_queue(self) -> None:
        """Wait until the queue is empty. A push too many would be in an inbox then."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (waiting := self.messages("QueueUrl")) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.expect(Claim.CLEAN, waiting, 0)

    def messages(self, queue: str) -> int:
        """Return the number of messages on a queue, waiting or in work."""
        names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
        sqs, url = self.stack.client("sqs"), self.stack.outputs[queue]
        return sum(map(int, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))
