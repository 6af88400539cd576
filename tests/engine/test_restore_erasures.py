"""After a restore from a backup, everybody who has erased their account is erased again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.progress import Progress

from local.restore_erasures import Restored
from rekindle.cleanup import EraseJob, cleanup_job_from
from rekindle.store import keys
from testing.apis import phones_api
from testing.builders import LONDON
from testing.phones import Phone, a_phone, pair
from testing.stored import every_row, person_of

if TYPE_CHECKING:
    from couples_api.services import Services
    from rekindle.store.table import Table
    from testing.api_fixtures import NewTables
    from testing.push_world import Queue


@pytest.fixture
def phones(own_services: Services) -> tuple[Phone, Phone]:
    api = phones_api(lambda: own_services)
    ada, ben = (a_phone(api, name, LONDON) for name in ("ada", "ben"))
    pair(ada, ben)
    return ada, ben


@pytest.fixture
def backup(own_services: Services, phones: tuple[Phone, Phone], new_tables: NewTables) -> Table:
    """Copy the main table, then let Ada erase her account. Return the copy."""
    table, *_ = new_tables()
    for row in every_row(own_services.people.table):
        table.put_many([(keys.Key(row["pk"], row["sk"]), row)])
    ada, _ = phones
    ada.claims["auth_time"] = str(int(ada.now.timestamp()))
    assert ada.delete("/v1/me").status == 202
    return table


def again(services: Services, table: Table, queue: Queue | None) -> int:
    outbox = queue.outbox if queue else None
    return Restored(table, services.erasures.table, outbox).erase_again(Progress(disable=True))


def jobs_in(queue: Queue) -> list[Any]:
    bodies = []
    while messages := queue.client.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            bodies.append(message["Body"])
            queue.client.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
    return [cleanup_job_from(body) for body in bodies]


def test_an_erased_person_is_hidden_and_erased_again(
    own_services: Services, phones: tuple[Phone, Phone], backup: Table, queue: Queue
) -> None:
    ada, ben = phones
    restored = replace(own_services.people, table=backup)
    assert restored.find(ada.uid)
    for _ in range(2):
        assert again(own_services, backup, queue) == 1
    assert restored.find(ada.uid) is None
    assert restored.find(ben.uid)
    erased = restored.erased_person(ada.uid)
    assert erased
    assert erased.erased_at == ada.now
    assert set(jobs_in(queue)) == {EraseJob(uid=ada.uid, erased_at=ada.now)}


def test_a_person_who_is_marked_only_is_erased_too(
    own_services: Services, phones: tuple[Phone, Phone], queue: Queue
) -> None:
    """The request died right after the mark, and the stream's job is lost."""
    ada, _ = phones
    own_services.people.erase(ada.uid, ada.now)
    assert again(own_services, own_services.people.table, queue) == 1
    assert jobs_in(queue) == [EraseJob(uid=ada.uid, erased_at=ada.now)]


def test_a_table_that_no_stack_uses_yet_is_only_marked(
    own_services: Services, phones: tuple[Phone, Phone], backup: Table
) -> None:
    assert again(own_services, backup, None) == 1
    assert replace(own_services.people, table=backup).find(phones[0].uid) is None


def test_without_an_erasure_nobody_is_touched(
    own_services: Services, phones: tuple[Phone, Phone], queue: Queue
) -> None:
    before = every_row(own_services.people.table)
    assert again(own_services, own_services.people.table, queue) == 0
    assert every_row(own_services.people.table) == before
    assert jobs_in(queue) == []
    assert person_of(own_services, phones[0]).erased_at is None
