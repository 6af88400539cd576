"""Change accounts at Firebase through its Admin SDK."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final

import firebase_admin
from firebase_admin import auth
from google.auth import aws
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import service_account

from rekindle.accounts import StaffAccount, StaffPage, rights_in, with_rights
from rekindle.domain.ids import Uid
from rekindle.errors import RekindleError
from rekindle.store.instants import from_millis

if TYPE_CHECKING:
    import datetime as dt

    from google.auth.credentials import Credentials

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
"""The only scope with which Google lets a service account change accounts. The account's role limits it further."""

PAGE: Final = 1000
"""Google returns at most this many accounts at once."""
TIMEOUT: Final = 5
"""In seconds. The SDK repeats a failed request up to four times, with pauses of at most eight seconds."""


class CredentialError(RekindleError):
    """The secret has no credential for Firebase."""


def credential_from(secret: str) -> Credentials:
    """Read the credential from a secret: the key of a service account, or an `external_account` for AWS.

    Raise CredentialError if the secret contains something else.
    """
    try:
        info = json.loads(secret)
        match info["type"]:
            case "service_account":
                return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])  # type: ignore[no-any-return, no-untyped-call]
            case "external_account":
                return aws.Credentials.from_info(info, scopes=[SCOPE])  # type: ignore[no-any-return, no-untyped-call]
            case _:
                raise CredentialError("the secret is neither a service account nor an external account")
    except (ValueError, KeyError, TypeError, GoogleAuthError) as error:
        raise CredentialError("the secret does not hold a credential") from error


class Firebase:
    """The accounts of one Firebase project.

    If FIREBASE_AUTH_EMULATOR_HOST is set, the SDK calls this host, and does not send `credential`.
    """

    def __init__(self, credential: Credentials, project: str) -> None:
        self._app = firebase_admin.initialize_app(
            credential, {"projectId": project, "httpTimeout": TIMEOUT}, name=f"accounts-{id(self)}"
        )

    def revoke(self, uid: Uid, signed_out_at: dt.datetime) -> bool:
        """Refuse refresh tokens of sign-ins before `signed_out_at`. Return False if there is no such account.

        Firebase counts whole seconds, so the instant is rounded up. Do not use the SDK's `revoke_refresh_tokens`: it
        takes the time of the machine, and would also end a sign-in that came while the job was in the queue.
        """
        valid_since = math.ceil(signed_out_at.timestamp())
        try:
            account = auth.get_user(uid, self._app)
            # A job can be late. It must not make tokens valid again that a later job has revoked.
            if account.tokens_valid_after_timestamp < valid_since * 1000:
                auth.update_user(uid, app=self._app, valid_since=valid_since)
        except auth.UserNotFoundError:
            return False
        return True

    def staff(self, after: str | None, most: int = PAGE) -> StaffPage:
        """Return the accounts with permissions among `most` of all accounts, from the cursor `after` on."""
        page = auth.list_users(page_token=after, max_results=most, app=self._app)
        accounts = [_staff_account(user) for user in page.users if rights_in(user.custom_claims)]
        return StaffPage(accounts=accounts, after=page.next_page_token or None)

    def account(self, email: str) -> tuple[Uid, StaffAccount] | None:
        """Return the account with this email, and its uid. Return None if there is no account."""
        try:
            account = auth.get_user_by_email(email, self._app)
        except auth.UserNotFoundError:
            return None
        return Uid(account.uid), _staff_account(account)

    def set_rights(self, uid: Uid, rights: str, ended_at: dt.datetime | None) -> None:
        """Give the account exactly these permissions.

        If `ended_at` is an instant, also end all sign-ins from before it, in the same request.
        """
        account = auth.get_user(uid, self._app)
        ended = {}
        if ended_at is not None:
            # The instant is the operator's. It must not make tokens valid again that a sign-out has revoked.
            earlier = account.tokens_valid_after_timestamp // 1000
            ended = {"valid_since": max(earlier, math.ceil(ended_at.timestamp()))}
        claims = with_rights(account.custom_claims, rights)
        auth.update_user(uid, app=self._app, custom_claims=claims or auth.DELETE_ATTRIBUTE, **ended)

    def delete(self, uid: Uid) -> bool:
        """Delete the account. Return False if there is no such account."""
        try:
            auth.delete_user(uid, self._app)
        except auth.UserNotFoundError:
            return False
        return True

    def close(self) -> None:
        """Close all connections."""
        firebase_admin.delete_app(self._app)


def _staff_account(user: auth.UserRecord) -> StaffAccount:
    seen = user.user_metadata.last_sign_in_timestamp
    return StaffAccount(
        name=user.email or user.uid,
        scope=rights_in(user.custom_claims),
        # The SDK has no public attribute for second factors.
        second_factor=bool(user._data.get("mfaInfo")),  # noqa: SLF001
        last_sign_in=from_millis(seen) if seen else None,
        disabled=user.disabled,
    )
