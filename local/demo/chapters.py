"""What belongs together in the demo's story over several dates: each chapter is played in parts, and checked as one."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from local.demo import course as demo_course
from local.demo.plan import COUPLE, COURSE_SCENES, HARU, MAYA, MILESTONE, PAUSE_UNTIL, PAUSED_SCENE, Act, Moment
from local.demo.stage import Claim, Stage, partner_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ALONE: Final = (
    "I am afraid that I am easier to love from far away.",
    "A kitchen with two kettles, because you like yours on the stove. That is what I want.",
)
"""What Maya writes for herself, whatever she is asked; the second is the one that she shows."""

HEARD: Final = "That being heard was quiet, and that somebody stopped for you."
ONE_DAY: Final = dt.timedelta(days=1)


class Alone:
    """Maya answers for herself before they pair, and shows one of two answers afterwards."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._dates: list[str] = []

    def write(self) -> None:
        """Both answers, each on a date of her own."""
        stage = self._stage
        for at, text in zip(stage.plan.alone_at, ALONE, strict=True):
            stage.seal(MAYA, text)
            date = stage.call(MAYA, at, "GET", "/v1/solo/today")["date"]
            self._dates.append(date)
            day = stage.call(MAYA, at, "PUT", f"/v1/solo/days/{date}/answer", {"text": text, "revision": None})
            stage.expect(Claim.ALONE, (day["me"]["text"], day["shared"]) == (text, False), f"alone on {date}: {day}")
            stage.page.writes(stage.plan.dates[0], MAYA, at, text, "for herself alone")

    def share(self, moment: Moment) -> None:
        """One of them, which Haru reads; of the other he learns nothing."""
        stage, (private, shown) = self._stage, ALONE
        before = stage.call(HARU, moment.at, "GET", "/v1/solo/shared")["answers"]
        stage.expect(Claim.ALONE, not before, f"shared before anything was: {before}")
        stage.open((MAYA, shown))
        stage.call(MAYA, moment.at, "POST", f"/v1/solo/days/{self._dates[1]}/share")
        stage.page.notes(moment.date, MAYA, moment.at, "shows Haru one of the two answers that she wrote alone")
        read = [each["text"] for each in stage.call(HARU, moment.at, "GET", "/v1/solo/shared")["answers"]]
        stage.expect(Claim.ALONE, read == [shown], f"Haru reads {read}")
        stage.page.reads(moment.date, HARU, moment.at, MAYA, shown)
        kept = {day["me"]["text"]: day["shared"] for day in stage.call(MAYA, moment.at, "GET", "/v1/solo/days")["days"]}
        stage.expect(Claim.ALONE, kept == {private: False, shown: True}, f"Maya's own: {kept}")


