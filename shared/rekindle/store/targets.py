"""Store each target's owner in a row, and pack targets for slot rows.

A target is a device's address at FCM: a registration token of the form `<22 symbols>:APA91b<more symbols>`, or an
installation id, usually of 22 symbols. Targets make up most of a slot row, and DynamoDB bills rows by their size. So
targets must be small. The symbols are URL-safe base64, so a packed symbol takes 6 bits instead of 8. `packed` stores
targets of other forms as plain text. `packed` also stores the month of each target's latest registration. So
`delivery` can find stale devices without reading the persons' items.

A packed value has these fields for each target:

    encoding  1 byte   0 plain token, 1 plain id, 2 packed token, 3 packed id
    month     1 byte   the number of months since January 2024
    length    1 byte   if packed: the number of symbols, without `:APA91b`
              2 bytes  if plain: the number of bytes
    text               the packed symbols or the plain text
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from rekindle.domain.persons import Target, TargetKind
from rekindle.store import keys
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rekindle.domain.persons import Person
    from rekindle.store.person_items import PersonChange

_EPOCH_YEAR: Final = 2024
_MONTHS: Final = 12

_PLAIN: Final = {TargetKind.TOKEN: 0, TargetKind.FID: 1}
_PACKED_TOKEN: Final = 2
_PACKED_FID: Final = 3
_KINDS: Final = {encoding: kind for kind, encoding in _PLAIN.items()} | {
    _PACKED_TOKEN: TargetKind.TOKEN,
    _PACKED_FID: TargetKind.FID,
}

_HEAD: Final = 22
_MIDDLE: Final = ":APA91b"
_TOKEN: Final = re.compile(rf"([A-Za-z0-9_-]{{{_HEAD}}}){_MIDDLE}([A-Za-z0-9_-]{{1,200}})")
_FID: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")


class Registered(NamedTuple):
    """A target, and the first day of the month of its latest registration."""

    target: Target
    month: dt.date


def packed(registered: Iterable[Registered]) -> bytes:
    """Pack the targets into one value."""
    return b"".join(map(_packed, registered))


def unpacked(value: bytes) -> tuple[Registered, ...]:
    """Return the targets in a packed value."""
    registered = []
    at = 0
    while at < len(value):
        encoding, month = value[at], value[at + 1]
        if encoding in {_PACKED_TOKEN, _PACKED_FID}:
            length = value[at + 2]
            end = at + 3 + _bytes_for(length)
            text = base64.urlsafe_b64encode(value[at + 3 : end]).decode("ascii")[-length:]
            if encoding == _PACKED_TOKEN:
                text = f"{text[:_HEAD]}{_MIDDLE}{text[_HEAD:]}"
        else:
            end = at + 4 + int.from_bytes(value[at + 2 : at + 4])
            text = value[at + 4 : end].decode()
        registered.append(Registered(Target(_KINDS[encoding], text), _month_from(month)))
        at = end
    return tuple(registered)


def _packed(registered: Registered) -> bytes:
    kind, text = registered.target.kind, registered.target.value
    head = bytes((_PLAIN[kind], _number_of(registered.month)))
    if kind is TargetKind.TOKEN and (match := _TOKEN.fullmatch(text)):
        symbols = "".join(match.groups())
        return bytes((_PACKED_TOKEN, head[1], len(symbols))) + _decoded(symbols)
    if kind is TargetKind.FID and _FID.fullmatch(text):
        return bytes((_PACKED_FID, head[1], len(text))) + _decoded(text)
    plain = text.encode()
    return head + len(plain).to_bytes(2) + plain


def _decoded(symbols: str) -> bytes:
    # Base64 needs groups of four symbols. So put "A"s (six zero bits each) before the symbols. `unpacked` uses the
    # stored length to remove these "A"s.
    return base64.urlsafe_b64decode("A" * (-len(symbols) % 4) + symbols)


def _bytes_for(symbols: int) -> int:
    return -(-symbols // 4) * 3


def _number_of(month: dt.date) -> int:
    return min(max((month.year - _EPOCH_YEAR) * _MONTHS + month.month - 1, 0), 255)


def _month_from(number: int) -> dt.date:
    return dt.date(_EPOCH_YEAR + number // _MONTHS, number % _MONTHS + 1, 1)


def owner_writes(changes: Sequence[PersonChange]) -> list[Write]:
    """Return the writes that update the targets' rows, for one transaction.

    If a person gets a target, a write stores this person as the owner in the target's row. If a target has no owner any
    more, a write deletes the target's row.
    """
    lost = {
        target: before.uid for before, after in changes if before for target in _targets_of(before) - _targets_of(after)
    }
    won = {
        target: after.uid
        for before, after in changes
        for target in _targets_of(after) - (_targets_of(before) if before else frozenset())
    }
    # Invariant: a target has at most one owner. A target's row must be missing, or name the person who loses the target
    # in `changes`. If nobody loses the target, the row must be missing or name the new owner. Any other write fails.
    condition = "attribute_not_exists(pk) OR uid = :owner"
    return [
        *(
            Write(
                "Put",
                keys.target(target),
                item={"uid": winner},
                condition=condition,
                values={":owner": lost.get(target, winner)},
            )
            for target, winner in won.items()
        ),
        *(
            Write("Delete", keys.target(target), condition=condition, values={":owner": loser})
            for target, loser in lost.items()
            if target not in won
        ),
    ]


def _targets_of(person: Person) -> frozenset[Target]:
    return frozenset(device.target for device in person.devices.values())
