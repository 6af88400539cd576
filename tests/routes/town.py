"""Build a town of persons and staff in which everybody has something to hide.

Every text, name, id, code and token of a person is a plant: a text that only some persons may read.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast

from practice_api.services import Services as PracticeServices
from rekindle.api.identity import Account, AccountState
from rekindle.api.sessions import Sessions
from rekindle.cleanup import AccountDeletedJob, EraseJob
from rekindle.domain.ids import Uid
from rekindle.store import keys
from testing.apis import every_account_is_good, every_member_is_good, phones_api, practice_handler_of
from testing.builders import LONDON, NEW_YORK, TOKYO, an_instant, prompts, publish, publish_choices
from testing.packs import a_source
from testing.phones import Phone, confirmation, noon, pair, set_clocks
from testing.stored import couple_id_of
from tests.routes.authorization import LEFT, Kind
from tests.routes.canaries import Canaries, word
from tests.routes.test_erasing import World, well

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rekindle.api.callers import Caller
    from rekindle.store.table import Table
    from testing.phones import Handler

LONG_AGO: Final = an_instant("2026-02-10T12:00:00Z")
"""When Ada and Cai were a couple."""
ALONE: Final = dt.date(2026, 2, 9)
"""The date of everybody's first solo answer, which is shown to nobody."""
FIRST: Final = dt.date(2026, 2, 20)
"""The first date of the couples that stand. Both partners answered, and the second has reflected on it."""
NOW: Final = an_instant("2026-03-06T15:00:00Z")
TODAY: Final = NOW.date()
"""The date that Ben and Eli have answered, and that Ada and Dee have only opened."""
TOMORROW: Final = TODAY + dt.timedelta(days=1)
"""The date that Ben, whose clock is ahead, has opened. Nobody has answered it."""
HOUR: Final = dt.timedelta(hours=1)
OLD: Final = NOW - dt.timedelta(minutes=14)
"""When those who have left signed in for the last time."""
LEFT_AT: Final = NOW - dt.timedelta(minutes=10)
"""When Ada signed out everywhere, and others erased their accounts."""
PARTNERS: Final = {"ada": "ben", "ben": "ada", "dee": "eli", "eli": "dee"}
"""The partner of each person in a couple that stands."""
OFFERED_HELP: Final = {
    "booking": {"url": "https://practice.example/book", "words": {"en": "Book a talk"}},
    "lines": [],
    "revision": 0,
}
"""The help that Ruth has proposed."""
CODES: Final = frozenset({"code", "bare code", "practice code", "bare practice code"})
"""The plants that are codes."""
STAFF: Final = ("rita", "ruth", "saul", "uma")
BOTH: Final = "practice:read practice:publish"


CALLER_OF: Final[Mapping[Kind, str]] = {
    Kind.PARTNER: "ada",
    Kind.FORMER: "cai",
    Kind.OTHER: "dee",
    Kind.UNPAIRED: "fay",
    Kind.UNKNOWN: "nobody",
    Kind.READER: "rita",
    Kind.PUBLISHER: "ruth",
    Kind.BOTH: "saul",
    Kind.SIGNED_OUT: "ada",
    Kind.DISABLED: "ben",
    Kind.ERASING: "jon",
    Kind.ERASED: "ida",
    Kind.NO_TOKEN: "ada",
}


@dataclass(frozen=True, slots=True)
class Plant:
    """A text that only its owner and `readers` may find in a reply. `what` describes the text."""

    text: str
    what: str
    owner: str
    readers: frozenset[str]

    @property
    def name(self) -> str:
        return f"{self.owner}'s {self.what}"


