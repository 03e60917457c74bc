"""What is left of normal data when the model has spoken: observations less fitted values, given effects and tau.

Data and fitted values are jointly normal, so that with D the sampling covariance, Q the precision of the observations
given d and tau (a flat baseline projected out) and X d their mean, the residual has mean ``D Q (y - X d)`` and
covariance ``D - D Q D``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from physiohub.model.design import Rows
from physiohub.model.normal_study import NormalStudy

__all__ = ["Residuals", "contrast_residuals", "row_residuals"]

Floats = NDArray[np.float64]


class Residuals(NamedTuple):
    """Residuals of one study at draws of the effects.

    Attributes
    ----------
    mean : array (draw, observed)
    covariance : array (draw, observed, observed)
    """

    mean: Floats
    covariance: Floats

    def draw(self, rng: np.random.Generator) -> Floats:
        """One residual vector (draw, observed) at each draw of the effects."""
        # a root by eigenvectors: with a common effect the covariance may be singular
        value, vector = np.linalg.eigh(self.covariance)
        scaled = np.sqrt(np.maximum(value, 0.0)) * rng.standard_normal(self.mean.shape)
        return np.asarray(self.mean + np.matmul(vector, scaled[..., None])[..., 0])


def contrast_residuals(study: NormalStudy, effects: Floats, tau: Floats) -> Residuals:
    """Residuals of a study of contrasts at effects (draw, observed) and tau (draw,)."""
    sampling = study.sampling
    total = sampling + np.square(tau)[:, None, None] * study.heterogeneity
    shrink = np.linalg.solve(total, np.broadcast_to(sampling, total.shape)).transpose(0, 2, 1)  # D Q
    mean = np.matmul(shrink, (study.y - effects)[..., None])[..., 0]
    return Residuals(mean, sampling - np.matmul(shrink, sampling))


def row_residuals(rows: Rows, i: int, d: Floats, tau: Floats) -> Residuals:
    """Residuals of the study at place `i` of the exact engine at d (draw, parameter) and tau (draw,)."""
    mine = rows.study == i
    to_observed = rows.studies[i].sampling @ rows.back[i]  # (observed, row)
    shrink = 1 / (1 + np.square(tau)[:, None] * rows.spread[mine])  # (draw, row)
    mean = (shrink * (rows.y[mine] - d @ rows.X[mine].T)) @ to_observed.T
    explained = np.matmul(to_observed * shrink[:, None, :], to_observed.T)
    return Residuals(mean, rows.studies[i].sampling - explained)
