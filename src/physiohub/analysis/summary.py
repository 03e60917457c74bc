"""A distribution in five numbers, where it has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physiohub.analysis.pairing import Lattice
from physiohub.inference.sample import WeightedSample

__all__ = ["Summary", "numerical_error", "summarised"]

# a moment that the outermost points hold so much of is not known from any number of points, or does not exist
_OUTERMOST, _SHARE = 1e-4, 0.1


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean, SD, median and central interval.

    Attributes
    ----------
    mean, sd
        None where a heavy tail leaves none.
    median, low, high
        The interval is at the level of the fit.
    """

    mean: float | None
    sd: float | None
    median: float
    low: float
    high: float


def summarised(sample: WeightedSample, level: float, *, moments: int = 2) -> Summary:
    """Summarise a single quantity.

    Parameters
    ----------
    sample
        Of one quantity.
    level
        Probability of the interval.
    moments
        How many moments the quantity is known to have; its tail is judged beside.

    Examples
    --------
    >>> summarised(WeightedSample(np.full(3, 1 / 3), np.array([1.0, 2.0, 3.0])), 0.5).median
    2.0
    """
    tail = (1 - level) / 2
    median, low, high = (float(sample.quantile(p)) for p in (0.5, tail, 1 - tail))
    moments = min(moments, _moments_of(sample, median))
    return Summary(
        mean=float(sample.mean) if moments >= 1 else None,
        sd=float(sample.sd) if moments >= 2 else None,
        median=median,
        low=low,
        high=high,
    )


def _moments_of(sample: WeightedSample, centre: float) -> int:
    """The number of moments, two at most, that do not hang on the outermost points."""
    distance = np.abs(sample.values - centre)
    if not np.all(np.isfinite(distance)):
        return 0
    count = max(1, int(_OUTERMOST * len(distance)))
    outermost = np.argpartition(distance, -count)[-count:]
    for k in (1, 2):
        parts = sample.weights * distance**k
        if parts[outermost].sum() > _SHARE * parts.sum():
            return k - 1
    return 2


def numerical_error(lattice: Lattice, values: WeightedSample, level: float) -> float:
    """Error of the median and the limits, judged by parts of the points, in SDs of the quantity; the largest."""
    tail = (1 - level) / 2
    found = np.array(
        [[float(part.quantile(p)) for p in (tail, 0.5, 1 - tail)] for part in lattice.parts(values.values)]
    )
    spread = float(values.quantile(0.8413) - values.quantile(0.1587)) / 2
    return float(np.max(found.std(0, ddof=1)) / np.sqrt(len(found)) / spread) if spread > 0 else 0.0
