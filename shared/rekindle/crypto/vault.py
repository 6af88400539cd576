"""Store and open the keys. A KMS key wraps (encrypts) 65 cell keys, and 64 of these wrap the keys of authors.

An author has one key in each couple, and a key of their own for solo answers. The other cell key makes the MACs of
codes. A couple that paired before authors had keys still has one key for both (`rekindle.crypto.sealing.SINGLE_KEY`).

The vault uses a cell key from memory for at most an hour. It reads an author's key from the key table each time. After
the deletion of a key's row, nobody can read the texts that this key sealed, even in backups of the main table.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
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
    from collections.abc import Callable, Iterable, Mapping

    from types_boto3_kms import KMSClient

    from rekindle.domain.ids import CoupleId
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
    """Makes and opens all keys.

    `scheme` is the scheme of new texts: AUTHORS_KEY, or SINGLE_KEY while old code that knows only SINGLE_KEY may run.
    `monotonic` returns seconds. The vault uses it only to measure how long a cell key has been in memory.
    """

    kms: KMSClient
    kms_key_id: str
    table: Table
    scheme: int = AUTHORS_KEY
    monotonic: Callable[[], float] = time.monotonic
    entropy: Callable[[int], bytes] = os.urandom
    _cells: dict[str, tuple[float, bytes]] = field(default_factory=dict, repr=False)

    def new_keys(self, couple: CoupleId, persons: Iterable[Uid]) -> Write:
        """Return the write that stores the keys of a new couple.

        Put this write into the transaction that creates the couple.
        """
        cell = _cell_of(couple)
        if self.scheme == SINGLE_KEY:
            keys: dict[str, Any] = {"wrapped": self._new_key(cell, couple_key_context(couple))}
        else:
            keys = {"authors": {each: self._new_key(cell, author_key_context(couple, each)) for each in persons}}
        return Write.new(key_rows.couple_keys(couple), {"cell": cell, **keys}, self.table.name)

    def adding_author_keys(self, couple: CoupleId, persons: Iterable[Uid]) -> Write:
        """Return the write that adds authors' keys to a couple without such keys. It fails if the couple has them.

        Put this write into a transaction that fails if the couple has ended.
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
        return seal(self._cell_key(cell), self.entropy(KEY_BYTES), context, self.entropy(SALT_BYTES))

    def _opened(self, cell: str, wrapped: bytes, context: bytes) -> bytes:
        return unseal(self._cell_key(cell), wrapped, context)

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
        row = key_rows.cell_key(cell)
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
