"""The table reads plain values, names failed conditions by index, and retries."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from rekindle.domain.ids import PackId
from rekindle.errors import ContentionError, KeyReusedError, WriteConflictError
from rekindle.store import keys
from rekindle.store.catalogue import VERSION_AGE, Catalogue, index_of, index_writes
from rekindle.store.keys import Key
from rekindle.store.table import ATTEMPTS, FIRST_PAUSE, Table, Write, marshal, unmarshal
from testing.builders import an_instant, prompts, publish
from testing.stored import row_in
from testing.wire import asked_of, refusal, response, sent, tapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

KEY = Key("A", "1")


@dataclass(slots=True)
class Pauses:
    """Records the pauses of the table without waiting."""

    taken: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


@dataclass(slots=True)
class Refuses:
    """Counts an operation's requests, and answers the first `times` of them itself."""

    operation: str
    answer: Callable[[], AWSResponse | None] = lambda: None
    times: int = 1_000
    met: int = 0

    def __call__(self, operation: str, _request: AWSPreparedRequest) -> AWSResponse | None:
        if operation != self.operation:
            return None
        self.met += 1
        return self.answer() if self.met <= self.times else None


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def patient(table: Table, pauses: Pauses) -> Table:
    """Make a table whose pauses are always the longest ones, without waiting."""
    return replace(table, pause=pauses, jitter=lambda: 1.0)


def put(key: Key, **item: Any) -> Write:
    return Write("Put", key, item=item)


class TestItems:
    """An item is read exactly as it was written."""

    def test_an_item_is_read_as_it_was_written(self, table: Table) -> None:
        item = {
            "text": "žluťoučký 🫶\n",
            "empty": "",
            "number": 12345678901234567890,
            "negative": -1,
            "yes": True,
            "no": False,
            "nothing": None,
            "bytes": b"\x00\xff",
            "list": [1, "a", [b"b", {"c": None}]],
            "map": {"empty": {}, "a.b": {"#": [False]}},
            "set": {"x", "y"},
        }
        table.write(put(KEY, **item))
        assert table.get(KEY) == {"pk": "A", "sk": "1"} | item
        assert table.get(KEY, consistent=False) == table.get(KEY)
        assert unmarshal(marshal(item)) == item

    def test_an_update_returns_the_new_item(self, table: Table) -> None:
        table.write(put(KEY, a=1, b=2))
        written = table.write(Write("Update", KEY, update="SET a = :a", values={":a": 5}))
        assert written == {"pk": "A", "sk": "1", "a": 5, "b": 2}
        assert table.write(Write("Delete", KEY)) == {}
        assert table.get(KEY) is None

    def test_the_key_table_has_no_sort_key(self, key_table: Table) -> None:
        row = Key("COUPLE#1", "")
        key_table.write(put(row, wrapped=b"key"))
        assert key_table.get(row) == {"pk": "COUPLE#1", "wrapped": b"key"}
        key_table.write(Write("Update", row, update="SET cell = :new", values={":new": "07"}))
        assert key_table.get_many([row]) == [{"pk": "COUPLE#1", "wrapped": b"key", "cell": "07"}]


class TestBatches:
    """The table reads many keys at once."""

    def test_more_than_a_hundred_keys_take_as_few_requests_as_possible(self, table: Table) -> None:
        wanted = [Key("P", f"{number:03}") for number in range(120)]
        for start in range(0, 120, 30):
            table.transact([put(key) for key in wanted[start : start + 30]])
        count = Refuses("BatchGetItem")
        with tapped(count, table.client):
            found = table.get_many([*wanted, *wanted, Key("P", "missing")])
        assert {item["sk"] for item in found} == {key.sk for key in wanted}
        assert (len(found), count.met) == (120, 2)

    def test_no_keys_take_no_request(self, table: Table) -> None:
        count = Refuses("BatchGetItem")
        with tapped(count, table.client):
            assert table.get_many([]) == []
        assert count.met == 0

    def test_unprocessed_keys_are_requested_again(self, patient: Table, pauses: Pauses) -> None:
        wanted = [Key("P", f"{number}") for number in range(6)]
        for key in wanted:
            patient.write(put(key, n=int(key.sk)))

        def halved(operation: str, request: AWSPreparedRequest) -> AWSResponse | None:
            """Return AWS's answer for the first half of the keys, with the second half unprocessed."""
            asked = asked_of(request)["RequestItems"][patient.name]
            if operation != "BatchGetItem" or len(asked["Keys"]) < 2:
                return None
            found = json.loads(sent(request).content)
            half = len(asked["Keys"]) // 2
            left, kept = asked["Keys"][half:], found["Responses"][patient.name]
            found["Responses"][patient.name] = [item for item in kept if _key(item) not in left]
            found["UnprocessedKeys"] = {patient.name: {"Keys": left}}
            return response(200, found)

        with tapped(halved, patient.client):
            found = patient.get_many(wanted, consistent=True)
        assert sorted(item["n"] for item in found) == list(range(6))
        assert pauses.taken == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]

    def test_keys_that_stay_unprocessed_raise_an_error(self, patient: Table, pauses: Pauses) -> None:
        left = {patient.name: {"Keys": [marshal(KEY._asdict())]}}
        stuck = Refuses("BatchGetItem", lambda: response(200, {"Responses": {}, "UnprocessedKeys": left}))
        with tapped(stuck, patient.client), pytest.raises(ContentionError):
            patient.get_many([KEY])
        assert len(pauses.taken) == ATTEMPTS


