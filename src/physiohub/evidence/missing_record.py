"""Answers over assumptions about missing outcomes as they stand in results.json."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from physiohub.analysis.missing_outcomes import MissingOutcomes, MissingScenario

__all__ = ["missing_record"]

Json = dict[str, Any]
_EFFECT = ("treatment", "versus", "mean", "sd", "median", "low", "high")


def missing_record(found: MissingOutcomes) -> Json:
    """The value of ``missing_outcomes``; `reason` says why there are no scenarios, and is null where there are.

    Examples
    --------
    >>> import physiohub as ph
    >>> from physiohub import datasets
    >>> from physiohub.analysis.missing_outcomes import missing_outcomes
    >>> network = datasets.load("parkinson_differences")
    >>> missing_record(missing_outcomes(network, ph.ModelSpec(measure="MD", tau_prior="half-normal(1)")))["reason"]
    'no arm tells how many people were randomised (columns n_randomised or dropouts)'
    """
    return {
        "parameter": found.parameter,
        "level": found.level,
        "controls": list(found.controls),
        "arms": [asdict(arm) for arm in found.arms],
        "not_reported": list(found.not_reported),
        "scenarios": [_scenario(scenario) for scenario in found.scenarios],
        "reason": found.reason,
    }


def _scenario(scenario: MissingScenario) -> Json:
    departure = scenario.departure
    return {
        "pattern": "observed" if departure.none else scenario.pattern,
        "value": departure.value,
        "in_controls": departure.in_controls,
        "sd": departure.sd,
        "between_arms": departure.between_arms,
        "ok": bool(scenario.effects) and scenario.reason is None,
        "reason": scenario.reason,
        "tau": scenario.tau,
        "effects": [{name: getattr(effect, name) for name in _EFFECT} for effect in scenario.effects],
    }
