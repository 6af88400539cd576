"""`/v1/me/devices` has the phones that get a person's pushes. A person can sign out on all of them at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Self

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field, StringConstraints, model_validator

from couples_api.services import TheCaller, TheServices, known_person
from rekindle.api.examples import body_config, view_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.api.sessions import refuse_unknown, require_no_old_code
from rekindle.domain.ids import DeviceId
from rekindle.domain.limits import Counted, counted_change
from rekindle.domain.persons import Device, Person, Platform, Target, TargetKind

RECENT = dt.timedelta(minutes=15)
"""A person may add a device for this long after a sign-in. Somebody with an older, stolen token cannot add a device."""

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


class DeviceView(BaseModel):
    """One of the caller's devices: when it was added, and when the app last registered it."""

    id: str
    platform: Platform
    added_at: dt.datetime
    registered_at: dt.datetime


class DevicesView(BaseModel):
    """The caller's devices, oldest first."""

    model_config = view_config(
        {
            "devices": [
                {
                    "id": "pixel-8",
                    "platform": "android",
                    "added_at": "2026-03-02T15:00:00Z",
                    "registered_at": "2026-04-11T06:30:00Z",
                }
            ]
        }
    )

    devices: list[DeviceView]


@router.get("/me/devices", responses=refusals(Problem.NO_PROFILE))
def get_devices(caller: TheCaller, services: TheServices) -> DevicesView:
    """List the caller's devices. Their addresses are not shown."""
    devices = known_person(services, caller).devices
    views = [
        DeviceView(
            id=device_id, platform=device.platform, added_at=device.known_since, registered_at=device.registered_at
        )
        for device_id, device in devices.items()
    ]
    return DevicesView(devices=sorted(views, key=lambda view: (view.added_at, view.id)))


@router.put(
    "/me/devices/<device_id>",
    responses=refusals(
        Problem.NO_PROFILE, Problem.SIGN_IN_NOT_RECENT, Problem.TOO_MANY_DEVICES, Problem.TOO_MANY_CHANGES
    ),
)
def put_device(device_id: DevicePath, body: DeviceBody, caller: TheCaller, services: TheServices) -> DeviceBody:
    """Register this device for the caller. An address that belonged to another person moves to the caller.

    A device with a new id needs a sign-in of the last 15 minutes, and the caller's other devices get a push about it.
    A device that was removed because no push reached it is not new.

    Call this at every start of the app, and when FCM gives another address. If somebody else has registered the address
    meanwhile, nobody is told: this device gets no push until it registers again, for which it is not new. So that this
    is never refused, one of the owner's registrations of the last 24 hours counts no more.
    """
    new = DeviceId(device_id)

    def guard(before: Person, after: Person) -> Person:
        checked = services.sessions.require(caller, before)
        if before.known_since(new) is None and not caller.has_signed_in_within(RECENT):
            raise ProblemError(Problem.SIGN_IN_NOT_RECENT)
        if len(after.devices) > DEVICES_LIMIT:
            raise ProblemError(Problem.TOO_MANY_DEVICES)
        after = replace(after, checked_at=checked.checked_at)
        return counted_change(before, after, caller.instant, Counted.DEVICES)

    device = Device(target=body.target, platform=body.platform, registered_at=caller.instant)
    if services.devices.register(caller.uid, new, device, guard) is None:
        refuse_unknown(services.erasures, caller.uid)
    return body


@router.delete("/me/devices/<device_id>", status_code=HTTPStatus.NO_CONTENT, responses=refusals(Problem.NO_PROFILE))
def delete_device(device_id: DevicePath, caller: TheCaller, services: TheServices) -> None:
    """Remove one of the caller's devices. It is no error if the device is not registered."""
    gone = DeviceId(device_id)
    person = services.people.change(
        caller.uid,
        caller.instant,
        lambda before: services.sessions.require(caller, before).without_device(gone),
    )
    if person is None:
        refuse_unknown(services.erasures, caller.uid)


@router.post("/me/sign-out-everywhere", status_code=HTTPStatus.NO_CONTENT, responses=refusals(Problem.NO_PROFILE))
def post_sign_out_everywhere(caller: TheCaller, services: TheServices) -> None:
    """End every sign-in of the caller, also this one, and remove all of their devices.

    From the next request on, every token of an earlier sign-in is refused. Firebase gives no new tokens for them.
    """
    require_no_old_code(beside_old_code=services.vault.beside_old_code)
    # No limit: each sign-out needs a new sign-in. A limit could be used up by whoever has stolen a password.
    person = services.people.change(
        caller.uid,
        caller.instant,
        lambda before: services.sessions.require(caller, before).signed_out_everywhere(caller.instant),
    )
    if person is None:
        refuse_unknown(services.erasures, caller.uid)
