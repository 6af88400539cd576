"""A missing or wrong setting is named in one log line, without its value."""

from __future__ import annotations

import importlib
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rekindle.errors import SettingsError
from rekindle.settings import (
    AccountsSettings,
    CleanupSettings,
    ConsoleSettings,
    CouplesApiSettings,
    DeliverySettings,
    PracticeApiSettings,
    PrivacySettings,
    ReactSettings,
    ReleaseCheckSettings,
    ResealSettings,
    TallySettings,
    TickSettings,
)
from tests.routes.test_events import ROOT, of_function, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekindle.settings import Settings

QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/queue"
ENVIRONMENT = {
    "TABLE_NAME": "rekindle-Table-1ABC",
    "KEY_TABLE_NAME": "rekindle-KeyTable-1ABC",
    "CELL_TABLE_NAME": "rekindle-CellTable-1ABC",
    "ERASURE_TABLE_NAME": "rekindle-ErasureTable-1ABC",
    "KMS_KEY_ID": "arn:aws:kms:eu-central-1:123456789012:key/mrk-1",
    "SEALING_SCHEME": "3",
    "APP_LINK": "https://app.example",
    "REVIEW_REQUIRED": "true",
    "STAFF_SECOND_FACTOR": "true",
    "QUEUE_URL": QUEUE,
    "CLEANUP_QUEUE_URL": f"{QUEUE}-cleanup",
    "ACCOUNT_QUEUE_URL": f"{QUEUE}-accounts",
    "SETTLING_SECONDS": "600",
    "VISIBILITY_SECONDS": "1080",
    "DEAD_LETTERS_URL": f"{QUEUE}-dead",
    "ACCOUNT_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:Account-AbC",
    "FCM_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:Fcm-AbC",
    "FCM_PROJECT_ID": "rekindle-test",
    "FCM_ENDPOINT": "https://fcm.googleapis.com",
    "FCM_PUSHES_PER_SECOND": "1900",
    "FIREBASE_PROJECT": "rekindle-test",
    "FIREBASE_API_KEY": "web-key",
    "IDENTITY_ENDPOINT": "https://identitytoolkit.googleapis.com",
    "APP_CHECK_PROJECT": "100000000001",
    "APP_CHECK_ENDPOINT": "https://firebaseappcheck.googleapis.com",
    "SECURE_TOKEN_ENDPOINT": "http://127.0.0.1:4580/securetoken.googleapis.com",
    **{name: f"arn:aws:lambda:eu-central-1:123456789012:function:{name}:7" for name in ReleaseCheckSettings.names()},
}
SETTINGS: dict[str, type[Settings]] = {
    "couples_api": CouplesApiSettings,
    "privacy": PrivacySettings,
    "practice_api": PracticeApiSettings,
    "tick": TickSettings,
    "react": ReactSettings,
    "tally": TallySettings,
    "accounts": AccountsSettings,
    "cleanup": CleanupSettings,
    "reseal": ResealSettings,
    "delivery": DeliverySettings,
    "console": ConsoleSettings,
    "release_check": ReleaseCheckSettings,
}
WRONG = ("", " ", "a b", "\x00", "\N{SNOWMAN}", "x" * 3_000, "${Table}", "!Ref Table")
"""Values that are wrong for every setting. Only the settings in MAY_BE_EMPTY may be empty."""
MAY_BE_EMPTY = {"FCM_PUSHES_PER_SECOND", "APP_CHECK_PROJECT"}


class Setting(NamedTuple):
    """One variable of one function."""

    function: str
    name: str


ALL = [Setting(function, name) for function, model in SETTINGS.items() for name in model.names()]


def handler_of(function: str) -> Callable[[dict[str, Any], Any], Any]:
    handler: Callable[[dict[str, Any], Any], Any] = importlib.import_module(f"{function}.handler").handler
    return handler


def environment_of(function: str) -> dict[str, str]:
    return {name: ENVIRONMENT[name] for name in SETTINGS[function].names()}


def errors_in(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if record.levelname == "ERROR"]


