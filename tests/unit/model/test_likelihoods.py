"""Likelihoods of arms: densities against scipy.stats, derivatives by differences, deviances, simulated data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, ndtr

from physiohub.model.likelihoods.base import ArmLikelihood
from physiohub.model.likelihoods.binomial import Binomial, Link
from physiohub.model.likelihoods.normal_mean import NormalMean
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.likelihoods.poisson import Poisson

EVENTS, TOTAL = np.array([0.0, 3.0, 10.0, 55_000.0]), np.array([20.0, 10.0, 10.0, 100_000.0])
INVERSE: dict[str, Any] = {"logit": expit, "log": np.exp, "cloglog": lambda x: -np.expm1(-np.exp(x)), "probit": ndtr}
ALL_REPORTED = np.ones((3, 4), dtype=bool)
COUNTS = np.array([[20.0, 15.0, 10.0, 5.0], [0.0, 3.0, 0.0, 9.0], [7.0, 0.0, 4.0, 4.0]])
CUTS = np.array([0.5, 1.2])


def binomial(link: Link) -> Binomial:
    offset = np.log([1.0, 2.0, 0.5, 3.0]) if link == "cloglog" else np.zeros(4)
    return Binomial(EVENTS, TOTAL, link, offset)


LIKELIHOODS: dict[str, ArmLikelihood] = {
    **{link: binomial(link) for link in ("logit", "log", "cloglog", "probit")},
    "poisson": Poisson(np.array([0.0, 4.0, 900.0]), np.array([12.5, 3.0, 1e4])),
    "normal": NormalMean(np.array([1.0, -2.0]), np.array([0.3, 1.2])),
    "ordered": Ordered(COUNTS, ALL_REPORTED),
    "ordered, some not reported": Ordered(
        np.array([[20.0, 15.0, 0.0, 5.0], [8.0, 0.0, 9.0, 0.0]]),
        np.array([[True, True, False, True], [True, False, True, False]]),
    ),
}


def points(of: ArmLikelihood) -> np.ndarray:
    """Theta (arm, point) around the data."""
    centre, se = of.crude()
    theta = centre[:, None] + se[:, None] * np.array([-3.0, -1.0, 0.0, 0.7, 2.5])
    return np.asarray(np.minimum(theta, -0.01) if np.isfinite(of.upper) else theta)


def cuts_of(of: ArmLikelihood) -> np.ndarray | None:
    return CUTS if isinstance(of, Ordered) else None


@pytest.mark.parametrize("link", ["logit", "log", "cloglog", "probit"])
def test_binomial_density(link: Link) -> None:
    of = binomial(link)
    theta = points(of)
    p = INVERSE[link](theta + of.offset[:, None])
    known = stats.binom.logpmf(EVENTS[:, None], TOTAL[:, None], p)
    # scipy's p has 16 digits, its complement in the tails fewer
    assert of.log_density(theta) == pytest.approx(known, rel=1e-8, abs=1e-8)
    assert of.probability(theta) == pytest.approx(p, rel=1e-12)
    assert of.fitted(theta)[0] == pytest.approx(TOTAL[:, None] * p, rel=1e-12)


@pytest.mark.parametrize("link", ["logit", "cloglog", "probit"])
def test_binomial_tails_keep_their_digits(link: Link) -> None:
    """Nobody and everybody, far out: zero on one side, a straight or steeper fall on the other; never a NaN."""
    of = Binomial(np.array([0.0, 20.0]), np.array([20.0, 20.0]), link, np.zeros(2))
    theta = np.array([[-700.0, -40.0, 40.0, 700.0]] * 2)
    value, score, information = of.derivatives(theta)
    assert np.all(np.isfinite(value[:, 1:3])) or link == "cloglog"
    assert not np.any(np.isnan(np.stack([value, score, information])))
    assert value[0, :2] == pytest.approx(0, abs=1e-15)
    assert value[1, 2:] == pytest.approx(0, abs=1e-15)
    if link == "logit":
        assert value[0, 2:] == pytest.approx([-800, -14_000])
    if link == "probit":
        # Mills: log Phi(-40) = -40^2/2 - log(40 sqrt(2 pi)) - 1/40^2 ...
        assert value[0, 2] / 20 == pytest.approx(-804.608442, abs=1e-6)


def test_the_log_link_ends_at_zero() -> None:
    of = Binomial(np.array([3.0, 10.0]), np.array([10.0, 10.0]), "log", np.zeros(2))
    assert of.upper == 0
    value = of.log_density(np.array([[-0.1, 0.0, 0.1]] * 2))
    assert np.isfinite(value[:, 0]).all()
    assert value[1, 1] == 0  # everybody, at probability one
    assert np.all(np.isneginf(value[0, 1:]))
    assert np.isneginf(value[1, 2])


def test_poisson_and_normal_densities() -> None:
    poisson, normal = LIKELIHOODS["poisson"], LIKELIHOODS["normal"]
    assert isinstance(poisson, Poisson)
    assert isinstance(normal, NormalMean)
    theta = points(poisson)
    known = stats.poisson.logpmf(poisson.events[:, None], poisson.exposure[:, None] * np.exp(theta))
    assert poisson.log_density(theta) == pytest.approx(known, abs=1e-9)
    theta = points(normal)
    assert normal.log_density(theta) == pytest.approx(
        stats.norm.logpdf(normal.mean[:, None], theta, normal.se[:, None])
    )


def test_ordered_density() -> None:
    of = Ordered(COUNTS, ALL_REPORTED)
    theta = points(of)
    edges = np.array([-np.inf, 0.0, *CUTS, np.inf])
    p = np.diff(ndtr(edges - theta[..., None]), axis=-1)
    known = [[stats.multinomial.logpmf(c, c.sum(), q) for q in row] for c, row in zip(COUNTS, p, strict=True)]
    assert of.log_density(theta, CUTS) == pytest.approx(np.array(known), abs=1e-8)
    assert of.at_cuts(CUTS).log_density(theta) == pytest.approx(np.array(known), abs=1e-8)


def test_a_category_that_is_not_reported_is_part_of_the_one_below() -> None:
    theta = np.linspace(-1, 2, 5)[None]
    apart = Ordered(np.array([[8.0, 5.0, 0.0, 9.0]]), np.array([[True, True, False, True]]))
    merged = Ordered(np.array([[8.0, 5.0, 9.0]]), np.ones((1, 3), dtype=bool))
    assert apart.log_density(theta, CUTS) == pytest.approx(merged.log_density(theta, CUTS[1:]), abs=1e-12)
    assert apart.data_points.tolist() == merged.data_points.tolist() == [2]


def test_two_categories_are_a_binomial_probit() -> None:
    two = Ordered(np.column_stack([TOTAL - EVENTS, EVENTS])[:3], np.ones((3, 2), dtype=bool))
    one = binomial("probit").take([0, 1, 2])
    theta = points(one)
    for mine, known in zip(two.derivatives(theta), one.derivatives(theta), strict=True):
        assert mine == pytest.approx(known, rel=1e-7, abs=1e-9)
    assert two.deviance(theta) == pytest.approx(one.deviance(theta), rel=1e-9)


@pytest.mark.parametrize("name", sorted(LIKELIHOODS))
def test_derivatives(name: str) -> None:
    of, cuts = LIKELIHOODS[name], cuts_of(LIKELIHOODS[name])
    theta = points(of)
    h = 1e-5 * np.minimum(of.crude()[1], 1.0)[:, None]
    h = np.minimum(h, 1e-3)
    up, here, down = (of.derivatives(theta + s * h, cuts) for s in (1, 0, -1))
    assert here.value == pytest.approx(of.log_density(theta, cuts), abs=1e-10)
    # values of 1e5 with 16 digits over a step of 1e-5 SE: five digits of the score
    size = np.max(np.abs(here.score)) + 1
    assert here.score == pytest.approx((up.value - down.value) / (2 * h), rel=1e-4, abs=1e-5 * size)
    assert here.information == pytest.approx(-(up.score - down.score) / (2 * h), rel=1e-4, abs=1e-4)


def test_scores_of_cut_points() -> None:
    for name in ("ordered", "ordered, some not reported"):
        of = LIKELIHOODS[name]
        assert isinstance(of, Ordered)
        theta = points(of)
        score = of.score_of_cuts(theta, CUTS)
        for k, e in enumerate(1e-6 * np.eye(2)):
            slope = (of.log_density(theta, CUTS + e) - of.log_density(theta, CUTS - e)) / 2e-6
            assert score[k] == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("name", sorted(LIKELIHOODS))
def test_axes_and_choice_of_arms(name: str) -> None:
    of, cuts = LIKELIHOODS[name], cuts_of(LIKELIHOODS[name])
    theta = points(of)
    value = of.log_density(theta, cuts)
    assert of.log_density(theta[:, 0], cuts) == pytest.approx(value[:, 0])
    assert of.log_density(theta[:, :, None], cuts)[:, :, 0] == pytest.approx(value)
    some = of.take([1, 0])
    assert len(some) == 2
    assert some.log_density(theta[[1, 0]], cuts) == pytest.approx(value[[1, 0]])
    assert np.all(np.isfinite(np.concatenate(of.crude())))


@pytest.mark.parametrize("name", sorted(LIKELIHOODS))
def test_deviance_is_twice_what_a_saturated_fit_gains(name: str) -> None:
    of, cuts = LIKELIHOODS[name], cuts_of(LIKELIHOODS[name])
    theta = points(of)
    deviance = of.deviance(theta, cuts)
    assert np.all(deviance > -1e-6)
    loss = -2 * of.log_density(theta, cuts)
    # differences between two theta: the saturated part is the same
    gap = deviance - deviance[:, :1]
    assert gap == pytest.approx(loss - loss[:, :1], rel=1e-6, abs=1e-6)


def test_new_data_have_the_means_of_the_old() -> None:
    rng = np.random.default_rng(1)
    for name in ("logit", "log", "poisson", "normal", "ordered"):
        of, cuts = LIKELIHOODS[name], cuts_of(LIKELIHOODS[name])
        theta = np.repeat(points(of)[:, 1:2], 20_000, axis=1)
        data = of.simulate(theta, rng, cuts)
        if name == "ordered":
            assert np.all(data.sum(0) == COUNTS.sum(1)[:, None])
            edges = np.array([-np.inf, 0.0, *CUTS, np.inf])
            p = np.diff(ndtr(edges - theta[:, 0, None]), axis=-1)
            mean, known = data.mean(-1).T, COUNTS.sum(1)[:, None] * p
        else:
            mean, known = data[0].mean(-1), of.fitted(theta[:, :1])[0, :, 0]
        error = data.std(-1).max() / np.sqrt(20_000)
        assert mean == pytest.approx(known, abs=4.7 * error + 1e-9)
