"""Priors of study baselines mu, as densities of the linear predictor of arm 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from physiohub.errors import ModelError
from physiohub.model.likelihoods.base import ArmLikelihood, Derivatives
from physiohub.model.likelihoods.binomial import Binomial
from physiohub.model.likelihoods.poisson import Poisson
from physiohub.model.priors import Flat, Gamma, Normal, Prior, StudentT, UniformProbability

__all__ = ["BaselinePrior", "baseline_prior"]

Floats = NDArray[np.float64]
_LOG_2PI = float(np.log(2 * np.pi))


class BaselinePrior:
    """A prior of mu at theta of arm 0 (arm, ...); flat unless a subclass says otherwise.

    Attributes
    ----------
    low, high : array (arm,)
        Where theta may lie.
    concave
        Whether the log density bends down everywhere, so that its own curvature may guide a search.
    """

    concave = True

    def __init__(self, arms: int) -> None:
        self.low, self.high = np.full(arms, -np.inf), np.full(arms, np.inf)

    @property
    def edged(self) -> bool:
        """Whether the density ends abruptly somewhere."""
        return bool(np.any(np.isfinite(self.low)) or np.any(np.isfinite(self.high)))

    def derivatives(self, theta: Floats) -> Derivatives:
        """Log density of theta, its score and information; the information is never negative."""
        zero = np.zeros_like(theta)
        return Derivatives(zero, zero, zero)

    def take(self, arms: NDArray[np.intp]) -> BaselinePrior:
        """The prior for some of the arms."""
        return BaselinePrior(len(arms))

    def draw(self, uniform: Floats) -> Floats:
        """Theta (arm, ...) at probabilities `uniform`."""
        raise ModelError("Nothing can be drawn from a flat prior of study baselines.")


class _NormalBaseline(BaselinePrior):
    def __init__(self, arms: int, prior: Normal) -> None:
        super().__init__(arms)
        self.prior = prior

    def derivatives(self, theta: Floats) -> Derivatives:
        z = (theta - self.prior.mean) / self.prior.sd
        value = -0.5 * z * z - np.log(self.prior.sd) - 0.5 * _LOG_2PI
        return Derivatives(value, -z / self.prior.sd, np.full_like(theta, self.prior.sd**-2.0))

    def take(self, arms: NDArray[np.intp]) -> BaselinePrior:
        return _NormalBaseline(len(arms), self.prior)

    def draw(self, uniform: Floats) -> Floats:
        from scipy.special import ndtri

        return np.asarray(self.prior.mean + self.prior.sd * ndtri(uniform))


class _StudentBaseline(BaselinePrior):
    concave = False

    def __init__(self, arms: int, prior: StudentT) -> None:
        super().__init__(arms)
        self.prior = prior

    def derivatives(self, theta: Floats) -> Derivatives:
        s, df = self.prior.s, self.prior.df
        z = (theta - self.prior.mean) / s
        constant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi) - np.log(s)
        value = constant - (df + 1) / 2 * np.log1p(z * z / df)
        weight = (df + 1) / (df + z * z)
        # the curvature of the normal that lies under the t at theta: it never turns negative
        return Derivatives(value, -weight * z / s, weight / s**2)

    def take(self, arms: NDArray[np.intp]) -> BaselinePrior:
        return _StudentBaseline(len(arms), self.prior)

    def draw(self, uniform: Floats) -> Floats:
        from scipy.special import stdtrit

        return np.asarray(self.prior.mean + self.prior.s * stdtrit(self.prior.df, uniform))


class _ProbabilityBaseline(BaselinePrior):
    """Uniform on the probability of arm 0 over its own follow-up: the link's slope is the density."""

    def __init__(self, arms: Binomial, prior: UniformProbability) -> None:
        super().__init__(len(arms))
        self.arms, self.prior = arms, prior
        self.low = _linked(np.full(len(arms), prior.low), arms)
        self.high = _linked(np.full(len(arms), prior.high), arms)

    def derivatives(self, theta: Floats) -> Derivatives:
        at = theta + self.arms.offset.reshape(len(self.arms), *(1,) * (theta.ndim - 1))
        value, score, information = _log_slope(at, self.arms.link)
        low, high = (edge.reshape(len(self.arms), *(1,) * (theta.ndim - 1)) for edge in (self.low, self.high))
        inside = (theta >= low) & (theta <= high)
        constant = np.log(self.prior.high - self.prior.low)
        return Derivatives(np.where(inside, value - constant, -np.inf), score, information)

    def take(self, arms: NDArray[np.intp]) -> BaselinePrior:
        return _ProbabilityBaseline(self.arms.take(arms), self.prior)

    def draw(self, uniform: Floats) -> Floats:
        p = self.prior.low + (self.prior.high - self.prior.low) * uniform
        return _linked(p, self.arms)


