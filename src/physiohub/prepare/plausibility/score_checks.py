"""Can scores on this scale have this mean and this SD? Range, bounds of the SD, GRIM, GRIMMER, DEBIT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from physiohub.errors import Issue
from physiohub.prepare.plausibility.bounds import largest_sd, smallest_sd
from physiohub.prepare.plausibility.granularity import (
    debit_sd,
    grim_neighbours,
    grimmer_possible,
    is_grim_informative,
    possible_sums,
)
from physiohub.prepare.plausibility.reported import ReportedArm, exact, finding
from physiohub.prepare.plausibility.thresholds import SKEWED

__all__ = ["check_granularity", "check_ranges", "check_sd_bounds", "check_skewness"]

_SCORES = ("mean", "median", "q1", "q3", "min", "max", "ci_low", "ci_high")
_FRACTION_OF_RANGE = 1e-6  # a limit met exactly is not passed by floating point
_MOST_SUMS = 1000
"""Sums that a printed mean may stand for; with more of them some SD fits anyway."""
_PAIRS = (("mean", "sd"), ("baseline_mean", "baseline_sd"))


def check_ranges(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Scores below or above what the scale has; changes larger than the whole scale."""
    for arm in arms:
        if arm.range is None:
            continue
        yield from _contradiction(arm)
        for role in (*_SCORES[: 1 if arm.kind == "change" else len(_SCORES)], "baseline_mean"):
            if (problem := _outside(arm, role)) is not None:
                yield problem


def _contradiction(arm: ReportedArm) -> Iterator[Issue]:
    """A range in the row that is not the one its instrument's name tells."""
    form = arm.form
    if form is None or form.range is None or arm.range is None or form.range == arm.range:
        return
    (low, high), (first, last) = form.range, arm.range
    message = f"{form.name!r} runs from {low:g} to {high:g}, the row says {first:g} to {last:g}."
    remedy = "Look up on which range the trial scored it: mean and SD are rescaled by the row's."
    yield finding(arm, "scale-contradicts-instrument", "scale_max", message, remedy, "warning")


def _limits(arm: ReportedArm, role: str) -> tuple[float, float]:
    """Lowest and highest value that a cell can have on the scale of the arm."""
    assert arm.range is not None
    low, high = arm.range
    return (low - high, high - low) if arm.kind == "change" and role != "baseline_mean" else (low, high)


def _outside(arm: ReportedArm, role: str) -> Issue | None:
    value = getattr(arm.row, role)
    if value is None:
        return None
    low, high = _limits(arm, role)
    slack = arm.half_unit(role) + _FRACTION_OF_RANGE * (high - low)
    if low - slack <= value <= high + slack or (role.startswith("ci") and arm.kind != "change"):
        return None  # the limits of a normal interval may pass the end of a scale
    what = "change" if arm.kind == "change" and role != "baseline_mean" else "scale"
    usual = "what is plausible" if arm.closed is None else f"the {what}"
    message = f"{role} {value:g} lies outside {usual}, which runs from {low:g} to {high:g}."
    tenth = f" A tenth of it ({value / 10:g}) would lie inside." if low <= value / 10 <= high else ""
    remedy = f"Check the number and the range of the scale.{tenth}"
    return finding(arm, "outside-scale", role, message, remedy, "warning")


