"""Dbar, leverage and pD in closed form against draws of every quantity of the model."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reference.peers import network_file

import physiohub as ph
from physiohub.analysis.fit_statistics import fit_statistics
from physiohub.inference.exact_posterior import ExactPosterior

DRAWS = 60_000


def drawn_fitted_values(fit: ExactPosterior, i: int, rng: np.random.Generator) -> np.ndarray:
    """Draws (draw, observed) of the fitted values of a study, step by step: tau and d, then theta given them and y."""
    study = fit.rows.studies[i]
    node = rng.choice(len(fit.weights), DRAWS, p=fit.weights)
    factor = np.linalg.cholesky(fit.covariances)
    d = fit.means[node] + np.einsum("nij,nj->ni", factor[node], rng.standard_normal((DRAWS, fit.means.shape[1])))
    prior_mean = d @ study.design(fit.means.shape[1]).T
    values: np.ndarray = np.empty_like(prior_mean)
    for k in np.unique(node):
        at = node == k
        prior = fit.tau_nodes[k] ** 2 * study.heterogeneity
        if study.level == "arm":
            prior = prior + 1e5  # a baseline that is flat for these data
        gain = prior @ np.linalg.inv(prior + study.sampling)
        left = prior - gain @ prior
        noise = rng.multivariate_normal(
            np.zeros(len(study.y)), (left + left.T) / 2, at.sum(), method="eigh", check_valid="ignore"
        )
        values[at] = prior_mean[at] + (study.y - prior_mean[at]) @ gain.T + noise
    return values


@pytest.mark.parametrize("coding", ["parkinson_arms", "parkinson_differences", "parkinson_mixed"])
def test_deviance_and_leverage(coding: str) -> None:
    network = ph.read_table(network_file(coding), reference="Placebo")
    fit = ph.fit(network, ph.ModelSpec(measure="MD", tau_prior="half-normal(1)", effect_prior="normal(0, 100)"))
    assert isinstance(fit, ExactPosterior)
    rng = np.random.default_rng(20261122)
    for i, ours in enumerate(fit_statistics(fit).studies):
        study = fit.rows.studies[i]
        residual = study.y - drawn_fitted_values(fit, i, rng)
        precision = np.linalg.inv(study.sampling)
        deviance = np.einsum("ni,ij,nj->n", residual, precision, residual)
        error = 5 * deviance.std() / np.sqrt(DRAWS)
        assert ours.deviance == pytest.approx(deviance.mean(), abs=error)
        centre = residual.mean(0)
        leverage = deviance.mean() - centre @ precision @ centre
        assert ours.leverage == pytest.approx(leverage, abs=2 * error)
        if study.level == "arm":
            assert sum(ours.arm_deviance) == pytest.approx(ours.deviance, rel=1e-12)
            spread = np.sqrt(np.diag(precision))
            noise = 5 * (residual * spread).std(0).max() / np.sqrt(DRAWS)
            assert ours.arm_residual == pytest.approx(centre * spread, abs=noise)
            assert ours.residual is None
        elif len(study.y) == 1:
            assert ours.residual == pytest.approx(centre[0] * np.sqrt(precision[0, 0]), abs=error)
        else:
            assert ours.residual is None
