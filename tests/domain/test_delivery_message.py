"""Messages and credentials are right. tests/engine/test_push_fcm.py tests how they are sent."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import aws
from google.oauth2 import service_account

from delivery.credential import credential_from
from delivery.fcm import message_of
from delivery.gateway import CredentialError
from local.google.fcm_message import checked_message
from rekindle.domain.ids import Language
from rekindle.domain.pushes import PushKind
from rekindle.push.payloads import Occasion, Payload, payload_of
from testing.builders import an_instant


def a_payload(*, quiet: bool = False) -> Payload:
    occasion = Occasion(PushKind.PROMPT, dt.date(2026, 3, 2), an_instant("2026-03-02T13:30:00Z"))
    return payload_of(occasion, Language("en"), occasion.instant, quiet=quiet, app_link="https://app.example")


def wire(payload: Payload) -> dict[str, Any]:
    message = message_of(payload)
    message.token = "the-token"
    encoded: dict[str, Any] = json.loads(str(message))
    return encoded


def test_a_message_says_the_same_to_both_platforms() -> None:
    payload = a_payload()
    assert wire(payload) == {
        "token": "the-token",
        "notification": {"title": payload.text.title, "body": payload.text.body},
        "data": {"link": "https://app.example/o/d20260302"},
        "android": {
            "priority": "high",
            "ttl": "43200s",
            "notification": {
                "tag": "a-2026-03-02",
                "channel_id": "everyday",
                "notification_priority": "PRIORITY_DEFAULT",
                "visibility": "PRIVATE",
            },
        },
        "apns": {
            "headers": {
                "apns-collapse-id": "a-2026-03-02",
                "apns-priority": "10",
                "apns-expiration": str(int(an_instant("2026-03-03T01:30:00Z").timestamp())),
            },
            "payload": {"aps": {"sound": "default", "interruption-level": "active"}},
        },
    }


def test_a_quiet_message_makes_no_sound_on_either() -> None:
    message = wire(a_payload(quiet=True))
    assert message["android"]["priority"] == "normal"
    assert message["android"]["notification"]["channel_id"] == "quiet"
    assert message["android"]["notification"]["notification_priority"] == "PRIORITY_LOW"
    assert message["apns"]["headers"]["apns-priority"] == "5"
    assert message["apns"]["payload"]["aps"] == {"interruption-level": "passive"}


@pytest.mark.parametrize("quiet", [True, False])
def test_a_message_is_one_that_fcm_takes(*, quiet: bool) -> None:
    """The stand-in checks every field as FCM does, and raises an error for an unknown field."""
    checked = checked_message(json.dumps({"message": wire(a_payload(quiet=quiet))}).encode())
    assert checked["token"] == "the-token"


def test_a_service_accounts_secret_is_a_credential() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    secret = {
        "type": "service_account",
        "project_id": "rekindle",
        "client_email": "push@rekindle.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
        "private_key": pem,
    }
    assert isinstance(credential_from(json.dumps(secret)), service_account.Credentials)


def test_a_keyless_secret_is_a_credential() -> None:
    """The secret only names the addresses of AWS and Google that exchange credentials. It holds no key."""
    secret = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/aws/providers/aws",
        "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {
            "environment_id": "aws1",
            "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
        },
    }
    assert isinstance(credential_from(json.dumps(secret)), aws.Credentials)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "{}",
        "[]",
        "nonsense",
        '{"type": "authorized_user"}',
        '{"type": "service_account"}',
        '{"type": "external_account"}',
    ],
)
def test_any_other_secret_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(CredentialError, match="the FCM secret"):
        credential_from(secret)
