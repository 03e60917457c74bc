"""Leverage plot: what each data point contributes to deviance, to the number of parameters, and so to DIC."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.placing import spread
from physiohub.report.figures.style import (
    INK,
    LINE,
    MAIN,
    MUTED,
    SCHEMA,
    SECOND,
    SMALL,
    broken,
    config,
    line_height,
    nice_ticks,
    text_layer,
    widest,
)
from physiohub.report.format import number, plural
from physiohub.report.outcome import label_of, labels
from physiohub.report.tables.table import Cell, Column, Table, plain

__all__ = ["leverage_figure"]

Outcome = Mapping[str, Any]
Row = dict[str, Any]
WIDTH, HEIGHT = 420.0, 300.0
CONTOURS = (1, 2, 3, 4)
LARGE = 3.0  # contribution to DIC of one data point that is worth a look (Dias, TSD2 section 3)
NAMED = 14
NAME_WIDTH = 210.0
_MEAN = " (the mean of its data points)"


@dataclass(frozen=True, slots=True)
class _Point:
    """One data point; of a study with several contrasts, and of an arm with several categories, their mean."""

    label: str
    deviance: float
    leverage: float
    size: int
    arm: bool
    residual: float | None = None

    @property
    def root(self) -> float:
        """Root of the deviance with the sign of the residual, where there is one residual."""
        return math.copysign(math.sqrt(max(0.0, self.deviance)), self.residual or 1.0)

    @property
    def contribution(self) -> float:
        return self.deviance + self.leverage


def leverage_figure(outcome: Outcome) -> Figure:
    """Leverage against the signed root of the residual deviance, with curves of equal contribution to DIC.

    The sign is that of the residual; a study of several contrasts has several residuals and stands at the right.
    """
    points = list(_points(outcome))
    far = 1.06 * max(2.1, *(abs(p.root) for p in points))
    near = -far if any(p.root < 0 for p in points) else 0.0
    low = min(0.0, *(p.leverage for p in points))
    top = 1.06 * max(1.0, *(p.leverage for p in points))
    large = sorted((p for p in points if p.contribution > LARGE), key=lambda p: -p.contribution)
    named = large[:NAMED]
    across = (near, far)
    x = _axis("x", "Signed root of the residual deviance" if near else "Root of the residual deviance", across, WIDTH)
    y = _axis("y", "Leverage", (low, top), HEIGHT)
    width = WIDTH + (30 + widest(_texts(named), SMALL) if named else 0)
    spec = {
        "$schema": SCHEMA,
        "width": width,
        "height": HEIGHT,
        "padding": {"left": 6, "right": 8, "top": 8, "bottom": 6},
        "layer": [
            *_contours(across, low, top, x, y),
            *_names(named, across, low, top),
            *_dots(points, x, y),
            _notes(points, large, len(large) - len(named), width),
        ],
        "config": config(),
    }
    title = f"Leverage and deviance of each data point, {label_of(outcome)}"
    return Figure("leverage", title, _description(points, large), spec, _table(outcome, points))


def _points(outcome: Outcome) -> Iterator[_Point]:
    """Arms where the model has a likelihood for each, else studies."""
    names = labels(outcome)
    for study in outcome["fit"]["studies"]:
        if study["deviance"] is None or study["leverage"] is None:
            continue
        size = study["data_points"] or 1
        if study.get("arms"):
            for arm in study["arms"]:
                label = f"{study['study']}, {names.get(arm['treatment'], arm['treatment'])}"
                own = arm.get("data_points") or 1
                yield _Point(label, arm["deviance"] / own, arm["leverage"] / own, own, True, arm.get("residual"))
        else:
            deviance, leverage = study["deviance"] / size, study["leverage"] / size
            yield _Point(str(study["study"]), deviance, leverage, size, False, study.get("residual"))


def _axis(field: str, title: str, domain: tuple[float, float], length: float) -> Row:
    span = [0, length] if field == "x" else [length, 0]
    axis = {"title": title, "values": nice_ticks(*domain), "grid": False, "format": ".6~f"}
    if field == "x":
        axis |= {"titleAnchor": "start", "titleAlign": "left"}
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": list(domain), "range": span, "nice": False, "zero": False},
        "axis": axis,
    }


def _contours(across: tuple[float, float], low: float, top: float, x: Row, y: Row) -> list[Row]:
    """Parabolas root^2 + leverage = c; one that leaves through the top is named there, where no point can stand."""
    (near, far), layers, names, last = across, [], [], -math.inf
    for c in CONTOURS:
        end = min(far, math.sqrt(c - low))
        start = math.sqrt(max(0.0, c - top))
        if start >= end:
            continue
        steps = [start + (end - start) * k / 60 for k in range(61)]
        sides = (1, -1) if near < 0 else (1,)
        rows = [{"x": s * v, "y": min(top, max(low, c - v * v)), "side": s} for s in sides for v in steps]
        mark = {"type": "line", "color": LINE if c < LARGE else INK, "strokeWidth": 1.1, "strokeDash": _dash(c)}
        layers.append(
            {"data": {"values": rows}, "mark": mark, "encoding": {"x": x, "y": y, "detail": {"field": "side"}}}
        )
        place = (start - near) / (far - near) * WIDTH
        if start > 0 and place - last > 16:
            names.append({"x": place, "text": str(c)})
            last = place
    above = {"value": -8}
    return [*layers, text_layer(names, above, fontSize=SMALL, align="center", color=MUTED)] if names else layers


def _dash(c: int) -> list[int]:
    return {1: [2, 3], 2: [5, 3], 3: [1, 0], 4: [9, 3]}[c]


def _dots(points: Sequence[_Point], x: Row, y: Row) -> list[Row]:
    """Circles for arms, squares for studies; filled where the contribution is large."""
    layers = []
    for arm, shape in ((True, "circle"), (False, "square")):
        for large in (False, True):
            rows = [
                {"x": p.root, "y": p.leverage, "name": p.label}
                for p in points
                if p.arm is arm and (p.contribution > LARGE) is large
            ]
            look = {"color": SECOND, "stroke": SECOND} if large else {"color": "white", "stroke": MAIN}
            mark = {"type": "point", "shape": shape, "filled": True, "opacity": 0.95, "size": 46, "strokeWidth": 1.5}
            if rows:
                layers.append({"data": {"values": rows}, "mark": {**mark, **look}, "encoding": {"x": x, "y": y}})
    return layers


def _texts(named: Sequence[_Point]) -> list[str]:
    return [broken(f"{p.label}: {number(p.contribution, 1)}", NAME_WIDTH, SMALL) for p in named]


def _names(named: Sequence[_Point], across: tuple[float, float], low: float, top: float) -> list[Row]:
    """Names in a column beside the plot, each with a line to its point."""
    if not named:
        return []
    ordered = sorted(named, key=lambda p: (-p.leverage, -p.root))
    texts = _texts(ordered)
    wanted = [HEIGHT * (top - p.leverage) / (top - low) for p in ordered]
    heights = [(text.count("\n") + 1) * line_height(SMALL) for text in texts]
    middles = spread(wanted, heights, gap=4.0)
    start = WIDTH + 26
    rules, rows = [], []
    for p, text, at, middle in zip(ordered, texts, wanted, middles, strict=True):
        place = (p.root - across[0]) / (across[1] - across[0]) * WIDTH
        rules.append({"x": place, "y": at, "x2": start - 4, "y2": middle})
        rows.append({"x": start, "y": middle - text.count("\n") * line_height(SMALL) / 2, "text": text})
    plain_x = {"field": "x", "type": "quantitative", "scale": None}
    plain_y = {"field": "y", "type": "quantitative", "scale": None}
    mark = {"type": "rule", "color": MUTED, "strokeWidth": 0.7, "strokeDash": [2, 2]}
    encoding = {"x": plain_x, "y": plain_y, "x2": {"field": "x2"}, "y2": {"field": "y2"}}
    return [
        {"data": {"values": rules}, "mark": mark, "encoding": encoding},
        text_layer(rows, plain_y, align="left", fontSize=SMALL, lineHeight=line_height(SMALL)),
    ]


def _notes(points: Sequence[_Point], large: Sequence[_Point], unnamed: int, width: float) -> Row:
    """Under the plot: what the marks are, and how the curves are read."""
    arms, several = any(p.arm for p in points), any(p.size > 1 for p in points if not p.arm)
    texts = [f"Circle: an arm{_MEAN * any(p.size > 1 for p in points if p.arm)}."] * arms
    if not all(p.arm for p in points):
        texts.append(f"Square: a study that enters by contrasts{_MEAN * several}.")
    texts += ["Left of zero: observed below fitted."] * any(p.root < 0 for p in points)
    texts += ["A study of several contrasts has no sign and stands at the right."] * several
    curves = "Curves, from the middle: deviance + leverage = 1, 2, 3, 4, a data point's contribution to DIC."
    filled = f" Filled and named with it: above {LARGE:g}." if large else f" None lies above {LARGE:g}."
    if unnamed:
        filled += f" {unnamed} more are in the table."
    text = "\n".join(broken(note, width, SMALL) for note in (" ".join(texts), curves + filled))
    look = {"fontSize": SMALL, "lineHeight": line_height(SMALL), "color": MUTED}
    return text_layer([{"x": 0, "text": text}], {"value": HEIGHT + 52}, align="left", **look)


def _description(points: Sequence[_Point], large: Sequence[_Point]) -> str:
    worst = max(points, key=lambda p: p.contribution)
    more = f", {plural(len(large), 'point')} above {LARGE:g}" if large else f", none above {LARGE:g}"
    deviance = max(p.deviance for p in points)
    low, high = min(p.leverage for p in points), max(p.leverage for p in points)
    return (
        f"{plural(len(points), 'point')}: leverage from {number(low)} to {number(high)}, residual deviance up to "
        f"{number(deviance)}. Largest contribution to DIC: {worst.label}, {number(worst.contribution)}{more}. A data "
        "point that fits as well as expected has a deviance near 1."
    )


def _table(outcome: Outcome, points: Sequence[_Point]) -> Table:
    columns = (
        Column("point", "Data point", "head"),
        Column("data_points", "Data points", "number"),
        Column("deviance", "Residual deviance", "number"),
        Column("leverage", "Leverage", "number"),
        Column("contribution", "Contribution to DIC", "number"),
    )
    ordered = sorted(points, key=lambda p: -p.contribution)
    rows = tuple(
        (plain(p.label), plain(p.size), *(Cell(v, number(v)) for v in (p.deviance, p.leverage, p.contribution)))
        for p in ordered
    )
    note = "Where a line has several data points, their mean."
    caption = f"Leverage and deviance of each data point, {label_of(outcome)}"
    return Table("leverage", caption, columns, rows, note if any(p.size > 1 for p in points) else "")
