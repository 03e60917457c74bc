"""Arm-level standardised mean differences: every study's SD is unknown.

``y_k ~ N(s theta_k, s^2/p_k)``, ``df s_p^2/s^2 ~ chi^2(df)``, with p_k = n_k, or ``s_p^2/se_k^2`` where the study
reports the SE of what stands in the numerator. The location is flat on the raw scale and ``p(s) ~ 1/s``, so that a
two-arm study says of its effect what the noncentral t of its t statistic does (Hedges 1981, Journal of Educational
Statistics 6:107-128).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import DataError, Issue
from physiohub.measures.continuous import pooled_sd
from physiohub.model.arm_columns import arm_issue, column
from physiohub.model.arm_network import ArmNetwork
from physiohub.model.likelihoods.normal_mean import NormalMean
from physiohub.model.normal_study import NormalStudy, contrasts_of
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network
from physiohub.network.study import Study

__all__ = ["StandardisedMeans", "standardised_network"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class StandardisedMeans(NormalMean):
    """Means in units of their study's pooled SD; what the parent says holds if the SD were as estimated.

    Attributes
    ----------
    mean : array (arm,)
        Over the pooled SD, less their weighted mean in the study.
    se : array (arm,)
        ``p_k^(-1/2)``.
    pooled, df : array (study,)
        Pooled SD s_p and its degrees of freedom.
    centre : array (study,)
        Weighted mean of the study on the raw scale.
    """

    pooled: Floats
    df: Floats
    centre: Floats

    def take(self, arms: Sequence[int] | NDArray[np.intp]) -> NormalMean:  # type: ignore[override]
        return NormalMean(self.mean, self.se).take(arms)


def standardised_network(network: Network, spec: ModelSpec) -> ArmNetwork:
    """The network with unknown SDs in its arm-level studies; contrasts as they are.

    Raises
    ------
    DataError
        With one issue for each arm that lacks a mean, an SD or its number of people.
    """
    issues: list[Issue] = []
    parts, contrasts, places = [], {}, []
    for place, study in enumerate(network.studies):
        treatments = np.array([network.position[t] for t in study.treatments], dtype=np.intp)
        try:
            if study.level == "arm" and not _by_external_sd(study):
                parts.append(_of_study(study))
                places += [(place, int(t)) for t in treatments]
            else:
                contrasts[place] = NormalStudy(study.id, "contrast", treatments, *contrasts_of(study, spec))
        except DataError as error:
            issues += error.issues
    if issues:
        raise DataError(issues)
    table = np.array(places, dtype=np.intp).reshape(-1, 2)
    likelihood = StandardisedMeans(*(np.concatenate([np.empty(0), *column]) for column in zip(*parts, strict=True)))
    return ArmNetwork(
        parameters=len(network.treatments) - 1,
        studies=tuple(study.id for study in network.studies),
        likelihood=likelihood,
        study=table[:, 0],
        treatment=table[:, 1],
        contrasts=contrasts,
    )


def _by_external_sd(study: Study) -> bool:
    """Whether the study is standardised by an SD from outside the trial, which is known."""
    return all(arm.sd_external is not None for arm in study.arms)


def _of_study(study: Study) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Mean, se (arm,), pooled, df, centre (1,) of one study."""
    mean, n = column(study, "mean"), column(study, "n")
    sd = np.array([np.nan if (s := _raw_sd(study, k)) is None else s for k in range(len(n))])
    missing = [arm for arm, s in zip(study.arms, sd, strict=True) if not s > 0]
    message = "An SMD with an unknown SD needs the SD of the scores; the SE of an adjusted mean does not hold it."
    if missing:
        raise DataError(arm_issue(study, arm, "sd-missing", message, "Give sd.", column="sd") for arm in missing)
    df = float(n.sum() - len(n))
    if df < 2:
        issue = Issue("smd-too-small", "Too few participants for a standardised difference.", "", study=study.id)
        raise DataError([issue])
    pooled = pooled_sd(sd, n)[0]
    se = np.array([np.nan if arm.sd is None or arm.se is None else arm.se for arm in study.arms], dtype=float)
    precision = np.where(np.isfinite(se), np.square(pooled / se), n)
    centre = float(np.average(mean, weights=precision))
    one = np.ones(1)
    return (mean - centre) / pooled, precision**-0.5, pooled * one, df * one, centre * one


def _raw_sd(study: Study, k: int) -> float | None:
    arm = study.arms[k]
    if arm.sd is not None or arm.se is None or arm.n is None or arm.value_type == "adjusted":
        return arm.sd
    return float(arm.se * np.sqrt(arm.n))
