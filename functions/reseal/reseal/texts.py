"""Seal the texts of version 0.1.0 again, each with its author's key.

The new seal also pads each text, and binds an answer's text to the answer's revision and `share_first`. A couple that
paired before authors had keys has a single key for both partners' texts. In this module, an older text is a text of the
scheme SINGLE_KEY.
"""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from rekindle.crypto.sealing import SINGLE_KEY
from rekindle.errors import ContentionError, KeyGoneError, KeyUnavailableError, VaultError, WriteConflictError
from rekindle.store.table import CONFLICTS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

    from rekindle.crypto.author_keys import CoupleKeys
    from rekindle.domain.days import Day, SharedAnswer, SoloDay
    from rekindle.domain.ids import CoupleId, Uid
    from reseal.services import Services


class Outcome(StrEnum):
    """The state of a couple's or a person's texts after a call.

    DONE: no older text is left, unless the report's `left` is true. GONE: the keys were deleted. ENDED: the couple
    ended long ago and its row is gone, so its texts keep the single key, which expires soon. UNREADABLE: at least one
    text cannot be opened, so the couple keeps its single key. TOO_EARLY: the stack still seals new texts as version
    0.1.0 does.
    """

    DONE = "done"
    GONE = "gone"
    ENDED = "ended"
    UNREADABLE = "unreadable"
    TOO_EARLY = "too_early"


class Report(NamedTuple):
    """The result of a call: the outcome, the number of changed rows, and whether another call is needed."""

    outcome: Outcome
    resealed: int = 0
    left: bool = False


class Progress:
    """The progress of one call: the changed rows, and what was not resealed."""

    def __init__(self, most_changes: int) -> None:
        self.changes = 0
        self.conflicts = 0
        self.unreadable = 0
        self._most_changes = most_changes

    @property
    def is_full(self) -> bool:
        """Whether this call has changed as many rows as it may."""
        return self.changes >= self._most_changes

    def replace[Row](self, row: Row, resealed: Callable[[Row], Row], store: Callable[[Row, Row], None]) -> None:
        """Reseal a row's texts and store the row, if it has older texts. An edit at the same moment wins."""
        try:
            after = resealed(row)
            if after != row:
                store(row, after)
                self.changes += 1
        except WriteConflictError:
            self.conflicts += 1
        except KeyUnavailableError:
            raise
        except VaultError:
            self.unreadable += 1

    @property
    def report(self) -> Report:
        """Return the report of this call. After a change, another call must check that no older text is left."""
        outcome = Outcome.UNREADABLE if self.unreadable else Outcome.DONE
        return Report(outcome, self.changes, left=self.changes > 0 or self.conflicts > 0)


def reseal_couple(services: Services, couple: CoupleId, *, end_key: bool) -> Report:
    """Reseal a couple's answers and reflections, and the solo answers that the partners share.

    If `end_key` is true and no text needs the couple's single key any more, delete this key. A request that has read an
    older text just before a resealing still needs the key. So a call that changes texts does not delete the key, and
    the operator's command waits before it sets `end_key`.
    """
    if services.vault.scheme == SINGLE_KEY:
        return Report(Outcome.TOO_EARLY)
    try:
        keys = _keys_of_authors(services, couple)
    except KeyGoneError:
        return Report(Outcome.GONE)
    except ContentionError:
        return Report(Outcome.DONE, left=True)
    if keys is None:
        return Report(Outcome.ENDED)
    if keys.single is None:
        return Report(Outcome.DONE)
    report = _resealed(services, couple, keys)
    if end_key and report == Report(Outcome.DONE):
        services.vault.delete_single_key(couple)
    return report


def _resealed(services: Services, couple: CoupleId, keys: CoupleKeys) -> Report:
    progress = Progress(services.most_changes)
    for day in _days(services, couple):
        progress.replace(day, keys.resealed, services.days.replace_texts)
        if progress.is_full:
            return progress.report
    for shared in _shared(services, couple):
        progress.replace(shared, keys.resealed_shared, services.solo.replace_shared_text)
        if progress.is_full:
            return progress.report
    return progress.report


def reseal_person(services: Services, person: Uid) -> Report:
    """Reseal a person's solo answers. The person's key stays the same."""
    if services.vault.scheme == SINGLE_KEY:
        return Report(Outcome.TOO_EARLY)
    try:
        key = services.vault.person_key(person)
    except KeyGoneError:
        return Report(Outcome.GONE)
    progress = Progress(services.most_changes)
    for day in _solo_days(services, person):
        progress.replace(day, key.resealed, services.solo.replace_text)
        if progress.is_full:
            break
    return progress.report


def _keys_of_authors(services: Services, couple: CoupleId) -> CoupleKeys | None:
    """Return the couple's keys. If its authors have no keys yet, give them keys, even after the couple's end.

    An erased person gets no key once `cleanup` has removed them from the couple. Return None if the couple is gone.
    Raise ContentionError if the couple keeps changing.
    """
    for _ in range(CONFLICTS):
        keys = services.vault.couple_keys(couple)
        if keys.authors:
            return keys
        current = services.couples.couple(couple)
        if current is None:
            return None
        if not current.members:
            return keys  # both have erased their accounts, so nobody needs a key
        with suppress(WriteConflictError):  # the couple has just changed, or a request has just stored the keys
            adding = services.vault.adding_author_keys(couple, current.members)
            services.couples.while_unchanged(current, [adding])
    raise ContentionError("a couple kept changing")


def _days(services: Services, couple: CoupleId) -> Iterator[Day]:
    return _paged(lambda after: services.days.onward(couple, after, services.page_days))


def _solo_days(services: Services, person: Uid) -> Iterator[SoloDay]:
    return _paged(lambda after: services.solo.onward(person, after, services.page_days))


def _shared(services: Services, couple: CoupleId) -> Iterator[SharedAnswer]:
    return _paged(lambda before: services.solo.shared(couple, before, services.page_days))


def _paged[Row: (Day, SoloDay, SharedAnswer)](page_beyond: Callable[[dt.date | None], Sequence[Row]]) -> Iterator[Row]:
    """Yield the rows of all pages. `page_beyond` returns the page that begins beyond a date."""
    beyond = None
    while page := page_beyond(beyond):
        yield from page
        beyond = page[-1].date
