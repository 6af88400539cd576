"""Keys: one KMS key wraps 64 cell keys, a cell key wraps couples' keys, and a couple's key seals answers.

A person's own key, which seals what they answer alone, is wrapped by a cell key too.

Cell keys stay in memory for at most an hour. The key of a couple or a person is read each time, so that deleting its
row makes every copy of their words unreadable, backups of the main table included.
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

    from rekindle.domain.days import Day, SharedAnswer, SoloDay
    from rekindle.domain.ids import CoupleId, Uid
    from rekindle.store.table import Table

CELLS: Final = 64
REMEMBERED_FOR: Final = 3600.0
"""Seconds that a cell key stays in memory. A revoked KMS permission takes effect within this time."""
CONTEXT_PURPOSE: Final = "rekindle-cell"
"""The encryption context's `purpose`. The function's policy allows the KMS key for this purpose only."""
_INVITES: Final = "invites"
"""The cell whose key makes the MACs of codes, not couples' keys."""


@dataclass(frozen=True, slots=True)
class CoupleKey:
    """An opened couple key. It seals and unseals this couple's answers."""

    couple: CoupleId
    key: bytes = field(repr=False)
    entropy: Callable[[int], bytes] = os.urandom

    def seal_answer(self, day: Day, person: Uid, text: str) -> bytes:
        """Seal the person's answer to `day`."""
        context = answer_context(self.couple, day.date, day.prompt, person)
        return seal(self.key, text.encode(), context, self.entropy(SALT_BYTES))

    def open_answer(self, day: Day, person: Uid) -> str | None:
        """Return the text of the person's answer to `day`, or None if it has no text."""
        sealed = day.answers[person].sealed
        if sealed is None:
            return None
        return unseal(self.key, sealed, answer_context(self.couple, day.date, day.prompt, person)).decode()

    def seal_reflection(self, day: Day, person: Uid, text: str) -> bytes:
        """Seal the text of the person's reflection on `day`."""
        context = reflection_context(self.couple, day.date, day.prompt, person)
        return seal(self.key, text.encode(), context, self.entropy(SALT_BYTES))

    def open_reflection(self, day: Day, person: Uid) -> str | None:
        """Return the text of the person's reflection on `day`, or None if it has none."""
        reflection = day.answers[person].reflection
        if reflection is None or reflection.sealed is None:
            return None
        context = reflection_context(self.couple, day.date, day.prompt, person)
        return unseal(self.key, reflection.sealed, context).decode()

    def seal_shared(self, day: SoloDay, text: str) -> bytes:
        """Seal an answer given alone, for the partner to read too."""
        context = shared_context(self.couple, day.date, day.prompt, day.person)
        return seal(self.key, text.encode(), context, self.entropy(SALT_BYTES))

    def open_shared(self, shared: SharedAnswer) -> str:
        """Return the text of an answer that one of the couple has shared."""
        context = shared_context(self.couple, shared.date, shared.prompt, shared.person)
        return unseal(self.key, shared.sealed, context).decode()


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person's own opened key. It seals and unseals what they answer alone."""

    person: Uid
    key: bytes = field(repr=False)
    entropy: Callable[[int], bytes] = os.urandom

    def seal_answer(self, day: SoloDay, text: str) -> bytes:
        """Seal the person's answer to a day of their own."""
        return seal(self.key, text.encode(), solo_context(day.date, day.prompt, self.person), self.entropy(SALT_BYTES))

    def open_answer(self, day: SoloDay) -> str | None:
        """Return the text of the person's answer to a day of their own, or None if there is none."""
        if day.answer is None or day.answer.sealed is None:
            return None
        return unseal(self.key, day.answer.sealed, solo_context(day.date, day.prompt, self.person)).decode()


@dataclass(slots=True)
class Vault:
    """Access to all keys. `monotonic` gives seconds and measures only how long a key was in memory."""

    kms: KMSClient
    kms_key_id: str
    table: Table
    monotonic: Callable[[], float] = time.monotonic
    entropy: Callable[[int], bytes] = os.urandom
    _cells: dict[str, tuple[float, bytes]] = field(default_factory=dict, repr=False)

    def new_couple_key(self, couple: CoupleId) -> Write:
        """Return the write that gives a couple its key, for the transaction that makes the couple."""
        return Write.new(_couple_row(couple), self._new_key(couple, couple_key_context(couple)), self.table.name)

    def ending_couple_key(self, couple: CoupleId, at: dt.datetime) -> Write:
        """Return the write that ends the couple's key at an instant: the end of its keepsake period."""
        return Write.expiring(_couple_row(couple), to_ttl(at), "attribute_exists(pk)", self.table.name)

    def couple_key(self, couple: CoupleId) -> CoupleKey:
        """Return the couple's opened key.

        Raise KeyGoneError if the key was deleted, and KeyUnavailableError if KMS does not answer.
        """
        row = self.table.get(_couple_row(couple))
        if row is None:
            raise KeyGoneError("the couple's key is gone")
        return CoupleKey(couple, self._opened(row, couple_key_context(couple)), self.entropy)

    def person_key(self, person: Uid) -> PersonKey:
        """Return the person's own opened key. Raise the errors of `couple_key`, also if there never was a key."""
        row = self.table.get(_person_row(person))
        if row is None:
            raise KeyGoneError("the person's key is gone")
        return PersonKey(person, self._opened(row, person_key_context(person)), self.entropy)

    def ensure_person_key(self, person: Uid) -> PersonKey:
        """Return the person's own key; make it first if they have none. If two are made at once, the first counts."""
        key = _person_row(person)
        row: Mapping[str, Any] | None = self.table.get(key)
        if row is None:
            row = self._new_key(person, person_key_context(person))
            try:
                self.table.write(Write.new(key, row))
            except WriteConflictError as conflict:
                row = conflict.existing[0] or self.table.get(key)
                if row is None:
                    raise KeyGoneError("the person's key is gone") from conflict
        return PersonKey(person, self._opened(row, person_key_context(person)), self.entropy)

    def _new_key(self, owner: CoupleId | Uid, context: bytes) -> dict[str, Any]:
        """Return the row of a new key, wrapped by its owner's cell key."""
        cell = _cell_of(owner)
        wrapped = seal(self._cell_key(cell), self.entropy(KEY_BYTES), context, self.entropy(SALT_BYTES))
        return {"cell": cell, "wrapped": wrapped}

    def _opened(self, row: Mapping[str, Any], context: bytes) -> bytes:
        return unseal(self._cell_key(row["cell"]), row["wrapped"], context)

    def mac(self, text: str) -> str:
        """Return a keyed digest as hexadecimal: equal for equal texts, and useless without the key."""
        return self.mac_bytes(text).hex()

    def mac_bytes(self, text: str) -> bytes:
        """Return the 32 bytes of `mac`."""
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
                self.table.write(Write.new(row, {"wrapped": made["CiphertextBlob"]}))
            except WriteConflictError as conflict:
                # Another worker has just made this cell: use its key.
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
