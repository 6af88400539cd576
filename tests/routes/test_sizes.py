"""What staff write fits into a row of the table (400 KB), however much they write. Too much is refused in words."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from practice_api.services import Services
from rekindle.accounts import PUBLISH, READ
from rekindle.domain.help import HELP_BYTES, Help
from rekindle.domain.ids import Language, PackId, PromptId, Uid
from rekindle.domain.prompts import Audience
from rekindle.packs.audit_chain import linked
from rekindle.packs.contract import LONGEST_ID, LONGEST_NOTE
from rekindle.packs.lifecycle import (
    MOST_WITHDRAWN_PROMPTS,
    RELEASES_IN_HEAD,
    About,
    Actor,
    AuditEntry,
    DraftHead,
    PackHead,
    Proposal,
    ReleaseHead,
    StaffAction,
)
from rekindle.packs.rules import parse_pack
from rekindle.store import keys
from rekindle.store.audit import audit_row
from rekindle.store.catalogue import index_of
from rekindle.store.forms import stored
from rekindle.store.help import help_write
from rekindle.store.instants import to_millis
from rekindle.store.packs import Publication
from rekindle.store.releases import release_rows
from rekindle.store.table import Write
from testing.apis import every_member_is_good
from testing.apis import practice_handler_of as handler_of
from testing.builders import an_instant
from testing.packs import a_document, a_prompt, a_source
from testing.phones import Phone
from testing.stored import row_in

if TYPE_CHECKING:
    from rekindle.packs.document import Pack
    from rekindle.store.table import Item, Table

ROW_BYTES: Final = 400 * 1024
"""DynamoDB's limit for an item, with its names and values."""
NOON: Final = an_instant("2026-03-02T12:00:00Z")
WIDE: Final = "\N{HERB}"
"""A character of four bytes in UTF-8, which is the most."""
LARGEST_NOTE: Final = WIDE * LONGEST_NOTE
LARGEST: Final = Actor("u" * 128, "n" * 255, NOON)
"""Firebase's longest uid and email."""
LANGUAGES: Final = tuple(Language(f"{first}{second}") for first in "abcd" for second in "abcdefghij")
LONGEST_TITLE: Final = WIDE * 60


def size_of(value: object) -> int:
    """Return the size of a value in an item, as DynamoDB counts it.

    Source: "DynamoDB Item sizes and formats" in the DynamoDB Developer Guide.
    """
    match value:
        case None | bool():
            return 1
        case int():
            return 21
        case str():
            return len(value.encode())
        case bytes():
            return len(value)
        case list():
            return 3 + sum(1 + size_of(each) for each in value)
        case dict():
            return 3 + sum(1 + len(name.encode()) + size_of(each) for name, each in value.items())
    raise TypeError(value)


def test_the_size_is_that_of_dynamodb_s_rule() -> None:
    assert size_of({"ab": "é", "c": [True, None]}) == 3 + (1 + 2 + 2) + (1 + 1 + 3 + 2 + 2)


def a_release(version: int) -> ReleaseHead:
    """Return the largest release that a head can list."""
    return ReleaseHead(
        version=version,
        live_from=NOON,
        published=LARGEST,
        approved=LARGEST,
        chunks=6,
        title=LONGEST_TITLE,
        audience=Audience.EVERYONE,
        languages=LANGUAGES,
        prompts=99_999,
        announce=False,
        note=LARGEST_NOTE,
        taken_back=LARGEST,
    )


def test_the_largest_head_of_a_pack_fits() -> None:
    about = About(LONGEST_TITLE, Audience.EVERYONE, LANGUAGES, 99_999)
    head = PackHead(
        id=PackId("p" * LONGEST_ID),
        draft=DraftHead(1, 6, LARGEST, 1, about),
        proposal=Proposal(1, LARGEST, NOON, announce=True, note=LARGEST_NOTE),
        releases=tuple(a_release(number) for number in range(RELEASES_IN_HEAD)),
        withdrawn=LARGEST,
        withdrawn_prompts={PromptId(f"{number:0{LONGEST_ID}}"): LARGEST for number in range(MOST_WITHDRAWN_PROMPTS)},
        code="22222222",
        news_on=NOON.date(),
    )
    assert size_of(stored(head)) < ROW_BYTES


def test_the_largest_entry_of_the_audit_fits() -> None:
    entry = AuditEntry(
        LARGEST, StaffAction.WITHDRAWN, PackId("p" * 48), 1, PromptId("q" * 48), LARGEST_NOTE, "a" * 255, "s" * 1000
    )
    row = audit_row(entry, linked(entry, 10**9, "0" * 64, NOON), to_millis(NOON))
    assert size_of(dict(row.item)) < 10_000


