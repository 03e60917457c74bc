"""Quadrature over tau: a map of the line onto the support, and the trapezoidal rule in it.

After a double-exponential map the integrand dies off at both ends so fast that the trapezoidal rule converges
exponentially (Takahasi & Mori 1974, Publ RIMS 9:721). The same nodes give the distribution function of tau to the same
accuracy through sinc interpolation (Stenger 1993, Numerical Methods Based on Sinc and Analytic Functions, section 3.6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, log_expit, sici, wrightomega

__all__ = ["TauMap", "TauMarginal"]

Floats = NDArray[np.float64]


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
    """

    map: TauMap | None
    t: Floats
    mass: Floats
    tau: Floats

    def has_moment(self, k: int) -> bool:
        """Whether the mean of tau^k exists: a heavy tail that the data do not cut off leaves it infinite.

        The tail is judged where the grid ends: there tau^k times the density must have died away.
        """
        if self.map is None or np.isfinite(self.map.high):
            return True
        parts = self.tau**k * self.mass
        return bool(np.all(np.isfinite(parts)) and parts[-1] < 1e-7 * np.max(parts))

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
