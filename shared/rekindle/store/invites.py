"""Store invites, each under the MAC of its code.

At most one person redeems an invite, and an invite makes at most one couple.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rekindle.domain.help import DEFAULT_LANGUAGE
from rekindle.domain.ids import InviteId, Language, Uid
from rekindle.domain.invites import KEPT_AFTER_EXPIRY
from rekindle.domain.limits import Counted, counted
from rekindle.domain.persons import LiveInvite, Person
from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.people import Consequences, person_writes
from rekindle.store.table import Write
from rekindle.store.tries import Tries

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from rekindle.domain.couples import Couple
    from rekindle.store.people import ErasedPerson, People
    from rekindle.store.table import Item


class InviteState(StrEnum):
    """State of an invite. One person redeems an open invite, and then the inviter confirms it."""

    OPEN = "open"
    REDEEMED = "redeemed"
    CONFIRMED = "confirmed"  # only version 0.1.0 stores this; today a confirmed invite keeps no state


@dataclass(frozen=True, slots=True)
class Invite:
    """An invite. The inviter sees `redeemer_name`, and the redeemer sees `inviter_name`.

    `language` is the inviter's language when they made the invite. Both see their three words in this language.
    `resume` is the redeemer's choice whether to resume the couple that the two were. It is None if the two had no
    choice. Nobody but the redeemer may learn the choice.
    """

    id: InviteId
    code_mac: str
    inviter: Uid
    inviter_name: str
    state: InviteState
    expires_at: dt.datetime
    language: Language = DEFAULT_LANGUAGE
    redeemer: Uid | None = None
    redeemer_name: str | None = None
    resume: bool | None = None

    def is_open_to(self, person: Uid, instant: dt.datetime) -> bool:
        """Return whether this person may redeem the invite at `instant`.

        A person who has redeemed the invite may redeem it again until the inviter confirms it.
        """
        if self.expires_at <= instant or self.inviter == person:
            return False
        return self.state is InviteState.OPEN or (self.state is InviteState.REDEEMED and self.redeemer == person)


@dataclass(frozen=True, slots=True)
class Invites:
    """The invites of the table."""

    people: People

    def find(self, code_mac: str) -> Invite | None:
        """Return the invite whose code has this MAC. Return None for an unknown code or a canceled invite."""
        item = self.people.table.get(keys.invite(code_mac))
        return _invite_from(item) if item and "state" in item else None

    def is_known(self, code_mac: str) -> bool:
        """Return whether the table has a row for this code.

        The row stays for some time after the invite was canceled or has expired.
        """
        return self.people.table.get(keys.invite(code_mac)) is not None

    def create(
        self, invite: Invite, instant: dt.datetime, guard: Callable[[Person], None], also: Sequence[Write] = ()
    ) -> LiveInvite | None:
        """Store this invite as the inviter's only live invite, and return the live invite.

        The same transaction cancels the inviter's existing invite and executes the writes in `also`. If the existing
        invite has the same code, write nothing and return the existing invite. Before the transaction, `guard` gets the
        inviter, and may raise an error to prevent the transaction. Raise LimitError if the inviter has made too many
        invites. Return None if the inviter does not exist.
        """
        live = LiveInvite(invite.id, invite.code_mac, invite.expires_at)

        def with_invite(person: Person) -> Person:
            guard(person)
            same = person.invite and person.invite.code_mac == invite.code_mac
            return person if same else counted(replace(person, invite=live), instant, Counted.INVITES)

        def with_rows(before: Person, after: Person) -> Consequences:
            # Invariant: a new invite never overwrites a row. While a code's row exists, the code gets no other invite.
            item = {
                "id": invite.id,
                "inviter": invite.inviter,
                "inviter_name": invite.inviter_name,
                "language": invite.language,
                "state": invite.state,
                "expires_at": to_millis(invite.expires_at),
                "ttl": to_ttl(invite.expires_at + KEPT_AFTER_EXPIRY),
            }
            created = Write.new(keys.invite(invite.code_mac), item)
            return Consequences(after, writes=[created, *_cancelling(before), *also])

        inviter = self.people.change(invite.inviter, instant, with_invite, with_rows)
        return inviter.invite if inviter else None

    def cancel(self, uid: Uid, instant: dt.datetime) -> Person | None:
        """Cancel the person's live invite, if there is one. Return the person. Return None for an unknown person."""
        return self.people.change(
            uid,
            instant,
            lambda person: replace(person, invite=None),
            lambda before, after: Consequences(after, writes=_cancelling(before)),
        )

    def forget(self, person: ErasedPerson) -> None:
        """Cancel the person's invites, and open every invite again that they have redeemed.

        Afterwards no invite's row has the name or the uid of the person.
        """
        live = person.profiled.invite if person.profiled else None
        tried = Tries(self.people.table).codes(person.uid)
        for code_mac in sorted(tried | {live.code_mac} if live else tried):
            self._forget(code_mac, person.uid)

    def _forget(self, code_mac: str, uid: Uid) -> None:
        item = self.people.table.get(keys.invite(code_mac))
        if item is None or uid not in {item.get("inviter"), item.get("redeemer")}:
            return
        if item["inviter"] == uid:
            forgetting = Write(
                "Put",
                keys.invite(code_mac),
                item={"ttl": item["ttl"]},
                condition="inviter = :uid",
                values={":uid": uid},
            )
        else:
            forgetting = Write(
                "Update",
                keys.invite(code_mac),
                update="SET #state = :open REMOVE redeemer, redeemer_name, #resume",
                condition="redeemer = :uid",
                names={"#state": "state", "#resume": "resume"},
                values={":open": InviteState.OPEN, ":uid": uid},
            )
        with suppress(WriteConflictError):
            self.people.table.write(forgetting, urgent=True)

    def redeem(
        self,
        invite: Invite,
        redeemer: Person,
        instant: dt.datetime,
        also: Sequence[Write] = (),
        *,
        resume: bool | None = None,
    ) -> Invite | None:
        """Redeem the invite for this person, in one transaction with the writes in `also`.

        `resume` is the person's choice, or None if the two have no choice. The same person may redeem the invite
        again, until the inviter confirms it. Return the redeemed invite. Return None and write nothing if this person
        may not redeem the invite any more (`Invite.is_open_to`).
        """
        name = redeemer.profile.display_name
        # Invariant: at most one person redeems an invite.
        redeeming = Write(
            "Update",
            keys.invite(invite.code_mac),
            update="SET #state = :redeemed, redeemer = :me, redeemer_name = :name"
            + (" REMOVE #resume" if resume is None else ", #resume = :resume"),
            condition="attribute_exists(pk) AND expires_at > :now AND inviter <> :me"
            " AND (#state = :open OR (#state = :redeemed AND redeemer = :me))",
            names={"#state": "state", "#resume": "resume"},
            values={
                ":open": InviteState.OPEN,
                ":redeemed": InviteState.REDEEMED,
                ":me": redeemer.uid,
                ":name": name,
                ":now": to_millis(instant),
                **({} if resume is None else {":resume": resume}),
            },
        )
        try:
            self.people.table.commit([redeeming, *also])
        except WriteConflictError:
            return None
        return replace(invite, state=InviteState.REDEEMED, redeemer=redeemer.uid, redeemer_name=name, resume=resume)

    def confirm(
        self,
        invite: Invite,
        persons: tuple[Person, Person],
        couple: Couple,
        instant: dt.datetime,
        also: Sequence[Write],
    ) -> None:
        """Pair both persons and confirm the invite, in one transaction with the writes in `also`.

        `persons` are the inviter and the redeemer. `also` has the writes of the couple and of its keys. Raise
        WriteConflictError in these cases:

        - The invite has expired, or was canceled or confirmed.
        - The redeemer has not redeemed the invite, or has changed their choice since the caller read the invite.
        - One of the two persons has changed since the caller read both persons.
        - The condition of a write in `also` fails.
        """
        _, redeemer = persons
        paired = [(person, _paired(person, couple)) for person in persons]
        # Invariant: an invite makes at most one couple, and only with the person who has redeemed the invite. Nobody
        # reads a confirmed invite, so the row keeps no name and no uid, as if the invite were canceled.
        confirming = Write(
            "Put",
            keys.invite(invite.code_mac),
            item=_row_without_invite(invite.expires_at),
            condition="#state = :redeemed AND redeemer = :redeemer AND expires_at > :now AND "
            + ("attribute_not_exists(#resume)" if invite.resume is None else "#resume = :resume"),
            names={"#state": "state", "#resume": "resume"},
            values={
                ":redeemed": InviteState.REDEEMED,
                ":redeemer": redeemer.uid,
                ":now": to_millis(instant),
                **({} if invite.resume is None else {":resume": invite.resume}),
            },
        )
        pairing = person_writes(self.people.table, instant, *paired)
        self.people.table.transact([*pairing, confirming, *_cancelling(redeemer), *also])


