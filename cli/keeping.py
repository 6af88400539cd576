"""What this program remembers for one person: sign-ins, the names of stacks, and which drafts their files came from.

It lies in the user's own configuration folder, in files that nobody else can read; never in the repository.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cli.errors import CliError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIGN_INS: Final = "sign-ins.json"
NAMES: Final = "stacks.json"
MARKS: Final = "files.json"
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment tells everybody: where its API is, and where and by which key its staff sign in."""

    api: str
    identity: str
    securetoken: str
    key: str
    project: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who is signed in to a stack. The refresh token is all that it takes to be them."""

    email: str
    settings: Settings
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """What of a pack a file was when it was last pulled or pushed.

    `revision` is the draft's, 0 without one; `version` is the latest published then, 0 if there was none.
    """

    pack: str
    revision: int
    version: int
    digest: str


def digest(source: str) -> str:
    """By which a text is known again."""
    return hashlib.sha256(source.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Keeping:
    """The folder. A stack is known by the address of its API."""

    folder: Path

    def sign_in(self, api: str) -> SignIn | None:
        """Who is signed in there."""
        found = self._read(SIGN_INS).get(api)
        if found is None:
            return None
        try:
            return SignIn(found["email"], Settings(**found["settings"]), found["refresh_token"])
        except (KeyError, TypeError):
            return None  # of an older form: sign in again

    def remember(self, sign_in: SignIn) -> None:
        """Keep a sign-in in place of the one before."""
        with self._changing(SIGN_INS) as kept:
            kept[sign_in.settings.api] = asdict(sign_in)

    def forget(self, api: str) -> bool:
        """Forget who is signed in there; whether anybody was."""
        with self._changing(SIGN_INS) as kept:
            return kept.pop(api, None) is not None

    def signed_in(self) -> list[str]:
        """The stacks that somebody is signed in to."""
        return [*self._read(SIGN_INS)]

    def names(self) -> dict[str, str]:
        """The stacks that have a name, by it."""
        return self._read(NAMES)

    def name(self, name: str, api: str) -> None:
        """Give a stack a name."""
        with self._changing(NAMES) as kept:
            kept[name] = api

    def mark(self, api: str, file: Path) -> Mark | None:
        """What the file was when it was last pulled from there, or pushed."""
        found = self._read(MARKS).get(api, {}).get(str(file.resolve()))
        return Mark(**found) if found else None

    def put_mark(self, api: str, file: Path, mark: Mark) -> None:
        """Remember what the file is now."""
        with self._changing(MARKS) as kept:
            kept.setdefault(api, {})[str(file.resolve())] = asdict(mark)

    def published(self, api: str, pack: str, revision: int, version: int) -> None:
        """Remember of each file that was this draft that it is this version now."""
        with self._changing(MARKS) as kept:
            for mark in kept.get(api, {}).values():
                if (mark["pack"], mark["revision"]) == (pack, revision):
                    mark |= {"revision": 0, "version": version}

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            if path.stat().st_mode & ~_OWNER_ONLY & 0o777:
                path.chmod(_OWNER_ONLY)
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise CliError(f"{path} cannot be read: {error}", "Delete the file, then sign in again.") from error
        if not isinstance(found, dict):
            raise CliError(f"{path} is damaged.", "Delete the file, then sign in again.")
        return found

    @contextlib.contextmanager
    def _changing(self, name: str) -> Iterator[dict[str, Any]]:
        """The file's content, to be changed; written as a whole, by one at a time."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
        except OSError as error:
            raise CliError(f"{self.folder} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = self._read(name)
            yield content
            # mkstemp's files are the owner's alone from their first byte on.
            handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=f".{name}-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=2)
            os.replace(temporary, self.folder / name)  # noqa: PTH105 - the same as Path.replace
        finally:
            os.close(lock)
