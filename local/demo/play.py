"""Play ten dates of a couple on a deployed stack, and check each step.

An act is, for example, an answer or a reminder. Live acts happen now, and go through API Gateway with real tokens. All
other acts call the functions directly, with the act's planned instant in place of the current time.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from httpx import HTTPError

from local.clock import now
from local.demo.page import KEY, Claim, Page
from local.demo.plan import (
    ANSWERS,
    COUPLE,
    COURSE_DATES,
    HARU,
    MAYA,
    PAUSE_UNTIL,
    PAUSED_DATE,
    SCRIPT,
    TOUCH_DATES,
    planned,
)
from local.deploy.deployment import APP_LINK
from local.errors import StackError
from local.google.identity import ACCOUNTS
from local.stack.client import awaited
from local.stack.start import temporary
from rekindle.domain.help import HELPED_THEMES
from rekindle.domain.ids import Uid
from rekindle.domain.pushes import PushKind
from rekindle.domain.recap import Week, recap_of
from rekindle.domain.streaks import MILESTONES, History, calendar_marks
from rekindle.push.kinds import KINDS
from rekindle.push.texts import CATALOGUE, Text
from testing.packs import a_prompt, a_source
from testing.phones import Phone, whole

if TYPE_CHECKING:
    from rich.console import Console

    from local.demo.plan import Moment, Partner
    from local.stack import Stack
    from local.stack.start import Progress

HEARD: Final = "That being heard was quiet, and that somebody stopped for you."
REFLECTIONS: dict[Partner, Any] = {MAYA: {"kind": "heard", "text": HEARD}, HARU: {"kind": "thank_you", "text": None}}
PACK: Final = "long-distance"  # the only pack that the couple chooses
COURSE: Final = "small-steps"
IN_ORDER: Final = "somebody-who-listened", "one-small-ask"
EVERY_OTHER_DAY: Final = {"in_order": True, "every_days": COURSE_DATES[1] - COURSE_DATES[0]}
SOURCE: Final = a_source(
    a_prompt("somebody-who-listened", "Think of somebody who listened to you. How could you tell?"),
    a_prompt("one-small-ask", "Which small thing do you wish for, and are a little shy to ask for?", theme="fear"),
    a_prompt("a-door-left-open", "Which door in you have you left open a crack, in case somebody knocks?"),
    id=COURSE,
    audience="code",
    course=EVERY_OTHER_DAY,
    words={"en": {"title": "Small Steps", "written_for": "Couples who come to us."}},
)
"""The practice's course. The practice withdraws it before the couple gets the third prompt."""
EDITOR: Final = "editor@practice.example"
FIVE_MINUTES: Final = dt.timedelta(minutes=5)
"""The time between two ticks. The demo assumes that the push of a live act is at most this late."""


def play(console: Console, progress: Progress) -> bool:
    """Play the demo on a new stack. Return whether all checks passed. Raise StackError if the stack cannot start."""
    began = time.monotonic()
    with temporary(progress) as stack:
        page, up = Page(console), f"the stack was up in {time.monotonic() - began:.0f} s."
        console.print("\nRekindle: two people, one prompt a day, and answers that open together", style="bold")
        console.print(f"Ten dates as two phones show them; {up}\n{KEY}", style="bold")
        performance = Performance(planned(dt.datetime.fromtimestamp(now(), dt.UTC)), stack, page)
        try:
            performance.play()
        except (StackError, BotoCoreError, ClientError, HTTPError, LookupError) as error:
            performance.expect(Claim.ANSWERED, f"broken off by {type(error).__name__}: {error}")
        page.verdict(performance.findings)
        held = not any(failures for _, failures in performance.findings.values())
        verdict = "All checks passed" if held else "Some checks failed"
        console.print(f"\n{verdict}, {time.monotonic() - began:.0f} s after the start.", style="bold")
        return held


