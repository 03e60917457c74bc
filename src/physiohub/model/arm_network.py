"""The network as arms with a likelihood each, beside studies that enter as normal contrasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import DataError, Issue, ModelError
from physiohub.model.arm_columns import column, log_times, ordered_arms
from physiohub.model.likelihoods.base import ArmLikelihood
from physiohub.model.likelihoods.binomial import Binomial, Link
from physiohub.model.likelihoods.normal_mean import NormalMean
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.likelihoods.poisson import Poisson
from physiohub.model.normal_study import NormalStudy, contrasts_of
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network
from physiohub.network.study import Study

__all__ = ["ArmNetwork", "arm_network", "has_arm_likelihood"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_BY_ARM = ("MD", "OR", "RR", "HR", "IRR", "PROBIT")
"""Measures whose arms have a likelihood of their own."""
_LINKS: dict[str, Link] = {"OR": "logit", "RR": "log", "HR": "cloglog", "PROBIT": "probit"}


@dataclass(frozen=True, eq=False)
class ArmNetwork:
    """Every study as the model sees it: ``theta_ik = mu_i + delta_ik`` on the arms, or contrasts with their covariance.

    Attributes
    ----------
    parameters
        Number of basic parameters d: treatments less one.
    studies : tuple of str
        Ids, in the order of the network.
    likelihood
        Of all arms of the arm-level studies, study by study, arm 0 of each first.
    study : array of int (arm,)
        Place of the arm's study in `studies`.
    treatment : array of int (arm,)
        Place of the arm's treatment in the network; the reference is 0.
    contrasts
        Place in `studies` -> the study as normal contrasts.
    """

    parameters: int
    studies: tuple[str, ...]
    likelihood: ArmLikelihood
    study: Places
    treatment: Places
    contrasts: dict[int, NormalStudy]

    @cached_property
    def first(self) -> Places:
        """Place of arm 0 (arm-level study,) of each arm-level study."""
        return np.flatnonzero(np.diff(self.study, prepend=-1))

    @cached_property
    def sizes(self) -> Places:
        """Number of arms (arm-level study,)."""
        return np.diff(np.append(self.first, len(self.study)))

    @cached_property
    def design(self) -> Floats:
        """X (arm, parameter): d of the arm's treatment; nothing for the reference."""
        return np.eye(self.parameters + 1)[self.treatment][:, 1:]

    @cached_property
    def differences(self) -> Floats:
        """X of each arm less that of arm 0 of its study (arm, parameter)."""
        return self.design - np.repeat(self.design[self.first], self.sizes, axis=0)

    @property
    def cut_points(self) -> int:
        """Number of sampled cut-points: those above the first."""
        return self.likelihood.categories - 2 if isinstance(self.likelihood, Ordered) else 0


def has_arm_likelihood(network: Network, spec: ModelSpec) -> bool:
    """Whether studies enter by their arms.

    Raises
    ------
    ModelError
        When that was asked for and the measure has no likelihood of arms.
    """
    if spec.likelihood == "contrast" or not any(study.level == "arm" for study in network.studies):
        return False
    if spec.measure == "SMD":
        return spec.likelihood == "arm"
    if spec.measure in _BY_ARM:
        return True
    if spec.likelihood == "arm":
        raise ModelError(
            f"{spec.measure} has no likelihood of single arms; likelihood 'auto' or 'contrast' answers it through "
            f"normal contrasts."
        )
    return False


def arm_network(network: Network, spec: ModelSpec) -> ArmNetwork:
    """The arms of a network with the likelihood that its measure asks for; other studies as normal contrasts.

    Raises
    ------
    DataError
        With one issue for each arm that lacks what the likelihood needs.
    ModelError
        When the measure has no likelihood of arms.
    """
    by_arm = has_arm_likelihood(network, spec)
    arm_level = [study for study in network.studies if by_arm and study.level == "arm"]
    issues: list[Issue] = []
    parts, contrasts = [], {}
    for place, study in enumerate(network.studies):
        try:
            if study in arm_level:
                parts.append(_likelihood([study], spec))
            else:
                contrasts[place] = _contrast_study(study, network, spec)
        except DataError as error:
            issues += error.issues
    if issues:
        raise DataError(issues)
    at = {study.id: place for place, study in enumerate(network.studies)}
    arms = [(at[study.id], network.position[t]) for study in arm_level for t in study.treatments]
    places = np.array(arms, dtype=np.intp).reshape(-1, 2)
    return ArmNetwork(
        parameters=len(network.treatments) - 1,
        studies=tuple(study.id for study in network.studies),
        likelihood=_likelihood(arm_level, spec) if arm_level else NormalMean(np.empty(0), np.empty(0)),
        study=places[:, 0],
        treatment=places[:, 1],
        contrasts=contrasts,
    )


def _contrast_study(study: Study, network: Network, spec: ModelSpec) -> NormalStudy:
    treatments = np.array([network.position[t] for t in study.treatments], dtype=np.intp)
    estimate, covariance = contrasts_of(study, spec)
    return NormalStudy(study.id, "contrast", treatments, estimate, covariance)


def _likelihood(studies: Sequence[Study], spec: ModelSpec) -> ArmLikelihood:
    """One likelihood for all arms of some studies."""

    def values(name: str) -> Floats:
        found = [column(study, name) for study in studies]
        return np.concatenate(found) if found else np.empty(0)

    measure = spec.measure
    if measure == "PROBIT" and any(arm.categories for study in studies for arm in study.arms):
        return ordered_arms(studies)
    if measure in _LINKS:
        events, total = values("events"), values("total")
        offset = log_times(studies) if measure == "HR" else np.zeros_like(events)
        return Binomial(events, total, _LINKS[measure], offset)
    if measure == "IRR":
        return Poisson(values("events"), values("exposure"))
    if measure == "MD":
        return NormalMean(values("mean"), values("mean_se"))
    raise ModelError(f"{measure} has no likelihood of single arms; it is answered through normal contrasts.")
