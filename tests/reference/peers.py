"""Peers' answers and the networks they were asked of."""

from __future__ import annotations

import csv
from pathlib import Path

from physiohub import datasets

HERE = Path(__file__).parent
DATA = Path(datasets.__file__).parent


def table(name: str, **where: str) -> list[dict[str, str]]:
    """Rows of a table of this folder, those whose columns have the values asked for."""
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if all(row[k] == v for k, v in where.items())]


def network_file(network: str) -> Path:
    """The file of a published network of `physiohub.datasets`."""
    path = DATA / f"{network}.csv"
    assert path.is_file(), f"no published network is called {network}"
    return path