@dataclass(slots=True)
class Town:
    """The world, the phones of its persons by name, and all plants."""

    world: World
    phones: dict[str, Phone] = field(default_factory=dict)
    after: Callable[[World], None] = lambda _world: None
    """Is called after each request on any world."""
    canaries: Canaries = field(default_factory=Canaries)
    plants: list[Plant] = field(default_factory=list)
    traces: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Maps each person's name to the ids that stand in rows for this person or their couple."""
    confirmation: dict[str, Any] = field(default_factory=dict)
    """The body with which Fay confirms her invite."""
    ids: dict[str, str] = field(default_factory=dict)
    """The values that a request needs in its path or body."""

    def plant(self, owner: str, what: str, *readers: str, text: str | None = None) -> str:
        """Return a new plant's text. `text` is given if the text exists already."""
        if text is None:
            text = word(f"{owner} {what} {len(self.plants)}")
            self.canaries.places[text] = what
        elif what in CODES:
            self.canaries.codes[text] = what
        self.plants.append(Plant(text, what, owner, frozenset(readers)))
        return text

    def hidden_from(self, reader: str) -> list[Plant]:
        return [each for each in self.plants if reader != each.owner and reader not in each.readers]

    def on(self, world: World, seed: str = "later") -> Handler:
        """Serve all operations of both APIs on a world. Random ids and codes depend only on the seed."""
        numbers = itertools.count()

        def entropy(length: int) -> bytes:
            return hashlib.sha256(f"{seed} {next(numbers)}".encode()).digest()[:length]

        sessions = Sessions(self._account_state, world.services.people)
        phones = phones_api(lambda: replace(world.services, entropy=entropy, sessions=sessions), entropy=entropy)
        staff = PracticeServices.on(cast("Table", world.table), self._account, review_required=True)
        practice = practice_handler_of(lambda: replace(staff, entropy=entropy))

        def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
            is_practice = event["rawPath"].startswith("/v1/practice/")
            answer = (practice if is_practice else phones)(event, context)
            self.after(world)
            return answer

        return handle

    def _account_state(self, caller: Caller) -> AccountState:
        """Return what Firebase says to `couples_api`: one account is disabled, and one deleted.

        It does not say that Ada has signed out everywhere, so that her own row must refuse her.
        """
        gone = {self.phones[CALLER_OF[kind]].uid for kind in (Kind.DISABLED, Kind.ERASED)}
        return AccountState.ENDED if caller.uid in gone else every_account_is_good(caller)

    def _staff_account_state(self, caller: Caller) -> AccountState:
        """Return what Firebase says to `practice_api`, which cannot read Ada's row."""
        is_before_sign_out = caller.uid == self.phones["ada"].uid and caller.signed_in_at == OLD
        return AccountState.ENDED if is_before_sign_out else self._account_state(caller)

    def _account(self, caller: Caller) -> Account:
        return Account(self._staff_account_state(caller), every_member_is_good(caller).scopes)

    def caller(self, kind: Kind, *, is_staff: bool = False) -> Phone:
        """Return the phone of a caller of this kind. `is_staff` gives staff's scopes to a LEFT caller."""
        phone = replace(self.phones[CALLER_OF[kind]], now=NOW)
        if kind in LEFT:
            # The token is from before the caller left. A disabled or deleted account cannot get a new one.
            phone.claims = dict.fromkeys(("auth_time", "iat"), str(int(OLD.timestamp())))
            phone.claims |= staff_claims("ada") if is_staff else {}
        return phone

    def concerned(self, name: str) -> set[str]:
        """Return the person, their partner, and whoever has redeemed their invite."""
        return {name} | {other for one, other in (*PARTNERS.items(), ("fay", "gus")) if one == name}

    def traces_of(self, names: Iterable[str]) -> set[str]:
        """Return the ids by which rows name these persons and their couples."""
        return {trace for name in names for trace in self.traces.get(name, ())}

    def note(self, name: str) -> None:
        """Plant a person's uid, and note the ids that stand in rows for the person."""
        phone = self.phones[name]
        self.traces[name] += [phone.uid, keys.pseudonym_of(phone.uid)]
        self.plant(name, "uid", text=phone.uid)


def staff_claims(name: str, scope: str = BOTH) -> dict[str, str]:
    """Return the claims of a member of staff."""
    return {"email": f"{name}@practice.example", "email_verified": "true", "scope": scope}


