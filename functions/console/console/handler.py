"""Serve the console's page, its files, and a configuration with the addresses at which staff sign in.

The page is at `/console`, and the paths of its files begin with `/console/`. All addresses in the page are relative, so
the page also works behind a proxy that adds a prefix. The page itself and the configuration have fixed paths. The path
of every other file contains the version of the page, so a browser may keep the file for a year without asking again. A
path with another version gets 404.
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
IMMUTABLE: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "no-cache"

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
    HTTPStatus.NOT_FOUND: "Page not found. The console is at /console.",
    HTTPStatus.METHOD_NOT_ALLOWED: "The console only answers GET and HEAD.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on our side.",
}
_POLICY_WITHOUT_SETTINGS: Final = "default-src 'none'; frame-ancestors 'none'"
"""A Content-Security-Policy that lets the browser load nothing. Answers with status 500 have this policy."""


def security_policy(settings: ConsoleSettings) -> str:
    """Return the Content-Security-Policy.

    The policy allows scripts and styles only from this origin, and requests only to this origin and to the sign-in
    services. Scripts cannot create a Trusted Types policy, so no script can turn a text into markup or code.
    """
    sign_in = {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, (settings.identity, settings.securetoken))}
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self' {' '.join(sorted(sign_in))}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def handler_of(
    files: Callable[[], Files], settings: Callable[[], ConsoleSettings]
) -> Callable[[Mapping[str, Any], LambdaContext | None], dict[str, Any]]:
    """Return a Lambda handler. At each request it calls `files` and `settings`, which should cache their results."""

    def handle(event: Mapping[str, Any], _context: LambdaContext | None) -> dict[str, Any]:
        try:
            answer = _answer(event, files(), settings())
        except SettingsError:
            return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, None)  # `ConsoleSettings.read` has logged the error
        except Exception as error:  # noqa: BLE001  API Gateway would not log the reason
            log_failure("internal error", error)
            return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, None)
        logger.info("answered", extra={"status": answer["statusCode"]})
        return answer

    return handle


def _answer(event: Mapping[str, Any], files: Files, settings: ConsoleSettings) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items() if value is not None}
    if event["requestContext"]["http"]["method"] not in {"GET", "HEAD"}:
        return _refusal(HTTPStatus.METHOD_NOT_ALLOWED, settings, {"Allow": "GET, HEAD"})
    match str(event["rawPath"]).removeprefix(ROOT):
        case "":
            return _file_response(files.by_name[DOCUMENT], REVALIDATE, headers, settings)
        case "/":
            # At `/console/`, the browser would resolve the page's relative addresses to wrong paths.
            return _response(HTTPStatus.PERMANENT_REDIRECT, {"Location": "../console"}, settings)
        case path if path == f"/{CONFIG}":
            return _file_response(_config(settings), REVALIDATE, headers, settings)
        case path:
            version, _, name = path.removeprefix("/").partition("/")
            # Look the name up in the files that were read at the start. A path from a request must not open a file.
            if version == files.version and name in files.by_name and name != DOCUMENT:
                return _file_response(files.by_name[name], IMMUTABLE, headers, settings)
            return _refusal(HTTPStatus.NOT_FOUND, settings)


def _config(settings: ConsoleSettings) -> File:
    config = {
        "api": "",
        "identity": settings.identity,
        "securetoken": settings.securetoken,
        "apiKey": settings.api_key,
        "project": settings.project,
    }
    return File(json.dumps(config).encode(), "application/json")


def _file_response(
    file: File, caching: str, request_headers: Mapping[str, str], settings: ConsoleSettings
) -> dict[str, Any]:
    headers = {"Cache-Control": caching, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if file.etag in (each.strip() for each in request_headers.get("if-none-match", "").split(",")):
        return _response(HTTPStatus.NOT_MODIFIED, headers, settings)
    headers["Content-Type"] = file.media_type
    if _accepts_gzip(request_headers.get("accept-encoding", "")) and (compressed := file.compressed):
        body = base64.b64encode(compressed).decode()
        return _response(HTTPStatus.OK, headers | {"Content-Encoding": "gzip"}, settings, body, encoded=True)
    return _response(HTTPStatus.OK, headers, settings, file.content.decode())


def _accepts_gzip(accepted: str) -> bool:
    offers = [[part.strip() for part in each.split(";")] for each in accepted.lower().split(",")]
    return any(coding == "gzip" and "q=0" not in parameters for coding, *parameters in offers)


def _refusal(
    status: HTTPStatus, settings: ConsoleSettings | None, more: Mapping[str, str] | None = None
) -> dict[str, Any]:
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", **(more or {})}
    return _response(status, headers, settings, _SENTENCES[status])


def _response(
    status: HTTPStatus,
    headers: Mapping[str, str],
    settings: ConsoleSettings | None,
    body: str = "",
    *,
    encoded: bool = False,
) -> dict[str, Any]:
    policy = {"Content-Security-Policy": security_policy(settings) if settings else _POLICY_WITHOUT_SETTINGS}
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
