"""Numbers that follow from others: change from post and pre, differences from means, intervals and p from SEs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, log, sqrt
from statistics import NormalDist

from physiohub.errors import Issue
from physiohub.prepare.plausibility.granularity import possible_sums
from physiohub.prepare.plausibility.reported import Reported, ReportedArm, ReportedContrast, exact, finding

__all__ = ["check_changes", "check_differences", "check_intervals", "check_p_values", "check_percentages"]

_Z95 = 1.96
_OFF_CENTRE = 0.1
"""Of the half-width: an interval further off its estimate was not made from it by a normal or t distribution."""
_DISAGREE = 1.5
"""Factor between two accounts of one standard error: t and normal quantiles differ by less from 4 df on."""


def check_changes(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Changes against the final and baseline means beside them; changes that lead off the scale."""
    finals = {(arm.row.study, arm.row.outcome, arm.row.weeks, arm.name): arm for arm in arms if arm.kind == "final"}
    for arm in arms:
        if arm.kind != "change" or arm.row.mean is None or arm.row.baseline_mean is None:
            continue
        final = finals.get((arm.row.study, arm.row.outcome, arm.row.weeks, arm.name))
        if final is not None and final.row.mean is not None:
            yield from _post_minus_pre(arm, final.row.mean, final.half_unit("mean"))
        elif arm.closed is not None:
            after = arm.row.baseline_mean + arm.row.mean
            slack = arm.half_unit("mean") + arm.half_unit("baseline_mean")
            if not arm.closed[0] - slack <= after <= arm.closed[1] + slack:
                message = (
                    f"From the baseline mean {arm.row.baseline_mean:g} a change of {arm.row.mean:g} leads to "
                    f"{after:g}, off the scale from {arm.closed[0]:g} to {arm.closed[1]:g}."
                )
                yield finding(
                    arm,
                    "change-off-scale",
                    "mean",
                    message,
                    "Check the sign, or whether it is a final value.",
                    "warning",
                )


def _post_minus_pre(arm: ReportedArm, post: float, rounding: float) -> Iterator[Issue]:
    change, pre = arm.row.mean or 0.0, arm.row.baseline_mean or 0.0
    slack = 1e-9 + rounding + arm.half_unit("mean") + arm.half_unit("baseline_mean")
    if abs(change - (post - pre)) <= slack:
        return
    turned = abs(change + (post - pre)) <= slack
    far = arm.mean_se is None or abs(change - (post - pre)) > arm.mean_se
    why = "It is the change with its sign turned." if turned else "Other people at the two times may explain a little."
    message = f"The change {change:g} is not post - pre = {post:g} - {pre:g} = {post - pre:.4g}. {why}"
    severity = "warning" if turned or far else "note"
    yield finding(arm, "change-contradicts-means", "mean", message, "Check the three means and their signs.", severity)  # type: ignore[arg-type]


def check_differences(arms: Sequence[ReportedArm], contrasts: Sequence[ReportedContrast]) -> Iterator[Issue]:
    """Mean differences against the means of their two arms, where both tables have them."""
    for one in contrasts:
        row = one.row
        beside = [a for a in arms if (a.row.study, a.row.outcome, a.row.weeks) == (row.study, row.outcome, row.weeks)]
        new, old = ([a for a in beside if a.row.treatment == name] for name in (row.treatment, row.versus))
        if len(new) == len(old) == 1 and (row.measure or "").upper() == "MD" and row.estimate is not None:
            yield from _difference(one, new[0], old[0])


def _difference(one: ReportedContrast, new: ReportedArm, old: ReportedArm) -> Iterator[Issue]:
    estimate, error = one.row.estimate, _error(one)
    if estimate is None or new.row.mean is None or old.row.mean is None or new.kind != old.kind:
        return
    made = new.row.mean - old.row.mean
    slack = 1e-9 + one.half_unit("estimate") + new.half_unit("mean") + old.half_unit("mean")
    if (one.row.value_type or "").casefold() == "adjusted":
        slack += 2 * (error[0] if error else abs(made))  # adjustment moves an estimate, within its error
    if abs(estimate - made) <= slack:
        return
    turned = abs(estimate + made) <= slack
    why = " The sign is turned." if turned else ""
    arithmetic = f"{new.row.mean:g} - {old.row.mean:g} = {made:.4g}"
    message = f"The estimate {estimate:g} is not the difference of the means, {arithmetic}.{why}"
    remedy = "Check which arm is subtracted, and both tables."
    yield finding(one, "estimate-contradicts-means", "estimate", message, remedy, "warning")


