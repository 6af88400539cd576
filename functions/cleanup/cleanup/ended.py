"""Finish the end of a couple. The request that ended the couple does the same, but may have failed after the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleanup.services import Services
    from rekindle.domain.ids import CoupleId


def finish_end(services: Services, couple_id: CoupleId) -> None:
    """Free both persons of a couple that has ended, and make its keys expire. Do nothing if it stands."""
    couple = services.couples.couple(couple_id)
    if couple is None or couple.ended_at is None:
        return
    for uid in sorted(couple.members):
        services.couples.free(uid, couple)
    services.couples.expire_keys(couple, services.key_table)
