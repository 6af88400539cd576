"""The acts of the demo's script. Each plays a moment, checks it, and prints it."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.demo.plan import COUPLE, COURSE_DATES, HARU, MAYA, PAUSE_UNTIL, PAUSED_DATE, TOUCH_DATES, ZONES
from local.demo.stage import ANSWERS, COURSE, STARTER, Claim
from rekindle.domain.calendar import dates, day_window
from rekindle.domain.open_days import latest_date, nearby_dates
from rekindle.domain.pushes import PushKind
from rekindle.domain.recap import Week, recap_of
from rekindle.domain.streaks import MILESTONES, History

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.demo.stage import Stage

DRAFT: Final = "Give me a minute, I want to say this well."
ALONE: Final = (
    "I am afraid that I am easier to love from far away.",
    "A kitchen with two kettles, because you like yours on the stove. That is what I want.",
)
"""Maya's answers alone, to any prompt. She shares the second."""
HEARD: Final = "That being heard was quiet, and that somebody stopped for you."
REFLECTIONS: Final = {MAYA: {"kind": "heard", "text": HEARD}, HARU: {"kind": "thank_you", "text": None}}
SOURCE: Final = Path(__file__).with_name(f"{COURSE}.yaml").read_text(encoding="utf-8")
FIRST_PROMPT: Final = f"{COURSE}/somebody-who-listened"
FIVE_MINUTES: Final = dt.timedelta(minutes=5)
"""The time between two ticks, and the longest that today's acts may take."""

type Act = Callable[[Stage], None]

ACTS: Final[dict[str, Act]] = {}
"""Every act by its name in the script."""


def act(*names: str) -> Callable[[Act], Act]:
    """Register an act under these names, or its function's own."""

    def register(play: Act) -> Act:
        ACTS.update(dict.fromkeys(names or (play.__name__,), play))
        return play

    return register


@act()
def set_up(s: Stage) -> None:
    who, weekdays = s.moment.who, [f"{s.dates[number]:%A}".lower() for number in TOUCH_DATES]
    s.call("PUT /v1/me", {"display_name": who.name, "zone": who.zone, "touch_comfort": 1})
    s.call("PUT /v1/me/devices/phone", {"token": f"{who.name.lower()}-phone", "platform": who.platform})
    times = {"prompt_time": who.prompt, "evening_time": who.evening}
    quiet, touch = dict(zip(("start", "end"), who.quiet, strict=True)), {"weekdays": weekdays, "time": who.touch}
    s.call("PUT /v1/me/reminders", times | {"quiet_hours": quiet, "touch": touch})


@act()
def pair(s: Stage) -> None:
    invite = s.call("POST /v1/invites")
    redeemed = s.call("POST /v1/invites/redeem", {"code": invite["code"]}, HARU)
    s.expect(Claim.ANSWERED, s.call("GET /v1/invites")["redeemed_by"], HARU.name)
    s.call("POST /v1/invites/confirm", {"invite_id": invite["invite_id"]})
    s.note(f"invites Haru with the code {invite['code']}, sees that he typed it, and confirms")
    s.note(f"types the code: an invite from {redeemed['inviter']}", HARU)
    off = [pack["id"] for pack in s.call("GET /v1/packs")["packs"] if pack["chosen"] and pack["id"] != STARTER]
    for pack in off:
        s.call(f"DELETE /v1/couple/packs/{pack}")
    s.expect(Claim.OFF, s.call("GET /v1/couple", who=HARU)["packs"], [STARTER])
    s.note(f"keeps the {STARTER} pack for both, and turns {len(off)} others off")


@act()
def write_alone(s: Stage) -> None:
    text, date = ALONE[len(s.kept["alone"])], s.call("GET /v1/solo/today")["date"]
    s.sealed.add((MAYA, text))
    s.kept["alone"].append(date)
    day = s.call(f"PUT /v1/solo/days/{date}/answer", {"text": text, "revision": None})
    s.expect(Claim.ALONE, (day["me"]["text"], day["shared"]), (text, False))
    s.note(text, sign="✎", beside="for herself alone")


@act()
def share_alone(s: Stage) -> None:
    private, shared = ALONE
    s.expect(Claim.ALONE, s.call("GET /v1/solo/shared", who=HARU)["answers"], [])
    s.sealed.remove((MAYA, shared))
    s.call(f"POST /v1/solo/days/{s.kept['alone'][1]}/share")
    s.note("shares one of the two answers that she wrote alone")
    read = s.call("GET /v1/solo/shared", who=HARU)["answers"]
    s.expect(Claim.ALONE, [each["text"] for each in read], [shared])
    s.note(f"Maya: {shared}", HARU, "◆")
    own = {day["me"]["text"]: day["shared"] for day in s.call("GET /v1/solo/days")["days"]}
    s.expect(Claim.ALONE, own, {private: False, shared: True})


