"""`/v1/me/devices` registers and removes the phones that get a person's pushes."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Self

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field, StringConstraints, model_validator

from couples_api.services import TheCaller, TheServices
from rekindle.api.examples import body_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.domain.ids import DeviceId
from rekindle.domain.persons import Device, Person, Platform, Target, TargetKind

DEVICES_LIMIT = 10
"""A person can have at most this many devices. So the person's item and the transactions that write it stay small."""

router = APIGatewayHttpRouter()

DevicePath = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


Address = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[\x21-\x7e]+$")]


class DeviceBody(BaseModel):
    """A device's platform, and its address at Firebase Cloud Messaging.

    The address is either a registration token (`token`) or a Firebase installation id (`fid`). The other field is null.
    """

    model_config = body_config(
        {"token": "fGx9Qe2mT0y:APA91bH", "fid": None, "platform": "ios"},
        {"token": None, "fid": "dGVzdGluZ1RoaXNJZEhlcm", "platform": "android"},
    )

    token: Address | None
    fid: Address | None = Field(description="The Firebase installation id. Firebase is replacing tokens by these ids.")
    platform: Platform

    @model_validator(mode="after")
    def _has_one_address(self) -> Self:
        if (self.token is None) is (self.fid is None):
            raise ValueError("give either a token or a fid")
        return self

    @property
    def target(self) -> Target:
        """The address to which pushes are sent."""
        return Target(TargetKind.TOKEN, self.token) if self.token else Target(TargetKind.FID, self.fid or "")


@router.put("/me/devices/<device_id>", responses=refusals(Problem.NO_PROFILE, Problem.TOO_MANY_DEVICES))
def put_device(device_id: DevicePath, body: DeviceBody, caller: TheCaller, services: TheServices) -> DeviceBody:
    """Register this device for the caller. An address that belonged to another person moves to the caller."""
    device = Device(target=body.target, platform=body.platform, registered_at=caller.instant)
    if services.devices.register(caller.uid, DeviceId(device_id), device, _few_enough) is None:
        raise ProblemError(Problem.NO_PROFILE)
    return body


@router.delete("/me/devices/<device_id>", status_code=HTTPStatus.NO_CONTENT, responses=refusals(Problem.NO_PROFILE))
def delete_device(device_id: DevicePath, caller: TheCaller, services: TheServices) -> None:
    """Remove one of the caller's devices. It is no error if the device is not registered."""
    gone = DeviceId(device_id)
    person = services.people.change(
        caller.uid,
        caller.instant,
        lambda before: replace(
            before, devices={known: device for known, device in before.devices.items() if known != gone}
        ),
    )
    if person is None:
        raise ProblemError(Problem.NO_PROFILE)


def _few_enough(person: Person) -> None:
    if len(person.devices) > DEVICES_LIMIT:
        raise ProblemError(Problem.TOO_MANY_DEVICES)
