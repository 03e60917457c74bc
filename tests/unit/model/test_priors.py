from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from physiohub.errors import ModelError
from physiohub.model.priors import (
    Fixed,
    HalfCauchy,
    HalfNormal,
    InverseGamma,
    LogNormal,
    LogT,
    Normal,
    StudentT,
    TauPrior,
    Uniform,
    parse_prior,
)

TAU_PRIORS = [
    HalfNormal(0.5), Uniform(0, 5), Uniform(0.5, 1), HalfCauchy(1), LogNormal(-3, 1.5), LogT(-3.02, 2.27, 5),
    InverseGamma(1, 0.1), StudentT(0, 1, 3), StudentT(0.5, 0.2, 2), Normal(0, 1), Normal(0.4, 0.3),
]  # fmt: skip


@pytest.mark.parametrize("prior", TAU_PRIORS, ids=str)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_quantile_and_density_agree(prior: TauPrior, p: float) -> None:
    low, middle = prior.support[0], prior.quantile(p)
    cuts = np.unique([low, *[c for c in (1e-6, 1e-4, 1e-2, 0.1) if low < c < middle], middle])
    mass = sum(quad(lambda t: float(np.exp(prior.log_density(t))), a, b)[0] for a, b in pairwise(cuts))
    assert mass == pytest.approx(p, abs=1e-6)


@pytest.mark.parametrize(
    ("prior", "of_variance"),
    [
        (LogNormal(-3, 1.5), stats.lognorm(1.5, scale=np.exp(-3))),
        (InverseGamma(1.5, 0.1), stats.invgamma(1.5, scale=0.1)),
    ],
    ids=str,
)
def test_priors_on_the_variance_carry_the_factor_two_tau(prior: TauPrior, of_variance: object) -> None:
    tau = np.array([0.05, 0.2, 0.9])
    assert np.exp(prior.log_density(tau)) == pytest.approx(of_variance.pdf(tau**2) * 2 * tau, rel=1e-12)  # type: ignore[attr-defined]


def test_rhodes_prior_of_physiotherapy_pain() -> None:
    """Printed quantiles: tau median 0.221, quartiles 0.097 and 0.504, 95% 0.012 to 4.09."""
    prior = LogT(-3.02, 2.27, 5)
    found = [round(prior.quantile(p), d) for p, d in ((0.5, 3), (0.25, 3), (0.75, 3), (0.025, 3), (0.975, 2))]
    assert found == [0.221, 0.097, 0.504, 0.012, 4.09]


@pytest.mark.parametrize("prior", TAU_PRIORS, ids=str)
def test_nothing_below_zero(prior: TauPrior) -> None:
    assert np.isneginf(prior.log_density(-0.1))


@given(st.floats(1e-3, 1e3), st.floats(-1e3, 1e3), st.floats(0.5, 60))
def test_text_form_reads_back(s: float, mu: float, df: float) -> None:
    for prior in (HalfNormal(s), LogT(mu, s, df), LogNormal(mu, s), InverseGamma(s, df), Uniform(0, s), Fixed(s)):
        again = parse_prior(str(prior), "tau")
        assert str(again) == str(prior)
        assert type(again) is type(prior)


@pytest.mark.parametrize(
    ("text", "role", "says"),
    [
        ("half-norml(1)", "tau", "is not a prior"),
        ("half-normal", "tau", "takes 1 numbers (s)"),
        ("half-normal(a)", "tau", "not a number"),
        ("half-normal(-1)", "tau", "above zero"),
        ("half-normal(inf)", "tau", "not finite"),
        ("uniform(5, 0)", "tau", "0 <= low < high"),
        ("flat", "tau", "does not fit the heterogeneity SD"),
        ("half-normal(1)", "d", "does not fit treatment effects"),
        ("normal(0, 0)", "d", "SD must be above zero"),
        ("gamma(0.001, 0.001)", "d", "does not fit"),
        ("uniform-probability(0.5, 0.2)", "mu", "0 <= low < high <= 1"),
        ("", "tau", "is not a prior"),
        ("log-t(1, 2)", "tau", "takes 3 numbers (mu, s, df)"),
    ],
)
def test_a_prior_that_cannot_be_says_why(text: str, role: str, says: str) -> None:
    with pytest.raises(ModelError) as error:
        parse_prior(text, role)  # type: ignore[arg-type]
    assert says in str(error.value)
