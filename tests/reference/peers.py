"""Peers' answers and the networks they were asked of."""

from __future__ import annotations

import csv
from pathlib import Path

import physiohub as ph
from physiohub import datasets

HERE = Path(__file__).parent
DATA = Path(datasets.__file__).parent


def table(name: str, **where: str) -> list[dict[str, str]]:
    """Rows of a table of this folder, those whose columns have the values asked for."""
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if all(row[k] == v for k, v in where.items())]


def gemtc_fit(model: dict[str, str]) -> ph.Posterior:
    """Our fit of a row of `gemtc_models`, under the priors that gemtc had."""
    random = model["effects"] == "random"
    network = ph.read_table(network_file(model["network"]), reference=model["reference"])
    spec = ph.ModelSpec(
        measure="SMD" if "smd" in model["network"] else "MD",
        effects="random" if random else "common",
        effect_prior="normal(0, 100)",
        baseline_prior="normal(0, 100)",
        tau_prior="uniform(0, 5)" if random else None,
    )
    return ph.fit(network, spec)


def network_file(network: str) -> Path:
    """The file of a published network of `physiohub.datasets`."""
    path = DATA / f"{network}.csv"
    assert path.is_file(), f"no published network is called {network}"
    return path
