"""Weighted draws against plain ones: a draw with twice the weight is a draw that stands twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from physiohub.inference.sample import TauDraws, WeightedSample

COUNTS = st.lists(st.integers(1, 6), min_size=3, max_size=30)
P = (0.0, 0.01, 0.025, 0.2, 0.5, 0.61, 0.975, 1.0)


def weighted(counts: list[int], seed: int, rows: int = 2) -> tuple[WeightedSample, np.ndarray]:
    """A sample with weights in proportion to counts, and the plain one in which each draw stands so often."""
    values = np.random.default_rng(seed).normal(size=(rows, len(counts)))
    weights = np.array(counts) / np.sum(counts)
    return WeightedSample(weights, values), np.repeat(values, counts, axis=1)


@settings(max_examples=40)
@given(COUNTS, st.integers(0, 1000))
def test_moments_and_probabilities_are_those_of_repeated_draws(counts: list[int], seed: int) -> None:
    sample, plain = weighted(counts, seed)
    assert sample.mean == pytest.approx(plain.mean(1), abs=1e-12)
    assert sample.sd == pytest.approx(plain.std(1), abs=1e-12)
    assert sample.kurtosis == pytest.approx(stats.kurtosis(plain, axis=1, fisher=False), rel=1e-9)
    for x in (-0.7, 0.2, float(sample.values[0, 1])):
        assert sample.cdf([x, x]) == pytest.approx((plain <= x).mean(1), abs=1e-12)
        assert sample.survival([x, x]) == pytest.approx((plain > x).mean(1), abs=1e-12)


@settings(max_examples=40)
@given(COUNTS, st.integers(0, 1000))
def test_quantiles_rise_and_stay_between_neighbouring_draws(counts: list[int], seed: int) -> None:
    sample, plain = weighted(counts, seed)
    found = np.array([sample.quantile(p) for p in P])
    assert np.all(np.diff(found, axis=0) >= 0)
    assert found[0] == pytest.approx(plain.min(1))
    assert found[-1] == pytest.approx(plain.max(1))
    # half of a draw's weight to either side: the distribution function jumps across p at most by that of two draws
    for p, x in zip(P, found, strict=True):
        assert np.all(sample.cdf(x) >= p - sample.weights.max() - 1e-12)
        assert np.all(sample.cdf(x) <= p + 2 * sample.weights.max() + 1e-12)


def test_equal_weights_have_hazens_quantiles() -> None:
    values = np.random.default_rng(4).normal(size=101)
    sample = WeightedSample(np.full(101, 1 / 101), values)
    for p in (0.1, 0.5, 0.93):
        assert float(sample.quantile(p)) == pytest.approx(np.quantile(values, p, method="hazen"), abs=1e-12)


def test_any_number_of_axes() -> None:
    values = np.random.default_rng(5).normal(size=(2, 3, 50))
    sample = WeightedSample(np.full(50, 0.02), values)
    assert sample.quantile(0.3).shape == sample.mean.shape == sample.sd.shape == (2, 3)
    assert sample.quantile(0.3)[1, 2] == WeightedSample(sample.weights, values[1, 2]).quantile(0.3)


def test_a_density_integrates_to_one_and_finds_the_normal() -> None:
    rng = np.random.default_rng(6)
    x, log_weight = 1.3 * rng.normal(size=20_000), np.zeros(20_000)
    log_weight = stats.norm.logpdf(x) - stats.norm.logpdf(x, 0, 1.3)
    sample = WeightedSample(np.exp(log_weight) / np.exp(log_weight).sum(), x)
    at = np.linspace(-6, 6, 601)
    density = sample.density(at)
    assert float(density.sum() * 0.02) == pytest.approx(1, abs=1e-3)
    # a kernel of width 0.13 flattens the peak by 0.8%, and 13,000 effective draws scatter by 1%
    assert density == pytest.approx(stats.norm.pdf(at), abs=0.02)


def test_tau_has_a_density_on_the_positive_side_only() -> None:
    values = np.abs(np.random.default_rng(7).normal(size=20_000))
    tau = TauDraws(WeightedSample(np.full(20_000, 1 / 20_000), values))
    assert not tau.known
    assert tau.has_moment(4)
    at = np.linspace(0, 5, 501)
    density = tau.density(at)
    assert float(np.trapezoid(density, at)) == pytest.approx(1, abs=2e-3)
    # reflection keeps the half-normal flat at zero: 0.798
    assert density[0] == pytest.approx(stats.halfnorm.pdf(0), abs=0.03)
    assert tau.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert tau.sd == pytest.approx(np.std(values), abs=1e-12)
    assert tau.cdf(tau.quantile(0.3)) == pytest.approx(0.3, abs=1e-4)
    assert tau.kurtosis == pytest.approx(float(stats.kurtosis(values, fisher=False)), rel=1e-9)
