"""Every error of ours.

RekindleError
├── UnknownZoneError        not an IANA zone of the pinned tzdata
├── NoPromptError           no prompt fits this couple
├── WriteConflictError      a conditional write or a transaction was refused; says which condition
├── ContentionError         lost the same race more often than we retry
├── KeyReusedError          an idempotency key stands for another request
├── NotACodeError           a text cannot be a code; says why
├── DraftChangedError       somebody else has saved or discarded a draft since it was read (`rekindle.store.packs`)
├── PackChangedError        somebody else has changed a pack since it was read (`rekindle.store.packs`)
├── HelpChangedError        somebody else has set the help since it was read (`rekindle.store.help`)
├── SourceTooLargeError     a document is larger than a draft can hold (`rekindle.store.packs`)
├── SettingsError           a function's environment lacks a setting, or has a wrong one (`rekindle.settings`)
├── OutboxError             the queue did not take every job
├── PackError               a prompt pack cannot be published; names everything to fix (`rekindle.packs.document`)
├── VaultError              an answer cannot be sealed or opened
│   ├── KeyGoneError        a key has been let go, and all that it sealed with it
│   └── KeyUnavailableError the key service does not answer; try again later
└── ProblemError            a client can cause it: `rekindle.api.resolver` tells them what is wrong
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
    """No prompt is as gentle as this couple asks."""


class WriteConflictError(RekindleError):
    """A condition of a write did not hold, so nothing was written.

    `existing` has an entry for each condition that failed: its index in the transaction (0 for a single write),
    and the item as it stands, or None where there is none.
    """

    def __init__(self, existing: Mapping[int, Mapping[str, Any] | None]) -> None:
        super().__init__(f"conditions failed at {sorted(existing)}")
        self.existing = existing


class ContentionError(RekindleError):
    """The same race was lost more often than we retry; the caller may try again later."""


class KeyReusedError(RekindleError):
    """An idempotency key stands for another request, so this one was not carried out."""


class NotACodeError(RekindleError):
    """A text cannot be a code; the message is the sentence for whoever typed it."""


class SettingsError(RekindleError):
    """A setting of a function is missing or wrong, so the function cannot work."""


class OutboxError(RekindleError):
    """The queue did not take every job; whoever wanted them sent must try all of its work again."""


class VaultError(RekindleError):
    """A key is gone, or what it should open was sealed under another, for another place, or is damaged."""


class KeyGoneError(VaultError):
    """A key has been let go: nothing that it sealed is ever read again."""


class KeyUnavailableError(VaultError):
    """The key service does not answer; nothing is lost, and a later try may succeed."""
