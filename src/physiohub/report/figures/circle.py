"""Names around a circle: nodes in the order given, their labels beside them, none over another.

The same order gives the same places, so that a picture stays put from run to run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from physiohub.report.figures.placing import spread
from physiohub.report.figures.style import INK, MUTED, SMALL, line_height, text_layer, widest

__all__ = ["Circle", "Node", "angles", "circle_of", "label_layers", "label_width", "leader_layers"]

ROOMY = 8  # up to so many, a label stands at its node; beyond, labels form a column on each side

CROWDED = 24  # beyond, the names at the top and at the bottom join the columns


@dataclass(slots=True)
class Node:
    """A node with its place in pixels and its label's.

    Attributes
    ----------
    angle
        From the top, clockwise.
    area
        Of its mark.
    side
        Of the label: 1 right, -1 left, 0 above or below.
    """

    id: str
    text: str
    angle: float
    area: float = 0.0
    x: float = 0.0
    y: float = 0.0
    label_x: float = 0.0
    label_y: float = 0.0
    side: int = 0

    @property
    def height(self) -> float:
        """Height of the label."""
        return (self.text.count("\n") + 1) * line_height(SMALL)

    @property
    def first_line(self) -> float:
        """Where the first line stands, for the lines together to be centred on `label_y`."""
        return self.label_y - (self.height - line_height(SMALL)) / 2

    @property
    def radius(self) -> float:
        """Of the mark."""
        return math.sqrt(self.area / math.pi)


@dataclass(frozen=True, slots=True)
class Circle:
    """Where everything stands: the whole picture starts at (0, 0)."""

    nodes: Sequence[Node]
    width: float
    height: float
    x: float
    y: float
    radius: float


def label_width(size: int) -> float:
    """How wide labels may be beside so many nodes; where they form columns, wide ones keep the picture low."""
    return 170.0 if size <= ROOMY else 235.0


def angles(size: int) -> list[float]:
    """Angles of the nodes, from the top and clockwise; two stand side by side.

    Examples
    --------
    >>> [round(math.degrees(angle)) for angle in angles(4)], [round(math.degrees(angle)) for angle in angles(2)]
    ([0, 90, 180, 270], [-90, 90])
    """
    return [2 * math.pi * (k / size - (0.25 if size == 2 else 0.0)) for k in range(size)]


def circle_of(nodes: Sequence[Node], *, whole: bool = False) -> Circle:
    """Place nodes on the circle and labels beside it; with `whole`, the disc itself has to fit too."""
    for node in nodes:
        node.side = _side(node.angle, crowded=len(nodes) > CROWDED)
    sides = {side: [node for node in nodes if node.side == side] for side in (1, 0, -1)}
    tall = max(sum(node.height + 6 for node in sides[side]) for side in (1, -1))
    radius = max(110.0, min(230.0, 9.0 * len(nodes) + 70), min(330.0, 0.38 * tall))
    for node in nodes:
        node.x, node.y = radius * math.sin(node.angle), -radius * math.cos(node.angle)
    for side in (1, -1):
        _beside(sides[side], radius, columns=len(nodes) > ROOMY)
    for node in sides[0]:
        below = 1 if node.y > 0 else -1
        node.label_x, node.label_y = 0.0, node.y + below * (node.radius + 6 + node.height / 2)
    return _shifted(nodes, radius, inside=radius if whole else 0.0)


def _side(angle: float, *, crowded: bool) -> int:
    """Above and below the circle there is room for a name, unless many lines lead to the columns beside it."""
    if abs(math.sin(angle)) < 1e-9:
        return (1 if math.cos(angle) > 0 else -1) if crowded else 0
    return 1 if math.sin(angle) > 0 else -1


def _beside(side: Sequence[Node], radius: float, *, columns: bool) -> None:
    """Give the labels of one side their places: near their nodes, but never over each other."""
    ordered = sorted(side, key=lambda node: node.y)
    # a label grows away from the circle's middle, so that no line runs through it
    wanted = [node.y - math.cos(node.angle) * node.height / 2 for node in ordered]
    for node, middle in zip(ordered, spread(wanted, [node.height for node in ordered]), strict=True):
        reach = radius + 34 if columns else abs(node.x) + node.radius + 6
        node.label_x, node.label_y = node.side * reach, middle


def _shifted(nodes: Sequence[Node], radius: float, inside: float) -> Circle:
    """Move everything so that the picture starts at (0, 0), and say how large it is."""
    wide = [widest([node.text], SMALL) for node in nodes]
    lows = [n.label_x - (w if n.side < 0 else w / 2 if n.side == 0 else 0) for n, w in zip(nodes, wide, strict=True)]
    highs = [n.label_x + (w if n.side > 0 else w / 2 if n.side == 0 else 0) for n, w in zip(nodes, wide, strict=True)]
    left = min(*lows, *(n.x - n.radius for n in nodes)) - 4
    right = max(*highs, *(n.x + n.radius for n in nodes)) + 4
    top = min(-inside, *(min(n.label_y - n.height / 2, n.y - n.radius) for n in nodes)) - 4
    bottom = max(inside, *(max(n.label_y + n.height / 2, n.y + n.radius) for n in nodes)) + 4
    for node in nodes:
        node.x, node.label_x = node.x - left, node.label_x - left
        node.y, node.label_y = node.y - top, node.label_y - top
    return Circle(nodes, math.ceil(right - left), math.ceil(bottom - top), -left, -top, radius)


def leader_layers(nodes: Sequence[Node], x: dict[str, Any], y: dict[str, Any]) -> list[dict[str, Any]]:
    """Thin lines from a node to a label that had to move away from it."""
    moved = [n for n in nodes if n.side and abs(n.label_x - n.x) > n.radius + 8]
    rows = [{"x": n.x, "y": n.y, "x2": n.label_x - 3 * n.side, "y2": n.label_y} for n in moved]
    mark = {"type": "rule", "color": MUTED, "strokeWidth": 0.7, "strokeDash": [2, 2]}
    ends = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    return [{"data": {"values": rows}, "mark": mark, "encoding": {"x": x, "y": y, **ends}}] if rows else []


def label_layers(nodes: Sequence[Node], y: dict[str, Any]) -> list[dict[str, Any]]:
    """The labels, each aligned towards its node."""
    layers = []
    for side, align in ((-1, "right"), (0, "center"), (1, "left")):
        rows = [{"x": n.label_x, "y": n.first_line, "text": n.text} for n in nodes if n.side == side]
        look = {"fontSize": SMALL, "lineHeight": line_height(SMALL), "color": INK}
        layers += [text_layer(rows, y, align=align, **look)] if rows else []
    return layers
