"""The cells of one row of an arm that follow from its other cells: n, events, mean and SD.

A row comes out with more cells and with the trace of each; what its author typed is never changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log, sqrt

from physiohub.errors import Issue, Severity
from physiohub.network.cells import decimals
from physiohub.network.rows import ArmRow
from physiohub.network.study import Conversion
from physiohub.prepare.conversions import (
    Quantiles,
    events_from_percent,
    geometric_from_logs,
    mean_from_quantiles,
    raw_from_logs,
    sd_from_quantiles,
    se_from_ci,
    skewness,
)
from physiohub.prepare.protocol import Medians
from physiohub.prepare.scale import row_issue

__all__ = ["TRANSFORMATIONS", "Completed", "completed", "raw_sd"]

TRANSFORMATIONS = ("none", "log", "geometric")
"""What the means of a row are: of the scores, of their natural logs, or geometric means of the scores."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A row with the cells that follow from others, and what is to be said of them."""

    row: ArmRow
    issues: tuple[Issue, ...] = ()

    def then(self, step: Callable[[ArmRow], Completed]) -> Completed:
        """The next step, with the issues of both."""
        after = step(self.row)
        return Completed(after.row, (*self.issues, *after.issues))


def completed(row: ArmRow, *, medians: Medians = "convert", measure: str | None = None) -> Completed:
    """A row with its n, events, mean and SD, as far as they follow from what it reports.

    Parameters
    ----------
    medians
        Whether medians become means; see `OutcomeProtocol`.
    measure
        What the row serves: means of logs serve a ratio of means as geometric means, and a difference by their
        log-normal mean and SD.

    Examples
    --------
    >>> row = ArmRow(file=None, row=2, study="Kim", treatment="active", n=40, median=30, q1=20, q3=44)
    >>> done = completed(row)
    >>> round(done.row.mean, 2), round(done.row.sd, 2), [issue.rule for issue in done.issues]
    (31.42, 18.45, ['median-converted'])
    """
    done = Completed(row).then(_sizes).then(_events)
    return done.then(lambda one: _from_median(one, medians)).then(lambda one: _from_logs(one, measure))


def raw_sd(row: ArmRow) -> float | None:
    """SD of the individual scores of a row: its own, else from the SE or interval of an unadjusted mean.

    Examples
    --------
    >>> raw_sd(ArmRow(file=None, row=2, study="Kim", treatment="active", n=25, mean=3.0, se=2.0))
    10.0
    """
    if row.sd is not None or row.n is None or (row.value_type or "").casefold() == "adjusted":
        return row.sd
    se = row.se
    if se is None and row.n > 1 and row.ci_low is not None and row.ci_high is not None and row.ci_low < row.ci_high:
        se, _ = se_from_ci(row.ci_low, row.ci_high, df=row.n - 1)
    return None if se is None or not (se > 0 and row.n > 0) else se * sqrt(row.n)


def _said(row: ArmRow, rule: str, message: str, remedy: str, column: str, severity: Severity = "error") -> Completed:
    return Completed(row, (row_issue(row, rule, message, remedy, column, severity),))


def _made(row: ArmRow, *made: Conversion, **cells: float | None) -> ArmRow:
    return replace(row, **cells, conversions=(*row.conversions, *made))  # type: ignore[arg-type]


# -- people -----------------------------------------------------------------------------------------------------------


def _sizes(row: ArmRow) -> Completed:
    """People randomised, from those analysed and those lost, or people analysed from the two others."""
    analysed = row.n if row.n is not None else row.total
    lost = row.dropouts
    if row.n_randomised is None:
        together = None if analysed is None or lost is None else analysed + lost
        return Completed(row if together is None else replace(row, n_randomised=together))
    if analysed is None and lost is not None and row.mean is not None and lost < row.n_randomised:
        how = f"{row.n_randomised:g} randomised less {lost:g} lost"
        made = Conversion("n", how, row.n_randomised - lost, (row.row,))
        return Completed(_made(row, made, n=row.n_randomised - lost))
    if analysed is not None and analysed > row.n_randomised:
        message = f"{analysed:g} people were analysed and {row.n_randomised:g} randomised."
        return _said(row, "n-above-randomised", message, "Check both cells.", "n_randomised", "warning")
    if analysed is not None and lost is not None and analysed + lost != row.n_randomised:
        message = f"{analysed:g} analysed and {lost:g} lost are not {row.n_randomised:g} randomised."
        remedy = "Check the three cells; people analysed in spite of leaving are one reason."
        return _said(row, "dropouts-contradictory", message, remedy, "dropouts", "warning")
    return Completed(row)


# -- events -----------------------------------------------------------------------------------------------------------


def _events(row: ArmRow) -> Completed:
    """Events from a percentage of the total."""
    if row.percent is None or row.events is not None or row.total is None:
        return Completed(row)
    half_unit = row.percent_half_unit
    if half_unit is None:  # a row that was not read from text
        half_unit = 0.5 * 10.0 ** -decimals(f"{row.percent:.15g}")
    try:
        counted, made = events_from_percent(row.percent, row.total, half_unit=half_unit, rows=(row.row,))
    except ValueError as error:
        remedy = "Check the percentage and its total, or fill in events."
        return _said(row, "percent-not-a-count", f"{_sentence(error)}", remedy, "percent")
    done = _made(row, made, events=float(counted.events))
    if counted.certain:
        return Completed(done)
    range_ = f"{counted.fewest} to {counted.most}"
    message = f"{row.percent:g}% of {row.total:g} may be {range_} events; {counted.events:g} is taken."
    return _said(done, "percent-ambiguous", message, "Fill in events where they are known.", "percent", "warning")


