"""Deviance, leverage and predictive p of ordered categories against brute force: d, mu and the cut-point on a grid."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_ndtr, xlogy
from scipy.stats import norm

import physiohub as ph
from physiohub.analysis.fit_statistics import fit_statistics
from physiohub.analysis.predictive_check import predictive_check

SD_D, SD_MU = 1.0, 1.5
# study, arm, category
COUNTS = np.array([[[8, 6, 6], [4, 7, 11]], [[20, 9, 3], [11, 12, 8]]])
DRAWS = 40_000
D, MU, CUT = np.linspace(-1.0, 2.2, 65), np.linspace(-2.5, 2.0, 91), np.linspace(0.2, 1.9, 69)


def log_probabilities(theta: np.ndarray, cut: np.ndarray) -> list[np.ndarray]:
    """P(above 0) = Phi(theta), P(above cut) = Phi(theta - cut)."""
    low, high = log_ndtr(-theta), log_ndtr(theta - cut)
    return [low, np.log(-np.expm1(low) - np.exp(high)), high]


def chain(counts: np.ndarray, log_p: list[np.ndarray]) -> np.ndarray:
    """Log density of the conditional binomials, up to a constant that the saturated model shares."""
    return np.asarray(sum(counts[..., j] * one for j, one in enumerate(log_p)))


def saturated(counts: np.ndarray) -> np.ndarray:
    return np.asarray(xlogy(counts, counts / counts.sum(-1, keepdims=True)).sum(-1))


@cache
def brute_force(kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Deviance and leverage (study, arm), and p (study,)."""
    d, mu, cut = D[:, None, None], MU[:, None], CUT
    likelihoods = []
    for counts in COUNTS:
        both = chain(counts[0], log_probabilities(mu, cut)) + chain(counts[1], log_probabilities(mu + d, cut))
        likelihoods.append(np.exp(both + norm.logpdf(mu, 0, SD_MU)))  # (d, mu, cut); the cut-point is uniform
    axis = (1,) if kind == "shared" else (1, 2)
    sums = [one.sum(axis) for one in likelihoods]
    prior = norm.pdf(D, 0, SD_D)
    weight = np.prod(sums, axis=0) * (prior[:, None] if kind == "shared" else prior)
    weight /= weight.sum()
    deviance, leverage, p = np.empty((2, 2)), np.empty((2, 2)), np.empty(2)
    rng = np.random.default_rng(20261202)
    for i, counts in enumerate(COUNTS):
        mass = likelihoods[i] * np.expand_dims(weight / sums[i], axis)
        at = np.unravel_index(np.searchsorted(np.cumsum(mass), rng.random(DRAWS)), mass.shape)
        own, again = np.zeros(DRAWS), np.zeros(DRAWS)
        for k in range(2):
            log_p = [np.broadcast_to(one, mass.shape) for one in log_probabilities(mu + k * d, cut)]
            lost = 2 * (saturated(counts[k]) - chain(counts[k], log_p))
            deviance[i, k] = float((mass * lost).sum())
            leverage[i, k] = deviance[i, k] - plug_in(counts[k], mass, log_p)
            drawn = [one[at] for one in log_p]
            probability = np.exp(np.stack(drawn, axis=1))
            new = rng.multinomial(counts[k].sum(), probability / probability.sum(1, keepdims=True))
            own += lost[at]
            again += 2 * (saturated(new) - chain(new, drawn))
        p[i] = np.mean(again >= own - 1e-9)
    return deviance, leverage, p


def plug_in(counts: np.ndarray, mass: np.ndarray, log_p: list[np.ndarray]) -> float:
    """Deviance at the mean fitted values of the chain: those that stop in a category, of those that reach it."""
    total = 0.0
    for j in range(2):
        reached, stopped = counts[j:].sum(), counts[j]
        left = np.exp(log_p[j]) / sum(np.exp(one) for one in log_p[j:])
        mean = reached * float((mass * left).sum())
        total += 2 * (xlogy(stopped, stopped / mean) + xlogy(reached - stopped, (reached - stopped) / (reached - mean)))
    return float(total)


@cache
def our_fit(kind: str) -> ph.Posterior:
    rows = [
        {
            "study": str(i),
            "treatment": "AB"[k],
            "total": int(COUNTS[i, k].sum()),
            "category_1": int(COUNTS[i, k, 1]),
            "category_2": int(COUNTS[i, k, 2]),
        }
        for i in range(2)
        for k in range(2)
    ]
    spec = ph.ModelSpec(
        measure="PROBIT",
        effects="common",
        effect_prior=f"normal(0, {SD_D})",
        baseline_prior=f"normal(0, {SD_MU})",
        cut_points=kind,  # type: ignore[arg-type]
    )
    return ph.fit(ph.read_arms(pd.DataFrame(rows), reference="A"), spec)


kinds = pytest.mark.parametrize("kind", ["shared", "free"])


@kinds
def test_deviance_and_leverage(kind: str) -> None:
    deviance, leverage, _ = brute_force(kind)
    found = fit_statistics(our_fit(kind))
    assert found.data_points == 8
    for i, study in enumerate(found.studies):
        # some 5,000 draws of a deviance that moves by less than one, and a rule of few points over free cut-points
        assert study.arm_deviance == pytest.approx(deviance[i], abs=0.06)
        assert study.arm_leverage == pytest.approx(leverage[i], abs=0.06)


@kinds
def test_predictive_p(kind: str) -> None:
    exact = brute_force(kind)[2]
    for i, study in enumerate(predictive_check(our_fit(kind), draws=20_000).studies):
        # five standard errors of the two simulations, and what a rule's points make of a step
        assert study.p == pytest.approx(exact[i], abs=5 * np.hypot(study.error, 0.5 / np.sqrt(DRAWS)) + 0.01)
