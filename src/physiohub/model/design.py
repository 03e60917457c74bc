"""The whole network as rows that are independent given d and tau.

One generalised eigendecomposition per study turns ``V_i = A_i + tau^2 B_i`` into ``1 + tau^2 lambda`` on a diagonal, so
that every further tau costs a handful of multiplications (METHODS section 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import ModelError
from physiohub.model.normal_study import NormalStudy
from physiohub.model.priors import Flat, Normal, Prior

__all__ = ["Rows", "whiten"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of the network: ``y ~ N(X d, 1 + tau^2 spread)``, independent.

    Attributes
    ----------
    y : array (row,)
    X : array (row, parameter)
    spread : array (row,)
        Eigenvalues lambda: how much tau^2 adds to the unit variance of the row.
    study : array of int (row,)
        Place of the row's study in `studies`.
    back : tuple of array (observed, row of the study)
        ``G'``: the maps from the rows of each study back to its observations; the precision of the observations, with a
        flat baseline projected out, is ``G' diag(1 / (1 + tau^2 lambda)) G``.
    log_det_sampling
        Sum of the log determinants that do not depend on tau.
    studies
        The studies, in the order of the network.
    """

    y: Floats
    X: Floats
    spread: Floats
    study: NDArray[np.intp]
    back: tuple[Floats, ...]
    log_det_sampling: float
    studies: tuple[NormalStudy, ...]


def whiten(studies: Sequence[NormalStudy], parameters: int, baseline_prior: Prior | None) -> Rows:
    """Turn studies into independent rows.

    Parameters
    ----------
    studies
        Normal data of every study.
    parameters
        Number of basic parameters, treatments less one.
    baseline_prior
        Of mu in arm-level studies: flat, where the differences from arm 0 hold all that is said of d, or normal, whose
        variance joins the sampling covariance.

    Raises
    ------
    ModelError
        For any other baseline prior: it does not leave the data normal.
    """
    pieces = [_whiten_study(study, parameters, baseline_prior) for study in studies]
    return Rows(
        y=np.concatenate([p[0] for p in pieces]),
        X=np.concatenate([p[1] for p in pieces]),
        spread=np.concatenate([p[2] for p in pieces]),
        study=np.repeat(np.arange(len(pieces)), [len(p[0]) for p in pieces]),
        back=tuple(p[3] for p in pieces),
        log_det_sampling=float(sum(p[4] for p in pieces)),
        studies=tuple(studies),
    )


def _whiten_study(
    study: NormalStudy, parameters: int, baseline_prior: Prior | None
) -> tuple[Floats, Floats, Floats, Floats, float]:
    """y, X, spread (row,), back (observed, row) and the log determinant of one study."""
    observed = len(study.y)
    project, offset, sampling = np.eye(observed), 0.0, study.sampling
    if study.level == "arm":
        if isinstance(baseline_prior, Normal):
            offset, sampling = baseline_prior.mean, study.sampling + baseline_prior.sd**2
        elif isinstance(baseline_prior, Flat):
            # rows (arm - 1, arm) of differences from arm 0
            project = np.hstack([-np.ones((observed - 1, 1)), np.eye(observed - 1)])
            sampling = project @ study.sampling @ project.T
        else:
            raise ModelError(f"The exact engine takes flat or normal baseline priors, not {baseline_prior}.")
    cholesky = np.linalg.cholesky(sampling)
    # L^-1 C (row, observed): observations to unit sampling variance
    unit = np.linalg.solve(cholesky, project)
    spread, rotation = np.linalg.eigh(unit @ study.heterogeneity @ unit.T)
    forward = rotation.T @ unit
    log_det = 2 * float(np.sum(np.log(np.diag(cholesky))))
    spread = np.maximum(spread, 0.0)
    return forward @ (study.y - offset), forward @ study.design(parameters), spread, forward.T, log_det
