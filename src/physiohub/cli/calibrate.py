"""`physiohub calibrate`: are the engines calibrated? Simulation-based calibration on this machine or a cluster."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from physiohub.cli.console import say, say_error, show_table
from physiohub.cli.options import Quiet
from physiohub.errors import UsageError
from physiohub.report.atomic import check_target

if TYPE_CHECKING:
    from physiohub.analysis.calibration import Calibration
    from physiohub.analysis.calibration_scenarios import Scenario
    from physiohub.analysis.fleet import Fleet

__all__ = ["calibrate"]

_ENGINES = ("auto", "exact", "collapsed", "nuts")
Told = Callable[[str, int], None]


def calibrate(
    likelihood: Annotated[
        list[str] | None,
        typer.Option(metavar="all|KIND", help="Kind of data, such as binomial-logit; may be repeated. Default: all."),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(metavar="auto|exact|collapsed|nuts", help="Which engine answers; auto is what an analysis gets."),
    ] = "auto",
    replicates: Annotated[int, typer.Option(metavar="N", min=20, help="Data sets of each kind.")] = 1000,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Processes on this machine; 0: no further one. Default: one a core."),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask cluster instead, such as tcp://10.0.0.5:8786.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of all draws.")] = 1,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder to write, whole or not at all.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Check the engines: draw parameters and data from the model, fit, and see whether posteriors cover the truth.

    Exit code 1 if they do not. A right program fails one run in a hundred.
    """
    if engine not in _ENGINES:
        raise UsageError(f"--engine must be one of {', '.join(_ENGINES)}, not {engine!r}.")
    if scheduler is not None and workers is not None:
        raise UsageError("--workers are processes on this machine, --scheduler is another cluster: give one of them.")
    if output is not None:
        check_target(output)  # before the work, not after it
    from physiohub.analysis.calibration import asked_for
    from physiohub.analysis.calibration import calibrate as run

    scenarios = _scenarios(likelihood or ["all"], engine)
    asked_for(scenarios, replicates, cast(Any, engine))
    with _fleet(workers, scheduler) as fleet, _bars(scenarios, replicates, quiet=quiet) as told:
        found = run(
            scenarios, replicates=replicates, seed=seed, engine=cast(Any, engine), fleet=fleet, told=told
        )  # fmt: skip
    _present(found, quiet=quiet)
    if output is not None:
        _write(found, output, _command(likelihood or ["all"], engine, replicates, seed), quiet=quiet)
    if not found.ok:
        for problem in found.problems:
            say_error(problem, prefix="Not calibrated: ")
        raise typer.Exit(1)


def _scenarios(names: Sequence[str], engine: str) -> list[Scenario]:
    """The kinds of data that are asked for; `all` leaves out what the exact engine cannot answer."""
    from physiohub.analysis.calibration_scenarios import SCENARIOS, scenario_named

    if "all" in names:
        return [scenario for scenario in SCENARIOS.values() if engine != "exact" or scenario.normal]
    return [scenario_named(name) for name in dict.fromkeys(names)]


def _fleet(workers: int | None, scheduler: str | None) -> AbstractContextManager[Fleet]:
    from physiohub.analysis.fleet import InProcess, connected, local_workers

    if scheduler is not None:
        return connected(scheduler)
    if workers == 0:
        return nullcontext(InProcess())
    return local_workers(workers or _cores())


def _cores() -> int:
    """Cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


@contextmanager
def _bars(scenarios: Sequence[Scenario], replicates: int, *, quiet: bool) -> Iterator[Told]:
    """A bar for each kind of data, with counts, on a terminal; nothing in a pipe, or when asked to be quiet."""
    if quiet or not sys.stderr.isatty():
        yield lambda name, more: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True, highlight=False)) as progress:
        # the clock of a bar starts with its first replicate
        tasks = {s.name: progress.add_task(s.name, total=replicates, start=False) for s in scenarios}

        def told(name: str, more: int) -> None:
            progress.start_task(tasks[name])
            progress.advance(tasks[name], more)

        yield told


def _present(found: Calibration, *, quiet: bool) -> None:
    if quiet:
        return
    from physiohub.report.calibration import calibration_table, scenario_counts, verdict_line

    table = calibration_table(found)
    if table.rows:
        show_table(table.header, table.texts(), right=range(3, len(table.columns)))
        say()
    for result in found.results:
        say(f"{result.scenario}: {scenario_counts(result)}")
        for reason, count in result.refusals.items():
            say(f"  {count} x {reason}")
    if found.ok:
        say(verdict_line(found))


def _write(found: Calibration, output: Path, command: str, *, quiet: bool) -> None:
    from physiohub.report.calibration import write_calibration

    write_calibration(found, output, command=command)
    if not quiet:
        say(f"Written to {output}: README.md, calibration.json, calibration.csv and the rank histograms in figures/.")


def _command(names: Sequence[str], engine: str, replicates: int, seed: int) -> str:
    """The command that repeats the run; the number of workers changes nothing."""
    words = ["physiohub", "calibrate"]
    for name in names:
        words += ["--likelihood", name]
    return shlex.join([*words, "--engine", engine, "--replicates", str(replicates), "--seed", str(seed)])
