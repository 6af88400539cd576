"""Draw the population of the simulation: the couples, their zones and the times of their reminders.

The tables below are assumptions. A random generator, which begins with a seed, draws the persons from these tables.
Each person has a number. The data of a person take about thirty bytes.
"""

from __future__ import annotations

import base64
import datetime as dt
import random
from array import array
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from rekindle.domain.calendar import zone_names
from rekindle.domain.ids import CoupleId, DeviceId, Language, Uid, Zone
from rekindle.domain.persons import (
    Device,
    Person,
    Platform,
    Profile,
    QuietHours,
    Reminders,
    Target,
    TargetKind,
    TouchReminder,
)
from rekindle.domain.pushes import PushKind
from rekindle.domain.touch_dates import TouchDates, touch_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _percent(table: str) -> dict[str, float]:
    """Read a table of names with their shares in percent."""
    return {name: float(share) for name, share in (entry.split() for entry in table.split(","))}


ZONE_SHARES: Final = _percent("""
    America/New_York 24, America/Chicago 15, America/Los_Angeles 13, America/Denver 4, America/Toronto 4,
    America/Phoenix 1.5, America/Vancouver 1.5, America/Mexico_City 4.2, America/Bogota 2,
    America/Argentina/Buenos_Aires 1.5, America/Sao_Paulo 1, America/Santiago 1, America/Lima 1,
    Europe/London 7, Europe/Paris 4, Europe/Madrid 3, Europe/Berlin 2, Europe/Dublin 0.6,
    Australia/Sydney 2.2, Australia/Brisbane 0.6, Pacific/Auckland 0.7,
    Asia/Kolkata 1.2, Asia/Manila 0.8, Asia/Singapore 0.5, Asia/Tokyo 0.4,
    Africa/Johannesburg 0.5, Africa/Lagos 0.4
""")
"""Percent of all couples in each zone, for an app in English, Spanish and French. All other zones of tzdata have equal
shares of the remaining couples. They include old names of zones, because some phones report an old name."""

LONG_DISTANCE: Final = 0.05
"""The share of couples in which each person's zone is drawn separately. Both zones may be the same by chance."""

PROMPT_TIMES: Final = _percent("""
    08:30 62, 07:00 4, 07:30 4, 08:00 6, 09:00 5, 10:00 2, 12:00 2.5, 12:30 1, 17:00 1, 18:00 1.5, 19:00 2, 20:00 2,
    21:00 2
""")
"""Percent of persons who choose each time. The remaining persons choose multiples of five minutes before LATEST. They
choose each multiple equally often."""

EVENING_TIMES: Final = _percent("""
    20:30 65, 19:00 2, 19:30 2, 20:00 4, 21:00 6, 21:30 3, 22:00 2
""")
WITHOUT_EVENING: Final = 10
"""Percent of persons who want no evening reminder. EVENING_TIMES has the times of most others. The remaining persons
choose multiples of five minutes, from EARLIEST_EVENING on and before LATEST. They choose each multiple equally often.
"""
EARLIEST_EVENING: Final = 17 * 12
LATEST: Final = 23 * 12
"""The latest time of a reminder, in steps of five minutes. The job of a reminder after LATEST could wait in the queue
until its date is over.
"""

ANSWERED: Final = 50
"""Percent of persons who have answered by the evening. The same percentage of couples in which nobody has answered have
opened the day.
"""

TOUCH: Final = 12
"""Percent of couples in which both persons want touch reminders."""
TOUCH_TIMES: Final = _percent("21:00 50, 18:00 20, 20:30 15, 07:30 15")
TOUCH_WEEKDAYS: Final = (frozenset({2, 4}), frozenset({5, 6}), frozenset({0, 2, 4, 6}), frozenset(range(7)))

