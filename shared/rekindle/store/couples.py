"""Store couples. A transaction that pairs two persons or pauses a couple also changes both persons.

A couple ends by one write to its own row. Then `Couples.free` removes each person from the couple. If the two pair
again soon, the transaction of the pairing can resume the couple (`resuming_row`).
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from rekindle.domain.couples import Couple, PackWish, Pause, Wish
from rekindle.domain.ids import CoupleId, InviteId, PackId, Uid
from rekindle.domain.limits import Counted, counted
from rekindle.domain.open_days import earliest_date
from rekindle.domain.prompts import Theme
from rekindle.domain.streaks import pack_dates, unpack_dates
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.store import keys
from rekindle.store.days import window_from
from rekindle.store.forms import stored
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.key_rows import couple_keys, expiring_couple_keys
from rekindle.store.people import person_writes, read_people
from rekindle.store.person_items import profile_from
from rekindle.store.table import CONFLICTS, Item, Write, repeated_on_conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from rekindle.domain.persons import Person, Profile
    from rekindle.store.table import Table

KEEPSAKE: Final = dt.timedelta(days=30)
"""For this long after unpairing, each person can export their own writing. Then Rekindle deletes the couple's keys."""
KEPT_AFTER_KEEPSAKE: Final = dt.timedelta(days=1)
"""After KEEPSAKE, the table keeps the couple's row for this long. Then DynamoDB deletes the row."""
DELETED_AT_ONCE: Final = 50
"""One transaction deletes at most this many rows of a couple."""
_MILLISECOND: Final = dt.timedelta(milliseconds=1)
_NOBODY_WANTS_TOUCH: Final[Item] = {"wanted_by": [], "from": None}


