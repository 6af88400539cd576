"""The roles of `privacy` and `cleanup` permit every write of an erasure and of an unpairing, and touch nothing else.

The writes come from the stores, and the policies from the template. So a new attribute in a write needs the policy.
"""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest

from rekindle.cleanup import EndedJob, EraseJob
from rekindle.store import keys
from testing.apis import phones_api
from testing.builders import LONDON
from testing.memory_table import MemoryTable
from testing.phones import Phone, a_phone, pair
from testing.stored import couple_id_of
from tests.build.cloudformation import listed, statements
from tests.routes import test_erasing
from tests.routes.test_erasing import World, account_deleted, well

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rekindle.store.table import Item, Write
    from tests.build.cloudformation import Properties
    from tests.routes.test_erasing import Life

PRIVACY: Final = "PrivacyRole"
CLEANUP: Final = "CleanupRole"
KEY: Final = frozenset({"pk", "sk"})

life = test_erasing.life

_NAME: Final = re.compile(r"(?<![\w:#.])#?[A-Za-z_]\w*(?!\w|\s*\()")
"""Matches the first name of a path in an expression, and keywords. A name before a parenthesis is a function."""
_KEYWORDS: Final = frozenset({"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT"})
_QUANTIFIERS: Final = {"ForAllValues:StringLike": all, "ForAnyValue:StringLike": any}

type Writes = Mapping[str, Sequence[Write]]


class RecordingTable(MemoryTable):
    """A table in memory. It keeps each write that is made while a role is set, by the role."""

    def __init__(self) -> None:
        super().__init__()
        self.role: str | None = None
        self.written: defaultdict[str, list[Write]] = defaultdict(list)

    def write(self, write: Write, returned: Literal["ALL_NEW", "NONE"] = "ALL_NEW", *, urgent: bool = False) -> Item:
        """See `Table`."""
        self._record([write])
        return super().write(write, returned, urgent=urgent)

    def transact(self, writes: Sequence[Write], *, urgent: bool = False) -> None:
        """See `Table`."""
        self._record(writes)
        super().transact(writes, urgent=urgent)

    @contextlib.contextmanager
    def recording(self, role: str) -> Iterator[None]:
        """Keep the writes to this table as writes of the role."""
        self.role = role
        yield
        self.role = None

    def _record(self, writes: Sequence[Write]) -> None:
        if self.role:
            self.written[self.role] += [write for write in writes if write.table in {None, self.name}]


@pytest.fixture(scope="module")
def written(life: Life) -> Writes:
    """Let both partners export and erase, one of them twice, and end another couple. Return each role's writes."""
    table = RecordingTable()
    begun = life.world
    world = World.with_rows(begun.table.items(), begun.key_table.items(), begun.erasure_table.items(), table)
    api = phones_api(lambda: world.services)
    ada, ben = (Phone(api, each.uid, each.now) for each in (life.ada, life.ben))
    for phone, others in ((ada, 1), (ben, 0)):
        phone.claims["auth_time"] = str(int(phone.now.timestamp()))
        with table.recording(PRIVACY):
            if phone is ben:  # Ada's erasure has begun
                well(phone.post("/v1/me/export"))
            for _ in range(1 + others):
                well(phone.delete("/v1/me"))
    with table.recording(CLEANUP):
        for erased in (life.job, EraseJob(uid=ben.uid, erased_at=ben.now)):
            world.drain(erased, ada.now)
            world.handle(account_deleted(erased.uid), instant=ada.now)
    eve, fay = (a_phone(api, name, LONDON) for name in ("eve", "fay"))
    pair(eve, fay)
    couple = couple_id_of(world.services, eve)
    world.services.couples.end(eve.uid, couple, eve.now)
    with table.recording(CLEANUP):
        world.handle(EndedJob(couple=couple).model_dump_json(), instant=eve.now)
    return table.written


def attributes_of(write: Write) -> frozenset[str]:
    """Return the names of a write's attributes as policies see them. A path such as `a.b` counts as `a`."""
    request = write.request("table")
    names = request.get("ExpressionAttributeNames", {})
    expressions = f"{request.get('UpdateExpression', '')} {request.get('ConditionExpression', '')}"
    found = {names.get(name, name) for name in _NAME.findall(expressions) if name not in _KEYWORDS}
    return frozenset(found | set(request.get("Item", request.get("Key", ()))))


def applies(statement: Properties, write: Write) -> bool:
    """Return whether a statement of a policy is about this write to the main table."""
    action = "ConditionCheckItem" if write.kind == "ConditionCheck" else f"{write.kind}Item"
    if statement["Resource"] != {"Fn::GetAtt": "Table.Arn"} or f"dynamodb:{action}" not in listed(statement["Action"]):
        return False
    context: Mapping[str, Any] = {"dynamodb:LeadingKeys": {write.key.pk}, "dynamodb:Attributes": attributes_of(write)}
    return all(
        _QUANTIFIERS[operator](any(fnmatchcase(value, pattern) for pattern in patterns) for value in context[name])
        for operator, tests in statement["Condition"].items()
        for name, patterns in tests.items()
    )


@pytest.mark.parametrize("role", [PRIVACY, CLEANUP])
def test_a_role_permits_every_write_of_an_export_an_erasure_and_an_unpairing(role: str, written: Writes) -> None:
    for write in written[role]:
        assert {each["Effect"] for each in statements(role) if applies(each, write)} == {"Allow"}, write


@pytest.mark.parametrize("partition", ["COUPLE#*", "PERSON#*"])
@pytest.mark.parametrize("role", [PRIVACY, CLEANUP])
def test_a_role_may_touch_only_the_attributes_that_its_updates_touch(
    role: str, partition: str, written: Writes
) -> None:
    touched: set[str] = set()
    for write in written[role]:
        if write.kind == "Update" and fnmatchcase(write.key.pk, partition):
            touched |= attributes_of(write)
    (limited,) = (
        tested["dynamodb:Attributes"]
        for each in statements(role)
        for tested in each.get("Condition", {}).values()
        if "dynamodb:UpdateItem" in listed(each["Action"])
        and partition in tested["dynamodb:LeadingKeys"]
        and each["Resource"] == {"Fn::GetAtt": "Table.Arn"}
    )
    assert touched | KEY == set(limited)


@pytest.mark.parametrize("role", [PRIVACY, CLEANUP])
def test_a_role_puts_no_row_with_an_attribute_of_a_solo_day(role: str, life: Life) -> None:
    """Each solo day and solo history has one of these attributes, which no other row of a person's partition has."""
    (denied,) = (
        set(each["Condition"]["ForAnyValue:StringLike"]["dynamodb:Attributes"])
        for each in statements(role)
        if each["Effect"] == "Deny" and "dynamodb:Attributes" in each["Condition"]["ForAnyValue:StringLike"]
    )
    rows = [row for row in life.world.table.items() if row["pk"].startswith(keys.PERSON_PREFIX)]
    solo = set[str]().union(*(row for row in rows if keys.is_solo(row["sk"])))
    others = set[str]().union(*(row for row in rows if not keys.is_solo(row["sk"])))
    assert solo - {*KEY, "ttl", "revision"} == denied
    assert not denied & others
