"""Tables of the checks of a fit: every study against the rest, and what priors and data contribute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from physiohub.report.format import NOT_COMPUTED, Scale, number, probability, significant
from physiohub.report.outcome import label_of, labels
from physiohub.report.tables.table import Cell, Column, Table, made, plain

__all__ = ["study_checks_table", "what_was_learned_table"]

Outcome = Mapping[str, Any]
_USABLE_K = 0.7


def study_checks_table(outcome: Outcome) -> Table:
    """Each study predicted from all others, and its scatter against what the model would produce."""
    columns = (
        Column("study", "Study", "head"),
        Column("log_density", "Log density given the others", "number"),
        Column("pareto_k", "Pareto k", "number"),
        Column("p", "Posterior predictive p", "number"),
        Column("reason", "Not computed because"),
    )
    alone = {row["study"]: row for row in (outcome.get("leave_one_out") or {}).get("studies", ())}
    checked = {row["study"]: row["p"] for row in (outcome.get("predictive_check") or {}).get("studies", ())}
    names = dict.fromkeys((*alone, *checked))
    rows = tuple(
        (
            plain(name),
            _number(alone.get(name, {}).get("log_density"), 2),
            _number(alone.get(name, {}).get("pareto_k"), 2),
            made(NOT_COMPUTED) if name not in checked else Cell(checked[name], probability(checked[name])),
            plain(alone.get(name, {}).get("reason") or None),
        )
        for name in names
    )
    note = (
        "A density far below those of the other studies: the network does not foresee this study. A p near 0: its arms "
        f"scatter more than the model allows. A k above {_USABLE_K:g}: the study moves the result by itself."
    )
    return Table("study-checks", f"Each study against the others, {label_of(outcome)}", columns, rows, note)


def what_was_learned_table(outcome: Outcome) -> Table:
    """Each parameter before and after the data, and how far it moves with prior and likelihood."""
    columns = (
        Column("parameter", "Parameter", "head"),
        Column("prior", "Prior"),
        Column("before", "Prior, central 95%"),
        Column("after", "Posterior, central 95%"),
        Column("prior_sensitivity", "Sensitivity to the prior", "number"),
        Column("likelihood_sensitivity", "Sensitivity to the data", "number"),
        Column("diagnosis", "Diagnosis"),
    )
    scale, names = Scale.of(outcome), labels(outcome)
    moved = {row["parameter"]: row for row in (outcome.get("power_scaling") or {}).get("rows", ())}
    rows = []
    for row in (outcome.get("prior_posterior") or {}).get("rows", ()):
        found = moved.get(row["parameter"], {})
        rows.append(
            (
                plain(names.get(row["parameter"], row["parameter"])),
                plain(row["prior"]),
                _range(row["before"]),
                _range(row["after"]),
                _number(found.get("prior"), 2),
                _number(found.get("likelihood"), 2),
                plain(_diagnosis(found)),
            )
        )
    unit = f"effects versus {names[outcome['reference']]}, on the scale of the analysis ({scale.analysis})"
    threshold = (outcome.get("power_scaling") or {}).get("threshold", 0.05)
    note = (
        "Sensitivity: how far the posterior moves when prior or data count a little less or more; above "
        f"{threshold:g} they matter. Where the prior matters and the data do not, the prior is strong or the data say "
        "little; where both do, they disagree."
    )
    return Table("learned", f"Before and after the data, {label_of(outcome)}; {unit}", columns, tuple(rows), note)


def _diagnosis(found: Mapping[str, Any]) -> str | None:
    if not found:
        return None
    return (
        "too heavy-tailed to tell" if found["diagnosis"] is None else found["diagnosis"] or "the prior hardly matters"
    )


def _range(values: Sequence[float | None] | None) -> Cell:
    """First and last quantile."""
    if values is None:
        return plain("flat")
    low, high = values[0], values[-1]
    return made(NOT_COMPUTED) if low is None or high is None else made(f"{significant(low)} to {significant(high)}")


def _number(value: float | None, digits: int) -> Cell:
    return plain(None) if value is None else Cell(value, number(value, digits))
