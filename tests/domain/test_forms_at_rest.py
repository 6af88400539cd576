"""Each stored or handed-out form stays readable: `tests/released/forms.json` has one example of each, with its version.

A form that this code still writes must come out byte for byte, unless it is compressed: another version of zlib may
choose other bytes. A new form gets a new entry, and the old entry stays:
`python -m tests.domain.test_forms_at_rest VERSION` adds each missing entry, and changes no other.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import importlib
import json
import pkgutil
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import pytest
from pydantic import BaseModel

import rekindle
from couples_api.idempotency import request_id
from couples_api.services import Services
from privacy.cursor import Position, cursor_of, position_from
from rekindle.accounts import DeleteJob, RevokeJob, account_job_from
from rekindle.api.callers import Caller
from rekindle.cleanup import (
    AccountDeletedJob,
    EmptySlotJob,
    EndedJob,
    EraseJob,
    RestJob,
    StaleJob,
    TargetJob,
    cleanup_job_from,
)
from rekindle.crypto.sealing import (
    AUTHORS_KEY,
    SINGLE_KEY,
    answer_context,
    author_key_context,
    couple_key_context,
    person_key_context,
    reflection_context,
    seal,
    seal_text,
    shared_context,
    single_key_answer_context,
    single_key_solo_context,
    solo_context,
    unseal,
    unseal_text,
)
from rekindle.crypto.vault import CONTEXT_PURPOSE, Vault
from rekindle.domain.changes import DeviceAdded
from rekindle.domain.days import Answer
from rekindle.domain.erasures import ErasedPart, Erasure
from rekindle.domain.help import BUILT_IN
from rekindle.domain.ids import CoupleId, Language, PackId, PromptId, Uid
from rekindle.domain.persons import Device, Platform, QuietHours, Target, TargetKind
from rekindle.domain.playlist import Course, Entry, Release
from rekindle.domain.prompts import Audience, PromptKind, PromptRef, Theme
from rekindle.domain.pushes import PushKind
from rekindle.domain.streaks import pack_dates, unpack_dates
from rekindle.domain.tallies import CountedDay, History, Latest, RunLength
from rekindle.packs.audit_chain import ChainedEntry, Link, linked
from rekindle.packs.lifecycle import Actor, AuditEntry, HelpProposal, PackHead, ReleaseHead, StaffAction
from rekindle.packs.notices import Notice, NoticeKind
from rekindle.push.jobs import Missed, NewDeviceJob, PersonJob, ReshardJob, RetryJob, SlotJob, job_from
from rekindle.store import catalogue, keys, pack_sources
from rekindle.store.added_devices import added_device_from, added_device_row
from rekindle.store.audit import Audit, audit_row, audit_writes
from rekindle.store.days import answer_from, answer_item
from rekindle.store.erasures import Erasures
from rekindle.store.forms import stored as stored_value
from rekindle.store.help import HelpStore
from rekindle.store.idempotency import IdempotencyKeys
from rekindle.store.instants import to_millis
from rekindle.store.notices import Notices, notice_row
from rekindle.store.packs import Packs
from rekindle.store.shards import Shards, unused_names
from rekindle.store.slot_rows import SlotRow, row_from, row_item
from rekindle.store.staff import StaffSignOuts
from rekindle.store.statistics import Statistics, shown_rows
from rekindle.store.table import Write
from rekindle.store.tallies import history_from, item_from
from rekindle.store.targets import Registered, packed, unpacked
from testing.apis import every_account_is_good, handler_of
from testing.builders import NEW_YORK, an_instant
from testing.memory_kms import MemoryKms
from testing.memory_table import MemoryTable
from testing.phones import Phone
from testing.released import FOLDER, ROOT, read, row_kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE: Final = FOLDER / "forms.json"
KEPT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
HOW_TO_KEEP: Final = "Add a Form of each to FORMS, and keep it: python -m tests.domain.test_forms_at_rest VERSION"
KEY, SALT = bytes(range(32)), bytes(range(100, 132))
COUPLE, ADA, DATE = CoupleId("couple-1"), Uid("ada"), dt.date(2026, 3, 2)
RECEIPT = "K7MP2QRX9T4WDCB8FHNV"
ERASURE = Erasure(
    requested_at=an_instant(),
    removed={ErasedPart.KEYS: an_instant(), ErasedPart.ACCOUNT: an_instant("2026-03-02T15:11:00Z")},
    finished_at=an_instant("2026-03-02T15:11:00Z"),
)
ANSWER = Answer(an_instant(), 2, None)
PROMPT = PromptRef(PackId("starter"), 1, PromptId("walk"))
TEXT = "Ünder the lime tree 🌿"
TOKEN = "cXh3k9_fQ0mZr2Vt7yLbNa:APA91bH3kq-7Zr_"


class Form(NamedTuple):
    """A value, and how this code writes and reads its form. `write` is None for a form that is only read.

    `route` is the route that hands out the form as its cursor.
    """

    value: Any
    write: Callable[[Any], Any] | None
    read: Callable[[Any], Any] | None
    compressed: bool = False
    route: str = ""


def sealed(context: bytes) -> Form:
    return Form(
        TEXT,
        lambda text: seal_text(KEY, text, context, SALT[:16]).hex(),
        lambda form: unseal_text(KEY, bytes.fromhex(form), context),
    )


def sealed_with_single_key(context: bytes) -> Form:
    return Form(
        TEXT,
        lambda text: seal(KEY, text.encode(), context, SALT).hex(),
        lambda form: unseal(KEY, bytes.fromhex(form), context).decode(),
    )


def vault(scheme: int = AUTHORS_KEY) -> Vault:
    """Return a vault whose cell keys are all KEY, and whose random bytes are those of SALT."""
    memory = cast("Any", MemoryTable())
    made = Vault(
        cast("Any", MemoryKms()),
        "key-0",
        memory,
        memory,
        scheme,
        monotonic=lambda: 0.0,
        entropy=lambda size: SALT[:size],
    )
    for cell in (*(f"{number:02}" for number in range(64)), "invites"):
        made._cells[cell] = (0.0, KEY)
    return made


def stored(answer: Answer) -> Form:
    return Form(answer, lambda each: as_json(answer_item(each)), lambda form: answer_from(from_json(form)))


def with_row(pk: str, form: Any) -> Vault:
    """Return a vault whose table of keys has this row."""
    made = vault()
    made.table.write(Write("Put", keys.Key(pk, ""), item=from_json(form)))
    return made


def as_json(value: Any) -> Any:
    """Return plain values as JSON values, with bytes in base64."""
    return json.loads(json.dumps(value, default=lambda each: {"bytes": base64.b64encode(each).decode()}))


def from_json(form: Any) -> Any:
    return json.loads(
        json.dumps(form),
        object_hook=lambda each: base64.b64decode(each["bytes"]) if each.keys() == {"bytes"} else each,
    )


REGISTERED = (
    Registered(Target(TargetKind.TOKEN, TOKEN), dt.date(2026, 3, 1)),
    Registered(Target(TargetKind.FID, "cXh3k9_fQ0mZr2Vt7yLbNa"), dt.date(2025, 12, 1)),
    Registered(Target(TargetKind.TOKEN, "plain"), dt.date(2024, 1, 1)),
)
ROW = SlotRow(
    kind=PushKind.EVENING,
    person="AAECAwQFBgcI",
    language=Language("es"),
    devices=REGISTERED,
    quiet_hours=QuietHours(dt.time(23), dt.time(6, 30)),
    uid_and_couple=(ADA, COUPLE),
)
RELEASE = Release(
    pack=PROMPT.pack,
    version=3,
    audience=Audience.CODE,
    live_from=an_instant("2026-03-02T12:00:00Z"),
    course=Course(in_order=True, starts_on=DATE, every_days=2),
    entries=(Entry(replace(PROMPT, version=3), Theme.TIME, PromptKind.TOGETHER, 2, 1),),
)
HISTORY = History(
    days={
        DATE: CountedDay(Theme.TIME, (PROMPT.pack, PackId("river")), 2),
        dt.date(2026, 3, 5): CountedDay(None, (PackId("river"),), 1),
    },
    runs={DATE: Latest(8, RunLength.WEEKS)},
)
DATES = frozenset({DATE, dt.date(2026, 3, 4), dt.date(2026, 4, 1)})
JOB: dict[str, Any] = {"date": DATE, "instant": an_instant(), "late": dt.timedelta(seconds=90)}
SLOT: dict[str, Any] = {"zone": NEW_YORK, "time": dt.time(8, 30), "shard": "7k"}


def job(value: Any, read: Callable[[str], Any] = job_from) -> Form:
    return Form(value, lambda each: each.model_dump_json(), read)


def cleanup_job(value: Any) -> Form:
    return Form(value, lambda each: each.model_dump_json(), cleanup_job_from)


NEW_DEVICE = Device(REGISTERED[0].target, Platform.ANDROID, an_instant())
KEY_NAME = "5b1c7f0e-try-1"
"""An idempotency key."""
SHOWN = {"weeks": [{"week": "2026-02-23", "active": 120}], "packs": {"starter": {"walk": {"offered": 30}}}}
ENTRIES = [
    AuditEntry(Actor("ruth", "Ruth", an_instant(f"2026-03-0{number}T15:00:00Z")), StaffAction.DRAFT_SAVED, PROMPT.pack)
    for number in (1, 2, 3)
]


RUTH = Actor("ruth", "Ruth", an_instant())
CHAINED = ChainedEntry(
    AuditEntry(RUTH, StaffAction.RIGHTS_GRANTED, account="saul@practice.example", scope="practice:read"),
    Link(1, "871ea78f7e080f5f450d6abad8e3c8b6d907c1b97b5764730b5b569478107975"),
)
LATER = an_instant("2026-04-01T15:00:00Z")
NOTICE = Notice(NoticeKind.RIGHTS_GRANTED, an_instant(), "Ruth", account="saul@practice.example", scope="practice:read")
OLDER = ReleaseHead(
    1, an_instant(), RUTH, RUTH, 1, "Starter", Audience.CODE, (Language("en"),), 2, announce=True, note="First."
)


def invited(key: str) -> tuple[str, Any]:
    """Let Ada create an invite with an idempotency key. Return the invite's code and the row of the key."""
    table, memory = MemoryTable(), cast("Any", MemoryTable())
    services = Services.on(cast("Any", table), vault(), "https://app.example", Erasures(memory), every_account_is_good)
    phone = Phone(handler_of(lambda: services), ADA, an_instant())
    assert phone.put("/v1/me", {"display_name": "Ada", "zone": NEW_YORK, "language": "en"}).status < 300
    code = phone.post("/v1/invites", key=key).body["code"]
    return code, table.get(keys.once(ADA, key))