class Course:
    """The practice publishes a course, the couple joins by its code, it plays, and is withdrawn."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._code = ""

    def publish(self) -> None:
        """As staff do: a draft, nothing to mend in it, published, and a code to give away."""
        stage, at = self._stage, self._stage.plan.course_at
        place = f"/packs/{demo_course.COURSE}"
        draft = stage.staff(at, "PUT", f"{place}/draft", {"source": demo_course.SOURCE, "revision": 0})
        mend = [finding for finding in draft["findings"] if not finding["advice"]]
        stage.expect(Claim.COURSE, not mend, f"to mend: {mend}")
        done = stage.staff(at, "POST", f"{place}/publish", {"revision": draft["revision"], "announce": False})
        stage.expect(Claim.COURSE, done["outcome"] == "live", f"published: {done['outcome']}")
        self._code = str(done["pack"]["code"])
        told = f"the practice publishes “{demo_course.TITLE}”, a prompt every other day, for who has the code"
        stage.page.practice(stage.plan.dates[0], at, told)

    def join(self, moment: Moment) -> None:
        """Maya types the code; it is there for both, and nobody sees it without."""
        stage = self._stage
        listed = [self._listed(who, moment.at) for who in COUPLE]
        stage.expect(Claim.COURSE, listed == [None, None], f"listed before it was joined: {listed}")
        body = {"code": self._code.lower()}
        pack = stage.call(moment.who, moment.at, "POST", "/v1/couple/practice-code", body)
        first = stage.plan.dates[COURSE_SCENES[0]]
        wanted = {"starts_on": str(first), "every_days": demo_course.EVERY_DAYS, "in_order": True}
        stage.expect(Claim.COURSE, pack["course"] == wanted, f"joined: {pack['course']}, not {wanted}")
        typed = f"types the practice's code {self._code}: “{pack['title']}” begins on {first:%A}"
        stage.page.notes(moment.date, moment.who, moment.at, typed)
        other = partner_of(moment.who)
        stage.expect(Claim.COURSE, self._listed(other, moment.at), f"{other.name} does not see it")
        stage.page.notes(moment.date, other, moment.at, f"finds “{pack['title']}” among their packs")

    def withdraw(self, moment: Moment) -> None:
        """It is taken back, with a prompt of it still to come; what has been played stays."""
        stage = self._stage
        place = f"/packs/{demo_course.COURSE}/withdraw"
        gone = stage.staff(moment.at, "POST", place, {"reason": "We are writing it anew."})
        stage.expect(Claim.COURSE, gone["state"] == "withdrawn", f"it is {gone['state']}")
        stage.page.practice(moment.date, moment.at, f"the practice withdraws “{demo_course.TITLE}”")
        # A process believes what it knows of the packs for half a minute, and here hours pass faster than that.
        stage.stack.begin_afresh("CouplesApi")
        for who in COUPLE:
            stage.expect(Claim.COURSE, self._listed(who, moment.at) is None, f"{who.name} still has it")
        day = stage.call(MAYA, moment.at, "GET", f"/v1/days/{stage.plan.dates[COURSE_SCENES[0]]}")
        stage.expect(Claim.COURSE, day["prompt"]["id"] == _name(0), f"what was played is {day['prompt']['id']}")

    def look_back(self) -> None:
        """Every date had the prompt that it should, and no other."""
        stage = self._stage
        wanted = {stage.plan.dates[scene]: _name(number) for number, scene in enumerate(COURSE_SCENES)}
        played = {
            date: prompt["id"]
            for date, prompt in stage.prompts.items()
            if str(prompt["id"]).startswith(f"{demo_course.COURSE}/")
        }
        for date in stage.plan.dates:
            told = f"{date}: {played.get(date)}, not {wanted.get(date)}"
            stage.expect(Claim.COURSE, played.get(date) == wanted.get(date), told)
        kept = stage.desk.read_now(f"/v1/practice/packs/{demo_course.COURSE}")
        state = kept.body.get("state") if kept.status == 200 else kept.status  # noqa: PLR2004 - as HTTP has it
        stage.expect(Claim.COURSE, state == "withdrawn", f"with a token of their own staff see {state}")

    def _listed(self, who: Any, at: dt.datetime) -> Mapping[str, Any] | None:  # noqa: ANN401
        packs = self._stage.call(who, at, "GET", "/v1/packs")["packs"]
        return next((pack for pack in packs if pack["id"] == demo_course.COURSE), None)


def _name(number: int) -> str:
    return f"{demo_course.COURSE}/{demo_course.IN_ORDER[number]}"


class Reflections:
    """Maya says what she has heard, and Haru thanks her."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._left: dict[str, Mapping[str, Any]] = {}

    def too_early(self, moment: Moment) -> None:
        """Before both answers are open there is nothing to have heard."""
        stage = self._stage
        stage.seal(moment.who, HEARD)
        body, request = {"kind": "heard", "text": HEARD}, ("PUT", f"/v1/days/{moment.date}/reflection")
        words = stage.refused(moment, request, body, "not-open-yet", Claim.REFLECTION)
        stage.page.notes(moment.date, moment.who, moment.at, f"would say what she heard. “{words}”")
        for who in COUPLE:
            seen = stage.call(who, moment.at, "GET", f"/v1/days/{moment.date}")["reflections"]
            stage.expect(Claim.REFLECTION, seen == {"me": None, "partner": None}, f"{who.name} sees {seen}")

    def leave(self, moment: Moment) -> None:
        """Each one's own, which both read from then on."""
        stage, who = self._stage, moment.who
        body = {"kind": "heard", "text": HEARD} if who is MAYA else {"kind": "thank_you", "text": None}
        self._left[who.name] = body
        stage.open((MAYA, HEARD))
        stage.call(who, moment.at, "PUT", f"/v1/days/{moment.date}/reflection", body)
        for reader in COUPLE:
            day = stage.call(reader, moment.at, "GET", f"/v1/days/{moment.date}")
            wanted = {"me": self._left.get(reader.name), "partner": self._left.get(partner_of(reader).name)}
            seen = day["reflections"]
            stage.expect(Claim.REFLECTION, seen == wanted, f"{reader.name} sees {seen}, not {wanted}")
            stage.expect(Claim.REFLECTION, day["reflect"] == "heard", f"what it calls for: {day['reflect']}")
        stage.page.reflects(moment.date, who, moment.at, f"What I heard: {HEARD}" if who is MAYA else "Thank you")
        read = f"Maya heard: {HEARD}" if who is MAYA else "Haru says thank you"
        stage.page.reflects(moment.date, partner_of(who), moment.at, read)


