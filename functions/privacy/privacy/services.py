"""What every route works with: who calls, and that it is they; and the stores, of which the role allows reading."""

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
"""How long after signing in somebody may ask for everything at once.

A phone that lies open on a table is signed in for weeks, and whoever picks it up may see one day or another. This is
more, and asks that its owner was there just now; within a quarter of an hour an export of any length is through.
"""

PAGE_DAYS = 100
"""Days that one page looks at.

A day has at most two answers of 2,000 characters and two reflections of 1,000. A character takes 4 bytes at most in
UTF-8, and where JSON has to escape it 6, of which Lambda escapes one once more: 42,000 bytes for the four, and less
than 45,000 with a prompt of 240 characters and all around it. A hundred such days are 4.5 MB; Lambda hands on 6.
That is so with the managed runtime of Python 3.12 and later, which leaves what is not ASCII as it is: one that escapes
it, as a container's client may, would need smaller pages.
"""


@dataclass(frozen=True, slots=True)
class Services:
    """The stores and the vault of one process, and how many days a page of an export looks at."""

    people: People
    couples: Couples
    days: Days
    solo: Solo
    catalogue: Catalogue
    vault: Vault
    page_days: int = PAGE_DAYS

    @classmethod
    def of(cls, settings: PrivacySettings) -> Self:
        """The services that the settings name."""
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
