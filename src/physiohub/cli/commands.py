"""The commands that read data: analyse, check; and schema, which tells the shape of what they write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from physiohub.cli.console import counted, progress_shown, say, say_error, show_issues
from physiohub.cli.new import left_to_fill_in
from physiohub.cli.options import (
    Annotate,
    Baseline,
    BaselinePrior,
    BaselineTime,
    Better,
    Columns,
    CutPoints,
    Draws,
    EffectPrior,
    Effects,
    Engine,
    Exclude,
    Level,
    Likelihood,
    Measure,
    Outcome,
    Per,
    Quiet,
    Reference,
    RepeatedArms,
    Seed,
    SourcePath,
    TableOptions,
    TauPrior,
    ZeroCells,
)
from physiohub.errors import DataError, Issue, UsageError, errors_of
from physiohub.report.atomic import check_target

if TYPE_CHECKING:
    from physiohub.network.network import Network
    from physiohub.prepare.plausibility.reported import Better as Direction

__all__ = ["analyse", "check", "schema"]


def analyse(
    path: SourcePath,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write, whole or not at all.")
    ],
    measure: Measure = None,
    reference: Reference = None,
    better: Better = None,
    effects: Effects = None,
    likelihood: Likelihood = None,
    tau_prior: TauPrior = None,
    effect_prior: EffectPrior = None,
    baseline_prior: BaselinePrior = None,
    engine: Engine = None,
    cut_points: CutPoints = None,
    draws: Draws = None,
    baseline: Baseline = None,
    baseline_time: BaselineTime = None,
    per: Per = None,
    level: Level = None,
    zero_cells: ZeroCells = None,
    exclude: Exclude = None,
    column: Columns = None,
    repeated_arms: RepeatedArms = None,
    outcome: Outcome = None,
    seed: Seed = None,
    quiet: Quiet = False,
) -> None:
    """Analyse a review folder or a table: results, tables, figures and a report in one folder.

    An existing output folder is replaced only if it is empty or an earlier run wrote it.
    """
    options = TableOptions(
        measure=measure, reference=reference, better=better, effects=effects, likelihood=likelihood,
        tau_prior=tau_prior, effect_prior=effect_prior, baseline_prior=baseline_prior, engine=engine,
        cut_points=cut_points, draws=draws, baseline=baseline, baseline_time=baseline_time, per=per, level=level,
        zero_cells=zero_cells, exclude=exclude, column=column, repeated_arms=repeated_arms, outcome=outcome, seed=seed,
    )  # fmt: skip
    review = _is_review(path)
    if review:
        options.refuse_for_review(path)
    else:
        options.require()
    check_target(output, [path])  # before the work, not after it
    question = {} if review else _question(options)

    from physiohub.cli.summary import show_written  # the engine is loaded when the question is known to be one
    from physiohub.report import run

    with progress_shown(quiet=quiet) as progress:
        analysis = run.analyse(path, progress=progress, **question)
        progress("", "writing")
        analysis.write(output)
    if not quiet:
        show_issues(analysis.issues, stream="stderr")
        show_written(analysis, output)


def _question(options: TableOptions) -> dict[str, Any]:
    """What `run.analyse` takes beside a table."""
    return {
        "spec": options.spec(),
        "better": options.better,
        "reference": options.reference,
        "columns": options.columns(),
        "exclude": options.exclusions(),
        "repeated": options.repeated(),
        "outcome": options.outcome,
        "baseline": options.stated_baseline(),
    }


def _is_review(path: Path) -> bool:
    return path.is_dir() or path.name == "review.toml"


def check(
    path: SourcePath,
    format: Annotated[str, typer.Option("--format", metavar="text|json", help="How to print the problems.")] = "text",
    measure: Measure = None,
    reference: Reference = None,
    better: Better = None,
    effects: Effects = None,
    likelihood: Likelihood = None,
    tau_prior: TauPrior = None,
    effect_prior: EffectPrior = None,
    baseline_prior: BaselinePrior = None,
    engine: Engine = None,
    cut_points: CutPoints = None,
    draws: Draws = None,
    baseline: Baseline = None,
    baseline_time: BaselineTime = None,
    per: Per = None,
    level: Level = None,
    zero_cells: ZeroCells = None,
    exclude: Exclude = None,
    column: Columns = None,
    repeated_arms: RepeatedArms = None,
    outcome: Outcome = None,
    seed: Seed = None,
    annotate: Annotate = None,
    quiet: Quiet = False,
) -> None:
    """Find every problem of a review or table at once, by study, row and column.

    Beside what cannot be, what is not plausible is named: as warnings and notes, which stop nothing. Exit code 1 if any
    problem is an error. Takes the options of `analyse`; a table needs none of them.
    """
    if format not in ("text", "json"):
        raise UsageError(f"--format must be text or json, not {format!r}.")
    options = TableOptions(
        measure=measure, reference=reference, better=better, effects=effects, likelihood=likelihood,
        tau_prior=tau_prior, effect_prior=effect_prior, baseline_prior=baseline_prior, engine=engine,
        cut_points=cut_points, draws=draws, baseline=baseline, baseline_time=baseline_time, per=per, level=level,
        zero_cells=zero_cells, exclude=exclude, column=column, repeated_arms=repeated_arms, outcome=outcome, seed=seed,
    )  # fmt: skip
    if annotate is not None:
        from physiohub.report.annotated_workbook import check_annotated_target

        check_annotated_target(annotate, path)  # before the work, not after it
    if _is_review(path):
        options.refuse_for_review(path)
        issues, summary = _check_review(path)
    else:
        issues, summary = _check_table(path, options)
    if format == "json":
        _print_json(issues)
    else:
        if not quiet:
            _print_lines(summary)
        show_issues(issues, stream="stdout")
        if not issues:
            say(f"{path.name}: no problems found.")
    if annotate is not None:
        _annotate(annotate, path, issues, quiet=quiet or format == "json")
    if errors := errors_of(issues):
        say_error(f"{path.name}: {counted(errors)}; an analysis needs none.", prefix="")
        raise typer.Exit(1)


def _annotate(target: Path, path: Path, issues: Sequence[Issue], *, quiet: bool) -> None:
    from physiohub.report.annotated_workbook import LIST, write_annotated
    from physiohub.report.format import plural

    cells = write_annotated(target, path, issues)
    if not quiet:
        say(f"Written to {target}: {plural(cells, 'cell')} marked, every problem in the sheet {LIST!r}.")


def _check_table(path: Path, options: TableOptions) -> tuple[Sequence[Issue], list[str]]:
    """Every issue of a table, and what was recognised in it."""
    from physiohub.cli.summary import network_lines
    from physiohub.prepare.tables import read_table

    options.spec()  # a wrong word is wrong usage, whatever the table holds
    try:
        network = read_table(
            path, reference=options.reference, measure=options.measure, columns=options.columns(),
            exclude=options.exclusions(), repeated=options.repeated(), outcome=options.outcome,
        )  # fmt: skip
    except DataError as error:
        return [*error.issues, *_implausible(path, options, None, error.issues)], []
    return [*network.issues, *_implausible(path, options, network, network.issues)], network_lines(network)


def _implausible(
    path: Path, options: TableOptions, network: Network | None, issues: Sequence[Issue]
) -> Sequence[Issue]:
    """What is not plausible in a table, whether or not it can be analysed; nothing of a file that could not be read."""
    from physiohub.evidence.plausibility_checks import table_plausibility
    from physiohub.network.read import read_all_rows

    if any(issue.rule in ("several-outcomes", "several-sheets") for issue in issues):
        return ()  # which rows belong together is not known
    tables = read_all_rows(path, options.columns(), outcome=options.outcome)
    better = cast("Direction | None", options.better)  # `TableOptions.spec` refuses any other word
    return table_plausibility(tables, network, measure=options.measure, better=better, aside=options.exclusions())


def _check_review(path: Path) -> tuple[Sequence[Issue], list[str]]:
    """Every issue of a review and of the network of each of its outcomes, and what is not plausible in its tables."""
    from physiohub.cli.summary import network_lines
    from physiohub.evidence.plausibility_checks import review_plausibility
    from physiohub.evidence.review import read_review

    folder = path if path.is_dir() else path.parent
    unfilled = [*left_to_fill_in(folder), *(review_plausibility(folder) if folder.is_dir() else ())]
    try:
        review = read_review(folder)
    except DataError as error:
        return [*error.issues, *unfilled], []
    issues, lines = [*review.issues, *unfilled], []
    for outcome in review.outcomes:
        try:
            prepared = review.network(outcome.id)
        except DataError as error:
            issues += error.issues
        else:
            issues += prepared.network.issues
            lines += [f"Outcome {outcome.id}", *network_lines(prepared.network)]
    return list(dict.fromkeys(issues)), lines


def _print_lines(lines: Sequence[str]) -> None:
    for line in lines:
        say(line)


def _print_json(issues: Sequence[Issue]) -> None:
    """The document of `physiohub/check/1`."""
    document = {"schema": "physiohub/check/1", "issues": [issue.to_dict() for issue in issues]}
    print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def schema(
    name: Annotated[str, typer.Argument(metavar="NAME", help="results or check.")],
) -> None:
    """Print the JSON Schema of a file that PhysioHub writes."""
    from physiohub.evidence.schema import schema_text

    print(schema_text(name), end="")
