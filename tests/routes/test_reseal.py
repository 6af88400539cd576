"""An operator's call seals the texts of version 0.1.0 again, and every reader reads the same as before."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.progress import Progress

from local.errors import StackError
from local.reseal import Resealing, Subject, require_settled
from rekindle.crypto.sealing import AUTHORS_KEY, SINGLE_KEY, scheme_of
from rekindle.push.reactions import Reaction, reaction_to
from rekindle.store.key_rows import couple_keys, person_key
from rekindle.store.keys import COUPLE_PREFIX, PERSON_PREFIX
from rekindle.store.stream import change_in
from rekindle.store.table import Write, marshal
from reseal.handler import handle
from reseal.services import Services as ResealServices
from testing.apis import handler_of, phones_api
from testing.builders import LONDON
from testing.phones import Phone, a_couple, a_phone, pair, set_clocks
from testing.push_world import CrashError, calls, first_of, watched
from testing.stored import couple_id_of, every_row, row_in, sealed_in, stream_record

if TYPE_CHECKING:
    from couples_api.services import Services
    from rekindle.domain.ids import CoupleId

DATES = ("2026-03-02", "2026-03-03", "2026-03-04")


@pytest.fixture
def services(own_services: Services) -> Services:
    """Make services in which all texts are sealed as before authors had keys."""
    return replace(own_services, vault=replace(own_services.vault, scheme=SINGLE_KEY))


@pytest.fixture
def now(services: Services) -> Services:
    """Return the same tables with the present scheme."""
    return replace(services, vault=replace(services.vault, scheme=AUTHORS_KEY))


@pytest.fixture
def job(now: Services) -> ResealServices:
    return ResealServices.on(now.people.table, replace(now.vault, read_only=True, _cells={}))


@pytest.fixture
def phones(services: Services, now: Services) -> tuple[Phone, Phone]:
    """Let two write every kind of text before authors had keys, and then change the scheme.

    On the last date only Ada has answered, so the day is still open.
    """
    old = handler_of(lambda: services)
    ada, ben = a_phone(old, "ada", LONDON), a_phone(old, "ben", LONDON)
    set_clocks("2026-03-01T12:00:00Z", ada, ben)
    for phone in (ada, ben):
        phone.get("/v1/solo/today")
        alone = phone.put("/v1/solo/days/2026-03-01/answer", {"text": f"Alone, by {phone.uid}."})
        assert alone.status == 200, alone.text
    pair(ada, ben)
    assert ada.post("/v1/solo/days/2026-03-01/share").status == 200
    for date in DATES:
        set_clocks(f"{date}T12:00:00Z", ada, ben)
        answer(ada, f"Ada on {date}. 🌿")
        if date != DATES[-1]:
            answer(ben, f"Ben on {date}.")
            reflection = {"kind": "heard", "text": f"Ada heard on {date}."}
            assert ada.put(f"/v1/days/{date}/reflection", reflection).status == 200
    for phone in (ada, ben):
        phone.handler = phones_api(lambda: now)
        phone.claims["auth_time"] = str(int(phone.now.timestamp()))
    return ada, ben


def answer(phone: Phone, text: str, **more: Any) -> Any:
    date = phone.now.date()
    prompt = phone.get(f"/v1/days/{date}").body["prompt"]["id"]
    return phone.put(f"/v1/days/{date}/answer", {"text": text, "prompt": prompt, **more})


def shown(*phones: Phone) -> list[Any]:
    """Return every page that shows texts."""
    paths = ("/v1/days", "/v1/today", "/v1/solo/days", "/v1/solo/shared", "/v1/recap")
    return [phone.get(path).text for phone in phones for path in paths] + [
        phone.post("/v1/me/export").body["entries"] for phone in phones
    ]


def finished(job: ResealServices, **subject: str) -> list[dict[str, Any]]:
    """Call until nothing is left, and return all reports. Then delete a couple's single key, as the command does."""
    reports: list[dict[str, Any]] = []
    while not reports or reports[-1]["left"]:
        reports.append(handle(job, subject))
        assert len(reports) < 50
    if "couple" in subject:
        assert handle(job, {**subject, "end_key": True}) == reports[-1]
    return reports


