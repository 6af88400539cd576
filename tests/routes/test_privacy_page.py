"""docs/privacy.md names everything that is kept, and tests that show its end."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import MISSING, fields, replace
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from local.places import ROOT
from rekindle.domain.erasures import ErasedPart
from rekindle.domain.ids import DeviceId, InviteId, Uid, Zone
from rekindle.domain.limits import Counted
from rekindle.domain.persons import Device, DueEarlier, LiveInvite, Person, Platform, Target, TargetKind
from rekindle.domain.pushes import PushKind
from rekindle.domain.touch_dates import TouchDates
from rekindle.store import keys
from rekindle.store.instants import to_ttl
from rekindle.store.person_items import person_item
from rekindle.store.table import Write
from testing.builders import LONDON
from testing.phones import a_phone
from testing.released import NOW, lived
from testing.stored import erasures_beside, row_in
from tests.build.cloudformation import functions, resources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from couples_api.services import Services
    from rekindle.store.table import Table
    from testing.phones import Handler
    from testing.released import World

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


ABOUT_NOBODY: Final = {
    *("audit", "catalogue index", "catalogue version", "draft's text", "pack", "practice's code", "prompt's text"),
    *("release", "older release", "release's source", "help", "proposed help", "notice", "news"),
    *("older audit entry", "last audit entry", "read notices", "sign-out of staff"),
    *("outages", "watermark", "shards' names", "list of slots", "slot"),
    *("counters of a date", "counters of a prompt", "counters of a week", "statistics shown on a date"),
    *("cell key", "older cell key"),
}
"""Kinds of rows that nothing in a couple's life adds an attribute to. Some of them are about staff.

All other kinds need words for each attribute.
"""

TECHNICAL: Final = {"pk", "sk", "ttl", "revision", "count"}
"""A row's key, its end and its number of changes. A sentence above the table names them."""

NAMED_BY_DATA: Final = {
    *("devices", "removed_devices", "parted", "last_due", "reminded_since", "profiles", "packs", "windows", "answers"),
    *("paused_by", "pauses_ended"),
    *("themes_met", "seen", "codes", "requests", "authors", "runs", "due", "reached", "steps"),
    *("levels", "counted"),
}
"""Maps whose names are ids, dates, kinds or fingerprints."""

PROFILE: Final = "display_name zone language depth touch_comfort barriers streak_hidden"

