"""Tau as a number on the whole line, and the slopes of its priors."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, ndtri

from physiohub.errors import ModelError
from physiohub.model.priors import (
    HalfCauchy,
    HalfNormal,
    InverseGamma,
    LogNormal,
    LogT,
    Normal,
    StudentT,
    TauPrior,
    Uniform,
)

__all__ = ["HalfLine", "Interval", "Scaled", "TauScale", "score_of", "tau_scale"]

Floats = NDArray[np.float64]
_LOG_ROOT_2PI = 0.5 * float(np.log(2 * np.pi))


class Scaled(NamedTuple):
    """Values, their log-derivative and the slope of that log-derivative, each at the same points x.

    Attributes
    ----------
    value
        tau(x).
    log_slope
        log of dtau/dx.
    bend
        Derivative of `log_slope` in x.
    """

    value: Floats
    log_slope: Floats
    bend: Floats


class TauScale(Protocol):
    """A map from the whole line onto the support of tau."""

    def at(self, x: Floats) -> Scaled:
        """Tau at x, with the logarithm of its slope."""

    def inverse(self, tau: float) -> float:
        """The x of a tau inside the support."""


class HalfLine:
    """``tau = s (exp(g(x)) - 1)`` with ``g(x) = phi(x) + x Phi(x)``.

    Large x: tau grows like exp(x), so that polynomial tails become exponential ones. Small x: tau falls like a normal
    density, so that a posterior that reaches zero (of log tau a slow exponential tail) has a normal tail here.

    Examples
    --------
    >>> scale = HalfLine(0.5)
    >>> round(float(scale.at(np.array(scale.inverse(0.2))).value), 12)
    0.2
    """

    def __init__(self, s: float) -> None:
        self.s = s

    def at(self, x: Floats) -> Scaled:
        x = np.asarray(x, dtype=float)
        density, below = np.exp(-0.5 * x * x - _LOG_ROOT_2PI), ndtr(x)
        g = np.maximum(density + x * below, 0.0)
        log_slope = np.log(self.s) + g + log_ndtr(x)
        mills = np.exp(-0.5 * x * x - _LOG_ROOT_2PI - log_ndtr(x))
        return Scaled(self.s * np.expm1(g), log_slope, below + mills)

    def inverse(self, tau: float) -> float:
        from scipy.optimize import brentq

        return float(brentq(lambda x: float(self.at(np.array(x)).value) - tau, -8.0, 700.0))


class Interval:
    """``tau = low + (high - low) Phi(x)``: a uniform tau is a standard normal x.

    Examples
    --------
    >>> float(Interval(0.0, 5.0).at(np.array(0.0)).value)
    2.5
    """

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def at(self, x: Floats) -> Scaled:
        x = np.asarray(x, dtype=float)
        width = self.high - self.low
        return Scaled(self.low + width * ndtr(x), np.log(width) - 0.5 * x * x - _LOG_ROOT_2PI, -x)

    def inverse(self, tau: float) -> float:
        share = (tau - self.low) / (self.high - self.low)
        return float(ndtri(np.clip(share, 1e-6, 1 - 1e-6)))


def tau_scale(prior: TauPrior, typical: float) -> TauScale:
    """The map for a prior; `typical` is a tau of the size that the data suggest."""
    low, high = prior.support
    return Interval(low, high) if np.isfinite(high) else HalfLine(max(typical, 1e-8))


def _normal(p: Normal, tau: float) -> float:
    return -(tau - p.mean) / p.sd**2


def _student(p: StudentT, tau: float) -> float:
    z = (tau - p.mean) / p.s
    return -(p.df + 1) * z / (p.df + z * z) / p.s


def _log_normal(p: LogNormal, tau: float) -> float:
    z = (2 * np.log(tau) - p.mu) / p.s
    return float(-(2 * z / p.s + 1) / tau)


def _log_t(p: LogT, tau: float) -> float:
    z = (2 * np.log(tau) - p.mu) / p.s
    return float(-(2 * (p.df + 1) * z / (p.df + z * z) / p.s + 1) / tau)


def _inverse_gamma(p: InverseGamma, tau: float) -> float:
    return -(2 * p.shape + 1) / tau + 2 * p.s / tau**3


_SCORES: dict[type[TauPrior], Callable[..., float]] = {
    HalfNormal: lambda p, tau: -tau / p.s**2,
    HalfCauchy: lambda p, tau: -2 * tau / (p.s**2 + tau**2),
    Uniform: lambda p, tau: 0.0,
    Normal: _normal,
    StudentT: _student,
    LogNormal: _log_normal,
    LogT: _log_t,
    InverseGamma: _inverse_gamma,
}


def score_of(prior: TauPrior) -> Callable[[float], float]:
    """The derivative of the log density of tau, inside the support.

    Raises
    ------
    ModelError
        For a prior that this engine does not know.

    Examples
    --------
    >>> from physiohub.model.priors import parse_prior
    >>> score_of(parse_prior("half-normal(2)", "tau"))(1.0)
    -0.25
    """
    # an empirical prior is a kind of log-normal or log-t
    score = next((_SCORES[kind] for kind in type(prior).__mro__ if kind in _SCORES), None)
    if score is None:
        raise ModelError(f"The NUTS engine does not know the prior {prior} of tau.")
    known = cast("Callable[[TauPrior, float], float]", score)
    return lambda tau: float(known(prior, tau))
