"""What the arms' data say of theta, and of what else a likelihood needs: cut-points, standard deviations."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from physiohub.model.likelihoods.base import ArmLikelihood

__all__ = ["ArmData", "Evaluated", "PlainArms", "by_study"]

Floats = NDArray[np.float64]


class Evaluated(NamedTuple):
    """A log density and its gradients.

    Attributes
    ----------
    value
        Log density of the data, with the prior of the nuisance parameters at x.
    theta : array (arm,)
        Derivatives in theta.
    nuisance : array (nuisance,)
        Derivatives in x.
    """

    value: float
    theta: Floats
    nuisance: Floats


class ArmData(Protocol):
    """The data of all arms, given theta and the nuisance parameters x, which are numbers on the whole line.

    Attributes
    ----------
    size
        Number of nuisance parameters.
    start : array (nuisance,)
        Where a chain may start.
    """

    size: int
    start: Floats

    def evaluate(self, theta: Floats, x: Floats) -> Evaluated:
        """Log density and gradients at theta (arm,) and x (nuisance,)."""

    def log_likelihood(self, theta: Floats, x: Floats) -> Floats:
        """Log density of each study (arm-level study, draw) at theta (arm, draw), x (nuisance, draw); no priors."""

    def of_each_arm(self, theta: Floats) -> Floats:
        """Log density of each arm (arm, point) at theta (arm, point), with the nuisance parameters where they start."""

    def reported(self, theta: Floats, x: Floats) -> Floats:
        """Theta (arm, draw) as the model states it, should the sampler see it from another origin."""

    def natural(self, x: Floats) -> dict[str, Floats]:
        """The nuisance parameters on their own scale, by name (parameter, draw)."""


class PlainArms:
    """Arms whose likelihood needs nothing but theta."""

    size = 0

    def __init__(self, likelihood: ArmLikelihood, first: NDArray[np.intp]) -> None:
        self.likelihood, self.first = likelihood, first
        self.start = np.empty(0)

    def evaluate(self, theta: Floats, x: Floats) -> Evaluated:
        found = self.likelihood.derivatives(theta)
        return Evaluated(float(found.value.sum()), found.score, np.empty(0))

    def log_likelihood(self, theta: Floats, x: Floats) -> Floats:
        return by_study(self.of_each_arm(theta), self.first)

    def of_each_arm(self, theta: Floats) -> Floats:
        return self.likelihood.log_density(theta)

    def reported(self, theta: Floats, x: Floats) -> Floats:
        return theta

    def natural(self, x: Floats) -> dict[str, Floats]:
        return {}


def by_study(of_arms: Floats, first: NDArray[np.intp]) -> Floats:
    """Sums over the arms (arm, ...) of each study (arm-level study, ...)."""
    return np.add.reduceat(of_arms, first, axis=0) if len(first) else np.zeros((0, *of_arms.shape[1:]))
