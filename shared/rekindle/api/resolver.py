"""HTTP as the API speaks it: problem details for every error, nothing cached, no body beyond its size."""

from __future__ import annotations

import base64
import json
from email.policy import HTTP
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from botocore.exceptions import BotoCoreError, ClientError

from rekindle.api.problems import MEDIA_TYPE, Problem, ProblemError
from rekindle.domain.characters import NOTHING_TO_SEE
from rekindle.domain.texts import UNFIT
from rekindle.errors import (
    ContentionError,
    KeyReusedError,
    KeyUnavailableError,
    NoPromptError,
    NotACodeError,
    SettingsError,
    UnknownZoneError,
)
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
    from aws_lambda_powertools.utilities.typing import LambdaContext

BODY_LIMIT: Final = 32_768
"""Bytes. The longest answer is 2,000 characters: 24,000 bytes where JSON escapes each as a pair of surrogates."""
RETRY_SOON: Final = 2
"""Seconds a client waits before it tries again what was busy."""
ERRORS_SHOWN: Final = 10
"""Of a body's wrong fields: a small request shall not make a big answer."""
_JSON: Final = "application/json"
_NOT_JSON: Final = "application/octet-stream"
_UTF_8: Final = frozenset({"utf-8", "utf8"})
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_NEEDED: Final = (
    ("rawPath",),
    ("requestContext", "http", "method"),
    ("requestContext", "http", "path"),
    ("requestContext", "requestId"),
    ("requestContext", "stage"),
    ("requestContext", "timeEpoch"),
)
"""Members of an event that API Gateway always sends, and that no request can be answered without."""

_OF_SERVICE_ERRORS: Final = {
    HTTPStatus.BAD_REQUEST: Problem.MALFORMED_JSON,
    HTTPStatus.UNAUTHORIZED: Problem.NOT_SIGNED_IN,
    HTTPStatus.FORBIDDEN: Problem.NOT_ALLOWED,
    HTTPStatus.NOT_FOUND: Problem.NO_SUCH_ROUTE,
    HTTPStatus.REQUEST_TIMEOUT: Problem.BUSY,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Problem.BODY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Problem.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.SERVICE_UNAVAILABLE: Problem.BUSY,
}
"""Problems by the status of Powertools' own errors; any other status is INTERNAL."""


_REASONS: Final = {
    "extra_forbidden": "There is no such field here",
    "missing": "This field is missing",
    "string_unicode": "This text has half a character in it, which cannot be kept",
}
"""In place of the validator's own words, by its kind of error."""


def resolver() -> APIGatewayHttpResolver:
    """A resolver that validates by its handlers' types and answers every error with problem details."""
    app = APIGatewayHttpResolver(
        enable_validation=True,
        # By default a reply that breaks its own schema would be answered as the client's fault.
        response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
        serializer=_text_of,
        json_body_deserializer=_object_from,
    )
    app.use([_outcome])
    app.exception_handler(ServiceError)(_service_error)
    app.exception_handler(RequestUnsupportedContentType)(
        lambda _error: problem_response(Problem.UNSUPPORTED_MEDIA_TYPE)
    )
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(ProblemError)(_problem)
    app.exception_handler(UnknownZoneError)(lambda _error: problem_response(Problem.UNKNOWN_ZONE))
    app.exception_handler(NoPromptError)(lambda _error: problem_response(Problem.NO_PROMPT))
    app.exception_handler(KeyReusedError)(lambda _error: problem_response(Problem.KEY_REUSED))
    app.exception_handler(NotACodeError)(lambda error: problem_response(Problem.NOT_A_CODE, detail=str(error)))
    app.exception_handler([ContentionError, KeyUnavailableError, BotoCoreError, ClientError])(_busy)
    app.exception_handler(Exception)(_internal)
    return app


