"""Trials and arms that repeat each other, names that are one, arms that randomisation would not have made."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from math import log, sqrt

from physiohub.errors import Issue
from physiohub.prepare.plausibility.reported import Reported, ReportedArm, ReportedContrast, finding, groups_of
from physiohub.prepare.plausibility.thresholds import (
    ALLOCATION_RATIO,
    BASELINE_DIFFERENCE,
    BASELINE_Z,
    ODDS_RATIO,
    RARE_Z,
)

__all__ = [
    "check_allocation",
    "check_baseline",
    "check_identical_arms",
    "check_large_odds_ratios",
    "check_repeated_contrasts",
    "check_repeated_trials",
    "check_study_names",
]

_DIGITS = 3
"""Significant digits that the numbers of an arm must have together before chance is no explanation."""


def check_identical_arms(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Arms of one trial with the same mean and SD, and the same arm with the same numbers at two times."""
    for group in groups_of(arms):
        seen: dict[object, ReportedArm] = {}
        for arm in group:
            key = _scores(arm)
            first = seen.setdefault(key, arm) if key is not None else arm
            if first is not arm:
                message = f"Mean and spread are those of {first.name} (row {first.row.row}), digit by digit."
                yield finding(arm, "arms-identical", "mean", message, "Check that a row was not copied.", "warning")
    seen_times: dict[object, ReportedArm] = {}
    for arm in arms:
        key = _scores(arm)
        if key is None:
            continue
        first = seen_times.setdefault((arm.row.study, arm.row.outcome, arm.name, arm.kind, key), arm)
        if first.row.weeks != arm.row.weeks:
            message = f"Mean and spread are those of row {first.row.row}, at another time, digit by digit."
            yield finding(arm, "times-identical", "mean", message, "Check that a row was not copied.", "warning")


def _scores(arm: ReportedArm) -> tuple[float, ...] | None:
    """Mean and spread of an arm, when they have digits enough to be a fingerprint."""
    row = arm.row
    spread = next((cell for cell in (row.sd, row.se, row.ci_low) if cell is not None), None)
    if row.mean is None or spread is None or _digits(row.mean) + _digits(spread) < _DIGITS:
        return None
    return (row.mean, spread) if row.ci_high is None else (row.mean, spread, row.ci_high)


def _digits(value: float) -> int:
    """Significant digits of a number.

    Examples
    --------
    >>> _digits(0.45), _digits(12.0), _digits(-3.10)
    (2, 2, 2)
    """
    return len(f"{abs(value):.12g}".replace(".", "").lstrip("0"))


def _fingerprint(arm: ReportedArm) -> tuple[object, ...] | None:
    """Every number of an arm's result; None for a result that chance repeats."""
    row = arm.row
    if (scores := _scores(arm)) is not None:
        return ("scores", *scores, row.n)
    if row.events is not None and row.total is not None and row.events >= 1 and row.total >= 10:
        return "counts", row.events, row.total
    if row.events is not None and row.exposure is not None and row.events >= 1:
        return "rates", row.events, row.exposure
    return None


