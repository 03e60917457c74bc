"""Absolute outcomes by treatment: a point and its interval each, per 1,000 patients where they are probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.style import (
    GRID,
    INK,
    MAIN,
    MUTED,
    SCHEMA,
    SIZE,
    SMALL,
    broken,
    config,
    line_height,
    nice_ticks,
    text_layer,
    widest,
)
from physiohub.report.outcome import label_of, labels
from physiohub.report.tables.absolute import absolute_table, interval_text

__all__ = ["absolute_figure"]

Outcome = Mapping[str, Any]
Layer = dict[str, Any]
_LABELS, _PLOT, _GUTTER, _ROW = 200.0, 300.0, 14.0, 26.0
_AXES = {"probability": "Events per 1,000 patients", "rate": "Rate", "mean": "Mean"}


def absolute_figure(outcome: Outcome) -> Figure:
    """The outcome under every treatment; the treatment of the baseline stands hollow.

    Parameters
    ----------
    outcome
        One of results.json, with `absolute`.
    """
    found, names = outcome["absolute"], labels(outcome)
    title = f"Absolute outcomes, {label_of(outcome)}"
    return Figure("absolute", title, _description(found, names), _spec(found, names), absolute_table(outcome))


def _factor(found: Mapping[str, Any]) -> float:
    return 1000.0 if found["kind"] == "probability" else 1.0


def _limits(found: Mapping[str, Any]) -> tuple[float, float]:
    """Ends of the axis: all intervals; probabilities and rates begin at zero."""
    ends = [float(row["outcome"][name]) * _factor(found) for row in found["treatments"] for name in ("low", "high")]
    low, high = min(ends), max(ends)
    margin = 0.03 * (high - low) or 1.0
    return (min(0.0, low) if found["kind"] != "mean" else low - margin), high + margin


def _spec(found: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    rows = found["treatments"]
    texts = [broken(names[row["treatment"]], _LABELS) for row in rows]
    numbers = [interval_text(row["outcome"], found["kind"]) for row in rows]
    x0 = max(90.0, widest(texts, SIZE)) + _GUTTER
    x1 = x0 + _PLOT
    width = x1 + _GUTTER + max(90.0, widest([*numbers, _AXES[found["kind"]]], SMALL))
    top = 2 * line_height(SMALL)
    middles, bottom = _places(texts, top)
    y = {
        "field": "y",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, bottom], "range": [0, bottom], "nice": False, "zero": False},
    }
    x = _value_axis(found, x0, x1)
    layers = [
        *_marks(found, middles, (top, bottom), x, y),
        text_layer(_lines(texts, middles, 0.0), y, align="left"),
        text_layer(_lines(numbers, middles, x1 + _GUTTER), y, align="left", fontSize=SMALL),
        text_layer(
            [{"x": x1 + _GUTTER, "y": top - 12, "text": f"Median ({100 * found['level']:g}% CrI)"}],
            y,
            align="left",
            fontSize=SMALL,
            color=MUTED,
        ),
    ]
    view = {"width": width, "height": bottom, "padding": {"left": 4, "right": 4, "top": 4, "bottom": 6}}
    return {"$schema": SCHEMA, **view, "layer": layers, "config": config()}


def _places(texts: list[str], top: float) -> tuple[list[float], float]:
    """The middle of each row, and the lower end of the last."""
    middles, y = [], top
    for text in texts:
        tall = max(_ROW, (text.count("\n") + 1) * line_height() + 8)
        middles.append(y + tall / 2)
        y += tall
    return middles, y + 4


def _lines(texts: list[str], middles: list[float], x: float) -> list[dict[str, Any]]:
    return [
        {"x": x, "y": middle - text.count("\n") * line_height() / 2, "text": text}
        for text, middle in zip(texts, middles, strict=True)
    ]


def _value_axis(found: Mapping[str, Any], x0: float, x1: float) -> Layer:
    low, high = _limits(found)
    return {
        "field": "x",
        "type": "quantitative",
        "scale": {"domain": [low, high], "range": [x0, x1], "nice": False, "zero": False},
        "axis": {"values": nice_ticks(low, high), "grid": False, "title": _AXES[found["kind"]]},
    }


def _marks(
    found: Mapping[str, Any], middles: list[float], span: tuple[float, float], x: Layer, y: Layer
) -> list[Layer]:
    """Gridlines, intervals, and medians: filled, but hollow for the treatment of the baseline."""
    factor, (top, bottom) = _factor(found), span
    grid = [{"x": tick, "y": top, "y2": bottom} for tick in x["axis"]["values"]]
    bars, points = [], []
    for row, middle in zip(found["treatments"], middles, strict=True):
        median, low, high = (float(row["outcome"][name]) * factor for name in ("median", "low", "high"))
        bars.append({"x": low, "x2": high, "y": middle})
        points.append({"x": median, "y": middle, "own": row["treatment"] == found["versus"]})
    layers = [
        _layer(grid, {"type": "rule", "color": GRID, "strokeWidth": 1}, {"x": x, "y": y, "y2": {"field": "y2"}}),
        _layer(bars, {"type": "rule", "color": MAIN, "strokeWidth": 3}, {"x": x, "x2": {"field": "x2"}, "y": y}),
    ]
    looks = ((False, {"color": MAIN}), (True, {"color": "white", "stroke": INK, "strokeWidth": 2}))
    for own, look in looks:
        chosen = [point for point in points if point["own"] is own]
        mark = {"type": "point", "shape": "circle", "filled": True, "opacity": 1, "size": 90, **look}
        layers += [_layer(chosen, mark, {"x": x, "y": y})] if chosen else []
    return layers


def _layer(rows: list[dict[str, Any]], mark: Layer, encoding: Layer) -> Layer:
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _description(found: Mapping[str, Any], names: Mapping[str, str]) -> str:
    ordered = sorted(found["treatments"], key=lambda row: float(row["outcome"]["median"]))
    ends = [ordered[0], ordered[-1]] if len(ordered) > 1 else ordered
    shown = "; ".join(f"{names[row['treatment']]} {interval_text(row['outcome'], found['kind'])}" for row in ends)
    unit = _AXES[found["kind"]].lower()
    what = f"{_AXES[found['kind']]} by treatment, at a baseline of {found['baseline']}."
    return f"{what} Lowest and highest {unit}: {shown}."
