"""Fit of one study: what it adds to deviance and leverage, and the signed residuals of its arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiohub.model.normal_study import NormalStudy

__all__ = ["StudyFit"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StudyFit:
    """Fit of one study.

    Attributes
    ----------
    deviance, leverage
        Posterior mean of the residual deviance, and its excess over the deviance at the posterior mean of the fitted
        values; None for a likelihood that has no residual deviance.
    data_points
        Arms at arm level, contrasts (arms - 1) at contrast level; of ordered categories the reported ones less one, in
        every arm. None count where there is no deviance.
    arm_deviance, arm_leverage, arm_residual : tuple (arm,)
        At arm level; empty at contrast level, where the contrasts of a study are not independent. The residual is the
        signed root of the deviance at the posterior mean of the fitted values, positive when more was seen than
        expected: for a mean it is the posterior mean of (y - fitted)/SE.
    residual
        The same for a study with a single contrast; None for any other.
    """

    study: str
    deviance: float | None
    leverage: float | None
    data_points: int
    arm_deviance: tuple[float, ...]
    arm_leverage: tuple[float, ...]
    arm_residual: tuple[float, ...]
    residual: float | None

    @classmethod
    def of_contrasts(cls, study: NormalStudy, mean: Floats, second: Floats) -> StudyFit:
        """From the posterior mean (contrast,) of the residuals, and of their products (contrast, contrast)."""
        precision = np.linalg.inv(study.sampling)
        deviance, plug_in = float(np.sum(precision * second)), float(mean @ precision @ mean)
        single = float(mean[0] * np.sqrt(precision[0, 0])) if len(mean) == 1 else None
        return cls(study.id, deviance, deviance - plug_in, len(mean), (), (), (), single)

    @classmethod
    def without_deviance(cls, study: str) -> StudyFit:
        """A study whose likelihood has no residual deviance."""
        return cls(study, None, None, 0, (), (), (), None)
