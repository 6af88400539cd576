"""Calculate how often each person should receive each reminder, by the product's own rules.

The simulation compares the result with the pushes that the workers have sent. The rules themselves have other tests:
`tests/calendar` checks when a slot comes, and the tests of `rekindle.domain.due_dates` check the due dates of reminders
that move.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from bench.population import NEVER, STEP, step_of, time_of
from rekindle.domain.calendar import slot_instant, start_of
from rekindle.domain.due_dates import IN_FLIGHT, move_reminders, slots_of
from rekindle.domain.reminders import MAX_LATENESS
from rekindle.push.kinds import REMINDERS
from rekindle.store.slot_rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.population import Population
    from rekindle.domain.ids import Zone
    from rekindle.domain.persons import Person
    from rekindle.domain.pushes import PushKind

LONGEST_WAIT: Final = dt.timedelta(minutes=20)
"""The longest time that a job waits in the simulated queue."""
EDGE: Final = LONGEST_WAIT + STEP
"""A reminder is caught up if its time in the new slot had already passed when its person moved there. The move enqueues
a job for this reminder. If less than EDGE is left until the reminder is too late to be sent, the wait in the queue
decides whether it is sent.
"""

FIRST_DEVICE: Final = 1
SECOND_DEVICE: Final = 16
"""A push to a person's first device counts 1, and a push to the second device counts 16. So one byte holds the numbers
of pushes to both devices.
"""

_ONE_DAY: Final = dt.timedelta(days=1)
_LOOK_BACK: Final = dt.timedelta(days=3)

type Reminder = tuple[PushKind, dt.date]


class Move(NamedTuple):
    """A change of the zone or of the reminder times of the person with this number. The times are steps."""

    number: int
    at: dt.datetime
    zone: Zone
    prompt: int
    evening: int

    def applied(self, person: Person) -> Person:
        """Return the person with the new zone and times."""
        evening = None if self.evening == NEVER else time_of(self.evening)
        return replace(
            person,
            profile=replace(person.profile, zone=self.zone),
            reminders=replace(person.reminders, prompt=time_of(self.prompt), evening=evening),
        )


class AllowedCounts(NamedTuple):
    """The two right counts of a reminder's pushes to a person. They differ only for a reminder on the edge."""

    least: int
    most: int


class WrongCount(NamedTuple):
    """A person, by number, and a reminder that reached the person's devices too often or not often enough."""

    number: int
    reminder: Reminder
    sent: int
    expected: int


@dataclass(slots=True)
class Expected:
    """Calculates the pushes that a population should get between its start and `end`. Some persons move."""

    population: Population
    end: dt.datetime
    moves: dict[int, list[Move]] = field(default_factory=dict)
    """Each person's moves, earliest first."""

    def instants(self, zone: Zone, step: int) -> Mapping[dt.date, dt.datetime]:
        """Map each date to the instant of a time of day in a zone. `step` is the time of day.

        The instants begin three days before the start.
        """
        return _instants(zone, step, self.population.start - _LOOK_BACK, self.end)

    def due(self) -> Counter[dt.datetime]:
        """Return how many reminders come due at each instant if nobody moves."""
        due: Counter[dt.datetime] = Counter()
        for kind in REMINDERS:
            slots = Counter(zip(self.population.zone, self.population.steps(kind), strict=True))
            for (zone, step), count in slots.items():
                for at in self.instants(self.population.zones[zone], step).values():
                    if at > self.population.start:
                        due[at] += count
        return due

    def wrong(self, sent: Mapping[Reminder, bytearray]) -> Iterator[WrongCount]:
        """Yield each person and reminder with a wrong count. `sent` has the counts by person's number."""
        movers = {number: self._of_mover(number) for number in self.moves}
        for reminder, counts in sent.items():
            expected = self._of_everybody(reminder)
            for number, allowed in movers.items():
                expected[number] = allowed.get(reminder, AllowedCounts(0, 0)).least
            if counts == expected:
                continue
            for number, (count, least) in enumerate(zip(counts, expected, strict=True)):
                most = movers[number].get(reminder, AllowedCounts(0, 0)).most if number in movers else least
                if count not in {least, most}:
                    yield WrongCount(number, reminder, count, least)

    def on_the_edge(self) -> int:
        """Return how many reminders may be sent or not. EDGE says why."""
        return sum(each.least < each.most for number in self.moves for each in self._of_mover(number).values())

    def _of_everybody(self, reminder: Reminder) -> bytearray:
        """Return the right count of a reminder's pushes to each person if nobody moves."""
        kind, date = reminder
        population, start = self.population, self.population.start
        steps = population.steps(kind)
        due = {
            (zone, step)
            for zone, step in set(zip(population.zone, steps, strict=True))
            if (at := self.instants(population.zones[zone], step).get(date)) and at > start
        }
        return bytearray(
            self._count(number) if place in due and population.wants(kind, number, date) else 0
            for number, place in enumerate(zip(population.zone, steps, strict=True))
        )

    def _count(self, number: int) -> int:
        return FIRST_DEVICE + (SECOND_DEVICE if self.population.devices(number) > 1 else 0)

    def _of_mover(self, number: int) -> dict[Reminder, AllowedCounts]:
        """Return the allowed counts of a person who moves. Calculate them from each move to the next."""
        population, person, since = self.population, self.population.person(number), self.population.start
        count, allowed = self._count(number), dict[Reminder, AllowedCounts]()
        for move in (*self.moves[number], None):
            rows, until = rows_of(person), move.at + IN_FLIGHT if move else self.end
            for kind, slot in slots_of(person).items():
                for date, comes in self.instants(slot.zone, step_of(slot.time)).items():
                    if (
                        since < comes <= until
                        and rows[slot, kind].is_due(date)
                        and population.wants(kind, number, date)
                    ):
                        allowed[kind, date] = AllowedCounts(count, count)
            if move is None:
                break
            person, caught_up = move_reminders(person, move.applied(person), move.at)
            since = move.at
            for each in caught_up:
                latest = min(each.instant + MAX_LATENESS, start_of(each.date + _ONE_DAY, move.zone))
                if since <= each.instant + MAX_LATENESS and population.wants(each.kind, number, each.date):
                    on_the_edge = each.instant < since and since + EDGE > latest
                    allowed[each.kind, each.date] = AllowedCounts(0 if on_the_edge else count, count)
        return allowed


@cache
def _instants(zone: Zone, step: int, after: dt.datetime, until: dt.datetime) -> Mapping[dt.date, dt.datetime]:
    if step == NEVER:
        return {}
    first = after.date() - _ONE_DAY
    dates = [first + days * _ONE_DAY for days in range((until - after).days + 3)]
    instants = {date: slot_instant(date, time_of(step), zone) for date in dates}
    return {date: at for date, at in instants.items() if at and after < at <= until}
