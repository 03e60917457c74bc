"""What the arms of a study report, as arrays: one quantity over the arms, follow-up times, ordered categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from physiohub.errors import DataError, Issue
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.network.study import Arm, Study

__all__ = ["arm_issue", "column", "log_times", "ordered_arms", "own_categories"]

Floats = NDArray[np.float64]
_NEEDS = {
    "mean": "mean", "mean_se": "sd and n, or se", "n": "n",
    "events": "events", "total": "total", "exposure": "exposure",
}  # fmt: skip


def arm_issue(study: Study, arm: Arm, rule: str, message: str, remedy: str, column: str | None = None) -> Issue:
    """An issue about one arm, at its row of the table."""
    row = arm.rows[0] if arm.rows else None
    return Issue(rule, message, remedy, study=study.id, arm=arm.label or arm.treatment, row=row, column=column)


def column(study: Study, name: str) -> Floats:
    """One quantity over the arms of a study; a DataError names every arm that lacks it."""
    values = [getattr(arm, name) for arm in study.arms]
    issues = [
        arm_issue(
            study,
            arm,
            f"{name.replace('_', '-')}-missing",
            f"The arm has no {_NEEDS[name]}.",
            f"Fill in {_NEEDS[name]}, or exclude the study with a reason.",
            column=name,
        )
        for arm, value in zip(study.arms, values, strict=True)
        if value is None
    ]
    if issues:
        raise DataError(issues)
    return np.array(values, dtype=float)


def log_times(studies: Sequence[Study]) -> Floats:
    """Log follow-up time (arm,); a study without times has the same in all of its arms, and its own unit.

    Raises
    ------
    DataError
        With one issue for each arm without a time in a study that has some.
    """
    found, issues = [], []
    for study in studies:
        times = [arm.time for arm in study.arms]
        if all(time is None for time in times):
            found += [0.0] * len(times)
            continue
        for arm, time in zip(study.arms, times, strict=True):
            if time is None or not time > 0:
                message = "Other arms of this study have a follow-up time, this one has none."
                remedy = "Give every arm its time, or no arm (equal follow-up)."
                issues.append(arm_issue(study, arm, "time-missing", message, remedy, column="time"))
            else:
                found.append(float(np.log(time)))
    if issues:
        raise DataError(issues)
    return np.array(found, dtype=float)


def ordered_arms(studies: Sequence[Study], *, rest: bool | None = None) -> Ordered:
    """Categories of all arms; events out of a total are two categories, the others not reported.

    Parameters
    ----------
    rest
        Whether the people of a total that stand in none of the categories are a category of their own, below the
        lowest one; None: where there are any.

    Raises
    ------
    DataError
        With one issue for each arm whose counts are no ordered categories.
    """
    arms = [(study, arm) for study in studies for arm in study.arms]
    below = any(_rest(arm) > 0 for _, arm in arms) if rest is None else rest
    issues = [issue for study, arm in arms if (issue := _unfit_categories(study, arm, rest=below)) is not None]
    if issues:
        raise DataError(issues)
    cells = [_cells(arm, rest=below) for _, arm in arms]
    size = max((len(row) for row in cells), default=2)
    padded = [(*row, *[None] * (size - len(row))) for row in cells]
    counts = np.array([[0.0 if c is None else c for c in row] for row in padded], dtype=float)
    reported = np.array([[c is not None for c in row] for row in padded], dtype=bool)
    return Ordered(counts.reshape(-1, size), reported.reshape(-1, size))


def own_categories(study: Study) -> Ordered:
    """Categories of one study by itself; where totals are known, whoever stands in none is below the lowest.

    Raises
    ------
    DataError
        As `ordered_arms`.
    """
    known = all(arm.total is not None for arm in study.arms)
    return ordered_arms([study], rest=True if known else None)


def _rest(arm: Arm) -> float:
    """People of the total that stand in none of the categories: those below the lowest one that is listed."""
    return 0.0 if arm.total is None or not arm.categories else arm.total - sum(c or 0.0 for c in arm.categories)


def _cells(arm: Arm, *, rest: bool) -> tuple[float | None, ...]:
    """Counts from the lowest category up; with `rest`, what the total leaves comes first."""
    if not arm.categories:
        assert arm.total is not None
        assert arm.events is not None
        return (arm.total - arm.events, arm.events)
    return (_rest(arm), *arm.categories) if rest else arm.categories


def _unfit_categories(study: Study, arm: Arm, *, rest: bool) -> Issue | None:
    """Why the counts of an arm are no ordered categories; None when they are."""
    if not arm.categories:
        if arm.events is not None and arm.total is not None:
            return None
        message = "The arm has neither counts of categories nor events and a total."
    elif _rest(arm) < 0:
        message = f"Its categories sum to {sum(c or 0 for c in arm.categories):g}, more than its total {arm.total:g}."
    elif rest and arm.total is None:
        message = "Other arms have people below their lowest category; this one has no total that would tell."
    elif sum(c is not None for c in _cells(arm, rest=rest)) < 2:
        message = "The arm needs the number of people in at least two categories."
    elif _cells(arm, rest=rest)[0] is None:
        message = "The lowest category has no count, and no total says how many people it holds."
    else:
        return None
    remedy = "Fill in the counts, or exclude the study with a reason."
    return arm_issue(study, arm, "categories-unfit", message, remedy, column="category_1")
