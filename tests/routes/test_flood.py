"""Fifty couples live through a day, and one person floods the API meanwhile. No call of a couple fails.

The handlers, the stores and the limits are the real ones. API Gateway's throttle has the numbers of the template for
production. Lambda is a model: a process serves one call at a time, and a call that finds no free process is refused.
The time that a call takes is a number of the model. Nothing here measures time.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import pytest

import couples_api.handler
import privacy.handler
from rekindle.api import resolver
from rekindle.api.call_limit import BURST, INTERVAL
from rekindle.domain.limits import LIMITS, Counted
from rekindle.store.instants import to_millis
from testing.apis import OWN_PATHS, handler_of, privacy_services
from testing.builders import LONDON, TOKYO, a_token
from testing.phones import Phone, a_couple, a_phone, http_event, noon, set_clocks, whole
from tests.build.cloudformation import in_stage, properties

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from couples_api.services import Services
    from testing.memory_table import MemoryTable
    from testing.phones import Handler

START: Final = noon(dt.date(2026, 3, 3))
COUPLES: Final = 50
SECONDS: Final = 10
"""The flood lasts so long. The couples' days are within this time."""
A_SECOND: Final = 1_000
FLOOD: Final = 300
"""The flooder makes this many calls in a second."""
PROCESSES: Final = 25
"""The concurrency that is reserved for each function: what the flood needs, and what the couples need."""
ANSWERED: Final = 30
"""The milliseconds that a process needs to answer a call."""
REFUSED: Final = 2
"""The milliseconds that a process needs to refuse a call before it reads anything."""
A_CALL_S_REQUESTS: Final = 20
"""No call of the flood makes more requests to the tables than this."""


class Call(NamedTuple):
    """A call at an instant, in milliseconds since 1970. `number` keeps the order of calls of the same instant."""

    at: int
    number: int
    event: dict[str, Any]
    is_flood: bool


