"""Network graph: treatments on a circle in their order, lines for what was compared directly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.style import (
    FONT,
    INK,
    LINE,
    MAIN,
    MUTED,
    SCHEMA,
    SMALL,
    broken,
    config,
    line_height,
    pixels,
    text_layer,
    widest,
)
from physiohub.report.format import count, plural
from physiohub.report.outcome import label_of, labels, multi_arm
from physiohub.report.tables import comparisons_table

__all__ = ["network_figure"]

Outcome = Mapping[str, Any]
LABEL_WIDTH = 170.0
ROOMY = 8  # up to so many treatments, a label stands at its circle; beyond, labels form a column on each side
LABELLED_EDGES = 45  # with more lines than this, a 1 on each would hide the picture


@dataclass(slots=True)
class _Node:
    """A treatment with its place in pixels and its label's."""

    id: str
    text: str
    angle: float
    area: float
    x: float = 0.0
    y: float = 0.0
    label_x: float = 0.0
    label_y: float = 0.0

    @property
    def side(self) -> int:
        """Side of the label: 1 right, -1 left, 0 above or below."""
        return 0 if abs(math.sin(self.angle)) < 1e-9 else (1 if math.sin(self.angle) > 0 else -1)

    @property
    def height(self) -> float:
        return (self.text.count("\n") + 1) * line_height(SMALL)

    @property
    def first_line(self) -> float:
        """Where the first line stands, for the lines together to be centred on `label_y`."""
        return self.label_y - (self.height - line_height(SMALL)) / 2

    @property
    def radius(self) -> float:
        return math.sqrt(self.area / math.pi)


def network_figure(outcome: Outcome) -> Figure:
    """Circles sized by participants, lines by number of studies, labels outside the circle."""
    nodes, width, height = _laid_out(outcome)
    spec = {
        "$schema": SCHEMA,
        "width": width,
        "height": height,
        "padding": 4,
        "layer": [*_edge_layers(outcome, nodes, width, height), *_node_layers(outcome, nodes, width, height)],
        "config": config(),
    }
    title = f"Network of comparisons, {label_of(outcome)}"
    return Figure("network", title, _description(outcome), spec, comparisons_table(outcome))


def _laid_out(outcome: Outcome) -> tuple[list[_Node], float, float]:
    """Place nodes on the circle and labels beside it, none over another."""
    nodes = _nodes(outcome)
    right, left = ([n for n in nodes if n.side == s] for s in (1, -1))
    tall = max((sum(n.height + 6 for n in side) for side in (right, left)), default=0.0)
    radius = max(110.0, min(230.0, 9.0 * len(nodes) + 70), min(330.0, 0.38 * tall))
    for node in nodes:
        node.x, node.y = radius * math.sin(node.angle), -radius * math.cos(node.angle)
    for side in (right, left):
        _spread(side, radius, columns=len(nodes) > ROOMY)
    for node in nodes:
        if node.side == 0:
            below = 1 if node.y > 0 else -1
            node.label_x, node.label_y = 0.0, node.y + below * (node.radius + 6 + node.height / 2)
    return _shifted(nodes)


def _nodes(outcome: Outcome) -> list[_Node]:
    shown = outcome["network"]["treatments"]
    people = [node["participants"] for node in shown]
    most = max((n for n in people if n), default=None)
    biggest = 900.0 if len(shown) <= 12 else 420.0
    nodes = []
    for k, row in enumerate(shown):
        share = 0.5 if most is None or not row["participants"] else row["participants"] / most
        mark = " (reference)" if row["id"] == outcome["reference"] else ""
        known = f"\nn = {count(row['participants'])}" if row["participants"] is not None else ""
        text = broken(row["label"] + mark, LABEL_WIDTH, SMALL) + known
        quarter = 0.25 if len(shown) == 2 else 0.0  # two treatments stand side by side
        nodes.append(_Node(str(row["id"]), text, 2 * math.pi * (k / len(shown) - quarter), max(70.0, biggest * share)))
    return nodes


def _spread(side: Sequence[_Node], radius: float, *, columns: bool) -> None:
    """Give the labels of one side their heights: near their nodes, but never over each other."""
    ordered = sorted(side, key=lambda node: node.y)
    for node in ordered:  # a label grows away from the circle's middle, so that no line runs through it
        node.label_y = node.y - math.cos(node.angle) * node.height / 2
    for _ in range(400):  # neighbours push each other apart until all have room
        moved = False
        for upper, lower in pairwise(ordered):
            lack = (upper.height + lower.height) / 2 + 6 - (lower.label_y - upper.label_y)
            if lack > 0.01:
                upper.label_y -= lack / 2
                lower.label_y += lack / 2
                moved = True
        if not moved:
            break
    for node in ordered:
        reach = radius + 34 if columns else abs(node.x) + node.radius + 6
        node.label_x = node.side * reach


def _shifted(nodes: list[_Node]) -> tuple[list[_Node], float, float]:
    """Move everything so that the picture starts at (0, 0), and say how large it is."""
    wide = [widest([node.text], SMALL) for node in nodes]
    lows = [n.label_x - (w if n.side < 0 else w / 2 if n.side == 0 else 0) for n, w in zip(nodes, wide, strict=True)]
    highs = [n.label_x + (w if n.side > 0 else w / 2 if n.side == 0 else 0) for n, w in zip(nodes, wide, strict=True)]
    left = min(*lows, *(n.x - n.radius for n in nodes)) - 4
    right = max(*highs, *(n.x + n.radius for n in nodes)) + 4
    top = min(min(n.label_y - n.height / 2, n.y - n.radius) for n in nodes) - 4
    bottom = max(max(n.label_y + n.height / 2, n.y + n.radius) for n in nodes) + 4
    for node in nodes:
        node.x, node.label_x = node.x - left, node.label_x - left
        node.y, node.label_y = node.y - top, node.label_y - top
    return nodes, math.ceil(right - left), math.ceil(bottom - top)


