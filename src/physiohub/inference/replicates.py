"""Data that the model would see again: deviances of replicated studies beside those of the data themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import ModelError
from physiohub.inference.collapsed.engine import CollapsedDraws
from physiohub.inference.collapsed.theta_draws import ThetaDraws, theta_draws
from physiohub.inference.drawn_posterior import DrawnPosterior
from physiohub.inference.exact_posterior import ExactPosterior
from physiohub.inference.posterior import Places, Posterior
from physiohub.inference.residuals import contrast_residuals, row_residuals
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.normal_study import NormalStudy

if TYPE_CHECKING:
    from physiohub.inference.nuts.run import NutsRun

__all__ = ["Replicates", "replicate_studies"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """Deviances from fitted values that are drawn from their posterior.

    Attributes
    ----------
    observed, replicated : array (draw, study)
        Of the data, and of data drawn anew from the same fitted values.
    weight : array (draw, study)
        Of the draws.
    """

    observed: Floats
    replicated: Floats
    weight: Floats


def replicate_studies(fit: Posterior, *, draws: int, seed: int) -> Replicates:
    """Draw fitted values of every study from their posterior, and new data from them.

    Parameters
    ----------
    draws
        How many.
    seed
        Of all of them.

    Raises
    ------
    ModelError
        When the posterior does not hold what fitted values could be drawn from.
    """
    rng = np.random.default_rng(seed)
    if isinstance(fit, ExactPosterior):
        return _of_exact(fit, draws, rng)
    if isinstance(fit, DrawnPosterior) and fit.collapsed is not None:
        return _of_collapsed(fit, fit.collapsed, fit.resampled(draws, seed), rng)
    if isinstance(fit, DrawnPosterior) and fit.run is not None:
        return _of_run(fit.run, draws, rng)
    raise ModelError(
        "Replicated data need draws of every arm's linear predictor, which this posterior of the "
        f"{fit.engine.name} engine does not hold."
    )


def _of_exact(fit: ExactPosterior, draws: int, rng: np.random.Generator) -> Replicates:
    d, tau = fit.draws(rng.random((draws, 1 + fit.means.shape[1])))
    found = [
        _normal(study, row_residuals(fit.rows, i, d, tau).draw(rng), rng) for i, study in enumerate(fit.rows.studies)
    ]
    observed, replicated = (np.stack(part, axis=1) for part in zip(*found, strict=True))
    return Replicates(observed, replicated, np.ones_like(observed))


def _of_collapsed(fit: DrawnPosterior, found: CollapsedDraws, chosen: Places, rng: np.random.Generator) -> Replicates:
    arms = fit.arms
    answer = _blank(len(chosen), len(arms.studies))
    for i, study in arms.contrasts.items():
        effects = fit.d[chosen] @ study.design(arms.parameters).T
        residuals = contrast_residuals(study, effects, fit.tau_draws[chosen]).draw(rng)
        answer.observed[:, i], answer.replicated[:, i] = _normal(study, residuals, rng)
    for theta in theta_draws(arms, fit.priors, found, chosen, rng) if len(arms.first) else ():
        _write_arms(answer, arms, theta, rng)
    return answer


def _of_run(run: NutsRun, draws: int, rng: np.random.Generator) -> Replicates:
    """From the draws of a run, some of them again when more are asked for than there are."""
    from physiohub.inference.run_theta import residuals_of_run, theta_of_run

    arms, count = run.arms, run.d.shape[0] * run.d.shape[1]
    chosen = rng.permutation(np.arange(draws) % count)
    answer = _blank(draws, len(arms.studies))
    for i, residuals in residuals_of_run(run).items():
        answer.observed[:, i], answer.replicated[:, i] = _normal(arms.contrasts[i], residuals[chosen], rng)
    if len(arms.first):
        every = theta_of_run(run)
        cuts = None if every.cuts is None else every.cuts[:, chosen]
        _write_arms(answer, arms, ThetaDraws(every.likelihood, every.theta[:, chosen], cuts, answer.weight.copy()), rng)
    return answer


def _blank(draws: int, studies: int) -> Replicates:
    return Replicates(np.empty((draws, studies)), np.empty((draws, studies)), np.ones((draws, studies)))


def _write_arms(answer: Replicates, arms: ArmNetwork, theta: ThetaDraws, rng: np.random.Generator) -> None:
    """Write the studies with a likelihood of their arms where theta has been drawn."""
    places = arms.study[arms.first]
    again = theta.likelihood.simulate(theta.theta, rng, theta.cuts)
    drawn = theta.weight[:, places] > 0
    own, new = (np.add.reduceat(one, arms.first, axis=0).T for one in _deviances(theta, again))
    for kept, found in ((answer.observed, own), (answer.replicated, new), (answer.weight, theta.weight[:, places])):
        kept[:, places] = np.where(drawn, found, kept[:, places])


def _deviances(theta: ThetaDraws, again: Floats) -> tuple[Floats, Floats]:
    """Deviance (arm, draw) of the data and of other data (point, arm, draw) from the same theta."""
    likelihood = theta.likelihood
    if not isinstance(likelihood, Ordered):
        fitted = likelihood.fitted(theta.theta, theta.cuts)
        return likelihood.deviance_of(fitted), likelihood.deviance_of_data(again, fitted)
    # fitted numbers are those of people who reached a category: in new data some may where nobody did
    one_each = replace(likelihood, counts=likelihood.reported.astype(float))
    fitted = one_each.fitted(theta.theta, theta.cuts)
    own = np.broadcast_to(likelihood.counts.T[..., None], again.shape)
    return one_each.deviance_of_data(own, fitted), one_each.deviance_of_data(again, fitted)


def _normal(study: NormalStudy, drawn: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Deviance (draw,) of drawn residuals (draw, observed), and of new sampling errors."""
    precision = np.linalg.inv(study.sampling)
    again = rng.standard_normal(drawn.shape)
    # a new error e ~ N(0, D) has e' D^-1 e = z'z
    return np.einsum("ni,ij,nj->n", drawn, precision, drawn), np.square(again).sum(1)
