"""Store sign-ins, names and projects of stacks, and which draft or version each pack file contains.

These data are in files in the person's configuration folder, outside the repository. Nobody else can read these files.
Refresh tokens are in the desktop's keyring. If no keyring can be opened, the tokens are in the file of sign-ins.
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
KNOWN: Final = "known.json"
FILES: Final = "files.json"
KEYRING_SERVICE: Final = "rekindle"
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class Settings:
    """Public settings of a stack: the address of its API, and Firebase's addresses, key and project."""

    api: str
    identity: str
    securetoken: str
    key: str
    project: str

    @property
    def known(self) -> Known:
        """Return the part of the settings that a person confirms."""
        return Known(self.project, self.key)


@dataclass(frozen=True, slots=True)
class Known:
    """The Firebase project of a stack, and the project's web key, as a person has confirmed them."""

    project: str
    key: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person's sign-in to a stack. Keep the refresh token secret: whoever has it can act as this person."""

    email: str
    settings: Settings
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Origin:
    """The draft or version that a file contained when it was last pulled, saved or published.

    `revision` is the draft's revision, or 0 if there was no draft. `version` is the number of the pack's latest version
    at that time, or 0 if there was no version. `digest` is the digest of the file's text at that time.
    """

    pack: str
    revision: int
    version: int
    digest: str


def digest(source: str) -> str:
    """Return the SHA-256 of a text in hex, to notice whether the text changes."""
    return hashlib.sha256(source.encode(errors="surrogatepass")).hexdigest()


def desktop_keyring() -> KeyringBackend | None:
    """Return the desktop's keyring, or None if this machine has no secure keyring."""
    import keyring  # noqa: PLC0415 - the import searches for backends, and few commands need a keyring
    from keyring.core import recommended  # noqa: PLC0415

    try:
        backend = keyring.get_keyring()
    except (RuntimeError, ImportError, AttributeError, ValueError):
        return None  # the person has configured a backend that does not work here
    # Backends that are not recommended store nothing (`fail`, `null`), or store secrets as plain text.
    return backend if recommended(backend) else None


@dataclass(frozen=True, slots=True)
class ConfigStore:
    """The configuration folder. In all methods, `api` is the address of a stack's API."""

    folder: Path
    keyring: Callable[[], KeyringBackend | None] = desktop_keyring

    def sign_in(self, api: str) -> SignIn | None:
        """Return the sign-in to a stack, or None if nobody is signed in."""
        found = self._read(SIGN_INS).get(api)
        if found is None:
            return None
        try:
            email, settings, token = found["email"], Settings(**found["settings"]), found["refresh_token"]
        except (KeyError, TypeError):
            return None  # An older version of this program wrote the entry. The person has to sign in again.
        if token is None and (backend := self.keyring()):
            with _keyring_access("Your sign-in is in"):
                token = backend.get_password(KEYRING_SERVICE, api)
        return SignIn(email, settings, token) if token else None

    def remember(self, sign_in: SignIn) -> None:
        """Save a sign-in. It replaces the stored sign-in to the same stack."""
        api = sign_in.settings.api
        with self._changing(SIGN_INS) as saved:
            saved[api] = asdict(sign_in)
            if backend := self.keyring():
                # Without access to the keyring, the token stays in the file.
                with contextlib.suppress(CliError), _keyring_access("Your sign-in belongs into"):
                    backend.set_password(KEYRING_SERVICE, api, sign_in.refresh_token)
                    saved[api]["refresh_token"] = None

    def forget(self, api: str) -> bool:
        """Delete the sign-in to a stack. Return whether somebody was signed in."""
        with self._changing(SIGN_INS) as saved:
            found = saved.pop(api, None)
            # If the file had the current token, the keyring has at most an old one. Then ignore a locked keyring.
            is_in_file = bool(found and found.get("refresh_token"))
            if backend := self.keyring():
                locked = contextlib.suppress(CliError) if is_in_file else contextlib.nullcontext()
                with locked, _keyring_access("Your sign-in is still in"):
                    if backend.get_password(KEYRING_SERVICE, api) is not None:
                        backend.delete_password(KEYRING_SERVICE, api)
            return found is not None

    def signed_in(self) -> list[str]:
        """Return the API addresses of the stacks that somebody is signed in to."""
        return [*self._read(SIGN_INS)]

    def names(self) -> dict[str, str]:
        """Map each stack's name to the address of its API."""
        return self._read(NAMES)

    def put_name(self, name: str, api: str) -> None:
        """Give a stack a name."""
        with self._changing(NAMES) as saved:
            saved[name] = api

    def known(self, api: str) -> Known | None:
        """Return what a person has confirmed about a stack, or None if this machine has not met the stack."""
        found = self._read(KNOWN).get(api)
        return Known(**found) if found else None

    def put_known(self, api: str, known: Known) -> None:
        """Save what a person has confirmed about a stack."""
        with self._changing(KNOWN) as saved:
            saved[api] = asdict(known)

    def origin(self, api: str, file: Path) -> Origin | None:
        """Return a file's origin, or None if the file was never pulled or saved."""
        found = self._read(FILES).get(api, {}).get(str(file.resolve()))
        return Origin(**found) if found else None

    def put_origin(self, api: str, file: Path, origin: Origin) -> None:
        """Save which draft or version a file contains now."""
        with self._changing(FILES) as saved:
            saved.setdefault(api, {})[str(file.resolve())] = asdict(origin)

    def note_published(self, api: str, pack: str, revision: int, version: int) -> None:
        """Record which version a draft has become, for each file that contains the draft."""
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
        """Yield a file's content for changes, then write the file. A lock makes other commands wait."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
        except OSError as error:
            raise CliError(f"{self.folder} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = self._read(name)
            yield content
            # mkstemp creates a file that only its owner can read.
            handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=f".{name}-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=2)
            os.replace(temporary, self.folder / name)  # noqa: PTH105 - the same as Path.replace
        finally:
            os.close(lock)


@contextlib.contextmanager
def _keyring_access(about: str) -> Iterator[None]:
    """Turn every error of the keyring into a CliError whose message begins with `about`."""
    try:
        yield
    except Exception as error:  # some backends raise other errors than KeyringError
        raise CliError(
            f"{about} this desktop's keyring, which cannot be opened: {error}", "Unlock the keyring, and try again."
        ) from error
