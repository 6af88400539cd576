"""A person has a profile, devices and reminders, and is in at most one couple."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rekindle.domain.invites import POINTER_KEPT
from rekindle.domain.limits import still_counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rekindle.domain.ids import CoupleId, DeviceId, InviteId, Language, Uid, Zone
    from rekindle.domain.limits import Counted
    from rekindle.domain.pushes import PushKind
    from rekindle.domain.touch_dates import TouchDates


REMOVED_LIMIT: Final = 10
"""A person's item names at most this many removed devices: those with the latest first registrations."""


class Barrier(StrEnum):
    """Something that keeps a person from being close. The partner never sees a person's barriers."""

    STRESS = "stress"
    COMMUNICATION = "communication"
    VULNERABILITY = "vulnerability"
    NEGLECT = "neglect"


class Platform(StrEnum):
    """A device's operating system. Each operating system needs a different setting for a push without sound."""

    ANDROID = "android"
    IOS = "ios"


class TargetKind(StrEnum):
    """Kind of a target: a registration token, or a Firebase installation id (FID)."""

    TOKEN = "token"  # noqa: S105  a kind, not a secret
    FID = "fid"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """The address of one installation of the app. FCM sends pushes to this address."""

    kind: TargetKind
    value: str


@dataclass(frozen=True, slots=True)
class Device:
    """One installation of the app, to which pushes can be sent.

    `registered_at` is the instant of the latest registration, and `added_at` that of the first one. Devices of version
    0.1.0 have no `added_at`.
    """

    target: Target
    platform: Platform
    registered_at: dt.datetime
    added_at: dt.datetime | None = None

    @property
    def known_since(self) -> dt.datetime:
        """The instant of the first registration that we know."""
        return self.added_at or self.registered_at


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A push between these local times makes no sound. Quiet hours may span midnight. `start` and `end` differ."""

    start: dt.time
    end: dt.time


@dataclass(frozen=True, slots=True)
class TouchReminder:
    """The weekdays (at least one; 0 is Monday, as in `date.weekday`) and the time of a person's touch reminder."""

    weekdays: frozenset[int]
    time: dt.time


@dataclass(frozen=True, slots=True)
class Reminders:
    """A person's reminder settings, in local times that are multiples of 5 minutes.

    `evening`, `quiet_hours` and `touch` are None when switched off. `touch` is off by default. If `news` is True, a
    push that announces a new pack replaces the prompt reminder of one date.
    """

    prompt: dt.time = dt.time(8, 30)
    evening: dt.time | None = dt.time(20, 30)
    quiet_hours: QuietHours | None = QuietHours(dt.time(22), dt.time(7))
    touch: TouchReminder | None = None
    nudges_muted: bool = False
    news: bool = True

    def asks_no_more_than(self, earlier: Reminders) -> bool:
        """Return whether these reminders only stop or silence something of the earlier ones."""
        with_earlier = replace(
            self,
            evening=earlier.evening if self.evening is None else self.evening,
            quiet_hours=earlier.quiet_hours if earlier.quiet_hours is None else self.quiet_hours,
            touch=earlier.touch if self._has_no_more_touch_than(earlier) else self.touch,
            nudges_muted=earlier.nudges_muted and self.nudges_muted,
            news=earlier.news or self.news,
        )
        return with_earlier == earlier

    def _has_no_more_touch_than(self, earlier: Reminders) -> bool:
        touch, before = self.touch, earlier.touch
        if touch is None or before is None:
            return touch is None
        return touch.time == before.time and touch.weekdays <= before.weekdays


@dataclass(frozen=True, slots=True)
class Profile:
    """A person's own settings. `depth` is 1 to 3. `touch_comfort` is 0 (no touch prompts at all) to 3."""

    display_name: str
    zone: Zone
    language: Language
    depth: int = 1
    touch_comfort: int = 0
    barriers: frozenset[Barrier] = frozenset()
    streak_hidden: bool = False

    def asks_no_more_than(self, earlier: Profile) -> bool:
        """Return whether this profile only withdraws something that the earlier one wished, allowed or showed."""
        with_earlier = replace(
            self,
            depth=max(self.depth, earlier.depth),
            touch_comfort=max(self.touch_comfort, earlier.touch_comfort),
            barriers=self.barriers | earlier.barriers,
            streak_hidden=self.streak_hidden and earlier.streak_hidden,
        )
        return with_earlier == earlier


@dataclass(frozen=True, slots=True)
class LiveInvite:
    """A person's current invite. We store only a MAC of its code: `code_mac`."""

    id: InviteId
    code_mac: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class DueEarlier:
    """A reminder that came due for `date` just before it moved to another slot, or just before the pause changed.

    `zone` and `time` are the slot in which the reminder came due. The push for `date` may still be under way. So this
    slot can still send for this one date until the instant `until`.
    """

    kind: PushKind
    zone: Zone
    time: dt.time
    date: dt.date
    until: dt.datetime


