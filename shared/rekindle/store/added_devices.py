"""Store a row for each new device of a person who has other devices.

The function `react` reads the row, and queues a push to the other devices.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.changes import DeviceAdded
from rekindle.domain.ids import Uid
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.persons import Device

KEPT: Final = dt.timedelta(days=1)


def added_device_row(uid: Uid, device: Device) -> Write:
    """Return the write of a new device's row."""
    added_at = device.registered_at
    return Write(
        "Put",
        keys.added_device(uid, device.target),
        item={"added_at": to_millis(added_at), "ttl": to_ttl(added_at + KEPT)},
    )


def added_device_from(item: Mapping[str, Any]) -> DeviceAdded:
    """Read a new device from its row."""
    return DeviceAdded(
        uid=Uid(item["pk"].removeprefix(keys.PERSON_PREFIX)),
        target=item["sk"].removeprefix(keys.ADDED_PREFIX),
        added_at=from_millis(item["added_at"]),
    )
