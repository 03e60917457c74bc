"""Tables of the inner integrals: one function of x = m + eta for each arm and each tau."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.collapsed.arm_integral import ArmDensities
from physiohub.inference.collapsed.table import Reach, Table, grid

__all__ = ["FINER_WHEN_KNOWN", "ArmTables", "some_arms", "two_sided"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
# where the data of arm 0 say nothing on one side (no events), its function is followed into the tail of the prior of mu
_NEAR, _FAR = 4.6, (6.0, 7.5, 9.0, 10.5, 12.0)
_POINTS, _POINTS_BELOW_END = 64, 112
# where tau is known nothing softens a conflict of a study with its network, and there is time for finer rules; a prior
# of baselines that ends abruptly asks for them too
FINER_WHEN_KNOWN = 6
"""How many times as fine rules and tables are at a single tau."""
# random effects that lie more SDs than this beyond an upper end (log link) do not count
_SDS = 6.0
# log of what a rule may leave out, relative to the peak
_CUT, _CUT_WHEN_KNOWN = 30.0, 300.0
_BLOCK = 400_000


@dataclass(frozen=True, slots=True, eq=False)
class ArmTables:
    """Log f of every arm at every tau.

    Attributes
    ----------
    table
        Row ``arm * len(tau) + node``.
    nodes
        Number of tau.
    low, high : array (arm, node)
        The range of each function's mass, on the warped scale of its table.
    fine
        How many times as fine as usual the tables are, and rules over them should be.
    """

    table: Table
    nodes: int
    low: Floats
    high: Floats
    fine: int

    @classmethod
    def of(cls, arms: ArmDensities, tau: Floats) -> ArmTables:
        """Tabulate all arms at tau (node,)."""
        variance = np.square(tau) / 2
        left, right = _stays_near(arms)
        far = _far(arms, variance)
        fine = FINER_WHEN_KNOWN if len(tau) == 1 or arms.prior.edged else 1
        parts: list[tuple[Places, Table]] = []
        count = len(arms.likelihood)
        low, high = np.empty((count, len(tau))), np.empty((count, len(tau)))
        for to_left in (False, True):
            for to_right in (False, True):
                group = np.flatnonzero((left == to_left) & (right == to_right))
                reach = Reach(_NEAR if to_left else far, _NEAR if to_right else far, fine * _POINTS)
                if np.isfinite(arms.likelihood.upper):  # the log of a distance goes far in few steps
                    reach = Reach(_NEAR, _NEAR, fine * _POINTS_BELOW_END)
                for block in _blocks(group, len(tau) * reach.points * 21):
                    rows = (block[:, None] * len(tau) + np.arange(len(tau))).ravel()
                    table, low[block], high[block] = _tabulated(some_arms(arms, block), variance, reach)
                    parts.append((rows, table))
        return cls(Table.joined(parts), len(tau), low, high, fine)

    def log_f(self, arm: Places, node: Places, x: Floats) -> Floats:
        """Log f at x; `arm` and `node` broadcast against it."""
        return self.table(arm * self.nodes + node, x)


def two_sided(arms: ArmDensities) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the data of each arm (arm,) rule out a theta far to the left, and far to the right."""
    centre, se = arms.crude
    end = arms.likelihood.upper
    # forty SEs away a likelihood of counts is flat, or falls by at least one event each unit
    left = arms.likelihood.derivatives(centre - 40 * se).score > 0.5
    if np.isfinite(end):  # in the log of the distance from the end, far to the left is far to the right
        return np.ones(len(centre), dtype=bool), left
    return left, arms.likelihood.derivatives(centre + 40 * se).score < -0.5


def _stays_near(arms: ArmDensities) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether nothing happens far to the left, and far to the right, of each arm (arm,).

    The data rule it out; or they say nothing, and no prior of mu does either.
    """
    left, right = two_sided(arms)
    later = np.ones(len(left), dtype=bool)
    later[arms.first] = False
    return left | later, right | later


def _far(arms: ArmDensities, variance: Floats) -> float:
    """How far the grids of one-sided first arms go: to where the prior of mu has died away."""
    if not len(arms.first):
        return _NEAR
    centre, se = (part[arms.first] for part in arms.crude)
    scale = np.sqrt(np.square(se) + np.min(variance))
    middle = arms.prior.derivatives(centre).value
    for far in _FAR:
        ends = [arms.prior.derivatives(centre + side * scale * np.sinh(far)).value for side in (-1, 1)]
        if np.all(np.maximum(*ends) < middle - 25):
            return far
    return _FAR[-1]


def some_arms(arms: ArmDensities, chosen: Places) -> ArmDensities:
    """The densities of some arms, each with its baseline prior if it is the first of its study."""
    is_first = np.isin(chosen, arms.first)
    prior = arms.prior.take(np.searchsorted(arms.first, chosen[is_first]))
    return ArmDensities(arms.likelihood.take(chosen), prior, np.flatnonzero(is_first), arms.fineness)


def _tabulated(arms: ArmDensities, variance: Floats, reach: Reach) -> tuple[Table, Floats, Floats]:
    """Log f of some arms, row ``arm * node + node``, and the ends of its mass (arm, node) on the asinh scale."""
    place, scale, end = _grids(arms, variance)
    at = place[..., None] + scale[..., None] * grid(reach)
    x = at if end is None else end[..., None] - np.exp(at)
    with np.errstate(divide="ignore"):
        values = arms.log_integral(x, variance[None, :, None])
    # minus infinity has no polynomial; this is as good
    values = np.maximum(values, -1e6)
    rows = len(values) * len(variance)
    ends = None if end is None else end.ravel()
    table = Table.of(values.reshape(rows, -1), place.ravel(), scale.ravel(), reach, ends)
    # what a step of the rule over the grid's variable is in x
    log_slope = 0.5 * np.log1p(np.square(grid(reach))) + (0.0 if end is None else at)
    return table, *_mass(values + log_slope, reach)


def _grids(arms: ArmDensities, variance: Floats) -> tuple[Floats, Floats, Floats | None]:
    """Centre and scale (arm, node) of the grids, and the end (arm, node) below which they lie.

    Below an end they are grids of the log of the distance from it: an end is as sharp as tau is small.
    """
    centre, se = arms.crude
    scale = np.sqrt(np.square(se)[:, None] + variance)
    place = np.broadcast_to(centre[:, None], scale.shape)
    if np.isinf(arms.likelihood.upper):
        return place, scale, None
    # random effects blur the end: a little above it nothing is left
    end = np.broadcast_to(arms.likelihood.upper + _SDS * np.sqrt(variance), scale.shape)
    return np.log(end - place), scale / (end - place), end


def _mass(weight: Floats, reach: Reach) -> tuple[Floats, Floats]:
    """Ends of the mass (arm, node) of log weights (arm, node, point), on the asinh scale."""
    even = np.linspace(-reach.left, reach.right, reach.points)
    cut = _CUT_WHEN_KNOWN if weight.shape[1] == 1 else _CUT
    kept = weight > np.max(weight, axis=-1, keepdims=True) - cut
    first, last = np.argmax(kept, axis=-1), reach.points - 1 - np.argmax(kept[..., ::-1], axis=-1)
    return even[np.maximum(first - 1, 0)], even[np.minimum(last + 1, reach.points - 1)]


def _blocks(group: Places, each: int) -> list[Places]:
    """A group in blocks of a size that memory and caches like."""
    if not len(group):
        return []
    return list(np.array_split(group, max(1, min(len(group), int(np.ceil(len(group) * each / _BLOCK))))))