def sign_ins_end_at(instant: dt.datetime) -> dt.datetime:
    """Return the instant before which all sign-ins end, if somebody signs out everywhere at `instant`.

    A token has its time of sign-in in whole seconds. So all sign-ins within the second of `instant` end, too. If two
    sign-outs are written out of order, the later instant counts.
    """
    return instant.replace(microsecond=0) + dt.timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Person:
    """A person's settings, devices and couple. All are in one item, so one conditional write keeps them consistent.

    `parted` maps former couples to the instant of their end, so that we can find the person's texts in these couples.
    After a former couple is deleted, it is not in `parted` any more, and `partings_deleted` counts it.
    `removed_devices` has devices that the system removed, because no push reached them, because they were stale, or
    because their target was registered elsewhere. It maps each device to the instant of its first registration. Such a
    device is not new when it comes back.

    `touch_dates` is a copy from the couple: the dates on which both want touch. `paused_until` is also a copy: the
    couple's pause silences all reminders of dates before `paused_until`.

    If `notifications_paused` is True, the person gets no pushes. `notified_since` is the instant at which they last
    ended such a pause: nothing that happened before it is pushed.

    From three fields, `rekindle.domain.due_dates` decides for which dates a reminder is sent. `reminded_since` maps a
    kind of reminder to the instant at which this reminder began, for example when the person paired. `last_due` maps a
    kind to a date: this date and earlier dates do not come due again. `due_earlier` has the dates for which an old slot
    can still send. Each write adds one to `revision`, and fails if `revision` has changed since the read.

    If the person signed out everywhere, `signed_out_at` is the end of the second in which they did this. Sign-ins
    before `signed_out_at` have ended. `checked_at` is when Firebase last confirmed that the account is neither disabled
    nor deleted. `erased_at` is when the person erased their account. `counted` has the instants at which the person did
    what a limit counts (`rekindle.domain.limits`), oldest first.
    """

    uid: Uid
    profile: Profile
    reminders: Reminders
    created_at: dt.datetime
    devices: Mapping[DeviceId, Device] = field(default_factory=dict)
    removed_devices: Mapping[DeviceId, dt.datetime] = field(default_factory=dict)
    couple: CoupleId | None = None
    parted: Mapping[CoupleId, dt.datetime] = field(default_factory=dict)
    partings_deleted: int = 0
    invite: LiveInvite | None = None
    touch_dates: TouchDates | None = None
    paused_until: dt.date | None = None
    notifications_paused: bool = False
    notified_since: dt.datetime | None = None
    reminded_since: Mapping[PushKind, dt.datetime] = field(default_factory=dict)
    last_due: Mapping[PushKind, dt.date] = field(default_factory=dict)
    due_earlier: tuple[DueEarlier, ...] = ()
    signed_out_at: dt.datetime | None = None
    checked_at: dt.datetime | None = None
    erased_at: dt.datetime | None = None
    counted: Mapping[Counted, tuple[dt.datetime, ...]] = field(default_factory=dict)
    revision: int = 0

    @property
    def wants_touch(self) -> bool:
        """Return whether the person has a touch reminder, and a touch comfort above 0."""
        return self.reminders.touch is not None and self.profile.touch_comfort > 0

    def has_touch_on(self, date: dt.date) -> bool:
        """Return whether the person wants touch now, and their couple has touch on the date."""
        return self.wants_touch and self.touch_dates is not None and date in self.touch_dates

    def signed_out_everywhere(self, instant: dt.datetime) -> Person:
        """Return the person without devices, and with all sign-ins ended."""
        end = sign_ins_end_at(instant)
        return replace(self, signed_out_at=max(end, self.signed_out_at or end), devices={}, removed_devices={})

    def known_since(self, device: DeviceId) -> dt.datetime | None:
        """Return the instant of the device's first registration. Return None if the device counts as new."""
        known = self.devices.get(device)
        return known.known_since if known else self.removed_devices.get(device)

    def with_device(self, added: DeviceId, device: Device) -> Person:
        """Return the person with this device, new or in place of an earlier registration."""
        first = self.known_since(added) or device.registered_at
        removed = {each: since for each, since in self.removed_devices.items() if each != added}
        devices = {**self.devices, added: replace(device, added_at=first)}
        return replace(self, devices=devices, removed_devices=removed)

    def without_device(self, gone: DeviceId) -> Person:
        """Return the person without a device that they removed. If the device comes back, it counts as new."""
        return replace(
            self,
            devices={each: device for each, device in self.devices.items() if each != gone},
            removed_devices={each: since for each, since in self.removed_devices.items() if each != gone},
        )

    def without_unreached(self, is_unreached: Callable[[Device], bool]) -> Person:
        """Return the person, with the unreached devices moved to `removed_devices`."""
        gone = {each: device.known_since for each, device in self.devices.items() if is_unreached(device)}
        if not gone:
            return self
        known = sorted({**self.removed_devices, **gone}.items(), key=lambda each: (each[1], each[0]))
        devices = {each: device for each, device in self.devices.items() if each not in gone}
        return replace(self, devices=devices, removed_devices=dict(known[-REMOVED_LIMIT:]))

    def without_old_invite(self, instant: dt.datetime) -> Person:
        """Return the person without their invite, if it expired more than POINTER_KEPT ago."""
        is_old = self.invite and self.invite.expires_at + POINTER_KEPT <= instant
        return replace(self, invite=None) if is_old else self

    def with_notifications(self, instant: dt.datetime, *, paused: bool) -> Person:
        """Return the person with their notifications paused, or with a pause ended at `instant`."""
        since = instant if self.notifications_paused and not paused else self.notified_since
        return replace(self, notifications_paused=paused, notified_since=since)

    def is_notified_of(self, instant: dt.datetime) -> bool:
        """Return whether the person may get a push about something that happened at `instant`."""
        return not self.notifications_paused and (self.notified_since is None or self.notified_since <= instant)

    def without_old_counts(self, instant: dt.datetime) -> Person:
        """Return the person without what no limit counts any more."""
        return replace(self, counted=still_counted(self.counted, instant))

    def is_silent_on(self, date: dt.date) -> bool:
        """Return whether a pause silences the person's reminders of the date."""
        return self.paused_until is not None and date < self.paused_until
