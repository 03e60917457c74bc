"""Estimates with their intervals, row by row: the drawing that both forest plots share.

A row is a line of text, a thick interval with its estimate, and at the right the same numbers in words. What reaches
beyond the axis is cut there with an arrow, so that one very wide interval does not press all others together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from physiohub.report.figures.frame import (
    INDENT,
    LABEL_WIDTH,
    PLOT_WIDTH,
    Chart,
    Frame,
    Line,
    framed,
    labelled,
    limits_of,
    row_axis,
    ticks,
    value_axis,
)
from physiohub.report.figures.style import (
    GRID,
    INK,
    MAIN,
    MUTED,
    SCHEMA,
    SECOND,
    SMALL,
    ZONE,
    broken,
    config,
    line_height,
    text_layer,
    widest,
)
from physiohub.report.format import Scale

__all__ = ["interval_spec"]


def interval_spec(lines: Sequence[Line], chart: Chart, *, axis_of: Sequence[Line] | None = None) -> dict[str, Any]:
    """The specification of a forest plot.

    Parameters
    ----------
    axis_of
        Rows whose axis this plot shares, where one plot runs over several pages; by default its own.
    """
    names = labelled(lines)
    frame = framed(lines, names, chart, limits_of(axis_of or lines, chart))
    x, y = value_axis(frame, chart.scale), row_axis(frame)
    layers = [
        *_ground(frame, chart, x, y),
        *_predictive(lines, frame, chart.scale, x, y),
        *_intervals(lines, frame, chart.scale, x, y),
        *_texts(lines, names, frame, y),
        *_heads(frame, chart, y),
        *_foot(frame, chart, y, _cut_notes(lines, frame)),
    ]
    height = frame.bottom
    view = {"width": frame.width, "height": height, "padding": {"left": 4, "right": 4, "top": 4, "bottom": 6}}
    return {"$schema": SCHEMA, **view, "layer": layers, "config": config()}


def _empty() -> list[dict[str, Any]]:
    return []


def _layer(rows: list[dict[str, Any]], mark: dict[str, Any], encoding: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"data": {"values": rows}, "mark": mark, "encoding": encoding}] if rows else []


def _ground(frame: Frame, chart: Chart, x: dict[str, Any], y: dict[str, Any]) -> list[dict[str, Any]]:
    """Important zone, gridlines, and the line of no difference."""
    scale, span = chart.scale, {"y": frame.top, "y2": frame.bottom}
    ends = {"x": x, "y": y, "y2": {"field": "y2"}}
    layers = []
    if chart.zone is not None:
        low, high = (
            frame.cut(end if edge is None else edge)
            for edge, end in zip(chart.zone, (frame.low, frame.high), strict=True)
        )
        rows = [{"x": scale.printed(low), "x2": scale.printed(high), **span}] if high > low else []
        layers += _layer(rows, {"type": "rect", "color": ZONE, "opacity": 1}, {**ends, "x2": {"field": "x2"}})
    grid = [{"x": tick, **span} for tick in ticks(frame.low, frame.high, scale)]
    layers += _layer(grid, {"type": "rule", "color": GRID, "strokeWidth": 1}, ends)
    return layers + _layer([{"x": scale.null, **span}], {"type": "rule", "color": INK, "strokeWidth": 1.2}, ends)


def _predictive(
    lines: Sequence[Line], frame: Frame, scale: Scale, x: dict[str, Any], y: dict[str, Any]
) -> list[dict[str, Any]]:
    """Thin lines with end marks; an arrow where one is cut."""
    rows, caps, arrows = _empty(), _empty(), _empty()
    for line, middle in zip(lines, frame.middles, strict=True):
        if line.predictive is None:
            continue
        low, high = (frame.cut(v) for v in line.predictive)
        rows.append({"x": scale.printed(low), "x2": scale.printed(high), "y": middle})
        for value, edge, side in zip(line.predictive, (low, high), (-1, 1), strict=True):
            at = {"x": scale.printed(edge), "y": middle, "side": side}
            (caps if value == edge else arrows).append(at)
    thin = {"type": "rule", "color": SECOND, "strokeWidth": 1.2}
    return [
        *_layer(rows, thin, {"x": x, "x2": {"field": "x2"}, "y": y}),
        *_layer(
            caps, {"type": "tick", "orient": "vertical", "color": SECOND, "size": 9, "thickness": 1.2}, {"x": x, "y": y}
        ),
        *_arrows(arrows, SECOND, x, y),
    ]


def _arrows(rows: list[dict[str, Any]], color: str, x: dict[str, Any], y: dict[str, Any]) -> list[dict[str, Any]]:
    layers = []
    for side, shape in ((-1, "triangle-left"), (1, "triangle-right")):
        mark = {"type": "point", "shape": shape, "filled": True, "color": color, "opacity": 1, "size": 45}
        layers += _layer([row for row in rows if row["side"] == side], mark, {"x": x, "y": y})
    return layers


def _intervals(
    lines: Sequence[Line], frame: Frame, scale: Scale, x: dict[str, Any], y: dict[str, Any]
) -> list[dict[str, Any]]:
    """Estimates and their intervals: thick for the model, with a square for a study."""
    layers = []
    looks = {
        "network": (MAIN, 4.5, {"shape": "diamond", "size": 110, "color": "white", "stroke": MAIN, "strokeWidth": 2}),
        "study": (MUTED, 1.6, {"shape": "square", "size": 42, "color": MUTED}),
    }
    for kind, (color, thick, shape) in looks.items():
        rows, points, arrows = _empty(), _empty(), _empty()
        for line, middle in zip(lines, frame.middles, strict=True):
            if line.kind != kind or line.low is None or line.high is None or line.estimate is None:
                continue
            low, high = frame.cut(line.low), frame.cut(line.high)
            rows.append({"x": scale.printed(low), "x2": scale.printed(high), "y": middle})
            if frame.low <= line.estimate <= frame.high:
                points.append({"x": scale.printed(line.estimate), "y": middle})
            arrows += [{"x": scale.printed(low), "y": middle, "side": -1}] if low != line.low else []
            arrows += [{"x": scale.printed(high), "y": middle, "side": 1}] if high != line.high else []
        bar = {"type": "rule", "color": color, "strokeWidth": thick, "strokeCap": "butt"}
        layers += _layer(rows, bar, {"x": x, "x2": {"field": "x2"}, "y": y})
        layers += _arrows(arrows, color, x, y)
        layers += _layer(points, {"type": "point", "filled": True, "opacity": 1, **shape}, {"x": x, "y": y})
    return layers


def _texts(lines: Sequence[Line], names: Sequence[str], frame: Frame, y: dict[str, Any]) -> list[dict[str, Any]]:
    layers = []
    for kind, look in (
        ("network", {}),
        ("study", {"fontSize": SMALL}),
        ("heading", {"fontWeight": "bold", "fontSize": SMALL}),
    ):
        rows = [
            {"x": INDENT[kind], "y": middle - text.count("\n") * line_height() / 2, "text": text}
            for line, text, middle in zip(lines, names, frame.middles, strict=True)
            if line.kind == kind
        ]
        layers += [text_layer(rows, y, align="left", **look)] if rows else []
    numbers = [
        {"x": place, "y": middle, "text": text}
        for line, middle in zip(lines, frame.middles, strict=True)
        for place, text in ((frame.numbers, line.text), (frame.second, line.second))
        if text
    ]
    return [*layers, text_layer(numbers, y, align="left", fontSize=SMALL)]


def _heads(frame: Frame, chart: Chart, y: dict[str, Any]) -> list[dict[str, Any]]:
    """Headings of the columns, and the name of the null line."""
    low = frame.top - 12
    rows = []
    for place, heading in zip((0.0, frame.numbers, frame.second), chart.headings, strict=True):
        text = broken(heading, LABEL_WIDTH if place == 0 else max(90.0, frame.width - place), SMALL)
        rows.append({"x": place, "y": low - text.count("\n") * line_height(SMALL), "text": text})
    look = {"fontSize": SMALL, "lineHeight": line_height(SMALL), "color": MUTED}
    null = frame.x0 + PLOT_WIDTH * (0 - frame.low) / (frame.high - frame.low)
    half = widest(["no difference"], SMALL) / 2
    name = [{"x": min(max(null, frame.x0 + half), frame.x1 - half), "y": low, "text": "no difference"}]
    return [text_layer(rows, y, align="left", **look), text_layer(name, y, align="center", **look)]


def _cut_notes(lines: Sequence[Line], frame: Frame) -> tuple[str, ...]:
    ends = [v for line in lines for v in (line.low, line.high, *(line.predictive or ())) if v is not None]
    return ("Arrow: the interval goes on beyond the axis.",) if any(frame.cut(v) != v for v in ends) else ()


def _foot(frame: Frame, chart: Chart, y: dict[str, Any], more: tuple[str, ...]) -> list[dict[str, Any]]:
    """Under the axis: which side is better, and how to read the lines."""
    first = frame.bottom + 48
    half = PLOT_WIDTH / 2 - 8 - widest([" →"], SMALL)
    left, right = f"← {broken(chart.favours[0], half, SMALL)}", f"{broken(chart.favours[1], half, SMALL)} →"
    look = {"fontSize": SMALL, "lineHeight": line_height(SMALL), "color": INK}
    sides = [
        text_layer([{"x": frame.x0, "y": first, "text": left}], y, align="left", **look),
        text_layer([{"x": frame.x1, "y": first, "text": right}], y, align="right", **look),
    ]
    below = first + (max(left.count("\n"), right.count("\n")) + 1) * line_height(SMALL) + 8
    text = "\n".join(broken(note, frame.width, SMALL) for note in (*chart.notes, *more))
    notes = text_layer([{"x": 0, "y": below, "text": text}], y, align="left", **{**look, "color": MUTED})
    return [*sides, *([notes] if text else [])]
