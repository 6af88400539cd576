"""Reactions to what the table's stream tells: jobs for pushes, and the streak's update once more.

An answer's text is never looked at: of an answer this takes only whose it is and when it came. Nor is a nudge's
gesture, which only the app shows.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rekindle.clients import client
from rekindle.domain.models import CoupleId, PushKind, Uid
from rekindle.domain.streaks import milestone_crossed
from rekindle.push.jobs import PersonJob
from rekindle.push.queue import Outbox
from rekindle.settings import WorkerSettings
from rekindle.store import keys
from rekindle.store.instants import from_millis
from rekindle.store.streaks import Streaks
from rekindle.store.table import Table
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext

type Image = Mapping[str, Any]
"""An item as a stream record has it: typed attributes, and none where there was no item."""

_PERSONS: Final = 2


@dataclass(frozen=True, slots=True)
class Completed:
    """A couple's date that both have answered, and when the second did."""

    couple: CoupleId
    date: dt.date
    instant: dt.datetime


@dataclass(frozen=True, slots=True)
class Reaction:
    """What follows from one change of one item."""

    jobs: Sequence[PersonJob] = ()
    completed: Completed | None = None


NOTHING: Final = Reaction()


def reaction_to(record: Mapping[str, Any]) -> Reaction:
    """What follows from a stream record. A repeat of the record has the same reaction: pushes replace each other."""
    change = record["dynamodb"]
    key = keys.Key(change["Keys"]["pk"]["S"], change["Keys"]["sk"]["S"])
    old, new = change.get("OldImage", {}), change.get("NewImage", {})
    if not new:
        return NOTHING
    whose, _, name = key.pk.partition("#")
    match f"{whose}#":
        case keys.PERSON_PREFIX:
            return _to_person(Uid(name), key, old, new)
        case keys.COUPLE_PREFIX:
            return _to_couple(CoupleId(name), key, old, new)
        case _:
            return NOTHING


def _to_person(uid: Uid, key: keys.Key, old: Image, new: Image) -> Reaction:
    if key.sk.startswith(keys.CAUGHT_UP_PREFIX):
        return _to_caught_up(uid, key.sk.removeprefix(keys.CAUGHT_UP_PREFIX), new)
    return _to_nudges(old, new) if key.sk == keys.NUDGES else NOTHING


def _to_couple(couple: CoupleId, key: keys.Key, old: Image, new: Image) -> Reaction:
    if key.sk.startswith(keys.DAY_PREFIX):
        return _to_answers(couple, dt.date.fromisoformat(key.sk.removeprefix(keys.DAY_PREFIX)), old, new)
    return _to_streak(couple, old, new) if key == keys.streak(couple) else NOTHING


def _to_caught_up(uid: Uid, which: str, new: Image) -> Reaction:
    """A reminder that moved to where its date had come already is due now, as late as it is."""
    kind, _, date = which.partition("#")
    due, caught_up = (from_millis(int(new[name]["N"])) for name in ("due_at", "caught_up_at"))
    job = PersonJob(
        kind=PushKind(kind),
        uid=uid,
        couple=CoupleId(new["couple"]["S"]),
        date=dt.date.fromisoformat(date),
        instant=due,
        # It may be due only in a moment: a request counts for the slots that come while it is carried out.
        late=max(caught_up - due, dt.timedelta(0)),
        ends_at=from_millis(int(new["ends_at"]["N"])),
    )
    return Reaction([job])


def _to_answers(couple: CoupleId, date: dt.date, old: Image, new: Image) -> Reaction:
    before, now = _answered(old), _answered(new)
    if before.keys() == now.keys():
        return NOTHING
    latest = max(now.values())
    if len(now) == _PERSONS:
        first = min(now, key=lambda uid: (uid not in before, now[uid]))
        job = PersonJob(kind=PushKind.BOTH_ANSWERED, uid=first, couple=couple, date=date, instant=latest)
        return Reaction([job], Completed(couple, date, latest))
    (partner,) = _persons(new) - now.keys()
    return Reaction([PersonJob(kind=PushKind.PARTNER_ANSWERED, uid=partner, couple=couple, date=date, instant=latest)])


def _to_nudges(old: Image, new: Image) -> Reaction:
    """Those that are new and that their recipient is to see, oldest first."""
    fresh = sorted(_shown_nudges(new) - _shown_nudges(old), key=lambda nudge: nudge.at)
    if not fresh:
        return NOTHING
    return Reaction(
        [
            PersonJob(
                kind=PushKind.NUDGE,
                uid=Uid(new["to"]["S"]),
                couple=nudge.couple,
                date=nudge.at.date(),
                instant=nudge.at,
            )
            for nudge in fresh
        ]
    )


def _to_streak(couple: CoupleId, old: Image, new: Image) -> Reaction:
    milestone = milestone_crossed(int(old["run"]["N"]) if old else 0, int(new["run"]["N"]))
    if milestone is None:
        return NOTHING
    instant = from_millis(int(new["changed_at"]["N"]))
    return Reaction(
        [
            PersonJob(
                kind=PushKind.STREAK_MILESTONE,
                uid=uid,
                couple=couple,
                date=instant.date(),
                instant=instant,
                milestone=milestone,
            )
            for uid in sorted(_persons(new))
        ]
    )


def _answered(day: Image) -> dict[Uid, dt.datetime]:
    answers = day["answers"]["M"] if day else {}
    return {Uid(uid): from_millis(int(answer["M"]["at"]["N"])) for uid, answer in answers.items()}


class _Shown(NamedTuple):
    """A nudge by id and instant: an id can come again a day later."""

    id: str
    couple: CoupleId
    at: dt.datetime


def _shown_nudges(image: Image) -> frozenset[_Shown]:
    nudges = (entry["M"] for entry in image["sent"]["L"]) if image else ()
    return frozenset(
        _Shown(each["id"]["S"], CoupleId(each["couple"]["S"]), from_millis(int(each["at"]["N"])))
        for each in nudges
        if each["shown"]["BOOL"]
    )


def _persons(image: Image) -> frozenset[Uid]:
    return frozenset(Uid(person["S"]) for person in image["persons"]["L"])


@dataclass(frozen=True, slots=True)
class React:
    """Reads the stream; what it does can be done again without harm."""

    streaks: Streaks
    outbox: Outbox

    def to_batch(self, records: Sequence[Mapping[str, Any]]) -> str | None:
        """React to the records in order; the sequence number of the first that failed, from which the stream goes on.

        Raises when the jobs cannot be sent: then the whole batch comes again.
        """
        jobs: list[PersonJob] = []
        failed = None
        for record in records:
            try:
                reaction = reaction_to(record)
                if done := reaction.completed:
                    self.streaks.complete(done.couple, done.date, done.instant)
            except Exception as error:  # noqa: BLE001  whatever it was, the records before it stand
                failed = str(record["dynamodb"]["SequenceNumber"])
                log_failure("no reaction", error, sequence=failed)
                break
            jobs.extend(reaction.jobs)
        self.outbox.send(jobs)
        logger.info("reacted", extra={"records": len(records), "jobs": len(jobs)})
        return failed


@cache
def _react() -> React:
    settings = WorkerSettings.read(os.environ)
    return React(
        streaks=Streaks(Table(client("dynamodb"), settings.table)),
        outbox=Outbox(client("sqs"), settings.queue_url),
    )


def handler(event: Mapping[str, Any], _context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """The record to go on from, in the shape of ReportBatchItemFailures; empty when all are done."""
    failed = _react().to_batch(event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": failed}] if failed else []}
