"""The inner integral: what the data of one arm say of m + eta, its random effect integrated out.

``f(x) = integral p(y | theta) N(theta; x, tau^2 / 2) dtheta``, for arm 0 with the prior of its study's baseline inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.collapsed.sums import log_sum
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.baseline import BaselinePrior
from physiohub.model.likelihoods.base import ArmLikelihood, Derivatives

__all__ = ["ArmDensities"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_LOG_2PI = float(np.log(2 * np.pi))
# the trapezoidal rule on a bell: its error falls like exp(-2 pi^2 / step^2), step in SDs
_STEP, _STEPS = 0.8, 9
# Gauss-Legendre points where the integrand ends abruptly
_EDGE_POINTS = 40
_SEARCHES = 10


@dataclass(frozen=True, eq=False)
class ArmDensities:
    """The arms of a network with the prior of study baselines on the first arm of each study.

    Attributes
    ----------
    likelihood
        Of all arms.
    prior
        Of mu, for the first arms.
    first : array of int (arm-level study,)
        Place of arm 0 of each study.
    """

    likelihood: ArmLikelihood
    prior: BaselinePrior
    first: Places
    fineness: int = 1

    @classmethod
    def of(cls, arms: ArmNetwork, prior: BaselinePrior) -> ArmDensities:
        """The densities of all arms."""
        return cls(arms.likelihood, prior, arms.first)

    def finer(self) -> ArmDensities:
        """The same with twice the points in each integral."""
        return ArmDensities(self.likelihood, self.prior, self.first, 2 * self.fineness)

    @cached_property
    def crude(self) -> tuple[Floats, Floats]:
        """Rough estimate of theta and its SE (arm,)."""
        return self.likelihood.crude()

    @cached_property
    def edges(self) -> tuple[Floats, Floats]:
        """Where theta may lie (arm,)."""
        low, high = np.full(len(self.likelihood), -np.inf), np.full(len(self.likelihood), self.likelihood.upper)
        low[self.first] = np.maximum(low[self.first], self.prior.low)
        high[self.first] = np.minimum(high[self.first], self.prior.high)
        return low, high

    def at(self, theta: Floats, cuts: Floats | None = None) -> Derivatives:
        """Log density of data and baseline prior at theta (arm, ...), with its derivatives."""
        data = self.likelihood.derivatives(theta, cuts)
        if len(self.first) == 0:
            return data
        value, score, information = (np.array(part) for part in data)
        prior = self.prior.derivatives(theta[self.first])
        value[self.first] += prior.value
        score[self.first] += prior.score
        information[self.first] += prior.information
        return Derivatives(value, score, information)

    def value(self, theta: Floats, cuts: Floats | None = None) -> Floats:
        """Log density of data and baseline prior at theta (arm, ...)."""
        value = np.array(self.likelihood.log_density(theta, cuts))
        value[self.first] += self.prior.derivatives(theta[self.first]).value
        return value

    def log_integral(self, x: Floats, variance: Floats, cuts: Floats | None = None) -> Floats:
        """Log f (arm, ...) at x (arm, ...) for a variance tau^2/2 that broadcasts against x; zero takes no integral."""
        if not np.any(variance):
            return self.value(x, cuts)
        return log_sum(self.nodes(x, variance, cuts)[1])

    def nodes(self, x: Floats, variance: Floats, cuts: Floats | None = None) -> tuple[Floats, Floats]:
        """Points theta (arm, ..., node) of the inner rule, and their log weights: integrand and rule together."""
        variance = np.broadcast_to(variance, x.shape)
        mode, sd = self._bell(x, variance, cuts)
        theta, log_rule = self._rule(mode, sd)
        inner_cuts = None if cuts is None else cuts[..., None]
        log_kernel = -0.5 * (np.square(theta - x[..., None]) / variance[..., None])
        log_kernel -= 0.5 * (_LOG_2PI + np.log(variance))[..., None]
        return theta, self.value(theta, inner_cuts) + log_kernel + log_rule

    def _rule(self, mode: Floats, sd: Floats) -> tuple[Floats, Floats]:
        """Points around the mode, and the log of the rule's weights; nearer to an edge, points that end at it."""
        step, steps = _STEP / self.fineness, _STEPS * self.fineness
        offsets = step * np.arange(-steps, steps + 1)
        low, high = (edge.reshape(-1, *(1,) * (mode.ndim - 1)) for edge in self.edges)
        reach = step * steps
        if not (np.any(low > mode - reach * sd) or np.any(high < mode + reach * sd)):
            return mode[..., None] + sd[..., None] * offsets, np.log(step * sd)[..., None] + 0 * offsets
        points, weights = _legendre(_EDGE_POINTS * self.fineness)
        start, end = np.maximum(low, mode - reach * sd), np.minimum(high, mode + reach * sd)
        half = 0.5 * (end - start)[..., None]
        return start[..., None] + half * (1 + points), np.log(half) + np.log(weights)

    def _bell(self, x: Floats, variance: Floats, cuts: Floats | None) -> tuple[Floats, Floats]:
        """Mode and SD of the integrand (arm, ...), by Newton steps kept inside a bracket."""
        low_edge, high_edge = (edge.reshape(-1, *(1,) * (x.ndim - 1)) for edge in self.edges)
        theta = self._start(x, variance, cuts)
        low, high = np.full(theta.shape, -np.inf), np.full(theta.shape, np.inf)
        low, high = np.maximum(low, low_edge), np.minimum(high, high_edge)
        for _ in range(_SEARCHES):
            found = self.at(theta, cuts)
            score = found.score - (theta - x) / variance
            curvature = np.maximum(found.information, 0.0) + 1 / variance
            low, high = np.where(score > 0, theta, low), np.where(score > 0, high, theta)
            newton = theta + score / curvature
            # outside the bracket: halve it, where it is finite; else the step is good
            middle = np.where(np.isfinite(low + high), 0.5 * (low + high), newton)
            # at an end of the bracket a step has become too small to be seen: that is the mode, unless it is an edge
            inside = (newton >= low) & (newton <= high) & (newton > low_edge) & (newton < high_edge)
            step = np.where(inside, newton, middle)
            moved = np.abs(step - theta) * np.sqrt(curvature)
            theta = step
            if np.all(moved < 0.2):  # the rule around it needs no more
                break
        found = self.at(theta, cuts)
        return theta, 1 / np.sqrt(np.maximum(found.information, 0.0) + 1 / variance)

    def _start(self, x: Floats, variance: Floats, cuts: Floats | None) -> Floats:
        """Where to look for the mode first (arm, ...): between x and the data, or at x where the data are flat."""
        centre, se = (part.reshape(-1, *(1,) * (x.ndim - 1)) for part in self.crude)
        low, high = (edge.reshape(-1, *(1,) * (x.ndim - 1)) for edge in self.edges)
        between = (centre / se**2 + x / variance) / (se**-2.0 + 1 / variance)
        guesses = [between, x]
        if np.isfinite(self.likelihood.upper):
            # next to an end the likelihood is a power of the distance from it: its balance with the kernel
            power, over = self._power_at_end.reshape(-1, *(1,) * (x.ndim - 1)), x - high
            guesses.append(high - 0.5 * (np.sqrt(np.square(over) + 4 * (power + 1e-3) * variance) - over))
        candidates = []
        for theta in guesses:
            inside = np.where(theta >= high, high - np.minimum(1.0, se), theta)
            inside = np.where(inside <= low, low + np.minimum(1.0, se), inside)
            candidates.append((inside, self.value(inside, cuts) - 0.5 * np.square(inside - x) / variance))
        best, value = candidates[0]
        for other, of_other in candidates[1:]:
            best, value = np.where(of_other > value, other, best), np.maximum(of_other, value)
        return best

    @cached_property
    def _power_at_end(self) -> Floats:
        """Power of the distance from the upper end with which each arm's likelihood vanishes there (arm,)."""
        near = 1e-6
        return np.asarray(self.likelihood.derivatives(self.edges[1] - near).information * near**2)


@cache
def _legendre(points: int) -> tuple[Floats, Floats]:
    """Points and weights of the Gauss-Legendre rule on [-1, 1]."""
    return np.polynomial.legendre.leggauss(points)
