"""The whole network as rows that are independent given d and tau.

One generalised eigendecomposition per study turns ``V_i = A_i + tau^2 B_i`` into ``1 + tau^2 lambda`` on a diagonal, so
that every further tau costs a handful of multiplications.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

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
    pieces: dict[int, _Piece] = {}
    for group in _alike(studies).values():
        pieces |= _whiten_group(studies, group, parameters, baseline_prior)
    inorder = [pieces[i] for i in range(len(studies))]
    return Rows(
        y=np.concatenate([p.y for p in inorder]),
        X=np.concatenate([p.X for p in inorder]),
        spread=np.concatenate([p.spread for p in inorder]),
        study=np.repeat(np.arange(len(inorder)), [len(p.y) for p in inorder]),
        back=tuple(p.back for p in inorder),
        log_det_sampling=float(sum(p.log_det for p in inorder)),
        studies=tuple(studies),
    )


class _Piece(NamedTuple):
    """The rows of one study."""

    y: Floats
    X: Floats
    spread: Floats
    back: Floats
    log_det: float


def _alike(studies: Sequence[NormalStudy]) -> dict[tuple[str, int], list[int]]:
    """Places of the studies by level and number of observations: their small matrices are decomposed in one call."""
    found: dict[tuple[str, int], list[int]] = {}
    for i, study in enumerate(studies):
        found.setdefault((study.level, len(study.y)), []).append(i)
    return found


def _whiten_group(
    studies: Sequence[NormalStudy], group: Sequence[int], parameters: int, baseline_prior: Prior | None
) -> dict[int, _Piece]:
    """The rows of studies of one shape, by place."""
    first = studies[group[0]]
    project, offset, shared = _projection(first, baseline_prior)
    # (study, row, row); every study of the group has the same project (row, observed)
    sampling = project @ np.stack([studies[i].sampling for i in group]) @ project.T + shared
    cholesky = np.linalg.cholesky(sampling)
    unit = np.linalg.solve(cholesky, np.broadcast_to(project, (len(group), *project.shape)))
    spread, rotation = np.linalg.eigh(unit @ first.heterogeneity @ unit.transpose(0, 2, 1))
    forward = rotation.transpose(0, 2, 1) @ unit  # (study, row, observed)
    y = (forward @ (np.stack([studies[i].y for i in group]) - offset)[:, :, None])[:, :, 0]
    X = forward @ np.stack([studies[i].design(parameters) for i in group])
    log_det = 2 * np.log(np.diagonal(cholesky, axis1=1, axis2=2)).sum(1)
    # eigenvalues of a positive semidefinite matrix: what is below zero is rounding
    spread = np.maximum(spread, 0.0)
    return {i: _Piece(y[k], X[k], spread[k], forward[k].T, float(log_det[k])) for k, i in enumerate(group)}


def _projection(study: NormalStudy, baseline_prior: Prior | None) -> tuple[Floats, float, float]:
    """Map (row, observed) from observations to what speaks of d, the prior mean of mu, and its prior variance."""
    observed = len(study.y)
    if study.level == "contrast":
        return np.eye(observed), 0.0, 0.0
    if isinstance(baseline_prior, Normal):
        return np.eye(observed), baseline_prior.mean, baseline_prior.sd**2
    if isinstance(baseline_prior, Flat):
        # differences from arm 0: all that is said of d when mu may be anything
        return np.hstack([-np.ones((observed - 1, 1)), np.eye(observed - 1)]), 0.0, 0.0
    raise ModelError(f"The exact engine takes flat or normal baseline priors, not {baseline_prior}.")