# -- medians ----------------------------------------------------------------------------------------------------------


def _from_median(row: ArmRow, medians: Medians) -> Completed:
    """Mean, and SD where no spread is given, from a median with quartiles or range."""
    if row.mean is not None or row.median is None:
        return Completed(row)
    if medians == "refuse":
        message = "The row reports a median and no mean; the protocol refuses to convert medians."
        return _said(row, "median-only", message, 'Set medians = "convert", or exclude the study.', "median")
    try:
        summary = Quantiles(n=row.n or 0.0, median=row.median, q1=row.q1, q3=row.q3, minimum=row.min, maximum=row.max)
    except ValueError as error:
        remedy = "Give n with q1 and q3 or min and max, or ask the authors for mean and SD."
        return _said(row, "median-not-usable", f"{_sentence(error)}", remedy, "median")
    test = skewness(summary)
    found = f"statistic {test.statistic:.3g}, critical value {test.critical:.3g} at n = {summary.n:g}; Shi 2023"
    skewed = f"The data are skewed: the median is not in the middle of {summary.words} ({found})."
    if test.skewed and medians == "convert-symmetric":
        remedy = 'Exclude the study, or convert skewed data knowingly with medians = "convert".'
        return _said(row, "median-skewed", skewed, remedy, "median")
    done = _with_mean(row, summary)
    message = f"Mean {done.mean:.4g} is an estimate from the median {row.median:g} and {summary.words}."
    note = _said(done, "median-converted", message, "", "median", "note")
    if not test.skewed:
        return note
    message = f"{skewed} The mean made of them may be wrong."
    remedy = "Ask the authors for mean and SD, and look at the results without the study."
    return note.then(lambda one: _said(one, "median-skewed", message, remedy, "median", "warning"))


def _with_mean(row: ArmRow, summary: Quantiles) -> ArmRow:
    mean, of_mean = mean_from_quantiles(summary, rows=(row.row,))
    known = row.sd is not None or row.se is not None or (row.ci_low is not None and row.ci_high is not None)
    if known:
        return _made(row, of_mean, mean=mean)
    sd, of_sd = sd_from_quantiles(summary, rows=(row.row,))
    return _made(row, of_mean, of_sd, mean=mean, sd=sd)


# -- logs -------------------------------------------------------------------------------------------------------------


def _from_logs(row: ArmRow, measure: str | None) -> Completed:
    """Mean and SD, or the geometric mean for a ratio of means, of scores whose logs are reported."""
    kind = (row.transformation or "none").strip().casefold()
    if kind not in TRANSFORMATIONS:
        message = f"{row.transformation!r} is not a transformation."
        return _said(row, "transformation-unknown", message, f"Use {', '.join(TRANSFORMATIONS)}.", "transformation")
    if kind == "none" or row.mean is None:
        return Completed(row)
    try:
        logs = row if kind == "log" else _logged(row)
        return Completed(_geometric(logs) if measure == "ROM" else _raw(logs))
    except ValueError as error:
        remedy = "Give n, and the SD, SE or interval of the logs (or the interval of the geometric mean)."
        return _said(row, "logs-not-usable", f"{_sentence(error)}", remedy, "transformation")


def _logged(row: ArmRow) -> ArmRow:
    """A geometric mean, its limits and the geometric SD as the mean, limits and SD of the logs."""
    cells = {"mean": row.mean, "ci_low": row.ci_low, "ci_high": row.ci_high, "sd": row.sd}
    if row.se is not None:
        raise ValueError("a standard error beside a geometric mean could be of the scores or of their logs")
    if any(cell is not None and not cell > 0 for cell in cells.values()):
        raise ValueError("a geometric mean, its limits and the geometric SD lie above zero")
    if row.sd is not None and not row.sd > 1:
        raise ValueError("a geometric SD lies above 1")
    return replace(row, **{name: None if cell is None else log(cell) for name, cell in cells.items()})  # type: ignore[arg-type]


def _geometric(row: ArmRow) -> ArmRow:
    error = _log_se(row)
    mean, se, made = geometric_from_logs(row.mean or 0.0, error, rows=(row.row,))
    return _scores_only(_made(row, made, mean=mean, sd=None, se=se))


def _raw(row: ArmRow) -> ArmRow:
    if (row.value_type or "").casefold() in ("adjusted", "change"):
        raise ValueError(f"{row.value_type} values of logs do not tell the SD of the scores")
    sd = raw_sd(row)
    if sd is None:
        raise ValueError("the logs have neither SD nor, with n, standard error or interval")
    mean, spread, made = raw_from_logs(row.mean or 0.0, sd, rows=(row.row,))
    return _scores_only(_made(row, made, mean=mean, sd=spread, se=None))


def _log_se(row: ArmRow) -> float:
    if row.se is not None:
        return row.se
    if row.ci_low is not None and row.ci_high is not None:
        df = None if row.n is None or (row.value_type or "").casefold() == "adjusted" else row.n - 1
        return se_from_ci(row.ci_low, row.ci_high, df=df)[0]
    if row.sd is None or row.n is None:
        raise ValueError("the logs have neither standard error nor interval, nor SD and n")
    return row.sd / sqrt(row.n)


def _scores_only(row: ArmRow) -> ArmRow:
    """Without the cells that are still of logs: they would be read as scores."""
    return replace(
        row, transformation=None, ci_low=None, ci_high=None, baseline_mean=None, baseline_sd=None, final_sd=None
    )


def _sentence(error: ValueError) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}."
