"""`/v1/me/devices`: the phones that take a person's pushes."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, ConfigDict, StringConstraints

from couples_api.parts import TheCaller, TheParts
from rekindle.models import Device, DeviceId, Person, Platform
from rekindle.problems import Problem, ProblemError

DEVICES_LIMIT = 10
"""More phones than anyone carries, and few enough for one item and one transaction."""

router = APIGatewayHttpRouter()

DevicePath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class DeviceBody(BaseModel):
    """A device's FCM registration token and platform."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[\x21-\x7e]+$")]
    platform: Platform


@router.put("/me/devices/<device_id>")
def put_device(device_id: DevicePath, body: DeviceBody, caller: TheCaller, parts: TheParts) -> DeviceBody:
    """Give the caller this device; a token that was somebody else's is theirs from now on."""
    device = Device(token=body.token, platform=body.platform, registered_at=caller.instant)
    if parts.people.register_device(caller.uid, DeviceId(device_id), device, _few_enough) is None:
        raise ProblemError(Problem.NO_PROFILE)
    return body


@router.delete("/me/devices/<device_id>", status_code=HTTPStatus.NO_CONTENT)
def delete_device(device_id: DevicePath, caller: TheCaller, parts: TheParts) -> None:
    """Take the device from the caller; taking what is not there is no error."""
    gone = DeviceId(device_id)
    person = parts.people.change(
        caller.uid,
        lambda before: replace(
            before, devices={known: device for known, device in before.devices.items() if known != gone}
        ),
    )
    if person is None:
        raise ProblemError(Problem.NO_PROFILE)


def _few_enough(person: Person) -> None:
    if len(person.devices) > DEVICES_LIMIT:
        raise ProblemError(Problem.TOO_MANY_DEVICES)
