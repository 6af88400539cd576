"""The demo can run at any hour of any day. `tests/e2e/test_demo.py` runs it once."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from local.demo.plan import ANSWERS, COUPLE, COURSE_DATES, HARU, MAYA, PAUSED_DATE, SCRIPT, TOUCH_DATES, Moment, planned
from local.demo.play import COURSE, PACK, SOURCE, Performance
from local.places import ROOT
from rekindle.domain.calendar import day_window, local_date
from rekindle.packs.check import check_source
from testing.builders import an_instant
from testing.packs import read_pack

ONE_DAY = dt.timedelta(days=1)
REMINDERS = {"prompt", "evening", "touch"}
OTHER_DAYS = {"publish_course", "set_up", "write_alone", "share_alone", "reflect", "look_back"}
"""The acts that need no open day."""

any_instant = st.datetimes(dt.datetime(2025, 1, 1), dt.datetime(2031, 1, 1)).map(  # noqa: DTZ001 - made aware at once
    lambda naive: naive.replace(tzinfo=dt.UTC)
)


def at(moments: list[Moment], act: str) -> dt.datetime:
    return next(moment.at for moment in moments if moment.act == act)


def dates_of(moments: list[Moment]) -> list[dt.date]:
    return sorted({moment.date for moment in moments})


def check_course(plan: list[Moment]) -> None:
    """Check that the couple joins before the course's first date, and its later withdrawal."""
    first, second = COURSE_DATES
    opened = {
        number: min(moment.at for moment in plan if moment.date == date and moment.act in {"look", "answer"})
        for number, date in enumerate(dates_of(plan))
        if number != PAUSED_DATE
    }
    assert opened[first - 1] < at(plan, "join_course") < opened[first]
    assert opened[second] < at(plan, "withdraw_course") < opened[2 * second - first]


def check_pause(plan: list[Moment]) -> None:
    """Check the reminders around the pause, and that no answer falls into it."""
    within = [moment for moment in plan if at(plan, "pause") < moment.at < at(plan, "resume")]
    assert not {moment.act for moment in within} & {"answer", "draft", "share_first", "nudge", "touch"}
    assert Counter((moment.date, moment.who) for moment in within if moment.act in REMINDERS) == {
        (dates_of(plan)[PAUSED_DATE - 1], MAYA): 1,
        (dates_of(plan)[PAUSED_DATE], MAYA): 2,
        (dates_of(plan)[PAUSED_DATE], HARU): 2,
        (dates_of(plan)[PAUSED_DATE + 1], HARU): 1,
    }


@example(an_instant("2026-11-23T04:59:59Z"))  # a second before midnight in New York
@example(an_instant("2026-11-23T05:00:00Z"))
@example(an_instant("2026-11-23T15:00:00Z"))  # midnight in Tokyo
@example(an_instant("2026-11-01T06:30:00Z"))  # New York's clocks go back
@example(an_instant("2026-03-08T07:30:00Z"))  # and forward
@example(an_instant("2026-11-05T12:00:00Z"))  # a change of clocks lies between
@example(an_instant("2026-03-12T12:00:00Z"))
@given(any_instant)
def test_the_plan_is_playable_at_any_instant(now: dt.datetime) -> None:
    plan = planned(now)
    last = dates_of(plan)[-1]
    assert local_date(now, MAYA.zone) == last
    assert local_date(now, HARU.zone) - last in {dt.timedelta(0), ONE_DAY}
    assert plan == sorted(plan, key=lambda moment: moment.at)
    assert len(dates_of(plan)) == len(SCRIPT)
    ends = {moment.date: moment.at for moment in plan}
    assert sorted(ends, key=lambda date: ends[date]) == dates_of(plan)
    for moment in plan:
        assert hasattr(Performance, f"act_{moment.act}")
        assert moment.live or moment.at < now or (moment.date == last and moment.act in REMINDERS)
        if moment.act not in REMINDERS | OTHER_DAYS and moment.at > at(plan, "pair"):
            is_open = day_window(moment.date, [who.zone for who in COUPLE]).is_open(moment.at)
            assert is_open is (moment.act != "answer_too_late"), moment
    for act in ("join_course", "pause", "resume", "withdraw_course", "share_alone"):
        for moment in (each for each in plan if each.act == act):
            assert local_date(moment.at, moment.who.zone) == moment.date
    check_course(plan)
    check_pause(plan)


def test_the_weekdays_of_the_touch_reminders_come_once_in_the_ten_dates() -> None:
    weekdays = [number % 7 for number in range(len(SCRIPT))]
    assert all(weekdays.count(number % 7) == 1 for number in TOUCH_DATES)


def test_the_course_can_be_published_and_has_a_prompt_after_those_that_are_played() -> None:
    checked = check_source(SOURCE)
    assert not [finding for finding in checked.findings if not finding.advice]
    assert checked.pack
    ids = [f"{COURSE}/{prompt.id}" for prompt in checked.pack.prompts]
    assert [each for each in ids if each not in ANSWERS] == ids[len(COURSE_DATES) :] != []


def test_each_prompt_that_the_couple_can_get_has_an_answer_of_each() -> None:
    pack = read_pack(ROOT / "packs" / f"{PACK}.yaml")
    gentle = {f"{PACK}/{prompt.id}" for prompt in pack.prompts if prompt.depth == 1 and prompt.comfort == 0}
    assert gentle == {each for each in ANSWERS if each.startswith(f"{PACK}/")}
    assert all(len(pair) == len(COUPLE) for pair in ANSWERS.values())
