"""The stores, which this role may only read, and the recently signed-in caller."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Self

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler.depends import Depends

from rekindle.api.callers import Caller, caller_of
from rekindle.api.problems import Problem, ProblemError
from rekindle.clients import client
from rekindle.crypto.vault import Vault
from rekindle.settings import PrivacySettings
from rekindle.store.catalogue import Catalogue
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.people import People
from rekindle.store.solo import Solo
from rekindle.store.table import Table

RECENT = dt.timedelta(minutes=15)
"""How long after a sign-in somebody may export everything.

A phone that lies open on a table is signed in for weeks. Whoever picks it up may see one day or another, but an export
needs proof that its owner was there just now. A quarter of an hour is enough for an export of any length.
"""

PAGE_DAYS = 100
"""Days that one page reads.

A day has at most two answers of 2,000 characters and two reflections of 1,000. A character takes at most 4 bytes in
UTF-8. Where JSON must escape it, it takes 6, of which Lambda escapes one again. So the four texts take 42,000 bytes,
and a day less than 45,000 with its prompt of 240 characters and everything around it. A hundred such days are 4.5 MB,
and Lambda's limit is 6 MB. This holds for the managed runtime of Python 3.12 and later, which does not escape non-ASCII
characters. A runtime that does, as a container's client may, would need smaller pages.
"""


@dataclass(frozen=True, slots=True)
class Services:
    """The stores and the vault of one process, and how many days a page of an export reads."""

    people: People
    couples: Couples
    days: Days
    solo: Solo
    catalogue: Catalogue
    vault: Vault
    page_days: int = PAGE_DAYS

    @classmethod
    def of(cls, settings: PrivacySettings) -> Self:
        """Return the services that the settings name."""
        dynamodb = client("dynamodb")
        table = Table(dynamodb, settings.table)
        return cls(
            people=People(table),
            couples=Couples(table),
            days=Days(table),
            solo=Solo(table),
            catalogue=Catalogue(table),
            vault=Vault(client("kms"), settings.kms_key_id, Table(dynamodb, settings.key_table)),
        )


def _services(request: Request) -> Services:
    services: Services = request.context["services"]
    return services


def _recent_caller(request: Request) -> Caller:
    caller = caller_of(request.resolved_event)
    if not caller.has_signed_in_within(RECENT):
        raise ProblemError(Problem.SIGN_IN_NOT_RECENT)
    return caller


TheServices = Annotated[Services, Depends(_services)]
TheRecentCaller = Annotated[Caller, Depends(_recent_caller)]