def check_percentages(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Percentages against counts: those typed beside them, or any whole count of the total (GRIM of a proportion)."""
    for arm in arms:
        percent, events, total = arm.row.percent, arm.row.events, arm.row.total or arm.row.n
        if percent is None or not total or not total.is_integer() or "percent" not in arm.cells:
            continue
        half = arm.cells["percent"].half_unit
        low, high = (exact(arm.cells["percent"].text) + sign * half for sign in (-1, 1))
        if events is not None:
            made = 100 * events / total
            if not low <= Fraction(events) * 100 / int(total) <= high:
                message = f"{events:g} of {total:g} are {made:.4g}%, not {percent:g}%."
                yield finding(
                    arm,
                    "percent-contradicts-count",
                    "percent",
                    message,
                    "Check count, total and percentage.",
                    "warning",
                )
        elif not possible_sums((low / 100, high / 100), int(total)):
            below = floor(percent * total / 100)
            near = f"{100 * below / total:.4g}% ({below}) and {100 * (below + 1) / total:.4g}% ({below + 1})"
            message = f"No whole number of {total:g} people is {percent:g}%; the nearest are {near}."
            remedy = "Check percentage and total: it may be of those who answered."
            yield finding(arm, "percent-not-granular", "percent", message, remedy, "warning")


@dataclass(frozen=True, slots=True)
class _Interval:
    centre: float
    low: float
    high: float
    rounding: float


def check_intervals(rows: Sequence[Reported]) -> Iterator[Issue]:
    """Intervals that are not centred on their estimate, or that SD and n, or the SE, contradict."""
    for one in rows:
        interval = _interval(one)
        if interval is None or not interval.low < interval.centre < interval.high:
            continue
        half = (interval.high - interval.low) / 2
        off = abs(interval.centre - (interval.high + interval.low) / 2)
        role = "mean" if isinstance(one, ReportedArm) else "estimate"
        if off > interval.rounding + _OFF_CENTRE * half:
            scale = " on the log scale" if _is_logged(one) else ""
            message = (
                f"The {role} lies {100 * off / half:.0f}% of the half-width off the middle of its interval{scale} "
                f"(named beyond {100 * _OFF_CENTRE:g}%)."
            )
            remedy = "Check the three numbers; a bootstrap or posterior interval need not be centred."
            yield finding(one, "interval-off-centre", role, message, remedy, "note")
        made = _made_error(one)
        implied = half / _Z95
        if made is not None and not 1 / _DISAGREE <= implied / made[0] <= _DISAGREE:
            message = f"The interval makes a standard error of {implied:.3g}, {made[1]} one of {made[0]:.3g}."
            yield finding(
                one, "interval-contradicts-se", "ci_low", message, "Check the interval, SD or SE, and n.", "warning"
            )


def _is_logged(one: Reported) -> bool:
    if isinstance(one, ReportedArm) or (one.row.scale or "").casefold() != "printed":
        return False
    return (one.row.measure or "").upper() not in ("", "MD", "SMD", "RD")


def _interval(one: Reported) -> _Interval | None:
    role = "mean" if isinstance(one, ReportedArm) else "estimate"
    centre, low, high = getattr(one.row, role), one.row.ci_low, one.row.ci_high
    if centre is None or low is None or high is None:
        return None
    rounding = one.half_unit(role) + (one.half_unit("ci_low") + one.half_unit("ci_high")) / 2
    if not _is_logged(one):
        return _Interval(centre, low, high, rounding + 1e-9)
    if min(centre, low, high) <= 0:
        return None
    spread = one.half_unit(role) / centre + (one.half_unit("ci_low") / low + one.half_unit("ci_high") / high) / 2
    return _Interval(log(centre), log(low), log(high), spread + 1e-9)


def _made_error(one: Reported) -> tuple[float, str] | None:
    """The standard error by another account than the interval, and which."""
    if one.row.se is not None:
        return one.row.se, "the cell"
    if isinstance(one, ReportedArm) and one.kind != "adjusted" and one.row.sd is not None and one.row.n is not None:
        return one.row.sd / sqrt(one.row.n), "SD / sqrt(n)"
    return None


def _error(one: ReportedContrast) -> tuple[float, str] | None:
    """The SE of a contrast, from its cell or its interval."""
    if one.row.se is not None:
        return (one.row.se, "se") if one.row.se > 0 else None
    interval = _interval(one)
    if interval is None or interval.high <= interval.low:
        return None
    return (interval.high - interval.low) / (2 * _Z95), "ci_low"


def check_p_values(contrasts: Sequence[ReportedContrast]) -> Iterator[Issue]:
    """P values that estimate and standard error contradict."""
    for one in contrasts:
        p, error = one.row.p, _error(one)
        if p is None or error is None or one.row.estimate is None or not 0.0005 < p < 1:
            continue  # "p < 0.001" is often typed as 0.001 or less
        estimate = log(one.row.estimate) if _is_logged(one) and one.row.estimate > 0 else one.row.estimate
        z = abs(estimate) / error[0]
        slack = one.half_unit("p")
        low, high = (NormalDist().inv_cdf(1 - min(max(q, 1e-12), 1.0) / 2) for q in (p + slack, max(p - slack, 1e-12)))
        if not low / _DISAGREE - 0.2 <= z <= high * _DISAGREE + 0.2:
            message = (
                f"Estimate over standard error is {z:.2f}, p = {p:g} stands for {NormalDist().inv_cdf(1 - p / 2):.2f}."
            )
            yield finding(
                one, "p-contradicts-se", "p", message, "Check estimate, standard error (or interval) and p.", "warning"
            )