SECOND_DEVICE: Final = 15
"""Percent of persons with a second device."""
LANGUAGES: Final = _percent("en 68, es 17, fr 11, de 3, pt 1")
QUIET_HOURS: Final[tuple[tuple[QuietHours | None, float], ...]] = (
    (Reminders().quiet_hours, 85),
    (None, 8),
    (QuietHours(dt.time(23), dt.time(6)), 7),
)
MOVED_BEFORE: Final = 10
"""Percent of persons whose reminders moved before the simulation. The move has added a date to each of their rows."""

DORMANT: Final = 3
"""Percent of devices whose app was last opened on a random day of the DORMANT_FOR days before the start. The app on the
other devices was opened in the RECENT days before the start.
"""
RECENT: Final = 14
DORMANT_FOR: Final = 265

STEP: Final = dt.timedelta(minutes=5)
STEPS: Final = 288
"""The number of steps in a day. A time of day is counted in steps after midnight."""
NEVER: Final = STEPS
"""A value in place of a step, for a reminder that is turned off."""

_NO_DEVICE: Final = 255
_NUMBER_BYTES: Final = 6
_NUMBER_SYMBOLS: Final = 8
_UID_DIGITS: Final = 8
_UID_TAIL: Final = "x" * 20
_TOKEN_TAIL: Final = "9yR2bT0qLmZ4w", "K" * 134
_MIX: Final = 0x9E3779B97F4A7C15


class Traits(NamedTuple):
    """A person's traits that change their rows. Persons with the same traits have rows of the same size."""

    language: Language
    quiet_hours: QuietHours | None
    moved_before: bool
    months: tuple[dt.date, ...]
    """For each device, the first day of the month in which the device was registered."""


