"""Invites: a code is kept only as its MAC, is redeemed by one person at most, and yields one couple at most."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.models import InviteId, LiveInvite, Person, Uid
from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.couples import Couples
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.people import Consequences, People
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rekindle.domain.models import Couple
    from rekindle.store.table import Table

KEPT_AFTER_EXPIRY: Final = dt.timedelta(days=1)
"""For a late confirmation to be told apart from one that never was; DynamoDB's time to live may take longer still."""


class InviteState(StrEnum):
    """An invite is open until one person redeems it, and confirmed once the inviter has said yes to them."""

    OPEN = "open"
    REDEEMED = "redeemed"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Invite:
    """An invite as the table keeps it; the names are those that each shows to the other."""

    id: InviteId
    code_mac: str
    inviter: Uid
    inviter_name: str
    state: InviteState
    expires_at: dt.datetime
    redeemer: Uid | None = None
    redeemer_name: str | None = None

    def is_open_to(self, person: Uid, instant: dt.datetime) -> bool:
        """Return whether this person may redeem the invite at `instant`, or has done so."""
        if self.expires_at <= instant or self.inviter == person:
            return False
        return self.state is InviteState.OPEN or (self.state is InviteState.REDEEMED and self.redeemer == person)


@dataclass(frozen=True, slots=True)
class Invites:
    """The invites of the table."""

    table: Table

    def invite(self, code_mac: str) -> Invite | None:
        """The invite with this code's MAC, whatever its state."""
        item = self.table.get(keys.invite(code_mac))
        return _invite_from(item) if item and "state" in item else None

    def is_known(self, code_mac: str) -> bool:
        """Whether there has been an invite with this code's MAC, be it live, used, expired or withdrawn."""
        return self.table.get(keys.invite(code_mac)) is not None

    def open_invite(
        self, invite: Invite, instant: dt.datetime, guard: Callable[[Person], None], also: Sequence[Write] = ()
    ) -> LiveInvite | None:
        """Make this the inviter's one live invite from `instant` on; an earlier one is dead from the same moment.

        Returns the invite as it stands, which an earlier request with the same code may have made; None where there is
        no such person. `guard` gets the current inviter and may raise; `also` is written with a new invite.
        """
        live = LiveInvite(invite.id, invite.code_mac, invite.expires_at)

        def with_invite(person: Person) -> Person:
            guard(person)
            same = person.invite and person.invite.code_mac == invite.code_mac
            return person if same else replace(person, invite=live)

        def with_rows(before: Person, after: Person) -> Consequences:
            opened = Write(
                "Put",
                keys.invite(invite.code_mac),
                item={
                    "id": invite.id,
                    "inviter": invite.inviter,
                    "inviter_name": invite.inviter_name,
                    "state": invite.state,
                    "expires_at": to_millis(invite.expires_at),
                    "ttl": to_ttl(invite.expires_at + KEPT_AFTER_EXPIRY),
                },
                condition="attribute_not_exists(pk)",
            )
            return Consequences(after, writes=[opened, *_withdrawal(before), *also])

        inviter = People(self.table).change(invite.inviter, instant, with_invite, with_rows)
        return inviter.invite if inviter else None

    def cancel(self, uid: Uid, instant: dt.datetime) -> Person | None:
        """End the live invite, redeemed or not; having none is no error. None where there is no such person."""
        return People(self.table).change(
            uid,
            instant,
            lambda person: replace(person, invite=None),
            lambda before, after: Consequences(after, writes=_withdrawal(before)),
        )

    def redeem(
        self, code_mac: str, redeemer: Uid, redeemer_name: str, instant: dt.datetime, also: Sequence[Write] = ()
    ) -> Invite | None:
        """The invite, now this person's to be confirmed; None if it is wrong, used, expired or their own.

        Redeeming it again finds it theirs. `also` is written with it, and not where it is None.
        """
        invite = self.invite(code_mac)
        if invite is None or not invite.is_open_to(redeemer, instant):
            return None
        redeeming = Write(
            "Update",
            keys.invite(code_mac),
            update="SET #state = :redeemed, redeemer = :me, redeemer_name = :name",
            condition="attribute_exists(pk) AND expires_at > :now AND inviter <> :me"
            " AND (#state = :open OR (#state = :redeemed AND redeemer = :me))",
            names={"#state": "state"},
            values={
                ":open": InviteState.OPEN,
                ":redeemed": InviteState.REDEEMED,
                ":me": redeemer,
                ":name": redeemer_name,
                ":now": to_millis(instant),
            },
        )
        try:
            self.table.commit([redeeming, *also])
        except WriteConflictError:
            return None
        return replace(invite, state=InviteState.REDEEMED, redeemer=redeemer, redeemer_name=redeemer_name)

    def confirm(self, invite: Invite, inviter: Person, redeemer: Person, couple: Couple, also: Sequence[Write]) -> None:
        """Make the couple: both persons bound, the invite used up, and `also` written, in one transaction.

        Raises WriteConflictError when the invite is no longer the redeemer's to be confirmed, or a person has changed.
        """
        people = People(self.table)
        agreed = couple.touch_from is not None
        bound = [
            (person, replace(person, couple=couple.id, invite=None, touch_agreed=agreed))
            for person in (inviter, redeemer)
        ]
        used = Write(
            "Update",
            keys.invite(invite.code_mac),
            update="SET #state = :confirmed",
            condition="#state = :redeemed AND redeemer = :redeemer AND expires_at > :now",
            names={"#state": "state"},
            values={
                ":confirmed": InviteState.CONFIRMED,
                ":redeemed": InviteState.REDEEMED,
                ":redeemer": redeemer.uid,
                ":now": to_millis(couple.created_at),
            },
        )
        self.table.transact(
            [
                *people.saves(couple.created_at, *bound),
                used,
                *_withdrawal(redeemer),
                Couples(self.table).creation(couple),
                *also,
            ]
        )


def _withdrawal(person: Person) -> list[Write]:
    if person.invite is None:
        return []
    # Its key stays taken: a request that comes late must not open the same code again.
    item = {"ttl": to_ttl(person.invite.expires_at + KEPT_AFTER_EXPIRY)}
    return [Write("Put", keys.invite(person.invite.code_mac), item=item)]


def _invite_from(item: Mapping[str, Any]) -> Invite:
    return Invite(
        id=InviteId(item["id"]),
        code_mac=item["pk"].partition("#")[2],
        inviter=Uid(item["inviter"]),
        inviter_name=item["inviter_name"],
        state=InviteState(item["state"]),
        expires_at=from_millis(item["expires_at"]),
        redeemer=Uid(item["redeemer"]) if "redeemer" in item else None,
        redeemer_name=item.get("redeemer_name"),
    )
