"""What the demo plays, and when: ten dates of a couple in New York and Tokyo, of which the last is today.

The plan is a pure function of one instant. It says for each moment which pushes have to follow, by rules told here
anew, so that they check the product's own.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from rekindle.domain.calendar import local_date, local_time, slot_instant
from rekindle.domain.models import Platform, PushKind, QuietHours, Uid, Zone
from rekindle.push.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

MILESTONE: Final = 7
_LIVE_FOR: Final = dt.timedelta(minutes=5)
"""How long the present date may take to play."""


@dataclass(frozen=True, slots=True)
class Partner:
    """One of the two, and the reminders they have set."""

    name: str
    city: str
    country: str
    zone: Zone
    platform: Platform
    prompt: dt.time
    evening: dt.time
    touch: dt.time
    quiet: QuietHours

    @property
    def uid(self) -> Uid:
        """Chosen, as a replayed event has to name who calls."""
        return Uid(f"demo-{self.name.lower()}")

    @property
    def token(self) -> str:
        """The phone's FCM registration token."""
        return f"{self.name.lower()}-phone"

    def clock(self, at: dt.datetime) -> dt.datetime:
        """What their clock shows."""
        return local_time(at, self.zone)

    def is_quiet(self, at: dt.datetime) -> bool:
        """Whether they want no sound at that instant; both have quiet hours that span midnight."""
        time = self.clock(at).time()
        return time >= self.quiet.start or time < self.quiet.end


MAYA: Final = Partner(
    "Maya",
    "New York",
    "US",
    Zone("America/New_York"),
    Platform.IOS,
    prompt=dt.time(8, 30),
    evening=dt.time(20, 30),
    touch=dt.time(18),
    quiet=QuietHours(dt.time(22), dt.time(7)),
)
HARU: Final = Partner(
    "Haru",
    "Tokyo",
    "JP",
    Zone("Asia/Tokyo"),
    Platform.ANDROID,
    prompt=dt.time(7, 30),
    evening=dt.time(20, 30),
    touch=dt.time(19),
    quiet=QuietHours(dt.time(21), dt.time(6, 30)),
)
COUPLE: Final = (MAYA, HARU)


class Act(Enum):
    """What happens at a moment: the schedule beats, or somebody takes up their phone."""

    PROMPT = auto()
    """The schedule's beat at somebody's prompt time."""
    EVENING = auto()
    """The schedule's beat at somebody's evening time."""
    BEAT_AGAIN = auto()
    """The beat of somebody's prompt time, a second time."""
    TOUCH = auto()
    """The schedule's beat at somebody's time for a small gesture."""
    NUDGE = auto()
    LOOK = auto()
    ANSWER = auto()
    DRAFT = auto()
    """An answer that will be edited."""
    SHARE_FIRST = auto()
    """An answer that opens to the partner at once."""
    EDIT = auto()
    EDIT_TOO_LATE = auto()
    """After the reveal."""
    ANSWER_TOO_LATE = auto()
    """After the date has closed."""
    SWAP = auto()
    ANSWER_TO_OLD = auto()
    """An answer to the prompt that has been swapped away meanwhile."""
    REFLECT_TOO_EARLY = auto()
    """Before both answers are open."""
    REFLECT = auto()
    SHARE_ALONE = auto()
    """Shows the partner one of the answers that were written alone."""
    JOIN = auto()
    """Types the code of the practice's course."""
    WITHDRAW = auto()
    """The practice takes its course back; Maya's clock shows its time."""
    HELP = auto()
    PAUSE = auto()
    LOOK_AT_PAUSE = auto()
    RESUME = auto()
    LOOK_BACK = auto()


_ANSWERS: Final = frozenset({Act.ANSWER, Act.DRAFT, Act.SHARE_FIRST})
_REMINDERS: Final = frozenset({Act.PROMPT, Act.EVENING, Act.TOUCH})


@dataclass(frozen=True, slots=True)
class Cue:
    """Who does what at which time on the scene's date, or the date after; by their own clock if no other is named."""

    who: Partner
    act: Act
    time: dt.time
    clock: Partner | None = None
    next_day: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """One date: what it shows, and the cues beside the reminders. Without cues it is played at the present instant."""

    title: str
    cues: tuple[Cue, ...] = ()


