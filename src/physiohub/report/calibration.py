"""The folder that a calibration run leaves: numbers, a table, rank histograms, and a page that shows them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from physiohub.analysis.calibration import Calibration, ScenarioResult
from physiohub.analysis.uniformity import INTERVALS, Uniformity
from physiohub.report.atomic import RUN_FILE, whole_folder
from physiohub.report.figures.calibration import histogram_figure
from physiohub.report.figures.render import draw
from physiohub.report.format import ascii_text, number, p_value, plural, significant, tiny
from physiohub.report.run_file import software, to_toml
from physiohub.report.tables.table import Cell, Column, Table, plain

__all__ = ["as_document", "calibration_table", "markdown_page", "verdict_line", "write_calibration"]

SCHEMA = "physiohub/calibration/1"


def write_calibration(found: Calibration, output: Path, *, command: str) -> None:
    """Write calibration.json, calibration.csv, a rank histogram of each scenario (SVG, PNG) and README.md, or nothing.

    Parameters
    ----------
    output
        Folder, new, empty, or left by an earlier run.
    command
        That repeats the run.

    Raises
    ------
    UsageError
        When the folder holds something that no run wrote.
    OutputError
        When the system refuses.
    """
    drawings = {r.scenario: draw(histogram_figure(r)) for r in found.results if r.quantities}
    with whole_folder(output) as folder:
        (folder / "figures").mkdir()
        for drawn in drawings.values():
            path = folder / "figures" / drawn.figure.id
            path.with_suffix(".svg").write_text(drawn.svg, encoding="utf-8")
            path.with_suffix(".png").write_bytes(drawn.png())
        text = json.dumps(as_document(found), indent=2, ensure_ascii=False, allow_nan=False)
        (folder / "calibration.json").write_text(text + "\n", encoding="utf-8", newline="\n")
        table = calibration_table(found)
        (folder / "calibration.csv").write_text(table.to_csv(), encoding="utf-8", newline="")
        (folder / "README.md").write_text(markdown_page(found, command), encoding="utf-8", newline="\n")
        run = {"command": command, "seed": found.seed, "replicates": found.replicates, "software": software()}
        (folder / RUN_FILE).write_text(to_toml(run), encoding="utf-8", newline="\n")


def as_document(found: Calibration) -> dict[str, Any]:
    """The run as plain data."""
    return {
        "schema": SCHEMA,
        "software": software(),
        "calibrated": found.ok,
        "problems": list(found.problems),
        "seed": found.seed,
        "replicates": found.replicates,
        "false_alarms": found.false_alarms,
        "tests": found.tests,
        "threshold": found.threshold,
        "intervals": list(INTERVALS),
        "scenarios": [asdict(result) for result in found.results],
    }


_COLUMNS = (
    Column("scenario", "Data", "head"),
    Column("engine", "Engine"),
    Column("quantity", "Quantity", "head"),
    Column("count", "Replicates", "number"),
    Column("chi_square_p", "p, histogram", "number"),
    Column("ecdf_p", "p, distribution function", "number"),
    Column("deviation", "Largest deviation", "number"),
    *(Column(f"coverage_{100 * p:.0f}", f"In the {100 * p:.0f}% interval", "number") for p in INTERVALS),
)


def calibration_table(found: Calibration) -> Table:
    """One row a quantity."""
    rows = tuple(_row(result, q) for result in found.results for q in result.quantities)
    caption = "Calibration: places of true values in their posteriors"
    return Table("calibration", caption, _COLUMNS, rows, f"A p value below {significant(found.threshold)} counts.")


def _row(result: ScenarioResult, found: Uniformity) -> tuple[Cell, ...]:
    shares = [
        Cell(share, f"{number(100 * share, 1)}% ± {number(100 * error, 1)}")
        for share, error in zip(found.coverage, found.coverage_error, strict=True)
    ]
    return (
        plain(result.scenario), plain(result.engine), plain(found.quantity), plain(found.count),
        Cell(found.chi_square_p, _p(found.chi_square_p)), Cell(found.ecdf_p, _p(found.ecdf_p)),
        Cell(found.deviation, number(found.deviation, 3)), *shares,
    )  # fmt: skip


def _p(p: float) -> str:
    """A p value; a small one with its digits, since the threshold of many tests is small too."""
    return p_value(p) if p >= 0.001 else tiny(p)


def verdict_line(found: Calibration) -> str:
    """The outcome of a run in one sentence.

    Examples
    --------
    >>> verdict_line(Calibration((), 1, 100))
    'Calibrated: no problem found in 0 tests, of which a right program fails 1 run in 100.'
    """
    if found.ok:
        alarms = f"{1 / found.false_alarms:.0f}"
        return (
            f"Calibrated: no problem found in {plural(found.tests, 'test')}, of which a right program fails 1 run in "
            f"{alarms}."
        )
    return f"Not calibrated: {'; '.join(found.problems)}."


def markdown_page(found: Calibration, command: str) -> str:
    """A page with the outcome, a table and the histograms."""
    made_by = software()
    lines = [
        "# Calibration", "", verdict_line(found), "",
        f"PhysioHub {made_by['version']}, Python {made_by['python']}, NumPy {made_by['numpy']}, SciPy "
        f"{made_by['scipy']}. Repeat it:", "", f"```text\n{command}\n```", "",
        "Parameters are drawn from the prior and data from the model; the place of each true value in its posterior "
        "must be uniform.", "",
    ]  # fmt: skip
    for result in found.results:
        lines += [*_scenario_lines(result), ""]
    return "\n".join(lines)


def _scenario_lines(result: ScenarioResult) -> list[str]:
    priors = "; ".join(f"{role} ~ {prior}" for role, prior in result.priors.items())
    lines = [
        f"## {result.scenario}", "",
        f"{result.title[0].upper()}{result.title[1:]}. Priors: {priors}. {scenario_counts(result)}", "",
    ]  # fmt: skip
    lines += [f"- {count} x {reason}" for reason, count in result.refusals.items()]
    if not result.quantities:
        return [*lines, "Too few answers to judge."]
    table = Table("", "", _COLUMNS[2:], tuple(_row(result, q)[2:] for q in result.quantities))
    lines += ["", "| " + " | ".join(table.header) + " |", "| --- |" + " ---: |" * (len(table.columns) - 1)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table.texts()]
    return [*lines, "", f"![Rank histograms, {result.title}](figures/ranks-{result.scenario}.svg)"]


def scenario_counts(result: ScenarioResult) -> str:
    """How many replicates there were, and how many have no answer.

    Examples
    --------
    >>> scenario_counts(ScenarioResult("a", "", {}, "exact", 60, 58, 0, {"why": 2}, (), 0.0123))
    '60 replicates, 2 without an answer to use; engine exact, 0.012 s a fit.'
    """
    missing = result.replicates - result.answered
    aside = f"{missing} without an answer to use" if missing else "all with an answer"
    seconds = ascii_text(significant(result.seconds))
    return f"{plural(result.replicates, 'replicate')}, {aside}; engine {result.engine or 'none'}, {seconds} s a fit."
