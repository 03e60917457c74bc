"""What the commands print: results to standard output, problems and progress to standard error.

On a terminal with colour and tables; in a pipe as plain lines that stand alone and are never cut.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from physiohub.errors import Issue

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["Progress", "counted", "printable", "progress_shown", "say", "say_error", "show_issues", "show_table"]

Stream = Literal["stdout", "stderr"]
Progress = Callable[[str, str], None]
"""Takes what is being worked on (an outcome) and the step."""

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def printable(text: str) -> str:
    r"""Text from a file without the letters that steer a terminal.

    Examples
    --------
    >>> print(printable("Kim\x1b[31m 2017"))
    Kim\x1b[31m 2017
    """
    return "".join(letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in text)


def say(text: str = "") -> None:
    """Print a line of the result."""
    print(printable(text), file=sys.stdout)


def say_error(text: str, prefix: str = "Error: ") -> None:
    """Print a line about a problem."""
    print(printable(f"{prefix}{text}"), file=sys.stderr)


def counted(issues: Sequence[Issue]) -> str:
    """How many problems of each kind, in words.

    Examples
    --------
    >>> counted([Issue("sd-negative", "The SD is negative.")])
    '1 error'
    """
    counts = Counter(issue.severity for issue in issues)
    kinds = [(counts[kind], kind) for kind in ("error", "warning", "note") if counts[kind]]
    return ", ".join(f"{n} {kind}{'s' if n > 1 else ''}" for n, kind in kinds) or "no problems"


def show_issues(issues: Sequence[Issue], *, stream: Stream) -> None:
    """Print every problem by file and study, and how many there are."""
    ordered = _grouped(issues)
    target = sys.stdout if stream == "stdout" else sys.stderr
    if target.isatty() and ordered:
        _console(stream).print(_issue_table(ordered))
    else:
        for issue in ordered:
            print(printable(str(issue)), file=target)
    if ordered:
        print(f"{counted(ordered)[0].upper()}{counted(ordered)[1:]}.", file=target)


def _grouped(issues: Sequence[Issue]) -> list[Issue]:
    """By file, then by study, both in the order in which they are first met; within a study by line."""
    files = list(dict.fromkeys(issue.file for issue in issues))
    studies = list(dict.fromkeys(issue.study for issue in issues))
    return sorted(issues, key=lambda i: (files.index(i.file), studies.index(i.study), i.row or 0))


def _console(stream: Stream) -> Console:
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # Rich would end the program here, with a code of its own

    file = sys.stdout if stream == "stdout" else sys.stderr
    return Plain(file=file, highlight=False, width=None if file.isatty() else 100_000)


def _issue_table(issues: Sequence[Issue]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    places = [_place(issue) for issue in issues]
    shown = [k for k in range(len(_PLACE)) if any(place[k] for place in places)]  # a column without a cell is no help
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in ("", *(_PLACE[k] for k in shown), "Problem"):
        table.add_column(title, overflow="fold", justify="right" if title == "Row" else "left")
    for issue, place in zip(issues, places, strict=True):
        problem = Text(printable(issue.message))
        problem.append(f" {printable(issue.remedy)}" if issue.remedy else "", style="dim")
        severity = Text(issue.severity, style=_STYLES[issue.severity])
        table.add_row(severity, *(Text(printable(place[k])) for k in shown), problem)
    return table


_PLACE = ("File", "Study", "Row", "Column", "Value")


def _place(issue: Issue) -> tuple[str, ...]:
    study = " / ".join(part for part in (issue.study, issue.arm) if part)
    value = "" if issue.value is None else repr(issue.value)
    return issue.file or "", study, str(issue.row or ""), issue.column or "", value


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Print a small table of results; `right` are the columns of numbers."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for k, title in enumerate(columns):
        table.add_column(Text(title), justify="right" if k in right else "left", overflow="fold", header_style="dim")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    _console("stdout").print(table)


@contextmanager
def progress_shown(*, quiet: bool) -> Iterator[Progress]:
    """Show on a terminal what is being done; say nothing in a pipe, or when asked to be quiet."""
    if quiet or not sys.stderr.isatty():
        yield lambda subject, step: None
        return
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Bar(*columns, console=_console("stderr"), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def tell(subject: str, step: str) -> None:
            bar.update(task, description=printable(f"{subject}: {step}" if subject else step))

        yield tell
