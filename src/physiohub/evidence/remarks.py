"""What a reader must be told beside the numbers of an outcome: warnings, notes, and what was done about zero cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from physiohub.analysis.effects import RelativeEffects
from physiohub.analysis.sensitivity import Refit
from physiohub.evidence.risk_of_bias import unknown_judgement
from physiohub.inference.posterior import Posterior
from physiohub.model.empirical import EmpiricalPrior
from physiohub.model.priors import Flat

__all__ = [
    "about_empirical_priors",
    "about_inconsistency",
    "data_warnings",
    "under_wider_priors",
    "without_effect",
    "zero_cells_record",
]

Json = dict[str, Any]
# p value of the global test from which a reader is warned
_INCONSISTENT = 0.05


def without_effect(posterior: Posterior) -> list[str]:
    """Priors that were asked for and have nothing to act on in this model."""
    spec, priors = posterior.spec, posterior.priors
    found = []
    if spec.tau_prior is not None and priors.tau is None:
        found.append(f"The prior {spec.tau_prior} of tau has no effect: a common-effect model has no tau.")
    if spec.baseline_prior is not None and priors.mu is None:
        found.append(f"The prior {spec.baseline_prior} of baselines has no effect: every study enters by contrasts.")
    if spec.baseline_prior is not None and priors.mu is not None and not isinstance(priors.mu, Flat):
        order = ", ".join(posterior.treatments)
        found.append(
            f"The prior {priors.mu} of baselines is that of the first arm of each study, in this order of treatments: "
            f"{order}. Another order can give another answer."
        )
    return found


def zero_cells_record(posterior: Posterior) -> Json:
    """What the fit itself did about zero cells: nothing where arms have a likelihood of their own."""
    found = posterior.zero_cells
    return {"added": found.added, "corrected": list(found.corrected), "left_out": list(found.left_out)}


def data_warnings(posterior: Posterior, stated: Sequence[str]) -> list[str]:
    """Reasons not to use the fit, what the review states, and what was met in the data."""
    found = [*posterior.verdict.reasons, *stated]
    found += [str(issue) for issue in posterior.network.issues if issue.severity == "warning"]
    found += _about_zero_cells(posterior)
    judged = (unknown_judgement(study.id, study.covariates) for study in posterior.network.studies)
    found += [warning for warning in judged if warning is not None]
    return list(dict.fromkeys(found))


def about_inconsistency(found: Json) -> list[str]:
    """The other way round nothing is said: a large p value is no proof of consistency."""
    test = found["global"]
    if test is None or not test["possible"] or test["p"] > _INCONSISTENT:
        return []
    p = "p < 0.001" if test["p"] < 0.001 else f"p = {test['p']:.3f}"
    return [
        "Trials of different sets of treatments disagree by more than heterogeneity explains (design-by-treatment "
        f"interaction: chi2 {test['chi2']:.1f}, df {test['df']}, {p}). Find out why before the network's estimates are "
        "used."
    ]


def _about_zero_cells(posterior: Posterior) -> list[str]:
    zero = posterior.zero_cells
    found = []
    if zero.corrected:
        found.append(
            f"{zero.added:g} was added to each cell of studies with a zero cell, which normal contrasts need: "
            f"{', '.join(zero.corrected)}."
        )
    if zero.left_out:
        found.append(
            "Left out, because without events (or with nothing else) in all arms they form no "
            f"{posterior.spec.measure}: {', '.join(zero.left_out)}."
        )
    return found


def under_wider_priors(effects: RelativeEffects, refits: Sequence[Refit]) -> str:
    """Which conclusions of the main fit do not hold under every prior of tau that stands beside it."""
    lost = []
    apart = [effect for effect in effects.effects if effect.low > 0]
    if not apart:
        return "No interval of a relative effect leaves out zero, under this prior of tau."
    for effect in apart:
        for found in refits:
            if found.alternative.kind == "tau prior" and found.effects is not None:
                other = found.effects.get(effect.treatment, effect.versus)
                if not other.low > 0:
                    lost.append(f"{effect.treatment} versus {effect.versus} under {found.alternative.label}")
    if not lost:
        return "Every interval that leaves out zero here does so under all priors of tau that are shown."
    return f"Intervals that leave out zero here but reach it under another prior of tau: {'; '.join(lost)}."


def about_empirical_priors(posterior: Posterior, refits: Sequence[Refit]) -> list[str]:
    """Doubts about the published numbers of a prior, in the main fit or in a refit."""
    fits = [posterior, *(found.posterior for found in refits if found.posterior is not None)]
    priors = [fitted.priors.tau for fitted in fits]
    doubts = [prior.warning for prior in priors if isinstance(prior, EmpiricalPrior) and prior.warning is not None]
    return list(dict.fromkeys(doubts))
