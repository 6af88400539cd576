"""A change that breaks released phones is found, and a harmless change passes."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from local import breaking, openapi
from local.breaking import breaks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

type Json = dict[str, Any]

DOCUMENT = json.loads(openapi.PHONES.file.read_text(encoding="utf-8"))


def changed(change: Callable[[Json], object]) -> Json:
    document: Json = copy.deepcopy(DOCUMENT)
    change(document)
    return document


def fields(document: Json, schema: str) -> Json:
    found: Json = document["components"]["schemas"][schema]["properties"]
    return found


def a_new_field(schema: str, name: str, *, required: bool) -> Callable[[Json], object]:
    def change(document: Json) -> None:
        fields(document, schema)[name] = {"type": "string"}
        if required:
            document["components"]["schemas"][schema]["required"].append(name)

    return change


def limit_of(document: Json) -> Json:
    found: list[Json] = document["paths"]["/v1/days"]["get"]["parameters"]
    return next(each for each in found if each["name"] == "limit")


def without_limit(document: Json) -> None:
    document["paths"]["/v1/days"]["get"]["parameters"].remove(limit_of(document))


def another_status(document: Json) -> None:
    responses = document["paths"]["/v1/nudges"]["post"]["responses"]
    responses["200"] = responses.pop("201")


def values(document: Json, schema: str) -> list[str]:
    found: list[str] = document["components"]["schemas"][schema]["enum"]
    return found


def required(document: Json, schema: str) -> list[str]:
    found: list[str] = document["components"]["schemas"][schema]["required"]
    return found


BREAKS: dict[str, tuple[Callable[[Json], object], str]] = {
    "a route goes": (lambda it: it["paths"].pop("/v1/help"), "GET /v1/help is gone"),
    "a method goes": (lambda it: it["paths"]["/v1/couple"].pop("delete"), "DELETE /v1/couple is gone"),
    "a field no longer comes": (lambda it: fields(it, "MeView").pop("paired"), "GET /v1/me 200.paired is gone"),
    "a field may be missing": (
        lambda it: required(it, "MeView").remove("paired"),
        "GET /v1/me 200.paired may be missing now",
    ),
    "a field has another type": (
        lambda it: fields(it, "MeView").update(depth={"type": "string"}),
        "GET /v1/me 200.depth was integer and is string",
    ),
    "a field may be null": (
        lambda it: fields(it, "MeView").update(zone={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        "GET /v1/me 200.zone was string and is null",
    ),
    "a value no longer comes": (
        lambda it: values(it, "AnswerState").remove("waiting"),
        'GET /v1/days/{date} 200.me.state is no longer one of "waiting"',
    ),
    "a value comes that nobody knows": (
        lambda it: values(it, "AnswerState").append("burnt"),
        'GET /v1/days/{date} 200.me.state may be "burnt", which no released phone knows',
    ),
    "a new field has to be sent": (
        a_new_field("RedeemBody", "pin", required=True),
        "POST /v1/invites/redeem: the body.pin has to be sent now",
    ),
    "a field is no longer taken": (
        lambda it: fields(it, "AnswerBody").pop("share_first"),
        "PUT /v1/days/{date}/answer: the body.share_first is gone",
    ),
    "a value is no longer taken": (
        lambda it: values(it, "Gesture").remove("hug"),
        'POST /v1/nudges: the body.gesture is no longer one of "hug"',
    ),
    "less is taken": (
        lambda it: fields(it, "AnswerBody")["text"]["anyOf"][0].update(maxLength=100),
        "PUT /v1/days/{date}/answer: the body.text had maxLength 2000 and has 100",
    ),
    "another form is taken": (
        lambda it: fields(it, "ProfileBody")["language"].update(pattern="^[a-z]{3}$"),
        "PUT /v1/me: the body.language had pattern ^[a-z]{2}$ and has ^[a-z]{3}$",
    ),
    "null is no longer taken": (
        lambda it: fields(it, "RemindersBody").update(
            evening_time={"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][05]$", "default": "20:30"}
        ),
        "PUT /v1/me/reminders: the body.evening_time was null and is string",
    ),
    "left out means something else": (
        lambda it: limit_of(it)["schema"].update(default=3),
        "GET /v1/days: the query parameter limit had default 30 and has 3",
    ),
    "a parameter has to be sent": (
        lambda it: limit_of(it).update(required=True),
        "GET /v1/days: the query parameter limit has to be sent now",
    ),
    "a parameter goes": (without_limit, "GET /v1/days: the query parameter limit is gone"),
    "a success has another status": (another_status, "POST /v1/nudges no longer answers 201"),
    "refusals look different": (lambda it: fields(it, "Problem").pop("title"), "Problem.title is gone"),
    "another permission is asked for": (
        lambda it: it["paths"]["/v1/me"]["get"].update(security=[{"FirebaseIdToken": ["more"]}]),
        "GET /v1/me asks for other permissions",
    ),
    "something that the check cannot judge": (
        lambda it: fields(it, "MeView")["zone"].update(multipleOf=2),
        "GET /v1/me 200.zone has multipleOf, which this check cannot judge",
    ),
}

HARMLESS: dict[str, Callable[[Json], object]] = {
    "nothing": lambda _: None,
    "a new route": lambda it: it["paths"].update({"/v1/new": it["paths"]["/v1/help"]}),
    "a new field that comes": a_new_field("MeView", "more", required=True),
    "a new field that may be sent": a_new_field("RedeemBody", "pin", required=False),
    "more is taken": lambda it: fields(it, "AnswerBody")["text"]["anyOf"][0].update(maxLength=4000),
    "one refusal more": lambda it: it["paths"]["/v1/me"]["get"]["responses"].update({"418": {"description": "Tea."}}),
    "one refusal less": lambda it: it["paths"]["/v1/couple"]["delete"]["responses"].pop("404"),
    "other words": lambda it: it["components"]["schemas"]["MeView"].update(description="Me."),
}


@pytest.mark.parametrize("change", BREAKS)
def test_a_break_is_found_and_named(change: str) -> None:
    make, sentence = BREAKS[change]
    assert sentence in breaks(DOCUMENT, changed(make))


@pytest.mark.parametrize("change", HARMLESS)
def test_a_change_that_no_phone_notices_is_no_break(change: str) -> None:
    assert breaks(DOCUMENT, changed(HARMLESS[change])) == []


def test_a_new_value_breaks_replies_and_not_requests() -> None:
    found = breaks(DOCUMENT, changed(lambda it: values(it, "Weekday").append("someday")))
    assert found
    assert all("200" in sentence for sentence in found)


def test_a_body_that_refuses_former_fields_is_a_break() -> None:
    """Phones may have sent a field that meant nothing."""
    open_to_more = changed(lambda it: it["components"]["schemas"]["RedeemBody"].pop("additionalProperties"))
    assert breaks(open_to_more, DOCUMENT) == ["POST /v1/invites/redeem: the body takes no other fields any more"]
    assert breaks(DOCUMENT, open_to_more) == []


def test_the_present_contracts_break_nothing_released() -> None:
    """If this fails: keep what phones know, or `make release-api` and a line in the changelog."""
    assert breaking.main([]) == 0


def test_a_break_fails_until_it_is_released(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for contract in openapi.CONTRACTS:
        document = json.loads(contract.file.read_text(encoding="utf-8"))
        document["paths"]["/v1/gone"] = {"get": {"responses": {}}}
        (tmp_path / contract.file.name).write_text(json.dumps(document), encoding="utf-8")
    assert breaking.main([str(tmp_path)]) == 1
    printed = capsys.readouterr().err
    assert "openapi.json: GET /v1/gone is gone." in printed
    assert "make release-api" in printed
    assert breaking.main(["--release", str(tmp_path)]) == 0
    assert breaking.main([str(tmp_path)]) == 0


def test_a_release_never_drops_a_problem_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for contract in openapi.CONTRACTS:
        known = contract.file.read_text(encoding="utf-8").replace("problem:no-profile", "problem:no-person")
        (tmp_path / contract.file.name).write_text(known, encoding="utf-8")
    assert breaking.main(["--release", str(tmp_path)]) == 1
    printed = capsys.readouterr().err
    assert "openapi.json: keep these problem types: urn:rekindle:problem:no-person." in printed
    assert "make release-api" not in printed, "this advice would lead back here"
    assert "no-person" in (tmp_path / "openapi.json").read_text(encoding="utf-8"), "the released document stays"