WORDS: Final = {
    "person": {
        "your name, language, time zone, depth, touch comfort, barriers, whether you hide the streak": " ".join(
            f"profile.{name}" for name in PROFILE.split()
        ),
        "your reminders with their quiet hours": "reminders.prompt reminders.evening reminders.quiet_hours"
        " reminders.touch reminders.touch.weekdays reminders.touch.time reminders.nudges_muted reminders.news",
        "the app's id for each": "devices",
        "its address at Google": "devices.*.token devices.*.fid",
        "whether it is an Android phone or an iPhone": "devices.*.platform",
        "when you added it, and when the app last registered it": "devices.*.added_at devices.*.registered_at",
        "a phone that Google no longer reaches": "removed_devices removed_devices.*",
        "when your account began": "created_at",
        "when you last signed out everywhere": "signed_out_at",
        "what you did in the last 24 hours that has a limit": "counted counted.*",
        "when Google was last asked whether your account still stands": "checked_at",
        "since when you get it": "reminded_since reminded_since.*",
        "the last date on which it was due": "last_due last_due.*",
        "a reminder that was due just before you moved its time": "owed owed.kind owed.zone owed.time owed.date"
        " owed.until",
        "which couple it is": "couple",
        "on which dates both of you want touch": "touch_agreed touch_dates.turns",
        "a secret that decides when you have a break from it": "touch_dates.seed",
        "until when you pause": "paused_until",
        "whether you have paused your notifications, and when you last ended this": "notifications_paused"
        " notified_since",
        "your invite: its id, its end, and its code only as a fingerprint": "invite.id invite.expires_at"
        " invite.code_mac",
        "when you erased your account, and how often you asked for it": "erased_at asked",
        "which couples you were in, and when each ended": "parted parted.*",
        "then only their number": "partings_deleted",
    },
    "added device": {"that you have just added a phone, with its fingerprint, and when": "added_at"},
    "overdue reminder": {
        "your couple": "couple",
        "when it was due, when it moved, and until when it is sent": "due_at caught_up_at ends_at",
    },
    "tries at redeeming": {
        "when you tried a code": "tries",
        "fingerprints of the code and of the request": "codes codes.* requests requests.*",
    },
    "tries of practices' codes": {
        "when you tried a code": "tries",
        "fingerprints of the code and of the request": "requests requests.*",
    },
    "idempotency key": {"that a request was made, by a fingerprint": "fingerprint"},
    "target's owner": {"pushes go to its present owner only": "uid"},
    "invite": {
        "its id and end": "id expires_at",
        "the ids and names of both": "inviter inviter_name redeemer redeemer_name",
        "whether somebody has redeemed it": "state",
        "the inviter's language": "language",
        "whether they want to go on where you two stopped": "resume",
    },
    "couple": {
        "ids, names and settings of both": "profiles former " + " ".join(f"profiles.*.{n}" for n in PROFILE.split()),
        "packs": "packs packs.*.wish packs.*.since joined",
        "pauses": "pause paused",
        "until when each has paused, and whose pause was ended by the other, and when": "paused_by.* pauses_ended.*",
        "themes by date": "themes_met themes_met.*",
        "since when you are a couple": "created_at",
        "since when your days count": "first_date counted_from",
        "when a day opens and closes": "windows windows.*.opens_at windows.*.closes_at",
        "who wants touch reminders": "touch.wanted_by",
        "since when both want touch, and how much touch on which dates": "touch.from touch.begun touch.levels"
        " touch.levels.*",
        "up to which date this is fixed": "touch.settled",
        "when it ended": "ended_at",
        "the id of the invite with which you paired last": "paired_by",
        "a secret random text that decides the order of prompts": "seed",
    },
    "streak": {"on which dates both answered, and your streak": "bits bits_from persons run changed_at"},
    "prompts seen": {"the prompt with its theme": "<pack>/<prompt>"},
    "day": {
        "the prompt with its theme and kind": "prompt.pack prompt.version prompt.id theme kind",
        "prompts that you swapped and the fingerprint of that request": "swapped.pack swapped.version swapped.id"
        " swapped.again swapped.request swapped.early",
        "whether you had it before": "again",
        "whether you had just joined its pack by a code": "early",
        "when the day opens and closes": "opens_at closes_at",
        "the ids of both": "persons answers",
        "when each answered and how often they changed it": "answers.*.at answers.*.revision",
        "whether they shared first": "answers.*.share_first",
        "whether the other could read an earlier text and it was changed since then": "answers.*.was_open"
        " answers.*.edited",
        "the kind and time of a reflection": "answers.*.reflection.kind answers.*.reflection.at",
        "sealed answers and reflections": "answers.*.sealed answers.*.reflection.sealed",
    },
    "history of solo days": {"the themes and prompts that you had by date": "themes_met themes_met.* seen seen.*"},
    "solo day": {
        "the prompt": "prompt.pack prompt.version prompt.id",
        "when you answered and how often you changed it": "answer.at answer.revision",
        "what you answered alone, sealed": "answer.sealed",
        "with which couple you shared it": "shared_with",
    },
    "shared answer of a solo day": {
        "a copy of it that you showed your partner, sealed": "sealed",
        "with its prompt": "prompt.pack prompt.version prompt.id",
    },
    "nudges a person sent": {
        "which, when, in which couple, to whom": "sent sent.id sent.gesture sent.at sent.couple to",
        "whether your partner sees them": "sent.shown",
    },
    "slot row": {
        "your phones' addresses and the months of their registration": "t",
        "your language": "l",
        "quiet hours": "q",
        "weekdays": "w",
        "whether you want news": "n",
        "dates on which you get none, or still get one": "a o",
        "the dates of touch and the secret for breaks": "b s",
        "your id and your couple's": "u c",
    },
    "run": {
        "how far reminders were sent, by a pseudonym": "cursor passed done",
        "how many persons were due and reached": "due due.* reached reached.*",
    },
    "incident": {"up to five pseudonyms of persons whose push failed": "persons"},
    "couple's tally": {
        "themes, packs and answers of each day": "days from packs",
        "the streak of each week": "runs runs.*",
    },
    "keys of a couple": {
        "your key in a couple, sealed": "authors.*",
        "the name of the key that seals it": "cell",
        "maybe one key of both": "wrapped",
    },
    "person's own key": {"the key of what you answered alone, sealed": "wrapped", "the name of the key that": "cell"},
    "erasure": {"when they asked": "erased_at", "the times of each step": "steps steps.*", "the end": "finished_at"}
    | {"when each receipt was given": "receipts"},
    "receipt": {"with the pseudonym": "erased"},
}
"""Where docs/privacy.md names each attribute: the words, in a line about this kind of row, and the attributes."""


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
    named = {name for line in LINES if len(line) == 3 for name in re.findall(r"`(\w+)`", line[0])}
    assert names - named == set()


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


def _kind_of(item: dict[str, Any]) -> str:
    """Return the kind of a row. If the patterns of several kinds match, the one with the most fixed symbols counts."""
    row = {"sk": ""} | item
    fitting = [(len(re.sub("<[^>]+>", "", pk + sk)), name) for name, pk, sk, _ in kinds() if _is(row, pk, sk)]
    assert fitting, f"docs/table.md has no kind of row for {row['pk']}, {row['sk']}"
    return max(fitting)[1]


def _attributes(value: Any, name: str = "") -> Iterator[str]:
    """Yield the name of each attribute in a row. `*` stands for names that are data, such as ids."""
    if isinstance(value, dict) and value:
        for part, inner in value.items():
            named = "*" if name.rpartition(".")[2] in NAMED_BY_DATA else "<pack>/<prompt>" if "/" in part else part
            yield from _attributes(inner, f"{name}.{named}" if name else named)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            yield from _attributes(inner, name)
    else:
        yield name


