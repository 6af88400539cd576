"""HTTP rules of every API: errors are problem details, nothing is cached, and bodies are limited."""

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
"""Seconds after which a client may repeat a request that was answered with BUSY."""
ERRORS_SHOWN: Final = 10
"""How many wrong fields a reply names: a small request must not cause a big reply."""
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
"""Members of an event that API Gateway always sends and that every request needs."""

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
"""Problems by the status of Powertools' own errors. Any other status is INTERNAL."""


_REASONS: Final = {
    "extra_forbidden": "There is no such field here",
    "missing": "This field is missing",
    "string_unicode": "This text contains half a character, which cannot be stored",
}
"""Our reasons in place of the validator's own, by its error type."""


def resolver() -> APIGatewayHttpResolver:
    """Return a resolver that validates by its handlers' types and answers every error with problem details."""
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
    """Answer one API Gateway event. Refuse a body over the limit (bytes) before anything parses it."""
    if missing := [".".join(path) for path in _NEEDED if _member(event, path) is None]:
        logger.error("not an event of API Gateway", extra={"missing": missing})
        return _as_answer(problem_response(Problem.INTERNAL))
    # The access log has the same id. Nothing else joins the two logs.
    logger.append_keys(request_id=event["requestContext"]["requestId"])
    try:
        readable = _readable(event, body_limit)
    except ProblemError as error:
        return _as_answer(_problem(error))
    return app.resolve(readable, context)


def handler_of[Services](
    app: APIGatewayHttpResolver, services: Callable[[], Services], body_limit: int = BODY_LIMIT
) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return a Lambda handler whose routes find the services in the resolver's context.

    The services are made at the first request. Every failure, also outside of a route, is logged once and answered with
    problem details.
    """

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        try:
            app.append_context(services=services())
            return respond(app, event, context, body_limit)
        except SettingsError:
            return _as_answer(problem_response(Problem.INTERNAL))  # already logged by `Settings.read`
        except Exception as error:  # noqa: BLE001  otherwise API Gateway would answer without problem details
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
    """Return the problem as application/problem+json, and log one line about it."""
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
        response.body = ""  # Otherwise the body would be JSON's null.
    if response.headers.get("Content-Type") != MEDIA_TYPE:
        request = app.request
        # Log the route's pattern, never the path, in which a client may put anything.
        outcome = {"method": request.method, "route": request.route, "status": int(response.status_code)}
        logger.info("answered", extra=outcome)
    return response


def _readable(event: dict[str, Any], limit: int) -> dict[str, Any]:
    """Return the event with its body as text, and with its headers and query without nulls.

    Raise ProblemError if the body is too large, or is not UTF-8.
    """
    headers = _strings(event.get("headers"), str.lower)
    body, encoded = event.get("body") or "", event.get("isBase64Encoded")
    # Base64 makes a body a third longer.
    if (len(body) * 3 // 4 if encoded else len(body.encode(errors="surrogatepass"))) > limit:
        raise ProblemError(Problem.BODY_TOO_LARGE)
    media_type = headers.get("content-type", "").strip()
    # Powertools would also read forms, and refuses other media types only on routes that take a body.
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
    """Return whether a Content-Type header says JSON in UTF-8. Malformed or doubled parameters are ignored."""
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

    API Gateway passes a JSON body on as text, with U+FFFD where bytes are not UTF-8. That changes the body's length. A
    U+FFFD from the client itself keeps the length that its Content-Length says.
    """
    length = headers.get("content-length", "")
    return _REPLACEMENT in body and length.isdecimal() and length != str(len(body.encode(errors="surrogatepass")))


def _text_of(answer: object) -> str:
    # Do not escape letters: a pack in Hebrew would be three times as long, beyond Lambda's limit.
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def _object_from(text: str) -> dict[str, Any]:
    """Return the JSON object in `text`. Raise ProblemError if the text is not JSON, or not an object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        # Also a number with thousands of digits, or a body that is nested too deeply.
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
    # Leave the wrong value out: it may be anyone's words.
    return {"field": ".".join(str(part) for part in error["loc"]), "reason": _reason_of(error)}


def _reason_of(error: Mapping[str, Any]) -> str:
    if _is_empty(error):
        return NOTHING_TO_SEE
    return _REASONS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")


def _is_empty(error: Mapping[str, Any]) -> bool:
    """Return whether the error means that a text is empty without its spaces."""
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
