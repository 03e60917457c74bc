"""Are these numbers uniform? Tests that need no simulation, with an exact or a stated distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, bdtrc, chdtrc, gammaln

__all__ = ["INTERVALS", "Uniformity", "chi_square_p", "ecdf_p", "uniformity"]

Floats = NDArray[np.float64]
INTERVALS = (0.5, 0.8, 0.95)
"""Central intervals whose coverage is counted."""
_MOST_BINS, _FEWEST_PER_BIN = 20, 10
_MOST_POINTS = 100


@dataclass(frozen=True, slots=True)
class Uniformity:
    """What some probability integral transforms tell of one quantity.

    Attributes
    ----------
    quantity
        Its name.
    count
        How many values there are.
    chi_square_p, ecdf_p
        p values of uniformity: of the histogram, and of the empirical distribution function with its simultaneous band.
    deviation
        Largest distance of the empirical distribution function from the diagonal.
    coverage
        For each of `INTERVALS` the share of true values that lay inside.
    histogram
        Counts in equal bins.
    """

    quantity: str
    count: int
    chi_square_p: float
    ecdf_p: float
    deviation: float
    coverage: tuple[float, ...]
    histogram: tuple[int, ...]

    @property
    def smallest_p(self) -> float:
        """The smaller of the two p values."""
        return min(self.chi_square_p, self.ecdf_p)

    @property
    def coverage_error(self) -> tuple[float, ...]:
        """Binomial standard errors of the coverage of a right answer."""
        return tuple(float(np.sqrt(p * (1 - p) / self.count)) for p in INTERVALS)


def uniformity(quantity: str, values: ArrayLike) -> Uniformity:
    """Everything that is said of one quantity.

    Parameters
    ----------
    quantity
        Its name.
    values : array (replicate,)
        Probability integral transforms, between zero and one.

    Raises
    ------
    ValueError
        When there are fewer than 20 values, or one is no probability.

    Examples
    --------
    >>> even = uniformity("d", (np.arange(100) + 0.5) / 100)
    >>> even.coverage, even.histogram
    ((0.5, 0.8, 0.96), (10, 10, 10, 10, 10, 10, 10, 10, 10, 10))
    >>> round(uniformity("d", 0.8 * (np.arange(100) + 0.5) / 100).ecdf_p, 6)
    0.0
    """
    u = np.sort(np.asarray(values, dtype=float))
    if len(u) < 2 * _FEWEST_PER_BIN or not np.all((u >= 0) & (u <= 1)):
        raise ValueError("uniformity needs 20 values or more, all of them probabilities")
    histogram = binned(u)
    return Uniformity(
        quantity=quantity,
        count=len(u),
        chi_square_p=chi_square_p(histogram),
        ecdf_p=ecdf_p(u),
        deviation=_deviation(u),
        coverage=tuple(float(np.mean(np.abs(u - 0.5) <= p / 2)) for p in INTERVALS),
        histogram=tuple(int(c) for c in histogram),
    )


def binned(u: Floats) -> NDArray[np.intp]:
    """Counts in equal bins: twenty, or fewer where a bin would hold fewer than ten on average."""
    bins = min(_MOST_BINS, len(u) // _FEWEST_PER_BIN)
    return np.bincount(np.minimum((u * bins).astype(np.intp), bins - 1), minlength=bins)


def chi_square_p(counts: ArrayLike) -> float:
    """P value of equal probabilities of the bins (Talts et al. 2018, arXiv:1804.06788), asymptotic.

    Examples
    --------
    >>> round(chi_square_p([10, 10, 10, 30]), 6)
    0.00017
    """
    seen = np.asarray(counts, dtype=float)
    expected = seen.sum() / len(seen)
    return float(chdtrc(len(seen) - 1, np.square(seen - expected).sum() / expected))


def ecdf_p(values: ArrayLike) -> float:
    """P value of uniformity by the simultaneous band of the empirical distribution function, exact.

    The band is drawn by the binomial distribution at each of some points, all with the same tail probability
    (Säilynoja, Bürkner & Vehtari 2022, Stat Comput 32:32, section 2). The p value is the probability that uniform
    values leave the band that these values just touch; it comes from the Markov chain of their counts, of which each
    increment is binomial.

    Parameters
    ----------
    values : array (replicate,)

    Examples
    --------
    One value below 1/2 in two is nothing special:

    >>> ecdf_p([0.2, 0.7])
    1.0
    """
    u = np.sort(np.asarray(values, dtype=float))
    n = len(u)
    z = np.arange(1, min(n, _MOST_POINTS)) / min(n, _MOST_POINTS)
    seen = np.searchsorted(u, z, side="right")
    own = min((float(_tails(n, point, np.array([r]))[0]) for point, r in zip(z, seen, strict=True)), default=1.0)
    return float(np.clip(1 - _inside_probability(n, z, own), 0.0, 1.0))


def _tails(n: int, z: float, counts: NDArray[np.intp]) -> Floats:
    """The smaller tail probability of each count of values below z, itself included."""
    below = bdtr(counts, n, z)
    above = np.where(counts > 0, bdtrc(np.maximum(counts - 1, 0), n, z), 1.0)
    return np.asarray(np.minimum(below, above))


def _inside_probability(n: int, z: Floats, tail: float) -> float:
    """Probability that at every point the smaller tail probability of n uniform values is above `tail`."""
    log_factorial = gammaln(np.arange(n + 1) + 1.0)
    counts, mass, at = np.zeros(1, dtype=np.intp), np.ones(1), 0.0
    every = np.arange(n + 1)
    for point in z:
        # rounding may not put the observed count itself inside
        allowed = every[_tails(n, point, every) > tail * (1 + 1e-9)]
        if not len(allowed):
            return 0.0
        mass = mass @ _increments(n, counts, allowed, (point - at) / (1 - at), log_factorial)
        counts, at = allowed, float(point)
    return float(mass.sum())


def _increments(n: int, before: NDArray[np.intp], after: NDArray[np.intp], p: float, log_factorial: Floats) -> Floats:
    """Transition (before, after) of the count: the values that are left fall into the next step with probability p."""
    left = (n - before)[:, None]
    step = after[None, :] - before[:, None]
    possible = (step >= 0) & (step <= left)
    k = np.where(possible, step, 0)
    log_mass = log_factorial[left] - log_factorial[k] - log_factorial[left - k] + k * np.log(p)
    return np.where(possible, np.exp(log_mass + (left - k) * np.log1p(-p)), 0.0)


def _deviation(u: Floats) -> float:
    """Largest distance of the empirical distribution function of sorted values from the diagonal."""
    n = len(u)
    return float(max(np.max(np.arange(1, n + 1) / n - u), np.max(u - np.arange(n) / n)))
