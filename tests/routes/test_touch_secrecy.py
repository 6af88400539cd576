"""On dates that somebody has begun, no gesture and no reminder tells a partner of a change of the other's choice.

Each test compares two worlds. In one of them a person changes a choice. In the other, nothing is changed.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.services import Queues
from delivery.services import Services as DeliveryServices
from rekindle.domain.calendar import dates, local_date, slot_instant
from rekindle.domain.ids import Uid, Zone
from rekindle.domain.pushes import PushKind
from testing.apis import handler_of
from testing.builders import LONDON, NEW_YORK, TOKYO, an_instant, prompts, publish
from testing.phones import Phone, pair, set_clocks
from testing.stored import couple_of, person_of, until_touch
from tests.routes.test_erasing import World, well
from tests.routes.test_moved_reminders import due_at
from tests.routes.test_news import sent, work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekindle.store.table import Table
    from testing.fcm_wire import FcmWire
    from testing.push_world import Queue

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
EAST, WEST = "Pacific/Kiritimati", "Etc/GMT+12"
"""Their clocks are 26 hours apart."""
TIME = dt.time(19)
EVERY_DAY = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
READS = ("/v1/touch/today", "/v1/me", "/v1/me/reminders")

type Change = tuple[int, bool]
"""A person's touch comfort, and whether they want a touch reminder."""

STOPPED: Change = 3, False
CHANGES: dict[str, list[Change]] = {
    "stops the reminder": [STOPPED],
    "wants no touch": [(0, True)],
    "wants less": [(1, True)],
    "stops, and begins again": [STOPPED, (3, True)],
    "changes four times": [(0, False), (3, True), (1, True), (2, False)],
}


class Two:
    """A couple's phones in a world. Ada and Ben have had touch for some months."""

    def __init__(self, world: World, zones: tuple[str, str], now: dt.datetime) -> None:
        api = handler_of(lambda: world.services)
        self.world, self.zones, self.table = world, zones, cast("Table", world.table)
        self.ada, self.ben = (Phone(api, Uid(name), now) for name in ("ada", "ben"))

    @property
    def phones(self) -> tuple[Phone, Phone]:
        return self.ada, self.ben

    def copy(self) -> Two:
        """Return the same couple in a copy of the world."""
        return Two(self.world.copy(), self.zones, self.ada.now)

    def choose(self, phone: Phone, change: Change) -> None:
        """Make a choice. Write the profile only if the comfort changes, as a phone does."""
        comfort, wants = change
        me = person_of(self.world.services, phone)
        if me.profile.touch_comfort != comfort:
            well(phone.put("/v1/me", {"display_name": "A", "zone": me.profile.zone, "touch_comfort": comfort}))
        wish = {"weekdays": EVERY_DAY, "time": "19:00"} if wants else None
        well(phone.put("/v1/me/reminders", {"touch": wish}))

    def latest(self) -> dt.date:
        """Return the latest date that one of the two has begun."""
        return max(self.today(phone) for phone in self.phones)

    def today(self, phone: Phone) -> dt.date:
        return local_date(phone.now, person_of(self.world.services, phone).profile.zone)

    def due(self, phone: Phone, last: dt.date) -> list[bool]:
        """Return whether the person's touch reminder is due on each date from yesterday to `last`."""
        zone = person_of(self.world.services, phone).profile.zone
        return [
            PushKind.TOUCH in due_at(self.world.services, phone, zone, TIME, date)
            for date in dates(self.today(phone) - DAY, last)
        ]


def two_at(zones: tuple[str, str], instant: str = "2026-01-10T12:00:00Z", *, agreed: bool = True) -> Two:
    """Pair Ada and Ben in these zones. Both want touch if `agreed`."""
    world = World.with_rows([], [], [])
    random_bytes = random.Random(7).randbytes  # noqa: S311  nothing here is secret
    world = replace(world, services=replace(world.services, entropy=random_bytes))
    publish(cast("Table", world.table), prompts())
    two = Two(world, zones, an_instant(instant))
    for phone, zone in zip(two.phones, zones, strict=True):
        well(phone.put("/v1/me", {"display_name": "A", "zone": zone, "touch_comfort": 3}))
        well(phone.put("/v1/me/devices/phone", {"token": f"token-{phone.uid}", "platform": "android"}))
    pair(*two.phones)
    if agreed:
        for phone in two.phones:
            two.choose(phone, (3, True))
    return two


@pytest.fixture(params=[(NEW_YORK, TOKYO), (EAST, WEST), (WEST, "Africa/Cairo")], ids=str)
def two(request: pytest.FixtureRequest) -> Two:
    """Return a couple that has had touch for some months. Each has it today."""
    two = two_at(request.param)
    set_clocks("2026-04-20T12:00:00Z", *two.phones)
    until_touch(two.world.services, *two.phones)
    return two


def wait(time: dt.timedelta, *couples: Two) -> None:
    for two in couples:
        set_clocks(two.ada.now + time, *two.phones)


def read(phone: Phone) -> list[str]:
    return [phone.get(path).text for path in READS]


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("hour", [0, 11, 23])
def test_the_partner_s_replies_stay_until_their_next_date(two: Two, changes: Sequence[Change], hour: int) -> None:
    wait(hour * HOUR, two)
    unchanged, settled = two.copy(), two.latest()
    for change in changes:
        two.choose(two.ben, change)
    while two.today(two.ada) <= settled:
        assert read(two.ada) == read(unchanged.ada)
        assert two.due(two.ada, settled) == unchanged.due(unchanged.ada, settled)
        wait(5 * HOUR, two, unchanged)
    if changes[-1] in {STOPPED, (0, True)}:
        assert well(two.ada.get("/v1/touch/today"))["gesture"] is None


