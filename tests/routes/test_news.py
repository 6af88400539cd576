"""On a date with news, the prompt's push announces a new pack to those who want news.

Nobody gets two pushes.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rekindle.domain.persons import Person, Reminders
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.push.jobs import PersonJob
from rekindle.push.kinds import KINDS
from rekindle.push.reactions import reaction_to
from rekindle.push.texts import CATALOGUE
from rekindle.store import keys
from rekindle.store.news import REMEMBERED, News
from rekindle.store.people import People
from rekindle.store.slots import Slots
from rekindle.store.stream import change_in
from rekindle.store.table import Write, marshal
from rekindle.store.watermark import Watermark
from testing import fcm_wire
from testing.builders import NEW_YORK, TOKYO, a_paired_person, a_profile, an_instant
from testing.push_world import Queue, calls, do, saved, token_of
from testing.stored import person_in, shard_of, stream_record
from tick.handler import Tick

if TYPE_CHECKING:
    from collections.abc import Callable

    from delivery.services import Services
    from rekindle.domain.ids import Zone
    from rekindle.store.table import Table
    from testing.fcm_wire import FcmWire

DATE = dt.date(2026, 3, 3)
MORNING = an_instant("2026-03-03T13:30:00Z")
"""08:30 in New York."""
DAY = dt.timedelta(days=1)
HALF_AN_HOUR = dt.timedelta(minutes=30)
WITHOUT = Reminders(evening=None, news=False)
WITH = Reminders(evening=None)


def announce(table: Table, *dates: dt.date) -> None:
    table.write(Write("Put", keys.NEWS, item={"dates": {str(date): "money-talk" for date in dates}}))


def sent(wire: FcmWire) -> list[tuple[str, PushKind, dt.date]]:
    """Return the token, kind and date of each push, in order of sending."""
    kinds = {record.code: kind for kind, record in KINDS.items()}
    tags = [(message["token"], message["android"]["notification"]["tag"]) for message in wire.messages]
    return [(token, kinds[tag[0]], dt.date.fromisoformat(tag[2:])) for token, tag in tags]


def work(table: Table, delivery: Services, queue: Queue, at: dt.datetime) -> None:
    """Run the tick of an instant, and handle all jobs on the queue."""
    Tick(Slots(table), Watermark(table), queue.outbox).run(at)
    do(delivery, *queue.taken())


def caught_up(table: Table, uid: str) -> list[PersonJob]:
    """Return `react`'s jobs for reminders that came due because the person moved them."""
    items = table.query(f"PERSON#{uid}", between=(keys.CAUGHT_UP_PREFIX, f"{keys.CAUGHT_UP_PREFIX}~")).items
    changes = [change_in(stream_record(None, marshal(item))) for item in items]
    jobs = [job for change in changes for job in reaction_to(change).jobs]
    return [job for job in jobs if isinstance(job, PersonJob)]


def in_zone(zone: Zone) -> Callable[[Person], Person]:
    return lambda person: replace(person, profile=replace(person.profile, zone=zone))


def at_time(prompt: str) -> Callable[[Person], Person]:
    time = dt.time.fromisoformat(prompt)
    return lambda person: replace(person, reminders=replace(person.reminders, prompt=time))


type Moving = tuple[Callable[[Person], Person], str]
MOVES = [
    pytest.param((in_zone(TOKYO), "2026-03-02T15:30:00Z"), id="to where the date has begun"),
    pytest.param((in_zone(TOKYO), "2026-03-03T00:20:00Z"), id="to where its prompt has just come"),
    pytest.param((in_zone(TOKYO), "2026-03-03T13:40:00Z"), id="after it was sent at home"),
    pytest.param((in_zone(NEW_YORK), "2026-03-03T12:00:00Z"), id="nowhere"),
    pytest.param((at_time("09:00"), "2026-03-03T13:31:00Z"), id="to a later time, just after it came"),
    pytest.param((at_time("07:30"), "2026-03-03T12:40:00Z"), id="to a time that has just passed"),
    pytest.param((at_time("23:00"), "2026-03-03T13:00:00Z"), id="to the evening"),
]


@pytest.mark.parametrize("moving", MOVES)
def test_each_date_has_one_push_and_a_date_of_news_has_news_however_a_person_moves(
    table: Table, delivery: Services, queue: Queue, wire: FcmWire, moving: Moving
) -> None:
    ada, ben = (a_paired_person(profile=a_profile(zone=NEW_YORK), reminders=each) for each in (WITH, WITHOUT))
    saved(table, ada, ben)
    announce(table, DATE)
    people, (move, instant) = People(table), moving
    moves_at = an_instant(instant)
    at = an_instant("2026-03-02T12:00:00Z")
    moved = False
    while at < an_instant("2026-03-05T12:00:00Z"):
        if not moved and at >= moves_at:
            moved = True
            for person in (ada, ben):
                people.change(person.uid, moves_at, move)
                do(delivery, *caught_up(table, person.uid))
        work(table, delivery, queue, at)
        at += HALF_AN_HOUR
    dates = [DATE + DAY * number for number in (-1, 0, 1)]
    for person, kind in ((ada, PushKind.NEWS), (ben, PushKind.PROMPT)):
        own = [(each, date) for token, each, date in sent(wire) if token == token_of(person) and date in dates]
        assert own == [(PushKind.PROMPT, dates[0]), (kind, dates[1]), (PushKind.PROMPT, dates[2])]


