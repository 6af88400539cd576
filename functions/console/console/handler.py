"""The Lambda entry: the console's page, its files, and where it finds sign-in.

The page is at `/console`, and everything else of it below that, under relative addresses alone: so it works behind
whatever prefix the API has. Files are below a version of all of them, and may be kept for ever; a file of another
version is not found rather than mixed in.
"""

from __future__ import annotations

import base64
import json
import os
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from console.files import DOCUMENT, File, Files
from rekindle.errors import SettingsError
from rekindle.settings import ConsoleSettings
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

ROOT: Final = "/console"
CONFIG: Final = "config.json"
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"

_HEADERS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SENTENCES: Final = {
    HTTPStatus.NOT_FOUND: "There is no such page. The console is at /console.",
    HTTPStatus.METHOD_NOT_ALLOWED: "The console is only ever read.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on our side.",
}
_NOTHING_ELSE: Final = "default-src 'none'; frame-ancestors 'none'"
"""The policy of a page that loads nothing."""


def security_policy(settings: ConsoleSettings) -> str:
    """The Content-Security-Policy: scripts, styles and calls from here alone, but for the calls that sign in.

    No policy may make trusted types, so no text can ever become markup or script, by whatever mistake in the page.
    """
    sign_in = {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, (settings.identity, settings.securetoken))}
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            f"connect-src 'self' {' '.join(sorted(sign_in))}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def handler_of(
    files: Callable[[], Files], settings: Callable[[], ConsoleSettings]
) -> Callable[[Mapping[str, Any], LambdaContext | None], dict[str, Any]]:
    """A Lambda handler that serves these files, which are read at the first request."""

    def handle(event: Mapping[str, Any], _context: LambdaContext | None) -> dict[str, Any]:
        try:
            answer = _answer(event, files(), settings())
        except SettingsError:
            return _failure()  # logged where it was read
        except Exception as error:  # noqa: BLE001  API Gateway would say no more than that something failed
            log_failure("internal error", error)
            return _failure()
        logger.info("answered", extra={"status": answer["statusCode"]})
        return answer

    return handle


def _answer(event: Mapping[str, Any], files: Files, settings: ConsoleSettings) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items() if value is not None}
    if event["requestContext"]["http"]["method"] not in {"GET", "HEAD"}:
        return _refusal(HTTPStatus.METHOD_NOT_ALLOWED, settings, {"Allow": "GET, HEAD"})
    match str(event["rawPath"]).removeprefix(ROOT):
        case "":
            return _sent(files.by_name[DOCUMENT], ASK_AGAIN, headers, settings)
        case "/":
            # Relative addresses lead elsewhere from here.
            return _as_answer(HTTPStatus.PERMANENT_REDIRECT, {"Location": "../console"}, settings)
        case path if path == f"/{CONFIG}":
            return _sent(_config(settings), ASK_AGAIN, headers, settings)
        case path:
            version, _, name = path.removeprefix("/").partition("/")
            # Names are looked up, never opened: whatever a path says, there is nothing else to find.
            if version == files.version and name in files.by_name and name != DOCUMENT:
                return _sent(files.by_name[name], FOR_EVER, headers, settings)
            return _refusal(HTTPStatus.NOT_FOUND, settings)


def _config(settings: ConsoleSettings) -> File:
    told = {
        "api": "",
        "identity": settings.identity,
        "securetoken": settings.securetoken,
        "apiKey": settings.api_key,
        "project": settings.project,
    }
    return File(json.dumps(told).encode(), "application/json")


def _sent(file: File, caching: str, asked: Mapping[str, str], settings: ConsoleSettings) -> dict[str, Any]:
    headers = {"Cache-Control": caching, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if file.etag in (each.strip() for each in asked.get("if-none-match", "").split(",")):
        return _as_answer(HTTPStatus.NOT_MODIFIED, headers, settings)
    headers["Content-Type"] = file.media_type
    if _takes_gzip(asked.get("accept-encoding", "")) and (packed := file.packed):
        body = base64.b64encode(packed).decode()
        return _as_answer(HTTPStatus.OK, headers | {"Content-Encoding": "gzip"}, settings, body, encoded=True)
    return _as_answer(HTTPStatus.OK, headers, settings, file.content.decode())


def _takes_gzip(accepted: str) -> bool:
    offers = [[part.strip() for part in each.split(";")] for each in accepted.lower().split(",")]
    return any(name == "gzip" and "q=0" not in weights for name, *weights in offers)


def _refusal(
    status: HTTPStatus, settings: ConsoleSettings | None, more: Mapping[str, str] | None = None
) -> dict[str, Any]:
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", **(more or {})}
    return _as_answer(status, headers, settings, _SENTENCES[status])


def _failure() -> dict[str, Any]:
    return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, None)


def _as_answer(
    status: HTTPStatus,
    headers: Mapping[str, str],
    settings: ConsoleSettings | None,
    body: str = "",
    *,
    encoded: bool = False,
) -> dict[str, Any]:
    policy = {"Content-Security-Policy": security_policy(settings) if settings else _NOTHING_ELSE}
    return {
        "statusCode": int(status),
        "headers": {**_HEADERS, **policy, **headers},
        "body": body,
        "isBase64Encoded": encoded,
    }


@cache
def _files() -> Files:
    return Files.in_folder()


@cache
def _settings() -> ConsoleSettings:
    return ConsoleSettings.read(os.environ)


handler = handler_of(_files, _settings)
