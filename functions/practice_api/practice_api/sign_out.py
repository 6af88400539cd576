"""`/v1/practice/sign-out` ends all sign-ins of a member of staff."""

from __future__ import annotations

from http import HTTPStatus

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from practice_api.services import TheReader, TheServices, staff_refusals

router = APIGatewayHttpRouter()


@router.post("/sign-out", status_code=HTTPStatus.NO_CONTENT, responses=staff_refusals())
def post_sign_out(staff: TheReader, services: TheServices) -> None:
    """End all sign-ins of the caller, everywhere. Every token from before is refused from now on."""
    services.sign_outs.sign_out(staff.actor)
