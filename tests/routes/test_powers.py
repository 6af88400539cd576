"""What one partner can do to the other ends where docs/safety.md says: the list is whole, and each line is shown."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from local.places import ROOT
from testing.builders import LONDON, TOKYO
from testing.phones import Phone, a_couple, a_phone, at_noon, pair, set_clocks
from testing.stored import person_of, slot_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services
    from testing.phones import Handler

DAY: Final = dt.timedelta(days=1)
FIRST: Final = dt.date(2026, 3, 2)
FARTHEST: Final = ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Pacific/Kiritimati", LONDON)
PAGE: Final = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
TESTS: Final = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py")))


def powers() -> list[list[str]]:
    """Return the lines of the page's table, each with its five cells."""
    section = PAGE.partition("## What one partner can do to the other\n")[2].partition("\n## ")[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return lines[2:]


def test_the_table_names_each_operation_that_changes_something_and_each_line_says_all() -> None:
    """A new operation needs a line in docs/safety.md, or is named among those that concern only the caller."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    changing = {
        operation["operationId"]
        for operations in document["paths"].values()
        for method, operation in operations.items()
        if method in {"post", "put", "patch", "delete"}
    }
    (alone,) = re.findall(r"^These concern only the person who calls them: (.*?)\.$", PAGE, re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`(\w+)`", " ".join(line[0] for line in powers()) + alone))
    assert changing - named == set()
    assert {name for name in named - changing if not name.startswith("get")} == set()
    for line in powers():
        assert len(line) == 5, line
        assert all(line), line


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 15
    assert named - set(re.findall(r"def (test_\w+)\(", TESTS)) == set()
    for line in powers():
        assert re.search(r"`test_\w+`|cannot be prevented", line[4]), line


def test_each_line_about_an_attacker_names_tests_that_exist_or_says_that_nothing_prevents_it() -> None:
    model = PAGE.partition("## Who could try what\n")[2].partition("\n## ")[0]
    attackers = re.findall(r"^### (.*)$", model, re.MULTILINE)
    for attacker in ("own phone", "other's phone", "former", "code", "Staff", "flooder", "token", "backup", "operator"):
        assert any(attacker in each for each in attackers), attacker
    for line in (each for each in model.splitlines() if each[:2] == "| " and not each.startswith("| could try")):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert len(cells) == 3, line
        assert "::test_" in cells[2] or ("Nothing prevents it" in cells[1] and cells[2] == "cannot be prevented"), line
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)
    assert len(named) > 40
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), f"{file}::{test}"


def moves(phone: Phone) -> None:
    for zone in FARTHEST:
        well(phone.put("/v1/me", {"display_name": "Ben", "zone": zone}))


def changes_profile(phone: Phone) -> None:
    profile = {"language": "fr", "depth": 3, "barriers": ["stress"], "streak_hidden": True}
    well(phone.put("/v1/me", {"display_name": "Benno", "zone": TOKYO} | profile))


def changes_reminders(phone: Phone) -> None:
    silent = {"prompt_time": "06:05", "evening_time": None, "nudges_muted": True, "news": False}
    well(phone.put("/v1/me/reminders", silent))


def changes_packs(phone: Phone) -> None:
    well(phone.delete("/v1/couple/packs/test"))
    well(phone.put("/v1/couple/packs/test", None))
    well(phone.delete("/v1/couple/packs/test"))


def pauses_again_and_again(phone: Phone) -> None:
    for days in (1, 92, 2, 40):
        well(phone.patch("/v1/couple", {"pause": {"until": str(phone.now.date() + days * DAY)}}))
    well(phone.delete("/v1/couple/pause"))


def well(reply: Any) -> Any:
    assert reply.status < 300, reply.text
    return reply


def answer(phone: Phone, date: dt.date) -> None:
    well(phone.put(f"/v1/days/{date}/answer", {"text": "Yes."}))


OWN_CHANGES: Final = [moves, changes_profile, changes_reminders]
POWERS: Final = [*OWN_CHANGES, changes_packs, pauses_again_and_again]


@pytest.mark.parametrize("power", [*OWN_CHANGES, changes_packs], ids=lambda power: power.__name__)
def test_no_change_of_ones_own_settings_or_of_packs_moves_a_reminder_of_the_partner(
    services: Services, londoners: tuple[Phone, Phone], power: Callable[[Phone], None]
) -> None:
    ada, ben = londoners
    table = services.people.table
    person, rows = person_of(services, ada), slot_rows(table, ada.uid)
    assert rows
    power(ben)
    assert (person_of(services, ada), slot_rows(table, ada.uid)) == (person, rows)


@pytest.mark.parametrize("power", POWERS, ids=lambda power: power.__name__)
def test_a_day_that_somebody_has_opened_keeps_its_prompt(
    londoners: tuple[Phone, Phone], power: Callable[[Phone], None]
) -> None:
    ada, ben = londoners
    prompt = ada.get("/v1/today").body["today"]["prompt"]
    power(ben)
    assert ada.get("/v1/today").body["today"]["prompt"] == prompt


@pytest.mark.parametrize("power", POWERS, ids=lambda power: power.__name__)
def test_nobody_takes_a_day_or_a_run_from_the_partner(
    londoners: tuple[Phone, Phone], power: Callable[[Phone], None]
) -> None:
    """The power is used beside two complete days, and then again beside a day that only one has answered."""
    ada, ben = londoners
    for number in range(2):
        at_noon(FIRST + number * DAY, ada, ben)
        answer(ada, FIRST + number * DAY)
        answer(ben, FIRST + number * DAY)
    before = well(ada.get("/v1/streak")).body
    power(ben)
    assert ada.get("/v1/streak").body == before
    at_noon(FIRST + 2 * DAY, ada, ben)
    before = ada.get("/v1/streak").body
    answer(ada, FIRST + 2 * DAY)
    power(ben)
    assert {name: ada.get("/v1/streak").body[name] for name in ("current", "longest", "total")} == {
        name: before[name] for name in ("current", "longest", "total")
    }


@pytest.mark.parametrize("opened", [True, False])
@pytest.mark.parametrize("moved_at", ["2026-03-02T00:00:00Z", "2026-03-02T12:00:00Z", "2026-03-02T23:59:59Z"])
def test_no_move_of_the_partner_closes_a_day_before_its_time_on_ones_own_clock(
    londoners: tuple[Phone, Phone], moved_at: str, *, opened: bool
) -> None:
    """A date takes answers until three hours after it ends on each clock, wherever the partner goes."""
    ada, ben = londoners
    set_clocks(moved_at, ada, ben)
    if opened:
        ada.get("/v1/today")
    moves(ben)
    set_clocks("2026-03-03T02:59:59Z", ada, ben)
    moves(ben)
    answer(ada, FIRST)
    assert ada.get(f"/v1/days/{FIRST}").body["me"]["state"] == "answered"


def test_a_swap_uses_up_the_swap_of_that_day_only(api: Handler) -> None:
    ada, ben = a_couple(api, LONDON, LONDON, at="2026-03-01T12:00:00Z", depth=3)
    for number in range(3):
        date = FIRST + number * DAY
        at_noon(date, ada, ben)
        well(ben.get("/v1/today"))
        swapped = ben.post(f"/v1/days/{date}/swap")
        assert swapped.status == 200 or swapped.problem == "nothing-to-swap"
        if swapped.status == 200:
            assert ben.post(f"/v1/days/{date}/swap").problem == "swapped-already"
            assert not ada.get("/v1/today").body["today"]["swappable"]


def test_nobody_who_is_no_partner_can_use_any_of_these_powers(api: Handler) -> None:
    """After the end, the former partner has none of them either."""
    ada, ben = (a_phone(api, name, LONDON) for name in ("ada", "ben"))
    pair(ada, ben)
    well(ada.delete("/v1/couple"))
    refusals = [
        ben.patch("/v1/couple", {"pause": {"until": "2026-03-09"}}),
        ben.delete("/v1/couple/pause"),
        ben.delete("/v1/couple"),
        ben.put("/v1/couple/packs/test", None),
        ben.delete("/v1/couple/packs/test"),
        ben.post("/v1/couple/practice-code", {"code": "ABCD-2345"}),
        ben.post("/v1/nudges", {"gesture": "hug"}),
        ben.post(f"/v1/days/{FIRST}/swap"),
        ben.put(f"/v1/days/{FIRST}/answer", {"text": "Mine."}),
        ben.put(f"/v1/days/{FIRST}/reflection", {"kind": "thank_you"}),
    ]
    assert {reply.problem for reply in refusals} == {"not-paired"}