@dataclass(frozen=True, slots=True)
class Couples:
    """The couples of the table."""

    table: Table

    def couple(self, couple: CoupleId) -> Couple | None:
        """Return the couple, even if it has ended (a strongly consistent read). Return None for an unknown couple."""
        item = self.table.get(keys.couple(couple))
        return couple_from(item) if item else None

    def joined_by(self, person: Person) -> Couple | None:
        """Return the couple that the person is in, by the couple's own row. Return None if they are in no couple."""
        couple = self.couple(person.couple) if person.couple else None
        return couple if couple and couple.joins(person.uid) else None

    def member_update(self, couple: Couple, uid: Uid) -> Write:
        """Return the write that copies a person's changed profile and touch wish into their couple.

        The write also replaces the stored windows with `couple.windows`, and stores the couple's seed. `couple` is the
        changed couple, with the revision that the caller read. The write fails if the stored couple has another
        revision, or has ended.
        """
        values: dict[str, object] = {
            ":profile": stored(couple.profiles[uid]),
            ":touch": _touch_item(couple),
            ":seed": couple.seed,
            ":one": 1,
            ":read": couple.revision,
        }
        if couple.windows:
            values[":windows"] = stored(couple.windows)
        windows = "SET windows = :windows," if couple.windows else "REMOVE windows SET"
        return Write(
            "Update",
            keys.couple(couple.id),
            update=f"{windows} profiles.#uid = :profile, #touch = :touch, seed = :seed ADD revision :one",
            condition="revision = :read AND attribute_not_exists(ended_at)",
            names={"#uid": uid, "#touch": "touch"},
            values=values,
        )

    def change_packs(
        self,
        couple: Couple,
        change: Callable[[Mapping[PackId, PackWish]], Mapping[PackId, PackWish]],
        also: Sequence[Write] = (),
        first_use: Callable[[PackId], Sequence[Write]] = lambda _pack: (),
    ) -> Couple | None:
        """Change the couple's wishes about packs, in one transaction with the writes in `also`.

        `change` gets the current wishes and returns the changed wishes. If the wishes stay the same, write nothing. If
        the couple joins a pack for the first time, the transaction also has the writes that `first_use` returns for the
        pack. If a condition fails, because something else changed at the same time, read the couple and call both
        functions again. Return the couple, or None if the couple has ended.
        """
        current: Couple | None = couple
        for _ in range(CONFLICTS):
            if current is None or current.ended_at:
                return None
            packs = change(current.packs)
            if packs == current.packs:
                return current
            new = {pack for pack, wish in packs.items() if wish.wish is Wish.JOINED} - current.joined
            joined = current.joined | new
            write = Write(
                "Update",
                keys.couple(couple.id),
                update=f"SET packs = :packs{', joined = :joined' if new else ''} ADD revision :one",
                condition="revision = :read AND attribute_not_exists(ended_at)",
                values={":packs": stored(packs), ":one": 1, ":read": current.revision}
                | ({":joined": sorted(joined)} if new else {}),
            )
            uses = [use for pack in sorted(new) for use in first_use(pack)]
            try:
                self.table.commit([write, *uses, *also])
            except WriteConflictError:
                current = self.couple(couple.id)
                continue
            return replace(current, packs=packs, joined=joined, revision=current.revision + 1)
        raise ContentionError("a couple kept changing")

    def change_pause(
        self, couple: Couple, instant: dt.datetime, change: Callable[[Couple], Couple], by: Uid | None = None
    ) -> Couple | None:
        """Change the couple's pause, and the reminders of both partners.

        `change` gets the current couple and returns the changed couple. If both are equal, write nothing. If another
        write changes the couple or a partner at the same time, read the couple and both partners, and call
        `change` again. If `by` is a partner, count the change for this partner, and raise LimitError if they have made
        too many. Return the couple, or None if the couple has ended.
        """
        current: Couple | None = couple
        for _ in range(CONFLICTS):
            if current is None or current.ended_at:
                return None
            changed = change(current)
            if changed == current:
                return current
            until = changed.pause.until if changed.pause else None
            persons = [
                (person, counted(paused, instant, Counted.PAUSES) if person.uid == by else paused)
                for person in self._members(couple)
                for paused in [replace(person, paused_until=until)]
            ]
            try:
                self.table.transact([*person_writes(self.table, instant, *persons), _pausing(changed)])
            except WriteConflictError:
                current = self.couple(couple.id)
                continue
            return replace(changed, revision=current.revision + 1)
        raise ContentionError("a couple kept changing")

    def while_together(self, couple: CoupleId, also: Sequence[Write]) -> None:
        """Execute the writes in `also` in a transaction that raises WriteConflictError if the couple has ended."""
        # A check is enough, and the role of `reseal` may write no couple.
        together = Write.check(keys.couple(couple), "attribute_exists(pk) AND attribute_not_exists(ended_at)", {})
        self.table.transact([together, *also])

    def while_unchanged(self, couple: Couple, also: Sequence[Write]) -> None:
        """Execute the writes in `also` in a transaction that raises WriteConflictError if the couple has changed.

        The couple may have ended.
        """
        unchanged = Write.check(keys.couple(couple.id), "revision = :read", {":read": couple.revision})
        self.table.transact([unchanged, *also])

    def end(self, uid: Uid, couple_id: CoupleId, instant: dt.datetime) -> Couple | None:
        """End the couple by one write, and return it. Return None if `uid` was never in the couple.

        The write has only one condition: the couple has not ended yet. So nothing that the partner does can prevent the
        write. If the couple has ended already, return it as it is. Call `finish_end` afterwards.
        """
        couple = self.couple(couple_id)
        if couple is None or uid not in couple.members:
            return None
        # Invariant: a couple ends only once, so `ended_at` never changes while the couple does not stand. The couple's
        # keys expire KEEPSAKE after `ended_at`.
        with suppress(WriteConflictError):
            # The partner's requests may change this row in one transaction after another.
            self.table.write(ending(couple, instant, "attribute_not_exists(ended_at)"), urgent=True)
        return self.couple(couple_id)

    def finish_end(self, couple: Couple, key_table: str, first: Uid | None = None) -> None:
        """Make the keys of a couple that has ended expire, and free both persons, the person `first` first.

        Try each step, even if a step before it has failed. Afterwards raise the first error. A repeat does no harm.
        """
        members = sorted(couple.members, key=lambda uid: (uid != first, uid))
        freeing = [partial(self.free, uid, couple) for uid in members]
        failed: Exception | None = None
        for step in (partial(self.expire_keys, couple, key_table), *freeing):
            try:
                step()
            except (ContentionError, BotoCoreError, ClientError) as error:
                failed = failed or error
        if failed:
            raise failed

    @repeated_on_conflict("a person kept changing")
    def free(self, uid: Uid, couple: Couple) -> None:
        """Remove the person from a couple that has ended, and delete their slot rows. Then they can pair again.

        Do nothing if the person is not in this couple any more, or if the couple stands again.
        """
        person = read_people(self.table, [uid]).get(uid)
        if couple.ended_at is None or person is None or person.couple != couple.id:
            return
        freed = _unpaired(person, couple.id, couple.ended_at)
        try:
            self.table.transact(
                [*person_writes(self.table, couple.ended_at, (person, freed)), _still_ended(couple, couple.ended_at)]
            )
        except WriteConflictError:
            current = self.couple(couple.id)
            if current is not None and current.ended_at != couple.ended_at:
                return
            raise

    @repeated_on_conflict("a person kept changing")
    def free_from_missing(self, uid: Uid, couple: CoupleId, instant: dt.datetime) -> None:
        """Remove the person from a couple whose own row is gone. Do nothing if they are not in it any more.

        The couple stays in `parted`, so that an erasure finds other rows of the couple that may be left.
        """
        person = read_people(self.table, [uid]).get(uid)
        if person is None or person.couple != couple:
            return
        freed = _unpaired(person, couple, instant)
        self.table.transact([*person_writes(self.table, instant, (person, freed)), _is_gone(couple)])

    @repeated_on_conflict("a person kept changing")
    def free_from_foreign(self, uid: Uid, couple: CoupleId, instant: dt.datetime) -> None:
        """Remove the person from a couple that they never were in. Do nothing if their row does not name it any more.

        The couple does not come into `parted`. Otherwise an export could show when it ended.
        """
        person = read_people(self.table, [uid]).get(uid)
        if person is None or person.couple != couple:
            return
        self.table.commit(person_writes(self.table, instant, (person, _alone(person))))

    @repeated_on_conflict("a couple that has ended kept changing")
    def forget_member(self, uid: Uid, couple_id: CoupleId) -> frozenset[Uid] | None:
        """Remove the person from a couple that has ended. Return the persons who are left.

        Return None if the table has no such couple, or if the couple stands.
        """
        couple = self.couple(couple_id)
        if couple is None or couple.ended_at is None:
            return None
        left = couple.members - {uid}
        if uid in couple.members:
            # The row of a couple that ended under version 0.1.0 still has both profiles, and names persons elsewhere.
            forgetting = Write(
                "Update",
                keys.couple(couple_id),
                update="SET former = :left, profiles = :none, #touch = :untouched"
                " REMOVE ended_by, paused_by, pauses_ended ADD revision :one",
                condition="revision = :read AND attribute_exists(ended_at)",
                names={"#touch": "touch"},
                values={
                    ":left": sorted(left),
                    ":none": {},
                    ":untouched": _NOBODY_WANTS_TOUCH,
                    ":one": 1,
                    ":read": couple.revision,
                },
            )
            self.table.write(forgetting, urgent=True)
        return left

    def expire_keys(self, couple: Couple, key_table: str) -> None:
        """Make the keys of a couple that has ended expire after KEEPSAKE. Do nothing if the couple stands again."""
        if couple.ended_at is None:
            return
        expiring = expiring_couple_keys(couple.id, to_ttl(couple.ended_at + KEEPSAKE), key_table)
        with suppress(WriteConflictError):
            self.table.transact([expiring, _still_ended(couple, couple.ended_at)])

    def delete_rows(self, couple: CoupleId, key_table: str) -> None:
        """Delete all rows of a couple whose own row is gone, and its keys. Do nothing if its own row exists."""
        # Invariant: no row of a couple that stands, or that both may still resume, is deleted. So each transaction
        # checks that the couple's own row is gone.
        is_gone = _is_gone(couple)
        with suppress(WriteConflictError):
            keys_of_couple = Write("Delete", couple_keys(couple), table=key_table)
            self.table.transact([is_gone, keys_of_couple, Write("Delete", keys.tally(couple))])
            while rows := self.table.query(keys.couple(couple).pk, limit=DELETED_AT_ONCE).items:
                self.table.transact([is_gone, *(Write("Delete", keys.Key(row["pk"], row["sk"])) for row in rows)])

    @repeated_on_conflict("a person kept changing")
    def forget(self, uid: Uid, couple: CoupleId, ended_at: dt.datetime) -> None:
        """Remove a couple that is gone from the person's former couples. Also free a person who is not free yet."""
        person = read_people(self.table, [uid]).get(uid)
        if person is None or (person.couple != couple and couple not in person.parted):
            return
        freed = _unpaired(person, couple, ended_at) if person.couple == couple else person
        parted = {former: instant for former, instant in freed.parted.items() if former != couple}
        forgotten = replace(freed, parted=parted, partings_deleted=freed.partings_deleted + 1)
        self.table.commit(person_writes(self.table, ended_at, (person, forgotten)))

    def _members(self, couple: Couple) -> list[Person]:
        """Return the persons who are in the couple now."""
        return [each for each in read_people(self.table, list(couple.profiles)).values() if each.couple == couple.id]


