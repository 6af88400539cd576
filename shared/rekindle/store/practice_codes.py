"""Store the codes with which couples join a pack, and tell staff if more couples use a code than they expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rekindle.domain.ids import PackId
from rekindle.packs.notices import Notice, NoticeKind
from rekindle.store import keys
from rekindle.store.notices import notice_row
from rekindle.store.table import Write

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class PracticeCode:
    """A code, and the pack that couples join by it.

    `expected` is how many couples the practice expects, or None if it has not said so. Then nobody counts. `couples`
    counts the couples that have joined by this code. A couple that leaves the pack and joins again counts once.
    """

    code: str
    pack: PackId
    expected: int | None = None
    couples: int = 0

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> PracticeCode:
        """Read a code from its item."""
        code = item["pk"].removeprefix(keys.CODE_PREFIX)
        return cls(code, PackId(item["pack"]), item.get("expected"), item.get("couples", 0))

    def new(self) -> Write:
        """Return the write of a new code."""
        item = {"pack": self.pack} | ({} if self.expected is None else {"expected": self.expected})
        return Write.new(keys.practice_code(self.code), item)

    def replaced(self) -> Write:
        """Return the write that deletes the code."""
        return Write("Delete", keys.practice_code(self.code))

    def expecting(self) -> Write:
        """Return the write that stores how many couples the practice expects now. The count stays."""
        return Write(
            "Update",
            keys.practice_code(self.code),
            update="REMOVE expected" if self.expected is None else "SET expected = :expected",
            condition="attribute_exists(pk)",
            values={} if self.expected is None else {":expected": self.expected},
        )

    def use(self, instant: dt.datetime) -> list[Write]:
        """Return the writes that count one more couple.

        If this is the first couple beyond the expected number, one of the writes is a notice to all staff. The notice
        names the expected number, and no couple. The writes fail if the code has changed since it was read.
        """
        if self.expected is None:
            return []
        # Invariant: exactly one couple is the first beyond the expected number, even if two join at the same moment.
        counting = Write(
            "Update",
            keys.practice_code(self.code),
            update="SET couples = :more",
            condition="expected = :expected AND "
            + ("couples = :couples" if self.couples else "attribute_not_exists(couples)"),
            values={":more": self.couples + 1, ":expected": self.expected}
            | ({":couples": self.couples} if self.couples else {}),
        )
        notice = Notice(NoticeKind.CODE_USED_WIDELY, instant, pack=self.pack, couples=self.expected)
        return [counting, notice_row(notice)] if self.couples == self.expected else [counting]
