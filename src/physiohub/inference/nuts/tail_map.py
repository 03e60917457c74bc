"""A standard normal turned into something with a long tail on one side and an edge on the other.

A study without events leaves its baseline what the prior says below the place where its likelihood ends: under
N(0, 100^2) a tail of a hundred units with an edge of one, which no fixed step of a sampler fits. The same holds for the
effect of a treatment on which nobody had an event. With f the density of such a number, all others held where they are
expected, ``l(z) = F^-1(Phi(z))`` is near enough a standard normal in z. The map is a spline, and its own derivatives
are used, so that f shapes the coordinate only: what is sampled is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.special import ndtri

__all__ = ["Mapped", "TailMap"]

Floats = NDArray[np.float64]
# knots of the spline; beyond them it goes on as a straight line
_KNOTS = np.linspace(-5.5, 5.5, 89)
_POINTS = 6000


class Mapped(NamedTuple):
    """Values, their slope in z, the log of the slope and its derivative, all of the shape of z."""

    value: Floats
    slope: Floats
    log_slope: Floats
    bend: Floats


class TailMap:
    """The map for one number.

    Parameters
    ----------
    log_density
        Log f of an array, up to a constant.
    edge, width
        About where f ends on its steep side, and over what distance.
    reach
        How far f may reach on either side of the edge.

    Examples
    --------
    >>> half_normal = TailMap(lambda l: np.where(l <= 0, -0.5 * l**2 / 100**2, -np.inf), 0.0, 0.1, 1000.0)
    >>> float(half_normal.at(np.zeros(1)).value[0].round(1))  # the median of minus a half-normal of scale 100
    -67.4
    """

    def __init__(self, log_density: Callable[[Floats], Floats], edge: float, width: float, reach: float) -> None:
        points = edge + _spaced(width, reach)
        with np.errstate(all="ignore"):
            log_f = np.nan_to_num(log_density(points), nan=-np.inf)
        f = np.exp(log_f - log_f.max())
        steps = np.diff(points) * (f[1:] + f[:-1]) / 2
        # each tail is summed from its own end, so that its digits survive
        below, above = np.append(0.0, np.cumsum(steps)), np.append(np.cumsum(steps[::-1])[::-1], 0.0)
        total = below[-1]
        with np.errstate(all="ignore"):
            z = np.where(below < above, ndtri(below / total), -ndtri(above / total))
        inside = np.isfinite(z)
        knots = _KNOTS[(z[inside].min() <= _KNOTS) & (z[inside].max() >= _KNOTS)]
        values = np.interp(knots, z[inside], points[inside])
        self.spline = _increasing(knots, values)
        self.low, self.high = float(knots[0]), float(knots[-1])

    def at(self, z: Floats) -> Mapped:
        """The map at z, of any shape."""
        within = np.clip(z, self.low, self.high)
        slope = self.spline(within, 1)
        value = self.spline(within) + slope * (z - within)
        bend = np.where(z == within, self.spline(within, 2) / slope, 0.0)
        return Mapped(np.asarray(value), np.asarray(slope), np.log(slope), bend)


def _spaced(width: float, reach: float) -> Floats:
    """Distances from the edge, dense about it and out to `reach` on both sides."""
    u = np.linspace(-1.0, 1.0, _POINTS)
    rate = np.arcsinh(max(reach / width, 2.0))
    return np.asarray(width * np.sinh(rate * u))


def _increasing(z: Floats, value: Floats) -> CubicSpline | PchipInterpolator:
    """A spline through the knots that rises everywhere."""
    smooth = CubicSpline(z, value)
    between = np.linspace(z[0], z[-1], 8 * len(z))
    return smooth if np.all(smooth(between, 1) > 0) else PchipInterpolator(z, value)
