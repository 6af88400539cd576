"""`accounts` changes Firebase accounts through Google's Admin SDK, which calls the stand-in."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from accounts import handler as accounts
from accounts.firebase import CredentialError, Firebase, credential_from
from local.stack.start import free_ports
from rekindle.accounts import DeleteJob, RevokeJob
from rekindle.cleanup import cleanup_job_from
from rekindle.domain.ids import Uid
from rekindle.store.instants import from_millis
from testing import engines
from testing.push_world import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_mock import MockerFixture

    from local.google.place import Place
    from rekindle.accounts import AccountJob
    from rekindle.batches import BatchResponse

PROJECT = "rekindle-test"
SAMPLE = Path(__file__).parents[2] / "events" / "accounts.json"
LOOKUP = f"/identitytoolkit.googleapis.com/v1/projects/{PROJECT}/accounts:lookup"


@pytest.fixture
def web(place: Place) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=place.origin, timeout=30) as client:
        yield client


def firebase_of(place: Place, project: str = PROJECT) -> Firebase:
    return Firebase(credential_from(json.dumps(place.service_account())), project)


@pytest.fixture
def firebase(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firebase]:
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", place.host)
    firebase = firebase_of(place)
    yield firebase
    firebase.close()


@pytest.fixture
def cleanup() -> Queue:
    return Queue.in_memory()


def sign_in(web: httpx.Client, uid: str, **more: Any) -> dict[str, Any]:
    tokens: dict[str, Any] = web.post("/sign-in", json={"uid": uid, **more}).raise_for_status().json()
    return tokens


def refreshed(web: httpx.Client, tokens: dict[str, Any]) -> str | None:
    """Return the error with which Firebase refuses to refresh the tokens. Return None if it gives new ones."""
    reply = web.post(
        "/securetoken.googleapis.com/v1/token?key=local",
        data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
    )
    return None if reply.is_success else str(reply.json()["error"]["message"])


def known(web: httpx.Client, uid: str) -> list[dict[str, Any]]:
    """Return the account as the Admin API shows it, in a list that is empty for an unknown account."""
    reply = web.post(LOOKUP, json={"localId": [uid]}, headers={"Authorization": "Bearer owner"})
    found: list[dict[str, Any]] = reply.raise_for_status().json().get("users", [])
    return found


def handled(firebase: Firebase, cleanup: Queue, *jobs: AccountJob) -> BatchResponse:
    records = [{"messageId": str(number), "body": job.model_dump_json()} for number, job in enumerate(jobs)]
    return accounts.handle(lambda: firebase, cleanup.outbox, records)


def bodies(queue: Queue) -> list[Any]:
    found = queue.client.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10).get("Messages", [])
    return [cleanup_job_from(message["Body"]) for message in found]


def after_creation(web: httpx.Client, uid: str, seconds: int) -> dt.datetime:
    """Return an instant after the account's creation, by the stand-in's clock."""
    return from_millis(int(known(web, uid)[0]["createdAt"])) + dt.timedelta(seconds=seconds)


def test_after_a_sign_out_everywhere_no_earlier_sign_in_gets_new_tokens(
    firebase: Firebase, web: httpx.Client, cleanup: Queue
) -> None:
    old, own = sign_in(web, "ada", signed_in_ago=60), sign_in(web, "ben", signed_in_ago=60)
    assert refreshed(web, old) is None
    signed_out_at = after_creation(web, "ada", 30)

    assert handled(firebase, cleanup, RevokeJob(uid=Uid("ada"), signed_out_at=signed_out_at)) == {
        "batchItemFailures": []
    }

    assert refreshed(web, old) == "TOKEN_EXPIRED"
    assert refreshed(web, own) is None
    assert refreshed(web, sign_in(web, "ada")) is None


def test_a_part_of_a_second_is_rounded_up(firebase: Firebase, web: httpx.Client, cleanup: Queue) -> None:
    sign_in(web, "half")
    at = after_creation(web, "half", 1) + dt.timedelta(microseconds=1)
    handled(firebase, cleanup, RevokeJob(uid=Uid("half"), signed_out_at=at))
    assert int(known(web, "half")[0]["validSince"]) == int(at.timestamp()) + 1


def test_an_earlier_sign_out_that_comes_late_changes_nothing(
    firebase: Firebase, web: httpx.Client, cleanup: Queue
) -> None:
    sign_in(web, "cleo", signed_in_ago=900)
    later = after_creation(web, "cleo", 600)
    jobs = [RevokeJob(uid=Uid("cleo"), signed_out_at=later - dt.timedelta(minutes=each)) for each in (0, 5, 0)]
    assert handled(firebase, cleanup, *jobs) == {"batchItemFailures": []}
    assert known(web, "cleo")[0]["validSince"] == str(int(later.timestamp()))


def test_a_deleted_account_is_reported_and_a_repeat_does_no_harm(
    firebase: Firebase, web: httpx.Client, cleanup: Queue
) -> None:
    tokens = sign_in(web, "dora")
    job = DeleteJob(uid=Uid("dora"), pseudonym="AAECAwQFBgcI")

    assert handled(firebase, cleanup, job, job) == {"batchItemFailures": []}

    assert known(web, "dora") == []
    assert refreshed(web, tokens) == "USER_NOT_FOUND"
    reports = bodies(cleanup)
    assert [(report.type, report.pseudonym) for report in reports] == [("account-deleted", "AAECAwQFBgcI")] * 2


def test_a_sign_out_of_a_deleted_account_is_done(firebase: Firebase, cleanup: Queue, web: httpx.Client) -> None:
    job = RevokeJob(uid=Uid("nobody"), signed_out_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC))
    assert handled(firebase, cleanup, job) == {"batchItemFailures": []}
    assert known(web, "nobody") == []


def test_a_log_line_names_no_person(
    firebase: Firebase, web: httpx.Client, cleanup: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in(web, "uid-in-no-log")
    caplog.set_level("INFO")
    handled(firebase, cleanup, DeleteJob(uid=Uid("uid-in-no-log"), pseudonym="pseudonym"))
    (line,) = [record for record in caplog.records if record.name != "httpx"]
    assert (line.getMessage(), vars(line)["known"]) == ("account deleted", True)
    assert "uid-in-no-log" not in str(vars(line))


@pytest.mark.usefixtures("firebase")
def test_a_refusal_by_google_keeps_the_job_and_blames_no_version(
    place: Place, cleanup: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    other = firebase_of(place, "somebody-elses")
    assert handled(other, cleanup, DeleteJob(uid=Uid("ada"), pseudonym="p")) == {
        "batchItemFailures": [{"itemIdentifier": "0"}]
    }
    assert bodies(cleanup) == []
    (line,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert (vars(line)["reason"], vars(line)["outside"]) == ("PERMISSION_DENIED", True)
    other.close()


def test_a_google_that_is_down_is_a_warning(
    place: Place, cleanup: Queue, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", f"127.0.0.1:{port}")
    down = firebase_of(place)
    assert handled(down, cleanup, DeleteJob(uid=Uid("ada"), pseudonym="p"))["batchItemFailures"]
    lines = [record for record in caplog.records if record.getMessage() == "Firebase did not change the account"]
    assert [(line.levelname, vars(line)["reason"]) for line in lines] == [("WARNING", "UNAVAILABLE")]
    down.close()


@pytest.mark.parametrize("secret", ["", "{}", "[]", '{"type": "authorized_user"}', '{"type": "service_account"}'])
def test_a_secret_without_a_credential_is_refused(secret: str) -> None:
    with pytest.raises(CredentialError):
        credential_from(secret)


def test_the_handler_takes_its_sample_and_reads_a_new_secret_after_a_wrong_one(
    place: Place,
    emulator_url: str,
    monkeypatch: pytest.MonkeyPatch,
    mocker: MockerFixture,
    caplog: pytest.LogCaptureFixture,
) -> None:
    secrets = engines.client("secretsmanager", emulator_url)
    secret = secrets.create_secret(Name=f"accounts-{place.port}")["ARN"]
    environment = {
        **engines.environment(emulator_url),
        "TABLE_NAME": "rekindle-test",
        "CLEANUP_QUEUE_URL": Queue.on(emulator_url).url,
        "ACCOUNT_SECRET_ARN": secret,
        "STAFF_SECOND_FACTOR": "true",
        "FIREBASE_PROJECT": PROJECT,
        "FIREBASE_AUTH_EMULATOR_HOST": place.host,
    }
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    mocker.patch.object(boto3, "DEFAULT_SESSION", None)
    event = json.loads(SAMPLE.read_text(encoding="utf-8"))
    failed = {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}

    assert accounts.handler(event, LambdaContext()) == failed
    secrets.put_secret_value(SecretId=secret, SecretString="{}")
    assert accounts.handler(event, LambdaContext()) == failed
    lines = [record for record in caplog.records if record.levelname == "ERROR"]
    assert {line.getMessage() for line in lines} == {"Firebase does not accept our credential"}
    answer: Any = accounts.handler({"type": "list-staff"}, LambdaContext())
    assert (answer["outcome"], answer["reason"]) == ("failed", "CredentialError")

    secrets.put_secret_value(SecretId=secret, SecretString=json.dumps(place.service_account()))
    assert accounts.handler(event, LambdaContext()) == {"batchItemFailures": []}
    assert "accounts" in accounts.handler({"type": "list-staff"}, LambdaContext())
    accounts._start_over()
    accounts._cleanup.cache_clear()