def request_in(form: Any) -> str | None:
    """Return the text of the request in the row of KEY_NAME."""
    text = "POST /v1/invites"
    request = IdempotencyKeys(table_with(form)).request(ADA, KEY_NAME, vault().mac(text), an_instant())
    return text if request and request.is_repeat else None


def table_with(*items: Any) -> Any:
    """Return a table with these rows, which are JSON values."""
    table = MemoryTable()
    table.put_many([(keys.Key(item["pk"], item.get("sk", "")), item) for item in map(from_json, items)])
    return table


def as_rows(*writes: Write) -> list[Any]:
    return [as_json({**write.key.attributes, **write.item}) for write in writes]


def audit() -> Audit:
    table = MemoryTable()
    for number, entry in enumerate(ENTRIES):
        # Version 0.1.0 had a digest of the entry in the key.
        millis = to_millis(entry.done.at)
        row = audit_row(entry, linked(entry, number + 1, None, None), millis)
        table.write(replace(row, key=keys.audit(millis, f"{number:012x}")))
    return Audit(cast("Any", table))


def notices() -> Notices:
    rows = (notice_row(replace(NOTICE, at=NOTICE.at + dt.timedelta(days=day))) for day in (0, 1))
    return Notices(table_with(*as_rows(*rows)))


def link_after(head: Any) -> Link | None:
    """Return the link that the row of the last audit entry names, as the next entry repeats it."""
    row, _ = audit_writes(table_with(head), CHAINED.entry)
    return Link(int(row.item["number"]) - 1, str(row.item["previous"]))  # type: ignore[call-overload]


