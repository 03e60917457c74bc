"""The contrasts of one study on the outcome's analysis scale: SEs made, ranges moved, differences standardised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log

from physiohub.errors import DataError, Issue
from physiohub.measures.measure import MEASURES
from physiohub.network.rows import ContrastRow
from physiohub.network.study import Conversion
from physiohub.prepare.conversions import rescaling, se_from_f, se_from_p, se_from_t, standardise_contrast
from physiohub.prepare.instruments import Instrument, Registry
from physiohub.prepare.protocol import OutcomeProtocol
from physiohub.prepare.scale import Scale, row_issue, scale_of, se_of_interval

__all__ = ["ReadyContrast", "contrasts_of", "se_of_test"]


@dataclass(frozen=True, slots=True)
class ReadyContrast:
    """A contrast on the analysis scale.

    Attributes
    ----------
    row
        The row with its values there; `row.se` is filled.
    factor
        What a printed point has become, by which its rounding has grown or shrunk.
    trace
        How the values were made.
    """

    row: ContrastRow
    factor: float = 1.0
    trace: tuple[Conversion, ...] = ()

    def then(self, row: ContrastRow, factor: float, *trace: Conversion) -> ReadyContrast:
        """The next step on the way."""
        return ReadyContrast(row, self.factor * abs(factor), (*self.trace, *trace))


def contrasts_of(
    rows: Sequence[ContrastRow], protocol: OutcomeProtocol, registry: Registry, merge: Mapping[str, str]
) -> tuple[ReadyContrast, ...]:
    """The contrasts of one study on the outcome's analysis scale, and how they came there.

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
    done: list[ReadyContrast] = []
    for row in rows:
        versus = None if row.versus is None else merge.get(row.versus, row.versus)
        named = replace(row, treatment=merge.get(row.treatment, row.treatment), versus=versus)
        try:
            done.append(_ready(named, protocol, registry))
        except DataError as error:
            issues += error.issues
    if issues:
        raise DataError(issues)
    return tuple(done)


def _ready(row: ContrastRow, protocol: OutcomeProtocol, registry: Registry) -> ReadyContrast:
    measure = _contrast_measure(row, protocol)
    ready = _with_se(_in_logs(row, protocol))
    if not protocol.continuous:
        return ready
    scale = scale_of(row, protocol, registry)
    if measure == "SMD":
        turned = -1.0 if scale is not None and scale.flip else 1.0
        return ready.then(replace(ready.row, estimate=_times(turned, ready.row.estimate)), turned)
    if scale is not None and scale.moves:
        ready = _moved(ready, scale)
    if protocol.measure == "SMD":
        ready = _standardised(ready, scale.instrument if scale else None)
    return ready


def _in_logs(row: ContrastRow, protocol: OutcomeProtocol) -> ReadyContrast:
    """A ratio that was typed as printed, with its limits, on the log scale; anything else as it is."""
    if row.scale != "printed" or not MEASURES[protocol.measure].ratio:
        return ReadyContrast(row)
    cells = (row.estimate, row.ci_low, row.ci_high)
    values = [log(cell) for cell in cells if cell is not None and cell > 0]
    if len(values) < len(cells):
        message = "A printed ratio needs its estimate and both confidence limits, all above zero."
        remedy = "Fill them in, or give logs with scale = analysis."
        raise DataError([row_issue(row, "ratio-not-usable", message, remedy, "estimate")])
    made = Conversion("estimate", "log of the printed ratio", values[0], (row.row,))
    moved = replace(row, estimate=values[0], ci_low=values[1], ci_high=values[2], se=None)
    # rounding of a ratio x by e moves its log by e/x
    return ReadyContrast(moved).then(moved, exp(-values[0]), made)


def _contrast_measure(row: ContrastRow, protocol: OutcomeProtocol) -> str:
    measure = (row.measure or "").upper()
    allowed = {"SMD": ("MD", "SMD")}.get(protocol.measure, (protocol.measure,))
    if measure not in allowed:
        message = f"The contrast must say that it is {' or '.join(allowed)}."
        raise DataError([row_issue(row, "contrast-measure", message, "Fill in measure.", "measure")])
    return measure


