"""The posterior of ``mu_i ~ N(m, sigma^2)`` by quadrature: in m and sigma, with the arms' own integrals inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from physiohub.analysis.gridded import Gridded, Quantity
from physiohub.errors import ModelError
from physiohub.inference.collapsed.arm_integral import ArmDensities
from physiohub.inference.mixture import NormalMixture
from physiohub.inference.tau_grid import TauMap, TauMarginal, tau_window
from physiohub.model.baseline import BaselinePrior
from physiohub.model.likelihoods.base import ArmLikelihood
from physiohub.model.likelihoods.normal_mean import NormalMean
from physiohub.model.priors import Fixed, Flat, Normal, TauPrior

__all__ = ["Solved", "by_quadrature", "in_closed_form"]

Floats = NDArray[np.float64]
_LOG_2PI = float(np.log(2 * np.pi))
_INTERVALS, _TOLERANCE = (24, 48, 96, 192), 1e-8
# m lies on centre + scale sinh(t): the trapezoidal rule on a bell of SD cosh(t) steps or more
_STEP, _REACHES, _GONE = 0.16, (4.0, 6.0, 8.0, 10.0), 36.0
# a sigma so small beside the arms' own errors changes nothing in the tenth digit
_NO_SPREAD = 1e-5


class Solved(NamedTuple):
    """Posterior of m, of a new study's mu, of sigma; and the numerical error in posterior SDs."""

    mean: Quantity
    predictive: Quantity
    sd: TauMarginal
    error: float


def _sigmas(prior: TauPrior, log_evidence: Callable[[Floats], Floats]) -> Iterator[TauMarginal]:
    """The posterior of sigma, each time at twice the resolution; once where sigma is known."""
    if isinstance(prior, Fixed):
        yield TauMarginal(None, np.zeros(1), np.ones(1), np.array([prior.value]))
        return

    def log_posterior(mapping: TauMap, t: Floats) -> Floats:
        sigma = mapping.tau(t)
        return np.asarray(log_evidence(sigma) + prior.log_density(sigma) + mapping.log_slope(t))

    mapping, low, high = tau_window(prior, log_posterior)
    for intervals in _INTERVALS:
        t = np.linspace(low, high, intervals + 1)
        log_mass = log_posterior(mapping, t)
        mass = np.exp(log_mass - np.max(log_mass))
        yield TauMarginal(mapping, t, mass / mass.sum(), mapping.tau(t))


def _settled(levels: Iterator[tuple[TauMarginal, Floats]]) -> tuple[TauMarginal, float]:
    """The first resolution at which means and SDs (of m, mu and sigma) stand still, and what they moved by."""
    previous: Floats | None = None
    change = 0.0
    for sigma, moments in levels:
        if previous is not None:
            change = float(np.max(np.abs(moments - previous)) / moments[1])
            if change < _TOLERANCE:
                return sigma, change
        previous = moments
    return sigma, change


def in_closed_form(likelihood: ArmLikelihood, m_prior: Flat | Normal, sigma_prior: TauPrior) -> Solved:
    """Normal arms: given sigma everything is normal, so that m and mu are mixtures of normals over sigma.

    Parameters
    ----------
    likelihood
        A `NormalMean`.
    m_prior, sigma_prior
        Priors of m and sigma.
    """
    assert isinstance(likelihood, NormalMean)

    def parts(sigma: Floats) -> tuple[Floats, Floats, Floats]:
        """Mean and variance of m given sigma (node,), and the log evidence."""
        weight = 1 / (np.square(likelihood.se) + np.square(sigma)[:, None])  # (node, arm)
        known, at = (0.0, 0.0) if isinstance(m_prior, Flat) else (m_prior.sd**-2.0, m_prior.mean)
        precision = weight.sum(1) + known
        mean = (weight @ likelihood.mean + known * at) / precision
        distance = (weight * np.square(likelihood.mean - mean[:, None])).sum(1) + known * np.square(at - mean)
        return mean, 1 / precision, 0.5 * (np.log(weight).sum(1) - np.log(precision) - distance)

    def levels() -> Iterator[tuple[TauMarginal, Floats]]:
        for sigma in _sigmas(sigma_prior, lambda s: parts(s)[2]):
            mean, predictive = mixtures(sigma)
            yield sigma, np.array([mean.mean, mean.sd, predictive.sd if sigma.has_moment(2) else 0.0])

    def mixtures(sigma: TauMarginal) -> tuple[NormalMixture, NormalMixture]:
        mean, variance, _ = parts(sigma.tau)
        sds = np.sqrt(variance), np.sqrt(variance + np.square(sigma.tau))
        return NormalMixture(sigma.mass, mean, sds[0]), NormalMixture(sigma.mass, mean, sds[1])

    if isinstance(m_prior, Flat) and len(likelihood) < 2:
        raise ModelError("One arm does not tell how baselines vary: state a baseline, or fix sigma and give m a prior.")
    sigma, change = _settled(levels())
    return Solved(*mixtures(sigma), sigma, change)


def by_quadrature(likelihood: ArmLikelihood, m_prior: Flat | Normal, sigma_prior: TauPrior) -> Solved:
    """Counts: a grid in m and sigma, and at each point one integral an arm.

    Parameters
    ----------
    likelihood
        Of the arms.
    m_prior, sigma_prior
        Priors of m and sigma.

    Raises
    ------
    ModelError
        When the arms leave m so open that no grid holds its posterior.
    """
    assert isinstance(m_prior, Normal)
    for reach in _REACHES:
        grid = _MeanGrid.of(likelihood, m_prior, reach)
        sigma, change = _settled((sigma, grid.moments(sigma)) for sigma in _sigmas(sigma_prior, grid.log_evidence))
        joint = grid.joint(sigma)
        if grid.holds(joint):
            mean, predictive = grid.marginals(sigma, joint)
            return Solved(mean, predictive, sigma, change)
    raise ModelError("The arms leave the baseline open, so that its prior decides: narrow it, or state a baseline.")


