"""Priors of study baselines against scipy.stats and changes of variable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.special import expit, ndtr

from physiohub.errors import ModelError
from physiohub.model.baseline import baseline_prior
from physiohub.model.likelihoods.binomial import Binomial, Link
from physiohub.model.likelihoods.normal_mean import NormalMean
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.likelihoods.poisson import Poisson
from physiohub.model.priors import Prior, parse_prior

POISSON = Poisson(np.array([3.0, 5.0]), np.array([10.0, 12.0]))
MEANS = NormalMean(np.array([3.0, 5.0]), np.array([1.0, 1.2]))
ORDERED = Ordered(np.array([[3.0, 4.0, 5.0]]), np.ones((1, 3), dtype=bool))


def counts(link: Link) -> Binomial:
    return Binomial(
        np.array([3.0, 5.0]), np.array([10.0, 12.0]), link, np.log([1.0, 2.5]) if link == "cloglog" else np.zeros(2)
    )


def prior(text: str) -> Prior:
    return parse_prior(text, "mu")


CASES: list[tuple[str, Any]] = [
    ("normal(-1, 2)", counts("logit")), ("t(0, 5, 4)", counts("logit")), ("gamma(0.5, 2)", POISSON),
    ("gamma(0.001, 0.001)", POISSON), ("flat", MEANS), ("normal(0, 100)", MEANS), ("normal(0, 100)", ORDERED),
    *[(f"uniform-probability({ends})", counts(link)) for link in ("logit", "log", "cloglog", "probit")
      for ends in ("0, 1", "0.05, 0.6")],
]  # fmt: skip


@pytest.mark.parametrize(("text", "arms"), CASES)
def test_derivatives(text: str, arms: Any) -> None:
    of = baseline_prior(prior(text), arms)
    theta = np.repeat(np.array([[-1.6, -1.4, -1.2]]), len(arms), axis=0)
    h = 1e-5
    up, here, down = (of.derivatives(theta + s * h) for s in (1, 0, -1))
    # differences of numbers near ten with a step of 1e-5: nine digits
    assert here.score == pytest.approx((up.value - down.value) / (2 * h), abs=1e-8)
    assert np.all(here.information >= 0)
    if of.concave:
        assert here.information == pytest.approx(-(up.score - down.score) / (2 * h), abs=1e-8)
    some = of.take(np.array([len(arms) - 1]))
    assert some.derivatives(theta[:1]).value == pytest.approx(here.value[-1:])


@pytest.mark.parametrize(
    ("text", "arms", "known"),
    [
        ("normal(-1, 2)", counts("logit"), stats.norm(-1, 2)),
        ("t(0.3, 5, 4)", counts("logit"), stats.t(4, 0.3, 5)),
        ("gamma(0.5, 2)", POISSON, stats.loggamma(0.5, loc=-np.log(2))),
        ("uniform-probability(0, 1)", counts("logit"), stats.logistic()),
        ("uniform-probability(0, 1)", counts("probit"), stats.norm()),
        ("uniform-probability(0, 1)", counts("log"), None),
    ],
)
def test_densities(text: str, arms: Any, known: Any) -> None:
    of = baseline_prior(prior(text), arms)
    theta = np.array([[-6.0, -2.0, -0.1]] * 2)
    # a uniform probability on the log link: the density of log p is p
    expected = theta if known is None else known.logpdf(theta)
    assert of.derivatives(theta).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("link", ["logit", "log", "cloglog", "probit"])
def test_a_uniform_probability_is_that_of_the_observed_follow_up(link: Link) -> None:
    """It integrates to one between its ends, and the probability over the arm's own time is uniform."""
    arms = counts(link)
    of = baseline_prior(prior("uniform-probability(0.05, 0.6)"), arms)
    inverse: dict[str, Any] = {
        "logit": expit,
        "log": np.exp,
        "cloglog": lambda x: -np.expm1(-np.exp(x)),
        "probit": ndtr,
    }
    assert inverse[link](of.low + arms.offset) == pytest.approx([0.05, 0.05])
    assert inverse[link](of.high + arms.offset) == pytest.approx([0.6, 0.6])
    for arm in (0, 1):
        one = of.take(np.array([arm]))

        def density(x: float, one: Any = one) -> float:
            return float(np.exp(one.derivatives(np.array([[x]])).value[0, 0]))

        assert quad(density, float(of.low[arm]), float(of.high[arm]))[0] == pytest.approx(1, abs=1e-9)
        middle = of.draw(np.array([[0.3], [0.3]]))[arm, 0]
        assert quad(density, float(of.low[arm]), float(middle))[0] == pytest.approx(0.3, abs=1e-9)
        outside = one.derivatives(np.array([[float(of.low[arm]) - 1e-6, float(of.high[arm]) + 1e-6]])).value
        assert np.all(np.isneginf(outside))


@pytest.mark.parametrize("text", ["normal(-1, 2)", "t(0, 5, 4)", "gamma(0.5, 2)"])
def test_draws_are_quantiles(text: str) -> None:
    known = {"n": stats.norm(-1, 2), "t": stats.t(4, 0, 5), "g": stats.loggamma(0.5, loc=-np.log(2))}[text[0]]
    of = baseline_prior(prior(text), POISSON)
    p = np.array([[0.01, 0.5, 0.97]] * 2)
    assert of.draw(p) == pytest.approx(known.ppf(p), rel=1e-9)


def test_nothing_is_drawn_from_a_flat_prior() -> None:
    with pytest.raises(ModelError, match="Nothing can be drawn"):
        baseline_prior(prior("flat"), MEANS).draw(np.array([0.5]))


@pytest.mark.parametrize(
    ("text", "arms", "says"),
    [
        ("flat", counts("logit"), "is for means"),
        ("flat", POISSON, "is for means"),
        ("flat", ORDERED, "is for means"),
        ("uniform-probability(0, 1)", POISSON, "events out of a total"),
        ("uniform-probability(0, 1)", MEANS, "events out of a total"),
        ("uniform-probability(0, 1)", ORDERED, "events out of a total"),
        ("gamma(1, 1)", counts("logit"), "events over an exposure"),
        ("gamma(1, 1)", MEANS, "events over an exposure"),
    ],
)
def test_a_prior_of_another_family_is_refused(text: str, arms: Any, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        baseline_prior(prior(text), arms)