def a_town(after: Callable[[World], None] = lambda _world: None, canaries: Canaries | None = None) -> Town:
    """Let everybody use everything, until NOW. `after` is called after each request."""
    world = World.with_rows([], [], [])
    town = Town(world, after=after, canaries=canaries or Canaries())
    publish(cast("Table", world.table), prompts())
    publish_choices(cast("Table", world.table))
    api = town.on(world, "first")
    for name, zone in {"ada": NEW_YORK, "ben": TOKYO}.items() | dict.fromkeys(_OTHERS, LONDON).items():
        uid = Uid(f"uid-of-{name}")
        phone = town.phones[name] = Phone(api, uid, noon(ALONE))
        readers = {"gus": ("fay",), "fay": ("gus",)}.get(name, (PARTNERS[name],) if name in PARTNERS else ())
        town.note(name)
        shown = town.plant(name, "name", *readers)
        well(phone.put("/v1/me", {"display_name": shown, "zone": zone, "depth": 3, "touch_comfort": 2}))
        well(phone.put("/v1/me/devices/phone", {"token": town.plant(name, "token"), "platform": "android"}))
        well(phone.put("/v1/me/reminders", {"touch": {"weekdays": ["friday"], "time": "18:00"}}))
        well(phone.put(f"/v1/solo/days/{ALONE}/answer", {"text": town.plant(name, "solo answer")}))
    _meet(town, "ada", "cai", LONG_AGO)
    well(town.phones["cai"].delete("/v1/couple"))
    for two in (("ada", "ben"), ("dee", "eli"), ("ida", "lou"), ("jon", "kit")):
        _meet(town, *two, noon(FIRST))
    _live(town)
    _invite(town)
    _erase(town)
    _publish(town, api)
    for name in (*STAFF, "nobody"):
        town.phones.setdefault(name, Phone(api, Uid(f"uid-of-{name}")))
    return town


_OTHERS: Final = ("cai", "dee", "eli", "fay", "gus", "hal", "ida", "jon", "kit", "lou", "saul")


def _meet(town: Town, one: str, other: str, at: dt.datetime) -> None:
    """Pair the two. Let them show each other a solo answer, and answer a day. Let the second reflect on it."""
    phones = {name: town.phones[name] for name in (one, other)}
    set_clocks(at, *phones.values())
    date = at.date()
    shown = {}
    stands = at.date() == FIRST
    for (name, phone), partner in zip(phones.items(), (other, one), strict=True):
        readers = (partner,) if stands else ()
        shown[name] = town.plant(name, "shown solo answer", *readers)
        well(phone.put(f"/v1/solo/days/{date}/answer", {"text": shown[name]}))
    pair(phones[one], phones[other])
    couple = couple_id_of(town.world.services, phones[one])
    town.plant(one, "couple", text=couple)
    for name in phones:
        town.traces[name].append(couple)
    for (name, phone), partner in zip(phones.items(), (other, one), strict=True):
        readers = (partner,) if stands else ()
        well(phone.post(f"/v1/solo/days/{date}/share"))
        well(phone.put(f"/v1/days/{date}/answer", {"text": town.plant(name, "opened answer", *readers)}))
    text = town.plant(other, "reflection", *((one,) if stands else ()))
    well(phones[other].put(f"/v1/days/{date}/reflection", {"kind": "heard", "text": text}))


def _live(town: Town) -> None:
    """Let each couple that stands choose a pack, pause and nudge. Only its second partner answers today.

    At the end, Ada signs out everywhere.
    """
    for first, second in (("ada", "ben"), ("dee", "eli")):
        one, other = town.phones[first], town.phones[second]
        set_clocks(NOW - 3 * HOUR, one, other)
        well(one.call("PUT", "/v1/couple/packs/choice"))
        well(one.patch("/v1/couple", {"pause": {"until": "2026-03-12"}}))
        well(other.put(f"/v1/days/{TODAY}/answer", {"text": town.plant(second, "sealed answer")}))
        for phone in (one, other):
            well(phone.post("/v1/nudges", {"gesture": "hug"}, key=town.plant(first, "key")))
        set_clocks(NOW, one, other)
        well(one.get("/v1/today"))
        well(other.get("/v1/today"))
    ada = town.phones["ada"]
    ada.now = LEFT_AT
    well(ada.post("/v1/me/sign-out-everywhere"))