@dataclass
class Gateway:
    """API Gateway's throttle: a token bucket of the stage."""

    rate: int
    burst: int
    left: float = field(init=False)
    last: int = 0

    def __post_init__(self) -> None:
        self.left = self.burst

    def lets_in(self, at: int) -> bool:
        self.left = min(self.burst, self.left + (at - self.last) / A_SECOND * self.rate)
        self.last = at
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass
class Lambda:
    """The processes of a function. A free process takes the next call; if none is free, a new one starts."""

    new_process: Callable[[], Handler]
    most: int
    _idle: list[Handler] = field(default_factory=list)
    _busy: list[tuple[int, int, Handler]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def serve(self, call: Call) -> dict[str, Any] | None:
        """Return the answer. Return None if every process is busy."""
        while self._busy and self._busy[0][0] <= call.at:
            self._idle.append(heapq.heappop(self._busy)[2])
        if not self._idle and len(self._busy) == self.most:
            return None
        process = self._idle.pop() if self._idle else self.new_process()
        answer = process(call.event, None)
        until = call.at + (REFUSED if problem_of(answer) == "too-many-calls" else ANSWERED)
        heapq.heappush(self._busy, (until, next(self._numbers), process))
        return answer


def problem_of(answer: dict[str, Any]) -> str:
    if answer["statusCode"] < 400:
        return ""
    return str(json.loads(answer["body"])["type"]).rpartition(":")[2]


class Outcome(NamedTuple):
    """What became of the calls."""

    couples: Counter[tuple[int, str]]
    flood: Counter[tuple[int, str]]
    requests: Counter[str]
    """The requests that the flooder's calls made to the tables."""
    wrote_though_refused: int
    processes: int


def live(services: Services, calls: list[Call]) -> Outcome:
    """Send the calls through the gateway to the functions, in the order of their instants."""
    gateway = Gateway(*(_throttle(name) for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit")))
    processes = 0

    def of(app: Any, parts: Callable[[], Any]) -> Callable[[], Handler]:
        def new_process() -> Handler:
            nonlocal processes
            processes += 1
            return resolver.handler_of(app, parts)

        return new_process

    own = privacy_services(services)
    couples = Lambda(of(couples_api.handler.application(), lambda: services), PROCESSES)
    private = Lambda(of(privacy.handler.application(), lambda: own), PROCESSES)
    outcome: Outcome = Outcome(Counter(), Counter(), Counter(), 0, 0)
    wrote = 0
    asked: list[str] = []
    table = cast("MemoryTable", services.people.table)
    table.watchers.append(asked.append)
    for call in sorted(calls, key=lambda each: each[:2]):
        asked.clear()
        function = private if call.event["rawPath"].startswith(OWN_PATHS) else couples
        answer = function.serve(call) if gateway.lets_in(call.at) else None
        status = int(answer["statusCode"]) if answer else 503
        problem = problem_of(answer) if answer else "no process, or throttled"
        (outcome.flood if call.is_flood else outcome.couples)[status, problem] += 1
        if call.is_flood:
            outcome.requests.update(asked)
            if status == 429:
                wrote += any(name not in {"GetItem", "BatchGetItem", "Query"} for name in asked)
    table.watchers.remove(asked.append)
    return outcome._replace(wrote_though_refused=wrote, processes=processes)


def _throttle(name: str) -> int:
    value = in_stage("prod", properties("Api")["DefaultRouteSettings"][name])
    assert isinstance(value, int)
    return value


numbers = itertools.count()


def call_of(phone: Phone, at: int, method: str, path: str, body: Any = None) -> Call:
    instant = phone.now + dt.timedelta(milliseconds=at)
    text = None if body is None else json.dumps(whole(path, body) if method == "PUT" else body)
    event = http_event(method, path, phone.uid, instant, text)
    event["requestContext"]["authorizer"]["jwt"]["claims"]["auth_time"] = str(int(phone.now.timestamp()))
    return Call(to_millis(instant), next(numbers), event, is_flood=False)


REFRESH: Final = ("me", "couple", "today", "streak", "days", "nudges", "touch/today", "packs", "recap", "me/reminders")


def a_day(ada: Phone, ben: Phone, begins: int) -> Iterator[Call]:
    """Yield the calls of a couple's day: both open the app, both answer, and both look at what the other wrote."""
    day = f"/v1/days/{ada.now.date()}"
    at = itertools.count(begins, 80)
    for phone in (ada, ben):
        yield from (call_of(phone, next(at), "GET", f"/v1/{each}") for each in REFRESH if each != "recap")
        yield call_of(phone, next(at), "PUT", f"{day}/answer", {"text": f"I am {phone.uid}."})
    for phone in (ada, ben):
        yield call_of(phone, next(at), "GET", day)
        yield call_of(phone, next(at), "PUT", f"{day}/reflection", {"kind": "thank_you"})
        yield call_of(phone, next(at), "POST", "/v1/nudges", {"gesture": "hug"})
        yield from (call_of(phone, next(at), "GET", f"/v1/{each}") for each in REFRESH if each != "recap")


def a_flood(eve: Phone) -> Iterator[Call]:
    """Yield calls of every kind, as many as the flooder can send."""
    kinds: list[Callable[[int], tuple[str, str, Any]]] = [
        *(lambda _n, each=each: ("GET", f"/v1/{each}", None) for each in (*REFRESH, "solo/today", "help")),
        lambda n: ("PUT", "/v1/me", {"display_name": f"Eve {n}", "zone": (LONDON, TOKYO)[n % 2]}),
        lambda n: ("PUT", "/v1/me", {"display_name": "Eve", "zone": (LONDON, TOKYO)[n % 2]}),
        lambda n: ("PUT", "/v1/me/reminders", {"prompt_time": f"{n % 24:02}:00"}),
        lambda n: ("PUT", f"/v1/me/devices/{n % 9}", {"token": a_token("eve"), "platform": "ios"}),
        lambda _n: ("POST", "/v1/invites", {}),
        lambda _n: ("DELETE", "/v1/invites", None),
        lambda _n: ("POST", "/v1/invites/redeem", {"code": "22222-22222"}),
        lambda _n: ("POST", "/v1/couple/practice-code", {"code": "2222-2222"}),
        lambda _n: ("POST", "/v1/me/export", {}),
        lambda n: ("PUT", f"/v1/solo/days/{eve.now.date()}/answer", {"text": "x" * 2_000, "revision": n}),
        lambda _n: ("PUT", "/v1/me", "not an object"),
    ]
    for number in range(FLOOD * SECONDS):
        # An odd step lets each kind of call come at each time.
        method, path, body = kinds[number * 7 % len(kinds)](number)
        yield call_of(eve, number * A_SECOND // FLOOD, method, path, body)._replace(is_flood=True)


@pytest.fixture
def calls(own_services: Services) -> list[Call]:
    """Return the calls of fifty couples who have been together for a day, and of Eve, who floods."""
    api = handler_of(lambda: own_services)
    eve = a_phone(api, "eve", LONDON)
    set_clocks(START, eve)
    made = list(a_flood(eve))
    for number in range(COUPLES):
        ada, ben = a_couple(api, LONDON, LONDON)
        set_clocks(START, ada, ben)
        made += a_day(ada, ben, number * (SECONDS - 4) * A_SECOND // COUPLES)
    return made


def test_fifty_couples_do_not_notice_one_flooder(own_services: Services, calls: list[Call]) -> None:
    before = {item["pk"] for item in items(own_services)}
    outcome = live(own_services, calls)

    assert sum(outcome.couples.values()) == COUPLES * 2 * 22
    assert {refusal: times for refusal, times in outcome.couples.items() if refusal[0] >= 400} == {}
    assert {refusal: times for refusal, times in outcome.flood.items() if refusal[0] >= 500} == {}

    # Each process lets a person make BURST calls, and then one in each INTERVAL. All others are refused.
    allowed = outcome.processes * (BURST + SECONDS * A_SECOND // INTERVAL)
    assert outcome.flood[429, "too-many-calls"] >= FLOOD * SECONDS - allowed > FLOOD
    assert outcome.flood[429, "too-many-changes"] > 0
    assert outcome.requests.total() <= allowed * A_CALL_S_REQUESTS
    assert outcome.wrote_though_refused == 0

    eve = next(call for call in calls if call.is_flood).event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
    person = own_services.people.person(eve)
    assert person
    for kind, made in person.counted.items():
        assert len(made) <= LIMITS[kind].count
    assert len(person.counted[Counted.NAME]) == LIMITS[Counted.NAME].count
    assert len(person.devices) <= 10
    new = Counter(item["pk"].partition("#")[0] for item in items(own_services) if item["pk"] not in before)
    assert new["INVITE"] <= LIMITS[Counted.INVITES].count
    # The person, the tries of codes, the solo days, the overdue reminders and the new devices, which soon expire.
    assert sum(eve in item["pk"] for item in items(own_services)) <= 6 + sum(limit.count for limit in LIMITS.values())


def items(services: Services) -> list[dict[str, Any]]:
    return cast("MemoryTable", services.people.table).items()