def _with_se(ready: ReadyContrast) -> ReadyContrast:
    """The contrast with an SE: its own, from its confidence interval, its t, its F or its p value."""
    row = ready.row
    if row.se is not None:
        return ready
    df = _degrees_of_freedom(row)
    if row.ci_low is not None and row.ci_high is not None:
        se, trace = se_of_interval(row, row.ci_low, row.ci_high, df)
        return ready.then(replace(row, se=se), 1.0, *trace)
    se, made = se_of_test(row, df)
    return ready.then(replace(row, se=se), 1.0, made)


def se_of_test(row: ContrastRow, df: float | None) -> tuple[float, Conversion]:
    """The SE that the t, F or p of a contrast implies, in this order.

    Raises
    ------
    DataError
        When it has none of them, or none that an SE follows from.
    """
    estimate, rows = row.estimate, (row.row,)
    told = row.t_value is not None or row.f_value is not None or row.p is not None
    if estimate is None or not told:
        remedy = "Give se, ci_low and ci_high, t_value, f_value, or p."
        raise DataError([row_issue(row, "se-missing", "The contrast has no standard error.", remedy, "se")])
    remedy = "Give se or a confidence interval."
    try:
        if row.t_value is not None:
            return se_from_t(estimate, row.t_value, rows=rows)
        if row.f_value is not None:
            return se_from_f(estimate, row.f_value, rows=rows)
    except ValueError as error:
        message, column = f"{_sentence(error)}", "f_value" if row.t_value is None else "t_value"
        raise DataError([row_issue(row, "statistic-not-usable", message, remedy, column)]) from None
    try:
        se, made = se_from_p(estimate, row.p or 0.0, df=df, rows=rows)
    except ValueError as error:
        message = f"{_sentence(error)}"
        raise DataError([row_issue(row, "p-not-usable", message, remedy, "p")]) from None
    except ZeroDivisionError:  # a p so near to 1 that its quantile is 0
        se = 0.0
    if not se > 0:  # or so near to 0 that it is infinite
        message = "No standard error follows from this p value and estimate."
        raise DataError([row_issue(row, "p-not-usable", message, remedy, "p")])
    return se, made


def _sentence(error: ValueError) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}."


def _degrees_of_freedom(row: ContrastRow) -> float | None:
    """Of an unadjusted difference of means whose arms' n are known; None asks for the normal quantile."""
    if row.n_treatment is None or row.n_versus is None or row.value_type not in ("final", "change"):
        return None
    return row.n_treatment + row.n_versus - 2


def _moved(ready: ReadyContrast, scale: Scale) -> ReadyContrast:
    """A difference on the instrument's range: only the slope matters."""
    row, width = ready.row, abs(scale.slope)
    estimate = _times(scale.slope, row.estimate)
    made = Conversion("difference", rescaling(scale.printed, scale.target, flip=scale.flip), estimate, (row.row,))
    moved = replace(
        row,
        estimate=estimate,
        se=_times(width, row.se),
        sd=_times(width, row.sd),
        baseline_se=_times(width, row.baseline_se),
    )
    return ready.then(moved, width, made)


def _times(factor: float, value: float | None) -> float | None:
    return None if value is None else factor * value


def _standardised(ready: ReadyContrast, instrument: Instrument | None) -> ReadyContrast:
    row, usual = ready.row, None if instrument is None else instrument.usual_sd
    sd = row.sd if row.sd is not None else usual
    if sd is None or row.estimate is None or row.se is None:
        remedy = "Give sd with its source in notes, or usual_sd of the instrument."
        raise DataError([row_issue(row, "sd-missing", "The contrast has no SD to be divided by.", remedy, "sd")])
    own = row.sd is not None or instrument is None
    source = "given with the contrast" if own or instrument is None else f"usual SD of {instrument.label}"
    estimate, se, made = standardise_contrast(row.estimate, row.se, sd, source=source, rows=(row.row,))
    moved = replace(row, estimate=estimate, se=se, baseline_se=_times(1 / sd, row.baseline_se))
    return ready.then(moved, 1 / sd, made)