def respond(
    app: APIGatewayHttpResolver, event: dict[str, Any], context: LambdaContext, body_limit: int = BODY_LIMIT
) -> dict[str, Any]:
    """The answer to one API Gateway event; a body over the limit (bytes) is refused before anything parses it."""
    if missing := [".".join(path) for path in _NEEDED if _member(event, path) is None]:
        logger.error("not an event of API Gateway", extra={"missing": missing})
        return _as_answer(problem_response(Problem.INTERNAL))
    # The access log has the same id, and nothing else that the two could be joined by.
    logger.append_keys(request_id=event["requestContext"]["requestId"])
    try:
        readable = _readable(event, body_limit)
    except ProblemError as error:
        return _as_answer(_problem(error))
    return app.resolve(readable, context)


def handler_of[Services](
    app: APIGatewayHttpResolver, services: Callable[[], Services], body_limit: int = BODY_LIMIT
) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """A Lambda handler of the resolver, in whose context its routes find the services; made at the first request.

    Whatever fails, also outside of any route, is answered with problem details and logged once.
    """

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        try:
            app.append_context(services=services())
            return respond(app, event, context, body_limit)
        except SettingsError:
            return _as_answer(problem_response(Problem.INTERNAL))  # logged where it was read
        except Exception as error:  # noqa: BLE001  API Gateway would say no more than that something failed
            return _as_answer(_internal(error))

    return handle


