"""What it takes to take along what one wrote, in the life of somebody who has been alone and in a couple."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bench.api import MONTH, ONE_DAY, a_couple, answer_alone, one_day
from bench.world import World

if TYPE_CHECKING:
    from bench.ledger import Ledger
    from bench.world import Line
    from testing.phones import Phone

PAGE: Final = 100


def measured_exports(url: str, ledger: Ledger) -> list[Line]:
    """What each page of an export costs on the emulator at `url`, of a process that has run for a while."""
    world = World.on(url, ledger).with_starter_pack()
    ada, ben = a_couple(world.process(world.warm_vault()))
    for days, name in ((MONTH, "30 days"), (PAGE - MONTH, "100 days, a full page")):
        for _ in range(days):
            one_day(ada, ben)
        _export(world, ada, name)
    ada.delete("/v1/couple")
    _export(world, ada, "100 days, after parting")
    for days in range(MONTH):
        answer_alone(ada, ada.now - days * ONE_DAY)
    _export(world, ada, "30 days alone, and the first 70 of 100")
    return world.lines


def _export(world: World, ada: Phone, what: str) -> None:
    couples, ada.handler = ada.handler, world.privacy(world.warm_vault())
    ada.claims["auth_time"] = str(int(ada.now.timestamp()))
    if ", " not in what:
        ada.handler = world.privacy(world.new_vault())
        world.call(f"POST /v1/me/export, {what}, new process", ada, "POST", "/v1/me/export")
        ada.handler = world.privacy(world.warm_vault())
    ada.post("/v1/me/export")  # the prompts are known by now
    world.call(f"POST /v1/me/export, {what}", ada, "POST", "/v1/me/export")
    ada.handler = couples
