"""How well the model fits: residual deviance, leverage, pD and DIC, by study and by arm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physiohub.analysis.drawn_fit import drawn_fits
from physiohub.analysis.study_fit import StudyFit
from physiohub.errors import ModelError
from physiohub.inference.drawn_posterior import DrawnPosterior
from physiohub.inference.exact_posterior import ExactPosterior
from physiohub.inference.posterior import Posterior
from physiohub.network.display import ShownAsTable

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["FitStatistics", "StudyFit", "fit_statistics"]

Floats = NDArray[np.float64]
_NO_DEVIANCE = (
    "Standardised differences with unknown SDs of the arms have no residual deviance: no saturated model says what a "
    "perfect fit of a study is."
)


@dataclass(frozen=True, slots=True)
class FitStatistics(ShownAsTable):
    """Fit of the whole network: DIC = Dbar + pD, pD = Dbar - D(posterior mean of the fitted values).

    Attributes
    ----------
    studies
        In the order of the network.
    reason
        Why there is no deviance of the whole; empty when there is one.
    """

    studies: tuple[StudyFit, ...]
    reason: str = ""

    @property
    def _caption(self) -> str:
        if self.dbar is None or self.pd is None or self.dic is None:
            return self.reason
        return f"Dbar {self.dbar:.1f}, pD {self.pd:.1f}, DIC {self.dic:.1f}; {self.data_points} data points"

    @property
    def dbar(self) -> float | None:
        """Posterior mean of the total residual deviance; None where a study has none."""
        return _total(s.deviance for s in self.studies)

    @property
    def pd(self) -> float | None:
        """Effective number of parameters; None where a study has no deviance."""
        return _total(s.leverage for s in self.studies)

    @property
    def dic(self) -> float | None:
        """Deviance information criterion; None where a study has no deviance."""
        return _total((self.dbar, self.pd))

    @property
    def data_points(self) -> int:
        """Number of data points that the deviance is compared with."""
        return sum(s.data_points for s in self.studies)

    def to_frame(self) -> DataFrame:
        """One row a study."""
        import pandas as pd

        columns = ("study", "deviance", "leverage", "data_points")
        return pd.DataFrame([{c: getattr(s, c) for c in columns} for s in self.studies])


def _total(parts: Iterable[float | None]) -> float | None:
    known = list(parts)
    return None if any(part is None for part in known) else float(sum(part for part in known if part is not None))


def fit_statistics(fit: Posterior) -> FitStatistics:
    """Residual deviance, leverage, pD and DIC (Spiegelhalter 2002, J R Stat Soc B 64:583; Dias, TSD2 section 3).

    The deviance at the posterior mean is that of the mean fitted values: events, means or contrasts; of ordered
    categories those of the chain of conditional binomials. With the exact engine in closed form: given a node, data and
    fitted values are jointly normal, so that the residual of a study's observations has mean ``D Q (y - X m)`` and
    covariance ``D - D Q D + D Q X C X' Q D``, with D the sampling covariance, Q the precision of the observations (a
    flat baseline projected out), and m, C of d. With the collapsed engine by the integrals that its draws come
    from; with NUTS by means over the draws.

    Raises
    ------
    ModelError
        When the posterior does not hold what a deviance is made of.

    Examples
    --------
    >>> import physiohub as ph
    >>> from physiohub import datasets
    >>> fit = ph.fit(datasets.load("dietary_fat"), ph.ModelSpec(measure="IRR", effects="common"))
    >>> found = fit_statistics(fit)
    >>> round(found.dbar, 1), round(found.pd, 1), found.data_points
    (22.4, 11.1, 21)
    """
    if isinstance(fit, ExactPosterior):
        return FitStatistics(tuple(_study_fit(fit, i) for i in range(len(fit.rows.studies))))
    if isinstance(fit, DrawnPosterior) and (fit.collapsed or fit.run):
        studies = drawn_fits(fit)
        return FitStatistics(studies, _NO_DEVIANCE if any(s.deviance is None for s in studies) else "")
    raise ModelError(
        "A residual deviance needs draws of every arm's linear predictor, which this posterior of the "
        f"{fit.engine.name} engine does not hold. Engine 'auto' answers it."
    )


def _study_fit(fit: ExactPosterior, i: int) -> StudyFit:
    study, back = fit.rows.studies[i], fit.rows.back[i]
    mean, covariance = _residuals(fit, i)
    overall = fit.weights @ mean
    second = np.tensordot(fit.weights, covariance + mean[:, :, None] * mean[:, None, :], 1)
    if study.level == "contrast":
        return StudyFit.of_contrasts(study, overall, second)
    precision = np.linalg.inv(study.sampling)
    deviance, plug_in = float(np.sum(precision * second)), float(overall @ precision @ overall)
    scaled = overall * np.sqrt(np.diag(precision))
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


def _residuals(fit: ExactPosterior, i: int) -> tuple[Floats, Floats]:
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
