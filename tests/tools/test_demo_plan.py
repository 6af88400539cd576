"""The demo's plan holds at any hour of any day; what it plays is checked by playing it."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from local.demo_answers import ANSWERS, answers_by_text
from local.demo_course import ANSWERS as COURSE_ANSWERS
from local.demo_course import COURSE, EVERY_DAYS, IN_ORDER, SOURCE
from local.demo_plan import COUPLE, COURSE_SCENES, HARU, MAYA, MILESTONE, PAUSED_SCENE, Act, planned
from local.pack_lint import read_pack
from local.places import ROOT
from rekindle.domain.calendar import day_window, local_date
from rekindle.domain.models import PushKind
from rekindle.domain.open_days import dates, latest_date, nearby_dates
from rekindle.domain.recap import Week, recap_of
from rekindle.domain.reminders import due_slots
from rekindle.domain.streaks import History, Streak
from rekindle.packs.check import check_source
from testing.builders import an_instant

ZONES = [partner.zone for partner in COUPLE]
ONE_DAY = dt.timedelta(days=1)
REMINDERS = {Act.PROMPT, Act.EVENING}
ON_AN_OPEN_DAY = {
    Act.LOOK,
    Act.ANSWER,
    Act.DRAFT,
    Act.SHARE_FIRST,
    Act.EDIT,
    Act.EDIT_TOO_LATE,
    Act.ANSWER_TOO_LATE,
    Act.SWAP,
    Act.ANSWER_TO_OLD,
    Act.REFLECT_TOO_EARLY,
    Act.HELP,
    Act.LOOK_AT_PAUSE,
}
OPENING = {Act.LOOK, Act.ANSWER, Act.DRAFT, Act.SHARE_FIRST, Act.LOOK_AT_PAUSE, Act.RESUME}

any_instant = st.datetimes(dt.datetime(2025, 1, 1), dt.datetime(2031, 1, 1)).map(  # noqa: DTZ001 - made aware at once
    lambda naive: naive.replace(tzinfo=dt.UTC)
)


@given(any_instant)
@example(an_instant("2026-11-23T04:59:59Z"))  # a second before midnight in New York
@example(an_instant("2026-11-23T05:00:00Z"))
@example(an_instant("2026-11-23T15:00:00Z"))  # midnight in Tokyo
@example(an_instant("2026-11-01T06:30:00Z"))  # New York's clocks go back
@example(an_instant("2026-03-08T07:30:00Z"))  # and forward
def test_the_last_date_is_today_and_takes_answers(now: dt.datetime) -> None:
    plan = planned(now)
    last = plan.dates[-1]
    assert len(plan.dates) == 10
    assert local_date(now, MAYA.zone) == last
    assert local_date(now, HARU.zone) - last in {dt.timedelta(0), ONE_DAY}
    assert day_window(last, ZONES).is_open(now)


@given(any_instant)
@example(an_instant("2026-11-05T12:00:00Z"))  # a change of clocks lies between
@example(an_instant("2026-03-12T12:00:00Z"))
def test_everything_but_the_last_reminders_lies_behind(now: dt.datetime) -> None:
    plan = planned(now)
    assert list(plan.moments) == sorted(plan.moments, key=lambda moment: moment.at)
    for moment in plan.moments:
        assert plan.paired_at < moment.at
        if not moment.live:
            assert moment.at < now or (moment.date == plan.dates[-1] and moment.act in REMINDERS)


@given(any_instant)
@example(an_instant("2026-11-05T12:00:00Z"))
@example(an_instant("2026-03-12T12:00:00Z"))
def test_every_answer_finds_its_day_open_but_the_one_that_is_too_late(now: dt.datetime) -> None:
    for moment in planned(now).moments:
        if moment.act not in ON_AN_OPEN_DAY:
            continue
        is_open = day_window(moment.date, ZONES).is_open(moment.at)
        assert is_open is (moment.act is not Act.ANSWER_TOO_LATE)
        if is_open:
            assert local_date(moment.at, moment.who.zone) - moment.date in {dt.timedelta(0), ONE_DAY}


@given(any_instant)
@example(an_instant("2026-11-05T12:00:00Z"))
@example(an_instant("2026-03-12T12:00:00Z"))
def test_no_slot_is_left_out_between_pairing_and_the_last_beat(now: dt.datetime) -> None:
    """Else a beat would catch up with it, and push what the plan does not expect."""
    plan = planned(now)
    beats = [moment for moment in plan.moments if moment.act in REMINDERS]
    for who in COUPLE:
        due = due_slots(plan.paired_at, beats[-1].at, who.zone)
        wanted = {each.instant for each in due if each.slot.time in {who.prompt, who.evening}}
        assert wanted == {moment.at for moment in beats if moment.who == who}


@given(any_instant)
@example(an_instant("2026-11-05T12:00:00Z"))
@example(an_instant("2026-03-12T12:00:00Z"))
def test_what_somebody_does_today_is_done_on_that_date_by_their_own_clock(now: dt.datetime) -> None:
    plan = planned(now)
    for moment in plan.moments:
        if moment.act in {Act.JOIN, Act.PAUSE, Act.LOOK_AT_PAUSE, Act.RESUME, Act.WITHDRAW, Act.SHARE_ALONE}:
            assert local_date(moment.at, moment.who.zone) == moment.date
    evening, morning = (local_date(at, MAYA.zone) for at in plan.alone_at)
    assert (evening, morning) == (plan.dates[0] - ONE_DAY, plan.dates[0])
    assert plan.course_at < min(plan.alone_at)


@given(any_instant)
@example(an_instant("2026-11-05T12:00:00Z"))
@example(an_instant("2026-03-12T12:00:00Z"))
def test_a_course_is_joined_before_its_first_date_is_opened_and_withdrawn_before_its_third(now: dt.datetime) -> None:
    plan = planned(now)
    (joined,) = (moment.at for moment in plan.moments if moment.act is Act.JOIN)
    (withdrawn,) = (moment.at for moment in plan.moments if moment.act is Act.WITHDRAW)
    opens = {
        scene: min(moment.at for moment in plan.moments if moment.date == plan.dates[scene] and moment.act in OPENING)
        for scene in range(len(plan.dates))
    }
    first, second = COURSE_SCENES
    assert opens[first - 1] < joined < opens[first]
    assert second - first == EVERY_DAYS
    assert opens[second] < withdrawn < opens[second + EVERY_DAYS]


@given(any_instant)
@example(an_instant("2026-11-05T12:00:00Z"))
@example(an_instant("2026-03-12T12:00:00Z"))
def test_a_pause_takes_one_date_whole_and_no_answer_falls_into_it(now: dt.datetime) -> None:
    plan = planned(now)
    (begun,) = (moment.at for moment in plan.moments if moment.act is Act.PAUSE)
    (ended,) = (moment.at for moment in plan.moments if moment.act is Act.RESUME)
    within = [moment for moment in plan.moments if begun < moment.at < ended]
    assert not any(moment.pushes for moment in within)
    reminded = Counter((moment.date, moment.who) for moment in within if moment.act in REMINDERS)
    assert reminded == {
        (plan.dates[PAUSED_SCENE - 1], MAYA): 1,
        (plan.dates[PAUSED_SCENE], MAYA): 2,
        (plan.dates[PAUSED_SCENE], HARU): 2,
        (plan.dates[PAUSED_SCENE + 1], HARU): 1,
    }
    looks = [(moment.who, moment.date) for moment in within if moment.act is Act.LOOK_AT_PAUSE]
    assert looks == [(who, plan.dates[PAUSED_SCENE]) for who in (HARU, MAYA)]


@given(any_instant)
def test_eight_dates_are_met_and_each_push_is_counted(now: dt.datetime) -> None:
    plan = planned(now)
    pushes = Counter(push.kind for moment in plan.moments for push in moment.pushes)
    assert pushes.pop(PushKind.EVENING) in {5, 6}  # the last depends on the hour
    assert pushes == {
        PushKind.PROMPT: 16,  # they paired after the first of Haru's, and paused for one of hers and two of his
        PushKind.PARTNER_ANSWERED: 8,
        PushKind.BOTH_ANSWERED: 8,
        PushKind.STREAK_MILESTONE: 2,
        PushKind.TOUCH: 4,
        PushKind.NUDGE: 1,
    }
    (nudge,) = (push for moment in plan.moments for push in moment.pushes if push.kind is PushKind.NUDGE)
    assert nudge.passive, "it is night in Tokyo"
    weekdays = [f"{date:%A}".lower() for date in plan.dates]
    assert all(weekdays.count(weekday) == 1 for weekday in plan.touch_weekdays)
    met = [moment.date for moment in plan.moments if moment.completes]
    assert met == [date for scene, date in enumerate(plan.dates) if scene not in {3, PAUSED_SCENE}]


@given(any_instant)
@example(an_instant("2026-11-16T04:59:00Z"))  # Sunday in New York and Monday in Tokyo
@example(an_instant("2026-11-16T05:00:00Z"))
def test_the_look_back_expects_of_each_week_what_the_rules_make_of_it(now: dt.datetime) -> None:
    plan = planned(now)
    met = frozenset(moment.date for moment in plan.moments if moment.completes)
    history = History(plan.dates[0], met, paused=frozenset({plan.dates[PAUSED_SCENE]}))
    open_dates = frozenset(date for date in dates(*nearby_dates(now)) if day_window(date, ZONES).is_open(now))
    for week in (Week.of(plan.dates[-1]), Week.last_before(plan.dates[-1])):
        recap = recap_of(week, history, open_dates, latest_date(ZONES, now))
        wanted = plan.week_of(week.monday)
        assert wanted.dates == recap.met
        assert recap.met
        assert recap.streak == Streak(wanted.run, wanted.run, wanted.run)
        assert recap.milestones == ((MILESTONE,) if wanted.is_milestone else ())
        assert recap.longest_grew


def test_the_course_is_fit_to_be_published_and_what_plays_of_it_has_answers() -> None:
    checked = check_source(SOURCE)
    assert not [finding for finding in checked.findings if not finding.advice]
    assert checked.pack
    assert checked.pack.course
    assert (checked.pack.id, checked.pack.course.every_days) == (COURSE, EVERY_DAYS)
    assert tuple(prompt.id for prompt in checked.pack.prompts) == IN_ORDER
    texts = [prompt.words[checked.pack.default_language].text for prompt in checked.pack.prompts]
    assert texts[: len(COURSE_SCENES)] == list(COURSE_ANSWERS)


def test_each_prompt_that_the_couple_can_meet_has_answers_of_its_own() -> None:
    pack = read_pack(ROOT / "packs" / "starter.yaml")
    gentle = {prompt.id for prompt in pack.prompts if prompt.depth == 1 and prompt.comfort <= 1}
    assert gentle == ANSWERS.keys()
    assert len(answers_by_text()) == len(ANSWERS)
