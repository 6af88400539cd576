"""Every key of the table, and the only place that spells one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import datetime as dt

    from rekindle.models import CoupleId, PackId, PromptId, PushKind, Theme, Uid
    from rekindle.reminders import Slot


class Key(NamedTuple):
    """A partition key and a sort key."""

    pk: str
    sk: str


DAY_PREFIX: Final = "DAY#"
NUDGES_PREFIX: Final = "NUDGES#"
ZONES: Final = Key("ZONES", "ZONES")
OUTAGES: Final = Key("SERVICE", "OUTAGES")
WATERMARK: Final = Key("TICK", "WATERMARK")
CATALOGUE_VERSION: Final = Key("CATALOGUE", "VERSION")


def person(uid: Uid) -> Key:
    return Key(f"PERSON#{uid}", "PERSON")


def tries(uid: Uid) -> Key:
    return Key(f"PERSON#{uid}", "TRIES")


def once(uid: Uid, idempotency_key: str) -> Key:
    return Key(f"PERSON#{uid}", f"ONCE#{_digest(idempotency_key)}")


def token(value: str) -> Key:
    """A token may be longer than a key may be, and need not be readable in one: its digest stands for it."""
    return Key(f"TOKEN#{_digest(value)}", "TOKEN")


def invite(code_mac: str) -> Key:
    return Key(f"INVITE#{code_mac}", "INVITE")


def couple(couple: CoupleId) -> Key:
    return Key(f"COUPLE#{couple}", "COUPLE")


def streak(couple: CoupleId) -> Key:
    return Key(f"COUPLE#{couple}", "STREAK")


def seen(couple: CoupleId, theme: Theme) -> Key:
    return Key(f"COUPLE#{couple}", f"SEEN#{theme}")


def day(couple: CoupleId, date: dt.date) -> Key:
    return Key(f"COUPLE#{couple}", f"{DAY_PREFIX}{date}")


def nudges(couple: CoupleId, sender: Uid) -> Key:
    return Key(f"COUPLE#{couple}", f"{NUDGES_PREFIX}{sender}")


def shards(slot: Slot) -> Key:
    return Key(f"SLOT#{slot}", "SHARDS")


def slot_shard(slot: Slot, shard: int) -> str:
    """The partition of the persons who are due at a slot."""
    return f"SLOT#{slot}#{shard}"


def slot_row(slot: Slot, shard: int, kind: PushKind, uid: Uid) -> Key:
    return Key(slot_shard(slot, shard), f"{kind}#{uid}")


def run(slot: Slot, shard: int, date: dt.date) -> Key:
    return Key(f"RUN#{slot}#{shard}#{date}", "RUN")


def catalogue_index(version: int, number: int) -> Key:
    return Key("CATALOGUE", f"INDEX#{version}#{number:04}")


def prompt(pack: PackId, version: int, prompt: PromptId) -> Key:
    return Key(f"PACK#{pack}#{version}", f"PROMPT#{prompt}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
