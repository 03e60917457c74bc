"""Heterogeneity of an outcome as plain data: tau, its prior, earlier meta-analyses, and Cochran's Q."""

from __future__ import annotations

from typing import Any

from physiohub.analysis.heterogeneity import Heterogeneity, TauProfile
from physiohub.inference.posterior import Posterior

__all__ = ["HEAVY_TAIL", "heterogeneity_record", "tau_record"]

Json = dict[str, Any]
HEAVY_TAIL = "too few data cut off the heavy tail of the prior of tau, so that this mean or SD is infinite"


def heterogeneity_record(posterior: Posterior, found: Heterogeneity) -> Json:
    """The value of ``heterogeneity``: what is null has its reason in a key beside it."""
    tau = tau_record(found)
    record: Json = {"tau": tau, "i_squared": found.i_squared}
    if tau is None:
        record["tau_reason"] = "a common-effect model has no heterogeneity parameter"
    if found.i_squared is None:
        none = "no degrees of freedom: no comparison or loop has more than one source of evidence"
        record["i_squared_reason"] = found.q_reason or none
    return record | {
        "q": _q(found),
        "typical_within_sd": found.typical_within_sd,
        "prior_text": None if posterior.priors.tau is None else str(posterior.priors.tau),
        "prior_q80": found.prior_q80,
        **_empirical(found),
        "density": {
            "tau": found.grid.tolist(),
            "prior": found.prior_density.tolist(),
            "posterior": found.posterior_density.tolist(),
            "empirical": None if found.empirical is None else found.empirical_density.tolist(),
        },
        "warning": found.warning,
        "profile": _profile(found.profile),
        **_why_no_profile(found),
    }


def _q(found: Heterogeneity) -> Json:
    """Cochran's Q of the studies as normal contrasts, or why there is none."""
    if found.q is None:
        return {"q": None, "df": None, "p": None, "reason": found.q_reason}
    return {"q": found.q.q, "df": found.q.df, "p": found.q.p}


def _empirical(found: Heterogeneity) -> Json:
    """The published distribution of tau that stands beside it, or why there is none."""
    if found.empirical is None:
        return {"empirical": None, "empirical_reason": found.empirical_reason}
    published = found.empirical.distribution
    points = {"q2.5": 0.025, "q25": 0.25, "median": 0.5, "q75": 0.75, "q97.5": 0.975}
    return {
        "empirical": {
            "name": str(published),
            "source": published.cell.citation,
            "outcome_type": published.cell.outcome,
            "comparison_type": published.cell.comparison,
            "area": published.cell.area,
            "chosen": found.empirical.chosen,
            **{name: published.quantile(p) for name, p in points.items()},
            "p_below": found.empirical.p_below,
            "warning": published.warning,
        }
    }


def tau_record(found: Heterogeneity) -> Json | None:
    """Summary of tau's posterior; None in a common-effect fit."""
    if found.median is None:
        return None
    tau: Json = {"mean": found.mean, "sd": found.sd, "q2.5": found.q2_5, "median": found.median, "q97.5": found.q97_5}
    if found.sd is None:
        tau["reason"] = HEAVY_TAIL
    return tau


def _why_no_profile(found: Heterogeneity) -> Json:
    if found.profile is not None or not len(found.grid):
        return {}
    return {"profile_reason": "the engine gives no effects for single values of tau under these priors"}


def _profile(profile: TauProfile | None) -> Json | None:
    """Effects versus the reference for each tau of a grid; None when tau is known."""
    if profile is None:
        return None
    effects = [
        {"treatment": treatment, "mean": mean.tolist(), "sd": sd.tolist()}
        for treatment, mean, sd in zip(profile.treatments, profile.means.T, profile.sds.T, strict=True)
    ]
    return {"tau": profile.tau.tolist(), "density": profile.density.tolist(), "effects": effects}
