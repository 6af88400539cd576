"""The field's words as types: ids, states and the frozen values that rules and stores exchange."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from collections.abc import Mapping


Uid = NewType("Uid", str)
"""A person's id: the `sub` of their Firebase ID token."""
CoupleId = NewType("CoupleId", str)
DeviceId = NewType("DeviceId", str)
"""Chosen by the phone, and stable for one installation of the app."""
InviteId = NewType("InviteId", str)
PackId = NewType("PackId", str)
PromptId = NewType("PromptId", str)
Zone = NewType("Zone", str)
"""An IANA zone name that the pinned tzdata knows; see `rekindle.domain.calendar.zone_named`."""
Language = NewType("Language", str)
"""A lower-case ISO 639-1 code, such as `en`."""


class Theme(StrEnum):
    """The seven practices. Every prompt has exactly one."""

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
    """Kind of a reply to the partner's answer: the words that were heard, or one of three short replies."""

    HEARD = "heard"
    THANK_YOU = "thank_you"
    I_HEAR_YOU = "i_hear_you"
    TELL_ME_MORE = "tell_me_more"


class Audience(StrEnum):
    """The couples that a pack is for: everyone, couples that choose it, or couples that have its code."""

    EVERYONE = "everyone"
    CHOICE = "choice"
    CODE = "code"


class Wish(StrEnum):
    """A couple's choice about a pack: turned off (everyone's packs only), chosen, or joined by its code."""

    TURNED_OFF = "aside"
    CHOSEN = "chosen"
    JOINED = "joined"


class Barrier(StrEnum):
    """What gets in a person's way. Private to that person."""

    STRESS = "stress"
    COMMUNICATION = "communication"
    VULNERABILITY = "vulnerability"
    NEGLECT = "neglect"


class Platform(StrEnum):
    """A device's operating system. It decides how a push is made silent."""

    ANDROID = "android"
    IOS = "ios"


class PushKind(StrEnum):
    """Why a push is sent."""

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
    """How many persons were due for a reminder, and for how many FCM accepted a push at the first try."""

    due: int = 0
    reached: int = 0

    def __add__(self, other: Reach) -> Reach:
        return Reach(self.due + other.due, self.reached + other.reached)


@dataclass(frozen=True, slots=True)
class DayWindow:
    """The time in which a date takes answers: from `opens_at` until just before `closes_at`, both UTC."""

    opens_at: dt.datetime
    closes_at: dt.datetime

    def is_open(self, instant: dt.datetime) -> bool:
        """Return whether the window contains the instant."""
        return self.opens_at <= instant < self.closes_at

    def widened(self, other: DayWindow) -> DayWindow:
        """Return the window that covers both. A change of zone moves an edge outward, never inward."""
        return DayWindow(min(self.opens_at, other.opens_at), max(self.closes_at, other.closes_at))


@dataclass(frozen=True, slots=True)
class PromptRef:
    """Reference to one prompt's text. It never changes, since a published version never changes."""

    pack: PackId
    version: int
    prompt: PromptId

    @property
    def id(self) -> str:
        """The prompt's id for phones, the same in every version."""
        return f"{self.pack}/{self.prompt}"


@dataclass(frozen=True, slots=True)
class Swapped:
    """A prompt that a couple swapped for another. `again` is as on its day.

    `request` identifies the request that swapped it, so that a repeat is recognised.
    """

    prompt: PromptRef
    again: bool = False
    request: str = ""


class TargetKind(StrEnum):
    """How FCM finds a phone: by a registration token, or by the newer Firebase installation id."""

    TOKEN = "token"  # noqa: S105  a kind, not a secret
    FID = "fid"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """The address of a push: one installation of the app at FCM."""

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
    """Local times between which a push makes no sound; may span midnight. `start == end` is refused."""

    start: dt.time
    end: dt.time


@dataclass(frozen=True, slots=True)
class TouchReminder:
    """On which weekdays (0 is Monday, as in `date.weekday`; at least one) and when a person wants a touch reminder."""

    weekdays: frozenset[int]
    time: dt.time


@dataclass(frozen=True, slots=True)
class Reminders:
    """A person's reminder settings, in local times that are multiples of 5 minutes.

    `evening`, `quiet_hours` and `touch` are None when switched off. `touch` is off by default. With `news`, the
    prompt's push of one date announces new packs instead.
    """

    prompt: dt.time = dt.time(8, 30)
    evening: dt.time | None = dt.time(20, 30)
    quiet_hours: QuietHours | None = QuietHours(dt.time(22), dt.time(7))
    touch: TouchReminder | None = None
    nudges_muted: bool = False
    news: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """A person's own settings. `depth` is 1 to 3, `touch_comfort` 0 (no touch prompts at all) to 3."""

    display_name: str
    zone: Zone
    language: Language
    depth: int = 1
    touch_comfort: int = 0
    barriers: frozenset[Barrier] = frozenset()
    streak_hidden: bool = False


