"""Run the local stack, and work with it while it runs."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import watchfiles
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from local.clock import now
from local.errors import StackError
from local.places import ROOT, SOURCE_ROOTS, STATE
from local.stack import Stack, logs
from local.stack.logs import Tail
from local.stack.reload import Reloader
from local.stack.start import Settings, started_stack
from local.stack.state import reset
from local.stack.walk import addresses, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

TERMINAL = Console(highlight=False, soft_wrap=True)
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the command given in the arguments. Return the exit status."""
    arguments = _arguments().parse_args()
    for each in _STOP_SIGNALS:
        signal.signal(each, _interrupt)
    try:
        arguments.run(arguments)
    except KeyboardInterrupt:
        return 130 if arguments.run is _demo else 0
    except (BotoCoreError, ClientError) as error:
        TERMINAL.print(f"[red]The stack refused:[/red] {error}", markup=True)
        return 1
    except StackError as error:
        TERMINAL.print("[red]✗[/red]", end=" ")
        TERMINAL.print(str(error), markup=False)
        return 1
    return 0


def _interrupt(*_: object) -> None:
    # Ignore further signals. A second Ctrl-C could stop the cleanup and leave child processes running.
    for each in _STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _up(arguments: argparse.Namespace) -> None:
    settings = Settings(arguments.state, arguments.emulator_port, arguments.google_port, app_check=arguments.app_check)
    try:
        with started_stack(settings, _spinner) as (stack, children):
            _greet(stack)
            failures = Tail(stack.logs / "errors.log")
            while True:
                time.sleep(0.2)
                for line in failures.lines():
                    TERMINAL.print(line, style="red", markup=False)
                for child in children:
                    if child.exit_status is not None:
                        raise StackError(
                            f"{child.name} has ended (exit status {child.exit_status}), so the stack has ended, too. "
                            f"`make run` starts it again.\n{child.last_words()}"
                        )
    except KeyboardInterrupt:
        TERMINAL.print("\nThe stack has ended; its data is kept.")
        raise


@contextlib.contextmanager
def _spinner(doing: str) -> Iterator[None]:
    began = time.monotonic()
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=TERMINAL, transient=True, disable=not TERMINAL.is_terminal) as progress:
        progress.add_task(doing)
        yield
    TERMINAL.print(f"[green]✓[/green] {doing} [dim]{time.monotonic() - began:.1f} s[/dim]")


def _greet(stack: Stack) -> None:
    # Print the addresses after the walk. The walk is long, so addresses above it would scroll off the screen.
    TERMINAL.print("\n[bold]A walk through the API, to paste into another terminal:[/bold]\n")
    TERMINAL.print(walk(stack), markup=False)
    TERMINAL.print()
    for name, address in addresses(stack).items():
        TERMINAL.print(f"[bold]{name}[/bold]  {address}")
    TERMINAL.print("\nThe stack runs until Ctrl-C. Errors of functions appear below.")


def _reload(arguments: argparse.Namespace) -> None:
    stack = Stack.attached(arguments.state)
    _reload_once(stack)
    if arguments.watch:
        TERMINAL.print("Watching shared/ and functions/ until Ctrl-C.")
        for _ in watchfiles.watch(*(ROOT / root for root in SOURCE_ROOTS), watch_filter=_is_source, debounce=200):
            try:
                _reload_once(stack)
            except StackError as error:
                TERMINAL.print(str(error), style="red", markup=False)


def _reload_once(stack: Stack) -> None:
    began = time.monotonic()
    reloaded = Reloader(stack).reload()
    result = f"Reloaded {', '.join(reloaded)}" if reloaded else "Nothing has changed"
    TERMINAL.print(f"{result} [dim]{time.monotonic() - began:.1f} s[/dim]")


def _is_source(_: watchfiles.Change, path: str) -> bool:
    return "__pycache__" not in path and not path.endswith(("~", ".swp", ".tmp"))


def _logs(arguments: argparse.Namespace) -> None:
    logs.show(arguments.state / "logs", arguments.names, follow=not arguments.once)


