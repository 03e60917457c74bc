"""Events over an exposure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from physiohub.model.likelihoods.base import ArmLikelihood, Derivatives

__all__ = ["Poisson"]

Floats = NDArray[np.float64]
# beyond this a rate overflows; its density has long been zero
_LARGEST = 600.0


@dataclass(frozen=True, slots=True, eq=False)
class Poisson(ArmLikelihood):
    """``events ~ Poisson(exposure exp(theta))``: theta is the log rate.

    Attributes
    ----------
    events, exposure : array (arm,)

    Examples
    --------
    >>> arm = Poisson(np.array([2.0]), np.array([1.0]))
    >>> float(np.exp(arm.log_density(np.zeros(1)))[0].round(6))  # exp(-1) / 2
    0.18394
    """

    events: Floats
    exposure: Floats
    name: ClassVar[str] = "poisson"
    link = "log"

    def __len__(self) -> int:
        return len(self.events)

    def take(self, arms: Sequence[int] | NDArray[np.intp]) -> Poisson:
        at = np.asarray(arms, dtype=np.intp)
        return Poisson(self.events[at], self.exposure[at])

    @property
    def data_points(self) -> NDArray[np.intp]:
        return np.ones(len(self), dtype=np.intp)

    def log_density(self, theta: Floats, cuts: Floats | None = None) -> Floats:
        return self.derivatives(theta).value

    def derivatives(self, theta: Floats, cuts: Floats | None = None) -> Derivatives:
        y = self._over(self.events, theta)
        mean = self.fitted(theta)[0]
        log_mean = theta + self._over(np.log(self.exposure), theta)
        return Derivatives(y * log_mean - mean - gammaln(y + 1), y - mean, mean)

    def crude(self) -> tuple[Floats, Floats]:
        # half an event added: only a place to start from
        return np.log((self.events + 0.5) / self.exposure), 1 / np.sqrt(self.events + 0.5)

    def fitted(self, theta: Floats, cuts: Floats | None = None) -> Floats:
        return (self._over(self.exposure, theta) * np.exp(np.minimum(theta, _LARGEST)))[None]

    def deviance_of(self, fitted: Floats) -> Floats:
        return self.deviance_of_data(self._over(self.events, fitted[0])[None], fitted)

    def deviance_of_data(self, data: Floats, fitted: Floats) -> Floats:
        y, mean = data[0], fitted[0]
        return np.asarray(2 * (xlogy(y, y / np.maximum(mean, 1e-300)) - (y - mean)))

    def simulate(self, theta: Floats, rng: np.random.Generator, cuts: Floats | None = None) -> Floats:
        return np.asarray(rng.poisson(self.fitted(theta)[0]), dtype=float)[None]
