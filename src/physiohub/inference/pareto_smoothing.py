"""Importance weights whose largest are replaced by the quantiles of a Pareto distribution (PSIS)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["USABLE_K", "SmoothedWeights", "pareto_smoothed"]

Floats = NDArray[np.float64]

USABLE_K = 0.7
"""Weights with a heavier tail have no mean that draws could find (Vehtari et al. 2024, J Mach Learn Res 25(72))."""


class SmoothedWeights(NamedTuple):
    """Weights that sum to one.

    Attributes
    ----------
    log_weight : array (draw,)
    k
        Shape of their tail; minus infinity when all are alike.
    """

    log_weight: Floats
    k: float


def pareto_smoothed(log_weights: Floats) -> SmoothedWeights:
    """Smooth the tail of importance weights (draw,) and tell its shape.

    Vehtari et al. (2024, J Mach Learn Res 25(72), algorithm 1): the largest ``min(n / 5, 3 sqrt(n))`` of n weights
    become the quantiles, at (i - 1/2)/count, of the generalised Pareto distribution fitted to them by Zhang & Stephens
    (2009, Technometrics 51:316), its shape drawn a little towards one half; none exceeds the largest raw weight.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> smoothed = pareto_smoothed(-np.log(rng.random(100_000)) * 0.5)  # a Pareto tail of shape one half
    >>> bool(abs(smoothed.k - 0.5) < 0.1), round(float(np.exp(smoothed.log_weight).sum()), 12)
    (True, 1.0)
    """
    log_weights = np.asarray(log_weights, dtype=float)
    shifted = log_weights - np.max(log_weights)
    count = len(shifted)
    tail = int(np.ceil(min(0.2 * count, 3 * np.sqrt(count))))
    order = np.argsort(shifted, kind="stable")
    # too few draws, or too few with any weight, for a tail
    k = np.inf if tail < 5 or np.count_nonzero(np.isfinite(shifted)) <= tail else -np.inf
    if np.isneginf(k):
        largest = order[-tail:]
        cutoff = np.exp(shifted[order[-tail - 1]])
        above = np.exp(shifted[largest]) - cutoff
        if above[-1] > 1e-10:
            shape, scale = _generalised_pareto(np.maximum(above, 1e-300))
            k = (tail * shape + 10 * 0.5) / (tail + 10)
            p = (np.arange(tail) + 0.5) / tail
            with np.errstate(over="ignore"):  # beyond the largest raw weight it is cut off
                quantile = -np.log1p(-p) * scale if abs(k) < 1e-12 else scale * np.expm1(-k * np.log1p(-p)) / k
            shifted = shifted.copy()
            shifted[largest] = np.minimum(np.log(cutoff + quantile), 0.0)
    total = np.log(np.exp(shifted).sum())
    return SmoothedWeights(shifted - total, float(k))


def _generalised_pareto(x: Floats) -> tuple[float, float]:
    """Shape and scale of a sample in ascending order (Zhang & Stephens 2009, section 4)."""
    n = len(x)
    size = 30 + int(np.sqrt(n))
    quartile = x[int(n / 4 + 0.5) - 1]
    b = 1 - np.sqrt(size / (np.arange(1, size + 1) - 0.5))
    b = b / (3 * quartile) + 1 / x[-1]
    k = np.log1p(-b[:, None] * x).mean(1)
    log_likelihood = n * (np.log(-b / k) - k - 1)
    with np.errstate(over="ignore"):  # a hopeless shape weighs nothing
        weight = 1 / np.exp(log_likelihood - log_likelihood[:, None]).sum(1)
    best = float(np.sum(b * weight) / weight.sum())
    shape = float(np.log1p(-best * x).mean())
    return shape, -shape / best