def test_every_function_has_settings() -> None:
    assert SETTINGS.keys() == {folder.name for folder in (ROOT / "functions").iterdir() if folder.is_dir()}


@pytest.mark.parametrize("function", SETTINGS)
def test_the_template_gives_each_setting(function: str) -> None:
    """The template and the models use the same names."""
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    (own,) = re.findall(rf"POWERTOOLS_SERVICE_NAME: {function}\n((?: +[A-Z_]+: .*\n)*)", template)
    assert {*SETTINGS[function].names()} <= {*re.findall(r"^ +([A-Z_]+):", own, re.MULTILINE), "TABLE_NAME"}


@pytest.mark.parametrize("function", SETTINGS)
def test_valid_settings_are_read(function: str) -> None:
    SETTINGS[function].read(environment_of(function))


def test_a_speed_limit_may_be_absent() -> None:
    for text, limit in (("", None), ("0", None), ("1900", 1900)):
        read_ = DeliverySettings.read(ENVIRONMENT | {"FCM_PUSHES_PER_SECOND": text})
        assert read_.pushes_per_second == limit


@pytest.mark.parametrize("value", ["True", "TRUE", "yes", "1", "0", "treu", ""])
def test_a_misspelled_flag_never_turns_off_the_review_or_the_second_factor(value: str) -> None:
    for name in ("REVIEW_REQUIRED", "STAFF_SECOND_FACTOR"):
        with pytest.raises(SettingsError):
            PracticeApiSettings.read(ENVIRONMENT | {name: value})


@pytest.mark.parametrize("setting", ALL, ids="-".join)
def test_a_missing_or_wrong_setting_is_named(setting: Setting, caplog: pytest.LogCaptureFixture) -> None:
    function, name = setting
    right = environment_of(function)
    for value in (None, *WRONG):
        if value == "" and name in MAY_BE_EMPTY:
            continue
        caplog.clear()
        environment = {each: given for each, given in (right | {name: value}).items() if given is not None}
        with pytest.raises(SettingsError) as refused:
            SETTINGS[function].read(environment)
        (line,) = errors_in(caplog)
        assert (line["missing"], line["wrong"]) == (([name], []) if value is None else ([], [name]))
        assert name in str(refused.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), function=st.sampled_from([*SETTINGS]))
def test_all_wrong_settings_are_named_at_once_without_values(
    data: st.DataObject, function: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    right = environment_of(function)
    missing = data.draw(st.sets(st.sampled_from([*right]), min_size=1))
    wrong = data.draw(st.sets(st.sampled_from([*right]))) - missing
    environment = {name: f"canary of {name}" if name in wrong else right[name] for name in right.keys() - missing}
    with pytest.raises(SettingsError) as refused:
        SETTINGS[function].read(environment)
    (line,) = errors_in(caplog)
    assert ({*line["missing"]}, {*line["wrong"]}) == (missing, wrong)
    assert "canary" not in json.dumps({**line, "exc_info": None}, default=str) + str(refused.value)


@pytest.mark.parametrize("setting", ALL, ids="-".join)
def test_a_function_without_a_setting_fails_cleanly(
    setting: Setting, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An API answers with a problem. A worker raises an error, so that its event comes again. Both log the reason."""
    function, name = setting
    for each, value in environment_of(function).items():
        monkeypatch.setenv(each, value)
    monkeypatch.delenv(name)
    # The hook would report its failure to CodeDeploy, if the event named a deployment.
    event = {} if function == "release_check" else read(of_function(function)[0])
    if function in {"couples_api", "privacy", "practice_api", "console"}:
        answer = handler_of(function)(event, None)
        assert answer["statusCode"] == 500
        assert answer["headers"]["Cache-Control"] == "no-store"
        assert "went wrong on our side" in answer["body"]
    else:
        with pytest.raises(SettingsError, match=name):
            handler_of(function)(event, None)
    (line,) = errors_in(caplog)
    assert (line["missing"], line["wrong"]) == ([name], [])
