"""The collapsed engine: draws of (d, tau) from the posterior with everything else integrated out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import ModelError
from physiohub.inference.collapsed.arm_integral import ArmDensities
from physiohub.inference.collapsed.build import Builder, FreeCutBuilder, PlainBuilder, SharedCutBuilder
from physiohub.inference.collapsed.cut_points import DEGREES, CutTarget
from physiohub.inference.collapsed.proposal import NO_POSTERIOR, Proposal, propose
from physiohub.inference.collapsed.target import CollapsedTarget
from physiohub.inference.collapsed.tau_nodes import TauNodes, crude_posterior, precisions, tau_nodes
from physiohub.inference.pareto_smoothing import pareto_smoothed
from physiohub.inference.tau_grid import TauMarginal
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.defaults import Priors
from physiohub.model.priors import Flat

__all__ = ["DRAWS", "CollapsedDraws", "collapse"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
DRAWS = 6144
"""Number of draws unless another is asked for."""
# SDs of the crude posterior that an effect with a posterior never reaches
_ENDLESS = 50.0
# a range of tau is widened at most so many times
_EXTENSIONS = 8
# a node that matters gets at least this many draws, however small its share
_FEWEST = 48
_NEGLIGIBLE = 1e-7
# error of a log weight above which the polynomial in shared cut-points gets a higher degree
_EXACT_ENOUGH = 5e-3
# draws that are computed again by finer rules
_CHECKED = 12


@dataclass(frozen=True, slots=True, eq=False)
class CollapsedDraws:
    """Independent weighted draws from the collapsed posterior.

    Attributes
    ----------
    weights : array (draw,)
        Sum to one.
    tau : array (draw,)
        Values at the nodes of a rule.
    node : array of int (draw,)
        Node of the target that a draw belongs to.
    d : array (draw, parameter)
    log_increments : array (draw, cut)
        Logs of the increments of shared cut-points; else without columns.
    tau_marginal
        None in a common-effect fit.
    log_evidence
        log p(y), up to a constant under a flat prior.
    ess
        Effective number of draws, ``1 / sum(weights^2)``.
    pareto_k
        Shape of the tail of the weights.
    numerical_error
        Largest error of a log weight among some of the draws, see `log_weight_error`.
    nodes
        Of tau.
    target, densities
        The density that was drawn from, and the arms' own.
    """

    weights: Floats
    tau: Floats
    node: Places
    d: Floats
    log_increments: Floats
    tau_marginal: TauMarginal | None
    log_evidence: float
    ess: float
    pareto_k: float
    numerical_error: float
    nodes: TauNodes
    target: CollapsedTarget | CutTarget
    densities: ArmDensities


def collapse(
    arms: ArmNetwork,
    priors: Priors,
    *,
    seed: int,
    draws: int = DRAWS,
    cut_points: Literal["shared", "free"] = "shared",
) -> CollapsedDraws:
    """Draw from the collapsed posterior.

    Parameters
    ----------
    arms
        The data.
    priors
        Of d, mu and tau.
    seed
        Of the draws.
    draws
        How many, about.
    cut_points
        Of ordered categories.

    Raises
    ------
    ModelError
        When a prior does not fit the likelihood, or data and priors leave no posterior.
    """
    if not arms.cut_points:
        return _collapse(arms, priors, PlainBuilder(arms, priors), seed, draws)
    if cut_points == "free":
        return _collapse(arms, priors, FreeCutBuilder(arms, priors), seed, draws)
    found = _collapse(arms, priors, SharedCutBuilder(arms, priors), seed, draws)
    if found.numerical_error <= _EXACT_ENOUGH:
        return found
    return _collapse(arms, priors, SharedCutBuilder(arms, priors, DEGREES[1]), seed, draws)


def _collapse(arms: ArmNetwork, priors: Priors, build: Builder, seed: int, draws: int) -> CollapsedDraws:
    """Find where tau and the effects have their mass, draw there, and weigh."""
    crude = crude_posterior(build.middle, build.densities, priors)
    nodes, flat = tau_nodes(crude, priors), isinstance(priors.d, Flat)
    for _ in range(_EXTENSIONS):
        _, start, spread = crude.answer(nodes.tau, precisions(priors.d, arms.parameters, len(nodes.tau)))
        rough = build.rough(nodes.tau)
        proposal = propose(rough, start, flat=flat)
        if flat and np.any(proposal.widest > _ENDLESS * np.sqrt(np.max(spread.diagonal(axis1=1, axis2=2), axis=1))):
            raise ModelError(NO_POSTERIOR)
        wider = nodes.extended(proposal.log_evidence + nodes.log_prior)
        if wider is None:
            break
        nodes = wider
    target = build.target(nodes.tau, rough)
    if target is not rough:
        start = np.hstack([proposal.mode, np.tile(build.extra, (len(nodes.tau), 1))])
        proposal = propose(target, start, flat=flat)
    log_mass = proposal.log_evidence + nodes.log_prior
    shares = _shares(log_mass, draws)
    node, drawn, log_weight = _weighed(target, proposal, nodes.log_prior, shares, seed)
    peak = float(np.max(log_weight))
    total = float(np.exp(log_weight - peak).sum())
    weights = np.exp(log_weight - peak) / total
    marginal = nodes.marginal(np.bincount(node, weights, minlength=len(nodes.tau)).astype(float))
    # draws as they weigh: what weighs nothing does no harm
    some = np.searchsorted(np.cumsum(weights), (np.arange(_CHECKED) + 0.5) / _CHECKED)
    return CollapsedDraws(
        weights=weights,
        tau=nodes.tau[node],
        node=node,
        d=drawn[:, : arms.parameters],
        log_increments=drawn[:, arms.parameters :],
        tau_marginal=marginal,
        log_evidence=peak + float(np.log(total)) + nodes.log_step,
        ess=float(1 / np.square(weights).sum()),
        pareto_k=pareto_smoothed(log_weight).k,
        numerical_error=build.error(target, nodes.tau, node[some], drawn[some]),
        nodes=nodes,
        target=target,
        densities=build.densities,
    )


def _shares(log_mass: Floats, draws: int) -> Places:
    """Number of draws of each node, in proportion to its mass; none where that is negligible."""
    mass = np.exp(log_mass - np.max(log_mass))
    share = mass / mass.sum()
    wanted = np.maximum(np.ceil(share * draws), _FEWEST)
    return np.where(share < _NEGLIGIBLE, 0, wanted).astype(np.intp)


def _weighed(
    target: CollapsedTarget | CutTarget, proposal: Proposal, log_prior: Floats, shares: Places, seed: int
) -> tuple[Places, Floats, Floats]:
    """Nodes (draw,), draws d (draw, parameter) and their log weights (draw,)."""
    rng = np.random.default_rng(seed)
    node = np.repeat(np.arange(len(shares)), shares)
    uniform = np.concatenate([_hypercube(count, target.parameters, rng) for count in shares])
    d, log_q = proposal.draw(node, uniform)
    return node, d, target.log_density(node, d) - log_q + log_prior[node] - np.log(shares[node])


def _hypercube(count: int, dimensions: int, rng: np.random.Generator) -> Floats:
    """A Latin hypercube (point, dimension): in every coordinate one point in each of `count` equal parts.

    McKay, Beckman & Conover 1979, Technometrics 21:239.
    """
    if not count:
        return np.empty((0, dimensions))
    places = rng.permuted(np.tile(np.arange(count), (dimensions, 1)), axis=1).T
    return np.asarray((places + rng.random((count, dimensions))) / count)
