"""Draws of every arm's linear predictor from its posterior, on the points of the outer and inner rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.collapsed.arm_moments import ArmTheta
from physiohub.inference.collapsed.build import at_cuts, collapsed_target, densities_of
from physiohub.inference.collapsed.cut_points import CutTarget, cuts_of
from physiohub.inference.collapsed.engine import CollapsedDraws
from physiohub.inference.collapsed.free_cuts import MixedTerm, free_cuts
from physiohub.inference.collapsed.study_moments import outer_weights
from physiohub.inference.collapsed.target import CollapsedTarget, effects_of
from physiohub.inference.collapsed.terms import PairTerm, SeveralTerm
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.defaults import Priors
from physiohub.model.likelihoods.base import ArmLikelihood

__all__ = ["ThetaDraws", "theta_draws"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_BLOCK = 400_000


@dataclass(frozen=True, slots=True, eq=False)
class ThetaDraws:
    """Draws of theta.

    Attributes
    ----------
    likelihood
        Of the arms, with their cut-points where these are not drawn.
    theta : array (arm, draw)
    cuts : array (cut, draw)
        Sampled cut-points of the same draws; None where there are none.
    weight : array (draw, study)
        Of theta in each study of the network, zero where it was not drawn; all alike unless there are cut-points.
    """

    likelihood: ArmLikelihood
    theta: Floats
    cuts: Floats | None
    weight: Floats


def theta_draws(
    arms: ArmNetwork, priors: Priors, found: CollapsedDraws, chosen: Places, rng: np.random.Generator
) -> Iterator[ThetaDraws]:
    """One theta of every arm for each of the `chosen` draws (draw,) of the effects.

    With sampled cut-points theta is drawn at the middle of theirs, and weighted by what the likelihood at the
    cut-points of the draw makes of it. Where every study has its own, they are drawn from the nodes of their rule, and
    there is one part of the answer for each node.
    """
    target, marginal = found.target, found.tau_marginal
    tau = np.zeros(1) if marginal is None else marginal.tau
    node, d = found.node[chosen], found.d[chosen]
    if isinstance(target, CutTarget):
        yield _at_shared_cuts(arms, priors, target, tau, node, d, found.log_increments[chosen], rng)
        return
    mixed = [term for term in target.terms if isinstance(term, MixedTerm)]
    if mixed:
        yield from _at_free_cuts(arms, priors, mixed, tau, node, d, rng)
        return
    theta = _drawn(ArmTheta(found.densities, tau), target, node, d, rng)
    yield ThetaDraws(arms.likelihood, theta, None, np.ones((len(chosen), target.studies)))


def _at_shared_cuts(
    arms: ArmNetwork,
    priors: Priors,
    target: CutTarget,
    tau: Floats,
    node: Places,
    d: Floats,
    log_increments: Floats,
    rng: np.random.Generator,
) -> ThetaDraws:
    known = at_cuts(arms, target.grid.mean)
    densities = densities_of(known, priors)
    middle = collapsed_target(known, densities, priors, tau)
    theta = _drawn(ArmTheta(densities, tau), middle, node, d, rng)
    cuts = cuts_of(log_increments).T
    # log likelihood at a draw's own cut-points less that at the middle ones
    log_ratio = target.by_study(node, np.hstack([d, log_increments])) - middle.by_study(node, d)
    return ThetaDraws(arms.likelihood, theta, cuts, _reweighed(arms, known, theta, cuts, log_ratio))


def _at_free_cuts(
    arms: ArmNetwork,
    priors: Priors,
    mixed: Sequence[MixedTerm],
    tau: Floats,
    node: Places,
    d: Floats,
    rng: np.random.Generator,
) -> Iterator[ThetaDraws]:
    effects = [effects_of(term.design, d) for term in mixed]
    picks = [_nodes_of_cuts(term, node, e, rng) for term, e in zip(mixed, effects, strict=True)]
    cuts = free_cuts(arms)
    for k in range(len(cuts.log_weights)):
        known = cuts.at(arms, k)
        arm_theta = ArmTheta(densities_of(known, priors), tau)
        theta, weight = np.zeros((len(arms.likelihood), len(node))), np.zeros((len(node), len(arms.studies)))
        for term, e, pick in zip(mixed, effects, picks, strict=True):
            part = term.parts[k]
            assert isinstance(part, PairTerm | SeveralTerm)
            for study in range(len(term.study)):
                rows = np.flatnonzero(pick[:, study] == k)
                weight[rows, term.study[study]] = 1.0
                _draw_studies(theta, arm_theta, part, np.array([study]), rows, node, e, rng)
        yield ThetaDraws(known.likelihood, theta, None, weight)


def _nodes_of_cuts(term: MixedTerm, node: Places, effects: Floats, rng: np.random.Generator) -> Places:
    """Nodes (draw, study) of the rule over cut-points, each by its share of the study's likelihood."""
    parts = zip(term.parts, term.log_weights, strict=True)
    log_share = np.stack([part.value(node, effects) + log_weight for part, log_weight in parts], axis=-1)
    share = np.exp(log_share - np.max(log_share, axis=-1, keepdims=True))
    places = np.broadcast_to(np.arange(share.shape[-1]), share.shape)
    return _picked(places.astype(float), share, rng).astype(np.intp)


