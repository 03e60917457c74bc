"""Studies with zero cells, when counts are answered through normal contrasts: what is added, and what says nothing.

An arm likelihood needs none of this. Nothing is corrected or left out in silence: the posterior lists both.
"""

from __future__ import annotations

from dataclasses import dataclass

from physiohub.errors import DataError, Issue
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network
from physiohub.network.study import Study

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


def _has_zero_cell(study: Study, measure: str) -> bool:
    return any(
        arm.events is not None and (arm.events == 0 or (measure != "IRR" and arm.events == arm.total))
        for arm in study.arms
    )


def _says_nothing(study: Study, measure: str) -> bool:
    """No events, or nothing but events, in all arms (METHODS section 1; as netmeta, which gives no contrast then)."""
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
        When it has one and the spec adds nothing.
    """
    if not _has_zero_cell(study, spec.measure):
        return 0.0
    if spec.zero_cells is None:
        issue = Issue(
            "zero-cell",
            f"The study has a zero cell, from which no normal contrast of {spec.measure} can be formed.",
            "Allow a correction (--zero-cells 0.5), or exclude the study with a reason.",
            study=study.id,
        )
        raise DataError([issue])
    return spec.zero_cells


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
        reason = f"no events, or nothing but events, in all arms: no {spec.measure} can be formed from normal contrasts"
        network = network.without(*mute, reason=reason)
    arms = [study for study in network.studies if study.contrasts is None]
    corrected = tuple(study.id for study in arms if _has_zero_cell(study, spec.measure))
    return network, ZeroCells(spec.zero_cells if corrected else None, corrected, mute)
