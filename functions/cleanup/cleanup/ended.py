"""Finish the end of a couple, in case the request that ended the couple failed before it had done all steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleanup.services import Services
    from rekindle.domain.ids import CoupleId


def finish_end(services: Services, couple_id: CoupleId) -> None:
    """Make the keys of a couple that has ended expire, and free both persons.

    Do nothing if the couple stands, or if its row is gone.

    If the requests of one person keep changing that person's row, the other person is freed all the same.

    Raises:
        ContentionError: A person is not free yet. A repeat frees them.
    """
    couple = services.couples.couple(couple_id)
    if couple and couple.ended_at:
        services.couples.finish_end(couple, services.key_table)
