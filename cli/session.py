"""The session of one command: the terminal, the folder, the network, and the stack that is meant."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final

import httpx
import platformdirs
from cyclopts import Parameter
from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli import client
from cli.client import Practice
from cli.config import ConfigStore
from cli.drafts import Drafts
from cli.errors import CliError, SignedOutError, UnreachableError, UsageError
from cli.identity import Tokens
from cli.pages import error_page
from cli.stacks import LOCAL, Stack, stack_of
from local.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from cli.config import SignIn

type Do = Callable[[str], tuple[RenderableType, dict[str, Any]]]
"""The work for one of several targets; returns the page and the document of its answer."""

WIDE: Final = 500
_EVERY: Final = "Every command"


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """Options of every command."""

    stack: Annotated[str | None, Parameter(env_var="REKINDLE_STACK", group=_EVERY)] = None
    """Which deployment: "local" for the stack that runs here (the default), its address, or its name."""
    json: Annotated[bool, Parameter(negative="", group=_EVERY, show_default=False)] = False
    """Answer with one JSON document; an error is one on stderr."""
    debug: Annotated[bool, Parameter(negative="", group=_EVERY, show_default=False)] = False
    """Show where in the program an error comes from."""


NO_OPTIONS = Common()


def write_json(console: Console, document: object) -> None:
    """Write a document of plain values, dataclasses and models as JSON."""
    text = json.dumps(to_jsonable_python(document), ensure_ascii=False, indent=2)
    console.file.write(text + "\n")


def _network() -> httpx.Client:
    return httpx.Client(timeout=client.TIMEOUT, follow_redirects=False, headers={"User-Agent": "rekindle-cli"})


def _instant() -> dt.datetime:
    return dt.datetime.fromtimestamp(now(), dt.UTC)


def _console(*, stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDE  # a finding stays on its line for a program that reads it
    return console


def _stdin() -> str:
    return sys.stdin.readline().rstrip("\r\n")


@dataclass(slots=True)
class World:
    """The surroundings of the program: terminal, folder, network and clock. A test has its own."""

    out: Console = field(default_factory=_console)
    err: Console = field(default_factory=lambda: _console(stderr=True))
    config: ConfigStore = field(default_factory=lambda: ConfigStore(platformdirs.user_config_path("rekindle")))
    network: Callable[[], httpx.Client] = _network
    now: Callable[[], dt.datetime] = _instant
    pause: Callable[[float], None] = time.sleep
    is_interactive: Callable[[], bool] = sys.stdin.isatty
    line: Callable[[], str] = _stdin
    hidden: Callable[[str], str] = getpass.getpass

    def session(self, common: Common) -> Session:
        """Begin the session of one command."""
        return Session(self, common)


TheWorld = Annotated[World, Parameter(parse=False)]
"""A command's argument that does not come from the command line."""


@dataclass
class Session:
    """One command in progress."""

    world: World
    common: Common

    @cached_property
    def http(self) -> httpx.Client:
        """The network."""
        return self.world.network()

    @cached_property
    def stack(self) -> Stack:
        """The stack that is meant."""
        return stack_of(self.common.stack, self.world.config)

    @property
    def sign_in(self) -> SignIn:
        """The sign-in to that stack; raises SignedOutError without one."""
        if sign_in := self.world.config.sign_in(self.stack.api):
            return sign_in
        option = "" if self.stack.name == LOCAL else f" --stack {self.stack.name}"
        raise SignedOutError(f"You are not signed in to {self.stack.name}.", f"rekindle sign-in{option}")

    @cached_property
    def tokens(self) -> Tokens:
        """The tokens of that sign-in."""
        return Tokens(self.http, self.world.config, self.sign_in)

    @cached_property
    def practice(self) -> Practice:
        """The practice's API as that person."""
        return Practice(self.http, self.stack.api, self.tokens, self.world.pause)

    @property
    def drafts(self) -> Drafts:
        """That person's files as drafts."""
        return Drafts(self.practice, self.world.config, self.stack.api, self.now)

    @property
    def now(self) -> dt.datetime:
        """The instant."""
        return self.world.now()

    def show(self, page: RenderableType | None, document: Any) -> None:  # noqa: ANN401 - whatever JSON can be made of
        """Answer once: with the page for a person, or with the document for a script."""
        if self.common.json:
            write_json(self.world.out, document)
        elif page is not None:
            self.print(page)

    def print(self, page: RenderableType) -> None:
        """Answer a person in part; a script gets it all at the end."""
        if not self.common.json:
            self.world.out.print(page)

    def tell(self, page: RenderableType) -> None:
        """Say something on the side, to a person only."""
        if not self.common.json:
            self.world.err.print(page)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Show the work in progress."""
        columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
        is_quiet = self.common.json or not self.world.err.is_terminal
        with Progress(*columns, console=self.world.err, transient=True, disable=is_quiet) as progress:
            progress.add_task(what, total=None)
            yield

    def each(self, targets: list[str], do: Do) -> int:
        """Do the work for one target after the other; a refusal does not stop the others. Return the exit status."""
        results, worst = [], 0
        for target in targets:
            try:
                page, document = do(target)
            except CliError as error:
                if len(targets) == 1 or isinstance(error, UsageError):
                    raise
                results.append({"target": target, "error": error.document()})
                worst = max(worst, error.status)
                self.tell(error_page(error))
                if isinstance(error, SignedOutError | UnreachableError):
                    break
            else:
                results.append(document)
                self.print(page)
        self.show(None, {"results": results})
        return worst

    def confirm(self, page: RenderableType, question: str, *, yes: bool) -> None:
        """Go on only if the person says yes.

        Raises:
            UsageError: nobody can be asked here.
            CliError: the person said no.
        """
        self.tell(page)
        if yes:
            return
        if self.common.json or not self.world.is_interactive():
            raise UsageError("Nobody can answer this question here.", "Add --yes to go on without it.")
        self.world.err.print(f"{question} [y/N] ", end="")
        if self.world.line().strip().lower() not in {"y", "yes"}:
            raise CliError("Nothing was changed.")