def _paired(person: Person, couple: Couple) -> Person:
    """Return the person in this couple, which is new or was resumed."""
    return replace(
        person,
        couple=couple.id,
        parted={each: ended_at for each, ended_at in person.parted.items() if each != couple.id},
        invite=None,
        touch_dates=couple.touch_dates,
        paused_until=couple.pause.until if couple.pause else None,
    )


def _cancelling(person: Person) -> list[Write]:
    """Return the writes that cancel the person's live invite. Without an invite, return an empty list."""
    if person.invite is None:
        return []
    item = _row_without_invite(person.invite.expires_at)
    return [Write("Put", keys.invite(person.invite.code_mac), item=item)]


def _row_without_invite(expires_at: dt.datetime) -> Item:
    # While the row exists, the code is known, and no new invite can have this code.
    return {"ttl": to_ttl(expires_at + KEPT_AFTER_EXPIRY)}


def _invite_from(item: Mapping[str, Any]) -> Invite:
    return Invite(
        id=InviteId(item["id"]),
        code_mac=item["pk"].partition("#")[2],
        inviter=Uid(item["inviter"]),
        inviter_name=item["inviter_name"],
        state=InviteState(item["state"]),
        expires_at=from_millis(item["expires_at"]),
        language=Language(item.get("language", DEFAULT_LANGUAGE)),  # version 0.1.0 stored no language
        redeemer=Uid(item["redeemer"]) if "redeemer" in item else None,
        redeemer_name=item.get("redeemer_name"),
        resume=item.get("resume"),
    )
