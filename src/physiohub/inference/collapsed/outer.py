"""The outer integral: the study baseline, given the arms' own integrals.

``L(e) = integral f_base(x) prod_k f_k(x + e_k) dx`` with ``e_k`` the effect of arm k versus the base arm. The base arm
is the one that says most, so that the nodes of x lie on its mass whatever the effects are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.collapsed.arm_integral import ArmDensities
from physiohub.inference.collapsed.arm_table import ArmTables, two_sided
from physiohub.inference.collapsed.sums import log_sum

__all__ = ["Outer", "StudyShape", "study_shapes"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
# nodes of x: on the warped scale the integrand is a bell, or a bell with a long even tail
_REGULAR, _ONE_SIDED, _BELOW_END = 24, 160, 240
# log of the distances below that end that are integrated over
_LOG_NEAREST, _LOG_FARTHEST = -18.0, 7.0
# fall of the log likelihood at an end from which on the end does not matter
_NEGLIGIBLE = 25.0


class StudyShape(NamedTuple):
    """Studies of one size that are integrated in one go.

    Attributes
    ----------
    study : array of int (study,)
        Places among the arm-level studies.
    base : array of int (study,)
        Place of the base arm among all arms.
    others : array of int (study, other)
        Places of the other arms.
    regular
        Whether the base arm's data rule out both far ends.
    two_sided
        Whether the data of every arm do.
    ended
        Whether an arm has mass at the upper end of theta (log link, hardly anybody without the event).
    """

    study: Places
    base: Places
    others: Places
    regular: bool
    two_sided: bool
    ended: bool


def study_shapes(arms: ArmDensities, sizes: Places) -> list[StudyShape]:
    """Group the arm-level studies by number of arms and kind of base arm."""
    left, right = two_sided(arms)
    both, (_, se) = left & right, arms.crude
    ended = _at_end(arms)
    found: dict[tuple[int, bool, bool, bool], list[tuple[int, int, list[int]]]] = {}
    for i, (first, size) in enumerate(zip(arms.first, sizes, strict=True)):
        places = np.arange(first, first + size)
        regular = bool(np.any(both[places]))
        # without an arm that rules out both ends, only the prior of the baseline, on arm 0, makes x proper
        base = int(places[np.argmin(np.where(both[places], se[places], np.inf))]) if regular else int(first)
        others = [int(k) for k in places if k != base]
        key = (int(size), regular, bool(np.all(both[places])), bool(np.any(ended[places])))
        found.setdefault(key, []).append((i, base, others))
    shapes = []
    for (_, *kind), group in found.items():
        columns = [np.array(part, dtype=np.intp) for part in zip(*group, strict=True)]
        shapes.append(StudyShape(columns[0], columns[1], columns[2], *kind))
    return shapes


def _points(shape: StudyShape) -> int:
    """Number of points of x."""
    return _BELOW_END if shape.ended else _REGULAR if shape.regular else _ONE_SIDED


def _at_end(arms: ArmDensities) -> NDArray[np.bool_]:
    """Whether the likelihood of each arm (arm,) is still worth counting next to its upper end."""
    end = arms.likelihood.upper
    if np.isinf(end):
        return np.zeros(len(arms.likelihood), dtype=bool)
    centre, _ = arms.crude
    near = end - 0.02 * (end - centre)
    return arms.likelihood.log_density(near) > arms.likelihood.log_density(centre) - _NEGLIGIBLE


@dataclass(frozen=True, slots=True, eq=False)
class Outer:
    """The outer integral of studies of one shape at some tau.

    Attributes
    ----------
    x : array (study, node, point)
        Nodes of the base arm's argument, for likelihoods without an upper end.
    log_rule : array (study, node, point)
        Log weights of the rule.
    log_base : array (study, node, point)
        The same with the base arm's log f.
    """

    shape: StudyShape
    tables: ArmTables
    x: Floats
    log_rule: Floats
    log_base: Floats
    refined: int = 1

    @property
    def points(self) -> int:
        """Number of nodes of x."""
        return self.refined * self.tables.fine * _points(self.shape)

    @classmethod
    def of(cls, shape: StudyShape, tables: ArmTables, refined: int = 1) -> Outer:
        """Nodes on the mass of the base arms; `refined` times as many as usual."""
        nodes = np.arange(tables.nodes)
        row = shape.base[:, None] * tables.nodes + nodes  # (study, node)
        if shape.ended:
            empty = np.empty((len(shape.study), tables.nodes, 0))
            return cls(shape, tables, empty, empty, empty, refined)
        low, high = tables.low[shape.base], tables.high[shape.base]
        points = refined * tables.fine * _points(shape)
        step = (high - low) / (points - 1)
        even = low[..., None] + step[..., None] * np.arange(points)
        scale = tables.table.scale[row][..., None]
        x = tables.table.centre[row][..., None] + scale * np.sinh(even)
        log_rule = np.log(scale * np.cosh(even) * step[..., None])
        if tables.table.end is not None:  # the grid is one of the log of the distance from the end
            log_rule, x = log_rule + x, tables.table.end[row][..., None] - np.exp(x)
        return cls(shape, tables, x, log_rule, tables.table(row[..., None], x) + log_rule, refined)

    def log_likelihood(self, study: Places, node: Places, effects: Floats) -> Floats:
        """Log L (...) of studies (by place in the shape) and nodes, at effects (..., other) versus the base arm."""
        return log_sum(self.log_integrand(study, node, effects)[0])

    def log_integrand(self, study: Places, node: Places, effects: Floats) -> tuple[Floats, Floats]:
        """Log integrand with the rule's weights, and the base arm's argument, both (..., point)."""
        if self.shape.ended:
            x, log_rule = self.nodes(study, node, effects)
            total = log_rule + self.tables.log_f(self.shape.base[study][..., None], node[..., None], x)
        else:
            x, total = self.x[study, node], self.log_base[study, node]
        for k in range(self.shape.others.shape[1]):
            arm = self.shape.others[study, k]
            total = total + self.tables.log_f(arm[..., None], node[..., None], x + effects[..., k, None])
        return total, x

    def nodes(self, study: Places, node: Places, effects: Floats) -> tuple[Floats, Floats]:
        """Arguments x of the base arm and log weights of the rule, both (..., point).

        Where an arm has mass at its end they lie below the highest x at which no arm is beyond it.
        """
        if not self.shape.ended:
            return self.x[study, node], self.log_rule[study, node]
        assert self.tables.table.end is not None
        row = self.shape.base[study] * self.tables.nodes + node
        highest = self.tables.table.end[row] - np.maximum(np.max(effects, axis=-1), 0.0)
        even = np.linspace(_LOG_NEAREST, _LOG_FARTHEST, self.points)
        x = highest[..., None] - np.exp(even)
        return x, np.broadcast_to(even + np.log(even[1] - even[0]), x.shape)
