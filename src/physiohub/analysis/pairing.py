"""Two independent quantities met point by point, so that any function of both has a distribution.

Nothing is random. A quantity whose quantiles are known enters as its quantiles at even steps; the other one is met in
the order of the golden section, so that the pairs cover the unit square evenly (a Kronecker lattice: Niederreiter 1992,
Random Number Generation and Quasi-Monte Carlo Methods, section 3.1). Weighted draws stay as they are, and each meets
some strata of the other quantity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from physiohub.inference.posterior import Marginal
from physiohub.inference.sample import WeightedSample

__all__ = ["HasQuantiles", "Lattice", "QuantileTable", "golden"]

Floats = NDArray[np.float64]
_GOLDEN = (np.sqrt(5.0) - 1) / 2
# quantiles are tabulated at these standard normal scores: the outermost point of a lattice lies inside
_SCORES = np.arange(-5.25, 5.2501, 0.125)
_POINTS, _PARTS = 65_536, 8


class HasQuantiles(Protocol):
    """Whatever knows its quantiles."""

    def quantile(self, p: float) -> Floats:
        """Value (...) below which the quantity lies with probability `p`."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class QuantileTable:
    """The quantile function of some quantities, between tabulated points by monotone cubic pieces.

    Attributes
    ----------
    values : array (quantity, score)
    """

    values: Floats

    @classmethod
    def of(cls, marginal: HasQuantiles) -> QuantileTable:
        """Tabulate all quantities of a marginal."""
        found = [np.ravel(marginal.quantile(float(ndtr(z)))) for z in _SCORES]
        return cls(np.stack(found, axis=-1))

    def at(self, place: int, p: Floats) -> Floats:
        """Quantiles (...) of one quantity at probabilities `p`."""
        from scipy.interpolate import PchipInterpolator  # imported here: only what is absolute needs it

        return np.asarray(PchipInterpolator(_SCORES, self.values[place])(ndtri(p)))


def golden(count: int) -> Floats:
    """Points (count,) of the unit interval, evenly spread from the first few on.

    Examples
    --------
    >>> golden(4).round(3).tolist()
    [0.309, 0.927, 0.545, 0.163]
    """
    return np.asarray(((np.arange(count) + 0.5) * _GOLDEN) % 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """Quantities of a fit (quantity, draw), each paired with even values of something independent of the fit.

    Attributes
    ----------
    weights : array (point,)
    other : array (point,)
        Probabilities at which the other quantity is taken.
    draw : array of int (point,), optional
        Place of the draw at each point; None where quantiles stand in for draws.
    table
        The quantiles, where they are known.
    values : array (quantity, draw), optional
        The draws, where they are not.
    """

    weights: Floats
    other: Floats
    draw: NDArray[np.intp] | None
    table: QuantileTable | None
    values: Floats | None

    @classmethod
    def of(cls, marginal: Marginal, *, points: int = _POINTS) -> Lattice:
        """Pair the quantities (quantity,) of a marginal."""
        if isinstance(marginal, WeightedSample):
            return cls.of_draws(marginal.weights, marginal.values)
        return cls(np.full(points, 1 / points), golden(points), None, QuantileTable.of(marginal), None)

    @classmethod
    def of_draws(cls, weights: Floats, values: Floats) -> Lattice:
        """Pair weighted draws: each meets every stratum, at a place of its own in it."""
        strata = max(1, _POINTS // len(weights))
        draw = np.repeat(np.arange(len(weights)), strata)
        within = (np.tile(np.arange(strata), len(weights)) + np.repeat(golden(len(weights)), strata)) / strata
        return cls(weights[draw] / strata, within, draw, None, np.atleast_2d(values))

    @property
    def points(self) -> int:
        """Number of points."""
        return len(self.weights)

    def quantity(self, place: int) -> Floats:
        """One quantity at all points (point,)."""
        if self.table is not None:
            return self.table.at(place, (np.arange(self.points) + 0.5) / self.points)
        assert self.values is not None
        assert self.draw is not None
        return np.asarray(self.values[place, self.draw])

    def sample(self, values: Floats) -> WeightedSample:
        """The distribution of what was computed at all points."""
        return WeightedSample(self.weights, values)

    def parts(self, values: Floats) -> Iterator[WeightedSample]:
        """The same distribution from parts of the points, whose spread tells how exact the whole is.

        Every second point of a lattice is a lattice as good; draws are parted by draw.
        """
        count = 2 if self.draw is None else _PARTS
        label = (np.arange(self.points) if self.draw is None else self.draw) % count
        for part in range(count):
            chosen = label == part
            yield WeightedSample(self.weights[chosen] / self.weights[chosen].sum(), values[chosen])
