"""Show the statistics about all couples, with bars. A count that is too small to be shown is `few`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group

from cli import words
from cli.pages import table, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import RenderableType
    from rich.text import Text

    from rekindle.packs.contract import StatisticsView, WeekStatisticsView

BAR = 16
FEW = "few"
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def statistics_page(found: StatisticsView, weeks: int) -> RenderableType:
    """Show the active couples by day and week. Then show the latest week's themes, packs, reminders and streaks."""
    shown = found.weeks[:weeks]
    if not shown and not any(day.active for day in found.days):
        return text("There are no numbers yet.")
    head = "Couples, rounded down to tens. Numbers under 10 are not shown, and under 50 for a pack with a code."
    head += f" Complete up to {words.day(found.through)}."
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
    """Return the number as text. The service sends None for a number that is too small to be shown."""
    return FEW if number is None else f"{number:,}"


def bar(number: int | None, most: int) -> Text:
    """Return a bar for the number. A bar for `most` has the full length."""
    if not number or not most:
        return text("")
    eighths = max(1, round(number / most * BAR * 8))
    return text(("█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip(), "cyan"))


def _weeks(weeks: list[WeekStatisticsView]) -> RenderableType:
    page = table("Week of", "Active", "", "In 28 days", numbers=("Active", "In 28 days"))
    most = _most(week.active for week in weeks)
    for week in weeks:
        page.add_row(str(week.week), count(week.active), bar(week.active, most), count(week.active_28))
    return page


def _latest(week: WeekStatisticsView) -> Iterable[RenderableType]:
    for name, rows, whole, part in (
        ("Theme", week.themes, "offered", "completed"),
        ("Pack", week.packs, "offered", "completed"),
        ("Reminder", week.reach, "due", "reached"),
    ):
        if rows:
            numbers = {row: (getattr(each, whole), getattr(each, part)) for row, each in rows.items()}
            yield from (text(""), _shares(name, numbers, whole, part))
    if week.streaks:
        page = table("Streak (days)", "Couples", "", numbers=("Couples",))
        most = _most(week.streaks.values())
        for length, number in week.streaks.items():
            page.add_row(length, count(number), bar(number, most))
        yield from (text(""), page)


def _shares(name: str, rows: Mapping[str, tuple[int | None, int | None]], whole: str, part: str) -> RenderableType:
    page = table(name, whole.title(), part.title(), "Share", "", numbers=(whole.title(), part.title(), "Share"))
    for row, (of, done) in rows.items():
        share = f"{min(done / of, 1):.0%}" if of and done is not None else "-"
        page.add_row(text(row), count(of), count(done), share, bar(min(done, of) if of and done else None, of or 0))
    return page


def _most(numbers: Iterable[int | None]) -> int:
    return max((number or 0 for number in numbers), default=0)
