"""docs/privacy.md names everything that is kept, and tests that show its end."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final

import pytest

from local.places import ROOT
from rekindle.store.instants import to_ttl
from testing.released import NOW, lived
from tests.build.cloudformation import functions, resources

PAGE: Final = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
TABLES: Final = (ROOT / "docs" / "table.md").read_text(encoding="utf-8")
LINES: Final = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")
]
TESTS: Final = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py")))

ENDS: Final = {
    "1 hour": dt.timedelta(hours=1),
    "24 h": dt.timedelta(days=1),
    "24 h after it expires": dt.timedelta(days=2),
    **{f"{days} day{'s' if days > 1 else ''}": dt.timedelta(days=days) for days in (1, 2, 3, 8)},
}
"""The ends in docs/table.md that depend only on the instant of the row's last write."""


def kinds() -> list[tuple[str, str, str, str]]:
    """Return each kind of row in docs/table.md: its name, the patterns of its keys, and its end."""
    rows = re.findall(r"^\| ([^|]+) \| `([A-Z_]+[^`]*)` \|(?: `([^`]+)` \|)?.*\|([^|]*)\|$", TABLES, re.MULTILINE)
    return [(name.partition(":")[0].strip(), pk, sk, end.strip()) for name, pk, sk, end in rows]


def named_tests() -> set[str]:
    return set(re.findall(r"`(test_\w+)`", PAGE))


def test_every_test_on_the_page_exists() -> None:
    existing = set(re.findall(r"def (test_\w+)\(", TESTS))
    assert len(named_tests() & existing) > 20
    assert named_tests() - existing == set()


def test_every_kind_of_row_is_on_the_page() -> None:
    named = {name.strip() for line in LINES if len(line) == 5 for name in line[1].split(",")}
    assert {name for name, *_ in kinds()} - named == set()
    assert len(kinds()) > 40


def test_every_line_of_what_is_kept_says_why_until_when_and_what_shows_it() -> None:
    kept = [line for line in LINES if len(line) == 5 and line[0] != "what"]
    assert len(kept) > 40
    for line in kept:
        assert all(line), line
        assert re.search(r"`test_\w+`|no end: |own decision", line[4]), line


@pytest.mark.parametrize(
    "kind", ["AWS::DynamoDB::Table", "AWS::Logs::LogGroup", "AWS::SQS::Queue", "AWS::SecretsManager::Secret"]
)
def test_every_table_log_queue_and_secret_is_on_the_page(kind: str) -> None:
    assert {name for name in resources(kind) if f"`{name}`" not in PAGE} == set()


def test_every_function_s_rights_are_on_the_page() -> None:
    """A new function must say what it can read."""
    names = {each["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for each in functions().values()}
    told = {name for line in LINES if len(line) == 3 for name in re.findall(r"`(\w+)`", line[0])}
    assert names - told == set()


def test_every_rule_about_changes_is_on_the_page() -> None:
    assert {name for name in resources("AWS::Events::Rule") if f"`{name}`" not in PAGE} == set()


def test_a_short_lived_row_ends_as_the_page_of_tables_says() -> None:
    items = lived().table.items()
    checked = 0
    for name, pk, sk, end in kinds():
        if end in ENDS:
            rows = [item for item in items if _is(item, pk, sk)]
            assert rows, name
            checked += 1
            for row in rows:
                assert to_ttl(NOW - dt.timedelta(days=15)) < row["ttl"] <= to_ttl(NOW + ENDS[end]), (name, row)
    assert checked >= 9


def _is(item: dict[str, Any], pk: str, sk: str) -> bool:
    return all(
        re.fullmatch(re.sub(r"<[^>]+>", ".+", pattern), item[part]) for part, pattern in (("pk", pk), ("sk", sk))
    )
