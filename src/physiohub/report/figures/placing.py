"""Where labels go that must not cover each other: near what they name, with room between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

__all__ = ["spread"]


def spread(wanted: Sequence[float], heights: Sequence[float], gap: float = 6.0) -> list[float]:
    """Middles of labels in one column: as near as possible to where they are wanted, in that order, none over another.

    Parameters
    ----------
    wanted
        Middles, ascending.
    heights
        Of the labels.
    gap
        Least distance between two of them.

    Examples
    --------
    >>> spread([0, 1, 50], [10, 10, 10], gap=2)
    [-5.5, 6.5, 50.0]
    """
    offsets = [0.0]
    for upper, lower in pairwise(heights):
        offsets.append(offsets[-1] + (upper + lower) / 2 + gap)
    # without the room they need, the middles only have to ascend: least squares by pooling neighbours that do not
    pools: list[list[float]] = []  # sum, size
    for middle, offset in zip(wanted, offsets, strict=False):
        pools.append([middle - offset, 1.0])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, size = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += size
    found = [total / size for total, size in pools for _ in range(int(size))]
    return [middle + offset for middle, offset in zip(found, offsets, strict=False)]
