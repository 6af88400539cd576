"""Give every route its stores and its caller."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Self

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler.depends import Depends
from pydantic import BeforeValidator

from rekindle.api.callers import Caller, app_check_of, caller_of
from rekindle.api.identity import AccountState, Identity
from rekindle.api.problems import Problem, ProblemError
from rekindle.api.sessions import Sessions, refuse_unknown
from rekindle.clients import client
from rekindle.crypto.author_keys import CoupleKeys
from rekindle.crypto.vault import Vault
from rekindle.domain.couples import Couple
from rekindle.domain.ids import Uid
from rekindle.domain.persons import Person
from rekindle.errors import WriteConflictError
from rekindle.settings import CouplesApiSettings
from rekindle.store.catalogue import Catalogue
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.devices import Devices
from rekindle.store.erasures import Erasures
from rekindle.store.help import HelpStore
from rekindle.store.idempotency import IdempotencyKeys
from rekindle.store.invites import Invites
from rekindle.store.nudges import Nudges
from rekindle.store.people import People
from rekindle.store.solo import Solo
from rekindle.store.streaks import Streaks
from rekindle.store.table import Table
from rekindle.store.tries import Tries

if TYPE_CHECKING:
    from rekindle.api.app_check import AppCheck


def _written_out(value: object) -> object:
    # Without this check, pydantic would also accept a number, as seconds since 1970.
    if not isinstance(value, dt.date) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(value)):
        raise ValueError("a date is written YYYY-MM-DD")
    return value


CalendarDate = Annotated[dt.date, BeforeValidator(_written_out)]

ID_BYTES = 12
SEED_BYTES = 16


@dataclass(frozen=True, slots=True)
class Services:
    """The stores of one process, and the vault, which opens encryption keys."""

    people: People
    devices: Devices
    idempotency_keys: IdempotencyKeys
    couples: Couples
    invites: Invites
    days: Days
    streaks: Streaks
    solo: Solo
    nudges: Nudges
    tries: Tries
    catalogue: Catalogue
    help: HelpStore
    erasures: Erasures
    vault: Vault
    sessions: Sessions
    app_link: str
    entropy: Callable[[int], bytes] = os.urandom
    app_check: AppCheck | None = None

    @classmethod
    def of(cls, settings: CouplesApiSettings) -> Self:
        """Return services that use the tables and the KMS key named in the settings."""
        dynamodb = client("dynamodb")
        keys, cells = Table(dynamodb, settings.key_table), Table(dynamodb, settings.cell_table)
        vault = Vault(client("kms"), settings.kms_key_id, keys, cells, settings.sealing_scheme)
        erasures = Erasures(Table(dynamodb, settings.erasure_table))
        identity = Identity(settings.identity, settings.firebase_key)
        services = cls.on(Table(dynamodb, settings.table), vault, settings.app_link, erasures, identity.account_state)
        return replace(services, app_check=app_check_of(settings.app_check_project, settings.app_check_endpoint))

    @classmethod
    def on(
        cls,
        table: Table,
        vault: Vault,
        app_link: str,
        erasures: Erasures,
        account_state: Callable[[Caller], AccountState],
    ) -> Self:
        """Return services that use this table. `account_state` returns the same as `Identity.account_state`."""
        people, couples, days = People(table), Couples(table), Days(table)
        return cls(
            people=people,
            devices=Devices(people),
            idempotency_keys=IdempotencyKeys(table),
            couples=couples,
            invites=Invites(people),
            days=days,
            streaks=Streaks(table, couples, days),
            solo=Solo(table),
            nudges=Nudges(table),
            tries=Tries(table),
            catalogue=Catalogue(table),
            help=HelpStore(table),
            erasures=erasures,
            vault=vault,
            sessions=Sessions(account_state, people),
            app_link=app_link,
        )

    def new_id(self) -> str:
        """Return a random id."""
        return self.entropy(ID_BYTES).hex()

    def new_seed(self) -> str:
        """Return a random seed for a couple."""
        return self.entropy(SEED_BYTES).hex()


def _services(request: Request) -> Services:
    services: Services = request.context["services"]
    return services


def _any_caller(request: Request) -> Caller:
    return caller_of(request.resolved_event)


def _caller(request: Request) -> Caller:
    caller = _any_caller(request)
    if app_check := _services(request).app_check:
        app_check.require(request.resolved_event)
    return caller


TheServices = Annotated[Services, Depends(_services)]
TheCaller = Annotated[Caller, Depends(_caller)]
AnyCaller = Annotated[Caller, Depends(_any_caller)]
"""A caller whose app is not verified, even if App Check is switched on."""


IN_A_COUPLE = (Problem.NO_PROFILE, Problem.NOT_PAIRED)
"""The problems that `known_person` and `current_couple` raise."""


def known_person(services: Services, caller: Caller) -> Person:
    """Return the caller's person. Raise ProblemError if they have no profile yet, or if the sign-in has ended.

    Raise ErasedError if they have erased their account.
    """
    person = services.people.person(caller.uid)
    if person is None:
        refuse_unknown(services.erasures, caller.uid)
    return services.sessions.require(caller, person)


def current_couple(services: Services, person: Person) -> Couple:
    """Return the couple that the person is in. Raise ProblemError if the person is in no couple.

    The couple's own row decides. The person's row only names the couple.
    """
    couple = services.couples.joined_by(person)
    if couple is None:
        raise ProblemError(Problem.NOT_PAIRED)
    return couple


def keys_for_writing(services: Services, couple: Couple, author: Uid) -> CoupleKeys:
    """Return the couple's keys, with a key for the author's new texts.

    A couple that paired before authors had keys may have only one key, for both partners (`CoupleKeys.single`). If new
    texts need a key for each author, first store a new key for each partner. Raise ProblemError if somebody has ended
    the couple meanwhile.
    """
    keys = services.vault.couple_keys(couple.id)
    if keys.can_seal(author):
        return keys
    try:
        services.couples.while_together(couple.id, [services.vault.adding_author_keys(couple.id, couple.profiles)])
    except WriteConflictError as conflict:
        current = services.couples.couple(couple.id)
        if current is None or current.ended_at:
            raise ProblemError(Problem.NOT_PAIRED) from conflict
        # Another request has just stored the keys.
    return services.vault.couple_keys(couple.id)


def freed(services: Services, person: Person, instant: dt.datetime) -> Person:
    """Return the person. If their row names a couple that they are not in, first free them from this couple.

    The couple's own row decides. If that row is gone, the couple ended more than a month ago. Raise ErasedError if the
    person has erased their account meanwhile.
    """
    if person.couple is None:
        return person
    couple = services.couples.couple(person.couple)
    if couple is None:
        services.couples.free_from_missing(person.uid, person.couple, instant)
    elif person.uid not in couple.members:
        services.couples.free_from_foreign(person.uid, couple.id, instant)
    elif couple.ended_at:
        services.couples.free(person.uid, couple)
    else:
        return person
    return services.people.person(person.uid) or person


def require_unpaired(services: Services, person: Person, instant: dt.datetime) -> Person:
    """Return the person, freed from a couple that has ended. Raise ALREADY_PAIRED if they are in a couple."""
    person = freed(services, person, instant)
    if person.couple:
        raise ProblemError(Problem.ALREADY_PAIRED)
    return person
