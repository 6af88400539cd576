"""The vault makes, wraps and opens keys, and a deleted key is gone for every process.

KMS wraps the cell keys, and the cell keys wrap the keys of couples and persons.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError

from rekindle.crypto.vault import CONTEXT_PURPOSE, REMEMBERED_FOR, Vault
from rekindle.domain.ids import CoupleId, Uid
from rekindle.errors import KeyUnavailableError, VaultError
from rekindle.store.instants import to_ttl
from rekindle.store.keys import Key
from testing.builders import an_instant
from testing.stored import row_in
from testing.wire import Fault, Wire, asked_of, refusal, strike, tapped

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from types_boto3_kms import KMSClient

    from rekindle.store.table import Table

COUPLE, OTHERS = CoupleId("couple-one"), CoupleId("couple-two")


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
def vault(key_table: Table, kms: KMSClient, kms_key: str, clock: Clock) -> Vault:
    return Vault(kms, kms_key, key_table, monotonic=clock)


@pytest.fixture
def another(vault: Vault) -> Vault:
    """Make the vault of another process, with the same tables and KMS, and empty caches."""
    return replace(vault, _cells={})


def give_key(vault: Vault, couple: CoupleId) -> None:
    vault.table.write(vault.new_couple_key(couple))


def kms_calls(calls: list[str], operation: str, _request: AWSPreparedRequest) -> None:
    calls.append(operation)


class TestCoupleKeys:
    """Each couple has a key of its own."""

    def test_every_process_opens_the_same_key(self, vault: Vault, another: Vault) -> None:
        give_key(vault, COUPLE)
        assert vault.couple_key(COUPLE).key == another.couple_key(COUPLE).key
        assert len(vault.couple_key(COUPLE).key) == 32

    def test_no_two_couples_share_one(self, vault: Vault) -> None:
        couples = [CoupleId(f"couple-{number}") for number in range(12)]
        for couple in couples:
            give_key(vault, couple)
        assert len({vault.couple_key(couple).key for couple in couples}) == 12

    def test_a_couples_key_is_made_once(self, vault: Vault) -> None:
        """If the key were made again, answers sealed before would be unreadable."""
        write = vault.new_couple_key(COUPLE)
        assert write.condition == "attribute_not_exists(pk)"
        assert write.table == vault.table.name

    def test_no_key_is_stored_as_it_is(self, vault: Vault) -> None:
        give_key(vault, COUPLE)
        mac = vault.mac("text")
        rows = repr(vault.table.client.scan(TableName=vault.table.name)["Items"])
        for secret in (vault.couple_key(COUPLE).key, *(key for _, key in vault._cells.values())):
            assert repr(secret)[2:-1] not in rows
        assert mac not in rows
        for secret in (key for _, key in vault._cells.values()):
            assert repr(secret)[2:-1] not in repr(vault)

    def test_a_key_whose_row_is_deleted_is_gone_at_once(self, vault: Vault) -> None:
        """A process that has just used the key loses it too, because processes cache only cell keys."""
        give_key(vault, COUPLE)
        vault.couple_key(COUPLE)
        vault.table.client.delete_item(TableName=vault.table.name, Key={"pk": {"S": f"COUPLE#{COUPLE}"}})
        with pytest.raises(VaultError, match="gone"):
            vault.couple_key(COUPLE)

    def test_a_key_gets_the_expiry_that_is_asked_for(self, vault: Vault) -> None:
        give_key(vault, COUPLE)
        at = an_instant("2026-04-01T00:00:00.500Z")
        vault.table.write(vault.ending_couple_key(COUPLE, at))
        row = row_in(vault.table, Key(f"COUPLE#{COUPLE}", ""))
        assert row["ttl"] == to_ttl(at)
        # Until then answers sealed with the key can be exported.
        vault.couple_key(COUPLE)

    def test_a_key_put_in_another_couples_place_does_not_open(self, vault: Vault) -> None:
        for couple in (COUPLE, OTHERS):
            give_key(vault, couple)
        row = row_in(vault.table, Key(f"COUPLE#{COUPLE}", ""))
        _put(vault, f"COUPLE#{OTHERS}", row["cell"], row["wrapped"])
        with pytest.raises(VaultError):
            vault.couple_key(OTHERS)

    def test_another_cell_does_not_open_it(self, vault: Vault) -> None:
        give_key(vault, COUPLE)
        row = row_in(vault.table, Key(f"COUPLE#{COUPLE}", ""))
        _put(vault, f"COUPLE#{COUPLE}", f"{(int(row['cell']) + 1) % 64:02}", row["wrapped"])
        with pytest.raises(VaultError):
            vault.couple_key(COUPLE)

    def test_cells_are_sixty_four(self, vault: Vault) -> None:
        cells = {vault.new_couple_key(CoupleId(f"couple-{number}")).item["cell"] for number in range(40)}
        assert cells <= {f"{number:02}" for number in range(64)}
        assert len(cells) > 20


class TestPersonKeys:
    """Each person who writes alone has a key of their own."""

    ADA, BEN = Uid("ada"), Uid("ben")

    def test_it_is_made_at_its_first_use_and_every_process_opens_the_same(self, vault: Vault, another: Vault) -> None:
        with pytest.raises(VaultError, match="gone"):
            vault.person_key(self.ADA)
        made = vault.ensure_person_key(self.ADA)
        assert len(made.key) == 32
        assert another.person_key(self.ADA).key == made.key == another.ensure_person_key(self.ADA).key
        assert vault.ensure_person_key(self.BEN).key != made.key

    def test_a_couple_and_a_person_of_one_name_have_two_keys(self, vault: Vault) -> None:
        give_key(vault, CoupleId(self.ADA))
        assert vault.ensure_person_key(self.ADA).key != vault.couple_key(CoupleId(self.ADA)).key

    def test_processes_that_make_it_at_once_end_up_with_the_same(self, vault: Vault) -> None:
        vault.mac("text")
        vaults = [replace(vault, _cells=dict(vault._cells)) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            keys = {key.key for key in pool.map(lambda each: each.ensure_person_key(self.ADA), vaults)}
        assert keys == {vault.person_key(self.ADA).key}

    def test_a_making_whose_reply_was_lost_is_the_one_that_counts(self, vault: Vault, another: Vault) -> None:
        vault.ensure_person_key(self.BEN)
        vault.new_couple_key(CoupleId(self.ADA))  # its cell key is cached, so only the key's own row is written
        wire = Wire(Fault.REPLY_LOST, at=2)
        with tapped(wire, vault.table.client), pytest.raises(ConnectionClosedError):
            vault.ensure_person_key(self.ADA)
        assert wire.seen == ["GetItem", "PutItem"]
        assert vault.ensure_person_key(self.ADA).key == another.person_key(self.ADA).key

    def test_a_key_whose_row_is_deleted_is_gone_at_once(self, vault: Vault) -> None:
        vault.ensure_person_key(self.ADA)
        vault.table.client.delete_item(TableName=vault.table.name, Key={"pk": {"S": f"PERSON#{self.ADA}"}})
        with pytest.raises(VaultError, match="gone"):
            vault.person_key(self.ADA)

    def test_a_key_put_in_another_place_does_not_open(self, vault: Vault) -> None:
        vault.ensure_person_key(self.ADA)
        row = row_in(vault.table, Key(f"PERSON#{self.ADA}", ""))
        _put(vault, f"PERSON#{self.BEN}", row["cell"], row["wrapped"])
        with pytest.raises(VaultError):
            vault.person_key(self.BEN)
        _put(vault, f"COUPLE#{self.ADA}", row["cell"], row["wrapped"])
        with pytest.raises(VaultError):
            vault.couple_key(CoupleId(self.ADA))

    def test_no_key_is_stored_as_it_is(self, vault: Vault) -> None:
        key = vault.ensure_person_key(self.ADA)
        rows = repr(vault.table.client.scan(TableName=vault.table.name)["Items"])
        assert repr(key.key)[2:-1] not in rows
        assert repr(key.key)[2:-1] not in repr(key)

    def test_without_kms_a_new_key_waits(self, vault: Vault) -> None:
        with (
            tapped(lambda operation, request: strike(Fault.NOT_SENT, operation, request), vault.kms),
            pytest.raises(KeyUnavailableError),
        ):
            vault.ensure_person_key(self.ADA)
        assert vault.table.get(Key(f"PERSON#{self.ADA}", "")) is None


class TestCells:
    """A process asks KMS for a cell key at most once an hour."""

    def test_a_cell_is_remembered_for_an_hour_and_no_longer(self, vault: Vault, clock: Clock) -> None:
        give_key(vault, COUPLE)
        calls: list[str] = []
        with tapped(lambda operation, request: kms_calls(calls, operation, request), vault.kms):
            clock.now += REMEMBERED_FOR - 0.001
            vault.couple_key(COUPLE)
            assert calls == []
            clock.now += 0.001
            vault.couple_key(COUPLE)
            vault.couple_key(COUPLE)
            assert calls == ["Decrypt"]
            # The hour begins when the cell key is read, not when it is last used.
            clock.now += REMEMBERED_FOR
            vault.couple_key(COUPLE)
        assert calls == ["Decrypt"] * 2
        assert REMEMBERED_FOR == 3600

    def test_kms_gets_the_encryption_context(self, vault: Vault, another: Vault) -> None:
        """The function's policy allows its use for this purpose only, and CloudTrail shows it."""
        asked: list[dict[str, Any]] = []
        with tapped(lambda _, request: asked.append(asked_of(request)), vault.kms):
            give_key(vault, COUPLE)
            another.couple_key(COUPLE)
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
        give_key(vault, COUPLE)
        row = row_in(vault.table, Key("CELL#invites", ""))
        cell = vault.new_couple_key(COUPLE).item["cell"]
        _put(vault, f"CELL#{cell}", None, row["wrapped"])
        with pytest.raises(VaultError):
            another.couple_key(COUPLE)


