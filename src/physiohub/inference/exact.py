"""The exact engine: normal data, tau integrated by quadrature, everything else in closed form.

Given tau the model is linear and Gaussian: ``P(tau) = P0 + X' W X`` with ``W = diag(1 / (1 + tau^2 lambda))``,
``d | tau, y ~ N(m(tau), P(tau)^-1)`` and ``log p(y | tau)`` in closed form (Higgins et al. 2009,
J R Stat Soc A 172:137, section 4, for the pairwise case). Effects with a t prior are normal given their own precisions,
which join tau as nodes of a quasi-Monte Carlo rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr

from physiohub.errors import ModelError
from physiohub.inference.conditional import Conditional
from physiohub.inference.tau_grid import TauMap, TauMarginal, tau_window
from physiohub.model.defaults import Priors
from physiohub.model.design import Rows
from physiohub.model.priors import Fixed, Flat, Normal, Prior, StudentT, TauPrior

__all__ = ["ExactNodes", "explore"]

Floats = NDArray[np.float64]

_FIRST_INTERVALS = 24
_MAX_INTERVALS = 1536
_TOLERANCE = 1e-11
# t priors of effects: vectors of prior precisions, doubled until nothing moves by a ten-thousandth of a posterior SD
_FIRST_VECTORS, _MAX_VECTORS = 128, 8192
_VECTOR_TOLERANCE = 1e-4
# nodes x parameters^2 of such a posterior, about 100 MB
_MAX_CELLS = 1.2e7


@dataclass(frozen=True, slots=True, eq=False)
class ExactNodes:
    """The posterior as a mixture: within a node d is normal and tau is known.

    Attributes
    ----------
    weights : array (node,)
    tau : array (node,)
    means : array (node, parameter)
    covariances : array (node, parameter, parameter)
    tau_marginal
        Posterior of tau by itself; None in a common-effect fit.
    log_evidence
        log p(y), up to a constant under a flat prior of d.
    numerical_error
        The largest change between the last two resolutions, see `explore`.
    """

    weights: Floats
    tau: Floats
    means: Floats
    covariances: Floats
    tau_marginal: TauMarginal | None
    log_evidence: float
    numerical_error: float


def explore(rows: Rows, priors: Priors) -> ExactNodes:
    """The exact posterior of d and tau.

    The nodes of tau are placed where its posterior has mass and halved in distance until no mean, SD or tail
    probability (1.96 SDs from the middle) of a basic parameter or of tau moves by more than 1e-11; means and SDs are
    counted in posterior SDs. The change of the last halving, or the bound of rounding errors when that is larger, is
    the `numerical_error`; the finer of the two answers is returned.

    Parameters
    ----------
    rows
        Of `physiohub.model.design.whiten`.
    priors
        Of d: flat, normal or t. Of tau: any, or None for a common effect.

    Raises
    ------
    ModelError
        When the posterior of tau does not exist, or the prior of d is of another kind.
    """
    parameters = rows.X.shape[1]
    prior_mean, precisions = _effect_precisions(priors.d, parameters, _FIRST_VECTORS)
    model = Conditional.of(rows, prior_mean)
    nodes = _at_resolution(model, priors, precisions)
    if not isinstance(priors.d, StudentT) or not parameters:
        return nodes
    while True:
        count = 2 * len(precisions)
        precisions = _effect_precisions(priors.d, parameters, count)[1]
        finer = _at_resolution(model, priors, precisions)
        change = _change(nodes, finer)
        nodes = replace(finer, numerical_error=max(change, finer.numerical_error))
        if change < _VECTOR_TOLERANCE or 2 * len(nodes.tau) * parameters**2 > _MAX_CELLS or count >= _MAX_VECTORS:
            return nodes


def _effect_precisions(prior: Prior, parameters: int, count: int) -> tuple[Floats, Floats]:
    """Prior means (parameter,) and `count` equally likely vectors of prior precisions (vector, parameter)."""
    if isinstance(prior, Flat):
        return np.zeros(parameters), np.zeros((1, parameters))
    if isinstance(prior, Normal):
        return np.full(parameters, prior.mean), np.full((1, parameters), prior.sd**-2)
    if isinstance(prior, StudentT):
        # t(m, s, df) is N(m, s^2 / w) with w ~ Gamma(df/2, rate df/2); a lattice of w that nests when it doubles
        uniform = _sobol(count, parameters)
        precision = np.asarray(gammaincinv(prior.df / 2, uniform), dtype=float) / (prior.df / 2) / prior.s**2
        return np.full(parameters, prior.mean), precision
    raise ModelError(f"The exact engine takes flat, normal and t priors of effects, not {prior}.")


def _sobol(count: int, dimensions: int) -> Floats:
    from scipy.stats import qmc  # imported here: it costs half a second and only t priors need it

    # the unscrambled sequence moved by half a cell, so that no point lies on the boundary
    return np.asarray(qmc.Sobol(dimensions, scramble=False).random(count) + 0.5 / count)


def _at_resolution(model: Conditional, priors: Priors, precisions: Floats) -> ExactNodes:
    """The posterior for a given set of prior precisions, tau refined until the answer stops moving."""
    if priors.tau is None or isinstance(priors.tau, Fixed):
        known = 0.0 if priors.tau is None else priors.tau.value
        return _known_tau(model, known, precisions, common=priors.tau is None)
    prior = priors.tau

    def log_posterior(mapping: TauMap, t: Floats) -> Floats:
        """Log posterior of t (t,), over all precision vectors."""
        tau, precision = np.repeat(mapping.tau(t), len(precisions)), np.tile(precisions, (len(t), 1))
        weighed = _weighed(model.log_evidence(tau, precision), mapping, t, prior)
        return np.asarray(np.logaddexp.reduce(weighed, axis=1))

    mapping, low, high = tau_window(prior, log_posterior)
    several = len(precisions) > 1
    grid = _Grid.at(np.linspace(low, high, _FIRST_INTERVALS + 1), mapping, prior, model, precisions)
    nodes = grid.nodes(model, precisions)
    while True:
        between = 0.5 * (grid.t[1:] + grid.t[:-1])
        grid = grid.refined(_Grid.at(between, mapping, prior, model, precisions))
        finer = grid.nodes(model, precisions)
        change = _change(nodes, finer)
        nodes = replace(finer, numerical_error=max(change, finer.numerical_error))
        if change < (0.1 * _VECTOR_TOLERANCE if several else _TOLERANCE) or len(grid.t) > _MAX_INTERVALS:
            return nodes


def _weighed(evidence: Floats, mapping: TauMap, t: Floats, prior: TauPrior) -> Floats:
    """Log posterior (t, vector) from log evidence (t x vector,); the vectors are equally likely."""
    table = evidence.reshape(len(t), -1)
    weight = prior.log_density(mapping.tau(t)) + mapping.log_slope(t) - np.log(table.shape[1])
    return np.asarray(table + weight[:, None])


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """What is known at equally spaced t.

    With one vector of prior precisions it keeps the moments too, so that a finer grid computes the points between only.
    """

    mapping: TauMap
    t: Floats
    values: Floats
    means: Floats
    covariances: Floats

    @classmethod
    def at(cls, t: Floats, mapping: TauMap, prior: TauPrior, model: Conditional, precisions: Floats) -> _Grid:
        tau, precision = np.repeat(mapping.tau(t), len(precisions)), np.tile(precisions, (len(t), 1))
        if len(precisions) == 1:
            evidence, means, covariances = model.answer(tau, precision)
        else:
            evidence, means, covariances = model.log_evidence(tau, precision), np.empty(0), np.empty(0)
        return cls(mapping, t, _weighed(evidence, mapping, t, prior), means, covariances)

    def refined(self, between: _Grid) -> _Grid:
        """The grid with the points between its own."""
        t = np.linspace(self.t[0], self.t[-1], len(self.t) + len(between.t))
        merged = [
            _interleaved(getattr(self, name), getattr(between, name)) for name in ("values", "means", "covariances")
        ]
        return _Grid(self.mapping, t, *merged)

    def nodes(self, model: Conditional, precisions: Floats) -> ExactNodes:
        """The mixture that this grid stands for."""
        peak = float(np.max(self.values))
        mass = np.exp(self.values - peak)
        total, step = float(mass.sum()), float(self.t[1] - self.t[0])
        marginal = TauMarginal(self.mapping, self.t, mass.sum(1) / total, self.mapping.tau(self.t))
        one = len(precisions) == 1
        # many vectors share the mass: what is left out stays far below their own error
        kept = np.flatnonzero(mass.ravel() > (1e-17 if one else 1e-7) * mass.max())
        tau = np.repeat(marginal.tau, len(precisions))[kept]
        if one:
            means, covariances = self.means[kept], self.covariances[kept]
        else:
            _, means, covariances = model.answer(tau, precisions[kept % len(precisions)])
        weights = mass.ravel()[kept] / float(mass.ravel()[kept].sum())
        evidence = peak + float(np.log(total * step))
        return ExactNodes(weights, tau, means, covariances, marginal, evidence, _rounding(covariances))


def _interleaved(even: Floats, odd: Floats) -> Floats:
    """Rows of two arrays in turn, the first of `even` first."""
    merged = np.empty((len(even) + len(odd), *even.shape[1:]))
    merged[::2], merged[1::2] = even, odd
    return merged


def _known_tau(model: Conditional, tau: float, precisions: Floats, *, common: bool) -> ExactNodes:
    at = np.full(len(precisions), tau)
    evidence, means, covariances = model.answer(at, precisions)
    log_weights = evidence - np.log(len(precisions))
    peak = float(np.max(log_weights))
    mass = np.exp(log_weights - peak)
    point = np.array([tau])
    marginal = None if common else TauMarginal(None, np.zeros(1), np.ones(1), point)
    return ExactNodes(
        mass / mass.sum(), at, means, covariances, marginal, peak + float(np.log(mass.sum())), _rounding(covariances)
    )


def _rounding(covariances: Floats) -> float:
    """A bound on what rounding does to a solution: machine epsilon times the scaled condition number."""
    if covariances.shape[-1] == 0:
        return float(np.finfo(float).eps)
    widest = covariances[-1]
    scale = np.sqrt(np.diag(widest))
    return float(np.finfo(float).eps * np.linalg.cond(widest / np.outer(scale, scale)))


def _summary(nodes: ExactNodes) -> tuple[Floats, Floats]:
    """Mean and SD (parameter + tau,) of a mixture; those that a heavy tail leaves without are not finite."""
    mean = nodes.weights @ nodes.means
    within = np.diagonal(nodes.covariances, axis1=1, axis2=2)
    sd = np.sqrt(nodes.weights @ (within + np.square(nodes.means - mean)))
    if nodes.tau_marginal is None:
        return mean, sd
    return np.append(mean, nodes.tau_marginal.mean), np.append(sd, nodes.tau_marginal.sd)


def _change(coarse: ExactNodes, fine: ExactNodes) -> float:
    """The largest change of a mean, an SD (in SDs of the finer answer) or a tail probability.

    Where a heavy tail leaves no SD, tail probabilities alone are compared.
    """
    (mean_0, sd_0), (mean_1, sd_1) = _summary(coarse), _summary(fine)
    exists = np.isfinite(sd_0) & np.isfinite(sd_1)
    if fine.tau_marginal is not None and not fine.tau_marginal.has_moment(2):
        # under a flat prior an effect's variance grows with tau^2 and is infinite too; under any other it is not needed
        exists[:] = False
    unit = np.where(exists & (sd_1 > 0), sd_1, 1.0)
    with np.errstate(invalid="ignore"):
        moved = [
            np.where(exists, np.abs(mean_0 - mean_1) / unit, 0.0),
            np.where(exists, np.abs(sd_0 - sd_1) / unit, 0.0),
        ]
    centre, spread = _middle(fine)
    for z in (-1.96, 1.96):
        x = centre + z * spread
        moved.append(np.abs(_cdf(coarse, x) - _cdf(fine, x)))
        if fine.tau_marginal is not None and coarse.tau_marginal is not None:
            at = fine.tau_marginal.tau[int(np.searchsorted(np.cumsum(fine.tau_marginal.mass), 0.5 + z / 4))]
            moved.append(np.array([abs(coarse.tau_marginal.cdf(at) - fine.tau_marginal.cdf(at))]))
    return float(max((np.max(m) for m in moved if m.size), default=0.0))


def _middle(nodes: ExactNodes) -> tuple[Floats, Floats]:
    """Mean and SD (parameter,) within the node that stands in the middle of the mass of tau."""
    order = np.argsort(nodes.tau)
    middle = order[int(np.searchsorted(np.cumsum(nodes.weights[order]), 0.5))]
    return nodes.means[middle], np.sqrt(np.diagonal(nodes.covariances[middle]))


def _cdf(nodes: ExactNodes, x: Floats) -> Floats:
    within = np.sqrt(np.diagonal(nodes.covariances, axis1=1, axis2=2))
    return np.asarray(nodes.weights @ ndtr((x - nodes.means) / within))