TOUCH_SCENES: Final = (3, 5)
"""On the weekdays of these dates both want to be reminded of a touch; no other of the ten dates is on one of them."""

COURSE_SCENES: Final = (4, 6)
"""The dates on which the practice's course has its turn, before it is withdrawn."""

SWAPPED_SCENE: Final = 5
PAUSED_SCENE: Final = 7
"""The date that passes in the pause that Maya begins on the one before it, and that Haru ends on the one after it."""
PAUSE_UNTIL: Final = 9
"""Until when the pause would have lasted."""

PAIRING_TIME: Final = dt.time(7)
"""By Maya's clock, on the first date."""

SCRIPT: Final = (
    Scene(
        "They pair, and begin at once",
        (
            Cue(HARU, Act.ANSWER, dt.time(7, 10), clock=MAYA),
            Cue(MAYA, Act.LOOK, dt.time(8, 35)),
            Cue(MAYA, Act.ANSWER, dt.time(8, 40)),
        ),
    ),
    Scene(
        "An answer can be changed until both are there; a beat that comes twice pushes once",
        (
            Cue(HARU, Act.DRAFT, dt.time(7, 40)),
            Cue(HARU, Act.EDIT, dt.time(7, 55)),
            Cue(MAYA, Act.BEAT_AGAIN, dt.time(8, 31)),
            Cue(MAYA, Act.ANSWER, dt.time(8, 40)),
            Cue(HARU, Act.EDIT_TOO_LATE, dt.time(8, 45), clock=MAYA),
        ),
    ),
    Scene(
        "Haru leads by example, and Maya shows what she wrote alone",
        (
            Cue(HARU, Act.SHARE_FIRST, dt.time(7, 45)),
            Cue(MAYA, Act.LOOK, dt.time(8, 35)),
            Cue(MAYA, Act.ANSWER, dt.time(8, 45)),
            Cue(MAYA, Act.SHARE_ALONE, dt.time(21)),
        ),
    ),
    Scene(
        "A long day for both: one date goes by unanswered",
        (
            Cue(HARU, Act.LOOK, dt.time(7, 40)),
            Cue(MAYA, Act.JOIN, dt.time(12, 15)),
            Cue(MAYA, Act.NUDGE, dt.time(13)),
            Cue(MAYA, Act.ANSWER_TOO_LATE, dt.time(8, 35), next_day=True),
        ),
    ),
    Scene(
        "It was a rest day, and the streak goes on; each says what they heard",
        (
            Cue(HARU, Act.ANSWER, dt.time(7, 45)),
            Cue(MAYA, Act.REFLECT_TOO_EARLY, dt.time(20, 45)),
            Cue(MAYA, Act.ANSWER, dt.time(20, 50)),
            Cue(MAYA, Act.REFLECT, dt.time(21)),
            Cue(HARU, Act.REFLECT, dt.time(12), next_day=True),
        ),
    ),
    Scene(
        "A prompt that does not suit is swapped, for both",
        (
            Cue(HARU, Act.LOOK, dt.time(7, 40)),
            Cue(MAYA, Act.SWAP, dt.time(8, 34)),
            Cue(HARU, Act.ANSWER_TO_OLD, dt.time(8, 36), clock=MAYA),
            Cue(MAYA, Act.ANSWER, dt.time(8, 45)),
            Cue(HARU, Act.ANSWER, dt.time(9), clock=MAYA),
        ),
    ),
    Scene(
        "A braver prompt, with help beside it; then a pause for both",
        (
            Cue(HARU, Act.ANSWER, dt.time(7, 40)),
            Cue(MAYA, Act.HELP, dt.time(8, 35)),
            Cue(MAYA, Act.ANSWER, dt.time(8, 40)),
            Cue(MAYA, Act.PAUSE, dt.time(9, 30)),
        ),
    ),
    Scene(
        "A day off: nothing buzzes, and nothing is missed",
        (
            Cue(HARU, Act.LOOK_AT_PAUSE, dt.time(7, 40)),
            Cue(MAYA, Act.LOOK_AT_PAUSE, dt.time(8, 35)),
            Cue(MAYA, Act.WITHDRAW, dt.time(15)),
        ),
    ),
    Scene(
        "Back again: in the evening, a word to whoever has not answered",
        (
            Cue(HARU, Act.RESUME, dt.time(12)),
            Cue(HARU, Act.ANSWER, dt.time(20, 45)),
            Cue(MAYA, Act.ANSWER, dt.time(8, 40)),
        ),
    ),
    Scene("Today, through the API with real tokens; then a look back"),
)

