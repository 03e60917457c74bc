"""A study with normal data, as the exact engine reads it: y ~ N(X d (+ mu), D + tau^2 B)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import DataError, Issue
from physiohub.measures.arms import log_hazard, log_mean, log_odds, log_rate, log_risk, probit, risk
from physiohub.measures.continuous import mean_differences, standardised_mean_differences
from physiohub.model.arm_columns import arm_issue, column, log_times, own_categories
from physiohub.model.ordered_contrasts import ordered_contrasts
from physiohub.model.spec import ModelSpec
from physiohub.model.zero_cells import added_to_cells
from physiohub.network.network import Network
from physiohub.network.study import Arm, Study

__all__ = ["NormalStudy", "arm_issue", "column", "contrasts_of", "normal_studies", "normal_study"]

Floats = NDArray[np.float64]
_OF_COUNTS = {"OR": log_odds, "RR": log_risk, "RD": risk, "PROBIT": probit}


@dataclass(frozen=True, slots=True, eq=False)
class NormalStudy:
    """Normal data of one study; `observed` is arm (arm level) or contrast (arm - 1 of them).

    Attributes
    ----------
    id
        Of the study.
    level
        ``"arm"`` (means with a baseline mu) or ``"contrast"`` (differences from arm 0).
    treatments : array of int (arm,)
        Place of each arm's treatment in the network; arm 0 first.
    y : array (observed,)
    sampling : array (observed, observed)
        Covariance D of y given the study's own effects.
    """

    id: str
    level: Literal["arm", "contrast"]
    treatments: NDArray[np.intp]
    y: Floats
    sampling: Floats

    @property
    def heterogeneity(self) -> Floats:
        """B (observed, observed): covariance of the study's effects for tau = 1, (I + J)/2 over arms 1, 2, ..."""
        a = len(self.treatments)
        r = (np.eye(a - 1) + 1.0) / 2
        if self.level == "contrast":
            return r
        padded = np.zeros((a, a))
        padded[1:, 1:] = r
        return padded

    def design(self, parameters: int) -> Floats:
        """X (observed, parameter): d[treatment] - d[treatment of arm 0]; the reference has no column."""
        a = len(self.treatments)
        x = np.zeros((a, parameters + 1))
        x[np.arange(a), self.treatments] += 1.0
        x[:, self.treatments[0]] -= 1.0
        return x[:, 1:] if self.level == "arm" else x[1:, 1:]


def normal_studies(network: Network, spec: ModelSpec) -> tuple[NormalStudy, ...]:
    """Every study of the network as normal data for this measure.

    A mean difference keeps the arms (normal likelihood, known SE) unless ``spec.likelihood`` is ``"contrast"``; an SMD
    is built from trial-level quantities and enters as contrasts; counts do by the delta method, ordered categories by
    maximum likelihood within the study.

    Raises
    ------
    DataError
        With one issue for each study that lacks what the measure needs.
    """
    issues: list[Issue] = []
    studies = []
    for study in network.studies:
        try:
            studies.append(normal_study(study, network, spec))
        except DataError as error:
            issues += error.issues
    if issues:
        raise DataError(issues)
    return tuple(studies)


def normal_study(study: Study, network: Network, spec: ModelSpec) -> NormalStudy:
    """One study as normal data; see `normal_studies`."""
    position = network.position
    treatments = np.array([position[t] for t in study.treatments], dtype=np.intp)
    if study.contrasts is None and spec.measure == "MD" and spec.likelihood != "contrast":
        mean, se = column(study, "mean"), column(study, "mean_se")
        return NormalStudy(study.id, "arm", treatments, mean, np.diag(np.square(se)))
    estimate, covariance = contrasts_of(study, spec)
    return NormalStudy(study.id, "contrast", treatments, estimate, covariance)