def _invite(town: Town) -> None:
    """Let Fay invite, and Gus redeem her code. Let Hal invite."""
    for name in ("fay", "gus", "hal"):
        town.phones[name].now = NOW - HOUR
    for name in ("fay", "hal"):
        invite = well(town.phones[name].post("/v1/invites"))
        bare = town.plant(name, "code", text=invite["code"])
        town.plant(name, "bare code", text=bare.replace("-", ""))
        town.plant(name, "invite", text=invite["invite_id"])
        town.ids[f"{name}'s code"], town.ids[f"{name}'s invite"] = bare, invite["invite_id"]
    link = f"https://app.example/join#{town.ids["fay's code"].replace('-', '')}"
    well(town.phones["gus"].post("/v1/invites/redeem", {"code": link}))
    town.confirmation = confirmation(town.phones["fay"], town.ids["fay's invite"])
    words = json.dumps(town.confirmation["words"], separators=(",", ":"))
    town.plant("fay", "words", "gus", text=words)


def _erase(town: Town) -> None:
    """Let Ida and Jon erase their accounts. Only Ida's erasure is finished."""
    for name in ("ida", "jon"):
        town.phones[name].now = LEFT_AT
        town.ids[f"{name}'s receipt"] = well(town.phones[name].delete("/v1/me"))["receipt"]
    ida = town.phones["ida"].uid
    town.world.drain(EraseJob(uid=ida, erased_at=LEFT_AT), LEFT_AT)
    gone = AccountDeletedJob(pseudonym=keys.pseudonym_of(ida), uid=ida)
    town.world.handle(gone.model_dump_json(), instant=LEFT_AT)


def _publish(town: Town, api: Handler) -> None:
    """Let staff publish a pack with a code, save its next draft, and propose another pack."""
    for name in STAFF:
        claims = staff_claims(name, "practice:read" if name == "rita" else BOTH)
        town.phones[name] = Phone(api, Uid(f"uid-of-{name}"), NOW - HOUR, claims)
        town.plant(name, "email", *STAFF, text=claims["email"])
    uma, ruth = town.phones["uma"], town.phones["ruth"]
    river, harbour = "/v1/practice/packs/river", "/v1/practice/packs/harbour"
    source = a_source(audience="code")
    for path, text in ((river, source), (harbour, a_source(id="harbour"))):
        revision = well(uma.put(f"{path}/draft", {"source": text, "revision": 0}))["revision"]
        note = town.plant("uma", "note", *STAFF)
        well(uma.post(f"{path}/publish", {"revision": revision, "note": note}))
        town.ids[f"{path} revision"] = revision
    well(ruth.post(f"{river}/approve", {"revision": town.ids[f"{river} revision"]}))
    draft = source + f"# {town.plant('uma', 'draft', *STAFF)}\n"
    saved = well(uma.put(f"{river}/draft", {"source": draft, "revision": 0}))
    town.ids |= {"draft": draft, "revision": saved["revision"], "proposed": town.ids[f"{harbour} revision"]}
    town.ids["offered"] = well(ruth.put("/v1/practice/help", OFFERED_HELP))["proposal"]["id"]
    town.ids["notice"] = well(uma.get("/v1/practice/notices"))["notices"][0]["id"]
    well(ruth.post(f"{river}/withdraw", {"prompt": "birdsong", "reason": town.plant("ruth", "reason", *STAFF)}))
    code = well(uma.get(river))["code"]
    town.plant("uma", "practice code", *STAFF, text=code)
    town.plant("uma", "bare practice code", *STAFF, text=code.replace("-", ""))
    town.ids["practice code"] = code
