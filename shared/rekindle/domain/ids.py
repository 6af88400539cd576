"""Define a separate type for each kind of id."""

from __future__ import annotations

from typing import NewType

Uid = NewType("Uid", str)
"""A person's id: the `sub` of their Firebase ID token."""
CoupleId = NewType("CoupleId", str)
DeviceId = NewType("DeviceId", str)
"""The phone chooses this id. The id stays the same for one installation of the app."""
InviteId = NewType("InviteId", str)
PackId = NewType("PackId", str)
PromptId = NewType("PromptId", str)
Zone = NewType("Zone", str)
"""An IANA zone name that the pinned tzdata knows; see `rekindle.domain.calendar.zone_named`."""
Language = NewType("Language", str)
"""A lower-case ISO 639-1 code, such as `en`."""
