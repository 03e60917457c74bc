"""Deviance, leverage and predictive p of counts against brute force: every parameter of the model on a grid.

Shares nothing with the engine: study by study mu and delta (not m and u), no tables, no draws, densities of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike
from scipy.special import xlogy
from scipy.stats import norm

import physiohub as ph
from physiohub.analysis.fit_statistics import fit_statistics
from physiohub.analysis.predictive_check import predictive_check

SD_D, SD_MU, SCALE_TAU = 1.5, 2.0, 0.7
# two arms a study, arm 0 first; a study without events in one arm, and one without any
EVENTS = np.array([[3, 9], [0, 4], [0, 0], [12, 7]])
TOTALS = np.array([[20, 22], [15, 14], [9, 9], [30, 31]])


@dataclass(frozen=True)
class BruteForce:
    """Posterior means by (study, arm), and p by study with its Monte Carlo error."""

    deviance: np.ndarray
    leverage: np.ndarray
    p: np.ndarray


def log_density(measure: str, theta: np.ndarray, events: ArrayLike, total: int) -> np.ndarray:
    """Log density of events up to a constant that the saturated model shares."""
    events = np.asarray(events, dtype=float)
    if measure == "IRR":
        return np.asarray(events * (np.log(total) + theta) - total * np.exp(theta))
    if measure == "OR":
        return np.asarray(-events * np.logaddexp(0, -theta) - (total - events) * np.logaddexp(0, theta))
    return np.asarray(events * np.log(-np.expm1(-np.exp(theta))) - (total - events) * np.exp(theta))


def fitted(measure: str, theta: np.ndarray, total: int) -> np.ndarray:
    share = {
        "IRR": lambda: np.exp(theta),
        "OR": lambda: 1 / (1 + np.exp(-theta)),
        "HR": lambda: -np.expm1(-np.exp(theta)),
    }[measure]()
    return np.asarray(total * share)


def at_mean(measure: str, events: ArrayLike, total: int, mean: ArrayLike) -> np.ndarray:
    """The same log density as a function of the expected events; at the events themselves that of a saturated model."""
    events, mean = np.asarray(events, dtype=float), np.asarray(mean, dtype=float)
    if measure == "IRR":
        return np.asarray(xlogy(events, mean) - mean)
    return np.asarray(xlogy(events, mean / total) + xlogy(total - events, 1 - mean / total))


@cache
def brute_force(measure: str) -> BruteForce:
    # all bells are wider than a few of these steps; tau, which ends at zero, in the middle of its steps
    d, tau = np.linspace(-4.5, 5.5, 49), 0.08 * (np.arange(40) + 0.5)
    mu, z = np.linspace(-9, 5, 71), np.linspace(-4.5, 4.5, 21)
    delta = d[:, None, None] + tau[None, :, None] * z  # (d, tau, z)
    log_z, log_mu = norm.logpdf(z), norm.logpdf(mu, 0, SD_MU)
    log_weight = norm.logpdf(d, 0, SD_D)[:, None] + norm.logpdf(tau, 0, SCALE_TAU)
    joints, sums = [], []
    for (r0, r1), (n0, n1) in zip(EVENTS, TOTALS, strict=True):
        theta1 = mu[:, None, None, None] + delta  # (mu, d, tau, z)
        base = log_mu + log_density(measure, mu, r0, n0)
        joint = np.exp(base[:, None, None, None] + log_density(measure, theta1, r1, n1) + log_z)
        study_sum = joint.sum((0, 3))
        joints.append(joint / study_sum[:, :, None])
        sums.append(np.log(study_sum))
        log_weight = log_weight + sums[-1]
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    rng = np.random.default_rng(20261201)
    deviance, leverage, p = np.empty(EVENTS.shape), np.empty(EVENTS.shape), np.empty(len(EVENTS))
    for i, joint in enumerate(joints):
        mass = joint * weight[:, :, None]  # (mu, d, tau, z), sums to one
        theta1 = mu[:, None, None, None] + delta
        for k, (theta, own) in enumerate(((mu, mass.sum((1, 2, 3))), (theta1, mass))):
            r, n = EVENTS[i, k], TOTALS[i, k]
            dev = 2 * (at_mean(measure, r, n, r) - log_density(measure, theta, r, n))
            deviance[i, k] = float((own * dev).sum())
            mean = float((own * fitted(measure, theta, n)).sum())
            leverage[i, k] = deviance[i, k] - 2 * (at_mean(measure, r, n, r) - at_mean(measure, r, n, mean))
        p[i] = drawn_p(measure, i, mass.ravel(), mu, delta, rng)
    return BruteForce(deviance, leverage, p)


def drawn_p(
    measure: str, i: int, mass: np.ndarray, mu: np.ndarray, delta: np.ndarray, rng: np.random.Generator
) -> float:
    """P(D(y_rep) >= D(y)) over draws from the grid."""
    shape = (len(mu), *delta.shape)
    at = np.unravel_index(np.searchsorted(np.cumsum(mass), rng.random(DRAWS) * mass.sum()), shape)
    own, again = np.zeros(DRAWS), np.zeros(DRAWS)
    for k, theta in enumerate((mu[at[0]], mu[at[0]] + delta[at[1], at[2], at[3]])):
        r, n = EVENTS[i, k], TOTALS[i, k]
        mean = fitted(measure, theta, n)
        new = rng.poisson(mean) if measure == "IRR" else rng.binomial(n, mean / n)
        own += 2 * (at_mean(measure, r, n, r) - log_density(measure, theta, r, n))
        again += 2 * (at_mean(measure, new, n, new) - log_density(measure, theta, new, n))
    # the same data give the same deviance up to rounding
    return float(np.mean(again >= own - 1e-9))


DRAWS = 40_000


@cache
def our_fit(measure: str) -> ph.Posterior:
    total = "exposure" if measure == "IRR" else "total"
    rows = [
        {"study": str(i), "treatment": "AB"[k], "events": EVENTS[i, k], total: TOTALS[i, k]}
        for i in range(len(EVENTS))
        for k in range(2)
    ]
    spec = ph.ModelSpec(
        measure=measure,
        effect_prior=f"normal(0, {SD_D})",
        baseline_prior=f"normal(0, {SD_MU})",
        tau_prior=f"half-normal({SCALE_TAU})",
    )
    return ph.fit(ph.read_arms(pd.DataFrame(rows), reference="A"), spec)


measures = pytest.mark.parametrize("measure", ["OR", "IRR", "HR"])


@measures
def test_deviance_and_leverage(measure: str) -> None:
    exact = brute_force(measure)
    # given d and tau an arm's deviance moves by less than one over the posterior, and some 5,000 draws are effective:
    # four standard errors are 0.06; the grids themselves are good to 0.005
    for i, study in enumerate(fit_statistics(our_fit(measure)).studies):
        assert study.arm_deviance == pytest.approx(exact.deviance[i], abs=0.06)
        assert study.arm_leverage == pytest.approx(exact.leverage[i], abs=0.06)
        assert study.deviance == pytest.approx(exact.deviance[i].sum(), abs=0.08)


@measures
def test_predictive_p(measure: str) -> None:
    exact = brute_force(measure)
    for i, study in enumerate(predictive_check(our_fit(measure), draws=20_000).studies):
        # five standard errors of the two simulations, and what a rule's points make of a step
        error = 5 * np.hypot(study.error, 0.5 / np.sqrt(DRAWS)) + 0.01
        assert study.p == pytest.approx(exact.p[i], abs=error)
