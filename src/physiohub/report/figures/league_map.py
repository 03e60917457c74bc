"""League heat map: every pair as a coloured cell with its number, row treatment versus column treatment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from physiohub.report.figures.figure import Figure
from physiohub.report.figures.style import (
    INK,
    LINE,
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
from physiohub.report.format import Scale, known, limits, plural, point
from physiohub.report.outcome import label_of, labels, main_pairs, pair_index, prefers, sign, treatments
from physiohub.report.tables import league_table, reading_direction

__all__ = ["league_map_figure"]

Outcome = Mapping[str, Any]
Row = dict[str, Any]
WITH_INTERVALS = 6  # up to so many treatments, a cell has room for its interval and a column for its name
LARGE = 20  # beyond, numbers are set smaller
NAME_WIDTH, HEAD_WIDTH = 230.0, 112.0
ROW_SIDE, COLUMN_SIDE, OWN = "#86b9df", "#f3b06a", "#eceef1"  # all light enough for black text
BOLD = 1.08
STEPS = 7


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where rows and columns stand, in pixels."""

    order: Sequence[str]
    names: Sequence[str]
    heads: Sequence[str]
    size: float
    left: float
    top: float
    cell: float
    tops: Sequence[float]

    @property
    def right(self) -> float:
        return self.left + self.cell * len(self.order)

    def box(self, row: int, column: int) -> Row:
        """Edges of a cell."""
        left = self.left + column * self.cell
        return {"x": left, "x2": left + self.cell, "y": self.tops[row], "y2": self.tops[row + 1]}

    def middle(self, row: int, column: int) -> Row:
        """Middle of a cell."""
        return {"x": self.left + (column + 0.5) * self.cell, "y": (self.tops[row] + self.tops[row + 1]) / 2}


def league_map_figure(outcome: Outcome) -> Figure:
    """Both triangles, so that one rule reads every cell; a bold frame where the interval leaves out no difference."""
    scale, pairs = Scale.of(outcome), pair_index(outcome)
    cap = _cap([row for row in pairs.values() if known(row)])
    grid = _grid(outcome, scale)
    places = [(i, k) for i in range(len(grid.order)) for k in range(len(grid.order))]
    cells: list[Row] = []
    framed: list[Row] = []
    plain: list[Row] = []
    bold: list[Row] = []
    for i, k in places:
        row = pairs.get((grid.order[i], grid.order[k]))
        box, middle = grid.box(i, k), grid.middle(i, k)
        cells.append({**box, "fill": _fill(outcome, row, cap) if i != k else OWN})
        if i == k or row is None or not known(row):
            plain.append({**middle, "text": str(i + 1) if i == k and _numbered(outcome) else "–"})
            continue
        apart = prefers(outcome, row) is not None
        text = _text(row, scale, outcome)
        middle["y"] -= text.count("\n") * line_height(grid.size) / 2
        (bold if apart else plain).append({**middle, "text": text})
        if apart:
            framed.append({key: value + (1.6 if key in "xy" else -1.6) for key, value in box.items()})
    foot, height = _foot(outcome, scale, grid, cap)
    width = max(grid.right + 2, 420.0)
    x, y = pixels(width, axis="x"), pixels(height, axis="y")
    spec = {
        "$schema": SCHEMA,
        "width": width,
        "height": height,
        "padding": 4,
        "layer": [
            *_rects(cells, {"stroke": "white", "strokeWidth": 1}, x, y),
            *_rects(framed, {"filled": False, "stroke": INK, "strokeWidth": 2.2}, x, y),
            *_texts(grid, plain, bold, y),
            *foot(x, y),
        ],
        "config": config(),
    }
    title = f"League heat map, {label_of(outcome)}: {scale.measure}"
    return Figure("league-map", title, _description(outcome, scale), spec, league_table(outcome))


def _numbered(outcome: Outcome) -> bool:
    """Whether columns carry the numbers of their rows, because names have no room."""
    return len(treatments(outcome)) > WITH_INTERVALS


def _text(row: Mapping[str, Any], scale: Scale, outcome: Outcome) -> str:
    estimate = scale.value(point(row))
    return estimate if _numbered(outcome) else f"{estimate}\n({scale.span(*limits(row))})"


def _grid(outcome: Outcome, scale: Scale) -> _Grid:
    order, shown = treatments(outcome), labels(outcome)
    numbered = _numbered(outcome)
    size = SMALL if len(order) <= LARGE else 9.5
    names = [broken(f"{k}  {shown[t]}" if numbered else shown[t], NAME_WIDTH, SMALL) for k, t in enumerate(order, 1)]
    heads = [str(k) if numbered else broken(shown[t], HEAD_WIDTH, SMALL) for k, t in enumerate(order, 1)]
    texts = [_text(row, scale, outcome) for row in outcome["relative_effects"] if known(row)]
    cell = math.ceil(max([widest(texts, size) * BOLD + 9, widest(heads, SMALL) + 6, 26.0]))
    top = 8.0 + line_height(SMALL) * max(head.count("\n") + 1 for head in heads)
    lines = max((text.count("\n") + 1 for text in texts), default=1)
    tops = [top]
    for name in names:
        tall = max((name.count("\n") + 1) * line_height(SMALL), lines * line_height(size)) + 8
        tops.append(tops[-1] + max(tall, 22.0))
    return _Grid(order, names, heads, size, math.ceil(widest(names, SMALL)) + 10.0, top, cell, tops)


