"""What stands in the table about a person, wherever it ought to be or not."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING

from rekindle.models import PushKind
from rekindle.reminders import Slot
from rekindle.store import keys
from tests.builders import LONDON, NEW_YORK, TOKYO

if TYPE_CHECKING:
    from rekindle.models import Uid
    from rekindle.store.table import Item, Table

ZONES = (NEW_YORK, TOKYO, LONDON)
TIMES = (dt.time(6, 5), dt.time(8, 30), dt.time(20, 30), dt.time(21, 55))
"""The places and times that the API's tests use."""


def slot_rows(table: Table, uid: Uid) -> list[Item]:
    """The person's rows in every slot of these places and times."""
    slots = itertools.starmap(Slot, itertools.product(ZONES, TIMES))
    places = [keys.slot_row(slot, 0, kind, uid) for slot in slots for kind in (PushKind.PROMPT, PushKind.EVENING)]
    return table.get_many(places, consistent=True)