def check_sd_bounds(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """SDs that no n scores on the scale can have with the mean printed."""
    for arm in arms:
        n = _people(arm)
        if n is None or arm.closed is None:
            continue
        for mean_role, sd_role in _PAIRS:
            sd = getattr(arm.row, sd_role) if mean_role == "baseline_mean" else arm.sd
            role = sd_role if getattr(arm.row, sd_role) is not None else "se"
            if sd is None or getattr(arm.row, mean_role) is None or (arm.kind == "adjusted" and sd_role == "sd"):
                continue
            yield from _bounded(arm, mean_role, role, sd, n)


def _bounded(arm: ReportedArm, mean_role: str, role: str, sd: float, n: int) -> Iterator[Issue]:
    low, high = _limits(arm, mean_role)
    mean, half = getattr(arm.row, mean_role), arm.half_unit(mean_role)
    if not low <= mean <= high:
        return  # said already
    box = (mean - half, mean + half)
    slack = arm.half_unit(role) * (n**0.5 if role == "se" else 1) + _FRACTION_OF_RANGE * (high - low)
    most = largest_sd(box, n, low, high)
    if sd - slack > most:
        what = f"An SD of {sd:.4g}" if role == "se" else f"The SD {sd:g}"
        message = (
            f"{what} is larger than {n} scores from {low:g} to {high:g} with the mean {mean:g} can have: at most "
            f"{most:.4g}, with everybody at an end of the scale."
        )
        yield finding(arm, "sd-impossible", role, message, "Check mean, SD, n and the range of the scale.", "warning")
    if arm.exact_step is None or mean_role != "mean":  # how many people a baseline mean is of is not told
        return
    step = float(arm.exact_step)
    least = smallest_sd(box, n, low, step)
    if sd + slack < least:
        message = (
            f"The SD {sd:g} is smaller than {n} scores in steps of {step:.4g} with the mean {mean:g} can have: at "
            f"least {least:.4g}."
        )
        yield finding(arm, "sd-impossible", role, message, "Is it a standard error? Check mean, SD and n.", "warning")


def check_skewness(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Means so near an end of the scale that their SD needs nearly everybody at the very end."""
    for arm in arms:
        mean, sd = arm.row.mean, arm.row.sd
        if mean is None or sd is None or arm.closed is None or arm.kind not in ("", "final"):
            continue
        near = min(mean - arm.closed[0], arm.closed[1] - mean)
        if near < 0 or sd <= SKEWED * (near + arm.half_unit("mean")):
            continue
        message = (
            f"The mean {mean:g} lies {near:.3g} from an end of the scale ({arm.closed[0]:g} to {arm.closed[1]:g}) and "
            f"the SD is {sd:g}: nearly all would be at that end, and a few far off (named beyond {SKEWED:g} times)."
        )
        yield finding(
            arm, "scores-skewed", "mean", message, "Check the mean for a lost digit, and its scale.", "warning"
        )


def check_granularity(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Means, and means with SDs, that whole steps of the scale cannot give for n people.

    A warning for whole numbers; a note for percentages of a sum, whose step changes when an item is left out.
    """
    for arm in arms:
        n, step = _people(arm), arm.exact_step
        if n is not None and step is not None and "mean" in arm.cells and arm.kind != "adjusted":
            yield from _granular(arm, n, step)  # a model's mean, adjusted, has no grain


def _granular(arm: ReportedArm, n: int, step: Fraction) -> Iterator[Issue]:
    low, high = (Fraction(str(limit)) for limit in _limits(arm, "mean"))
    mean, half = exact(arm.cells["mean"].text), arm.cells["mean"].half_unit
    box = (mean - half, mean + half)
    sums = possible_sums(box, n, low=low, step=step)
    if is_grim_informative(n, half, step) and not sums:
        below, above = grim_neighbours(mean, n, low=low, step=step)
        message = (
            f"{n} scores in steps of {float(step):.4g} cannot have the mean {arm.cells['mean'].text}; the nearest are "
            f"{float(below):.4f} and {float(above):.4f} (GRIM)."
        )
        remedy = (
            "Check mean and n: fewer people may have answered, items may have been left out, or a digit may be wrong."
        )
        yield finding(arm, "mean-not-granular", "mean", message, remedy, "warning" if step == 1 else "note")
    elif "sd" in arm.cells and arm.row.sd is not None and low <= mean <= high and len(sums) <= _MOST_SUMS:
        yield from _spread_of_steps(arm, box, n, low, high, step)


def _spread_of_steps(
    arm: ReportedArm, mean: tuple[Fraction, Fraction], n: int, low: Fraction, high: Fraction, step: Fraction
) -> Iterator[Issue]:
    """GRIMMER; DEBIT where the scale has two values."""
    text, half = arm.cells["sd"].text, arm.cells["sd"].half_unit
    sd = exact(text)
    largest = (high - low) / step
    remedy = "Check mean, SD and n: fewer people may have answered, or a digit may be wrong."
    if largest == 1:
        least, most = debit_sd(((mean[0] - low) / step, (mean[1] - low) / step), n)
        slack = float(half / step) * (1 + 1e-9)
        if not least - slack <= float(sd / step) <= most + slack:
            span = f"{least * float(step):.4g} to {most * float(step):.4g}"
            message = f"With two values, {n} people and this proportion the SD is {span}, not {text} (DEBIT)."
            yield finding(arm, "sd-not-granular", "sd", message, remedy, "warning")
        return
    whole = int(largest) if largest.denominator == 1 else None
    if not grimmer_possible(mean, (sd - half, sd + half), n, low=low, step=step, largest=whole):
        message = f"No {n} scores in steps of {float(step):.4g} have this mean and the SD {text} (GRIMMER)."
        yield finding(arm, "sd-not-granular", "sd", message, remedy, "warning" if step == 1 else "note")


def _people(arm: ReportedArm) -> int | None:
    n = arm.row.n
    return int(n) if n is not None and n.is_integer() and n > 1 else None
