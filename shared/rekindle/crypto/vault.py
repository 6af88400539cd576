"""Store and open the keys. A KMS key wraps (encrypts) 65 cell keys, and 64 of these wrap the keys of authors.

An author has one key in each couple, and a key of their own for solo answers. The other cell key makes the MACs of
codes. A couple that paired before authors had keys has one key for both, its single key, until `reseal` has
resealed its texts (`rekindle.crypto.sealing.SINGLE_KEY`).

The cell table has the cell keys, and has backups. The key table has the keys of authors, and can never be restored.
Version 0.1.0 stored the cell keys in the key table. So the vault also looks for cell keys there, and copies them.

The vault uses a cell key from memory for at most an hour. It reads an author's key from the key table each time. After
the deletion of a key's row, nobody can read the texts that this key sealed, even in backups of the main table.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from rekindle.crypto.author_keys import CoupleKeys, PersonKey
from rekindle.crypto.sealing import (
    AUTHORS_KEY,
    KEY_BYTES,
    SALT_BYTES,
    SINGLE_KEY,
    author_key_context,
    couple_key_context,
    person_key_context,
    seal,
    unseal,
)
from rekindle.domain.ids import Uid
from rekindle.errors import KeyGoneError, KeyUnavailableError, WriteConflictError
from rekindle.store import key_rows
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from types_boto3_kms import KMSClient

    from rekindle.domain.ids import CoupleId
    from rekindle.store.keys import Key
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


@dataclass(slots=True)
class Vault:
    """Makes and opens all keys. `table` is the key table, and `cells` is the cell table.

    `scheme` is the scheme of new texts: AUTHORS_KEY, or SINGLE_KEY while old code that knows only SINGLE_KEY may run.
    If `read_only` is true, the vault does not copy cell keys. `monotonic` returns seconds. The vault uses it only to
    measure how long a cell key has been in memory.
    """

    kms: KMSClient
    kms_key_id: str
    table: Table
    cells: Table
    scheme: int = AUTHORS_KEY
    read_only: bool = False
    monotonic: Callable[[], float] = time.monotonic
    entropy: Callable[[int], bytes] = os.urandom
    _cells: dict[str, tuple[float, bytes]] = field(default_factory=dict, repr=False)

    @property
    def beside_old_code(self) -> bool:
        """Whether version 0.1.0, which knows only SINGLE_KEY, may run at the same time."""
        return self.scheme == SINGLE_KEY

    def new_keys(self, couple: CoupleId, persons: Iterable[Uid]) -> Write:
        """Return the write that stores the keys of a new couple.

        Put this write into the transaction that creates the couple.
        """
        cell = _cell_of(couple)
        if self.beside_old_code:
            keys: dict[str, Any] = {"wrapped": self._new_key(cell, couple_key_context(couple))}
        else:
            keys = {"authors": {each: self._new_key(cell, author_key_context(couple, each)) for each in persons}}
        return Write.new(key_rows.couple_keys(couple), {"cell": cell, **keys}, self.table.name)

    def adding_author_keys(self, couple: CoupleId, persons: Iterable[Uid]) -> Write:
        """Return the write that adds authors' keys to a couple. It fails if the couple has such keys.

        Put this write into a transaction that fails if the couple's members have changed.
        """
        cell = _cell_of(couple)
        authors = {each: self._new_key(cell, author_key_context(couple, each)) for each in persons}
        return Write(
            "Update",
            key_rows.couple_keys(couple),
            update="SET authors = :authors",
            condition="attribute_exists(pk) AND attribute_not_exists(authors)",
            values={":authors": authors},
            table=self.table.name,
        )

    def delete_single_key(self, couple: CoupleId) -> None:
        """Delete a couple's single key, after all texts of the couple were sealed with their authors' keys."""
        with suppress(WriteConflictError):  # all of the couple's keys have just been deleted
            self.table.write(
                Write(
                    "Update",
                    key_rows.couple_keys(couple),
                    update="REMOVE #wrapped",
                    condition="attribute_exists(authors)",
                    names={"#wrapped": "wrapped"},
                )
            )

    def has_keys_of(self, couple: CoupleId, authors: Collection[Uid]) -> bool:
        """Return whether the couple still has its single key, or the keys of all these authors."""
        row = self.table.get(key_rows.couple_keys(couple)) or {}
        return "wrapped" in row or set(authors) <= row.get("authors", {}).keys()

    def keeping_keys(self, couple: CoupleId, authors: Iterable[Uid]) -> Write:
        """Return the write that stops the couple's keys from expiring.

        The write fails if the couple has no single key and the key of one of these authors is gone. Put this write into
        the transaction that resumes the couple.
        """
        return key_rows.kept_couple_keys(couple, authors, self.table.name)

    def couple_keys(self, couple: CoupleId) -> CoupleKeys:
        """Return the couple's unwrapped keys.

        Raise KeyGoneError if they were deleted. Raise KeyUnavailableError if the cell key cannot be read now.
        """
        row = self.table.get(key_rows.couple_keys(couple))
        if row is None:
            raise KeyGoneError("the couple's keys are gone")
        cell, authors = row["cell"], row.get("authors", {})
        return CoupleKeys(
            couple,
            {Uid(each): self._opened(cell, authors[each], author_key_context(couple, Uid(each))) for each in authors},
            self._opened(cell, row["wrapped"], couple_key_context(couple)) if "wrapped" in row else None,
            self.scheme,
            self.entropy,
        )

    def person_key(self, person: Uid) -> PersonKey:
        """Return the person's own unwrapped key.

        Raise KeyGoneError if the key was deleted or never existed. Raise KeyUnavailableError if the cell key cannot be
        read now.
        """
        row = self.table.get(key_rows.person_key(person))
        if row is None:
            raise KeyGoneError("the person's key is gone")
        return self._person_key(person, row)

    def ensure_person_key(self, person: Uid) -> PersonKey:
        """Return the person's own unwrapped key. If the person has no key, make one.

        If two requests make a key at the same moment, both use the key that was stored first.
        """
        key = key_rows.person_key(person)
        row: Mapping[str, Any] | None = self.table.get(key)
        if row is None:
            cell = _cell_of(person)
            row = {"cell": cell, "wrapped": self._new_key(cell, person_key_context(person))}
            try:
                self.table.write(Write.new(key, row))
            except WriteConflictError as conflict:
                row = conflict.existing[0] or self.table.get(key)
                if row is None:
                    raise KeyGoneError("the person's key is gone") from conflict
        return self._person_key(person, row)

    def _person_key(self, person: Uid, row: Mapping[str, Any]) -> PersonKey:
        key = self._opened(row["cell"], row["wrapped"], person_key_context(person))
        return PersonKey(person, key, self.scheme, self.entropy)

    def _new_key(self, cell: str, context: bytes) -> bytes:
        """Make a key, and return it wrapped by the cell key."""
        return seal(self._ensured_cell_key(cell), self.entropy(KEY_BYTES), context, self.entropy(SALT_BYTES))

    def _opened(self, cell: str, wrapped: bytes, context: bytes) -> bytes:
        return unseal(self._cell_key(cell), wrapped, context)

    def mac(self, text: str) -> str:
        """Return the MAC of the text, in hexadecimal. Equal texts have equal MACs.

        Nobody can compute or guess a text's MAC without the vault's key for codes.
        """
        return self.mac_bytes(text).hex()

    def mac_bytes(self, text: str) -> bytes:
        """Return the 32 bytes of `mac`."""
        return hmac.digest(self._ensured_cell_key(_INVITES), text.encode(), "sha256")

    def _ensured_cell_key(self, cell: str) -> bytes:
        """Return a cell's key. If the cell has no key yet, make one."""
        return self._remembered(cell, self._stored_or_new)

    def _cell_key(self, cell: str) -> bytes:
        """Return the key of a cell that has wrapped a stored key.

        Raise KeyUnavailableError if the cell's key is missing. Do not make a new key then: the new key would open
        nothing, and it would be in the way when the lost key is restored from a backup.
        """
        return self._remembered(cell, self._stored)

    def _remembered(self, cell: str, read: Callable[[str], bytes]) -> bytes:
        read_at, key = self._cells.get(cell, (None, b""))
        now = self.monotonic()
        if read_at is None or now - read_at >= REMEMBERED_FOR:
            try:
                key = read(cell)
            except (BotoCoreError, ClientError) as error:
                raise KeyUnavailableError("the key service does not answer") from error
            self._cells[cell] = (now, key)
        return key

    def _stored(self, cell: str) -> bytes:
        wrapped = self._wrapped_cell(cell)
        if wrapped is None:
            raise KeyUnavailableError("a cell key is missing")
        return self._decrypted(wrapped, cell)

    def _stored_or_new(self, cell: str) -> bytes:
        wrapped = self._wrapped_cell(cell)
        return self._new_cell(cell) if wrapped is None else self._decrypted(wrapped, cell)

    def _wrapped_cell(self, cell: str) -> bytes | None:
        """Return a cell's wrapped key. Return None if there is no such key."""
        row = key_rows.cell_key(cell)
        if stored := self.cells.get(row):
            return bytes(stored["wrapped"])
        older = self.table.get(row)
        if older is None:
            return None
        wrapped = bytes(older["wrapped"])
        return wrapped if self.read_only else _first_of(self.cells, row, wrapped)

    def _new_cell(self, cell: str) -> bytes:
        row = key_rows.cell_key(cell)
        made = self.kms.generate_data_key(
            KeyId=self.kms_key_id, NumberOfBytes=KEY_BYTES, EncryptionContext=_cell_context(cell)
        )
        wrapped = made["CiphertextBlob"]
        if self.beside_old_code:
            # Version 0.1.0 may run at the same time, and looks only into the key table. So use the key in that table.
            wrapped = _first_of(self.table, row, wrapped)
        wrapped = _first_of(self.cells, row, wrapped)
        return made["Plaintext"] if wrapped == made["CiphertextBlob"] else self._decrypted(wrapped, cell)

    def _decrypted(self, blob: bytes, cell: str) -> bytes:
        opened = self.kms.decrypt(CiphertextBlob=blob, KeyId=self.kms_key_id, EncryptionContext=_cell_context(cell))
        return opened["Plaintext"]


def _first_of(table: Table, row: Key, wrapped: bytes) -> bytes:
    """Store a cell's wrapped key, unless the table has one. Return the wrapped key that the table has now."""
    try:
        table.write(Write.new(row, {"wrapped": wrapped}))
    except WriteConflictError as conflict:
        # Another process has just stored this cell's key, so use that key.
        return bytes((conflict.existing[0] or table.get(row) or {})["wrapped"])
    return wrapped


def _cell_context(cell: str) -> dict[str, str]:
    return {"purpose": CONTEXT_PURPOSE, "cell": cell}


def _cell_of(owner: CoupleId | Uid) -> str:
    return f"{int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8]) % CELLS:02}"