def _drawn(arm_theta: ArmTheta, target: CollapsedTarget, node: Places, d: Floats, rng: np.random.Generator) -> Floats:
    """Theta (arm, draw) at known cut-points."""
    theta = np.zeros((len(arm_theta.densities.likelihood), len(node)))
    for term in target.terms:
        if isinstance(term, PairTerm | SeveralTerm):
            every, rows = np.arange(len(term.study)), np.arange(len(node))
            _draw_studies(theta, arm_theta, term, every, rows, node, effects_of(term.design, d), rng)
    return theta


def _draw_studies(
    theta: Floats,
    arm_theta: ArmTheta,
    term: PairTerm | SeveralTerm,
    studies: Places,
    rows: Places,
    node: Places,
    effects: Floats,
    rng: np.random.Generator,
) -> None:
    """Write theta of the arms of some studies at some draws: first the baseline's x, then each arm given it."""
    outer = term.outer
    blocks = max(1, len(rows) * len(studies) * outer.points // _BLOCK)
    for block in np.array_split(rows, blocks):
        if not len(block):
            continue
        own = effects[np.ix_(block, studies)]
        weight, x = outer_weights(outer, studies, node[block], own)
        base = _picked(x, weight, rng).T  # (study, draw)
        for k in range(1 + outer.shape.others.shape[1]):
            arm = outer.shape.base[studies] if k == 0 else outer.shape.others[studies, k - 1]
            at = base if k == 0 else base + own[..., k - 1].T
            theta[np.ix_(arm, block)] = _picked(*arm_theta.points(arm, node[block], at), rng)


def _picked(points: Floats, weight: Floats, rng: np.random.Generator) -> Floats:
    """One of the points (..., point) by its probability: the inverse of their distribution function."""
    reached = np.cumsum(weight, axis=-1)
    at = rng.random((*weight.shape[:-1], 1)) * reached[..., -1:]
    place = np.minimum((reached <= at).sum(-1, keepdims=True), weight.shape[-1] - 1)
    return np.asarray(np.take_along_axis(points, place, axis=-1)[..., 0])


def _reweighed(arms: ArmNetwork, known: ArmNetwork, theta: Floats, cuts: Floats, log_ratio: Floats) -> Floats:
    """Weights (draw, study): the density of a study's theta at a draw's own cut-points over that at the middle ones."""
    by_arm = arms.likelihood.log_density(theta, cuts) - known.likelihood.log_density(theta)
    log_weight = np.zeros_like(log_ratio)
    places = arms.study[arms.first]
    log_weight[:, places] = np.add.reduceat(by_arm, arms.first, axis=0).T - log_ratio[:, places]
    return np.exp(log_weight)
