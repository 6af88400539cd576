"""Compute from the design what two couples and a stranger may see and do, to compare with the API.

The model follows only the design, and imports none of our code. It keeps whole histories in plain dictionaries, and
computes each reply anew from everything that has happened. It handles one request at a time: `now`, `me` and `request`
belong to the current request. Each route has a method with its name: `put_v1_me` for `PUT /v1/me`. A comment that
begins with `Decided:` names a rule that the code has decided because the design says nothing.

The model learns from replies what nobody can compute: an invite's code and its three words, whether a date is in a
break from touch, and which of the allowed prompts a day has.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import ANY
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

type Json = Any
type Zones = tuple[str, ...]

DAY: Final = dt.timedelta(days=1)
HOUR: Final = dt.timedelta(hours=1)
SECOND: Final = dt.timedelta(seconds=1)
MILLISECOND: Final = dt.timedelta(milliseconds=1)
THEMES: Final = ("openness", "time", "courage", "listening", "touch", "fear", "spark")
MILESTONES: Final = (7, 30, 100, 365)
EXPORT: Final = "POST /v1/me/export"
ERASE: Final = "DELETE /v1/me"
EXPORT_PAGE: Final = 7
"""The number of days that a page of an export covers. In production it is a hundred."""
EXPORT_SECTIONS: Final = 2
"""The number of sections that a page of an export covers. In production it is ten."""
REMINDERS: Final = {
    "prompt_time": "08:30",
    "evening_time": "20:30",
    "quiet_hours": {"start": "22:00", "end": "07:00"},
    "touch": None,
    "nudges_muted": False,
    "news": True,
}


class Refused(Exception):  # noqa: N818  a refusal is a normal reply
    """The API refuses the request. The message is the problem's name."""


@dataclass(frozen=True)
class Request:
    """A person's request. `place` replaces the parameter in the route's braces."""

    who: str
    route: str
    place: str = ""
    query: str = ""
    body: Json = None
    key: str | None = None
    signed_in: dt.timedelta = dt.timedelta()
    """How long ago this person last signed in."""

    @property
    def path(self) -> str:
        return re.sub(r"\{\w+\}", self.place, self.route.partition(" ")[2]) + self.query


@dataclass(frozen=True)
class Prompt:
    """A prompt of a pack. `comfort` says how much touch it asks for."""

    id: str
    theme: str
    kind: str
    depth: int
    comfort: int
    texts: dict[str, str] = field(compare=False)

    def fits(self, depth: int, touch: int) -> bool:
        return self.depth <= depth and max(self.comfort, int(self.kind == "touch")) <= touch


@dataclass(frozen=True)
class Pack:
    """A pack. A pack with a `code` is a course: its prompts come in order, one every `every_days` days."""

    id: str
    audience: str
    prompts: tuple[Prompt, ...]
    titles: dict[str, str]
    live_from: dt.datetime
    code: str = ""
    every_days: int = 1


@dataclass
class Answer:
    text: str | None
    revision: int
    at: dt.datetime
    share_first: bool = False
    shown: set[str | None] = field(default_factory=set)
    """The earlier texts that the partner could read before the reveal."""
    edited: bool = False
    """Whether the text has changed since the partner could read it."""
    reflection: Json = None
    reflected_at: dt.datetime | None = None


@dataclass
class Day:
    """A couple's opened day, or a person's solo day."""

    date: dt.date
    prompt: Prompt
    answers: dict[str, Answer] = field(default_factory=dict)
    swapped: Prompt | None = None
    swapped_by: tuple[str, str | None] | None = None
    shared_with: Couple | None = None

    @property
    def revealed(self) -> bool:
        return len(self.answers) == 2


@dataclass(eq=False)
class Couple:
    members: tuple[str, str]
    made_at: dt.datetime
    first_date: dt.date
    counted_from: dt.date
    invites: list[str]
    """The invites by which they paired: the first, and one for each time that they came back."""
    zones: list[tuple[dt.datetime, Zones]]
    """The zones of both since they paired or came back. Each entry has the instant from which its zones count."""
    opened_before: dict[dt.date, tuple[dt.datetime, dt.datetime]] = field(default_factory=dict)
    """The windows of the days that were there when they came back, as of that moment."""
    ended: dt.datetime | None = None
    days: dict[dt.date, Day] = field(default_factory=dict)
    pause: tuple[dt.date, dt.date] | None = None
    paused: set[dt.date] = field(default_factory=set)
    pauser: str | None = None
    """The member who paused a date last."""
    left_alone_until: dict[str, dt.datetime] = field(default_factory=dict)
    """Until when each member may pause no further dates, because the partner has taken dates from their pause."""
    packs: dict[str, tuple[str, dt.date]] = field(default_factory=dict)
    begun: dt.date = dt.date.min
    """The latest date that either clock has shown when a choice about touch was made."""
    touch: list[tuple[dt.date, bool]] = field(default_factory=list)
    """Whether both want touch, with the date after which it holds."""
    breaks: dict[dt.date, bool] = field(default_factory=dict)
    """Whether a date with touch is in a break, as the first reply of the date has said."""

    @property
    def complete(self) -> set[dt.date]:
        """Return the complete dates. A day takes answers only while it is open, so both answers make it complete."""
        return {date for date, day in self.days.items() if day.revealed}

    @property
    def first(self) -> dt.date:
        # Decided: a couple that flies back over the date line soon after pairing can answer a date before its first.
        return min({self.first_date, *self.complete})

    @property
    def seen(self) -> dict[Prompt, dt.date]:
        """Return the last date of each met prompt. Decided: a swapped prompt counts as met."""
        met = [(prompt, day.date) for day in self.days.values() for prompt in (day.swapped, day.prompt) if prompt]
        return dict(sorted(met, key=lambda each: each[1]))

    def partner_of(self, name: str) -> str:
        (partner,) = (each for each in self.members if each != name)
        return partner

    def wants(self, pack: Pack) -> bool:
        wish, _ = self.packs.get(pack.id, ("", None))
        return wish != "off" if pack.audience == "everyone" else wish in {"chosen", "joined"}

    def window(self, date: dt.date) -> tuple[dt.datetime, dt.datetime]:
        return window_after_moves(date, self.zones, self.opened_before.get(date))

    def is_open(self, date: dt.date, now: dt.datetime) -> bool:
        opens, closes = self.window(date)
        return opens <= now < closes

    def has_closed(self, date: dt.date, now: dt.datetime) -> bool:
        return self.window(date)[1] <= now

    def missed(self, now: dt.datetime) -> list[dt.date]:
        """Return the couple's whole dates, outside pauses, that closed without both answers."""
        latest = max(date_at(now, zone) for zone in self.zones[-1][1])
        dates = dates_from(self.counted_from, latest)
        spared = self.complete | self.paused
        return [date for date in dates if date not in spared and self.has_closed(date, now)]

    def pause_seen(self, today: dt.date) -> Json:
        # Decided: a partner whose clock has not reached the couple's first date counts too.
        if self.pause is None or today >= self.pause[1]:
            return None
        return {"from": str(self.pause[0]), "until": str(self.pause[1])}


