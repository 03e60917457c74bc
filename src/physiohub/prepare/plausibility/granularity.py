"""Can whole-number scores have this mean, and this SD? GRIM, GRIMMER and DEBIT, in exact arithmetic.

GRIM: Brown & Heathers 2017, Soc Psychol Personal Sci 8:363-369. GRIMMER: Anaya 2016, PeerJ Preprints 4:e2400v1, in the
analytic form of Allard 2018 (three tests: a whole sum, a whole sum of squares, and the same parity of both). DEBIT:
Heathers & Brown 2019, for binary data, whose SD follows from the proportion.

A printed number stands for everything that rounds to it, both ends included, so that no rule of rounding is held
against it. Scores are ``low + step * k`` with whole k; the arithmetic is in k, without floating point.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, isqrt, sqrt

__all__ = ["debit_sd", "grim_neighbours", "grimmer_possible", "is_grim_informative", "possible_sums"]

Box = tuple[Fraction, Fraction]


def is_grim_informative(n: int, half_unit: Fraction, step: Fraction = Fraction(1)) -> bool:
    """Whether some printed means are impossible: possible ones lie further apart than the last decimal.

    Examples
    --------
    >>> is_grim_informative(28, Fraction(1, 200)), is_grim_informative(120, Fraction(1, 200))
    (True, False)
    """
    return step / n > 2 * half_unit


def possible_sums(mean: Box, n: int, *, low: Fraction = Fraction(0), step: Fraction = Fraction(1)) -> range:
    """Whole sums of k that n scores can have when their mean lies in a box (GRIM); empty: none.

    Parameters
    ----------
    mean
        Lowest and highest value that the printed mean stands for.

    Examples
    --------
    The example of the paper: 28 people cannot have a mean of 5.19 on whole numbers; 5.18 they can.

    >>> half = Fraction(1, 200)
    >>> [len(possible_sums((Fraction(m) - half, Fraction(m) + half), 28)) for m in ("5.19", "5.18")]
    [0, 1]
    """
    lowest, highest = (n * (end - low) / step for end in mean)
    return range(ceil(lowest), floor(highest) + 1)


def grim_neighbours(mean: Fraction, n: int, *, low: Fraction = Fraction(0), step: Fraction = Fraction(1)) -> Box:
    """The possible means on both sides of a mean.

    Examples
    --------
    >>> [round(float(m), 3) for m in grim_neighbours(Fraction("5.19"), 28)]
    [5.179, 5.214]
    """
    total = n * (mean - low) / step
    return low + step * Fraction(floor(total), n), low + step * Fraction(floor(total) + 1, n)


def grimmer_possible(
    mean: Box, sd: Box, n: int, *, low: Fraction = Fraction(0), step: Fraction = Fraction(1), largest: int | None = None
) -> bool:
    """Whether n whole-number scores can have this mean and this SD (denominator n - 1).

    With T the sum and Q the sum of squares of k, ``(n - 1) SD^2 / step^2 = Q - T^2/n``. For some T that the mean allows
    there must be a whole Q in the box of the SD, of the parity of T (k^2 and k are odd together), at least the Q of n
    numbers that lie as close together as T allows, and at most that of numbers at the ends of the scale.

    Parameters
    ----------
    largest
        k of the highest score; None for a scale without end.

    Examples
    --------
    >>> half = Fraction(1, 200)
    >>> def box(text): return Fraction(text) - half, Fraction(text) + half
    >>> grimmer_possible(box("5.21"), box("1.60"), 28), grimmer_possible(box("5.21"), box("1.59"), 28)
    (True, False)
    """
    sums = possible_sums(mean, n, low=low, step=step)
    return any(_some_square(total, sd, n, step, largest) for total in sums if _on_scale(total, n, largest))


def _on_scale(total: int, n: int, largest: int | None) -> bool:
    return largest is None or 0 <= total <= n * largest


def _some_square(total: int, sd: Box, n: int, step: Fraction, largest: int | None) -> bool:
    """Whether a sum of squares fits one sum: in the box of the SD, of its parity, and within reach of whole numbers."""
    base = Fraction(total * total, n)
    least, most = (base + (n - 1) * (max(end, Fraction(0)) / step) ** 2 for end in sd)
    lowest = max(ceil(least), _closest_squares(total, n))
    highest = floor(most) if largest is None else min(floor(most), _widest_squares(total, n, largest))
    return lowest + (lowest - total) % 2 <= highest


def _closest_squares(total: int, n: int) -> int:
    """Sum of squares of n whole numbers with this sum that differ by at most one."""
    each, more = divmod(total, n)
    return (n - more) * each**2 + more * (each + 1) ** 2


def _widest_squares(total: int, n: int, largest: int) -> int:
    """Sum of squares of n whole numbers from 0 to `largest` with this sum, as many as can be at the ends."""
    at_top, rest = divmod(total, largest)
    return at_top * largest**2 + rest**2


def debit_sd(proportion: Box, n: int) -> tuple[float, float]:
    """Lowest and highest SD of n values that are 0 or 1, for a proportion in a box: sqrt(n/(n - 1) p (1 - p)).

    Examples
    --------
    >>> [round(sd, 3) for sd in debit_sd((Fraction("0.315"), Fraction("0.325")), 50)]
    [0.469, 0.473]
    """
    low, high = (min(max(end, Fraction(0)), Fraction(1)) for end in proportion)
    candidates = [low, high, *([Fraction(1, 2)] if low < Fraction(1, 2) < high else [])]
    squares = [Fraction(n, n - 1) * p * (1 - p) for p in candidates]
    return _root(min(squares)), _root(max(squares))


def _root(square: Fraction) -> float:
    """Square root of a fraction, exact for perfect squares."""
    top, bottom = isqrt(square.numerator), isqrt(square.denominator)
    if top * top == square.numerator and bottom * bottom == square.denominator:
        return top / bottom
    return sqrt(square)
