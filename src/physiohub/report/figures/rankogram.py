"""Rankogram: the probability of each rank, one small panel a treatment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.panels import COLUMNS, panel_spec, rank_axes
from physiohub.report.figures.style import MAIN
from physiohub.report.format import number, probability
from physiohub.report.outcome import label_of, labels
from physiohub.report.tables import rank_probability_table

__all__ = ["rankogram_figure"]

Outcome = Mapping[str, Any]


def rankogram_figure(outcome: Outcome) -> Figure:
    """Panels in the network's order, on one scale; SUCRA stands in each panel's title."""
    names = labels(outcome)
    rows = [row for row in outcome["ranking"] if row["rank_probabilities"]]
    most = max(p for row in rows for p in row["rank_probabilities"])
    top = next(limit for limit in (0.25, 0.5, 1.0) if most <= limit)
    titles = [(names[row["treatment"]], f"SUCRA {probability(row['sucra'])}") for row in rows]
    spec = panel_spec(titles, [_bars(row, top, first=k % COLUMNS == 0) for k, row in enumerate(rows)])
    title = f"Probability of each rank, {label_of(outcome)}"
    return Figure("rankogram", title, _description(outcome), spec, rank_probability_table(outcome))


def _bars(row: Mapping[str, Any], top: float, *, first: bool) -> dict[str, Any]:
    values = [{"rank": k, "probability": p} for k, p in enumerate(row["rank_probabilities"], 1)]
    x_axis, y_axis = rank_axes(len(values), top, first=first)
    return {
        "data": {"values": values},
        "mark": {"type": "bar", "color": MAIN},
        "encoding": {
            "x": {"field": "rank", "type": "ordinal", "axis": x_axis, "scale": {"paddingInner": 0.15}},
            "y": {"field": "probability", "type": "quantitative", "scale": {"domain": [0, top]}, "axis": y_axis},
        },
    }


def _description(outcome: Outcome) -> str:
    names = labels(outcome)
    rows = sorted((r for r in outcome["ranking"] if r["sucra"] is not None), key=lambda row: -row["sucra"])
    shown = rows if len(rows) <= 6 else [rows[0], rows[-1]]
    which = "" if len(rows) <= 6 else "Highest and lowest of "
    said = "; ".join(
        f"{names[row['treatment']]} SUCRA {probability(row['sucra'])}, P(best) {probability(row['p_best'])}"
        for row in shown
    )
    poth = outcome.get("poth")
    order = f" POTH {number(poth, 2)}: 0 no information about the order, 1 a certain one." if poth is not None else ""
    return f"Rank 1 is best. {which}{len(rows)} treatments: {said}.{order} Ranks do not tell how large differences are."