@pytest.mark.parametrize("day", range(7))
def test_every_weekday_is_alike(day: int) -> None:
    two = two_at((NEW_YORK, NEW_YORK))
    until_touch(two.world.services, *two.phones, weekday=day)
    unchanged, today = two.copy(), two.latest()
    two.choose(two.ada, STOPPED)
    assert read(two.ben) == read(unchanged.ben)
    assert two.due(two.ben, today) == unchanged.due(unchanged.ben, today)
    wait(DAY, two, unchanged)
    assert well(two.ben.get("/v1/touch/today"))["gesture"] is None
    assert two.due(two.ben, today + 14 * DAY) == [True] + 14 * [False]


@pytest.mark.parametrize("second", [0, 1], ids=["Ada agrees first", "Ben agrees first"])
def test_an_agreement_does_not_show_on_its_date(second: int) -> None:
    two = two_at((NEW_YORK, TOKYO), agreed=False)
    first = two.phones[1 - second]
    two.choose(first, (3, True))
    unchanged, settled = two.copy(), two.latest()
    two.choose(two.phones[second], (3, True))
    while two.today(first) <= settled:
        assert read(first) == read(unchanged.phones[1 - second])
        assert not any(two.due(first, settled))
        wait(5 * HOUR, two, unchanged)
    until_touch(two.world.services, *two.phones)
    assert well(first.get("/v1/touch/today"))["gesture"]


def test_a_flight_back_to_an_earlier_date_shows_no_change() -> None:
    """Ada has seen the date in Kiritimati, and begins it again in New York. Meanwhile Ben has stopped."""
    two = two_at((NEW_YORK, NEW_YORK), "2026-04-20T12:00:00Z")
    until_touch(two.world.services, *two.phones)

    def fly(zone: str) -> None:
        well(two.ada.put("/v1/me", {"display_name": "A", "zone": zone, "touch_comfort": 3}))

    fly(EAST)
    while well(two.ada.get("/v1/touch/today"))["gesture"] is None:
        wait(DAY, two)
    date = two.today(two.ada)
    fly(NEW_YORK)
    two.choose(two.ben, STOPPED)
    while two.today(two.ada) < date:
        wait(HOUR, two)
    assert well(two.ada.get("/v1/touch/today"))["gesture"]
    wait(DAY, two)
    assert well(two.ada.get("/v1/touch/today"))["gesture"] is None


def test_the_partner_s_reminder_of_today_stays(wire: FcmWire, delivery: DeliveryServices, queue: Queue) -> None:
    """The push comes at its time, and a push that was already on the queue comes as well. Ben himself gets none."""
    two = two_at((LONDON, LONDON))
    until_touch(two.world.services, *two.phones)
    two.choose(two.ben, STOPPED)
    pushed = []
    for date in dates(two.today(two.ada), two.today(two.ada) + 3 * DAY):
        at = slot_instant(date, TIME, Zone(LONDON))
        assert at
        queues = Queues(delivery.outbox, delivery.dead_letters, delivery.cleanup)
        own = DeliveryServices.on(two.table, queues, delivery.gateway, delivery.app_link)
        before = len(wire.messages)
        work(two.table, own, queue, at)
        pushed.append(sent(wire)[before:])
    assert pushed == [[("token-ada", PushKind.TOUCH, two.today(two.ada))], [], [], []]


choices = st.tuples(st.integers(0, 3), st.booleans())
steps = st.lists(st.tuples(st.sampled_from((0, 3, 13, 26, 90)), st.integers(0, 1), choices), max_size=6)


@settings(max_examples=25)
@given(
    zones=st.sampled_from(((LONDON, LONDON), (NEW_YORK, TOKYO), (EAST, WEST))),
    before=steps,
    changes=st.lists(choices, min_size=1, max_size=3),
    own=st.lists(choices, max_size=2),
    who=st.integers(0, 1),
    hours=st.integers(0, 30),
)
def test_no_history_lets_a_change_show(
    *,
    zones: tuple[str, str],
    before: Sequence[tuple[int, int, Change]],
    changes: Sequence[Change],
    own: Sequence[Change],
    who: int,
    hours: int,
) -> None:
    """In both worlds, the partner may make choices afterwards, too."""
    two = two_at(zones)
    wait(hours * HOUR, two)
    for hours_later, person, change in before:
        wait(hours_later * HOUR, two)
        two.choose(two.phones[person], change)
    unchanged, settled, partner = two.copy(), two.latest(), two.phones[1 - who]
    for change in changes:
        two.choose(two.phones[who], change)
    for change in own:
        for each in (two, unchanged):
            each.choose(each.phones[1 - who], change)
    while two.today(partner) <= settled:
        assert read(partner) == read(unchanged.phones[1 - who])
        assert two.due(partner, settled) == unchanged.due(unchanged.phones[1 - who], settled)
        wait(7 * HOUR, two, unchanged)


@given(st.lists(st.tuples(st.sampled_from((0, 26)), choices), max_size=4))
@settings(max_examples=10)
def test_a_person_who_wants_no_touch_always_gets_the_same_reply(found: Sequence[tuple[int, Any]]) -> None:
    two = two_at((LONDON, TOKYO))
    two.choose(two.ada, STOPPED)
    for hours, change in found:
        wait(hours * HOUR, two)
        two.choose(two.ben, change)
        assert well(two.ada.get("/v1/touch/today")) == {"date": str(two.today(two.ada)), "gesture": None}


def test_the_seed_is_in_no_reply(two: Two) -> None:
    couple = couple_of(two.world.services, two.ada)
    assert couple.touch_dates
    for phone in two.phones:
        for reply in read(phone):
            assert couple.seed not in reply
            assert str(couple.touch_dates.seed) not in reply