class TestConditions:
    """A failed condition is named by its index, with the current item. `test_memory_table.py` has more of them."""

    def test_a_transaction_names_every_failed_condition_and_writes_nothing(self, table: Table) -> None:
        table.write(put(Key("A", "2"), n=2))
        table.write(put(Key("A", "3"), n=3))
        writes = [
            put(Key("A", "1"), n=1),
            Write("Put", Key("A", "2"), item={}, condition="n = :n", values={":n": 7}),
            Write("Update", Key("A", "3"), update="SET n = :n", condition="n = :old", values={":n": 4, ":old": 3}),
            Write("Delete", Key("A", "4"), condition="attribute_exists(pk)"),
        ]
        with pytest.raises(WriteConflictError) as conflict:
            table.transact(writes)
        assert conflict.value.existing == {1: {"pk": "A", "sk": "2", "n": 2}, 3: None}
        assert [item["n"] for item in table.query("A").items] == [2, 3]

    def test_an_update_can_send_no_item_back(self, table: Table) -> None:
        """The role of `react` allows only this form of an update."""
        update = Write("Update", KEY, update="SET n = :n", condition="attribute_not_exists(pk)", values={":n": 1})
        assert table.write(update, returned="NONE") == {}
        with pytest.raises(WriteConflictError) as conflict:
            table.write(update, returned="NONE")
        assert conflict.value.existing == {0: None}

    def test_a_transaction_spans_both_tables(self, table: Table, key_table: Table) -> None:
        row = Key("COUPLE#1", "")
        there = replace(put(row, wrapped=b"k"), table=key_table.name, condition="attribute_not_exists(pk)")
        table.transact([put(KEY), there])
        assert key_table.get(row) == {"pk": "COUPLE#1", "wrapped": b"k"}
        with pytest.raises(WriteConflictError) as conflict:
            table.transact([put(Key("A", "2")), there])
        assert conflict.value.existing == {1: {"pk": "COUPLE#1", "wrapped": b"k"}}
        assert table.get(Key("A", "2")) is None

    def test_a_wrong_request_is_not_a_conflict(self, table: Table) -> None:
        wrong = Write("Update", KEY, update="SET n = :unknown")
        with pytest.raises(ClientError):
            table.write(wrong)
        with pytest.raises(ClientError):
            table.transact([put(Key("A", "2")), wrong])


