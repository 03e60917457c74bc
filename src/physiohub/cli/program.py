"""The program `physiohub`: its commands, and what each kind of failure tells the user and the shell."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.main import get_command

from physiohub import __version__
from physiohub.cli.calibrate import calibrate
from physiohub.cli.commands import analyse, check, schema
from physiohub.cli.console import say_error, show_issues
from physiohub.cli.demo import demo
from physiohub.cli.new import new
from physiohub.errors import DataError, PhysioHubError, UsageError

__all__ = ["app", "main", "run"]

DONE, DATA_ERROR, WRONG_USAGE, INTERNAL = 0, 1, 2, 70
_SYSTEM = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EISDIR)
_BY_SIGNAL = 128  # what a shell adds to the number of the signal that ended a program

app = typer.Typer(
    name="physiohub",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with [bold]physiohub demo[/bold], or with a table of your own: "
    "[bold]physiohub check trials.csv[/bold]",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"physiohub {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _program(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """From the trials of a review to a finished network meta-analysis."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(WRONG_USAGE)


for _command in (demo, new, check, analyse, schema, calibrate):
    app.command()(_command)
app.registered_commands[3].epilog = (
    "[bold]physiohub analyse reviews/knee-pain -o build[/bold]\n\n"
    "[bold]physiohub analyse trials.csv -o build --measure SMD --reference control --better lower[/bold]"
)


class _Terminated(BaseException):
    """SIGTERM or SIGHUP, as an exception, so that what is half-written is cleared on the way out."""

    def __init__(self, number: int) -> None:
        self.number = number


def _terminate(number: int, frame: object) -> None:
    raise _Terminated(number)


def run(arguments: Sequence[str]) -> int:
    """Run the program and give its exit code.

    Parameters
    ----------
    arguments
        What the user typed after `physiohub`.

    Returns
    -------
    int
        0 done; 1 the data have errors; 2 wrong usage; 70 a mistake of the program; 128 + n ended by signal n.

    Examples
    --------
    >>> run(["--version"])
    physiohub ...
    0
    """
    command = get_command(app)
    try:
        with command.make_context("physiohub", list(arguments)) as context:
            command.invoke(context)
        sys.stdout.flush()  # a reader that has gone must be noticed here, not when the interpreter ends
        return DONE
    except typer.Exit as stop:
        return stop.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BY_SIGNAL + 13
    except KeyboardInterrupt:
        say_error("Stopped. Nothing was written.")
        return _BY_SIGNAL + signal.SIGINT
    except _Terminated as end:
        return _BY_SIGNAL + end.number
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    """Tell what went wrong in the words that fit whose mistake it is."""
    match error:
        case DataError():
            show_issues(error.issues, stream="stderr")
            return DATA_ERROR
        case UsageError():
            say_error(f"{error}")
            return WRONG_USAGE
        case PhysioHubError():
            say_error(f"{error}")
            return DATA_ERROR
        case typer.TyperException():
            return _wrong_usage(error)
        case OSError() if error.errno in _SYSTEM:
            say_error(f"The system refused: {error.strerror}{f': {error.filename}' if error.filename else ''}.")
            return DATA_ERROR
    if os.environ.get("PHYSIOHUB_DEBUG") == "1":
        traceback.print_exc()
        return INTERNAL
    say_error(f"PhysioHub made a mistake: {type(error).__name__}: {error}")
    say_error(
        f"It is not yours, and nothing was written. Please report it with the command, the data if you may share them, "
        f"the version ({__version__}) and what PHYSIOHUB_DEBUG=1 shows.",
        prefix="",
    )
    return INTERNAL


def _wrong_usage(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    if context is not None:
        say_error(f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n", prefix="")
    say_error(error.format_message())
    return error.exit_code


def main() -> None:
    """Entry point of the installed program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a letter of a trial's name is no reason to stop
            stream.reconfigure(errors="backslashreplace")
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` is left its will
            signal.signal(number, _terminate)
    sys.exit(run(sys.argv[1:]))
