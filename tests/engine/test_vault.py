"""The vault makes, wraps and opens keys, and a deleted key is gone for every process.

KMS wraps the cell keys, and the cell keys wrap the keys of couples and persons.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError

from rekindle.crypto.sealing import AUTHORS_KEY, SINGLE_KEY
from rekindle.crypto.vault import CONTEXT_PURPOSE, REMEMBERED_FOR, Vault
from rekindle.domain.days import Answer
from rekindle.domain.ids import CoupleId, Uid
from rekindle.errors import KeyGoneError, KeyUnavailableError, VaultError, WriteConflictError
from rekindle.store.instants import to_ttl
from rekindle.store.key_rows import cell_key, expiring_couple_keys
from rekindle.store.keys import Key
from rekindle.store.table import Write
from testing.builders import a_day, an_instant
from testing.push_world import first_of
from testing.stored import every_row, row_in
from testing.wire import Fault, Wire, asked_of, refusal, strike, tapped

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from types_boto3_kms import KMSClient

    from rekindle.store.table import Table

COUPLE, OTHERS = CoupleId("couple-one"), CoupleId("couple-two")
ADA, BEN = Uid("ada"), Uid("ben")


@dataclass(slots=True)
class Clock:
    """A clock in seconds, which the test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault(key_table: Table, cell_table: Table, kms: KMSClient, kms_key: str, clock: Clock) -> Vault:
    return Vault(kms, kms_key, key_table, cell_table, monotonic=clock)


@pytest.fixture
def another(vault: Vault) -> Vault:
    """Make the vault of another process, with the same tables and KMS, and empty caches."""
    return replace(vault, _cells={})


def give_keys(vault: Vault, couple: CoupleId) -> None:
    vault.table.write(vault.new_keys(couple, [ADA, BEN]))


def key_of(vault: Vault, couple: CoupleId, person: Uid = ADA) -> bytes:
    """Return an author's key in a couple."""
    return vault.couple_keys(couple).authors[person]


def row_of(couple: CoupleId) -> Key:
    return Key(f"COUPLE#{couple}", "")


def kms_calls(calls: list[str], operation: str, _request: AWSPreparedRequest) -> None:
    calls.append(operation)


