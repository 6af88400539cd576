"""Make every key of the main table and of the table of erasures. No other module builds the text of these keys."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from rekindle.domain.pushes import PushKind

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from rekindle.domain.ids import CoupleId, PackId, PromptId, Uid, Zone
    from rekindle.domain.persons import Target
    from rekindle.domain.prompts import Theme
    from rekindle.domain.reminders import Slot


class Key(NamedTuple):
    """A partition key and a sort key. `sk` is empty for a table without sort keys."""

    pk: str
    sk: str

    @property
    def attributes(self) -> dict[str, str]:
        """The key as attributes of an item."""
        return {name: value for name, value in self._asdict().items() if value}


PERSON_PREFIX: Final = "PERSON#"
COUPLE_PREFIX: Final = "COUPLE#"
DAY_PREFIX: Final = "DAY#"
SOLO_PREFIX: Final = "SOLO#"
SHARED_PREFIX: Final = "SHARED#"
CAUGHT_UP_PREFIX: Final = "CAUGHT_UP#"
ADDED_PREFIX: Final = "ADDED#"
RUN_PREFIX: Final = "RUN#"
ERASED_PREFIX: Final = "ERASED#"
STREAK: Final = "STREAK"
COUPLE: Final = "COUPLE"
STATS: Final = "STATS"
"""The partition of the counters of all dates and weeks."""
PERSON: Final = "PERSON"
NUDGES: Final = "NUDGES"
ZONES: Final = "ZONES"
"""The partition of the list of slots. Each item has the times of one zone's slots."""
SHARD_NAMES: Final = Key("SHARD_NAMES", "SHARD_NAMES")
OUTAGES: Final = Key("SERVICE", "OUTAGES")
WATERMARK: Final = Key("TICK", "WATERMARK")
PACKS: Final = "PACKS"
"""The partition of the practice's packs. It has an item for each pack."""
AUDIT: Final = "AUDIT_CHAIN"
OLDER_AUDIT: Final = "AUDIT"
"""The partition of the audit of version 0.1.0, which has no chain, and which that version still reads and writes."""
AUDIT_HEAD: Final = Key("AUDIT_HEAD", "AUDIT_HEAD")
NOTICES: Final = "NOTICES"
CODE_PREFIX: Final = "CODE#"
STAFF_PREFIX: Final = "STAFF#"
SIGN_OUT: Final = "SIGN_OUT"
NEWS: Final = Key("NEWS", "NEWS")
HELP: Final = Key("HELP", "HELP")
HELP_PROPOSAL: Final = Key("HELP", "PROPOSAL")
CATALOGUE_VERSION: Final = Key("CATALOGUE", "VERSION")

ROW_KINDS: Final[Mapping[str, PushKind]] = {"e": PushKind.EVENING, "p": PushKind.PROMPT, "t": PushKind.TOUCH}
"""The first letter of a slot row's sort key gives the kind of the row's reminder."""
_ROW_LETTERS: Final = {kind: letter for letter, kind in ROW_KINDS.items()}
SLOT_ROWS: Final = (min(ROW_KINDS), max(ROW_KINDS) + "~")
"""The range of sort keys of a shard's slot rows. It does not include the notes of the shard (see `changed_row`)."""


def person(uid: Uid) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", PERSON)


def tries(uid: Uid) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", "TRIES")


def practice_code_tries(uid: Uid) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", "CODE_TRIES")


def once(uid: Uid, idempotency_key: str) -> Key:
    """Return the key of the row that stores an idempotency key of a person."""
    return Key(f"{PERSON_PREFIX}{uid}", f"ONCE#{_digest(idempotency_key)}")


def caught_up(uid: Uid, kind: PushKind, date: dt.date) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", f"{CAUGHT_UP_PREFIX}{kind}#{date}")


def added_device(uid: Uid, value: Target) -> Key:
    """Return the key of the row of a person's new device. The key has the digest of the device's target."""
    return Key(f"{PERSON_PREFIX}{uid}", f"{ADDED_PREFIX}{digest_of(value)}")


def target(value: Target) -> Key:
    """Return the key of the row that names a target's owner.

    The key has a digest of the target, because a target may be too long for a key of DynamoDB.
    """
    return target_of(digest_of(value))


def target_of(digest: str) -> Key:
    return Key(f"TARGET#{digest}", "TARGET")


def digest_of(value: Target) -> str:
    """Return a digest that identifies the target. Use the digest where nobody may read the target itself."""
    return _digest(f"{value.kind}:{value.value}")


def invite(code_mac: str) -> Key:
    return Key(f"INVITE#{code_mac}", "INVITE")


def couple(couple: CoupleId) -> Key:
    return Key(f"{COUPLE_PREFIX}{couple}", COUPLE)


def streak(couple: CoupleId) -> Key:
    return Key(f"{COUPLE_PREFIX}{couple}", STREAK)


def seen(couple: CoupleId, theme: Theme) -> Key:
    return Key(f"{COUPLE_PREFIX}{couple}", f"SEEN#{theme}")


def day(couple: CoupleId, date: dt.date) -> Key:
    return Key(f"{COUPLE_PREFIX}{couple}", f"{DAY_PREFIX}{date}")


def solo(uid: Uid) -> Key:
    """Return the key of a person's solo history."""
    return Key(f"{PERSON_PREFIX}{uid}", "SOLO")


