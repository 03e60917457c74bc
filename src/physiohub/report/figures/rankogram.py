"""Rankogram: the probability of each rank, one small panel a treatment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.style import MAIN, SCHEMA, SMALL, broken, config, line_height
from physiohub.report.format import number, probability
from physiohub.report.outcome import label_of, labels
from physiohub.report.tables import rank_probability_table

__all__ = ["rankogram_figure"]

Outcome = Mapping[str, Any]
PANEL_WIDTH, PANEL_HEIGHT, COLUMNS = 150, 90, 4


def rankogram_figure(outcome: Outcome) -> Figure:
    """Panels in the network's order, on one scale; SUCRA stands in each panel's title."""
    names = labels(outcome)
    rows = [row for row in outcome["ranking"] if row["rank_probabilities"]]
    titles = [[*broken(names[row["treatment"]], PANEL_WIDTH + 20, SMALL).split("\n"), _sucra(row)] for row in rows]
    most = max(p for row in rows for p in row["rank_probabilities"])
    top = next(limit for limit in (0.25, 0.5, 1.0) if most <= limit)
    panels = [
        _panel(row, title, top, first=k % COLUMNS == 0) for k, (row, title) in enumerate(zip(rows, titles, strict=True))
    ]
    spec = {
        "$schema": SCHEMA,
        "concat": panels,
        "columns": min(COLUMNS, len(rows)),
        "bounds": "flush",
        "spacing": {"row": 46 + max(map(len, titles)) * line_height(SMALL), "column": 48},
        "padding": {"left": 6, "top": 6, "bottom": 6, "right": 26},
        "config": config(),
    }
    title = f"Probability of each rank, {label_of(outcome)}"
    return Figure("rankogram", title, _description(outcome), spec, rank_probability_table(outcome))


def _sucra(row: Mapping[str, Any]) -> str:
    return f"SUCRA {probability(row['sucra'])}"


def _panel(row: Mapping[str, Any], title: list[str], top: float, *, first: bool) -> dict[str, Any]:
    ranks = range(1, len(row["rank_probabilities"]) + 1)
    values = [{"rank": k, "probability": p} for k, p in zip(ranks, row["rank_probabilities"], strict=True)]
    y_axis = {
        "values": [0, top / 2, top],
        "title": "Probability" if first else None,
        "format": ".3~f",
        "domain": False,
        "titlePadding": 10,
    }
    x_axis = {"values": _shown(len(values)), "title": "Rank", "labelAngle": 0, "ticks": False, "labelOverlap": False}
    return {
        "title": {"text": title, "fontSize": SMALL, "lineHeight": line_height(SMALL), "offset": 8},
        "width": PANEL_WIDTH,
        "height": PANEL_HEIGHT,
        "data": {"values": values},
        "mark": {"type": "bar", "color": MAIN},
        "encoding": {
            "x": {"field": "rank", "type": "ordinal", "axis": x_axis, "scale": {"paddingInner": 0.15}},
            "y": {"field": "probability", "type": "quantitative", "scale": {"domain": [0, top]}, "axis": y_axis},
        },
    }


def _shown(size: int) -> list[int]:
    """Ranks that are named under the bars: all while they fit, else the first, some, and the last."""
    if size <= 9:
        return list(range(1, size + 1))
    step = 5 if size <= 20 else 10
    between = [k for k in range(step, size, step) if size - k >= step / 2]
    return [1, *between, size]


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
