"""What can end a command, said to the person who gave it: what happened, and what to do.

CliError
├── UsageError           the command itself is not as it should be
├── FindingsError        there is something to mend in a pack
├── SignedOutError       nobody is signed in, or not any more
├── UnreachableError     the service, or sign-in, does not answer
└── RefusedError         the service said no; carries its problem
    └── ConflictError    somebody else was faster
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERVICE: Final = "urn:rekindle:problem:"
"""What the types of the service's problems begin with."""
OWN: Final = "urn:rekindle:cli:"
"""And those of what this program says by itself."""


class Exit(IntEnum):
    """How a command ends; scripts may rely on it."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_ALLOWED = 3
    UNREACHABLE = 4
    INTERRUPTED = 130
    NOBODY_READS = 141


class CliError(Exception):
    """A command cannot be carried out. `to_do` are sentences or commands to go on with; `members` are for scripts."""

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
        """The error for a script."""
        said = {"type": self.type, "title": self.happened, "about": [*self.about], "to_do": [*self.to_do]}
        return said | {"exit": int(self.status)} | self.members


class UsageError(CliError):
    """The command is not as it should be."""

    status = Exit.USAGE
    type = f"{OWN}usage"


class FindingsError(CliError):
    """There is something to mend before this can be done."""

    type = f"{SERVICE}pack-unfit"


class SignedOutError(CliError):
    """Nobody is signed in there."""

    status = Exit.NOT_ALLOWED
    type = f"{OWN}not-signed-in"


class UnreachableError(CliError):
    """Nobody answers."""

    status = Exit.UNREACHABLE
    type = f"{OWN}unreachable"


class RefusedError(CliError):
    """The service refuses; `problem` is the last part of its problem's type."""

    def __init__(self, problem: str, happened: str, *to_do: str, about: Sequence[str] = (), **members: Any) -> None:  # noqa: ANN401 - whatever the problem carries
        super().__init__(happened, *to_do, about=about, members=members)
        self.problem = problem
        self.type = f"{SERVICE}{problem}"
        if problem in {"not-signed-in", "not-allowed"}:
            self.status = Exit.NOT_ALLOWED
        if problem in {"busy", "internal"}:
            self.status = Exit.UNREACHABLE


class ConflictError(RefusedError):
    """Somebody else was faster: theirs stands, and nothing of ours is lost."""
