"""`make demo`: a couple in New York and Tokyo goes through ten dates, and every step is checked.

One date is missed and one passes in a pause. The dates before today are replayed: requests as events with their past
instants, the schedule's beats with their past scheduled times. Today goes through API Gateway with real tokens.
Everything in between is the deployed stack: functions, table, stream, queue and the FCM path to each phone's inbox.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import signal
import sys
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from httpx import HTTPError
from rich.console import Console
from rich.text import Text

from local.clock import now
from local.demo.chapters import Chapters
from local.demo.page import PAGE_WIDTH, Page
from local.demo.phone import PATIENCE_SECONDS
from local.demo.plan import COUPLE, COURSE_SCENES, HARU, MAYA, SCRIPT, Act, Moment, planned
from local.demo.stage import KEPT_PACK, BrokenOffError, Claim, Stage, messages, partner_of
from local.deploy.deployment import APP_LINK
from local.errors import StackError
from local.stack.start import temporary
from rekindle.domain.models import PushKind
from rekindle.push.texts import CATALOGUE, DEFAULT_LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DRAFT: Final = "Give me a minute, I want to say this well."
BEAT: Final = dt.timedelta(minutes=5)


class Demo:
    """Plays the plan that the stage was set for, from the first date to the last."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._plan = stage.plan
        self._page = stage.page
        self._expect = stage.expect
        self._chapters = Chapters(stage)
        self._gestures: dict[dt.date, Mapping[str, Any]] = {}

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
        # What belongs to past dates would have expired by the real clock.
        self._stage.stack.client("dynamodb").update_time_to_live(
            TableName=self._stage.stack.outputs["TableName"],
            TimeToLiveSpecification={"Enabled": False, "AttributeName": "ttl"},
        )
        # First of all, as a process believes for half a minute what it has read of the packs.
        self._chapters.course.publish()
        for who in COUPLE:
            profile = {"display_name": who.name, "zone": who.zone, "language": DEFAULT_LANGUAGE, "depth": 1}
            profile |= {"touch_comfort": 1, "barriers": [], "streak_hidden": False}
            self._stage.call(who, self._plan.alone_at[0], "PUT", "/v1/me", profile)
        self._chapters.alone.write()
        at = self._plan.paired_at - dt.timedelta(minutes=30)
        for who in COUPLE:
            device = {"token": who.token, "fid": None, "platform": who.platform}
            self._stage.call(who, at, "PUT", "/v1/me/devices/phone", device)
            quiet = {"start": f"{who.quiet.start:%H:%M}", "end": f"{who.quiet.end:%H:%M}"}
            times = {"prompt_time": f"{who.prompt:%H:%M}", "evening_time": f"{who.evening:%H:%M}"}
            touch = {"weekdays": self._plan.touch_weekdays, "time": f"{who.touch:%H:%M}"}
            reminders = times | {"quiet_hours": quiet, "touch": touch, "nudges_muted": False, "news": True}
            self._stage.call(who, at, "PUT", "/v1/me/reminders", reminders)

    def _pair(self) -> None:
        date, at = self._plan.dates[0], self._plan.paired_at
        before = [at - dt.timedelta(minutes=minutes) for minutes in (3, 2, 1)]
        invite = self._stage.call(MAYA, before[0], "POST", "/v1/invites")
        self._page.notes(date, MAYA, before[0], f"invites Haru with the code {invite['code']}")
        redeemed = self._stage.call(HARU, before[1], "POST", "/v1/invites/redeem", {"code": invite["code"]})
        self._page.notes(date, HARU, before[1], f"types the code: an invite from {redeemed['inviter']}")
        waiting = self._stage.call(MAYA, before[2], "GET", "/v1/invites")
        self._expect(Claim.ANSWERED, waiting["redeemed_by"] == HARU.name, f"redeemed by {waiting}")
        self._stage.call(MAYA, at, "POST", "/v1/invites/confirm", {"invite_id": invite["invite_id"]})
        self._page.notes(date, MAYA, at, f"sees that it was {waiting['redeemed_by']}, and says yes")
        self._put_aside(at + dt.timedelta(minutes=2))

    def _put_aside(self, at: dt.datetime) -> None:
        """All that everyone has but one pack, so that their days are of that one."""
        packs = self._stage.call(MAYA, at, "GET", "/v1/packs")["packs"]
        aside = [pack["id"] for pack in packs if pack["chosen"] and pack["id"] != KEPT_PACK]
        for pack in aside:
            self._stage.call(MAYA, at, "DELETE", f"/v1/couple/packs/{pack}")
        kept = self._stage.call(HARU, at, "GET", "/v1/couple")["packs"]
        self._expect(Claim.ASIDE, kept == [KEPT_PACK], f"Haru sees the packs {kept}")
        told = f"keeps the {KEPT_PACK} pack for both, and puts {len(aside)} others aside for now"
        self._page.notes(self._plan.dates[0], MAYA, at, told)

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
            case _:
                self._chapters.play(moment)
        self._await_pushes(moment)
        if moment.completes:
            self._check_reveal(moment)

    def _beat(self, moment: Moment) -> None:
        early = self._stage.stack.tick(moment.at - BEAT)["jobs"]
        due = self._stage.stack.tick(moment.at)["jobs"]
        if moment.act is Act.PROMPT:
            what = f"{moment.who.name}'s prompt of {moment.date}"
            self._expect(Claim.PROMPTS, not early, f"{what}: {early} jobs one beat before its time")
            self._expect(Claim.PROMPTS, due == 1, f"{what}: {due} jobs at its time")
        if moment.pushes and moment.at > self._plan.now:
            self._page.notes(moment.date, moment.who, moment.at, "still to come today, played ahead:")

    def _beat_again(self, moment: Moment) -> None:
        (first,) = (
            each
            for each in self._plan.moments
            if (each.act, each.who, each.date) == (Act.PROMPT, moment.who, moment.date)
        )
        jobs = self._stage.stack.tick(first.at)["jobs"]
        self._expect(Claim.PROMPTS, not jobs, f"a beat that came twice sent {jobs} jobs again")
        self._page.notes(moment.date, moment.who, moment.at, "the same beat came again, and nothing buzzed")

    def _touch(self, moment: Moment) -> None:
        self._stage.stack.tick(moment.at)
        gesture = self._stage.call(moment.who, moment.at, "GET", "/v1/touch/today")["gesture"]
        other = self._gestures.setdefault(moment.date, gesture)
        what = f"{moment.who.name} on {moment.date}: {gesture}"
        self._expect(Claim.TOUCH, gesture and gesture == other and gesture["warmth"] == 1, what)
        self._page.notes(moment.date, moment.who, moment.at, f"a small gesture: {gesture['text']}")

    def _nudge(self, moment: Moment) -> None:
        self._stage.call(moment.who, moment.at, "POST", "/v1/nudges", {"gesture": "thinking_of_you"})
        partner = partner_of(moment.who)
        self._page.notes(moment.date, moment.who, moment.at, f"lets {partner.name} know: thinking of you")
        received = self._stage.call(partner, moment.at, "GET", "/v1/nudges")["received"]
        gestures = [nudge["gesture"] for nudge in received]
        self._expect(Claim.NUDGE, gestures == ["thinking_of_you"], f"{partner.name} received {gestures}")
        passive = all(push.passive for push in moment.pushes)
        self._expect(Claim.NUDGE, passive, f"it is {partner.clock(moment.at):%H:%M} in {partner.city}")

    def _look(self, moment: Moment) -> dict[str, Any]:
        day = self._stage.day(moment)
        partner = partner_of(moment.who)
        written = self._stage.written[moment.date].get(partner)
        where = f"{moment.who.name}'s view of {moment.date}"
        if moment.live and moment.who.clock(moment.at).date() != moment.date:
            note = f"it is {moment.who.clock(moment.at):%A} here, and {moment.date:%A} still takes an answer"
            self._page.notes(moment.date, moment.who, moment.at, note)
        states = (day["me"]["state"], day["partner"]["state"])
        self._expect(
            Claim.ANSWERED, states == ("waiting", "answered" if written else "waiting"), f"{where}: states {states}"
        )
        if day["partner"]["text"]:
            self._expect(Claim.SHARED, day["partner"]["text"] == written, f"{where}: another text")
            self._page.reads(moment.date, moment.who, moment.at, partner, day["partner"]["text"])
        elif written:
            self._page.notes(moment.date, moment.who, moment.at, f"{partner.name} has answered; the seal holds")
        else:
            self._page.notes(moment.date, moment.who, moment.at, "opens the app: nobody has answered yet")
        return day

    def _answer(self, moment: Moment) -> None:
        prompt = self._stage.day(moment)["prompt"]
        text = DRAFT if moment.act is Act.DRAFT else self._stage.answer_of(moment.who, prompt)
        shared = moment.act is Act.SHARE_FIRST
        if moment.completes:
            self._stage.open(*self._stage.written[moment.date].items())
        elif not shared:
            self._stage.seal(moment.who, text)
        self._stage.written[moment.date][moment.who] = text
        view = self._stage.call(
            moment.who,
            moment.calls_at,
            "PUT",
            f"/v1/days/{moment.date}/answer",
            {"text": text, "share_first": shared, "revision": None, "prompt": prompt["id"]},
        )
        self._expect(Claim.ANSWERED, view["me"]["text"] == text, f"{moment.date}: {view['me']}")
        self._expect(Claim.REVEAL, view["revealed"] == moment.completes, f"{moment.date}: {view['revealed']}")
        self._page.writes(moment.date, moment.who, moment.at, text, "opened to Maya at once" if shared else "")

    def _edit(self, moment: Moment) -> None:
        day = self._stage.day(moment)
        text = self._stage.answer_of(moment.who, day["prompt"])
        self._stage.seal(moment.who, text)
        self._stage.written[moment.date][moment.who] = text
        revision, prompt = day["me"]["revision"], day["prompt"]["id"]
        body = {"text": text, "share_first": False, "revision": revision, "prompt": prompt}
        edited = self._stage.call(moment.who, moment.at, "PUT", f"/v1/days/{moment.date}/answer", body)
        self._expect(Claim.EDIT, edited["me"]["text"] == text, f"{moment.date}: the edit is not there")
        self._page.writes(moment.date, moment.who, moment.at, text, "in place of the first words")

    def _too_late(self, moment: Moment) -> None:
        request = "PUT", f"/v1/days/{moment.date}/answer"
        if moment.act is Act.EDIT_TOO_LATE:
            text = "On second thoughts, something quite different."
            body = {"text": text, "share_first": False, "revision": 2, "prompt": None}
            self._stage.refused(moment, request, body, "answers-are-open", Claim.EDIT)
            self._page.notes(moment.date, moment.who, moment.at, "would edit again: open answers stay as they are")
        else:
            body = {"text": "Yesterday got away from me.", "share_first": False, "revision": None, "prompt": None}
            self._stage.refused(moment, request, body, "day-closed", Claim.CLOSED)
            self._page.notes(moment.date, moment.who, moment.at, "the day has closed; nobody says who missed it")
            self._stage.check_streak(moment)

    def _await_pushes(self, moment: Moment) -> None:
        for expected in moment.pushes:
            what = f"{expected.to.name}: {expected.kind} of {expected.date}"
            push = self._stage.phones[expected.to].await_push(expected.collapse_key)
            self._expect(Claim.PUSHES, push, f"{what} has not come in {PATIENCE_SECONDS} s")
            if push is None:
                continue
            if expected.passive is not None:
                how = "passive" if push["passive"] else "not passive"
                self._expect(Claim.PUSHES, push["passive"] is expected.passive, f"{what} is {how}")
            self._page.push(moment.date, expected.to, moment.at, push)

    def _check_reveal(self, moment: Moment) -> None:
        self._stage.met.append(moment.date)
        for who in COUPLE:
            partner = partner_of(who)
            day = self._stage.call(who, moment.calls_at, "GET", f"/v1/days/{moment.date}")
            written = self._stage.written[moment.date]
            seen = day["revealed"], day["me"]["text"], day["partner"]["text"]
            what = f"{who.name}'s view of {moment.date}: {seen}"
            self._expect(Claim.REVEAL, seen == (True, written[who], written[partner]), what)
            self._page.reads(moment.date, who, moment.at, partner, str(day["partner"]["text"]))
        self._stage.check_streak(moment)

    def _look_back(self) -> None:
        expect = self._expect
        self._await_quiet()
        self._chapters.course.look_back()
        for who, phone in self._stage.phones.items():
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
        themes = {date: str(prompt["theme"]) for date, prompt in self._stage.prompts.items()}
        courses = {self._plan.dates[scene] for scene in COURSE_SCENES}
        for date in themes.keys() - courses:  # what its author wants next outranks the rhythm of the themes
            before = [other for other in themes if dt.timedelta(0) < date - other < dt.timedelta(days=7)]
            clash = [str(other) for other in before if themes[other] == themes[date]]
            expect(Claim.SAME, not clash, f"{themes[date]} on {date} and on {clash}")
        expect(Claim.SAME, len(themes) == len(SCRIPT), f"prompts on {len(themes)} dates only")

    def _await_quiet(self) -> None:
        waiting, sqs = self._stage.await_empty_queue(), self._stage.stack.client("sqs")
        self._expect(Claim.CLEAN, not waiting, f"{waiting} jobs wait on the queue")
        for name in ("DlqUrl", "ReactDlqUrl"):
            dead = messages(sqs, self._stage.stack.outputs[name])
            self._expect(Claim.CLEAN, not dead, f"{dead} messages in {name}")
        failures = self._stage.stack.logs / "errors.log"
        text = failures.read_text(encoding="utf-8") if failures.exists() else ""
        self._expect(Claim.CLEAN, not text, f"functions failed:\n{text}")


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


