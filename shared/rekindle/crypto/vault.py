"""Store and open the keys. A KMS key wraps 65 cell keys, and 64 cell keys wrap the keys of couples and persons.

A couple's key seals the couple's answers. A person's own key seals their solo answers. The last cell key makes the MACs
of codes.

The vault uses a cell key from memory for at most an hour. It reads the key of a couple or a person from the key table
each time. After the deletion of a key's row, nobody can read the answers that this key sealed, even in backups of the
main table.
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
"""The vault uses a cell key from memory for less than this many seconds. Then it reads the key again.

A revoked KMS permission takes effect within this time.
"""
CONTEXT_PURPOSE: Final = "rekindle-cell"
"""The `purpose` in KMS's encryption context. The functions may use the KMS key only with this purpose."""
_INVITES: Final = "invites"
"""The cell whose key makes the MACs of codes. This key wraps no other keys."""


@dataclass(frozen=True, slots=True)
class CoupleKey:
    """A couple's unwrapped key. It seals and unseals answers, reflections and shared solo answers."""

    couple: CoupleId
    key: bytes = field(repr=False)
    entropy: Callable[[int], bytes] = os.urandom

    def seal_answer(self, day: Day, person: Uid, text: str) -> bytes:
        """Seal the person's answer to `day`."""
        context = answer_context(self.couple, day.date, day.prompt, person)
        return seal(self.key, text.encode(), context, self.entropy(SALT_BYTES))

    def open_answer(self, day: Day, person: Uid) -> str | None:
        """Return the text of the person's answer to `day`. Return None if the answer has no text."""
        sealed = day.answers[person].sealed
        if sealed is None:
            return None
        return unseal(self.key, sealed, answer_context(self.couple, day.date, day.prompt, person)).decode()

    def seal_reflection(self, day: Day, person: Uid, text: str) -> bytes:
        """Seal the text of the person's reflection on `day`."""
        context = reflection_context(self.couple, day.date, day.prompt, person)
        return seal(self.key, text.encode(), context, self.entropy(SALT_BYTES))

    def open_reflection(self, day: Day, person: Uid) -> str | None:
        """Return the text of the person's reflection on `day`. Return None if there is no reflection or no text."""
        reflection = day.answers[person].reflection
        if reflection is None or reflection.sealed is None:
            return None
        context = reflection_context(self.couple, day.date, day.prompt, person)
        return unseal(self.key, reflection.sealed, context).decode()

    def seal_shared(self, day: SoloDay, text: str) -> bytes:
        """Seal the couple's copy of a solo answer, which the partner can read."""
        context = shared_context(self.couple, day.date, day.prompt, day.person)
        return seal(self.key, text.encode(), context, self.entropy(SALT_BYTES))

    def open_shared(self, shared: SharedAnswer) -> str:
        """Return the text of a solo answer that one partner has shared."""
        context = shared_context(self.couple, shared.date, shared.prompt, shared.person)
        return unseal(self.key, shared.sealed, context).decode()


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person's own unwrapped key. It seals and unseals their solo answers."""

    person: Uid
    key: bytes = field(repr=False)
    entropy: Callable[[int], bytes] = os.urandom

    def seal_answer(self, day: SoloDay, text: str) -> bytes:
        """Seal the person's answer to a solo day."""
        return seal(self.key, text.encode(), solo_context(day.date, day.prompt, self.person), self.entropy(SALT_BYTES))

    def open_answer(self, day: SoloDay) -> str | None:
        """Return the text of the person's answer to a solo day. Return None if there is no answer or no text."""
        if day.answer is None or day.answer.sealed is None:
            return None
        return unseal(self.key, day.answer.sealed, solo_context(day.date, day.prompt, self.person)).decode()


@dataclass(slots=True)
class Vault:
    """Makes and opens all keys.

    `monotonic` returns seconds. The vault uses it only to measure how long a cell key has been in memory.
    """

    kms: KMSClient
    kms_key_id: str
    table: Table
    monotonic: Callable[[], float] = time.monotonic
    entropy: Callable[[int], bytes] = os.urandom
    _cells: dict[str, tuple[float, bytes]] = field(default_factory=dict, repr=False)

    def new_couple_key(self, couple: CoupleId) -> Write:
        """Return the write of a new couple's key, for the transaction that creates the couple."""
        return Write.new(_couple_row(couple), self._new_key(couple, couple_key_context(couple)), self.table.name)

    def ending_couple_key(self, couple: CoupleId, at: dt.datetime) -> Write:
        """Return the write that makes the couple's key expire at `at`. DynamoDB deletes the key some time later."""
        return Write.expiring(_couple_row(couple), to_ttl(at), "attribute_exists(pk)", self.table.name)

    def couple_key(self, couple: CoupleId) -> CoupleKey:
        """Return the couple's unwrapped key.

        Raise KeyGoneError if the key was deleted. Raise KeyUnavailableError if the cell key cannot be read now.
        """
        row = self.table.get(_couple_row(couple))
        if row is None:
            raise KeyGoneError("the couple's key is gone")
        return CoupleKey(couple, self._opened(row, couple_key_context(couple)), self.entropy)

    def person_key(self, person: Uid) -> PersonKey:
        """Return the person's own unwrapped key.

        Raise KeyGoneError if the key was deleted or never existed. Raise KeyUnavailableError if the cell key cannot be
        read now.
        """
        row = self.table.get(_person_row(person))
        if row is None:
            raise KeyGoneError("the person's key is gone")
        return PersonKey(person, self._opened(row, person_key_context(person)), self.entropy)

    def ensure_person_key(self, person: Uid) -> PersonKey:
        """Return the person's own unwrapped key. If the person has no key, make one first.

        If two requests make a key at the same moment, both use the key that was stored first.
        """
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
        """Make a key, and return its row. The owner's cell key wraps the new key."""
        cell = _cell_of(owner)
        wrapped = seal(self._cell_key(cell), self.entropy(KEY_BYTES), context, self.entropy(SALT_BYTES))
        return {"cell": cell, "wrapped": wrapped}

    def _opened(self, row: Mapping[str, Any], context: bytes) -> bytes:
        return unseal(self._cell_key(row["cell"]), row["wrapped"], context)

    def mac(self, text: str) -> str:
        """Return the MAC of the text, in hexadecimal. Equal texts have equal MACs.

        Nobody can compute or guess a text's MAC without the vault's key for codes.
        """
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
            if stored := self.table.get(row):
                return self._decrypted(stored["wrapped"], context)
            made = self.kms.generate_data_key(KeyId=self.kms_key_id, NumberOfBytes=KEY_BYTES, EncryptionContext=context)
            try:
                self.table.write(Write.new(row, {"wrapped": made["CiphertextBlob"]}))
            except WriteConflictError as conflict:
                # Another process has just made this cell's key, so use that key.
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
