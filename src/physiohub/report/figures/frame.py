"""The frame of a forest plot: its rows, its columns in pixels, and the limits and ticks of its axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from physiohub.report.figures.style import SIZE, SMALL, broken, line_height, nice_ticks, text_width, widest
from physiohub.report.format import Scale

__all__ = [
    "INDENT",
    "LABEL_WIDTH",
    "PLOT_WIDTH",
    "Chart",
    "Frame",
    "Line",
    "framed",
    "labelled",
    "limits_of",
    "row_axis",
    "ticks",
    "value_axis",
]

INDENT = {"network": 0.0, "study": 10.0, "heading": 0.0}
BOLD = 0.88  # how much less of a bold text fits on a line
LABEL_WIDTH, WIDE_LABELS, PLOT_WIDTH, GUTTER = 200.0, 290.0, 300.0, 14.0
RATIO_TICKS: tuple[tuple[float, ...], ...] = (  # the first that puts three to nine ticks on the axis is taken
    (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100),
    (0.01, 0.05, 0.2, 0.5, 1, 2, 5, 20, 100),
    (0.01, 0.1, 1, 10, 100),
    (0.25, 0.5, 0.75, 1, 1.5, 2, 3),
    (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2),
    (0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2, 1.3),
    (0.95, 0.96, 0.97, 0.98, 0.99, 1, 1.01, 1.02, 1.03, 1.04, 1.05),
    (1e-6, 1e-4, 0.01, 1, 100, 1e4, 1e6),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One row. Numbers are on the analysis scale; a heading has none.

    Attributes
    ----------
    kind
        ``"network"`` for a result of the model, ``"study"`` for a trial's own, ``"heading"`` for a line of text.
    text, second
        What is printed at the right: the estimate, and the prediction interval where there is a column for it.
    """

    label: str
    kind: Literal["network", "study", "heading"]
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    predictive: tuple[float, float] | None = None
    text: str = ""
    second: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """What surrounds the rows.

    Attributes
    ----------
    headings
        Over the labels, the numbers, and the second column of numbers (empty: there is none).
    favours
        What lies to the left and to the right of no difference, in words.
    zone
        Limits of the important zone on the analysis scale, None for an open end; None: no zone is shaded.
    notes
        Lines under the axis.
    """

    scale: Scale
    headings: tuple[str, str, str]
    favours: tuple[str, str]
    notes: tuple[str, ...] = ()
    zone: tuple[float | None, float | None] | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixels and limits: the plot from x0 to x1 and top to bottom, the axis from low to high."""

    low: float
    high: float
    x0: float
    x1: float
    top: float
    bottom: float
    numbers: float
    second: float
    width: float
    middles: tuple[float, ...]

    def cut(self, value: float) -> float:
        """The value, or the end of the axis it lies beyond."""
        return min(max(value, self.low), self.high)


def _size(line: Line) -> float:
    return SIZE if line.kind == "network" else SMALL


def _wide(text: str, line: Line) -> float:
    return INDENT[line.kind] + widest([text], _size(line)) / (BOLD if line.kind == "heading" else 1.0)


def limits_of(lines: Sequence[Line], chart: Chart) -> tuple[float, float]:
    """Limits of the axis: the null, all estimates, and their intervals unless one is far wider than is typical."""
    edges = [edge for edge in chart.zone or () if edge is not None]
    core = [0.0, *edges, *(line.estimate for line in lines if line.estimate is not None)]
    room = 3 * _typical_width(lines)
    ends = [*core, *(v for line in lines for v in (line.low, line.high) if v is not None)]
    low, high = max(min(ends), min(core) - room), min(max(ends), max(core) + room)
    room = 0.8 * (high - low)
    reach = [v for line in lines for v in line.predictive or ()]
    low, high = max(min([low, *reach]), low - room), min(max([high, *reach]), high + room)
    margin = 0.03 * (high - low) or 1.0
    return low - margin, high + margin


def _typical_width(lines: Sequence[Line]) -> float:
    widths = sorted(line.high - line.low for line in lines if line.high is not None and line.low is not None)
    return widths[len(widths) // 2] if widths else 0.0


def labelled(lines: Sequence[Line]) -> list[str]:
    """Labels of the rows, broken to the width of their column, which is wider where one would take many lines."""
    narrow, wide = ([_broken(line, width) for line in lines] for width in (LABEL_WIDTH, WIDE_LABELS))
    return wide if any(text.count("\n") > 2 for text in narrow) else narrow


def _broken(line: Line, width: float) -> str:
    return broken(line.label, width * (BOLD if line.kind == "heading" else 1), _size(line))


def framed(lines: Sequence[Line], names: Sequence[str], chart: Chart, axis_limits: tuple[float, float]) -> Frame:
    """Where everything stands, for rows with these broken labels."""
    low, high = axis_limits
    label = max(_wide(text, line) for text, line in zip(names, lines, strict=True))
    x0 = math.ceil(max(90.0, label, widest([broken(chart.headings[0], LABEL_WIDTH, SMALL)], SMALL))) + GUTTER
    numbers = x0 + PLOT_WIDTH + GUTTER
    second = numbers + math.ceil(widest([line.text for line in lines] + [chart.headings[1]], SMALL)) + GUTTER
    width = second
    if chart.headings[2]:
        width += math.ceil(max(90.0, widest([line.second for line in lines], SMALL)))
    top = 14.0 + line_height(SMALL) * max(2, *(_head_lines(h) for h in chart.headings))
    middles, y = [], top
    for text in names:
        tall = max(24.0, (text.count("\n") + 1) * line_height() + 8)
        middles.append(y + tall / 2)
        y += tall
    return Frame(low, high, x0, x0 + PLOT_WIDTH, top, y + 4, numbers, second, width, tuple(middles))


def _head_lines(heading: str) -> int:
    return broken(heading, LABEL_WIDTH, SMALL).count("\n") + 1


def ticks(low: float, high: float, scale: Scale, *, length: float = PLOT_WIDTH, upright: bool = False) -> list[float]:
    """Ticks on the printed scale, for limits on the analysis scale.

    Parameters
    ----------
    length
        Of the axis in pixels; labels of a ratio keep apart on it.
    upright
        Whether the axis is vertical, so that labels need room by their height.
    """
    if not scale.ratio:
        return nice_ticks(low, high)
    inside = [[tick for tick in choice if low <= math.log(tick) <= high] for choice in RATIO_TICKS]
    pixels = length / (high - low)
    roomy = [found for found in inside if _apart(found, pixels, upright=upright)]
    return next((found for found in roomy if 3 <= len(found) <= 9), max(roomy, key=len, default=[]) or [1.0])


def _apart(found: Sequence[float], pixels: float, *, upright: bool) -> bool:
    """Whether the labels of ticks do not touch."""
    sizes = [SMALL if upright else text_width(f"{tick:g}", SMALL) for tick in found]
    gaps = [pixels * math.log(b / a) for a, b in pairwise(found)]
    return all(gap > (a + b) / 2 + 5 for gap, (a, b) in zip(gaps, pairwise(sizes), strict=True))


def value_axis(frame: Frame, scale: Scale) -> dict[str, Any]:
    """Encoding of values: the printed scale, drawn between the columns of text."""
    domain = [scale.printed(frame.low), scale.printed(frame.high)]
    kind = {"type": "log", "base": 10} if scale.ratio else {"type": "linear", "zero": False}
    name = f"{scale.measure}, logarithmic axis" if scale.ratio else scale.measure
    values = ticks(frame.low, frame.high, scale)
    places = max((len(f"{tick:.10g}".partition(".")[2]) for tick in values), default=0)
    return {
        "field": "x",
        "type": "quantitative",
        "scale": {**kind, "domain": domain, "range": [frame.x0, frame.x1], "nice": False},
        "axis": {"values": values, "grid": False, "title": name, "format": "~r" if scale.ratio else f".{places}f"},
    }


def row_axis(frame: Frame) -> dict[str, Any]:
    """Encoding of rows: pixels from the top."""
    scale = {"domain": [0, frame.bottom], "range": [0, frame.bottom], "nice": False, "zero": False}
    return {"field": "y", "type": "quantitative", "axis": None, "scale": scale}
