"""The couple of the demo, and its script for the ten dates up to today."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.domain.calendar import local_date, local_time, slot_instant
from rekindle.domain.ids import Zone
from rekindle.domain.persons import QuietHours
from rekindle.domain.reminders import is_quiet

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT: Final = {
    "They pair, and begin at once": (
        "Maya publish_course -13:00, Maya set_up -12:00, Haru set_up -12:00 Maya, Maya write_alone -4:00, "
        "Maya write_alone 06:20, Maya pair 07:00, Haru answer 07:10 Maya, Maya look 08:35, Maya answer 08:40"
    ),
    "An answer can be edited until both are there": (
        "Haru draft 07:40, Haru edit 07:55, Maya answer 08:40, Haru edit_too_late 08:45 Maya"
    ),
    "Haru shares first, and Maya shares an answer that she wrote alone": (
        "Haru share_first 07:45, Maya look 08:35, Maya answer 08:45, Maya share_alone 21:00"
    ),
    "A long day for both: one date passes without answers": (
        "Haru look 07:40, Maya join_course 12:15, Maya nudge 13:00, Maya answer_too_late 32:35"
    ),
    "It was a rest day, and the streak goes on; both leave a reflection": (
        "Haru answer 07:45, Maya reflect_too_early 20:45, Maya answer 20:50, Maya reflect 21:00, Haru reflect 36:00"
    ),
    "Maya swaps a prompt for both": (
        "Haru look 07:40, Maya swap 08:34, Haru answer_to_old 08:36 Maya, Maya answer 08:45, Haru answer 09:00 Maya"
    ),
    "A braver prompt, with help beside it; then a pause for both": (
        "Haru answer 07:40, Maya show_help 08:35, Maya answer 08:40, Maya pause 09:30"
    ),
    "A day of pause: no push comes, and nothing is missed": (
        "Haru look 07:40, Maya look 08:35, Maya withdraw_course 15:00"
    ),
    "Back again: an evening reminder for the one who has not answered": (
        "Haru resume 12:00, Haru answer 20:45, Maya answer 08:40"
    ),
    "Today, through the API with real tokens; then a look back": "",
}
"""The acts of each date, by its title: `<who> <act> <time>`, on another clock where one is named.

Hours below 0 are on the date before, and hours from 24 on the next date. Acts are functions of `local.demo.acts`.
"""
LIVE: Final = "Maya look, Maya answer, Haru look, Haru answer, Maya look_back, Haru look_back"
"""The acts of today, which are played now."""
TOUCH_DATES, COURSE_DATES, PAUSED_DATE, PAUSE_UNTIL = (3, 5), (4, 6), 7, 9
"""The dates of the touch reminders and of the course, the one inside the pause, and the planned end of the pause."""


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner: the place of their phone, and their reminders and quiet hours in the API's form."""

    name: str
    city: str
    country: str
    zone: Zone
    platform: str
    prompt: str
    evening: str
    touch: str
    quiet: tuple[str, str]

    def clock(self, at: dt.datetime) -> dt.datetime:
        """Return the local time at an instant."""
        return local_time(at, self.zone)

    def is_quiet(self, at: dt.datetime) -> bool:
        """Return whether a push at an instant makes no sound."""
        return is_quiet(self.clock(at).time(), QuietHours(*map(dt.time.fromisoformat, self.quiet)))


_NEW_YORK, _TOKYO = Zone("America/New_York"), Zone("Asia/Tokyo")
MAYA: Final = Partner("Maya", "New York", "US", _NEW_YORK, "ios", "08:30", "20:30", "18:00", ("22:00", "07:00"))
HARU: Final = Partner("Haru", "Tokyo", "JP", _TOKYO, "android", "07:30", "20:30", "19:00", ("21:00", "06:30"))
COUPLE: Final = (MAYA, HARU)
ZONES: Final = (MAYA.zone, HARU.zone)


@dataclass(frozen=True, slots=True)
class Moment:
    """An act of a partner at an instant, for the day of a date. A live one goes through the gateway now."""

    at: dt.datetime
    who: Partner
    act: str
    date: dt.date
    live: bool = False

    @property
    def partner(self) -> Partner:
        """Return the other partner."""
        return HARU if self.who is MAYA else MAYA


def planned(now: dt.datetime) -> list[Moment]:
    """Return the moments in order of time.

    The last date is today in New York, which both phones can still answer. Its reminders may be later than `now`.
    """
    today, named = local_date(now, MAYA.zone), {who.name: who for who in COUPLE}
    dates = tuple(today - dt.timedelta(days=ago) for ago in reversed(range(len(SCRIPT))))
    moments = [*_reminders(dates)]
    for date, cues in zip(dates, SCRIPT.values(), strict=True):
        for who, act, time, *clock in (cue.split() for cue in cues.split(", ") if cue):
            at = _instant(date, time, named[(clock or [who])[0]])
            moments.append(Moment(at, named[who], act, date))
    for seconds, (who, act) in enumerate(cue.split() for cue in LIVE.split(", ")):
        moments.append(Moment(now + dt.timedelta(seconds=seconds), named[who], act, today, live=True))
    return sorted(moments, key=lambda moment: moment.at)


def _reminders(dates: tuple[dt.date, ...]) -> Iterator[Moment]:
    # The last is Maya's prompt of the last date. A tick sends all earlier ones, so none may be left out.
    first, last = _instant(dates[0], "07:00", MAYA), _instant(dates[-1], MAYA.prompt, MAYA)
    for who, date in itertools.product(COUPLE, (*dates, dates[-1] + dt.timedelta(days=1))):
        for act, time in (("prompt", who.prompt), ("evening", who.evening), ("touch", who.touch)):
            at = _instant(date, time, who)
            if first < at <= last and (act != "touch" or date in {dates[number] for number in TOUCH_DATES}):
                yield Moment(at, who, act, date)


def _instant(date: dt.date, time: str, whose: Partner) -> dt.datetime:
    hour, minute = map(int, time.split(":"))
    at = slot_instant(date + dt.timedelta(hour // 24), dt.time(hour % 24, minute), whose.zone)
    assert at is not None, "neither zone has ever skipped a date in these years"  # noqa: S101
    return at