def read_notices_row() -> Any:
    table = cast("Any", MemoryTable())
    (read,) = notices().page("ruth", None, 1, LATER).notices
    Notices(table).mark_read("ruth", read.id, an_instant("2026-03-04T15:00:00Z"))
    return as_json(table.items()[0])


def unread_after(mark: Any) -> int:
    table = cast("MemoryTable", notices().table)
    table.put_many([(keys.Key(mark["pk"], mark["sk"]), from_json(mark))])
    return Notices(cast("Any", table)).page("ruth", None, 1, LATER).unread


def staff_sign_out_row() -> Any:
    table = cast("Any", MemoryTable())
    StaffSignOuts(table).sign_out(RUTH)
    return as_json(table.get(keys.staff_sign_out("ruth")))


def proposed_help_row(proposal: HelpProposal) -> Any:
    table = cast("Any", MemoryTable())
    HelpStore(table).propose(proposal.offered, proposal.replaces, proposal.proposed)
    return as_json(table.get(keys.HELP_PROPOSAL))


def person_key_row() -> Any:
    made = vault()
    made.ensure_person_key(ADA)
    return as_json(cast("MemoryTable", made.table).items()[0])


def cell_key_in(form: Any) -> bytes:
    """Return the cell key of a row of the cell table. The KMS key is KEY."""
    cells = table_with(form)
    kms = MemoryKms(keys={"key-0": KEY})
    return Vault(cast("Any", kms), "key-0", cast("Any", MemoryTable()), cells).mac_bytes("code")