class TestPatience:
    """A temporary refusal is retried after a random pause."""

    PASSING = ("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded")

    def test_a_write_waits_for_a_transaction_to_end(self, patient: Table, pauses: Pauses) -> None:
        with tapped(Refuses("PutItem", lambda: refusal("TransactionConflictException"), times=3), patient.client):
            patient.write(put(KEY))
        assert patient.get(KEY)
        assert pauses.taken == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]

    @pytest.mark.parametrize("reason", PASSING)
    def test_a_transaction_waits_after_a_passing_refusal(self, patient: Table, pauses: Pauses, reason: str) -> None:
        cancelled = Refuses("TransactWriteItems", lambda: _cancelled("None", reason), times=2)
        with tapped(cancelled, patient.client):
            patient.transact([put(KEY), put(Key("A", "2"))])
        assert patient.get(KEY)
        assert pauses.taken == [FIRST_PAUSE, FIRST_PAUSE * 2]

    def test_a_transaction_waits_for_its_own_first_attempt(self, patient: Table) -> None:
        still = Refuses("TransactWriteItems", lambda: refusal("TransactionInProgressException"), times=2)
        with tapped(still, patient.client):
            patient.transact([put(KEY), put(Key("A", "2"))])
        assert patient.get(KEY)

    def test_a_conflict_among_failed_conditions_is_a_failed_condition(self, patient: Table, pauses: Pauses) -> None:
        cancelled = Refuses("TransactWriteItems", lambda: _cancelled("TransactionConflict", "ConditionalCheckFailed"))
        with tapped(cancelled, patient.client), pytest.raises(WriteConflictError) as conflict:
            patient.transact([put(KEY), put(Key("A", "2"))])
        assert conflict.value.existing == {1: None}
        assert pauses.taken == []

    @pytest.mark.parametrize("reason", ["ValidationError", "ItemCollectionSizeLimitExceeded", "SomethingNew"])
    def test_a_lasting_refusal_is_not_retried(self, patient: Table, pauses: Pauses, reason: str) -> None:
        with (
            tapped(Refuses("TransactWriteItems", lambda: _cancelled("None", reason)), patient.client),
            pytest.raises(ClientError),
        ):
            patient.transact([put(KEY), put(Key("A", "2"))])
        assert pauses.taken == []

    def test_retries_end(self, patient: Table, pauses: Pauses) -> None:
        with (
            tapped(Refuses("PutItem", lambda: refusal("TransactionConflictException")), patient.client),
            pytest.raises(ContentionError, match="a write to 1 kept meeting"),
        ):
            patient.write(put(KEY))
        assert len(pauses.taken) == ATTEMPTS
        with (
            tapped(Refuses("TransactWriteItems", lambda: _cancelled("TransactionConflict")), patient.client),
            pytest.raises(ContentionError),
        ):
            patient.transact([put(KEY)])
        assert len(pauses.taken) == 2 * ATTEMPTS
        # All pauses together fit into the time of one API call.
        assert sum(pauses.taken[:ATTEMPTS]) < 6

    def test_pauses_are_random_so_that_two_writers_do_not_meet_again(self, table: Table, pauses: Pauses) -> None:
        """With full jitter, a pause is between zero and its maximum."""
        draws = iter([0.0, 0.5, 1.0])
        drawn = replace(table, pause=pauses, jitter=lambda: next(draws))
        with tapped(Refuses("PutItem", lambda: refusal("TransactionConflictException"), times=3), drawn.client):
            drawn.write(put(KEY))
        assert pauses.taken == [0.0, FIRST_PAUSE * 2 * 0.5, FIRST_PAUSE * 4]


