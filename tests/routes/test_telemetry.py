"""An error line sets off an alarm. A fault that one person can cause alone is a warning."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from react.handler import React
from rekindle.api import resolver
from rekindle.errors import ContentionError, KeyUnavailableError
from rekindle.push.queue import Outbox
from rekindle.push.reactions import reaction_to
from rekindle.store.stream import change_in
from rekindle.telemetry import log_failure
from testing.builders import an_instant
from testing.phones import http_event
from testing.samples import sample_event


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutItem")


ERRORS = [
    (ContentionError("a person kept changing"), "WARNING"),
    (refused("ProvisionedThroughputExceededException"), "WARNING"),
    (refused("ThrottlingException"), "WARNING"),
    (refused("AccessDeniedException"), "ERROR"),
    (refused("ResourceNotFoundException"), "ERROR"),
    (EndpointConnectionError(endpoint_url="https://dynamodb.example"), "ERROR"),
    (KeyUnavailableError("the key service does not answer"), "ERROR"),
]
each_error = pytest.mark.parametrize(("error", "level"), ERRORS, ids=[repr(error) for error, _ in ERRORS])


@each_error
def test_a_person_whose_requests_race_sets_off_no_alarm(
    caplog: pytest.LogCaptureFixture, error: Exception, level: str
) -> None:
    """Fifty simultaneous requests of one person conflict with each other, and each gets 503."""
    app = resolver.resolver()

    @app.get("/v1/me")
    def _get_me() -> None:
        raise error.with_traceback(None)  # another test raises the same object

    answer = resolver.respond(app, http_event("GET", "/v1/me", "ada", an_instant(), None), None)  # type: ignore[arg-type]
    assert answer["statusCode"] == 503
    assert [record.levelname for record in caplog.records if record.getMessage() == "busy"] == [level]


@each_error
def test_a_couple_whose_answers_race_sets_off_no_alarm(
    caplog: pytest.LogCaptureFixture, error: Exception, level: str
) -> None:
    """The stream repeats from that record. A record that keeps failing becomes a dead letter and sets off an alarm."""

    class Busy:
        def complete(self, *_: object) -> None:
            raise error

    records = sample_event("react")["Records"]
    both_answered = next(record for record in records if reaction_to(change_in(record)).completed)
    outbox = Outbox(client=None, queue_url="")  # type: ignore[arg-type]  # it has nothing to send
    answer = React(Busy(), outbox, outbox, outbox).handle([both_answered])  # type: ignore[arg-type]  # all that it asks of the store
    assert answer["batchItemFailures"] == [{"itemIdentifier": both_answered["dynamodb"]["SequenceNumber"]}]
    assert [record.levelname for record in caplog.records if record.getMessage() == "no reaction"] == [level]


@each_error
def test_a_failure_is_logged_by_type_and_frames_and_never_by_its_message(
    caplog: pytest.LogCaptureFixture, error: Exception, level: str
) -> None:
    """An error's message may contain a text that somebody wrote."""

    def fails() -> None:
        raise error.with_traceback(None)  # another test raises the same object

    try:
        fails()
    except type(error) as caught:
        log_failure("it failed", caught, sequence="1")
    (record,) = caplog.records
    line = vars(record)
    assert (line["levelname"], line["message"], line["sequence"]) == (level, "it failed", "1")
    assert line["error"] == type(error).__name__
    assert [frame.rpartition(" ")[2] for frame in line["where"]][-1] == "fails"
    assert str(error) not in repr(line)


def test_a_handled_500_is_a_line_that_the_metric_filters_take_for_its_version() -> None:
    """The filters of template.yaml match `$.level = "ERROR"`, and take the version from `$.version`."""
    script = "from rekindle.api import resolver; resolver._internal(ZeroDivisionError())"
    environment = {"PATH": os.environ["PATH"], "AWS_LAMBDA_FUNCTION_VERSION": "7", "POWERTOOLS_SERVICE_NAME": "x"}
    said = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)  # noqa: S603  our own
    (line, _) = (json.loads(each) for each in said.stdout.splitlines())
    assert (line["level"], line["message"], line["version"]) == ("ERROR", "internal error", "7")


@pytest.mark.parametrize(
    "library", ["aws_lambda_powertools", "boto3", "botocore", "firebase_admin", "google.auth", "requests", "urllib3"]
)
def test_no_library_logs_what_it_handles_whatever_the_level(caplog: pytest.LogCaptureFixture, library: str) -> None:
    """At DEBUG these libraries log whole requests and replies, with answers, names, tokens and keys."""
    with caplog.at_level(logging.DEBUG):
        logging.getLogger(f"{library}.any").debug("a whole request")
    assert not logging.getLogger(f"{library}.any").isEnabledFor(logging.DEBUG)
    assert "a whole request" not in caplog.text