def nudge_id(key: str) -> str:
    return request_id(cast("Any", None), Caller(ADA, an_instant()), key)


def shard_name(given: int) -> Any:
    table = cast("Any", MemoryTable())
    table.write(Write("Put", keys.SHARD_NAMES, item={"given": given}))
    return unused_names(table, 1)[0]


def erasure_rows() -> list[Any]:
    """Return the rows of a finished erasure and of its receipt."""
    table = MemoryTable()
    erasures = Erasures(cast("Any", table))
    erasures.begin(ADA, ERASURE.requested_at)
    erasures.add_receipt(ADA, ERASURE.requested_at, RECEIPT, ERASURE.requested_at)
    for part, instant in ERASURE.removed.items():
        erasures.removed(ADA, part, instant)
    erasures.finish(keys.pseudonym_of(ADA), an_instant("2026-03-02T15:11:00Z"))
    return table.items()


def erasure_in(form: Any) -> Erasure | None:
    """Read an erasure's row with the receipt that leads to it."""
    table = MemoryTable()
    table.put_many([(keys.Key(form["pk"], ""), form)])
    erasures = Erasures(cast("Any", table))
    erasures.add_receipt(ADA, an_instant(), RECEIPT, an_instant())
    return erasures.of_receipt(RECEIPT)


def read_chunks(chunks: list[str]) -> str:
    table = cast("Any", MemoryTable())
    named = [keys.draft(PackId("river"), 1, number) for number in range(len(chunks))]
    for key, chunk in zip(named, chunks, strict=True):
        table.write(Write("Put", key, item={"packed": bytes.fromhex(chunk)}))
    return pack_sources.read_source(table, named)


