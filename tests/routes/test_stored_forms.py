"""Rows of packs and audit entries keep their stored form: the items here were written by earlier versions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from rekindle.domain.ids import Language, PackId, PromptId
from rekindle.domain.prompts import Audience
from rekindle.packs.audit_chain import ChainedEntry, Link
from rekindle.packs.lifecycle import (
    About,
    Actor,
    AuditEntry,
    DraftHead,
    PackHead,
    Proposal,
    ReleaseHead,
    StaffAction,
)
from rekindle.store import keys
from rekindle.store.audit import Audit, audit_row
from rekindle.store.instants import to_ttl
from rekindle.store.packs import Packs
from rekindle.store.table import Write
from testing.builders import an_instant
from testing.memory_table import MemoryTable
from testing.stored import row_in

TEN_YEARS = 3653 * 24 * 3600
NOON = an_instant("2026-03-02T12:00:00Z")
MILLIS = 1_772_452_800_000
ADA = Actor("ada", "Ada", NOON)
ADA_ITEM = {"uid": "ada", "name": "Ada", "at": MILLIS}
PACK = PackId("starter")
HEAD = PackHead(
    id=PACK,
    drafts=4,
    versions=3,
    draft=DraftHead(4, 1, ADA, base=2, about=About("Starter", Audience.EVERYONE, (Language("en"),), 27)),
    proposal=Proposal(4, ADA, NOON, announce=True, note="New words"),
    releases=(
        ReleaseHead(
            version=3,
            live_from=NOON,
            published=ADA,
            approved=ADA,
            chunks=2,
            title="Starter",
            audience=Audience.CODE,
            languages=(Language("en"), Language("es")),
            prompts=27,
            announce=False,
            note="First",
            taken_back=ADA,
        ),
    ),
    withdrawn=ADA,
    withdrawn_up_to=2,
    withdrawn_prompts={PromptId("walk"): ADA},
    code="K7MP2QRX",
    news_on=dt.date(2026, 3, 3),
    revision=9,
)
HEAD_ITEM: dict[str, Any] = {
    "drafts": 4,
    "versions": 3,
    "draft": {
        "revision": 4,
        "chunks": 1,
        "saved": ADA_ITEM,
        "base": 2,
        "about": {"title": "Starter", "audience": "everyone", "languages": ["en"], "prompts": 27},
    },
    "proposal": {"revision": 4, "proposed": ADA_ITEM, "at": MILLIS, "announce": True, "note": "New words"},
    "releases": [
        {
            "version": 3,
            "live_from": MILLIS,
            "published": ADA_ITEM,
            "approved": ADA_ITEM,
            "chunks": 2,
            "title": "Starter",
            "audience": "code",
            "languages": ["en", "es"],
            "prompts": 27,
            "announce": False,
            "note": "First",
            "taken_back": ADA_ITEM,
        }
    ],
    "withdrawn": ADA_ITEM,
    "withdrawn_up_to": 2,
    "withdrawn_prompts": {"walk": ADA_ITEM},
    "code": "K7MP2QRX",
    "news_on": "2026-03-03",
    "revision": 9,
}
ENTRY = AuditEntry(ADA, StaffAction.WITHDRAWN, PACK, version=3, prompt=PromptId("walk"), note="Why")
ENTRY_ITEM = {
    "done": ADA_ITEM,
    "action": "withdrawn",
    "pack": "starter",
    "version": 3,
    "prompt": "walk",
    "note": "Why",
}


def a_table(key: keys.Key, item: dict[str, Any]) -> Any:
    table: Any = MemoryTable()
    table.write(Write("Put", key, item=item))
    return table


def test_a_stored_pack_is_read_whole() -> None:
    assert Packs(a_table(keys.pack(PACK), HEAD_ITEM)).head(PACK) == HEAD


def test_a_pack_is_written_as_it_was_stored() -> None:
    table = a_table(keys.pack(PACK), HEAD_ITEM)
    Packs(table).renew_code(PACK, "22222222", ADA)
    changed = HEAD_ITEM | {"code": "22222222", "expected_couples": None, "revision": 10}
    assert row_in(table, keys.pack(PACK)) == changed | keys.pack(PACK)._asdict()
    assert Packs(table).head(PACK) == replace(HEAD, code="22222222", revision=10)


def test_an_audit_entry_is_stored_as_before_with_its_link() -> None:
    link = Link(7, "digest", "previous", NOON - dt.timedelta(hours=1))
    written = audit_row(ENTRY, link, MILLIS)
    place = {"number": 7, "digest": "digest", "previous": "previous", "previous_at": MILLIS - 3_600_000}
    assert written.item == ENTRY_ITEM | place | {"ttl": to_ttl(NOON) + TEN_YEARS}
    audit = Audit(a_table(written.key, dict(written.item)))
    assert audit.page(None, 10, NOON).entries == [ChainedEntry(ENTRY, link)]


def test_an_audit_entry_of_version_0_1_0_is_read() -> None:
    page = Audit(a_table(keys.Key(keys.OLDER_AUDIT, f"{MILLIS}-any"), ENTRY_ITEM)).page(None, 10, NOON)
    assert page.entries == [ChainedEntry(ENTRY, None)]
    assert page.intact
