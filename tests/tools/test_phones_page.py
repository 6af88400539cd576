"""The two phones' page calls only the local stack, and its policy restricts the browser."""

from __future__ import annotations

import datetime as dt
import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast
from urllib.parse import urljoin

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from local.errors import StackError
from local.google.phones_page import PAGE, UI, Reminder, TickBody, next_tick, page_routes
from local.places import ROOT
from rekindle.errors import UnknownZoneError
from testing.builders import LONDON, NEW_YORK, TOKYO
from tests.tools.browser import Browser

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack import Stack

NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)  # a Monday


def at(zone: str, time: str, **fields: object) -> Reminder:
    return Reminder.model_validate({"zone": zone, "time": time, **fields})


def no_stack() -> Stack:
    raise StackError("none")


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(Starlette(routes=page_routes(no_stack, tmp_path / "last-tick")))


def test_the_page_knows_how_long_a_text_may_be() -> None:
    """A longer text that is typed or pasted is not sent, so the page's limits are those of the contract."""
    schemas = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))["components"]["schemas"]

    def longest(schema: str, field: str) -> int:
        found = schemas[schema]["properties"][field]
        return next(int(each["maxLength"]) for each in (found, *found.get("anyOf", ())) if "maxLength" in each)

    (limits,) = re.findall(r"LIMITS = \{(.*?)\}", (PAGE / "parts.js").read_text(encoding="utf-8"))
    assert {name: int(value) for name, value in re.findall(r"(\w+): (\d+)", limits)} == {
        "answer": longest("AnswerBody", "text"),
        "reflection": longest("ReflectionBody", "text"),
        "name": longest("ProfileBody", "display_name"),
    }
    assert longest("SoloAnswerBody", "text") == longest("AnswerBody", "text")


def test_the_page_of_an_erasure_names_every_later_end() -> None:
    privacy = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    _, _, rows = privacy.partition("| what is left | until | why |\n|---|---|---|\n")
    ends = [row.split("|")[2].strip() for row in rows.partition("\n\n")[0].splitlines()]
    module = (PAGE / "views" / "erase.js").read_text(encoding="utf-8")
    (later,) = re.findall(r"LATER = \[\n(.*?)\n\];", module, re.DOTALL)
    assert sorted(re.findall(r'^ *\["([^"]+)"', later, re.MULTILINE)) == sorted(ends)


def test_the_next_tick_is_that_of_the_first_reminder_on_either_clock() -> None:
    assert next_tick([at(NEW_YORK, "08:30"), at(TOKYO, "08:30")], NOON) == NOON + dt.timedelta(hours=1, minutes=30)
    assert next_tick([at(TOKYO, "08:30")], NOON) == NOON + dt.timedelta(hours=11, minutes=30)


def test_a_reminder_that_has_just_come_comes_next_on_the_following_day() -> None:
    assert next_tick([at(LONDON, "12:00")], NOON) == NOON + dt.timedelta(days=1)


def test_a_touch_reminder_waits_for_its_weekday() -> None:
    assert next_tick([at(LONDON, "19:00", weekdays=[5])], NOON) == NOON + dt.timedelta(days=5, hours=7)
    assert next_tick([at(LONDON, "11:00", weekdays=[0])], NOON) == NOON + dt.timedelta(days=7, hours=-1)


@given(st.timedeltas(dt.timedelta(0), dt.timedelta(days=400)).map(lambda later: NOON + later))
def test_without_reminders_the_next_tick_is_shown(instant: dt.datetime) -> None:
    tick = next_tick([], instant)
    assert instant < tick <= instant + dt.timedelta(minutes=5)
    assert tick.timestamp() % 300 == 0


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(UnknownZoneError):
        next_tick([at("Europe/Nowhere", "08:30")], NOON)
    assert TickBody.model_validate_json('{"reminders": []}').reminders == ()


def test_every_file_comes_with_a_policy_under_which_no_text_becomes_markup(browser: Browser) -> None:
    shared = (f"/ui/{each.name}" for each in UI.iterdir())
    for file in ("", *(f"/{each.relative_to(PAGE)}" for each in PAGE.rglob("*.*")), *shared):
        answer = browser.get(f"/phones{file}")
        assert answer.status_code == 200, file
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy
    assert browser.get("/phones/main.js").headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize("module", sorted(PAGE.rglob("*.js")), ids=lambda module: module.name)
def test_every_import_of_a_module_is_served(browser: Browser, module: Path) -> None:
    """The type check alone would also find a file of the console that this page does not serve."""
    base = f"/phones/{module.relative_to(PAGE).as_posix()}"
    for address in re.findall(r'^import .*? from "([^"]+)";', module.read_text(encoding="utf-8"), re.MULTILINE):
        assert browser.get(urljoin(base, address)).status_code == 200, address


def test_the_page_asks_nothing_of_any_other_host_and_has_no_code_in_its_markup() -> None:
    for file in PAGE.rglob("*.*"):
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        if file.name == "leave.js":
            text = text.replace('"https://www.wikipedia.org/"', "")  # the page opens it only to leave
        text = re.sub(r"//.*https://api\.example here", "", text)
        assert not re.search(r"[\"'(]https?://(?!\$)", text), file
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", page)


def test_nothing_outside_of_the_page_is_served(browser: Browser) -> None:
    for path in ("nothing.js", "..%2f..%2fMakefile", "%2e%2e/phones_page.py", "views"):
        assert browser.get(f"/phones/{path}").status_code == 404


def test_a_request_reaches_the_api_as_the_phone_wrote_it(tmp_path: Path) -> None:
    """A slash or a question mark inside a part of the path stays there, and a repeated parameter stays repeated."""
    asked: list[httpx.Request] = []

    def api(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(404, json={"title": "There is no such device."})

    stack = SimpleNamespace(api_url="http://127.0.0.1:1/_aws/execute-api/abc/$default")
    transport = httpx.MockTransport(api)
    routes = page_routes(lambda: cast("Stack", stack), tmp_path / "last-tick", transport, lambda: "app-token")
    browser = Browser(Starlette(routes=routes))
    answer = browser.call("PUT", "/phones/api/v1/me/devices/a%2Fb%3Fc%00?limit=1&limit=2", json={"token": "t"})
    assert (answer.status_code, answer.json()["title"]) == (404, "There is no such device.")
    (request,) = asked
    assert str(request.url) == f"{stack.api_url}/v1/me/devices/a%2Fb%3Fc%00?limit=1&limit=2"
    assert request.content == b'{"token":"t"}'
    assert request.headers["X-Firebase-AppCheck"] == "app-token"


def test_while_the_stack_is_starting_the_page_gets_a_problem_as_from_the_api(browser: Browser) -> None:
    answer = browser.get("/phones/api/v1/me")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == "The stack is still starting, or has ended."
    assert browser.post("/phones/tick", json={"reminders": []}).status_code == 503
    assert browser.post("/phones/tick", json={"reminders": [{"zone": 1}]}).status_code == 400


def test_a_form_on_another_site_cannot_run_a_tick(browser: Browser) -> None:
    assert browser.post("/phones/tick", data={"reminders": ""}).status_code == 415
    assert browser.post("/phones/tick", content="{}", headers={"Content-Type": "text/plain"}).status_code == 415