def _cap(rows: Sequence[Mapping[str, Any]]) -> float:
    """The effect with the full colour.

    Nine in ten cells lie below it, so that one far one does not pale the others; and it is at least half a typical
    interval, so that differences within their uncertainty stay pale.
    """
    if not rows:
        return 0.0
    sizes = sorted(abs(point(row)) for row in rows)
    halves = sorted((high - low) / 2 for low, high in map(limits, rows))
    return max(sizes[math.ceil(0.9 * len(sizes)) - 1], halves[len(halves) // 2])


def _fill(outcome: Outcome, row: Mapping[str, Any] | None, cap: float) -> str:
    if row is None or not known(row) or cap == 0:
        return "#ffffff"
    return _colour(sign(outcome) * point(row) / cap)


def _colour(share: float) -> str:
    """From white to the colour of the favoured side; the share is cut at -1 and 1.

    Examples
    --------
    >>> _colour(0.0), _colour(1.0), _colour(-7.0)
    ('#ffffff', '#86b9df', '#f3b06a')
    """
    full = ROW_SIDE if share > 0 else COLUMN_SIDE
    strength = min(1.0, abs(share))
    parts = (int(full[k : k + 2], 16) for k in (1, 3, 5))
    return "#" + "".join(f"{round(255 + strength * (part - 255)):02x}" for part in parts)


def _rects(rows: list[Row], look: Row, x: Row, y: Row) -> list[Row]:
    ends = {"x": x, "y": y, "x2": {"field": "x2"}, "y2": {"field": "y2"}}
    if any("fill" in row for row in rows):
        ends["fill"] = {"field": "fill", "type": "nominal", "scale": None}
    return [{"data": {"values": rows}, "mark": {"type": "rect", **look}, "encoding": ends}] if rows else []


def _texts(grid: _Grid, plain: list[Row], bold: list[Row], y: Row) -> list[Row]:
    small = {"fontSize": SMALL, "lineHeight": line_height(SMALL)}
    inside = {"fontSize": grid.size, "lineHeight": line_height(grid.size), "align": "center"}
    names = [
        {"x": 0, "y": (grid.tops[i] + grid.tops[i + 1] - name.count("\n") * line_height(SMALL)) / 2, "text": name}
        for i, name in enumerate(grid.names)
    ]
    heads = [
        {
            "x": grid.left + (k + 0.5) * grid.cell,
            "y": grid.top - 10 - head.count("\n") * line_height(SMALL),
            "text": head,
        }
        for k, head in enumerate(grid.heads)
    ]
    layers = [text_layer(names, y, align="left", **small), text_layer(heads, y, align="center", **small)]
    layers += [text_layer(plain, y, **inside)]
    return [*layers, text_layer(bold, y, fontWeight="bold", **inside)] if bold else layers


def _foot(outcome: Outcome, scale: Scale, grid: _Grid, cap: float) -> tuple[Any, float]:
    """The key of the colours and the rule of reading, under the cells; and the height of the whole."""
    top = grid.tops[-1] + 14
    shares = [1 - k / (STEPS // 2) for k in range(STEPS)]
    texts = [scale.value(sign(outcome) * cap * share) for share in shares]
    step = max(44.0, math.ceil(widest(texts, SMALL) + 8))
    keys = [
        {"x": k * step, "x2": (k + 1) * step, "y": top, "y2": top + 18, "fill": _colour(share)}
        for k, share in enumerate(shares)
    ]
    numbers = [{"x": (k + 0.5) * step, "y": top + 9, "text": text} for k, text in enumerate(texts)]
    sides = [{"x": 0, "y": top + 30, "text": "favours the row"}]
    other = [{"x": STEPS * step, "y": top + 30, "text": "favours the column"}]
    notes = [reading_direction(outcome), "Bold frame: the interval leaves out no difference."]
    if _numbered(outcome):
        notes.append("Columns carry the numbers of their rows.")
    width = max(grid.right, 420.0)
    text = "\n".join(broken(note, width, SMALL) for note in notes)
    below = {"x": 0, "y": top + 54, "text": text}
    small = {"fontSize": SMALL, "lineHeight": line_height(SMALL)}

    def layers(x: Row, y: Row) -> list[Row]:
        return [
            *_rects(keys, {"stroke": LINE, "strokeWidth": 0.6}, x, y),
            text_layer(numbers, y, align="center", **small),
            text_layer(sides, y, align="left", **small),
            text_layer(other, y, align="right", **small),
            text_layer([below], y, align="left", **{**small, "color": MUTED}),
        ]

    return layers, top + 54 + (text.count("\n") + 1) * line_height(SMALL)


def _description(outcome: Outcome, scale: Scale) -> str:
    names = labels(outcome)
    rows = [row for part in main_pairs(outcome) for row in part]
    apart = [row for row in rows if prefers(outcome, row) is not None]
    far = max(rows, key=lambda row: abs(point(row)))
    return (
        f"{plural(len(rows), 'pair')} of {len(names)} treatments. {reading_direction(outcome)} "
        f"{plural(len(apart), 'interval leaves', 'intervals leave')} out no difference (bold frame). Largest: "
        f"{names[far['treatment']]} versus {names[far['versus']]}, {scale.measure} {scale.effect(far)}."
    )