class _RateBaseline(BaselinePrior):
    """Gamma on the rate of arm 0."""

    def __init__(self, arms: int, prior: Gamma) -> None:
        super().__init__(arms)
        self.prior = prior

    def derivatives(self, theta: Floats) -> Derivatives:
        shape, rate = self.prior.shape, self.prior.rate
        scaled = rate * np.exp(np.minimum(theta, 600.0))
        value = shape * np.log(rate) - gammaln(shape) + shape * theta - scaled
        return Derivatives(value, shape - scaled, scaled)

    def take(self, arms: NDArray[np.intp]) -> BaselinePrior:
        return _RateBaseline(len(arms), self.prior)

    def draw(self, uniform: Floats) -> Floats:
        from scipy.special import gammaincinv

        with np.errstate(divide="ignore"):
            return np.asarray(np.log(gammaincinv(self.prior.shape, uniform) / self.prior.rate))


def baseline_prior(prior: Prior, first: ArmLikelihood) -> BaselinePrior:
    """The prior of mu for the first arms of the studies.

    Parameters
    ----------
    prior
        Flat, normal, t, uniform-probability (counts out of a total) or gamma (rates).
    first
        The first arms.

    Raises
    ------
    ModelError
        When the prior does not fit the likelihood, or is flat where data without events would leave no posterior.
    """
    if isinstance(prior, Flat):
        if first.link != "identity":
            raise ModelError(
                "A flat prior of study baselines is for means: with counts it leaves a study without events no "
                "posterior. Use normal(0, 100), or uniform-probability(0, 1)."
            )
        return BaselinePrior(len(first))
    if isinstance(prior, Normal):
        return _NormalBaseline(len(first), prior)
    if isinstance(prior, StudentT):
        return _StudentBaseline(len(first), prior)
    if isinstance(prior, UniformProbability):
        if not isinstance(first, Binomial):
            raise ModelError(f"The baseline prior {prior} is for events out of a total.")
        return _ProbabilityBaseline(first, prior)
    if isinstance(prior, Gamma):
        if not isinstance(first, Poisson):
            raise ModelError(f"The baseline prior {prior} is for events over an exposure.")
        return _RateBaseline(len(first), prior)
    raise ModelError(f"The prior {prior} does not fit study baselines.")


def _linked(p: Floats, arms: Binomial) -> Floats:
    """Theta (arm, ...) of probabilities over the follow-up of each arm."""
    from scipy.special import ndtri

    with np.errstate(divide="ignore"):
        if arms.link == "logit":
            value = np.log(p) - np.log1p(-p)
        elif arms.link == "log":
            value = np.log(p)
        elif arms.link == "cloglog":
            value = np.log(-np.log1p(-p))
        else:
            value = ndtri(p)
    return np.asarray(value - arms.offset.reshape(len(arms), *(1,) * (p.ndim - 1)))


def _log_slope(at: Floats, link: str) -> Derivatives:
    """Log of dp/dtheta with its derivatives."""
    if link == "logit":
        from scipy.special import log_expit

        log_p = log_expit(at)
        p = np.exp(log_p)
        return Derivatives(2 * log_p - at, 1 - 2 * p, 2 * p * (1 - p))
    if link == "log":
        one = np.ones_like(at)
        return Derivatives(np.where(at <= 0, at, -np.inf), one, 0 * one)
    if link == "cloglog":
        hazard = np.exp(np.minimum(at, 600.0))
        return Derivatives(at - hazard, 1 - hazard, hazard)
    return Derivatives(-0.5 * at * at - 0.5 * _LOG_2PI, -at, np.ones_like(at))