def is_foreign(table: Table, couple: CoupleId, uid: Uid) -> bool:
    """Return whether a couple that a person's row names is a couple of two other persons."""
    item = table.get(keys.couple(couple))
    return item is not None and couple_from(item).is_foreign_to(uid)


def couple_row(couple: Couple) -> Write:
    """Return the write of a new couple.

    The transaction with this write must also pair both persons and store the couple's keys.
    """
    item = {
        "created_at": to_millis(couple.created_at),
        "first_date": str(couple.first_date),
        "counted_from": str(couple.counted_from),
        "profiles": stored(couple.profiles),
        "seed": couple.seed,
        "themes_met": {},
        "touch": _touch_item(couple),
        "revision": couple.revision,
    }
    if couple.paired_by:
        item["paired_by"] = couple.paired_by
    return Write.new(keys.couple(couple.id), item)


def ending(couple: Couple, instant: dt.datetime, condition: str) -> Write:
    """Return the write that ends a couple at `instant`. The row has to exist and meet the condition."""
    return Write(
        "Update",
        keys.couple(couple.id),
        update="SET ended_at = :instant, former = :former, profiles = :none, #touch = :untouched, #ttl = :ttl"
        " REMOVE windows, ended_by, paused_by, pauses_ended ADD revision :one",
        condition=f"attribute_exists(pk) AND {condition}",
        names={"#touch": "touch", "#ttl": "ttl"},
        values={
            ":instant": to_millis(instant),
            ":former": sorted(couple.members),
            ":none": {},
            ":untouched": _NOBODY_WANTS_TOUCH,
            ":ttl": to_ttl(instant + KEEPSAKE + KEPT_AFTER_KEEPSAKE),
            ":one": 1,
        },
    )


