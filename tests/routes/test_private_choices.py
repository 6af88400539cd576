"""A partner sees nothing of the other's barriers, depth and touch comfort, on no route.

Each test lives the same days in several worlds, in which chance falls alike and Ben's choices differ. Every reply to
Ada must be the same in all worlds, byte for byte.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest

from rekindle.domain.ids import Uid
from rekindle.domain.persons import Barrier
from rekindle.domain.playlist import Course, leaning_barriers
from rekindle.domain.prompts import Audience, PromptKind, Theme
from rekindle.push.reactions import reaction_to
from rekindle.store import keys
from rekindle.store.stream import change_in
from rekindle.store.table import marshal
from testing.apis import phones_api
from testing.builders import LONDON, a_stored_prompt, an_instant, give_code, prompts, publish
from testing.phones import Phone, pair, set_clocks
from testing.stored import couple_of, row_in, stream_record

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

    from couples_api.services import Services
    from testing.memory_table import MemoryTable
    from testing.phones import Reply

ADA, BEN = Uid("ada"), Uid("ben")
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
START = an_instant("2026-03-02T12:00:00Z")
NOTHING: dict[str, Any] = {"depth": 1, "touch_comfort": 0, "barriers": []}
EVERYTHING: dict[str, Any] = {"depth": 3, "touch_comfort": 3, "barriers": [each.value for each in Barrier]}
ROUTES = ("/v1/today", "/v1/days?limit=3", "/v1/couple", "/v1/packs", "/v1/recap", "/v1/streak", "/v1/touch/today")


class World(NamedTuple):
    """Ada and Ben in London, a couple, and the services that serve them."""

    services: Services
    ada: Phone
    ben: Phone

    def set_clocks(self, instant: dt.datetime) -> None:
        set_clocks(instant, self.ada, self.ben)

    def choose(self, phone: Phone, choices: dict[str, Any], zone: str = LONDON) -> None:
        reply = phone.put("/v1/me", {"display_name": phone.uid.title(), "zone": zone} | choices)
        assert reply.status == 200, reply.text


type NewWorld = Callable[[dict[str, Any], dict[str, Any]], World]


@pytest.fixture
def new_world(new_services: Callable[[], Services]) -> NewWorld:
    """Return a function that makes worlds in which chance falls alike. It takes Ada's and Ben's first choices.

    As chance falls here, no choice of Ben changes which barriers count (`rekindle.domain.playlist.leaning_barriers`).
    """

    def made(adas: dict[str, Any], bens: dict[str, Any]) -> World:
        entropy = random.Random(1).randbytes  # noqa: S311  nothing here is secret
        services = replace(new_services(), entropy=entropy)
        table = services.people.table
        touching = [
            a_stored_prompt("touching", f"touch-{number}", Theme.TOUCH, PromptKind.TOUCH, comfort=3)
            for number in range(5)
        ]
        publish(table, touching, audience=Audience.CHOICE)
        publish(table, prompts("group"), audience=Audience.CODE, course=Course(in_order=True, every_days=5))
        give_code(table, "group")
        api = phones_api(lambda: services, entropy=entropy)
        world = World(services, Phone(api, ADA, START), Phone(api, BEN, START))
        world.choose(world.ada, adas)
        world.choose(world.ben, bens)
        pair(world.ada, world.ben)
        couple = couple_of(services, world.ada)
        dates = [START.date() + number * DAY for number in range(40)]
        none, every = (
            replace(couple, profiles={**couple.profiles, BEN: replace(couple.profiles[BEN], barriers=frozenset(each))})
            for each in ((), Barrier)
        )
        assert [leaning_barriers(date, none) for date in dates] == [leaning_barriers(date, every) for date in dates]
        return world

    return made


def seen(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.text


def a_day(world: World, number: int) -> list[tuple[int, str]]:
    """Let both answer, and let Ada look everywhere. Return all replies to her."""
    ada, ben = world.ada, world.ben
    world.set_clocks(START + number * DAY)
    date = ada.now.date()
    replies = [ada.get(route) for route in ROUTES]
    if number % 4 == 1:
        replies.append(ada.post(f"/v1/days/{date}/swap"))
    for phone in (ada, ben):
        prompt = phone.get("/v1/today").body["today"]["prompt"]["id"]
        reply = phone.put(f"/v1/days/{date}/answer", {"text": "So.", "prompt": prompt})
        replies += [reply] if phone is ada else []
    replies.append(ada.get(f"/v1/days/{date}"))
    return list(map(seen, replies))


def wish(world: World, number: int) -> list[tuple[int, str]]:
    """Let Ada change the couple's packs, to learn more."""
    wishes: dict[int, list[tuple[str, str, Any]]] = {
        3: [("PUT", "/v1/couple/packs/touching", None)],
        4: [("DELETE", "/v1/couple/packs/test", None)],
        8: [("POST", "/v1/couple/practice-code", {"code": "ABCD2345"})],
        13: [("DELETE", "/v1/couple/packs/touching", None)],
        17: [("PUT", "/v1/couple/packs/test", None)],
    }
    return [seen(world.ada.call(*each)) for each in wishes.get(number, [])]


