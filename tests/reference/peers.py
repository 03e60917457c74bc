"""Peers' answers, the networks they were asked of, and the same questions asked of this project."""

from __future__ import annotations

import csv
from pathlib import Path

import physiohub as ph
from physiohub import datasets

HERE = Path(__file__).parent
DATA = Path(datasets.__file__).parent

PRIORS = {
    "": None,
    "N(0, 4)": "normal(0, 4)",
    "N(0, 100)": "normal(0, 100)",
    "p ~ Uniform(0, 1)": "uniform-probability(0, 1)",
    "lambda ~ Gamma(0.001, 0.001)": "gamma(0.001, 0.001)",
    "Uniform(0, 5)": "uniform(0, 5)",
    "half-normal(0.5)": "half-normal(0.5)",
    "half-normal(5)": "half-normal(5)",
    "half-Cauchy(1)": "half-cauchy(1)",
}
"""A prior as the tables write it -> as `ModelSpec` reads it."""


def table(name: str, **where: str) -> list[dict[str, str]]:
    """Rows of a table of this folder, those whose columns have the values asked for."""
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if all(row[k] == v for k, v in where.items())]


def network_file(network: str) -> Path:
    """The file of a published network of `physiohub.datasets`."""
    path = DATA / f"{network}.csv"
    assert path.is_file(), f"no published network is called {network}"
    return path


def peer_network(model: dict[str, str]) -> ph.Network:
    """The network of a row of a table of models, its treatments in the peer's order.

    The order decides which arm of a study is its first, and so what an informative prior of baselines is about.
    """
    network = ph.read_table(network_file(model["network"]), reference=model["reference"])
    treatments = model["treatments"].split(" | ")
    assert sorted(treatments) == sorted(t.id for t in network.treatments)
    for treatment in reversed(treatments):
        network = network.with_reference(treatment)
    return network


def peer_fit(model: dict[str, str], *, seed: int = 1) -> ph.Posterior:
    """Our fit of a row of a table of models, under the priors that the peer had."""
    spec = ph.ModelSpec(
        measure=model["measure"],
        effects="random" if model["effects"] == "random" else "common",
        effect_prior=PRIORS[model["prior_d"]],
        baseline_prior=PRIORS[model["prior_mu"]],
        tau_prior=PRIORS[model["prior_tau"]],
        seed=seed,
    )
    return ph.fit(peer_network(model), spec)


def netmeta_fit(model: dict[str, str], effects: str) -> ph.Posterior:
    """Generalised least squares: normal contrasts, a flat prior of effects, tau at netmeta's value."""
    common = effects == "common"
    spec = ph.ModelSpec(
        measure=model["measure"],
        likelihood="contrast",
        effects="common" if common else "random",
        effect_prior="flat",
        tau_prior=None if common else f"fixed({model['tau_dl']})",
    )
    return ph.fit(ph.read_table(network_file(model["network"]), reference=model["reference"]), spec)


def bayesmeta_fit(model: dict[str, str]) -> ph.Posterior:
    """Log odds ratios as normal contrasts, 0.5 in each cell of a study with a zero cell, under bayesmeta's priors."""
    spec = ph.ModelSpec(
        measure=model["measure"],
        likelihood="contrast",
        zero_cells=0.5,
        effect_prior=PRIORS[model["prior_mu"]],
        tau_prior=PRIORS[model["prior_tau"]],
    )
    return ph.fit(ph.read_table(network_file(model["network"]), reference=model["reference"]), spec)