class Performance:
    """Plays the planned moments on a stack. For each kind of act, a method `act_...` plays and checks the act."""

    def __init__(self, moments: list[Moment], stack: Stack, page: Page) -> None:
        self.stack, self.page, self.moments = stack, page, moments
        self.dates = sorted({moment.date for moment in moments})
        self.now = next(moment.at for moment in moments if moment.live)
        self.kept: dict[Any, Any] = {"alone": [], "gestures": {}, "pause": None, "reflected": []}  # for later acts
        self.prompts: dict[dt.date, dict[str, Any]] = {}
        self.answers: dict[dt.date, dict[Partner, str]] = {date: {} for date in self.dates}
        self.met: list[dt.date] = []
        self.pushes: Counter[Partner] = Counter()
        self.sealed: set[tuple[Partner, str]] = set()  # texts that the writer's partner must not read yet
        self.findings: dict[str, tuple[int, list[str]]] = {claim: (0, ["never checked"]) for claim in Claim}

    def play(self) -> None:
        """Play all moments. Print each date after its last moment."""
        # The demo writes items of past dates. DynamoDB would delete these items as expired, so turn deletion off.
        off = {"Enabled": False, "AttributeName": "ttl"}
        dynamodb, table = self.stack.client("dynamodb"), self.stack.outputs["TableName"]
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=off)
        ends = {moment.date: moment for moment in self.moments}
        for moment in self.moments:
            self.moment, self.at, self.date = moment, moment.at, moment.date
            self.who, self.partner = COUPLE if moment.who is MAYA else COUPLE[::-1]
            self.path, self.written = f"/v1/days/{self.date}", self.answers[self.date]
            self.answering = f"PUT {self.path}/answer"
            getattr(self, f"act_{moment.act}")()
            if moment is ends[self.date]:
                number = self.dates.index(self.date)
                title = f"{number + 1} · {self.date:%a %-d %b} · {list(SCRIPT)[number]}"
                self.page.show(self.date, title, self.prompts[self.date], *self.kept["streak", self.date])
        self.check_the_end()

    def act_set_up(self) -> None:
        who, weekdays = self.who, [f"{self.dates[number]:%A}".lower() for number in TOUCH_DATES]
        self.call("PUT /v1/me", display_name=who.name, zone=who.zone, touch_comfort=1)
        self.call("PUT /v1/me/devices/phone", token=who.name, platform=who.platform)
        prompt, evening, time_of_touch = who.times.values()
        touch, quiet = {"weekdays": weekdays, "time": time_of_touch}, who.quiet
        self.call("PUT /v1/me/reminders", prompt_time=prompt, evening_time=evening, quiet_hours=quiet, touch=touch)

    def act_pair(self) -> None:
        invite = self.call("POST /v1/invites")
        redeemed = self.call("POST /v1/invites/redeem", HARU, code=invite["code"])
        shown = self.call("GET /v1/invites")
        self.expect(Claim.ANSWERED, (shown["redeemed_by"], shown["words"]), (HARU.name, redeemed["words"]))
        self.call("POST /v1/invites/confirm", invite_id=invite["invite_id"], words=shown["words"])
        self.note(f"invites Haru with the code {invite['code']}, sees that he typed it, and confirms")
        self.note(f"types the code: an invite from {redeemed['inviter']}", HARU)
        off = [pack["id"] for pack in self.call("GET /v1/packs")["packs"] if pack["chosen"]]
        for pack in off:
            self.call(f"DELETE /v1/couple/packs/{pack}")
        self.call(f"PUT /v1/couple/packs/{PACK}")
        self.expect(Claim.OFF, self.call("GET /v1/couple", HARU)["packs"], [PACK])
        self.note(f"chooses the {PACK} pack for both, and turns {len(off)} others off")

    def act_write_alone(self) -> None:
        text, date = ANSWERS["alone"][len(self.kept["alone"])], self.call("GET /v1/solo/today")["date"]
        self.sealed.add((MAYA, text))
        self.kept["alone"].append(date)
        day = self.call(f"PUT /v1/solo/days/{date}/answer", text=text, revision=None)
        self.expect(Claim.ALONE, (day["me"]["text"], day["shared"]), (text, False))
        self.note(text, sign="✎", beside="for herself alone")

    def act_share_alone(self) -> None:
        private, shared = ANSWERS["alone"]
        self.expect(Claim.ALONE, self.call("GET /v1/solo/shared", HARU)["answers"], [])
        self.sealed.remove((MAYA, shared))
        self.call(f"POST /v1/solo/days/{self.kept['alone'][1]}/share")
        self.note("shares one of the two answers that she wrote alone")
        read = self.call("GET /v1/solo/shared", HARU)["answers"]
        self.expect(Claim.ALONE, [each["text"] for each in read], [shared])
        self.note(f"Maya: {shared}", HARU, "◆")
        own = {day["me"]["text"]: day["shared"] for day in self.call("GET /v1/solo/days")["days"]}
        self.expect(Claim.ALONE, own, {private: False, shared: True})

    def act_remind(self) -> None:
        kind = PushKind(self.moment.act)
        due = [self.stack.tick(instant)["jobs"] for instant in (self.at - FIVE_MINUTES, self.at, self.at)]
        if kind is PushKind.PROMPT:
            self.expect(Claim.PROMPTS, due, [0, 1, 0])
        if kind is PushKind.TOUCH:
            gesture = self.call("GET /v1/touch/today")["gesture"]
            self.expect(Claim.TOUCH, gesture, self.kept["gestures"].setdefault(self.date, gesture))
            self.expect(Claim.TOUCH, gesture is None or gesture["warmth"] == 1)
            self.note(f"a small gesture: {gesture['text']}" if gesture else "no gesture: it is a break from touch")
            if gesture is None:
                return
        answered = KINDS[kind].needs_open_day and self.who in self.written
        if not answered and not self.kept["pause"]:
            if self.at > self.now:
                self.note("still to come today, played ahead:")
            self.await_push(self.who, kind)

    act_prompt = act_evening = act_touch = act_remind

    def act_nudge(self) -> None:
        self.call("POST /v1/nudges", gesture="thinking_of_you")
        self.note(f"sends {self.partner.name} a nudge: thinking of you")
        received = self.call("GET /v1/nudges", self.partner)["received"]
        self.expect(Claim.NUDGE, [each["gesture"] for each in received], ["thinking_of_you"])
        self.await_push(self.partner, PushKind.NUDGE)

    def act_look(self) -> None:
        day, name, clock = self.day(), self.partner.name, self.who.clock(self.at)
        written = self.written.get(self.partner)
        self.expect(Claim.ANSWERED, day["me"]["state"], "waiting")
        self.expect(Claim.ANSWERED, day["partner"]["state"], "answered" if written else "waiting")
        self.expect(Claim.PAUSE, day["pause"], self.kept["pause"])
        if self.kept["pause"]:
            self.note(f"sees a pause until {self.dates[PAUSE_UNTIL]:%A}; the prompt is there if they feel like it")
        if self.kept["pause"] and self.who is MAYA:
            self.check_streak()
        if self.moment.live and clock.date() != self.date:
            self.note(f"it is {clock:%A} here, and {self.date:%A} still takes an answer")
        if text := day["partner"]["text"]:
            self.expect(Claim.SHARED, text, written)
            self.note(f"{name}: {text}", sign="◆")
        else:
            self.note(f"sees that {name} has answered, and not what" if written else "sees no answer yet")

    def act_answer(self) -> None:
        day, draft, shares = self.day(), self.moment.act == "draft", self.moment.act == "share_first"
        prompt, edits, opens = day["prompt"]["id"], self.who in self.written, self.partner in self.written
        text = "Give me a minute, I want to say this well." if draft else ANSWERS[prompt][self.who is HARU]
        self.written[self.who] = text
        if opens:
            self.sealed.discard((self.partner, self.written[self.partner]))
        elif not shares:
            self.sealed.add((self.who, text))
        body = {"text": text, "share_first": shares, "revision": day["me"]["revision"], "prompt": prompt}
        view = self.call(self.answering, **body)
        self.expect(Claim.EDIT if edits else Claim.ANSWERED, view["me"]["text"], text)
        self.expect(Claim.REVEAL, view["revealed"], opens)
        beside = "open to Maya at once" if shares else "instead of the first words" if edits else ""
        self.note(text, sign="✎", beside=beside)
        if not edits:
            self.await_push(self.partner, PushKind.BOTH_ANSWERED if opens else PushKind.PARTNER_ANSWERED)
        if opens:
            self.met.append(self.date)
            for each in COUPLE if len(self.met) in MILESTONES else ():
                self.await_push(each, PushKind.STREAK_MILESTONE)
            for me, other in (COUPLE, COUPLE[::-1]):
                day = self.call(f"GET {self.path}", me)
                seen = day["revealed"], day["me"]["text"], day["partner"]["text"]
                self.expect(Claim.REVEAL, seen, (True, self.written[me], self.written[other]))
                self.note(f"{other.name}: {day['partner']['text']}", me, "◆")
            self.check_streak()

    act_draft = act_edit = act_share_first = act_answer

    def act_edit_too_late(self) -> None:
        self.refused(Claim.EDIT, "answers-are-open", "would edit once more", self.answering, text="No.", revision=2)

    def act_answer_too_late(self) -> None:
        self.refused(Claim.CLOSED, "day-closed", "would answer the day before", self.answering, text="I was away.")
        self.check_streak()

    def act_reflect(self) -> None:
        request, body, maya = f"PUT {self.path}/reflection", REFLECTIONS[self.who], self.who is MAYA
        if self.written.keys() != set(COUPLE):
            self.sealed.add((MAYA, HEARD))
            self.refused(Claim.REFLECTION, "not-open-yet", "would leave a reflection", request, **body)
        else:
            self.sealed.discard((MAYA, HEARD))
            self.call(request, **body)
            self.kept["reflected"].append(self.who)
            self.note(f"What I heard: {HEARD}" if maya else "Thank you", sign="»")
            self.note(f"Maya heard: {HEARD}" if maya else "Haru says thank you", self.partner, "»")
        for me, other in (COUPLE, COUPLE[::-1]):
            seen = self.call(f"GET {self.path}", me)["reflections"]
            mine, theirs = (REFLECTIONS[each] if each in self.kept["reflected"] else None for each in (me, other))
            self.expect(Claim.REFLECTION, seen, {"me": mine, "partner": theirs})

    def act_swap(self) -> None:
        before = self.day()
        old = self.kept["old"] = before["prompt"]
        self.expect(Claim.SWAP, before["swappable"])
        new = self.call(f"POST {self.path}/swap")["prompt"]
        self.check_prompt(new, new)
        self.expect(Claim.SWAP, (new["theme"] == old["theme"], new["id"] == old["id"]), (True, False))
        for who in COUPLE:
            day = self.call(f"GET {self.path}", who)
            self.expect(Claim.SWAP, (day["prompt"], day["swappable"]), (new, False))
        self.note(f"swaps it for both. Before, it was: “{old['text']}”")
        self.refused(Claim.SWAP, "swapped-already", "would swap it again", f"POST {self.path}/swap")

    def act_answer_to_old(self) -> None:
        old, wish = self.kept["old"]["id"], "answers the old prompt, which his phone still shows"
        text = ANSWERS[old][self.who is HARU]
        self.refused(Claim.SWAP, "prompt-changed", wish, self.answering, text=text, prompt=old)
        self.expect(Claim.SWAP, self.day()["me"]["state"], "waiting")

    def act_show_help(self) -> None:
        for who in COUPLE:
            beside = self.call(f"GET {self.path}", who)["prompt"]["help"]
            offered = self.call(f"GET {beside['href']}", who)
            line = offered["lines"][0]
            self.expect(Claim.HELP, {offered["country"], line["country"]}, {who.country})
            self.note(f"beside it: “{beside['text']}”", who)
            self.note(f"one tap away: {line['name']}, {line['phone'] or line['text'] or line['url']}", who)

    def act_publish_course(self) -> None:
        path = f"/v1/practice/packs/{COURSE}"
        draft = self.call(f"PUT {path}/draft", staff=True, source=SOURCE, revision=0)
        self.expect(Claim.COURSE, [finding for finding in draft["findings"] if not finding["advice"]], [])
        done = self.call(f"POST {path}/publish", staff=True, revision=draft["revision"], announce=False)
        self.expect(Claim.COURSE, done["outcome"], "live")
        self.kept["code"] = done["pack"]["code"]
        self.note("the practice publishes “Small Steps”, a course for couples with its code", sign="⌂")

    def act_join_course(self) -> None:
        self.check_listed(listed=False)
        pack = self.call("POST /v1/couple/practice-code", code=self.kept["code"].lower())
        first = self.dates[COURSE_DATES[0]]
        self.expect(Claim.COURSE, pack["course"], {"starts_on": str(first), **EVERY_OTHER_DAY})
        self.check_listed(listed=True)
        self.note(f"types the practice's code {self.kept['code']}: “{pack['title']}” begins on {first:%A}")
        self.note(f"finds “{pack['title']}” among their packs", self.partner)

    def act_withdraw_course(self) -> None:
        path, first = f"/v1/practice/packs/{COURSE}", self.dates[COURSE_DATES[0]]
        self.call(f"POST {path}/withdraw", staff=True, reason="We are writing it anew.")
        self.expect(Claim.COURSE, self.call(f"GET {path}", staff=True)["state"], "withdrawn")
        self.note("the practice withdraws “Small Steps”", sign="⌂")
        # A process caches the catalogue for half a minute. The demo does not wait, so it empties the caches.
        self.stack.begin_afresh("CouplesApi")
        self.check_listed(listed=False)
        self.expect(Claim.COURSE, self.call(f"GET /v1/days/{first}")["prompt"], self.prompts[first])

    def check_listed(self, *, listed: bool) -> None:
        """Check whether both partners' packs include the course. `listed` is the expected result."""
        for who in COUPLE:
            packs = {pack["id"] for pack in self.call("GET /v1/packs", who)["packs"]}
            self.expect(Claim.COURSE, COURSE in packs, listed)

    def act_pause(self) -> None:
        self.expect(Claim.CLEAN, awaited(lambda: self.stack.waiting("QueueUrl") == 0))
        until = self.dates[PAUSE_UNTIL]
        self.kept["pause"] = {"from": str(self.date), "until": str(until)}
        couple = self.call("PATCH /v1/couple", pause={"until": str(until)})
        self.expect(Claim.PAUSE, couple["pause"], self.kept["pause"])
        self.note(f"begins a pause for both, until {until:%A}")

    def act_resume(self) -> None:
        self.expect(Claim.CLEAN, awaited(lambda: self.stack.waiting("QueueUrl") == 0))
        self.expect(Claim.PAUSE, {who: len(self.stack.inbox(who.name)) for who in COUPLE}, self.pushes)
        self.call("DELETE /v1/couple/pause")
        self.expect(Claim.PAUSE, self.call("GET /v1/couple")["pause"], None)
        # In New York, it is still the day before, so Maya still sees the pause, with its new end.
        ending = self.kept["pause"] | {"until": str(self.date)}
        self.expect(Claim.PAUSE, self.call("GET /v1/today", MAYA)["pause"], ending)
        self.kept["pause"] = None
        self.note("ends the pause, so today counts again")

    def act_look_back(self) -> None:
        last = self.dates[-1]
        week = Week.last_before(last) if self.who is MAYA else Week.of(last)
        recap = recap_of(week, self.history, frozenset(), last)
        themes = list(dict.fromkeys(self.prompts[date]["theme"] for date in recap.met))
        days = {"count": len(recap.met), "dates": [str(date) for date in recap.met]}
        news = {"packs": [], "milestones": list(recap.milestones), "longest": recap.longest_grew}
        seen = self.call(f"GET /v1/recap?week={week.monday}")
        wanted = days, themes, asdict(recap.streak), news
        self.expect(Claim.RECAP, (seen["days_met"], seen["themes"], seen["streak"], seen["new"]), wanted)
        reached = "".join(f", reached {days} days" for days in recap.milestones)
        met = f"met on {len(recap.met)} days{reached}, {', '.join(themes)}"
        self.note(f"looks back on the week of {week.monday:%a %-d %b}: {met}")

    def check_the_end(self) -> None:
        """Check the queues, the errors, all pushes, and the prompts of all dates."""
        self.expect(Claim.CLEAN, awaited(lambda: self.stack.waiting("QueueUrl") == 0))
        self.expect(Claim.CLEAN, [self.stack.waiting(name) for name in ("DlqUrl", "ReactDlqUrl")], [0, 0])
        failures = self.stack.logs / "errors.log"
        self.expect(Claim.CLEAN, failures.read_text(encoding="utf-8") if failures.exists() else "", "")
        words = {text for kinds in CATALOGUE.values() for each in kinds.values() for text in each.values()}
        for who in COUPLE:
            inbox = self.stack.inbox(who.name)
            self.expect(Claim.PUSHES, len(inbox), self.pushes[who])
            for push in inbox:
                self.expect(Claim.PUSHES, push["replaces"], None)
                self.expect(Claim.NEUTRAL, Text(push["title"], push["body"]) in words)
                self.expect(Claim.NEUTRAL, push["data"].keys(), {"link"})
                self.expect(Claim.NEUTRAL, bool(re.fullmatch(rf"{APP_LINK}/o/[dnst]\d{{8}}", push["data"]["link"])))
                self.expect(Claim.NEUTRAL, push["message"]["android"]["notification"]["visibility"], "PRIVATE")
        courses = {self.dates[number]: f"{COURSE}/{name}" for number, name in zip(COURSE_DATES, IN_ORDER, strict=True)}
        for date, prompt in self.prompts.items():
            self.expect(Claim.COURSE, prompt["id"] if prompt["id"].startswith(COURSE) else None, courses.get(date))
            if date not in courses:
                week = (self.prompts.get(date - dt.timedelta(days)) for days in range(1, 7))
                self.expect(Claim.SAME, prompt["theme"] in {each["theme"] for each in week if each}, wanted=False)
        self.expect(Claim.SAME, len(self.prompts), len(SCRIPT))

    def expect(self, claim: Claim, seen: object, wanted: object = True) -> None:  # noqa: FBT002 - an expected value
        """Count a check of a claim. Record a failure if `seen` does not equal `wanted`."""
        times, failures = self.findings[claim]
        wrong = [] if seen == wanted else [f"{self.date} {self.moment.act}: {seen}, not {wanted}"]
        self.findings[claim] = times + 1, (failures if times else []) + wrong

    def note(self, text: str, who: Partner | None = None, sign: str = "·", beside: str = "") -> None:
        """Add a line to the page, on the phone of `who`. The default is the person who acts."""
        self.page.add(self.moment, who or self.who, sign, text, beside)

    def call(self, request: str, who: Partner | None = None, *, staff: bool = False, **body: Any) -> Any:  # noqa: ANN401
        """Send a request as staff, as `who`, or as the person who acts. Return the reply, or raise StackError."""
        status, answer = self._reply(request, body, who or self.who, staff=staff)
        good = status // 100 == 2  # noqa: PLR2004 - HTTP statuses
        self.expect(Claim.ANSWERED, good)
        if not good:
            raise StackError(f"{request}: {status} {answer}")
        return answer

    def refused(self, claim: Claim, problem: str, wish: str, request: str, **body: Any) -> None:  # noqa: ANN401
        """Check that a request is refused with a problem. Add the person's wish and the problem's title to the page."""
        _, answer = self._reply(request, body, self.who)
        self.expect(claim, answer and answer.get("type"), f"urn:rekindle:problem:{problem}")
        self.note(f"{wish}: “{answer and answer.get('title')}”")

    def _reply(self, request: str, body: object, who: Partner, *, staff: bool = False) -> tuple[int, Any]:
        method, path = request.split()
        uid = Uid(f"demo-{who.name}")
        if self.moment.live:
            with self.stack.phone(uid=uid) as client:
                reply = client.request(method, path, json=whole(path, body) if method == "PUT" else body or None)
            status, text = reply.status_code, reply.text
        else:
            replayed = (self.staff() if staff else self.phone(uid)).call(method, path, body or None)
            status, text = replayed.status, replayed.text
        answer = json.loads(text or "null")
        for secret in (secret for writer, secret in self.sealed if writer is not who):
            self.expect(Claim.SEAL, secret in json.dumps(answer, ensure_ascii=False), wanted=False)
        return status, answer

    def phone(self, uid: Uid) -> Phone:
        """Return a phone that calls `couples_api` directly, at the instant of the act."""
        return Phone(lambda event, _: self.stack.invoke("CouplesApi", event), uid, self.at)

    def staff(self) -> Phone:
        """Return a member of staff, who calls `practice_api` with a token: each change asks the stand-in about it."""
        claims = dict(ACCOUNTS[EDITOR])
        tokens = self.stack.sign_in(email=EDITOR, claims=claims)
        signed_in = {"authorization": f"Bearer {tokens['id_token']}"}

        def invoke(event: dict[str, Any], _context: object) -> Any:  # noqa: ANN401 - a function's own result
            return self.stack.invoke("PracticeApi", event | {"headers": event["headers"] | signed_in})

        return Phone(invoke, Uid(tokens["uid"]), self.at, claims)

    def day(self) -> dict[str, Any]:
        """Return the day of `self.date` and the pause from `GET /v1/today`. Check the day's prompt."""
        shown = self.call("GET /v1/today")
        for day in (shown["today"], shown["previous"]):
            if day and day["date"] == str(self.date):
                self.check_prompt(self.prompts.get(self.date, day["prompt"]), day["prompt"])
                return {**day, "pause": shown["pause"]}
        raise StackError(f"{self.who.name}'s phone does not show {self.date}: {shown}")

    def check_prompt(self, wanted: dict[str, Any], prompt: dict[str, Any]) -> None:
        """Check the prompt of `self.date`, and keep it for later checks."""
        self.prompts[self.date] = prompt
        self.expect(Claim.SAME, prompt, wanted)
        self.expect(Claim.OFF, prompt["id"].partition("/")[0] in {PACK, COURSE})
        self.expect(Claim.HELP, bool(prompt["help"]), prompt["theme"] in HELPED_THEMES)

    @property
    def history(self) -> History:
        """Return the couple's history: the dates on which both answered, and the paused date."""
        return History(self.dates[0], frozenset(self.met), frozenset({self.dates[PAUSED_DATE]}))

    def check_streak(self) -> None:
        """Check that both partners see the right streak and calendar up to `self.date`."""
        days, marks = len(self.met), calendar_marks(self.history, frozenset(), self.dates[0], self.date)
        self.kept["streak", self.date] = marks, days
        for who in COUPLE:
            streak = self.call("GET /v1/streak", who)
            self.expect(Claim.STREAK, {streak["current"], streak["longest"], streak["total"]}, {days})
            self.expect(Claim.STREAK, {date: streak["calendar"].get(str(date)) for date in marks}, marks)

    def await_push(self, to: Partner, kind: PushKind) -> None:
        """Wait for a push. Check that the push is silent in quiet hours, and has sound at other times."""
        self.pushes[to] += 1
        claim = Claim.MILESTONE if kind is PushKind.STREAK_MILESTONE else Claim.PUSHES
        # A milestone's key has the second answer's UTC date, which can differ from `self.date`. A nudge's has no date.
        key = f"{KINDS[kind].code}-{'' if kind in {PushKind.STREAK_MILESTONE, PushKind.NUDGE} else self.date}"
        found = awaited(lambda: [push for push in self.stack.inbox(to.name) if push["collapse_key"].startswith(key)])
        if not found:
            return self.expect(claim, f"no {kind} of {self.date}", f"a push to {to.name}")
        # A live push may be late. If quiet hours begin or end meanwhile, the push may be silent or have sound.
        passive = found[0]["passive"]
        self.expect(claim, passive in {to.is_quiet(self.at), to.is_quiet(self.at + FIVE_MINUTES * self.moment.live)})
        if kind is PushKind.NUDGE:
            self.expect(Claim.NUDGE, passive)
        return self.note(found[0]["title"], to, "○" if passive else "◉", found[0]["body"])
