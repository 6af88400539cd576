"""Provide the stores of the routes, and refuse a caller whose sign-in is not recent."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler.depends import Depends

from rekindle.api.callers import Caller, app_check_of, caller_of
from rekindle.api.identity import Identity
from rekindle.api.problems import Problem, ProblemError
from rekindle.api.sessions import Sessions
from rekindle.clients import client
from rekindle.crypto.vault import Vault
from rekindle.settings import PrivacySettings
from rekindle.store.catalogue import Catalogue
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.erasures import Erasures
from rekindle.store.invites import Invites
from rekindle.store.people import People
from rekindle.store.solo import Solo
from rekindle.store.table import Table

if TYPE_CHECKING:
    from rekindle.api.app_check import AppCheck

RECENT = dt.timedelta(minutes=15)
"""A person may export and erase for this long after a sign-in.

A phone stays signed in for weeks. Somebody who picks up an unlocked phone must not export or erase everything. So both
need proof that the owner signed in just now. 15 minutes are enough for all pages of a long export.
"""

PAGE_DAYS = 100
"""One page reads at most this many days.

Lambda's limit for a reply is 6 MB. A day has at most two answers of 2,000 characters and two reflections of 1,000, so
6,000 characters. A character takes at most 7 bytes: our JSON may need 6 bytes for it, such as \\u0007, and Lambda's own
JSON doubles the backslash. So the texts of a day take at most 42,000 bytes, and the day with its prompt takes less than
45,000 bytes. A hundred days take at most 4.5 MB.
"""

PAGE_SECTIONS = 10
"""One page reads at most this many sections: the solo days, and each of the person's couples.

A couple takes up to four round trips, even if it has no days.
"""


@dataclass(frozen=True, slots=True)
class Services:
    """The stores and the vault of one process, and the limits of a page."""

    people: People
    couples: Couples
    days: Days
    solo: Solo
    invites: Invites
    catalogue: Catalogue
    vault: Vault
    sessions: Sessions
    erasures: Erasures
    page_days: int = PAGE_DAYS
    page_sections: int = PAGE_SECTIONS
    entropy: Callable[[int], bytes] = os.urandom
    app_check: AppCheck | None = None

    @classmethod
    def of(cls, settings: PrivacySettings) -> Self:
        """Return services that use the tables and the key in the settings."""
        dynamodb = client("dynamodb")
        table = Table(dynamodb, settings.table)
        keys, cells = Table(dynamodb, settings.key_table), Table(dynamodb, settings.cell_table)
        people = People(table)
        return cls(
            people=people,
            couples=Couples(table),
            days=Days(table),
            solo=Solo(table),
            invites=Invites(people),
            catalogue=Catalogue(table),
            vault=Vault(client("kms"), settings.kms_key_id, keys, cells, settings.sealing_scheme, read_only=True),
            # This function does not store when an account was checked. So each page of an export may ask Firebase
            # again. An export has only a few pages.
            sessions=Sessions(Identity(settings.identity, settings.firebase_key).account_state),
            erasures=Erasures(Table(dynamodb, settings.erasure_table)),
            app_check=app_check_of(settings.app_check_project, settings.app_check_endpoint),
        )


def _services(request: Request) -> Services:
    services: Services = request.context["services"]
    return services


def _recent_caller(request: Request) -> Caller:
    caller = caller_of(request.resolved_event)
    if app_check := _services(request).app_check:
        app_check.require(request.resolved_event)
    if not caller.has_signed_in_within(RECENT):
        raise ProblemError(Problem.SIGN_IN_NOT_RECENT)
    return caller


TheServices = Annotated[Services, Depends(_services)]
TheRecentCaller = Annotated[Caller, Depends(_recent_caller)]