def contrasts_of(study: Study, spec: ModelSpec) -> tuple[Floats, Floats]:
    """Estimates (arm - 1,) of the study's arms versus its arm 0, and their covariance, on the analysis scale.

    Raises
    ------
    DataError
        When the study lacks what the measure needs, or its contrasts are of another measure.
    """
    if study.contrasts is not None:
        stated = study.contrasts.measure
        if stated is not None and stated.upper() != spec.measure:
            issue = Issue(
                "measure-differs",
                f"Its contrasts are {stated}, the analysis asks for {spec.measure}.",
                "Convert them, or exclude the study with a reason.",
                study=study.id,
            )
            raise DataError([issue])
        return study.contrasts.estimate, study.contrasts.covariance
    if spec.measure == "SMD":
        return _smd(study, spec)
    if spec.measure == "PROBIT" and any(arm.categories for arm in study.arms):
        return ordered_contrasts(own_categories(study), added_to_cells(study, spec))
    value, variance = _on_analysis_scale(study, spec)
    return mean_differences(value, np.sqrt(variance))


def _on_analysis_scale(study: Study, spec: ModelSpec) -> tuple[Floats, Floats]:
    """Value (arm,) whose differences are the effects, and its sampling variance (arm,)."""
    if spec.measure == "MD":
        return column(study, "mean"), np.square(column(study, "mean_se"))
    if spec.measure == "ROM":
        return log_mean(*_means_for_a_ratio(study))
    if spec.measure in _OF_COUNTS:
        events, total = column(study, "events"), column(study, "total")
        return _OF_COUNTS[spec.measure](events, total, added_to_cells(study, spec))
    if spec.measure == "HR":
        events, total = column(study, "events"), column(study, "total")
        return log_hazard(events, total, log_times([study]), added_to_cells(study, spec))
    return log_rate(column(study, "events"), column(study, "exposure"), added_to_cells(study, spec))


def _means_for_a_ratio(study: Study) -> tuple[Floats, Floats]:
    """Means and SEs of a study for a ratio of means (above zero, no change scores, mean/SE >= 3)."""
    mean, se = column(study, "mean"), column(study, "mean_se")
    issues = []
    for arm, m, s in zip(study.arms, mean, se, strict=True):
        if arm.value_type == "change":
            why = "A ratio of means has no meaning for change scores."
        elif m <= 0 or m / s < 3:
            why = f"A ratio of means needs a mean that is at least 3 standard errors above zero; it is {m / s:.1f}."
        else:
            continue
        issues.append(arm_issue(study, arm, "mean-unfit-for-ratio", why, "Use MD or SMD, or exclude the study."))
    if issues:
        raise DataError(issues)
    return mean, se


def _smd(study: Study, spec: ModelSpec) -> tuple[Floats, Floats]:
    external = {arm.sd_external for arm in study.arms}
    fixed = external.pop() if len(external) == 1 else None
    own_se = np.array([np.nan if arm.se is None else arm.se for arm in study.arms], dtype=float)
    mean = column(study, "mean")
    if fixed is not None:
        se = column(study, "mean_se")
        return standardised_mean_differences(mean, np.ones_like(mean), se=se, external_sd=fixed)
    n = column(study, "n")
    if np.sum(n) - len(n) < 2:
        issue = Issue("smd-too-small", "Too few participants for a standardised difference.", "", study=study.id)
        raise DataError([issue])
    sd = np.array([_raw_sd_of(study, arm) for arm in study.arms])
    # an SE beside a raw SD is the numerator's own (change, adjusted); an SE alone was the source of the SD
    numerator = np.where([arm.sd is None for arm in study.arms], np.nan, own_se)
    return standardised_mean_differences(mean, n, sd=sd, se=numerator, variance=spec.smd_variance)


def _raw_sd_of(study: Study, arm: Arm) -> float:
    if arm.sd is not None:
        return arm.sd
    if arm.se is not None and arm.n is not None and arm.value_type != "adjusted":
        return float(arm.se * np.sqrt(arm.n))
    message = "A standardised difference needs the SD of the scores; the SE of an adjusted mean does not hold it."
    remedy = "Give sd, or a fixed SD to standardise by."
    raise DataError([arm_issue(study, arm, "sd-missing", message, remedy, column="sd")])