class TestAuthorsKeys:
    """Each author has a key of their own in each couple."""

    def test_every_process_opens_the_same_key(self, vault: Vault, another: Vault) -> None:
        give_keys(vault, COUPLE)
        assert key_of(vault, COUPLE) == key_of(another, COUPLE)
        assert len(key_of(vault, COUPLE)) == 32

    def test_no_two_couples_and_no_two_authors_share_one(self, vault: Vault) -> None:
        couples = [CoupleId(f"couple-{number}") for number in range(12)]
        for couple in couples:
            give_keys(vault, couple)
        assert len({key_of(vault, couple, person) for couple in couples for person in (ADA, BEN)}) == 24

    def test_an_authors_key_is_made_once(self, vault: Vault) -> None:
        """If the key were made again, answers sealed before would be unreadable."""
        give_keys(vault, COUPLE)
        for write in (vault.new_keys(COUPLE, [ADA, BEN]), vault.adding_author_keys(COUPLE, [ADA, BEN])):
            with pytest.raises(WriteConflictError):
                vault.table.write(write)

    def test_no_key_is_stored_as_it_is(self, vault: Vault) -> None:
        give_keys(vault, COUPLE)
        mac = vault.mac("text")
        rows = repr([*every_row(vault.table), *every_row(vault.cells)])
        for secret in (key_of(vault, COUPLE), *(key for _, key in vault._cells.values())):
            assert repr(secret)[2:-1] not in rows
        assert mac not in rows
        for secret in (key for _, key in vault._cells.values()):
            assert repr(secret)[2:-1] not in repr(vault)

    def test_a_key_whose_row_is_deleted_is_gone_at_once_and_the_partners_is_not(self, vault: Vault) -> None:
        """A process that has just used the key loses it too, because processes cache only cell keys."""
        give_keys(vault, COUPLE)
        day = replace(a_day(couple=COUPLE), answers={uid: Answer(an_instant(), 1, None) for uid in (ADA, BEN)})
        sealed = {
            uid: vault.couple_keys(COUPLE).seal_answer(day, uid, answer, f"By {uid}.")
            for uid, answer in day.answers.items()
        }
        day = replace(day, answers=sealed)
        vault.table.write(Write("Update", row_of(COUPLE), update="REMOVE authors.ada"))
        with pytest.raises(KeyGoneError):
            vault.couple_keys(COUPLE).open_answer(day, ADA)
        assert vault.couple_keys(COUPLE).open_answer(day, BEN) == "By ben."

    def test_the_keys_get_the_expiry_that_is_asked_for(self, vault: Vault) -> None:
        give_keys(vault, COUPLE)
        at = an_instant("2026-04-01T00:00:00.500Z")
        vault.table.write(expiring_couple_keys(COUPLE, to_ttl(at), vault.table.name))
        assert row_in(vault.table, row_of(COUPLE))["ttl"] == to_ttl(at)
        # Until then answers sealed with the keys can be exported.
        key_of(vault, COUPLE)

    def test_a_key_put_in_another_place_does_not_open(self, vault: Vault) -> None:
        for couple in (COUPLE, OTHERS):
            give_keys(vault, couple)
        row = row_in(vault.table, row_of(COUPLE))
        mine, theirs = row["authors"][ADA], row["authors"][BEN]
        vault.table.put_many([(row_of(OTHERS), {"cell": row["cell"], "authors": {ADA: mine}})])
        with pytest.raises(VaultError):
            key_of(vault, OTHERS)
        vault.table.put_many([(row_of(COUPLE), {"cell": row["cell"], "authors": {ADA: theirs}})])
        with pytest.raises(VaultError):
            key_of(vault, COUPLE)

    def test_another_cell_does_not_open_it(self, vault: Vault) -> None:
        give_keys(vault, COUPLE)
        row = row_in(vault.table, row_of(COUPLE))
        vault.table.put_many(
            [(row_of(COUPLE), {"cell": f"{(int(row['cell']) + 1) % 64:02}", "authors": row["authors"]})]
        )
        with pytest.raises(VaultError):
            key_of(vault, COUPLE)

    def test_cells_are_sixty_four(self, vault: Vault) -> None:
        cells = {vault.new_keys(CoupleId(f"couple-{number}"), [ADA]).item["cell"] for number in range(40)}
        assert cells <= {f"{number:02}" for number in range(64)}
        assert len(cells) > 20


