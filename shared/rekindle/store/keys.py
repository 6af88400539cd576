"""Every key of the table, and the only place that spells one."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from rekindle.domain.models import PushKind

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from rekindle.domain.models import CoupleId, PackId, PromptId, Target, Theme, Uid, Zone
    from rekindle.domain.reminders import Slot


class Key(NamedTuple):
    """A partition key and a sort key."""

    pk: str
    sk: str


PERSON_PREFIX: Final = "PERSON#"
COUPLE_PREFIX: Final = "COUPLE#"
DAY_PREFIX: Final = "DAY#"
SOLO_PREFIX: Final = "SOLO#"
SHARED_PREFIX: Final = "SHARED#"
CAUGHT_UP_PREFIX: Final = "CAUGHT_UP#"
RUN_PREFIX: Final = "RUN#"
STREAK: Final = "STREAK"
STATS: Final = "STATS"
"""The partition of the counters of dates and weeks."""
NUDGES: Final = "NUDGES"
ZONES: Final = "ZONES"
"""The partition that lists which slots exist, an item for each zone."""
SHARD_NAMES: Final = Key("SHARD_NAMES", "SHARD_NAMES")
OUTAGES: Final = Key("SERVICE", "OUTAGES")
WATERMARK: Final = Key("TICK", "WATERMARK")
PACKS: Final = "PACKS"
"""The partition that lists the practice's packs, an item for each."""
AUDIT: Final = "AUDIT"
NEWS: Final = Key("NEWS", "NEWS")
HELP: Final = Key("HELP", "HELP")
CATALOGUE_VERSION: Final = Key("CATALOGUE", "VERSION")

ROW_KINDS: Final[Mapping[str, PushKind]] = {"e": PushKind.EVENING, "p": PushKind.PROMPT, "t": PushKind.TOUCH}
"""The letters that slot rows begin with, and are read by."""
_ROW_LETTERS: Final = {kind: letter for letter, kind in ROW_KINDS.items()}
SLOT_ROWS: Final = (min(ROW_KINDS), max(ROW_KINDS) + "~")
"""Between these are the sort keys of all rows of a shard."""


def person(uid: Uid) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", "PERSON")


def tries(uid: Uid) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", "TRIES")


def practice_code_tries(uid: Uid) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", "CODE_TRIES")


def once(uid: Uid, idempotency_key: str) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", f"ONCE#{_digest(idempotency_key)}")


def caught_up(uid: Uid, kind: PushKind, date: dt.date) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", f"{CAUGHT_UP_PREFIX}{kind}#{date}")


def target(value: Target) -> Key:
    """A target may be longer than a key may be, and need not be readable in one: its digest stands for it."""
    return target_of(digest_of(value))


def target_of(digest: str) -> Key:
    return Key(f"TARGET#{digest}", "TARGET")


def digest_of(value: Target) -> str:
    """What stands for a target where the target itself must not be."""
    return _digest(f"{value.kind}:{value.value}")


def invite(code_mac: str) -> Key:
    return Key(f"INVITE#{code_mac}", "INVITE")


def couple(couple: CoupleId) -> Key:
    return Key(f"{COUPLE_PREFIX}{couple}", "COUPLE")


def streak(couple: CoupleId) -> Key:
    return Key(f"{COUPLE_PREFIX}{couple}", STREAK)


def seen(couple: CoupleId, theme: Theme) -> Key:
    return Key(f"{COUPLE_PREFIX}{couple}", f"SEEN#{theme}")


def day(couple: CoupleId, date: dt.date) -> Key:
    return Key(f"{COUPLE_PREFIX}{couple}", f"{DAY_PREFIX}{date}")


def solo(uid: Uid) -> Key:
    """What a person has met alone."""
    return Key(f"{PERSON_PREFIX}{uid}", "SOLO")


def solo_day(uid: Uid, date: dt.date) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", f"{SOLO_PREFIX}{date}")


