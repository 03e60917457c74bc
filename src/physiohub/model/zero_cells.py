"""Studies with zero cells, when counts are answered through normal contrasts: what is added, and what says nothing.

An arm likelihood needs none of this. Nothing is corrected or left out in silence: the posterior lists both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from physiohub.errors import DataError, Issue
from physiohub.model.arm_columns import arm_issue, own_categories
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.ordered_contrasts import has_maximum, in_one_category
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network
from physiohub.network.study import Arm, Study

__all__ = ["ZeroCells", "added_to_cells", "corrected_by", "says_nothing", "settle_zero_cells", "why_nothing"]

_COUNTS = ("OR", "RR", "RD", "HR", "IRR", "PROBIT")


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
        Studies without events, or without non-events, in all arms: they form no contrast.
    """

    added: float | None = None
    corrected: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def _zero_arms(study: Study, measure: str) -> tuple[Arm, ...]:
    """Arms without events or, but for rates, with nothing else; of ordered categories, see `_open_arms`."""
    if study.contrasts is not None:
        return ()
    if _by_category(study, measure):
        return _open_arms(study)
    return tuple(
        arm
        for arm in study.arms
        if arm.events is not None and (arm.events == 0 or (measure != "IRR" and arm.events == arm.total))
    )


def _by_category(study: Study, measure: str) -> bool:
    return measure == "PROBIT" and any(arm.categories for arm in study.arms)


def _categories(study: Study) -> Ordered | None:
    """The categories of a study; None when they are unfit, which is told where they are needed."""
    try:
        return own_categories(study)
    except DataError:
        return None


def _open_arms(study: Study) -> tuple[Arm, ...]:
    """Where the likelihood of a study has no finite maximum: its arms with nobody in the lowest or highest category."""
    found = _categories(study)
    if found is None or has_maximum(found):
        return ()
    reported = [list(row[known]) for row, known in zip(found.counts, found.reported, strict=True)]
    ends = [arm for arm, counts in zip(study.arms, reported, strict=True) if counts[0] == 0 or counts[-1] == 0]
    return tuple(ends or study.arms)


def says_nothing(study: Study, measure: str) -> bool:
    """No events, or nothing but events, in all arms (as netmeta, which gives no contrast then).

    Of ordered categories: all people in one category, or arms that report no cut-point in common.
    """
    if measure not in _COUNTS or measure == "RD" or study.contrasts is not None:
        return False
    if _by_category(study, measure):
        found = _categories(study)
        if found is None:
            return False
        filled = Ordered(found.counts + 0.5 * found.reported, found.reported)
        return in_one_category(found) or not has_maximum(filled)
    none = all(arm.events == 0 for arm in study.arms)
    full = measure != "IRR" and all(arm.events is not None and arm.events == arm.total for arm in study.arms)
    return none or full


def why_nothing(measure: str) -> str:
    """Why a study says nothing as normal contrasts, in words."""
    what = {
        "IRR": "no events in all arms",
        "PROBIT": "all people of all arms in one category, or no cut-point that arms have in common",
    }.get(measure, "no events, or nothing but events, in all arms")
    return f"{what}: no {measure} can be formed from normal contrasts"


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


def corrected_by(study: Study, spec: ModelSpec) -> float:
    """What this study gets in each cell for its normal contrasts; nothing of a measure without cells."""
    return added_to_cells(study, spec) if spec.measure in _COUNTS else 0.0


def _zero_cell(study: Study, arm: Arm, measure: str) -> Issue:
    why = "its risk has no sampling variance" if measure == "RD" else f"no normal contrast of {measure} can be formed"
    remedy = "Allow a correction (--zero-cells 0.5), or exclude the study with a reason."
    if arm.categories:
        message = f"The arm has nobody in its lowest or highest category, so that {why}."
        return arm_issue(study, arm, "zero-cell", message, remedy, "category_1")
    what = "no events" if arm.events == 0 else "nothing but events"
    issue = arm_issue(study, arm, "zero-cell", f"The arm has {what}, so that {why}.", remedy, "events")
    return replace(issue, value=f"{arm.events:g}")


def settle_zero_cells(network: Network, spec: ModelSpec) -> tuple[Network, ZeroCells]:
    """The network without studies that form no ratio, and the list of what was corrected and left out.

    Raises
    ------
    DataError
        When what remains is no connected network.
    """
    if spec.measure not in _COUNTS:
        return network, ZeroCells()
    mute = tuple(study.id for study in network.studies if says_nothing(study, spec.measure))
    if mute:
        network = _without(network, mute, spec.measure)
    corrected = tuple(study.id for study in network.studies if _zero_arms(study, spec.measure))
    return network, ZeroCells(spec.zero_cells if corrected else None, corrected, mute)


def _without(network: Network, mute: tuple[str, ...], measure: str) -> Network:
    """The network without the studies that say nothing; where that is none, an issue names them first."""
    reason = why_nothing(measure)
    try:
        return network.without(*mute, reason=reason)
    except DataError as error:
        message = f"{', '.join(mute)}: {reason}. What is left without them is no network with the reference."
        remedy = "Choose another reference, or a measure that such studies can be part of (RD)."
        raise DataError([Issue("zero-cells-left-out", message, remedy), *error.issues]) from None