@dataclass
class Invite:
    id: str
    code: str
    inviter: str
    inviter_name: str
    expires: dt.datetime
    redeemer: str | None = None
    redeemer_name: str | None = None
    choice: bool | None = None
    """Whether the redeemer wants to go on with their former couple. None if there is none."""
    words: dict[str, list[str]] = field(default_factory=dict)
    """The three random words of each person who redeemed the invite, which the first reply names."""
    canceled: bool = False
    """An erasure cancels the invites that the person has made."""

    @property
    def seen(self) -> Json:
        return {"invite_id": self.id, "code": self.code, "link": ANY, "expires_at": stamp(self.expires)}


@dataclass(frozen=True)
class Nudge:
    at: dt.datetime
    gesture: str
    couple: Couple
    key: str | None
    shown: bool

    @property
    def seen(self) -> Json:
        return {"gesture": self.gesture, "at": stamp(self.at)}


@dataclass
class Person:
    name: str
    profile: Json = None
    erased: bool = False
    reminders: Json = field(default_factory=lambda: REMINDERS)
    couple: Couple | None = None
    parted: list[tuple[Couple, dt.datetime]] = field(default_factory=list)
    invite: Invite | None = None
    tries: list[dt.datetime] = field(default_factory=list)
    code_tries: list[dt.datetime] = field(default_factory=list)
    counted: dict[str, list[dt.datetime]] = field(default_factory=dict)
    """When the person did each kind of act that has a limit."""
    nudges: list[Nudge] = field(default_factory=list)
    alone: dict[dt.date, Day] = field(default_factory=dict)
    keys: dict[str, object] = field(default_factory=dict)
    tried: dict[object, dt.datetime] = field(default_factory=dict)
    keyed_invites: dict[str, Invite] = field(default_factory=dict)
    cursors: dict[str, tuple[int, dt.date]] = field(default_factory=dict)

    @property
    def zone(self) -> str:
        zone: str = self.profile["zone"]
        return zone

    @property
    def wants_touch(self) -> bool:
        return bool(self.reminders["touch"]) and self.profile["touch_comfort"] > 0

    def nudges_at(self, now: dt.datetime) -> list[Nudge]:
        return [nudge for nudge in self.nudges if nudge.at > now - DAY]

    def couples_at(self, now: dt.datetime) -> list[tuple[Couple, dt.datetime | None, bool]]:
        """Return the couples in the order of their ends, with each end, and whether their texts are still kept."""
        ended = [(couple, end, now < end + 30 * DAY) for couple, end in self.parted]
        return [*ended, *([(self.couple, None, True)] if self.couple else [])]


