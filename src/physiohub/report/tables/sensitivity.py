"""Each refit beside the main result, and which conclusions hold.

A conclusion here is where an interval lies: wholly on one side of no difference, or over it. It holds when the refit's
interval lies the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from physiohub.report.format import NOT_COMPUTED, Scale, count, known, limits
from physiohub.report.outcome import label_of, labels, pair_index, position, prefers
from physiohub.report.tables.table import Cell, Column, Table, made, plain

__all__ = ["holding", "sensitivity_effects_table", "sensitivity_table"]

Outcome = Mapping[str, Any]
Row = Mapping[str, Any]


def holding(outcome: Outcome, refit: Row) -> tuple[int, int]:
    """How many of a refit's conclusions are those of the main result, and of how many."""
    main = pair_index(outcome)
    same = [
        prefers(outcome, row) == prefers(outcome, main[row["treatment"], row["versus"]])
        for row in _comparable(outcome, refit)
    ]
    return sum(same), len(same)


def _comparable(outcome: Outcome, refit: Row) -> Iterator[Row]:
    """Rows of a refit that the main result answers too (merged treatments have none), each comparison once."""
    main, place = pair_index(outcome), position(outcome)
    rows = {(row["treatment"], row["versus"]): row for row in refit.get("relative_effects") or []}
    for (treatment, versus), row in rows.items():
        if not known(row) or not known(main.get((treatment, versus))):
            continue
        if place[treatment] > place[versus] or (versus, treatment) not in rows:
            yield row


def _scale(outcome: Outcome, refit: Row) -> Scale:
    """The scale of a refit, which may have another measure than the main result."""
    measure = refit.get("measure") or outcome["measure"]
    if measure == outcome["measure"]:
        return Scale.of(outcome)
    return Scale.of({**outcome, "measure": measure, "relative_effects": refit.get("relative_effects") or []})


def sensitivity_table(outcome: Outcome) -> Table:
    """One refit a row: what was changed, tau, and how many conclusions hold."""
    scale = Scale.of(outcome)
    columns = (
        Column("refit", "Refit", "head"),
        Column("id", "Id", "text", "csv"),
        Column("kind", "What was changed"),
        Column("studies", "Studies", "number"),
        Column("tau", f"tau ({scale.interval})", "number"),
        Column("conclusions_held", "Conclusions that hold", "number"),
        Column("conclusions_compared", "", "number", "csv"),
        Column("reason", "Remark"),
    )
    main = (
        plain("Main result"),
        plain("main"),
        plain("–"),
        plain(outcome["network"]["studies"]),
        _tau(outcome["heterogeneity"]["tau"], scale),
        Cell(None, "–"),
        plain(None),
        plain(None),
    )
    rows = (main, *(_refit_cells(outcome, refit) for refit in outcome.get("sensitivity") or []))
    note = (
        "A conclusion holds when the interval lies as in the main result: on the same side of no difference or over it."
    )
    return Table("sensitivity", f"Sensitivity analyses, {label_of(outcome)}", columns, rows, note)


def _refit_cells(outcome: Outcome, refit: Row) -> tuple[Cell, ...]:
    held, compared = holding(outcome, refit)
    own = _scale(outcome, refit)
    verdict = Cell(held, f"{held} of {compared}") if refit["ok"] and compared else Cell(None, "–")
    studies = refit.get("studies")
    return (
        plain(refit["label"]),
        plain(refit["id"]),
        plain(refit["kind"]),
        Cell(studies, "–" if studies is None else count(studies)),
        _tau(refit.get("tau"), own, named=own.measure != outcome["measure"]),
        verdict,
        plain(compared if refit["ok"] else None),
        plain(refit.get("reason")),
    )


def _tau(tau: Row | None, scale: Scale, *, named: bool = False) -> Cell:
    unit = f" {scale.analysis}" if named else ""
    return made(scale.spread(tau, named=False) + unit) if known(tau) else plain(None)


def sensitivity_effects_table(outcome: Outcome) -> Table:
    """Every comparison of every refit, with the main result above it."""
    scale, names, main = Scale.of(outcome), labels(outcome), pair_index(outcome)
    blocks: dict[tuple[str, str], list[tuple[Cell, ...]]] = {}
    for refit in outcome.get("sensitivity") or []:
        for row in _comparable(outcome, refit) if refit["ok"] else ():
            pair = (row["treatment"], row["versus"])
            block = blocks.setdefault(pair, [_pair_cells("Main result", main[pair], names, scale, "–")])
            same = prefers(outcome, row) == prefers(outcome, main[pair])
            conclusion = "holds" if same else "differs"
            block.append(_pair_cells(refit["label"], row, names, _scale(outcome, refit), conclusion))
    columns = (
        Column("", "Comparison", "head", "html"),
        Column("treatment", "Treatment", "text", "csv"),
        Column("versus", "Versus", "text", "csv"),
        Column("refit", "Refit"),
        Column("measure", "Measure"),
        Column("text", f"Effect ({scale.interval})", "number"),
        *(Column(key, key, "number", "csv") for key in ("median", "low", "high")),
        Column("conclusion", "Conclusion"),
    )
    rows = tuple(row for block in blocks.values() for row in block)
    return Table("sensitivity-effects", f"Effects in each refit, {label_of(outcome)}", columns, rows)


def _pair_cells(refit: str, row: Row, names: Mapping[str, str], scale: Scale, conclusion: str) -> tuple[Cell, ...]:
    low, high = limits(row)
    treatment, versus = names[row["treatment"]], names[row["versus"]]
    text = scale.effect(row, named=False) if known(row) else NOT_COMPUTED
    return (
        plain(f"{treatment} versus {versus}"),
        plain(treatment),
        plain(versus),
        plain(refit),
        plain(scale.measure),
        Cell(made(f"{scale.measure} {scale.effect(row)}").value, text),
        plain(row["median"]),
        plain(low),
        plain(high),
        plain(conclusion),
    )
