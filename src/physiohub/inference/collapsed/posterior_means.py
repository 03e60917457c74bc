"""Posterior means of residual deviance and fitted values of every arm, from the draws of the collapsed engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.collapsed.arm_moments import ArmMoments
from physiohub.inference.collapsed.build import at_cuts, densities_of
from physiohub.inference.collapsed.cut_points import CutGrid, CutTarget
from physiohub.inference.collapsed.engine import CollapsedDraws
from physiohub.inference.collapsed.free_cuts import MixedTerm, free_cuts
from physiohub.inference.collapsed.study_moments import Draws, add_means
from physiohub.inference.collapsed.target import CollapsedTarget, effects_of
from physiohub.inference.collapsed.terms import PairTerm, SeveralTerm, StudyTerm
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.defaults import Priors

__all__ = ["PosteriorMeans", "posterior_means"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
# integrands that are looked up in all, and at each value of the cut-points
_CELLS, _CELLS_OF_CUTS = 600_000, 200_000
# SDs of the cut-points within which the points of a parabola are sought
_NEAR = 1.5
# draws that are left where every study has its own cut-points
_CUT_DRAWS = 1500


@dataclass(frozen=True, slots=True, eq=False)
class PosteriorMeans:
    """What is expected of the arms, given all data.

    Attributes
    ----------
    deviance : array (arm,)
        Mean of the residual deviance.
    fitted : array (point, arm)
        Mean of the fitted values: events, means, or numbers that stop in each category.
    """

    deviance: Floats
    fitted: Floats


def posterior_means(arms: ArmNetwork, priors: Priors, found: CollapsedDraws) -> PosteriorMeans:
    """Means over draws, baselines and random effects; nothing is plugged in.

    Parameters
    ----------
    arms, priors
        What was fitted.
    found
        The draws, and the density that they come from.
    """
    tau = np.zeros(1) if found.tau_marginal is None else found.tau_marginal.tau
    draws = Draws(found.weights, found.node, found.d, np.ones((len(found.weights), 1)))
    target = found.target
    if isinstance(target, CutTarget):
        means = _over_shared_cuts(arms, priors, target, tau, draws, found.log_increments)
    elif any(isinstance(term, MixedTerm) for term in target.terms):
        means = _over_free_cuts(arms, priors, target, tau, draws)
    else:
        means = _means(arms, priors, tau, [(term, draws) for term in target.terms], cells=_CELLS)
    return PosteriorMeans(means[0], means[1:])


def _means(
    arms: ArmNetwork,
    priors: Priors,
    tau: Floats,
    terms: Sequence[tuple[StudyTerm, Draws]],
    *,
    cells: int = _CELLS_OF_CUTS,
) -> Floats:
    """Means (1 + point, arm) of the arms of some studies, each term with its draws, at known cut-points."""
    by_arm = [(term, draws) for term, draws in terms if isinstance(term, PairTerm | SeveralTerm)]
    count = len(arms.likelihood)
    means = np.zeros((1 + len(arms.likelihood.fitted(np.zeros(count))), count))
    if by_arm:
        moments = ArmMoments.of(densities_of(arms, priors), by_arm[0][0].outer.tables, tau)
        for term, draws in by_arm:
            add_means(means, term, moments, draws, cells=cells)
    return means


def _over_shared_cuts(
    arms: ArmNetwork, priors: Priors, target: CutTarget, tau: Floats, draws: Draws, log_increments: Floats
) -> Floats:
    """Means (1 + point, arm) with sampled cut-points: a polynomial in these, as the density itself is one."""
    total = np.zeros(())
    for place, share in _shares(target.grid, log_increments):
        known = at_cuts(arms, target.grid.log_increments[place])
        own = draws._replace(share=share[:, None])
        total = total + _means(known, priors, tau, [(term, own) for term in target.targets[place].terms])
    return total


def _shares(grid: CutGrid, log_increments: Floats) -> Iterator[tuple[int, Floats]]:
    """Some points of the grid, and the share (draw,) that each has in the value of a parabola at the draws.

    Fitted values and deviances are means, and smoother in the cut-points than a likelihood: a parabola does.
    """
    from scipy.linalg import qr

    terms = _parabola(grid.points)
    # points that tell the terms apart, and lie where the draws do
    near = np.exp(-0.5 * np.square(grid.points).sum(1) / _NEAR**2)
    _, _, pivots = qr((terms * near[:, None]).T, pivoting=True, mode="economic")
    points = pivots[: terms.shape[1]]
    at = np.asarray(np.linalg.solve(grid.axes, (log_increments - grid.mean).T).T, dtype=float)
    shares = _parabola(at) @ np.linalg.inv(terms[points])
    yield from zip(points.tolist(), shares.T, strict=True)


def _parabola(at: Floats) -> Floats:
    """Terms (draw, term) of a parabola in the axes: 1, each axis, each product of two."""
    first, second = np.triu_indices(at.shape[1])
    return np.hstack([np.ones((len(at), 1)), at, at[:, first] * at[:, second]])


def _over_free_cuts(arms: ArmNetwork, priors: Priors, target: CollapsedTarget, tau: Floats, draws: Draws) -> Floats:
    """Means (1 + point, arm) over the rule for each study's own cut-points, by its nodes' shares of the likelihood."""
    few = draws.thinned(_CUT_DRAWS)
    mixed = [term for term in target.terms if isinstance(term, MixedTerm)]
    effects = [effects_of(term.design, few.d) for term in mixed]
    whole = [term.value(few.node, e) for term, e in zip(mixed, effects, strict=True)]
    cuts, total = free_cuts(arms), np.zeros(())
    for k in range(len(cuts.log_weights)):
        terms = []
        for term, e, value in zip(mixed, effects, whole, strict=True):
            share = np.exp(term.parts[k].value(few.node, e) + term.log_weights[k] - value)
            terms.append((term.parts[k], few._replace(share=share)))
        total = total + _means(cuts.at(arms, k), priors, tau, terms)
    return total
