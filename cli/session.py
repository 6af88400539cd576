"""The session of one command: the terminal, the configuration folder, the network, and the chosen stack."""

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
from cli.operator import caller_of
from cli.pages import error_page
from cli.stacks import LOCAL, Stack, require_pinned, stack_of
from local.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from cli.config import SignIn
    from cli.operator import Caller

type Do = Callable[[str], tuple[RenderableType, dict[str, Any]]]
"""Handles one target, such as a file. Returns a page for a person and a JSON document for a script."""

WIDE: Final = 500
TRIES: Final = 3
"""A person can type a code of their authenticator app this many times."""
_EVERY: Final = "Every command"


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """Options of every command."""

    stack: Annotated[str | None, Parameter(env_var="REKINDLE_STACK", group=_EVERY)] = None
    """The deployment: its address, its name, or "local" (the default) for the stack that runs on this machine."""
    json: Annotated[bool, Parameter(negative="", group=_EVERY, show_default=False)] = False
    """Print the result as one JSON document. An error is a JSON document on stderr."""
    debug: Annotated[bool, Parameter(negative="", group=_EVERY, show_default=False)] = False
    """Show where in the program an error comes from."""


NO_OPTIONS = Common()


def write_json(console: Console, document: object) -> None:
    """Write a document as JSON. The document can contain plain values, dataclasses and pydantic models."""
    text = json.dumps(to_jsonable_python(document), ensure_ascii=False, indent=2)
    console.file.write(text + "\n")


def _network() -> httpx.Client:
    return httpx.Client(timeout=client.TIMEOUT, follow_redirects=False, headers={"User-Agent": "rekindle-cli"})


def _instant() -> dt.datetime:
    return dt.datetime.fromtimestamp(now(), dt.UTC)


def _console(*, stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDE  # a program that reads the output gets each finding on one line
    return console


def _digits(typed: str) -> str:
    """Return a code without the spaces that apps show in it."""
    return "".join(typed.split())


def _stdin() -> str:
    return sys.stdin.readline().rstrip("\r\n")


@dataclass(slots=True)
class World:
    """The program's surroundings: terminal, configuration folder, network and clock. Tests replace them."""

    out: Console = field(default_factory=_console)
    err: Console = field(default_factory=lambda: _console(stderr=True))
    config: ConfigStore = field(default_factory=lambda: ConfigStore(platformdirs.user_config_path("rekindle")))
    network: Callable[[], httpx.Client] = _network
    now: Callable[[], dt.datetime] = _instant
    pause: Callable[[float], None] = time.sleep
    is_interactive: Callable[[], bool] = sys.stdin.isatty
    line: Callable[[], str] = _stdin
    hidden: Callable[[str], str] = getpass.getpass
    caller: Callable[[Stack], Caller] = caller_of

    def session(self, common: Common) -> Session:
        """Begin the session of one command."""
        return Session(self, common)


TheWorld = Annotated[World, Parameter(parse=False)]
"""The program passes this argument to a command. A person cannot type it."""


@dataclass
class Session:
    """One command in progress."""

    world: World
    common: Common

    @cached_property
    def http(self) -> httpx.Client:
        """The HTTP client."""
        return self.world.network()

    @cached_property
    def stack(self) -> Stack:
        """The stack that the options choose."""
        return stack_of(self.common.stack, self.world.config)

    @property
    def sign_in(self) -> SignIn:
        """The sign-in to the chosen stack.

        Raises SignedOutError if nobody is signed in to the stack, and CliError if its tokens do not come from Google.
        """
        if sign_in := self.world.config.sign_in(self.stack.api):
            require_pinned(self.stack, sign_in.settings)
            return sign_in
        option = "" if self.stack.name == LOCAL else f" --stack {self.stack.name}"
        raise SignedOutError(f"You are not signed in to {self.stack.name}.", f"rekindle sign-in{option}")

    @cached_property
    def tokens(self) -> Tokens:
        """The ID tokens of the sign-in."""
        return Tokens(self.http, self.world.config, self.sign_in)

    @cached_property
    def practice(self) -> Practice:
        """The practice's API for the person who is signed in."""
        return Practice(self.http, self.stack.api, self.tokens, self.world.pause)

    @property
    def drafts(self) -> Drafts:
        """The drafts of the chosen stack."""
        return Drafts(self.practice, self.world.config, self.stack.api, self.now)

    @property
    def now(self) -> dt.datetime:
        """The current instant."""
        return self.world.now()

    def show(self, page: RenderableType | None, document: Any) -> None:  # noqa: ANN401 - any value that `write_json` takes
        """Print the whole result: the page for a person, or the document for a script."""
        if self.common.json:
            write_json(self.world.out, document)
        elif page is not None:
            self.print(page)

    def print(self, page: RenderableType) -> None:
        """Print a part of the result for a person. A script gets the whole result at the end."""
        if not self.common.json:
            self.world.out.print(page)

    def tell(self, page: RenderableType) -> None:
        """Print a remark on stderr, for a person only."""
        if not self.common.json:
            self.world.err.print(page)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Show a spinner with the text `what` on a terminal while the block runs. With `--json`, show nothing."""
        columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
        is_quiet = self.common.json or not self.world.err.is_terminal
        with Progress(*columns, console=self.world.err, transient=True, disable=is_quiet) as progress:
            progress.add_task(what, total=None)
            yield

    def each(self, targets: list[str], do: Do) -> int:
        """Handle the targets one after another. Return the highest exit status.

        If there is only one target, raise its error. With several targets, show an error and continue with the next
        target. Stop if nobody is signed in or the service is unreachable. Raise a UsageError at once.
        """
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

    def codes(self, code: str | None) -> Iterator[str]:
        """Yield the code of an authenticator app: `code`, or what the person types, at most TRIES times.

        Raise UsageError if there is no code, and nobody can type one.
        """
        if code is not None:
            yield _digits(code)
            return
        if not self.world.is_interactive():
            raise UsageError("This account has a second factor, and nobody can type its code here.", "Add --code.")
        for attempt in range(TRIES):
            again = "This is not the code that your app shows now. " if attempt else ""
            self.world.err.print(f"{again}Six-digit code of your authenticator app: ", end="")
            yield _digits(self.world.line())

    def confirm(self, page: RenderableType, question: str, *, yes: bool) -> None:
        """Show the page, and ask the question. If `yes` is true, only show the page.

        Raises:
            UsageError: the command cannot ask a person here.
            CliError: the person said no.
        """
        self.tell(page)
        if yes:
            return
        if self.common.json or not self.world.is_interactive():
            raise UsageError(
                "This command asks for a confirmation, and nobody can give it here.",
                "Add --yes to continue without it.",
            )
        self.world.err.print(f"{question} [y/N] ", end="")
        if self.world.line().strip().lower() not in {"y", "yes"}:
            raise CliError("Nothing was changed.")
