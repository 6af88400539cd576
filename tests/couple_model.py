"""Model of two couples and a stranger, computed plainly from the design, to compare with the API.

The model follows the design alone, and imports nothing of ours. It has whole histories in plain dictionaries, and
computes each reply again from all that happened. Time comes with each request. Where the design is silent and the code
has decided, a comment says so (`Decided:`).

The model learns two things from a reply: an invite's code, and a day's prompt among the prompts that the design allows.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import ANY
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

type Json = Any
type Nudge = dict[str, Any]

DAY: Final = dt.timedelta(days=1)
HOUR: Final = dt.timedelta(hours=1)
MILLISECOND: Final = dt.timedelta(milliseconds=1)
THEMES: Final = ("openness", "time", "courage", "listening", "touch", "fear", "spark")
MILESTONES: Final = (7, 30, 100, 365)
EXPORT: Final = "POST /v1/me/export"
EXPORT_PAGE: Final = 7
"""How many days a page of an export looks at; in production it is a hundred."""
REMINDERS: Final = {
    "prompt_time": "08:30",
    "evening_time": "20:30",
    "quiet_hours": {"start": "22:00", "end": "07:00"},
    "touch": None,
    "nudges_muted": False,
    "news": True,
}


class Refused(Exception):  # noqa: N818  it is an answer, not an error
    """The request is refused, with the problem of this name."""


@dataclass(frozen=True)
class Request:
    """A person's request; `place` replaces the route's braces."""

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
        return self.route.partition(" ")[2].replace("{}", self.place) + self.query


@dataclass(frozen=True)
class Prompt:
    """A prompt of a pack; `comfort` is how much touch it takes."""

    id: str
    theme: str
    kind: str
    depth: int
    comfort: int
    texts: dict[str, str] = field(compare=False)

    @property
    def pack(self) -> str:
        return self.id.partition("/")[0]

    def fits(self, depth: int, touch: int) -> bool:
        return self.depth <= depth and max(self.comfort, int(self.kind == "touch")) <= touch


@dataclass(frozen=True)
class Pack:
    """A pack; one for who has its `code` is a course: its prompts in order, one `every_days` days."""

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
    share_first: bool
    revision: int = 1
    reflection: Json = None
    at: dt.datetime | None = None
    reflected_at: dt.datetime | None = None


@dataclass
class Day:
    """A couple's day once it is opened, or a person's own."""

    date: dt.date
    prompt: Prompt
    opens: dt.datetime
    closes: dt.datetime
    answers: dict[str, Answer] = field(default_factory=dict)
    swapped: Prompt | None = None
    swapped_by: tuple[str, str | None] | None = None
    shared_with: Couple | None = None

    @property
    def revealed(self) -> bool:
        return len(self.answers) == 2

    def is_open(self, now: dt.datetime) -> bool:
        return self.opens <= now < self.closes


@dataclass(eq=False)
class Couple:
    members: tuple[str, str]
    made_at: dt.datetime
    first_date: dt.date
    counted_from: dt.date
    invite: str
    days: dict[dt.date, Day] = field(default_factory=dict)
    pause: tuple[dt.date, dt.date] | None = None
    paused: set[dt.date] = field(default_factory=set)
    packs: dict[str, tuple[str, dt.date]] = field(default_factory=dict)
    zones: list[tuple[dt.datetime, list[str]]] = field(default_factory=list)
    """Where the two have been, and since when: from when they paired on."""

    @property
    def complete(self) -> set[dt.date]:
        """Both can only answer while a day is open, so that both answers make it complete."""
        return {date for date, day in self.days.items() if day.revealed}

    @property
    def first(self) -> dt.date:
        # Decided: who flies back over the date line soon after pairing can meet on a date before their first.
        return min({self.first_date, *self.complete})


@dataclass
class Invite:
    id: str
    code: str
    inviter: str
    inviter_name: str
    expires: dt.datetime
    redeemer: str | None = None
    redeemer_name: str | None = None


@dataclass
class Person:
    name: str
    profile: Json = None
    reminders: Json = field(default_factory=lambda: dict(REMINDERS))
    couple: Couple | None = None
    invite: Invite | None = None
    tries: list[dt.datetime] = field(default_factory=list)
    code_tries: list[dt.datetime] = field(default_factory=list)
    nudges: list[Nudge] = field(default_factory=list)
    alone: dict[dt.date, Day] = field(default_factory=dict)
    keys: dict[str, object] = field(default_factory=dict)
    asked: tuple[str, object] | None = None
    tried: dict[tuple[str, object], dt.datetime] = field(default_factory=dict)
    keyed_invites: dict[str, Invite] = field(default_factory=dict)
    parted: list[tuple[Couple, dt.datetime]] = field(default_factory=list)
    cursors: dict[str, tuple[int, dt.date]] = field(default_factory=dict)

    @property
    def zone(self) -> str:
        zone: str = self.profile["zone"]
        return zone

    @property
    def wants_touch(self) -> bool:
        return bool(self.reminders["touch"]) and self.profile["touch_comfort"] > 0


@dataclass
class Model:
    """The five persons and all packs. `events` counts each kind of event that a test should reach."""

    packs: tuple[Pack, ...]
    persons: dict[str, Person]
    invites: list[Invite] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)

    def reply_to(self, request: Request, now: dt.datetime, learn: Learned) -> Json:
        """Return the body of the reply or None; raise Refused."""
        person = self.persons[request.who]
        if request.route == EXPORT and request.signed_in > HOUR / 4:
            raise Refused("sign-in-not-recent")
        if request.route == "PUT /v1/me":
            return self._set_profile(person, request.body, now)
        if person.profile is None:
            raise Refused("no-profile")
        person.asked = None
        reply = _ROUTES[request.route](self, person, request, now, learn)
        if person.asked:
            # A key is remembered with what was done under it: one that was refused is free.
            key, asked = person.asked
            person.keys[key] = asked
        return reply

    def _set_profile(self, person: Person, body: Json, now: dt.datetime) -> Json:
        person.profile = {
            "language": "en", "depth": 1, "touch_comfort": 0, "barriers": [], "streak_hidden": False,
        } | body  # fmt: skip
        if person.couple:
            person.couple.zones.append((now, self.zones(person.couple)))
            for day in person.couple.days.values():
                before = day.opens, day.closes
                day.opens, day.closes = self.window_of(person.couple, day.date)
                self.events["window widened"] += (day.opens, day.closes) != before
        return self._me(person)

    def _me(self, person: Person, *_: object) -> Json:
        return {"uid": person.name, "paired": person.couple is not None} | person.profile

    def _set_reminders(self, person: Person, request: Request, _now: dt.datetime, _learn: Learned) -> Json:
        person.reminders = REMINDERS | request.body
        return person.reminders

    def _reminders(self, person: Person, *_: object) -> Json:
        return person.reminders

    def _touch(self, person: Person, _request: Request, now: dt.datetime, _learn: Learned) -> Json:
        couple = _current_couple(person)
        agreed = all(self.persons[each].wants_touch for each in couple.members)
        gesture = {"id": ANY, "warmth": ANY, "text": ANY} if agreed else None
        return {"date": str(date_at(now, person.zone)), "gesture": gesture}

    def _invite(self, person: Person, request: Request, now: dt.datetime, learn: Learned) -> Json:
        _claim(person, request.key, "invite")
        if person.couple:
            raise Refused("already-paired")
        if request.key in person.keyed_invites:
            # Decided: the same key gives the same code as long as that is the live one, and never brings it back.
            known = person.keyed_invites[request.key]
            if known is not person.invite or known.expires <= now:
                raise Refused("key-reused")
            return _invited(known)
        expires = now.replace(microsecond=0) + DAY
        name = person.profile["display_name"]
        person.invite = Invite(learn.body["invite_id"], learn.body["code"], person.name, name, expires)
        assert person.invite.code not in {each.code for each in self.invites}
        self.invites.append(person.invite)
        if request.key:
            person.keyed_invites[request.key] = person.invite
        return _invited(person.invite)

    def _own_invite(self, person: Person, _request: Request, now: dt.datetime, _learn: Learned) -> Json:
        invite = _live_invite(person, now)
        return {
            "invite_id": invite.id,
            "state": "redeemed" if invite.redeemer else "open",
            "redeemed_by": invite.redeemer_name,
            "expires_at": stamp(invite.expires),
        }

    def _cancel(self, person: Person, *_: object) -> Json:
        person.invite = None

    def _try(self, person: Person, tries: list[dt.datetime], now: dt.datetime) -> None:
        """Count a try: five an hour, twenty a day, without refused and repeated ones."""
        if person.asked:
            key, request = person.asked
            # Decided: a repeat of what did not work is known for a day.
            if person.keys.get(key) == request or person.tried.get(person.asked, now - DAY) > now - DAY:
                self.events["try repeated"] += 1
                return
        if sum(each > now - HOUR for each in tries) >= 5 or sum(each > now - DAY for each in tries) >= 20:
            raise Refused("too-many-tries")
        tries.append(now)
        if person.asked:
            person.tried[person.asked] = now

    def _redeem(self, person: Person, request: Request, now: dt.datetime, _learn: Learned) -> Json:
        code = _code_in(request.body["code"], 10)
        _claim(person, request.key, ("redeem", code))
        if person.couple:
            raise Refused("already-paired")
        self._try(person, person.tries, now)
        found = next((each for each in self.invites if each.code.replace("-", "") == code), None)
        # Wrong, used, withdrawn, expired and own codes get the same answer. Decided: who redeemed it may do so again.
        if (
            found is None
            or self.persons[found.inviter].invite is not found
            or found.expires <= now
            or found.inviter == person.name
            or found.redeemer not in {None, person.name}
        ):
            raise Refused("invite-not-usable")
        found.redeemer, found.redeemer_name = person.name, person.profile["display_name"]
        self.events["redeemed"] += 1
        return {"invite_id": found.id, "inviter": found.inviter_name, "state": "redeemed"}

    def _confirm(self, person: Person, request: Request, now: dt.datetime, _learn: Learned) -> Json:
        asked = request.body["invite_id"]
        _claim(person, request.key, ("confirm", asked))
        if person.couple and person.couple.invite == asked:
            # Decided: a repeat finds the couple, whichever of the two it comes from.
            return self._couple_with(person)
        if person.couple:
            raise Refused("already-paired")
        invite = _live_invite(person, now)
        if invite.id != asked:
            raise Refused("no-invite")
        if invite.redeemer is None:
            raise Refused("not-redeemed-yet")
        other = self.persons[invite.redeemer]
        if other.couple:
            raise Refused("invite-not-usable")
        zones = [person.zone, other.zone]
        # A couple exists from the first date that either clock shows. Dates that had begun by then are not theirs to
        # miss: on those the couple did not exist yet.
        dates = [date_at(now, zone) for zone in zones]
        begun = [date for date in dates_from(min(dates) - 3 * DAY, max(dates)) if window(date, zones)[0] < now]
        couple = Couple((person.name, other.name), now, min(dates), max(begun) + DAY, invite.id, zones=[(now, zones)])
        person.couple = other.couple = couple
        person.invite = other.invite = None
        self.events["paired"] += 1
        return self._couple_with(person)

    def _couple_with(self, person: Person) -> Json:
        couple = _current_couple(person)
        partner = self.persons[_partner(couple, person.name)]
        return {"partner": partner.profile["display_name"], "since": str(couple.first_date)}

    def _couple(self, person: Person, _request: Request, now: dt.datetime, _learn: Learned) -> Json:
        couple = _current_couple(person)
        shelf = [pack.id for pack in self._shelf(couple, now)]
        return self._couple_with(person) | {"packs": shelf, "pause": _pause_seen(couple, date_at(now, person.zone))}

    def _unpair(self, person: Person, _request: Request, now: dt.datetime, _learn: Learned) -> Json:
        couple = _current_couple(person)
        for name in couple.members:
            each = self.persons[name]
            # Decided: later than any before, where a clock has gone back.
            each.parted.append((couple, max([now, *(ended + MILLISECOND for _, ended in each.parted)])))
            each.couple = None
        self.events["unpaired"] += 1

    def zones(self, couple: Couple) -> list[str]:
        return [self.persons[name].zone for name in couple.members]

    def comfort(self, couple: Couple) -> tuple[int, int]:
        """Return depth and touch, each the smaller of the two persons'."""
        profiles = [self.persons[name].profile for name in couple.members]
        return min(each["depth"] for each in profiles), min(each["touch_comfort"] for each in profiles)

    def _set_pause(self, person: Person, request: Request, now: dt.datetime, learn: Learned) -> Json:
        """Set a pause of dates from the person's own today, for at most 92 days.

        All of it is decided: the later request holds, past and closed dates do not change, and a pause that continues
        another one began with that one.
        """
        couple, today = _current_couple(person), date_at(now, person.zone)
        until = dt.date.fromisoformat(request.body["pause"]["until"])
        if not today + DAY <= until <= today + 92 * DAY:
            raise Refused("pause-out-of-range")
        goes_on = couple.pause is not None and today <= couple.pause[1]
        couple.pause = (min(couple.pause[0], today) if couple.pause and goes_on else today, until)
        couple.paused = {date for date in couple.paused if date < until}
        couple.paused |= {date for date in dates_from(today, until - DAY) if self.window_of(couple, date)[1] > now}
        self.events["paused"] += 1
        return self._couple(person, request, now, learn)

    def _end_pause(self, person: Person, _request: Request, now: dt.datetime, _learn: Learned) -> None:
        """End the pause. Decided: the person's own today counts again."""
        couple, today = _current_couple(person), date_at(now, person.zone)
        if _pause_seen(couple, today) and couple.pause:
            couple.paused = {date for date in couple.paused if date < today or self.window_of(couple, date)[1] <= now}
            couple.pause = (couple.pause[0], today) if couple.pause[0] < today else _last_run(couple.paused)
            self.events["pause ended"] += 1

    def _today(self, person: Person, _request: Request, now: dt.datetime, learn: Learned) -> Json:
        couple, today = _current_couple(person), date_at(now, person.zone)
        before = today - DAY
        opens, closes = self.window_of(couple, before)
        # The day before, while it is still open. Decided: unless it was before the couple and nobody has opened it.
        wanted = [today]
        if opens <= now < closes and (before in couple.days or before >= couple.first_date):
            wanted.append(before)
        views = [self._view(person, self._opened(couple, date, now, learn), now) for date in wanted]
        # A day ahead that is open and that the partner has answered. Decided: the first that waits, else the first.
        partner = _partner(couple, person.name)
        ahead = [
            day for day in couple.days.values() if day.date > today and partner in day.answers and day.is_open(now)
        ]
        ahead.sort(key=lambda day: (day.revealed, day.date))
        self.events["day ahead shown"] += bool(ahead)
        hidden = person.profile["streak_hidden"]
        return {
            "today": views[0],
            "previous": views[1] if len(views) > 1 else None,
            "next": self._view(person, ahead[0], now) if ahead else None,
            "streak": None if hidden else self.streak(couple, now),
            "pause": _pause_seen(couple, today),
        }

    def _day(self, person: Person, request: Request, now: dt.datetime, learn: Learned) -> Json:
        return self._view(person, self._known(_current_couple(person), request, now, learn), now)

    def _days(self, person: Person, request: Request, now: dt.datetime, _learn: Learned) -> Json:
        couple = _current_couple(person)
        page, before = _page(couple.days, request.query)
        return {"days": [self._view(person, couple.days[date], now) for date in page], "before": before}

    def window_of(self, couple: Couple, date: dt.date) -> tuple[dt.datetime, dt.datetime]:
        """Return a date's open hours, by all zones that the two have been in.

        A date that has closed stays closed, and the hours of one that is open are only ever moved outward.
        """
        (_, at_first), *moves = couple.zones
        opens, closes = window(date, at_first)
        for instant, zones in moves:
            earliest, latest = window(date, zones)
            if instant < opens:
                opens, closes = earliest, latest
            elif instant < closes:
                opens, closes = min(opens, earliest), max(closes, latest)
        return opens, closes

    def _known(self, couple: Couple, request: Request, now: dt.datetime, learn: Learned) -> Day:
        date = dt.date.fromisoformat(request.place)
        opens, closes = self.window_of(couple, date)
        if date not in couple.days and not (date >= couple.first_date and opens <= now < closes):
            raise Refused("no-such-day")
        return self._opened(couple, date, now, learn)

    def _opened(self, couple: Couple, date: dt.date, now: dt.datetime, learn: Learned) -> Day:
        """Return the day, or open it with a prompt that the design allows."""
        if date not in couple.days:
            prompt = self._prompt(learn.prompt(date))
            allowed = self._choices(couple, date, now)
            assert prompt in allowed, f"{date} has {prompt}, and may have {allowed}"
            day = Day(date, prompt, *self.window_of(couple, date))
            if day.closes <= now:
                # Decided: a clock that has gone west may show a closed date. Its prompt is seen, and no day is kept.
                self.events["closed date shown"] += 1
                return day
            couple.days[date] = day
            self.events["opened"] += 1
        return couple.days[date]

    def _prompt(self, name: str) -> Prompt:
        return next(prompt for pack in self.packs for prompt in pack.prompts if prompt.id == name)

    def _view(self, person: Person, day: Day, now: dt.datetime) -> Json:
        """Return the day's view, with the partner's answer hidden until its reveal."""
        couple = _current_couple(person)
        mine, theirs = day.answers.get(person.name), day.answers.get(_partner(couple, person.name))
        is_seen = theirs is not None and (day.revealed or theirs.share_first)
        return {
            "date": str(day.date),
            "prompt": _worded(day.prompt, person.profile["language"]),
            "open": day.is_open(now),
            # By the reader's own clock, so that it tells nothing of where the partner is.
            "closes_at": stamp(window(day.date, [person.zone])[1]),
            "revealed": day.revealed,
            "swappable": not day.answers and day.swapped is None and day.is_open(now),
            "me": {
                "state": "answered" if mine else "waiting",
                "text": mine.text if mine else None,
                "share_first": mine.share_first if mine else False,
                "revision": mine.revision if mine else None,
            },
            "partner": {
                "state": "answered" if theirs else "waiting",
                "text": theirs.text if theirs and is_seen else None,
            },
            "reflect": "heard" if day.prompt.theme in {"listening", "courage"} else None,
            "reflections": {
                "me": mine.reflection if mine and day.revealed else None,
                "partner": theirs.reflection if theirs and day.revealed else None,
            },
        }

    def _answer(self, person: Person, request: Request, now: dt.datetime, learn: Learned) -> Json:
        couple, body = _current_couple(person), request.body
        day = self._known(couple, request, now, learn)
        mine, revision = day.answers.get(person.name), body.get("revision")
        # An answer is to the prompt that its writer has read. Decided: who edits, or answers what nobody has swapped,
        # need not name it.
        if (body["prompt"] != day.prompt.id) if "prompt" in body else (day.swapped and revision is None):
            raise Refused("prompt-changed")
        if body.get("text") is None and day.prompt.kind == "question":
            raise Refused("text-missing")
        new = Answer(body.get("text"), body.get("share_first", False), (revision or 0) + 1, at=now)
        if mine and (mine.text, mine.share_first, mine.revision) == (new.text, new.share_first, new.revision):
            # The acknowledgement was lost. Whenever it is sent again, it stands.
            self.events["answer repeated"] += 1
            return self._view(person, day, now)
        if day.revealed:
            self.events["edit after the reveal refused"] += 1
            raise Refused("answers-are-open")
        if not day.is_open(now):
            self.events["late answer refused"] += 1
            raise Refused("day-closed")
        _check_revision(mine, revision)
        day.answers[person.name] = new
        self.events["edited" if mine else "answered"] += 1
        self.events["revealed"] += len(day.answers) == 2
        self.events["shared first"] += new.share_first
        return self._view(person, day, now)

    def _swap(self, person: Person, request: Request, now: dt.datetime, learn: Learned) -> Json:
        couple, date = _current_couple(person), dt.date.fromisoformat(request.place)
        if date not in couple.days:
            raise Refused("no-such-day")
        day = couple.days[date]
        _claim(person, request.key, ("swap", id(couple), date))
        if request.key and day.swapped_by == (person.name, request.key):
            return self._view(person, day, now)
        if not day.is_open(now):
            raise Refused("day-closed")
        if day.answers:
            raise Refused("swap-too-late")
        if day.swapped:
            raise Refused("swapped-already")
        # Decided: the other prompt has the same theme, and is not the next of a course, which has a date of its own.
        # What was swapped away counts as met.
        everyday = self._everyday(couple, now)
        others = self._best(couple, day.prompt.theme, everyday, but=day.prompt)
        if not others:
            raise Refused("nothing-to-swap")
        other = self._prompt(learn.prompt(date))
        assert other in others, f"{day.prompt} was swapped for {other}, and may be for {others}"
        day.swapped, day.swapped_by, day.prompt = day.prompt, (person.name, request.key), other
        self.events["swapped"] += 1
        return self._view(person, day, now)

    def _reflect(self, person: Person, request: Request, now: dt.datetime, _learn: Learned) -> Json:
        couple, date = _current_couple(person), dt.date.fromisoformat(request.place)
        if date not in couple.days:
            raise Refused("no-such-day")
        day = couple.days[date]
        if not day.revealed:
            raise Refused("not-open-yet")
        mine, new = day.answers[person.name], {"text": None} | request.body
        if mine.reflection not in (None, new):
            raise Refused("reflected-already")
        self.events["reflected"] += mine.reflection is None
        mine.reflected_at = mine.reflected_at or now
        mine.reflection = new
        return self._view(person, day, now)

    def _live(self, now: dt.datetime) -> list[Pack]:
        return sorted((pack for pack in self.packs if pack.live_from <= now), key=lambda pack: pack.id)

    def _shelf(self, couple: Couple, now: dt.datetime) -> list[Pack]:
        """Return the packs that play for a couple: everyone's packs if nothing else fits."""
        wanted = [pack for pack in self._live(now) if _is_wanted(pack, couple)]
        if any(prompt.fits(*self.comfort(couple)) for pack in wanted for prompt in pack.prompts):
            return wanted
        return [pack for pack in self._live(now) if pack.audience == "everyone"]

    def _everyday(self, couple: Couple, now: dt.datetime) -> list[Prompt]:
        """Return the prompts of the shelf, and the prompts already met of a course."""
        comfort = self.comfort(couple)
        wanted = [pack for pack in self._shelf(couple, now) if pack.audience != "code"]
        if not any(prompt.fits(*comfort) for pack in wanted for prompt in pack.prompts):
            wanted = [pack for pack in self._live(now) if pack.audience == "everyone"]
        return [prompt for pack in wanted for prompt in pack.prompts if prompt.fits(*comfort)]

    def _choices(self, couple: Couple, date: dt.date, now: dt.datetime) -> list[Prompt]:
        """Return each prompt that the design allows on a date without a day."""
        joined = [pack for pack in self._live(now) if pack.audience == "code" and _is_wanted(pack, couple)]
        for course in joined:
            days = (date - couple.packs[course.id][1]).days
            met = _seen(couple)
            unmet = [each for each in course.prompts if each.fits(*self.comfort(couple)) and each not in met]
            if days >= 0 and days % course.every_days == 0 and unmet:
                self.events["course"] += 1
                return unmet[:1]
        everyday = self._everyday(couple, now)
        themes = _themes_on(date, {day.date: day.prompt.theme for day in couple.days.values()}, everyday)
        if any(self.persons[name].profile["barriers"] for name in couple.members) and len(_themes(everyday)) < 7:
            # Decided: with a theme missing, those that a barrier leans to take its turn, and come twice in seven days.
            themes = _themes(everyday)
        return [prompt for theme in themes for prompt in self._best(couple, theme, everyday)]

    def _best(self, couple: Couple, theme: str, everyday: list[Prompt], but: Prompt | None = None) -> list[Prompt]:
        seen = _seen(couple)
        joined = [pack for pack in self.packs if pack.audience == "code" and _is_wanted(pack, couple)]
        again = [each for pack in joined for each in pack.prompts if each in seen and each.fits(*self.comfort(couple))]
        return _first_of([each for each in [*everyday, *again] if each.theme == theme and each != but], seen)

    def _packs(self, person: Person, _request: Request, now: dt.datetime, _learn: Learned) -> Json:
        couple = _current_couple(person)
        there = [pack for pack in self._live(now) if pack.audience != "code" or _is_wanted(pack, couple)]
        return {"packs": [_pack_seen(pack, couple, person) for pack in there]}

    def _choose(self, person: Person, request: Request, now: dt.datetime, _learn: Learned) -> Json:
        couple = _current_couple(person)
        pack = next((pack for pack in self._live(now) if pack.id == request.place), None)
        if pack is None or (pack.audience == "code" and not _is_wanted(pack, couple)):
            raise Refused("no-such-pack")
        if not _is_wanted(pack, couple):
            couple.packs.pop(pack.id, None)
            if pack.audience != "everyone":
                couple.packs[pack.id] = ("chosen", date_at(now, person.zone))
            self.events["pack chosen"] += 1
        return _pack_seen(pack, couple, person)

    def _turn_off(self, person: Person, request: Request, now: dt.datetime, _learn: Learned) -> Json:
        couple = _current_couple(person)
        pack = next((pack for pack in self._live(now) if pack.id == request.place), None)
        if pack and _is_wanted(pack, couple):
            couple.packs.pop(pack.id, None)
            if pack.audience == "everyone":
                couple.packs[pack.id] = ("off", date_at(now, person.zone))
            self.events["pack put aside"] += 1

    def _join(self, person: Person, request: Request, now: dt.datetime, _learn: Learned) -> Json:
        couple = _current_couple(person)
        code = _code_in(request.body["code"], 8)
        _claim(person, request.key, ("join", id(couple), code))
        self._try(person, person.code_tries, now)
        pack = next((pack for pack in self._live(now) if pack.code == code), None)
        if pack is None:
            raise Refused("code-not-usable")
        if not _is_wanted(pack, couple):
            # Decided: its first date is the next that neither has opened.
            date = date_at(now, person.zone)
            while date in couple.days:
                date += DAY
            couple.packs[pack.id] = ("joined", date)
            self.events["pack joined"] += 1
        return _pack_seen(pack, couple, person)

    def missed(self, couple: Couple, now: dt.datetime) -> set[dt.date]:
        """Return the couple's whole dates, outside pauses, that closed without both answers."""
        latest = max(date_at(now, zone) for zone in self.zones(couple))
        return {
            date
            for date in dates_from(couple.counted_from, latest)
            if date not in couple.complete | couple.paused and self.window_of(couple, date)[1] <= now
        }

    def streak(self, couple: Couple, now: dt.datetime, through: dt.date = dt.date.max) -> Json:
        """Return the streak. A second miss within seven dates ends a run."""
        missed = sorted(self.missed(couple, now))
        breaks = [miss for miss in missed if any(miss - days * DAY in missed for days in range(1, 7))]
        edges = [dt.date.min, *(date for date in breaks if date <= through), dt.date.max]
        met = {date for date in couple.complete if date <= through}
        runs = [
            # A day that both met counts, also inside a pause.
            len([date for date in met if after < date < before])
            for after, before in itertools.pairwise(edges)
        ]
        self.events["rest day"] += bool(missed) and missed[0] not in breaks and runs[-1] > 0
        self.events["streak broken"] += len(runs) > 1 and max(runs[:-1]) > 0
        self.events["milestone"] += runs[-1] in MILESTONES
        return {"current": runs[-1], "longest": max(runs), "total": len(met)}

    def _streak(self, person: Person, _request: Request, now: dt.datetime, _learn: Learned) -> Json:
        couple, today = _current_couple(person), date_at(now, person.zone)
        calendar = {}
        for date in dates_from(max(couple.first, _a_year_to(today)), today):
            opens, closes = self.window_of(couple, date)
            # Decided: what began before they paired looks like rest, too.
            still = "open" if opens <= now < closes else "rest"
            mark = "complete" if date in couple.complete else "paused" if date in couple.paused else still
            calendar[str(date)] = mark
        return self.streak(couple, now) | {"hidden": person.profile["streak_hidden"], "calendar": calendar}

    def _recap(self, person: Person, request: Request, now: dt.datetime, _learn: Learned) -> Json:
        """Return a week's recap. Decided: the last whole week from Monday by default."""
        couple, today = _current_couple(person), date_at(now, person.zone)
        asked = request.query.partition("=")[2]
        monday = dt.date.fromisoformat(asked) if asked else today - (7 + today.weekday()) * DAY
        if monday.weekday():
            raise Refused("invalid-fields")
        sunday, hidden = monday + 6 * DAY, person.profile["streak_hidden"]
        if monday > today or sunday < couple.first:
            raise Refused("no-such-week")
        week = list(dates_from(monday, sunday))
        met = [date for date in week if date in couple.complete]
        before, *ends = [self.streak(couple, now, date) for date in (monday - DAY, *week)]
        runs = [before["current"], *(end["current"] for end in ends)]
        reached = [run for run, last in zip(runs[1:], runs, strict=False) if run > last and run in MILESTONES]
        return {
            "week": str(monday),
            "days_met": {"count": len(met), "dates": [str(date) for date in met]},
            "themes": list(dict.fromkeys(couple.days[date].prompt.theme for date in met)),
            "streak": None if hidden else ends[-1],
            "new": {
                "packs": [
                    {"id": pack.id, "title": pack.titles[_spoken(pack.titles, person)]}
                    for pack in self._live(now)
                    if self._new_on(pack, couple) in week
                ],
                "milestones": [] if hidden else reached,
                "longest": not hidden and ends[-1]["longest"] > before["longest"],
            },
        }

    def _new_on(self, pack: Pack, couple: Couple) -> dt.date | None:
        """Return the first date on which a couple could have a new pack."""
        went_live = min(date_at(pack.live_from, zone) for zone in self.zones(couple))
        if pack.audience == "code":
            return max(went_live, couple.packs[pack.id][1]) if _is_wanted(pack, couple) else None
        if pack.audience == "everyone" and not _is_wanted(pack, couple):
            return None
        return went_live if pack.live_from > couple.made_at else None

    def _nudge(self, person: Person, request: Request, now: dt.datetime, _learn: Learned) -> Json:
        """Send a nudge: at most three in 24 hours. The reply does not reveal a mute."""
        couple, gesture = _current_couple(person), request.body["gesture"]
        _claim(person, request.key, ("nudge", id(couple), gesture))
        lately = _lately(person.nudges, now)
        if request.key and (same := [each for each in lately if each["key"] == request.key]):
            self.events["nudge repeated"] += 1
            return {"gesture": gesture, "at": stamp(same[-1]["at"])}
        if len(lately) >= 3:
            self.events["nudge refused"] += 1
            raise Refused("too-many-nudges")
        muted = self.persons[_partner(couple, person.name)].reminders["nudges_muted"]
        self.events["nudge muted" if muted else "nudge sent"] += 1
        nudge = {"key": request.key, "couple": couple, "gesture": gesture, "at": now, "shown": not muted}
        # Decided: the latest three are remembered. More than those can matter only to a clock that went backwards.
        person.nudges = sorted([*person.nudges, nudge], key=lambda each: each["at"])[-3:]
        return {"gesture": gesture, "at": stamp(now)}

    def _nudges(self, person: Person, _request: Request, now: dt.datetime, _learn: Learned) -> Json:
        couple = _current_couple(person)
        theirs = _lately(self.persons[_partner(couple, person.name)].nudges, now)
        mine = _lately(person.nudges, now)
        next_at = mine[0]["at"] + DAY if len(mine) == 3 else None
        return {
            "received": [
                {"gesture": each["gesture"], "at": stamp(each["at"])}
                for each in reversed(theirs)
                if each["couple"] is couple and each["shown"]
            ],
            "left": 3 - len(mine),
            # To the second, and never too early.
            "next_at": next_at and stamp(next_at + dt.timedelta(seconds=1) - dt.timedelta.resolution),
        }

    def _solo_today(self, person: Person, _request: Request, now: dt.datetime, learn: Learned) -> Json:
        return self._own_view(person, self._own_day(_alone(person), date_at(now, person.zone), now, learn), now)

    def _own_day(self, person: Person, date: dt.date, now: dt.datetime, learn: Learned) -> Day:
        """Return the person's solo day. Decided: its prompt is a fitting question of everyone's packs."""
        if date not in person.alone:
            depth, touch = person.profile["depth"], person.profile["touch_comfort"]
            live = [pack for pack in self._live(now) if pack.audience == "everyone"]
            fitting = [each for pack in live for each in pack.prompts if each.kind == "question"]
            fitting = [each for each in fitting if each.fits(depth, touch)]
            seen = {person.alone[day].prompt: day for day in sorted(person.alone)}
            themes = _themes_on(date, {day.date: day.prompt.theme for day in person.alone.values()}, fitting)
            if person.profile["barriers"]:
                themes = _themes(fitting)
            allowed = [
                each for theme in themes for each in _first_of([one for one in fitting if one.theme == theme], seen)
            ]
            prompt = self._prompt(learn.own_prompt(date))
            assert prompt in allowed, f"alone, {date} has {prompt}, and may have {allowed}"
            person.alone[date] = Day(date, prompt, now, now)
            self.events["opened alone"] += 1
        return person.alone[date]

    def _own_view(self, person: Person, day: Day, now: dt.datetime) -> Json:
        mine = day.answers.get(person.name)
        return {
            "date": str(day.date),
            "prompt": _worded(day.prompt, person.profile["language"]),
            "open": person.couple is None and _takes_own(person, day.date, now),
            "me": {
                "state": "answered" if mine else "waiting",
                "text": mine.text if mine else None,
                "revision": mine.revision if mine else None,
            },
            "shared": person.couple is not None and day.shared_with is person.couple,
        }

    def _own_days(self, person: Person, request: Request, now: dt.datetime, _learn: Learned) -> Json:
        page, before = _page(person.alone, request.query)
        return {"days": [self._own_view(person, person.alone[date], now) for date in page], "before": before}

    def _own_answer(self, person: Person, request: Request, now: dt.datetime, learn: Learned) -> Json:
        date = dt.date.fromisoformat(request.place)
        is_open = _takes_own(_alone(person), date, now)
        if date not in person.alone and not is_open:
            raise Refused("no-such-day")
        day, revision = self._own_day(person, date, now, learn), request.body.get("revision")
        mine, new = day.answers.get(person.name), Answer(request.body["text"], False, (revision or 0) + 1, at=now)  # noqa: FBT003
        if mine and (mine.text, mine.revision) == (new.text, new.revision):
            return self._own_view(person, day, now)
        if not is_open:
            raise Refused("day-closed")
        _check_revision(mine, revision)
        day.answers[person.name] = new
        self.events["answered alone"] += 1
        return self._own_view(person, day, now)

    def _share(self, person: Person, request: Request, now: dt.datetime, _learn: Learned) -> Json:
        couple, date = _current_couple(person), dt.date.fromisoformat(request.place)
        if date not in person.alone:
            raise Refused("no-such-day")
        day = person.alone[date]
        if person.name not in day.answers:
            raise Refused("nothing-to-share")
        day.shared_with = couple
        self.events["own answer shared"] += 1
        return self._own_view(person, day, now)

    def _take_back(self, person: Person, request: Request, _now: dt.datetime, _learn: Learned) -> Json:
        couple, day = _current_couple(person), person.alone.get(dt.date.fromisoformat(request.place))
        if day and day.shared_with is couple:
            day.shared_with = None

    def shown(self, couple: Couple) -> list[tuple[dt.date, str, Day]]:
        """Return the shown solo answers of both persons, latest first."""
        return sorted(
            (
                (day.date, name, day)
                for name in couple.members
                for day in self.persons[name].alone.values()
                if day.shared_with is couple
            ),
            key=lambda each: each[:2],
            reverse=True,
        )

    def _shared(self, person: Person, request: Request, _now: dt.datetime, _learn: Learned) -> Json:
        shown = self.shown(_current_couple(person))
        page, before = _page(dict.fromkeys(date for date, _, _ in shown), request.query)
        return {
            "answers": [
                {
                    "date": str(date),
                    "by": "me" if name == person.name else "partner",
                    "prompt": _worded(day.prompt, person.profile["language"]),
                    "text": day.answers[name].text,
                }
                for date, name, day in shown
                if date in page
            ],
            "before": before,
        }

    def _export(self, person: Person, request: Request, now: dt.datetime, learn: Learned) -> Json:
        """Return a page of the person's own writing: solo, then by couple.

        A couple's part stays for 30 days after its end. A page covers a fixed number of days, also days without
        writing. Only a cursor that this person received leads to another page.
        """
        asked = (request.body or {}).get("next")
        if asked is not None and asked not in person.cursors:
            self.events["cursor refused"] += 1
            raise Refused("invalid-fields")
        begin, after = person.cursors[asked] if asked else (0, dt.date.min)
        couples = [*person.parted, *([(person.couple, None)] if person.couple else [])]
        spans: list[Json] = []
        entries: list[Json] = []
        left, following = EXPORT_PAGE, None
        for number in range(begin, len(couples) + 1):
            couple, ended = couples[number - 1] if number else (None, None)
            included = ended is None or now < ended + 30 * DAY
            days = (couple.days if couple else person.alone) if included else {}
            dates = sorted(date for date in days if date > after)[:left]
            if couple:
                until = str(date_at(ended, person.zone)) if ended else None
                since = str(couple.first_date)
                spans.append({"couple": number, "since": since, "until": until, "included": included})
                self.events["keepsake over"] += not included
            found = [self._exported(person, days[date], number, stands=ended is None) for date in dates]
            entries += [entry for entry in found if entry]
            self.events["exported after parting"] += ended is not None and any(found)
            left -= len(dates)
            after = dt.date.min
            if not left:
                following = number, dates[-1]
                person.cursors[learn.body["next"]] = following
                break
        self.events["exported"] += 1
        self.events["export goes on"] += following is not None
        return {
            "format": "rekindle-export/1",
            "exported_at": stamp(now),
            "profile": person.profile,
            "couples": spans,
            "entries": entries,
            "next": ANY if following else None,
        }

    @staticmethod
    def _exported(person: Person, day: Day, number: int, *, stands: bool) -> Json:
        mine = day.answers.get(person.name)
        theirs = next((answer for name, answer in day.answers.items() if name != person.name), None)
        is_seen = theirs is not None and stands and (day.revealed or theirs.share_first)
        if mine is None and not is_seen:
            return None
        worded = _worded(day.prompt, person.profile["language"])
        return {
            "kind": "day" if number else "alone",
            "date": str(day.date),
            "couple": number or None,
            "prompt": {name: worded[name] for name in ("id", "theme", "kind", "text")},
            "answer": {"text": mine.text, "at": stamp(mine.at), "share_first": mine.share_first}
            if mine and mine.at
            else None,
            "reflection": mine.reflection | {"at": stamp(mine.reflected_at)} if mine and mine.reflected_at else None,
            "partner": {"text": theirs.text, "reflection": theirs.reflection} if theirs and is_seen else None,
        }

    def kept(self, name: str, now: dt.datetime) -> list[str]:
        """Return every text that an export of this person contains."""
        person = self.persons[name]
        couples = [couple for couple, ended in person.parted if now < ended + 30 * DAY]
        days = [day for each in (*couples, person.couple) if each for day in each.days.values()]
        found = [day.answers[name] for day in (*person.alone.values(), *days) if name in day.answers]
        return [answer.text for answer in found if answer.text]

    def readable(self, name: str) -> set[str]:
        """Return every text that this person may read, whoever wrote it."""
        person, texts = self.persons[name], []
        texts += [answer.text for day in person.alone.values() for answer in day.answers.values()]
        for old, _ in person.parted:
            own = [day.answers[name] for day in old.days.values() if name in day.answers]
            texts += [text for answer in own for text in (answer.text, (answer.reflection or {}).get("text"))]
        if couple := person.couple:
            texts += [day.answers[writer].text for _, writer, day in self.shown(couple)]
            for day in couple.days.values():
                for writer, answer in day.answers.items():
                    if writer == name or day.revealed or answer.share_first:
                        texts += [answer.text, (answer.reflection or {}).get("text")]
        return {text for text in texts if text}


