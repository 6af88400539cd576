"""Convert persons and profiles to items of the table, and back. A couple's item has copies of both profiles."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from rekindle.domain.ids import CoupleId, DeviceId, InviteId, Language, Uid, Zone
from rekindle.domain.limits import Counted
from rekindle.domain.persons import (
    Barrier,
    Device,
    DueEarlier,
    LiveInvite,
    Person,
    Platform,
    Profile,
    QuietHours,
    Reminders,
    Target,
    TargetKind,
    TouchReminder,
)
from rekindle.domain.pushes import PushKind
from rekindle.domain.touch_dates import EVERY_TOUCH_DATE, TouchDates
from rekindle.store.forms import stored
from rekindle.store.instants import from_millis, to_millis

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.store.table import Item

type PersonChange = tuple[Person | None, Person]
"""A person before and after a change. For a new person, the first value is None."""


def profile_from(item: Mapping[str, Any]) -> Profile:
    """Read a profile from an attribute of a person's or a couple's item."""
    return Profile(
        display_name=item["display_name"],
        zone=Zone(item["zone"]),
        language=Language(item["language"]),
        depth=item["depth"],
        touch_comfort=item["touch_comfort"],
        barriers=frozenset(Barrier(each) for each in item["barriers"]),
        streak_hidden=item["streak_hidden"],
    )


def person_item(person: Person) -> Item:
    """Return the person's item without its key and revision."""
    quiet = person.reminders.quiet_hours
    item: Item = {
        "profile": stored(person.profile),
        "reminders": {
            **stored(person.reminders),
            "quiet_hours": [stored(quiet.start), stored(quiet.end)] if quiet else None,
        },
        **_touch_item(person.touch_dates),
        "last_due": stored(person.last_due),
        "reminded_since": stored(person.reminded_since),
        "owed": stored(person.due_earlier),  # items in the table keep this old name
        "devices": {
            device_id: {
                str(device.target.kind): device.target.value,
                "platform": device.platform,
                "registered_at": to_millis(device.registered_at),
            }
            | ({"added_at": to_millis(device.added_at)} if device.added_at else {})
            for device_id, device in person.devices.items()
        },
        "created_at": to_millis(person.created_at),
    }
    optional = {
        "removed_devices": person.removed_devices,
        "couple": person.couple,
        "parted": person.parted,
        "partings_deleted": person.partings_deleted,
        "paused_until": person.paused_until,
        "notifications_paused": person.notifications_paused,
        "notified_since": person.notified_since,
        "invite": person.invite,
        "erased_at": person.erased_at,
        "signed_out_at": person.signed_out_at,
        "checked_at": person.checked_at,
        "counted": person.counted,
    }
    return item | {name: stored(value) for name, value in optional.items() if value}


def person_from(item: Mapping[str, Any]) -> Person:
    """Read a person from their item."""
    reminders, invite = item["reminders"], item.get("invite")
    quiet, touch = reminders["quiet_hours"], reminders["touch"]
    return Person(
        uid=Uid(item["pk"].partition("#")[2]),
        profile=profile_from(item["profile"]),
        reminders=Reminders(
            prompt=dt.time.fromisoformat(reminders["prompt"]),
            evening=dt.time.fromisoformat(reminders["evening"]) if reminders["evening"] else None,
            quiet_hours=QuietHours(*map(dt.time.fromisoformat, quiet)) if quiet else None,
            touch=TouchReminder(frozenset(touch["weekdays"]), dt.time.fromisoformat(touch["time"])) if touch else None,
            nudges_muted=reminders["nudges_muted"],
            news=reminders.get("news", True),  # old items do not have this attribute
        ),
        created_at=from_millis(item["created_at"]),
        devices={
            DeviceId(device_id): Device(
                target=_target_from(device),
                platform=Platform(device["platform"]),
                registered_at=from_millis(device["registered_at"]),
                added_at=from_millis(device["added_at"]) if "added_at" in device else None,
            )
            for device_id, device in item["devices"].items()
        },
        removed_devices={
            DeviceId(device_id): from_millis(since) for device_id, since in item.get("removed_devices", {}).items()
        },
        couple=CoupleId(item["couple"]) if "couple" in item else None,
        parted={CoupleId(couple): from_millis(ended_at) for couple, ended_at in item.get("parted", {}).items()},
        partings_deleted=item.get("partings_deleted", 0),
        invite=LiveInvite(InviteId(invite["id"]), invite["code_mac"], from_millis(invite["expires_at"]))
        if invite
        else None,
        touch_dates=_touch_dates_from(item),
        paused_until=dt.date.fromisoformat(item["paused_until"]) if "paused_until" in item else None,
        notifications_paused=item.get("notifications_paused", False),
        notified_since=from_millis(item["notified_since"]) if "notified_since" in item else None,
        last_due={PushKind(kind): dt.date.fromisoformat(date) for kind, date in item["last_due"].items()},
        reminded_since={PushKind(kind): from_millis(since) for kind, since in item["reminded_since"].items()},
        due_earlier=tuple(
            DueEarlier(
                kind=PushKind(due_earlier["kind"]),
                zone=Zone(due_earlier["zone"]),
                time=dt.time.fromisoformat(due_earlier["time"]),
                date=dt.date.fromisoformat(due_earlier["date"]),
                until=from_millis(due_earlier["until"]),
            )
            for due_earlier in item["owed"]
        ),
        erased_at=from_millis(item["erased_at"]) if "erased_at" in item else None,
        signed_out_at=from_millis(item["signed_out_at"]) if "signed_out_at" in item else None,
        checked_at=from_millis(item["checked_at"]) if "checked_at" in item else None,
        counted={Counted(kind): tuple(map(from_millis, made)) for kind, made in item.get("counted", {}).items()},
        revision=item["revision"],
    )


def _touch_item(dates: TouchDates | None) -> Item:
    """Return the attributes of the dates with touch. Only version 0.1.0 reads `touch_agreed`."""
    if dates is None:
        return {"touch_agreed": False}
    seed = {"seed": dates.seed} if dates.seed else {}
    return {"touch_agreed": dates.go_on, "touch_dates": {"turns": stored(dates.turns), **seed}}


def _touch_dates_from(item: Mapping[str, Any]) -> TouchDates | None:
    """Read the dates with touch from a person's item. Version 0.1.0 stored only `touch_agreed`."""
    if "touch_dates" not in item:
        return EVERY_TOUCH_DATE if item["touch_agreed"] else None
    dates = item["touch_dates"]
    return TouchDates(tuple(map(dt.date.fromisoformat, dates["turns"])), dates.get("seed"))


def _target_from(device: Mapping[str, Any]) -> Target:
    (kind,) = (kind for kind in TargetKind if kind in device)
    return Target(kind, device[kind])
