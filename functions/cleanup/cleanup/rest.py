"""Delete the rest of a couple that ended long ago. DynamoDB has already deleted the couple's own row by its `ttl`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleanup.services import Services
    from rekindle.cleanup import RestJob


def delete_rest(services: Services, job: RestJob) -> None:
    """Delete the couple's other rows and keys, and remove the couple from both persons.

    Do nothing if the couple's own row exists. After a crash, a repeat deletes the rows that remain.
    """
    if services.couples.couple(job.couple) is not None:
        return
    services.couples.delete_rows(job.couple, services.key_table)
    for uid in job.members:
        services.couples.forget(uid, job.couple, job.ended_at)
