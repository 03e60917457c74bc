"""The basic parameters d: their prior, and a frame in which the data's normal approximation leaves them independent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from physiohub.errors import ModelError
from physiohub.inference.nuts.coordinates import Coordinates
from physiohub.inference.nuts.tail_map import TailMap
from physiohub.model.defaults import Priors
from physiohub.model.priors import Fixed, Flat, Normal, Prior, StudentT

__all__ = ["Frame", "frame", "log_prior", "log_prior_of", "with_maps"]

Floats = NDArray[np.float64]
_LOG_2PI = float(np.log(2 * np.pi))
# tau is looked for between these multiples of the typical standard error
_TAU_RANGE = np.geomspace(1e-2, 1e2, 41)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """``d = centre + factor z``, at a tau of the size that the data suggest; one-sided effects by maps of their own.

    Attributes
    ----------
    centre : array (parameter,)
    factor : array (parameter, parameter)
        Zero in the rows and columns of one-sided effects.
    tau
        Where the normal approximation puts tau.
    maps
        Place -> map of an effect that the data bound on one side only.
    """

    centre: Floats
    factor: Floats
    tau: float
    maps: Mapping[int, TailMap]

    def at(self, z: Floats) -> Floats:
        """The effects d (parameter, ...) at z (parameter, ...)."""
        d = self.centre.reshape(-1, *(1,) * (z.ndim - 1)) + self.factor @ z
        for k, tail_map in self.maps.items():
            d[k] = tail_map.at(z[k]).value
        return np.asarray(d)

    def log_slope(self, z: Floats) -> float:
        """Log of the Jacobian of `at` for z (parameter,), up to a constant."""
        return float(sum(tail_map.at(z[k]).log_slope for k, tail_map in self.maps.items()))

    def slopes(self, z: Floats, of_d: Floats) -> Floats:
        """Derivatives in z (parameter,) of a density with derivatives `of_d`, and of `log_slope`."""
        of_z = self.factor.T @ of_d
        for k, tail_map in self.maps.items():
            found = tail_map.at(z[k])
            of_z[k] = of_d[k] * found.slope + found.bend
        return np.asarray(of_z)


def log_prior(prior: Prior, d: Floats) -> tuple[float, Floats]:
    """Log prior density of all effects d (parameter,), up to a constant when it is flat, and its gradient."""
    value, score = log_prior_of(prior, d)
    return float(value.sum()), score


def log_prior_of(prior: Prior, d: Floats) -> tuple[Floats, Floats]:
    """Log prior density of each effect, up to a constant when it is flat, and its derivative.

    Raises
    ------
    ModelError
        When the prior does not fit effects.
    """
    if isinstance(prior, Flat):
        return np.zeros_like(d), np.zeros_like(d)
    if isinstance(prior, Normal):
        z = (d - prior.mean) / prior.sd
        return -0.5 * z * z - np.log(prior.sd) - 0.5 * _LOG_2PI, -z / prior.sd
    if isinstance(prior, StudentT):
        z, df = (d - prior.mean) / prior.s, prior.df
        constant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi) - np.log(prior.s)
        return constant - (df + 1) / 2 * np.log1p(z * z / df), -(df + 1) * z / (df + z * z) / prior.s
    raise ModelError(f"The NUTS engine does not know the prior {prior} of effects.")


def frame(found: Coordinates, priors: Priors) -> Frame:
    """The frame of d from the normal approximation, with tau integrated over a coarse grid."""
    rows = found.others
    E, y, spread = found.eta[rows], found.y[rows], found.spread[rows]
    tau = _tau_grid(spread, priors)
    centre, precision = _prior_moments(priors.d, E.shape[1])
    evidence = np.array([_log_evidence(E, y, spread, t, centre, precision) for t in tau])
    if priors.tau is not None and len(tau) > 1:
        evidence += priors.tau.log_density(tau) + np.log(tau)
    weight = np.exp(evidence - evidence.max())
    typical = float(np.exp(np.average(np.log(tau), weights=weight))) if len(tau) > 1 else float(tau[0])
    P, score = _normal_equations(E, y, spread, typical, centre, precision)
    return Frame(np.asarray(np.linalg.solve(P, score), dtype=float), _whitening(P), typical, {})


def with_maps(found: Frame, maps: Mapping[int, TailMap]) -> Frame:
    """The frame with maps of their own for some effects; the others are independent of those in it."""
    if not maps:
        return found
    rest = np.setdiff1d(np.arange(len(found.centre)), list(maps))
    precision = np.linalg.inv(found.factor @ found.factor.T)
    factor = np.zeros_like(found.factor)
    factor[np.ix_(rest, rest)] = _whitening(precision[np.ix_(rest, rest)])
    return replace(found, factor=factor, maps=maps)


def _tau_grid(spread: Floats, priors: Priors) -> Floats:
    if priors.tau is None:
        return np.zeros(1)
    if isinstance(priors.tau, Fixed):
        return np.array([priors.tau.value])
    low, high = priors.tau.support
    # tau^2 and spread are on one scale: a coordinate whose spread is tau^2 is half data, half model
    typical = float(np.sqrt(np.median(spread))) if len(spread) else priors.tau.scale
    grid = typical * _TAU_RANGE
    inside = grid[(grid > low) & (grid < high) & np.isfinite(priors.tau.log_density(grid))]
    return inside if len(inside) else np.array([priors.tau.scale])


def _prior_moments(prior: Prior, parameters: int) -> tuple[Floats, Floats]:
    """Centre and precision (parameter,) of d."""
    if isinstance(prior, Normal):
        return np.full(parameters, prior.mean), np.full(parameters, prior.sd**-2.0)
    if isinstance(prior, StudentT):
        return np.full(parameters, prior.mean), np.full(parameters, prior.s**-2.0)
    return np.zeros(parameters), np.full(parameters, 1e-12)


def _normal_equations(
    E: Floats, y: Floats, spread: Floats, tau: float, centre: Floats, precision: Floats
) -> tuple[Floats, Floats]:
    weighted = E * (spread / (tau**2 + spread))[:, None]
    return weighted.T @ E + np.diag(precision), weighted.T @ y + precision * centre


def _log_evidence(E: Floats, y: Floats, spread: Floats, tau: float, centre: Floats, precision: Floats) -> float:
    P, score = _normal_equations(E, y, spread, tau, centre, precision)
    share = spread / (tau**2 + spread)
    quadratic = share @ (y * y) + precision @ (centre * centre) - score @ np.linalg.solve(P, score)
    return float(0.5 * (np.log(share).sum() - quadratic - np.linalg.slogdet(P)[1]))


def _whitening(P: Floats) -> Floats:
    """A root of P^-1, triangular with the least known effect first: what only the prior bounds stays one coordinate."""
    order = np.argsort(np.diagonal(P))
    lower = np.linalg.cholesky(P[np.ix_(order, order)])
    factor = np.empty_like(P)
    factor[order] = np.linalg.inv(lower).T
    return factor
