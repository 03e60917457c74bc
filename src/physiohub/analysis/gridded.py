"""A distribution by its distribution function on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

__all__ = ["Gridded", "Quantity"]

Floats = NDArray[np.float64]


class Quantity(Protocol):
    """The distribution of m, or of a new study's mu."""

    @property
    def mean(self) -> Floats:
        """Mean."""
        ...

    @property
    def sd(self) -> Floats:
        """SD."""
        ...

    def quantile(self, p: float) -> Floats:
        """Value below which it lies with probability `p`."""
        ...

    def cdf(self, x: ArrayLike) -> Floats:
        """P(quantity <= x)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Gridded:
    """A distribution known by its distribution function at many points, between them by monotone cubic pieces.

    Attributes
    ----------
    x, z : array (point,)
        Values, and the standard normal scores of their probabilities, on which scale a distribution is nearly straight.
    mean, sd
        From the quadrature itself.
    """

    x: Floats
    z: Floats
    mean: Floats
    sd: Floats

    @classmethod
    def of(cls, x: Floats, cdf: Floats, mean: float, sd: float) -> Gridded:
        """Keep the points at which the function has left zero, not yet reached one, and grows."""
        # beyond six scores rounding blurs the upper tail
        inside = (cdf > ndtr(-6.0)) & (cdf < ndtr(6.0))
        x, z = x[inside], ndtri(cdf[inside])
        growing = z > np.maximum.accumulate(np.concatenate([[-np.inf], z[:-1]])) + 1e-10
        return cls(x[growing], z[growing], np.asarray(mean), np.asarray(sd))

    def quantile(self, p: float) -> Floats:
        """Value below which the quantity lies with probability `p`."""
        from scipy.interpolate import PchipInterpolator

        return np.asarray(PchipInterpolator(self.z, self.x)(ndtri(p)))

    def cdf(self, x: ArrayLike) -> Floats:
        """P(quantity <= x)."""
        from scipy.interpolate import PchipInterpolator

        at = np.clip(np.asarray(x, dtype=float), self.x[0], self.x[-1])
        return np.asarray(ndtr(PchipInterpolator(self.x, self.z)(at)))
