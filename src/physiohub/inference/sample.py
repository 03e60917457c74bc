"""Weighted draws: what a marginal is when the posterior is known by sampling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["TauDraws", "WeightedSample"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WeightedSample:
    """Weighted draws of any number of quantities, which share their weights.

    Attributes
    ----------
    weights : array (draw,)
        Sum to one.
    values : array (..., draw)

    Examples
    --------
    >>> sample = WeightedSample(np.full(4, 0.25), np.array([1.0, 2.0, 3.0, 4.0]))
    >>> float(sample.mean), float(sample.quantile(0.5)), float(sample.survival(2.5))
    (2.5, 2.5, 0.5)
    """

    weights: Floats
    values: Floats

    @property
    def mean(self) -> Floats:
        """Mean of each quantity (...)."""
        return np.asarray(self.values @ self.weights)

    @property
    def sd(self) -> Floats:
        """SD of each quantity (...)."""
        return np.sqrt(np.square(self.values - self.mean[..., None]) @ self.weights)

    @property
    def kurtosis(self) -> Floats:
        """Fourth central moment over the squared variance (...): 3 for a normal."""
        return np.asarray((self.values - self.mean[..., None]) ** 4 @ self.weights / self.sd**4)

    def cdf(self, x: ArrayLike) -> Floats:
        """P(quantity <= x); `x` has the shape (...) of the quantities or broadcasts with it."""
        below = self.values <= np.asarray(x, dtype=float)[..., None]
        return np.asarray(below @ self.weights, dtype=float)

    def survival(self, x: ArrayLike) -> Floats:
        """P(quantity > x)."""
        above = self.values > np.asarray(x, dtype=float)[..., None]
        return np.asarray(above @ self.weights, dtype=float)

    def quantile(self, p: float) -> Floats:
        """Value (...) below which each quantity lies with probability `p`: between draws, in proportion."""
        values, reached = self._ordered
        flat, steps = values.reshape(-1, values.shape[-1]), reached.reshape(-1, reached.shape[-1])
        found = [np.interp(p, step, value) for value, step in zip(flat, steps, strict=True)]
        return np.asarray(found).reshape(values.shape[:-1])

    def density(self, x: ArrayLike) -> Floats:
        """Density at x, by a normal kernel (Silverman 1986, section 3.4.2, with the effective number of draws).

        `x` has the shape (...) of the quantities, or any for a single one.
        """
        x = np.asarray(x, dtype=float)
        effective = 1 / np.square(self.weights).sum()
        quartiles = self.quantile(0.75) - self.quantile(0.25)
        width = 0.9 * np.minimum(self.sd, np.where(quartiles > 0, quartiles / 1.34, np.inf)) * effective**-0.2
        z = (x[..., None] - self.values) / width[..., None]
        return np.asarray(np.exp(-0.5 * z * z) @ self.weights / (width * np.sqrt(2 * np.pi)))

    @cached_property
    def _ordered(self) -> tuple[Floats, Floats]:
        """Values in order (..., draw), and the probability reached at the middle of each."""
        order = np.argsort(self.values, axis=-1)
        weights = self.weights[order]
        return np.take_along_axis(self.values, order, axis=-1), np.cumsum(weights, axis=-1) - 0.5 * weights


@dataclass(frozen=True, eq=False)
class TauDraws:
    """The posterior of tau by draws; its moments are those of the draws."""

    sample: WeightedSample

    @property
    def known(self) -> bool:
        """Whether tau is a single value."""
        return False

    def has_moment(self, k: int) -> bool:
        """Draws have every moment."""
        return True

    @property
    def mean(self) -> float:
        """Posterior mean."""
        return float(self.sample.mean)

    @property
    def sd(self) -> float:
        """Posterior SD."""
        return float(self.sample.sd)

    @property
    def kurtosis(self) -> float:
        """Fourth central moment over the squared variance."""
        return float(self.sample.kurtosis)

    def cdf(self, tau: float) -> float:
        """P(tau <= value)."""
        return float(self.sample.cdf(tau))

    def quantile(self, p: float) -> float:
        """Value below which tau lies with probability `p`."""
        return float(self.sample.quantile(p))

    def density(self, tau: ArrayLike) -> Floats:
        """Posterior density at tau, by a kernel reflected at zero."""
        tau = np.asarray(tau, dtype=float)
        both = WeightedSample(
            np.concatenate([self.sample.weights, self.sample.weights]) / 2,
            np.concatenate([self.sample.values, -self.sample.values]),
        )
        width = 0.9 * float(self.sample.sd) * (1 / np.square(self.sample.weights).sum()) ** -0.2
        z = (tau[..., None] - both.values) / width
        return np.asarray(2 * np.exp(-0.5 * z * z) @ both.weights / (width * np.sqrt(2 * np.pi)))