def resuming_row(couple: Couple, ended_at: dt.datetime) -> Write:
    """Return the write that resumes a couple that ended at `ended_at`.

    `couple` is the couple as it stands again, with the revision that the caller read. The transaction with this write
    must also pair both persons and keep the couple's keys. The write fails if somebody has resumed the couple already.
    """
    changed = {
        "profiles": stored(couple.profiles),
        "touch": _touch_item(couple),
        "seed": couple.seed,
        "paired_by": couple.paired_by,
        **_pause_item(couple),
    }
    setting = ", ".join(f"#{name} = :{name}" for name in changed)
    return Write(
        "Update",
        keys.couple(couple.id),
        # Version 0.1.0 stored `ended_by`, and kept `windows` after the end.
        update=f"SET {setting} REMOVE ended_at, former, windows, ended_by, #ttl ADD revision :one",
        # Invariant: a couple is resumed once after each end.
        condition="ended_at = :ended_at AND revision = :read",
        names={"#ttl": "ttl", **{f"#{name}": name for name in changed}},
        values={
            ":ended_at": to_millis(ended_at),
            ":read": couple.revision,
            ":one": 1,
            **{f":{name}": value for name, value in changed.items()},
        },
    )


def _still_ended(couple: Couple, ended_at: dt.datetime) -> Write:
    """Return the check that the couple has not been resumed since the caller read it."""
    return Write.check(keys.couple(couple.id), "ended_at = :ended_at", {":ended_at": to_millis(ended_at)})


def _is_gone(couple: CoupleId) -> Write:
    """Return the check that the couple has no row of its own."""
    return Write.check(keys.couple(couple), "attribute_not_exists(pk)", {})


def _unpaired(person: Person, couple: CoupleId, instant: dt.datetime) -> Person:
    """Return the person after the end of their couple."""
    # An export reads the person's couples in the order in which they ended. The clocks of two calls may differ. So
    # make `ended_at` later than the end of every couple in `person.parted`.
    ended_at = max([instant, *(each + _MILLISECOND for each in person.parted.values())])
    parted = {**person.parted, couple: ended_at}
    return replace(_alone(person), parted=parted)


def _alone(person: Person) -> Person:
    return replace(person, couple=None, touch_dates=None, paused_until=None)