_LIVE_CUES: Final = (
    (MAYA, Act.LOOK),
    (MAYA, Act.ANSWER),
    (HARU, Act.LOOK),
    (HARU, Act.ANSWER),
    (MAYA, Act.LOOK_BACK),
    (HARU, Act.LOOK_BACK),
)


@dataclass(frozen=True, slots=True)
class ExpectedPush:
    """A push that has to follow; `passive` is None where its quiet hours begin or end just then."""

    to: Partner
    kind: PushKind
    date: dt.date
    passive: bool | None

    @property
    def collapse_key(self) -> str:
        """How the push's collapse key begins; after it a milestone's has its own date, and a nudge's means nothing."""
        code = KINDS[self.kind].code
        return f"{code}-" if self.kind in {PushKind.STREAK_MILESTONE, PushKind.NUDGE} else f"{code}-{self.date}"


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens, for the day of `date`, and what must follow. A `live` one goes through the gateway."""

    at: dt.datetime
    who: Partner
    act: Act
    date: dt.date
    live: bool = False
    pushes: tuple[ExpectedPush, ...] = ()
    completes: bool = False

    @property
    def calls_at(self) -> dt.datetime | None:
        """When its requests reach the API; None is now, through the gateway."""
        return None if self.live else self.at


@dataclass(frozen=True, slots=True)
class WeekMet:
    """The dates of a week that both have met, the streak's days as it ended, and whether it reached the milestone."""

    dates: tuple[dt.date, ...]
    run: int
    is_milestone: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """All moments in order of time; on the last date, a reminder may still lie ahead of `now`."""

    now: dt.datetime
    dates: tuple[dt.date, ...]
    paired_at: dt.datetime
    moments: tuple[Moment, ...]

    @property
    def alone_at(self) -> tuple[dt.datetime, ...]:
        """When Maya answers for herself: on the evening before they pair, and on the morning itself."""
        return self.paired_at - dt.timedelta(hours=11), self.paired_at - dt.timedelta(minutes=40)

    @property
    def course_at(self) -> dt.datetime:
        """When the practice publishes its course: the day before."""
        return self.paired_at - dt.timedelta(hours=20)

    @property
    def touch_weekdays(self) -> tuple[str, ...]:
        """The weekdays on which both want a touch reminder, as the API names them."""
        return tuple(f"{self.dates[scene]:%A}".lower() for scene in TOUCH_SCENES)

    def week_of(self, monday: dt.date) -> WeekMet:
        """What there is to look back on of a week, once the last date is met as well."""
        met = [moment.date for moment in self.moments if moment.completes]
        sunday = monday + dt.timedelta(days=6)
        return WeekMet(
            dates=tuple(date for date in met if monday <= date <= sunday),
            run=sum(date <= sunday for date in met),
            is_milestone=monday <= met[MILESTONE - 1] <= sunday,
        )

    def pushes_to(self, partner: Partner) -> list[ExpectedPush]:
        """Everything that their phone has to be sent, in order."""
        return [push for moment in self.moments for push in moment.pushes if push.to == partner]


