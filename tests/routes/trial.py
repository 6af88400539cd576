"""Send requests to a town, and see what each changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from testing import contract
from tests.routes.authorization import OPERATIONS, Kind, is_practice
from tests.routes.town import ALONE, FIRST, OFFERED_HELP, TODAY, TOMORROW, Town

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rekindle.store.table import Item
    from testing.phones import Handler, Phone, Reply
    from tests.routes.test_erasing import World

type Event = dict[str, Any]


def unchanged(event: Event) -> Event:
    return event


USUAL: Final[Mapping[str, object]] = {"date": TODAY, "pack_id": "river", "device_id": "phone", "version": 1}
PATHS: Final[Mapping[str, Mapping[str, object]]] = {
    "PUT /v1/couple/packs/{pack_id}": {"pack_id": "choice"},
    "DELETE /v1/couple/packs/{pack_id}": {"pack_id": "choice"},
    "GET /v1/days/{date}": {"date": FIRST},
    "PUT /v1/days/{date}/reflection": {"date": FIRST},
    "POST /v1/days/{date}/swap": {"date": TOMORROW},
    "POST /v1/solo/days/{date}/share": {"date": ALONE},
    "DELETE /v1/solo/days/{date}/share": {"date": FIRST},
    "POST /v1/practice/packs/{pack_id}/approve": {"pack_id": "harbour"},
    "POST /v1/practice/packs/{pack_id}/reject": {"pack_id": "harbour"},
}
"""The values in a path with which the request does something. Other paths have the USUAL values."""

READS: Final = frozenset({"GetItem", "BatchGetItem", "Query"})
"""The requests to a table that change no row."""


def request_of(town: Town, name: str) -> tuple[str, Any]:
    """Return the path and the body with which the operation does something for a caller who may call it."""
    operation = OPERATIONS[name]
    path = operation.template.format(**{**USUAL, "receipt": town.ids["jon's receipt"], **PATHS.get(name, {})})
    bodies = {
        "POST /v1/practice/help/approve": {"proposal": town.ids["offered"]},
        "POST /v1/practice/help/reject": {"proposal": town.ids["offered"], "note": None},
        "POST /v1/practice/notices/read": {"until": town.ids["notice"]},
        "PUT /v1/days/{date}/answer": {"text": "Mine.", "share_first": True, "revision": None, "prompt": None},
        "POST /v1/couple/practice-code": {"code": "ABCD-2345"},
        "POST /v1/invites/redeem": {"code": town.ids["hal's code"]},
        "POST /v1/invites/confirm": town.confirmation,
        "PUT /v1/practice/packs/{pack_id}/draft": {"source": "id: river", "revision": town.ids["revision"]},
        "POST /v1/practice/packs/{pack_id}/publish": {"revision": town.ids["revision"]},
        "POST /v1/practice/packs/{pack_id}/approve": {"revision": town.ids["proposed"]},
        "POST /v1/practice/packs/{pack_id}/restore": {"prompt": "birdsong"},
        "PUT /v1/practice/help": OFFERED_HELP,
    }
    query = f"?revision={town.ids['revision']}" if operation.id == "deleteDraft" else ""
    return path + query, bodies.get(name) or contract.example_of(operation.method, operation.template)


type Row = tuple[str, str, str]
"""The table, partition and sort key of a row."""


def rows_of(world: World) -> dict[Row, Item]:
    tables = (world.table, world.key_table, world.erasure_table)
    return {(table.name, row["pk"], row.get("sk", "")): row for table in tables for row in table.items()}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reply, and each row that the request changed, before and after it."""

    reply: Reply
    changed: Mapping[Row, tuple[Item | None, Item | None]]


@dataclass(slots=True)
class Trial:
    """Sends an operation's request as a kind of caller, each time in the same town."""

    town: Town
    rows: Mapping[Row, Item] = field(init=False)
    world: World = field(init=False)
    """A copy of the town's world. A request that changes a row is the last one on its copy."""
    handler: Handler = field(init=False)
    requests: list[str] = field(default_factory=list)
    """The names of the last call's requests to the tables."""
    outcomes: dict[tuple[str, Kind], Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = rows_of(self.town.world)
        self.begin()

    def begin(self) -> None:
        self.world = self.town.world.copy()
        self.handler = self.town.on(self.world)
        for table in (self.world.table, self.world.key_table, self.world.erasure_table):
            table.watchers.append(self.requests.append)

    def outcome(self, name: str, kind: Kind) -> Outcome:
        if (name, kind) not in self.outcomes:
            self.outcomes[name, kind] = self.tried(name, kind, unchanged)
        return self.outcomes[name, kind]

    def tried(self, name: str, kind: Kind, change: Callable[[Event], Event]) -> Outcome:
        """Send the operation's request. `change` changes its event."""
        phone = self.town.caller(kind, is_staff=is_practice(name))
        path, body = request_of(self.town, name)
        method = OPERATIONS[name].method
        return self.sent(phone, lambda: phone.call(method, path, body), change)

    def sent(
        self, phone: Phone, call: Callable[[], Reply], change: Callable[[Event], Event] = lambda event: event
    ) -> Outcome:
        """Let a phone call the town's API, and return what comes of it. `change` changes the call's event."""
        phone.handler = lambda event, context: self.handler(change(event), context)
        self.requests.clear()
        reply = call()
        # To look at every row takes longer than the call.
        after = self.rows if READS.issuperset(self.requests) else rows_of(self.world)
        rows = {**self.rows, **after}
        changed = {row: (self.rows.get(row), after.get(row)) for row in rows if self.rows.get(row) != after.get(row)}
        if changed:
            self.begin()
        return Outcome(reply, changed)

    def shown(self, outcome: Outcome, reader: str) -> set[str]:
        """Return the names of the plants in the reply that are hidden from the reader. NOBODY may read any."""
        text = outcome.reply.text + repr(outcome.reply.headers)
        return {each.name for each in self.town.hidden_from(reader) if each.text in text}
