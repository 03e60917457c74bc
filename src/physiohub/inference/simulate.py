"""Parameters drawn from the prior, and data drawn from the model given them.

The model as it is defined (Dias et al. 2013, Med Decis Making 33:607), study by study and with the covariance
of multi-arm studies in full, not the by-arm form that the collapsed engine integrates: what is drawn here is a check of
that engine, so that it takes another way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import ModelError
from physiohub.model.arm_network import ArmNetwork, arm_network, has_arm_likelihood
from physiohub.model.baseline import baseline_prior
from physiohub.model.defaults import Priors, resolve_priors
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.priors import Flat, Normal, Prior, StudentT
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network
from physiohub.network.study import Arm, Study

__all__ = ["Simulated", "Truth", "simulate"]

Floats = NDArray[np.float64]
LARGEST_INCREMENT = 5.0
"""Increments of successive cut-points are uniform from zero to here."""
_MOST_TRIES = 100_000
# unknown SDs and locations of trials on the SMD scale: the likelihood of effects does not depend on them
_RAW_SD, _RAW_LOCATION = 10.0, 50.0


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Parameters of one simulation.

    Attributes
    ----------
    d : array (parameter,)
        Basic parameters: each treatment but the reference, versus the reference.
    tau
        Zero with common effects.
    new : array (parameter,)
        The effect of each treatment versus the reference in a new study of these two.
    effects : tuple of array
        For each study theta of its arms (arm,), or delta (arm - 1,) where it enters by contrasts.
    cuts : array (set, cut)
        Cut-points above the first of ordered categories: one set when studies share them, else one a study.
    tries
        How many draws of all parameters it took until every probability was possible; one but for the log link.
    """

    d: Floats
    tau: float
    new: Floats
    effects: tuple[Floats, ...]
    cuts: Floats
    tries: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """A network with drawn data, and the parameters they were drawn with."""

    truth: Truth
    network: Network


def simulate(network: Network, spec: ModelSpec, *, seed: int | np.random.SeedSequence) -> Simulated:
    """Draw parameters from the prior and data from the model.

    With the log link a probability may come out above one. Then *all* parameters are drawn again. That is the very
    model that is fitted: the likelihood is zero there, so that prior times likelihood differs from the prior of these
    draws times their likelihood by one constant, the probability of a possible draw. (To draw again only the study
    concerned would change the prior of d and tau.)

    On the SMD scale with `likelihood="arm"` locations and SDs of the trials have flat priors of location and log SD,
    from which nothing can be drawn. They are fixed instead: the marginal likelihood under these priors is that of the
    t statistics, whose distribution does not depend on them (Eaton 1989, Group Invariance Applications in Statistics).

    Parameters
    ----------
    network
        The design: studies, arms, treatments, numbers of participants, exposures, standard errors. Its data are not
        looked at.
    spec
        The model, with proper priors.
    seed
        Of all draws.

    Raises
    ------
    ModelError
        When a prior is improper, arms are answered through normal contrasts (no model says how such data arise), or no
        possible parameters are found.

    Examples
    --------
    >>> from physiohub.network.network import build_network
    >>> study = Study(id="1", arms=(Arm(treatment="A", events=0, total=20), Arm(treatment="B", events=0, total=20)))
    >>> spec = ModelSpec(measure="OR", effect_prior="normal(0, 1)", baseline_prior="normal(-1, 1)",
    ...                  tau_prior="half-normal(0.5)")
    >>> made = simulate(build_network([study], reference="A"), spec, seed=1)
    >>> made.truth.d.shape, [arm.total for arm in made.network.studies[0].arms]
    ((1,), [20, 20])
    """
    rng = np.random.default_rng(seed)
    _refuse_summaries(network, spec)
    by_arm = has_arm_likelihood(network, spec)
    if by_arm and spec.measure == "SMD":
        truth = _truth(network, resolve_priors(network, spec, baselines=False), None, spec, rng)
        return Simulated(truth, _standardised(network, truth, rng))
    arms = arm_network(network, spec)
    truth = _truth(network, resolve_priors(network, spec, baselines=len(arms.first) > 0), arms, spec, rng)
    return Simulated(truth, _filled(network, arms, truth, rng))


