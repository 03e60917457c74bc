"""Fit of every study from draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physiohub.analysis.study_fit import StudyFit
from physiohub.inference.collapsed.posterior_means import PosteriorMeans, posterior_means
from physiohub.inference.drawn_posterior import DrawnPosterior
from physiohub.inference.residuals import contrast_residuals
from physiohub.model.likelihoods.base import ArmLikelihood
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.normal_study import NormalStudy

__all__ = ["drawn_fits"]

Floats = NDArray[np.float64]


def drawn_fits(fit: DrawnPosterior) -> tuple[StudyFit, ...]:
    """Fit of the studies in the order of the network."""
    arms = fit.arms
    by_place = _contrasts(fit)
    if fit.spec.measure == "SMD":
        # the SDs of the arms are unknown: nothing says what a saturated fit is
        absent = set(range(len(arms.studies))) - by_place.keys()
        by_place |= {i: StudyFit.without_deviance(arms.studies[i]) for i in absent}
    elif len(arms.first):
        by_place |= _by_arm(fit)
    return tuple(by_place[i] for i in range(len(arms.studies)))


def _contrasts(fit: DrawnPosterior) -> dict[int, StudyFit]:
    """Studies of contrasts, by place in the network."""
    if fit.run is None:
        return {i: _contrast_study(fit, study) for i, study in fit.arms.contrasts.items()}
    from physiohub.inference.run_theta import residuals_of_run

    return {
        i: StudyFit.of_contrasts(fit.arms.contrasts[i], own.mean(0), own.T @ own / len(own))
        for i, own in residuals_of_run(fit.run).items()
    }


def _contrast_study(fit: DrawnPosterior, study: NormalStudy) -> StudyFit:
    """One study of contrasts: given a draw its residuals are normal."""
    effects = fit.d @ study.design(fit.arms.parameters).T
    residuals = contrast_residuals(study, effects, fit.tau_draws)
    products = residuals.covariance + residuals.mean[:, :, None] * residuals.mean[:, None, :]
    return StudyFit.of_contrasts(study, fit.weights @ residuals.mean, np.tensordot(fit.weights, products, 1))


def _means(fit: DrawnPosterior) -> PosteriorMeans:
    """Means of deviance and fitted values over whatever the draws leave open."""
    if fit.collapsed is not None:
        return posterior_means(fit.arms, fit.priors, fit.collapsed)
    # imported here: it needs the sampler's packages
    from physiohub.inference.run_theta import means_of_run

    assert fit.run is not None
    return means_of_run(fit.run)


def _by_arm(fit: DrawnPosterior) -> dict[int, StudyFit]:
    """Studies with a likelihood of their arms, by place in the network."""
    arms, likelihood = fit.arms, fit.arms.likelihood
    means = _means(fit)
    plug_in = likelihood.deviance_of(means.fitted)
    leverage = means.deviance - plug_in
    residual = _direction(likelihood, means.fitted) * np.sqrt(np.maximum(plug_in, 0.0))
    studies = {}
    for first, size in zip(arms.first, arms.sizes, strict=True):
        own, place = slice(first, first + size), int(arms.study[first])
        studies[place] = StudyFit(
            arms.studies[place],
            float(means.deviance[own].sum()),
            float(leverage[own].sum()),
            int(likelihood.data_points[own].sum()),
            arm_deviance=tuple(means.deviance[own].tolist()),
            arm_leverage=tuple(leverage[own].tolist()),
            arm_residual=tuple(residual[own].tolist()),
            residual=None,
        )
    return studies


def _direction(likelihood: ArmLikelihood, fitted: Floats) -> Floats:
    """Sign (arm,) of observed less expected, from fitted values (point, arm)."""
    if isinstance(likelihood, Ordered):
        # fitted are the numbers that stop in each category: who stops early stands low
        stopped = np.where(likelihood.reported, likelihood.counts, 0.0).T[:-1]
        return np.asarray(np.sign((fitted - stopped).sum(0)))
    return np.asarray(np.sign(_observed(likelihood) - fitted[0]))


def _observed(likelihood: ArmLikelihood) -> Floats:
    """Events or means (arm,)."""
    for name in ("events", "mean"):
        if hasattr(likelihood, name):
            return np.asarray(getattr(likelihood, name))
    raise TypeError(f"{type(likelihood).__name__} has no observed value of an arm")
