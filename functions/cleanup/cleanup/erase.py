"""Remove everything about a person who has erased their account, step by step. Each step may be repeated.

Usually, the request to `privacy` has marked the person and done some of these steps. `cleanup` does all steps again,
because the request may have failed after it marked the person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rekindle.accounts import DeleteJob
from rekindle.domain.erasures import ErasedPart
from rekindle.store import keys
from rekindle.store.couples import is_foreign
from rekindle.store.erasures import delete_couple, delete_keys, delete_person_rows, delete_profile, delete_tally

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from cleanup.services import Services
    from rekindle.cleanup import EraseJob
    from rekindle.store.people import ErasedPerson


def erase(services: Services, job: EraseJob, instant: dt.datetime) -> None:
    """Remove everything about the person, and record each step. Then enqueue the last job.

    The last job enqueues the deletion of the account. `instant` is when this job was first received. The row with the
    mark stays until the account is deleted.
    """
    services.people.erase_known(job.uid, job.erased_at)
    recorded = services.erasures.begin(job.uid, job.erased_at)
    person = services.people.erased_person(job.uid)
    if person:
        for part, step in _STEPS.items():
            if step(services, person) and part not in recorded:
                services.erasures.removed(job.uid, part, instant)
        if not job.is_last:
            last = job.model_copy(update={"is_last": True})
            services.outbox.send([last], delay=services.settling)
            return
        _remove_last_rows(services, person)
        delete_profile(services.people.table, person)
        services.accounts.send([DeleteJob(uid=job.uid, pseudonym=keys.pseudonym_of(job.uid))])
    # If there is no row, then the account is deleted already.
    services.erasures.removed(job.uid, ErasedPart.PROFILE, instant)


def _end_couple(services: Services, person: ErasedPerson) -> bool:
    # Only end the couple. A job from the stream frees the partner. Freeing the partner here could hold up the
    # erasure, because it fails while the partner's requests keep changing the partner's row.
    if person.couple:
        services.couples.end(person.uid, person.couple, person.erased_at)
    return True


def _delete_keys(services: Services, person: ErasedPerson) -> bool:
    return delete_keys(services.people.table, person, services.key_table)


def _silence(services: Services, person: ErasedPerson) -> bool:
    services.people.silence(person.uid, person.erased_at)
    return True


def _cancel_invites(services: Services, person: ErasedPerson) -> bool:
    services.invites.forget(person)
    return True


def _remove_answers(services: Services, person: ErasedPerson) -> bool:
    for couple in person.couples:
        services.days.forget(couple, person.uid)
        services.solo.forget_shared(couple, person.uid)
        services.streaks.forget(couple, person.uid)
        left = services.couples.forget_member(person.uid, couple)
        for partner in sorted(left or ()):
            services.nudges.forget_recipient(partner, person.uid)
        if left is not None and not left:
            delete_couple(services.people.table, couple, services.key_table)
    return True


def _remove_solo_answers(services: Services, person: ErasedPerson) -> bool:
    delete_person_rows(services.people.table, person.uid, solo=True)
    return True


def _remove_requests(services: Services, person: ErasedPerson) -> bool:
    # Keep the tries until the last job: they name the invites that the person may still be redeeming.
    kept = frozenset({keys.tries(person.uid)})
    delete_person_rows(services.people.table, person.uid, solo=False, but=kept)
    return True


def _remove_last_rows(services: Services, person: ErasedPerson) -> None:
    delete_person_rows(services.people.table, person.uid, solo=False)
    for couple in person.couples:
        if not is_foreign(services.people.table, couple, person.uid):
            delete_tally(services.people.table, couple)


_STEPS: Final[Mapping[ErasedPart, Callable[[Services, ErasedPerson], bool]]] = {
    ErasedPart.DEVICES_AND_REMINDERS: _silence,
    ErasedPart.COUPLE: _end_couple,
    ErasedPart.KEYS: _delete_keys,
    ErasedPart.INVITES: _cancel_invites,
    ErasedPart.ANSWERS: _remove_answers,
    ErasedPart.SOLO_ANSWERS: _remove_solo_answers,
    ErasedPart.REQUESTS: _remove_requests,
}
"""Each step returns whether the part is removed. The step KEYS returns False while a couple still has a single key."""
