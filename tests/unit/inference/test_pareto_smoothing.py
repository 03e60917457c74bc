"""Pareto-smoothed weights: their shape, what they repair, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

from physiohub.inference.pareto_smoothing import USABLE_K, pareto_smoothed


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.9])
def test_shape_of_a_pareto_tail(shape: float) -> None:
    log_weights = -shape * np.log(np.random.default_rng(3).random(20_000))
    smoothed = pareto_smoothed(log_weights)
    assert smoothed.k == pytest.approx(shape, abs=0.15)  # 425 draws of a tail know its shape to 0.05
    assert (smoothed.k > USABLE_K) == (shape > USABLE_K)


def test_order_and_bulk_stay() -> None:
    log_weights = np.random.default_rng(4).normal(size=5000) * 1.5
    smoothed = pareto_smoothed(log_weights)
    assert np.exp(smoothed.log_weight).sum() == pytest.approx(1, abs=1e-12)
    assert np.array_equal(np.argsort(log_weights), np.argsort(smoothed.log_weight, kind="stable"))
    bulk = log_weights < np.quantile(log_weights, 0.9)
    moved = smoothed.log_weight[bulk] - log_weights[bulk]
    assert np.ptp(moved) < 1e-9


def test_weights_alike_are_left_alone() -> None:
    smoothed = pareto_smoothed(np.full(1000, -3.0))
    assert smoothed.k == -np.inf
    assert smoothed.log_weight == pytest.approx(np.full(1000, -np.log(1000)))


def test_too_few_draws_are_never_trusted() -> None:
    assert pareto_smoothed(np.array([0.0, 1.0, 2.0])).k == np.inf


def test_smoothing_steadies_a_mean() -> None:
    """A normal mean from draws of a narrower normal: the largest raw weights make it jump, smoothed ones less."""
    rng = np.random.default_rng(5)
    raw, smooth = [], []
    for _ in range(200):
        x = 0.75 * rng.standard_normal(2000)
        log_weight = -0.5 * x**2 * (1 - 0.75**-2)
        weight = np.exp(log_weight - log_weight.max())
        raw.append(float((weight * x**2).sum() / weight.sum()))
        smooth.append(float((np.exp(pareto_smoothed(log_weight).log_weight) * x**2).sum()))
    assert np.sqrt(np.mean(np.square(np.array(smooth) - 1))) < np.sqrt(np.mean(np.square(np.array(raw) - 1)))
