"""The config store of one person: sign-ins, names of stacks, and the draft or version that each file came from.

It is in the user's own configuration folder, in files that nobody else can read; never in the repository. Refresh
tokens are in the desktop's keyring, or in one of these files where there is no keyring.
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
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from keyring.backend import KeyringBackend

SIGN_INS: Final = "sign-ins.json"
NAMES: Final = "stacks.json"
FILES: Final = "files.json"
KEYRING_SERVICE: Final = "rekindle"
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class Settings:
    """Public settings of a deployment: the address of its API, and where and with which key its staff sign in."""

    api: str
    identity: str
    securetoken: str
    key: str
    project: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person's sign-in to a stack. The refresh token is enough to act as them."""

    email: str
    settings: Settings
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Origin:
    """The draft or version that a file was when it was last pulled or saved.

    `revision` is the draft's, 0 without one; `version` is the latest published then, 0 if there was none.
    """

    pack: str
    revision: int
    version: int
    digest: str


def digest(source: str) -> str:
    """Return the digest by which a text is recognised."""
    return hashlib.sha256(source.encode(errors="surrogatepass")).hexdigest()


def desktop_keyring() -> KeyringBackend | None:
    """Return the desktop's keyring; None where there is none that keeps secrets safe."""
    import keyring  # noqa: PLC0415 - it looks for backends as it is imported, which most commands do not need
    from keyring.core import recommended  # noqa: PLC0415

    try:
        backend = keyring.get_keyring()
    except (RuntimeError, ImportError, AttributeError, ValueError):
        return None  # the backend that the person has configured does not work here
    # Below that are `fail` and `null`, which keep nothing, and files in plain text.
    return backend if recommended(backend) else None


@dataclass(frozen=True, slots=True)
class ConfigStore:
    """The configuration folder. A stack is known by the address of its API."""

    folder: Path
    keyring: Callable[[], KeyringBackend | None] = desktop_keyring

    def sign_in(self, api: str) -> SignIn | None:
        """Return the sign-in to a stack; None if nobody is signed in there."""
        found = self._read(SIGN_INS).get(api)
        if found is None:
            return None
        try:
            email, settings, token = found["email"], Settings(**found["settings"]), found["refresh_token"]
        except (KeyError, TypeError):
            return None  # of an older form: sign in again
        if token is None and (backend := self.keyring()):
            with _opened("Your sign-in is in"):
                token = backend.get_password(KEYRING_SERVICE, api)
        return SignIn(email, settings, token) if token else None

    def remember(self, sign_in: SignIn) -> None:
        """Save a sign-in in place of the one before."""
        api = sign_in.settings.api
        with self._changing(SIGN_INS) as saved:
            saved[api] = asdict(sign_in)
            if backend := self.keyring():
                # A keyring that nobody unlocks is as good as none.
                with contextlib.suppress(CliError), _opened("Your sign-in belongs into"):
                    backend.set_password(KEYRING_SERVICE, api, sign_in.refresh_token)
                    saved[api]["refresh_token"] = None

    def forget(self, api: str) -> bool:
        """Delete the sign-in to a stack; return whether anybody was signed in."""
        with self._changing(SIGN_INS) as saved:
            found = saved.pop(api, None)
            # A token that is in the file is not in a keyring that nobody can open.
            is_in_file = bool(found and found.get("refresh_token"))
            if backend := self.keyring():
                locked = contextlib.suppress(CliError) if is_in_file else contextlib.nullcontext()
                with locked, _opened("Your sign-in is still in"):
                    if backend.get_password(KEYRING_SERVICE, api) is not None:
                        backend.delete_password(KEYRING_SERVICE, api)
            return found is not None

    def signed_in(self) -> list[str]:
        """Return the stacks that somebody is signed in to."""
        return [*self._read(SIGN_INS)]

    def names(self) -> dict[str, str]:
        """Return the named stacks: the address by the name."""
        return self._read(NAMES)

    def name(self, name: str, api: str) -> None:
        """Give a stack a name."""
        with self._changing(NAMES) as saved:
            saved[name] = api

    def origin(self, api: str, file: Path) -> Origin | None:
        """Return the draft or version that a file was when it was last pulled or saved."""
        found = self._read(FILES).get(api, {}).get(str(file.resolve()))
        return Origin(**found) if found else None

    def put_origin(self, api: str, file: Path, origin: Origin) -> None:
        """Save the draft or version that a file is now."""
        with self._changing(FILES) as saved:
            saved.setdefault(api, {})[str(file.resolve())] = asdict(origin)

    def published(self, api: str, pack: str, revision: int, version: int) -> None:
        """Note for each file that was this draft that it is this version now."""
        with self._changing(FILES) as saved:
            for origin in saved.get(api, {}).values():
                if (origin["pack"], origin["revision"]) == (pack, revision):
                    origin |= {"revision": 0, "version": version}

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
        """Give the content of a file to change; one process at a time, and written as a whole."""
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


@contextlib.contextmanager
def _opened(about: str) -> Iterator[None]:
    """Raise CliError if the keyring refuses."""
    try:
        yield
    except Exception as error:  # backends raise errors of their own beside KeyringError
        raise CliError(
            f"{about} this desktop's keyring, which cannot be opened: {error}", "Unlock the keyring, and try again."
        ) from error
