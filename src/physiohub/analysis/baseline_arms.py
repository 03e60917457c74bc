"""The arms that a baseline model is made of, with their likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import DataError, Issue, ModelError
from physiohub.measures.natural import Link
from physiohub.model.arm_network import arm_network
from physiohub.model.likelihoods.base import ArmLikelihood
from physiohub.model.likelihoods.binomial import Binomial
from physiohub.model.likelihoods.normal_mean import NormalMean
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.likelihoods.poisson import Poisson
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network
from physiohub.network.study import Arm, Study, Treatment

__all__ = ["BaselineArms", "baseline_arms"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
# the likelihood of an arm is that of another measure where its own is none, or leads beyond probabilities
_AS = {"RR": "OR", "RD": "OR", "SMD": "MD", "ROM": "MD"}


@dataclass(frozen=True, slots=True, eq=False)
class BaselineArms:
    """Arms on one treatment, one a study.

    Attributes
    ----------
    likelihood
        Of the arms; arms of one study on the treatment are one, which loses nothing: they share their mean.
    link
        The scale of the baseline.
    clock
        See `BaselineModel`.
    treatment, arms, studies, source
        What they are, and where they come from.
    usual_sd
        Median SD of the scores, from which a default prior takes its scale; None where the link sets it.
    """

    likelihood: ArmLikelihood
    link: Link
    clock: Literal["", "per unit of time", "follow-up"]
    treatment: str | None
    arms: int
    studies: tuple[str, ...]
    source: str
    usual_sd: float | None


def baseline_arms(arms: Network | Sequence[Arm], measure: str, treatment: str | None) -> BaselineArms:
    """Choose the arms on a treatment, and give them their likelihood.

    Raises
    ------
    DataError
        When an arm lacks what it needs, only some have a follow-up time, or no treatment has that id.
    ModelError
        When no arm is left, or nobody or everybody had the event.
    """
    studies = _of_network(arms, treatment) if isinstance(arms, Network) else _of_table(arms, treatment)
    if isinstance(arms, Network):
        treatment = treatment or arms.reference
        source = f"the network's own arms on {treatment}"
    else:
        source = "a table of single arms"
    count = sum(len(study.arms) for study in studies)
    if count == 0:
        raise ModelError(f"No study reports an arm on {treatment} from which a baseline could be told.")
    node = Treatment(id=treatment or "baseline", label=treatment or "baseline")
    own = [replace(study, arms=tuple(replace(arm, treatment=node.id) for arm in study.arms)) for study in studies]
    network = Network(studies=tuple(own), treatments=(node,))
    found = arm_network(network, ModelSpec(measure=_AS.get(measure, measure)))
    likelihood = _pooled(_binary(found.likelihood), found.study)
    if measure == "ROM":
        likelihood = _log_means(likelihood, [study.id for study in studies])
    _require_events(likelihood)
    return BaselineArms(
        likelihood=likelihood,
        link=_link(likelihood, measure),
        clock=_clock(own) if measure == "HR" else "",
        treatment=treatment,
        arms=count,
        studies=tuple(study.id for study in studies),
        source=f"{source} ({count})",
        usual_sd=_usual_sd(own, measure),
    )


def _of_network(network: Network, treatment: str | None) -> list[Study]:
    """The arm-level studies with an arm on the treatment, and nothing but these arms."""
    wanted = treatment or network.reference
    if wanted not in network.position:
        choices = f"Choose one of: {', '.join(network.position)}."
        raise DataError([Issue("treatment-unknown", f"{wanted!r} is not a treatment of this network.", choices)])
    chosen = [
        replace(study, arms=tuple(arm for arm in study.arms if arm.treatment == wanted))
        for study in network.studies
        if study.level == "arm"
    ]
    return [study for study in chosen if study.arms]


def _of_table(arms: Sequence[Arm], treatment: str | None) -> list[Study]:
    kept = [arm for arm in arms if treatment is None or arm.treatment == treatment]
    return [Study(id=arm.label or f"arm {k}", arms=(arm,)) for k, arm in enumerate(kept, start=1)]


def _binary(likelihood: ArmLikelihood) -> ArmLikelihood:
    """Ordered categories as the share above the first cut-point, the one that the baseline is about."""
    if not isinstance(likelihood, Ordered):
        return likelihood
    total = likelihood.counts.sum(1)
    return Binomial(total - likelihood.counts[:, 0], total, "probit", np.zeros_like(total))


def _pooled(likelihood: ArmLikelihood, study: Places) -> ArmLikelihood:
    """One arm a study: sums of counts and of exposure, and weighted means, are sufficient for a shared mean."""
    first = np.flatnonzero(np.diff(study, prepend=-1))
    if len(first) == len(study):
        return likelihood

    def total(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values, first))

    if isinstance(likelihood, Binomial):
        if np.any(likelihood.offset != np.repeat(likelihood.offset[first], np.diff(np.append(first, len(study))))):
            raise ModelError("Arms of one study on one treatment have different follow-up times: leave one out.")
        return Binomial(total(likelihood.events), total(likelihood.total), likelihood.link, likelihood.offset[first])
    if isinstance(likelihood, Poisson):
        return Poisson(total(likelihood.events), total(likelihood.exposure))
    assert isinstance(likelihood, NormalMean)
    precision = total(likelihood.se**-2.0)
    return NormalMean(total(likelihood.mean * likelihood.se**-2.0) / precision, precision**-0.5)


def _log_means(likelihood: ArmLikelihood, studies: Sequence[str]) -> NormalMean:
    """Means on the log scale, their standard errors by the delta method."""
    assert isinstance(likelihood, NormalMean)
    issues = [
        Issue("mean-not-positive", "A ratio of means needs means above zero.", "Use MD.", study=study)
        for study, mean in zip(studies, likelihood.mean, strict=True)
        if not mean > 0
    ]
    if issues:
        raise DataError(issues)
    return NormalMean(np.log(likelihood.mean), likelihood.se / likelihood.mean)


def _require_events(likelihood: ArmLikelihood) -> None:
    """A baseline needs somebody with the event and, of a total, somebody without."""
    nobody = isinstance(likelihood, Binomial | Poisson) and not np.any(likelihood.events)
    everybody = isinstance(likelihood, Binomial) and bool(np.all(likelihood.events == likelihood.total))
    if nobody or everybody:
        raise ModelError(
            f"{'Nobody' if nobody else 'Everybody'} in these arms had the event, which leaves the baseline to its "
            "prior. State a baseline, for example events(0, 120)."
        )


def _link(likelihood: ArmLikelihood, measure: str) -> Link:
    if isinstance(likelihood, Binomial):
        return likelihood.link
    return "log" if isinstance(likelihood, Poisson) or measure == "ROM" else "identity"


def _clock(studies: Sequence[Study]) -> Literal["per unit of time", "follow-up"]:
    without = [study.id for study in studies if all(arm.time is None for arm in study.arms)]
    if without and len(without) < len(studies):
        message = "Other baseline arms have a follow-up time, this study has none."
        remedy = "Give every study its time, or none."
        raise DataError([Issue("time-missing", message, remedy, study=study) for study in without])
    return "follow-up" if without else "per unit of time"


def _usual_sd(studies: Sequence[Study], measure: str) -> float | None:
    """Median SD of the arms' scores; of log scores, a scale of one."""
    if measure == "ROM":
        return 1.0
    if measure not in ("MD", "SMD"):
        return None
    found = [_sd(arm) for study in studies for arm in study.arms]
    known = [sd for sd in found if sd is not None]
    # a prior is not known to more than three figures, and reads better with them
    return float(f"{np.median(known):.3g}") if known else None


def _sd(arm: Arm) -> float | None:
    if arm.sd is not None or arm.se is None or arm.n is None or arm.value_type == "adjusted":
        return arm.sd
    return float(arm.se * np.sqrt(arm.n))
