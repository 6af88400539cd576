"""All errors of this package.

RekindleError
├── UnknownZoneError        the name is not an IANA zone of the pinned tzdata
├── NoPromptError           no prompt fits this couple
├── WriteConflictError      a conditional write or a transaction was refused; names the failed conditions
├── ContentionError         the same race was lost too often
├── KeyReusedError          an idempotency key belongs to another request
├── NotACodeError           a text cannot be a code; says why
├── DraftChangedError       somebody has saved or discarded the draft since it was read (`rekindle.store.packs`)
├── PackChangedError        somebody has changed the pack since it was read (`rekindle.store.packs`)
├── HelpChangedError        somebody has set the help since it was read (`rekindle.store.help`)
├── SourceTooLargeError     a document is larger than a draft can hold (`rekindle.store.packs`)
├── SettingsError           a setting of a function is missing or wrong (`rekindle.settings`)
├── OutboxError             the queue did not take every job
├── PackError               a pack cannot be published; names everything to fix (`rekindle.packs.document`)
├── VaultError              an answer cannot be sealed or opened
│   ├── KeyGoneError        a key was deleted, and all that it sealed is lost
│   └── KeyUnavailableError the key service does not answer; try again later
└── ProblemError            a client's request is refused; `rekindle.api.resolver` answers with the problem
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class RekindleError(Exception):
    """The root of all errors that this package raises on purpose."""


class UnknownZoneError(RekindleError):
    """The pinned tzdata has no zone of this name."""


class NoPromptError(RekindleError):
    """No prompt fits this couple's depth and touch comfort."""


class WriteConflictError(RekindleError):
    """A condition of a write failed, so nothing was written.

    `existing` has an entry for each failed condition: its index in the transaction (0 for a single write), and the
    current item, or None if there is none.
    """

    def __init__(self, existing: Mapping[int, Mapping[str, Any] | None]) -> None:
        super().__init__(f"conditions failed at {sorted(existing)}")
        self.existing = existing


class ContentionError(RekindleError):
    """The same race was lost too often. The caller may try again later."""


class KeyReusedError(RekindleError):
    """An idempotency key belongs to another request, so nothing was done."""


class NotACodeError(RekindleError):
    """A text cannot be a code. The message is a sentence for the person who typed it."""


class SettingsError(RekindleError):
    """A setting of a function is missing or wrong."""


class OutboxError(RekindleError):
    """The queue did not take every job. The caller must repeat all of its work."""


class VaultError(RekindleError):
    """Sealed data cannot be opened: the key is gone or another, the context is another, or the data is damaged."""


class KeyGoneError(VaultError):
    """A key was deleted, so nothing that it sealed can be read again."""


class KeyUnavailableError(VaultError):
    """The key service does not answer. Nothing is lost, and a later try may succeed."""
