"""Build the command line from its commands. Turn each error into a message and an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

from cyclopts import App, CycloptsError
from cyclopts.exceptions import UnknownCommandError

from cli.commands import files, packs, practice, publishing, second_factor, sign_in, staff
from cli.commands.help import help_app
from cli.errors import CliError, Exit, UsageError
from cli.pages import error_page
from cli.session import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.session import World

ABOUT = """Check, save, publish and withdraw packs of prompts for couples.

The exit status is 0 when the command succeeded, 1 when it was refused or there
is something to fix, 2 when the command is wrong, 3 when you are not signed in
or have no permission, and 4 when the service does not answer.

For example:

    rekindle sign-in --stack https://api.practice.example --name prod
    rekindle packs lint river.yaml
    rekindle packs publish river.yaml --stack prod --at "2026-03-01 09:00"
    rekindle packs COMMAND --help
"""


def application() -> App:
    """Return the program with all its commands."""
    app = App(name="rekindle", help=ABOUT, help_format="plaintext", version_flags=[])
    app.command(sign_in.sign_in)
    app.command(sign_in.sign_out)
    app.command(sign_in.whoami)
    app.command(second_factor.second_factor_app)
    app.command(_packs())
    app.command(practice.stats)
    app.command(help_app)
    app.command(practice.notices)
    app.command(practice.audit)
    app.command(staff.staff_app)
    return app


def _packs() -> App:
    app = App(name="packs", help="Write, publish and withdraw prompt packs.")
    app.command(packs.list_, name="list")
    for command in (
        packs.show,
        files.lint,
        files.pull,
        files.save,
        files.diff,
        publishing.publish,
        publishing.approve,
        publishing.reject,
        packs.withdraw,
        packs.restore,
        packs.code,
    ):
        app.command(command)
    return app


def run(arguments: Sequence[str], world: World) -> int:
    """Run one command and return its exit status. If it fails, print the error."""
    is_json, is_debug = ("--json" in arguments, "--debug" in arguments)
    try:
        return _run(arguments, world)
    except KeyboardInterrupt:
        world.err.print("\nStopped.")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The program that reads our output has ended. Without this line, Python fails again when it flushes the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.NOBODY_READS
    except CliError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - a person sees a traceback only with --debug
        failure = CliError(
            f"This program has a fault ({type(error).__name__}).",
            "Run the command again with --debug, and send the output to the people who run the service.",
        )
        failure.__cause__ = error
    if is_debug:
        world.err.file.write("".join(traceback.format_exception(failure)))
    if is_json:
        write_json(world.err, {"error": failure.document()})
    else:
        world.err.print(error_page(failure))
    return failure.status


def _run(arguments: Sequence[str], world: World) -> int:
    app = application()
    try:
        command, bound, injected = app.parse_args(list(arguments), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise _usage(error) from error
    worlds: dict[str, Any] = dict.fromkeys(injected, world)
    return command(*bound.args, **bound.kwargs, **worlds) or Exit.DONE


def _usage(error: CycloptsError) -> UsageError:
    message = " ".join(str(error).split())
    if isinstance(error, UnknownCommandError):
        message = message.partition(" Available commands")[0]
    chain = " ".join(error.command_chain or ())
    return UsageError(message, f"rekindle {chain}{' ' if chain else ''}--help")