def finished_all(job: ResealServices, *phones: Phone, couple: CoupleId) -> None:
    finished(job, couple=couple)
    for phone in phones:
        finished(job, person=phone.uid)


def schemes(services: Services) -> set[int]:
    """Return the schemes of all sealed texts of the table."""
    rows = every_row(services.people.table)
    return {scheme_of(text) for row in rows for text in sealed_in(row)}


def test_every_text_is_sealed_again_and_read_as_before(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone]
) -> None:
    ada, ben = phones
    couple, before = couple_id_of(now, ada), shown(*phones)
    assert schemes(now) == {SINGLE_KEY}
    assert "Alone, by" in str(before), before
    assert finished(job, couple=couple) == [
        {"outcome": "done", "resealed": 4, "left": True},
        {"outcome": "done", "resealed": 0, "left": False},
    ]
    for phone in phones:
        assert [each["resealed"] for each in finished(job, person=phone.uid)] == [1, 0]
    assert schemes(now) == {AUTHORS_KEY}
    assert shown(*phones) == before
    row = row_in(now.vault.table, couple_keys(couple))
    assert row["authors"].keys() == {ada.uid, ben.uid}
    assert "wrapped" not in row


def test_the_single_key_stays_until_it_is_to_end(
    services: Services, now: Services, job: ResealServices, phones: tuple[Phone, Phone]
) -> None:
    """A request may have read an older text just before it was resealed, or write one just after."""
    ada, ben = phones
    couple = couple_id_of(now, ada)
    for _ in range(3):
        handle(job, {"couple": couple})
    assert now.vault.couple_keys(couple).single
    older_request = replace(ben, handler=handler_of(lambda: services))
    assert answer(older_request, "Just in time.").status == 200
    assert handle(job, {"couple": couple, "end_key": True}) == {"outcome": "done", "resealed": 1, "left": True}
    assert now.vault.couple_keys(couple).single
    finished(job, couple=couple)
    assert now.vault.couple_keys(couple).single is None
    assert "Just in time." in ben.get(f"/v1/days/{ben.now.date()}").text


def test_a_repeat_changes_nothing(now: Services, job: ResealServices, phones: tuple[Phone, Phone]) -> None:
    couple = couple_id_of(now, phones[0])
    finished_all(job, *phones, couple=couple)
    tables = (now.people.table, now.vault.table, now.vault.cells)
    before = [every_row(table) for table in tables]
    finished_all(job, *phones, couple=couple)
    assert [every_row(table) for table in tables] == before


def test_one_call_changes_few_rows_and_the_next_goes_on(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone]
) -> None:
    before, small = shown(*phones), replace(job, page_days=1, most_changes=1)
    reports = finished(small, couple=couple_id_of(now, phones[0]))
    assert [each["resealed"] for each in reports] == [1, 1, 1, 1, 0]
    assert shown(*phones) == before


@pytest.mark.parametrize("crash_at", range(1, 14))
def test_a_crash_anywhere_is_finished_by_the_next_call(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone], crash_at: int
) -> None:
    before, couple = shown(*phones), couple_id_of(now, phones[0])
    with contextlib.suppress(CrashError), calls(now.people.table, crash_at=crash_at):
        finished_all(job, *phones, couple=couple)
    assert shown(*phones) == before
    finished_all(job, *phones, couple=couple)
    assert shown(*phones) == before
    assert schemes(now) == {AUTHORS_KEY}


