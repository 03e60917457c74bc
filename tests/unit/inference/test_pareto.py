"""Pareto k against the one of arviz-stats, and against known shapes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from physiohub.inference.pareto_smoothing import pareto_smoothed


def theirs(log_weights: np.ndarray) -> float:
    stats: Any = import_module("arviz_stats.base").array_stats
    # it takes log likelihoods, whose negatives are the log weights of leaving them out
    return float(stats.psislw(-log_weights, r_eff=1.0)[1])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [0.1, 0.5, 0.8, 1.5])
def test_equals_arviz(shape: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    log_weights = -shape * np.log(rng.random(4096)) + 700  # also where exp overflows
    # the same estimate with the same prior: rounding. Of 4,096 weights 192 are the tail, whichever way one rounds
    assert pareto_smoothed(log_weights).k == pytest.approx(theirs(log_weights), abs=1e-6)


def test_normal_importance_weights_equal_arviz() -> None:
    x = np.random.default_rng(3).standard_normal(6400)
    for scale in (0.5, 0.8, 1.3):  # a proposal too narrow is the dangerous one
        log_weights = -0.5 * x**2 * (scale**2 - 1)
        assert pareto_smoothed(log_weights).k == pytest.approx(theirs(log_weights), abs=1e-6)


@pytest.mark.parametrize("shape", [0.3, 0.7, 1.2])
def test_the_shape_of_a_pareto_tail_is_found(shape: float) -> None:
    found = [pareto_smoothed(-shape * np.log(np.random.default_rng(s).random(20_000))).k for s in range(20)]
    # the standard error of a shape from 425 tail draws is (1 + k)/sqrt(425); the prior draws k towards 1/2 by 10/435
    assert np.mean(found) == pytest.approx(shape, abs=4 * (1 + shape) / np.sqrt(425 * 20) + 0.03 * abs(shape - 0.5))


def test_equal_weights_have_no_tail_and_one_huge_weight_is_no_answer() -> None:
    assert pareto_smoothed(np.zeros(1000)).k == -np.inf
    single = np.zeros(1000)
    single[3] = 800.0
    assert pareto_smoothed(single).k > 0.7
    assert pareto_smoothed(np.zeros(10)).k == np.inf  # too few draws for a tail
    # draws without any weight are no tail either
    rng = np.random.default_rng(1)
    lost = np.where(rng.random(4000) < 0.5, -np.inf, rng.normal(0, 0.1, 4000))
    assert pareto_smoothed(lost).k < 0.7
    almost_all = np.full(4000, -np.inf)
    almost_all[:20] = 0.0
    assert pareto_smoothed(almost_all).k == np.inf