@act("prompt", "evening", "touch")
def remind(s: Stage) -> None:
    kind, who, at = PushKind(s.moment.act), s.moment.who, s.moment.at
    due = [s.stack.tick(instant)["jobs"] for instant in (at - FIVE_MINUTES, at, at)]
    if kind is PushKind.PROMPT:
        s.expect(Claim.PROMPTS, due, [0, 1, 0])
    if kind is PushKind.TOUCH:
        gesture = s.call("GET /v1/touch/today")["gesture"]
        s.expect(Claim.TOUCH, gesture, s.kept["gestures"].setdefault(s.moment.date, gesture))
        s.expect(Claim.TOUCH, gesture["warmth"], 1)
        s.note(f"a small gesture: {gesture['text']}")
    answered = kind is PushKind.EVENING and who in s.written[s.moment.date]
    if not answered and not s.kept["pause"]:
        if at > s.now:
            s.note("still to come today, played ahead:")
        s.await_push(who, kind)


@act()
def nudge(s: Stage) -> None:
    s.call("POST /v1/nudges", {"gesture": "thinking_of_you"})
    s.note(f"sends {s.moment.partner.name} a nudge: thinking of you")
    received = s.call("GET /v1/nudges", who=s.moment.partner)["received"]
    s.expect(Claim.NUDGE, [each["gesture"] for each in received], ["thinking_of_you"])
    s.await_push(s.moment.partner, PushKind.NUDGE)


@act()
def look(s: Stage) -> None:
    day, partner, clock = s.day(), s.moment.partner, s.moment.who.clock(s.moment.at)
    written = s.written[s.moment.date].get(partner)
    s.expect(Claim.ANSWERED, day["me"]["state"], "waiting")
    s.expect(Claim.ANSWERED, day["partner"]["state"], "answered" if written else "waiting")
    s.expect(Claim.PAUSE, day["pause"], s.kept["pause"])
    if s.kept["pause"]:
        s.note(f"sees a pause until {s.dates[PAUSE_UNTIL]:%A}; the prompt is there for those who feel like it")
    if s.kept["pause"] and s.moment.who is MAYA:
        s.check_streak()
    if s.moment.live and clock.date() != s.moment.date:
        s.note(f"it is {clock:%A} here, and {s.moment.date:%A} still takes an answer")
    if text := day["partner"]["text"]:
        s.expect(Claim.SHARED, text, written)
        s.note(f"{partner.name}: {text}", sign="◆")
    else:
        s.note(f"sees that {partner.name} has answered, and not what" if written else "sees no answer yet")


@act("answer", "draft", "share_first")
def answer(s: Stage) -> None:
    who, partner, written = s.moment.who, s.moment.partner, s.written[s.moment.date]
    prompt, shared, opens = s.day()["prompt"], s.moment.act == "share_first", partner in written
    written[who] = text = DRAFT if s.moment.act == "draft" else ANSWERS[prompt["id"]][who is HARU]
    s.sealed -= {(partner, written[partner])} if opens else set()
    s.sealed |= set() if opens or shared else {(who, text)}
    body = {"text": text, "share_first": shared, "prompt": prompt["id"]}
    view = s.call(f"PUT /v1/days/{s.moment.date}/answer", body)
    s.expect(Claim.ANSWERED, view["me"]["text"], text)
    s.expect(Claim.REVEAL, view["revealed"], opens)
    s.note(text, sign="✎", beside="open to Maya at once" if shared else "")
    until = s.moment.at + FIVE_MINUTES if s.moment.live else None
    s.await_push(partner, PushKind.BOTH_ANSWERED if opens else PushKind.PARTNER_ANSWERED, until)
    if opens:
        s.met.append(s.moment.date)
        for each in COUPLE if len(s.met) in MILESTONES else ():
            s.await_push(each, PushKind.STREAK_MILESTONE)
        for me, other in (COUPLE, COUPLE[::-1]):
            day = s.call(f"GET /v1/days/{s.moment.date}", who=me)
            seen = day["revealed"], day["me"]["text"], day["partner"]["text"]
            s.expect(Claim.REVEAL, seen, (True, written[me], written[other]))
            s.note(f"{other.name}: {day['partner']['text']}", me, "◆")
        s.check_streak()


