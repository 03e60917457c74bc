"""The model written out in full: every mu, delta and d in one joint normal, tau by adaptive quadrature.

Shares no formula with the engine: no differences, no whitening, no eigenvalues, no trapezoidal rule.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from physiohub.model.normal_study import NormalStudy
from physiohub.model.priors import TauPrior


class DenseModel:
    """Normal data with d ~ N(0, sd_d^2) and, at arm level, mu ~ N(0, sd_mu^2), by conditioning one large normal."""

    def __init__(self, studies: list[NormalStudy], treatments: int, sd_d: float, sd_mu: float, prior: TauPrior) -> None:
        self.studies, self.treatments = studies, treatments
        self.sd_d, self.sd_mu, self.prior = sd_d, sd_mu, prior
        self.y = np.concatenate([study.y for study in studies])

    def joint(self, tau: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """cov(d), cov(d, y), cov(y) for a given tau."""
        p = self.treatments - 1
        cov_d = self.sd_d**2 * np.eye(p)
        size = len(self.y)
        cov_dy, cov_y = np.zeros((p, size)), np.zeros((size, size))
        at = 0
        loads = []
        for study in self.studies:
            here = slice(at, at + len(study.y))
            arms = study.treatments
            load = np.zeros((len(arms), p))
            for k, t in enumerate(arms):
                for sign, which in ((1, t), (-1, arms[0])):
                    if which > 0:
                        load[k, which - 1] += sign
            block = np.zeros((len(arms), len(arms)))
            block[1:, 1:] = tau**2 * (0.5 * np.eye(len(arms) - 1) + 0.5)
            if study.level == "arm":
                block = block + self.sd_mu**2
            else:
                load, block = load[1:], block[1:, 1:]
            cov_y[here, here] = block + study.sampling
            loads.append(load)
            at += len(study.y)
        design = np.vstack(loads)
        cov_dy = cov_d @ design.T
        return cov_d, cov_dy, cov_y + design @ cov_dy

    def given(self, tau: float) -> tuple[float, np.ndarray, np.ndarray]:
        """p(y | tau), and mean and covariance of d | tau, y."""
        cov_d, cov_dy, cov_y = self.joint(tau)
        gain = np.linalg.solve(cov_y, cov_dy.T).T
        density = float(multivariate_normal(np.zeros(len(self.y)), cov_y, allow_singular=False).pdf(self.y))
        return density, gain @ self.y, cov_d - gain @ cov_dy.T

    def expect(self, f: Callable[[float, np.ndarray, np.ndarray], float], cut: float | None = None) -> float:
        """Posterior expectation of a function of (tau, mean, covariance); it may jump at `cut`."""
        scale = self._peak()

        def weigh(tau: float, g: Callable[[float, np.ndarray, np.ndarray], float]) -> float:
            density, mean, cov = self.given(tau)
            return density / scale * float(np.exp(self.prior.log_density(tau))) * g(tau, mean, cov)

        low, high = self.prior.support
        inner = sorted({0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0} | ({cut} if cut is not None else set()))
        cuts = [low, *[c for c in inner if low < c < min(high, 40)], min(high, 40.0)]
        top = bottom = 0.0
        for a, b in pairwise(cuts):
            top += quad(weigh, a, b, args=(f,), epsabs=1e-13, epsrel=1e-11, limit=200)[0]
            bottom += quad(weigh, a, b, args=(lambda *_: 1.0,), epsabs=1e-13, epsrel=1e-11, limit=200)[0]
        return top / bottom

    def _peak(self) -> float:
        return max(self.given(tau)[0] for tau in np.linspace(0.01, 3, 30))

    def mean(self, k: int) -> float:
        return self.expect(lambda _, m, c: float(m[k]))

    def cdf(self, k: int, x: float) -> float:
        return self.expect(lambda _, m, c: float(norm.cdf(x, m[k], np.sqrt(c[k, k]))))

    def predictive_cdf(self, k: int, x: float) -> float:
        return self.expect(lambda tau, m, c: float(norm.cdf(x, m[k], np.sqrt(c[k, k] + tau**2))))

    def tau_cdf(self, x: float) -> float:
        return self.expect(lambda tau, m, c: float(tau <= x), cut=x)
