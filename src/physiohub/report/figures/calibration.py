"""Rank histograms: where true values lie in their posteriors, one panel a quantity."""

from __future__ import annotations

from typing import Any

from scipy.special import bdtr, bdtrik

from physiohub.analysis.calibration import ScenarioResult
from physiohub.analysis.uniformity import Uniformity
from physiohub.report.figures.figure import Figure
from physiohub.report.figures.panels import COLUMNS, panel_spec
from physiohub.report.figures.style import INK, MAIN, SHADE
from physiohub.report.format import number, p_value, plural
from physiohub.report.tables.table import Cell, Column, Table, made, plain

__all__ = ["histogram_figure"]

_WITHIN = 0.99
"""Probability that a bin of uniform values lies in the shaded band."""


def histogram_figure(result: ScenarioResult) -> Figure:
    """Histograms of one scenario, all on one scale, with the band in which 99 of 100 bins of uniform values lie."""
    top = max(max(max(q.histogram), _band(q)[1]) for q in result.quantities)
    titles = [(q.quantity, f"p {p_value(q.chi_square_p)}, {p_value(q.ecdf_p)}") for q in result.quantities]
    panels = [_panel(q, top, first=k % COLUMNS == 0) for k, q in enumerate(result.quantities)]
    title = f"Rank histograms, {result.title}"
    return Figure(f"ranks-{result.scenario}", title, _description(result), panel_spec(titles, panels), _table(result))


def _band(found: Uniformity) -> tuple[float, float]:
    """Counts between which a bin lies with 99% probability."""
    share, n = 1 / len(found.histogram), found.count
    edges = []
    for p in ((1 - _WITHIN) / 2, (1 + _WITHIN) / 2):
        k = max(float(int(bdtrik(p, n, share))), 0.0)
        edges.append(k if bdtr(k, n, share) >= p else k + 1)
    return edges[0], edges[1]


def _panel(found: Uniformity, top: float, *, first: bool) -> dict[str, Any]:
    bins = len(found.histogram)
    values = [{"from": k / bins, "to": (k + 1) / bins, "count": c} for k, c in enumerate(found.histogram)]
    low, high = _band(found)
    x_axis = {"values": [0, 0.5, 1], "title": "Rank", "format": ".2~f", "grid": False}
    y_axis = {"title": "Count" if first else None, "tickCount": 3, "domain": False, "format": "d"}
    x = {"field": "from", "type": "quantitative", "scale": {"domain": [0, 1], "nice": False}, "axis": x_axis}
    y = {"type": "quantitative", "scale": {"domain": [0, top], "nice": False}, "axis": y_axis}
    band = [{"from": 0, "to": 1, "low": low, "high": high, "even": found.count / bins}]
    return {
        "layer": [
            {
                "data": {"values": band},
                "mark": {"type": "rect", "color": SHADE},
                "encoding": {"x": x, "x2": {"field": "to"}, "y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": values},
                "mark": {"type": "rect", "color": MAIN, "stroke": "white", "strokeWidth": 0.5},
                "encoding": {"x": x, "x2": {"field": "to"}, "y": {"field": "count", **y}, "y2": {"datum": 0}},
            },
            {
                "data": {"values": band},
                "mark": {"type": "rule", "color": INK, "strokeDash": [4, 3]},
                "encoding": {"x": x, "x2": {"field": "to"}, "y": {"field": "even", **y}},
            },
        ]
    }


def _description(result: ScenarioResult) -> str:
    worst = min(result.quantities, key=lambda q: q.smallest_p)
    return (
        f"{plural(result.answered, 'replicate')}, {plural(len(result.quantities), 'quantity', 'quantities')}. Bars of "
        f"a right answer are level: 99 of 100 lie in the shaded band; the broken line is their mean. Smallest p value: "
        f"{p_value(worst.smallest_p)} ({worst.quantity}), largest distance of its distribution function from the "
        f"diagonal {number(worst.deviation, 3)}."
    )


def _table(result: ScenarioResult) -> Table:
    """Counts of every bin."""
    columns = (Column("quantity", "Quantity", "head"), Column("from", "From", "number"), Column("to", "To", "number"),
               Column("count", "Count", "number"))  # fmt: skip
    rows = tuple(
        (plain(q.quantity), _share(k, q), _share(k + 1, q), plain(count))
        for q in result.quantities
        for k, count in enumerate(q.histogram)
    )
    return Table(f"ranks-{result.scenario}", f"Rank histograms, {result.title}", columns, rows)


def _share(k: int, found: Uniformity) -> Cell:
    value = k / len(found.histogram)
    return Cell(value, made(number(value, 3)).text)