class Model:
    """The model of some persons and all packs. `events` counts each kind of event that a test should reach."""

    now: dt.datetime
    me: Person
    request: Request
    reply: Json
    """The body of the API's reply, from which the model learns some facts."""
    read: Callable[[str], Json]
    """Calls the API as the current person, to learn a prompt that the reply does not name."""
    claimed: dict[str, object]
    """The current request by its idempotency key; empty without a key."""

    def __init__(self, packs: Iterable[Pack], names: Iterable[str]) -> None:
        self.packs = sorted(packs, key=lambda pack: pack.id)
        self.persons = {name: Person(name) for name in names}
        self.invites: list[Invite] = []
        self.events: Counter[str] = Counter()

    def reply_to(self, request: Request, now: dt.datetime, reply: Json, read: Callable[[str], Json]) -> Json:
        """Return the body of the expected reply, or None for an empty one. Raise Refused for a refusal."""
        self.now, self.request, self.me, self.reply, self.read = now, request, self.persons[request.who], reply, read
        self.claimed = {}
        if request.route in {EXPORT, ERASE} and request.signed_in > HOUR / 4:
            raise Refused("sign-in-not-recent")
        if self.me.erased and request.route != ERASE:
            if request.route == "POST /v1/invites/confirm":
                # Decided: this route looks at its key first.
                self._claim("confirm", request.body["invite_id"], request.body["words"])
            raise Refused("account-erased")
        if request.route == ERASE:
            return self.delete_v1_me()
        if self.me.profile is None and request.route != "PUT /v1/me":
            raise Refused("no-profile")
        expected = getattr(self, re.sub(r"\W+", "_", request.route.lower()).strip("_"))()
        # A key is stored with the effect of its request. The key of a refused request is free.
        self.me.keys |= self.claimed
        return expected

    @property
    def couple(self) -> Couple:
        if self.me.couple is None:
            raise Refused("not-paired")
        return self.me.couple

    @property
    def partner(self) -> Person:
        return self.persons[self.couple.partner_of(self.me.name)]

    @property
    def today(self) -> dt.date:
        return date_at(self.now, self.me.zone)

    @property
    def date(self) -> dt.date:
        return dt.date.fromisoformat(self.request.place)

    def _require_unpaired(self) -> None:
        if self.me.couple:
            raise Refused("already-paired")

    def _claim(self, *asked: object) -> None:
        """Decided: the model forgets no key, because nothing deletes keys from the table in memory after 24 hours."""
        if key := self.request.key:
            if self.me.keys.get(key, asked) != asked:
                raise Refused("key-reused")
            self.claimed = {key: asked}

    def _try(self, tries: list[dt.datetime], code: str = "", *, choice: bool | None = None) -> None:
        """Count a try: at most five an hour and twenty a day. Refused tries and repeats do not count.

        Decided: the answer to the question whether the two go on is the same try as the code before it.
        """
        me, now = self.me, self.now
        if any(me.keys.get(key) == asked for key, asked in self.claimed.items()):
            return
        repeated = self.claimed.values() if choice is None else [code]
        # Decided: a failed try is remembered for a day, under any key.
        if any(me.tried.get(each, now - DAY) > now - DAY for each in repeated):
            return
        if sum(each > now - HOUR for each in tries) >= 5 or sum(each > now - DAY for each in tries) >= 20:
            raise Refused("too-many-tries")
        tries.append(now)
        me.tried |= dict.fromkeys([*repeated, code], now)

    def _page(self, dates: Iterable[dt.date]) -> tuple[list[dt.date], str | None]:
        """Return a page of dates, latest first, and the start of the next page."""
        given = dict(parse_qsl(self.request.query.removeprefix("?")))
        limit, before = int(given.get("limit", "30")), given.get("before", "9999-12-31")
        page = sorted((date for date in dates if str(date) < before), reverse=True)[:limit]
        return page, str(page[-1]) if len(page) == limit else None

    def _count(self, kind: str, most: int) -> None:
        """Count an act: at most so many in 24 hours. Refused acts do not count, nor acts that change nothing."""
        done = [at for at in self.me.counted.get(kind, []) if at > self.now - DAY]
        if len(done) >= most:
            raise Refused("too-many-changes")
        self.me.counted[kind] = [*done, self.now]

    def put_v1_me(self) -> Json:
        usual = {"language": "en", "depth": 1, "touch_comfort": 0, "barriers": [], "streak_hidden": False}
        if self.me.profile and not _asks_no_more(usual | self.request.body, self.me.profile):
            self._count("profile", 60)
        if couple := self.me.couple:
            self._begin_dates(couple)
        self.me.profile = usual | self.request.body
        if couple:
            self._note_touch(couple)
        if (couple := self.me.couple) and couple.zones[-1][1] != (zones := self._zones(couple.members)):
            before = {date: couple.window(date) for date in couple.days}
            couple.zones.append((self.now, zones))
            self.events["window widened"] += any(couple.window(date) != before[date] for date in before)
        return self.get_v1_me()

    def get_v1_me(self) -> Json:
        return {"uid": self.me.name, "paired": self.me.couple is not None} | self.me.profile

    def get_v1_me_reminders(self) -> Json:
        return self.me.reminders

    def put_v1_me_reminders(self) -> Json:
        had = self.me.reminders
        wanted = REMINDERS | self.request.body
        # Decided: a change that only silences something does not count.
        if (had["nudges_muted"] and not wanted["nudges_muted"]) or (
            wanted["touch"] and wanted["touch"] != had["touch"]
        ):
            self._count("reminders", 60)
        self.me.reminders = wanted
        if self.me.couple:
            self._note_touch(self.me.couple)
        return self.me.reminders

    def get_v1_touch_today(self) -> Json:
        couple, today = self.couple, self.today
        agreed = [wanted for since, wanted in couple.touch if since < today][-1:] == [True] and self.me.wants_touch
        # Nobody can compute the breaks. So the first reply of a date says whether it is in a break.
        if agreed and couple.breaks.setdefault(today, self.reply["gesture"] is None):
            agreed = False
        gesture = {"id": ANY, "warmth": ANY, "text": ANY} if agreed else None
        return {"date": str(today), "gesture": gesture}

    def _begin_dates(self, couple: Couple) -> None:
        couple.begun = max(couple.begun, *(date_at(self.now, zone) for zone in self._zones(couple.members)))

    def _note_touch(self, couple: Couple) -> None:
        """Note whether both want touch. It holds after the latest date that either has begun on their clock."""
        self._begin_dates(couple)
        wanted = all(self.persons[each].wants_touch for each in couple.members)
        couple.touch.append((couple.begun, wanted))

    def post_v1_invites(self) -> Json:
        me, key = self.me, self.request.key
        self._claim("invite")
        self._require_unpaired()
        if key in me.keyed_invites:
            # Decided: the same key gives the same code while that invite is live. It never brings back a dead invite.
            known = me.keyed_invites[key]
            if known is not me.invite or known.expires <= self.now:
                raise Refused("key-reused")
            return known.seen
        self._count("invites", 30)
        expires, name = self.now.replace(microsecond=0) + DAY, me.profile["display_name"]
        me.invite = Invite(self.reply["invite_id"], self.reply["code"], me.name, name, expires)
        assert me.invite.code not in {each.code for each in self.invites}
        self.invites.append(me.invite)
        if key:
            me.keyed_invites[key] = me.invite
        return me.invite.seen

    def _live_invite(self) -> Invite:
        if self.me.invite is None or self.me.invite.expires <= self.now or self.me.invite.canceled:
            raise Refused("no-invite")
        return self.me.invite

    def get_v1_invites(self) -> Json:
        invite = self._live_invite()
        return {
            "invite_id": invite.id,
            "state": "redeemed" if invite.redeemer else "open",
            "redeemed_by": invite.redeemer_name,
            "words": invite.words[invite.redeemer] if invite.redeemer else None,
            "expires_at": stamp(invite.expires),
            "together_before": invite.choice is not None,
        }

    def delete_v1_invites(self) -> None:
        self.me.invite = None

    def post_v1_invites_redeem(self) -> Json:
        code, choice = _code_in(self.request.body["code"], 10), self.request.body.get("resume")
        self._claim("redeem", code, choice)
        self._require_unpaired()
        self._try(self.me.tries, code, choice=choice)
        found = next((each for each in self.invites if each.code.replace("-", "") == code), None)
        # Wrong, used, withdrawn, expired and own codes get the same answer. Decided: the redeemer may redeem again.
        if (
            found is None
            or found.canceled
            or self.persons[found.inviter].invite is not found
            or found.expires <= self.now
            or found.inviter == self.me.name
            or found.redeemer not in {None, self.me.name}
        ):
            raise Refused("invite-not-usable")
        former = self._former(self.persons[found.inviter])
        chosen = choice if found.choice is None or choice is not None else found.choice
        if former and chosen is None:
            # Only a request with an effect stores its key.
            self.claimed = {}
            self.events["asked whether to go on"] += 1
        else:
            # Decided: who redeems an invite again stores no new key.
            self.claimed = {} if found.redeemer else self.claimed
            found.redeemer, found.redeemer_name = self.me.name, self.me.profile["display_name"]
            found.choice = chosen if former else None
            found.words.setdefault(self.me.name, self.reply["words"])
        return {
            "invite_id": found.id,
            "inviter": found.inviter_name,
            "state": "redeemed" if found.redeemer else "open",
            "words": found.words[found.redeemer] if found.redeemer else None,
            "together_before": former is not None,
        }

    def _former(self, other: Person) -> Couple | None:
        """Return the latest couple that the two were, if it ended less than thirty days ago."""
        both = [couple for couple, _ in self.me.parted if couple in [each for each, _ in other.parted]]
        kept = [couple for couple in both[-1:] if couple.ended and self.now < couple.ended + 30 * DAY]
        return kept[0] if kept else None

    def post_v1_invites_confirm(self) -> Json:
        me, asked, choice = self.me, self.request.body["invite_id"], self.request.body.get("resume")
        self._claim("confirm", asked, self.request.body["words"], choice)
        if me.couple and asked == me.couple.invites[-1]:
            # Decided: a repeat finds the couple, whichever of the two sends it. It stores no new key.
            self.claimed = {}
            return self._couple_seen()
        self._require_unpaired()
        invite = self._live_invite()
        if invite.id != asked:
            raise Refused("no-invite")
        if invite.redeemer is None:
            raise Refused("not-redeemed-yet")
        if self.request.body["words"] != invite.words[invite.redeemer]:
            raise Refused("other-words")
        other = self.persons[invite.redeemer]
        if other.couple:
            raise Refused("invite-not-usable")
        former = self._former(other) if invite.choice is not None else None
        if former and choice is None:
            raise Refused("choice-missing")
        self.events["one wanted to go on"] += former is not None and choice != invite.choice
        if former and choice and invite.choice:
            self._resume(former, asked)
        else:
            me.couple = other.couple = self._new_couple(other, asked)
            self._note_touch(me.couple)
        me.invite = other.invite = None
        return self._couple_seen()

    def _new_couple(self, other: Person, invite: str) -> Couple:
        members = self.me.name, other.name
        zones = self._zones(members)
        # A couple exists from the first date that either clock shows. It cannot miss dates that had begun by then,
        # because the couple did not exist yet.
        dates = [date_at(self.now, zone) for zone in zones]
        begun = [date for date in dates_from(min(dates) - 3 * DAY, max(dates)) if window(date, zones)[0] < self.now]
        return Couple(members, self.now, min(dates), max(begun) + DAY, [invite], [(self.now, zones)])

    def _resume(self, couple: Couple, invite: str) -> None:
        """Let the couple stand again. The time apart counts as a pause.

        Decided: dates that were open at the end are paused, up to the day before the earlier of the two todays. A date
        that nobody has opened gets the hours of the present zones.
        """
        ended, zones = couple.ended, self._zones(couple.members)
        assert ended
        today = min(date_at(self.now, zone) for zone in zones)
        couple.opened_before = {date: couple.window(date) for date in couple.days}
        near = dates_from(ended.date() - 3 * DAY, ended.date() + DAY)
        closed = [date for date in near if couple.opened_before.get(date, window(date, zones))[1] <= ended]
        first = max(closed) + DAY
        # Decided: who paused before the end is forgotten with the end.
        couple.pauser, couple.left_alone_until = None, {}
        if first < today:
            couple.paused |= set(dates_from(first, today - DAY))
            before, until = couple.pause or (first, today)
            goes_on = first <= until
            couple.pause = (min(before, first), max(until, today)) if goes_on else (first, today)
        couple.zones, couple.ended = [(self.now, zones)], None
        couple.invites.append(invite)
        couple.begun, couple.touch = dt.date.min, []
        self._note_touch(couple)
        for person in map(self.persons.__getitem__, couple.members):
            person.couple, person.parted = couple, [each for each in person.parted if each[0] is not couple]
        self.events["resumed"] += 1
        self.events["resumed after days"] += first < today

    def _couple_seen(self) -> Json:
        return {"partner": self.partner.profile["display_name"], "since": str(self.couple.first_date)}

    def get_v1_couple(self) -> Json:
        shelf = [pack.id for pack in self._shelf()]
        return self._couple_seen() | {"packs": shelf, "pause": self.couple.pause_seen(self.today)}

    def delete_v1_couple(self) -> None:
        self.couple.ended = self.now
        for each in (self.partner, self.me):
            # Decided: a later instant than any before, even if a clock has gone back.
            end = max([self.now, *(ended + MILLISECOND for _, ended in each.parted)])
            each.parted.append((self.couple, end))
        self.partner.couple = self.me.couple = None

    def delete_v1_me(self) -> Json:
        """Hide the person at once. The partner is free, and keeps their own words."""
        if not self.me.erased:
            if self.me.couple:
                self.delete_v1_couple()
                self.events["erased in a couple"] += 1
            for invite in self.invites:
                invite.canceled |= invite.inviter == self.me.name
                if invite.redeemer == self.me.name:
                    # Decided: an invite that the person has redeemed is open again.
                    invite.redeemer = invite.redeemer_name = invite.choice = None
        self.me.erased = True
        return {"receipt": ANY}

    def clean_up(self, name: str) -> None:
        """Forget the requests of an erased person. Nobody sees anything else of what `cleanup` does."""
        self.persons[name].keys.clear()

    def _zones(self, names: Iterable[str]) -> Zones:
        return tuple(self.persons[name].zone for name in names)

    def patch_v1_couple(self) -> Json:
        """Pause from the person's own today, for at most 92 days.

        All of it is decided: the later request holds, past and closed dates do not change, and a pause that continues
        another one began with that one.
        """
        couple, today = self.couple, self.today
        until = dt.date.fromisoformat(self.request.body["pause"]["until"])
        if not today + DAY <= until <= today + 92 * DAY:
            raise Refused("pause-out-of-range")
        paused = {date for date in couple.paused if date < until}
        paused |= {date for date in dates_from(today, until - DAY) if not couple.has_closed(date, self.now)}
        if paused - couple.paused and self.now < couple.left_alone_until.get(self.me.name, self.now):
            raise Refused("pause-too-soon")
        goes_on = couple.pause is not None and today <= couple.pause[1]
        pause = (min(couple.pause[0], today) if couple.pause and goes_on else today, until)
        if (pause, paused) != (couple.pause, couple.paused):
            self._count("pauses", 30)
        couple.pause = pause
        self._change_paused(paused)
        return self.get_v1_couple()

    def _change_paused(self, paused: set[dt.date]) -> None:
        couple = self.couple
        if couple.paused - paused and couple.pauser == self.partner.name:
            couple.left_alone_until[couple.pauser] = self.now + 7 * DAY
        if paused - couple.paused:
            couple.pauser = self.me.name
        couple.paused = paused

    def delete_v1_couple_pause(self) -> None:
        """End the pause. Decided: the person's own today counts again."""
        couple, today = self.couple, self.today
        if couple.pause_seen(today) and couple.pause:
            self._change_paused({date for date in couple.paused if date < today or couple.has_closed(date, self.now)})
            couple.pause = (couple.pause[0], today) if couple.pause[0] < today else _last_run(couple.paused)
            self.events["pause ended"] += 1

    def get_v1_today(self) -> Json:
        couple, today, before = self.couple, self.today, self.today - DAY
        # The day before, while it is open. Decided: not if it was before the couple and nobody has opened it.
        goes_on = couple.is_open(before, self.now) and (before in couple.days or before >= couple.first_date)
        views = [self._view(self._opened(date)) for date in [today, *([before] if goes_on else [])]]
        # An open day ahead that the partner has answered. Decided: the first one that the reader has not answered, or
        # else the first.
        waits = [day for day in couple.days.values() if day.date > today and self.partner.name in day.answers]
        ahead = [day for day in waits if couple.is_open(day.date, self.now)]
        ahead.sort(key=lambda day: (day.revealed, day.date))
        self.events["day ahead shown"] += bool(ahead)
        return {
            "today": views[0],
            "previous": views[1] if goes_on else None,
            "next": self._view(ahead[0]) if ahead else None,
            "streak": None if self.me.profile["streak_hidden"] else self.streak(couple),
            "pause": couple.pause_seen(today),
        }

    def get_v1_days(self) -> Json:
        page, before = self._page(self.couple.days)
        return {"days": [self._view(self.couple.days[date]) for date in page], "before": before}

    def get_v1_days_date(self) -> Json:
        return self._view(self._known())

    def _stored(self) -> Day:
        if self.date not in self.couple.days:
            raise Refused("no-such-day")
        return self.couple.days[self.date]

    def _known(self) -> Day:
        couple, date = self.couple, self.date
        if date not in couple.days and not (date >= couple.first_date and couple.is_open(date, self.now)):
            raise Refused("no-such-day")
        return self._opened(date)

    def _opened(self, date: dt.date) -> Day:
        """Return the day, or open it with a prompt that the design allows."""
        couple = self.couple
        if date in couple.days:
            return couple.days[date]
        day = Day(date, self._learned(date, f"/v1/days/{date}", self._choices(date)))
        # Decided: a clock that has gone west may show a closed date. The reply has its prompt, and no day is stored.
        if not couple.has_closed(date, self.now):
            couple.days[date] = day
        return day

    def _learned(self, date: dt.date, elsewhere: str, allowed: list[Prompt]) -> Prompt:
        """Return the date's prompt, learned from this reply or from another route. The design must allow it."""
        name = _prompt_in(self.reply, date) or _prompt_in(self.read(elsewhere), date)
        found = [prompt for prompt in allowed if prompt.id == name]
        assert found, f"{date} has {name}, and may have {allowed}"
        return found[0]

    def _view(self, day: Day) -> Json:
        """Return the day's view, with the partner's answer hidden until its reveal."""
        mine, theirs = day.answers.get(self.me.name), day.answers.get(self.partner.name)
        is_open = self.couple.is_open(day.date, self.now)
        return {
            "date": str(day.date),
            "prompt": self._worded(day.prompt),
            "open": is_open,
            # Computed from the reader's own clock, so that it does not reveal where the partner is.
            "closes_at": stamp(window(day.date, (self.me.zone,))[1]),
            "revealed": day.revealed,
            "swappable": not day.answers and day.swapped is None and is_open,
            "me": _own_part(mine) | {"share_first": mine.share_first if mine else False},
            "partner": {
                "state": "answered" if theirs else "waiting",
                "text": theirs.text if theirs and (day.revealed or theirs.share_first) else None,
                "edited": theirs is not None and (day.revealed or theirs.share_first) and theirs.edited,
            },
            "reflect": "heard" if day.prompt.theme in {"listening", "courage"} else None,
            "reflections": {
                "me": mine.reflection if mine and day.revealed else None,
                "partner": theirs.reflection if theirs and day.revealed else None,
            },
        }

    def _worded(self, prompt: Prompt) -> Json:
        spoken = self._spoken(prompt.texts)
        helped = prompt.theme in {"courage", "fear"}  # Decided: with a prompt of a heavy theme, help is one tap away.
        return {
            "id": prompt.id,
            "theme": prompt.theme,
            "kind": prompt.kind,
            "text": prompt.texts[spoken],
            "why": f"Why, in {spoken}.",
            "hint": None,
            "help": {"text": ANY, "href": "/v1/help"} if helped else None,
        }

    def _spoken(self, texts: dict[str, str]) -> str:
        language: str = self.me.profile["language"]
        return language if language in texts else "en"

    def _new_answer(self) -> Answer:
        body = self.request.body
        revision = (body.get("revision") or 0) + 1
        return Answer(body.get("text"), revision, self.now, share_first=body.get("share_first", False))

    def _is_repeat(self, mine: Answer | None, new: Answer) -> bool:
        """Return whether the request repeats the stored answer, perhaps because its reply was lost."""
        if mine is None:
            return False
        is_same = (mine.text, mine.share_first, mine.revision) == (new.text, new.share_first, new.revision)
        self.events["answer repeated"] += is_same
        return is_same

    def _record(self, day: Day, new: Answer) -> None:
        mine, revision = day.answers.get(self.me.name), self.request.body.get("revision")
        if revision is None and mine:
            raise Refused("answered-already")
        if revision is not None and mine is None:
            raise Refused("nothing-to-edit")
        if mine and revision != mine.revision:
            raise Refused("edited-since")
        if mine:
            new.shown = mine.shown | ({mine.text} if mine.share_first else set())
            new.edited = mine.edited or (bool(new.shown) and new.text != mine.text)
            self.events["edited openly"] += new.edited
        day.answers[self.me.name] = new

    def put_v1_days_date_answer(self) -> Json:
        day, body = self._known(), self.request.body
        # An answer is for the prompt that its writer has read. Decided: an edit need not name the prompt. An answer
        # need not name it either, if nobody has swapped.
        is_unnamed = day.swapped and body.get("revision") is None
        if body["prompt"] != day.prompt.id if "prompt" in body else is_unnamed:
            raise Refused("prompt-changed")
        if body.get("text") is None and day.prompt.kind == "question":
            raise Refused("text-missing")
        mine, new = day.answers.get(self.me.name), self._new_answer()
        if self._is_repeat(mine, new):
            return self._view(day)
        if day.revealed:
            raise Refused("answers-are-open")
        if not self.couple.is_open(day.date, self.now):
            raise Refused("day-closed")
        self._record(day, new)
        self.events["edited"] += mine is not None
        self.events["revealed"] += day.revealed
        self.events["shared first"] += new.share_first
        return self._view(day)

    def post_v1_days_date_swap(self) -> Json:
        day, by = self._stored(), (self.me.name, self.request.key)
        self._claim("swap", self.couple, day.date)
        if self.request.key and day.swapped_by == by:
            return self._view(day)
        if not self.couple.is_open(day.date, self.now):
            raise Refused("day-closed")
        if day.answers:
            raise Refused("swap-too-late")
        if day.swapped:
            raise Refused("swapped-already")
        # Decided: the other prompt has the same theme. It is not the next prompt of a course, which has its own date.
        # The replaced prompt counts as met. The other prompt is easy and without touch, whatever the two have chosen.
        others = self._best(day.prompt.theme, [each for each in self._everyday((1, 0)) if each != day.prompt])
        if not others:
            raise Refused("nothing-to-swap")
        day.swapped, day.swapped_by = day.prompt, by
        day.prompt = self._learned(day.date, f"/v1/days/{day.date}", others)
        return self._view(day)

    def put_v1_days_date_reflection(self) -> Json:
        day = self._stored()
        if not day.revealed:
            raise Refused("not-open-yet")
        mine, new = day.answers[self.me.name], {"text": None} | self.request.body
        if mine.reflection not in (None, new):
            raise Refused("reflected-already")
        mine.reflection, mine.reflected_at = new, mine.reflected_at or self.now
        return self._view(day)

    def _live(self) -> list[Pack]:
        return [pack for pack in self.packs if pack.live_from <= self.now]

    def _limits(self, date: dt.date) -> list[tuple[int, int]]:
        """Return each pair of depth and touch comfort that the date may have.

        In the first four weeks, this is the smallest pair. Later, it is the smaller choice of both, or less in a calm
        phase.
        """
        profiles = [self.persons[name].profile for name in self.couple.members]
        depth, touch = (min(profile[name] for profile in profiles) for name in ("depth", "touch_comfort"))
        # Decided: a closed date that no day is stored for shows nothing of what the two have chosen.
        if (date - self.couple.first_date).days < 28 or self.couple.has_closed(date, self.now):
            return [(1, 0)]
        # Nobody can compute the calm phases. But a break from touch gives neither a gesture nor a touch prompt.
        least, most = {None: (0, touch), True: (0, 0), False: (min(1, touch), touch)}[self.couple.breaks.get(date)]
        return list(itertools.product(range(1, depth + 1), range(least, most + 1)))

    def _shelf(self) -> list[Pack]:
        """Return the packs that the couple has: those that it wants, or else everyone's packs."""
        wanted = [pack for pack in self._live() if self.couple.wants(pack)]
        return wanted or [pack for pack in self._live() if pack.audience == "everyone"]

    def _joined(self) -> list[Pack]:
        return [pack for pack in self._live() if pack.audience == "code" and self.couple.wants(pack)]

    def _plain(self, limits: tuple[int, int]) -> list[Prompt]:
        """Return the fitting prompts of packs without a code. If none fits, return those of everyone's packs."""
        own = _fitting((pack for pack in self._shelf() if pack.audience != "code"), limits)
        return own or _fitting((pack for pack in self._live() if pack.audience == "everyone"), limits)

    def _everyday(self, limits: tuple[int, int]) -> list[Prompt]:
        """Return the fitting prompts of packs without a code, and the prompts of courses that were met already."""
        again = [prompt for prompt in _fitting(self._joined(), limits) if prompt in self.couple.seen]
        return self._plain(limits) + again

    def _choices(self, date: dt.date) -> list[Prompt]:
        """Return each prompt that the design allows on a date without a day."""
        return [prompt for limits in self._limits(date) for prompt in self._choices_within(limits, date)]

    def _choices_within(self, limits: tuple[int, int], date: dt.date) -> list[Prompt]:
        couple = self.couple
        for course in self._joined():
            days = (date - couple.packs[course.id][1]).days
            unmet = [prompt for prompt in _fitting([course], limits) if prompt not in couple.seen]
            if days >= 0 and days % course.every_days == 0 and unmet:
                self.events["course"] += 1
                return unmet[:1]
        everyday = self._everyday(limits)
        shelf = _themes(self._plain(limits))
        # Decided: if a theme is missing, the themes that a barrier favors replace it, and come twice in seven days. A
        # barrier may count by chance, even if nobody has chosen it.
        themes = shelf if len(shelf) < len(THEMES) else _themes_on(date, couple.days.values(), shelf)
        return [prompt for theme in themes for prompt in self._best(theme, everyday)]

    def _best(self, theme: str, prompts: list[Prompt]) -> list[Prompt]:
        return _first_of([prompt for prompt in prompts if prompt.theme == theme], self.couple.seen)

    def get_v1_packs(self) -> Json:
        there = [pack for pack in self._live() if pack.audience != "code" or self.couple.wants(pack)]
        return {"packs": [self._pack_seen(pack) for pack in there]}

    def _pack_seen(self, pack: Pack) -> Json:
        wanted = self.couple.wants(pack)
        course = None
        if pack.audience == "code" and wanted:
            starts_on = str(self.couple.packs[pack.id][1])
            course = {"starts_on": starts_on, "every_days": pack.every_days, "in_order": True}
        return {
            "id": pack.id,
            "title": pack.titles[self._spoken(pack.titles)],
            "written_for": f"Everybody, in {self._spoken(pack.titles)}.",
            "prompts": len(pack.prompts),
            "languages": sorted(pack.titles),
            "audience": pack.audience,
            "chosen": wanted,
            "course": course,
        }

    def put_v1_couple_packs_pack_id(self) -> Json:
        couple = self.couple
        pack = next((pack for pack in self._live() if pack.id == self.request.place), None)
        if pack is None or (pack.audience == "code" and not couple.wants(pack)):
            raise Refused("no-such-pack")
        if not couple.wants(pack):
            couple.packs.pop(pack.id, None)
            if pack.audience != "everyone":
                couple.packs[pack.id] = ("chosen", self.today)
        return self._pack_seen(pack)

    def delete_v1_couple_packs_pack_id(self) -> None:
        couple = self.couple
        for pack in self._live():
            if pack.id == self.request.place and couple.wants(pack):
                couple.packs.pop(pack.id, None)
                if pack.audience == "everyone":
                    couple.packs[pack.id] = ("off", self.today)

    def post_v1_couple_practice_code(self) -> Json:
        couple, code = self.couple, _code_in(self.request.body["code"], 8)
        self._claim("join", couple, code)
        self._try(self.me.code_tries)
        pack = next((pack for pack in self._live() if pack.code == code), None)
        if pack is None:
            raise Refused("code-not-usable")
        # Decided: a couple that has the pack already stores no new key.
        self.claimed = {} if couple.wants(pack) else self.claimed
        if not couple.wants(pack):
            # Decided: its first date is the next one that neither has opened.
            first = next(date for date in dates_from(self.today, dt.date.max) if date not in couple.days)
            couple.packs[pack.id] = ("joined", first)
        return self._pack_seen(pack)

    def streak(self, couple: Couple, through: dt.date = dt.date.max) -> Json:
        """Return the streak. A second miss within seven dates ends a run."""
        missed = couple.missed(self.now)
        breaks = [miss for miss in missed if any(miss - days * DAY in missed for days in range(1, 7))]
        edges = [dt.date.min, *(date for date in breaks if date <= through), dt.date.max]
        met = {date for date in couple.complete if date <= through}
        # A day that both answered counts, also inside a pause.
        runs = [len([date for date in met if after < date < before]) for after, before in itertools.pairwise(edges)]
        self.events["rest day"] += bool(missed) and missed[0] not in breaks and runs[-1] > 0
        self.events["streak broken"] += any(runs[:-1])
        self.events["milestone"] += runs[-1] in MILESTONES
        return {"current": runs[-1], "longest": max(runs), "total": len(met)}

    def get_v1_streak(self) -> Json:
        couple = self.couple
        calendar = {}
        for date in dates_from(max(couple.first, _a_year_to(self.today)), self.today):
            # Decided: dates that began before they paired look like rest, too.
            still = "open" if couple.is_open(date, self.now) else "rest"
            mark = "complete" if date in couple.complete else "paused" if date in couple.paused else still
            calendar[str(date)] = mark
        return self.streak(couple) | {"hidden": self.me.profile["streak_hidden"], "calendar": calendar}

    def get_v1_recap(self) -> Json:
        """Return a week's recap. Decided: the default is the last whole week, which begins on a Monday."""
        couple, today, hidden = self.couple, self.today, self.me.profile["streak_hidden"]
        asked = self.request.query.partition("=")[2]
        monday = dt.date.fromisoformat(asked) if asked else today - (7 + today.weekday()) * DAY
        if monday.weekday():
            raise Refused("invalid-fields")
        week = list(dates_from(monday, monday + 6 * DAY))
        if monday > today or week[-1] < couple.first:
            raise Refused("no-such-week")
        met = [date for date in week if date in couple.complete]
        before, *ends = [self.streak(couple, date) for date in (monday - DAY, *week)]
        runs = [end["current"] for end in (before, *ends)]
        reached = [run for last, run in itertools.pairwise(runs) if run > last and run in MILESTONES]
        new = [pack for pack in self._live() if self._new_on(pack) in week]
        return {
            "week": str(monday),
            "days_met": {"count": len(met), "dates": [str(date) for date in met]},
            "themes": list(dict.fromkeys(couple.days[date].prompt.theme for date in met)),
            "streak": None if hidden else ends[-1],
            "new": {
                "packs": [{"id": pack.id, "title": pack.titles[self._spoken(pack.titles)]} for pack in new],
                "milestones": [] if hidden else reached,
                "longest": not hidden and ends[-1]["longest"] > before["longest"],
            },
        }

    def _new_on(self, pack: Pack) -> dt.date | None:
        """Return the first date on which the couple could get a prompt of a new pack."""
        couple = self.couple
        went_live = min(date_at(pack.live_from, zone) for zone in couple.zones[-1][1])
        if pack.audience == "code":
            return max(went_live, couple.packs[pack.id][1]) if couple.wants(pack) else None
        if pack.audience == "everyone" and not couple.wants(pack):
            return None
        return went_live if pack.live_from > couple.made_at else None

    def post_v1_nudges(self) -> Json:
        """Send a nudge: at most three in 24 hours. The reply does not reveal a mute."""
        gesture, key = self.request.body["gesture"], self.request.key
        self._claim("nudge", self.couple, gesture)
        lately = self.me.nudges_at(self.now)
        if key and (same := [nudge for nudge in lately if nudge.key == key]):
            return same[-1].seen
        if len(lately) >= 3:
            raise Refused("too-many-nudges")
        muted = self.partner.reminders["nudges_muted"]
        self.events["nudge muted"] += muted
        nudge = Nudge(self.now, gesture, self.couple, key, shown=not muted)
        # Decided: the latest three are remembered. Older ones could matter only to a clock that went backwards.
        self.me.nudges = sorted([*self.me.nudges, nudge], key=lambda each: each.at)[-3:]
        return nudge.seen

    def get_v1_nudges(self) -> Json:
        mine, theirs = self.me.nudges_at(self.now), self.partner.nudges_at(self.now)
        # The wait is in whole seconds, and never too short.
        next_at = stamp(mine[0].at + DAY + SECOND - dt.timedelta.resolution) if len(mine) == 3 else None
        received = [nudge.seen for nudge in reversed(theirs) if nudge.couple is self.couple and nudge.shown]
        return {"received": received, "left": 3 - len(mine), "next_at": next_at}

    def get_v1_solo_today(self) -> Json:
        self._require_unpaired()
        return self._own_view(self._own_day(self.today))

    def _own_day(self, date: dt.date) -> Day:
        """Return the person's solo day. Decided: its prompt is a fitting question of everyone's packs."""
        own, profile = self.me.alone, self.me.profile
        if date not in own:
            live = [pack for pack in self._live() if pack.audience == "everyone"]
            questions = [prompt for pack in live for prompt in pack.prompts if prompt.kind == "question"]
            fitting = [prompt for prompt in questions if prompt.fits(profile["depth"], profile["touch_comfort"])]
            seen = {own[day].prompt: day for day in sorted(own)}
            themes = _themes(fitting) if profile["barriers"] else _themes_on(date, own.values(), _themes(fitting))
            by_theme = [[prompt for prompt in fitting if prompt.theme == theme] for theme in themes]
            allowed = [prompt for prompts in by_theme for prompt in _first_of(prompts, seen)]
            own[date] = Day(date, self._learned(date, f"/v1/solo/days?before={date + DAY}&limit=1", allowed))
        return own[date]

    def _takes_own(self, date: dt.date) -> bool:
        # Decided: on the date and the day after it.
        return self.today - date in {0 * DAY, DAY}

    def _own_view(self, day: Day) -> Json:
        return {
            "date": str(day.date),
            "prompt": self._worded(day.prompt),
            "open": self.me.couple is None and self._takes_own(day.date),
            "me": _own_part(day.answers.get(self.me.name)),
            "shared": self.me.couple is not None and day.shared_with is self.me.couple,
        }

    def get_v1_solo_days(self) -> Json:
        page, before = self._page(self.me.alone)
        return {"days": [self._own_view(self.me.alone[date]) for date in page], "before": before}

    def put_v1_solo_days_date_answer(self) -> Json:
        self._require_unpaired()
        if self.date not in self.me.alone and not self._takes_own(self.date):
            raise Refused("no-such-day")
        day, new = self._own_day(self.date), self._new_answer()
        if not self._is_repeat(day.answers.get(self.me.name), new):
            if not self._takes_own(self.date):
                raise Refused("day-closed")
            self._record(day, new)
            # Decided: a couple that comes back does not see the edited answer until it is shown again.
            day.shared_with = None
        return self._own_view(day)

    def post_v1_solo_days_date_share(self) -> Json:
        couple, day = self.couple, self.me.alone.get(self.date)
        if day is None:
            raise Refused("no-such-day")
        if self.me.name not in day.answers:
            raise Refused("nothing-to-share")
        day.shared_with = couple
        return self._own_view(day)

    def delete_v1_solo_days_date_share(self) -> None:
        couple, day = self.couple, self.me.alone.get(self.date)
        if day and day.shared_with is couple:
            day.shared_with = None

    def _shown(self, couple: Couple) -> list[tuple[dt.date, str, Day]]:
        """Return the solo answers that the two have shared, latest first."""
        own = [(day.date, name, day) for name in couple.members for day in self.persons[name].alone.values()]
        return sorted((each for each in own if each[2].shared_with is couple), key=lambda each: each[:2], reverse=True)

    def get_v1_solo_shared(self) -> Json:
        shown = self._shown(self.couple)
        page, before = self._page({date for date, _, _ in shown})
        answers = [
            {
                "date": str(date),
                "by": "me" if name == self.me.name else "partner",
                "prompt": self._worded(day.prompt),
                "text": day.answers[name].text,
            }
            for date, name, day in shown
            if date in page
        ]
        return {"answers": answers, "before": before}

    def post_v1_me_export(self) -> Json:
        """Return a page of the person's own writing: solo, then by couple.

        A couple's part stays for 30 days after its end. A page covers a fixed number of days, also days without
        writing, and a fixed number of sections. Only a cursor that this person received leads to another page.
        """
        me, asked = self.me, (self.request.body or {}).get("next")
        if asked is not None and asked not in me.cursors:
            raise Refused("invalid-fields")
        if asked is None:
            self._count("exports", 20)
        begin, after = me.cursors[asked] if asked else (0, dt.date.min)
        sections = [(None, None, True), *me.couples_at(self.now)]
        spans: list[Json] = []
        entries: list[Json] = []
        left, following = EXPORT_PAGE, None
        for number, (couple, ended, included) in enumerate(sections[begin:], begin):
            if number == begin + EXPORT_SECTIONS:
                following = me.cursors[self.reply["next"]] = number, dt.date.min
                self.events["export goes on with a couple"] += 1
                break
            days = (couple.days if couple else me.alone) if included else {}
            dates = sorted(date for date in days if date > after)[:left]
            if couple:
                until = str(date_at(ended, me.zone)) if ended else None
                since = str(couple.first_date)
                spans.append({"couple": number, "since": since, "until": until, "included": included})
                self.events["keepsake over"] += not included
            found = [entry for date in dates if (entry := self._exported(days[date], number, stands=ended is None))]
            entries += found
            self.events["exported after parting"] += ended is not None and bool(found)
            left, after = left - len(dates), dt.date.min
            if not left:
                following = me.cursors[self.reply["next"]] = number, dates[-1]
                self.events["export goes on"] += 1
                break
        return {
            "format": "rekindle-export/1",
            "exported_at": stamp(self.now),
            "profile": me.profile,
            "couples": spans,
            "entries": entries,
            "next": ANY if following else None,
            "progress": ANY if following else 1,
        }

    def _exported(self, day: Day, number: int, *, stands: bool) -> Json:
        mine = day.answers.get(self.me.name)
        opened = [each for each in day.answers.values() if stands and (day.revealed or each.share_first)]
        theirs = next((each for each in opened if each is not mine), None)
        if mine is None and theirs is None:
            return None
        worded, answer, reflection = self._worded(day.prompt), None, None
        if mine:
            answer = {"text": mine.text, "at": stamp(mine.at), "share_first": mine.share_first}
        if mine and mine.reflected_at:
            reflection = mine.reflection | {"at": stamp(mine.reflected_at)}
        return {
            "kind": "day" if number else "alone",
            "date": str(day.date),
            "couple": number or None,
            "prompt": {name: worded[name] for name in ("id", "theme", "kind", "text")},
            "answer": answer,
            "reflection": reflection,
            "partner": {"text": theirs.text, "reflection": theirs.reflection} if theirs else None,
        }

    def kept(self, name: str, now: dt.datetime) -> list[str]:
        """Return every text that an export of this person contains."""
        person = self.persons[name]
        days = [day for couple, _, included in person.couples_at(now) if included for day in couple.days.values()]
        found = [day.answers[name] for day in (*person.alone.values(), *days) if name in day.answers]
        return [answer.text for answer in found if answer.text]

    def readable(self, name: str) -> list[str]:
        """Return every text that this person may read, whoever wrote it."""
        person = self.persons[name]
        answers = [answer for day in person.alone.values() for answer in day.answers.values()]
        for couple, ended, _ in person.couples_at(self.now):
            for day in couple.days.values():
                opened = [each for each in day.answers.values() if ended is None and (day.revealed or each.share_first)]
                answers += opened + [answer for by, answer in day.answers.items() if by == name]
        if person.couple:
            answers += [day.answers[writer] for _, writer, day in self._shown(person.couple)]
        texts = [text for each in answers for text in (each.text, (each.reflection or {}).get("text"))]
        return [text for text in texts if text]


