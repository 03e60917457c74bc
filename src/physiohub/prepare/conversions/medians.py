"""Median with quartiles, with the range, or with both, to mean and SD, and whether they look skewed.

The estimators are those of a normal distribution. From skewed data they miss the mean; `skewness` tests that, as far as
three or five numbers can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import log, sqrt

from scipy.special import ndtri

from physiohub.network.study import Conversion

__all__ = ["Quantiles", "Skewness", "mean_from_quantiles", "sd_from_quantiles", "skewness"]

SMALLEST = 5
"""Fewest participants: five numbers describe at least five people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Median of n scores with quartiles, extremes, or both; a lone quartile or extreme does not count.

    Raises
    ------
    ValueError
        When there is neither pair, the numbers are not in order, a pair has no width, or n is below 5.
    """

    n: float
    median: float
    q1: float | None = None
    q3: float | None = None
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        if not self.n >= SMALLEST:
            raise ValueError(f"mean and SD follow from a median in groups of {SMALLEST} and more")
        if self.quartiles is None and self.extremes is None:
            raise ValueError("a median needs both quartiles, or minimum and maximum")
        chain = [x for x in (self.minimum, self.q1, self.median, self.q3, self.maximum) if x is not None]
        if any(low > high for low, high in pairwise(chain)):
            raise ValueError("minimum, quartiles, median and maximum must be in order")
        if any(pair is not None and pair[0] == pair[1] for pair in (self.quartiles, self.extremes)):
            raise ValueError("quartiles or extremes that are equal hold no spread")

    @property
    def quartiles(self) -> tuple[float, float] | None:
        """First and third quartile, when both are known."""
        return None if self.q1 is None or self.q3 is None else (self.q1, self.q3)

    @property
    def extremes(self) -> tuple[float, float] | None:
        """Minimum and maximum, when both are known."""
        return None if self.minimum is None or self.maximum is None else (self.minimum, self.maximum)

    @property
    def words(self) -> str:
        """What is known beside the median."""
        known = ["quartiles"] if self.quartiles else []
        return " and ".join([*known, *(["range"] if self.extremes else [])])


@dataclass(frozen=True, slots=True)
class Skewness:
    """A test of symmetry: `statistic` above `critical` (5%) speaks against a normal distribution."""

    statistic: float
    critical: float

    @property
    def skewed(self) -> bool:
        """Whether the test rejects symmetry."""
        return self.statistic > self.critical


def mean_from_quantiles(summary: Quantiles, *, rows: tuple[int, ...] = ()) -> tuple[float, Conversion]:
    """Mean from a median and what stands beside it (Luo 2018, Stat Methods Med Res 27:1785, equations 7, 11 and 15).

    Examples
    --------
    >>> mean, trace = mean_from_quantiles(Quantiles(n=40, median=30, q1=20, q3=44))
    >>> round(mean, 3), trace.how
    (31.42, 'from median and quartiles, n = 40 (Luo 2018)')
    """
    n, m = summary.n, summary.median
    if summary.quartiles and summary.extremes:
        of_range, of_quartiles = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
        mean = of_range * _middle(summary.extremes) + of_quartiles * _middle(summary.quartiles)
        mean += (1 - of_range - of_quartiles) * m
    elif summary.quartiles:
        weight = 0.7 + 0.39 / n
        mean = weight * _middle(summary.quartiles) + (1 - weight) * m
    else:
        weight = 4 / (4 + n**0.75)
        mean = weight * _middle(summary.extremes) + (1 - weight) * m
    return mean, Conversion("mean", f"from median and {summary.words}, n = {n:g} (Luo 2018)", mean, rows)


def sd_from_quantiles(summary: Quantiles, *, rows: tuple[int, ...] = ()) -> tuple[float, Conversion]:
    """SD from quartiles, from the range, or from both.

    One pair: its width over that of the standard normal in a sample of n (Wan 2014, BMC Med Res Methodol 14:135,
    equations 9 and 16). Both: the mean of the two weighted by n (Shi 2020, Res Synth Methods 11:641, equation 10).

    Examples
    --------
    >>> sd, trace = sd_from_quantiles(Quantiles(n=40, median=30, q1=20, q3=44))
    >>> round(sd, 3), trace.how
    (18.454, 'from quartiles, n = 40 (Wan 2014)')
    """
    n = summary.n
    by_range = None if summary.extremes is None else _width(summary.extremes) / _normal_range(n)
    by_quartiles = None if summary.quartiles is None else _width(summary.quartiles) / _normal_quartiles(n)
    source = "Wan 2014"
    if by_range is not None and by_quartiles is not None:
        weight, source = 1 / (1 + 0.07 * n**0.6), "Shi 2020"
        sd = weight * by_range + (1 - weight) * by_quartiles
    else:
        sd = by_range if by_range is not None else by_quartiles or 0.0
    return sd, Conversion("sd", f"from {summary.words}, n = {n:g} ({source})", sd, rows)


def skewness(summary: Quantiles) -> Skewness:
    """Test of symmetry from a median and what stands beside it (Shi 2023, Stat Methods Med Res 32:1338, table 1).

    Its critical values keep the error of the first kind near 5% for normal data; in small groups it sees strong
    skewness only.

    Examples
    --------
    >>> skewness(Quantiles(n=40, median=30, q1=20, q3=44)).skewed
    False
    >>> skewness(Quantiles(n=40, median=22, q1=20, q3=44)).skewed
    True
    """
    n = summary.n
    if summary.quartiles is None:
        return Skewness(_lopsided(summary.median, summary.extremes), 1 / log(n + 9) + 2.5 / (n + 1))
    of_quartiles = _lopsided(summary.median, summary.quartiles)
    if summary.extremes is None:
        return Skewness(of_quartiles, 2.65 / sqrt(n) - 6 / n**2)
    of_range = 2.65 * log(0.6 * n) / sqrt(n) * _lopsided(summary.median, summary.extremes)
    return Skewness(max(of_range, of_quartiles), 3 / sqrt(n) - 40 / n**3)


def _middle(pair: tuple[float, float] | None) -> float:
    return 0.0 if pair is None else (pair[0] + pair[1]) / 2


def _width(pair: tuple[float, float]) -> float:
    return pair[1] - pair[0]


def _lopsided(median: float, pair: tuple[float, float] | None) -> float:
    """How far a median stands from the middle of a pair, in half widths of it."""
    return 0.0 if pair is None else abs(pair[0] + pair[1] - 2 * median) / _width(pair)


def _normal_range(n: float) -> float:
    """Expected range of n standard normal scores, by Blom's approximation (Wan 2014, equation 9)."""
    return 2 * float(ndtri((n - 0.375) / (n + 0.25)))


def _normal_quartiles(n: float) -> float:
    """Expected distance of the quartiles of n standard normal scores (Wan 2014, equation 16)."""
    return 2 * float(ndtri((0.75 * n - 0.125) / (n + 0.25)))