def run(console: Console) -> bool:
    """Play the demo on a stack of its own, and say whether every expectation held. Raises StackError."""
    with contextlib.ExitStack() as ending:
        began = time.monotonic()
        stack = ending.enter_context(temporary(partial(_shown, console)))
        page = Page(console)
        page.head(*_introduction(time.monotonic() - began))
        stage = Stage(planned(dt.datetime.fromtimestamp(now(), dt.UTC)), stack, page)
        try:
            Demo(stage).play()
        except (BrokenOffError, StackError, BotoCoreError, ClientError, HTTPError, LookupError) as error:
            seen = f"broken off by {type(error).__name__}: {error}"
            stage.expectations.expect(Claim.ANSWERED, held=False, otherwise=seen)
        page.verdict("What was expected", stage.expectations.findings())
        verdict = "Every expectation held" if stage.expectations.held else "Not every expectation held"
        page.head(f"{verdict}, {time.monotonic() - began:.0f} s after the start.")
        return stage.expectations.held


@contextlib.contextmanager
def _shown(console: Console, doing: str) -> Iterator[None]:
    began = time.monotonic()
    with console.status(doing):
        yield
    console.print(Text.assemble(("✓ ", "green"), doing, (f"  {time.monotonic() - began:.1f} s", "dim")))


def _introduction(seconds: float) -> tuple[str, ...]:
    return (
        "Rekindle: two people, one prompt a day, and answers that open together",
        f"Ten dates as two phones show them; the stack was up in {seconds:.0f} s.",
        "◉ a push   ○ a silent one   ✎ an answer   ◆ the partner's, opened   » a reflection   ⌂ the practice",
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
