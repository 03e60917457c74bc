"""The log density of each study given all others: exactly, from the draws of the whole, or by a fit without it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import ModelError
from physiohub.inference.collapsed.cut_points import CutTarget
from physiohub.inference.collapsed.engine import CollapsedDraws, collapse
from physiohub.inference.collapsed.sums import log_sum
from physiohub.inference.drawn_posterior import DrawnPosterior
from physiohub.inference.exact import explore
from physiohub.inference.exact_posterior import ExactPosterior
from physiohub.inference.pareto_smoothing import USABLE_K, pareto_smoothed
from physiohub.inference.posterior import Posterior
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.design import whiten
from physiohub.model.priors import Flat

__all__ = ["LeftOut", "leave_out", "log_likelihood_by_study"]

Floats = NDArray[np.float64]
_NOT_REFITTED = "The study moves the result so much that a fit without it would be needed."
_ALONE = (
    "Nothing else in the network tells a treatment of this study, and effects have a flat prior: without the study "
    "there is no posterior that could predict it. A proper prior of effects, say normal(0, 100), would give one."
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One study against all others.

    Attributes
    ----------
    log_density
        ``log p(y_i | y_-i)``; None where there is none.
    method
        ``"exact"``, ``"importance"`` (weighted draws of the whole), or ``"refit"`` (a fit without the study).
    pareto_k
        Shape of the tail of the weights, also of those that were not used; None where nothing is weighted.
    reason
        Why there is no density; empty where there is one.
    """

    study: str
    log_density: float | None
    method: Literal["exact", "importance", "refit"]
    pareto_k: float | None = None
    reason: str = ""


def leave_out(fit: Posterior, *, refit: bool = True) -> tuple[LeftOut, ...]:
    """Every study of the fit, in the order of the network; `refit` makes a fit without those whose weights are bad.

    Raises
    ------
    ModelError
        When the posterior does not hold the log likelihoods of the studies.
    """
    if isinstance(fit, ExactPosterior):
        return tuple(_exact(fit, i) for i in range(len(fit.rows.studies)))
    if isinstance(fit, DrawnPosterior) and fit.collapsed is not None:
        by_study = log_likelihood_by_study(fit.collapsed)
        return tuple(_drawn(fit, fit.collapsed, i, by_study[:, i], refit=refit) for i in range(len(fit.arms.studies)))
    raise ModelError(
        "Leaving out studies needs their log likelihoods with baselines and random effects integrated out, which this "
        f"posterior of the {fit.engine.name} engine does not hold."
    )


def log_likelihood_by_study(found: CollapsedDraws) -> Floats:
    """Log likelihood (draw, study) of each study at the draws, baselines and random effects integrated out."""
    parameters = np.hstack([found.d, found.log_increments]) if isinstance(found.target, CutTarget) else found.d
    return found.target.by_study(found.node, parameters)


def _exact(fit: ExactPosterior, i: int) -> LeftOut:
    """The difference of two log evidences, under the priors of the whole."""
    study = fit.rows.studies[i]
    others = [one for k, one in enumerate(fit.rows.studies) if k != i]
    parameters = fit.means.shape[1]
    if not others:
        return LeftOut(study.id, None, "exact", reason="There is no other study.")
    rows = whiten(others, parameters, fit.priors.mu)
    if isinstance(fit.priors.d, Flat) and np.linalg.matrix_rank(rows.X) < parameters:
        return LeftOut(study.id, None, "exact", reason=_ALONE)
    return LeftOut(study.id, fit.log_evidence - explore(rows, fit.priors).log_evidence, "exact")


def _drawn(fit: DrawnPosterior, found: CollapsedDraws, i: int, log_likelihood: Floats, *, refit: bool) -> LeftOut:
    """The mean of a study's likelihood over draws that are weighted towards the posterior without it."""
    study = fit.arms.studies[i]
    with np.errstate(divide="ignore"):
        log_ratio = np.log(found.weights) - log_likelihood
    # a draw without weight says nothing
    kept = np.isfinite(log_ratio)
    smoothed = pareto_smoothed(log_ratio[kept])
    if smoothed.k <= USABLE_K:
        density = float(log_sum(smoothed.log_weight + log_likelihood[kept]))
        return LeftOut(study, density, "importance", smoothed.k)
    return _refitted(fit, found, i, smoothed.k) if refit else LeftOut(study, None, "refit", smoothed.k, _NOT_REFITTED)


def _refitted(fit: DrawnPosterior, found: CollapsedDraws, i: int, k: float) -> LeftOut:
    study, rest = fit.arms.studies[i], _without(fit.arms, i)
    if len(fit.arms.studies) < 2:
        return LeftOut(study, None, "refit", k, "There is no other study.")
    if isinstance(fit.priors.d, Flat) and np.linalg.matrix_rank(_design(rest)) < rest.parameters:
        return LeftOut(study, None, "refit", k, _ALONE)
    if fit.engine.name != "collapsed":
        reason = "The weighted draws of the whole were too heavy-tailed to tell its evidence."
        return LeftOut(study, None, "refit", k, reason)
    try:
        without = collapse(rest, fit.priors, seed=fit.spec.seed, cut_points=fit.spec.cut_points)
    except ModelError as error:
        return LeftOut(study, None, "refit", k, f"The others have no posterior: {error}")
    if without.pareto_k > USABLE_K:
        reason = f"The fit without the study has weights with a Pareto k of {without.pareto_k:.2f}."
        return LeftOut(study, None, "refit", k, reason)
    return LeftOut(study, found.log_evidence - without.log_evidence, "refit", k)


def _without(arms: ArmNetwork, i: int) -> ArmNetwork:
    """The network without the study at place `i`, its treatments kept: they keep their priors."""
    kept = arms.study != i
    at = arms.study[kept]
    return replace(
        arms,
        studies=tuple(name for place, name in enumerate(arms.studies) if place != i),
        likelihood=arms.likelihood.take(np.flatnonzero(kept)),
        study=at - (at > i),
        treatment=arms.treatment[kept],
        contrasts={place - (place > i): study for place, study in arms.contrasts.items() if place != i},
    )


def _design(arms: ArmNetwork) -> Floats:
    """Every effect that a study tells (effect, parameter)."""
    contrasts = [study.design(arms.parameters) for study in arms.contrasts.values()]
    return np.vstack([arms.differences, *contrasts])
