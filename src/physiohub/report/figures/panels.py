"""Small multiples: one panel a treatment, all of one size and on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from physiohub.report.figures.style import SCHEMA, SMALL, broken, config, line_height

__all__ = ["COLUMNS", "PANEL_HEIGHT", "PANEL_WIDTH", "panel_spec", "rank_axes"]

PANEL_WIDTH, PANEL_HEIGHT, COLUMNS = 150, 90, 4
GAP = 48


def panel_spec(
    titles: Sequence[Sequence[str]],
    contents: Sequence[dict[str, Any]],
    *,
    width: float = PANEL_WIDTH,
    height: float = PANEL_HEIGHT,
    columns: int = COLUMNS,
) -> dict[str, Any]:
    """Panels in rows of `columns`, each under its title.

    Parameters
    ----------
    titles
        Of each panel: its treatment, which is broken to the panel's width, and further lines.
    contents
        Of each panel: data with mark or layer, and encoding.
    """
    broke = [[*broken(name, width + 20, SMALL).split("\n"), *more] for name, *more in titles]
    panels = [
        {
            "title": {"text": title, "fontSize": SMALL, "lineHeight": line_height(SMALL), "offset": 8},
            "width": width,
            "height": height,
            **content,
        }
        for title, content in zip(broke, contents, strict=True)
    ]
    return {
        "$schema": SCHEMA,
        "concat": panels,
        "columns": min(columns, len(panels)),
        "bounds": "flush",
        "spacing": {"row": 46 + max(map(len, broke)) * line_height(SMALL), "column": GAP},
        "padding": {"left": 6, "top": 6, "bottom": 6, "right": 26},
        "config": config(),
    }


def rank_axes(size: int, top: float, *, first: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Axes of a panel over ranks: the ranks that are named, and probabilities up to `top`."""
    y_axis = {
        "values": [0, top / 2, top],
        "title": "Probability" if first else None,
        "format": ".3~f",
        "domain": False,
        "titlePadding": 10,
    }
    x_axis = {"values": _shown(size), "title": "Rank", "labelAngle": 0, "ticks": False, "labelOverlap": False}
    return x_axis, y_axis


def _shown(size: int) -> list[int]:
    """Ranks that are named under a panel: all while they fit, else the first, some, and the last."""
    if size <= 9:
        return list(range(1, size + 1))
    step = 5 if size <= 20 else 10
    between = [k for k in range(step, size, step) if size - k >= step / 2]
    return [1, *between, size]
