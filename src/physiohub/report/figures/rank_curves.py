"""Cumulative rank curves: how likely a treatment is among the best 1, 2, 3 and so on; their area is SUCRA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.panels import COLUMNS, panel_spec, rank_axes
from physiohub.report.figures.style import INK, MAIN, SHADE
from physiohub.report.format import probability
from physiohub.report.outcome import label_of, labels
from physiohub.report.tables.table import Cell, Column, Table, plain

__all__ = ["rank_curves_figure"]

Outcome = Mapping[str, Any]
Row = Mapping[str, Any]


def rank_curves_figure(outcome: Outcome) -> Figure:
    """One panel a treatment, in the network's order: steps whose shaded area is SUCRA, and those of a chance order."""
    names = labels(outcome)
    rows = [row for row in outcome["ranking"] if row["rank_probabilities"]]
    titles = [(names[row["treatment"]], f"SUCRA {probability(row['sucra'])}") for row in rows]
    spec = panel_spec(titles, [_steps(row, first=k % COLUMNS == 0) for k, row in enumerate(rows)])
    title = f"Cumulative probability of ranks, {label_of(outcome)}"
    return Figure("rank-curves", title, _description(outcome, rows), spec, _table(outcome, rows))


def _cumulative(row: Row) -> list[float]:
    return [min(1.0, p) for p in accumulate(row["rank_probabilities"])]


def _steps(row: Row, *, first: bool) -> dict[str, Any]:
    """The value at rank k holds up to rank k + 1, so that the area over T - 1 ranks is their mean: SUCRA."""
    found = _cumulative(row)
    size = len(found)
    values = [{"rank": k, "mine": p, "chance": k / size} for k, p in enumerate(found, 1)]
    x_axis, y_axis = rank_axes(size, 1.0, first=first)
    scale = {"domain": [1, size], "nice": False, "zero": False}
    x = {
        "field": "rank",
        "type": "quantitative",
        "scale": scale,
        "axis": {**x_axis, "grid": False, "labelFlush": False, "format": ".0f"},
    }
    y = {"type": "quantitative", "scale": {"domain": [0, 1], "nice": False}, "axis": y_axis}
    step = {"interpolate": "step-after"}
    dashed = {"type": "line", "color": INK, "strokeWidth": 1, "strokeDash": [3, 3], **step}
    return {
        "data": {"values": values},
        "layer": [
            {"mark": {"type": "area", "color": SHADE, **step}, "encoding": {"x": x, "y": {**y, "field": "mine"}}},
            {"mark": dashed, "encoding": {"x": x, "y": {**y, "field": "chance"}}},
            {
                "mark": {"type": "line", "color": MAIN, "strokeWidth": 2.2, **step},
                "encoding": {"x": x, "y": {**y, "field": "mine"}},
            },
        ],
    }


def _description(outcome: Outcome, rows: Sequence[Row]) -> str:
    names = labels(outcome)
    ordered = sorted(rows, key=lambda row: -row["sucra"])
    shown = ordered if len(ordered) <= 6 else [ordered[0], ordered[-1]]
    which = "" if len(ordered) <= 6 else f"Highest and lowest of {len(ordered)} treatments: "
    among = 1 if len(ordered) <= 6 else 3
    best = "the best" if among == 1 else f"among the best {among}"
    said = "; ".join(
        f"{names[row['treatment']]} SUCRA {probability(row['sucra'])}, "
        f"{best} with probability {probability(_cumulative(row)[among - 1])}"
        for row in shown
    )
    return (
        f"Probability of this rank or a better one; the shaded area is SUCRA. {which}{said}. "
        "Dashed: if every order were equally likely (SUCRA 0.50)."
    )


def _table(outcome: Outcome, rows: Sequence[Row]) -> Table:
    names = labels(outcome)
    columns = (
        Column("treatment", "Treatment", "head"),
        Column("sucra", "SUCRA", "number"),
        *(Column(f"rank_{k}_or_better", f"Rank {k} or better", "number") for k in range(1, len(rows) + 1)),
    )
    body = tuple(
        (
            plain(names[row["treatment"]]),
            Cell(row["sucra"], probability(row["sucra"])),
            *(Cell(p, probability(p)) for p in _cumulative(row)),
        )
        for row in rows
    )
    return Table("cumulative-ranks", f"Probability of each rank or a better one, {label_of(outcome)}", columns, body)