@pytest.mark.parametrize("adas", [NOTHING, EVERYTHING])
def test_for_four_weeks_a_partner_sees_the_same_whatever_the_other_chooses(
    new_world: NewWorld, adas: dict[str, Any]
) -> None:
    """Ada skips days, swaps, turns packs off, and wishes for a pack with nothing but touch."""

    def lived(first: dict[str, Any], *changes: dict[str, Any]) -> list[Any]:
        world, replies = new_world(adas, first), []
        for number in range(28):
            if changes:
                world.set_clocks(START + number * DAY - 2 * HOUR)
                world.choose(world.ben, changes[number % len(changes)])
            replies += wish(world, number)
            replies += a_day(world, number) if number % 7 != 5 else []
        return replies

    usual = lived(NOTHING)
    assert len(usual) > 200
    assert lived(EVERYTHING) == usual
    assert lived(NOTHING, EVERYTHING, {"depth": 2, "touch_comfort": 1, "barriers": ["stress"]}, NOTHING) == usual


class TestLater:
    """After four weeks, both get what both allow. A change shows only from the next date that neither has opened."""

    @pytest.fixture
    def worlds(self, new_world: NewWorld) -> tuple[World, World]:
        """Return two equal worlds in which both allow everything, five weeks after they paired."""
        worlds = new_world(EVERYTHING, EVERYTHING), new_world(EVERYTHING, EVERYTHING)
        for world in worlds:
            for number in (0, 1, 2, *range(28, 35)):
                a_day(world, number)
        return worlds

    def test_a_change_does_not_show_on_a_day_that_somebody_has_opened(self, worlds: tuple[World, World]) -> None:
        replies = []
        for world, changes in zip(worlds, (False, True), strict=True):
            world.set_clocks(START + 35 * DAY)
            opened = world.ada.get("/v1/today").body["today"]["date"]
            if changes:
                world.choose(world.ben, NOTHING)
            world.ada.put("/v1/couple/packs/touching", None)
            after = [world.ada.get(route) for route in ROUTES]
            after += [world.ada.post(f"/v1/days/{opened}/swap"), world.ada.get("/v1/today")]
            replies.append(list(map(seen, after)))
        assert replies[0] == replies[1]

    def test_a_change_does_not_show_on_a_closed_day_that_nobody_opened(self, worlds: tuple[World, World]) -> None:
        """Ada's clock goes west, back to a date that has closed. Its prompt is chosen again for each request.

        As Ada leaves the couple nothing but a pack with touch, such a prompt would show whether Ben still allows it.
        """
        replies = []
        for world, changes in zip(worlds, (False, True), strict=True):
            world.set_clocks(START + 36 * DAY - 7 * HOUR)
            world.ada.put("/v1/couple/packs/touching", None)
            world.ada.delete("/v1/couple/packs/test")
            if changes:
                world.choose(world.ben, NOTHING)
            world.choose(world.ada, EVERYTHING, zone="Pacific/Honolulu")
            replies.append(seen(world.ada.get("/v1/today")))
            assert not world.ada.get("/v1/today").body["today"]["open"]
        assert replies[0] == replies[1]

    def test_from_the_next_day_on_the_smaller_choices_count(self, worlds: tuple[World, World]) -> None:
        free, bound = worlds
        bound.set_clocks(START + 35 * DAY)
        bound.choose(bound.ben, NOTHING)
        found: list[set[tuple[int, int]]] = []
        for world in (free, bound):
            entries = {
                f"{release.pack}/{entry.ref.prompt}": (entry.depth, entry.comfort)
                for release in world.services.catalogue.releases(world.ada.now)
                for entry in release.entries
            }
            limits = set()
            for number in range(36, 64):
                world.set_clocks(START + number * DAY)
                shown = world.ada.get("/v1/today").body["today"]["prompt"]["id"]
                limits.add(entries[shown])
            found.append(limits)
        assert {depth for depth, _ in found[0]} > {1}
        assert {comfort for _, comfort in found[0]} > {0}
        assert found[1] == {(1, 0)}


def test_the_seed_is_in_the_couple_s_row_only(new_world: NewWorld, logged: io.StringIO) -> None:
    """No reply, no log, no job and no other row has the secret on which the playlist depends."""
    world = new_world(EVERYTHING, NOTHING)
    replies = [text for number in range(3) for _, text in (*wish(world, number), *a_day(world, number))]
    for phone in (world.ada, world.ben):
        phone.claims["auth_time"] = str(int(phone.now.timestamp()))
        replies.append(phone.post("/v1/me/export").text)
    table, couple = world.services.people.table, couple_of(world.services, world.ada)
    assert len(couple.seed) == 32
    assert row_in(table, keys.couple(couple.id))["seed"] == couple.seed
    rows = [item for item in cast("MemoryTable", table).items() if couple.seed in str(item)]
    assert [(row["pk"], row["sk"]) for row in rows] == [keys.couple(couple.id)]
    jobs = [reaction_to(change_in(stream_record(None, marshal(rows[0]))))]
    assert couple.seed not in " ".join([*replies, logged.getvalue(), repr(jobs), repr(couple)])


def test_a_couple_of_version_0_1_0_gets_its_seed_with_its_next_day(new_world: NewWorld) -> None:
    world = new_world(NOTHING, NOTHING)
    table, couple = world.services.people.table, couple_of(world.services, world.ada)
    row = row_in(table, keys.couple(couple.id))
    table.put_many([(keys.couple(couple.id), {name: row[name] for name in row if name not in {"pk", "sk", "seed"}})])
    assert couple_of(world.services, world.ada).seed == couple.id
    a_day(world, 0)
    seed = couple_of(world.services, world.ada).seed
    assert len(seed) == 32
    a_day(world, 1)
    assert couple_of(world.services, world.ada).seed == seed
