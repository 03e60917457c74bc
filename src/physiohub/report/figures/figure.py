"""A figure: what is drawn, the words that stand in for it, and the numbers behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from physiohub.report.tables.table import Table

__all__ = ["Figure", "Omitted"]


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A figure before it is rendered.

    Attributes
    ----------
    id
        Name of its file.
    title
        What is shown, of which outcome.
    description
        What is seen, in numbers: the alternative text.
    spec
        Vega-Lite specification with its data.
    table
        The numbers behind the figure.
    """

    id: str
    title: str
    description: str
    spec: dict[str, Any]
    table: Table


@dataclass(frozen=True, slots=True)
class Omitted:
    """A figure that cannot be drawn, and why."""

    id: str
    title: str
    reason: str