FORMS: dict[str, Form] = {
    "answer, scheme 1": sealed_with_single_key(single_key_answer_context(COUPLE, DATE, PROMPT, ADA)),
    "reflection, scheme 1": sealed_with_single_key(reflection_context(COUPLE, DATE, PROMPT, ADA)),
    "solo answer, scheme 1": sealed_with_single_key(single_key_solo_context(DATE, PROMPT, ADA)),
    "shared answer, scheme 1": sealed_with_single_key(shared_context(COUPLE, DATE, PROMPT, ADA)),
    "answer, scheme 3": sealed(answer_context(COUPLE, DATE, PROMPT, ADA, ANSWER)),
    "answer shared first, scheme 3": sealed(
        answer_context(COUPLE, DATE, PROMPT, ADA, replace(ANSWER, share_first=True))
    ),
    "reflection, scheme 3": sealed(reflection_context(COUPLE, DATE, PROMPT, ADA)),
    "solo answer, scheme 3": sealed(solo_context(DATE, PROMPT, ADA, 2)),
    "shared answer, scheme 3": sealed(shared_context(COUPLE, DATE, PROMPT, ADA)),
    "single key of a couple": Form(
        SALT,
        lambda _: as_json(vault(SINGLE_KEY).new_keys(COUPLE, [ADA]).item),
        lambda form: with_row(f"COUPLE#{COUPLE}", form).couple_keys(COUPLE).single,
    ),
    "authors' keys of a couple": Form(
        {ADA: SALT},
        lambda _: as_json(vault().new_keys(COUPLE, [ADA]).item),
        lambda form: with_row(f"COUPLE#{COUPLE}", form).couple_keys(COUPLE).authors,
    ),
    "stored answer, scheme 1": stored(replace(ANSWER, sealed=b"\1...")),
    "stored answer, scheme 3": stored(replace(ANSWER, sealed=b"\3...")),
    "stored answer without a text": stored(ANSWER),
    "stored answer shared first": stored(replace(ANSWER, sealed=b"\3...", share_first=True)),
    "context of an author's key": Form(ADA, lambda person: author_key_context(COUPLE, person).hex(), None),
    "context of a couple's key": Form(COUPLE, lambda couple: couple_key_context(couple).hex(), None),
    "context of a person's key": Form(ADA, lambda person: person_key_context(person).hex(), None),
    "KMS's encryption context": Form("07", lambda cell: {"purpose": CONTEXT_PURPOSE, "cell": cell}, None),
    "MAC of a code": Form("ABCDEFGHJK", lambda code: vault().mac(code), None),
    "packed targets": Form(REGISTERED, lambda each: packed(each).hex(), lambda form: unpacked(bytes.fromhex(form))),
    "slot row": Form(
        ROW,
        lambda row: as_json(row_item(row)),
        lambda form: row_from(from_json(form) | {"sk": f"e{ROW.person}"}),
    ),
    "key of a slot row": Form(ROW, lambda row: keys.slot_row("7k", row.kind, row.person).attributes, None),
    "shard of a row": Form("AAECAwQFBgcI", lambda each: Shards(("a", "b", "c"), ("d", "e")).shards_of(each), None),
    "name of a shard": Form(36**3 - 1, shard_name, None),
    "pseudonym": Form(ADA, keys.pseudonym_of, None),
    "digest of a target": Form(REGISTERED[0].target, keys.digest_of, None),
    "catalogue index": Form(
        [RELEASE],
        lambda releases: catalogue.packed(releases).hex(),
        lambda form: catalogue.unpacked(bytes.fromhex(form)),
        compressed=True,
    ),
    "draft's text": Form(
        TEXT,
        lambda text: [chunk.hex() for chunk in pack_sources.chunks_of(text)],
        read_chunks,
        compressed=True,
    ),
    "bitmap of dates": Form(
        DATES,
        lambda dates: pack_dates(DATE, dates).hex(),
        lambda form: unpack_dates(DATE, bytes.fromhex(form)),
    ),
    "tally": Form(HISTORY, lambda history: as_json(item_from(history)), history_from),
    "cursor of an export": Form(
        Position(2, DATE),
        partial(cursor_of, uid=ADA),
        partial(position_from, uid=ADA),
        route="POST /v1/me/export",
    ),
    "cursor of an export, at the start of a section": Form(
        Position(2), partial(cursor_of, uid=ADA), partial(position_from, uid=ADA)
    ),
    "cursor of the audit": Form(
        ENTRIES[1::-1],
        lambda _: audit().page(None, 1, an_instant()).before,
        lambda form: [each.entry for each in audit().page(form, 100, an_instant()).entries],
        route="GET /v1/practice/audit",
    ),
    "cursor of the notices": Form(
        [NOTICE],
        lambda _: notices().page("ruth", None, 1, LATER).before,
        lambda form: [each.notice for each in notices().page("ruth", form, 100, LATER).notices],
        route="GET /v1/practice/notices",
    ),
    "row of an audit entry with its link": Form(
        CHAINED,
        lambda chained: as_rows(audit_row(chained.entry, chained.link, to_millis(chained.entry.done.at)))[0],
        lambda form: Audit(table_with(form)).page(None, 1, an_instant()).entries[0],
    ),
    "row of the last audit entry": Form(
        CHAINED.link, lambda _: as_rows(*audit_writes(table_with(), CHAINED.entry))[1], link_after
    ),
    "row of a notice": Form(
        NOTICE,
        lambda notice: as_rows(notice_row(notice))[0],
        lambda form: Notices(table_with(form)).page("ruth", None, 1, LATER).notices[0].notice,
    ),
    "row of read notices": Form(0, lambda _: read_notices_row(), unread_after),
    "row of a sign-out of staff": Form(
        an_instant("2026-03-02T15:00:01Z"),
        lambda _: staff_sign_out_row(),
        lambda form: StaffSignOuts(table_with(form)).signed_out_at(Uid("ruth")),
    ),
    "row of proposed help": Form(
        HelpProposal(1, RUTH, BUILT_IN, 0),
        proposed_help_row,
        lambda form: HelpStore(table_with(form)).proposal(),
    ),
    "row of an older release": Form(
        OLDER,
        lambda release: as_rows(Write("Put", keys.older_release(PROMPT.pack, 1), item=stored_value(release)))[0],
        lambda form: Packs(table_with(form)).release(PackHead(PROMPT.pack), 1),
    ),
    "row of a person's own key": Form(
        SALT,
        lambda _: person_key_row(),
        lambda form: with_row(form["pk"], form).person_key(ADA).key,
    ),
    "row of a cell key": Form(hmac.digest(KEY, b"code", "sha256"), None, cell_key_in),
    "row of an added device": Form(
        DeviceAdded(ADA, keys.digest_of(REGISTERED[0].target), an_instant()),
        lambda _: as_rows(added_device_row(ADA, NEW_DEVICE))[0],
        added_device_from,
    ),
    "row of an idempotency key": Form("POST /v1/invites", lambda _: invited(KEY_NAME)[1], request_in),
    "code of an invite with an idempotency key": Form(KEY_NAME, lambda key: invited(key)[0], None),
    "id of a request with an idempotency key": Form(KEY_NAME, nudge_id, None),
    "rows of shown statistics": Form(
        SHOWN,
        lambda view: as_rows(*shown_rows(view, an_instant(), 60)),
        lambda form: Statistics(table_with(*form)).view(an_instant(), {}),
        compressed=True,
    ),
    "job of a new device": job(NewDeviceJob(**JOB, uid=ADA, added="0" * 64)),
    "job of a slot": job(SlotJob(**JOB, **SLOT, after=("1", "2"))),
    "job of a person": job(PersonJob(**JOB, kind=PushKind.STREAK_MILESTONE, uid=ADA, couple=COUPLE, milestone=30)),
    "job of a retry": job(
        RetryJob(
            **JOB,
            kind=PushKind.PROMPT,
            missed=(Missed(person="AAECAwQFBgcI", target="0" * 64),),
            couple=COUPLE,
            attempt=2,
            reason="UNAVAILABLE",
            ends_at=an_instant(),
            hold=dt.timedelta(minutes=45),
        )
    ),
    "job of a resharding": job(ReshardJob(**JOB, **SLOT)),
    "job of a sign-out everywhere": job(RevokeJob(uid=ADA, signed_out_at=an_instant()), account_job_from),
    "job of an account's deletion": job(DeleteJob(uid=ADA, pseudonym="AAECAwQFBgcI"), account_job_from),
    "job of an erasure": cleanup_job(EraseJob(uid=ADA, erased_at=an_instant(), is_last=True)),
    "row of an erasure": Form(ERASURE, lambda _: erasure_rows()[0], erasure_in),
    "row of a receipt": Form(RECEIPT, lambda _: erasure_rows()[1], None),
    "job of a deleted account": cleanup_job(AccountDeletedJob(pseudonym="AAECAwQFBgcI", uid=ADA)),
    "cleanup job of an end": cleanup_job(EndedJob(couple=COUPLE)),
    "cleanup job of a dead target": cleanup_job(
        TargetJob(person="AAECAwQFBgcI", target="0" * 64, instant=an_instant())
    ),
    "cleanup job of stale devices": cleanup_job(StaleJob(person="AAECAwQFBgcI", target="0" * 64, instant=an_instant())),
    "cleanup job of a couple's rest": cleanup_job(RestJob(couple=COUPLE, members=(ADA,), ended_at=an_instant())),
    "cleanup job of an empty slot": cleanup_job(EmptySlotJob(zone=NEW_YORK, time=dt.time(8, 30))),
}


