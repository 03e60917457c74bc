"""What a fit says of the data of one arm: posterior means given x = m + eta, its random effect integrated out.

``E[h | x] = integral h(theta) p(y | theta) N(theta; x, tau^2 / 2) dtheta / f(x)`` by the rule of `ArmDensities.nodes`.
As functions of x they are smooth (a deviance is nearly a parabola), so that each is tabulated once for every tau.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.collapsed.arm_integral import ArmDensities
from physiohub.inference.collapsed.arm_table import ArmTables, some_arms
from physiohub.inference.collapsed.table import Reach, Table, grid
from physiohub.model.likelihoods.base import ArmLikelihood

__all__ = ["ArmMoments", "ArmTheta", "deviance_and_fitted"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
# a posterior lies within a dozen SEs of the data, or where the prior of a baseline ends
_NEAR = 3.2
_BLOCK = 400_000


def deviance_and_fitted(likelihood: ArmLikelihood, theta: Floats, cuts: Floats | None = None) -> Floats:
    """Residual deviance, then the fitted values, of each arm at theta (arm, ...): (1 + point, arm, ...)."""
    fitted = likelihood.fitted(theta, cuts)
    return np.concatenate([likelihood.deviance_of(fitted)[None], fitted])


@dataclass(frozen=True, slots=True, eq=False)
class ArmTheta:
    """Theta of the arms given x, as points and probabilities.

    Attributes
    ----------
    densities
        Of all arms.
    tau : array (node,)
    """

    densities: ArmDensities
    tau: Floats

    def points(self, arm: Places, node: Places, x: Floats, cuts: Floats | None = None) -> tuple[Floats, Floats]:
        """Theta and its probability, both (arm, ..., point), of some arms at x (arm, ...); `node` broadcasts."""
        arms = some_arms(self.densities, arm)
        variance = np.broadcast_to(np.square(self.tau[node]) / 2, x.shape)
        if not np.any(variance):
            return x[..., None], np.ones((*x.shape, 1))
        theta, log_weight = arms.nodes(x, variance, cuts)
        weight = np.exp(log_weight - np.max(log_weight, axis=-1, keepdims=True))
        return theta, weight / weight.sum(-1, keepdims=True)

    def means(self, arm: Places, node: Places, x: Floats, cuts: Floats | None = None) -> Floats:
        """Posterior means of deviance and fitted values given x (arm, ...): (1 + point, arm, ...)."""
        likelihood = self.densities.likelihood.take(arm)
        theta, weight = self.points(arm, node, x, cuts)
        inner = None if cuts is None else cuts[..., None]
        found = deviance_and_fitted(likelihood, theta, inner)
        return np.asarray(np.einsum("ha...p,a...p->ha...", found, weight))


@dataclass(frozen=True, eq=False)
class ArmMoments:
    """Posterior means of deviance and fitted values of every arm, given x, at every tau.

    Attributes
    ----------
    theta
        What the means are taken over.
    tables : tuple of Table
        Of the deviance and of each fitted value; row ``arm * nodes + node`` as in `ArmTables`. None without random
        effects where theta has an upper end (log link): near it a deviance is no polynomial.
    """

    theta: ArmTheta
    tables: tuple[Table, ...]

    @classmethod
    def of(cls, densities: ArmDensities, tables: ArmTables, tau: Floats) -> ArmMoments:
        """Tabulate all arms at tau (node,), on grids that lie where those of `tables` do."""
        theta = ArmTheta(densities, tau)
        if not np.any(tau) and tables.table.end is not None:
            return cls(theta, ())
        parts: list[tuple[Places, tuple[Table, ...]]] = []
        for reach, rows in _reaches(tables.table):
            cells = len(rows) * reach.points * 21
            blocks = np.array_split(rows, max(1, min(len(rows), cells // _BLOCK)))
            parts += [(block, _tabulated(theta, tables, block, reach)) for block in blocks]
        functions = range(len(parts[0][1]))
        return cls(theta, tuple(Table.joined([(rows, made[h]) for rows, made in parts]) for h in functions))

    def __call__(self, arm: Places, node: Places, x: Floats) -> Floats:
        """Means (1 + point, arm, ...) of some arms (arm,) at x (arm, ...); `node` broadcasts against ``x[0]``."""
        if not self.tables:
            return self.theta.means(arm, node, x)
        row = arm.reshape(-1, *(1,) * (x.ndim - 1)) * len(self.theta.tau) + node
        low, high = self._ends
        # beyond its grid an arm has no weight, or its data say nothing of x any more: a mean stays what it is there
        inside = np.clip(x, low[row], high[row])
        return np.stack([table(row, inside) for table in self.tables])

    @cached_property
    def _ends(self) -> tuple[Floats, Floats]:
        """Lowest and highest x (row,) of the grids."""
        table = self.tables[0]
        first, last = table.centre + table.scale * table.knots[:, 0], table.centre + table.scale * table.knots[:, -1]
        return (first, last) if table.end is None else (table.end - np.exp(last), table.end - np.exp(first))


def _reaches(table: Table) -> Iterator[tuple[Reach, Places]]:
    """Rows of a table by how far their grids go, and how far and fine grids of means there need to go."""
    points = table.knots.shape[1]
    ends = np.round(np.stack([-table.start, table.start + table.step * (points - 1)], axis=1), 9)
    if table.end is None:
        # only a grid that is followed into the tail of a prior has anything to say out there
        ends = np.where(ends <= ends.min(), _NEAR, ends)
    kinds, kind = np.unique(ends, axis=0, return_inverse=True)
    # all as fine as the table, and with as many points as the widest
    needed = int(np.ceil(np.max(kinds.sum(1)) / np.min(table.step))) + 1
    for k, (left, right) in enumerate(kinds):
        yield Reach(float(left), float(right), min(needed, points)), np.flatnonzero(kind.ravel() == k)


def _tabulated(theta: ArmTheta, tables: ArmTables, rows: Places, reach: Reach) -> tuple[Table, ...]:
    """One table a function, for some rows."""
    table, end = tables.table, None
    arm, node = np.divmod(rows, tables.nodes)
    x = table.centre[rows][:, None] + table.scale[rows][:, None] * grid(reach)
    if table.end is not None:
        end = table.end[rows]
        x = end[:, None] - np.exp(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        # an x that the data and the prior rule out has no weight anywhere, and may have any mean
        values = np.nan_to_num(theta.means(arm, node[:, None], x), posinf=0.0, neginf=0.0)
    return tuple(Table.of(one, table.centre[rows], table.scale[rows], reach, end, lost=np.inf) for one in values)
