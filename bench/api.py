"""Every call of the phones' API, in the life of a couple that has been together for a month."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any, Final

from bench.world import ANSWER, World, a_long_token
from rekindle.domain.models import Audience, Language, PackId, PromptId, PromptKind, PromptRef, Theme, Uid
from rekindle.domain.playlist import Course, Entry
from rekindle.store import keys
from rekindle.store.catalogue import PromptText
from rekindle.store.table import Table, Write
from testing.builders import NEW_YORK, TOKYO, an_instant, prompts, publish
from testing.phones import Phone, pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.ledger import Ledger
    from bench.world import Line
    from testing.phones import Handler

ONE_DAY: Final = dt.timedelta(days=1)
MONTH: Final = 30
LARGE_PACK: Final = 1_000
_TOUCH: Final = {"depth": 2, "touch_comfort": 2}


def measured_calls(url: str, ledger: Ledger) -> list[Line]:
    """What each call costs on the emulator at `url`.

    A call is one of a process that has run for a while, unless its name says `new process`; the slots that it takes
    exist, unless it is `the first of a zone`.
    """
    world = World.on(url, ledger).with_starter_pack()
    api = world.process(world.warm_vault())
    _first_of_their_zone(world, api)
    ada, ben = _phone(api, "ada"), _phone(api, "ben")
    _settle_in(world, ada, ben)
    _alone(world, ada)
    _pair(world, ada, ben)
    _share(world, ada)
    for _ in range(MONTH):
        one_day(ada, ben)
    _today(world, ada, ben)
    _look_back(world, ada)
    _be_warm(world, ada, ben)
    _two_zones(world, api)
    _change(world, ada, ben)
    world.call("DELETE /v1/couple", ada, "DELETE", "/v1/couple")
    _beside_a_large_pack(world)
    _choose(world)
    _pause(world)
    return world.lines


def a_couple(handler: Handler) -> tuple[Phone, Phone]:
    """Two persons in New York with a phone each, paired."""
    inviter, redeemer = _settled(handler, "ada"), _settled(handler, "ben")
    pair(inviter, redeemer)
    return inviter, redeemer


def _first_of_their_zone(world: World, api: Handler) -> None:
    eve, finn = _settled(api, "eve"), _settled(api, "finn")
    invite = eve.post("/v1/invites").body
    finn.post("/v1/invites/redeem", {"code": invite["code"]})
    confirmation = {"invite_id": invite["invite_id"]}
    eve.handler = world.process(world.new_vault())
    name = "POST /v1/invites/confirm, the first of a zone, new process"
    world.call(name, eve, "POST", "/v1/invites/confirm", confirmation)


def _settle_in(world: World, ada: Phone, ben: Phone) -> None:
    world.call("PUT /v1/me, first time", ada, "PUT", "/v1/me", _profile("Ada"))
    world.call("GET /v1/me", ada, "GET", "/v1/me")
    world.call("PUT /v1/me, changed", ada, "PUT", "/v1/me", _profile("Ada", **_TOUCH))
    world.call("PUT /v1/me, the same again", ada, "PUT", "/v1/me", _profile("Ada", **_TOUCH))
    device = {"token": a_long_token(), "platform": "ios"}
    world.call("PUT /v1/me/devices/{device_id}, new", ada, "PUT", "/v1/me/devices/phone", device)
    world.call("PUT /v1/me/devices/{device_id}, the same again", ada, "PUT", "/v1/me/devices/phone", device)
    world.call("GET /v1/me/reminders", ada, "GET", "/v1/me/reminders")
    world.call("PUT /v1/me/reminders", ada, "PUT", "/v1/me/reminders", {"quiet_hours": None})
    ben.put("/v1/me", _profile("Ben", **_TOUCH))
    ben.put("/v1/me/devices/phone", {"token": a_long_token(), "platform": "android"})


def _alone(world: World, ada: Phone) -> None:
    date = world.call("GET /v1/solo/today, first to open it", ada, "GET", "/v1/solo/today")["date"]
    world.call("GET /v1/solo/today, opened already", ada, "GET", "/v1/solo/today")
    path = f"/v1/solo/days/{date}/answer"
    world.call("PUT /v1/solo/days/{date}/answer, with a new key", ada, "PUT", path, {"text": ANSWER})
    world.call("PUT /v1/solo/days/{date}/answer, an edit", ada, "PUT", path, {"text": ANSWER, "revision": 1})
    for days in range(1, MONTH):
        answer_alone(ada, ada.now - days * ONE_DAY)
    world.call("GET /v1/solo/days, 30 days", ada, "GET", "/v1/solo/days")


def answer_alone(ada: Phone, instant: dt.datetime) -> None:
    """One has answered for oneself at that instant."""
    Phone(ada.handler, ada.uid, instant).put(f"/v1/solo/days/{instant.date()}/answer", {"text": ANSWER})


def _share(world: World, ada: Phone) -> None:
    path = f"/v1/solo/days/{ada.now.date()}/share"
    world.call("POST /v1/solo/days/{date}/share", ada, "POST", path)
    world.call("POST /v1/solo/days/{date}/share, the same again", ada, "POST", path)
    world.call("GET /v1/solo/shared, one", ada, "GET", "/v1/solo/shared")
    world.call("DELETE /v1/solo/days/{date}/share", ada, "DELETE", path)


def _pair(world: World, ada: Phone, ben: Phone) -> None:
    warm = ada.handler
    world.call("POST /v1/invites", ada, "POST", "/v1/invites")
    ada.handler = world.process(world.new_vault())
    world.call("POST /v1/invites, in place of another, new process", ada, "POST", "/v1/invites")
    ada.handler = warm
    world.call("GET /v1/invites", ada, "GET", "/v1/invites")
    world.call("DELETE /v1/invites", ada, "DELETE", "/v1/invites")
    invite = world.call("POST /v1/invites, with a key", ada, "POST", "/v1/invites", key="once")
    wrong = {"code": "22222-22222"}
    world.call("POST /v1/invites/redeem, wrong code", ben, "POST", "/v1/invites/redeem", wrong)
    right = {"code": invite["code"]}
    world.call("POST /v1/invites/redeem, with a key", ben, "POST", "/v1/invites/redeem", right, key="once")
    world.call("POST /v1/invites/redeem", ben, "POST", "/v1/invites/redeem", right)
    confirmation = {"invite_id": invite["invite_id"]}
    world.call("POST /v1/invites/confirm", ada, "POST", "/v1/invites/confirm", confirmation)
    ada.get("/v1/couple")  # the catalogue is filled
    world.call("GET /v1/couple", ada, "GET", "/v1/couple")


def one_day(ada: Phone, ben: Phone) -> None:
    """Both answer on a day, which then is over."""
    date = ada.get("/v1/today").body["today"]["date"]
    for phone in (ada, ben):
        phone.put(f"/v1/days/{date}/answer", {"text": ANSWER})
        phone.now += ONE_DAY


def _today(world: World, ada: Phone, ben: Phone) -> None:
    date = world.call("GET /v1/today, first to open it", ada, "GET", "/v1/today")["today"]["date"]
    world.call("GET /v1/today, opened already", ben, "GET", "/v1/today")
    answer = f"/v1/days/{date}/answer"
    world.call("PUT /v1/days/{date}/answer, the first", ada, "PUT", answer, {"text": ANSWER})
    world.call("PUT /v1/days/{date}/answer, an edit", ada, "PUT", answer, {"text": ANSWER, "revision": 1})
    world.call("GET /v1/today, I have answered", ada, "GET", "/v1/today")
    world.call("PUT /v1/days/{date}/answer, the second: both open", ben, "PUT", answer, {"text": ANSWER})
    world.call("GET /v1/today, both have answered", ada, "GET", "/v1/today")
    warm = ada.handler
    for phone in (ada, ben):
        phone.handler, phone.now = world.process(world.new_vault()), phone.now + ONE_DAY
    date = world.call("GET /v1/today, first to open it, new process", ada, "GET", "/v1/today")["today"]["date"]
    world.call("GET /v1/today, opened already, new process", ben, "GET", "/v1/today")
    for phone in (ada, ben):
        phone.handler = world.process(world.new_vault())
    body = {"text": ANSWER}
    world.call("PUT /v1/days/{date}/answer, the first, new process", ada, "PUT", f"/v1/days/{date}/answer", body)
    for phone in (ada, ben):
        phone.handler = warm


def _look_back(world: World, ada: Phone) -> None:
    world.call("GET /v1/days, 30 days", ada, "GET", "/v1/days?limit=30")
    world.call("GET /v1/days/{date}", ada, "GET", f"/v1/days/{(ada.now - ONE_DAY).date()}")
    warm, ada.handler = ada.handler, world.process(world.new_vault())
    world.call("GET /v1/days, 30 days, new process", ada, "GET", "/v1/days?limit=30")
    ada.handler = warm
    world.call("GET /v1/streak", ada, "GET", "/v1/streak")
    world.call("GET /v1/recap", ada, "GET", "/v1/recap")
    # On a day of some weeks ago: what is measured beside it stays comparable with a couple that leaves none.
    path, heard = f"/v1/days/{(ada.now - 20 * ONE_DAY).date()}/reflection", {"kind": "heard", "text": ANSWER}
    world.call("PUT /v1/days/{date}/reflection", ada, "PUT", path, heard)
    world.call("PUT /v1/days/{date}/reflection, the same again", ada, "PUT", path, heard)


def _be_warm(world: World, ada: Phone, ben: Phone) -> None:
    world.call("POST /v1/nudges", ada, "POST", "/v1/nudges", {"gesture": "thinking_of_you"})
    world.call("POST /v1/nudges, with a key", ada, "POST", "/v1/nudges", {"gesture": "hug"}, key="warm")
    world.call("POST /v1/nudges, the same again", ada, "POST", "/v1/nudges", {"gesture": "hug"}, key="warm")
    ada.post("/v1/nudges", {"gesture": "thank_you"})
    world.call("POST /v1/nudges, one too many", ada, "POST", "/v1/nudges", {"gesture": "thank_you"})
    world.call("GET /v1/nudges", ben, "GET", "/v1/nudges")
    world.call("GET /v1/touch/today", ada, "GET", "/v1/touch/today")


def _two_zones(world: World, api: Handler) -> None:
    """At 15:00 UTC it is tomorrow in Tokyo already, and the day before is open there still."""
    cleo, dai = _settled(api, "cleo"), _settled(api, "dai", TOKYO)
    pair(cleo, dai)
    for phone in (cleo, dai):
        phone.now += 2 * ONE_DAY
        phone.get("/v1/today")
    world.call("GET /v1/today, with the day before, opened already", dai, "GET", "/v1/today")


def _beside_a_large_pack(world: World) -> None:
    """What a pack of a thousand prompts in five languages changes: for a process that runs already, nothing."""
    names = (("gus", "hal"), ("ida", "jon"))
    for beside, (first, second) in zip(
        ("of a new couple", "of one beside a pack of 1,000 prompts"), names, strict=True
    ):
        api = world.process(world.warm_vault())
        eve, finn = _settled(api, first), _settled(api, second)
        pair(eve, finn)
        eve.get("/v1/today")  # this process knows the catalogue by now
        eve.now, finn.now = eve.now + ONE_DAY, finn.now + ONE_DAY
        world.call(f"GET /v1/today, first to open it, {beside}", eve, "GET", "/v1/today")
        world.call(f"GET /v1/today, opened already, {beside}", finn, "GET", "/v1/today")
        for phone in (eve, finn):
            phone.handler, phone.now = world.process(world.new_vault()), phone.now + ONE_DAY
        world.call(f"GET /v1/today, first to open it, new process, {beside}", eve, "GET", "/v1/today")
        world.call(f"GET /v1/today, opened already, new process, {beside}", finn, "GET", "/v1/today")
        if "pack" not in beside:
            publish(Table(world.raw, world.table.name), _large_pack())


def _choose(world: World) -> None:
    """What a couple chooses and joins, what a day of a course takes that way, and help as it ships."""
    table = Table(world.raw, world.table.name)
    publish(table, prompts("choice"), audience=Audience.CHOICE)
    publish(table, prompts("group"), audience=Audience.CODE, course=Course(in_order=True))
    table.write(Write("Put", keys.practice_code("ABCD2345"), item={"pack": "group"}))
    api = world.process(world.warm_vault())
    kim, lou = _settled(api, "kim"), _settled(api, "lou")
    pair(kim, lou)
    world.call("GET /v1/help, new process", kim, "GET", "/v1/help")
    world.call("GET /v1/help", kim, "GET", "/v1/help")
    date = kim.get("/v1/today").body["today"]["date"]
    world.call("POST /v1/days/{date}/swap", kim, "POST", f"/v1/days/{date}/swap", key="once")
    world.call("POST /v1/days/{date}/swap, the same again", kim, "POST", f"/v1/days/{date}/swap", key="once")
    world.call("GET /v1/packs, new process", kim, "GET", "/v1/packs")
    world.call("GET /v1/packs", kim, "GET", "/v1/packs")
    world.call("PUT /v1/couple/packs/{pack_id}", kim, "PUT", "/v1/couple/packs/choice")
    world.call("PUT /v1/couple/packs/{pack_id}, the same again", lou, "PUT", "/v1/couple/packs/choice")
    world.call("DELETE /v1/couple/packs/{pack_id}", lou, "DELETE", "/v1/couple/packs/choice")
    path = "/v1/couple/practice-code"
    world.call("POST /v1/couple/practice-code, wrong code", kim, "POST", path, {"code": "2222-2222"})
    world.call("POST /v1/couple/practice-code", kim, "POST", path, {"code": "ABCD-2345"})
    kim.now += ONE_DAY
    world.call("GET /v1/today, first to open it, on a course", kim, "GET", "/v1/today")


def _pause(world: World) -> None:
    """A pause of two who met on the day before, its end moved, and ended by hand."""
    api = world.process(world.warm_vault())
    pat, sam = _settled(api, "pat"), _settled(api, "sam")
    pair(pat, sam)
    one_day(pat, sam)
    today = pat.now.date()
    until = [{"pause": {"until": str(today + number * ONE_DAY)}} for number in (7, 14)]
    world.call("PATCH /v1/couple, to pause", pat, "PATCH", "/v1/couple", until[0])
    world.call("PATCH /v1/couple, the same again", sam, "PATCH", "/v1/couple", until[0])
    world.call("PATCH /v1/couple, to move its end", sam, "PATCH", "/v1/couple", until[1])
    world.call("GET /v1/couple, paused", pat, "GET", "/v1/couple")
    world.call("GET /v1/today, first to open it, paused", pat, "GET", "/v1/today")
    world.call("GET /v1/today, opened already, paused", sam, "GET", "/v1/today")
    world.call("DELETE /v1/couple/pause, to go on", pat, "DELETE", "/v1/couple/pause")


def _large_pack() -> Iterator[tuple[Entry, PromptText]]:
    languages = [Language(code) for code in ("en", "es", "fr", "de", "he")]
    themes = [theme for theme in Theme if theme is not Theme.TOUCH]
    for number, theme in zip(range(LARGE_PACK), itertools.cycle(themes), strict=False):
        ref = PromptRef(PackId("large"), 1, PromptId(f"{theme}-by-the-river-{number}"))
        yield (
            Entry(ref=ref, theme=theme, kind=PromptKind.QUESTION, depth=number % 3 + 1, comfort=0),
            PromptText(
                theme=theme,
                kind=PromptKind.QUESTION,
                default=languages[0],
                texts=dict.fromkeys(languages, "word " * 30),
                whys=dict.fromkeys(languages, "word " * 16),
                hints={},
            ),
        )


def _change(world: World, ada: Phone, ben: Phone) -> None:
    world.call("PUT /v1/me, in a couple", ada, "PUT", "/v1/me", _profile("Ada Mae", **_TOUCH))
    quiet = {"quiet_hours": {"start": "23:00", "end": "06:00"}}
    world.call("PUT /v1/me/reminders, in a couple, quiet hours", ada, "PUT", "/v1/me/reminders", quiet)
    early = {"prompt_time": "07:15"}
    world.call("PUT /v1/me/reminders, in a couple, to the first of a slot", ada, "PUT", "/v1/me/reminders", early)
    world.call("PUT /v1/me/reminders, the same again", ada, "PUT", "/v1/me/reminders", early)
    moved = _profile("Ada Mae", zone="Europe/London", **_TOUCH)
    world.call("PUT /v1/me, in a couple, to the first of a zone", ada, "PUT", "/v1/me", moved)
    device = {"token": a_long_token(), "platform": "ios"}
    ben.put("/v1/me/devices/tablet", device)
    path = "/v1/me/devices/tablet"
    world.call("PUT /v1/me/devices/{device_id}, was the partner's", ada, "PUT", path, device)
    world.call("DELETE /v1/me/devices/{device_id}", ada, "DELETE", path)


def _phone(handler: Handler, name: str) -> Phone:
    """A phone whose person is not known yet; a uid of Firebase has 28 characters."""
    return Phone(handler, Uid(name.ljust(28, "0")), now=an_instant("2026-03-02T15:00:00Z"))


def _settled(handler: Handler, name: str, zone: str = NEW_YORK) -> Phone:
    """A phone whose person has a profile and takes pushes."""
    phone = _phone(handler, name)
    phone.put("/v1/me", _profile(name.title(), zone=zone))
    phone.put("/v1/me/devices/phone", {"token": a_long_token(), "platform": "ios"})
    return phone


def _profile(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    return {"display_name": name, "zone": NEW_YORK, **more}