def _demo(_: argparse.Namespace) -> None:
    # Import the demo here, because no other command needs it.
    from local.demo.page import PAGE_WIDTH  # noqa: PLC0415
    from local.demo.play import play  # noqa: PLC0415

    width = min(TERMINAL.width, PAGE_WIDTH) if TERMINAL.is_terminal else PAGE_WIDTH
    if not play(Console(highlight=False, width=width), _spinner):
        raise StackError("Some checks of the demo failed; see the list above.")


def _reset(arguments: argparse.Namespace) -> None:
    reset(arguments.state)
    TERMINAL.print(f"{arguments.state} was deleted. The next `make run` starts with no data.")


def _tick(arguments: argparse.Namespace) -> None:
    jobs = Stack.attached(arguments.state).tick(arguments.at)["jobs"]
    tick = f"The tick of {arguments.at:%H:%M} UTC"
    print(f"{tick} queued {jobs} jobs (0 if this tick or a later one has already run).")


def _invoke(arguments: argparse.Namespace) -> None:
    try:
        event = json.loads(arguments.event.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StackError(f"The event cannot be read: {error}") from error
    print(json.dumps(Stack.attached(arguments.state).invoke(arguments.function, event), indent=2))


def _instant(text: str) -> dt.datetime:
    instant = dt.datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError("add the offset from UTC to the instant, as in 2026-11-23T08:30:00Z")
    return instant.astimezone(dt.UTC)


def _next_tick() -> dt.datetime:
    """Return the time of the schedule's next tick, which is the next multiple of five minutes."""
    return dt.datetime.fromtimestamp(now() // 300 * 300 + 300, dt.UTC)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    common = argparse.ArgumentParser(add_help=False)
    state = Path(os.environ.get("REKINDLE_STATE", STATE))
    common.add_argument("--state", type=_folder, default=state, help="the folder of the stack's data and logs")

    up = commands.add_parser("up", parents=[common], help="start the stack and run it until Ctrl-C")
    for name, default in (("emulator-port", 4566), ("google-port", 4580)):
        variable = name.replace("-", "_").upper()
        up.add_argument(f"--{name}", type=_port, default=os.environ.get(variable) or default)
    up.add_argument(
        "--app-check",
        action="store_true",
        default=bool(os.environ.get("APP_CHECK")),
        help="refuse calls without a token of App Check; make run APP_CHECK=1",
    )
    up.set_defaults(run=_up)

    reload = commands.add_parser("reload", parents=[common], help="run changed code on the running stack")
    reload.add_argument("--watch", action="store_true", help="reload again after each change")
    reload.set_defaults(run=_reload)

    show = commands.add_parser("logs", parents=[common], help="follow the logs of all functions, or the named logs")
    show.add_argument("names", nargs="*", metavar="name", help="CouplesApi, errors, emulator, google, deploy, ...")
    show.add_argument("--once", action="store_true", help="show the existing lines and do not wait for more")
    show.set_defaults(run=_logs)

    demo = commands.add_parser("demo", help="play and check a couple's first ten dates, on a stack of its own")
    demo.set_defaults(run=_demo)

    forget = commands.add_parser("reset", parents=[common], help="delete all local data")
    forget.set_defaults(run=_reset)

    tick = commands.add_parser("tick", parents=[common], help="run the schedule's next tick now")
    at_help = "the time of the tick to run; default: the next one"
    tick.add_argument("--at", type=_instant, default=_next_tick(), help=at_help)
    tick.set_defaults(run=_tick)

    invoke = commands.add_parser("invoke", parents=[common], help="call a function with an event from a file")
    invoke.add_argument("function", help="the function's logical id, such as React")
    invoke.add_argument("event", type=Path, help="a JSON file, such as those in events/")
    invoke.set_defaults(run=_invoke)
    return parser


def _folder(text: str) -> Path:
    return Path(text).resolve()


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 1 << 16:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port, which is a number from 1 to 65535")


if __name__ == "__main__":
    sys.exit(main())
