"""Events out of a total, with the links of proportions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, gammaln, log_expit, log_ndtr, ndtri, xlogy

from physiohub.model.likelihoods.base import ArmLikelihood, Derivatives

__all__ = ["Binomial", "Link"]

Floats = NDArray[np.float64]
Link = Literal["logit", "log", "cloglog", "probit"]


class _Probability(NamedTuple):
    """Log p and log(1 - p), and their first two derivatives in the linear predictor."""

    log_p: Floats
    log_q: Floats
    log_p1: Floats
    log_q1: Floats
    log_p2: Floats
    log_q2: Floats


def _logit(theta: Floats) -> _Probability:
    log_p = log_expit(theta)
    log_q = log_p - theta
    p, q = np.exp(log_p), np.exp(log_q)
    return _Probability(log_p, log_q, q, -p, -p * q, -p * q)


def _log(theta: Floats) -> _Probability:
    # above zero there is no probability: the log density is -inf there, and nothing is clipped
    inside = np.where(theta < 0, theta, -1.0)
    q = -np.expm1(inside)
    odds = np.exp(inside) / q
    log_q = np.where(theta < 0, np.log(q), -np.inf)
    one = np.ones_like(theta)
    return _Probability(np.where(theta <= 0, theta, -np.inf), log_q, one, -odds, 0 * one, -odds / q)


def _cloglog(theta: Floats) -> _Probability:
    # beyond this the hazard overflows; the density has long been zero
    hazard = np.exp(np.minimum(theta, 300.0))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        log_p = np.where(hazard > 1e-8, np.log(-np.expm1(-hazard)), theta - hazard / 2)
        slope = np.where(hazard > 1e-8, hazard / np.expm1(hazard), 1 - hazard / 2)
        bend = np.where(hazard > 1e-4, slope - slope * slope * np.exp(hazard), -hazard / 2)
    bend = np.where(np.isfinite(bend), bend, 0.0)
    return _Probability(log_p, -hazard, slope, -hazard, bend, -hazard)


def _probit(theta: Floats) -> _Probability:
    # Mills ratios by erfcx, which keeps its digits in the tails
    root = np.sqrt(2 / np.pi)
    with np.errstate(over="ignore", divide="ignore"):
        above, below = root / erfcx(-theta / np.sqrt(2)), root / erfcx(theta / np.sqrt(2))
    return _Probability(
        log_ndtr(theta), log_ndtr(-theta), above, -below, -above * (above + theta), -below * (below - theta)
    )


_LINKS: dict[Link, Callable[[Floats], _Probability]] = {
    "logit": _logit, "log": _log, "cloglog": _cloglog, "probit": _probit,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Binomial(ArmLikelihood):
    """``events ~ Binomial(total, p)``, ``link(p) = theta + offset``.

    Attributes
    ----------
    events, total : array (arm,)
    link
        ``"logit"``, ``"log"``, ``"cloglog"`` or ``"probit"``.
    offset : array (arm,)
        Log of the follow-up time with the cloglog link, else zero: it enters here and not the linear predictor.

    Examples
    --------
    >>> arm = Binomial(np.array([3.0]), np.array([10.0]), "logit", np.zeros(1))
    >>> float(np.exp(arm.log_density(np.zeros(1)))[0].round(6))  # 120 / 1024
    0.117188
    """

    events: Floats
    total: Floats
    link: Link
    offset: Floats
    name: ClassVar[str] = "binomial"

    @property
    def upper(self) -> float:  # type: ignore[override]
        """Zero with the log link: a probability cannot exceed one."""
        return 0.0 if self.link == "log" else np.inf

    def __len__(self) -> int:
        return len(self.events)

    def take(self, arms: Sequence[int] | NDArray[np.intp]) -> Binomial:
        at = np.asarray(arms, dtype=np.intp)
        return Binomial(self.events[at], self.total[at], self.link, self.offset[at])

    @property
    def data_points(self) -> NDArray[np.intp]:
        return np.ones(len(self), dtype=np.intp)

    def _parts(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Events, non-events and linear predictor with offset, shaped alike."""
        r, n = self._over(self.events, theta), self._over(self.total, theta)
        return r, n - r, theta + self._over(self.offset, theta)

    def _constant(self, theta: Floats) -> Floats:
        r, n = self.events, self.total
        return self._over(gammaln(n + 1) - gammaln(r + 1) - gammaln(n - r + 1), theta)

    def log_density(self, theta: Floats, cuts: Floats | None = None) -> Floats:
        r, s, at = self._parts(theta)
        if self.link == "logit":  # the same as below with half the work
            return np.asarray(self._constant(theta) + (r + s) * log_expit(at) - s * at)
        found = _LINKS[self.link](at)
        return np.asarray(self._constant(theta) + _times(r, found.log_p) + _times(s, found.log_q))

    def derivatives(self, theta: Floats, cuts: Floats | None = None) -> Derivatives:
        r, s, at = self._parts(theta)
        found = _LINKS[self.link](at)
        return Derivatives(
            self._constant(theta) + _times(r, found.log_p) + _times(s, found.log_q),
            r * found.log_p1 + s * found.log_q1,
            -(r * found.log_p2 + s * found.log_q2),
        )

    def crude(self) -> tuple[Floats, Floats]:
        # half an event added to each cell: only a place to start from
        p = (self.events + 0.5) / (self.total + 1)
        se_p = np.sqrt(p * (1 - p) / (self.total + 1))
        value, slope = {
            "logit": (np.log(p / (1 - p)), 1 / (p * (1 - p))),
            "log": (np.log(p), 1 / p),
            "cloglog": (np.log(-np.log1p(-p)), -1 / ((1 - p) * np.log1p(-p))),
            "probit": (ndtri(p), np.sqrt(2 * np.pi) * np.exp(0.5 * np.square(ndtri(p)))),
        }[self.link]
        return value - self.offset, se_p * slope

    def probability(self, theta: Floats) -> Floats:
        """Probability (arm, ...)."""
        return np.exp(_LINKS[self.link](theta + self._over(self.offset, theta)).log_p)

    def fitted(self, theta: Floats, cuts: Floats | None = None) -> Floats:
        return (self._over(self.total, theta) * self.probability(theta))[None]

    def deviance_of(self, fitted: Floats) -> Floats:
        return self.deviance_of_data(self._over(self.events, fitted[0])[None], fitted)

    def deviance_of_data(self, data: Floats, fitted: Floats) -> Floats:
        r, n, mu = data[0], self._over(self.total, fitted[0]), fitted[0]
        # a fitted value may round to its bound where the data sit there too
        tiny = 1e-300
        lost = xlogy(r, r / np.maximum(mu, tiny)) + xlogy(n - r, (n - r) / np.maximum(n - mu, tiny))
        return np.asarray(2 * lost)

    def simulate(self, theta: Floats, rng: np.random.Generator, cuts: Floats | None = None) -> Floats:
        n = np.broadcast_to(self._over(self.total, theta), theta.shape).astype(int)
        return np.asarray(rng.binomial(n, np.clip(self.probability(theta), 0.0, 1.0)), dtype=float)[None]


def _times(count: Floats, log_p: Floats) -> Floats:
    """``count * log_p`` with 0 for nothing seen, also where the log is minus infinity."""
    with np.errstate(invalid="ignore"):
        return np.where(count == 0, 0.0, count * log_p)
