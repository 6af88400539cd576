"""Keep the accounts of a Firebase project, and serve the endpoints of Firebase's Admin API that change them.

The Admin SDK calls these endpoints if FIREBASE_AUTH_EMULATOR_HOST names this server. Paths, bodies and errors are the
same as Firebase's.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OWNER: Final = "Bearer owner"
"""The credential that the Admin SDK sends to an emulator."""
NOT_FOUND: Final = "USER_NOT_FOUND"
DISABLED: Final = "USER_DISABLED"


class RefusedError(Exception):
    """Firebase would refuse this request. The message is a code, such as INVALID_EMAIL, or a sentence."""

    def __init__(self, message: str, status: str | None = None, code: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Account:
    """An account. Firebase refuses the tokens of sign-ins before `valid_since` (seconds since 1970)."""

    uid: str
    email: str | None
    created: int
    disabled: bool = False
    valid_since: int = 0

    @property
    def view(self) -> dict[str, Any]:
        """The account in the form of Firebase's responses."""
        view = {
            "localId": self.uid,
            "createdAt": str(self.created * 1000),
            "lastLoginAt": str(self.created * 1000),
            "validSince": str(self.valid_since or self.created),
            "disabled": self.disabled,
        }
        return view | ({"email": self.email, "emailVerified": True} if self.email else {})


class Accounts:
    """All accounts of the project. If there is a `file`, each change is saved there, so that a restart keeps it."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._accounts: dict[str, Account] = {}
        self._deleted: dict[str, int] = {}
        if file and file.exists():
            saved = json.loads(file.read_text(encoding="utf-8"))
            self._accounts = {each["uid"]: Account(**each) for each in saved["accounts"]}
            self._deleted = saved["deleted"]

    def named(self, uid: str) -> Account:
        """Return the account. Raise RefusedError if there is none."""
        if uid not in self._accounts:
            raise RefusedError(NOT_FOUND)
        return self._accounts[uid]

    def opened(self, uid: str, email: str | None, at: int) -> Account:
        """Return the account that a person signs in to, `at` seconds since 1970. The first sign-in creates it."""
        if uid not in self._accounts:
            self._save(Account(uid, email, at))
        return self._accounts[uid]

    def times_deleted(self, email: str) -> int:
        """Return how many accounts with this email were deleted. Firebase gives the next account another uid."""
        return self._deleted.get(email.casefold(), 0)

    def change(self, uid: str, *, disabled: bool | None, valid_since: int | None) -> None:
        """Change the account's fields that are not None. Raise RefusedError if there is no such account."""
        account = self.named(uid)
        self._save(
            replace(
                account,
                disabled=account.disabled if disabled is None else disabled,
                valid_since=account.valid_since if valid_since is None else valid_since,
            )
        )

    def delete(self, uid: str) -> None:
        """Delete the account. Raise RefusedError if there is no such account."""
        email = self.named(uid).email
        del self._accounts[uid]
        if email:
            self._deleted[email.casefold()] = self.times_deleted(email) + 1
        self._write()

    def _save(self, account: Account) -> None:
        self._accounts[account.uid] = account
        self._write()

    def _write(self) -> None:
        if self._file:
            saved = {"accounts": list(map(asdict, self._accounts.values())), "deleted": self._deleted}
            beside = self._file.with_suffix(".new")
            beside.write_text(json.dumps(saved), encoding="utf-8")
            beside.replace(self._file)


def looked_up(accounts: Accounts, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response of the Admin API's `accounts:lookup`. Unknown accounts are left out."""
    answer: dict[str, Any] = {"kind": "identitytoolkit#GetAccountInfoResponse"}
    found = []
    for uid in asked.get("localId", []):
        try:
            found.append(accounts.named(uid).view)
        except RefusedError:
            continue
    return answer | ({"users": found} if found else {})


def updated(accounts: Accounts, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Set `disableUser` and `validSince`. Return the response of the Admin API's `accounts:update`."""
    since = asked.get("validSince")
    accounts.change(
        _uid_in(asked), disabled=asked.get("disableUser"), valid_since=None if since is None else int(since)
    )
    return {"kind": "identitytoolkit#SetAccountInfoResponse", "localId": asked["localId"]}


def deleted(accounts: Accounts, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Delete an account. Return the response of the Admin API's `accounts:delete`."""
    accounts.delete(_uid_in(asked))
    return {"kind": "identitytoolkit#DeleteAccountResponse"}


def _uid_in(asked: Mapping[str, Any]) -> str:
    uid = asked.get("localId")
    if not isinstance(uid, str) or not uid:
        raise RefusedError("MISSING_LOCAL_ID")
    return uid
