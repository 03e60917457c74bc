"""The frequentist twin beside the posterior: the same model by generalised least squares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.format import Scale, number, p_value, percent, significant
from physiohub.report.methods import corrected_for_contrasts, of_counts
from physiohub.report.outcome import label_of, labels, pair_index
from physiohub.report.tables.table import Cell, Column, Table, plain

__all__ = ["frequentist_table"]

Outcome = Mapping[str, Any]
Row = Mapping[str, Any]


def frequentist_table(outcome: Outcome) -> Table:
    """Effects versus the reference by the main method and by the others, beside the posterior; P-scores.

    A record without the twin gives a table without rows.
    """
    found = outcome.get("frequentist")
    names, scale = labels(outcome), Scale.of(outcome)
    others = list(found["methods"]) if found else []
    columns = (
        Column("treatment", f"Versus {names[outcome['reference']]}", "head"),
        Column("bayesian", f"Bayesian ({scale.interval})", "number"),
        Column("main", f"{found['method'] if found else 'Frequentist'} ({scale.level} CI)", "number"),
        Column("p", "p", "number"),
        Column("predictive", f"{scale.level} prediction", "number"),
        *(Column(method, f"{method} ({scale.level} CI)", "number") for method in others),
        Column("p_score", "P-score", "number"),
    )
    caption = f"Frequentist estimates beside the posterior, {label_of(outcome)}: {scale.measure}"
    if not found:
        return Table("frequentist", caption, columns, ())
    rows = tuple(_row(outcome, row, scale, names) for row in _versus_reference(found, outcome["reference"]))
    return Table("frequentist", caption, columns, rows, _note(found) + _of_counts(outcome))


def _versus_reference(found: Mapping[str, Any], reference: str) -> list[Row]:
    return [row for row in found["relative_effects"] if row["versus"] == reference]


def _row(outcome: Outcome, row: Row, scale: Scale, names: Mapping[str, str]) -> tuple[Cell, ...]:
    found, treatment = outcome["frequentist"], row["treatment"]
    posterior = pair_index(outcome)[treatment, row["versus"]]
    beside = [
        next(r for r in method["relative_effects"] if r["treatment"] == treatment)
        for method in found["methods"].values()
    ]
    return (
        plain(names[treatment]),
        Cell(posterior["median"], scale.effect(posterior, named=False)),
        _estimate(row, scale),
        Cell(row["p"], p_value(row["p"])),
        Cell(None, "–")
        if row["predictive_low"] is None
        else plain(scale.span(row["predictive_low"], row["predictive_high"])),
        *(_estimate(other, scale) for other in beside),
        Cell(found["p_scores"][treatment], number(found["p_scores"][treatment], 2)),
    )


def _estimate(row: Row, scale: Scale) -> Cell:
    text = f"{scale.value(row['estimate'])} ({scale.span(row['low'], row['high'])})"
    return Cell(row["estimate"], text)


def _note(found: Mapping[str, Any]) -> str:
    """Heterogeneity of each method, and what a reader must know of the intervals."""
    methods = {found["method"]: found, **found["methods"]}
    taus = [f"{name} {significant(m['tau'])}" for name, m in methods.items() if name != "common"]
    share = found["i_squared"]
    i_squared = "" if share is None else f" I² {percent(share)}."
    return (
        f"tau: {', '.join(taus)}.{i_squared} Wald intervals; they treat tau as known, so that with few trials they are "
        "narrower than the posterior's. P-score: 1 is best."
    )


def _of_counts(outcome: Outcome) -> str:
    """That the twin rests on normal contrasts where the posterior rests on counts."""
    if not of_counts(outcome):
        return ""
    done = corrected_for_contrasts(outcome)
    return f" They rest on normal contrasts, the posterior on the counts themselves{f'; {done}' if done else ''}."
