"""Artificial networks of normal contrasts, of any size, the same on every machine."""

from __future__ import annotations

import numpy as np

from physiohub.network.network import Network, build_network
from physiohub.network.study import Arm, Contrasts, Study, Treatment


def contrast_network(studies: int, treatments: int, seed: int = 20261122) -> Network:
    """A connected network of which every fifth study has three arms; tau is 0.3, effects are about 0.5."""
    rng = np.random.default_rng(seed)
    names = [f"T{k:03d}" for k in range(treatments)]
    truth = np.concatenate([[0.0], rng.normal(0, 0.5, treatments - 1)])
    made = []
    for i in range(studies):
        size = 3 if i % 5 == 4 and treatments > 2 else 2
        # the first studies are a star that keeps the network in one piece
        chosen = np.array([0, i + 1]) if i < treatments - 1 else np.sort(rng.choice(treatments, size, replace=False))
        error = rng.uniform(0.1, 0.5, len(chosen))
        study_effect = rng.normal(0, 0.3 / np.sqrt(2), len(chosen))
        mean = truth[chosen] + study_effect + rng.normal(0, error)
        covariance = np.diag(error[1:] ** 2) + error[0] ** 2
        arms = tuple(Arm(treatment=names[t], n=50) for t in chosen)
        made.append(Study(f"s{i}", arms, Contrasts(mean[1:] - mean[0], covariance)))
    return build_network(made, reference=names[0], treatments=[Treatment(id=n, label=n) for n in names])
