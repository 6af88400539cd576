"""The words of the field as types: identifiers, states and the frozen values that rules and store exchange."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from collections.abc import Mapping


Uid = NewType("Uid", str)
"""A person's identifier: the `sub` of their Firebase ID token."""
CoupleId = NewType("CoupleId", str)
DeviceId = NewType("DeviceId", str)
"""Chosen by the phone, stable for one installation of the app."""
InviteId = NewType("InviteId", str)
PackId = NewType("PackId", str)
PromptId = NewType("PromptId", str)
Zone = NewType("Zone", str)
"""An IANA zone name that the pinned tzdata knows; see `rekindle.domain.calendar.zone_named`."""
Language = NewType("Language", str)
"""A lower-case ISO 639-1 code, such as `en`."""


class Theme(StrEnum):
    """The seven practices; every prompt has exactly one."""

    OPENNESS = "openness"
    TIME = "time"
    COURAGE = "courage"
    LISTENING = "listening"
    TOUCH = "touch"
    FEAR = "fear"
    SPARK = "spark"


class PromptKind(StrEnum):
    """How a couple takes part: a written answer, or something done together and checked off."""

    QUESTION = "question"
    TOGETHER = "together"
    TOUCH = "touch"


class ReflectionKind(StrEnum):
    """How a person takes in their partner's answer: giving back in words what they heard, or in a word of its own."""

    HEARD = "heard"
    THANK_YOU = "thank_you"
    I_HEAR_YOU = "i_hear_you"
    TELL_ME_MORE = "tell_me_more"


class Audience(StrEnum):
    """Whom a pack plays for: every couple that does not put it aside, who chooses it, or who was given its code."""

    EVERYONE = "everyone"
    CHOICE = "choice"
    CODE = "code"


class Wish(StrEnum):
    """What a couple has said of a pack: put aside what everyone has, chosen, or joined by its code."""

    ASIDE = "aside"
    CHOSEN = "chosen"
    JOINED = "joined"


class Barrier(StrEnum):
    """What gets in the way; private to the person who says so."""

    STRESS = "stress"
    COMMUNICATION = "communication"
    VULNERABILITY = "vulnerability"
    NEGLECT = "neglect"


class Platform(StrEnum):
    """What a device runs: it decides how a push is made quiet."""

    ANDROID = "android"
    IOS = "ios"


class PushKind(StrEnum):
    """Why a push is sent; the payload catalogue has one entry for each."""

    PROMPT = "prompt"
    EVENING = "evening"
    TOUCH = "touch"
    NUDGE = "nudge"
    PARTNER_ANSWERED = "partner_answered"
    BOTH_ANSWERED = "both_answered"
    STREAK_MILESTONE = "streak_milestone"
    NEWS = "news"


@dataclass(frozen=True, slots=True)
class Reach:
    """How many persons were due for a reminder, and how many of them FCM took a push for, at the first try."""

    due: int = 0
    reached: int = 0

    def __add__(self, other: Reach) -> Reach:
        return Reach(self.due + other.due, self.reached + other.reached)


@dataclass(frozen=True, slots=True)
class DayWindow:
    """The stretch of time in which a date can be answered: from `opens_at` until just before `closes_at`, both UTC."""

    opens_at: dt.datetime
    closes_at: dt.datetime

    def is_open(self, instant: dt.datetime) -> bool:
        """Whether an answer that comes at `instant` counts."""
        return self.opens_at <= instant < self.closes_at

    def widened(self, other: DayWindow) -> DayWindow:
        """The window that covers both: a change of zone moves an edge outward, never inward."""
        return DayWindow(min(self.opens_at, other.opens_at), max(self.closes_at, other.closes_at))


@dataclass(frozen=True, slots=True)
class PromptRef:
    """Names one text for ever: a published version of a pack never changes."""

    pack: PackId
    version: int
    prompt: PromptId

    @property
    def id(self) -> str:
        """How phones name the prompt, whichever version it is of."""
        return f"{self.pack}/{self.prompt}"


@dataclass(frozen=True, slots=True)
class Swapped:
    """A prompt that one of the two put aside for another; `again` as on the day that it was for.

    `request` tells the request that did so from any other, for when it is repeated.
    """

    prompt: PromptRef
    again: bool = False
    request: str = ""