class Learned:
    """A reply's facts that the model cannot know: the body, and the prompts of days."""

    def __init__(self, body: Json, prompt: Callable[[dt.date], str], own_prompt: Callable[[dt.date], str]) -> None:
        self.body, self.prompt, self.own_prompt = body, prompt, own_prompt


def date_at(now: dt.datetime, zone: str) -> dt.date:
    """Return the local date in a zone."""
    return now.astimezone(_clock(zone)).date()


@cache
def _clock(zone: str) -> ZoneInfo:
    return ZoneInfo(zone)


@cache
def start_of(date: dt.date, zone: str) -> dt.datetime:
    """Return the date's first instant in a zone, by a search in quarter hours."""
    instant = dt.datetime.combine(date, dt.time(), dt.UTC) - 16 * HOUR
    while date_at(instant, zone) < date:
        instant += HOUR / 4
    return instant


def window(date: dt.date, zones: Iterable[str]) -> tuple[dt.datetime, dt.datetime]:
    """Return the span from the earlier start of the date to three hours after the later end."""
    zones = list(zones)
    return min(start_of(date, zone) for zone in zones), max(start_of(date + DAY, zone) for zone in zones) + 3 * HOUR


def dates_from(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    """Return each date from the first to the last."""
    return (first + number * DAY for number in range((last - first).days + 1))


def stamp(instant: dt.datetime) -> str:
    """Return an instant in the API's format, to the second."""
    return instant.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _current_couple(person: Person) -> Couple:
    if person.couple is None:
        raise Refused("not-paired")
    return person.couple


def _alone(person: Person) -> Person:
    if person.couple:
        raise Refused("already-paired")
    return person


def _takes_own(person: Person, date: dt.date, now: dt.datetime) -> bool:
    # Decided: on the date and the day after it.
    return date_at(now, person.zone) - date in {0 * DAY, DAY}


def _partner(couple: Couple, name: str) -> str:
    (partner,) = (each for each in couple.members if each != name)
    return partner


def _check_revision(mine: Answer | None, revision: int | None) -> None:
    if revision is None and mine:
        raise Refused("answered-already")
    if revision is not None and mine is None:
        raise Refused("nothing-to-edit")
    if mine and revision != mine.revision:
        raise Refused("edited-since")


def _claim(person: Person, key: str | None, request: object) -> None:
    """Decided: no key is forgotten here, where nothing removes it after its 24 hours."""
    if key:
        if person.keys.get(key, request) != request:
            raise Refused("key-reused")
        person.asked = key, request


def _code_in(text: str, length: int) -> str:
    """Return the code in a text, which may be a link."""
    code = "".join(each for each in text.rpartition("#")[2].upper() if each.isalnum())
    if len(code) != length or any(each in "01OIL" for each in code):
        raise Refused("not-a-code")
    return code


def _live_invite(person: Person, now: dt.datetime) -> Invite:
    if person.invite is None or person.invite.expires <= now:
        raise Refused("no-invite")
    return person.invite


def _invited(invite: Invite) -> Json:
    return {"invite_id": invite.id, "code": invite.code, "link": ANY, "expires_at": stamp(invite.expires)}


def _lately(nudges: list[Nudge], now: dt.datetime) -> list[Nudge]:
    return [each for each in nudges if each["at"] > now - DAY]


def _pause_seen(couple: Couple, today: dt.date) -> Json:
    # Decided: also by the clock of who has not come to its first date yet.
    if couple.pause is None or today >= couple.pause[1]:
        return None
    return {"from": str(couple.pause[0]), "until": str(couple.pause[1])}


def _last_run(dates: set[dt.date]) -> tuple[dt.date, dt.date] | None:
    """Return the first and last date of the latest run of consecutive dates."""
    first = last = max(dates, default=None)
    while first and first - DAY in dates:
        first -= DAY
    return (first, last + DAY) if first and last else None


def _a_year_to(today: dt.date) -> dt.date:
    """Return the first date of the twelve months that end today."""
    if (today.month, today.day) == (2, 29):
        return dt.date(today.year - 1, 3, 1)
    return dt.date(today.year - 1, today.month, today.day) + DAY


def _page(days: Iterable[dt.date], query: str) -> tuple[list[dt.date], str | None]:
    """Return a page of dates, latest first, and the start of the next page."""
    given = dict(part.split("=") for part in query.removeprefix("?").split("&") if part)
    limit = int(given.get("limit", "30"))
    before = dt.date.fromisoformat(given.get("before", "9999-12-31"))
    page = sorted((date for date in days if date < before), reverse=True)[:limit]
    return page, str(page[-1]) if len(page) == limit else None


def _worded(prompt: Prompt, language: str) -> Json:
    spoken = language if language in prompt.texts else "en"
    helped = prompt.theme in {"courage", "fear"}  # Decided: where it may weigh, help is one tap away.
    return {
        "id": prompt.id,
        "theme": prompt.theme,
        "kind": prompt.kind,
        "text": prompt.texts[spoken],
        "why": f"Why, in {spoken}.",
        "hint": None,
        "help": {"text": ANY, "href": "/v1/help"} if helped else None,
    }


def _themes(prompts: Iterable[Prompt]) -> list[str]:
    return [theme for theme in THEMES if any(prompt.theme == theme for prompt in prompts)]


def _themes_on(date: dt.date, met: dict[dt.date, str], prompts: list[Prompt]) -> list[str]:
    """Return the themes that were not met within six days, or all themes.

    Without prompts for some themes the others come round as much sooner.
    """
    themes = _themes(prompts)
    near = {theme for other, theme in met.items() if 0 < abs((other - date).days) < len(themes)}
    return [theme for theme in themes if theme not in near] or themes


def _seen(couple: Couple) -> dict[Prompt, dt.date]:
    """Return the last date of each met prompt. Decided: a swapped prompt counts as met."""
    seen: dict[Prompt, dt.date] = {}
    for day in couple.days.values():
        for prompt in (day.swapped, day.prompt):
            if prompt:
                seen[prompt] = max(day.date, seen.get(prompt, dt.date.min))
    return seen


def _first_of(prompts: list[Prompt], seen: dict[Prompt, dt.date]) -> list[Prompt]:
    """Return the gentlest unseen prompts, or the prompts seen longest ago. Decided: the gentlest."""
    if unseen := [prompt for prompt in prompts if prompt not in seen]:
        gentlest = min(prompt.depth for prompt in unseen)
        return [prompt for prompt in unseen if prompt.depth == gentlest]
    longest_ago = min((seen[prompt] for prompt in prompts), default=None)
    return [prompt for prompt in prompts if seen[prompt] == longest_ago]


def _is_wanted(pack: Pack, couple: Couple) -> bool:
    wish, _ = couple.packs.get(pack.id, ("", None))
    return wish != "off" if pack.audience == "everyone" else wish in {"chosen", "joined"}


def _spoken(titles: dict[str, str], person: Person) -> str:
    language: str = person.profile["language"]
    return language if language in titles else "en"


def _pack_seen(pack: Pack, couple: Couple, person: Person) -> Json:
    spoken, wanted = _spoken(pack.titles, person), _is_wanted(pack, couple)
    joined = pack.audience == "code" and wanted
    return {
        "id": pack.id,
        "title": pack.titles[spoken],
        "written_for": f"Everybody, in {spoken}.",
        "prompts": len(pack.prompts),
        "languages": sorted(pack.titles),
        "audience": pack.audience,
        "chosen": wanted,
        "course": {"starts_on": str(couple.packs[pack.id][1]), "every_days": pack.every_days, "in_order": True}
        if joined
        else None,
    }


_ROUTES: Final[dict[str, Callable[[Model, Person, Request, dt.datetime, Learned], Json]]] = {
    "GET /v1/me": Model._me,
    EXPORT: Model._export,
    "GET /v1/me/reminders": Model._reminders,
    "PUT /v1/me/reminders": Model._set_reminders,
    "GET /v1/touch/today": Model._touch,
    "POST /v1/invites": Model._invite,
    "GET /v1/invites": Model._own_invite,
    "DELETE /v1/invites": Model._cancel,
    "POST /v1/invites/redeem": Model._redeem,
    "POST /v1/invites/confirm": Model._confirm,
    "GET /v1/couple": Model._couple,
    "PATCH /v1/couple": Model._set_pause,
    "DELETE /v1/couple/pause": Model._end_pause,
    "DELETE /v1/couple": Model._unpair,
    "GET /v1/packs": Model._packs,
    "PUT /v1/couple/packs/{}": Model._choose,
    "DELETE /v1/couple/packs/{}": Model._turn_off,
    "POST /v1/couple/practice-code": Model._join,
    "GET /v1/today": Model._today,
    "GET /v1/days": Model._days,
    "GET /v1/days/{}": Model._day,
    "PUT /v1/days/{}/answer": Model._answer,
    "POST /v1/days/{}/swap": Model._swap,
    "PUT /v1/days/{}/reflection": Model._reflect,
    "GET /v1/streak": Model._streak,
    "GET /v1/recap": Model._recap,
    "POST /v1/nudges": Model._nudge,
    "GET /v1/nudges": Model._nudges,
    "GET /v1/solo/today": Model._solo_today,
    "GET /v1/solo/days": Model._own_days,
    "PUT /v1/solo/days/{}/answer": Model._own_answer,
    "POST /v1/solo/days/{}/share": Model._share,
    "DELETE /v1/solo/days/{}/share": Model._take_back,
    "GET /v1/solo/shared": Model._shared,
}
