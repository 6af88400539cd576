"""Describe where the local stand-in for Google's servers runs: its address, project and folder."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from local.google.accounts import Accounts
from local.google.identity import IDENTITY, SECURE_TOKEN
from local.google.keys import pem, private_key
from local.google.signin import Issuer
from local.places import ROOT
from local.processes import Child


@dataclass(frozen=True, slots=True)
class Place:
    """A stand-in's port, its Firebase project, and the folder with its keys and the pushes to each phone."""

    port: int
    project: str
    folder: Path

    @property
    def host(self) -> str:
        """Return the server's host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        """Return the server's base URL."""
        return f"http://{self.host}"

    @property
    def token_uri(self) -> str:
        """Return the address that exchanges a service account's assertion for an access token."""
        return f"{self.origin}/token"

    @property
    def identity(self) -> str:
        """Return the address at which accounts sign in. Its path is the same as in Firebase's own emulator."""
        return self.origin + IDENTITY

    @property
    def securetoken(self) -> str:
        """Return the address that exchanges a refresh token for an ID token."""
        return self.origin + SECURE_TOKEN

    def issuer(self) -> Issuer:
        """Return the issuer of ID tokens, with its saved key and accounts."""
        key, accounts = private_key(self.folder / "sign-in.pem"), Accounts(self.folder / "accounts.json")
        return Issuer(self.origin, self.project, key, accounts)

    def service_account(self) -> dict[str, str]:
        """Return a service account's JSON as the Firebase console gives it, but with this server's addresses."""
        key = private_key(self.folder / "service-account.pem")
        email = f"firebase-adminsdk@{self.project}.iam.gserviceaccount.com"
        return {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": "local",
            "private_key": pem(key).decode(),
            "client_email": email,
            "client_id": "100000000000000000001",
            "auth_uri": f"{self.origin}/auth",
            "token_uri": self.token_uri,
        }

    def start(self, log: Path) -> Child:
        """Start the server. It writes its output to `log`."""
        own = json.dumps([self.port, self.project, str(self.folder)])
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "REKINDLE_GOOGLE": own}
        return Child("The stand-in for Google", [sys.executable, "-m", "local.google"], environment, ROOT, log)

    @classmethod
    def of_environment(cls) -> Place:
        """Return the place that `start` wrote into this process's environment. Raise KeyError if there is no place."""
        port, project, folder = json.loads(os.environ["REKINDLE_GOOGLE"])
        return cls(port, project, Path(folder))