def _edge_layers(outcome: Outcome, nodes: Sequence[_Node], width: float, height: float) -> list[dict[str, Any]]:
    place = {node.id: node for node in nodes}
    comparisons = outcome["network"]["comparisons"]
    most = max(row["studies"] for row in comparisons)
    thickest = 6.5 if len(nodes) <= ROOMY else 4.0 if len(nodes) <= 20 else 2.5
    edges, marks, taken = [], [], [(n.x, n.y, n.radius + 9) for n in nodes]
    for row in comparisons:
        a, b = place[row["treatment"]], place[row["versus"]]
        wide = 1.5 + thickest * (row["studies"] - 1) / max(1, most - 1)
        edges.append({"x": a.x, "y": a.y, "x2": b.x, "y2": b.y, "studies": row["studies"], "wide": round(wide, 2)})
        if len(comparisons) <= LABELLED_EDGES or row["studies"] > 1:
            spot = _free_spot(a, b, taken)
            taken.append((*spot, 9.0))
            marks.append({"x": spot[0], "y": spot[1], "text": str(row["studies"])})
    x, y = pixels(width, axis="x"), pixels(height, axis="y")
    ends = {
        "x2": {"field": "x2"},
        "y2": {"field": "y2"},
        "size": {"field": "wide", "type": "quantitative", "scale": None},
    }
    lines = {"data": {"values": edges}, "mark": {"type": "rule", "color": LINE}, "encoding": {"x": x, "y": y, **ends}}
    disc = {"type": "point", "shape": "circle", "filled": True, "size": 210, "color": "white", "opacity": 1}
    discs = {"data": {"values": marks}, "mark": disc, "encoding": {"x": x, "y": y}}
    return [lines, discs, text_layer(marks, y, fontSize=SMALL, align="center")]


def _free_spot(a: _Node, b: _Node, taken: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """A point of the line a-b for its number: the middle, or the nearest to it that no other number holds."""
    best, clearance = (0.0, 0.0), -math.inf
    for step in range(25):
        share = 0.5 + (step + 1) // 2 * 0.025 * (1 if step % 2 else -1)
        x, y = a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)
        room = min(math.hypot(x - u, y - v) - r - 9 for u, v, r in taken)
        if room > 0:
            return x, y
        if room > clearance:
            best, clearance = (x, y), room
    return best


def _node_layers(outcome: Outcome, nodes: Sequence[_Node], width: float, height: float) -> list[dict[str, Any]]:
    x, y = pixels(width, axis="x"), pixels(height, axis="y")
    size = {"field": "area", "type": "quantitative", "scale": None}
    rows = [{"x": n.x, "y": n.y, "area": n.area, "treatment": n.id} for n in nodes]
    reference = [row for row in rows if row["treatment"] == outcome["reference"]]
    others = [row for row in rows if row["treatment"] != outcome["reference"]]
    dot = {"type": "point", "shape": "circle", "filled": True, "opacity": 1, "stroke": MAIN, "strokeWidth": 2}
    layers = [
        {"data": {"values": rows}, "mark": {**dot, "color": color}, "encoding": {"x": x, "y": y, "size": size}}
        for rows, color in ((others, MAIN), (reference, "white"))
    ]
    return [*_leaders(nodes, x, y), *layers, *_labels(nodes, y)]


def _leaders(nodes: Sequence[_Node], x: dict[str, Any], y: dict[str, Any]) -> list[dict[str, Any]]:
    """Thin lines from a circle to a label that had to move away from it."""
    moved = [n for n in nodes if n.side and abs(n.label_x - n.x) > n.radius + 8]
    rows = [{"x": n.x, "y": n.y, "x2": n.label_x - 3 * n.side, "y2": n.label_y} for n in moved]
    mark = {"type": "rule", "color": MUTED, "strokeWidth": 0.7, "strokeDash": [2, 2]}
    ends = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    return [{"data": {"values": rows}, "mark": mark, "encoding": {"x": x, "y": y, **ends}}] if rows else []


def _labels(nodes: Sequence[_Node], y: dict[str, Any]) -> list[dict[str, Any]]:
    layers = []
    for side, align in ((-1, "right"), (0, "center"), (1, "left")):
        rows = [{"x": n.label_x, "y": n.first_line, "text": n.text} for n in nodes if n.side == side]
        layers += [_label_layer(rows, y, align)] if rows else []
    return layers


def _label_layer(rows: list[dict[str, Any]], y: dict[str, Any], align: str) -> dict[str, Any]:
    style = {"fontSize": SMALL, "lineHeight": line_height(SMALL), "color": INK, "font": FONT}
    return text_layer(rows, y, align=align, **style)


def _description(outcome: Outcome) -> str:
    network, names = outcome["network"], labels(outcome)
    most = max(network["comparisons"], key=lambda row: row["studies"])
    several = multi_arm(outcome)
    pair = f"{names[most['treatment']]} versus {names[most['versus']]}"
    parts = [
        f"{plural(len(names), 'treatment')} and {plural(network['studies'], 'study', 'studies')}; "
        f"{plural(len(network['comparisons']), 'comparison')} with direct evidence.",
        f"Most studied: {pair}, {plural(most['studies'], 'study', 'studies')}.",
        f"{plural(several, 'study has', 'studies have')} more than two arms."
        if several
        else "No study has more than two arms.",
        "Circles are sized by participants, lines by number of studies, which is printed on them"
        + (" where it is above one." if len(network["comparisons"]) > LABELLED_EDGES else "."),
    ]
    return " ".join(parts)
