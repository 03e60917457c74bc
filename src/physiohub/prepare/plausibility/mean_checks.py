"""Do the means of a trial belong together? Factors of ten, implausible effects, and changes the wrong way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import sqrt
from statistics import median

from physiohub.errors import Issue
from physiohub.prepare.plausibility.reported import ReportedArm, finding, groups_of
from physiohub.prepare.plausibility.thresholds import (
    DIRECTION_Z,
    FEWEST_OTHERS,
    RARE_Z,
    SAME_SIGN,
    SD_RATIO,
    SMD_LARGE,
    TENFOLD,
)  # fmt: skip

__all__ = ["check_direction", "check_large_effects", "check_tenfold_means"]


def check_tenfold_means(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Means of one trial that differ by a factor of about ten, and by more than an SD: arms, times, baseline."""
    for group in groups_of(arms):
        for first, second in combinations(group, 2):
            if _is_tenfold(first.row.mean, second.row.mean, _together(first, second)):
                yield _tenfold(*_odd_one(first, second, arms))
    for arm in arms:
        sd = max(arm.row.sd or 0.0, arm.row.baseline_sd or 0.0)
        if arm.kind != "change" and _sd_tells_no_recovery(arm) and _is_tenfold(arm.row.baseline_mean, arm.row.mean, sd):
            message = (
                f"The mean {arm.row.mean:g} and the baseline mean {arm.row.baseline_mean:g} differ by a factor of "
                "about ten, and its SD is not what recovery makes of it."
            )
            remedy = "Look for a lost or added digit, and for a scale of another length (0-10 beside 0-100)."
            yield finding(arm, "mean-tenfold", "mean", message, remedy, "warning")


def _sd_tells_no_recovery(arm: ReportedArm) -> bool:
    """Whether the SD stayed as it was at baseline, or changed tenfold too: recovery brings it down in between.

    Without both SDs nothing speaks against a slip.
    """
    if arm.row.sd is None or arm.row.baseline_sd is None:
        return True
    ratio = max(arm.row.sd / arm.row.baseline_sd, arm.row.baseline_sd / arm.row.sd)
    return ratio < SD_RATIO or ratio > TENFOLD[0]


def _is_tenfold(one: float | None, other: float | None, sd: float | None) -> bool:
    if one is None or other is None or not sd or one * other <= 0:
        return False
    ratio = max(abs(one / other), abs(other / one))
    return TENFOLD[0] <= ratio <= TENFOLD[1] and abs(one - other) > sd


def _together(first: ReportedArm, second: ReportedArm) -> float | None:
    """Root mean square of two SDs: an arm whose SD is on the wrong scale does not hide itself."""
    if first.sd is None or second.sd is None:
        return None
    return sqrt((first.sd**2 + second.sd**2) / 2)


def _odd_one(first: ReportedArm, second: ReportedArm, arms: Sequence[ReportedArm]) -> tuple[ReportedArm, ReportedArm]:
    """Of two arms the one further from the other means on this scale, then the other."""
    same = [a for a in arms if a.measured == first.measured and a.kind == first.kind and a not in (first, second)]
    means = [abs(arm.row.mean) for arm in same if arm.row.mean]
    if not means:
        return first, second
    middle = median(means)

    def off(arm: ReportedArm) -> float:
        size = abs(arm.row.mean or 0.0)
        return max(size / middle, middle / size) if size else 0.0

    return (first, second) if off(first) >= off(second) else (second, first)


def _tenfold(odd: ReportedArm, other: ReportedArm) -> Issue:
    message = (
        f"The mean {odd.row.mean:g} and that of {other.name}, {other.row.mean:g}, differ by a factor of about ten "
        "and by more than one SD."
    )
    remedy = "Look for a lost or added digit, and for a scale of another length (0-10 beside 0-100)."
    return finding(odd, "mean-tenfold", "mean", message, remedy, "warning")


def check_large_effects(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Arms whose means lie more SDs apart than treatments put them; an adjusted mean's SE times sqrt(n) serves too."""
    for group in groups_of(arms):
        for first, second in combinations(group, 2):
            pooled = _pooled(first, second)
            if pooled is None or first.row.mean is None or second.row.mean is None:
                continue
            smd = (first.row.mean - second.row.mean) / pooled
            if abs(smd) > SMD_LARGE:
                message = (
                    f"The mean {first.row.mean:g} and that of {second.name}, {second.row.mean:g}, lie {abs(smd):.1f} "
                    f"SDs ({pooled:.3g}) apart (named beyond {SMD_LARGE:g})."
                )
                remedy = "Check both means, their signs and scales, and whether the SDs are standard errors."
                yield finding(first, "effect-large", "mean", message, remedy, "warning")


def _pooled(first: ReportedArm, second: ReportedArm) -> float | None:
    found = [arm.sd or ((arm.mean_se or 0.0) * sqrt(arm.row.n or 0.0)) or None for arm in (first, second)]
    if found[0] is None or found[1] is None:
        return None
    weights = [max((arm.row.n or 2.0) - 1, 1.0) for arm in (first, second)]
    return sqrt((weights[0] * found[0] ** 2 + weights[1] * found[1] ** 2) / sum(weights))


# -- signs ------------------------------------------------------------------------------------------------------------


def check_direction(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Means with a sign that is not expected: changes that worsen, negative scores among positive ones.

    A change is expected to improve, by the direction of the instrument or of the question; and any mean to have the
    sign that nearly all means of the other studies have. Both together, or the second alone, make a warning.
    """
    for arm in arms:
        mean, error = arm.row.mean, arm.mean_se
        if not mean or error is None or abs(mean) < DIRECTION_Z * error:
            continue
        against_others = _against_others(arm, arms)
        worse = _worsens(arm)
        if against_others is not None:
            words = f"{against_others}{' It is a change for the worse.' if worse else ''}"
            remedy = "Check the sign: a printed improvement may have been entered as it stands, or turned twice."
            yield finding(arm, "sign-unlike-others", "mean", words, remedy, "warning")
        elif worse and abs(mean) > RARE_Z * error:
            message = (
                f"A change of {mean:g} (SE {error:.2g}) is one for the worse where {arm.better} values are better."
            )
            yield finding(arm, "change-for-worse", "mean", message, "Check the sign.", "note")


def _worsens(arm: ReportedArm) -> bool:
    if arm.kind != "change" or arm.better is None or arm.row.mean is None:
        return False
    return (arm.row.mean > 0) == (arm.better == "lower")


def _against_others(arm: ReportedArm, arms: Sequence[ReportedArm]) -> str | None:
    """In words, how the sign of the mean differs from those of the other arms on this scale; None when it does not."""
    same = [one for one in arms if one.measured == arm.measured and one.kind == arm.kind and one is not arm]
    means = [one.row.mean for one in same if one.row.mean]
    studies = {one.row.study for one in same if one.row.mean} - {arm.row.study}
    alike = sum((mean > 0) == ((arm.row.mean or 0.0) > 0) for mean in means)
    if len(studies) < FEWEST_OTHERS or alike > (1 - SAME_SIGN) * len(means):
        return None
    sign = "positive" if (arm.row.mean or 0.0) > 0 else "negative"
    return (
        f"The mean {arm.row.mean:g} is {sign}, {len(means) - alike} of {len(means)} other means on this scale are not "
        f"(named from {100 * SAME_SIGN:g}%)."
    )
