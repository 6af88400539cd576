"""Finish the end of a couple. The request that ended the couple does the same, but may have failed after the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekindle.errors import ContentionError

if TYPE_CHECKING:
    from cleanup.services import Services
    from rekindle.domain.ids import CoupleId


def finish_end(services: Services, couple_id: CoupleId) -> None:
    """Make the keys of a couple that has ended expire, and free both persons. Do nothing if it stands.

    A person whose requests keep changing their own row holds up only themself.

    Raises:
        ContentionError: A person is not free yet. A repeat frees them.
    """
    couple = services.couples.couple(couple_id)
    if couple is None or couple.ended_at is None:
        return
    services.couples.expire_keys(couple, services.key_table)
    held_up: ContentionError | None = None
    for uid in sorted(couple.members):
        try:
            services.couples.free(uid, couple)
        except ContentionError as error:
            held_up = error
    if held_up:
        raise held_up