@dataclass(frozen=True, slots=True, eq=False)
class _MeanGrid:
    """Values of m, equally spaced in t, and what the arms say at each.

    Attributes
    ----------
    log_weight : array (point,)
        Log prior of m with the rule's weight.
    known
        Sigma -> log likelihood (point,): a finer rule over sigma meets the points of the coarser one again.
    """

    arms: ArmDensities
    centre: float
    scale: float
    t: Floats
    m: Floats
    log_weight: Floats
    known: dict[float, Floats]

    @classmethod
    def of(cls, likelihood: ArmLikelihood, prior: Normal, reach: float) -> _MeanGrid:
        arms = ArmDensities(likelihood, BaselinePrior(0), np.empty(0, dtype=np.intp))
        theta, se = likelihood.crude()
        between = np.square(se) + np.var(theta)
        centre, scale = float(np.average(theta, weights=1 / between)), float(np.sum(se**-2.0) ** -0.5)
        t = np.arange(-reach, reach + _STEP / 2, _STEP)
        m = centre + scale * np.sinh(t)
        log_prior = -0.5 * np.square((m - prior.mean) / prior.sd) - np.log(prior.sd) - 0.5 * _LOG_2PI
        return cls(arms, centre, scale, t, m, log_prior + np.log(scale * np.cosh(t) * _STEP), {})

    def log_likelihood(self, sigma: float) -> Floats:
        """Log likelihood of m (point,) at one sigma."""
        sigma = 0.0 if sigma < _NO_SPREAD * float(np.min(self.arms.crude[1])) else float(f"{sigma:.13g}")
        if sigma not in self.known:
            x = np.broadcast_to(self.m, (len(self.arms.likelihood), len(self.m)))
            self.known[sigma] = np.asarray(self.arms.log_integral(x, np.array(sigma**2)).sum(0))
        return self.known[sigma]

    def _log_joint(self, sigma: Floats) -> Floats:
        """Log likelihood, prior and rule of m (node, point)."""
        return np.stack([self.log_likelihood(float(s)) for s in sigma]) + self.log_weight

    def log_evidence(self, sigma: Floats) -> Floats:
        """Log of the likelihood of sigma (node,), m integrated out."""
        joint = self._log_joint(sigma)
        top = joint.max(1)
        return np.asarray(top + np.log(np.exp(joint - top[:, None]).sum(1)))

    def joint(self, sigma: TauMarginal) -> Floats:
        """Posterior probability of the points (node, point)."""
        joint = self._log_joint(sigma.tau)
        given = np.exp(joint - joint.max(1, keepdims=True))
        return np.asarray(sigma.mass[:, None] * given / given.sum(1, keepdims=True))

    def holds(self, joint: Floats) -> bool:
        """Whether nothing of the posterior lies beyond the ends."""
        along = joint.sum(0)
        return bool(max(along[0], along[-1]) < np.exp(-_GONE) * along.max())

    def moments(self, sigma: TauMarginal) -> Floats:
        """Mean and SD of m, and SD of mu where there is one."""
        along = self.joint(sigma).sum(0)
        mean = float(along @ self.m)
        variance = float(along @ np.square(self.m - mean))
        more = float(np.square(sigma.tau) @ sigma.mass) if sigma.has_moment(2) else 0.0
        return np.array([mean, np.sqrt(variance), np.sqrt(variance + more)])

    def marginals(self, sigma: TauMarginal, joint: Floats) -> tuple[Gridded, Gridded]:
        """The distributions of m and of mu."""
        mean, sd, sd_new = self.moments(sigma)
        of_m = Gridded.of(self.m, self._below(joint.sum(0))(self.t), mean, sd)
        furthest = np.abs(of_m.x - self.centre).max() + 9 * float(sigma.quantile(1 - 1e-9))
        x = self.centre + self.scale * np.sinh(np.linspace(-1, 1, 401) * np.arcsinh(furthest / self.scale))
        total = sum(self._new_below(x, float(s), given) for s, given in zip(sigma.tau, joint, strict=True))
        return of_m, Gridded.of(x, np.asarray(total), mean, sd_new if sigma.has_moment(2) else np.inf)

    def _below(self, probability: Floats) -> Callable[[Floats], Floats]:
        """The distribution function of t from the masses at the points."""
        from scipy.interpolate import CubicSpline

        integral = CubicSpline(self.t, probability / _STEP).antiderivative()

        def below(t: Floats) -> Floats:
            return np.asarray(integral(np.clip(t, self.t[0], self.t[-1])))

        return below

    def _new_below(self, x: Floats, sigma: float, given: Floats) -> Floats:
        """P(mu <= x) (x,) at one sigma, times the probability of that sigma."""
        total = given.sum()
        if total == 0.0:
            return np.zeros_like(x)
        centre = given @ self.m / total
        if sigma > np.sqrt(given @ np.square(self.m - centre) / total):
            return np.asarray(ndtr((x[:, None] - self.m) / sigma) @ given)
        # a spread below that of m: the distribution function of m itself, blurred
        points, weights = np.polynomial.hermite_e.hermegauss(25)
        t = np.arcsinh((x[:, None] - sigma * points - self.centre) / self.scale)
        return np.asarray(self._below(given)(t) @ (weights / weights.sum()))