class TestCatalogue:
    """A process remembers the catalogue for half a minute."""

    @pytest.fixture
    def clock(self) -> list[float]:
        return [1000.0]

    @pytest.fixture
    def catalogue(self, table: Table, clock: list[float]) -> Catalogue:
        publish(table, prompts())
        return Catalogue(table, monotonic=lambda: clock[0])

    def test_a_new_version_is_seen_after_half_a_minute(
        self, table: Table, catalogue: Catalogue, clock: list[float]
    ) -> None:
        assert versions_at(catalogue) == {"test": 1}
        publish(table, prompts(version=2))
        clock[0] += VERSION_AGE - 0.001
        assert versions_at(catalogue) == {"test": 1}
        clock[0] += 0.001
        assert versions_at(catalogue) == {"test": 2}

    def test_a_scheduled_release_plays_from_its_instant_on_without_another_read(
        self, table: Table, catalogue: Catalogue
    ) -> None:
        (first,) = catalogue.releases(NOON)
        index = index_of(table)
        later = replace(first, version=2, live_from=NOON + HOUR, entries=first.entries[:1])
        table.transact(index_writes(index, [first, later], NOON))
        process = Catalogue(table)
        assert versions_at(process) == {"test": 1}
        with tapped(lambda operation, _: pytest.fail(operation), table.client):
            assert versions_at(process, NOON + HOUR - dt.timedelta(milliseconds=1)) == {"test": 1}
            assert versions_at(process, NOON + HOUR) == {"test": 2}

    @pytest.mark.usefixtures("catalogue")
    def test_one_of_two_publications_at_once_is_refused_and_the_other_is_live(self, table: Table) -> None:
        index = index_of(table)
        publish(table, prompts("quick"))
        with pytest.raises(WriteConflictError) as refusal:
            table.transact(index_writes(index, [], NOON))
        assert refusal.value.existing.keys() == {0}
        assert versions_at(Catalogue(table)) == {"test": 1, "quick": 1}

    def test_an_index_that_is_replaced_while_it_is_read_is_read_again(self, table: Table) -> None:
        publish(table, prompts())
        between: list[bool] = []

        def overtake(operation: str, _request: AWSPreparedRequest) -> None:
            if operation == "BatchGetItem" and not between:
                between.append(True)
                publish(table, prompts("quick"))
                table.write(Write("Delete", keys.catalogue_index(1, 0)))

        with tapped(overtake, table.client):
            assert {release.pack for release in index_of(table).releases} == {"test", "quick"}

    def test_a_replaced_index_expires_in_a_day(self, table: Table) -> None:
        publish(table, prompts())
        table.transact(index_writes(index_of(table), [], NOON))
        old = row_in(table, keys.catalogue_index(1, 0))
        assert old["ttl"] == NOON.timestamp() + 24 * 3600
        assert "ttl" not in (table.get(keys.catalogue_index(2, 0)) or {})

    def test_a_large_index_is_stored_in_several_rows(self, table: Table) -> None:
        release = publish(table, prompts())
        table.transact(index_writes(index_of(table), [release], NOON, row_bytes=100))
        assert index_of(table).rows > 3
        assert index_of(table).releases == (release,)
        assert Catalogue(table).releases(NOON) == (release,)

    def test_an_unchanged_catalogue_costs_one_small_read(self, catalogue: Catalogue, clock: list[float]) -> None:
        catalogue.releases(NOON)
        clock[0] += VERSION_AGE
        reads: list[str] = []
        with tapped(lambda operation, _: reads.append(operation), catalogue.table.client):
            catalogue.releases(NOON)
            catalogue.releases(NOON)
        assert reads == ["GetItem"]

    def test_a_text_is_read_once(self, catalogue: Catalogue) -> None:
        refs = [entry.ref for entry in catalogue.releases(NOON)[0].entries[:3]]
        texts = catalogue.texts(refs)
        reads: list[str] = []
        with tapped(lambda operation, _: reads.append(operation), catalogue.table.client):
            assert catalogue.texts(reversed(refs)) == texts
        assert reads == []

    def test_a_new_text_is_found_although_a_replica_lacks_it(self, catalogue: Catalogue) -> None:
        """A day may be shown in the very second in which its prompt goes live."""

        def lagging(operation: str, request: AWSPreparedRequest) -> AWSResponse | None:
            asked = asked_of(request)
            if operation == "BatchGetItem" and not asked["RequestItems"][catalogue.table.name].get("ConsistentRead"):
                return response(200, {"Responses": {catalogue.table.name: []}, "UnprocessedKeys": {}})
            return None

        refs = [entry.ref for entry in catalogue.releases(NOON)[0].entries[:3]]
        with tapped(lagging, catalogue.table.client):
            assert catalogue.texts(refs).keys() == set(refs)

    def test_the_text_of_a_pack_belongs_to_its_release(self, catalogue: Catalogue) -> None:
        releases = catalogue.releases(NOON)
        assert catalogue.pack_texts(releases)[PackId("test")].titles == {"en": "test"}
        with tapped(lambda operation, _: pytest.fail(operation), catalogue.table.client):
            catalogue.pack_texts(releases)


NOON = an_instant("2026-03-02T12:00:00Z")
HOUR = dt.timedelta(hours=1)


def versions_at(catalogue: Catalogue, instant: dt.datetime = NOON) -> dict[str, int]:
    return {release.pack: release.version for release in catalogue.releases(instant)}


def _cancelled(*codes: str) -> AWSResponse:
    return refusal("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


def _key(item: dict[str, Any]) -> dict[str, Any]:
    return {"pk": item["pk"], "sk": item["sk"]}


def test_a_write_can_name_the_error_for_its_failed_condition(table: Table) -> None:
    guarded = Write(
        "Put", KEY, condition="attribute_not_exists(pk)", otherwise=lambda: KeyReusedError("somebody was first")
    )
    other = Write("Put", Key("A", "2"))
    table.commit([])
    table.commit([guarded, other])
    for writes in ([guarded], [other, guarded]):
        with pytest.raises(KeyReusedError):
            table.commit(writes)
