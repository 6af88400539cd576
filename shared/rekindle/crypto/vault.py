"""Whose key opens what: one KMS key wraps 64 cell keys, a cell key wraps its couples' keys, a couple's key seals.

What a person answers alone is sealed with a key of their own, which a cell key wraps likewise.

Cell keys are remembered for at most an hour; a couple's key is read anew each time, and so is a person's, so that
deleting its row ends every copy of what they wrote, backups of the main table included.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from rekindle.crypto.sealing import (
    KEY_BYTES,
    SALT_BYTES,
    answer_context,
    couple_key_context,
    person_key_context,
    reflection_context,
    seal,
    shared_context,
    solo_context,
    unseal,
)
from rekindle.errors import KeyGoneError, KeyUnavailableError, WriteConflictError
from rekindle.store.instants import to_ttl
from rekindle.store.keys import Key
from rekindle.store.table import Write

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from types_boto3_kms import KMSClient

    from rekindle.domain.models import CoupleId, Day, SharedAnswer, SoloDay, Uid
    from rekindle.store.table import Table

CELLS: Final = 64
REMEMBERED_FOR: Final = 3600.0
"""Seconds that a cell key stays in memory: a revoked KMS permission takes hold within this time."""
CONTEXT_PURPOSE: Final = "rekindle-cell"
"""The encryption context's `purpose`: the function's policy allows its use for this and nothing else."""
_INVITES: Final = "invites"
"""The cell whose key is not for couples but for the MAC of invite codes."""


@dataclass(frozen=True, slots=True)
class CoupleKey:
    """An opened couple key: seals and unseals this couple's answers."""

    couple: CoupleId
    key: bytes = field(repr=False)
    entropy: Callable[[int], bytes] = os.urandom

    def seal_answer(self, day: Day, person: Uid, text: str) -> bytes:
        """The sealed answer of `person` to `day`."""
        context = answer_context(self.couple, day.date, day.prompt, person)
        return seal(self.key, text.encode(), context, self.entropy(SALT_BYTES))

    def open_answer(self, day: Day, person: Uid) -> str | None:
        """The text of the person's answer to `day`; None if they checked the day off without one."""
        sealed = day.answers[person].sealed
        if sealed is None:
            return None
        return unseal(self.key, sealed, answer_context(self.couple, day.date, day.prompt, person)).decode()

    def seal_reflection(self, day: Day, person: Uid, text: str) -> bytes:
        """The sealed words in which `person` gives back what they heard on `day`."""
        context = reflection_context(self.couple, day.date, day.prompt, person)
        return seal(self.key, text.encode(), context, self.entropy(SALT_BYTES))

    def open_reflection(self, day: Day, person: Uid) -> str | None:
        """The text of the reflection that the person has left on `day`; None if it has none."""
        reflection = day.answers[person].reflection
        if reflection is None or reflection.sealed is None:
            return None
        context = reflection_context(self.couple, day.date, day.prompt, person)
        return unseal(self.key, reflection.sealed, context).decode()

    def seal_shared(self, day: SoloDay, text: str) -> bytes:
        """The sealed text of what a person answered alone, for their partner to read too."""
        context = shared_context(self.couple, day.date, day.prompt, day.person)
        return seal(self.key, text.encode(), context, self.entropy(SALT_BYTES))

    def open_shared(self, shared: SharedAnswer) -> str:
        """The text of what one of the couple has shared."""
        context = shared_context(self.couple, shared.date, shared.prompt, shared.person)
        return unseal(self.key, shared.sealed, context).decode()


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person's own opened key: seals and unseals what they answer alone."""

    person: Uid
    key: bytes = field(repr=False)
    entropy: Callable[[int], bytes] = os.urandom

    def seal_answer(self, day: SoloDay, text: str) -> bytes:
        """The person's sealed answer to a day of their own."""
        return seal(self.key, text.encode(), solo_context(day.date, day.prompt, self.person), self.entropy(SALT_BYTES))

    def open_answer(self, day: SoloDay) -> str | None:
        """The text of the person's answer to a day of their own; None if there is none."""
        if day.answer is None or day.answer.sealed is None:
            return None
        return unseal(self.key, day.answer.sealed, solo_context(day.date, day.prompt, self.person)).decode()


