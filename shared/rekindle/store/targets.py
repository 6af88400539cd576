"""Targets as slot rows keep them: packed, because they are most of a row, and rows are billed by their size.

A registration token as FCM makes them is `<22 symbols>:APA91b<more>`, and an installation id has 22: symbols of
URL-safe base64, of which each takes 6 bits here instead of 8. Whatever looks different is kept as it is. Beside each
stands the month in which its phone last registered it, so that one that has gone stale is noticed without a look at its
owner.

    form   1 byte   which of the four below
    month  1 byte   since January 2024
    length 1 byte   symbols (packed), or 2 bytes: bytes (plain)
    text
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from rekindle.domain.models import Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Iterable

_EPOCH_YEAR: Final = 2024
_MONTHS: Final = 12

_PLAIN: Final = {TargetKind.TOKEN: 0, TargetKind.FID: 1}
_PACKED_TOKEN: Final = 2
_PACKED_FID: Final = 3
_KINDS: Final = {form: kind for kind, form in _PLAIN.items()} | {
    _PACKED_TOKEN: TargetKind.TOKEN,
    _PACKED_FID: TargetKind.FID,
}

_HEAD: Final = 22
_MIDDLE: Final = ":APA91b"
_TOKEN: Final = re.compile(rf"([A-Za-z0-9_-]{{{_HEAD}}}){_MIDDLE}([A-Za-z0-9_-]{{1,200}})")
_FID: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")


class Registered(NamedTuple):
    """A target, and the first day of the month in which its phone last registered it."""

    target: Target
    month: dt.date


def packed(registered: Iterable[Registered]) -> bytes:
    """All of them in one value."""
    return b"".join(map(_packed, registered))


def unpacked(value: bytes) -> tuple[Registered, ...]:
    """The inverse of `packed`."""
    found = []
    at = 0
    while at < len(value):
        form, month = value[at], value[at + 1]
        if form in {_PACKED_TOKEN, _PACKED_FID}:
            length = value[at + 2]
            end = at + 3 + _bytes_for(length)
            text = base64.urlsafe_b64encode(value[at + 3 : end]).decode("ascii")[-length:]
            if form == _PACKED_TOKEN:
                text = f"{text[:_HEAD]}{_MIDDLE}{text[_HEAD:]}"
        else:
            end = at + 4 + int.from_bytes(value[at + 2 : at + 4])
            text = value[at + 4 : end].decode()
        found.append(Registered(Target(_KINDS[form], text), _month_from(month)))
        at = end
    return tuple(found)


def _packed(registered: Registered) -> bytes:
    kind, text = registered.target.kind, registered.target.value
    head = bytes((_PLAIN[kind], _number_of(registered.month)))
    if kind is TargetKind.TOKEN and (found := _TOKEN.fullmatch(text)):
        symbols = "".join(found.groups())
        return bytes((_PACKED_TOKEN, head[1], len(symbols))) + _decoded(symbols)
    if kind is TargetKind.FID and _FID.fullmatch(text):
        return bytes((_PACKED_FID, head[1], len(text))) + _decoded(text)
    plain = text.encode()
    return head + len(plain).to_bytes(2) + plain


def _decoded(symbols: str) -> bytes:
    # Base64 comes in fours; an A is six zeros, and in front it changes nothing that the length does not undo.
    return base64.urlsafe_b64decode("A" * (-len(symbols) % 4) + symbols)


def _bytes_for(symbols: int) -> int:
    return -(-symbols // 4) * 3


def _number_of(month: dt.date) -> int:
    return min(max((month.year - _EPOCH_YEAR) * _MONTHS + month.month - 1, 0), 255)


def _month_from(number: int) -> dt.date:
    return dt.date(_EPOCH_YEAR + number // _MONTHS, number % _MONTHS + 1, 1)
