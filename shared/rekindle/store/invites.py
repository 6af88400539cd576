"""Invites: stored under the MAC of their code. One person at most redeems each, and it makes one couple at most."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.ids import InviteId, Uid
from rekindle.domain.persons import LiveInvite, Person
from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.couples import couple_row
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.people import Consequences, person_writes
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rekindle.domain.couples import Couple
    from rekindle.store.people import People

KEPT_AFTER_EXPIRY: Final = dt.timedelta(days=1)
"""How long a late request can still tell an expired invite from an unknown one."""


class InviteState(StrEnum):
    """State of an invite: open, redeemed by one person, then confirmed by the inviter."""

    OPEN = "open"
    REDEEMED = "redeemed"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Invite:
    """An invite as stored, with the name that each of the two shows to the other."""

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

    people: People

    def invite(self, code_mac: str) -> Invite | None:
        """Return the invite with this code's MAC, in any state."""
        item = self.people.table.get(keys.invite(code_mac))
        return _invite_from(item) if item and "state" in item else None

    def is_known(self, code_mac: str) -> bool:
        """Return whether the code with this MAC was ever used: for a live, used, expired or cancelled invite."""
        return self.people.table.get(keys.invite(code_mac)) is not None

    def open_invite(
        self, invite: Invite, instant: dt.datetime, guard: Callable[[Person], None], also: Sequence[Write] = ()
    ) -> LiveInvite | None:
        """Make this the inviter's one live invite, together with `also`. It cancels an earlier invite.

        `guard` gets the current inviter, and may raise to give up. Return the live invite, which an earlier request
        with the same code may have made, or None if there is no such person.
        """
        live = LiveInvite(invite.id, invite.code_mac, invite.expires_at)

        def with_invite(person: Person) -> Person:
            guard(person)
            same = person.invite and person.invite.code_mac == invite.code_mac
            return person if same else replace(person, invite=live)

        def with_rows(before: Person, after: Person) -> Consequences:
            # Invariant: a code is used once, so no invite can replace another.
            item = {
                "id": invite.id,
                "inviter": invite.inviter,
                "inviter_name": invite.inviter_name,
                "state": invite.state,
                "expires_at": to_millis(invite.expires_at),
                "ttl": to_ttl(invite.expires_at + KEPT_AFTER_EXPIRY),
            }
            opened = Write.new(keys.invite(invite.code_mac), item)
            return Consequences(after, writes=[opened, *_withdrawal(before), *also])

        inviter = self.people.change(invite.inviter, instant, with_invite, with_rows)
        return inviter.invite if inviter else None

    def cancel(self, uid: Uid, instant: dt.datetime) -> Person | None:
        """Cancel the live invite, if there is one. Return the person, or None if there is no such person."""
        return self.people.change(
            uid,
            instant,
            lambda person: replace(person, invite=None),
            lambda before, after: Consequences(after, writes=_withdrawal(before)),
        )

    def redeem(
        self, code_mac: str, redeemer: Uid, redeemer_name: str, instant: dt.datetime, also: Sequence[Write] = ()
    ) -> Invite | None:
        """Redeem the invite for this person, together with `also`. The same person may redeem it again.

        Return the invite. Return None, without any write, if it is unknown, used, expired or the person's own.
        """
        invite = self.invite(code_mac)
        if invite is None or not invite.is_open_to(redeemer, instant):
            return None
        # Invariant: one person at most redeems an invite.
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
            self.people.table.commit([redeeming, *also])
        except WriteConflictError:
            return None
        return replace(invite, state=InviteState.REDEEMED, redeemer=redeemer, redeemer_name=redeemer_name)

    def confirm(self, invite: Invite, inviter: Person, redeemer: Person, couple: Couple, also: Sequence[Write]) -> None:
        """Create the couple, pair both persons and use up the invite, in one transaction with `also`.

        Raise WriteConflictError if the invite has expired or is not redeemed by this person, or a person has changed.
        """
        agreed = couple.touch_from is not None
        paired = [
            (person, replace(person, couple=couple.id, invite=None, touch_agreed=agreed))
            for person in (inviter, redeemer)
        ]
        # Invariant: an invite makes one couple at most, and with the person whom the inviter saw.
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
        pairing = person_writes(self.people.table, couple.created_at, *paired)
        self.people.table.transact([*pairing, used, *_withdrawal(redeemer), couple_row(couple), *also])


def _withdrawal(person: Person) -> list[Write]:
    if person.invite is None:
        return []
    # The row stays without its invite, so that a late request cannot use the code again.
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
