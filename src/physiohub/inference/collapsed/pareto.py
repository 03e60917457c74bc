"""How heavy the tail of importance weights is: the Pareto k."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["pareto_k"]

Floats = NDArray[np.float64]


def pareto_k(log_weights: Floats) -> float:
    """Shape of the generalised Pareto distribution fitted to the largest weights; below 0.7 they may be used.

    The tail is the largest ``min(n / 5, 3 sqrt(n))`` of n weights (Vehtari et al. 2024, J Mach Learn Res 25(72),
    section 2.2); the fit is the empirical Bayes estimate of Zhang & Stephens (2009, Technometrics 51:316), drawn
    towards one half as in the former. Minus infinity when the weights are all alike.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> k = pareto_k(-np.log(rng.random(100_000)) * 0.5)  # a Pareto tail of shape one half
    >>> bool(abs(k - 0.5) < 0.1)
    True
    """
    ordered = np.sort(log_weights[np.isfinite(log_weights)])
    count = len(log_weights)
    tail = int(np.ceil(min(0.2 * count, 3 * np.sqrt(count))))
    if tail < 5 or len(ordered) <= tail:
        return np.inf
    cutoff = ordered[-tail - 1]
    above = np.exp(ordered[-tail:] - ordered[-1]) - np.exp(cutoff - ordered[-1])
    if above[-1] <= 1e-10:
        return -np.inf
    k = _fit(np.maximum(above, 1e-300))
    return float((tail * k + 10 * 0.5) / (tail + 10))


def _fit(x: Floats) -> float:
    """Shape of a generalised Pareto sample in ascending order (Zhang & Stephens 2009, section 4)."""
    n = len(x)
    grid = 30 + int(np.sqrt(n))
    quartile = x[int(n / 4 + 0.5) - 1]
    b = 1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))
    b = b / (3 * quartile) + 1 / x[-1]
    k = np.log1p(-b[:, None] * x).mean(1)
    log_likelihood = n * (np.log(-b / k) - k - 1)
    with np.errstate(over="ignore"):  # a hopeless shape weighs nothing
        weight = 1 / np.exp(log_likelihood - log_likelihood[:, None]).sum(1)
    posterior = float(np.sum(b * weight) / weight.sum())
    return float(np.log1p(-posterior * x).mean())