def test_an_edit_at_the_same_moment_wins(now: Services, job: ResealServices, phones: tuple[Phone, Phone]) -> None:
    ada, ben = phones
    couple = couple_id_of(now, ada)
    small = replace(job, page_days=100)
    handle(replace(job, most_changes=2), {"couple": couple})  # only the open day and the shared answer are left
    edit = first_of("UpdateItem", lambda: answer(ada, "The edit.", revision=1))
    with watched(now.people.table, edit):
        report = handle(small, {"couple": couple})
    assert report == {"outcome": "done", "resealed": 1, "left": True}
    assert finished(small, couple=couple) == [
        {"outcome": "done", "resealed": 0, "left": False},
    ]
    assert answer(ben, "Mine.").body["partner"]["text"] == "The edit."


def test_an_answer_can_be_edited_afterwards(now: Services, job: ResealServices, phones: tuple[Phone, Phone]) -> None:
    ada, ben = phones
    finished(job, couple=couple_id_of(now, ada))
    assert answer(ada, "Edited.", revision=1).body["me"] == {
        "state": "answered",
        "text": "Edited.",
        "share_first": False,
        "revision": 2,
    }
    assert answer(ben, "Mine.").body["partner"]["text"] == "Edited."


def test_nobody_is_notified(now: Services, job: ResealServices, phones: tuple[Phone, Phone]) -> None:
    couple = couple_id_of(now, phones[0])
    before = {(row["pk"], row["sk"]): row for row in every_row(now.people.table)}
    finished_all(job, *phones, couple=couple)
    changed = [row for row in every_row(now.people.table) if before[row["pk"], row["sk"]] != row]
    assert len(changed) == 6  # three days, a shared answer, and two solo days
    for row in changed:
        record = stream_record(marshal(before[row["pk"], row["sk"]]), marshal(row))
        assert reaction_to(change_in(record)) == Reaction()


def test_a_couple_that_ended_before_its_authors_had_keys_gets_keys(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone]
) -> None:
    ada, ben = phones
    couple = couple_id_of(now, ada)
    ben.delete("/v1/couple")
    before = [phone.post("/v1/me/export").body for phone in phones]
    assert finished(job, couple=couple)[-1] == {"outcome": "done", "resealed": 0, "left": False}
    assert [phone.post("/v1/me/export").body for phone in phones] == before
    assert "ttl" in row_in(now.vault.table, couple_keys(couple))
    keys = now.vault.couple_keys(couple)
    assert (set(keys.authors), keys.single) == ({ada.uid, ben.uid}, None)


def test_an_erased_author_gets_no_key_and_the_partner_keeps_their_words(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone]
) -> None:
    """The couple ended before its authors had keys. Until then, the single key opens the texts of both."""
    ada, ben = phones
    couple = couple_id_of(now, ada)
    ada.delete("/v1/couple")
    before = ben.post("/v1/me/export").body
    now.couples.forget_member(ada.uid, couple)
    assert finished(job, couple=couple)[-1] == {"outcome": "done", "resealed": 0, "left": False}
    keys = now.vault.couple_keys(couple)
    assert (set(keys.authors), keys.single) == ({ben.uid}, None)
    assert ben.post("/v1/me/export").body == before


@pytest.mark.parametrize("removed", [True, False], ids=["by cleanup", "not by cleanup yet"])
def test_two_erased_authors_stop_nothing(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone], *, removed: bool
) -> None:
    """Both authors had keys, and their erasures have deleted both. No author is left who could get a key."""
    ada, _ = phones
    couple = couple_id_of(now, ada)
    now.couples.while_together(couple, [now.vault.adding_author_keys(couple, [each.uid for each in phones])])
    ada.delete("/v1/couple")
    for phone in phones:
        now.vault.table.write(
            Write("Update", couple_keys(couple), update="REMOVE authors.#uid", names={"#uid": phone.uid})
        )
        if removed:
            now.couples.forget_member(phone.uid, couple)
            now.days.forget(couple, phone.uid)
    report = handle(job, {"couple": couple, "end_key": True})
    assert report == {"outcome": "done", "resealed": 0, "left": not removed}
    assert ("wrapped" in row_in(now.vault.table, couple_keys(couple))) is not removed


