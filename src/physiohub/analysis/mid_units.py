"""Scores in units of the minimal important difference, study by study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from physiohub.errors import DataError, Issue
from physiohub.network.network import Network
from physiohub.network.study import Arm, Contrasts, Study

__all__ = ["in_mid_units"]


def in_mid_units(network: Network, mids: Mapping[str, float] | float) -> Network:
    """The same network with means and mean differences in units of the minimal important difference of each study.

    Each study's scores are divided by the important difference of the instrument that it used; a mean difference of the
    result, fitted as MD, counts important differences and needs no SD (Johnston et al. 2010, Health Qual Life Outcomes
    8:116). All scores must already point the same way.

    Parameters
    ----------
    network
        With means and SDs or SEs, or mean differences, in points of each study's own instrument.
    mids
        Important difference, above zero: by study, or one for all.

    Raises
    ------
    DataError
        With an issue for every study without an important difference, or that reports no means in points.

    Examples
    --------
    >>> from physiohub import datasets
    >>> network = in_mid_units(datasets.load("back_pain"), 15)
    >>> before, after = datasets.load("back_pain").studies[0].arms[0].mean, network.studies[0].arms[0].mean
    >>> round(before / after, 6)
    15.0
    """
    given = mids if isinstance(mids, Mapping) else dict.fromkeys((study.id for study in network.studies), mids)
    issues = [issue for study in network.studies for issue in _unfit(study, given.get(study.id))]
    if issues:
        raise DataError(issues)
    return replace(network, studies=tuple(_divided(study, given[study.id]) for study in network.studies))


def _unfit(study: Study, mid: float | None) -> list[Issue]:
    """Why a study has no MID units."""
    if mid is None or not (np.isfinite(mid) and mid > 0):
        message = "The study has no important difference of its instrument, above zero."
        return [Issue("mid-missing", message, "State one, or leave the study out.", study=study.id)]
    contrasts = study.contrasts
    if contrasts is not None and contrasts.measure not in (None, "MD"):
        message = f"The study reports {contrasts.measure}, which is not in points of an instrument."
        return [Issue("mid-no-points", message, "Enter its means or mean differences.", study=study.id)]
    if contrasts is None and any(arm.mean is None for arm in study.arms):
        message = "An arm of the study has no mean that could be divided by an important difference."
        return [Issue("mid-no-points", message, "Enter its mean, or leave the study out.", study=study.id)]
    return []


def _divided(study: Study, mid: float) -> Study:
    """The study with its scores divided by an important difference."""

    def over(value: float | None) -> float | None:
        return None if value is None else value / mid

    def divided(arm: Arm) -> Arm:
        return replace(arm, mean=over(arm.mean), sd=over(arm.sd), se=over(arm.se), sd_external=over(arm.sd_external))

    contrasts: Contrasts | None = None
    if study.contrasts is not None:
        old = study.contrasts
        contrasts = replace(old, estimate=old.estimate / mid, covariance=old.covariance / mid**2)
    return replace(study, arms=tuple(divided(arm) for arm in study.arms), contrasts=contrasts)
