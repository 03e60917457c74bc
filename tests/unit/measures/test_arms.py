"""Arms on the analysis scale: the closed forms of the 2x2 table, written out here as textbooks print them."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest

from physiohub.measures.arms import log_mean, log_odds, log_rate, log_risk, risk
from physiohub.measures.continuous import mean_differences

# a, b events and non-events under treatment, c, d under control; the third table has two zero cells
TABLES = [(15, 105, 30, 90), (1, 9, 7, 3), (0, 12, 12, 0)]
# a ratio of a table with a zero cell needs something added
WITH_ADDED = [(table, added) for table in TABLES for added in (0.0, 0.25, 0.5) if added or 0 not in table]


def compared(value: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    """Effect of the second arm versus the first, and its standard error."""
    estimate, covariance = mean_differences(value, np.sqrt(variance))
    return float(estimate[0]), float(np.sqrt(covariance[0, 0]))


def arms(table: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Events and totals, control first."""
    a, b, c, d = table
    return np.array([c, a], dtype=float), np.array([c + d, a + b], dtype=float)


@pytest.mark.parametrize(("table", "added"), WITH_ADDED)
def test_odds_ratio(table: tuple[int, int, int, int], added: float) -> None:
    a, b, c, d = (cell + added for cell in table)
    estimate, se = compared(*log_odds(*arms(table), added))
    assert exp(estimate) == pytest.approx(a * d / (b * c), rel=1e-12)  # the ratio is far from zero
    assert se == pytest.approx(sqrt(1 / a + 1 / b + 1 / c + 1 / d), abs=1e-12)


@pytest.mark.parametrize(("table", "added"), WITH_ADDED)
def test_risk_ratio(table: tuple[int, int, int, int], added: float) -> None:
    a, b, c, d = (cell + added for cell in table)
    estimate, se = compared(*log_risk(*arms(table), added))
    assert exp(estimate) == pytest.approx((a / (a + b)) / (c / (c + d)), rel=1e-12)
    assert se == pytest.approx(sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)), abs=1e-12)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("added", [0.0, 0.5])
def test_risk_difference(table: tuple[int, int, int, int], added: float) -> None:
    """The correction is for the variance alone: the difference of the risks is that of the observed ones."""
    a, b, c, d = table
    estimate, se = compared(*risk(*arms(table), added))
    assert estimate == pytest.approx(a / (a + b) - c / (c + d), abs=1e-15)
    p, q = (a + added) / (a + b + 2 * added), (c + added) / (c + d + 2 * added)
    variance = p * (1 - p) / (a + b + 2 * added) + q * (1 - q) / (c + d + 2 * added)
    assert se == pytest.approx(sqrt(variance), abs=1e-12)


def test_rate_ratio() -> None:
    estimate, se = compared(*log_rate(np.array([10.0, 25.0]), np.array([100.0, 200.0])))
    assert estimate == pytest.approx(log((25 / 200) / (10 / 100)), abs=1e-12)
    assert se == pytest.approx(sqrt(1 / 25 + 1 / 10), abs=1e-12)
    estimate, se = compared(*log_rate(np.array([0.0, 3.0]), np.array([100.0, 200.0]), 0.5))
    assert estimate == pytest.approx(log((3.5 / 200) / (0.5 / 100)), abs=1e-12)  # exposure is left as it is
    assert se == pytest.approx(sqrt(1 / 3.5 + 1 / 0.5), abs=1e-12)


def test_ratio_of_means() -> None:
    mean, sd, n = np.array([20.0, 25.0]), np.array([5.0, 8.0]), np.array([40.0, 50.0])
    estimate, se = compared(*log_mean(mean, sd / np.sqrt(n)))
    assert estimate == pytest.approx(log(25 / 20), abs=1e-12)
    assert se == pytest.approx(sqrt(8**2 / (50 * 25**2) + 5**2 / (40 * 20**2)), abs=1e-12)


@pytest.mark.parametrize(
    ("function", "first", "second"),
    [
        (log_odds, [10, 20, 5], [50, 60, 70]),
        (log_risk, [10, 20, 5], [50, 60, 70]),
        (risk, [10, 20, 5], [50, 60, 70]),
        (log_rate, [10, 20, 5], [50.5, 60, 70]),
        (log_mean, [10, 20, 5], [1, 2, 0.7]),
    ],
)
def test_three_arms_share_the_variance_of_arm_0(function, first, second) -> None:
    value, variance = function(np.array(first, dtype=float), np.array(second, dtype=float))
    estimate, covariance = mean_differences(value, np.sqrt(variance))
    assert estimate == pytest.approx(value[1:] - value[0], abs=1e-15)
    expected = [[variance[0] + variance[1], variance[0]], [variance[0], variance[0] + variance[2]]]
    assert covariance == pytest.approx(np.array(expected), abs=1e-15)
    # arm 2 versus arm 1 has no part of arm 0
    assert covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1] == pytest.approx(variance[1] + variance[2])