def _refuse_summaries(network: Network, spec: ModelSpec) -> None:
    if any(study.level == "arm" for study in network.studies) and not has_arm_likelihood(network, spec):
        raise ModelError(
            f"Data cannot be drawn for arms that are answered through normal contrasts ({spec.measure}): no model says "
            f"how they arise. Give the studies as contrasts, or ask for a likelihood of arms."
        )


def _truth(
    network: Network, priors: Priors, arms: ArmNetwork | None, spec: ModelSpec, rng: np.random.Generator
) -> Truth:
    """Parameters under which every datum is possible."""
    upper = np.inf if arms is None else arms.likelihood.upper
    for tries in range(1, _MOST_TRIES + 1):
        truth = _drawn(network, priors, arms, spec, rng)
        by_arm = [e for e, study in zip(truth.effects, network.studies, strict=True) if study.level == "arm"]
        if not np.isfinite(upper) or all(np.all(theta <= upper) for theta in by_arm):
            return replace(truth, tries=tries)
    raise ModelError(f"None of {_MOST_TRIES:,} draws of the priors gave probabilities up to one in every arm.")


def _drawn(
    network: Network, priors: Priors, arms: ArmNetwork | None, spec: ModelSpec, rng: np.random.Generator
) -> Truth:
    """One draw of all parameters."""
    parameters = len(network.treatments) - 1
    d = _effects(priors.d, parameters, rng)
    tau = 0.0 if priors.tau is None else priors.tau.quantile(float(rng.random()))
    delta = [_study_effects(network, study, d, tau, rng) for study in network.studies]
    if arms is not None and len(arms.first):
        baseline = baseline_prior(priors.mu or Flat(), arms.likelihood.take(arms.first))
        for place, mu in zip(arms.study[arms.first], baseline.draw(rng.random(len(arms.first))), strict=True):
            delta[place] = mu + delta[place]
    effects = tuple(
        e if study.level == "arm" else e[1:] for e, study in zip(delta, network.studies, strict=True)
    )  # fmt: skip
    return Truth(d, tau, d + tau * rng.standard_normal(parameters), effects, _cuts(arms, spec, rng))


def _effects(prior: Prior, count: int, rng: np.random.Generator) -> Floats:
    """Basic parameters (parameter,)."""
    if isinstance(prior, Normal):
        return np.asarray(rng.normal(prior.mean, prior.sd, count))
    if isinstance(prior, StudentT):
        return np.asarray(prior.mean + prior.s * rng.standard_t(prior.df, count))
    raise ModelError(f"Nothing can be drawn from the prior {prior} of treatment effects; state a proper one.")


def _study_effects(network: Network, study: Study, d: Floats, tau: float, rng: np.random.Generator) -> Floats:
    """Delta of every arm (arm,), zero for arm 0: N(d[t_k] - d[t_0], tau^2 R), R = (I + J)/2."""
    treatments = [network.position[t] for t in study.treatments]
    expected = np.append(0.0, d)[treatments]
    extra = len(treatments) - 1
    factor = np.linalg.cholesky((np.eye(extra) + 1.0) / 2)
    return np.asarray(expected - expected[0] + np.append(0.0, tau * factor @ rng.standard_normal(extra)))


def _cuts(arms: ArmNetwork | None, spec: ModelSpec, rng: np.random.Generator) -> Floats:
    """Cut-points above the first (set, cut); no column where there are none."""
    if arms is None or not isinstance(arms.likelihood, Ordered):
        return np.empty((1, 0))
    sets = 1 if spec.cut_points == "shared" else len(arms.first)
    return np.cumsum(LARGEST_INCREMENT * rng.random((sets, arms.likelihood.categories - 2)), axis=1)


