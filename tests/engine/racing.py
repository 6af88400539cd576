"""Race requests: all start together, each in its own thread.

The threads call the routes' functions directly, because the resolver handles one request at a time, as in Lambda.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from couples_api import couple as couple_routes
from couples_api import days, devices, invites, me, packs, pause, reflections, solo, swap
from couples_api.members import change_person
from privacy import erasure
from rekindle.api.callers import Caller
from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.days import ReflectionKind
from rekindle.domain.ids import CoupleId, InviteId, PackId, Uid
from rekindle.domain.persons import Platform
from rekindle.errors import ContentionError, ErasedError, KeyGoneError, KeyReusedError, LimitError
from rekindle.store import keys
from rekindle.store.couples import couple_row
from rekindle.store.people import person_writes
from testing.apis import privacy_services
from testing.builders import LONDON, NEW_YORK, TOKYO, a_person, a_profile, a_uid, an_instant
from testing.phones import NO_WORDS, whole
from testing.stored import person_in, row_in

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from couples_api.reader import DayView
    from couples_api.services import Services
    from rekindle.domain.couples import Couple
    from rekindle.domain.persons import Person

    type Outcome = Any
    """What a route returned, or the problem that it raised."""

LOOPS = 16
RACES: Final = int(os.environ.get("REKINDLE_RACES", "100"))
"""The number of races of each kind. `make races` sets 500."""
UNDER_WAY = 5
"""The number of races that run at a time."""


@dataclass(slots=True)
class Racer:
    """A person whose requests can race with other persons' requests. They start clean with a former partner."""

    services: Services
    uid: Uid = field(default_factory=a_uid)
    now: dt.datetime = field(default_factory=an_instant)
    zone: str = LONDON

    def __post_init__(self) -> None:
        profile = a_profile(display_name=self.uid, zone=self.zone, depth=3)
        self.services.people.create(a_person(uid=self.uid, profile=profile, created_at=self.now))

    @property
    def caller(self) -> Caller:
        return Caller(self.uid, self.now, signed_in_at=self.now, token_issued_at=self.now)

    @property
    def person(self) -> Person:
        return person_in(self.services.people.table, self.uid)

    @property
    def couple_id(self) -> CoupleId:
        couple = self.person.couple
        assert couple
        return couple

    @property
    def couple(self) -> Couple:
        couple = self.services.couples.couple(self.couple_id)
        assert couple
        return couple

    def introduce(self, **profile: Any) -> me.MeView:
        body = whole("/v1/me", {"display_name": self.uid} | profile)
        return me.put_me(me.ProfileBody.model_validate(body), self.caller, self.services)

    def invite(self) -> invites.NewInviteView:
        return invites.post_invite(self.caller, self.services)

    def redeem(self, code: str, *, resume: bool | None = False) -> invites.RedeemedView:
        return invites.post_redeem(invites.RedeemBody(code=code, resume=resume), self.caller, self.services)

    def confirm(self, invite_id: str, *, resume: bool = False) -> couple_routes.CoupleView:
        words = None
        with contextlib.suppress(ProblemError):
            words = invites.get_invite(self.caller, self.services).words
        body = invites.ConfirmBody(invite_id=invite_id, words=words or NO_WORDS, resume=resume)
        return invites.post_confirm(body, self.caller, self.services)

    def cancel(self) -> None:
        invites.delete_invite(self.caller, self.services)

    def erase(self) -> erasure.ReceiptView:
        return erasure.delete_me(self.caller, privacy_services(self.services))

    def unpair(self) -> None:
        couple_routes.delete_couple(self.caller, self.services)

    def answer(self, date: dt.date, text: str, revision: int | None = None, prompt: str | None = None) -> DayView:
        body = days.AnswerBody(text=text, share_first=False, revision=revision, prompt=prompt)
        return days.put_answer(date, body, self.caller, self.services)

    def reflect(self, date: dt.date, text: str) -> DayView:
        body = reflections.ReflectionBody(kind=ReflectionKind.HEARD, text=text)
        return reflections.put_reflection(date, body, self.caller, self.services)

    def today_alone(self) -> solo.SoloDayView:
        return solo.get_solo_today(self.caller, self.services)

    def answer_alone(self, date: dt.date, text: str) -> solo.SoloDayView:
        return solo.put_solo_answer(date, solo.SoloAnswerBody(text=text, revision=None), self.caller, self.services)

    def share(self, date: dt.date) -> solo.SoloDayView:
        return solo.post_solo_share(date, self.caller, self.services)

    def take_back(self, date: dt.date) -> None:
        solo.delete_solo_share(date, self.caller, self.services)

    def shared(self) -> list[str]:
        return [each.text for each in solo.get_solo_shared(self.caller, self.services).answers]

    def swap(self, date: dt.date) -> DayView:
        return swap.post_swap(date, self.caller, self.services)

    def choose(self, pack: str) -> packs.PackView:
        return packs.put_pack(PackId(pack), self.caller, self.services)

    def turn_off(self, pack: str) -> None:
        packs.delete_pack(PackId(pack), self.caller, self.services)

    def join(self, code: str) -> packs.PackView:
        return packs.post_practice_code(packs.PracticeCodeBody(code=code), self.caller, self.services)

    def pause(self, until: dt.date | None) -> None:
        if until is None:
            return couple_routes.delete_pause(self.caller, self.services)
        couple_routes.patch_couple(
            couple_routes.CouplePatchBody(pause=pause.PauseBody(until=until)), self.caller, self.services
        )
        return None

    def day(self, date: dt.date) -> DayView:
        return days.get_day(date, self.caller, self.services)

    def today(self) -> days.TodayView:
        return days.get_today(self.caller, self.services)

    def register(self, token: str) -> Any:
        return devices.put_device(
            "phone", devices.DeviceBody(token=token, fid=None, platform=Platform.IOS), self.caller, self.services
        )

    def move(self, zone: str) -> Any:
        return self.introduce(zone=zone)