class TargetKind(StrEnum):
    """How FCM is told which phone is meant: by a registration token, or by the newer Firebase installation id."""

    TOKEN = "token"  # noqa: S105  a kind, not a secret
    FID = "fid"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What a push is addressed to: one installation of the app, as FCM knows it."""

    kind: TargetKind
    value: str


@dataclass(frozen=True, slots=True)
class Device:
    """A phone that takes pushes."""

    target: Target
    platform: Platform
    registered_at: dt.datetime


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local wall-clock times between which a push makes no sound; may span midnight. `start == end` is refused."""

    start: dt.time
    end: dt.time


@dataclass(frozen=True, slots=True)
class TouchReminder:
    """On which weekdays (0 is Monday, as `date.weekday` counts; at least one) and when a person asks for a touch."""

    weekdays: frozenset[int]
    time: dt.time


@dataclass(frozen=True, slots=True)
class Reminders:
    """When the system may speak to a person, in local wall-clock times that are multiples of 5 minutes.

    `evening`, `quiet_hours` and `touch` are None when switched off; `touch` alone is so until it is asked for. With
    `news`, the prompt's push on some date says that there are new packs.
    """

    prompt: dt.time = dt.time(8, 30)
    evening: dt.time | None = dt.time(20, 30)
    quiet_hours: QuietHours | None = QuietHours(dt.time(22), dt.time(7))
    touch: TouchReminder | None = None
    nudges_muted: bool = False
    news: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """What a person says about themself.

    `depth` is 1 to 3, `touch_comfort` 0 (no touch prompts at all) to 3.
    """

    display_name: str
    zone: Zone
    language: Language
    depth: int = 1
    touch_comfort: int = 0
    barriers: frozenset[Barrier] = frozenset()
    streak_hidden: bool = False


@dataclass(frozen=True, slots=True)
class LiveInvite:
    """The one invite a person has open, as kept with the person; the code itself is known to nobody but the phones."""

    id: InviteId
    code_mac: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class DueEarlier:
    """A reminder that had fallen due on `date` just before its person moved it away from that zone and time.

    It may not have been sent yet: until `until` the place that they left still answers for that one date.
    """

    kind: PushKind
    zone: Zone
    time: dt.time
    date: dt.date
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Everything one person owns that is not a day: one item, so that one conditional write keeps it whole.

    `parted` names the couples they were in and when each ended: by it is found what they wrote there. `touch_agreed`
    repeats whether both of their couple want touch reminders, and `paused_until` the date before which the couple's
    pause keeps all reminders silent. `reminded_since` says when each reminder lately became theirs, `last_due` and
    `due_earlier` what had fallen due by the time it last moved (`rekindle.domain.due_dates`). `revision` grows by one
    with each write and guards it.
    """

    uid: Uid
    profile: Profile
    reminders: Reminders
    created_at: dt.datetime
    devices: Mapping[DeviceId, Device] = field(default_factory=dict)
    couple: CoupleId | None = None
    parted: Mapping[CoupleId, dt.datetime] = field(default_factory=dict)
    invite: LiveInvite | None = None
    touch_agreed: bool = False
    paused_until: dt.date | None = None
    reminded_since: Mapping[PushKind, dt.datetime] = field(default_factory=dict)
    last_due: Mapping[PushKind, dt.date] = field(default_factory=dict)
    due_earlier: tuple[DueEarlier, ...] = ()
    revision: int = 0

    @property
    def wants_touch(self) -> bool:
        """Whether the person has opted in to touch reminders: they asked for them, and are comfortable with touch."""
        return self.reminders.touch is not None and self.profile.touch_comfort > 0

    def is_silent_on(self, date: dt.date) -> bool:
        """Whether a pause keeps the date's reminders from the person."""
        return self.paused_until is not None and date < self.paused_until


@dataclass(frozen=True, slots=True)
class Pause:
    """A time off: from the date `first` on nothing asks a couple to take part, until just before the date `until`."""

    first: dt.date
    until: dt.date


@dataclass(frozen=True, slots=True)
class PackWish:
    """What a couple has said of a pack, and since when: a pack that they joined plays from that date on."""

    wish: Wish
    since: dt.date


