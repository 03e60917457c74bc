"""Radial rank plot: SUCRA of every treatment as the length of a sector, the highest at the top, then clockwise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from physiohub.report.figures.circle import Circle, Node, angles, circle_of, label_layers, label_width, leader_layers
from physiohub.report.figures.figure import Figure
from physiohub.report.figures.style import (
    GRID,
    LINE,
    MAIN,
    MUTED,
    SCHEMA,
    SHADE,
    SMALL,
    broken,
    config,
    line_height,
    pixels,
    text_layer,
)
from physiohub.report.format import probability
from physiohub.report.outcome import label_of, labels
from physiohub.report.tables import ranking_table

__all__ = ["radial_figure"]

Outcome = Mapping[str, Any]
Row = Mapping[str, Any]
RINGS = (0.25, 0.5, 0.75, 1.0)
HUB = 0.12  # share of the radius that is left open, so that low values can be told apart


def radial_figure(outcome: Outcome) -> Figure:
    """Sectors ordered by SUCRA; names and numbers stand outside, rings at quarters."""
    names = labels(outcome)
    rows = sorted((row for row in outcome["ranking"] if row["sucra"] is not None), key=lambda row: -row["sucra"])
    turns = [2 * math.pi * k / len(rows) for k in range(len(rows))] if len(rows) > 2 else angles(len(rows))
    nodes = []
    for row, angle in zip(rows, turns, strict=True):
        text = f"{broken(names[row['treatment']], label_width(len(rows)), SMALL)}\nSUCRA {probability(row['sucra'])}"
        nodes.append(Node(str(row["treatment"]), text, angle))
    circle = circle_of(nodes, whole=True)
    note = broken("Rings: SUCRA 0.25, 0.50, 0.75 and 1 (best). Read the effects beside the ranks.", circle.width, SMALL)
    height = circle.height + 8 + (note.count("\n") + 1) * line_height(SMALL)
    x, y = pixels(circle.width, axis="x"), pixels(height, axis="y")
    below = {"x": 0, "y": circle.height + 8 + line_height(SMALL) / 2, "text": note}
    spec = {
        "$schema": SCHEMA,
        "width": circle.width,
        "height": height,
        "padding": 4,
        "layer": [
            *_rings(circle),
            _sectors(circle, rows),
            *leader_layers(nodes, x, y),
            *label_layers(nodes, y),
            text_layer([below], y, align="left", fontSize=SMALL, lineHeight=line_height(SMALL), color=MUTED),
        ],
        "config": config(),
    }
    title = f"SUCRA around a circle, {label_of(outcome)}"
    return Figure("rank-radial", title, _description(outcome, rows), spec, ranking_table(outcome))


def _reach(circle: Circle, value: float) -> float:
    return (circle.radius - 6) * (HUB + (1 - HUB) * value)


def _sectors(circle: Circle, rows: Sequence[Row]) -> dict[str, Any]:
    half = math.pi / len(rows)
    values = [
        {
            "from": node.angle - 0.86 * half,
            "to": node.angle + 0.86 * half,
            "reach": _reach(circle, row["sucra"]),
            "sucra": row["sucra"],
        }
        for node, row in zip(circle.nodes, rows, strict=True)
    ]
    plain = {"type": "quantitative", "scale": None}
    mark = {"type": "arc", "color": SHADE, "stroke": MAIN, "strokeWidth": 1.6, "radius2": _reach(circle, 0.0)}
    return {
        "data": {"values": values},
        "mark": mark,
        "encoding": {
            "x": {"value": circle.x},
            "y": {"value": circle.y},
            "theta": {"field": "from", **plain},
            "theta2": {"field": "to"},
            "radius": {"field": "reach", **plain},
        },
    }


def _rings(circle: Circle) -> list[dict[str, Any]]:
    """Circles of equal SUCRA; the half, which a chance order has, is dashed."""
    layers = []
    for value in (0.0, *RINGS):
        reach = _reach(circle, value)
        look: dict[str, Any] = {"stroke": LINE if value in (0, 1) else GRID}
        if value == 0.5:
            look = {"stroke": MUTED, "strokeDash": [4, 3]}
        mark = {"type": "arc", "filled": False, "strokeWidth": 1.2, "theta": 0, "theta2": 2 * math.pi, **look}
        mark |= {"radius": reach, "radius2": reach, "x": circle.x, "y": circle.y}
        layers.append({"data": {"values": [{}]}, "mark": mark})
    return layers


def _description(outcome: Outcome, rows: Sequence[Row]) -> str:
    names = labels(outcome)
    said = "; ".join(f"{names[row['treatment']]} {probability(row['sucra'])}" for row in rows[:6])
    rest = f"; and {len(rows) - 6} more down to {probability(rows[-1]['sucra'])}" if len(rows) > 6 else ""
    return (
        f"SUCRA from the highest, at the top, clockwise: {said}{rest}. 1 is certainly best, 0 certainly worst; the "
        "dashed ring is 0.50. Ranks do not tell how large differences are."
    )