class Swap:
    """A prompt that does not suit Maya makes room for another, for both."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._old: Mapping[str, Any] = {}

    def swap(self, moment: Moment) -> None:
        """Once, before anyone has answered."""
        stage, place = self._stage, f"/v1/days/{moment.date}"
        before = stage.day(moment)
        self._old = before["prompt"]
        stage.expect(Claim.SWAP, before["swappable"], f"{moment.date} cannot be swapped")
        after = stage.call(moment.who, moment.at, "POST", f"{place}/swap")
        stage.has_prompt(moment.date, after["prompt"], instead=True)
        same_theme = after["prompt"]["theme"] == self._old["theme"]
        other = after["prompt"]["id"] != self._old["id"]
        stage.expect(Claim.SWAP, other and same_theme, f"{self._old['id']} became {after['prompt']['id']}")
        for who in COUPLE:
            seen = stage.call(who, moment.at, "GET", place)
            stage.expect(Claim.SWAP, seen["prompt"] == after["prompt"], f"{who.name} has {seen['prompt']['id']}")
            stage.expect(Claim.SWAP, not seen["swappable"], "it could be swapped again")
        stage.refused(moment, ("POST", f"{place}/swap"), None, "swapped-already", Claim.SWAP)
        stage.page.notes(moment.date, moment.who, moment.at, f"swaps it. Before, it was: “{self._old['text']}”")

    def answer_to_old(self, moment: Moment) -> None:
        """Haru's phone still shows the old prompt."""
        stage = self._stage
        text = stage.answer_of(moment.who, self._old)
        body = {"text": text, "share_first": False, "revision": None, "prompt": self._old["id"]}
        request = "PUT", f"/v1/days/{moment.date}/answer"
        words = stage.refused(moment, request, body, "prompt-changed", Claim.SWAP)
        stage.page.notes(moment.date, moment.who, moment.at, f"answers what his phone still shows. “{words}”")
        day = stage.day(moment)
        stage.expect(Claim.SWAP, day["me"]["state"] == "waiting", f"{moment.date}: {day['me']}")


class Pause:
    """Maya begins a pause for both, and Haru ends it before its time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._pause: Mapping[str, str] = {}
        self._pushes: dict[str, int] = {}

    def begin(self, moment: Moment) -> None:
        """After the day's answers: the date is one they have met, and stays one."""
        stage, until = self._stage, self._stage.plan.dates[PAUSE_UNTIL]
        self._pause = {"from": str(moment.date), "until": str(until)}
        stage.await_empty_queue()
        self._pushes = self._received()
        couple = stage.call(moment.who, moment.at, "PATCH", "/v1/couple", {"pause": {"until": str(until)}})
        stage.expect(Claim.PAUSE, couple["pause"] == self._pause, f"begun: {couple['pause']}")
        stage.page.notes(moment.date, moment.who, moment.at, f"begins a pause for both, until {until:%A}")

    def look(self, moment: Moment) -> None:
        """Either sees it, and that the prompt is there for who feels like it."""
        stage = self._stage
        shown = stage.today(moment)
        stage.day_of(moment, shown)
        stage.expect(Claim.PAUSE, shown["pause"] == self._pause, f"{moment.who.name} sees {shown['pause']}")
        until = stage.plan.dates[PAUSE_UNTIL]
        told = f"the app says: a pause until {until:%A}; the prompt is here if you feel like it"
        stage.page.notes(moment.date, moment.who, moment.at, told)
        if moment.who is MAYA:
            stage.check_streak(moment)

    def end(self, moment: Moment) -> None:
        """From this date on each counts again; by Maya's clock it is the evening before."""
        stage = self._stage
        stage.await_empty_queue()
        came = {name: count - self._pushes[name] for name, count in self._received().items()}
        stage.expect(Claim.PAUSE, came == dict.fromkeys(came, 0), f"pushes while it ran: {came}")
        stage.call(moment.who, moment.at, "DELETE", "/v1/couple/pause")
        couple = stage.call(moment.who, moment.at, "GET", "/v1/couple")
        stage.expect(Claim.PAUSE, couple["pause"] is None, f"ended: {couple['pause']}")
        seen = stage.call(MAYA, moment.at, "GET", "/v1/today")["pause"]
        wanted = {"from": self._pause["from"], "until": str(moment.date)}
        stage.expect(Claim.PAUSE, seen == wanted, f"Maya, whose {stage.plan.dates[PAUSED_SCENE]} it is, sees {seen}")
        stage.page.notes(moment.date, moment.who, moment.at, "ends the pause, so that today counts again")

    def _received(self) -> dict[str, int]:
        return {who.name: len(phone.inbox()) for who, phone in self._stage.phones.items()}