def planned(now: dt.datetime) -> Plan:
    """The plan whose last date is today.

    Tokyo's calendar is on the same date as New York's or one ahead. So the last date is New York's: the day of that
    date is open, and Tokyo's phone has it as today or as the day before that still takes answers. Everything on the
    dates before has happened by then, and so has Haru's last prompt; Maya's comes at 08:30 or has come.
    """
    today = local_date(now, MAYA.zone)
    dates = tuple(today - dt.timedelta(days=ago) for ago in reversed(range(len(SCRIPT))))
    paired_at = _instant(dates[0], PAIRING_TIME, MAYA)
    cues = [*_played(dates), *_reminders(dates, paired_at)]
    cues += [
        Moment(now + dt.timedelta(seconds=seconds), who, act, today, live=True)
        for seconds, (who, act) in enumerate(_LIVE_CUES)
    ]
    return Plan(now, dates, paired_at, tuple(_with_consequences(sorted(cues, key=lambda moment: moment.at))))


def _played(dates: tuple[dt.date, ...]) -> Iterator[Moment]:
    for date, scene in zip(dates, SCRIPT, strict=True):
        for cue in scene.cues:
            day = date + dt.timedelta(days=cue.next_day)
            yield Moment(_instant(day, cue.time, cue.clock or cue.who), cue.who, cue.act, date)


def _reminders(dates: tuple[dt.date, ...], paired_at: dt.datetime) -> Iterator[Moment]:
    # The last is Maya's prompt of the last date; none is left out before it, or the next beat would catch up with it.
    last = _instant(dates[-1], MAYA.prompt, MAYA)
    for date in dates:
        for who in COUPLE:
            for act, time in ((Act.PROMPT, who.prompt), (Act.EVENING, who.evening)):
                at = _instant(date, time, who)
                if paired_at < at <= last:
                    yield Moment(at, who, act, date)
    for scene in TOUCH_SCENES:
        yield from (Moment(_instant(dates[scene], who.touch, who), who, Act.TOUCH, dates[scene]) for who in COUPLE)


def _with_consequences(moments: list[Moment]) -> Iterator[Moment]:
    answered: dict[dt.date, list[Partner]] = defaultdict(list)
    complete = 0
    paused = False
    for moment in moments:
        there = answered[moment.date]
        if moment.act in _ANSWERS:
            there.append(moment.who)
            complete += len(there) == len(COUPLE)
        paused = moment.act is Act.PAUSE or (paused and moment.act is not Act.RESUME)
        reminded = not (paused and moment.act in _REMINDERS)
        follows = list(_following(moment, there, complete)) if reminded else []
        yield Moment(
            moment.at,
            moment.who,
            moment.act,
            moment.date,
            moment.live,
            tuple(ExpectedPush(to, kind, moment.date, _passive(to, moment)) for to, kind in follows),
            completes=any(kind is PushKind.BOTH_ANSWERED for _, kind in follows),
        )


def _following(moment: Moment, there: list[Partner], complete: int) -> Iterator[tuple[Partner, PushKind]]:
    """The pushes after a moment; `there` have answered its date by now, and `complete` dates are answered by both."""
    others = [partner for partner in COUPLE if partner != moment.who]
    match moment.act:
        case Act.PROMPT:
            yield moment.who, PushKind.PROMPT
        case Act.EVENING if moment.who not in there:
            yield moment.who, PushKind.EVENING
        case Act.TOUCH:
            yield moment.who, PushKind.TOUCH
        case Act.NUDGE:
            yield from ((partner, PushKind.NUDGE) for partner in others)
        case act if act in _ANSWERS and len(there) < len(COUPLE):
            yield from ((partner, PushKind.PARTNER_ANSWERED) for partner in others)
        case act if act in _ANSWERS:
            yield there[0], PushKind.BOTH_ANSWERED
            if complete == MILESTONE:
                yield from ((partner, PushKind.STREAK_MILESTONE) for partner in COUPLE)
        case _:
            pass


def _passive(to: Partner, moment: Moment) -> bool | None:
    passive = to.is_quiet(moment.at)
    return None if moment.live and to.is_quiet(moment.at + _LIVE_FOR) != passive else passive


def _instant(date: dt.date, time: dt.time, whose: Partner) -> dt.datetime:
    at = slot_instant(date, time, whose.zone)
    assert at is not None, "neither zone has ever skipped a date in these years"  # noqa: S101
    return at