def shared(couple: CoupleId, date: dt.date, uid: Uid) -> Key:
    """The copy that a couple has of what one of them answered alone; by date first, so that both read on by it."""
    return Key(f"{COUPLE_PREFIX}{couple}", f"{SHARED_PREFIX}{date}#{uid}")


def shared_before(date: dt.date) -> tuple[str, str]:
    """Between these are the sort keys of all that a couple has shared of the dates before this one."""
    return SHARED_PREFIX, f"{SHARED_PREFIX}{date}"


def nudges(uid: Uid) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", NUDGES)


def zone(zone: Zone) -> Key:
    return Key(ZONES, zone)


def shards(slot: Slot) -> Key:
    return Key(f"SLOT#{slot}", "SHARDS")


def slot_shard(shard: str) -> str:
    """The partition of persons who are due at a slot; short, because every row of it repeats its name."""
    return f"DUE#{shard}"


def slot_row(shard: str, kind: PushKind, person: str) -> Key:
    """The row of one person, who is named by their mark."""
    return Key(slot_shard(shard), f"{_ROW_LETTERS[kind]}{person}")


def changed_row(row: Key, millis: int) -> Key:
    """The note that a row changed then; notes lie beside the rows, in the order of time."""
    return Key(row.pk, f"~{millis:013}#{row.sk}")


def changed_rows(millis: int) -> tuple[str, str]:
    """Between these are the sort keys of the notes since then."""
    return f"~{millis:013}", "~~"


def mark_of(uid: Uid) -> str:
    """What stands for a person where it has to be short and need not be undone: 12 symbols."""
    return base64.urlsafe_b64encode(hashlib.blake2b(uid.encode(), digest_size=9).digest()).decode("ascii")


def run(shard: str, date: dt.date) -> Key:
    return Key(f"{RUN_PREFIX}{shard}#{date}", "RUN")


def incident(fault: str, day: dt.date) -> Key:
    return Key(f"INCIDENT#{fault}#{day}", "INCIDENT")


def catalogue_index(version: int, number: int) -> Key:
    return Key("CATALOGUE", f"INDEX#{version}#{number:04}")


def pack(pack: PackId) -> Key:
    return Key(PACKS, pack)


def draft(pack: PackId, revision: int, number: int) -> Key:
    return Key(f"PACK#{pack}", f"DRAFT#{revision:06}#{number:03}")


def release(pack: PackId, version: int) -> Key:
    return Key(f"PACK#{pack}#{version}", "RELEASE")


def source(pack: PackId, version: int, number: int) -> Key:
    return Key(f"PACK#{pack}#{version}", f"SOURCE#{number:03}")


def practice_code(code: str) -> Key:
    return Key(f"CODE#{code}", "CODE")


def audit(millis: int, entry: str) -> Key:
    return Key(AUDIT, f"{millis:013}-{entry}")


def prompt(pack: PackId, version: int, prompt: PromptId) -> Key:
    return Key(f"PACK#{pack}#{version}", f"PROMPT#{prompt}")


def tally(couple: CoupleId) -> Key:
    return Key(f"TALLY#{couple}", "TALLY")


def tallied_run(run: str) -> Key:
    """The mark that a run is counted; `run` is what its own key has after the prefix."""
    return Key(f"TALLY#{RUN_PREFIX}{run}", "TALLY")


def stats_of_date(date: dt.date) -> Key:
    return Key(STATS, f"DAY#{date}")


def stats_of_week(monday: dt.date) -> Key:
    return Key(STATS, f"WEEK#{monday}")


def stats_of_pack(pack: PackId) -> str:
    """The partition of the counters of a pack's prompts."""
    return f"{STATS}#{pack}"


def stats_of_prompt(pack: PackId, prompt: PromptId) -> Key:
    return Key(stats_of_pack(pack), f"PROMPT#{prompt}")


def shown(date: dt.date, part: int) -> Key:
    """A part of what is shown of all counters on a date."""
    return Key(f"SHOWN#{date}", f"{part:03}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