@dataclass(slots=True)
class Vault:
    """The keys. `monotonic` gives seconds and serves only the age of what is remembered."""

    kms: KMSClient
    kms_key_id: str
    table: Table
    monotonic: Callable[[], float] = time.monotonic
    entropy: Callable[[int], bytes] = os.urandom
    _cells: dict[str, tuple[float, bytes]] = field(default_factory=dict, repr=False)

    def new_couple_key(self, couple: CoupleId) -> Write:
        """The write that gives a couple its key, for the transaction that makes the couple."""
        cell = _cell_of(couple)
        wrapped = seal(
            self._cell_key(cell), self.entropy(KEY_BYTES), couple_key_context(couple), self.entropy(SALT_BYTES)
        )
        return Write(
            "Put",
            _couple_row(couple),
            item={"cell": cell, "wrapped": wrapped},
            condition="attribute_not_exists(pk)",
            table=self.table.name,
        )

    def ending_couple_key(self, couple: CoupleId, at: dt.datetime) -> Write:
        """The write that lets the couple's key go at an instant: the end of its keepsake period."""
        return Write(
            "Update",
            _couple_row(couple),
            update="SET #ttl = :at",
            condition="attribute_exists(pk)",
            names={"#ttl": "ttl"},
            values={":at": to_ttl(at)},
            table=self.table.name,
        )

    def couple_key(self, couple: CoupleId) -> CoupleKey:
        """The couple's key, opened; KeyGoneError if it is gone, KeyUnavailableError while KMS does not answer."""
        row = self.table.get(_couple_row(couple))
        if row is None:
            raise KeyGoneError("the couple's key is gone")
        key = unseal(self._cell_key(row["cell"]), row["wrapped"], couple_key_context(couple))
        return CoupleKey(couple, key, self.entropy)

    def person_key(self, person: Uid) -> PersonKey:
        """The person's own key, opened; errors as of `couple_key`."""
        row = self.table.get(_person_row(person))
        if row is None:
            raise KeyGoneError("the person's key is gone")
        return self._opened_person_key(person, row)

    def made_person_key(self, person: Uid) -> PersonKey:
        """The person's own key, made if they have none yet; of two that are made at once the first one counts."""
        key = _person_row(person)
        row: Mapping[str, Any] | None = self.table.get(key)
        if row is None:
            cell = _cell_of(person)
            wrapped = seal(
                self._cell_key(cell), self.entropy(KEY_BYTES), person_key_context(person), self.entropy(SALT_BYTES)
            )
            row = {"cell": cell, "wrapped": wrapped}
            try:
                self.table.write(Write("Put", key, item=row, condition="attribute_not_exists(pk)"))
            except WriteConflictError as conflict:
                row = conflict.existing[0] or self.table.get(key)
                if row is None:
                    raise KeyGoneError("the person's key is gone") from conflict
        return self._opened_person_key(person, row)

    def _opened_person_key(self, person: Uid, row: Mapping[str, Any]) -> PersonKey:
        key = unseal(self._cell_key(row["cell"]), row["wrapped"], person_key_context(person))
        return PersonKey(person, key, self.entropy)

    def mac(self, text: str) -> str:
        """A keyed digest, as hexadecimal: equal for equal texts, and of no use without the key."""
        return self.mac_bytes(text).hex()

    def mac_bytes(self, text: str) -> bytes:
        """The 32 bytes of `mac`."""
        return hmac.digest(self._cell_key(_INVITES), text.encode(), "sha256")

    def _cell_key(self, cell: str) -> bytes:
        read_at, key = self._cells.get(cell, (None, b""))
        now = self.monotonic()
        if read_at is None or now - read_at >= REMEMBERED_FOR:
            key = self._opened_cell(cell)
            self._cells[cell] = (now, key)
        return key

    def _opened_cell(self, cell: str) -> bytes:
        row = Key(f"CELL#{cell}", "")
        context = {"purpose": CONTEXT_PURPOSE, "cell": cell}
        try:
            if found := self.table.get(row):
                return self._decrypted(found["wrapped"], context)
            made = self.kms.generate_data_key(KeyId=self.kms_key_id, NumberOfBytes=KEY_BYTES, EncryptionContext=context)
            try:
                self.table.write(
                    Write("Put", row, item={"wrapped": made["CiphertextBlob"]}, condition="attribute_not_exists(pk)")
                )
            except WriteConflictError as conflict:
                # Another worker has just made this cell: theirs is the one that counts.
                existing = conflict.existing[0]
                return self._decrypted((existing or self.table.get(row) or {})["wrapped"], context)
            return made["Plaintext"]
        except (BotoCoreError, ClientError) as error:
            raise KeyUnavailableError("the key service does not answer") from error

    def _decrypted(self, blob: bytes, context: dict[str, str]) -> bytes:
        opened = self.kms.decrypt(CiphertextBlob=blob, KeyId=self.kms_key_id, EncryptionContext=context)
        return opened["Plaintext"]


def _cell_of(owner: CoupleId | Uid) -> str:
    return f"{int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8]) % CELLS:02}"


def _couple_row(couple: CoupleId) -> Key:
    return Key(f"COUPLE#{couple}", "")


def _person_row(person: Uid) -> Key:
    return Key(f"PERSON#{person}", "")
