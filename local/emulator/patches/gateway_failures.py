"""Hide a failed function's error message from the client, as API Gateway does. Without this, ministack sends it."""

from __future__ import annotations

from typing import Any

from ministack.services import lambda_svc

FAILURE = {
    "statusCode": 500,
    "headers": {"Content-Type": "application/json"},
    "body": '{"message":"Internal Server Error"}',
}


def apply() -> None:
    """Answer with API Gateway's own error if a function fails."""
    original = lambda_svc.lambda_execute_result_to_api_proxy_response

    def response(result: dict[str, Any]) -> Any:
        return (dict(FAILURE), None) if result.get("error") else original(result)

    lambda_svc.lambda_execute_result_to_api_proxy_response = response
