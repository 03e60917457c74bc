"""Default priors, by measure, and which of them were left alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physiohub.errors import ModelError
from physiohub.measures.continuous import pooled_sd
from physiohub.measures.measure import MEASURES
from physiohub.model.empirical import EmpiricalPrior
from physiohub.model.priors import Flat, HalfNormal, Normal, Prior, TauPrior, parse_prior
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network

__all__ = ["Priors", "resolve_priors"]


@dataclass(frozen=True, slots=True)
class Priors:
    """The priors of one fit.

    Attributes
    ----------
    d, mu, tau
        Of the basic parameters, of the study baselines (None: no study has one), and of tau (None: common effect).
    defaulted
        Which of them the user left alone: ``"d"``, ``"mu"``, ``"tau"``.
    scale_source
        Where the scale of the defaults comes from, in words; empty when none was needed.
    """

    d: Prior
    mu: Prior | None
    tau: TauPrior | None
    defaulted: tuple[str, ...]
    scale_source: str = ""


def median_pooled_sd(network: Network) -> float | None:
    """Median over the arm-level studies of their pooled SD; None when no study reports SDs and n.

    The SD of an arm is as reported, else SE x sqrt(n) of an unadjusted mean.
    """
    found = []
    for study in network.studies:
        if study.level != "arm" or any(arm.n is None for arm in study.arms):
            continue
        sds = [_raw_sd(arm.sd, arm.se, arm.n, arm.value_type) for arm in study.arms]
        if all(sd is not None for sd in sds):
            n = np.array([arm.n for arm in study.arms], dtype=float)
            found.append(pooled_sd(np.array(sds, dtype=float), n)[0] if np.all(n > 1) else np.nan)
    finite = [sd for sd in found if np.isfinite(sd)]
    return float(np.median(finite)) if finite else None


def _raw_sd(sd: float | None, se: float | None, n: float | None, value_type: str | None) -> float | None:
    if sd is not None or se is None or n is None or value_type == "adjusted":
        return sd
    return float(se * np.sqrt(n))


def default_scale(network: Network, spec: ModelSpec) -> tuple[float | None, str]:
    """The scale u of the default priors and where it comes from."""
    unit = MEASURES[spec.measure].unit
    if unit is not None:
        return unit, f"u = {unit:g} for {spec.measure}"
    if spec.usual_sd is not None:
        return spec.usual_sd / 2, f"u = {spec.usual_sd / 2:g}: half the usual SD of the instrument"
    median = median_pooled_sd(network)
    if median is not None:
        # a prior is not known to more than three figures, and reads better with them
        u = float(f"{median / 2:.3g}")
        return u, f"u = {u:g}: half the median pooled SD, a scale from the data"
    return None, ""


def resolve_priors(network: Network, spec: ModelSpec, *, baselines: bool) -> Priors:
    """The priors that a fit uses: those of the spec, and defaults for the rest.

    Parameters
    ----------
    baselines
        Whether the model has study baselines mu (arm likelihoods).

    Raises
    ------
    ModelError
        When a prior does not fit its role, an empirical prior of tau is on the scale of another measure, or a default
        of tau is asked for and there is no scale to build it on.
    """
    u, source = default_scale(network, spec)
    defaulted = []
    tau: TauPrior | None = None
    if spec.effects == "random":
        if spec.tau_prior is None:
            defaulted.append("tau")
            tau = HalfNormal(_scale_or_ask(u))
        else:
            prior = parse_prior(spec.tau_prior, "tau")
            assert isinstance(prior, TauPrior)
            if isinstance(prior, EmpiricalPrior):
                prior.require_measure(spec.measure)
            tau = prior
    if spec.effect_prior is None:
        defaulted.append("d")
        # without any scale the default N(0, (100 u)^2) has no u; its limit is flat
        d: Prior = Flat() if u is None else Normal(0.0, 100 * u)
        source = source or "no SD is known, so that effects have a flat prior"
    else:
        d = parse_prior(spec.effect_prior, "d")
    mu: Prior | None = None
    if baselines:
        if spec.baseline_prior is None:
            defaulted.append("mu")
            # flat baselines leave counts without events no posterior; this is as good as flat on a log scale
            mu = Flat() if MEASURES[spec.measure].data == "mean" else Normal(0.0, 100.0)
        else:
            mu = parse_prior(spec.baseline_prior, "mu")
    used = source if {"d", "tau"} & set(defaulted) else ""
    return Priors(d, mu, tau, tuple(n for n in ("d", "mu", "tau") if n in defaulted), used)


def _scale_or_ask(u: float | None) -> float:
    if u is None:
        raise ModelError(
            "A mean difference from contrasts alone has no default prior of tau: no SD is known that could set its "
            "scale. State one (tau_prior, --tau-prior), for example half-normal of half the usual SD of the scores."
        )
    return u
