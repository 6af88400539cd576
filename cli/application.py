"""The command line as a whole: which commands there are, how each ends, and how what goes wrong is said."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

from cyclopts import App, CycloptsError
from cyclopts.exceptions import UnknownCommandError

from cli.commands import packs, practice, signing
from cli.errors import CliError, Exit, UsageError
from cli.pages.errors import error_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.desk import World

ABOUT = """The practice's prompt packs, from a file at your desk to couples.

Ends with 0 when done, 1 when refused or with something to mend, 2 for a
command that is not as it should be, 3 when you are not signed in or may not,
4 when nobody answers.

For example:

    rekindle sign-in --stack https://api.practice.example --name prod
    rekindle packs lint river.yaml
    rekindle packs publish river.yaml --stack prod --at "2026-03-01 09:00"
    rekindle packs COMMAND --help
"""


def application() -> App:
    """All commands."""
    app = App(name="rekindle", help=ABOUT, help_format="plaintext", version_flags=[])
    app.command(signing.sign_in)
    app.command(signing.sign_out)
    app.command(signing.whoami)
    app.command(packs.app)
    app.command(practice.stats)
    app.command(practice.help_app)
    app.command(practice.audit)
    return app


def run(arguments: Sequence[str], world: World) -> int:
    """Carry out one command; the exit status. Nothing is raised for what a person has to know."""
    is_json, is_debug = ("--json" in arguments, "--debug" in arguments)
    try:
        return _carried_out(arguments, world)
    except KeyboardInterrupt:
        world.err.print("\nStopped.")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read has had enough. What is still buffered would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.NOBODY_READS
    except CliError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - no traceback ever reaches a person unasked
        failure = CliError(
            f"This program has a fault ({type(error).__name__}).",
            "Run the command again with --debug, and send what it prints to whoever runs the service.",
        )
        failure.__cause__ = error
    if is_debug:
        world.err.file.write("".join(traceback.format_exception(failure)))
    if is_json:
        world.err.file.write(json.dumps({"error": failure.document()}, ensure_ascii=False, indent=2) + "\n")
    else:
        world.err.print(error_page(failure))
    return failure.status


def _carried_out(arguments: Sequence[str], world: World) -> int:
    app = application()
    try:
        command, bound, injected = app.parse_args(list(arguments), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise _usage(error) from error
    asked: dict[str, Any] = dict.fromkeys(injected, world)
    return command(*bound.args, **bound.kwargs, **asked) or Exit.DONE


def _usage(error: CycloptsError) -> UsageError:
    said = " ".join(str(error).split())
    if isinstance(error, UnknownCommandError):
        said = said.partition(" Available commands")[0]
    chain = " ".join(error.command_chain or ())
    return UsageError(said, f"rekindle {chain}{' ' if chain else ''}--help")
