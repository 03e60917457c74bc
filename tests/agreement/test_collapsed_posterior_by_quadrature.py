"""Whole posteriors of one and two effects and tau: the collapsed engine's draws against dense grids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.interpolate import CubicSpline
from tests.agreement.brute_force import normal_baseline, pair_log_likelihoods, panels
from tests.agreement.collapsed_studies import TREATMENTS, Rows, arm_data, network_of

import physiohub as ph

Floats = NDArray[np.float64]
# some 80 comparisons: were the engine right and its errors normal, one beyond this in 2,000 runs of this file
FAR = 4.5
# grids of the brute side are good to 1e-5 of a probability (halved steps: 4e-6 at most)
GRID = 1e-4


@dataclass(frozen=True)
class Case:
    measure: str
    studies: Sequence[Rows]
    spec: ph.ModelSpec
    low: tuple[float, ...]
    high: tuple[float, ...]
    prior_sd: float
    tau_sd: float


def case(measure: str, studies: Sequence[Rows], low: tuple[float, ...], high: tuple[float, ...], sd: float) -> Case:
    spec = ph.ModelSpec(
        measure=measure, effect_prior=f"normal(0, {sd:g})", baseline_prior="normal(-1, 2)", tau_prior="half-normal(1)",
        engine="collapsed",
    )  # fmt: skip
    return Case(measure, studies, spec, low, high, sd, 1.0)


CASES = {
    "two treatments": case(
        "OR", [[("A", 5, 50), ("B", 9, 55)], [("A", 8, 80), ("B", 22, 75)], [("A", 0, 20), ("B", 3, 22)]],
        (-6.0,), (8.0,), 10.0,
    ),
    "nobody under one treatment": case(
        "OR", [[("A", 7, 22), ("B", 0, 20)], [("A", 4, 30), ("B", 0, 25)]], (-60.0,), (5.0,), 10.0
    ),
    "rates": case("IRR", [[("A", 5, 50.0), ("B", 9, 55.0)], [("A", 8, 80.0), ("B", 22, 75.0)]], (-6.0,), (8.0,), 10.0),
    "three treatments": case(
        "OR", [[("A", 5, 50), ("B", 9, 55)], [("A", 8, 40), ("C", 3, 42)], [("B", 12, 75), ("C", 9, 70)],
               [("A", 6, 60), ("B", 8, 62)]],
        (-4.5, -5.5), (5.5, 4.5), 10.0,
    ),
    "probit, everybody under one treatment": case(
        "PROBIT", [[("A", 15, 22), ("B", 20, 20)], [("A", 18, 30), ("B", 25, 25)]], (-3.0,), (50.0,), 10.0
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Dense:
    """A posterior on a grid: mass (tau, d1[, d2]) that sums to one."""

    tau: Floats
    d: list[Floats]
    weight: list[Floats]
    mass: Floats
    density_tau: Floats
    log_evidence: float

    def marginal(self, k: int) -> Floats:
        return np.asarray(self.mass.sum(tuple(i for i in range(self.mass.ndim) if i != k + 1)))

    def cdf(self, k: int, x: float) -> float:
        """By a spline through the distribution function at the grid points."""
        density = self.marginal(k) / self.weight[k]
        return _cdf(self.d[k], density, x, float(self.d[k][0]))

    def cdf_tau(self, x: float) -> float:
        return _cdf(self.tau, self.density_tau, x, 0.0)


def _cdf(at: Floats, density: Floats, x: float, start: float) -> float:
    primitive = CubicSpline(at, density).antiderivative()
    return float(primitive(x) - primitive(start))


@cache
def dense(name: str) -> Dense:
    of = CASES[name]
    tau, weight_tau = panels(1e-6, 6.0, [(0.0, 0.25)], points=4)
    grids = [panels(a, b, [(0.0, 0.35)], points=5) for a, b in zip(of.low, of.high, strict=True)]
    d, weight = [g[0] for g in grids], [g[1] for g in grids]
    shape = tuple(len(x) for x in d)
    log_prior = sum(np.add.outer(*parts) if len(parts) == 2 else parts[0] for parts in [[
        stats.norm.logpdf(x, 0, of.prior_sd) + np.log(w) for x, w in zip(d, weight, strict=True)]])  # fmt: skip
    log_post = np.empty((len(tau), *shape))
    every = np.meshgrid(*d, indexing="ij")
    for i, t in enumerate(tau):
        total = np.asarray(log_prior) + np.zeros(shape)
        for rows in of.studies:
            arms = [arm_data(of.measure, *row[1:]) for row in rows]
            place = [TREATMENTS.index(str(row[0])) for row in rows]
            c = every[place[1] - 1] - (every[place[0] - 1] if place[0] else 0.0)
            fine = np.sort(panels(float(c.min()) - 0.1, float(c.max()) + 0.1, [(0.0, 0.5)], points=4)[0])
            found = pair_log_likelihoods(arms, normal_baseline(-1, 2), fine, float(t))
            total = total + CubicSpline(fine, found)(c)
        log_post[i] = total + stats.halfnorm.logpdf(t, scale=of.tau_sd) + np.log(weight_tau[i])
    peak = float(log_post.max())
    mass = np.exp(log_post - peak)
    total_mass = float(mass.sum())
    mass = mass / total_mass
    density = mass.reshape(len(tau), -1).sum(1) / weight_tau
    return Dense(tau, d, weight, mass, density, peak + float(np.log(total_mass)))


@pytest.mark.parametrize("name", sorted(CASES))
def test_effects_tau_and_evidence(name: str) -> None:
    of, exact = CASES[name], dense(name)
    fit = ph.fit(network_of(of.measure, of.studies), of.spec)
    assert fit.engine.name == "collapsed"
    assert fit.verdict.ok, fit.verdict.reasons
    ess = fit.engine.ess
    assert ess is not None
    assert ess > 2000
    z: dict[str, float] = {}
    for k in range(len(of.low)):
        effect, mass = fit.effect(fit.treatments[k + 1], "A"), exact.marginal(k)
        mean = float(exact.d[k] @ mass)
        sd = float(np.sqrt(np.square(exact.d[k] - mean) @ mass))
        kurtosis = float((exact.d[k] - mean) ** 4 @ mass) / sd**4
        z[f"mean {k}"] = (float(effect.mean) - mean) / (sd / np.sqrt(ess))
        z[f"sd {k}"] = (float(effect.sd) - sd) / (sd * np.sqrt((kurtosis - 1) / (4 * ess)))
        for q in (0.025, 0.25, 0.5, 0.75, 0.975):
            missed = exact.cdf(k, float(effect.quantile(q))) - q
            z[f"quantile {k} {q}"] = missed / (np.sqrt(q * (1 - q) / ess) + GRID / FAR)
    assert fit.tau is not None
    mass = exact.mass.reshape(len(exact.tau), -1).sum(1)
    mean = float(exact.tau @ mass)
    sd = float(np.sqrt(np.square(exact.tau - mean) @ mass))
    z["mean tau"] = (fit.tau.mean - mean) / (sd / np.sqrt(ess))
    z["sd tau"] = (fit.tau.sd - sd) / (sd / np.sqrt(ess))
    for q in (0.025, 0.25, 0.5, 0.75, 0.975):
        missed = exact.cdf_tau(fit.tau.quantile(q)) - q
        z[f"quantile tau {q}"] = missed / (np.sqrt(q * (1 - q) / ess) + GRID / FAR)
    assert fit.log_evidence is not None
    # the log of a mean of weights, whose relative variance is that of the weights over their number
    error = np.sqrt(max(1 / ess - 1 / fit.engine.points, 0.0)) + fit.engine.numerical_error + GRID
    z["evidence"] = (fit.log_evidence - exact.log_evidence) / error
    assert max(abs(v) for v in z.values()) < FAR, {k: round(v, 1) for k, v in z.items() if abs(v) > 3}


def test_a_treatment_without_events_runs_into_the_tail_of_its_prior() -> None:
    """Half of the posterior lies where the data are all but flat, and follows the prior there."""
    fit = ph.fit(
        network_of("OR", CASES["nobody under one treatment"].studies), CASES["nobody under one treatment"].spec
    )
    effect = fit.effect("B", "A")
    tail = [float(effect.cdf(x)) for x in (-30.0, -20.0, -12.0)]
    prior = stats.norm(0, 10).cdf([-30.0, -20.0, -12.0])
    ess = fit.engine.ess
    assert ess is not None
    for (p, q), (a, b) in zip([tail[:2], tail[1:]], [prior[:2], prior[1:]], strict=True):
        # a ratio of two shares of the draws
        assert p / q == pytest.approx(a / b, abs=4.5 * np.sqrt(a / b * (1 - a / b) / (ess * q)))
