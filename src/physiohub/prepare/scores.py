"""The arms of one study on one scale: SEs and SDs made, ranges moved, arms merged, SMDs given their denominator.

What a study's SMD is divided by is decided here, in this order: the trial's own raw SDs (of final scores, also under
change scores, when the protocol says so), its baseline SDs, a fixed SD of the instrument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from physiohub.errors import DataError, Issue
from physiohub.network.rows import ArmRow
from physiohub.network.study import Arm, Conversion
from physiohub.prepare.conversions import Scores, merge_arms, rescale, sd_from_se
from physiohub.prepare.instruments import Instrument, Registry
from physiohub.prepare.protocol import OutcomeProtocol
from physiohub.prepare.scale import row_issue, scale_of, se_of_interval

__all__ = ["arms_of", "repeated_issue"]


@dataclass(frozen=True, slots=True)
class _Measured:
    """An arm on its way: the row it came from, its scores, and how they were made."""

    row: ArmRow
    treatment: str
    label: str
    scores: Scores
    trace: tuple[Conversion, ...]
    rows: tuple[int, ...]
    randomised: float | None

    def with_scores(self, scores: Scores, *trace: Conversion) -> _Measured:
        return replace(self, scores=scores, trace=(*self.trace, *trace))


def arms_of(
    rows: Sequence[ArmRow], protocol: OutcomeProtocol, registry: Registry, merge: Mapping[str, str]
) -> tuple[Arm, ...]:
    """The arms of one study for an outcome measured by scores.

    Parameters
    ----------
    rows
        Selected rows of one study: one time point, one kind of value, one instrument.
    merge
        Treatment -> the one that it counts as.

    Raises
    ------
    DataError
        With every problem of these rows.
    """
    issues: list[Issue] = []
    measured = []
    for row in rows:
        try:
            measured.append(_measured(row, protocol, registry, merge))
        except DataError as error:
            issues += error.issues
    if issues:
        raise DataError(issues)
    arms = _repeated_arms(measured, protocol)
    if protocol.measure == "SMD":
        scale = scale_of(rows[0], protocol, registry)
        return _with_denominator(arms, protocol, scale.instrument if scale else None)
    return tuple(_arm(one) for one in arms)


def _measured(row: ArmRow, protocol: OutcomeProtocol, registry: Registry, merge: Mapping[str, str]) -> _Measured:
    if row.mean is None:
        remedy = "Give the mean, or a median with q1 and q3 or min and max; or exclude the study with a reason."
        raise DataError([row_issue(row, "mean-missing", "The arm has no mean.", remedy, "mean")])
    se, trace = _standard_error(row)
    scores = Scores(mean=row.mean, n=row.n, sd=row.sd, se=se, baseline_sd=row.baseline_sd)
    treatment = merge.get(row.treatment, row.treatment)
    trace = (*row.conversions, *trace)
    one = _Measured(row, treatment, row.arm or row.treatment, scores, trace, (row.row,), row.n_randomised)
    if protocol.measure == "SMD" and row.sd is None and se is not None and row.n and row.value_type != "adjusted":
        sd, made = sd_from_se(se, row.n, rows=one.rows)
        one = one.with_scores(replace(scores, sd=sd), made)
    if one.scores.standard_error is None:
        if row.value_type == "change":
            remedy = "Give sd and n, se, or ci_low and ci_high; or baseline_sd and final_sd, and change_correlation."
        else:
            remedy = "Give sd and n, se, or ci_low and ci_high; or state a rule: missing_sd."
        raise DataError([row_issue(row, "spread-missing", "The mean has no standard error.", remedy, "se")])
    if protocol.measure == "SMD" and protocol.denominator == "final" and row.value_type == "change":
        one = _over_final_sd(one)
    scale = scale_of(row, protocol, registry)
    if scale is None or not scale.moves:
        return one
    change = row.value_type == "change"
    moved, made = rescale(one.scores, scale.printed, scale.target, change=change, flip=scale.flip, rows=one.rows)
    return one.with_scores(moved, made)


def _over_final_sd(one: _Measured) -> _Measured:
    """A change score with its own standard error and the SD of the final scores, where that is known."""
    scores = replace(one.scores, sd=one.row.final_sd, se=one.scores.standard_error)
    if scores.sd is None:
        return one.with_scores(scores)
    how = "SD of the final scores under the change score, by the protocol"
    return one.with_scores(scores, Conversion("denominator", how, scores.sd, one.rows))


def _standard_error(row: ArmRow) -> tuple[float | None, tuple[Conversion, ...]]:
    """The row's own SE, else from its confidence interval; None when it has neither."""
    if row.se is not None or row.ci_low is None or row.ci_high is None:
        return row.se, ()
    df = None if row.value_type == "adjusted" or row.n is None else row.n - 1
    return se_of_interval(row, row.ci_low, row.ci_high, df)


