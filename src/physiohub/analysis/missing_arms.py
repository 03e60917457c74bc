"""Who is missing, arm by arm, and a study as it would stand had its missing been seen.

Column names, priors and refits are elsewhere: here one study goes in with a departure, and the study with its missing
put in comes out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from physiohub.measures.continuous import pooled_sd
from physiohub.measures.missing import BetweenArms, MixedArms, mixed_mean, mixed_risk, risk_on_scale
from physiohub.model.arm_columns import column
from physiohub.model.normal_study import contrasts_of
from physiohub.model.spec import ModelSpec
from physiohub.model.zero_cells import added_to_cells, says_nothing
from physiohub.network.network import Network
from physiohub.network.study import Arm, Contrasts, Study

__all__ = ["RISKS", "Departure", "MissingArm", "departed", "missing_arms"]

Floats = NDArray[np.float64]
RISKS = ("OR", "RR", "RD")
"""Measures of events, whose missing are described by log IMOR."""


@dataclass(frozen=True, slots=True)
class MissingArm:
    """One arm of which the number randomised is known.

    Attributes
    ----------
    arm
        Its label, or the id of its treatment.
    share
        Of the people randomised, those without an outcome.
    reason
        Why the arm is left as observed whatever is assumed of its missing; None when it is not.
    """

    study: str
    arm: str
    treatment: str
    randomised: float
    analysed: float
    missing: float
    share: float
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """How the missing differ from the observed.

    Attributes
    ----------
    value
        Mean of lambda in the arms of all treatments but the controls: log IMOR, or IMDoM in SDs of the arm's scores.
    in_controls
        Mean of lambda in the arms of the controls.
    sd
        SD of lambda around its mean, in every arm.
    between_arms
        Whether lambda is drawn for each arm by itself (``"independent"``) or once a study (``"equal"``).
    """

    value: float
    in_controls: float
    sd: float = 0.0
    between_arms: BetweenArms = "independent"

    @property
    def none(self) -> bool:
        """Whether the missing are as the observed, for sure."""
        return self.value == 0 and self.in_controls == 0 and self.sd == 0


def missing_arms(network: Network, measure: str) -> tuple[MissingArm, ...]:
    """Every arm that says how many people were randomised, in the order of the network."""
    found = []
    for study in network.studies:
        for arm in study.arms:
            analysed = _analysed(arm, measure)
            if arm.randomised is None or analysed is None or not arm.randomised > 0:
                continue
            missing = max(arm.randomised - analysed, 0.0)
            found.append(
                MissingArm(
                    study=study.id,
                    arm=arm.label or arm.treatment,
                    treatment=arm.treatment,
                    randomised=arm.randomised,
                    analysed=analysed,
                    missing=missing,
                    share=missing / arm.randomised,
                    reason=_why_as_observed(study, arm, analysed, measure),
                )
            )
    return tuple(found)


def _analysed(arm: Arm, measure: str) -> float | None:
    """People whose outcome the measure reads."""
    return arm.total if measure in RISKS and arm.total is not None else arm.participants


def _why_as_observed(study: Study, arm: Arm, analysed: float, measure: str) -> str | None:
    assert arm.randomised is not None
    if arm.randomised < analysed:
        return "fewer people randomised than analysed"
    if arm.randomised == analysed:
        return None
    if study.level == "contrast":
        return "its study enters by contrasts, which do not tell the outcome of an arm"
    if measure in RISKS:
        return None if not says_nothing(study, measure) else "its study forms no contrast"
    return None if _sd(arm) is not None else "no SD of its scores is known, in which a departure is counted"


def _raw_sd(arm: Arm) -> float | None:
    """The SD as reported, else SE x sqrt(n) of an unadjusted mean."""
    if arm.sd is not None or arm.se is None or arm.n is None or arm.value_type == "adjusted":
        return arm.sd
    return float(arm.se * np.sqrt(arm.n))


def _sd(arm: Arm) -> float | None:
    """SD of the scores, in which IMDoM is counted: of the arm, else the fixed one that it is standardised by."""
    raw = _raw_sd(arm)
    return arm.sd_external if raw is None else raw


def _missing(study: Study, measure: str) -> Floats:
    """People (arm,) who are put in; none where an arm stays as observed."""
    found = []
    for arm in study.arms:
        analysed = _analysed(arm, measure)
        known = arm.randomised is not None and analysed is not None
        left = not known or _why_as_observed(study, arm, analysed or 0.0, measure) is not None
        found.append(0.0 if left else (arm.randomised or 0.0) - (analysed or 0.0))
    return np.array(found)


def departed(study: Study, spec: ModelSpec, departure: Departure, controls: Collection[str]) -> Study:
    """The study with its missing put in; itself where nobody is missing or the missing are as the observed.

    Risks come back as normal contrasts of log OR, log RR or RD. Means come back as arms with another mean and SE (of an
    SMD the SD that divides stays that of the observed), or as contrasts where the lambdas of its arms are equal.
    """
    missing = _missing(study, spec.measure)
    if departure.none or not missing.any():
        return study
    mean = np.array([departure.in_controls if arm.treatment in controls else departure.value for arm in study.arms])
    if spec.measure in RISKS:
        return _with_risks(study, spec, missing, mean, departure)
    return _with_means(study, spec, missing, mean, departure)


def _with_risks(study: Study, spec: ModelSpec, missing: Floats, mean: Floats, departure: Departure) -> Study:
    events, total, added = column(study, "events"), column(study, "total"), added_to_cells(study, spec)
    mixed = mixed_risk(events, total, missing, log_imor=mean, log_imor_sd=departure.sd, added=added)
    arms = risk_on_scale(mixed, spec.measure)
    if spec.measure == "RD" and added:  # as without missing people: what is added is for the variance only
        arms = replace(arms, value=mixed_risk(events, total, missing, log_imor=mean).value)
    return _as_contrasts(study, spec, arms.value, arms.covariance(departure.between_arms))


def _as_contrasts(study: Study, spec: ModelSpec, value: Floats, covariance: Floats) -> Study:
    """Differences from arm 0, of values (arm,) with their covariance (arm, arm)."""
    rows = np.hstack([-np.ones((len(value) - 1, 1)), np.eye(len(value) - 1)])
    return replace(study, contrasts=Contrasts(rows @ value, rows @ covariance @ rows.T, measure=spec.measure))


def _with_means(study: Study, spec: ModelSpec, missing: Floats, mean: Floats, departure: Departure) -> Study:
    sd = np.array([1.0 if (unit := _sd(arm)) is None else unit for arm in study.arms])
    mixed = mixed_mean(
        column(study, "mean"),
        _own_se(study, spec.measure),
        np.array([arm.n or 1.0 for arm in study.arms]),
        missing,
        departure=mean * sd,
        departure_sd=departure.sd * sd,
    )
    if departure.between_arms == "independent" or departure.sd == 0:
        return _as_arms(study, mixed, missing, np.sqrt(np.diag(mixed.covariance("independent"))))
    sampled = _as_arms(study, mixed, missing, np.sqrt(mixed.variance))
    if spec.measure == "MD":
        return _as_contrasts(study, spec, mixed.value, mixed.covariance("equal"))
    estimate, covariance = contrasts_of(sampled, spec)
    moved = (mixed.loading[1:] - mixed.loading[0]) / _divisor(study)
    return replace(study, contrasts=Contrasts(estimate, covariance + np.outer(moved, moved), measure=spec.measure))


def _own_se(study: Study, measure: str) -> Floats:
    """SE (arm,) of each mean as the model reads it: of an SMD without an SE beside the SD, pooled SD / sqrt(n)."""
    if measure == "MD" or _external(study) is not None:
        return column(study, "mean_se")
    n = column(study, "n")
    common = pooled_sd(_raw_sds(study), n)[0] / np.sqrt(n)
    own = [arm.se if arm.sd is not None and arm.se is not None else np.nan for arm in study.arms]
    return np.where(np.isnan(own), common, own)


def _raw_sds(study: Study) -> Floats:
    return np.array([np.nan if (sd := _raw_sd(arm)) is None else sd for arm in study.arms])


def _external(study: Study) -> float | None:
    """The fixed SD of a study whose arms share one."""
    found = {arm.sd_external for arm in study.arms}
    return found.pop() if len(found) == 1 else None


def _divisor(study: Study) -> float:
    """The SD that turns the points of this study into an SMD; errors of its means are divided by it and no more."""
    external = _external(study)
    return pooled_sd(_raw_sds(study), column(study, "n"))[0] if external is None else external


def _as_arms(study: Study, mixed: MixedArms, missing: Floats, se: Sequence[float] | Floats) -> Study:
    """The study with the means and SEs of the arms that miss people replaced, their SDs kept."""
    arms = [
        arm if not m else replace(arm, mean=float(value), se=float(error), sd=_raw_sd(arm))
        for arm, m, value, error in zip(study.arms, missing, mixed.value, se, strict=True)
    ]
    return replace(study, arms=tuple(arms))
