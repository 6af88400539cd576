"""The practice on the running stack: who gets in, and a pack from its first draft to a couple and away again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
import yaml

from testing.builders import LONDON, NEW_YORK, a_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from local.stack import Stack
    from tests.e2e.conftest import NewPhone

PACK = "/v1/practice/packs/harbour"
PUBLISHES = {"scope": "practice:read practice:publish"}


def a_source(text: str) -> str:
    words = {"en": {"text": text, "why": "Boats know."}}
    prompt = {"id": "mooring", "theme": "openness", "kind": "question", "depth": 1, "words": words}
    about = {"en": {"title": "Harbour", "written_for": "Couples by the sea."}}
    document = {"id": "harbour", "default_language": "en", "languages": ["en"], "words": about, "prompts": [prompt]}
    return yaml.safe_dump(document)


@pytest.fixture
def staff(stack: Stack) -> Iterator[Callable[..., httpx.Client]]:
    """Signs somebody in at the practice, with these claims."""
    with contextlib.ExitStack() as clients:

        def signed_in(name: str, **claims: str) -> httpx.Client:
            return clients.enter_context(stack.phone(email=f"{name}@practice.example", claims=claims))

        yield signed_in


def test_without_a_token_or_its_scope_nobody_gets_past_the_gateway(staff: Callable[..., httpx.Client]) -> None:
    routes = [
        ("GET", "/v1/practice/packs", "practice:publish practice:read"),
        ("GET", "/v1/practice/packs", "practice:publish"),
        ("GET", "/v1/practice/packs", "practice:read"),
        ("POST", "/v1/practice/check", "practice:read"),
        ("PUT", f"{PACK}/draft", "practice:publish"),
        ("POST", f"{PACK}/publish", "practice:publish"),
        ("DELETE", f"{PACK}/draft?revision=1", "practice:publish"),
    ]
    for method, path, scope in routes:
        for name, claims, expected in (
            ("nobody", {}, 403),
            ("couple", {"scope": "couple"}, 403),
            ("reader", {"scope": "practice:read"}, 200 if "practice:read" in scope or method == "GET" else 403),
        ):
            reply = staff(name, **claims).request(method, path, json={"source": ""} if method != "GET" else None)
            assert reply.status_code == expected, (method, path, name, reply.text)
        reply = staff("ruth", scope=scope).request(method, path)
        assert reply.status_code not in {401, 403}, (method, path, scope, reply.text)
    anybody = staff("ruth", **PUBLISHES)
    del anybody.headers["Authorization"]
    assert anybody.get("/v1/practice/packs").status_code == 401


@pytest.mark.parametrize("method", ["PATCH", "HEAD"])
def test_no_other_method_leads_anywhere(staff: Callable[..., httpx.Client], method: str) -> None:
    assert staff("ruth", **PUBLISHES).request(method, "/v1/practice/packs").status_code in {404, 405}


def test_a_pack_goes_live_and_away_again(staff: Callable[..., httpx.Client]) -> None:
    ruth = staff("ruth", **PUBLISHES)
    saved = ruth.put(f"{PACK}/draft", json={"source": a_source("Where do you moor?"), "revision": 0})
    assert saved.status_code == 200, saved.text
    done = ruth.post(f"{PACK}/publish", json={"revision": saved.json()["revision"], "announce": False})
    assert done.status_code == 200, done.text
    assert done.json()["pack"]["state"] == "live"
    listed = {pack["id"]: pack["state"] for pack in ruth.get("/v1/practice/packs").json()["packs"]}
    assert listed["harbour"] == "live"
    assert listed["starter"] == "live"
    assert ruth.post(f"{PACK}/withdraw", json={"reason": "Enough."}).json()["state"] == "withdrawn"
    entries = ruth.get("/v1/practice/audit?limit=3").json()["entries"]
    assert [(entry["who"], entry["action"]) for entry in entries] == [
        ("ruth@practice.example", action) for action in ("withdrawn", "published", "draft_saved")
    ]


def test_help_is_there_for_everybody(a_phone: NewPhone, stack: Stack) -> None:
    here, there = (a_phone(zone=zone).call("GET", "/v1/help") for zone in (LONDON, NEW_YORK))
    assert (here["country"], there["country"]) == ("GB", "US")
    assert "116 123" in [line["phone"] for line in here["lines"]]
    assert "988" in [line["phone"] for line in there["lines"]]
    with stack.phone(uid=a_uid("e2e")) as nobody:
        lines = nobody.get("/v1/help").json()["lines"]
    assert len({line["country"] for line in lines}) > 25
