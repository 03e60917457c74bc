"""The parts of a posterior, prior and likelihood, at draws of it, and what it would be with a part raised to a power.

Raising a part to the power alpha weights a draw by ``part^(alpha - 1)`` (Kallioinen, Paananen, Buerkner & Vehtari 2023,
Stat Comput 34:57, section 3); the weights are Pareto-smoothed. The likelihood is that of the studies with their
baselines and random effects integrated out; their priors are not among the parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import sici

from physiohub.errors import ModelError
from physiohub.inference.collapsed.target import effect_prior_slopes
from physiohub.inference.drawn_posterior import DrawnPosterior
from physiohub.inference.exact_posterior import ExactPosterior
from physiohub.inference.leave_out import log_likelihood_by_study
from physiohub.inference.pareto_smoothing import SmoothedWeights, pareto_smoothed
from physiohub.inference.posterior import Posterior
from physiohub.inference.tau_grid import TauMarginal
from physiohub.model.defaults import Priors
from physiohub.model.design import Rows

__all__ = ["Part", "PowerDraws", "power_draws"]

Floats = NDArray[np.float64]
Part = Literal["effect prior", "tau prior", "prior", "likelihood"]
_POINTS = 401


@dataclass(frozen=True, eq=False)
class PowerDraws:
    """Draws with the log of each part of the posterior.

    Attributes
    ----------
    log_weight : array (draw,)
        Of the draws as they come.
    d : array (draw, parameter)
    tau : array (draw,)
    parts
        Log of every part (draw,); no `"tau prior"` where tau is known.
    marginal
        The posterior of tau on its nodes; None where tau is known, or has been drawn from a continuum.
    """

    log_weight: Floats
    d: Floats
    tau: Floats
    parts: dict[Part, Floats]
    marginal: TauMarginal | None

    @cached_property
    def base(self) -> SmoothedWeights:
        """Weights of the posterior itself."""
        return pareto_smoothed(self.log_weight) if np.ptp(self.log_weight) > 0 else self._even

    @property
    def _even(self) -> SmoothedWeights:
        count = len(self.log_weight)
        return SmoothedWeights(np.full(count, -np.log(count)), -np.inf)

    def scaled(self, part: Part, alpha: float) -> SmoothedWeights:
        """Weights of the posterior with one part raised to a power; those of `base` where that changes nothing."""
        log_part = self.parts[part]
        if np.ptp(log_part) < 1e-12:  # a flat prior, or a uniform one
            return self.base
        return pareto_smoothed(self.log_weight + (alpha - 1) * log_part)

    def distribution_of_tau(self, weights: SmoothedWeights) -> tuple[Floats, Floats]:
        """Values of tau (value,) in ascending order, and P(tau <= value) (value,)."""
        weight = np.exp(weights.log_weight)
        if self.marginal is None:
            order = np.argsort(self.tau)
            return self.tau[order], np.cumsum(weight[order])
        node, values, integrals = self._tau_rule
        share = np.bincount(node, weight, minlength=len(self.marginal.tau))
        before = np.bincount(node, np.exp(self.base.log_weight), minlength=len(self.marginal.tau))
        # a node without draws has next to no mass
        mass = self.marginal.mass * np.divide(share, before, out=np.zeros_like(share), where=before > 0)
        return values, np.clip(integrals @ (mass / mass.sum()), 0.0, 1.0)

    @cached_property
    def _tau_rule(self) -> tuple[NDArray[np.intp], Floats, Floats]:
        """Node of each draw, values of tau (value,), and what a node's mass adds to P(tau <= value) (value, node)."""
        marginal = self.marginal
        assert marginal is not None
        assert marginal.map is not None
        node = np.argmin(np.abs(self.tau[:, None] - marginal.tau), axis=1)
        t = np.linspace(marginal.t[0], marginal.t[-1], _POINTS)
        step = marginal.t[1] - marginal.t[0]
        integrals = 0.5 + sici(np.pi * (t[:, None] - marginal.t) / step)[0] / np.pi
        return node, marginal.map.tau(t), integrals


def power_draws(fit: Posterior, *, draws: int, seed: int) -> PowerDraws:
    """Draws of a posterior with its parts.

    Parameters
    ----------
    draws
        How many of an exact posterior; the others have theirs.
    seed
        Of those.

    Raises
    ------
    ModelError
        When the posterior does not hold the log likelihood of its draws.
    """
    marginal = fit.tau if isinstance(fit.tau, TauMarginal) and not fit.tau.known else None
    if isinstance(fit, ExactPosterior):
        d, tau = fit.draws(_hypercube(draws, 1 + fit.means.shape[1], seed))
        parts = _parts(fit.priors, d, tau, _log_likelihood(fit.rows, d, tau))
        return PowerDraws(np.zeros(len(d)), d, tau, parts, marginal)
    if isinstance(fit, DrawnPosterior) and fit.collapsed is not None:
        kept = fit.weights > 0
        log_likelihood = log_likelihood_by_study(fit.collapsed).sum(1)[kept]
        parts = _parts(fit.priors, fit.d[kept], fit.tau_draws[kept], log_likelihood)
        return PowerDraws(np.log(fit.weights[kept]), fit.d[kept], fit.tau_draws[kept], parts, marginal)
    raise ModelError(
        "Power scaling needs the log likelihood of each draw with baselines and random effects integrated out, which "
        f"this posterior of the {fit.engine.name} engine does not hold."
    )


def _parts(priors: Priors, d: Floats, tau: Floats, log_likelihood: Floats) -> dict[Part, Floats]:
    effects = effect_prior_slopes(priors.d, d)[0].sum(1)
    parts: dict[Part, Floats] = {"effect prior": effects, "prior": effects, "likelihood": log_likelihood}
    if priors.tau is not None and priors.tau.support[0] < priors.tau.support[1]:
        parts["tau prior"] = priors.tau.log_density(tau)
        parts["prior"] = effects + parts["tau prior"]
    return parts


def _log_likelihood(rows: Rows, d: Floats, tau: Floats) -> Floats:
    """Log likelihood (draw,) of normal data, up to a constant."""
    variance = 1 + np.square(tau)[:, None] * rows.spread
    return np.asarray(-0.5 * (np.square(rows.y - d @ rows.X.T) / variance + np.log(variance)).sum(1))


def _hypercube(count: int, dimensions: int, seed: int) -> Floats:
    """A Latin hypercube (point, dimension): in every coordinate one point in each of `count` equal parts."""
    rng = np.random.default_rng(seed)
    places = rng.permuted(np.tile(np.arange(count), (dimensions, 1)), axis=1).T
    return np.asarray((places + rng.random((count, dimensions))) / count)
