"""The model of an outcome in one paragraph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.findings import quality
from physiohub.report.format import Scale, plural

__all__ = ["corrected_for_contrasts", "methods", "of_counts"]

Outcome = Mapping[str, Any]
_ENTERS = {
    "binomial": "Every arm enters with its events and total",
    "poisson": "Every arm enters with its events and exposure",
    "ordered": "Every arm enters with its counts of ordered categories",
}
"""What an arm enters with, by likelihood."""
_ENGINES = {
    "exact": "the posterior is computed without draws",
    "collapsed": "baselines and random effects are integrated out study by study, effects and tau are drawn",
    "nuts": "the full model is drawn by Hamiltonian Monte Carlo",
}
_CONTRASTS = {
    "OR": "Counts", "RR": "Counts", "RD": "Counts", "HR": "Counts", "IRR": "Counts", "PROBIT": "Counts",
    "ROM": "Means",
}  # fmt: skip


def methods(outcome: Outcome) -> str:
    """The model in one paragraph; priors that nobody chose are marked as defaults."""
    priors, engine = outcome["priors"], outcome["engine"]
    names = {"d": "relative effects", "mu": "baselines", "tau": "between-study SD tau"}
    names |= {"cut_points": "distances of successive cut-points"}
    stated = [
        f"{what} {priors[key]}" + (" (default)" if key in priors["defaulted"] else "")
        for key, what in names.items()
        if priors.get(key) is not None
    ]
    kind = "Frequentist" if engine["name"] == "frequentist" else "Bayesian"
    effects = "random-effects" if outcome["effects"] == "random" else "common-effect"
    how = f" ({_ENGINES[engine['name']]})" if engine["name"] in _ENGINES else ""
    return (
        f"{kind} {effects} network meta-analysis under consistency; measure {outcome['measure']} "
        f"({outcome['scale']}); likelihood {outcome['likelihood']}, link "
        f"{outcome['link']}; {plural(outcome['network']['studies'], 'study', 'studies')}, "
        f"{plural(outcome['network']['arms'], 'arm')}. {_through_contrasts(outcome)}{_by_arm(outcome)}"
        f"Priors: {'; '.join(stated) or 'not reported'}. "
        f"Engine: {engine['name']}{how}, {quality(engine)}. Estimates are posterior medians with central "
        f"{Scale.of(outcome).interval}; effects are treatment minus versus on the analysis scale."
    )


def of_counts(outcome: Outcome) -> bool:
    """Whether the counts of the arms have a likelihood of their own."""
    return str(outcome["likelihood"]).split()[0] in _ENTERS


def corrected_for_contrasts(outcome: Outcome) -> str:
    """Which studies have a contrast of their own only with something added to their cells, and which have none."""
    studies = outcome.get("studies") or []
    added = [study["added_to_cells"] for study in studies if study.get("added_to_cells")]
    silent = sum(bool(study.get("contrasts_reason")) for study in studies)
    parts = [f"{added[0]:g} was added to the cells of {plural(len(added), 'study', 'studies')}"] if added else []
    parts += [f"{plural(silent, 'study', 'studies')} of which no contrast can be formed had no part"] if silent else []
    return " and ".join(parts)


def _by_arm(outcome: Outcome) -> str:
    """What a likelihood of counts needs no correction for, and what in the report is no part of it."""
    if not of_counts(outcome):
        return ""
    enters = _ENTERS[str(outcome["likelihood"]).split()[0]]
    whole = f"{enters}; empty cells need no correction, and no study is left out for them. "
    done = corrected_for_contrasts(outcome)
    what = "The trials' own estimates, Cochran's Q, the frequentist estimates and the test of inconsistency"
    return f"{whole}{what} rest on normal contrasts of the same counts{f', for which {done}' if done else ''}. "


def _through_contrasts(outcome: Outcome) -> str:
    """That arms entered by their contrasts, which is another model than the likelihood of their counts or means."""
    what = _CONTRASTS.get(outcome["measure"])
    by_arms = any(study.get("level") == "arm" for study in outcome.get("studies") or [])
    if what is None or not by_arms or outcome["likelihood"] != "normal contrasts":
        return ""
    few = ", an approximation that is poor where events are few" if what == "Counts" else ""
    answered = f"{what} were answered through normal contrasts: each study's {outcome['scale']} with its standard error"
    return f"{answered}{few}. {_zero_cells(outcome)}"


def _zero_cells(outcome: Outcome) -> str:
    zero = outcome.get("zero_cells") or {}
    found = ""
    if corrected := zero.get("corrected"):
        found += f"{zero['added']:g} was added to the cells of {plural(len(corrected), 'study', 'studies')}. "
    if left_out := zero.get("left_out"):
        found += f"Not part of it: {plural(len(left_out), 'study', 'studies')} of which no ratio can be formed. "
    return found
