"""Quadrature over tau: a map of the line onto the support, and the trapezoidal rule in it.

After a double-exponential map the integrand dies off at both ends so fast that the trapezoidal rule converges
exponentially (Takahasi & Mori 1974, Publ RIMS 9:721). The same nodes give the distribution function of tau to the same
accuracy through sinc interpolation (Stenger 1993, Numerical Methods Based on Sinc and Analytic Functions, section 3.6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, log_expit, sici, wrightomega

from physiohub.errors import ModelError
from physiohub.model.priors import TauPrior

__all__ = ["TauMap", "TauMarginal", "tau_window"]

Floats = NDArray[np.float64]

# log of what may be cut off a tail relative to the peak: below the rounding of a double
_CUT = 42.0
# points of a scan for the mass
_SCAN = 33


@dataclass(frozen=True, slots=True)
class TauMap:
    """A smooth map of the line onto the support of tau; `centre` is the tau that t = 0 falls on.

    On [low, infinity): ``tau = low + (centre - low) z`` with ``log z = t + 1 - exp(-t)``: double-exponential towards
    low, single towards infinity, where the prior or the likelihood brings its own decay. On [low, high]:
    ``tau = low + (high - low) z / (r + z)`` with ``log z = 2 sinh t``: double-exponential towards both ends.
    """

    low: float
    high: float
    centre: float

    @property
    def _bounded(self) -> bool:
        return bool(np.isfinite(self.high))

    def may_extend_left(self, t: float) -> bool:
        """Whether tau can still come closer to the lower end than a double can tell."""
        return bool(self.tau(t) - self.low > 1e-250 * self.centre)

    def may_extend_right(self, t: float) -> bool:
        """Whether tau can still grow without its square overflowing, or come closer to the upper end."""
        return t < 5 if self._bounded else bool(self.tau(t) < 1e120 * self.centre)

    @property
    def _log_odds(self) -> float:
        return float(np.log(self.high - self.centre) - np.log(self.centre - self.low))

    def tau(self, t: ArrayLike) -> Floats:
        """Tau at t."""
        t = np.asarray(t, dtype=float)
        if self._bounded:
            return np.asarray(self.low + (self.high - self.low) * expit(2 * np.sinh(t) - self._log_odds))
        return np.asarray(self.low + (self.centre - self.low) * np.exp(t + 1 - np.exp(-t)))

    def log_slope(self, t: ArrayLike) -> Floats:
        """log(dtau/dt) at t."""
        t = np.asarray(t, dtype=float)
        if self._bounded:
            x = 2 * np.sinh(t) - self._log_odds
            return np.asarray(np.log(self.high - self.low) + np.log(2 * np.cosh(t)) + log_expit(x) + log_expit(-x))
        return np.asarray(np.log(self.centre - self.low) + t + 1 - np.exp(-t) + np.logaddexp(0, -t))

    def t(self, tau: ArrayLike) -> Floats:
        """T at tau, the inverse; -inf and inf at the ends of the support."""
        tau = np.asarray(tau, dtype=float)
        with np.errstate(divide="ignore"):
            log_above = np.log(tau - self.low)
            if self._bounded:
                return np.asarray(np.arcsinh((log_above - np.log(self.high - tau) + self._log_odds) / 2))
            log_z = log_above - np.log(self.centre - self.low)
            # u = exp(-t) solves u + log u = 1 - log z
            return np.asarray(-np.log(np.real(wrightomega(1 - log_z))))


@dataclass(frozen=True, slots=True, eq=False)
class TauMarginal:
    """The posterior of tau on equally spaced nodes in t; a point when tau is known.

    Attributes
    ----------
    map
        None when tau is known.
    t : array (node,)
    mass : array (node,)
        Trapezoidal weights, normalised to sum to one: mass / step is the density of t.
    tau : array (node,)
    end
        What tau^k times the mass must have fallen to at the last node, relative to its peak, for its mean to exist.
    """

    map: TauMap | None
    t: Floats
    mass: Floats
    tau: Floats
    end: float = 1e-7

    @property
    def known(self) -> bool:
        """Whether tau is a single value."""
        return self.map is None

    def has_moment(self, k: int) -> bool:
        """Whether the mean of tau^k exists: a heavy tail that the data do not cut off leaves it infinite.

        The tail is judged where the grid ends: there tau^k times the density must have died away.
        """
        if self.map is None or np.isfinite(self.map.high):
            return True
        parts = self.tau**k * self.mass
        return bool(np.all(np.isfinite(parts)) and parts[-1] < self.end * np.max(parts))

    @property
    def mean(self) -> float:
        """Posterior mean; infinite when the tail is too heavy for one."""
        return float(self.tau @ self.mass) if self.has_moment(1) else np.inf

    @property
    def sd(self) -> float:
        """Posterior SD; infinite when the tail is too heavy for one."""
        return float(np.sqrt(np.square(self.tau - self.mean) @ self.mass)) if self.has_moment(2) else np.inf

    @property
    def kurtosis(self) -> float:
        """Fourth central moment over the squared variance."""
        centred = self.tau - self.mean
        return float((centred**4 @ self.mass) / (np.square(centred) @ self.mass) ** 2)

    def cdf(self, tau: float) -> float:
        """P(tau <= value)."""
        if self.map is None:
            return float(tau >= self.tau[0])
        if tau <= self.map.low or tau >= self.map.high:
            return float(tau >= self.map.high)
        return self._cdf_t(float(self.map.t(tau)))

    def _cdf_t(self, t: float) -> float:
        step = self.t[1] - self.t[0]
        integral = sici(np.pi * (t - self.t) / step)[0] / np.pi
        return float(np.clip(self.mass @ (0.5 + integral), 0.0, 1.0))

    def quantile(self, p: float) -> float:
        """Value below which tau lies with probability `p`."""
        if self.map is None:
            return float(self.tau[0])
        low, high = float(self.t[0]), float(self.t[-1])
        for _ in range(80):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self._cdf_t(middle) < p else (low, middle)
        return float(self.map.tau(0.5 * (low + high)))

    def density(self, tau: ArrayLike) -> Floats:
        """Posterior density at tau > 0 (sinc interpolation between the nodes)."""
        if self.map is None:
            raise ValueError("tau is known: it has no density")
        tau = np.asarray(tau, dtype=float)
        t = self.map.t(tau)
        step = self.t[1] - self.t[0]
        inside = (t >= self.t[0]) & (t <= self.t[-1])
        at = np.where(inside, t, self.t[0])
        of_t = np.sinc((at[..., None] - self.t) / step) @ self.mass / step
        return np.where(inside, np.maximum(of_t, 0.0) * np.exp(-self.map.log_slope(at)), 0.0)


def tau_window(prior: TauPrior, log_posterior: Callable[[TauMap, Floats], Floats]) -> tuple[TauMap, float, float]:
    """A map centred on the mass of tau, and the interval of t outside of which nothing is left.

    Parameters
    ----------
    prior
        Of tau; not one that fixes it.
    log_posterior
        Log posterior of t (t,) under a map, up to a constant.

    Raises
    ------
    ModelError
        When no mass is found.
    """
    ends = prior.support
    mapping, low, high = TauMap(*ends, _inside(prior.scale, ends)), -3.5, 3.5
    t = np.linspace(low, high, _SCAN)
    # scan again around the mass itself, where the map is gentlest
    peak = float(mapping.tau(t[int(np.argmax(_total(mapping, t, log_posterior)))]))
    mapping = TauMap(*ends, _inside(peak, ends))
    while True:
        t = np.linspace(low, high, _SCAN)
        total = _total(mapping, t, log_posterior)
        if not np.any(np.isfinite(total)):
            raise ModelError(f"The posterior of tau under {prior} has no mass that can be found.")
        kept = np.flatnonzero(total > np.max(total) - _CUT)
        wider_left = 0.7 * (kept[0] == 0 and mapping.may_extend_left(low))
        wider_right = (0.7 + 0.3 * high) * (kept[-1] == len(t) - 1 and mapping.may_extend_right(high))
        if wider_left or wider_right:
            low, high = low - wider_left, high + wider_right
            continue
        low, high = float(t[max(kept[0] - 1, 0)]), float(t[min(kept[-1] + 1, len(t) - 1)])
        if len(kept) >= _SCAN // 3:
            return mapping, low, high


def _total(mapping: TauMap, t: Floats, log_posterior: Callable[[TauMap, Floats], Floats]) -> Floats:
    """Log posterior of t (t,); -inf where it cannot be computed."""
    total = log_posterior(mapping, t)
    return np.where(np.isfinite(total), total, -np.inf)


def _inside(centre: float, ends: tuple[float, float]) -> float:
    """A centre that lies well inside the support, so that the map keeps its digits at both ends."""
    low, high = ends
    if np.isinf(high):
        return float(np.clip(centre, low + 1e-8, 1e8))
    margin = 1e-6 * (high - low)
    return float(np.clip(centre, low + margin, high - margin))