def _filled(network: Network, arms: ArmNetwork, truth: Truth, rng: np.random.Generator) -> Network:
    """The network with data drawn given the effects of its studies."""
    at_arms = dict(zip(arms.study[arms.first], _arm_data(arms, truth, rng), strict=True))
    studies = []
    for place, study in enumerate(network.studies):
        if place in at_arms:
            studies.append(_with_arm_data(study, at_arms[place], arms))
        else:
            normal = arms.contrasts[place]
            estimate = truth.effects[place] + np.linalg.cholesky(normal.sampling) @ rng.standard_normal(len(normal.y))
            assert study.contrasts is not None
            studies.append(replace(study, contrasts=replace(study.contrasts, estimate=estimate)))
    return replace(network, studies=tuple(studies))


def _arm_data(arms: ArmNetwork, truth: Truth, rng: np.random.Generator) -> list[Floats]:
    """Data (point, arm) of each arm-level study."""
    data = []
    for k, (first, size) in enumerate(zip(arms.first, arms.sizes, strict=True)):
        own = arms.likelihood.take(np.arange(first, first + size))
        cuts = truth.cuts[min(k, len(truth.cuts) - 1)]
        data.append(own.simulate(truth.effects[arms.study[first]], rng, cuts))
    return data


def _with_arm_data(study: Study, data: Floats, arms: ArmNetwork) -> Study:
    """A study with data (point, arm) in the fields that its likelihood reads."""
    if isinstance(arms.likelihood, Ordered):
        own = np.flatnonzero(arms.study == list(arms.studies).index(study.id))
        reported = arms.likelihood.reported[own]
        return replace(study, arms=_counted(study.arms, data.T, reported))
    means = arms.likelihood.name == "normal"
    changed = [
        replace(arm, mean=float(value)) if means else replace(arm, events=float(value))
        for arm, value in zip(study.arms, data[0], strict=True)
    ]
    return replace(study, arms=tuple(changed))


def _counted(arms: Sequence[Arm], counts: Floats, reported: NDArray[np.bool_]) -> tuple[Arm, ...]:
    """Arms with counts (arm, category); every category stands in its own cell, also the lowest."""
    return tuple(
        replace(
            arm,
            categories=tuple(float(c) if known else None for c, known in zip(row, own, strict=True)),
            total=float(row.sum()),
        )
        for arm, row, own in zip(arms, counts, reported, strict=True)
    )


def _standardised(network: Network, truth: Truth, rng: np.random.Generator) -> Network:
    """Means and SDs of arms whose effects are in units of the trial's SD."""
    studies = []
    for study, effects in zip(network.studies, truth.effects, strict=True):
        if study.contrasts is not None:
            factor = np.linalg.cholesky(study.contrasts.covariance)
            estimate = effects + factor @ rng.standard_normal(len(effects))
            studies.append(replace(study, contrasts=replace(study.contrasts, estimate=estimate)))
        else:
            studies.append(
                replace(study, arms=tuple(_raw(a, e, rng) for a, e in zip(study.arms, effects, strict=True)))
            )
    return replace(network, studies=tuple(studies))


def _raw(arm: Arm, effect: float, rng: np.random.Generator) -> Arm:
    """An arm of `n` normal scores: their mean, and their SD from chi^2(n - 1)."""
    if arm.n is None or not arm.n > 1:
        raise ModelError("Arms on the SMD scale need the number of participants, two or more.")
    mean = rng.normal(_RAW_LOCATION + _RAW_SD * effect, _RAW_SD / np.sqrt(arm.n))
    sd = _RAW_SD * np.sqrt(rng.chisquare(arm.n - 1) / (arm.n - 1))
    return replace(arm, mean=float(mean), sd=float(sd), se=None)
