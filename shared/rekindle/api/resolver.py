"""Apply the HTTP rules of every API: errors become problem details, no reply is cached, and bodies have a limit."""

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

from rekindle.api.call_limit import CallLimit
from rekindle.api.problems import MEDIA_TYPE, Problem, ProblemError
from rekindle.domain.characters import NOTHING_TO_SEE
from rekindle.domain.ids import Uid
from rekindle.domain.texts import UNFIT
from rekindle.errors import (
    ContentionError,
    ErasedError,
    KeyGoneError,
    KeyReusedError,
    KeyUnavailableError,
    LimitError,
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
"""A body can have at most this many bytes, unless a function sets its own limit.

The longest answer has 2,000 characters. It takes 24,000 bytes if JSON escapes each character as two surrogates.
"""
RETRY_SOON: Final = 2
"""A client that gets the reply BUSY may repeat its request after this many seconds."""
ERRORS_SHOWN: Final = 10
"""A reply lists at most this many wrong fields. Without a limit, a small request could cause a large reply."""
_JSON: Final = "application/json"
_NOT_JSON: Final = "application/octet-stream"
_UTF_8: Final = frozenset({"utf-8", "utf8"})
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_NEEDED_MEMBERS: Final = (
    ("rawPath",),
    ("requestContext", "http", "method"),
    ("requestContext", "http", "path"),
    ("requestContext", "requestId"),
    ("requestContext", "stage"),
    ("requestContext", "timeEpoch"),
)
"""The members that an event must have. If one is missing, the reply is INTERNAL. API Gateway always sends them."""
_CLAIMS: Final = ("requestContext", "authorizer", "jwt", "claims")
_UID: Final = (*_CLAIMS, "sub")
"""The member with the uid of the verified token. A route without a sign-in has no such member."""
_SIGNED_IN_AT: Final = (*_CLAIMS, "auth_time")

_PROBLEM_OF_STATUS: Final = {
    HTTPStatus.BAD_REQUEST: Problem.MALFORMED_JSON,
    HTTPStatus.UNAUTHORIZED: Problem.NOT_SIGNED_IN,
    HTTPStatus.FORBIDDEN: Problem.NOT_ALLOWED,
    HTTPStatus.NOT_FOUND: Problem.NO_SUCH_ROUTE,
    HTTPStatus.REQUEST_TIMEOUT: Problem.BUSY,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Problem.BODY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Problem.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.SERVICE_UNAVAILABLE: Problem.BUSY,
}
"""The problem for each status of Powertools' own errors. For all other statuses, the problem is INTERNAL."""


_REASONS: Final = {
    "extra_forbidden": "There is no such field here",
    "missing": "This field is missing",
    "string_unicode": "This text contains half a character, which cannot be stored",
}
"""Our texts for some types of the validator's errors. They replace the validator's own texts."""


def resolver() -> APIGatewayHttpResolver:
    """Return a resolver that validates requests, and answers errors with problem details."""
    app = APIGatewayHttpResolver(
        enable_validation=True,
        # If our reply does not match its schema, Powertools answers 422 by default. This would blame the client for our
        # mistake.
        response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
        serializer=_text_of,
        json_body_deserializer=_object_from,
    )
    app.use([_logged])
    app.exception_handler(ServiceError)(_service_error)
    app.exception_handler(RequestUnsupportedContentType)(
        lambda _error: problem_response(Problem.UNSUPPORTED_MEDIA_TYPE)
    )
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(ProblemError)(_problem)
    app.exception_handler(UnknownZoneError)(lambda _error: problem_response(Problem.UNKNOWN_ZONE))
    app.exception_handler(NoPromptError)(lambda _error: problem_response(Problem.NO_PROMPT))
    app.exception_handler(KeyReusedError)(lambda _error: problem_response(Problem.KEY_REUSED))
    app.exception_handler(ErasedError)(lambda _error: problem_response(Problem.ACCOUNT_ERASED))
    app.exception_handler(LimitError)(
        lambda error: problem_response(Problem.TOO_MANY_CHANGES, retry_after=error.seconds)
    )
    app.exception_handler(NotACodeError)(lambda error: problem_response(Problem.NOT_A_CODE, detail=str(error)))
    # A partner's keys can go between two reads of a request. The next request sees that the couple has ended.
    app.exception_handler([ContentionError, KeyGoneError, KeyUnavailableError, BotoCoreError, ClientError])(_busy)
    app.exception_handler(Exception)(_internal)
    return app


def respond(
    app: APIGatewayHttpResolver,
    event: dict[str, Any],
    context: LambdaContext,
    body_limit: int = BODY_LIMIT,
    calls: CallLimit | None = None,
) -> dict[str, Any]:
    """Answer one API Gateway event.

    First refuse a caller who has made too many calls. Then refuse a body of more than `body_limit` bytes before
    anything parses it.
    """
    if missing := [".".join(path) for path in _NEEDED_MEMBERS if _member(event, path) is None]:
        logger.error("not an event of API Gateway", extra={"missing": missing})
        return _as_answer(problem_response(Problem.INTERNAL))
    # API Gateway's access log has this id too, so we can find the same request in both logs.
    logger.append_keys(request_id=event["requestContext"]["requestId"])
    if calls and (refusal := _refusal(event, calls)):
        return _as_answer(refusal)
    try:
        readable = _readable(event, body_limit)
    except ProblemError as error:
        return _as_answer(_problem(error))
    return app.resolve(readable, context)


def handler_of[Services](
    app: APIGatewayHttpResolver, services: Callable[[], Services], body_limit: int = BODY_LIMIT
) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return a Lambda handler whose routes get the services from the resolver's context.

    The handler logs every failure, even outside of a route, and answers it with problem details. It limits how many
    calls come from each sign-in.
    """
    calls = CallLimit()

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        try:
            app.append_context(services=services())
            return respond(app, event, context, body_limit, calls)
        except SettingsError:
            return _as_answer(problem_response(Problem.INTERNAL))  # `Settings.read` has already logged the error
        except Exception as error:  # noqa: BLE001  otherwise API Gateway would answer, without problem details
            return _as_answer(_internal(error))

    return handle


def problem_response(  # noqa: PLR0913  each is a part of some problem
    problem: Problem,
    *,
    detail: str | None = None,
    retry_after: int | None = None,
    errors: list[dict[str, str]] | None = None,
    members: Mapping[str, object] | None = None,
    is_logged: bool = True,
) -> Response[str]:
    """Return the problem as application/problem+json. If `is_logged` is true, log one line about it."""
    if is_logged:
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


def _logged(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Forbid caches to keep the response, and log one line about the response.

    Log no line about a problem, because `problem_response` has already logged one.
    """
    response = next_middleware(app)
    response.headers["Cache-Control"] = "no-store"
    if response.status_code == HTTPStatus.NO_CONTENT:
        response.body = ""  # Otherwise the body would be JSON's null.
    if response.headers.get("Content-Type") != MEDIA_TYPE:
        request = app.request
        # Log the route's pattern, and never the path: a client may put any text into the path.
        outcome = {"method": request.method, "route": request.route, "status": int(response.status_code)}
        logger.info("answered", extra=outcome)
    return response


def _refusal(event: Mapping[str, Any], calls: CallLimit) -> Response[str] | None:
    """Count the call of a signed-in person. Return the reply to a person who has made too many calls."""
    uid, at = _member(event, _UID), event["requestContext"]["timeEpoch"]
    if not isinstance(uid, str):
        return None
    seconds = calls.seconds_to_wait((Uid(uid), str(_member(event, _SIGNED_IN_AT))), at)
    if not seconds:
        return None
    if refused := calls.refusals_to_log(at):
        # Not one line for each call: a person could fill the logs. The line names nobody.
        logger.warning("too many calls", extra={"problem": Problem.TOO_MANY_CALLS.type, "refused": refused})
    return problem_response(Problem.TOO_MANY_CALLS, retry_after=seconds, is_logged=False)


def _readable(event: dict[str, Any], limit: int) -> dict[str, Any]:
    """Return the event with its body as text, and without null headers and query parameters.

    Raise ProblemError if the body is too large or is not UTF-8.
    """
    headers = _strings(event.get("headers"), str.lower)
    body, encoded = event.get("body") or "", event.get("isBase64Encoded")
    # Base64 makes a body longer by a third.
    if (len(body) * 3 // 4 if encoded else len(body.encode(errors="surrogatepass"))) > limit:
        raise ProblemError(Problem.BODY_TOO_LARGE)
    media_type = headers.get("content-type", "").strip()
    # Powertools accepts JSON and HTML forms, but we accept only JSON. So replace every other media type with one
    # that Powertools refuses on routes that take a body.
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
    """Return the event's member at the path of names. Return None if there is no such member."""
    member: object = event
    for name in path:
        member = member.get(name) if isinstance(member, dict) else None
    return member


def _strings(values: Mapping[str, Any] | None, key: Callable[[str], str] = str) -> dict[str, str]:
    """Return the headers or query parameters that are not null, as text. `key` changes each name."""
    return {key(name): str(value) for name, value in (values or {}).items() if value is not None}


def _is_json(media_type: str) -> bool:
    """Return whether a Content-Type header means JSON in UTF-8. Return False if the header is malformed."""
    if not (media_type.isascii() and media_type.isprintable()):
        return False
    try:
        header = HTTP.header_factory("content-type", media_type)
    except IndexError:  # CPython's parser raises IndexError if a parameter name ends with an asterisk
        return False
    charset = header.params.get("charset", "utf-8")
    return not header.defects and header.content_type == _JSON and charset.lower() in _UTF_8


def _was_damaged(body: str, headers: Mapping[str, str]) -> bool:
    """Return whether API Gateway has replaced bytes that were not UTF-8.

    API Gateway sends us a JSON body as text, in which U+FFFD replaces bytes that are not UTF-8. The replacement usually
    changes the number of bytes, which then differs from the Content-Length header. If the client itself sent the
    U+FFFD, the two numbers are equal.
    """
    length = headers.get("content-length", "")
    return _REPLACEMENT in body and length.isdecimal() and length != str(len(body.encode(errors="surrogatepass")))


def _text_of(answer: object) -> str:
    # Do not escape letters. With escapes, a reply with a pack in Hebrew could be three times as long, and exceed
    # Lambda's limit.
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def _object_from(text: str) -> dict[str, Any]:
    """Return the JSON object in `text`. Raise ProblemError if the text is not JSON, or not an object."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        # A number with thousands of digits raises ValueError. A body that is nested too deeply raises RecursionError.
        raise ProblemError(Problem.MALFORMED_JSON) from error
    if not isinstance(parsed, dict):
        raise ProblemError(Problem.INVALID_FIELDS, errors=[{"field": "body", "reason": "Input should be an object"}])
    return parsed


def _service_error(error: ServiceError) -> Response[str]:
    """Return the reply to an error of Powertools, with the problem for the error's status."""
    problem = _PROBLEM_OF_STATUS.get(HTTPStatus(error.status_code), Problem.INTERNAL)
    if problem is Problem.INTERNAL:
        return _internal(error)
    return problem_response(problem, retry_after=RETRY_SOON if problem is Problem.BUSY else None)


def _invalid(error: RequestValidationError) -> Response[str]:
    errors = error.errors()[:ERRORS_SHOWN]
    # `detail` is for the person who wrote the text. `errors` is for the client's developer.
    detail = next((_reason_of(each) for each in errors if each["type"] == UNFIT or _is_empty(each)), None)
    return problem_response(Problem.INVALID_FIELDS, detail=detail, errors=[_field_error(each) for each in errors])


def _field_error(error: Mapping[str, Any]) -> dict[str, str]:
    # Leave the wrong value out, because it may be a person's private text.
    return {"field": ".".join(str(part) for part in error["loc"]), "reason": _reason_of(error)}


def _reason_of(error: Mapping[str, Any]) -> str:
    if _is_empty(error):
        return NOTHING_TO_SEE
    return _REASONS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")


def _is_empty(error: Mapping[str, Any]) -> bool:
    """Return whether the error means that a text is empty or has only white space."""
    return bool(error["type"] == "string_too_short" and error.get("ctx", {}).get("min_length") == 1)


def _problem(error: ProblemError) -> Response[str]:
    return problem_response(error.problem, retry_after=error.retry_after, errors=error.errors, members=error.members)


def _busy(error: Exception) -> Response[str]:
    # A key may be deleted while a request reads the texts. A repeat of the request finds the new state.
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