def test_a_couple_that_ends_meanwhile_gets_keys_all_the_same(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone]
) -> None:
    ada, ben = phones
    couple = couple_id_of(now, ada)
    with watched(now.people.table, first_of("TransactWriteItems", lambda: ben.delete("/v1/couple"))):
        assert handle(job, {"couple": couple})["outcome"] == "done"
    assert set(now.vault.couple_keys(couple).authors) == {ada.uid, ben.uid}


def test_a_couple_that_ended_with_keys_is_resealed_and_exported_as_before(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone]
) -> None:
    ada, ben = phones
    couple = couple_id_of(now, ada)
    answer(ben, "Mine.")  # gives both their keys
    ada.delete("/v1/couple")
    before = [phone.post("/v1/me/export").body["entries"] for phone in phones]
    finished(job, couple=couple)
    assert [phone.post("/v1/me/export").body["entries"] for phone in phones] == before
    assert now.vault.couple_keys(couple).single is None
    assert "ttl" in row_in(now.vault.table, couple_keys(couple))


def test_the_words_of_an_author_without_a_key_stay_closed(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone]
) -> None:
    """After the single key's end, nothing opens them, and the partner keeps their own words."""
    ada, ben = phones
    couple = couple_id_of(now, ada)
    answer(ben, "Mine.")
    remove = Write("Update", couple_keys(couple), update="REMOVE authors.#ada", names={"#ada": ada.uid})
    now.vault.table.write(remove)
    assert finished(job, couple=couple)[-1] == {"outcome": "done", "resealed": 0, "left": False}
    keys = now.vault.couple_keys(couple)
    assert (keys.can_open(ada.uid), keys.can_open(ben.uid)) == (False, True)
    ben.delete("/v1/couple")
    assert [each["answer"]["text"] for each in ben.post("/v1/me/export").body["entries"] if each["couple"]] == [
        *(f"Ben on {date}." for date in DATES[:2]),
        "Mine.",
    ]


def test_keys_that_are_gone_are_reported(now: Services, job: ResealServices, phones: tuple[Phone, Phone]) -> None:
    ada, _ = phones
    couple = couple_id_of(now, ada)
    for row in (couple_keys(couple), person_key(ada.uid)):
        now.vault.table.write(Write("Delete", row))
    for subject in ({"couple": couple}, {"person": ada.uid}):
        assert handle(job, subject) == {"outcome": "gone", "resealed": 0, "left": False}


def test_a_text_that_does_not_open_keeps_the_single_key(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone]
) -> None:
    """Perhaps an operator can still repair the row. The other texts are sealed again."""
    couple = couple_id_of(now, phones[0])
    before = now.days.onward(couple, None, 1)[0]
    damaged = replace(before.answers[phones[0].uid], sealed=b"\x01 damaged")
    now.days.replace_texts(before, replace(before, answers={**before.answers, phones[0].uid: damaged}))
    reports = finished(job, couple=couple)
    assert [(each["outcome"], each["resealed"]) for each in reports] == [("unreadable", 3), ("unreadable", 0)]
    assert now.vault.couple_keys(couple).single


def test_a_stack_that_still_seals_as_0_1_0_did_refuses(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone]
) -> None:
    """Otherwise a text could be sealed with the single key just before the key's end."""
    early = replace(job, vault=replace(job.vault, scheme=SINGLE_KEY))
    rows = every_row(now.people.table)
    for subject in ({"couple": couple_id_of(now, phones[0])}, {"person": phones[0].uid}):
        assert handle(early, subject) == {"outcome": "too_early", "resealed": 0, "left": False}
    assert every_row(now.people.table) == rows


def test_a_couple_of_today_has_nothing_to_reseal(own_services: Services) -> None:
    ada, ben = a_couple(handler_of(lambda: own_services), LONDON, LONDON)
    answer(ada, "New."), answer(ben, "New.")
    today = ResealServices.on(own_services.people.table, own_services.vault)
    assert handle(today, {"couple": couple_id_of(own_services, ada)}) == {
        "outcome": "done",
        "resealed": 0,
        "left": False,
    }


