"""Cut-points of their own in every study: integrated out by a product rule around each study's best ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import ModelError
from physiohub.inference.collapsed.cut_points import cuts_of, log_prior_of_cuts, most_likely_cuts
from physiohub.inference.collapsed.sums import log_sum
from physiohub.inference.collapsed.terms import Slopes, StudyTerm
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.likelihoods.ordered import Ordered

__all__ = ["FREE_POINTS", "FreeCuts", "MixedTerm", "free_cuts"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

FREE_POINTS = 5
"""Points of the rule along each increment."""


@dataclass(frozen=True, slots=True, eq=False)
class FreeCuts:
    """Values of every study's cut-points, and the weights of a rule over them.

    Attributes
    ----------
    cuts : array (node, study, cut)
        Those above the first; what a study does not report is left at zero.
    log_weights : array (node, study)
        With the prior of the increments.
    """

    cuts: Floats
    log_weights: Floats

    def at(self, arms: ArmNetwork, node: int) -> ArmNetwork:
        """The network with the cut-points of a node."""
        assert isinstance(arms.likelihood, Ordered)
        by_arm = np.repeat(self.cuts[node], arms.sizes, axis=0)
        return replace(arms, likelihood=arms.likelihood.at_cuts(by_arm.T))


def free_cuts(arms: ArmNetwork, *, points: int = FREE_POINTS) -> FreeCuts:
    """Gauss-Hermite points around each study's cut-points of highest posterior density, theta of its arms free.

    The lowest edge that a study reports is its zero, and the increments from one reported edge to the next have the
    prior: the baseline of the study takes up the rest.

    Raises
    ------
    ModelError
        When the arms of a study report different categories.
    """
    likelihood = arms.likelihood
    assert isinstance(likelihood, Ordered)
    z, weight = np.polynomial.hermite_e.hermegauss(points)
    size = arms.cut_points
    grid = np.stack(np.meshgrid(*[z] * size, indexing="ij"), axis=-1).reshape(-1, size)
    # weights of a standard normal: what a study does not report integrates to one
    log_weight = np.log(weight) - 0.5 * np.log(2 * np.pi)
    log_rule = np.sum(np.meshgrid(*[log_weight] * size, indexing="ij"), axis=0).ravel()
    cuts, log_weights = np.zeros((len(grid), len(arms.first), size)), np.tile(log_rule[:, None], len(arms.first))
    for i, (first, count) in enumerate(zip(arms.first, arms.sizes, strict=True)):
        own, edges = _reported(arms, likelihood.take(np.arange(first, first + count)), i)
        if len(edges) < 2:
            continue
        increments, own_weight = _spread(own, grid[:, : len(edges) - 1])
        cuts[:, i, edges[1:] - 2] = cuts_of(increments)
        log_weights[:, i] += own_weight
    return FreeCuts(cuts, log_weights)


def _reported(arms: ArmNetwork, own: Ordered, place: int) -> tuple[Ordered, Places]:
    """The arms of a study with what they report only, and the edges that they report, the first cut-point being 1."""
    if np.any(own.reported != own.reported[0]):
        study = arms.studies[arms.study[arms.first[place]]]
        raise ModelError(
            f"Study {study}: with cut-points of its own all of its arms must report the same categories. Share the "
            f"cut-points (cut_points='shared'), or leave the study out with a reason."
        )
    kept = np.flatnonzero(own.reported[0])
    return Ordered(own.counts[:, kept], own.reported[:, kept]), kept[1:]


def _spread(own: Ordered, grid: Floats) -> tuple[Floats, Floats]:
    """Logs of increments (node, cut) of one study, and what each node (node,) weighs against a standard normal."""
    mean, covariance = most_likely_cuts(own, with_prior=True)
    axes = np.linalg.cholesky(covariance)
    at = mean + grid @ axes.T
    stretch = np.linalg.slogdet(axes)[1] + 0.5 * len(mean) * np.log(2 * np.pi)
    return at, stretch + 0.5 * np.square(grid).sum(1) + log_prior_of_cuts(at)


@dataclass(frozen=True, slots=True, eq=False)
class MixedTerm:
    """Studies whose likelihood is a weighted sum over the nodes of a rule.

    Attributes
    ----------
    parts : sequence (node,)
        The same studies at each node.
    log_weights : array (node, study)
    """

    parts: Sequence[StudyTerm]
    log_weights: Floats

    @property
    def study(self) -> Places:
        """Places in the network (study,)."""
        return self.parts[0].study

    @property
    def design(self) -> Floats:
        """Effects of the studies as sums of basic parameters (study, effect, parameter)."""
        return self.parts[0].design

    def value(self, node: Places, effects: Floats) -> Floats:
        values = [part.value(node, effects) + w for part, w in zip(self.parts, self.log_weights, strict=True)]
        return log_sum(np.stack(values, axis=-1))

    def slopes(self, node: Places, effects: Floats) -> Slopes:
        """Means over the nodes by their share of the likelihood, and what the slopes' spread adds to the curvature."""
        found = [part.slopes(node, effects) for part in self.parts]
        log_value = np.stack([f.value + w for f, w in zip(found, self.log_weights, strict=True)], axis=-1)
        total = log_sum(log_value)
        share = np.exp(log_value - total[..., None])
        slope = np.stack([f.slope for f in found], axis=-2)  # (point, study, node, effect)
        curvature = np.stack([f.curvature for f in found], axis=-3)
        mean = np.einsum("psb,psbe->pse", share, slope)
        centred = slope - mean[:, :, None]
        spread = np.einsum("psb,psbe,psbf->psef", share, centred, centred)
        return Slopes(total, mean, np.einsum("psb,psbef->psef", share, curvature) + spread)