@dataclass(frozen=True, slots=True)
class LiveInvite:
    """A person's one open invite, as stored with the person. Only the phones know the code itself."""

    id: InviteId
    code_mac: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class DueEarlier:
    """A reminder that came due on `date` just before its person moved it away from that zone and time.

    Its push may still be under way: until `until` the old slot still sends for that one date.
    """

    kind: PushKind
    zone: Zone
    time: dt.time
    date: dt.date
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Person:
    """All data of one person except days: one item, so that one conditional write keeps it consistent.

    `parted` maps their former couples to the instant of the end: it finds what they wrote there. `touch_agreed` copies
    whether both of their couple want touch reminders. `paused_until` copies the date before which the couple's pause
    silences all reminders. `reminded_since` is when each reminder lately became theirs; `last_due` and `due_earlier`
    record what had come due when it last moved (`rekindle.domain.due_dates`). `revision` grows by one with each write
    and guards it.
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
        """Whether the person has opted in to touch reminders: they set them, and their touch comfort is not 0."""
        return self.reminders.touch is not None and self.profile.touch_comfort > 0

    def is_silent_on(self, date: dt.date) -> bool:
        """Return whether a pause silences the person's reminders of the date."""
        return self.paused_until is not None and date < self.paused_until


@dataclass(frozen=True, slots=True)
class Pause:
    """A couple's time off, from the date `first` until just before the date `until`."""

    first: dt.date
    until: dt.date


@dataclass(frozen=True, slots=True)
class PackWish:
    """A couple's choice about a pack, and its date. A joined pack plays from that date on."""

    wish: Wish
    since: dt.date


@dataclass(frozen=True, slots=True)
class Couple:
    """Two persons. `profiles` copies what the couple's rules need of each, and is written with the person.

    `first_date` is the earliest date that either clock showed when the couple was made. `counted_from` is the first
    date that they had whole. `themes_met` holds the last weeks' themes. `ended_at` is when they unpaired. `packs` holds
    their choices about packs. `pause` is the latest pause, running or over, and `paused` all dates inside a pause
    (`rekindle.domain.pauses`). `windows` holds the hours of dates around the latest zone change, where they differ from
    those of the current zones (`rekindle.domain.open_days`). `touch_wanted_by` are those who opted in to touch
    reminders, and `touch_from` is the date from which both had, or None.

    `revision` grows by one with each write of a profile, a theme, a pack, a pause or a touch choice. It guards the
    choice of a day's prompt, a pause and the agreement on touch, which depend on both persons.
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
        """Return the other of the two."""
        (partner,) = (each for each in self.profiles if each != uid)
        return partner

    def with_person(self, person: Person, date: dt.date) -> Couple:
        """Return the couple with one person updated. If both agree on touch only now, they do so from `date` on."""
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
    """What one person left beside their partner's opened answer. `sealed` is the encrypted text, with `heard` only."""

    at: dt.datetime
    kind: ReflectionKind
    sealed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's answer to a day.

    `sealed` is the encrypted text, or None where a day was checked off without one. `revision` starts at 1 and grows
    with each edit, so an edit can name the revision that it replaces. `reflection` is what the same person left after
    the reveal.
    """

    at: dt.datetime
    revision: int
    sealed: bytes | None
    share_first: bool = False
    reflection: Reflection | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A couple's day, with both answers. It is one item, so that each write sees both answers.

    `theme` is the prompt's theme, or None on days from before this field existed. `again` means that the couple had met
    the prompt before. `swapped` holds the prompts that were swapped away, oldest first. These three serve the
    statistics.
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
        """Whether the prompt may be swapped while the day is open: once, and before anyone has answered."""
        return not self.answers and not self.swapped

    @property
    def revealed(self) -> bool:
        """Whether both have answered. That opens both answers and completes the day."""
        return len(self.answers) == 2  # noqa: PLR2004  a couple is two

    def opened_to(self, uid: Uid) -> list[Uid]:
        """Return whose answers this person may read, their own first. This is the seal."""
        mine = [uid] if uid in self.answers else []
        theirs = [
            each for each, answer in self.answers.items() if each != uid and (self.revealed or answer.share_first)
        ]
        return mine + theirs


@dataclass(frozen=True, slots=True)
class SoloDay:
    """A person's own prompt of one date, and their answer.

    `shared_with` is the couple to which they have shown it, in a copy under that couple's key.
    """

    person: Uid
    date: dt.date
    prompt: PromptRef
    answer: Answer | None = None
    shared_with: CoupleId | None = None


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """An answer that a person gave alone and then showed to their partner, sealed again with the couple's key."""

    couple: CoupleId
    person: Uid
    date: dt.date
    prompt: PromptRef
    sealed: bytes