def solo_day(uid: Uid, date: dt.date) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", f"{SOLO_PREFIX}{date}")


def shared(couple: CoupleId, date: dt.date, uid: Uid) -> Key:
    """Return the key of a shared solo answer, the couple's copy of what a person answered alone.

    The date is before the uid in the sort key, so that one query can read the answers of a range of dates.
    """
    return Key(f"{COUPLE_PREFIX}{couple}", f"{SHARED_PREFIX}{date}#{uid}")


def all_days() -> tuple[str, str]:
    """Return the range of sort keys that has all days of a couple."""
    return DAY_PREFIX, f"{DAY_PREFIX}~"


def shared_before(date: dt.date) -> tuple[str, str]:
    """Return the range of sort keys that has a couple's copies of solo answers before a date."""
    return SHARED_PREFIX, f"{SHARED_PREFIX}{date}"


def is_shared_by(sk: str, uid: Uid) -> bool:
    """Return whether the sort key is that of a couple's copy of this person's solo answer."""
    return sk.startswith(SHARED_PREFIX) and sk.endswith(f"#{uid}")


def is_solo(sk: str) -> bool:
    """Return whether a sort key of a person's partition is that of a solo day, or of the solo history."""
    return sk == "SOLO" or sk.startswith(SOLO_PREFIX)


def nudges(uid: Uid) -> Key:
    return Key(f"{PERSON_PREFIX}{uid}", NUDGES)


def zone(zone: Zone) -> Key:
    return Key(ZONES, zone)


def shards(slot: Slot) -> Key:
    return Key(f"SLOT#{slot}", "SHARDS")


def slot_shard(shard: str) -> str:
    """Return the partition key of a shard's rows. The key is short, because every row repeats it."""
    return f"DUE#{shard}"


def slot_row(shard: str, kind: PushKind, person: str) -> Key:
    """Return the key of a person's row in a shard. `person` is a pseudonym."""
    return Key(slot_shard(shard), f"{_ROW_LETTERS[kind]}{person}")


def changed_row(row: Key, millis: int) -> Key:
    """Return the key of a note, which says that the row changed at `millis`. A partition's notes are sorted by time."""
    return Key(row.pk, f"~{millis:013}#{row.sk}")


def changed_rows(millis: int) -> tuple[str, str]:
    """Return the range of sort keys of all notes since `millis` (the milliseconds from 1970 to an instant)."""
    return f"~{millis:013}", "~~"


def pseudonym_of(uid: Uid) -> str:
    """Return the person's pseudonym of 12 symbols. Nobody can compute the uid from the pseudonym."""
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


def older_release(pack: PackId, version: int) -> Key:
    """Return the key of the facts about a release that has left its pack's head."""
    return Key(f"PACK#{pack}", f"RELEASE#{version:06}")


def source(pack: PackId, version: int, number: int) -> Key:
    return Key(f"PACK#{pack}#{version}", f"SOURCE#{number:03}")


def practice_code(code: str) -> Key:
    return Key(f"{CODE_PREFIX}{code}", "CODE")


def audit(millis: int, entry: str) -> Key:
    return Key(AUDIT, f"{millis:013}-{entry}")


def notice(millis: int, name: str) -> Key:
    return Key(NOTICES, f"{millis:013}-{name}")


def last_notice_at(millis: int) -> str:
    """Return a sort key that comes after those of all notices up to an instant, and before those of later notices."""
    return f"{millis:013}-~"


def notices_read(uid: str) -> Key:
    """Return the key of the row that says until which notice a member of staff has read."""
    return Key(f"{STAFF_PREFIX}{uid}", "NOTICES")


def staff_sign_out(uid: str) -> Key:
    return Key(f"{STAFF_PREFIX}{uid}", SIGN_OUT)


def prompt(pack: PackId, version: int, prompt: PromptId) -> Key:
    return Key(f"PACK#{pack}#{version}", f"PROMPT#{prompt}")


def tally(couple: CoupleId) -> Key:
    return Key(f"TALLY#{couple}", "TALLY")


def tallied_run(run: str) -> Key:
    """Return the key of the row that marks a shard's run as counted. `run` is its name: `<shard>#2026-11-30`."""
    return Key(f"TALLY#{RUN_PREFIX}{run}", "TALLY")


def stats_of_date(date: dt.date) -> Key:
    return Key(STATS, f"DAY#{date}")


def stats_of_week(monday: dt.date) -> Key:
    return Key(STATS, f"WEEK#{monday}")


def stats_of_pack(pack: PackId) -> str:
    """Return the partition of the counters of a pack's prompts."""
    return f"{STATS}#{pack}"


def stats_of_prompt(pack: PackId, prompt: PromptId) -> Key:
    return Key(stats_of_pack(pack), f"PROMPT#{prompt}")


def shown(date: dt.date, part: int) -> Key:
    """Return the key of a part of a date's statistics."""
    return Key(f"SHOWN#{date}", f"{part:03}")


def erased(pseudonym: str) -> Key:
    """Return the key of an erasure's row in the table of erasures."""
    return Key(f"{ERASED_PREFIX}{pseudonym}", "")


def receipt(number: str) -> Key:
    """Return the key of a receipt's row in the table of erasures. The row does not show the receipt's number."""
    return Key(f"RECEIPT#{_digest(number)}", "")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
