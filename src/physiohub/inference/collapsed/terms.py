"""Log likelihoods of the studies as functions of the effects, given tau: what is left when the rest is integrated out.

Every kind of study gives the same three things at many points (node of tau, effects): its log likelihood and, for the
search of the mode, slopes and curvatures in its own effects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.collapsed.outer import Outer
from physiohub.inference.collapsed.table import Reach, Table, grid
from physiohub.model.normal_study import NormalStudy

__all__ = ["ContrastTerm", "PairTerm", "SeveralTerm", "Slopes", "StudyTerm"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_BLOCK = 400_000
# grids of the effect of a two-arm study: how far, and how fine; farther where an arm is all zero or all full
_NEAR, _FAR, _STEP = 4.0, 8.0, 1 / 7


class Slopes(NamedTuple):
    """Log likelihood (point, study), with slopes (..., effect) and curvatures (..., effect, effect) in the effects."""

    value: Floats
    slope: Floats
    curvature: Floats


class StudyTerm(Protocol):
    """Some studies of one kind."""

    @property
    def study(self) -> Places:
        """Places in the network (study,)."""
        ...

    @property
    def design(self) -> Floats:
        """Effects of the studies as sums of basic parameters (study, effect, parameter)."""
        ...

    def value(self, node: Places, effects: Floats) -> Floats:
        """Log likelihood (point, study) at nodes of tau (point,) and effects (point, study, effect)."""
        ...

    def slopes(self, node: Places, effects: Floats) -> Slopes:
        """The same with slopes and curvatures."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PairTerm:
    """Two-arm studies: one effect each, and a table of the log likelihood over it."""

    study: Places
    design: Floats
    outer: Outer
    table: Table

    @classmethod
    def of(cls, study: Places, design: Floats, outer: Outer, crude: tuple[Floats, Floats], tau: Floats) -> PairTerm:
        """Tabulate two-arm studies around their own crude effects."""
        shape = outer.shape
        theta, se = crude
        other = shape.others[:, 0]
        centre = np.repeat(theta[other] - theta[shape.base], len(tau))
        scale = np.sqrt((np.square(se[other]) + np.square(se[shape.base]))[:, None] + np.square(tau)).ravel()
        far = _NEAR if shape.two_sided else _FAR
        fine = outer.tables.fine
        reach = Reach(far, far, int(2 * far / _STEP * fine) + 1)
        rows = np.arange(len(centre))
        effects = centre[:, None] + scale[:, None] * grid(reach)
        values = np.empty_like(effects)
        cells = effects.shape[1] * outer.points
        for block in np.array_split(rows, max(1, len(rows) * cells // _BLOCK)):
            at, node = np.divmod(block, len(tau))
            values[block] = outer.log_likelihood(at[:, None], node[:, None], effects[block][..., None])
        return cls(study, design, outer, Table.of(np.maximum(values, -1e6), centre, scale, reach))

    def _rows(self, node: Places) -> Places:
        return np.arange(len(self.study)) * self.outer.tables.nodes + node[:, None]

    def value(self, node: Places, effects: Floats) -> Floats:
        return self.table(self._rows(node), effects[..., 0])

    def slopes(self, node: Places, effects: Floats) -> Slopes:
        value, slope, bend = self.table.slopes(self._rows(node), effects[..., 0])
        return Slopes(value, slope[..., None], bend[..., None, None])


@dataclass(frozen=True, slots=True, eq=False)
class SeveralTerm:
    """Studies of three arms or more: one outer integral a point."""

    study: Places
    design: Floats
    outer: Outer

    def _blocks(self, points: int) -> list[Places]:
        arms = self.outer.shape.others.shape[1]
        each = len(self.study) * arms * self.outer.points
        return list(np.array_split(np.arange(points), max(1, points * each // _BLOCK)))

    def value(self, node: Places, effects: Floats) -> Floats:
        every = np.arange(len(self.study))
        parts = [
            self.outer.log_likelihood(np.broadcast_to(every, (len(b), len(every))), node[b][:, None], effects[b])
            for b in self._blocks(len(node))
        ]
        return np.concatenate(parts)

    def slopes(self, node: Places, effects: Floats) -> Slopes:
        """Slopes are posterior means of the arms' slopes over x; curvatures their means plus covariances."""
        shape, every = self.outer.shape, np.arange(len(self.study))
        at, here = np.broadcast_to(every, (len(node), len(every))), node[:, None]
        log_integrand, x = self.outer.log_integrand(at, here, effects)
        top = np.max(log_integrand, axis=-1, keepdims=True)
        weight = np.exp(log_integrand - top)
        total = weight.sum(-1, keepdims=True)
        weight = weight / total
        arm = shape.others[at]  # (point, study, other)
        row = arm * self.outer.tables.nodes + here[..., None]
        _, slope, bend = self.outer.tables.table.slopes(row[..., None], x[..., None, :] + effects[..., None])
        mean = np.einsum("psx,psax->psa", weight, slope)
        centred = slope - mean[..., None]
        curvature = np.einsum("psx,psax,psbx->psab", weight, centred, centred)
        diagonal = np.arange(mean.shape[-1])
        curvature[..., diagonal, diagonal] += np.einsum("psx,psax->psa", weight, bend)
        return Slopes(np.log(total[..., 0]) + top[..., 0], mean, curvature)


@dataclass(frozen=True, slots=True, eq=False)
class ContrastTerm:
    """A study of normal contrasts: ``y ~ N(effects, S + tau^2 R)``.

    Attributes
    ----------
    y : array (effect,)
    precision : array (node, effect, effect)
    constant : array (node,)
        Log of the normal density's factor.
    """

    study: Places
    design: Floats
    y: Floats
    precision: Floats
    constant: Floats

    @classmethod
    def of(cls, place: int, study: NormalStudy, parameters: int, tau: Floats) -> ContrastTerm:
        """A contrast-level study at tau (node,)."""
        covariance = study.sampling + np.square(tau)[:, None, None] * study.heterogeneity
        constant = np.asarray(-0.5 * (np.linalg.slogdet(covariance)[1] + len(study.y) * np.log(2 * np.pi)), dtype=float)
        design = study.design(parameters)[None]
        return cls(np.array([place]), design, study.y, np.asarray(np.linalg.inv(covariance), dtype=float), constant)

    def value(self, node: Places, effects: Floats) -> Floats:
        residual = self.y - effects[:, 0]
        quadratic = np.einsum("pa,pab,pb->p", residual, self.precision[node], residual)
        return np.asarray(self.constant[node] - 0.5 * quadratic)[:, None]

    def slopes(self, node: Places, effects: Floats) -> Slopes:
        precision = self.precision[node]
        slope = np.einsum("pab,pb->pa", precision, self.y - effects[:, 0])
        return Slopes(self.value(node, effects), slope[:, None], -precision[:, None])
