"""One look for all figures: type, colours, and the measuring and breaking of text.

Colours are of the Okabe-Ito palette, which is safe for colour blindness; whatever a colour tells, a shape, a dash or a
word tells too. Figures are laid out in pixels by us, so text is measured here: widths are those of Helvetica (and of
Arial and Liberation Sans, which vl-convert brings along), with a margin for wider fonts of the reader's system.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = [
    "FONT",
    "GRID",
    "INK",
    "LINE",
    "MAIN",
    "MUTED",
    "SCHEMA",
    "SECOND",
    "SHADE",
    "SIZE",
    "SMALL",
    "ZONE",
    "broken",
    "config",
    "line_height",
    "nice_ticks",
    "pixels",
    "text_layer",
    "text_width",
    "widest",
]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
INK, MUTED, GRID = "#1f2328", "#57606a", "#e3e6ea"
MAIN, SECOND, LINE, ZONE, SHADE = "#005f9e", "#b34700", "#7d8590", "#dcebe2", "#cfe1ef"
SIZE, SMALL = 13, 11.5
MARGIN = 1.17  # the widest common substitute, DejaVu Sans, is that much wider than Helvetica

# advance widths of Helvetica in 1/1000 em, for the characters from space to tilde
WIDTHS = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
ADVANCE = dict(enumerate(map(int, WIDTHS.split()), start=32))


def text_width(text: str, size: float = SIZE) -> float:
    """Width of one line in pixels, with the margin.

    Examples
    --------
    >>> round(text_width("Control", 10))
    38
    """
    units = sum(ADVANCE.get(ord(c), 600 if ord(c) < 0x2E80 else 1000) for c in text)
    return units * size / 1000 * MARGIN


def widest(lines: Sequence[str], size: float = SIZE) -> float:
    """Width of the widest of some lines; a text with breaks counts line by line."""
    return max((text_width(part, size) for line in lines for part in line.split("\n")), default=0.0)


def line_height(size: float = SIZE) -> float:
    """Distance from line to line."""
    return math.ceil(size * 1.25)


def broken(text: str, width: float, size: float = SIZE) -> str:
    r"""The text broken into lines no wider than `width`; a word that is wider is cut.

    Examples
    --------
    >>> broken("Active physiotherapy", 100)
    'Active\nphysiotherapy'
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        for piece in _pieces(word, width, size):
            longer = f"{line} {piece}".strip()
            if line and text_width(longer, size) > width:
                lines.append(line)
                longer = piece
            line = longer
    return "\n".join([*lines, line])


def _pieces(word: str, width: float, size: float) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and text_width(pieces[-1] + character, size) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def nice_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round numbers within [low, high], at most so many, zero among them where it lies inside.

    Examples
    --------
    >>> nice_ticks(-1.3, 0.6)
    [-1.0, -0.5, 0.0, 0.5]
    """
    step = 10.0 ** math.floor(math.log10((high - low) / most))
    for factor in (1, 2, 5, 10, 20):
        first, last = math.ceil(low / (factor * step)), math.floor(high / (factor * step))
        if last - first < most:
            return [round(k * factor * step, 10) for k in range(first, last + 1)]
    raise AssertionError("a factor of 20 always leaves few enough ticks")


def pixels(size: float, *, axis: str) -> dict[str, Any]:
    """Encoding of a field that holds pixels counted from the left or from the top."""
    scale = {"domain": [0, size], "range": [0, size], "nice": False, "zero": False}
    return {"field": axis, "type": "quantitative", "axis": None, "scale": scale}


def text_layer(rows: Sequence[dict[str, Any]], y: dict[str, Any], **mark: Any) -> dict[str, Any]:
    """A layer of text at `x` and `y` pixels; rows hold x, y and text."""
    base = {"type": "text", "baseline": "middle", "fontSize": SIZE, "color": INK, "lineHeight": line_height()}
    place = {"field": "x", "type": "quantitative", "scale": None}
    return {
        "data": {"values": list(rows)},
        "mark": {**base, **mark},
        "encoding": {"x": place, "y": y, "text": {"field": "text"}},
    }


def config() -> dict[str, Any]:
    """The look that every specification carries."""
    axis = {
        "labelFont": FONT,
        "labelFontSize": SMALL,
        "labelColor": MUTED,
        "titleFont": FONT,
        "titleFontSize": SMALL,
        "titleFontWeight": "normal",
        "titleColor": INK,
        "gridColor": GRID,
        "domainColor": LINE,
        "tickColor": LINE,
        "tickSize": 4,
    }
    return {
        "aria": False,  # the whole picture carries one name and one description instead
        "background": "white",
        "font": FONT,
        "lineBreak": "\n",
        "view": {"stroke": None},
        "axis": axis,
        "title": {"font": FONT, "fontSize": SIZE, "fontWeight": "normal", "color": INK, "anchor": "start"},
    }
