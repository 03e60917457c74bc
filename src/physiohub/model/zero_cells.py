"""Studies with zero cells, when counts are answered through normal contrasts: what is added, and what says nothing.

An arm likelihood needs none of this. Nothing is corrected or left out in silence: the posterior lists both.
"""

from __future__ import annotations

from dataclasses import dataclass

from physiohub.errors import DataError, Issue
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network
from physiohub.network.study import Arm, Study

__all__ = ["ZeroCells", "added_to_cells", "settle_zero_cells"]

_COUNTS = ("OR", "RR", "RD", "IRR")


@dataclass(frozen=True, slots=True)
class ZeroCells:
    """What was done about zero cells.

    Attributes
    ----------
    added
        What was put to each cell of the corrected studies; None when nothing was.
    corrected
        Studies with a zero cell.
    left_out
        Studies without events, or without non-events, in all arms: they form no ratio.
    """

    added: float | None = None
    corrected: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def _zero_arms(study: Study, measure: str) -> tuple[Arm, ...]:
    """Arms without events or, but for rates, with nothing else."""
    return tuple(
        arm
        for arm in study.arms
        if arm.events is not None and (arm.events == 0 or (measure != "IRR" and arm.events == arm.total))
    )


def _says_nothing(study: Study, measure: str) -> bool:
    """No events, or nothing but events, in all arms (as netmeta, which gives no contrast then)."""
    if measure == "RD" or study.contrasts is not None:
        return False
    none = all(arm.events == 0 for arm in study.arms)
    full = measure != "IRR" and all(arm.events is not None and arm.events == arm.total for arm in study.arms)
    return none or full


def added_to_cells(study: Study, spec: ModelSpec) -> float:
    """What this study gets in each cell: nothing unless it has a zero cell.

    Raises
    ------
    DataError
        When it has one and the spec adds nothing; every such arm is named.
    """
    zero = _zero_arms(study, spec.measure)
    if not zero:
        return 0.0
    if spec.zero_cells is None:
        raise DataError([_zero_cell(study, arm, spec.measure) for arm in zero])
    return spec.zero_cells


def _zero_cell(study: Study, arm: Arm, measure: str) -> Issue:
    what = "no events" if arm.events == 0 else "nothing but events"
    why = "its risk has no sampling variance" if measure == "RD" else f"no normal contrast of {measure} can be formed"
    return Issue(
        "zero-cell",
        f"The arm has {what}, so that {why}.",
        "Allow a correction (--zero-cells 0.5), or exclude the study with a reason.",
        study=study.id,
        arm=arm.label or arm.treatment,
        row=arm.rows[0] if arm.rows else None,
        column="events",
        value=f"{arm.events:g}",
    )


def settle_zero_cells(network: Network, spec: ModelSpec) -> tuple[Network, ZeroCells]:
    """The network without studies that form no ratio, and the list of what was corrected and left out.

    Raises
    ------
    DataError
        When what remains is no connected network.
    """
    if spec.measure not in _COUNTS:
        return network, ZeroCells()
    mute = tuple(study.id for study in network.studies if _says_nothing(study, spec.measure))
    if mute:
        network = _without(network, mute, spec.measure)
    arms = [study for study in network.studies if study.contrasts is None]
    corrected = tuple(study.id for study in arms if _zero_arms(study, spec.measure))
    return network, ZeroCells(spec.zero_cells if corrected else None, corrected, mute)


def _without(network: Network, mute: tuple[str, ...], measure: str) -> Network:
    """The network without the studies that say nothing; where that is none, an issue names them first."""
    what = "no events" if measure == "IRR" else "no events, or nothing but events,"
    reason = f"{what} in all arms: no {measure} can be formed from normal contrasts"
    try:
        return network.without(*mute, reason=reason)
    except DataError as error:
        message = f"{', '.join(mute)}: {reason}. What is left without them is no network with the reference."
        remedy = "Choose another reference, or a measure that such studies can be part of (RD)."
        raise DataError([Issue("zero-cells-left-out", message, remedy), *error.issues]) from None
