"""Finite mixtures of normals: what every marginal of an exact posterior is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

__all__ = ["NormalMixture"]

Floats = NDArray[np.float64]
_MAX_STEPS = 100


@dataclass(frozen=True, slots=True, eq=False)
class NormalMixture:
    """Mixtures of normals that share their weights, any number of quantities at once.

    Attributes
    ----------
    weights : array (node,)
        Sum to one.
    means, sds : array (..., node)
        Mean and SD of each quantity within each node.

    Examples
    --------
    >>> mixture = NormalMixture(np.array([0.5, 0.5]), np.array([-1.0, 1.0]), np.array([1.0, 1.0]))
    >>> float(mixture.mean), round(float(mixture.sd), 4), round(float(mixture.quantile(0.5)), 12)
    (0.0, 1.4142, 0.0)
    """

    weights: Floats
    means: Floats
    sds: Floats

    @property
    def mean(self) -> Floats:
        """Mean of each quantity (...)."""
        return np.asarray(self.means @ self.weights)

    @property
    def sd(self) -> Floats:
        """SD of each quantity (...)."""
        centred = self.means - self.mean[..., None]
        return np.asarray(np.sqrt((np.square(self.sds) + np.square(centred)) @ self.weights))

    @property
    def kurtosis(self) -> Floats:
        """Fourth central moment over the squared variance (...): 3 for a normal."""
        m, v = self.means - self.mean[..., None], np.square(self.sds)
        return np.asarray(((m**4 + 6 * m**2 * v + 3 * v**2) @ self.weights) / self.sd**4)

    def cdf(self, x: ArrayLike) -> Floats:
        """P(quantity <= x); `x` has the shape (...) of the quantities or broadcasts with it."""
        x = np.asarray(x, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (x[..., None] - self.means) / self.sds
        # a quantity known exactly in a node (SD 0) is a step there
        z = np.where(np.isnan(z), 0.0, z)
        return np.asarray(ndtr(z) @ self.weights)

    def survival(self, x: ArrayLike) -> Floats:
        """P(quantity > x), accurate in the far tail too."""
        return NormalMixture(self.weights, -self.means, self.sds).cdf(-np.asarray(x, dtype=float))

    def density(self, x: ArrayLike) -> Floats:
        """Density at x."""
        x = np.asarray(x, dtype=float)
        z = (x[..., None] - self.means) / self.sds
        return np.asarray((np.exp(-0.5 * z**2) / (self.sds * np.sqrt(2 * np.pi))) @ self.weights)

    def quantile(self, p: float) -> Floats:
        """Value (...) below which each quantity lies with probability `p`.

        Newton steps for ``z(cdf(x)) = z(p)``, z the standard normal quantile, on which scale a mixture's CDF is nearly
        straight; kept inside a bracket, for the quantile lies between the smallest and the largest of the nodes' own.
        """
        target = float(ndtri(p))
        own = self.means + self.sds * target
        low, high = np.min(own, axis=-1), np.max(own, axis=-1)
        # nodes far out in a heavy tail may make the SD useless as a yardstick: start from the node in the middle
        x = self._weighted_median(own)
        scale = np.maximum(self._weighted_median(self.sds), 1e-12 * np.abs(x) + 1e-300)
        for _ in range(_MAX_STEPS):
            cdf = self.cdf(x)
            low, high = np.where(cdf < p, x, low), np.where(cdf < p, high, x)
            z = ndtri(cdf)
            with np.errstate(all="ignore"):
                newton = x - (z - target) * np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) / self.density(x)
            inside = (newton >= low) & (newton <= high)
            # halved on the asinh scale, on which a bracket over many powers of ten is short
            middle = scale * np.sinh(0.5 * (np.arcsinh(low / scale) + np.arcsinh(high / scale)))
            step = np.where(inside, newton, np.clip(middle, low, high))
            # Newton doubles the digits: after a step this small the next one would be lost in rounding
            done = (inside & (np.abs(step - x) <= 1e-8 * scale)) | (high - low <= 4e-16 * np.abs(x))
            x = step
            if np.all(done):
                break
        return np.asarray(x)

    def _weighted_median(self, values: Floats) -> Floats:
        """Median over the nodes (...) of values (..., node), by weight."""
        order = np.argsort(values, axis=-1)
        cumulative = np.cumsum(self.weights[order], axis=-1)
        middle = np.argmax(cumulative >= 0.5 * cumulative[..., -1:], axis=-1)
        chosen = np.take_along_axis(order, middle[..., None], axis=-1)
        return np.asarray(np.take_along_axis(values, chosen, axis=-1)[..., 0])
