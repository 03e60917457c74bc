"""Studies from rows of contrasts: brought to the analysis scale, then put together with their covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

from physiohub.errors import DataError, Issue
from physiohub.measures.measure import MEASURES, Measure
from physiohub.network.cells import decimals
from physiohub.network.contrasts import Difference, combine_differences
from physiohub.network.read import Table
from physiohub.network.rows import ContrastRow
from physiohub.network.study import Arm, Conversion, Study
from physiohub.prepare.conversions import se_from_ci, standardise_contrast
from physiohub.prepare.differences import se_of_test

__all__ = ["contrast_study"]


def contrast_study(
    rows: Sequence[ContrastRow], table: Table, *, measure: Measure | None = None
) -> tuple[Study, tuple[Issue, ...]]:
    """The study that its rows of contrasts report, on the analysis scale.

    Where a row cannot be used the study has its arms and no contrasts, and an issue says why (those that
    `physiohub.network.validate` reports are not repeated).
    """
    study = rows[0].study
    # repeated rows are reported
    rows = list({repr(replace(row, row=0, slot=0)): row for row in reversed(rows)}.values())[::-1]
    results = [_difference(row, table, measure) for row in rows]
    issues = [result for result in results if isinstance(result, Issue)]
    effects = [result for result in results if isinstance(result, _Effect)]
    named = [row.versus for row in rows] + [row.treatment for row in rows]
    treatments = tuple(dict.fromkeys(name for name in named if name))
    contrasts = None
    if len(effects) == len(rows):
        combined = combine_differences(
            study,
            [effect.difference(row) for effect, row in zip(effects, rows, strict=True)],
            measure=measure.id if measure else _common_measure(rows),
            source="; ".join(dict.fromkeys(row.source for row in rows if row.source)) or None,
            conversions=tuple(conversion for effect in effects for conversion in effect.conversions),
        )
        treatments, contrasts = combined.treatments, combined.contrasts
        by_line = {row.row: row for row in rows}
        issues += [_with_cell(issue, table, by_line[issue.row or 0]) for issue in combined.issues]
    arms, contradictions = _arms(rows, treatments)
    return Study(id=study, arms=arms, contrasts=contrasts), (*issues, *contradictions)


def _common_measure(rows: Sequence[ContrastRow]) -> str | None:
    measures = {row.measure.strip().upper() for row in rows if row.measure}
    return measures.pop() if len(measures) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effect:
    """The numbers of one row on their way to the analysis scale."""

    estimate: float
    se: float | None
    low: float | None
    high: float | None
    baseline_se: float | None
    rounding: float
    conversions: tuple[Conversion, ...] = ()

    def difference(self, row: ContrastRow) -> Difference:
        return Difference(
            treatment=row.treatment,
            versus=row.versus or "",
            estimate=self.estimate,
            se=self.se or 0.0,
            baseline_se=self.baseline_se,
            rounding=self.rounding,
            row=row.row,
            file=row.file,
        )


def _difference(row: ContrastRow, table: Table, wanted: Measure | None) -> _Effect | Issue | None:
    """The row on the analysis scale; an issue says why it cannot be, None that its cells were reported already."""
    if row.estimate is None or not row.treatment or not row.versus:
        return None
    if row.se is not None and not row.se > 0:
        return None
    typed = table.cell(row.row, "estimate", row.slot)
    rounding = 0.0 if typed is None else 0.5 * 10.0 ** -decimals(typed)
    effect = _Effect(
        estimate=row.estimate,
        se=row.se,
        low=row.ci_low,
        high=row.ci_high,
        baseline_se=row.baseline_se,
        rounding=rounding,
    )
    for step in (_as_logs, _with_se, _as_wanted):
        result = step(effect, row, wanted)
        if isinstance(result, Issue):
            return replace(_with_cell(result, table, row), study=row.study, arm=row.treatment, file=row.file)
        effect = result
    return effect if effect.se is not None else None


def _with_cell(issue: Issue, table: Table, row: ContrastRow) -> Issue:
    """An issue whose column is a role, with the column as it is called and the cell as typed."""
    if issue.column is None:
        return issue
    column, value = table.column(issue.column, row.slot), table.cell(row.row, issue.column, row.slot)
    return replace(issue, row=row.row, column=column, value=value or "")


def _measure_of(row: ContrastRow, wanted: Measure | None) -> Measure | None:
    return MEASURES.get(row.measure.strip().upper()) if row.measure else wanted


def _as_logs(effect: _Effect, row: ContrastRow, wanted: Measure | None) -> _Effect | Issue:
    """The logs of a printed ratio and of its limits; a standard error beside a printed ratio could be of either."""
    if (row.scale or "").casefold() != "printed":
        return effect
    measure = _measure_of(row, wanted)
    if measure is None:
        message = "The scale is 'printed' and the measure is not said: a ratio is logged, a difference is not."
        return Issue("measure-missing", message, "Name the measure of the row.", column="measure")
    if not measure.ratio:
        return effect
    if effect.low is None or effect.high is None:
        message = f"A printed {measure.label} needs its confidence limits: the scale of its standard error is not told."
        return Issue("printed-se", message, "Give ci_low and ci_high, or log estimate and SE.", column="ci_low")
    if not min(effect.estimate, effect.low, effect.high) > 0:
        return Issue("ratio-not-positive", "A ratio and its limits lie above zero.", "Check them.", column="estimate")
    how = "log of the printed ratio; SE from the 95% confidence interval (normal)"
    return replace(
        effect,
        estimate=log(effect.estimate),
        se=None,
        low=log(effect.low),
        high=log(effect.high),
        rounding=effect.rounding / effect.estimate,
        conversions=(Conversion("log ratio", how, log(effect.estimate), (row.row,)),),
    )


def _with_se(effect: _Effect, row: ContrastRow, wanted: Measure | None) -> _Effect | Issue:
    """The SE from the interval, t, F or p; the quantiles are of t for an unadjusted MD with both n, else normal."""
    if effect.se is not None:
        return effect
    df = _degrees_of_freedom(row, _measure_of(row, wanted))
    if df is not None and not df > 0:
        return Issue("n-too-small", "Two participants have no spread.", "Check n.", column="n_treatment")
    if effect.low is not None and effect.high is not None:
        if not effect.low < effect.high:
            return effect  # reported with the row's cells
        se, trace = se_from_ci(effect.low, effect.high, df=df, rows=(row.row,))
    elif row.t_value is not None or row.f_value is not None or (row.p is not None and 0 < row.p <= 1):
        try:
            se, trace = se_of_test(replace(row, estimate=effect.estimate), df)
        except DataError as error:
            return error.issues[0]
    else:
        return effect
    return replace(effect, se=se, conversions=(*effect.conversions, trace))


def _degrees_of_freedom(row: ContrastRow, measure: Measure | None) -> float | None:
    unadjusted = measure is not None and measure.id == "MD" and (row.value_type or "").casefold() != "adjusted"
    if not unadjusted or row.n_treatment is None or row.n_versus is None:
        return None
    return row.n_treatment + row.n_versus - 2


def _as_wanted(effect: _Effect, row: ContrastRow, wanted: Measure | None) -> _Effect | Issue:
    """The measure asked for: a mean difference is standardised by its stated SD, any other is refused."""
    measure = _measure_of(row, None)
    if wanted is None or row.measure is None or measure == wanted or effect.se is None:
        return effect
    if wanted.id != "SMD" or measure is None or measure.id != "MD":
        message = f"The row reports {row.measure!r} where {wanted.id} is analysed."
        return Issue("measure-different", message, "Convert it, or leave the row out.", column="measure")
    if row.sd is None or not row.sd > 0:
        message = "A mean difference enters an analysis of SMD by the SD that standardises it."
        return Issue("sd-missing", message, "Give the SD and its source.", column="sd")
    source = row.notes or "as typed in the table"
    estimate, se, trace = standardise_contrast(effect.estimate, effect.se, row.sd, source=source, rows=(row.row,))
    return replace(
        effect,
        estimate=estimate,
        se=se,
        baseline_se=None if effect.baseline_se is None else effect.baseline_se / row.sd,
        rounding=effect.rounding / row.sd,
        conversions=(*effect.conversions, trace),
    )


def _arms(rows: Sequence[ContrastRow], treatments: Sequence[str]) -> tuple[tuple[Arm, ...], tuple[Issue, ...]]:
    """The arms of a study of contrasts, with n where its rows agree on it."""
    arms: list[Arm] = []
    issues: list[Issue] = []
    for treatment in treatments:
        lines = [row for row in rows if treatment in (row.treatment, row.versus)]
        sizes = {row.n_treatment if row.treatment == treatment else row.n_versus for row in lines} - {None}
        if len(sizes) > 1:
            values = ", ".join(f"{size:g}" for size in sorted(size for size in sizes if size is not None))
            message = f"The rows of the study give {treatment} different n ({values}); its n counts as not known."
            remedy = "Give the number of participants analysed, the same in every row."
            issue = Issue("n-contradictory", message, remedy, "warning", rows[0].study, treatment, lines[0].row)
            issues.append(replace(issue, file=lines[0].file))
        n = sizes.pop() if len(sizes) == 1 else None
        value_type = next((row.value_type.casefold() for row in lines if row.value_type), None)
        arms.append(Arm(treatment=treatment, n=n, value_type=value_type, rows=tuple(row.row for row in lines)))
    return tuple(arms), tuple(issues)