@act()
def edit(s: Stage) -> None:
    day, who = s.day(), s.moment.who
    s.written[s.moment.date][who] = text = ANSWERS[day["prompt"]["id"]][who is HARU]
    s.sealed.add((who, text))
    body = {"text": text, "revision": day["me"]["revision"], "prompt": day["prompt"]["id"]}
    s.expect(Claim.EDIT, s.call(f"PUT /v1/days/{s.moment.date}/answer", body)["me"]["text"], text)
    s.note(text, sign="✎", beside="instead of the first words")


@act()
def edit_too_late(s: Stage) -> None:
    body = {"text": "On second thoughts, something quite different.", "revision": 2}
    s.refused(Claim.EDIT, "answers-are-open", f"PUT /v1/days/{s.moment.date}/answer", body, "would edit once more")


@act()
def answer_too_late(s: Stage) -> None:
    path, body = f"PUT /v1/days/{s.moment.date}/answer", {"text": "Yesterday got away from me."}
    s.refused(Claim.CLOSED, "day-closed", path, body, "would answer the day before")
    s.check_streak()


@act()
def reflect_too_early(s: Stage) -> None:
    s.sealed.add((MAYA, HEARD))
    path = f"PUT /v1/days/{s.moment.date}/reflection"
    s.refused(Claim.REFLECTION, "not-open-yet", path, REFLECTIONS[MAYA], "would leave a reflection")
    _check_reflections(s, ())


@act()
def reflect(s: Stage) -> None:
    s.sealed.discard((MAYA, HEARD))
    s.call(f"PUT /v1/days/{s.moment.date}/reflection", REFLECTIONS[s.moment.who])
    maya = s.moment.who is MAYA
    s.note(f"What I heard: {HEARD}" if maya else "Thank you", sign="»")
    s.note(f"Maya heard: {HEARD}" if maya else "Haru says thank you", s.moment.partner, "»")
    _check_reflections(s, (MAYA,) if maya else COUPLE)


def _check_reflections(s: Stage, left: tuple[object, ...]) -> None:
    for me, other in (COUPLE, COUPLE[::-1]):
        seen = s.call(f"GET /v1/days/{s.moment.date}", who=me)["reflections"]
        mine, theirs = (REFLECTIONS[each] if each in left else None for each in (me, other))
        s.expect(Claim.REFLECTION, seen, {"me": mine, "partner": theirs})


@act()
def swap(s: Stage) -> None:
    path, before = f"/v1/days/{s.moment.date}", s.day()
    old = s.kept["old"] = before["prompt"]
    s.expect(Claim.SWAP, before["swappable"])
    new = s.call(f"POST {path}/swap")["prompt"]
    s.check_prompt(new, new)
    s.expect(Claim.SWAP, (new["theme"] == old["theme"], new["id"] == old["id"]), (True, False))
    for who in COUPLE:
        day = s.call(f"GET {path}", who=who)
        s.expect(Claim.SWAP, (day["prompt"], day["swappable"]), (new, False))
    s.note(f"swaps it for both. Before, it was: “{old['text']}”")
    s.refused(Claim.SWAP, "swapped-already", f"POST {path}/swap", None, "would swap it again")


@act()
def answer_to_old(s: Stage) -> None:
    old = s.kept["old"]["id"]
    path, body = f"PUT /v1/days/{s.moment.date}/answer", {"text": ANSWERS[old][s.moment.who is HARU], "prompt": old}
    s.refused(Claim.SWAP, "prompt-changed", path, body, "answers the old prompt, which his phone still shows")
    s.expect(Claim.SWAP, s.day()["me"]["state"], "waiting")


@act()
def show_help(s: Stage) -> None:
    for who in COUPLE:
        beside = s.call(f"GET /v1/days/{s.moment.date}", who=who)["prompt"]["help"]
        offered = s.call(f"GET {beside['href']}", who=who)
        line = offered["lines"][0]
        s.expect(Claim.HELP, {offered["country"], line["country"]}, {who.country})
        s.note(f"beside it: “{beside['text']}”", who)
        s.note(f"one tap away: {line['name']}, {line['phone'] or line['text'] or line['url']}", who)


@act()
def publish_course(s: Stage) -> None:
    path = f"/v1/practice/packs/{COURSE}"
    draft = s.call(f"PUT {path}/draft", {"source": SOURCE, "revision": 0}, staff=True)
    s.expect(Claim.COURSE, [finding for finding in draft["findings"] if not finding["advice"]], [])
    done = s.call(f"POST {path}/publish", {"revision": draft["revision"], "announce": False}, staff=True)
    s.expect(Claim.COURSE, done["outcome"], "live")
    s.kept["code"] = done["pack"]["code"]
    s.note("the practice publishes “Small Steps”, a course for couples with its code", sign="⌂")


