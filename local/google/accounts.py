"""Keep the accounts of a Firebase project, and serve the endpoints of Firebase's Admin API that change them.

The Admin SDK calls these endpoints if FIREBASE_AUTH_EMULATOR_HOST names this server. Paths, bodies and errors are the
same as Firebase's.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

OWNER: Final = "Bearer owner"
"""The credential that the Admin SDK sends to an emulator."""
NOT_FOUND: Final = "USER_NOT_FOUND"
DISABLED: Final = "USER_DISABLED"
DEFAULT_PAGE: Final = 20
"""The number of accounts in a page, if the request names none."""


class RefusedError(Exception):
    """Firebase would refuse this request. The message is a code, such as INVALID_EMAIL, or a sentence."""

    def __init__(self, message: str, status: str | None = None, code: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor of an account: a secret in base 32, which the person's authenticator app has too.

    `enrolled` is in seconds since 1970.
    """

    id: str
    name: str
    secret: str
    enrolled: int

    @property
    def view(self) -> dict[str, Any]:
        """The second factor in the form of Firebase's responses."""
        enrolled = dt.datetime.fromtimestamp(self.enrolled, dt.UTC)
        return {
            "mfaEnrollmentId": self.id,
            "displayName": self.name,
            "enrolledAt": f"{enrolled:%Y-%m-%dT%H:%M:%SZ}",
            "totpInfo": {},
        }


@dataclass(frozen=True, slots=True)
class Account:
    """An account. Instants are in seconds since 1970.

    Firebase refuses the tokens of sign-ins before `valid_since`. `claims` are the custom claims, or None if nobody has
    set them yet. `last_sign_in` is None for an account that nobody has signed in to.
    """

    uid: str
    email: str | None
    created: int
    disabled: bool = False
    valid_since: int = 0
    claims: Mapping[str, Any] | None = None
    factors: tuple[Factor, ...] = ()
    last_sign_in: int | None = None
    is_verified: bool = True

    @property
    def view(self) -> dict[str, Any]:
        """The account in the form of Firebase's responses."""
        view: dict[str, Any] = {
            "localId": self.uid,
            "createdAt": str(self.created * 1000),
            "validSince": str(self.valid_since or self.created),
            "disabled": self.disabled,
        }
        if self.email:
            view |= {"email": self.email, "emailVerified": self.is_verified}
        if self.last_sign_in is not None:
            view["lastLoginAt"] = str(self.last_sign_in * 1000)
        if self.claims:
            view["customAttributes"] = json.dumps(self.claims)
        if self.factors:
            view["mfaInfo"] = [factor.view for factor in self.factors]
        return view

    def factor(self, factor_id: str) -> Factor:
        """Return the second factor with this id. Raise RefusedError if there is none."""
        for factor in self.factors:
            if factor.id == factor_id:
                return factor
        raise RefusedError("MFA_ENROLLMENT_NOT_FOUND")


class Accounts:
    """All accounts of the project. If there is a `file`, each change is saved there, so that a restart keeps it."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._accounts: dict[str, Account] = {}
        self._deleted: dict[str, int] = {}
        if file and file.exists():
            saved = json.loads(file.read_text(encoding="utf-8"))
            self._accounts = {each["uid"]: _account_in(each) for each in saved["accounts"]}
            self._deleted = saved["deleted"]

    def named(self, uid: str) -> Account:
        """Return the account. Raise RefusedError if there is none."""
        if uid not in self._accounts:
            raise RefusedError(NOT_FOUND)
        return self._accounts[uid]

    def with_email(self, email: str) -> Account | None:
        """Return the account with this email, or None."""
        found = (each for each in self._accounts.values() if each.email and each.email.casefold() == email.casefold())
        return next(found, None)

    def page(self, after: str, size: int) -> list[Account]:
        """Return at most `size` accounts whose uids come after `after`, in the order of uids."""
        return [self._accounts[uid] for uid in sorted(self._accounts) if uid > after][:size]

    def make(self, uid: str, email: str | None, at: int, claims: Mapping[str, Any] | None = None) -> Account:
        """Return the account, and make it with these claims if it does not exist."""
        if uid not in self._accounts:
            self._save(Account(uid, email, at, claims=claims))
        return self._accounts[uid]

    def sign_in(self, uid: str, email: str | None, at: int) -> Account:
        """Return the account that a person signs in to, `at` seconds since 1970. The first sign-in makes the account.

        Raise RefusedError if the account is disabled.
        """
        account = self.make(uid, email, at)
        if account.disabled:
            raise RefusedError(DISABLED)
        return self._save(replace(account, last_sign_in=max(at, account.last_sign_in or at)))

    def times_deleted(self, email: str) -> int:
        """Return how many accounts with this email were deleted. Firebase gives the next account another uid."""
        return self._deleted.get(email.casefold(), 0)

    def change(self, uid: str, **changed: Any) -> Account:  # noqa: ANN401 - the fields of Account
        """Change these fields of the account. Raise RefusedError if there is no such account."""
        return self._save(replace(self.named(uid), **changed))

    def delete(self, uid: str) -> None:
        """Delete the account. Raise RefusedError if there is no such account."""
        email = self.named(uid).email
        del self._accounts[uid]
        if email:
            self._deleted[email.casefold()] = self.times_deleted(email) + 1
        self._write()

    def _save(self, account: Account) -> Account:
        self._accounts[account.uid] = account
        self._write()
        return account

    def _write(self) -> None:
        if self._file:
            saved = {"accounts": list(map(asdict, self._accounts.values())), "deleted": self._deleted}
            beside = self._file.with_suffix(".new")
            beside.write_text(json.dumps(saved), encoding="utf-8")
            beside.replace(self._file)


def _account_in(saved: Mapping[str, Any]) -> Account:
    return Account(**{**saved, "factors": tuple(Factor(**each) for each in saved.get("factors", ()))})


def looked_up(accounts: Accounts, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response of the Admin API's `accounts:lookup`. Unknown accounts are left out."""
    answer: dict[str, Any] = {"kind": "identitytoolkit#GetAccountInfoResponse"}
    found = [account.view for email in asked.get("email", []) if (account := accounts.with_email(email))]
    for uid in asked.get("localId", []):
        try:
            found.append(accounts.named(uid).view)
        except RefusedError:
            continue
    return answer | ({"users": found} if found else {})


def downloaded(accounts: Accounts, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return the response of the Admin API's `accounts:batchGet`: one page of all accounts."""
    size = int(asked.get("maxResults", DEFAULT_PAGE))
    page = accounts.page(asked.get("nextPageToken", ""), size)
    answer: dict[str, Any] = {"kind": "identitytoolkit#DownloadAccountResponse"}
    if page:
        answer["users"] = [account.view for account in page]
    return answer | ({"nextPageToken": page[-1].uid} if len(page) == size else {})


def updated(accounts: Accounts, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Change an account. Return the response of the Admin API's `accounts:update`."""
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "disableUser": ("disabled", bool),
        "validSince": ("valid_since", int),
        "customAttributes": ("claims", json.loads),
        "emailVerified": ("is_verified", bool),
    }
    changed = {field: read(asked[name]) for name, (field, read) in readers.items() if asked.get(name) is not None}
    accounts.change(_uid_in(asked), **changed)
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