@dataclass(frozen=True, slots=True)
class Couple:
    """Two persons. `profiles` repeats what the couple's rules need of each, and is written with the person.

    `first_date` is the earliest date that either clock showed when the couple was made and `counted_from` the first
    that they had whole; `themes_met` is what the last weeks brought, and `ended_at` when they unpaired. `packs` are
    those of which either has said something, for both. `pause` is the latest, running or over, and `paused` are all
    dates inside a pause (`rekindle.domain.pauses`). `windows` are the hours of dates around the latest change of a
    zone, where they differ from what the present zones say (`rekindle.domain.open_days`).
    `touch_wanted_by` are those who have opted in to touch reminders, and `touch_from` is the date from which both had,
    None while they have not. `revision` grows by one whenever a profile, a theme, a pack, a pause or such a wish is
    written, and guards the choice of a day's prompt, a pause, and the agreement on touch, which rest on both persons.
    """

    id: CoupleId
    created_at: dt.datetime
    first_date: dt.date
    counted_from: dt.date
    profiles: Mapping[Uid, Profile]
    themes_met: Mapping[dt.date, Theme] = field(default_factory=dict)
    windows: Mapping[dt.date, DayWindow] = field(default_factory=dict)
    packs: Mapping[PackId, PackWish] = field(default_factory=dict)
    ended_at: dt.datetime | None = None
    pause: Pause | None = None
    paused: frozenset[dt.date] = frozenset()
    touch_wanted_by: frozenset[Uid] = frozenset()
    touch_from: dt.date | None = None
    revision: int = 0

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The zones of both."""
        return tuple(profile.zone for profile in self.profiles.values())

    def partner_of(self, uid: Uid) -> Uid:
        """The other of the two."""
        (partner,) = (each for each in self.profiles if each != uid)
        return partner

    def with_person(self, person: Person, date: dt.date) -> Couple:
        """The couple once one of the two is as given; should they agree on touch only now, it is from `date` on."""
        others = self.touch_wanted_by - {person.uid}
        wanted_by = others | {person.uid} if person.wants_touch else others
        return replace(
            self,
            profiles={**self.profiles, person.uid: person.profile},
            touch_wanted_by=wanted_by,
            touch_from=(self.touch_from or date) if wanted_by == self.profiles.keys() else None,
        )


@dataclass(frozen=True, slots=True)
class Reflection:
    """What one person left beside their partner's opened answer; `sealed` is the encrypted text of what they heard."""

    at: dt.datetime
    kind: ReflectionKind
    sealed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person gave to a day.

    `sealed` is the encrypted text, or None where a day was checked off without one; `revision` counts the edits from
    1, so that an edit can name what it replaces. `reflection` is what the same person left once both were open.
    """

    at: dt.datetime
    revision: int
    sealed: bytes | None
    share_first: bool = False
    reflection: Reflection | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A couple's prompt of one calendar date, with both answers: one item, so that one write can see the other.

    `theme` is the prompt's, None on a day that was opened before days said so; `again` says that the couple had met the
    prompt before, and `swapped` what they put aside for it, oldest first. All three are there to be counted.
    """

    couple: CoupleId
    date: dt.date
    prompt: PromptRef
    kind: PromptKind
    window: DayWindow
    answers: Mapping[Uid, Answer] = field(default_factory=dict)
    theme: Theme | None = None
    again: bool = False
    swapped: tuple[Swapped, ...] = ()

    @property
    def takes_swap(self) -> bool:
        """Whether its prompt may be swapped while it is open: once, before anyone has answered."""
        return not self.answers and not self.swapped

    @property
    def revealed(self) -> bool:
        """Whether both have answered, which is what opens the answers and completes the day."""
        return len(self.answers) == 2  # noqa: PLR2004  a couple is two

    def opened_to(self, uid: Uid) -> list[Uid]:
        """Whose answers one of the two may read, theirs first: the seal."""
        mine = [uid] if uid in self.answers else []
        theirs = [
            each for each, answer in self.answers.items() if each != uid and (self.revealed or answer.share_first)
        ]
        return mine + theirs


@dataclass(frozen=True, slots=True)
class SoloDay:
    """A person's prompt of one date that they have for themself, and their answer to it.

    `shared_with` is the couple that they have shown it to, in a copy under that couple's key.
    """

    person: Uid
    date: dt.date
    prompt: PromptRef
    answer: Answer | None = None
    shared_with: CoupleId | None = None


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """What a person answered alone and then showed to their partner, sealed anew with the couple's key."""

    couple: CoupleId
    person: Uid
    date: dt.date
    prompt: PromptRef
    sealed: bytes