def test_every_form_is_kept_and_every_kept_form_has_a_reader() -> None:
    assert FORMS.keys() - KEPT.keys() == set(), HOW_TO_KEEP
    assert KEPT.keys() - FORMS.keys() == set(), "a kept form is read for ever"


def jobs() -> set[type[BaseModel]]:
    """Return every model of `rekindle` with a version and a type: the bodies of messages in queues."""
    for module in pkgutil.walk_packages(rekindle.__path__, "rekindle."):
        importlib.import_module(module.name)
    return {
        model
        for model in models_below(BaseModel)
        if model.__module__.startswith("rekindle.") and {"version", "type"} <= model.model_fields.keys()
    }


def models_below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for below in model.__subclasses__():
        yield below
        yield from models_below(below)


def test_every_job_has_a_form() -> None:
    found = jobs()
    assert {SlotJob, EndedJob, RevokeJob} <= found
    assert {model.__name__ for model in found - {type(form.value) for form in FORMS.values()}} == set(), HOW_TO_KEEP


def kept_rows() -> Iterator[tuple[str, Any]]:
    """Yield each kept row, with the name of its table: the rows of released versions, and of the kept forms."""
    for tables in sorted(FOLDER.glob("*/tables.json")):
        for name, table in read(tables.read_text(encoding="utf-8")).tables.items():
            yield from ((name, item) for item in table.items())
    names = {kind.table for kind in row_kinds()}
    for entry in KEPT.values():
        form = entry["form"]
        for item in form if isinstance(form, list) else [form]:
            if isinstance(item, dict) and "pk" in item:
                yield from ((name, item) for name in names)