def check_repeated_trials(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Two studies that share the numbers of two or more arms of one outcome: one trial under two names."""
    holders: dict[object, dict[str, ReportedArm]] = defaultdict(dict)
    for arm in arms:
        mark = _fingerprint(arm)
        if mark is not None:
            holders[arm.row.outcome, arm.row.treatment, mark].setdefault(arm.row.study, arm)
    shared: dict[tuple[str, str], list[ReportedArm]] = defaultdict(list)
    for studies in holders.values():
        for first, second in combinations(studies, 2):
            shared[first, second].append(studies[second])
    for (first, _), same in shared.items():
        if len(same) > 1:
            message = f"{len(same)} arms have the numbers of {first}, digit by digit."
            yield finding(
                same[0], "trial-repeated", "study", message, "Keep one of the two, if they are one trial.", "warning"
            )


def check_repeated_contrasts(contrasts: Sequence[ReportedContrast]) -> Iterator[Issue]:
    """Two studies with the same estimate and standard error between the same treatments."""
    seen: dict[object, ReportedContrast] = {}
    for one in contrasts:
        row = one.row
        spread = row.se if row.se is not None else row.ci_low
        if row.estimate is None or spread is None or _digits(row.estimate) + _digits(spread) < _DIGITS + 1:
            continue
        key = (one.measured, row.treatment, row.versus, row.weeks, row.estimate, spread)
        first = seen.setdefault(key, one)
        if first.row.study != row.study:
            message = f"Estimate and spread are those of {first.row.study}, digit by digit."
            yield finding(
                one, "trial-repeated", "study", message, "Keep one of the two, if they are one trial.", "warning"
            )


def check_study_names(rows: Iterable[Reported]) -> Iterator[Issue]:
    """Names that differ only in case, blanks and punctuation."""
    seen: dict[str, Reported] = {}
    for one in rows:
        plain = re.sub(r"[\W_]+", "", one.row.study).casefold()
        first = seen.setdefault(plain or one.row.study, one)
        if first.row.study != one.row.study:
            message = f"{one.row.study!r} and {first.row.study!r} differ only in case, blanks or punctuation."
            remedy = "Spell the name of a study in one way; two studies need names that a reader can tell apart."
            yield finding(one, "study-names-alike", "study", message, remedy, "warning")


# -- what randomisation makes -----------------------------------------------------------------------------------------


def check_baseline(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Standardised differences at baseline, with their sampling error; once for each pair of arms and outcome."""
    for group in groups_of(arms):
        known = [arm for arm in group if arm.row.baseline_mean is not None and arm.row.baseline_sd and arm.row.n]
        for first, second in combinations(known, 2):
            yield from _imbalance(first, second)


def _imbalance(first: ReportedArm, second: ReportedArm) -> Iterator[Issue]:
    (m1, s1, n1), (m2, s2, n2) = (
        (arm.row.baseline_mean or 0.0, arm.row.baseline_sd or 0.0, arm.row.n or 0.0) for arm in (first, second)
    )
    pooled = sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / max(n1 + n2 - 2, 1.0))
    if not pooled:
        return
    difference, error = (m1 - m2) / pooled, sqrt(1 / n1 + 1 / n2)
    if abs(difference) <= BASELINE_DIFFERENCE:
        return
    z = abs(difference) / error
    chance = "more than chance lets randomised arms differ" if z > BASELINE_Z else "which chance can do"
    message = (
        f"At baseline {m1:g} and, in {second.name}, {m2:g}: {abs(difference):.2f} SDs apart, {z:.1f} times the "
        f"sampling error of {error:.2f}, {chance} (named beyond {BASELINE_DIFFERENCE:g} SDs)."
    )
    remedy = "Check the cells; prefer a result adjusted for the baseline."
    yield finding(first, "baseline-differs", "baseline_mean", message, remedy, "warning" if z > BASELINE_Z else "note")


def check_allocation(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Arms of very different size."""
    for group in groups_of(arms):
        sizes = [(arm.row.n if arm.row.n is not None else arm.row.total or 0.0, arm) for arm in group]
        sizes = [(size, arm) for size, arm in sizes if size > 0]
        if len(sizes) < 2:
            continue
        (least, small), (most, large) = min(sizes, key=lambda s: s[0]), max(sizes, key=lambda s: s[0])
        if most > ALLOCATION_RATIO * least:
            role = "n" if small.row.n is not None else "total"
            message = (
                f"{least:g} people here and {most:g} in {large.name}: a ratio of {most / least:.1f} (named beyond "
                f"{ALLOCATION_RATIO:g})."
            )
            yield finding(small, "allocation-unequal", role, message, "Check both numbers for a lost digit.", "note")


def check_large_odds_ratios(arms: Sequence[ReportedArm]) -> Iterator[Issue]:
    """Odds ratios between arms that are beyond what treatments do, and beyond chance."""
    for group in groups_of(arms):
        for first, second in combinations(group, 2):
            found = _log_odds_ratio(first, second)
            if found is None or abs(found[0]) < log(ODDS_RATIO) or abs(found[0]) < RARE_Z * found[1]:
                continue
            (e1, t1), (e2, t2) = ((arm.row.events, arm.row.total) for arm in (first, second))
            counts = f"{e1:g} of {t1:g} here and {e2:g} of {t2:g} in {second.name}"
            message = f"{counts}: the odds differ more than {ODDS_RATIO:g}-fold."
            remedy = "Check all four numbers, and that both arms count the same event."
            yield finding(first, "odds-ratio-large", "events", message, remedy, "warning")


def _log_odds_ratio(first: ReportedArm, second: ReportedArm) -> tuple[float, float] | None:
    """Log odds ratio with half an event and half a non-event added, and its SE (Woolf 1955, Haldane 1956)."""
    cells = []
    for arm in (first, second):
        events, total = arm.row.events, arm.row.total
        if events is None or total is None or not 0 <= events <= total:
            return None
        cells += [events + 0.5, total - events + 0.5]
    a, b, c, d = cells
    return log(a * d / (b * c)), sqrt(1 / a + 1 / b + 1 / c + 1 / d)