def date_at(now: dt.datetime, zone: str) -> dt.date:
    """Return the local date in a zone."""
    return now.astimezone(ZoneInfo(zone)).date()


@cache
def start_of(date: dt.date, zone: str) -> dt.datetime:
    """Return the date's first instant in a zone. Search in steps of a quarter of an hour."""
    instant = dt.datetime.combine(date, dt.time(), dt.UTC) - 16 * HOUR
    while date_at(instant, zone) < date:
        instant += HOUR / 4
    return instant


@cache
def window(date: dt.date, zones: Zones) -> tuple[dt.datetime, dt.datetime]:
    """Return the span from the earlier start of the date to three hours after the later end."""
    return min(start_of(date, zone) for zone in zones), max(start_of(date + DAY, zone) for zone in zones) + 3 * HOUR


def window_after_moves(
    date: dt.date,
    history: Sequence[tuple[dt.datetime, Zones]],
    before: tuple[dt.datetime, dt.datetime] | None = None,
) -> tuple[dt.datetime, dt.datetime]:
    """Return a date's open hours, from the zones that counted from each instant on.

    `before` has the date's hours before all of these instants, if it had any. A date that has closed stays closed.
    While a date is open, a move makes its hours longer, and never shorter.
    """
    moves = history if before else history[1:]
    opens, closes = before or window(date, history[0][1])
    for instant, zones in moves:
        earliest, latest = window(date, zones)
        if instant < opens:
            opens, closes = earliest, latest
        elif instant < closes:
            opens, closes = min(opens, earliest), max(closes, latest)
    return opens, closes