class Functions:
    """Lambda's client, which runs the function in this process."""

    def __init__(self, job: ResealServices) -> None:
        self.job = job

    def invoke(self, **call: Any) -> dict[str, Any]:
        assert (call["FunctionName"], call["Qualifier"]) == ("reseal", "live")
        return {"Payload": io.BytesIO(json.dumps(handle(self.job, json.loads(call["Payload"]))).encode())}


def everybody(couple: CoupleId, *phones: Phone) -> list[Subject]:
    return [{"couple": couple}, {"couple": "unknown"}, *({"person": phone.uid} for phone in phones)]


def test_the_command_calls_until_nothing_is_left_and_counts(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone]
) -> None:
    couple, waits = couple_id_of(now, phones[0]), list[float]()
    command = Resealing(None, Functions(replace(job, most_changes=1)), "keys", "reseal", pause=waits.append)
    subjects = everybody(couple, *phones)
    assert command.run(subjects, Progress(disable=True)) == {"rows": 6, "done": 3, "gone": 1}
    assert command.run(subjects, Progress(disable=True)) == {"rows": 0, "done": 3, "gone": 1}
    assert schemes(now) == {AUTHORS_KEY}
    assert now.vault.couple_keys(couple).single is None
    assert waits == [30, 30]


def test_the_command_deletes_no_key_within_half_a_minute_of_a_resealing(
    services: Services, now: Services, job: ResealServices, phones: tuple[Phone, Phone]
) -> None:
    """Meanwhile an older request writes a last text. Then the command reseals this text, and waits again."""
    ada, ben = phones
    couple, waits = couple_id_of(now, ada), list[float]()

    def wait(seconds: float) -> None:
        assert now.vault.couple_keys(couple).single
        if not waits:
            assert answer(replace(ben, handler=handler_of(lambda: services)), "Just in time.").status == 200
        waits.append(seconds)

    command = Resealing(None, Functions(job), "keys", "reseal", pause=wait)
    assert command.run([{"couple": couple}], Progress(disable=True)) == {"rows": 5, "done": 1}
    assert waits == [30, 30]
    assert "Just in time." in ben.get("/v1/today").text
    assert now.vault.couple_keys(couple).single is None


def test_the_command_waits_for_two_minutes_after_a_deployment() -> None:
    """Until then, a request that began in the older version may still seal a text with the single key."""
    ended = dt.datetime(2026, 3, 2, 15, tzinfo=dt.UTC)
    events = [{"Timestamp": ended}, {"Timestamp": ended - dt.timedelta(minutes=20)}]
    with pytest.raises(StackError, match="two minutes"):
        require_settled("UPDATE_COMPLETE", events, ended + dt.timedelta(seconds=119))
    require_settled("UPDATE_COMPLETE", events, ended + dt.timedelta(seconds=120))
    require_settled("UPDATE_COMPLETE", [], ended)  # CloudFormation forgets events after some months
    with pytest.raises(StackError, match="UPDATE_IN_PROGRESS"):
        require_settled("UPDATE_IN_PROGRESS", events, ended + dt.timedelta(days=1))


def test_the_command_says_that_it_is_too_early(now: Services, job: ResealServices, phones: tuple[Phone, Phone]) -> None:
    early = replace(job, vault=replace(job.vault, scheme=SINGLE_KEY))
    command = Resealing(None, Functions(early), "keys", "reseal")
    with pytest.raises(StackError, match="SealingScheme 3"):
        command.run(everybody(couple_id_of(now, phones[0])), Progress(disable=True))


def test_the_log_names_nobody(
    now: Services, job: ResealServices, phones: tuple[Phone, Phone], logged: io.StringIO
) -> None:
    couple = couple_id_of(now, phones[0])
    finished_all(job, *phones, couple=couple)
    assert logged.getvalue().count('"resealed"') == 14
    for private in (couple, *(phone.uid for phone in phones), "Ada", PERSON_PREFIX, COUPLE_PREFIX):
        assert private not in logged.getvalue()