def problem_response(
    problem: Problem,
    *,
    detail: str | None = None,
    retry_after: int | None = None,
    errors: list[dict[str, str]] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response[str]:
    """The problem as application/problem+json, with the one log line of this outcome."""
    logger.info("refused", extra={"problem": problem.type, "status": int(problem.status)})
    body: dict[str, object] = {"type": problem.type, "title": problem.title, "status": problem.status}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    body |= members or {}
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Response(problem.status, MEDIA_TYPE, json.dumps(body), headers=headers)


def _outcome(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    response = next_middleware(app)
    response.headers["Cache-Control"] = "no-store"
    if response.status_code == HTTPStatus.NO_CONTENT:
        response.body = ""  # Else it would be JSON's null, which is content.
    if response.headers.get("Content-Type") != MEDIA_TYPE:
        request = app.request
        # The route's pattern, never the path: what a client puts into a path is not ours to keep.
        outcome = {"method": request.method, "route": request.route, "status": int(response.status_code)}
        logger.info("answered", extra=outcome)
    return response


def _readable(event: dict[str, Any], limit: int) -> dict[str, Any]:
    """Return the event with its body as text, and with its headers and query without nulls.

    Raises:
        ProblemError: the body is too large, or is not UTF-8.
    """
    headers = _strings(event.get("headers"), str.lower)
    body, encoded = event.get("body") or "", event.get("isBase64Encoded")
    # A base64 body is a third longer than the bytes it stands for.
    if (len(body) * 3 // 4 if encoded else len(body.encode(errors="surrogatepass"))) > limit:
        raise ProblemError(Problem.BODY_TOO_LARGE)
    media_type = headers.get("content-type", "").strip()
    # Powertools would also read forms. It refuses a media type only on a route that takes a body.
    headers["content-type"] = _JSON if not media_type or _is_json(media_type) else _NOT_JSON
    if headers["content-type"] == _NOT_JSON:
        body = ""
    elif encoded:
        try:
            body = base64.b64decode(body, validate=True).decode()
        except ValueError as error:
            raise ProblemError(Problem.MALFORMED_JSON) from error
    elif _was_damaged(body, headers):
        raise ProblemError(Problem.MALFORMED_JSON)
    query = _strings(event.get("queryStringParameters"))
    return event | {"headers": headers, "queryStringParameters": query, "body": body, "isBase64Encoded": False}


def _member(event: Mapping[str, Any], path: tuple[str, ...]) -> object:
    """Return the member of an event at the path, or None where there is none."""
    found: object = event
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _strings(values: Mapping[str, Any] | None, key: Callable[[str], str] = str) -> dict[str, str]:
    """Return headers or query parameters without those that are null."""
    return {key(name): str(value) for name, value in (values or {}).items() if value is not None}


def _is_json(media_type: str) -> bool:
    """Return whether a Content-Type header says JSON in UTF-8. Malformed or doubled parameters say nothing."""
    if not (media_type.isascii() and media_type.isprintable()):
        return False
    try:
        header = HTTP.header_factory("content-type", media_type)
    except IndexError:  # CPython's parser on a parameter name that ends in an asterisk
        return False
    charset = header.params.get("charset", "utf-8")
    return not header.defects and header.content_type == _JSON and charset.lower() in _UTF_8


def _was_damaged(body: str, headers: Mapping[str, str]) -> bool:
    """Return whether API Gateway has replaced bytes that were not UTF-8.

    API Gateway hands a JSON body over as text and puts U+FFFD where the bytes are not UTF-8. That changes the body's
    length. A client's own U+FFFD leaves the length as its Content-Length says.
    """
    length = headers.get("content-length", "")
    return _REPLACEMENT in body and length.isdecimal() and length != str(len(body.encode(errors="surrogatepass")))


def _text_of(answer: object) -> str:
    # Letters as they are: escaped, a pack in Hebrew would be three times as long, and more than Lambda hands on.
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def _object_from(text: str) -> dict[str, Any]:
    """The JSON object that `text` is."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        # Not only bad syntax: a number of thousands of digits, or a body nested deeper than anyone would.
        raise ProblemError(Problem.MALFORMED_JSON) from error
    if not isinstance(found, dict):
        raise ProblemError(Problem.INVALID_FIELDS, errors=[{"field": "body", "reason": "Input should be an object"}])
    return found


def _service_error(error: ServiceError) -> Response[str]:
    """Return the problem for an error of Powertools by its status."""
    problem = _OF_SERVICE_ERRORS.get(HTTPStatus(error.status_code), Problem.INTERNAL)
    if problem is Problem.INTERNAL:
        return _internal(error)
    return problem_response(problem, retry_after=RETRY_SOON if problem is Problem.BUSY else None)


def _invalid(error: RequestValidationError) -> Response[str]:
    found = error.errors()[:ERRORS_SHOWN]
    # `detail` is for the author of the text; `errors` is for the client's developer.
    detail = next((_reason_of(each) for each in found if each["type"] == UNFIT or _is_empty(each)), None)
    return problem_response(Problem.INVALID_FIELDS, detail=detail, errors=[_field_error(each) for each in found])


def _field_error(error: Mapping[str, Any]) -> dict[str, str]:
    # The offending value is left out: it may be what somebody wrote.
    return {"field": ".".join(str(part) for part in error["loc"]), "reason": _reason_of(error)}


def _reason_of(error: Mapping[str, Any]) -> str:
    if _is_empty(error):
        return NOTHING_TO_SEE
    return _REASONS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")


def _is_empty(error: Mapping[str, Any]) -> bool:
    """Return whether a text has nothing left without its spaces."""
    return bool(error["type"] == "string_too_short" and error.get("ctx", {}).get("min_length") == 1)


def _problem(error: ProblemError) -> Response[str]:
    return problem_response(error.problem, retry_after=error.retry_after, errors=error.errors, members=error.members)


def _busy(error: Exception) -> Response[str]:
    log_failure("busy", error, cause=type(error.__cause__).__name__)
    return problem_response(Problem.BUSY, retry_after=RETRY_SOON)


def _internal(error: Exception) -> Response[str]:
    log_failure("internal error", error)
    return problem_response(Problem.INTERNAL)


def _as_answer(response: Response[str]) -> dict[str, Any]:
    return {
        "statusCode": int(response.status_code),
        "body": response.body,
        "isBase64Encoded": False,
        "headers": {"Content-Type": MEDIA_TYPE, **response.headers},
        "cookies": [],
    }
