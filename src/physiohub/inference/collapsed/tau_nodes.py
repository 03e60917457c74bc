"""Where tau has its mass: nodes of a rule, from a posterior that takes every arm for a normal estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.collapsed.arm_integral import ArmDensities
from physiohub.inference.conditional import Conditional
from physiohub.inference.tau_grid import TauMap, TauMarginal, tau_window
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.defaults import Priors
from physiohub.model.design import whiten
from physiohub.model.normal_study import NormalStudy
from physiohub.model.priors import Fixed, Normal, Prior, StudentT, TauPrior

__all__ = ["TauNodes", "crude_posterior", "precisions", "tau_nodes"]

Floats = NDArray[np.float64]
# nodes over the mass of tau; what lies below exp(-cut) of the peak is left out
_NODES, _CUT = 17, 16.0
# a range of tau is widened while its ends are not this far below the peak
_OPEN = 11.0
# draws find a mass down to about this share of the peak
_END = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class TauNodes:
    """Nodes of a rule over tau: evenly spaced on the line that a map sends to its support; one node when it is known.

    Attributes
    ----------
    t, tau : array (node,)
    log_prior : array (node,)
        Log prior density of t.
    """

    map: TauMap | None
    t: Floats
    tau: Floats
    log_prior: Floats
    prior: TauPrior | None = None

    @classmethod
    def spread(cls, mapping: TauMap, low: float, high: float, prior: TauPrior, nodes: int = _NODES) -> TauNodes:
        """Nodes from t = low to high."""
        t = np.linspace(low, high, nodes)
        tau = mapping.tau(t)
        return cls(mapping, t, tau, prior.log_density(tau) + mapping.log_slope(t), prior)

    def log_prior_at(self, t: Floats) -> Floats:
        """Log prior density of t (...)."""
        assert self.map is not None
        assert self.prior is not None
        return np.asarray(self.prior.log_density(self.map.tau(t)) + self.map.log_slope(t))

    @property
    def log_step(self) -> float:
        """Log distance of two nodes; nothing when there is one."""
        return 0.0 if self.map is None else float(np.log(self.t[1] - self.t[0]))

    def extended(self, log_mass: Floats) -> TauNodes | None:
        """Nodes over a wider range, when mass is left at an end of this one; else None."""
        if self.map is None or self.prior is None:
            return None
        low, high = float(self.t[0]), float(self.t[-1])
        open_ = np.max(log_mass) - _OPEN
        left = log_mass[0] > open_ and self.map.may_extend_left(low)
        right = log_mass[-1] > open_ and self.map.may_extend_right(high)
        if not (left or right):
            return None
        wide = 0.5 * (high - low)
        more = len(self.t) + (len(self.t) // 2) * (int(left) + int(right))  # as dense as before
        return TauNodes.spread(self.map, low - wide * left, high + wide * right, self.prior, more)

    def marginal(self, mass: Floats) -> TauMarginal | None:
        """The posterior of tau with this mass (node,); None in a common-effect fit."""
        if self.map is None and self.prior is None and self.tau[0] == 0:
            return None
        return TauMarginal(self.map, self.t, mass, self.tau, _END)


def crude_posterior(arms: ArmNetwork, densities: ArmDensities, priors: Priors) -> Conditional:
    """The posterior if every arm were a normal estimate: where to look, and no more."""
    theta, se = densities.crude
    studies = list(arms.contrasts.values())
    for first, size in zip(arms.first, arms.sizes, strict=True):
        own = slice(first, first + size)
        sampling = np.diag(np.square(se[own][1:])) + se[first] ** 2
        studies.append(NormalStudy("", "contrast", arms.treatment[own], theta[own][1:] - theta[first], sampling))
    mean = getattr(priors.d, "mean", 0.0)
    return Conditional.of(whiten(studies, arms.parameters, None), np.full(arms.parameters, mean))


def precisions(prior: Prior, parameters: int, points: int) -> Floats:
    """Precision (point, parameter) of the normal prior of effects that comes nearest."""
    sd = prior.sd if isinstance(prior, Normal) else prior.s if isinstance(prior, StudentT) else np.inf
    return np.full((points, parameters), sd**-2.0)


def tau_nodes(crude: Conditional, priors: Priors) -> TauNodes:
    """Nodes spread over the mass of tau in the crude posterior."""
    prior = priors.tau
    if prior is None or isinstance(prior, Fixed):
        return TauNodes(None, np.zeros(1), np.array([0.0 if prior is None else prior.value]), np.zeros(1))

    def log_posterior(mapping: TauMap, t: Floats) -> Floats:
        tau = mapping.tau(t)
        evidence = crude.log_evidence(tau, precisions(priors.d, crude.rows.X.shape[1], len(t)))
        return np.asarray(evidence + prior.log_density(tau) + mapping.log_slope(t))

    mapping, low, high = tau_window(prior, log_posterior)
    t = np.linspace(low, high, 201)
    density = log_posterior(mapping, t)
    kept = np.flatnonzero(density > np.max(density) - _CUT)
    return TauNodes.spread(mapping, t[kept[0]], t[kept[-1]], prior)