@pytest.fixture
def services(table: Table) -> Services:
    return Services.on(table, every_member_is_good, review_required=False)


@pytest.fixture
def ruth(services: Services) -> Phone:
    claims = {"email": "ruth@practice.example", "email_verified": "true", "scope": f"{READ} {PUBLISH}"}
    return Phone(handler_of(lambda: services), Uid("ruth"), NOON, claims)


def sizes(table: Table) -> dict[str, int]:
    """Map each kind of row, by its partition without ids, to the size of its largest row."""
    found: dict[str, int] = {}
    for item in table.items():  # type: ignore[attr-defined]  # a table in memory
        kind = item["pk"].partition("#")[0]
        found[kind] = max(found.get(kind, 0), size_of(item))
    return found


def the_pack() -> Pack:
    words = {"en": {"title": LONGEST_TITLE, "written_for": "Us."}}
    return parse_pack(a_document(a_prompt("rain"), words=words))


def published(services: Services, number: int, by: Actor) -> None:
    """Publish a version of the pack river with the largest note."""
    pack = the_pack()
    publication = Publication(
        pack=pack,
        source=f"# {number}",
        published=by,
        approved=by,
        live_from=by.at,
        announce=False,
        note=LARGEST_NOTE,
        code="",
    )
    services.packs.publish(services.packs.head(pack.id), publication)


def test_a_pack_has_a_thousand_versions_with_the_largest_notes(ruth: Phone, services: Services, table: Table) -> None:
    """All but the latest versions are stored as publishing would have left them."""
    versions, before = 1_000, 950
    releases = [replace(a_release(number), taken_back=None) for number in range(1, before + 1)]
    head = PackHead(PackId("river"), versions=before, releases=tuple(releases[-RELEASES_IN_HEAD:]), revision=1)
    rows = {keys.older_release(head.id, each.version): each for each in releases[:-RELEASES_IN_HEAD]}
    table.put_many((key, stored(each)) for key, each in ({keys.pack(head.id): head} | rows).items())
    table.put_many(release_rows(the_pack(), before, NOON, []))  # the live one
    for number in range(before, versions):
        published(services, number, replace(LARGEST, at=NOON + number * dt.timedelta(hours=1)))
    ruth.now = NOON + versions * dt.timedelta(hours=1)
    assert max(sizes(table).values()) < ROW_BYTES
    assert sizes(table)["PACKS"] < ROW_BYTES / 2
    reply = ruth.get("/v1/practice/packs/river")
    assert [each["version"] for each in reply.body["releases"]] == list(range(versions, 0, -1))
    assert {each["note"] for each in reply.body["releases"]} == {LARGEST_NOTE}
    assert len(json.dumps(reply.text, ensure_ascii=False).encode()) < 6_000_000, "Lambda's limit for an answer"
    for version in (before + 1, versions):  # the first of these has left the head
        source = ruth.get(f"/v1/practice/packs/river/releases/{version}").body
        assert (source["version"], source["source"]) == (version, f"# {version - 1}")
    assert [release.version for release in index_of(table).releases if release.pack == "river"][-1] == versions
    assert ruth.get("/v1/practice/audit").body["intact"]


def test_the_live_version_stays_although_later_ones_are_taken_back(
    ruth: Phone, services: Services, table: Table
) -> None:
    published(services, 0, LARGEST)
    for number in range(RELEASES_IN_HEAD + 3):
        ruth.now += dt.timedelta(minutes=1)
        body = {"source": a_source(a_prompt(f"rain-{number}")), "revision": 0}
        revision = ruth.put("/v1/practice/packs/river/draft", body).body["revision"]
        later = {"revision": revision, "at": (ruth.now + dt.timedelta(days=1)).isoformat()}
        assert ruth.post("/v1/practice/packs/river/publish", later).status == 200
        assert ruth.post("/v1/practice/packs/river/reject", {}).body["live_version"] == 1
    pack = ruth.get("/v1/practice/packs/river").body
    assert (pack["state"], pack["live_version"], len(pack["releases"])) == ("live", 1, RELEASES_IN_HEAD + 4)
    assert len(row_in(table, keys.pack(PackId("river")))["releases"]) == RELEASES_IN_HEAD
    assert ruth.post("/v1/practice/packs/river/withdraw", {}).body["state"] == "withdrawn"
    assert ruth.post("/v1/practice/packs/river/restore", {}).body["live_version"] == 1
    assert ruth.post("/v1/practice/packs/river/withdraw", {"prompt": "rain-0"}).problem == "no-such-prompt"


