"""The SDs that n scores on a bounded scale can have, given their mean."""

from __future__ import annotations

from math import ceil, floor, sqrt

__all__ = ["largest_sd", "smallest_sd"]

_SLACK = 1e-9
"""Of the range: what floating point may add to a limit that is met exactly."""


def largest_sd(mean: tuple[float, float], n: int, low: float, high: float) -> float:
    """Largest SD (denominator n - 1) of n scores from low to high whose mean lies in a box.

    Given the mean the spread is largest with every score at an end but one, which makes up the sum (a convex function
    on a polytope is largest at a vertex). In its sum that is ``k R^2 + r^2 - T^2/n``, T = n (mean - low) = k R + r,
    R = high - low: convex in r, so over a box the largest lies at its ends or where r = 0, and among those nearest to
    k = n/2.

    Parameters
    ----------
    mean
        Lowest and highest value that the printed mean stands for; what lies outside the scale is left out.

    Examples
    --------
    >>> largest_sd((5.0, 5.0), 4, 0, 10), round(largest_sd((2.5, 2.5), 2, 0, 10), 4)
    (5.773502691896258, 3.5355)
    """
    width = high - low
    first, last = (n * (min(max(end, low), high) - low) for end in mean)
    knots = range(ceil(first / width - _SLACK), floor(last / width + _SLACK) + 1)
    totals = [first, last, *(k * width for k in (_nearest(knots, n / 2) if knots else ()))]
    return sqrt(max(0.0, *(_squares(total, n, width) for total in totals)) / (n - 1))


def _nearest(knots: range, middle: float) -> tuple[int, ...]:
    """The whole numbers of a range on both sides of its middle, or its nearer end."""
    return tuple({min(max(k, knots[0]), knots[-1]) for k in (floor(middle), ceil(middle))})


def _squares(total: float, n: int, width: float) -> float:
    """Sum of squared deviations with every score but one at an end of the scale."""
    at_top = min(floor(total / width + _SLACK), n)
    rest = max(total - at_top * width, 0.0)
    return at_top * width**2 + rest**2 - total**2 / n


def smallest_sd(mean: tuple[float, float], n: int, low: float, step: float) -> float:
    """Smallest SD (denominator n - 1) of n scores that are ``low + step k``, whose mean lies in a box.

    Scores that lie at the two steps around the mean: ``step^2 n f (1 - f)/(n - 1)`` with f the fraction of people on
    the upper one; 0 when the box holds a possible score.

    Examples
    --------
    >>> round(smallest_sd((2.5, 2.5), 10, 0, 1), 4), smallest_sd((1.95, 2.05), 10, 0, 1)
    (0.527, 0.0)
    """
    first, last = ((end - low) / step for end in mean)
    if floor(first) != floor(last) or first == floor(first):
        return 0.0
    return step * sqrt(n / (n - 1) * min(f * (1 - f) for f in (first - floor(first), last - floor(last))))
