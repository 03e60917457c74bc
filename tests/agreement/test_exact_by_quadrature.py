"""The exact engine against the same model written out in full and integrated adaptively."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.stats import multivariate_normal
from tests.agreement.dense import DenseModel
from tests.reference.peers import network_file

import physiohub as ph
from physiohub.inference.exact_posterior import ExactPosterior
from physiohub.model.normal_study import normal_studies
from physiohub.model.priors import TauPrior, parse_prior

# both sides are quadratures run to 1e-11 or better
CLOSE = 2e-9


PRIORS = (
    "half-normal(0.5)", "uniform(0, 5)", "half-cauchy(0.3)", "log-normal(-3, 1.5)", "t(0, 1, 3)", "normal(0.2, 1)",
    "inverse-gamma(1, 0.1)", "uniform(0.5, 1)",
)  # fmt: skip
CASES = [("parkinson_arms", prior) for prior in PRIORS]
CASES += [("parkinson_mixed", "half-normal(0.5)"), ("parkinson_differences", "uniform(0, 5)")]


@pytest.mark.parametrize(("coding", "tau_prior"), CASES)
def test_posterior_equals_brute_force(coding: str, tau_prior: str) -> None:
    network = ph.read_table(network_file(coding), reference="Placebo")
    spec = ph.ModelSpec(measure="MD", tau_prior=tau_prior, effect_prior="normal(0, 10)", baseline_prior="normal(0, 20)")
    fit = ph.fit(network, spec)
    prior = parse_prior(tau_prior, "tau")
    assert isinstance(prior, TauPrior)
    dense = DenseModel(list(normal_studies(network, spec)), len(network.treatments), 10.0, 20.0, prior)
    k = 2
    ours = fit.effect(fit.treatments[k + 1], "Placebo")
    predictive = fit.predictive(fit.treatments[k + 1], "Placebo")
    assert float(ours.mean) == pytest.approx(dense.mean(k), abs=CLOSE)
    for q in (0.025, 0.5):
        assert dense.cdf(k, float(ours.quantile(q))) == pytest.approx(q, abs=CLOSE)
        assert dense.predictive_cdf(k, float(predictive.quantile(q))) == pytest.approx(q, abs=CLOSE)
    assert fit.tau is not None
    assert fit.tau.mean == pytest.approx(dense.expect(lambda tau, m, c: tau), abs=CLOSE)
    for q in (0.025, 0.5, 0.975):
        assert dense.tau_cdf(fit.tau.quantile(q)) == pytest.approx(q, abs=1e-7)
    density, step = fit.tau.density([0.6, 0.7]), 1e-4
    slope = (fit.tau.cdf(0.7 + step) - fit.tau.cdf(0.7 - step)) / (2 * step)
    assert density[1] == pytest.approx(slope, rel=1e-5)


def test_log_evidence_is_the_log_of_the_marginal_likelihood() -> None:
    network = ph.read_table(network_file("parkinson_mixed"), reference="Placebo")
    spec = ph.ModelSpec(
        measure="MD", tau_prior="half-normal(1)", effect_prior="normal(0, 10)", baseline_prior="normal(0, 20)"
    )
    prior = parse_prior("half-normal(1)", "tau")
    assert isinstance(prior, TauPrior)
    dense = DenseModel(list(normal_studies(network, spec)), 5, 10.0, 20.0, prior)
    peak = dense.given(0.3)[0]
    total = quad(
        lambda t: dense.given(t)[0] / peak * float(np.exp(prior.log_density(t))), 0, 12, points=[0.3, 2], epsabs=1e-13,
        epsrel=1e-12, limit=300,
    )[0]  # fmt: skip
    assert ph.fit(network, spec).log_evidence == pytest.approx(np.log(total) + np.log(peak), abs=1e-9)


def test_t_prior_of_an_effect_equals_a_double_integral() -> None:
    """Two treatments: d and tau by two-dimensional quadrature over the t density itself."""
    network = ph.read_table(network_file("parkinson_arms"), reference="Bromocriptine")
    pair = [s for s in network.studies if s.design == {"Bromocriptine", "Cabergoline"}]
    # columns: means and SEs of arm 1 and arm 0
    table = np.array(
        [[s.arms[k].mean for k in (1, 0)] + [s.arms[k].mean_se for k in (1, 0)] for s in pair], dtype=float
    )
    y, v = table[:, 0] - table[:, 1], table[:, 2] ** 2 + table[:, 3] ** 2

    def joint(tau: float, d: float) -> float:
        spread = np.add(v, tau**2)
        log_likelihood = -0.5 * np.sum(np.square(np.subtract(y, d)) / spread + np.log(spread))
        # t with 3 degrees of freedom and scale 0.2, half-normal(0.3)
        return float(np.exp(log_likelihood - 0.5 * (tau / 0.3) ** 2) * (1 + (d / 0.2) ** 2 / 3) ** -2)

    box = (-4.0, 4.0, 0.0, 2.0)
    total = dblquad(joint, *box, epsabs=1e-7)[0]
    mean = dblquad(lambda tau, d: d * joint(tau, d), *box, epsabs=1e-7)[0] / total

    two = ph.network.network.build_network(pair, reference="Bromocriptine", treatments=network.treatments[:1] + tuple(
        t for t in network.treatments if t.id == "Cabergoline"))  # fmt: skip
    fit = ph.fit(two, ph.ModelSpec(measure="MD", tau_prior="half-normal(0.3)", effect_prior="t(0, 0.2, 3)"))
    ours = fit.effect("Cabergoline", "Bromocriptine")
    # the engine states its own error in posterior SDs
    assert fit.engine.numerical_error < 1e-3
    assert float(ours.mean) == pytest.approx(mean, abs=3 * fit.engine.numerical_error * float(ours.sd))


def test_probability_of_being_best_is_an_orthant_of_the_normal() -> None:
    network = ph.read_table(network_file("parkinson_arms"), reference="Placebo")
    fit = ph.fit(network, ph.ModelSpec(measure="MD", effects="common", effect_prior="normal(0, 100)"))
    assert isinstance(fit, ExactPosterior)
    ranking = ph.rank(fit, better="lower")
    mean = np.concatenate([[0.0], fit.means[0]])
    cov = np.zeros((5, 5))
    cov[1:, 1:] = fit.covariances[0]
    for j, row in enumerate(ranking.rows):
        others = [i for i in range(5) if i != j]
        contrast = np.zeros((4, 5))
        contrast[range(4), others], contrast[:, j] = -1.0, 1.0
        # best: every theta_j - theta_i below zero
        exact = multivariate_normal(contrast @ mean, contrast @ cov @ contrast.T).cdf(np.zeros(4))
        assert row.p_best == pytest.approx(float(exact), abs=max(5 * row.rank_error, 1e-3))