@act()
def join_course(s: Stage) -> None:
    _check_listed(s, listed=False)
    pack = s.call("POST /v1/couple/practice-code", {"code": s.kept["code"].lower()})
    first, second = (s.dates[number] for number in COURSE_DATES)
    wanted = {"starts_on": str(first), "every_days": (second - first).days, "in_order": True}
    s.expect(Claim.COURSE, pack["course"], wanted)
    _check_listed(s, listed=True)
    s.note(f"types the practice's code {s.kept['code']}: “{pack['title']}” begins on {first:%A}")
    s.note(f"finds “{pack['title']}” among their packs", s.moment.partner)


@act()
def withdraw_course(s: Stage) -> None:
    body = {"reason": "We are writing it anew."}
    s.expect(Claim.COURSE, s.call(f"POST /v1/practice/packs/{COURSE}/withdraw", body, staff=True)["state"], "withdrawn")
    s.note("the practice withdraws “Small Steps”", sign="⌂")
    # A process caches the catalogue for half a minute, in which hours pass here.
    s.stack.begin_afresh("CouplesApi")
    _check_listed(s, listed=False)
    s.expect(Claim.COURSE, s.call(f"GET /v1/days/{s.dates[COURSE_DATES[0]]}")["prompt"]["id"], FIRST_PROMPT)


def _check_listed(s: Stage, *, listed: bool) -> None:
    for who in COUPLE:
        packs = {pack["id"] for pack in s.call("GET /v1/packs", who=who)["packs"]}
        s.expect(Claim.COURSE, COURSE in packs, listed)


@act()
def pause(s: Stage) -> None:
    s.await_empty_queue()
    until = s.dates[PAUSE_UNTIL]
    s.kept["pause"] = {"from": str(s.moment.date), "until": str(until)}
    s.kept["inboxes"] = [len(s.inbox(who)) for who in COUPLE]
    couple = s.call("PATCH /v1/couple", {"pause": {"until": str(until)}})
    s.expect(Claim.PAUSE, couple["pause"], s.kept["pause"])
    s.note(f"begins a pause for both, until {until:%A}")


@act()
def resume(s: Stage) -> None:
    s.await_empty_queue()
    s.expect(Claim.PAUSE, [len(s.inbox(who)) for who in COUPLE], s.kept["inboxes"])
    s.call("DELETE /v1/couple/pause")
    s.expect(Claim.PAUSE, s.call("GET /v1/couple")["pause"], None)
    # By Maya's clock it is still the date before, on which the pause goes on.
    s.expect(Claim.PAUSE, s.call("GET /v1/today", who=MAYA)["pause"], s.kept["pause"] | {"until": str(s.moment.date)})
    s.kept["pause"] = None
    s.note("ends the pause, so that today counts again")


@act()
def look_back(s: Stage) -> None:
    last, at, maya = s.dates[-1], s.moment.at, s.moment.who is MAYA
    seen = s.call("GET /v1/recap" if maya else f"GET /v1/recap?week={Week.of(last).monday}")
    week = Week(dt.date.fromisoformat(seen["week"]))
    # Maya's midnight may have passed during the acts before.
    weeks = {Week.last_before(last), Week.last_before(last + dt.timedelta(days=1))} if maya else {Week.of(last)}
    s.expect(Claim.RECAP, week in weeks)
    history = History(s.dates[0], frozenset(s.met), frozenset({s.dates[PAUSED_DATE]}))
    open_dates = frozenset(date for date in dates(*nearby_dates(at)) if day_window(date, ZONES).is_open(at))
    recap = recap_of(week, history, open_dates, latest_date(ZONES, at))
    themes = list(dict.fromkeys(s.prompts[date]["theme"] for date in recap.met))
    wanted = {
        "days_met": {"count": len(recap.met), "dates": [str(date) for date in recap.met]},
        "themes": themes,
        "streak": asdict(recap.streak),
        "new": {"packs": [], "milestones": list(recap.milestones), "longest": recap.longest_grew},
    }
    s.expect(Claim.RECAP, {name: seen[name] for name in wanted}, wanted)
    reached = "".join(f", reached {days} days" for days in recap.milestones)
    s.note(
        f"looks back on the week of {week.monday:%a %-d %b}: met on {len(recap.met)} days{reached}, {', '.join(themes)}"
    )
