"""HTTP as the API speaks it: problem details for every error, nothing cached, no body beyond its size."""

from __future__ import annotations

import base64
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from botocore.exceptions import BotoCoreError, ClientError

from rekindle.errors import (
    ContentionError,
    KeyReusedError,
    KeyUnavailableError,
    NoPromptError,
    NotACodeError,
    UnknownZoneError,
)
from rekindle.problems import Problem, ProblemError
from rekindle.telemetry import complain_of, logger
from rekindle.texts import UNFIT

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
_PROBLEM: Final = "application/problem+json"
_JSON: Final = "application/json"


_REASONS: Final = {
    "extra_forbidden": "There is no such field here",
    "missing": "This field is missing",
    "string_unicode": "This text has half a character in it, which cannot be kept",
}
"""In place of the validator's own words, by its kind of error."""


def resolver() -> APIGatewayHttpResolver:
    """A resolver that validates by its handlers' types and answers every error with problem details."""
    app = APIGatewayHttpResolver(enable_validation=True, serializer=_text_of, json_body_deserializer=_object_from)
    app.use([_outcome])
    app.not_found(_no_such_route)
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
    # The access log has the same id, and nothing else that the two could be joined by.
    logger.append_keys(request_id=event["requestContext"]["requestId"])
    try:
        readable = _readable(event, body_limit)
    except ProblemError as error:
        return _as_answer(_problem(error))
    return app.resolve(readable, context)


def handler_of[Parts](
    app: APIGatewayHttpResolver, parts: Callable[[], Parts], body_limit: int = BODY_LIMIT
) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """A Lambda handler of the resolver, in whose context its routes find the parts; made at the first request."""

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        app.append_context(parts=parts())
        return respond(app, event, context, body_limit)

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
    return Response(problem.status, _PROBLEM, json.dumps(body), headers=headers)


def _outcome(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    response = next_middleware(app)
    response.headers["Cache-Control"] = "no-store"
    if response.status_code == HTTPStatus.NO_CONTENT:
        response.body = ""  # Else it would be JSON's null, which is content.
    if response.headers.get("Content-Type") != _PROBLEM:
        request = app.request
        # The route's pattern, never the path: what a client puts into a path is not ours to keep.
        outcome = {"method": request.method, "route": request.route, "status": int(response.status_code)}
        logger.info("answered", extra=outcome)
    return response


def _readable(event: dict[str, Any], limit: int) -> dict[str, Any]:
    """The event with its body as text; ProblemError if that is too large, no text, or not said to be JSON."""
    body, encoded = event.get("body") or "", event.get("isBase64Encoded")
    # A base64 body is a third longer than the bytes it stands for.
    if (len(body) * 3 // 4 if encoded else len(body.encode(errors="surrogatepass"))) > limit:
        raise ProblemError(Problem.BODY_TOO_LARGE)
    if not body:
        return event
    headers = event.get("headers") or {}
    if headers.get("content-type", _JSON).partition(";")[0].strip().lower() != _JSON:
        raise ProblemError(Problem.UNSUPPORTED_MEDIA_TYPE)
    if encoded:
        try:
            body = base64.b64decode(body, validate=True).decode()
        except ValueError as error:
            raise ProblemError(Problem.MALFORMED_JSON) from error
    return event | {"body": body, "isBase64Encoded": False, "headers": headers | {"content-type": _JSON}}


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


def _no_such_route(_error: Exception) -> Response[str]:
    return problem_response(Problem.NO_SUCH_ROUTE)


def _invalid(error: RequestValidationError) -> Response[str]:
    found = error.errors()[:ERRORS_SHOWN]
    # What is wrong with a text is said to the person who wrote it, and the rest to who wrote the client.
    detail = next((str(each["msg"]) for each in found if each["type"] == UNFIT), None)
    return problem_response(Problem.INVALID_FIELDS, detail=detail, errors=[_field_error(each) for each in found])


def _field_error(error: Mapping[str, Any]) -> dict[str, str]:
    # The offending value is left out: it may be what somebody wrote.
    reason = _REASONS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    return {"field": ".".join(str(part) for part in error["loc"]), "reason": reason}


def _problem(error: ProblemError) -> Response[str]:
    return problem_response(error.problem, retry_after=error.retry_after, errors=error.errors, members=error.members)


def _busy(error: Exception) -> Response[str]:
    complain_of(error)("busy", extra={"error": type(error).__name__, "cause": type(error.__cause__).__name__})
    return problem_response(Problem.BUSY, retry_after=RETRY_SOON)


def _internal(error: Exception) -> Response[str]:
    # The traceback alone: an exception's message may carry what somebody wrote.
    logger.error("internal error", extra={"error": type(error).__name__, "where": _frames(error)})
    return problem_response(Problem.INTERNAL)


def _frames(error: BaseException) -> list[str]:
    frames, at = [], error.__traceback__
    while at:
        code = at.tb_frame.f_code
        frames.append(f"{code.co_filename.rpartition('/')[2]}:{at.tb_lineno} {code.co_name}")
        at = at.tb_next
    return frames


def _as_answer(response: Response[str]) -> dict[str, Any]:
    return {
        "statusCode": int(response.status_code),
        "body": response.body,
        "isBase64Encoded": False,
        "headers": {"Content-Type": _PROBLEM, **response.headers},
        "cookies": [],
    }
