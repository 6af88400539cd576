"""Measure the cost of the function `tally` for batches with different numbers of couples."""

from __future__ import annotations

import datetime as dt
import random
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bench.world import Measurement, World
from rekindle.domain.ids import CoupleId, PackId, PromptId
from rekindle.domain.prompts import PromptKind, Theme
from rekindle.domain.streaks import pack_dates
from rekindle.domain.tallies import DayProgress, Met, StreakProgress
from rekindle.store import keys
from rekindle.store.table import marshal
from rekindle.store.tallies import Tallies
from tally.handler import Tally
from testing.stored import stream_record

if TYPE_CHECKING:
    from bench.cost_recorder import CostRecorder
    from rekindle.domain.tallies import Progress

COUPLES: Final = (1, 100, 1_000)
TODAY: Final = dt.date(2026, 3, 27)
"""A Friday. So the week has begun in every zone."""
BEFORE: Final = 40
"""Each couple had its first day this many days ago. A row keeps fewer days. Both answered on every third day."""
PACKS: Final = 8
PROMPTS: Final = 400
STEPS: Final = ("a day is opened", "the first answer", "the second answer, and the streak")


def measured_tallies(url: str, recorder: CostRecorder) -> list[Measurement]:
    """Measure batches. Each batch has one step of every couple's day."""
    measured = []
    for couples in COUPLES:
        world = World.on(url, recorder)
        names = [CoupleId(f"{number:024x}") for number in range(couples)]
        dice = random.Random(couples)  # noqa: S311  no secret
        Tallies(world.table).count({name: _past(dice) for name in names})
        prompts = {name: _prompt(dice, TODAY) for name in names}
        tally = recorder.recorded(Tally(Tallies(world.table)), "tally")
        for step, note in enumerate(STEPS):
            records = [record for name in names for record in _records(name, prompts[name], step)]
            failed, cost = world.meter.cost_of(partial(tally.handle, records))
            if failed["batchItemFailures"]:
                raise RuntimeError(f"tally failed: {note}")
            measured.append(Measurement(f"{note}, {couples:,} couple{'s' if couples > 1 else ''}", cost))
    return measured


def _past(dice: random.Random) -> list[Progress]:
    dates = [TODAY - dt.timedelta(days=number) for number in range(BEFORE, 0, -3)]
    days = [DayProgress(date, _theme(date), (_prompt(dice, date),), 2) for date in dates]
    return [*days, StreakProgress(dates[-1], BEFORE, BEFORE)]


def _theme(date: dt.date) -> Theme:
    return list(Theme)[date.weekday()]


def _prompt(dice: random.Random, date: dt.date) -> Met:
    """Return a random prompt from a random pack. The prompt has the date's theme."""
    number = dice.randrange(PROMPTS // len(Theme))
    pack, prompt = PackId(f"celebrating-us-{number % PACKS}"), PromptId(f"{_theme(date)}-borrowed-mood-{number}")
    return Met(pack, prompt, again=False)


def _records(couple: CoupleId, met: Met, step: int) -> list[dict[str, Any]]:
    before = _day(couple, met, step - 1) if step else {}
    records = [stream_record(before, _day(couple, met, step))]
    if step == len(STEPS) - 1:
        records.append(stream_record(_streak(couple, BEFORE), _streak(couple, BEFORE + 1)))
    return records


def _day(couple: CoupleId, met: Met, answered: int) -> dict[str, Any]:
    persons = [f"uid-{number}" for number in range(2)]
    item = {
        "persons": persons,
        "prompt": {"pack": met.pack, "version": 1, "id": met.prompt},
        "kind": PromptKind.QUESTION,
        "opens_at": 0,
        "closes_at": 1,
        "theme": _theme(TODAY),
        "again": met.again,
        "answers": {uid: {"at": 0, "revision": 1, "share_first": False} for uid in persons[:answered]},
    }
    return marshal({**keys.day(couple, TODAY)._asdict(), **item})


def _streak(couple: CoupleId, total: int) -> dict[str, Any]:
    first = TODAY - dt.timedelta(days=BEFORE)
    bits = pack_dates(first, [first + dt.timedelta(days=number) for number in range(total)])
    item = {"persons": [], "bits_from": str(first), "bits": bits, "run": total, "changed_at": 0}
    return marshal({**keys.streak(couple)._asdict(), **item})
