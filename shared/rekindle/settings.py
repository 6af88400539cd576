"""Typed settings, read from the environment that template.yaml writes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class CouplesApiSettings:
    """What couples_api is told: its tables, the key that wraps all others, and where an invite's link leads."""

    table: str
    key_table: str
    kms_key_id: str
    app_link: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings; KeyError names a variable that is missing."""
        return cls(
            table=environment["TABLE_NAME"],
            key_table=environment["KEY_TABLE_NAME"],
            kms_key_id=environment["KMS_KEY_ID"],
            app_link=environment["APP_LINK"],
        )


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """What privacy is told: its tables, and the key that wraps all others."""

    table: str
    key_table: str
    kms_key_id: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings; KeyError names a variable that is missing."""
        return cls(
            table=environment["TABLE_NAME"],
            key_table=environment["KEY_TABLE_NAME"],
            kms_key_id=environment["KMS_KEY_ID"],
        )


@dataclass(frozen=True, slots=True)
class PracticeApiSettings:
    """What practice_api is told: its table, and whether a second person has to approve what is published."""

    table: str
    review_required: bool

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings; KeyError names a variable that is missing."""
        return cls(table=environment["TABLE_NAME"], review_required=environment["REVIEW_REQUIRED"] == "true")


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What tick and react are told: the table they read, and the queue they put jobs on."""

    table: str
    queue_url: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings; KeyError names a variable that is missing."""
        return cls(table=environment["TABLE_NAME"], queue_url=environment["QUEUE_URL"])


@dataclass(frozen=True, slots=True)
class TallySettings:
    """What tally is told: the table that it counts in."""

    table: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings; KeyError names a variable that is missing."""
        return cls(table=environment["TABLE_NAME"])


class FcmTransport(StrEnum):
    """How delivery speaks to FCM: by libcurl, or by firebase-admin alone if that should fail us."""

    LIBCURL = "libcurl"
    SDK = "sdk"


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """What delivery is told: its table, the queues for what it must do later or gives up, and the way to FCM.

    `visibility` is how long the queue hides a job that failed, `fcm_secret` the ARN of the secret that holds the
    credential, `fcm_endpoint` what FCM's addresses begin with, and `app_link` what the links of pushes begin with. One
    worker begins so many `pushes_per_second` at most; None is as many as it can.
    """

    table: str
    queue_url: str
    visibility: dt.timedelta
    dead_letters_url: str
    app_link: str
    fcm_secret: str
    fcm_project: str
    fcm_endpoint: str
    fcm_transport: FcmTransport
    pushes_per_second: int | None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings; KeyError names a variable that is missing, ValueError a value that is none."""
        return cls(
            table=environment["TABLE_NAME"],
            queue_url=environment["QUEUE_URL"],
            visibility=dt.timedelta(seconds=int(environment["VISIBILITY_SECONDS"])),
            dead_letters_url=environment["DEAD_LETTERS_URL"],
            app_link=environment["APP_LINK"],
            fcm_secret=environment["FCM_SECRET_ARN"],
            fcm_project=environment["FCM_PROJECT_ID"],
            fcm_endpoint=environment["FCM_ENDPOINT"],
            fcm_transport=FcmTransport(environment["FCM_TRANSPORT"]),
            pushes_per_second=int(environment["FCM_PUSHES_PER_SECOND"] or 0) or None,
        )


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """What the console's page is told: the Firebase project whose accounts sign in, and where.

    `identity` and `securetoken` are what the addresses of Firebase's two sign-in services begin with; `api_key` is the
    project's web key, which names the project and is no secret.
    """

    project: str
    api_key: str
    identity: str
    securetoken: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings; KeyError names a variable that is missing."""
        return cls(
            project=environment["FIREBASE_PROJECT"],
            api_key=environment["FIREBASE_API_KEY"],
            identity=environment["IDENTITY_ENDPOINT"],
            securetoken=environment["SECURE_TOKEN_ENDPOINT"],
        )