class TestPersonKeys:
    """Each person who writes alone has a key of their own."""

    def test_it_is_made_at_its_first_use_and_every_process_opens_the_same(self, vault: Vault, another: Vault) -> None:
        with pytest.raises(VaultError, match="gone"):
            vault.person_key(ADA)
        made = vault.ensure_person_key(ADA)
        assert len(made.key) == 32
        assert another.person_key(ADA).key == made.key == another.ensure_person_key(ADA).key
        assert vault.ensure_person_key(BEN).key != made.key

    def test_a_couple_and_a_person_of_one_name_have_two_keys(self, vault: Vault) -> None:
        give_keys(vault, CoupleId(ADA))
        assert vault.ensure_person_key(ADA).key != key_of(vault, CoupleId(ADA))

    def test_processes_that_make_it_at_once_end_up_with_the_same(self, vault: Vault) -> None:
        vault.mac("text")
        vaults = [replace(vault, _cells=dict(vault._cells)) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            keys = {key.key for key in pool.map(lambda each: each.ensure_person_key(ADA), vaults)}
        assert keys == {vault.person_key(ADA).key}

    def test_a_making_whose_reply_was_lost_is_the_one_that_counts(self, vault: Vault, another: Vault) -> None:
        vault.ensure_person_key(BEN)
        vault.new_keys(CoupleId(ADA), [ADA])  # its cell key is cached, so only the key's own row is written
        wire = Wire(Fault.REPLY_LOST, at=2)
        with tapped(wire, vault.table.client), pytest.raises(ConnectionClosedError):
            vault.ensure_person_key(ADA)
        assert wire.seen == ["GetItem", "PutItem"]
        assert vault.ensure_person_key(ADA).key == another.person_key(ADA).key

    def test_a_key_whose_row_is_deleted_is_gone_at_once(self, vault: Vault) -> None:
        vault.ensure_person_key(ADA)
        vault.table.client.delete_item(TableName=vault.table.name, Key={"pk": {"S": f"PERSON#{ADA}"}})
        with pytest.raises(VaultError, match="gone"):
            vault.person_key(ADA)

    def test_a_key_put_in_another_place_does_not_open(self, vault: Vault) -> None:
        vault.ensure_person_key(ADA)
        row = row_in(vault.table, Key(f"PERSON#{ADA}", ""))
        _put(vault, f"PERSON#{BEN}", row["cell"], row["wrapped"])
        with pytest.raises(VaultError):
            vault.person_key(BEN)
        for keys in ({"wrapped": row["wrapped"]}, {"authors": {ADA: row["wrapped"]}}):
            vault.table.put_many([(row_of(CoupleId(ADA)), {"cell": row["cell"], **keys})])
            with pytest.raises(VaultError):
                vault.couple_keys(CoupleId(ADA))

    def test_no_key_is_stored_as_it_is(self, vault: Vault) -> None:
        key = vault.ensure_person_key(ADA)
        rows = repr(vault.table.client.scan(TableName=vault.table.name)["Items"])
        assert repr(key.key)[2:-1] not in rows
        assert repr(key.key)[2:-1] not in repr(key)

    def test_without_kms_a_new_key_waits(self, vault: Vault) -> None:
        with (
            tapped(lambda operation, request: strike(Fault.NOT_SENT, operation, request), vault.kms),
            pytest.raises(KeyUnavailableError),
        ):
            vault.ensure_person_key(ADA)
        assert vault.table.get(Key(f"PERSON#{ADA}", "")) is None


class TestCells:
    """A process asks KMS for a cell key at most once an hour."""

    def test_a_cell_is_remembered_for_an_hour_and_no_longer(self, vault: Vault, clock: Clock) -> None:
        give_keys(vault, COUPLE)
        calls: list[str] = []
        with tapped(lambda operation, request: kms_calls(calls, operation, request), vault.kms):
            clock.now += REMEMBERED_FOR - 0.001
            key_of(vault, COUPLE)
            assert calls == []
            clock.now += 0.001
            key_of(vault, COUPLE)
            key_of(vault, COUPLE)
            assert calls == ["Decrypt"]
            # The hour begins when the cell key is read, not when it is last used.
            clock.now += REMEMBERED_FOR
            key_of(vault, COUPLE)
        assert calls == ["Decrypt"] * 2
        assert REMEMBERED_FOR == 3600

    def test_kms_gets_the_encryption_context(self, vault: Vault, another: Vault) -> None:
        """The function's policy allows its use for this purpose only, and CloudTrail shows it."""
        asked: list[dict[str, Any]] = []
        with tapped(lambda _, request: asked.append(asked_of(request)), vault.kms):
            give_keys(vault, COUPLE)
            key_of(another, COUPLE)
        assert [each["KeyId"] for each in asked] == [vault.kms_key_id] * 2
        assert {each["EncryptionContext"]["purpose"] for each in asked} == {CONTEXT_PURPOSE}
        assert asked[0]["EncryptionContext"] == asked[1]["EncryptionContext"]

    def test_processes_that_make_a_cell_at_once_end_up_with_the_same(self, vault: Vault) -> None:
        vaults = [replace(vault, _cells={}) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            macs = set(pool.map(lambda each: each.mac("text"), vaults))
        assert macs == {vault.mac("text")}

    def test_a_cells_key_put_in_another_cells_place_does_not_open(self, vault: Vault, another: Vault) -> None:
        """KMS refuses: the cell is part of the encryption context."""
        vault.mac("text")
        give_keys(vault, COUPLE)
        wrapped = row_in(vault.cells, cell_key("invites"))["wrapped"]
        cell = row_in(vault.table, row_of(COUPLE))["cell"]
        vault.cells.put_many([(cell_key(cell), {"wrapped": wrapped})])
        with pytest.raises(VaultError):
            key_of(another, COUPLE)


class TestCellTable:
    """Cell keys have a table of their own, which can be restored. Version 0.1.0 had them in the key table."""

    def test_a_new_cell_key_is_only_in_the_cell_table(self, vault: Vault) -> None:
        give_keys(vault, COUPLE)
        vault.mac("text")
        cell = row_in(vault.table, row_of(COUPLE))["cell"]
        assert {row["pk"] for row in every_row(vault.cells)} == {f"CELL#{cell}", "CELL#invites"}
        assert {row["pk"] for row in every_row(vault.table)} == {f"COUPLE#{COUPLE}"}

    def test_an_older_cell_key_is_copied_at_its_first_use(self, vault: Vault, another: Vault) -> None:
        give_keys(vault, COUPLE)
        cells = as_in_0_1_0(vault)
        assert key_of(another, COUPLE) == key_of(vault, COUPLE)
        assert every_row(vault.cells) == cells

    def test_who_only_reads_copies_nothing(self, vault: Vault, another: Vault) -> None:
        give_keys(vault, COUPLE)
        as_in_0_1_0(vault)
        assert key_of(replace(another, read_only=True), COUPLE) == key_of(vault, COUPLE)
        assert every_row(vault.cells) == []

    def test_while_0_1_0_may_run_a_new_cell_key_is_in_both_tables(self, vault: Vault) -> None:
        replace(vault, scheme=SINGLE_KEY).mac("text")
        assert every_row(vault.cells) == every_row(vault.table) != []

    def test_a_cell_key_that_0_1_0_makes_at_the_same_moment_is_the_one_that_counts(
        self, vault: Vault, another: Vault
    ) -> None:
        """Version 0.1.0 stores its key after the look into both tables, and before this version stores another."""
        theirs = replace(vault, cells=vault.table)
        ours = replace(another, scheme=SINGLE_KEY)
        faster = first_of("GenerateDataKey", lambda: theirs.mac("text"))
        with tapped(lambda operation, _: faster(operation), ours.kms):
            assert ours.mac("text") == theirs.mac("text")
        assert every_row(vault.cells) == every_row(vault.table)

    @pytest.mark.parametrize("at", [3, 4])
    def test_a_making_that_is_cut_off_between_the_tables_is_finished_by_the_next(
        self, vault: Vault, another: Vault, at: int
    ) -> None:
        ours = replace(vault, scheme=SINGLE_KEY)
        with tapped(Wire(Fault.REPLY_LOST, at=at), vault.table.client), pytest.raises(KeyUnavailableError):
            ours.mac("text")
        assert another.mac("text") == ours.mac("text")
        assert every_row(vault.cells) == every_row(vault.table) != []

    def test_both_schemes_side_by_side_end_up_with_one_key(self, vault: Vault) -> None:
        """A deployment that changes the scheme runs both for some minutes."""
        vaults = [replace(vault, _cells={}, scheme=scheme) for scheme in (SINGLE_KEY, AUTHORS_KEY) * 4]
        with ThreadPoolExecutor(8) as pool:
            macs = set(pool.map(lambda each: each.mac("text"), vaults))
        assert macs == {replace(vault, _cells={}).mac("text")}

    def test_a_lost_cell_key_is_not_replaced_by_one_that_opens_nothing(self, vault: Vault, another: Vault) -> None:
        give_keys(vault, COUPLE)
        (lost,) = every_row(vault.cells)
        vault.cells.write(Write("Delete", Key(lost["pk"], "")))
        with pytest.raises(KeyUnavailableError, match="missing"):
            key_of(another, COUPLE)
        assert every_row(vault.cells) == []
        vault.cells.put_many([(Key(lost["pk"], ""), {"wrapped": lost["wrapped"]})])
        assert key_of(another, COUPLE) == key_of(vault, COUPLE)


class TestKmsDown:
    """Requests that need KMS fail with a retry. Other requests succeed."""

    @pytest.mark.parametrize("fault", [Fault.NOT_SENT, Fault.REPLY_LOST, Fault.THROTTLED])
    def test_a_key_that_kms_does_not_give_is_not_there_for_now(
        self, vault: Vault, another: Vault, fault: Fault
    ) -> None:
        give_keys(vault, COUPLE)
        with tapped(lambda operation, request: strike(fault, operation, request), vault.kms):
            with pytest.raises(KeyUnavailableError):
                key_of(another, COUPLE)
            # Within the hour a process uses its cached cell keys.
            key_of(vault, COUPLE)
        assert key_of(another, COUPLE) == key_of(vault, COUPLE)

    def test_a_cell_whose_making_was_cut_off_is_made_by_the_next(self, vault: Vault, another: Vault) -> None:
        with (
            tapped(lambda operation, request: strike(Fault.REPLY_LOST, operation, request), vault.kms),
            pytest.raises(KeyUnavailableError),
        ):
            vault.mac("text")
        assert every_row(vault.cells) == every_row(vault.table) == []
        assert vault.mac("text") == another.mac("text")

    def test_a_cell_that_was_kept_and_not_acknowledged_is_the_one_that_counts(
        self, vault: Vault, another: Vault
    ) -> None:
        wire = Wire(Fault.REPLY_LOST, at=3)  # two requests read the row in both tables, the third writes it
        with tapped(wire, vault.table.client), pytest.raises(KeyUnavailableError):
            vault.mac("text")
        assert wire.seen == ["GetItem", "GetItem", "PutItem"]
        assert vault.mac("text") == another.mac("text")

    def test_a_permission_taken_away_is_no_programming_error(self, vault: Vault, another: Vault) -> None:
        give_keys(vault, COUPLE)

        def denied(_operation: str, _request: AWSPreparedRequest) -> AWSResponse:
            return refusal("AccessDeniedException")

        with tapped(denied, vault.kms), pytest.raises(KeyUnavailableError):
            key_of(another, COUPLE)


class TestMac:
    """The table stores a MAC instead of a code."""

    def test_it_is_the_same_in_every_process(self, vault: Vault, another: Vault) -> None:
        assert vault.mac("ABCDE23456") == another.mac("ABCDE23456")
        assert bytes.fromhex(vault.mac("a")) == vault.mac_bytes("a")

    def test_it_is_another_for_every_text_and_every_deployment(
        self, vault: Vault, kms: KMSClient, kms_key: str, table: Table
    ) -> None:
        assert len({vault.mac(text) for text in ("", "a", "b", "A", "🫶")}) == 5
        elsewhere = Vault(kms, kms_key, vault.table, _cells_elsewhere(table))
        assert elsewhere.mac("a") != vault.mac("a")


def as_in_0_1_0(vault: Vault) -> list[dict[str, Any]]:
    """Move all cell keys to the key table, where version 0.1.0 stored them. Return their rows."""
    rows = every_row(vault.cells)
    for row in rows:
        vault.table.put_many([(Key(row["pk"], ""), {"wrapped": row["wrapped"]})])
        vault.cells.write(Write("Delete", Key(row["pk"], "")))
    return rows


def _put(vault: Vault, pk: str, cell: str, wrapped: bytes) -> None:
    item: dict[str, Any] = {"pk": {"S": pk}, "cell": {"S": cell}, "wrapped": {"B": wrapped}}
    vault.table.client.put_item(TableName=vault.table.name, Item=item)


def _cells_elsewhere(table: Table) -> Table:
    name = f"{table.name}-elsewhere"
    table.client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    return replace(table, name=name)