def dates_from(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    """Return each date from the first to the last."""
    return (first + number * DAY for number in range((last - first).days + 1))


def stamp(instant: dt.datetime) -> str:
    """Return an instant in the API's format, to the second."""
    return instant.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _code_in(text: str, length: int) -> str:
    """Return the code in a text, which may be a link."""
    code = "".join(each for each in text.rpartition("#")[2].upper() if each.isalnum())
    if len(code) != length or any(each in "01OIL" for each in code):
        raise Refused("not-a-code")
    return code


def _own_part(mine: Answer | None) -> Json:
    if mine is None:
        return {"state": "waiting", "text": None, "revision": None}
    return {"state": "answered", "text": mine.text, "revision": mine.revision}


def _last_run(dates: set[dt.date]) -> tuple[dt.date, dt.date] | None:
    """Return the first date of the latest run of consecutive dates, and the date after it."""
    first = last = max(dates, default=None)
    while first and first - DAY in dates:
        first -= DAY
    return (first, last + DAY) if first and last else None


def _a_year_to(today: dt.date) -> dt.date:
    """Return the first date of the twelve months that end today."""
    if (today.month, today.day) == (2, 29):
        return dt.date(today.year - 1, 3, 1)
    return dt.date(today.year - 1, today.month, today.day) + DAY


def _prompt_in(body: Json, date: dt.date) -> str:
    """Return the id of the date's prompt in this reply, or an empty string."""
    body = body or {}
    views = [body, body.get("today"), body.get("previous"), *body.get("days", [])]
    found = [view["prompt"]["id"] for view in views if view and view.get("date") == str(date) and "prompt" in view]
    return str(found[0]) if found else ""


def _asks_no_more(profile: Json, earlier: Json) -> bool:
    """Return whether a profile only withdraws something. Decided: such a change is not counted."""
    return bool(
        all(profile[name] == earlier[name] for name in ("display_name", "zone", "language"))
        and all(profile[name] <= earlier[name] for name in ("depth", "touch_comfort"))
        and {*profile["barriers"]} <= {*earlier["barriers"]}
        and profile["streak_hidden"] >= earlier["streak_hidden"]
    )


def _fitting(packs: Iterable[Pack], limits: tuple[int, int]) -> list[Prompt]:
    """Return the packs' prompts within a depth and a touch comfort."""
    return [prompt for pack in packs for prompt in pack.prompts if prompt.fits(*limits)]


def _themes(prompts: Iterable[Prompt]) -> list[str]:
    return [theme for theme in THEMES if any(prompt.theme == theme for prompt in prompts)]


def _themes_on(date: dt.date, days: Iterable[Day], themes: list[str]) -> list[str]:
    """Return the themes that were not met within six days, or all themes.

    If some themes have no prompts, the other themes come again sooner.
    """
    near = {day.prompt.theme for day in days if 0 < abs((day.date - date).days) < len(themes)}
    return [theme for theme in themes if theme not in near] or themes


def _first_of(prompts: list[Prompt], seen: dict[Prompt, dt.date]) -> list[Prompt]:
    """Return the gentlest unseen prompts. If all are seen, return those seen longest ago."""
    if unseen := [prompt for prompt in prompts if prompt not in seen]:
        gentlest = min(prompt.depth for prompt in unseen)
        return [prompt for prompt in unseen if prompt.depth == gentlest]
    longest_ago = min((seen[prompt] for prompt in prompts), default=None)
    return [prompt for prompt in prompts if seen[prompt] == longest_ago]
