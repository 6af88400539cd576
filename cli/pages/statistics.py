"""Numbers over couples. A bar is as long as its number is of the largest; where there are too few, it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group

from cli import words
from cli.pages import table, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import RenderableType
    from rich.text import Text

    from cli import wire

BAR = 16
FEW = "under 10"
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def statistics_page(found: wire.Statistics, weeks: int) -> RenderableType:
    """Activity by weeks, then the latest week's themes, packs, streaks and reach."""
    shown = found.weeks[:weeks]
    if not shown and not any(day.active for day in found.days):
        return text("There is nothing to count yet.")
    head = f"Couples, counted in tens; {FEW} is not shown."
    head += f" All of {words.day(found.through)} is in." if found.through else ""
    parts: list[RenderableType] = [text((head, "dim"))]
    if found.days:
        days = table("Day", "Active", "", numbers=("Active",))
        most = _most(day.active for day in found.days)
        for day in found.days[-7:]:
            days.add_row(f"{day.date:%a} {day.date}", count(day.active), bar(day.active, most))
        parts += [text(""), days]
    if shown:
        parts += [text(""), _weeks(shown), *_latest(shown[0])]
    return Group(*parts)


def count(number: int | None) -> str:
    """A number, or that it is too small to be told."""
    return FEW if number is None else f"{number:,}"


def bar(number: int | None, most: int) -> Text:
    """The number as a bar beside the largest."""
    if not number or not most:
        return text("")
    eighths = max(1, round(number / most * BAR * 8))
    return text(("█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip(), "cyan"))


def _weeks(weeks: list[wire.Week]) -> RenderableType:
    page = table("Week of", "Active", "", "In 28 days", numbers=("Active", "In 28 days"))
    most = _most(week.active for week in weeks)
    for week in weeks:
        page.add_row(str(week.week), count(week.active), bar(week.active, most), count(week.active_28))
    return page


def _latest(week: wire.Week) -> Iterable[RenderableType]:
    for name, rows, whole, part in (
        ("Theme", week.themes, "offered", "completed"),
        ("Pack", week.packs, "offered", "completed"),
        ("Reminder", week.reach, "due", "reached"),
    ):
        if rows:
            yield from (text(""), _parts(name, rows, whole, part))
    if week.streaks:
        page = table("Streak (days)", "Couples", "", numbers=("Couples",))
        most = _most(week.streaks.values())
        for length, number in week.streaks.items():
            page.add_row(length, count(number), bar(number, most))
        yield from (text(""), page)


def _parts(name: str, rows: Mapping[str, Mapping[str, int | None]], whole: str, part: str) -> RenderableType:
    page = table(name, whole.title(), part.title(), "Share", "", numbers=(whole.title(), part.title(), "Share"))
    for row, numbers in rows.items():
        of, done = numbers.get(whole), numbers.get(part)
        share = f"{min(done / of, 1):.0%}" if of and done is not None else "-"
        page.add_row(text(row), count(of), count(done), share, bar(min(done, of) if of and done else None, of or 0))
    return page


def _most(numbers: Iterable[int | None]) -> int:
    return max((number or 0 for number in numbers), default=0)
