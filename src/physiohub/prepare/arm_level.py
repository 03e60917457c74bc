"""Studies from rows of arms: spreads completed by rules with a trace, arms on one treatment kept, merged or refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from physiohub.errors import Issue
from physiohub.network.rows import ArmRow
from physiohub.network.study import Arm, Conversion
from physiohub.prepare.conversions import Scores, merge_arms, sd_from_se, se_from_ci

__all__ = ["Repeated", "arm_of", "settle_repeated"]

Repeated = Literal["keep", "merge", "refuse"]
"""What becomes of two arms of one study on one treatment."""


def arm_of(row: ArmRow) -> Arm:
    """The arm that a row reports; an SE made from a confidence interval and an SD made from an SE carry their trace.

    Cells that break a rule of `physiohub.network.validate` are passed on as they are, unconverted.

    Examples
    --------
    >>> row = ArmRow(file=None, row=2, study="Kim 2017", treatment="active", n=20, mean=24.0, ci_low=16.1, ci_high=31.9)
    >>> arm = arm_of(row)
    >>> round(arm.se, 3), [conversion.what for conversion in arm.conversions]
    (3.774, ['se', 'sd'])
    """
    arm = Arm(
        treatment=row.treatment,
        label=row.arm or "",
        n=row.n,
        mean=row.mean,
        sd=row.sd,
        se=row.se,
        events=row.events,
        total=row.total,
        exposure=row.exposure,
        time=row.time,
        categories=row.categories,
        value_type=None if row.value_type is None else row.value_type.casefold(),
        rows=(row.row,),
        source=row.source,
        conversions=row.conversions,
        randomised=row.n_randomised,
    )
    return _with_sd(_with_se(arm, row))


def _with_se(arm: Arm, row: ArmRow) -> Arm:
    """The SE from the confidence interval, where neither an SE nor SD and n tell it."""
    told = arm.se is not None or (arm.sd is not None and arm.n is not None)
    if told or row.ci_low is None or row.ci_high is None or not row.ci_low < row.ci_high:
        return arm
    if arm.n is not None and arm.n < 2:
        return arm
    df = None if arm.n is None or arm.value_type == "adjusted" else arm.n - 1
    se, trace = se_from_ci(row.ci_low, row.ci_high, df=df, rows=arm.rows)
    return replace(arm, se=se, conversions=(*arm.conversions, trace))


def _with_sd(arm: Arm) -> Arm:
    """The SD from SE and n; never for an adjusted mean, whose SE is its model's."""
    if arm.sd is not None or arm.se is None or arm.n is None or arm.value_type == "adjusted":
        return arm
    if not (arm.se > 0 and arm.n > 0):
        return arm
    sd, trace = sd_from_se(arm.se, arm.n, rows=arm.rows)
    return replace(arm, sd=sd, conversions=(*arm.conversions, trace))


def settle_repeated(
    study: str, arms: Sequence[Arm], repeated: Repeated, *, file: str | None = None
) -> tuple[tuple[Arm, ...], tuple[Issue, ...]]:
    """The arms of a study after what was asked for those on one treatment; an issue says what was done.

    Examples
    --------
    >>> arms = [Arm(treatment="A", events=1, total=10), Arm(treatment="B", events=2, total=12),
    ...         Arm(treatment="B", events=3, total=11)]
    >>> merged, issues = settle_repeated("London", arms, "merge")
    >>> merged[1].events, merged[1].total, issues[0].severity
    (5, 23, 'note')
    """
    settled: list[Arm] = []
    issues: list[Issue] = []
    for treatment in dict.fromkeys(arm.treatment for arm in arms):
        group = [arm for arm in arms if arm.treatment == treatment]
        if len(group) == 1 or not treatment:
            settled += group
            continue
        kept, issue = _settle(group, repeated)
        settled += kept
        row = min((row for arm in group for row in arm.rows), default=None)
        issues.append(replace(issue, study=study, arm=treatment, row=row, file=file))
    return tuple(settled), tuple(issues)


def _settle(group: Sequence[Arm], repeated: Repeated) -> tuple[Sequence[Arm], Issue]:
    count, treatment = len(group), group[0].treatment
    if repeated == "refuse":
        message = f"{count} arms of the study are on {treatment}."
        return group, Issue("arms-repeated", message, "Keep them as arms of their own, or merge them.")
    if repeated == "keep":
        return group, Issue("arms-kept", f"{count} arms on {treatment} are kept as arms of their own.", severity="note")
    try:
        merged = _merged(group)
    except ValueError as error:
        message = f"The {count} arms on {treatment} cannot be merged: {error}."
        return group, Issue("arms-not-merged", message, "Complete the cells, or keep the arms.")
    return [merged], Issue("arms-merged", f"{count} arms on {treatment} are merged into one.", severity="note")


def _merged(group: Sequence[Arm]) -> Arm:
    """One arm: means by the Cochrane formula, counts and exposures added up."""
    for name in ("time", "value_type", "sd_external"):
        if len({getattr(arm, name) for arm in group}) > 1:
            raise ValueError(f"their {name.replace('_', ' ')} differs")
    rows = tuple(row for arm in group for row in arm.rows)
    conversions = [conversion for arm in group for conversion in arm.conversions]
    merged = replace(
        group[0],
        label=" + ".join(arm.label for arm in group if arm.label),
        n=_sum(arm.n for arm in group),
        events=_sum(arm.events for arm in group),
        total=_sum(arm.total for arm in group),
        exposure=_sum(arm.exposure for arm in group),
        categories=_summed_categories(group),
        randomised=_sum(arm.randomised for arm in group),
        rows=rows,
    )
    if any(arm.mean is not None for arm in group):
        scores, trace = _merged_scores(group, rows)
        conversions.append(trace)
        merged = replace(merged, n=scores.n, mean=scores.mean, sd=scores.sd, se=scores.se)
    else:
        how = f"{len(group)} arms merged: counts added up"
        conversions.append(Conversion("merged arm", how, merged.events, rows))
    return replace(merged, conversions=tuple(conversions))


def _merged_scores(group: Sequence[Arm], rows: tuple[int, ...]) -> tuple[Scores, Conversion]:
    scores = [
        Scores(mean=arm.mean, n=arm.n, sd=arm.sd, se=arm.se)
        for arm in group
        if arm.mean is not None and arm.n is not None and arm.n > 0
    ]
    if len(scores) < len(group):
        raise ValueError("arms are merged from n, mean and SD or SE of each")
    return merge_arms(scores, rows=rows)


def _sum(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return None if any(value is None for value in known) else sum(value for value in known if value is not None)


def _summed_categories(group: Sequence[Arm]) -> tuple[float | None, ...]:
    """Counts by category; arms that merged different categories cannot be added up."""
    if len({tuple(count is None for count in arm.categories) for arm in group}) > 1:
        raise ValueError("they report different categories")
    return tuple(_sum(counts) for counts in zip(*(arm.categories for arm in group), strict=True))
