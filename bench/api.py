"""Measure every route of the phones' API, with a couple who have used the app for a month."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Final

from bench.world import ANSWER, World, a_long_token, a_new_phone, a_settled_phone
from rekindle.domain.ids import Language, PackId, PromptId
from rekindle.domain.playlist import Course, Entry
from rekindle.domain.prompts import Audience, PromptKind, PromptRef, Theme
from rekindle.store import keys
from rekindle.store.catalogue import PromptText
from rekindle.store.table import Table, Write
from testing.builders import NEW_YORK, TOKYO, prompts, publish
from testing.phones import Phone, confirmation, pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.cost_recorder import CostRecorder
    from bench.world import Measurement
    from testing.phones import Handler

ONE_DAY: Final = dt.timedelta(days=1)
TEN_MINUTES: Final = dt.timedelta(minutes=10)
MONTH: Final = 30
EXPORT_PAGE: Final = 100
LARGE_PACK: Final = 1_000
_TEXT: Final = {"text": ANSWER}
_ADA: Final = {"display_name": "Ada", "zone": NEW_YORK}
_TOUCH: Final = {"depth": 2, "touch_comfort": 2}


def measured_calls(url: str, recorder: CostRecorder) -> list[Measurement]:
    """Measure each route on the emulator at `url`.

    If the name of a measurement says `new process`, the process has just started. Otherwise, the caches of the process
    are filled. If the name says `the first of a zone` or `the first of a slot`, the call creates a slot. Otherwise, the
    person's slots exist already.
    """
    world = World.on(url, recorder).with_starter_pack()
    api = world.running_process()
    _first_of_their_zone(world, api)
    ada, ben = a_new_phone(api, "ada"), a_new_phone(api, "ben")
    _set_up(world, ada, ben)
    _answer_alone(world, ada)
    _pair(world, ada, ben)
    _share(world, ada)
    for _ in range(MONTH):
        one_day(ada, ben)
    _answer_today(world, ada, ben)
    _look_back(world, ada)
    _nudge(world, ada, ben)
    _live_in_two_zones(world, api)
    _change_settings(world, ada, ben)
    world.call(ada, "DELETE /v1/couple")
    _open_days_beside_a_large_pack(world)
    _choose_packs(world)
    _pause(world)
    return world.measured


def measured_exports(url: str, recorder: CostRecorder) -> list[Measurement]:
    """Measure exports of days in a couple, and of solo days, a page each. Then measure an erasure."""
    world = World.on(url, recorder).with_starter_pack()
    ada, ben = a_couple(world.running_process())
    for days, note in ((MONTH, "30 days"), (EXPORT_PAGE - MONTH, "100 days, a full page")):
        for _ in range(days):
            one_day(ada, ben)
        _export(world, ada, note, in_new_process=days == MONTH)
    ada.delete("/v1/couple")
    _export(world, ada, "100 days, after parting")
    _answer_on_days_before(ada, range(MONTH))
    _export(world, ada, "30 days alone, and the first 70 of 100")
    _erase(world)
    return world.measured


def a_couple(handler: Handler, names: tuple[str, str] = ("ada", "ben")) -> tuple[Phone, Phone]:
    """Pair two new persons in New York. Return their phones."""
    inviter, redeemer = (a_settled_phone(handler, name) for name in names)
    pair(inviter, redeemer)
    return inviter, redeemer


def one_day(ada: Phone, ben: Phone) -> None:
    """Let both persons answer, then set the clocks of their phones to the next day."""
    date = ada.get("/v1/today").body["today"]["date"]
    for phone in (ada, ben):
        phone.put(f"/v1/days/{date}/answer", _TEXT)
        phone.now += ONE_DAY


def _export(world: World, ada: Phone, note: str, *, in_new_process: bool = False) -> None:
    ada.claims["auth_time"] = str(int(ada.now.timestamp()))
    route = "POST /v1/me/export"
    if in_new_process:
        world.call(ada, route, f"{note}, new process", process=world.privacy(world.new_vault()))
    running = world.privacy(world.warm_vault())
    Phone(running, ada.uid, ada.now, ada.claims).post("/v1/me/export")  # fills the cache of prompts
    world.call(ada, route, note, process=running)


def _erase(world: World) -> None:
    """Measure the request that erases a person in a couple. `cleanup` removes the rows, however many there are."""
    gail, _ = a_couple(world.running_process(), ("gail", "hugh"))
    gail.claims["auth_time"] = str(int(gail.now.timestamp()))
    running = world.privacy(world.warm_vault())
    receipt = world.call(gail, "DELETE /v1/me", "in a couple", process=running)["receipt"]
    world.call(gail, "DELETE /v1/me", "the same again", process=running)
    world.call(gail, "GET /v1/erasures/{receipt}", process=running, receipt=receipt)


def _answer_on_days_before(ada: Phone, days: range) -> None:
    for instant in (ada.now - number * ONE_DAY for number in days):
        Phone(ada.handler, ada.uid, instant).put(f"/v1/solo/days/{instant.date()}/answer", _TEXT)


def _first_of_their_zone(world: World, api: Handler) -> None:
    eve, finn = a_settled_phone(api, "eve"), a_settled_phone(api, "finn")
    invite = eve.post("/v1/invites").body
    finn.post("/v1/invites/redeem", {"code": invite["code"]})
    confirmed = confirmation(eve, invite["invite_id"])
    note = "the first of a zone, new process"
    world.call(eve, "POST /v1/invites/confirm", note, confirmed, process=world.new_process())
    old = str(int((eve.now - TEN_MINUTES).timestamp()))
    renewed = Phone(eve.handler, eve.uid, eve.now, {"iat": old})
    world.call(renewed, "GET /v1/me", "with a check of the account")
    world.call(eve, "GET /v1/me/devices")
    world.call(eve, "POST /v1/me/sign-out-everywhere", "in a couple")


def _set_up(world: World, ada: Phone, ben: Phone) -> None:
    world.call(ada, "PUT /v1/me", "first time", _ADA)
    world.call(ada, "GET /v1/me")
    world.call(ada, "PUT /v1/me", "changed", _ADA | _TOUCH)
    world.call(ada, "PUT /v1/me", "the same again", _ADA | _TOUCH)
    device = {"token": a_long_token(), "platform": "ios"}
    for note in ("new", "the same again"):
        world.call(ada, "PUT /v1/me/devices/{device_id}", note, device, device_id="phone")
    world.call(ada, "GET /v1/me/reminders")
    world.call(ada, "PUT /v1/me/reminders", body={"quiet_hours": None})
    world.call(ada, "GET /v1/me/notifications")
    for note, paused in (("paused", True), ("not paused any more", False)):
        world.call(ada, "PUT /v1/me/notifications", note, {"paused": paused})
    ben.put("/v1/me", {"display_name": "Ben", "zone": NEW_YORK, **_TOUCH})
    ben.put("/v1/me/devices/phone", {"token": a_long_token(), "platform": "android"})


def _answer_alone(world: World, ada: Phone) -> None:
    date = world.call(ada, "GET /v1/solo/today", "first to open it")["date"]
    world.call(ada, "GET /v1/solo/today", "opened already")
    route = "PUT /v1/solo/days/{date}/answer"
    world.call(ada, route, "with a new key", _TEXT, date=date)
    world.call(ada, route, "an edit", _TEXT | {"revision": 1}, date=date)
    _answer_on_days_before(ada, range(1, MONTH))
    world.call(ada, "GET /v1/solo/days", "30 days")


def _share(world: World, ada: Phone) -> None:
    date = ada.now.date()
    world.call(ada, "POST /v1/solo/days/{date}/share", date=date)
    world.call(ada, "POST /v1/solo/days/{date}/share", "the same again", date=date)
    world.call(ada, "GET /v1/solo/shared", "one")
    world.call(ada, "DELETE /v1/solo/days/{date}/share", date=date)


def _pair(world: World, ada: Phone, ben: Phone) -> None:
    world.call(ada, "POST /v1/invites")
    world.call(ada, "POST /v1/invites", "in place of another, new process", process=world.new_process())
    world.call(ada, "GET /v1/invites")
    world.call(ada, "DELETE /v1/invites")
    invite = world.call(ada, "POST /v1/invites", "with a key", key="once")
    right, wrong = {"code": invite["code"]}, {"code": "22222-22222"}
    world.call(ben, "POST /v1/invites/redeem", "wrong code", wrong)
    world.call(ben, "POST /v1/invites/redeem", "with a key", right, key="once")
    world.call(ben, "POST /v1/invites/redeem", body=right)
    world.call(ada, "POST /v1/invites/confirm", body=confirmation(ada, invite["invite_id"]))
    ada.get("/v1/couple")  # fills the cache of the catalogue
    world.call(ada, "GET /v1/couple")


def _answer_today(world: World, ada: Phone, ben: Phone) -> None:
    today, answer = "GET /v1/today", "PUT /v1/days/{date}/answer"
    date = world.call(ada, today, "first to open it")["today"]["date"]
    world.call(ben, today, "opened already")
    world.call(ada, answer, "the first", _TEXT, date=date)
    world.call(ada, answer, "an edit", _TEXT | {"revision": 1}, date=date)
    world.call(ada, today, "I have answered")
    world.call(ben, answer, "the second: both open", _TEXT, date=date)
    world.call(ada, today, "both have answered")
    _next_day(ada, ben)
    opened = world.call(ada, today, "first to open it, new process", process=world.new_process())
    world.call(ben, today, "opened already, new process", process=world.new_process())
    date = opened["today"]["date"]
    world.call(ada, answer, "the first, new process", _TEXT, date=date, process=world.new_process())


def _look_back(world: World, ada: Phone) -> None:
    world.call(ada, "GET /v1/days", "30 days", query="?limit=30")
    world.call(ada, "GET /v1/days/{date}", date=(ada.now - ONE_DAY).date())
    world.call(ada, "GET /v1/days", "30 days, new process", query="?limit=30", process=world.new_process())
    world.call(ada, "GET /v1/streak")
    world.call(ada, "GET /v1/recap")
    # The reflection is on a day about three weeks ago. So it does not change the costs of calls about the latest days.
    date, heard = (ada.now - 20 * ONE_DAY).date(), {"kind": "heard", "text": ANSWER}
    world.call(ada, "PUT /v1/days/{date}/reflection", body=heard, date=date)
    world.call(ada, "PUT /v1/days/{date}/reflection", "the same again", heard, date=date)


def _nudge(world: World, ada: Phone, ben: Phone) -> None:
    hug, thanks = {"gesture": "hug"}, {"gesture": "thank_you"}
    world.call(ada, "POST /v1/nudges", body={"gesture": "thinking_of_you"})
    world.call(ada, "POST /v1/nudges", "with a key", hug, key="warm")
    world.call(ada, "POST /v1/nudges", "the same again", hug, key="warm")
    ada.post("/v1/nudges", thanks)
    world.call(ada, "POST /v1/nudges", "one too many", thanks)
    world.call(ben, "GET /v1/nudges")
    world.call(ada, "GET /v1/touch/today")


def _live_in_two_zones(world: World, api: Handler) -> None:
    """Measure a couple in New York and Tokyo while two dates are open.

    It is 15:00 UTC, and the next date has begun in Tokyo.
    """
    cleo, dai = a_settled_phone(api, "cleo"), a_settled_phone(api, "dai", TOKYO)
    pair(cleo, dai)
    for phone in (cleo, dai):
        phone.now += 2 * ONE_DAY
        phone.get("/v1/today")
    world.call(dai, "GET /v1/today", "with the day before, opened already")


def _change_settings(world: World, ada: Phone, ben: Phone) -> None:
    changed = _ADA | _TOUCH | {"display_name": "Ada Mae"}
    quiet, early = {"quiet_hours": {"start": "23:00", "end": "06:00"}}, {"prompt_time": "07:15"}
    world.call(ada, "PUT /v1/me", "in a couple", changed)
    world.call(ada, "PUT /v1/me/reminders", "in a couple, quiet hours", quiet)
    world.call(ada, "PUT /v1/me/reminders", "in a couple, to the first of a slot", early)
    world.call(ada, "PUT /v1/me/reminders", "the same again", early)
    world.call(ada, "PUT /v1/me", "in a couple, to the first of a zone", changed | {"zone": "Europe/London"})
    device = {"token": a_long_token(), "platform": "ios"}
    ben.put("/v1/me/devices/tablet", device)
    world.call(ada, "PUT /v1/me/devices/{device_id}", "was the partner's", device, device_id="tablet")
    world.call(ada, "DELETE /v1/me/devices/{device_id}", device_id="tablet")


def _open_days_beside_a_large_pack(world: World) -> None:
    """Measure how a day is opened, with and without a large published pack.

    The pack has 1,000 prompts in five languages.
    """
    couples = {"of a new couple": ("gus", "hal"), "of one beside a pack of 1,000 prompts": ("ida", "jon")}
    for note, names in couples.items():
        first, second = a_couple(world.running_process(), names)
        first.get("/v1/today")  # fills the cache of the catalogue
        _next_day(first, second)
        world.call(first, "GET /v1/today", f"first to open it, {note}")
        world.call(second, "GET /v1/today", f"opened already, {note}")
        _next_day(first, second)
        for phone, look in ((first, "first to open it"), (second, "opened already")):
            world.call(phone, "GET /v1/today", f"{look}, new process, {note}", process=world.new_process())
        if note == "of a new couple":
            publish(Table(world.raw, world.table.name), _large_pack())


def _choose_packs(world: World) -> None:
    """Measure a swap, the help, the choice of a pack, and joining a course."""
    table = Table(world.raw, world.table.name)
    publish(table, prompts("choice"), audience=Audience.CHOICE)
    publish(table, prompts("group"), audience=Audience.CODE, course=Course(in_order=True))
    table.write(Write("Put", keys.practice_code("ABCD2345"), item={"pack": "group"}))
    kim, lou = a_couple(world.running_process(), ("kim", "lou"))
    world.call(kim, "GET /v1/help", "new process")
    world.call(kim, "GET /v1/help")
    date = kim.get("/v1/today").body["today"]["date"]
    world.call(kim, "POST /v1/days/{date}/swap", key="once", date=date)
    world.call(kim, "POST /v1/days/{date}/swap", "the same again", key="once", date=date)
    world.call(kim, "GET /v1/packs", "new process")
    world.call(kim, "GET /v1/packs")
    world.call(kim, "PUT /v1/couple/packs/{pack_id}", pack_id="choice")
    world.call(lou, "PUT /v1/couple/packs/{pack_id}", "the same again", pack_id="choice")
    world.call(lou, "DELETE /v1/couple/packs/{pack_id}", pack_id="choice")
    world.call(kim, "POST /v1/couple/practice-code", "wrong code", {"code": "2222-2222"})
    world.call(kim, "POST /v1/couple/practice-code", body={"code": "ABCD-2345"})
    kim.now += ONE_DAY
    world.call(kim, "GET /v1/today", "first to open it, on a course")


def _pause(world: World) -> None:
    """Measure a pause from its start to its early end. The couple changes its end meanwhile."""
    pat, sam = a_couple(world.running_process(), ("pat", "sam"))
    one_day(pat, sam)
    week, fortnight = ({"pause": {"until": str(pat.now.date() + days * ONE_DAY)}} for days in (7, 14))
    world.call(pat, "PATCH /v1/couple", "to pause", week)
    world.call(sam, "PATCH /v1/couple", "the same again", week)
    world.call(sam, "PATCH /v1/couple", "to move its end", fortnight)
    world.call(pat, "GET /v1/couple", "paused")
    world.call(pat, "GET /v1/today", "first to open it, paused")
    world.call(sam, "GET /v1/today", "opened already, paused")
    world.call(pat, "DELETE /v1/couple/pause", "to go on")


def _next_day(*phones: Phone) -> None:
    for phone in phones:
        phone.now += ONE_DAY


def _large_pack() -> Iterator[tuple[Entry, PromptText]]:
    english, *others = (Language(code) for code in ("en", "es", "fr", "de", "he"))
    texts, whys = (dict.fromkeys([english, *others], "word " * words) for words in (30, 16))
    themes = itertools.cycle(theme for theme in Theme if theme is not Theme.TOUCH)
    for number, theme in zip(range(LARGE_PACK), themes, strict=False):
        ref = PromptRef(PackId("large"), 1, PromptId(f"{theme}-by-the-river-{number}"))
        yield (
            Entry(ref=ref, theme=theme, kind=PromptKind.QUESTION, depth=number % 3 + 1, comfort=0),
            PromptText(theme, PromptKind.QUESTION, english, texts, whys, {}),
        )
