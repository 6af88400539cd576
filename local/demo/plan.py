"""Plan the demo's ten dates: the acts in script.yaml, and the reminders. Define the couple and its answers."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from rekindle.domain.calendar import local_date, local_time, slot_instant
from rekindle.domain.ids import Zone
from rekindle.domain.persons import QuietHours
from rekindle.domain.reminders import is_quiet

_FOLDER: Final = Path(__file__).parent
SCRIPT: Final[dict[str, str]] = yaml.safe_load((_FOLDER / "script.yaml").read_text(encoding="utf-8"))
ANSWERS: Final[dict[str, list[str]]] = yaml.safe_load((_FOLDER / "answers.yaml").read_text(encoding="utf-8"))
TOUCH_DATES, COURSE_DATES, PAUSED_DATE, PAUSE_UNTIL = (3, 5), (4, 6), 7, 9
"""Numbers of dates, from 0: two with touch reminders, two with the course, the paused date, and the pause's `until`."""


@dataclass(frozen=True, eq=False, slots=True)
class Partner:
    """A partner: where they live, their phone's platform, and their reminder times and quiet hours."""

    name: str
    city: str
    country: str
    zone: Zone
    platform: str
    times: dict[str, str]
    quiet: dict[str, str]

    def clock(self, at: dt.datetime) -> dt.datetime:
        """Return the date and time on this partner's clock at an instant."""
        return local_time(at, self.zone)

    def is_quiet(self, at: dt.datetime) -> bool:
        """Return whether an instant is in this partner's quiet hours."""
        return is_quiet(self.clock(at).time(), QuietHours(*map(dt.time.fromisoformat, self.quiet.values())))


_TIMES_OF_MAYA: Final = {"prompt": "08:30", "evening": "20:30", "touch": "18:00"}, {"start": "22:00", "end": "07:00"}
_TIMES_OF_HARU: Final = {"prompt": "07:30", "evening": "20:30", "touch": "19:00"}, {"start": "21:00", "end": "06:30"}
MAYA: Final = Partner("Maya", "New York", "US", Zone("America/New_York"), "ios", *_TIMES_OF_MAYA)
HARU: Final = Partner("Haru", "Tokyo", "JP", Zone("Asia/Tokyo"), "android", *_TIMES_OF_HARU)
COUPLE: Final = (MAYA, HARU)


@dataclass(frozen=True, slots=True)
class Moment:
    """An act of a partner, or a reminder, with its instant and date. Only a `live` act goes through API Gateway."""

    at: dt.datetime
    who: Partner
    act: str
    date: dt.date
    live: bool = False


def planned(now: dt.datetime) -> list[Moment]:
    """Return the moments, earliest first. The last date is today in New York. Its reminders may come after `now`."""
    today, named = local_date(now, MAYA.zone), {who.name: who for who in COUPLE}
    dates = [today - dt.timedelta(days=ago) for ago in reversed(range(len(SCRIPT)))]
    # The last tick is at `last`, and sends all reminders since the previous tick. So plan each reminder until `last`.
    first, last = _instant(dates[0], "07:00", MAYA), _instant(today, MAYA.times["prompt"], MAYA)
    moments = []
    for number, (date, cues) in enumerate(zip(dates, SCRIPT.values(), strict=True)):
        for partner, act in itertools.product(COUPLE, ("prompt", "evening", "touch")):
            at = _instant(date, partner.times[act], partner)
            if first < at <= last and (act != "touch" or number in TOUCH_DATES):
                moments.append(Moment(at, partner, act, date))
        for name, act, time, *clock in (cue.split() for cue in cues.split(", ")):
            live = time == "now"
            now += dt.timedelta(seconds=live)
            at = now if live else _instant(date, time, named[clock[0] if clock else name])
            moments.append(Moment(at, named[name], act, date, live))
    return sorted(moments, key=lambda moment: moment.at)


def _instant(date: dt.date, time: str, whose: Partner) -> dt.datetime:
    hour, minute = map(int, time.split(":"))
    at = slot_instant(date + dt.timedelta(hour // 24), dt.time(hour % 24, minute), whose.zone)
    assert at is not None, "both zones have every date"  # noqa: S101
    return at