def test_every_kind_of_row_has_a_form() -> None:
    """Take the kinds from docs/table.md. The rows of a released version are kept too, and test_released.py reads them.

    A kept form does not name its table. This is enough, because only cell keys have the same keys in two tables.
    """
    rows, kinds = list(kept_rows()), row_kinds()
    assert len(kinds) > 40
    assert [
        kind for kind in kinds if not any(name == kind.table and kind.is_kind_of(item) for name, item in rows)
    ] == [], HOW_TO_KEEP


def cursors() -> set[str]:
    """Return each route that hands out an opaque cursor.

    A cursor is a field of a reply that is null on the last page, and that the client sends back for the next page. A
    date is not opaque: the API's contract says its form.
    """
    found = set()
    for file in ("openapi.json", "openapi-practice.json"):
        document = json.loads((ROOT / "docs" / file).read_text(encoding="utf-8"))
        for path, methods in document["paths"].items():
            for method in methods.keys() & {"get", "post"}:
                sent, shown = sent_fields(document, methods[method]), reply_fields(document, methods[method])
                if any(is_cursor(sent[name], shown[name]) for name in sent.keys() & shown):
                    found.add(f"{method.upper()} {path}")
    return found - {"GET /v1/help"}  # its `country` is two letters


def sent_fields(document: Any, operation: Any) -> dict[str, Any]:
    body = fields_of(document, operation["requestBody"]) if "requestBody" in operation else {}
    return body | {each["name"]: each["schema"] for each in operation.get("parameters", ()) if each["in"] == "query"}


def reply_fields(document: Any, operation: Any) -> dict[str, Any]:
    return fields_of(document, operation["responses"].get("200", {}))


def fields_of(document: Any, part: Any) -> dict[str, Any]:
    """Return the fields of a JSON body, by name."""
    schema = part.get("content", {}).get("application/json", {}).get("schema", {})
    fields: dict[str, Any] = {}
    for each in schema.get("anyOf", [schema]):
        whole = document["components"]["schemas"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        fields |= whole.get("properties", {})
    return fields


def is_cursor(sent: Any, shown: Any) -> bool:
    texts = [[each for each in field.get("anyOf", [field]) if each.get("type") == "string"] for field in (sent, shown)]
    nullable = all({"type": "null"} in field.get("anyOf", ()) for field in (sent, shown))
    return nullable and all(texts) and "date" not in {each.get("format") for each in texts[0]}


def test_every_cursor_has_a_form() -> None:
    found = cursors()
    assert "POST /v1/me/export" in found
    assert found - {form.route for form in FORMS.values()} == set(), HOW_TO_KEEP


@pytest.mark.parametrize("name", FORMS)
def test_a_kept_form_is_read_and_written_as_before(name: str) -> None:
    kept, form = KEPT[name]["form"], FORMS[name]
    if form.read:
        assert form.read(kept) == form.value
    if form.write and form.compressed:
        assert form.read
        assert form.read(form.write(form.value)) == form.value
    elif form.write:
        assert as_json(form.write(form.value)) == kept


def keep(version: str) -> None:
    """Add an entry for each form that has none. Entries that exist stay as they are."""
    for name in [name for name in FORMS if name not in KEPT]:
        form = FORMS[name]
        assert form.write, f"write the entry of {name} by hand"
        KEPT[name] = {"since": version, "form": as_json(form.write(form.value))}
    FILE.write_text(json.dumps(KEPT, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python -m tests.domain.test_forms_at_rest VERSION")
    keep(sys.argv[1])