class TestKmsDown:
    """Requests that need KMS fail with a retry. Other requests succeed."""

    @pytest.mark.parametrize("fault", [Fault.NOT_SENT, Fault.REPLY_LOST, Fault.THROTTLED])
    def test_a_key_that_kms_does_not_give_is_not_there_for_now(
        self, vault: Vault, another: Vault, fault: Fault
    ) -> None:
        give_key(vault, COUPLE)
        with tapped(lambda operation, request: strike(fault, operation, request), vault.kms):
            with pytest.raises(KeyUnavailableError):
                another.couple_key(COUPLE)
            # Within the hour a process uses its cached cell keys.
            vault.couple_key(COUPLE)
        assert another.couple_key(COUPLE).key == vault.couple_key(COUPLE).key

    def test_a_cell_whose_making_was_cut_off_is_made_by_the_next(self, vault: Vault, another: Vault) -> None:
        with (
            tapped(lambda operation, request: strike(Fault.REPLY_LOST, operation, request), vault.kms),
            pytest.raises(KeyUnavailableError),
        ):
            vault.mac("text")
        assert vault.table.client.scan(TableName=vault.table.name)["Items"] == []
        assert vault.mac("text") == another.mac("text")

    def test_a_cell_that_was_kept_and_not_acknowledged_is_the_one_that_counts(
        self, vault: Vault, another: Vault
    ) -> None:
        wire = Wire(Fault.REPLY_LOST, at=2)  # the first request reads the row, the second writes it
        with tapped(wire, vault.table.client), pytest.raises(KeyUnavailableError):
            vault.mac("text")
        assert wire.seen == ["GetItem", "PutItem"]
        assert vault.mac("text") == another.mac("text")

    def test_a_permission_taken_away_is_no_programming_error(self, vault: Vault, another: Vault) -> None:
        give_key(vault, COUPLE)

        def denied(_operation: str, _request: AWSPreparedRequest) -> AWSResponse:
            return refusal("AccessDeniedException")

        with tapped(denied, vault.kms), pytest.raises(KeyUnavailableError):
            another.couple_key(COUPLE)


class TestMac:
    """The table stores a MAC instead of a code."""

    def test_it_is_the_same_in_every_process(self, vault: Vault, another: Vault) -> None:
        assert vault.mac("ABCDE23456") == another.mac("ABCDE23456")
        assert bytes.fromhex(vault.mac("a")) == vault.mac_bytes("a")

    def test_it_is_another_for_every_text_and_every_deployment(
        self, vault: Vault, kms: KMSClient, kms_key: str, table: Table
    ) -> None:
        assert len({vault.mac(text) for text in ("", "a", "b", "A", "🫶")}) == 5
        elsewhere = Vault(kms, kms_key, _keys_elsewhere(table))
        assert elsewhere.mac("a") != vault.mac("a")


def _put(vault: Vault, pk: str, cell: str | None, wrapped: bytes) -> None:
    item: dict[str, Any] = {"pk": {"S": pk}, "wrapped": {"B": wrapped}}
    if cell is not None:
        item["cell"] = {"S": cell}
    vault.table.client.put_item(TableName=vault.table.name, Item=item)


def _keys_elsewhere(table: Table) -> Table:
    name = f"{table.name}-elsewhere"
    table.client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    return replace(table, name=name)
