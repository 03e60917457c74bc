"""What every likelihood of an arm can say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["ArmLikelihood", "Derivatives"]

Floats = NDArray[np.float64]


class Derivatives(NamedTuple):
    """Log density with its slope and its curvature in theta, all (arm, ...).

    Attributes
    ----------
    value, score
        Log density, and its first derivative.
    information
        Minus the second derivative.
    """

    value: Floats
    score: Floats
    information: Floats


class ArmLikelihood(ABC):
    """The data of some arms with one likelihood and link.

    In every method `theta` is (arm, ...): the linear predictor of each arm, with any further axes. `cuts` is
    (cut, ...), the cut-points above the first (which is zero) of ordered categories, broadcast against ``theta[0]``;
    other likelihoods have none and ignore it.
    """

    name: ClassVar[str]
    upper: float = np.inf
    """Where the likelihood ends: theta above it is impossible."""
    link: str
    """Name of the link."""

    @abstractmethod
    def __len__(self) -> int:
        """Count the arms."""

    @abstractmethod
    def take(self, arms: Sequence[int] | NDArray[np.intp]) -> Self:
        """The likelihood of some of the arms."""

    @abstractmethod
    def log_density(self, theta: Floats, cuts: Floats | None = None) -> Floats:
        """Log density of the data (arm, ...), with all its constants."""

    @abstractmethod
    def derivatives(self, theta: Floats, cuts: Floats | None = None) -> Derivatives:
        """Log density, score and information (arm, ...)."""

    @abstractmethod
    def crude(self) -> tuple[Floats, Floats]:
        """A rough estimate of theta (arm,) and its standard error (arm,), both finite for any data."""

    @abstractmethod
    def fitted(self, theta: Floats, cuts: Floats | None = None) -> Floats:
        """Expected data (point, arm, ...): events, means, or one conditional number of events a cut-point."""

    @abstractmethod
    def deviance_of(self, fitted: Floats) -> Floats:
        """Residual deviance (arm, ...) of fitted values (point, arm, ...): what a saturated fit gains, twice."""

    @abstractmethod
    def simulate(self, theta: Floats, rng: np.random.Generator, cuts: Floats | None = None) -> Floats:
        """New data (point, arm, ...) of the same design."""

    @abstractmethod
    def deviance_of_data(self, data: Floats, fitted: Floats) -> Floats:
        """Residual deviance (arm, ...) of other data (point, arm, ...) of the same design."""

    @property
    @abstractmethod
    def data_points(self) -> NDArray[np.intp]:
        """Number of data points of each arm (arm,)."""

    def deviance(self, theta: Floats, cuts: Floats | None = None) -> Floats:
        """Residual deviance (arm, ...) at theta."""
        return self.deviance_of(self.fitted(theta, cuts))

    @staticmethod
    def _over(data: Floats, like: Floats) -> Floats:
        """Data (arm,) with as many trailing axes as `like`."""
        return data.reshape(data.shape + (1,) * (like.ndim - 1))
