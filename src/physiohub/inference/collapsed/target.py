"""The collapsed posterior at nodes of tau: log density of the effects, with slopes and curvature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from physiohub.errors import ModelError
from physiohub.inference.collapsed.terms import StudyTerm
from physiohub.model.priors import Flat, Normal, Prior, StudentT

__all__ = ["CollapsedTarget", "effect_prior_slopes", "effects_of"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class CollapsedTarget:
    """Sum of the studies' log likelihoods and the prior of effects.

    Attributes
    ----------
    parameters
        Number of basic parameters.
    studies
        Number of studies in the network.
    terms
        All studies, in groups of one kind.
    prior
        Of each basic parameter.
    """

    parameters: int
    studies: int
    terms: Sequence[StudyTerm]
    prior: Prior

    def by_study(self, node: Places, d: Floats) -> Floats:
        """Log likelihood (point, study) at nodes (point,) and effects d (point, parameter)."""
        found = np.zeros((len(node), self.studies))
        for term in self.terms:
            found[:, term.study] = term.value(node, effects_of(term.design, d))
        return found

    def log_prior(self, d: Floats) -> Floats:
        """Log prior (point,) of effects (point, parameter)."""
        return np.asarray(effect_prior_slopes(self.prior, d)[0].sum(1))

    def log_density(self, node: Places, d: Floats) -> Floats:
        """Log likelihood plus log prior of d (point,)."""
        return np.asarray(self.by_study(node, d).sum(1) + self.log_prior(d))

    def slopes(self, node: Places, d: Floats) -> tuple[Floats, Floats, Floats]:
        """Log density (point,), gradient (point, parameter) and minus the Hessian (point, parameter, parameter)."""
        value, gradient, information = effect_prior_slopes(self.prior, d)
        total = value.sum(1)
        precision = np.zeros((*d.shape, self.parameters))
        diagonal = np.arange(self.parameters)
        precision[:, diagonal, diagonal] = information
        for term in self.terms:
            found = term.slopes(node, effects_of(term.design, d))
            total = total + found.value.sum(1)
            flat = term.design.reshape(-1, self.parameters)
            gradient = gradient + found.slope.reshape(len(node), -1) @ flat
            # (point, study, effect, parameter): curvatures seen from the parameters on one side
            half = np.matmul(found.curvature, term.design)
            precision -= flat.T @ half.reshape(len(node), -1, self.parameters)
        return total, gradient, precision


def effects_of(design: Floats, d: Floats) -> Floats:
    """Effects (point, study, effect) at d (point, parameter), from a design (study, effect, parameter)."""
    studies, effects, parameters = design.shape
    return np.asarray((d @ design.reshape(-1, parameters).T).reshape(len(d), studies, effects))


def effect_prior_slopes(prior: Prior, d: Floats) -> tuple[Floats, Floats, Floats]:
    """Log density, slope and information of each basic parameter, all shaped as d; never a negative information.

    Raises
    ------
    ModelError
        For a prior that effects cannot have.
    """
    zero = np.zeros_like(d)
    if isinstance(prior, Flat):
        return zero, zero, zero
    if isinstance(prior, Normal):
        z = (d - prior.mean) / prior.sd
        value = -0.5 * z * z - np.log(prior.sd) - 0.5 * np.log(2 * np.pi)
        return value, -z / prior.sd, zero + prior.sd**-2.0
    if isinstance(prior, StudentT):
        z, df = (d - prior.mean) / prior.s, prior.df
        constant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi) - np.log(prior.s)
        weight = (df + 1) / (df + z * z)
        # the curvature of the normal that lies under the t: a search with it always goes up
        return constant - (df + 1) / 2 * np.log1p(z * z / df), -weight * z / prior.s, weight / prior.s**2
    raise ModelError(f"The prior {prior} does not fit treatment effects.")