def test_a_prompt_of_a_version_that_has_left_the_head_can_be_withdrawn(ruth: Phone, services: Services) -> None:
    for number in range(RELEASES_IN_HEAD + 5):
        pack = parse_pack(a_document(a_prompt(f"rain-{number}")))
        publication = Publication(pack, "", LARGEST, None, NOON, announce=False, note=None, code="")
        services.packs.publish(services.packs.head(pack.id), publication)
    withdrawn = ruth.post("/v1/practice/packs/river/withdraw", {"prompt": "rain-0"}).body
    assert withdrawn["withdrawn_prompts"] == ["rain-0"]


def test_a_head_of_version_0_1_0_with_hundreds_of_releases_grows_smaller(services: Services, table: Table) -> None:
    published(services, 0, LARGEST)
    head = services.packs.head(PackId("river"))
    releases = tuple(replace(head.releases[0], version=number, note=None) for number in range(1, 201))
    item: Item = stored(replace(head, releases=releases, versions=200))
    table.write(Write("Put", keys.pack(head.id), item=item))
    counts = []
    for number in range(12):
        published(services, 200 + number, LARGEST)
        counts.append(len(services.packs.head(head.id).releases))
    assert counts[:3] == [181, 162, 143]
    assert counts[-1] == RELEASES_IN_HEAD
    all_versions = [each.version for each in services.packs.releases(services.packs.head(head.id))]
    assert all_versions == list(range(1, 213))


def test_no_pack_has_more_withdrawn_prompts_than_fit(ruth: Phone, services: Services) -> None:
    prompts = [a_prompt(f"rain-{number}") for number in range(MOST_WITHDRAWN_PROMPTS + 1)]
    pack = parse_pack(a_document(*prompts))
    publication = Publication(pack, "", LARGEST, None, NOON, announce=False, note=None, code="")
    services.packs.publish(services.packs.head(pack.id), publication)
    head = services.packs.head(pack.id)
    withdrawn = {prompt.id: LARGEST for prompt in pack.prompts[:MOST_WITHDRAWN_PROMPTS]}
    item: Item = stored(replace(head, withdrawn_prompts=withdrawn))
    services.packs.table.write(Write("Put", keys.pack(pack.id), item=item))
    path, last = "/v1/practice/packs/river/withdraw", f"rain-{MOST_WITHDRAWN_PROMPTS}"
    refused = ruth.post(path, {"prompt": last})
    assert refused.body["errors"] == [
        {
            "field": "body.prompt",
            "reason": "400 prompts of this pack are withdrawn already. Publish it without them, under another id",
        }
    ]
    assert ruth.post(path, {"prompt": "rain-0"}).status == 200, "it is withdrawn already"
    assert ruth.post("/v1/practice/packs/river/restore", {"prompt": "rain-0"}).status == 200
    assert ruth.post(path, {"prompt": last}).status == 200


@pytest.mark.parametrize("route", ["publish", "reject", "withdraw"])
def test_a_note_is_too_long_by_one_character(ruth: Phone, route: str) -> None:
    name = "reason" if route == "withdraw" else "note"
    body = {name: LARGEST_NOTE + WIDE} | ({"revision": 1} if route == "publish" else {})
    refused = ruth.post(f"/v1/practice/packs/river/{route}", body)
    assert [each["field"] for each in refused.body["errors"]] == [f"body.{name}"]
    refused = ruth.post("/v1/practice/help/reject", {"proposal": 1, "note": LARGEST_NOTE + WIDE})
    assert [each["field"] for each in refused.body["errors"]] == ["body.note"]


def a_help(lines: int, character: str = WIDE) -> dict[str, Any]:
    """Return a help document whose lines each have the longest texts in forty languages."""
    words = dict.fromkeys(LANGUAGES, character * 120)
    nothing = {"country": None, "text": None, "url": None, "hours": None, "languages": [*LANGUAGES]}
    line = nothing | {"name": words, "phone": "116 123", "note": words}
    return {"booking": None, "lines": [line] * lines, "revision": 0}


def test_the_largest_help_fits_and_more_is_refused_in_words(ruth: Phone, table: Table) -> None:
    assert ruth.put("/v1/practice/help", a_help(5)).status == 200
    assert HELP_BYTES * 0.9 < sizes(table)["HELP"] < ROW_BYTES
    refused = ruth.put("/v1/practice/help", a_help(6))
    assert refused.problem == "invalid-fields"
    (error,) = refused.body["errors"]
    assert error["field"] == "body"
    assert error["reason"].endswith("bytes long in all its languages; it can have at most 200,000")


def test_a_larger_help_of_before_is_still_shown(ruth: Phone, table: Table) -> None:
    """Version 0.1.0 had no limit but DynamoDB's."""
    offered = Help.model_validate({name: value for name, value in a_help(8).items() if name != "revision"})
    table.write(help_write(offered, 0))
    assert len(ruth.get("/v1/practice/help").body["lines"]) == 8
