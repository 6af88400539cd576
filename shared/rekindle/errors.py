"""Define all errors of this package.

RekindleError
├── UnknownZoneError        the name is not an IANA zone of the pinned tzdata
├── NoPromptError           no prompt fits this couple
├── WriteConflictError      a condition of a write or a transaction failed; names the failed conditions
├── ContentionError         other requests kept changing the same items
├── KeyReusedError          an idempotency key belongs to another request
├── NotACodeError           a text cannot be a code; says why
├── DraftChangedError       somebody has saved or discarded the draft since it was read (`rekindle.store.packs`)
├── PackChangedError        somebody has changed the pack since it was read (`rekindle.store.packs`)
├── HelpChangedError        somebody has set the help since it was read (`rekindle.store.help`)
├── SourceTooLargeError     a pack's source is too large for a draft (`rekindle.store.pack_sources`)
├── SettingsError           a setting of a function is missing or wrong (`rekindle.settings`)
├── OutboxError             the queue did not take every job
├── PackError               a pack cannot be published; names everything to fix (`rekindle.packs.document`)
├── VaultError              an answer cannot be sealed or opened
│   ├── KeyGoneError        a key was deleted, so nothing that it sealed can be read again
│   └── KeyUnavailableError the key service does not answer; try again later
└── ProblemError            a client's request is refused; `rekindle.api.resolver` answers with the problem
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
    """No prompt fits this couple's depth and touch comfort."""


class WriteConflictError(RekindleError):
    """A condition of a write failed, so nothing was written.

    `existing` maps the index of each failed write in the transaction (0 for a single write) to the current item. The
    item is None if there is none with this key.
    """

    def __init__(self, existing: Mapping[int, Mapping[str, Any] | None]) -> None:
        super().__init__(f"conditions failed at {sorted(existing)}")
        self.existing = existing


class ContentionError(RekindleError):
    """Other requests changed the same items at each of several tries. The caller may try again later."""


class KeyReusedError(RekindleError):
    """The idempotency key belongs to another request, so nothing was done."""


class NotACodeError(RekindleError):
    """A text cannot be a code. The message is a sentence for the person who typed it."""


class SettingsError(RekindleError):
    """A setting of a function is missing or wrong."""


class OutboxError(RekindleError):
    """The queue did not take every job. The caller must repeat all of its work."""


class VaultError(RekindleError):
    """Sealed data cannot be opened: its key is gone, the key or the context is wrong, or the data is damaged."""


class KeyGoneError(VaultError):
    """A key was deleted, so nothing that it sealed can be read again."""


class KeyUnavailableError(VaultError):
    """The key service does not answer. Nothing is lost, and a later try may succeed."""
