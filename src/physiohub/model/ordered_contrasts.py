"""Ordered categories of one study as normal contrasts: maximum likelihood with cut-points of the study's own.

With theta of each arm and the cut-points free, the log likelihood of a study is concave (the probability of an interval
under the normal is log-concave in its ends), so that Newton's method with halved steps finds its one maximum. Contrasts
are differences of theta; their covariance is that of the inverse observed information (Wald).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from physiohub.model.likelihoods.ordered import Ordered

__all__ = ["has_maximum", "in_one_category", "ordered_contrasts"]

Floats = NDArray[np.float64]
_STEPS = 100
# of a Newton step, in units of the linear predictor: far below any digit that is printed
_CLOSE = 1e-11
_DENSITY = 1 / np.sqrt(2 * np.pi)


class _Cell(NamedTuple):
    """People of an arm between two cut-points; cut-point 0 is minus infinity, `last` plus infinity."""

    arm: int
    people: float
    low: int
    high: int


def _cells(arms: Ordered) -> tuple[list[_Cell], int]:
    """The cells of a study over the cut-points that tell something, and the place of the last one.

    Categories that no arm reports, or that hold nobody in any arm, are part of their neighbour: they say nothing of
    theta.
    """
    used = [j for j in range(arms.categories) if np.any(arms.counts[:, j] > 0)]
    # the lowest category that holds anybody starts at minus infinity, and so does whatever is below it
    start = {j: k for k, j in enumerate(used)}
    cells = []
    for i, (counts, reported) in enumerate(zip(arms.counts, arms.reported, strict=True)):
        own = [j for j in used if reported[j] or j == used[0]]
        ends = [start[j] for j in own[1:]] + [len(used)]
        cells += [_Cell(i, float(counts[j]), start[j], end) for j, end in zip(own, ends, strict=True)]
    return cells, len(used)


def in_one_category(arms: Ordered) -> bool:
    """Whether all people of a study are in one and the same category."""
    return _cells(arms)[1] < 2


def has_maximum(arms: Ordered) -> bool:
    """Whether the likelihood of a study has its maximum at finite values.

    It rises without end along a direction in which no filled cell is left behind: each arm moves freely between the
    upper end of its lowest filled cell and the lower end of its highest one. None is left when these ranges tie all
    cut-points together and no arm stands beyond the outer ones (after Albert & Anderson 1984, Biometrika 71:1).

    Examples
    --------
    >>> both = np.ones((2, 3), dtype=bool)
    >>> has_maximum(Ordered(np.array([[5.0, 3.0, 0.0], [2.0, 4.0, 3.0]]), both))
    True
    >>> has_maximum(Ordered(np.array([[5.0, 3.0, 0.0], [0.0, 0.0, 9.0]]), both))
    False
    """
    cells, last = _cells(arms)
    if last < 2:
        return False
    ranges = [_tied(cells, i) for i in range(len(arms))]
    group = list(range(last + 1))
    for low, high in ranges:
        for k in range(low, high):
            old, new = group[k + 1], group[k]
            group = [new if g == old else g for g in group]
    one = len(set(group[1:last])) == 1
    # an arm whose people are all in one cell stays where it is only between two cut-points that are tied
    return one and all(low <= high or (high > 0 and low < last) for low, high in ranges)


def _tied(cells: list[_Cell], arm: int) -> tuple[int, int]:
    """Upper end of the lowest filled cell of an arm, and lower end of its highest; of nobody, ends that tie nothing."""
    filled = [cell for cell in cells if cell.arm == arm and cell.people > 0]
    if not filled:
        return 1, 0
    return min(cell.high for cell in filled), max(cell.low for cell in filled)


def ordered_contrasts(arms: Ordered, added: float = 0.0) -> tuple[Floats, Floats]:
    """Theta of each arm less that of arm 0 (arm - 1,), and their covariance.

    Parameters
    ----------
    arms
        Of one study; see `has_maximum`.
    added
        Put to every reported category of every arm.

    Examples
    --------
    >>> two = Ordered(np.array([[30.0, 10.0], [20.0, 20.0]]), np.ones((2, 2), dtype=bool))
    >>> estimate, covariance = ordered_contrasts(two)  # two categories: the difference of two probits
    >>> round(float(estimate[0]), 4), round(float(covariance[0, 0]), 4)
    (0.6745, 0.0857)
    """
    if added:
        arms = Ordered(arms.counts + added * arms.reported, arms.reported)
    cells, last = _cells(arms)
    # theta zero, and cut-points above the first in order with room between them (arm + cut-point,)
    at = np.concatenate([np.zeros(len(arms)), 0.5 * np.arange(1, last - 1)])
    value, score, information = _likelihood(at, cells, len(arms), last)
    for _ in range(_STEPS):
        step = np.linalg.solve(information, score)
        scale, found = 1.0, _likelihood(at + step, cells, len(arms), last)
        while not found[0] >= value - 1e-9 and scale > 1e-6:
            scale /= 2
            found = _likelihood(at + scale * step, cells, len(arms), last)
        at = at + scale * step
        value, score, information = found
        if np.max(np.abs(step)) < _CLOSE:
            break
    covariance = np.linalg.inv(information)
    turn = np.eye(len(arms))[1:] - np.eye(len(arms))[0]
    return turn @ at[: len(arms)], turn @ covariance[: len(arms), : len(arms)] @ turn.T


def _likelihood(at: Floats, cells: list[_Cell], arms: int, last: int) -> tuple[float, Floats, Floats]:
    """Log likelihood without its constants, its slope, and the observed information; -inf where cut-points cross."""
    size = len(at)
    value, score, information = 0.0, np.zeros(size), np.zeros((size, size))
    for cell in cells:
        if cell.people == 0:
            continue
        low, high = (_level(at, cell, edge, arms, last) for edge in (cell.low, cell.high))
        # taken in the nearer tail, a difference keeps its digits
        p = float(ndtr(-low[0]) - ndtr(-high[0]) if low[0] > 0 else ndtr(high[0]) - ndtr(low[0]))
        if not p > 0:
            return -np.inf, score, np.eye(size)
        slope, bend = np.zeros(size), np.zeros((size, size))
        for (level, direction), sign in ((high, 1.0), (low, -1.0)):
            density = sign * _DENSITY * float(np.exp(-0.5 * level * level)) if np.isfinite(level) else 0.0
            slope += density * direction
            bend -= (density * level if density else 0.0) * np.outer(direction, direction)
        value += cell.people * float(np.log(p))
        score += cell.people * slope / p
        information += cell.people * (np.outer(slope, slope) / p - bend) / p
    return value, score, information


def _level(at: Floats, cell: _Cell, edge: int, arms: int, last: int) -> tuple[float, Floats]:
    """Cut-point less theta, and its direction in the parameters; the first finite cut-point is zero."""
    direction = np.zeros(len(at))
    if edge in (0, last):
        return (-np.inf if edge == 0 else np.inf), direction
    direction[cell.arm] = -1.0
    cut = 0.0
    if edge > 1:
        direction[arms + edge - 2] = 1.0
        cut = float(at[arms + edge - 2])
    return cut - float(at[cell.arm]), direction
