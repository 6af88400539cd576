"""Define the errors of this package. An error with a module's name in brackets is defined in that module.

RekindleError
├── UnknownZoneError        the name is not an IANA zone of the pinned tzdata
├── NoPromptError           no prompt fits a couple, or a person without a couple
├── WriteConflictError      a condition of a write or a transaction failed; has the current items
├── ContentionError         other requests changed the same items, or DynamoDB left batch items undone
├── KeyReusedError          another request has already used an idempotency key
├── ErasedError             a person has erased their account
├── LimitError              a person has reached a limit; says for how long they must wait
├── NotACodeError           a text has no code, or more than one code; says why
├── DraftChangedError       the draft has changed since it was read (`rekindle.store.packs`)
├── PackChangedError        somebody has changed the pack since it was read (`rekindle.store.packs`)
├── HelpChangedError        somebody has changed the help since it was read (`rekindle.store.help`)
├── SourceTooLargeError     a pack's source is too large for a draft (`rekindle.store.pack_sources`)
├── SettingsError           a setting of a function is missing or wrong
├── OutboxError             the queue did not take every job
├── PackError               a pack cannot be published; names everything to fix (`rekindle.packs.document`)
├── DocumentError           a YAML source cannot be read (`rekindle.packs.yaml_reader`)
├── VaultError              sealed data cannot be opened
│   ├── KeyGoneError        a key was deleted, or never made
│   └── KeyUnavailableError a cell key cannot be read now; try again later
└── ProblemError            a request of a client is refused (`rekindle.api.problems`)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class RekindleError(Exception):
    """The base of all errors that this package raises on purpose."""


class UnknownZoneError(RekindleError):
    """The pinned tzdata has no zone of this name."""


class NoPromptError(RekindleError):
    """No prompt fits the depth and touch comfort of a couple, or of a person without a couple."""


class WriteConflictError(RekindleError):
    """A condition of a write or a transaction failed, so nothing was written.

    `existing` maps the index of each failed write to the current item, or to None if there is no item. A single write,
    which is not in a transaction, has the index 0.
    """

    def __init__(self, existing: Mapping[int, Mapping[str, Any] | None]) -> None:
        super().__init__(f"conditions failed at {sorted(existing)}")
        self.existing = existing


class ContentionError(RekindleError):
    """Other requests changed the same items, or DynamoDB left batch items undone. The caller may try again later."""


class KeyReusedError(RekindleError):
    """Another request has already used the idempotency key, so nothing was done."""


class ErasedError(RekindleError):
    """The person has erased their account, so nobody may read or change it any more."""


class LimitError(RekindleError):
    """A person has reached a limit, so nothing was done. They may try again after `seconds`, rounded up."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"a limit is reached for {seconds} seconds")
        self.seconds = seconds


class NotACodeError(RekindleError):
    """A text has no code, or more than one. The message is a sentence for the person who typed the text."""


class SettingsError(RekindleError):
    """A setting of a function is missing or wrong."""


class OutboxError(RekindleError):
    """The queue did not take every job. The caller must send all of the jobs again."""


class VaultError(RekindleError):
    """Sealed data cannot be opened: the key is missing, or the key, the associated data or the sealed data is wrong."""


class KeyGoneError(VaultError):
    """A key was deleted, or never made. Nobody can ever open the data that a deleted key has sealed."""


class KeyUnavailableError(VaultError):
    """A cell key cannot be read now: KMS or a table fails, or the key is missing until somebody restores it.

    The texts are not lost, and the caller may try again.
    """
