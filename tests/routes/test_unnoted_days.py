"""A complete day that could not be stored in the streak still counts.

Two short tests beside it check empty replies and the request id in log lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from rekindle.store import keys
from rekindle.store.table import Write
from rekindle.telemetry import logger
from testing.push_world import watched
from testing.stored import person_of

if TYPE_CHECKING:
    from couples_api.services import Services
    from testing.phones import Phone


def test_a_reply_without_content_has_none(couple: tuple[Phone, Phone]) -> None:
    ada, _ = couple
    gone = ada.delete("/v1/couple")
    assert (gone.status, gone.text) == (204, "")


@pytest.mark.parametrize("path", ["/v1/today", "/v1/streak"])
def test_a_day_that_nobody_could_note_is_noted_when_they_look(
    couple: tuple[Phone, Phone], services: Services, path: str
) -> None:
    """The call that completes a day may be interrupted, and an outage may last longer than the stream's retries."""
    (ada, ben), table = couple, services.people.table
    ada.put("/v1/days/2026-03-02/answer", {"text": "The way you hum."})
    ben.put("/v1/days/2026-03-02/answer", {"text": "Your letters."})
    person = person_of(services, ada)
    assert person.couple
    table.write(Write("Delete", keys.streak(person.couple)))
    ada.get(path)
    assert table.get(keys.streak(person.couple))
    assert ben.get("/v1/streak").body["current"] == 1


@pytest.mark.parametrize("path", ["/v1/today", "/v1/streak"])
def test_a_day_that_still_cannot_be_noted_counts_all_the_same(
    couple: tuple[Phone, Phone], services: Services, path: str
) -> None:
    """A read of the streak never answers with `busy`."""
    (ada, ben), table = couple, services.people.table
    ada.put("/v1/days/2026-03-02/answer", {"text": "The way you hum."})

    def no_puts(operation: str) -> None:
        if operation == "PutItem":
            raise ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, operation)

    with watched(table, no_puts):
        assert ben.put("/v1/days/2026-03-02/answer", {"text": "Your letters."}).status == 200
        reply = ada.get(path)
    assert reply.status == 200, reply.text
    assert (reply.body["streak"] if path == "/v1/today" else reply.body)["current"] == 1


def test_log_lines_have_the_request_id_of_the_access_log(couple: tuple[Phone, Phone]) -> None:
    logger.append_keys(request_id="of the request before")
    couple[0].get("/v1/today")
    assert logger.get_current_keys()["request_id"] == "request-1"
