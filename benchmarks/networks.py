"""Artificial networks of normal contrasts and of counts, of any size, the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from physiohub.network.network import Network, build_network
from physiohub.network.study import Arm, Contrasts, Study, Treatment


def contrast_network(studies: int, treatments: int, seed: int = 20261122) -> Network:
    """A connected network of which every fifth study has three arms; tau is 0.3, effects are about 0.5."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([[0.0], rng.normal(0, 0.5, treatments - 1)])
    made = []
    for i, chosen in enumerate(_arms(studies, treatments, rng)):
        error = rng.uniform(0.1, 0.5, len(chosen))
        study_effect = rng.normal(0, 0.3 / np.sqrt(2), len(chosen))
        mean = truth[chosen] + study_effect + rng.normal(0, error)
        covariance = np.diag(error[1:] ** 2) + error[0] ** 2
        arms = tuple(Arm(treatment=_name(t), n=50) for t in chosen)
        made.append(Study(f"s{i}", arms, Contrasts(mean[1:] - mean[0], covariance)))
    return _network(made, treatments)


def count_network(studies: int, treatments: int, seed: int = 20261122) -> Network:
    """The same with events out of 20 to 400 people, the risk about 0.2: some arms have no event."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([[0.0], rng.normal(0, 0.5, treatments - 1)])
    made = []
    for i, chosen in enumerate(_arms(studies, treatments, rng)):
        total = rng.integers(20, 400, len(chosen))
        log_odds = rng.normal(-1.5, 0.8) + truth[chosen] + rng.normal(0, 0.3 / np.sqrt(2), len(chosen))
        events = rng.binomial(total, 1 / (1 + np.exp(-log_odds)))
        arms = (
            Arm(treatment=_name(t), events=float(r), total=float(n))
            for t, r, n in zip(chosen, events, total, strict=True)
        )
        made.append(Study(f"s{i}", tuple(arms)))
    return _network(made, treatments)


def _arms(studies: int, treatments: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Treatments of each study; the first studies are a star that keeps the network in one piece."""
    for i in range(studies):
        size = 3 if i % 5 == 4 and treatments > 2 else 2
        yield np.array([0, i + 1]) if i < treatments - 1 else np.sort(rng.choice(treatments, size, replace=False))


def _name(treatment: int) -> str:
    return f"T{treatment:03d}"


def _network(studies: list[Study], treatments: int) -> Network:
    names = [_name(k) for k in range(treatments)]
    return build_network(studies, reference=names[0], treatments=[Treatment(id=n, label=n) for n in names])