def time_of(step: int) -> dt.time:
    """Return the time of day of a step."""
    return dt.time(step // 12, step % 12 * 5)


def step_of(time: dt.time) -> int:
    """Return the step in which a time of day lies."""
    return time.hour * 12 + time.minute // 5


def uid_of(number: int) -> Uid:
    """Return a person's uid. It has 28 characters, as Firebase's uids do."""
    return Uid(f"{number:0{_UID_DIGITS}}{_UID_TAIL}")


def number_of(uid: str) -> int:
    """Return the number of the person with this uid."""
    return int(uid[:_UID_DIGITS])


def couple_of(number: int) -> CoupleId:
    """Return the id of a person's couple. The two persons of a couple have consecutive numbers."""
    return CoupleId(f"{number // 2:0{_UID_DIGITS}}{'c' * 16}")


def token_of(number: int, device: int) -> str:
    """Return a device's registration token. It has 163 characters and contains the person's number."""
    head = base64.urlsafe_b64encode(number.to_bytes(_NUMBER_BYTES)).decode("ascii")
    return f"{head}{'AB'[device]}{_TOKEN_TAIL[0]}:APA91b{_TOKEN_TAIL[1]}"


def owner_of(token: str) -> tuple[int, int]:
    """Return the numbers of the person and of the device with this token. A device is 0 or 1."""
    head = base64.urlsafe_b64decode(token[:_NUMBER_SYMBOLS])
    return int.from_bytes(head), int(token[_NUMBER_SYMBOLS] == "B")


@dataclass(slots=True)
class Population:
    """All persons, in arrays by the person's number. The persons 0 and 1 are a couple, and so are 2 and 3, and so on.

    `start` is the simulation's beginning.
    """

    start: dt.datetime
    zones: list[Zone]
    all_traits: list[Traits]
    zone: array[int]
    prompt: array[int]
    evening: array[int]
    touch: array[int]
    weekdays: bytes
    traits: array[int]
    registered: tuple[bytes, bytes]
    """When the app was last opened on each person's first device and on the second; `_opened` decodes a value."""
    salt: int

    @classmethod
    def drawn(cls, persons: int, start: dt.datetime, seed: int) -> Self:
        """Draw this many persons, or one fewer if the number is odd. The same seed gives the same persons."""
        rng = random.Random(seed)  # noqa: S311  no secret depends on it
        couples = persons // 2
        persons = 2 * couples
        shares = _zone_shares()

        def drawn_zones(count: int) -> list[int]:
            return rng.choices(range(len(shares)), cum_weights=list(accumulate(shares.values())), k=count)

        zone = array("H", bytes(4 * couples))
        zone[::2] = zone[1::2] = array("H", drawn_zones(couples))
        apart = rng.sample(range(couples), int(couples * LONG_DISTANCE))
        for couple, drawn in zip(apart, drawn_zones(len(apart)), strict=True):
            zone[2 * couple + 1] = drawn
        touch, weekdays = array("H", [NEVER]) * persons, bytearray(persons)
        agreed = rng.sample(range(couples), couples * TOUCH // 100)
        for couple, step in zip(agreed, _drawn_times(rng, TOUCH_TIMES, len(agreed)), strict=True):
            for number in (2 * couple, 2 * couple + 1):
                touch[number], weekdays[number] = step, rng.randrange(len(TOUCH_WEEKDAYS))
        devices = _drawn_devices(rng, persons)
        all_traits, traits = _drawn_traits(rng, devices, start)
        others = range(EARLIEST_EVENING, LATEST)
        return cls(
            start=start,
            zones=list(shares),
            all_traits=all_traits,
            zone=zone,
            prompt=_drawn_times(rng, PROMPT_TIMES, persons, others=range(LATEST)),
            evening=_drawn_times(rng, EVENING_TIMES, persons, others=others, without=WITHOUT_EVENING),
            touch=touch,
            weekdays=bytes(weekdays),
            traits=traits,
            registered=devices,
            salt=rng.getrandbits(63),
        )

    def __len__(self) -> int:
        return len(self.zone)

    def steps(self, kind: PushKind) -> array[int]:
        """Return, for each person, the step of a kind of reminder. It is NEVER if the reminder is turned off."""
        return {PushKind.PROMPT: self.prompt, PushKind.EVENING: self.evening, PushKind.TOUCH: self.touch}[kind]

    def devices(self, number: int) -> int:
        """Return how many devices a person has."""
        return len(self.all_traits[self.traits[number]].months)

    def wants(self, kind: PushKind, number: int, date: dt.date) -> bool:
        """Return whether a person should get a reminder that is due on the date.

        A person gets a touch reminder only on its weekdays and in no break, and an evening reminder only if they have
        not answered.
        """
        if kind is PushKind.TOUCH:
            return date.weekday() in TOUCH_WEEKDAYS[self.weekdays[number]] and date in self.touch_dates(number)
        return kind is not PushKind.EVENING or not self.answered(number, date)

    def answered(self, number: int, date: dt.date) -> bool:
        """Return whether the person has answered the date's prompt before the evening reminder."""
        return self._percent(number, date) < ANSWERED

    def opened(self, number: int, date: dt.date) -> bool:
        """Return whether a couple without an answer has opened the date. `number` is the couple's first person."""
        return self._percent(~number, date) < ANSWERED

    def touch_dates(self, number: int) -> TouchDates:
        """Return the dates on which a couple that wants touch has touch. Both of its persons have the same dates."""
        return TouchDates((self.start.date() - dt.timedelta(days=60),), touch_seed(f"{self.salt}-{number // 2}"))

    def _percent(self, number: int, date: dt.date) -> int:
        # A multiplicative hash needs no memory, and its result does not depend on the order of calls.
        mixed = (number * 2 + 1 + self.salt + date.toordinal() * 0x2545F491) * _MIX & 0xFFFFFFFFFFFFFFFF
        return (mixed >> 32) % 100

    def person(self, number: int) -> Person:
        """Return a person as they are at the simulation's beginning."""
        traits = self.all_traits[self.traits[number]]
        evening, touch = self.evening[number], self.touch[number]
        wants_touch = touch != NEVER
        return Person(
            uid=uid_of(number),
            profile=Profile("Someone", self.zones[self.zone[number]], traits.language, touch_comfort=int(wants_touch)),
            reminders=Reminders(
                prompt=time_of(self.prompt[number]),
                evening=None if evening == NEVER else time_of(evening),
                quiet_hours=traits.quiet_hours,
                touch=TouchReminder(TOUCH_WEEKDAYS[self.weekdays[number]], time_of(touch)) if wants_touch else None,
            ),
            created_at=self.start - dt.timedelta(days=300),
            devices={
                DeviceId(f"device-{device}"): Device(
                    Target(TargetKind.TOKEN, token_of(number, device)),
                    Platform.IOS,
                    _opened(self.start, self.registered[device][number]),
                )
                for device in range(len(traits.months))
            },
            couple=couple_of(number),
            touch_dates=self.touch_dates(number) if wants_touch else None,
            last_due=dict.fromkeys(PushKind, self.start.date() - dt.timedelta(days=60)) if traits.moved_before else {},
        )


def _zone_shares() -> dict[Zone, float]:
    """Map each zone to its share of the couples in percent."""
    others = sorted(zone_names() - ZONE_SHARES.keys())
    left = (100 - sum(ZONE_SHARES.values())) / len(others)
    return {Zone(zone): share for zone, share in {**ZONE_SHARES, **dict.fromkeys(others, left)}.items()}


def _drawn_times(
    rng: random.Random, shares: Mapping[str, float], count: int, others: Sequence[int] = (), without: float = 0
) -> array[int]:
    """Draw times of day, as steps, by their shares in percent.

    `without` is the share of NEVER. The steps in `others` have equal parts of the remaining share.
    """
    steps = [step_of(dt.time.fromisoformat(time)) for time in shares]
    weights = [*shares.values(), without]
    steps.append(NEVER)
    if others:
        left = (100 - sum(weights)) / len(others)
        steps += others
        weights += [left] * len(others)
    return array("H", rng.choices(steps, weights, k=count))


def _drawn_devices(rng: random.Random, persons: int) -> tuple[bytes, bytes]:
    """Draw when the app on each first and second device was last opened. `_opened` decodes a value."""
    recent, dormant = range(1, RECENT), range(1, DORMANT_FOR // 2)
    weights = [(100 - DORMANT) / len(recent)] * len(recent) + [DORMANT / len(dormant)] * len(dormant)
    values = [*recent, *(RECENT + each for each in dormant)]
    first = bytes(rng.choices(values, weights, k=persons))
    second = bytearray([_NO_DEVICE]) * persons
    for number in rng.sample(range(persons), persons * SECOND_DEVICE // 100):
        second[number] = rng.choices(values, weights)[0]
    return first, bytes(second)


def _opened(start: dt.datetime, value: int) -> dt.datetime:
    """Decode the byte that says when an app was last opened.

    A value below RECENT is the number of days before the start. For any other value, this number is twice the
    difference between the value and RECENT.
    """
    return start - dt.timedelta(days=value if value < RECENT else 2 * (value - RECENT))


def _drawn_traits(
    rng: random.Random, devices: tuple[bytes, bytes], start: dt.datetime
) -> tuple[list[Traits], array[int]]:
    persons = len(devices[0])
    languages = rng.choices(list(LANGUAGES), list(LANGUAGES.values()), k=persons)
    quiet = rng.choices([hours for hours, _ in QUIET_HOURS], [share for _, share in QUIET_HOURS], k=persons)
    moved = rng.choices([True, False], [MOVED_BEFORE, 100 - MOVED_BEFORE], k=persons)
    months = [_opened(start, value).date().replace(day=1) for value in range(_NO_DEVICE)]
    numbers: dict[Traits, int] = {}
    traits = array("H", bytes(2 * persons))
    drawn = zip(languages, quiet, moved, *devices, strict=True)
    for number, (language, hours, has_moved, one, two) in enumerate(drawn):
        opened = (months[one],) if two == _NO_DEVICE else (months[one], months[two])
        found = Traits(Language(language), hours, has_moved, opened)
        traits[number] = numbers.setdefault(found, len(numbers))
    return list(numbers), traits
