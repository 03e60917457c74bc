"""Where the true values lie in a posterior: probability integral transforms of everything that is reported."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from physiohub.inference.exact_posterior import ExactPosterior
from physiohub.inference.posterior import Posterior
from physiohub.inference.simulate import Simulated
from physiohub.model.arm_network import arm_network, has_arm_likelihood
from physiohub.model.design import Rows, whiten
from physiohub.model.normal_study import NormalStudy, contrasts_of
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network

__all__ = ["transforms"]

Floats = NDArray[np.float64]
# draws among which a true value is ranked
_DRAWS = 999


def transforms(posterior: Posterior, simulated: Simulated, rng: np.random.Generator) -> dict[str, float]:
    """Probability integral transform of the true value of each quantity.

    With the exact engine effects and tau have a distribution function, and it is used. Other quantities, and those of
    posteriors that are draws, are ranked among draws; the transform is uniform within the rank, so that it has a
    continuous distribution.

    Parameters
    ----------
    posterior
        Of the data that were simulated.
    simulated
        The truth behind them.
    rng
        Of the draws and of what is added to ranks.

    Returns
    -------
    dict
        Basic effects ("B versus A"), tau, one effect in a new study ("new D versus A"), "log likelihood", and sampled
        cut-points ("cut 2").
    """
    truth, names = simulated.truth, posterior.treatments
    d, tau = posterior.draws(rng.random((_DRAWS, len(names))))
    found = _effects(posterior, truth.d, d, rng)
    if posterior.tau is not None:
        found["tau"] = float(np.clip(posterior.tau.cdf(truth.tau), 0.0, 1.0))
        found[f"new {names[-1]} versus {names[0]}"] = _new_study(posterior, float(truth.new[-1]), d, tau, rng)
    rows = normal_rows(posterior.network, posterior.spec)
    own = log_likelihood(rows, truth.d[None], np.array([truth.tau]))[0]
    found["log likelihood"] = _ranked(log_likelihood(rows, d, tau), float(own), rng)
    return found | _cuts(posterior, truth.cuts, rng)


def _effects(posterior: Posterior, true: Floats, d: Floats, rng: np.random.Generator) -> dict[str, float]:
    names = posterior.treatments
    if isinstance(posterior, ExactPosterior):
        places = np.arange(1, len(names))
        at = posterior.pairs(places, np.zeros_like(places)).cdf(true)
    else:
        at = np.array([_ranked(d[:, k], float(value), rng) for k, value in enumerate(true)])
    return {f"{name} versus {names[0]}": float(p) for name, p in zip(names[1:], np.clip(at, 0.0, 1.0), strict=True)}


def _new_study(posterior: Posterior, true: float, d: Floats, tau: Floats, rng: np.random.Generator) -> float:
    """The effect of the last treatment versus the reference in a new study."""
    if isinstance(posterior, ExactPosterior):
        return float(np.clip(posterior.predictive(posterior.treatments[-1], posterior.treatments[0]).cdf(true), 0, 1))
    return _ranked(d[:, -1] + tau * rng.standard_normal(len(tau)), true, rng)


def _cuts(posterior: Posterior, true: Floats, rng: np.random.Generator) -> dict[str, float]:
    """Cut-points that all studies share, where the posterior has draws of them."""
    cuts = getattr(posterior, "cuts", None)
    if cuts is None or cuts.shape[1] == 0 or len(true) != 1:
        return {}
    edges = np.cumsum(posterior.weights)  # type: ignore[attr-defined]
    chosen = np.minimum(np.searchsorted(edges, rng.random(_DRAWS) * edges[-1]), len(edges) - 1)
    return {f"cut {k + 2}": _ranked(cuts[chosen, k], float(value), rng) for k, value in enumerate(true[0])}


def _ranked(draws: Floats, true: float, rng: np.random.Generator) -> float:
    """Rank of the true value among draws, made continuous: ties and the rank itself are filled up at random."""
    below, equal = int(np.sum(draws < true)), int(np.sum(draws == true))
    return float((below + (equal + 1) * rng.random()) / (len(draws) + 1))


def normal_rows(network: Network, spec: ModelSpec) -> Rows:
    """Every study as normal contrasts: exact for contrasts and means with flat baselines, else an approximation.

    It is only to make a function of parameters *and data* that every engine's draws can be ranked by; any such function
    must be calibrated, and one near the log likelihood is the one that finds most.
    """
    by_arm = has_arm_likelihood(network, spec) and spec.measure != "SMD"
    if not by_arm:
        studies = [_as_contrasts(network, spec, k) for k in range(len(network.studies))]
        return whiten(studies, len(network.treatments) - 1, None)
    arms = arm_network(network, spec)
    theta, se = arms.likelihood.crude()
    found = dict(arms.contrasts)
    for first, size in zip(arms.first, arms.sizes, strict=True):
        own = slice(first, first + size)
        sampling = np.diag(np.square(se[own][1:])) + se[first] ** 2
        place = int(arms.study[first])
        difference = theta[own][1:] - theta[first]
        found[place] = NormalStudy(arms.studies[place], "contrast", arms.treatment[own], difference, sampling)
    return whiten([found[k] for k in range(len(arms.studies))], arms.parameters, None)


def _as_contrasts(network: Network, spec: ModelSpec, place: int) -> NormalStudy:
    study = network.studies[place]
    treatments = np.array([network.position[t] for t in study.treatments], dtype=np.intp)
    return NormalStudy(study.id, "contrast", treatments, *contrasts_of(study, spec))


def log_likelihood(rows: Rows, d: Floats, tau: Floats) -> Floats:
    """Log likelihood (draw,) of effects d (draw, parameter) and tau (draw,), up to a constant."""
    variance = 1 + np.square(tau)[:, None] * rows.spread
    return np.asarray(-0.5 * (np.log(variance) + np.square(rows.y - d @ rows.X.T) / variance).sum(1))