def couple_from(item: Mapping[str, Any]) -> Couple:
    """Read a couple from its item."""
    couple = CoupleId(item["pk"].partition("#")[2])
    first_date = dt.date.fromisoformat(item["first_date"])
    profiles = {Uid(uid): profile_from(profile) for uid, profile in item["profiles"].items()}
    return Couple(
        id=couple,
        created_at=from_millis(item["created_at"]),
        first_date=first_date,
        counted_from=dt.date.fromisoformat(item["counted_from"]),
        profiles=profiles,
        seed=item.get("seed", couple),  # Version 0.1.0 stored no seed.
        themes_met={dt.date.fromisoformat(date): Theme(theme) for date, theme in item["themes_met"].items()},
        windows={dt.date.fromisoformat(date): window_from(each) for date, each in item.get("windows", {}).items()},
        packs={
            PackId(pack): PackWish(Wish(wish["wish"]), dt.date.fromisoformat(wish["since"]))
            for pack, wish in item.get("packs", {}).items()
        },
        joined=frozenset(map(PackId, item.get("joined", ()))),
        ended_at=from_millis(item["ended_at"]) if "ended_at" in item else None,
        former=frozenset(map(Uid, item.get("former", ()))),
        pause=Pause(*map(dt.date.fromisoformat, item["pause"])) if "pause" in item else None,
        paused=unpack_dates(earliest_date(first_date), item.get("paused", b"")),
        paused_by={Uid(uid): dt.date.fromisoformat(until) for uid, until in item.get("paused_by", {}).items()},
        pauses_ended={Uid(uid): from_millis(ended_at) for uid, ended_at in item.get("pauses_ended", {}).items()},
        **_touch_from(item["touch"], profiles.values()),
        paired_by=InviteId(item["paired_by"]) if "paired_by" in item else None,
        revision=item["revision"],
    )


def _pausing(couple: Couple) -> Write:
    """Return the write of the couple's pause.

    The write fails if the couple has changed or ended since the caller read it.
    """
    pause = _pause_item(couple)
    return Write(
        "Update",
        keys.couple(couple.id),
        update=_set_or_removed(
            pause=couple.pause,
            paused=couple.paused,
            paused_by=couple.paused_by,
            pauses_ended=couple.pauses_ended,
        )
        + " ADD revision :one",
        condition="revision = :read AND attribute_not_exists(ended_at)",
        values={":one": 1, ":read": couple.revision, **{f":{name}": value for name, value in pause.items()}},
    )


def _pause_item(couple: Couple) -> Item:
    """Return the attributes of the couple's pauses. Without a pause, there are none."""
    item: Item = {}
    if couple.pause:
        item["pause"] = [str(couple.pause.first), str(couple.pause.until)]
    if couple.paused:
        item["paused"] = pack_dates(earliest_date(couple.first_date), couple.paused)
    if couple.paused_by:
        item["paused_by"] = {uid: str(until) for uid, until in couple.paused_by.items()}
    if couple.pauses_ended:
        item["pauses_ended"] = {uid: to_millis(ended_at) for uid, ended_at in couple.pauses_ended.items()}
    return item


def _set_or_removed(**attributes: object) -> str:
    """Return the clauses of an update that set or remove these attributes.

    The clauses set each attribute that has a value, and remove each attribute whose value is empty or None.
    """
    with_value = [name for name, value in attributes.items() if value]
    clauses = {
        "SET": [f"{name} = :{name}" for name in with_value],
        "REMOVE": [name for name in attributes if name not in with_value],
    }
    return " ".join(f"{clause} {', '.join(names)}" for clause, names in clauses.items() if names)


def _touch_item(couple: Couple) -> Item:
    """Return the attribute of the couple's choices about touch.

    `from` is only for version 0.1.0: a date if both want touch now. When that version writes the attribute, it drops
    the names after `from`.
    """
    begun = str(couple.touch_from) if couple.touch_from else None
    item: Item = {
        "wanted_by": sorted(couple.touch_wanted_by),
        "from": begun if couple.touch_wanted_by == couple.profiles.keys() else None,
    }
    if couple.touch_levels:
        item["levels"] = {str(date): level for date, level in couple.touch_levels.items()}
    if couple.touch_settled != dt.date.min:
        item["settled"] = str(couple.touch_settled)
    if begun:
        item["begun"] = begun
    return item


def _touch_from(item: Mapping[str, Any], profiles: Collection[Profile]) -> dict[str, Any]:
    """Read the fields of the couple's choices about touch. Version 0.1.0 stored only `wanted_by` and `from`."""
    begun = item.get("begun", item["from"])
    older = {begun: min(profile.touch_comfort for profile in profiles)} if item["from"] else {}
    levels = item.get("levels", older)
    return {
        "touch_wanted_by": frozenset(map(Uid, item["wanted_by"])),
        "touch_levels": {dt.date.fromisoformat(date): int(level) for date, level in levels.items()},
        "touch_settled": dt.date.fromisoformat(item["settled"]) if "settled" in item else dt.date.min,
        "touch_from": dt.date.fromisoformat(begun) if begun else None,
    }
