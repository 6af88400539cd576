"""The console's files come with the right headers, and other paths do not exist."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from console.files import DOCUMENT, PAGE, Files
from console.handler import handler_of
from local.places import ROOT
from rekindle.settings import ConsoleSettings
from testing.samples import sample_event

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = ConsoleSettings(
    project="rekindle-test",
    api_key="web-key",
    identity="http://127.0.0.1:4580/identitytoolkit.googleapis.com",
    securetoken="https://securetoken.googleapis.com",
)
FILES = Files.in_folder()
HANDLER = handler_of(lambda: FILES, lambda: SETTINGS)


def get(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HANDLER({"rawPath": path, "headers": named, "requestContext": {"http": {"method": method}}}, None)


def versioned(name: str) -> str:
    return f"/console/{FILES.version}/{name}"


def policy(answer: dict[str, Any]) -> dict[str, list[str]]:
    directives = (each.split() for each in answer["headers"]["Content-Security-Policy"].split("; "))
    return {name: values for name, *values in directives}


def test_the_page_is_revalidated_each_time_and_names_its_files_by_their_version() -> None:
    answer = get("/console")

    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert answer["headers"]["Cache-Control"] == "no-cache"
    addresses = re.findall(r'(?:href|src)="(console/[^"]+)"', answer["body"])
    assert len(addresses) >= 3
    for address in addresses:
        assert get(f"/{address}")["statusCode"] == 200


def test_the_sample_event_gets_the_page() -> None:
    answer = HANDLER(sample_event("console"), None)
    assert (answer["statusCode"], answer["headers"]["Content-Encoding"]) == (200, "gzip")


def test_the_page_holds_no_script_and_no_style_of_its_own() -> None:
    """The policy would silently block it."""
    page = get("/console")["body"]
    assert re.findall(r"<script[^>]*>", page) == [f'<script type="module" src="console/{FILES.version}/app.js">']
    assert not re.search(r"<style|\son\w+=|\sstyle=|javascript:", page)


@pytest.mark.parametrize("name", sorted(FILES.by_name.keys() - {DOCUMENT}))
def test_a_browser_may_keep_a_file_for_ever_under_its_version(name: str) -> None:
    answer = get(versioned(name))
    assert answer["statusCode"] == 200
    assert "immutable" in answer["headers"]["Cache-Control"]
    assert answer["body"] == (PAGE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in FILES.by_name if name.endswith(".js")])
def test_a_module_imports_existing_files_by_relative_addresses(name: str) -> None:
    source = FILES.by_name[name].content.decode()
    for address in re.findall(r"""^import .*?["']([^"']+)["'];""", source, re.MULTILINE):
        assert address.startswith("."), address
        assert (PAGE / name).parent.joinpath(address).resolve().is_file(), address


@pytest.mark.parametrize("name", [name for name in FILES.by_name if name.endswith(".js")])
def test_no_module_turns_text_into_markup(name: str) -> None:
    """The browser would refuse it, too, but later."""
    source = FILES.by_name[name].content.decode()
    sinks = r"(inner|outer|insertAdjacent)HTML|document\.write|\beval\(|new Function|DOMParser|createContextualFragment"
    assert not re.search(sinks, source)


PACKAGES = ROOT / "client" / "node_modules"
VENDORED = {
    "array.js": "diff/libesm/diff/array.js",
    "base.js": "diff/libesm/diff/base.js",
    "LICENSE.txt": "diff/LICENSE",
    "qr.js": "qr/index.js",
    "LICENSE-qr.txt": "qr/LICENSE-MIT",
}


@pytest.mark.parametrize("name", VENDORED)
@pytest.mark.skipif(not PACKAGES.exists(), reason="client/node_modules is missing: make setup")
def test_a_library_is_a_copy_of_the_package_that_is_pinned_in_client(name: str) -> None:
    """`cd client && npm run vendor` copies it again."""
    unchecked = "// @ts-nocheck\n" if name.endswith(".js") else ""
    original = (PACKAGES / VENDORED[name]).read_text(encoding="utf-8")
    assert (PAGE / "vendor" / name).read_text(encoding="utf-8") == unchecked + original


def test_every_library_is_named_here() -> None:
    assert {path.name for path in (PAGE / "vendor").iterdir()} == VENDORED.keys()


def test_the_version_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / DOCUMENT).write_text("<script src=console/{version}/app.js></script>")
    (tmp_path / "app.js").write_text("1")
    before = Files.in_folder(tmp_path)
    (tmp_path / "app.js").write_text("2")
    after = Files.in_folder(tmp_path)

    assert before.version != after.version
    assert before.by_name[DOCUMENT].etag != after.by_name[DOCUMENT].etag


def test_the_config_says_where_to_sign_in_and_nothing_secret() -> None:
    assert json.loads(get("/console/config.json")["body"]) == {
        "api": "",
        "identity": SETTINGS.identity,
        "securetoken": SETTINGS.securetoken,
        "apiKey": "web-key",
        "project": "rekindle-test",
    }


@pytest.mark.parametrize("path", ["/console", "/console/config.json", "/console/nowhere", "/console/"])
def test_every_answer_has_a_strict_policy(path: str) -> None:
    answer = get(path)
    allowed = policy(answer)

    assert allowed["default-src"] == ["'none'"]
    assert allowed["script-src"] == allowed["style-src"] == ["'self'"]
    assert allowed["connect-src"] == ["'self'", "http://127.0.0.1:4580", "https://securetoken.googleapis.com"]
    for directive in ("base-uri", "form-action", "frame-ancestors", "trusted-types"):
        assert allowed[directive] == ["'none'"]
    assert allowed["require-trusted-types-for"] == ["'script'"]
    assert not any("unsafe" in value for values in allowed.values() for value in values)
    headers = answer["headers"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "max-age=" in headers["Strict-Transport-Security"]
    assert "camera=()" in headers["Permissions-Policy"]


def test_an_unchanged_page_is_not_sent_again() -> None:
    etag = get("/console")["headers"]["ETag"]
    again = get("/console", if_none_match=f'"another", {etag}')
    assert (again["statusCode"], again["body"]) == (304, "")
    assert again["headers"]["ETag"] == etag
    assert "Content-Security-Policy" in again["headers"]


def test_a_file_is_compressed_for_a_browser_that_accepts_gzip() -> None:
    compressed = get(versioned("app.js"), accept_encoding="br, gzip;q=0.8")
    assert compressed["headers"]["Content-Encoding"] == "gzip"
    assert compressed["isBase64Encoded"] is True
    assert gzip.decompress(base64.b64decode(compressed["body"])) == FILES.by_name["app.js"].content
    for accepted in ("", "br", "gzip;q=0"):
        assert get(versioned("app.js"), accept_encoding=accepted)["isBase64Encoded"] is False


def test_an_address_with_a_slash_at_its_end_redirects_to_the_page() -> None:
    """The redirect is relative, since the API may have a prefix that the function does not see."""
    answer = get("/console/")
    assert (answer["statusCode"], answer["headers"]["Location"]) == (308, "../console")


@pytest.mark.parametrize(
    "path",
    [
        "/console/app.js",
        "/console/index.html",
        "/console/0123456789abcdef/app.js",
        f"/console/{FILES.version}/",
        f"/console/{FILES.version}/index.html",
        f"/console/{FILES.version}/../handler.py",
        f"/console/{FILES.version}/../../handler.py",
        f"/console/{FILES.version}//etc/passwd",
        f"/console/{FILES.version}/views",
        "/console/../../../../etc/passwd",
        "/console/%2e%2e/handler.py",
        "/consoles",
    ],
)
def test_nothing_else_is_found(path: str) -> None:
    answer = get(path)
    assert answer["statusCode"] == 404
    assert answer["headers"]["Content-Type"].startswith("text/plain")
    assert path not in answer["body"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_reading_is_allowed(method: str) -> None:
    answer = get("/console", method)
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, HEAD")
