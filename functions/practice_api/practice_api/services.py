"""Give every route its stores and its caller, who is a member of staff.

No store here reads answers or couples' rows, and the function's AWS role does not allow such reads.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Self

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler.depends import Depends
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from rekindle.accounts import PUBLISH, READ
from rekindle.api.callers import Caller, caller_of, claims_of
from rekindle.api.identity import Account, Identity
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.api.sessions import StaffSessions
from rekindle.clients import client
from rekindle.domain.codes import code_from
from rekindle.domain.ids import PackId
from rekindle.packs.check import check_source
from rekindle.packs.document import Pack
from rekindle.packs.lifecycle import CODE_LENGTH, Actor, PackHead, ReleaseHead, name_of
from rekindle.settings import PracticeApiSettings
from rekindle.store.audit import Audit
from rekindle.store.help import HelpStore
from rekindle.store.notices import Notices
from rekindle.store.packs import Packs
from rekindle.store.staff import StaffSignOuts
from rekindle.store.statistics import Statistics
from rekindle.store.table import Table

_ENTROPY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Services:
    """The stores of one process, and whether a second person must approve each publication."""

    packs: Packs
    audit: Audit
    statistics: Statistics
    help: HelpStore
    notices: Notices
    sign_outs: StaffSignOuts
    sessions: StaffSessions
    review_required: bool
    entropy: Callable[[int], bytes] = os.urandom
    _published: dict[tuple[PackId, int], Pack | None] = field(default_factory=dict)

    @classmethod
    def on(
        cls,
        table: Table,
        account: Callable[[Caller], Account],
        *,
        review_required: bool,
        second_factor: bool = False,
    ) -> Self:
        """Return services that use this table. `account` returns the same as `Identity.account`."""
        sign_outs = StaffSignOuts(table)
        return cls(
            packs=Packs(table),
            audit=Audit(table),
            statistics=Statistics(table),
            help=HelpStore(table),
            notices=Notices(table),
            sign_outs=sign_outs,
            sessions=StaffSessions(account, sign_outs.signed_out_at, second_factor),
            review_required=review_required,
        )

    @classmethod
    def of(cls, settings: PracticeApiSettings) -> Self:
        """Return services that use the table in the settings."""
        table, identity = Table(client("dynamodb"), settings.table), Identity(settings.identity, settings.firebase_key)
        return cls.on(
            table,
            identity.account,
            review_required=settings.review_required,
            second_factor=settings.second_factor,
        )

    def new_code(self) -> str:
        """Return a practice code that nobody can guess."""
        return code_from(self.entropy(_ENTROPY_BYTES), CODE_LENGTH)

    def others(self, pack: PackId, instant: dt.datetime) -> Iterator[Pack]:
        """Yield the live versions of all other packs. A check compares a text of `pack` with these versions."""
        for head in self.packs.heads():
            live = None if head.id == pack else head.live(instant)
            if live and (published := self.published(head.id, live)):
                yield published

    def published(self, pack: PackId, release: ReleaseHead) -> Pack | None:
        """Return the released pack. Return None if the pack breaks a rule that was added after its release."""
        name = (pack, release.version)
        if name not in self._published:
            self._published[name] = check_source(self.packs.released(pack, release)).pack
        return self._published[name]


@dataclass(frozen=True, slots=True)
class Staff:
    """The member of staff who calls, and the instant of the call. API Gateway's authorizer has verified the caller."""

    uid: str
    name: str
    instant: dt.datetime

    @property
    def actor(self) -> Actor:
        """The caller as an actor, for the audit."""
        return Actor(self.uid, self.name, self.instant)


def _services(request: Request) -> Services:
    services: Services = request.context["services"]
    return services


def _staff(request: Request, *scopes: str, changes: bool = False) -> Staff:
    event = request.resolved_event
    claims = claims_of(event)
    # API Gateway has checked the scope. Check it again, because a route in template.yaml may lack its scope by mistake.
    if not {*scopes} & {*str(claims.get("scope", "")).split()}:
        raise ProblemError(Problem.NOT_ALLOWED)
    caller = caller_of(event)
    _services(request).sessions.require(caller, frozenset(scopes), changes=changes)
    return Staff(caller.uid, name_of(claims), caller.instant)


def _reader(request: Request) -> Staff:
    return _staff(request, READ, PUBLISH)


def _publisher(request: Request) -> Staff:
    return _staff(request, PUBLISH, changes=True)


def staff_refusals(*problems: Problem) -> dict[int, OpenAPIResponse]:
    """Return the responses for these problems, and for a caller without the route's scope or a second factor."""
    return refusals(Problem.NOT_ALLOWED, Problem.SECOND_FACTOR_NEEDED, *problems)


def publisher_refusals(*problems: Problem) -> dict[int, OpenAPIResponse]:
    """Return the responses of a route that changes something: as `staff_refusals`, and for an old sign-in."""
    return staff_refusals(Problem.SIGN_IN_NOT_RECENT, *problems)


TheServices = Annotated[Services, Depends(_services)]
TheReader = Annotated[Staff, Depends(_reader)]
ThePublisher = Annotated[Staff, Depends(_publisher)]
"""The caller of a route that changes what others see."""


def known_pack(services: Services, pack: str) -> PackHead:
    """Return the head of the pack. Raise NO_SUCH_PACK if the pack has neither a draft nor a version."""
    head = services.packs.head(PackId(pack))
    if not head.is_known():
        raise ProblemError(Problem.NO_SUCH_PACK)
    return head
