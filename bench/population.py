"""A population of couples for the simulation: who is where, and when each wants to be told.

What is assumed stands in the tables below, and everything else is drawn from one seed. A person is a number and costs
some thirty bytes; whatever the store would hold of them is made when it is asked for, by the store's own conversion
once for each kind of row, and from then on by putting the person's own values in.
"""

from __future__ import annotations

import base64
import datetime as dt
import random
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from rekindle.domain.calendar import zone_names
from rekindle.domain.models import (
    CoupleId,
    Device,
    DeviceId,
    Language,
    Person,
    Platform,
    Profile,
    PushKind,
    QuietHours,
    Reminders,
    Target,
    TargetKind,
    TouchReminder,
    Uid,
    Zone,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


ZONE_SHARES: Final[Mapping[str, float]] = {
    "America/New_York": 24,
    "America/Chicago": 15,
    "America/Los_Angeles": 13,
    "America/Denver": 4,
    "America/Toronto": 4,
    "America/Phoenix": 1.5,
    "America/Vancouver": 1.5,
    "America/Mexico_City": 4.2,
    "America/Bogota": 2,
    "America/Argentina/Buenos_Aires": 1.5,
    "America/Sao_Paulo": 1,
    "America/Santiago": 1,
    "America/Lima": 1,
    "Europe/London": 7,
    "Europe/Paris": 4,
    "Europe/Madrid": 3,
    "Europe/Berlin": 2,
    "Europe/Dublin": 0.6,
    "Australia/Sydney": 2.2,
    "Australia/Brisbane": 0.6,
    "Pacific/Auckland": 0.7,
    "Asia/Kolkata": 1.2,
    "Asia/Manila": 0.8,
    "Asia/Singapore": 0.5,
    "Asia/Tokyo": 0.4,
    "Africa/Johannesburg": 0.5,
    "Africa/Lagos": 0.4,
}
"""Percent of all couples: an app that speaks English, Spanish and French. What is left to 100 is shared out equally
over every other zone of tzdata, old spellings included, because phones report those too."""

LONG_DISTANCE: Final = 0.05
"""Of couples, those in which the two draw their zones apart."""

PROMPT_TIMES: Final[Mapping[str, float]] = {
    "08:30": 62,
    "07:00": 4,
    "07:30": 4,
    "08:00": 6,
    "09:00": 5,
    "10:00": 2,
    "12:00": 2.5,
    "12:30": 1,
    "17:00": 1,
    "18:00": 1.5,
    "19:00": 2,
    "20:00": 2,
    "21:00": 2,
}
"""Percent of persons; what is left chose any other multiple of five minutes until LATEST, all alike."""

EVENING_TIMES: Final[Mapping[str, float]] = {
    "20:30": 65,
    "19:00": 2,
    "19:30": 2,
    "20:00": 4,
    "21:00": 6,
    "21:30": 3,
    "22:00": 2,
}
WITHOUT_EVENING: Final = 10
"""Percent; what is left chose another multiple of five minutes from EARLIEST_EVENING to LATEST."""
EARLIEST_EVENING: Final = 17 * 12
LATEST: Final = 23 * 12
"""In steps of five minutes. Later than this, a job that lay in the queue for long would outlive its date."""

ANSWERED: Final = 50
"""Percent of persons who have answered by the evening, and of those couples where neither has, who opened the day."""

TOUCH: Final = 12
"""Percent of couples who have agreed on touch reminders."""
TOUCH_TIMES: Final[Mapping[str, float]] = {"21:00": 50, "18:00": 20, "20:30": 15, "07:30": 15}
TOUCH_WEEKDAYS: Final = (frozenset({2, 4}), frozenset({5, 6}), frozenset({0, 2, 4, 6}), frozenset(range(7)))

SECOND_DEVICE: Final = 15
LANGUAGES: Final[Mapping[str, float]] = {"en": 68, "es": 17, "fr": 11, "de": 3, "pt": 1}
QUIET_HOURS: Final[tuple[tuple[QuietHours | None, float], ...]] = (
    (Reminders().quiet_hours, 85),
    (None, 8),
    (QuietHours(dt.time(23), dt.time(6)), 7),
)
MOVED_BEFORE: Final = 10
"""Percent whose reminders have moved at some time, which leaves a date in their rows."""

DORMANT: Final = 3
"""Percent of devices whose app was last opened at any time within DORMANT_FOR; all others within RECENT days."""
RECENT: Final = 14
DORMANT_FOR: Final = 265

STEP: Final = dt.timedelta(minutes=5)
STEPS: Final = 288
"""Times of day, in steps of five minutes."""
NEVER: Final = STEPS
"""Stands for a reminder that is switched off."""

_NO_DEVICE: Final = 255
_NUMBER_BYTES: Final = 6
_NUMBER_SYMBOLS: Final = 8
_UID_DIGITS: Final = 8
_UID_TAIL: Final = "x" * 20
_TOKEN_TAIL: Final = "9yR2bT0qLmZ4w", "K" * 134
_MIX: Final = 0x9E3779B97F4A7C15


class Look(NamedTuple):
    """What rows show of a person besides who they are: persons of one look have rows of one size."""

    language: Language
    quiet_hours: QuietHours | None
    moved_before: bool
    months: tuple[dt.date, ...]


def time_of(step: int) -> dt.time:
    """The time of day that a step is."""
    return dt.time(step // 12, step % 12 * 5)


def step_of(time: dt.time) -> int:
    """The inverse of `time_of`."""
    return time.hour * 12 + time.minute // 5


def uid_of(number: int) -> Uid:
    """28 characters, as Firebase's have."""
    return Uid(f"{number:0{_UID_DIGITS}}{_UID_TAIL}")


def number_of(uid: str) -> int:
    """The inverse of `uid_of`."""
    return int(uid[:_UID_DIGITS])


def couple_of(number: int) -> CoupleId:
    """Whom a person is with: the persons of a couple have numbers next to each other."""
    return CoupleId(f"{number // 2:0{_UID_DIGITS}}{'c' * 16}")


def token_of(number: int, device: int) -> str:
    """A registration token as FCM's are, 163 characters, which tells whose it is."""
    head = base64.urlsafe_b64encode(number.to_bytes(_NUMBER_BYTES)).decode("ascii")
    return f"{head}{'AB'[device]}{_TOKEN_TAIL[0]}:APA91b{_TOKEN_TAIL[1]}"


def owner_of(token: str) -> tuple[int, int]:
    """The inverse of `token_of`."""
    head = base64.urlsafe_b64decode(token[:_NUMBER_SYMBOLS])
    return int.from_bytes(head), int(token[_NUMBER_SYMBOLS] == "B")


@dataclass(slots=True)
class Population:
    """Persons by number, in arrays; two that follow each other are a couple. `start` is when the simulation begins."""

    start: dt.datetime
    zones: list[Zone]
    looks: list[Look]
    zone: array[int]
    prompt: array[int]
    evening: array[int]
    touch: array[int]
    weekdays: bytes
    look: array[int]
    registered: tuple[bytes, bytes]
    """For each device when its app was opened last; see `_opened`."""
    salt: int

    @classmethod
    def drawn(cls, persons: int, start: dt.datetime, seed: int) -> Self:
        """So many persons, the same for the same seed."""
        rng = random.Random(seed)  # noqa: S311  no secret depends on it
        couples = persons // 2
        zones, shares = _zones()

        def places(count: int) -> list[int]:
            return rng.choices(range(len(zones)), cum_weights=shares, k=count)

        zone = array("H", bytes(4 * couples))
        zone[::2] = zone[1::2] = array("H", places(couples))
        apart = rng.sample(range(couples), int(couples * LONG_DISTANCE))
        for couple, place in zip(apart, places(len(apart)), strict=True):
            zone[2 * couple + 1] = place
        persons = 2 * couples
        touch, weekdays = array("H", [NEVER]) * persons, bytearray(persons)
        agreed = rng.sample(range(couples), couples * TOUCH // 100)
        for couple, step in zip(agreed, _drawn_times(rng, TOUCH_TIMES, len(agreed)), strict=True):
            for number in (2 * couple, 2 * couple + 1):
                touch[number], weekdays[number] = step, rng.randrange(len(TOUCH_WEEKDAYS))
        devices = _drawn_devices(rng, persons)
        looks, look = _drawn_looks(rng, devices, start)
        return cls(
            start=start,
            zones=zones,
            looks=looks,
            zone=zone,
            prompt=_drawn_times(rng, PROMPT_TIMES, persons, others=range(LATEST)),
            evening=_drawn_times(
                rng, EVENING_TIMES, persons, others=range(EARLIEST_EVENING, LATEST), without=WITHOUT_EVENING
            ),
            touch=touch,
            weekdays=bytes(weekdays),
            look=look,
            registered=devices,
            salt=rng.getrandbits(63),
        )

    def __len__(self) -> int:
        return len(self.zone)

    def steps(self, kind: PushKind) -> array[int]:
        """When each wants to be told, in steps of five minutes; NEVER where they do not."""
        return {PushKind.PROMPT: self.prompt, PushKind.EVENING: self.evening, PushKind.TOUCH: self.touch}[kind]

    def devices(self, number: int) -> int:
        """How many devices a person has."""
        return len(self.looks[self.look[number]].months)

    def is_meant(self, kind: PushKind, number: int, date: dt.date) -> bool:
        """Whether a reminder of a person is for this date at all: touch reminders have weekdays."""
        return kind is not PushKind.TOUCH or date.weekday() in TOUCH_WEEKDAYS[self.weekdays[number]]

    def answered(self, number: int, date: dt.date) -> bool:
        """Whether the person has answered that day by its evening."""
        return self._percent(number, date) < ANSWERED

    def answers(self, date: dt.date) -> Iterator[bool]:
        """Whether each person has, in order."""
        return (self.answered(number, date) for number in range(len(self)))

    def opened(self, number: int, date: dt.date) -> bool:
        """Whether the couple of this person has opened that day, should neither have answered it."""
        return self._percent(~number, date) < ANSWERED

    def _percent(self, number: int, date: dt.date) -> int:
        # A multiplicative hash: the same in any order of asking, and nothing is kept for each person and date.
        mixed = (number * 2 + 1 + self.salt + date.toordinal() * 0x2545F491) * _MIX & 0xFFFFFFFFFFFFFFFF
        return (mixed >> 32) % 100

    def person(self, number: int) -> Person:
        """The person as they are at the start, as the product knows them."""
        look = self.looks[self.look[number]]
        evening, touch = self.evening[number], self.touch[number]
        wants = touch != NEVER
        return Person(
            uid=uid_of(number),
            profile=Profile("Someone", self.zones[self.zone[number]], look.language, touch_comfort=int(wants)),
            reminders=Reminders(
                prompt=time_of(self.prompt[number]),
                evening=None if evening == NEVER else time_of(evening),
                quiet_hours=look.quiet_hours,
                touch=TouchReminder(TOUCH_WEEKDAYS[self.weekdays[number]], time_of(touch)) if wants else None,
            ),
            created_at=self.start - dt.timedelta(days=300),
            devices={
                DeviceId(f"device-{device}"): Device(
                    Target(TargetKind.TOKEN, token_of(number, device)),
                    Platform.IOS,
                    _opened(self.start, self.registered[device][number]),
                )
                for device in range(len(look.months))
            },
            couple=couple_of(number),
            touch_agreed=wants,
            last_due=dict.fromkeys(PushKind, self.start.date() - dt.timedelta(days=60)) if look.moved_before else {},
        )


def _zones() -> tuple[list[Zone], list[float]]:
    """Every zone, and the shares up to and including each."""
    others = sorted(zone_names() - ZONE_SHARES.keys())
    left = 100 - sum(ZONE_SHARES.values())
    shares = {**ZONE_SHARES, **dict.fromkeys(others, left / len(others))}
    total, up_to = 0.0, []
    for share in shares.values():
        total += share
        up_to.append(total)
    return [Zone(zone) for zone in shares], up_to


def _drawn_times(
    rng: random.Random, shares: Mapping[str, float], count: int, others: Sequence[int] = (), without: float = 0
) -> array[int]:
    """Times of day by their shares, what is left to 100 going to `others`."""
    steps = [step_of(dt.time.fromisoformat(time)) for time in shares]
    weights = [*shares.values(), without]
    steps.append(NEVER)
    if others:
        left = (100 - sum(weights)) / len(others)
        steps += others
        weights += [left] * len(others)
    return array("H", rng.choices(steps, weights, k=count))


def _drawn_devices(rng: random.Random, persons: int) -> tuple[bytes, bytes]:
    """When the app of each person's first and second device was opened last; see `_opened`."""
    recent, dormant = range(1, RECENT), range(1, DORMANT_FOR // 2)
    weights = [(100 - DORMANT) / len(recent)] * len(recent) + [DORMANT / len(dormant)] * len(dormant)
    values = [*recent, *(RECENT + each for each in dormant)]
    first = bytes(rng.choices(values, weights, k=persons))
    second = bytearray([_NO_DEVICE]) * persons
    for number in rng.sample(range(persons), persons * SECOND_DEVICE // 100):
        second[number] = rng.choices(values, weights)[0]
    return first, bytes(second)


def _opened(start: dt.datetime, value: int) -> dt.datetime:
    """When an app was opened, of which a byte says it: days before the start, and from RECENT on two days each."""
    return start - dt.timedelta(days=value if value < RECENT else 2 * (value - RECENT))


def _drawn_looks(rng: random.Random, devices: tuple[bytes, bytes], start: dt.datetime) -> tuple[list[Look], array[int]]:
    persons = len(devices[0])
    languages = rng.choices(list(LANGUAGES), list(LANGUAGES.values()), k=persons)
    quiet = rng.choices([hours for hours, _ in QUIET_HOURS], [share for _, share in QUIET_HOURS], k=persons)
    moved = rng.choices([True, False], [MOVED_BEFORE, 100 - MOVED_BEFORE], k=persons)
    months = [_opened(start, value).date().replace(day=1) for value in range(_NO_DEVICE)]
    numbers: dict[Look, int] = {}
    look = array("H", bytes(2 * persons))
    drawn = zip(languages, quiet, moved, *devices, strict=True)
    for number, (language, hours, has_moved, one, two) in enumerate(drawn):
        opened = (months[one],) if two == _NO_DEVICE else (months[one], months[two])
        seen = Look(Language(language), hours, has_moved, opened)
        look[number] = numbers.setdefault(seen, len(numbers))
    return list(numbers), look
