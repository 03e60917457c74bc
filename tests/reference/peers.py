"""Peers' answers and the networks they were asked of."""

from __future__ import annotations

import csv
from pathlib import Path

HERE = Path(__file__).parent
DATA = HERE.parent / "data"


def table(name: str, **where: str) -> list[dict[str, str]]:
    """Rows of a table of this folder, those whose columns have the values asked for."""
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if all(row[k] == v for k, v in where.items())]


def network_file(network: str) -> Path:
    """The table of a network."""
    return DATA / f"{network}.csv"