def test_news_come_once_at_each_persons_own_time_and_in_their_own_words(
    table: Table, delivery: Services, queue: Queue, wire: FcmWire
) -> None:
    profile = a_profile(language="fr", zone=TOKYO)
    ada, ben = a_paired_person(reminders=WITH), a_paired_person(profile=profile, reminders=WITH)
    saved(table, ada, ben)
    announce(table, DATE)
    for at in (an_instant("2026-03-02T23:30:00Z"), MORNING):
        work(table, delivery, queue, at)
        work(table, delivery, queue, at)
    assert [(token, kind) for token, kind, _ in sent(wire)] == [
        (token_of(ben), PushKind.NEWS),
        (token_of(ada), PushKind.NEWS),
    ]
    french = {(text.title, text.body) for text in CATALOGUE[profile.language][PushKind.NEWS].values()}
    shown = wire.messages[0]["notification"]
    assert (shown["title"], shown["body"]) in french


def test_evening_and_touch_reminders_of_the_date_stay_what_they_are(
    table: Table, delivery: Services, queue: Queue, wire: FcmWire
) -> None:
    ada = a_paired_person(reminders=Reminders())
    saved(table, ada)
    announce(table, DATE)
    for at in (MORNING, MORNING + 12 * dt.timedelta(hours=1)):
        work(table, delivery, queue, at)
    assert [kind for _, kind, _ in sent(wire)] == [PushKind.NEWS, PushKind.EVENING]


def test_a_push_of_news_that_did_not_arrive_is_tried_again_as_news(
    table: Table, delivery: Services, queue: Queue, wire: FcmWire
) -> None:
    """A process that does not know the news repeats the push too. The phone replaces the first push."""
    ada, ben = a_paired_person(reminders=WITH), a_paired_person(reminders=WITHOUT)
    saved(table, ada, ben)
    announce(table, DATE)
    for person in (ada, ben):
        wire.script[token_of(person)] = [fcm_wire.INTERNAL]
    work(table, delivery, queue, MORNING)
    assert wire.messages == []
    announce(table)
    retries = queue.taken()
    assert {job.kind for job in retries if job.type == "retry"} == {PushKind.NEWS, PushKind.PROMPT}
    do(replace(delivery, news=News(table)), *retries)
    assert sorted(sent(wire)) == sorted([(token_of(ada), PushKind.NEWS, DATE), (token_of(ben), PushKind.PROMPT, DATE)])


def test_news_that_are_too_late_are_dropped_like_the_prompt_in_whose_place_they_come(
    table: Table, delivery: Services, queue: Queue, wire: FcmWire
) -> None:
    ada = a_paired_person(reminders=WITH)
    saved(table, ada)
    announce(table, DATE)
    wire.script[token_of(ada)] = [fcm_wire.INTERNAL]
    work(table, delivery, queue, MORNING)
    (job,) = queue.taken()
    do(delivery, job, waited=dt.timedelta(hours=3))
    assert wire.messages == []


def test_a_row_says_that_its_person_wants_no_news(table: Table) -> None:
    ada, ben = a_paired_person(reminders=WITH), a_paired_person(reminders=replace(WITHOUT, evening=dt.time(8, 30)))
    saved(table, ada, ben)
    shard = shard_of(table, Slot(NEW_YORK, dt.time(8, 30)))
    items = {item["sk"]: item for item in table.query(keys.slot_shard(shard), between=keys.SLOT_ROWS).items}
    assert {sk for sk, item in items.items() if "n" in item} == {f"p{keys.pseudonym_of(ben.uid)}"}
    rows = Slots(table).page(shard, None, 10, MORNING).rows
    assert {row.person for row in rows if not row.news} == {keys.pseudonym_of(ben.uid)}
    read = person_in(table, ben.uid)
    assert not read.reminders.news
    People(table).change(ben.uid, MORNING, lambda person: replace(person, reminders=WITH))
    assert all(row.news for row in Slots(table).page(shard, None, 10, MORNING).rows)


def test_a_person_from_before_there_were_news_gets_them(table: Table) -> None:
    ada = a_paired_person(reminders=WITHOUT)
    saved(table, ada)
    table.write(Write("Update", keys.person(ada.uid), update="REMOVE reminders.news"))
    read = person_in(table, ada.uid)
    assert read.reminders.news


def test_the_dates_are_asked_for_once_in_ten_minutes(table: Table) -> None:
    now = 1000.0
    news = News(table, monotonic=lambda: now)
    with calls(table) as seen:
        assert news.dates() == frozenset()
        announce(table, DATE)
        now += REMEMBERED - 1
        assert news.dates() == frozenset()
        now += 1
        assert news.dates() == {DATE}
    assert seen == ["GetItem", "PutItem", "GetItem"]
