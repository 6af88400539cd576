"""Keep everything that a released version stores, so that other versions can show that they read it.

`python -m testing.released keep VERSION` writes two files to tests/released/VERSION: the tables of a small world that
this code has written (`tables.json`), and this code itself (`code.tar.xz`). `python -m testing.released show` reads
tables from standard input, and prints what every person and member of staff sees. `live-on` does the same, and lets
people write between two looks. The kept code knows both commands too, because it contains this module.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import json
import os
import re
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from couples_api.services import Services
from practice_api.services import Services as PracticeServices
from rekindle.crypto.sealing import AUTHORS_KEY, SINGLE_KEY
from rekindle.crypto.vault import Vault
from rekindle.domain.ids import PackId, Uid, Zone
from rekindle.domain.pushes import PushKind, Reach
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.forms import stored
from rekindle.store.incidents import Incidents
from rekindle.store.packs import Packs
from rekindle.store.runs import Runs
from rekindle.store.shards import read_shards
from rekindle.store.slots import Slots
from rekindle.store.table import Write, marshal, unmarshal
from rekindle.store.tallies import Tallies
from rekindle.store.watermark import Watermark
from rekindle.telemetry import logger
from tally.handler import Tally
from testing.apis import every_account_is_good, every_member_is_good, phones_api, practice_handler_of
from testing.builders import LONDON, NEW_YORK, an_instant, prompts, publish, publish_choices
from testing.memory_kms import MemoryKms
from testing.memory_table import MemoryTable
from testing.packs import a_source
from testing.phones import Phone, pair, set_clocks
from testing.stored import erasures_beside, stream_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from types_boto3_kms import KMSClient

    from rekindle.store.table import Item, Table
    from testing.phones import Reply

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "tests" / "released"
NOW: Final = an_instant("2026-03-09T15:00:00Z")
"""The instant at which the kept world is served."""
PEOPLE: Final = ("ada", "ben", "cem", "dua", "eve", "fay")
ERASED: Final = "gil"
"""The person who has erased their account. Version 0.1.0 had no erasures."""
STAFF: Final = ("ruth", "saul")
_KMS_KEY: Final = "key-0"
_CODE: Final = (
    *("shared/rekindle/**/*.py", "functions/*/*/*.py", "testing/*.py", "local/__init__.py", "local/places.py"),
    "docs/openapi*.json",
)
_TABLES: Final = {
    "The main table": "main",
    "The key table": "keys",
    "The cell table": "cells",
    "The table of erasures": "erasures",
}
"""The headings in docs/table.md of the tables in `tables.json`."""
_SHOWN: Final = (
    *("/v1/me", "/v1/me/reminders", "/v1/couple", "/v1/today", "/v1/days", "/v1/streak", "/v1/recap", "/v1/nudges"),
    *("/v1/packs", "/v1/touch/today", "/v1/solo/today", "/v1/solo/days", "/v1/solo/shared", "/v1/invites", "/v1/help"),
)
_SHOWN_TO_STAFF: Final = (
    *("/v1/practice/packs", "/v1/practice/packs/river", "/v1/practice/packs/river/draft", "/v1/practice/audit"),
    *("/v1/practice/help", "/v1/practice/statistics"),
)
_TOKEN: Final = "cXh3k9_fQ0mZr2Vt7yLbNa:APA91bH" + "3kq-7Zr_" * 16


@dataclass(slots=True)
class World:
    """The tables, with the keys and phones of everybody."""

    scheme: int = AUTHORS_KEY
    table: MemoryTable = field(default_factory=MemoryTable)
    key_table: MemoryTable = field(init=False)
    cell_table: MemoryTable = field(init=False)
    kms: MemoryKms = field(default_factory=MemoryKms)
    services: Services = field(init=False)
    phones: dict[str, Phone] = field(init=False)

    def __post_init__(self) -> None:
        self.key_table, self.cell_table = self.table.beside("keys"), self.table.beside("cells")
        table = cast("Table", self.table)
        keys, cells = cast("Table", self.key_table), cast("Table", self.cell_table)
        vault = Vault(cast("KMSClient", self.kms), _KMS_KEY, keys, cells, self.scheme)
        self.services = Services.on(table, vault, "https://app.example", erasures_beside(table), every_account_is_good)
        practice = practice_handler_of(lambda: PracticeServices.on(table, every_member_is_good, review_required=False))
        api = phones_api(lambda: self.services)
        self.phones = {name: Phone(api, Uid(name), NOW) for name in PEOPLE} | {
            name: Phone(
                practice,
                Uid(name),
                NOW,
                {
                    "email": f"{name}@practice.example",
                    "email_verified": "true",
                    "scope": "practice:read practice:publish",
                },
            )
            for name in STAFF
        }

    @property
    def tables(self) -> dict[str, MemoryTable]:
        """Return each table by its name in `tables.json`."""
        return {
            "main": self.table,
            "keys": self.key_table,
            "cells": self.cell_table,
            "erasures": cast("MemoryTable", self.services.erasures.table),
        }


def lived(scheme: int = AUTHORS_KEY) -> World:
    """Return a world in which every kind of row has been written at least once. `scheme` seals its texts."""
    world = World(scheme)
    table = cast("Table", world.table)
    publish(table, prompts())
    publish_choices(table)
    _pair_people(world)
    _share_days(world)
    _work_at_the_practice(world)
    _remind(world)
    _count(world)
    if scheme != SINGLE_KEY:
        _erase(world)  # beside version 0.1.0, nobody can erase their account
    _asked(world.phones["ruth"].get("/v1/practice/statistics"))
    return world


def _asked(reply: Reply) -> Any:
    assert reply.status < 300, reply.text
    return reply.body if reply.text else None


def _pair_people(world: World) -> None:
    ada, ben, cem, dua, eve, fay = (world.phones[name] for name in PEOPLE)
    set_clocks("2026-02-25T15:00:00Z", *world.phones.values())
    profile = {"display_name": "Ada", "zone": NEW_YORK, "language": "en"}
    _asked(ada.put("/v1/me", profile | {"depth": 3, "touch_comfort": 2, "barriers": ["stress", "neglect"]}))
    _asked(ben.put("/v1/me", profile | {"display_name": "Ben ✨", "zone": "Asia/Tokyo", "language": "es"}))
    for phone, name in ((cem, "Cem"), (dua, "Dua"), (eve, "Eve"), (fay, "Fay")):
        _asked(phone.put("/v1/me", profile | {"display_name": name, "zone": LONDON}))
    _asked(ada.put("/v1/me/devices/phone", {"token": _TOKEN, "platform": "android"}))
    _asked(ada.put("/v1/me/devices/tablet", {"token": "tablet", "platform": "ios"}))
    _asked(ada.put("/v1/me/devices/tablet", {"fid": "cXh3k9_fQ0mZr2Vt7yLbNa", "platform": "ios"}))
    _asked(ben.put("/v1/me/devices/phone", {"token": "plain-text-token", "platform": "ios"}))
    solo = _asked(ada.get("/v1/solo/today"))
    _asked(ada.put(f"/v1/solo/days/{solo['date']}/answer", {"text": "Alone, by the river."}))
    pair(ada, ben)
    pair(cem, dua)
    _asked(ada.post(f"/v1/solo/days/{solo['date']}/share"))
    _asked(eve.post("/v1/invites", key="eve-1"))
    set_clocks(NOW - dt.timedelta(hours=2), eve, fay)
    code = _asked(eve.post("/v1/invites", key="eve-2"))["code"]
    _asked(fay.post("/v1/invites/redeem", {"code": code}, key="fay-1"))
    assert fay.post("/v1/invites/redeem", {"code": "ABCDE-FGHJK"}).status == 404
    touch = {"weekdays": ["monday", "thursday"], "time": "18:00"}
    _asked(ada.put("/v1/me/reminders", {"touch": touch, "quiet_hours": None, "news": False}))
    _asked(ben.put("/v1/me", profile | {"display_name": "Ben ✨", "zone": "Asia/Tokyo", "touch_comfort": 3}))
    _asked(ben.put("/v1/me/reminders", {"touch": touch, "prompt_time": "06:05", "nudges_muted": True}))


def _share_days(world: World) -> None:
    ada, ben, cem, dua = (world.phones[name] for name in PEOPLE[:4])
    _asked(ada.put("/v1/couple/packs/choice", None))
    _asked(ben.post("/v1/couple/practice-code", {"code": "ABCD-2345"}))
    for number in range(10):
        set_clocks(dt.datetime(2026, 2, 26, 15, tzinfo=dt.UTC) + dt.timedelta(days=number), ada, ben, cem, dua)
        date = ada.get("/v1/today").body["today"]["date"]
        if number == 1:
            _asked(ada.post(f"/v1/days/{date}/swap", key="swap-1"))
        if number == 4:
            continue
        text = f"Day {number}: " + "Ünïcødé 🌿 " * number
        _asked(ada.put(f"/v1/days/{date}/answer", _answer(ada, date, text, share_first=number == 2)))
        if number == 2:
            _asked(ada.put(f"/v1/days/{date}/answer", _answer(ada, date, "Edited.", share_first=True, revision=1)))
        if number in {2, 5}:
            continue
        _asked(ben.put(f"/v1/days/{date}/answer", _answer(ben, date, f"Mine, on day {number}.")))
        _asked(ben.put(f"/v1/days/{date}/reflection", {"kind": "heard", "text": f"I heard day {number}."}))
        _asked(ada.put(f"/v1/days/{date}/reflection", {"kind": "thank_you"}))
        if number < 3:
            for phone in (cem, dua):
                _asked(phone.put(f"/v1/days/{date}/answer", _answer(phone, date, f"Ours, on day {number}.")))
    _asked(ada.patch("/v1/couple", {"pause": {"until": "2026-03-10"}}))
    _asked(ben.patch("/v1/couple", {"pause": {"until": "2026-03-09"}}))
    _asked(ada.post("/v1/nudges", {"gesture": "hug"}, key="hug-1"))
    _asked(ben.post("/v1/nudges", {"gesture": "proud_of_you"}))
    _asked(cem.delete("/v1/couple"))
    set_clocks(NOW, *world.phones.values())
    today = _asked(ada.get("/v1/today"))["today"]["date"]
    _asked(ada.put(f"/v1/days/{today}/answer", _answer(ada, today, "First words.")))
    _asked(ada.put(f"/v1/days/{today}/answer", _answer(ada, today, "Better words.", revision=1)))
    _asked(ada.put("/v1/me/reminders", {"prompt_time": "10:05", "touch": None}))
    _asked(ben.put("/v1/me/reminders", {"prompt_time": "00:00", "evening_time": "23:55"}))


def _answer(phone: Phone, date: str, text: str, **more: Any) -> dict[str, Any]:
    day = _asked(phone.get(f"/v1/days/{date}"))
    return {"text": text, "prompt": day["prompt"]["id"]} | more


def _work_at_the_practice(world: World) -> None:
    ruth, saul = (world.phones[name] for name in STAFF)
    pack = "/v1/practice/packs/river"
    set_clocks("2026-03-02T12:00:00Z", ruth, saul)
    revision = _asked(ruth.put(f"{pack}/draft", {"source": a_source(), "revision": 0}))["revision"]
    _asked(ruth.post(f"{pack}/publish", {"revision": revision, "announce": True, "note": "The first one."}))
    set_clocks("2026-03-04T12:00:00Z", ruth, saul)
    _asked(saul.post(f"{pack}/withdraw", {"prompt": "rain", "reason": "Too wet."}))
    offered = _asked(ruth.get("/v1/practice/help"))
    wanted = {"booking": offered["booking"], "lines": [*offered["lines"], _line("116 123")], "revision": 0}
    proposal = _asked(ruth.put("/v1/practice/help", wanted))["proposal"]
    _asked(saul.post("/v1/practice/help/approve", {"proposal": proposal["id"]}))
    latest = _asked(saul.get("/v1/practice/notices"))["notices"][0]
    for route, body in (("notices/read", {"until": latest["id"]}), ("sign-out", None)):
        _asked(saul.post(f"/v1/practice/{route}", body))
    table = cast("Table", world.table)
    head = Packs(table).head(PackId("river"))
    # Only after thirty releases, one leaves the row of its pack.
    table.write(Write("Put", keys.older_release(PackId("lake"), 1), item=stored(head.releases[0])))
    set_clocks(NOW, ruth, saul)


def _line(phone: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("text", "url", "hours"))
    return nothing | {"country": "GB", "name": {"en": "A line"}, "phone": phone, "languages": ["en"], "note": {}}


def _remind(world: World) -> None:
    table, day = cast("Table", world.table), dt.timedelta(days=1)
    slot = Slot(Zone("Asia/Tokyo"), dt.time(6, 5))
    (shard,) = read_shards(table, [slot])[slot].all
    runs = Runs(table)
    runs.finish(runs.begin(shard, NOW.date() - day, NOW - day), {PushKind.PROMPT: Reach(1, 1)})
    runs.advance(runs.begin(shard, NOW.date(), NOW), "pabc", 1)
    Watermark(table).advance(NOW)
    Incidents(table).note("lost#UNAVAILABLE", {keys.pseudonym_of(Uid("ada"))}, NOW)
    table.write(Write("Put", keys.OUTAGES, item={"dates": {"2026-03-02"}}))


def _count(world: World) -> None:
    counted = [item for item in world.table.items() if item["pk"].startswith((keys.COUPLE_PREFIX, keys.RUN_PREFIX))]
    records = [stream_record(None, marshal(item), number) for number, item in enumerate(counted)]
    Tally(Tallies(cast("Table", world.table))).handle(cast("Any", records))


def _erase(world: World) -> None:
    gil = Phone(world.phones["ada"].handler, Uid(ERASED), NOW)
    _asked(gil.put("/v1/me", {"display_name": "Gil", "zone": LONDON, "language": "en"}))
    _asked(gil.delete("/v1/me"))


def served(world: World) -> dict[str, Any]:
    """Return what every person and member of staff sees, by name and route, and the rows of each slot."""
    return _rows_of_slots(cast("Table", world.table)) | {
        f"{name} {route}": {"status": reply.status, "body": reply.body}
        for name, phone in world.phones.items()
        for route, reply in _seen_by(phone)
    }


def _rows_of_slots(table: Table) -> dict[str, Any]:
    slots = Slots(table)
    return {
        f"{slot} {shard}": [
            [row.kind, row.is_due(NOW.date()), sorted(device.target.value for device in row.devices)]
            for row in slots.page(shard, None, 100, NOW).rows
        ]
        for slot, shards in slots.existing(slots.known()).items()
        for shard in shards.all
    }


def _seen_by(phone: Phone) -> Iterator[tuple[str, Reply]]:
    if phone.uid in STAFF:
        yield from ((path, phone.get(path)) for path in _SHOWN_TO_STAFF)
        return
    yield from ((path, phone.get(path)) for path in _SHOWN)
    yield "export", phone.post("/v1/me/export")


def _write_on(world: World) -> dict[str, Any]:
    ada, ben, dua = (world.phones[name] for name in ("ada", "ben", "dua"))
    date = ben.get("/v1/today").body["today"]["date"]
    today = ada.get("/v1/today").body["today"]["date"]
    replies = {
        "ada edits": ada.put(f"/v1/days/{today}/answer", _answer(ada, today, "The best words.", revision=2)),
        "ben answers": ben.put(f"/v1/days/{today}/answer", _answer(ben, today, "Mine, at last.")),
        "ada reflects": ada.put(f"/v1/days/{today}/reflection", {"kind": "heard", "text": "I heard you."}),
        "ben answers tomorrow": ben.put(f"/v1/days/{date}/answer", _answer(ben, date, "A day ahead.")),
        "ada moves": ada.put("/v1/me", {"display_name": "Ada", "zone": LONDON}),
        "ada takes a solo answer back": ada.delete("/v1/solo/days/2026-02-25/share"),
        "dua exports": dua.post("/v1/me/export"),
        "ben leaves": ben.delete("/v1/couple"),
        "ada exports": ada.post("/v1/me/export"),
        "ben exports": ben.post("/v1/me/export"),
    }
    return {
        name: {"status": reply.status, "body": reply.body if reply.text else None} for name, reply in replies.items()
    }


def lived_on(world: World) -> dict[str, Any]:
    """Let people write in a kept world. Return what it shows before and after, the replies, and the tables after."""
    return {
        "before": served(world),
        "replies": _write_on(world),
        "after": served(world),
        "tables": written(world),
    }


def unpack(version: str, folder: Path) -> None:
    """Unpack the kept code of a version into `folder`."""
    with tarfile.open(FOLDER / version / "code.tar.xz") as archive:
        archive.extractall(folder, filter="data")


def run_kept(folder: Path, command: str, tables: str) -> dict[str, Any]:
    """Return what `show` or `live-on` of the kept code in `folder` prints for these tables."""
    ran = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-m", "testing.released", command],
        input=tables,
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=_kept_environment(folder),
    )
    return cast("dict[str, Any]", json.loads(ran.stdout))


@contextlib.contextmanager
def kept_workers(folder: Path) -> Iterator[Callable[..., list[Any]]]:
    """Start `testing.released_workers` with the kept code in `folder`. Yield a function that lets it do tasks."""
    with (
        (folder / "workers.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(  # noqa: S603  our own code
            [sys.executable, "-P", str(ROOT / "testing" / "released_workers.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=folder,
            env=_kept_environment(folder),
        ) as process,
    ):
        given, results = process.stdin, process.stdout
        assert given
        assert results

        def done(task: Any) -> Any:
            given.write(json.dumps(task) + "\n")
            given.flush()
            return json.loads(results.readline() or (folder / "workers.log").read_text(encoding="utf-8")[-2000:])

        yield lambda *tasks: list(map(done, tasks))
        given.close()


def _kept_environment(folder: Path) -> dict[str, str]:
    roots = [folder, folder / "shared", *(folder / "functions").iterdir()]
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, roots))}


def written(world: World) -> str:
    """Return the world's tables and its KMS key as JSON, with items in DynamoDB's form."""
    tables = {name: _lines(table.items()) for name, table in world.tables.items()}
    return json.dumps({"kms": {name: key.hex() for name, key in world.kms.keys.items()}, "tables": tables}, indent=1)


def _lines(items: Iterable[Item]) -> list[Any]:
    lines: list[Any] = json.loads(json.dumps([marshal(item) for item in items], default=_base64))
    return lines


def _base64(binary: Any) -> str:
    return base64.b64encode(bytes(binary)).decode()


def read(text: str, scheme: int = AUTHORS_KEY) -> World:
    """Return the world whose tables are in a JSON text. `scheme` seals its new texts."""
    kept = json.loads(text, object_hook=_with_bytes)
    world = World(scheme)
    world.kms.keys |= {name: bytes.fromhex(key) for name, key in kept["kms"].items()}
    for name, table in world.tables.items():
        # Version 0.1.0 had no cell table and no table of erasures.
        for item in map(unmarshal, kept["tables"].get(name, ())):
            key = keys.Key(item.pop("pk"), item.pop("sk", ""))
            table.write(Write("Put", key, item=item))
    return world


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64decode(value["B"])} if value.keys() == {"B"} else value


class RowKind(NamedTuple):
    """A kind of row in docs/table.md. `table` is the name in `tables.json`. `sk` is empty for a table without it."""

    table: str
    entity: str
    pk: str
    sk: str

    def is_kind_of(self, item: Mapping[str, Any]) -> bool:
        """Return whether an item with this key is of this kind."""
        return all(
            re.fullmatch(re.sub(r"<[^>]+>", ".+", pattern), item.get(part, ""))
            for part, pattern in (("pk", self.pk), ("sk", self.sk))
        )


def row_kinds() -> list[RowKind]:
    """Return every kind of row in docs/table.md."""
    document = (ROOT / "docs" / "table.md").read_text(encoding="utf-8")
    kinds = []
    for heading, name in _TABLES.items():
        section = document.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| ([^|]+) \| `([A-Z_]+[^`]*)` \|(?: `([^`]+)` \|)?", section, re.MULTILINE)
        kinds += [RowKind(name, entity.partition(":")[0], pk, sk if name == "main" else "") for entity, pk, sk in rows]
    return kinds


def keep(version: str) -> None:
    """Write the tables and the code of this version to tests/released/VERSION."""
    folder = FOLDER / version
    folder.mkdir(parents=True)
    (folder / "tables.json").write_text(written(lived()) + "\n")
    with tarfile.open(folder / "code.tar.xz", "w:xz") as archive:
        for path in sorted(chain.from_iterable(map(ROOT.glob, _CODE))):
            archive.add(path, path.relative_to(ROOT), filter=_plain)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    return member.replace(mtime=0, uid=0, gid=0, uname="", gname="")


def main(arguments: list[str]) -> None:
    """Run a command of this module."""
    match arguments:
        case ["keep", version]:
            keep(version)
        case ["show" | "live-on" as command]:
            cast("Any", logger.registered_handler).setStream(sys.stderr)
            json.dump({"show": served, "live-on": lived_on}[command](read(sys.stdin.read())), sys.stdout)
        case _:
            sys.exit("python -m testing.released keep VERSION | show | live-on")


if __name__ == "__main__":
    main(sys.argv[1:])
