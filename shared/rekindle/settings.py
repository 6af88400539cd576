"""Read and check the settings of each function: environment variables, which template.yaml sets."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from rekindle.errors import SettingsError
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Mapping

_MISSING: Final = "missing"
"""Pydantic's error type for a missing field."""


def _flag(text: object) -> object:
    return {"true": True, "false": False}.get(str(text), text)


type Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/-]+$", max_length=512)]
"""A name, an id or an ARN in AWS or Firebase."""
type Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/][^\s]*$", max_length=2048)]
type Number = Annotated[str, StringConstraints(pattern=r"^[0-9]*$", max_length=20)]
"""The number of a Firebase project, or nothing."""
type Flag = Annotated[bool, Field(strict=True), BeforeValidator(_flag)]
"""`true` or `false`, as CloudFormation writes them."""
type Seconds = Annotated[int, Field(ge=1, le=43_200)]

# Several functions use these settings. Do not turn these lines into `type` statements, because pydantic would not see
# the aliases of the fields.
_Table = Annotated[Name, Field(alias="TABLE_NAME")]
_KeyTable = Annotated[Name, Field(alias="KEY_TABLE_NAME")]
_CellTable = Annotated[Name, Field(alias="CELL_TABLE_NAME")]
_ErasureTable = Annotated[Name, Field(alias="ERASURE_TABLE_NAME")]
_KmsKeyId = Annotated[Name, Field(alias="KMS_KEY_ID")]
_SealingScheme = Annotated[Literal[1, 3], BeforeValidator(int), Field(alias="SEALING_SCHEME")]
_AppLink = Annotated[Address, Field(alias="APP_LINK")]
_QueueUrl = Annotated[Address, Field(alias="QUEUE_URL")]
_FirebaseProject = Annotated[Name, Field(alias="FIREBASE_PROJECT")]
_FirebaseKey = Annotated[Name, Field(alias="FIREBASE_API_KEY")]
_Identity = Annotated[Address, Field(alias="IDENTITY_ENDPOINT")]
_AppCheckProject = Annotated[Number, Field(alias="APP_CHECK_PROJECT")]
_AppCheckEndpoint = Annotated[Address, Field(alias="APP_CHECK_ENDPOINT")]
_CleanupQueueUrl = Annotated[Address, Field(alias="CLEANUP_QUEUE_URL")]


class Settings(BaseModel):
    """The base of a function's settings. A field's alias is the name of its environment variable."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True)

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of all environment variables of these settings."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Return the settings in the environment.

        If variables are missing or wrong, log one line with their names, but without their values. Then raise
        SettingsError.
        """
        names = cls.names()
        try:
            return cls.model_validate({name: environment[name] for name in names if name in environment})
        except ValidationError as error:
            errors = {str(each["loc"][0]): each["type"] for each in error.errors()}
        missing = [name for name in names if errors.get(name) == _MISSING]
        wrong = [name for name in names if name in errors and name not in missing]
        logger.error("settings are missing or wrong", extra={"missing": missing, "wrong": wrong})
        raise SettingsError(f"settings of this function: missing {missing}, wrong {wrong}")


class CouplesApiSettings(Settings):
    """Settings of couples_api. If `app_check_project` is empty, App Check is switched off."""

    table: _Table
    key_table: _KeyTable
    cell_table: _CellTable
    erasure_table: _ErasureTable
    kms_key_id: _KmsKeyId
    sealing_scheme: _SealingScheme
    app_link: _AppLink
    firebase_key: _FirebaseKey
    identity: _Identity
    app_check_project: _AppCheckProject
    app_check_endpoint: _AppCheckEndpoint


class PrivacySettings(Settings):
    """Settings of privacy. If `app_check_project` is empty, App Check is switched off."""

    table: _Table
    key_table: _KeyTable
    cell_table: _CellTable
    erasure_table: _ErasureTable
    kms_key_id: _KmsKeyId
    sealing_scheme: _SealingScheme
    firebase_key: _FirebaseKey
    identity: _Identity
    app_check_project: _AppCheckProject
    app_check_endpoint: _AppCheckEndpoint


class ResealSettings(Settings):
    """Settings of reseal."""

    table: _Table
    key_table: _KeyTable
    cell_table: _CellTable
    kms_key_id: _KmsKeyId
    sealing_scheme: _SealingScheme


