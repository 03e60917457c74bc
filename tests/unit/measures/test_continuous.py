from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiohub.measures.continuous import (
    hedges_correction,
    mean_differences,
    pooled_sd,
    standardised_mean_differences,
)


def test_j_is_near_the_usual_approximation() -> None:
    for df in (8, 20, 60):
        assert hedges_correction(df) == pytest.approx(1 - 3 / (4 * df - 1), abs=1.2e-3 * (10 / df) ** 2)


def test_two_arms_give_the_textbook_formula() -> None:
    mean, sd, n = np.array([10.0, 12.0]), np.array([4.0, 5.0]), np.array([30.0, 25.0])
    g, v = standardised_mean_differences(mean, n, sd=sd)
    pooled = np.sqrt((29 * 16 + 24 * 25) / 53)
    expected = hedges_correction(53) * 2 / pooled
    assert g[0] == pytest.approx(expected, rel=1e-14)
    assert v[0, 0] == pytest.approx(1 / 30 + 1 / 25 + expected**2 / (2 * 55), rel=1e-14)


@given(
    st.lists(st.floats(-5, 5), min_size=4, max_size=4),
    st.lists(st.floats(0.5, 3), min_size=4, max_size=4),
    st.lists(st.integers(5, 200), min_size=4, max_size=4),
)
def test_g_of_a_pair_is_the_difference_of_the_g(mean: list[float], sd: list[float], n: list[int]) -> None:
    """Whichever arm comes first, the four-arm trial says the same: estimates and covariances are linear maps."""
    m, s, size = np.array(mean), np.array(sd), np.array(n, dtype=float)
    g, v = standardised_mean_differences(m, size, sd=s)
    order = [2, 0, 1, 3]
    g_2, v_2 = standardised_mean_differences(m[order], size[order], sd=s[order])
    # effects of arms 0, 1, 3 versus arm 2, from those versus arm 0
    turn = np.array([[0.0, -1.0, 0.0], [1.0, -1.0, 0.0], [0.0, -1.0, 1.0]])
    assert turn @ g == pytest.approx(g_2, abs=1e-12)
    pooled, df = pooled_sd(s, size)
    shared = turn @ v @ turn.T
    assert shared == pytest.approx(v_2, abs=1e-12)
    pair = hedges_correction(df) * (m[3] - m[1]) / pooled
    assert g[2] - g[0] == pytest.approx(pair, abs=1e-12)


@pytest.mark.parametrize(("n", "variance", "tolerance"), [(40, "simple", 0.02), (8, "unbiased", 0.02)])
def test_simulated_three_arm_trials(n: int, variance: str, tolerance: float) -> None:
    """g is unbiased, and the mean of its estimated covariance is its covariance (400,000 trials; 5 errors)."""
    rng = np.random.default_rng(1)
    truth, trials = np.array([0.0, 0.5, 1.8]), 400_000
    mean = truth + rng.standard_normal((trials, 3)) / np.sqrt(n)
    df = 3 * (n - 1)
    pooled = np.sqrt(rng.chisquare(df, trials) / df)
    j = hedges_correction(df)
    g = j * (mean[:, 1:] - mean[:, :1]) / pooled[:, None]
    assert g.mean(0) == pytest.approx(truth[1:], abs=5 * g.std(0).max() / np.sqrt(trials))
    h = 1 / (2 * 3 * n) if variance == "simple" else 1 - (df - 2) / (df * j**2)
    claimed = np.array([[2 / n, 1 / n], [1 / n, 2 / n]]) + np.mean(g[:, :, None] * g[:, None, :], axis=0) * h
    assert claimed == pytest.approx(np.cov(g.T), rel=tolerance)
    one, v = standardised_mean_differences(mean[0], np.full(3, float(n)), sd=np.full(3, pooled[0]), variance=variance)  # type: ignore[arg-type]
    assert one == pytest.approx(g[0], abs=1e-12)
    assert v == pytest.approx(np.array([[2 / n, 1 / n], [1 / n, 2 / n]]) + np.outer(g[0], g[0]) * h, abs=1e-12)


def test_a_change_score_over_a_final_sd_keeps_its_own_precision() -> None:
    """Correlation r = 0.8, n = 25: the general formula gives 0.035 where the simple one gives 0.082."""
    sd, n = np.array([1.0, 1.0]), np.array([25.0, 25.0])
    se = np.full(2, np.sqrt(2 * (1 - 0.8)) / 5)
    g, v = standardised_mean_differences(np.array([0.0, -0.5]), n, sd=sd, se=se)
    assert v[0, 0] == pytest.approx(2 * 0.4 / 25 + g[0] ** 2 / 100, rel=1e-12)
    simple = standardised_mean_differences(np.array([0.0, -0.5]), n, sd=sd)[1]
    assert (round(float(v[0, 0]), 3), round(float(simple[0, 0]), 3)) == (0.034, 0.082)


def test_a_fixed_sd_carries_no_error() -> None:
    g, v = standardised_mean_differences(
        np.array([48.96, 40.76]), np.array([239.0, 246.0]), se=np.array([1.6, 1.59]), external_sd=22.5
    )
    assert g[0] == pytest.approx(-8.2 / 22.5, rel=1e-12)
    assert v[0, 0] == pytest.approx((1.6**2 + 1.59**2) / 22.5**2, rel=1e-12)


def test_mean_differences_of_a_three_arm_trial() -> None:
    estimate, covariance = mean_differences(np.array([1.0, 3.0, 0.0]), np.array([0.5, 1.0, 2.0]))
    assert estimate.tolist() == [2.0, -1.0]
    assert covariance.tolist() == [[1.25, 0.25], [0.25, 4.25]]


def test_no_sd_is_an_error() -> None:
    with pytest.raises(ValueError, match="needs the SDs"):
        standardised_mean_differences(np.array([0.0, 1.0]), np.array([5.0, 5.0]))
