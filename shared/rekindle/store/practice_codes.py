"""Store the codes with which couples join a pack, and tell staff if more couples use a code than they expect."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.ids import PackId
from rekindle.packs.notices import Notice, NoticeKind
from rekindle.store import keys
from rekindle.store.notices import notice_row
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN_AFTER: Final = dt.timedelta(days=2)
"""Staff see the notice from the second midnight (UTC) after the first couple beyond the expected number has joined."""


@dataclass(frozen=True, slots=True)
class PracticeCode:
    """A code, and the pack that couples join by it.

    `expected` is how many couples the practice expects, or None if it has not said so. `couples` counts the couples
    that have joined by this code. A couple that leaves the pack and joins again counts once. `noticed` is True once
    staff have got the notice that more couples use the code than expected.
    """

    code: str
    pack: PackId
    expected: int | None = None
    couples: int = 0
    noticed: bool = False

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> PracticeCode:
        """Read a code from its item."""
        code = item["pk"].removeprefix(keys.CODE_PREFIX)
        return cls(
            code, PackId(item["pack"]), item.get("expected"), item.get("couples", 0), noticed=item.get("noticed", False)
        )

    def new(self) -> Write:
        """Return the write of a new code."""
        item = {"pack": self.pack} | ({} if self.expected is None else {"expected": self.expected})
        return Write.new(keys.practice_code(self.code), item)

    def replaced(self) -> Write:
        """Return the write that deletes the code."""
        return Write("Delete", keys.practice_code(self.code))

    def expecting(self) -> Write:
        """Return the write that stores how many couples the practice expects now. The rest stays."""
        return Write(
            "Update",
            keys.practice_code(self.code),
            update="REMOVE expected" if self.expected is None else "SET expected = :expected",
            condition="attribute_exists(pk)",
            values={} if self.expected is None else {":expected": self.expected},
        )

    def use(self, instant: dt.datetime) -> list[Write]:
        """Return the writes that count one more couple.

        If more couples than expected have used the code then, and staff have not got the notice, one of the writes is
        the notice to all staff. It names the expected number, and no couple. The writes fail if another couple has used
        the code since it was read, or if the code was replaced.

        There is at most one notice for each code. Otherwise staff could find out the count by changing the expected
        number again and again. Staff see the notice from the second midnight on, so it does not tell when that couple
        joined.
        """
        more, expected = self.couples + 1, self.expected
        is_news = expected is not None and more > expected and not self.noticed
        # Invariant: exactly one couple makes the notice, even if two join at the same moment.
        counting = Write(
            "Update",
            keys.practice_code(self.code),
            update="SET couples = :more" + (", noticed = :noticed" if is_news else ""),
            condition="attribute_exists(pk) AND "
            + ("couples = :couples" if self.couples else "attribute_not_exists(couples)"),
            values={":more": more}
            | ({":noticed": True} if is_news else {})
            | ({":couples": self.couples} if self.couples else {}),
        )
        shown_from = dt.datetime.combine(instant.date() + SHOWN_AFTER, dt.time(), dt.UTC)
        notice = Notice(NoticeKind.CODE_USED_WIDELY, shown_from, pack=self.pack, couples=expected)
        return [counting, notice_row(notice)] if is_news else [counting]