def _whole_person(person: Person) -> Person:
    """Return the person with a value in every field that may be empty."""
    due_earlier = DueEarlier(PushKind.PROMPT, Zone(LONDON), dt.time(8), NOW.date(), NOW)
    removed = {DeviceId("old"): NOW}
    invite = LiveInvite(InviteId("an-invite"), "mac", NOW)
    whole = replace(
        person,
        removed_devices=removed,
        devices={DeviceId("new"): Device(Target(TargetKind.TOKEN, "token"), Platform.IOS, NOW, NOW)},
        parted={cast("Any", "former"): NOW},
        partings_deleted=2,
        invite=invite,
        touch_dates=TouchDates((NOW.date(),), "seed"),
        paused_until=NOW.date(),
        notifications_paused=True,
        notified_since=NOW,
        reminded_since={PushKind.PROMPT: NOW},
        last_due={PushKind.PROMPT: NOW.date()},
        due_earlier=(due_earlier,),
        signed_out_at=NOW,
        checked_at=NOW,
        erased_at=NOW,
        counted={Counted.NAME: (NOW,)},
    )
    for each in fields(Person):
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        assert getattr(whole, each.name) != default, f"give {each.name} a value above"
    return whole


def _world() -> World:
    """Return a world whose rows have every attribute that a person's life writes."""
    world = lived()
    ada, ben, eve = (world.phones[name] for name in ("ada", "ben", "eve"))
    touch = {"weekdays": ["monday"], "time": "18:00"}
    for phone in (ada, ben):
        me = phone.get("/v1/me").body
        sent = {name: me[name] for name in PROFILE.split()} | {"language": "es", "zone": LONDON, "touch_comfort": 3}
        assert phone.put("/v1/me", sent).status == 200
        assert phone.put("/v1/me/reminders", {"touch": touch, "quiet_hours": None, "news": False}).status == 200
    for code in ("ABCD-2345", "ABCD-2346"):
        ada.post("/v1/couple/practice-code", {"code": code}, key=f"a-{code}")
    people = world.services.people
    for _ in range(2):
        people.erase(eve.uid, NOW)
    erasures = erasures_beside(cast("Table", world.table))
    erasures.begin(eve.uid, NOW)
    erasures.add_receipt(eve.uid, NOW, "A" * 20, NOW)
    erasures.removed(eve.uid, ErasedPart.KEYS, NOW)
    erasures.finish(keys.pseudonym_of(eve.uid), NOW)
    person = people.person(ada.uid)
    assert person
    people.table.write(Write("Put", keys.person(Uid("whole")), item=person_item(_whole_person(person))))
    return world


@pytest.fixture(scope="module")
def written() -> set[tuple[str, str]]:
    """Return each attribute of rows about persons, with the kind of its row."""
    world = _world()
    erasures = cast("Any", erasures_beside(cast("Table", world.table)).table)
    items = [item for table in (world.table, world.key_table, erasures) for item in table.items()]
    return {
        (kind, name)
        for item in items
        if (kind := _kind_of(item)) not in ABOUT_NOBODY
        for name in _attributes(item)
        if name not in TECHNICAL
    }


def test_every_attribute_about_a_person_has_words_for_couples(written: set[tuple[str, str]]) -> None:
    named = {(kind, name) for kind, words in WORDS.items() for names in words.values() for name in names.split()}
    missing = sorted(f"{kind}: {name}" for kind, name in written - named)
    assert not missing, (
        f"docs/privacy.md says nothing of {missing}. Write words for couples there, and add them to WORDS."
    )
    assert len(written) > 100


@pytest.mark.parametrize("kind", WORDS)
def test_the_words_for_attributes_are_on_the_page(kind: str) -> None:
    lines = [line[0] + line[2] for line in LINES if len(line) == 5 and kind in re.split(r",\s*", line[1])]
    assert {words for words in WORDS[kind] if not any(words in line for line in lines)} == set()


def test_every_attribute_about_a_person_is_on_the_page_of_tables(written: set[tuple[str, str]]) -> None:
    cells = dict(re.findall(r"^\| ([^|:]+)(?::[^|]*)? \| `[A-Z_]+[^`]*` \|(.*)\|[^|]*\|$", TABLES, re.MULTILINE))
    top = {(kind, name.partition(".")[0]) for kind, name in written}
    assert {f"{kind}: {name}" for kind, name in top if f"`{name}`" not in cells[kind]} == set()


def test_an_invite_leaves_its_inviter_s_row_nine_days_later(api: Handler, services: Services) -> None:
    """Any change of the inviter removes it, a week after the invite's own row has ended."""
    ada = a_phone(api, "ada", LONDON)
    assert ada.post("/v1/invites").status == 201
    for days, time, kept in ((8, "08:00", True), (1, "09:00", False)):
        ada.now += dt.timedelta(days=days)
        assert ada.put("/v1/me/reminders", {"prompt_time": time}).status == 200
        assert ("invite" in row_in(services.people.table, keys.person(ada.uid))) is kept
    assert ada.get("/v1/invites").status == 404
    assert ada.post("/v1/invites").status == 201