def race(*requests: Callable[[], object]) -> list[Outcome]:
    """Start all requests at the same moment, and return their outcomes in order."""
    start = threading.Barrier(len(requests))

    def run(request: Callable[[], object]) -> Outcome:
        start.wait()
        try:
            return request()
        except ProblemError as error:
            return error.problem
        except KeyReusedError:
            return Problem.KEY_REUSED
        except ErasedError:
            return Problem.ACCOUNT_ERASED
        except KeyGoneError:
            return Problem.BUSY
        except LimitError:
            return Problem.TOO_MANY_CHANGES

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(run, requests))


def won(outcomes: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if not isinstance(outcome, Problem)]


def lost(outcomes: list[Outcome]) -> list[Problem]:
    return sorted((outcome for outcome in outcomes if isinstance(outcome, Problem)), key=lambda each: each.name)


def pair(inviter: Racer, redeemer: Racer) -> None:
    invite = inviter.invite()
    redeemer.redeem(invite.code)
    inviter.confirm(invite.invite_id)


def racing_couple(services: Services, first: str = LONDON, second: str = LONDON) -> tuple[Racer, Racer]:
    """Store a couple of two racers in these zones. No race needs the requests that pair them, which are many."""
    ada, ben = Racer(services, zone=first), Racer(services, zone=second)
    persons = ada.person, ben.person
    new = invites.new_couple(services, InviteId("an earlier invite"), persons, ada.caller)
    couple = replace(new, seed="a secret seed")
    table, paired = services.people.table, [(person, replace(person, couple=couple.id)) for person in persons]
    keys_of_both = services.vault.new_keys(couple.id, couple.profiles)
    table.transact([*person_writes(table, ada.now, *paired), couple_row(couple), keys_of_both])
    return ada, ben


def couples_among(services: Services, racers: list[Racer]) -> set[CoupleId]:
    """Return the couples of these persons, and check that each couple's rows agree (I1 and I3)."""
    people = services.people.people([racer.uid for racer in racers])
    found = {person.couple for person in people.values() if person.couple}
    for couple_id in found:
        current = services.couples.couple(couple_id)
        assert current
        assert current.ended_at is None
        assert len(current.profiles) == 2
        assert {uid for uid, person in people.items() if person.couple == couple_id} == current.profiles.keys()
        key = row_in(services.vault.table, keys.Key(f"COUPLE#{couple_id}", ""))
        assert "ttl" not in key
    return found


def run_all(jobs: list[Callable[[], None]]) -> None:
    """Run the jobs, a few at a time, and raise the first failure."""
    with ThreadPoolExecutor(UNDER_WAY) as pool:
        for job in [pool.submit(job) for job in jobs]:
            job.result()


def rewrite_until(racer: Racer, over: threading.Event, begun: threading.Barrier) -> int:
    """Rewrite the person's profile again and again, as if there were no limit. Return how often that succeeded."""
    rewritten, is_first = 0, True
    for zone in itertools.cycle([TOKYO, NEW_YORK]):
        profile = a_profile(zone=zone, display_name=a_uid(), depth=3)
        with contextlib.suppress(ContentionError):
            change_person(racer.services, racer.caller, partial(replace, profile=profile))
            rewritten += 1
        if is_first:
            begun.wait()
        is_first = False
        if over.is_set():
            break
    return rewritten
