"""Errors that end a command. Each error says what happened and what the person can do.

CliError
├── UsageError           the command cannot run as it was typed
├── FindingsError        a pack's text has errors
├── SignedOutError       nobody is signed in, or the sign-in has ended
├── UnreachableError     the service or Firebase gives no usable answer
└── RefusedError         the service, Firebase or this program refuses
    └── ConflictError    the command would replace a text that somebody else may have changed
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rekindle.packs.check import SourceFinding

SERVICE: Final = "urn:rekindle:problem:"
"""The type of a RefusedError or FindingsError begins with this text, as the types of the service's problems do."""
OWN: Final = "urn:rekindle:cli:"
"""The type of any other error begins with this text."""
MOST_SHOWN: Final = 5
"""The message of a FindingsError shows at most this many findings. `rekindle packs lint` shows all."""


class Exit(IntEnum):
    """The exit statuses, which scripts may use. A status above 128 is 128 plus the number of a Unix signal."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_ALLOWED = 3
    UNREACHABLE = 4
    INTERRUPTED = 130
    NOBODY_READS = 141


class CliError(Exception):
    """An error that ends a command.

    `happened` says what went wrong, and `about` has the details. `to_do` has sentences or commands that help the
    person. `members` has more fields for `document`.
    """

    status = Exit.REFUSED
    type = f"{OWN}refused"

    def __init__(
        self, happened: str, *to_do: str, about: Sequence[str] = (), members: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(happened)
        self.happened = happened
        self.about = tuple(about)
        self.to_do = to_do
        self.members = dict(members or {})

    def document(self) -> dict[str, Any]:
        """Return the error as a JSON document for a script."""
        error = {"type": self.type, "title": self.happened, "about": self.about, "to_do": self.to_do}
        return error | {"exit": int(self.status)} | self.members


class UsageError(CliError):
    """The command cannot run as it was typed."""

    status = Exit.USAGE
    type = f"{OWN}usage"


class FindingsError(CliError):
    """A pack's text has errors. `where` names the file or the draft."""

    type = f"{SERVICE}pack-unfit"

    def __init__(self, where: str, findings: Sequence[SourceFinding], to_do: str) -> None:
        super().__init__(
            f"Fix {where} first.",
            to_do,
            about=[f"line {each.line}: {each}" for each in findings[:MOST_SHOWN]],
            members={"findings": findings},
        )


class SignedOutError(CliError):
    """Nobody is signed in to the stack, or the sign-in has ended."""

    status = Exit.NOT_ALLOWED
    type = f"{OWN}not-signed-in"


class UnreachableError(CliError):
    """The service or Firebase gives no usable answer, or no local stack is running."""

    status = Exit.UNREACHABLE
    type = f"{OWN}unreachable"


class RefusedError(CliError):
    """The service, Firebase or this program refuses the command. `problem` is the last part of the error's type."""

    def __init__(self, problem: str, happened: str, *to_do: str, about: Sequence[str] = (), **members: Any) -> None:  # noqa: ANN401 - JSON
        super().__init__(happened, *to_do, about=about, members=members)
        self.problem = problem
        self.type = f"{SERVICE}{problem}"
        if problem in {"not-signed-in", "not-allowed", "second-factor-needed", "sign-in-not-recent"}:
            self.status = Exit.NOT_ALLOWED
        if problem in {"busy", "internal"}:
            self.status = Exit.UNREACHABLE


class ConflictError(RefusedError):
    """The command would replace a text that somebody else may have changed. Nothing was overwritten."""
