"""The mean of an arm with a known standard error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from physiohub.model.likelihoods.base import ArmLikelihood, Derivatives

__all__ = ["NormalMean"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class NormalMean(ArmLikelihood):
    """``mean ~ N(theta, se^2)``.

    Attributes
    ----------
    mean, se : array (arm,)

    Examples
    --------
    >>> arm = NormalMean(np.array([1.0]), np.array([1.0]))
    >>> float(np.exp(arm.log_density(np.ones(1)))[0].round(6))
    0.398942
    """

    mean: Floats
    se: Floats
    name: ClassVar[str] = "normal"
    link = "identity"

    def __len__(self) -> int:
        return len(self.mean)

    def take(self, arms: Sequence[int] | NDArray[np.intp]) -> NormalMean:
        at = np.asarray(arms, dtype=np.intp)
        return NormalMean(self.mean[at], self.se[at])

    @property
    def data_points(self) -> NDArray[np.intp]:
        return np.ones(len(self), dtype=np.intp)

    def log_density(self, theta: Floats, cuts: Floats | None = None) -> Floats:
        return self.derivatives(theta).value

    def derivatives(self, theta: Floats, cuts: Floats | None = None) -> Derivatives:
        se = self._over(self.se, theta)
        z = (self._over(self.mean, theta) - theta) / se
        value = -0.5 * z * z - np.log(se) - 0.5 * np.log(2 * np.pi)
        return Derivatives(value, z / se, np.broadcast_to(se**-2.0, theta.shape))

    def crude(self) -> tuple[Floats, Floats]:
        return self.mean, self.se

    def fitted(self, theta: Floats, cuts: Floats | None = None) -> Floats:
        return np.asarray(theta, dtype=float)[None]

    def deviance_of(self, fitted: Floats) -> Floats:
        return self.deviance_of_data(self._over(self.mean, fitted[0])[None], fitted)

    def deviance_of_data(self, data: Floats, fitted: Floats) -> Floats:
        return np.asarray(np.square((data[0] - fitted[0]) / self._over(self.se, fitted[0])))

    def simulate(self, theta: Floats, rng: np.random.Generator, cuts: Floats | None = None) -> Floats:
        return np.asarray(rng.normal(theta, np.broadcast_to(self._over(self.se, theta), theta.shape)))[None]
