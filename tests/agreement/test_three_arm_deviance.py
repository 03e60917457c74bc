"""Deviance of a three-arm study when effects and tau are known, against a grid of mu and two correlated deltas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal, norm

import physiohub as ph
from physiohub.analysis.fit_statistics import fit_statistics

EVENTS, TOTALS = np.array([4, 9, 0]), np.array([18, 20, 12])
EFFECT, TAU, MU, SD_MU = 0.3, 0.6, -1.2, 0.8


def log_risk(measure: str, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log p and log(1 - p); minus infinity where the log link has no probability."""
    if measure == "OR":
        return -np.logaddexp(0, -theta), -np.logaddexp(0, theta)
    inside = theta < 0
    return np.where(inside, theta, -np.inf), np.log(-np.expm1(np.where(inside, theta, -1.0)))


@pytest.mark.parametrize("measure", ["OR", "RR"])
def test_deviance_and_leverage(measure: str) -> None:
    mu = np.linspace(MU - 5 * SD_MU, MU + 4 * SD_MU, 181)
    z = np.linspace(-5, 5, 121)
    # delta 2 given delta 1: correlation one half
    delta = [EFFECT + TAU * z[:, None], EFFECT + TAU * (0.5 * z[:, None] + np.sqrt(0.75) * z[None, :])]
    spread = multivariate_normal(np.zeros(2), np.eye(2)).logpdf(np.stack(np.meshgrid(z, z, indexing="ij"), axis=-1))
    theta = [mu[:, None, None], mu[:, None, None] + delta[0], mu[:, None, None] + delta[1]]
    log_p = [log_risk(measure, one) for one in theta]
    logs = [
        np.where(np.isfinite(p), r * np.maximum(p, -1e9) + (n - r) * q, -np.inf)
        for r, n, (p, q) in zip(EVENTS, TOTALS, log_p, strict=True)
    ]
    mass = np.exp(norm.logpdf(mu, MU, SD_MU)[:, None, None] + spread + sum(logs))
    mass /= mass.sum()
    rows = [{"study": "1", "treatment": "ABC"[k], "events": EVENTS[k], "total": TOTALS[k]} for k in range(3)]
    spec = ph.ModelSpec(
        measure=measure,
        tau_prior=f"fixed({TAU})",
        effect_prior=f"normal({EFFECT}, 0.0001)",
        baseline_prior=f"normal({MU}, {SD_MU})",
    )
    found = fit_statistics(ph.fit(ph.read_arms(pd.DataFrame(rows), reference="A"), spec)).studies[0]
    for k, (r, n) in enumerate(zip(EVENTS, TOTALS, strict=True)):
        best = r * np.log(r / n) + (n - r) * np.log1p(-r / n) if r else 0.0
        own = np.broadcast_to(np.where(mass > 0, logs[k], 0.0), mass.shape)
        deviance = 2 * (best - float((mass * own).sum()))
        risk = float((mass * np.exp(log_p[k][0])).sum())
        at_mean = (r * np.log(risk) if r else 0.0) + (n - r) * np.log1p(-risk)
        # rules and tables are good to 1e-4 and better; the grid of the log link ends abruptly, at half a step
        near = 2e-3 if measure == "OR" else 1e-2
        assert found.arm_deviance[k] == pytest.approx(deviance, abs=near)
        assert found.arm_leverage[k] == pytest.approx(deviance - 2 * (best - at_mean), abs=near)
