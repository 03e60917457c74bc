"""Every study's own parameters from a run of NUTS on the full model, as the questions about fit ask for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import ModelError
from physiohub.inference.collapsed.posterior_means import PosteriorMeans
from physiohub.inference.collapsed.theta_draws import ThetaDraws
from physiohub.inference.nuts.run import NutsRun

__all__ = ["means_of_run", "residuals_of_run", "theta_of_run"]

Floats = NDArray[np.float64]


def theta_of_run(run: NutsRun) -> ThetaDraws:
    """Linear predictors of the arms, with the cut-points of the same draws.

    Raises
    ------
    ModelError
        When every study has cut-points of its own.
    """
    arms = run.arms
    if arms.cut_points and run.spec.cut_points == "free":
        raise ModelError(
            "Fit statistics of cut-points that every study has for itself come from the collapsed engine (engine "
            "'auto' or 'collapsed'), not from draws of NUTS."
        )
    draws = run.theta.shape[0] * run.theta.shape[1]
    cuts = None if run.cuts is None else run.cuts.reshape(draws, -1).T
    theta = run.theta.reshape(draws, -1).T
    return ThetaDraws(arms.likelihood, theta, cuts, np.ones((draws, len(arms.studies))))


def means_of_run(run: NutsRun) -> PosteriorMeans:
    """Posterior means of residual deviance and fitted values."""
    found = theta_of_run(run)
    fitted = found.likelihood.fitted(found.theta, found.cuts)
    return PosteriorMeans(found.likelihood.deviance_of(fitted).mean(-1), fitted.mean(-1))


def residuals_of_run(run: NutsRun) -> dict[int, Floats]:
    """Residuals (draw, contrast) of the studies of contrasts, by place in the network."""
    chains, draws, contrasts = run.delta.shape
    delta = run.delta.reshape(chains * draws, contrasts)
    found, start = {}, 0
    for place, study in sorted(run.arms.contrasts.items()):
        found[place] = study.y - delta[:, start : start + len(study.y)]
        start += len(study.y)
    return found
