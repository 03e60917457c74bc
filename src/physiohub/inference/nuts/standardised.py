"""Arm-level standardised mean differences with the SD of every study as a parameter.

``y_k ~ N(s theta_k, s^2/p_k)``, ``df s_p^2/s^2 ~ chi^2(df)``, with p_k = n_k, or ``s_p^2/se_k^2`` where the study
reports the SE of what stands in the numerator. The location is flat on the raw scale and ``p(s) ~ 1/s``, so that a
two-arm study says of its effect what the noncentral t of its t statistic does (Hedges 1981, Journal of Educational
Statistics 6:107-128).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from physiohub.inference.nuts.arm_data import Evaluated, by_study
from physiohub.model.standardised import StandardisedMeans

__all__ = ["StandardisedArms"]

Floats = NDArray[np.float64]
_LOG_2PI = float(np.log(2 * np.pi))


class StandardisedArms:
    """The data of all arms; x is log s less log s_p, in its approximate standard errors (2 df)^(-1/2).

    The location is flat on the raw scale, and the prior of theta_0 is seen from the study's centre: both are one.
    """

    def __init__(self, likelihood: StandardisedMeans, first: NDArray[np.intp]) -> None:
        self.likelihood, self.first = likelihood, first
        self.size = len(first)
        self.start = np.zeros(self.size)
        self.sizes = np.diff(np.append(first, len(likelihood)))
        self.precision = likelihood.se**-2.0
        self.step = 1 / np.sqrt(2 * likelihood.df)
        df = likelihood.df
        self.constant = df / 2 * np.log(df / 2) - gammaln(df / 2) - 2 * np.log(likelihood.pooled)

    def _parts(self, theta: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Log of s/s_p (study, ...), means over s (arm, ...) and their distance from theta (arm, ...)."""
        over = (-1, *(1,) * (theta.ndim - 1))
        log_ratio = self.step.reshape(over) * x
        mean = self.likelihood.mean.reshape(over) * np.repeat(np.exp(-log_ratio), self.sizes, axis=0)
        return log_ratio, mean, mean - theta

    def _log_density(self, log_ratio: Floats, distance: Floats) -> Floats:
        """Log density of means and pooled variance of each study (study, ...)."""
        over = (-1, *(1,) * (distance.ndim - 1))
        df, sizes, pooled = (a.reshape(over) for a in (self.likelihood.df, self.sizes, self.likelihood.pooled))
        precision = self.precision.reshape(over)
        of_means = by_study(0.5 * (np.log(precision) - precision * np.square(distance) - _LOG_2PI), self.first)
        of_means = of_means - sizes * (log_ratio + np.log(pooled))
        return np.asarray(of_means + self.constant.reshape(over) - df * log_ratio - df / 2 * np.exp(-2 * log_ratio))

    def evaluate(self, theta: Floats, x: Floats) -> Evaluated:
        log_ratio, mean, distance = self._parts(theta, x)
        df, weighted = self.likelihood.df, self.precision * distance
        # p(mu, s) ds of a flat raw location and 1/s is p(theta_0, log s) ~ s
        value = self._log_density(log_ratio, distance).sum() + log_ratio.sum()
        of_log_s = by_study(weighted * mean, self.first) - self.sizes - df + df * np.exp(-2 * log_ratio) + 1
        return Evaluated(float(value), weighted, of_log_s * self.step)

    def log_likelihood(self, theta: Floats, x: Floats) -> Floats:
        log_ratio, _, distance = self._parts(theta, x)
        return self._log_density(log_ratio, distance)

    def of_each_arm(self, theta: Floats) -> Floats:
        return self.likelihood.log_density(theta)

    def reported(self, theta: Floats, x: Floats) -> Floats:
        centre = (self.likelihood.centre / self.likelihood.pooled).reshape(-1, *(1,) * (theta.ndim - 1))
        log_ratio, _, _ = self._parts(theta, x)
        return theta + np.repeat(centre * np.exp(-log_ratio), self.sizes, axis=0)

    def natural(self, x: Floats) -> dict[str, Floats]:
        return {"sd": self.likelihood.pooled[:, None] * np.exp(self.step[:, None] * x)}