def _repeated_arms(measured: Sequence[_Measured], protocol: OutcomeProtocol) -> list[_Measured]:
    """Arms on one treatment merged or kept, as the protocol says."""
    groups: dict[str, list[_Measured]] = {}
    for one in measured:
        groups.setdefault(one.treatment, []).append(one)
    rule = protocol.repeated_arms or protocol.model.repeated_arms
    arms: list[_Measured] = []
    for treatment, group in groups.items():
        if len(group) > 1 and rule not in ("merge", "keep"):
            raise DataError([repeated_issue(group[0].row, [one.label for one in group], treatment, rule)])
        arms += [_merged(group)] if len(group) > 1 and rule == "merge" else group
    return arms


def repeated_issue(row: ArmRow, labels: Sequence[str], treatment: str, rule: str | None) -> Issue:
    """The issue for arms on one treatment that the protocol refuses, or says nothing of."""
    why = "the protocol refuses that" if rule == "refuse" else "the protocol does not say what becomes of them"
    message = f"{len(labels)} arms are on {treatment!r} ({', '.join(labels)}), and {why}."
    remedy = (
        'Set repeated_arms = "merge" (Cochrane formula) or "keep" on the outcome or in [model], or exclude the study.'
    )
    return row_issue(row, "arms-repeated", message, remedy)


def _merged(group: Sequence[_Measured]) -> _Measured:
    rows = tuple(row for one in group for row in one.rows)
    try:
        scores, made = merge_arms([one.scores for one in group], rows=rows)
    except ValueError as error:
        remedy = "Fill in n, and sd or se, of each."
        raise DataError([row_issue(group[0].row, "arms-not-mergeable", f"{error}.", remedy, "n")]) from None
    trace = tuple(step for one in group for step in one.trace)
    known = [one.randomised for one in group if one.randomised is not None]
    return replace(
        group[0],
        label=" + ".join(one.label for one in group),
        scores=scores,
        trace=(*trace, made),
        rows=rows,
        randomised=sum(known) if len(known) == len(group) else None,
    )


def _with_denominator(
    arms: Sequence[_Measured], protocol: OutcomeProtocol, instrument: Instrument | None
) -> tuple[Arm, ...]:
    """Arms with what their differences are divided by: raw SDs, else baseline SDs, else the instrument's usual SD."""
    if protocol.denominator != "instrument":
        if all(one.scores.sd is not None for one in arms):
            return tuple(_arm(one) for one in arms)
        if all(one.scores.baseline_sd is not None for one in arms):
            return tuple(_by_baseline(one) for one in arms)
    why = (
        "by the protocol" if protocol.denominator == "instrument" else "the trial reports no SD of scores in every arm"
    )
    if instrument is None or instrument.usual_sd is None:
        message = "A standardised difference needs an SD: the study has none in every arm and no usual SD is recorded."
        remedy = "Give sd, baseline_sd, or usual_sd with its source under [[instruments]]."
        raise DataError([row_issue(arms[0].row, "sd-missing", message, remedy, "sd")])
    how = f"the usual SD of {instrument.label}, a fixed number ({why})"
    trace = Conversion("denominator", how, instrument.usual_sd, arms[0].rows)
    return tuple(
        _arm(one.with_scores(one.scores, *([trace] if k == 0 else [])), external=instrument.usual_sd)
        for k, one in enumerate(arms)
    )


def _by_baseline(one: _Measured) -> Arm:
    trace = Conversion(
        "denominator", "baseline SD of the arm in place of a follow-up SD", one.scores.baseline_sd, one.rows
    )
    scores = replace(one.scores, sd=one.scores.baseline_sd, se=one.scores.standard_error)
    return _arm(one.with_scores(scores, trace))


def _arm(one: _Measured, *, external: float | None = None) -> Arm:
    return Arm(
        treatment=one.treatment,
        label=one.label,
        n=one.scores.n,
        mean=one.scores.mean,
        sd=one.scores.sd,
        se=one.scores.se,
        sd_external=external,
        value_type=one.row.value_type,
        rows=one.rows,
        source=one.row.source,
        conversions=one.trace,
        randomised=one.randomised,
    )