class Help:
    """Beside a prompt that may weigh there are a gentle word and somebody to call."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def look(self, moment: Moment) -> None:
        """Each is shown their own country's first."""
        stage = self._stage
        for who in COUPLE:
            beside = stage.call(who, moment.at, "GET", f"/v1/days/{moment.date}")["prompt"]["help"]
            stage.expect(Claim.HELP, beside, f"nothing beside {who.name}'s prompt of {moment.date}")
            if not beside:
                continue
            offered = stage.call(who, moment.at, "GET", beside["href"])
            first = offered["lines"][0]
            ours = offered["country"], first["country"]
            stage.expect(Claim.HELP, ours == (who.country, who.country), f"{who.name} is shown {ours} first")
            if who is moment.who:
                stage.page.notes(moment.date, who, moment.at, f"beside it: “{beside['text']}”")
            reach = first["phone"] or first["text"] or first["url"]
            stage.page.notes(moment.date, who, moment.at, f"one tap away: {first['name']}, {reach}")


class LookBack:
    """The weeks that the dates are in, as far as they have come."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def look(self, moment: Moment) -> None:
        """Maya looks back on the last whole week by her clock, and Haru on the one that today is in."""
        stage, last = self._stage, self._stage.plan.dates[-1]
        this_week = last - dt.timedelta(days=last.weekday())
        path = "/v1/recap" if moment.who is MAYA else f"/v1/recap?week={this_week}"
        recap = stage.call(moment.who, moment.calls_at, "GET", path)
        monday = dt.date.fromisoformat(recap["week"])
        # Maya's midnight may have come while this was played.
        weeks = {this_week} if moment.who is HARU else {this_week - 7 * ONE_DAY, (last + ONE_DAY) - 7 * ONE_DAY}
        stage.expect(Claim.RECAP, monday in weeks, f"{moment.who.name} is shown the week of {monday}")
        week = stage.plan.week_of(monday)
        themes = list(dict.fromkeys(stage.prompts[date]["theme"] for date in week.dates))
        wanted = {
            "week": str(monday),
            "days_met": {"count": len(week.dates), "dates": [str(date) for date in week.dates]},
            "themes": themes,
            "streak": {"current": week.run, "longest": week.run, "total": week.run},
            "new": {
                "packs": [],
                "milestones": [MILESTONE] if week.is_milestone else [],
                "longest": bool(week.dates),
            },
        }
        for part, expected in wanted.items():
            told = f"{moment.who.name}, the week of {monday}: {part} is {recap[part]}, not {expected}"
            stage.expect(Claim.RECAP, recap[part] == expected, told)
        days = f"{len(week.dates)} {'day' if len(week.dates) == 1 else 'days'}"
        reached = ", and seven days were reached" if week.is_milestone else ""
        told = f"looks back on the week of {monday:%a %-d %b}: you met on {days}{reached}; {', '.join(themes)}"
        stage.page.notes(last, moment.who, moment.at, told)


class Chapters:
    """All of them, and which moment belongs to which."""

    def __init__(self, stage: Stage) -> None:
        self.alone = Alone(stage)
        self.course = Course(stage)
        self._swap = Swap(stage)
        self._reflections = Reflections(stage)
        self._pause = Pause(stage)
        self._help = Help(stage)
        self._look_back = LookBack(stage)

    def play(self, moment: Moment) -> None:
        """Play the moment if it is one of theirs."""
        parts = {
            Act.SHARE_ALONE: self.alone.share,
            Act.JOIN: self.course.join,
            Act.WITHDRAW: self.course.withdraw,
            Act.SWAP: self._swap.swap,
            Act.ANSWER_TO_OLD: self._swap.answer_to_old,
            Act.REFLECT_TOO_EARLY: self._reflections.too_early,
            Act.REFLECT: self._reflections.leave,
            Act.PAUSE: self._pause.begin,
            Act.LOOK_AT_PAUSE: self._pause.look,
            Act.RESUME: self._pause.end,
            Act.HELP: self._help.look,
            Act.LOOK_BACK: self._look_back.look,
        }
        if part := parts.get(moment.act):
            part(moment)