class PracticeApiSettings(Settings):
    """Settings of practice_api.

    If `review_required` is true, a second person must approve each release. If `second_factor` is true, staff must sign
    in with a second factor.
    """

    table: _Table
    review_required: Flag = Field(alias="REVIEW_REQUIRED")
    second_factor: Flag = Field(alias="STAFF_SECOND_FACTOR")
    firebase_key: _FirebaseKey
    identity: _Identity


class TickSettings(Settings):
    """Settings of tick. `queue_url` is the queue of push jobs."""

    table: _Table
    queue_url: _QueueUrl


class ReactSettings(TickSettings):
    """Settings of react: those of tick, and the queues of cleanup jobs and of jobs about Firebase accounts."""

    cleanup_queue_url: _CleanupQueueUrl
    account_queue_url: Address = Field(alias="ACCOUNT_QUEUE_URL")


class CleanupSettings(Settings):
    """Settings of cleanup.

    `settling_seconds` after a person was erased, no request from before the erasure is under way any more.
    """

    table: _Table
    key_table: _KeyTable
    erasure_table: _ErasureTable
    cleanup_queue_url: _CleanupQueueUrl
    account_queue_url: Address = Field(alias="ACCOUNT_QUEUE_URL")
    settling_seconds: Annotated[int, Field(ge=1, le=900)] = Field(alias="SETTLING_SECONDS")

    @property
    def settling(self) -> dt.timedelta:
        """The time between the two jobs of an erasure."""
        return dt.timedelta(seconds=self.settling_seconds)


class AccountsSettings(Settings):
    """Settings of accounts.

    `secret` is the ARN of the secret with the credential for Firebase's accounts. If `second_factor` is true, staff
    must sign in with a second factor.
    """

    table: _Table
    cleanup_queue_url: _CleanupQueueUrl
    second_factor: Flag = Field(alias="STAFF_SECOND_FACTOR")
    secret: Name = Field(alias="ACCOUNT_SECRET_ARN")
    project: _FirebaseProject


class TallySettings(Settings):
    """Settings of tally."""

    table: _Table


class DeliverySettings(Settings):
    """Settings of delivery.

    `visibility_seconds` is how long the queue hides a job that a worker has received. If the worker fails, the queue
    delivers the job again after this time. `fcm_secret` is the ARN of the secret with FCM's credential. `fcm_endpoint`
    is the base address of FCM. `app_link` is the base address of all links in pushes.
    """

    table: _Table
    queue_url: _QueueUrl
    visibility_seconds: Seconds = Field(alias="VISIBILITY_SECONDS")
    dead_letters_url: Address = Field(alias="DEAD_LETTERS_URL")
    cleanup_queue_url: _CleanupQueueUrl
    app_link: _AppLink
    fcm_secret: Name = Field(alias="FCM_SECRET_ARN")
    fcm_project: Name = Field(alias="FCM_PROJECT_ID")
    fcm_endpoint: Address = Field(alias="FCM_ENDPOINT")
    fcm_pushes_per_second: Literal[""] | Annotated[int, Field(ge=0)] = Field(alias="FCM_PUSHES_PER_SECOND")

    @property
    def visibility(self) -> dt.timedelta:
        """For this long, the queue hides a job that a worker has received."""
        return dt.timedelta(seconds=self.visibility_seconds)

    @property
    def pushes_per_second(self) -> int | None:
        """One worker starts at most this many pushes in a second. None means no limit."""
        return self.fcm_pushes_per_second or None


class ConsoleSettings(Settings):
    """Settings of the console: the Firebase project and its sign-in services.

    `identity` and `securetoken` are the base addresses of Firebase's two sign-in services. `api_key` is the project's
    web key. This key is not a secret, because it only names the project.
    """

    project: _FirebaseProject
    api_key: _FirebaseKey
    identity: _Identity
    securetoken: Address = Field(alias="SECURE_TOKEN_ENDPOINT")


class ReleaseCheckSettings(Settings):
    """The ARN of each function's new version, by the function's name."""

    accounts: Name = Field(alias="ACCOUNTS_VERSION")
    cleanup: Name = Field(alias="CLEANUP_VERSION")
    console: Name = Field(alias="CONSOLE_VERSION")
    couples_api: Name = Field(alias="COUPLES_API_VERSION")
    delivery: Name = Field(alias="DELIVERY_VERSION")
    practice_api: Name = Field(alias="PRACTICE_API_VERSION")
    privacy: Name = Field(alias="PRIVACY_VERSION")
    react: Name = Field(alias="REACT_VERSION")
    reseal: Name = Field(alias="RESEAL_VERSION")
    tally: Name = Field(alias="TALLY_VERSION")
    tick: Name = Field(alias="TICK_VERSION")
