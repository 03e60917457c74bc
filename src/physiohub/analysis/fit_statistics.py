"""How well the model fits: residual deviance, leverage, pD and DIC, by study and by arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.posterior import Posterior
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["FitStatistics", "StudyFit", "fit_statistics"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StudyFit:
    """Fit of one study.

    Attributes
    ----------
    deviance, leverage
        Posterior mean of the residual deviance, and its excess over the deviance at the posterior mean of the fitted
        values.
    data_points
        Arms at arm level, contrasts (arms - 1) at contrast level.
    arm_deviance, arm_leverage, arm_residual : tuple (arm,)
        At arm level; empty at contrast level, where the contrasts of a study are not independent. The residual is the
        posterior mean of (y - fitted)/SE; its sign is that of a signed root of the deviance.
    residual
        The same for a study with a single contrast; None for any other.
    """

    study: str
    deviance: float
    leverage: float
    data_points: int
    arm_deviance: tuple[float, ...]
    arm_leverage: tuple[float, ...]
    arm_residual: tuple[float, ...]
    residual: float | None


@dataclass(frozen=True, slots=True)
class FitStatistics(ShownAsTable):
    """Fit of the whole network: DIC = Dbar + pD, pD = Dbar - D(posterior mean of the fitted values)."""

    studies: tuple[StudyFit, ...]

    @property
    def _caption(self) -> str:
        return f"Dbar {self.dbar:.1f}, pD {self.pd:.1f}, DIC {self.dic:.1f}; {self.data_points} data points"

    @property
    def dbar(self) -> float:
        """Posterior mean of the total residual deviance."""
        return float(sum(s.deviance for s in self.studies))

    @property
    def pd(self) -> float:
        """Effective number of parameters."""
        return float(sum(s.leverage for s in self.studies))

    @property
    def dic(self) -> float:
        """Deviance information criterion."""
        return self.dbar + self.pd

    @property
    def data_points(self) -> int:
        """Number of data points that the deviance is compared with."""
        return sum(s.data_points for s in self.studies)

    def to_frame(self) -> DataFrame:
        """One row a study."""
        import pandas as pd

        columns = ("study", "deviance", "leverage", "data_points")
        return pd.DataFrame([{c: getattr(s, c) for c in columns} for s in self.studies])


def fit_statistics(fit: Posterior) -> FitStatistics:
    """Residual deviance, leverage, pD and DIC (Spiegelhalter 2002, J R Stat Soc B 64:583; Dias, TSD2 section 3).

    In closed form: given a node, data and fitted values are jointly normal, so that the residual of a study's
    observations has mean ``D Q (y - X m)`` and covariance ``D - D Q D + D Q X C X' Q D``, with D the sampling
    covariance, Q the precision of the observations (a flat baseline projected out), and m, C of d.
    """
    return FitStatistics(tuple(_study_fit(fit, i) for i in range(len(fit.rows.studies))))


def _study_fit(fit: Posterior, i: int) -> StudyFit:
    study, back = fit.rows.studies[i], fit.rows.back[i]
    mean, covariance = _residuals(fit, i)
    precision = np.linalg.inv(study.sampling)
    overall = fit.weights @ mean
    second = np.tensordot(fit.weights, covariance + mean[:, :, None] * mean[:, None, :], 1)
    deviance, plug_in = float(np.sum(precision * second)), float(overall @ precision @ overall)
    scaled = overall * np.sqrt(np.diag(precision))
    if study.level == "contrast":
        single = float(scaled[0]) if len(scaled) == 1 else None
        return StudyFit(study.id, deviance, deviance - plug_in, len(back), (), (), (), single)
    by_arm = np.diag(precision) * np.diag(second)
    return StudyFit(
        study.id,
        deviance,
        deviance - plug_in,
        len(back),
        arm_deviance=tuple(by_arm.tolist()),
        arm_leverage=tuple((by_arm - scaled**2).tolist()),
        arm_residual=tuple(scaled.tolist()),
        residual=None,
    )


def _residuals(fit: Posterior, i: int) -> tuple[Floats, Floats]:
    """Mean (node, observed) and covariance (node, observed, observed) of y - fitted for one study."""
    rows = np.flatnonzero(fit.rows.study == i)
    sampling, back = fit.rows.studies[i].sampling, fit.rows.back[i]
    spread, y, x = fit.rows.spread[rows], fit.rows.y[rows], fit.rows.X[rows]
    shrink = 1 / (1 + np.square(fit.tau_nodes)[:, None] * spread)  # (node, row)
    to_observed = sampling @ back  # (observed, row)
    mean = (shrink * (y - fit.means @ x.T)) @ to_observed.T
    loaded = shrink[:, :, None] * x  # (node, row, parameter)
    within = np.matmul(np.matmul(loaded, fit.covariances), loaded.transpose(0, 2, 1))
    diagonal = np.arange(len(rows))
    within[:, diagonal, diagonal] -= shrink
    return mean, sampling + np.matmul(np.matmul(to_observed, within), to_observed.T)
