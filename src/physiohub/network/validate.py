"""Checks of rows, cell by cell: every problem at once, by study, arm, row, column and value.

What a study or a network must be is checked where they are built (`physiohub.network.network`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import sqrt
from typing import Literal

from physiohub.errors import Issue
from physiohub.measures.measure import MEASURES
from physiohub.network.cells import LARGEST, decimals, is_missing
from physiohub.network.findings import Findings, roles_of
from physiohub.network.read import Rows, Table
from physiohub.network.rows import ArmRow, ContrastRow

__all__ = ["SCALES", "VALUE_TYPES", "check_arms", "check_contrasts", "check_rows"]

VALUE_TYPES = ("final", "change", "adjusted")
SCALES = ("analysis", "printed")

_MEAN_CELLS = ("mean", "sd", "se", "ci_low", "ci_high", "median", "q1", "q3")
_BELOW = (("ci_low", "ci_high"), ("scale_min", "scale_max"))
_NOT_ABOVE = (("min", "q1"), ("q1", "median"), ("median", "q3"), ("q1", "q3"), ("q3", "max"), ("min", "max"))
_WORDS = {
    "n": "n", "total": "total", "exposure": "exposure", "time": "time", "sd": "SD", "se": "standard error",
    "baseline_sd": "baseline SD", "baseline_se": "standard error of the versus arm", "n_treatment": "n",
    "n_versus": "n", "events": "number of events", "weeks": "time point", "final_sd": "SD of final scores",
    "n_randomised": "number randomised", "dropouts": "number lost", "percent": "percentage",
}  # fmt: skip
_RESULT_COLUMNS = ("mean", "median", "events", "percent", "category_1")
_TESTS = ("p", "t_value", "f_value")

Missing = Literal["refused", "later"]
"""Whether a mean without SD and standard error is an error at once, or where a protocol with its rules prepares it."""


def check_rows(rows: Rows, *, measure: str | None = None) -> tuple[Issue, ...]:
    """Every problem of the cells of a bare table, beside those met while it was read.

    Parameters
    ----------
    measure
        The measure that the arms must serve; without it only what is there is checked.

    Examples
    --------
    >>> import pandas as pd
    >>> from physiohub.network.read import read_rows
    >>> table = pd.DataFrame({"study": ["A", "A"], "treatment": ["x", "y"], "r": [4, 12], "n": [10, 10]})
    >>> print(*check_rows(read_rows(table)))
    error: study A, arm y, row 3, column r, value '12': 12 events are more than the total of 10. Check both cells.
    """
    issues: list[Issue] = []
    if rows.shape == "arms" or rows.arms:
        issues += check_arms(rows.arms, rows, measure=measure)
    if rows.shape != "arms":
        issues += check_contrasts(rows.contrasts, rows)
    return tuple(dict.fromkeys(issues))  # a mixed table is asked for its common columns twice


def check_arms(
    rows: Sequence[ArmRow], table: Table, *, measure: str | None = None, missing_sd: Missing = "refused"
) -> tuple[Issue, ...]:
    """Every problem of the cells of rows of arms."""
    found = Findings(table)
    kind = MEASURES[measure.strip().upper()].data if measure and measure.strip().upper() in MEASURES else None
    smd = measure is not None and measure.strip().upper() == "SMD"
    found.need("study")
    found.need("treatment")
    if kind is None:
        found.need(*_RESULT_COLUMNS)
    for group in _needed_columns(kind, roles_of(table), smd=smd):
        found.need(*group)
    for row in rows:
        _check_names(found, row)
        _check_sizes(found, row)
        _check_counts(found, row)
        _check_spreads(found, row)
        _check_order(found, row, mean="mean")
        for one in (kind,) if kind else _kinds(row, table):
            _check_missing(found, row, one, smd=smd, missing_sd=missing_sd)
    _check_identical(found, rows)
    return tuple(found.issues)


def check_contrasts(rows: Sequence[ContrastRow], table: Table) -> tuple[Issue, ...]:
    """Every problem of the cells of rows of contrasts."""
    found = Findings(table)
    for group in (("study",), ("treatment",), ("estimate",), ("se", "ci_low", "se_diff", *_TESTS)):
        found.need(*group)
    for row in rows:
        _check_names(found, row)
        if row.versus is None and "versus" in roles_of(table):
            found.add(row, "versus-missing", "versus", "The row does not say versus what.", "Name the comparator.")
        for role in ("se", "sd", "baseline_se", "n_treatment", "n_versus"):
            _check_positive(found, row, role)
        for role in ("n_treatment", "n_versus"):
            _check_whole(found, row, role)
        _check_p_and_scale(found, row)
        _check_order(found, row, mean="estimate")
        if row.estimate is None:
            found.add(row, "estimate-missing", "estimate", "The estimate is missing.", "Fill the cell.")
        tested = any(getattr(row, role) is not None for role in _TESTS)
        if row.se is None and not tested and (row.ci_low is None or row.ci_high is None):
            remedy = "Give it, both confidence limits, or the t, F or p value."
            role = "se_diff" if "se_diff" in table.recognised else "se"
            found.add(row, "se-missing", role, "The standard error is missing.", remedy)
    _check_identical(found, rows)
    return tuple(found.issues)


def _needed_columns(kind: str | None, columns: frozenset[str], *, smd: bool) -> tuple[tuple[str, ...], ...]:
    """Groups of roles of which a measure needs one each."""
    estimated = "median" in columns and "mean" not in columns
    sizes = (("n",),) if smd or estimated or ("sd" in columns and not columns & {"se", "ci_low"}) else ()
    return {
        "mean": (("mean", "median"), ("sd", "se", "ci_low", *(("q1", "min") if estimated else ())), *sizes),
        "events": (("events", "percent"), ("total",)),
        "rate": (("events",), ("exposure",)),
        "category": (("category_1", "events"), ("total",)),
    }.get(kind or "", ())


def _kinds(row: ArmRow, table: Table) -> tuple[str, ...]:
    """What kind of results a row holds, by its filled cells; by the table's columns when it holds none."""

    def typed(roles: Iterable[str]) -> bool:
        return any(not is_missing(table.cell(row.row, role, row.slot) or "") for role in roles)

    kinds = []
    if typed(_MEAN_CELLS):
        kinds.append("mean-or-median")
    if typed(("events", "percent")) or (not kinds and typed(("exposure",))):
        kinds.append("rate" if row.total is None and typed(("exposure",)) else "events")
    if typed(role for role in table.recognised if role.startswith("category_")):
        kinds.append("category")
    if kinds:
        return tuple(kinds)
    columns = roles_of(table)
    if not columns & set(_RESULT_COLUMNS):
        return ()  # said once of the table
    return ("mean-or-median",) if columns & set(_MEAN_CELLS) else ("events",) if "events" in columns else ("category",)


# -- one row ----------------------------------------------------------------------------------------------------------


def _check_names(found: Findings, row: ArmRow | ContrastRow) -> None:
    if not row.study:
        remedy = "Repeat the study's name in every row: a merged cell is empty below its first line."
        found.add(row, "study-missing", "study", "The row does not name its study.", remedy)
    if not row.treatment:
        found.add(row, "treatment-missing", "treatment", "The row does not name its treatment.", "Name it.")
    if row.value_type is not None and row.value_type.casefold() not in VALUE_TYPES:
        message = f"{row.value_type!r} is not a kind of value."
        found.add(row, "value-type-unknown", "value_type", message, f"Use one of: {', '.join(VALUE_TYPES)}.")


def _check_sizes(found: Findings, row: ArmRow) -> None:
    for role in ("n", "total", "exposure", "time", "n_randomised"):
        _check_positive(found, row, role)
    for role in ("n", "total", "n_randomised", "dropouts"):
        _check_whole(found, row, role)
    _check_not_negative(found, row, "dropouts", row.dropouts)
    _check_not_negative(found, row, "weeks", row.weeks)


def _check_counts(found: Findings, row: ArmRow) -> None:
    _check_not_negative(found, row, "events", row.events)
    _check_whole(found, row, "events")
    if row.events is not None and row.total is not None and row.events > row.total > 0:
        message = f"{row.events:g} events are more than the total of {row.total:g}."
        found.add(row, "events-above-total", "events", message, "Check both cells.")
    for j, count in enumerate(row.categories, start=1):
        _check_not_negative(found, row, f"category_{j}", count)
        _check_whole(found, row, f"category_{j}", count)
    known = [count for count in row.categories if count is not None]
    if known and row.total is not None and sum(known) > row.total > 0:
        message = f"The categories add up to {sum(known):g}, more than the total of {row.total:g}."
        found.add(row, "categories-above-total", "category_1", message, "Check the cells of this row.")


def _check_spreads(found: Findings, row: ArmRow) -> None:
    for role in ("sd", "se", "baseline_sd", "final_sd"):
        _check_positive(found, row, role)
    if row.sd is None or row.se is None or row.n is None or not (row.sd > 0 and row.se > 0 and row.n > 0):
        return
    implied = row.sd / sqrt(row.n)
    rounding = _half_unit(found, row, "se") + _half_unit(found, row, "sd") / sqrt(row.n)
    if abs(row.se - implied) > rounding + 1e-9 * implied:
        message = f"The standard error {row.se:g} is not SD / sqrt(n) = {implied:.4g}."
        remedy = "This is right for an adjusted mean; else check SD, SE and n."
        found.add(row, "se-contradicts-sd", "se", message, remedy, "warning")


def _half_unit(found: Findings, row: ArmRow, role: str) -> float:
    """Half a unit of the last decimal of a cell, as typed."""
    typed = found.table.cell(row.row, role, row.slot)
    return 0.0 if typed is None else 0.5 * 10.0 ** -decimals(typed)


def _check_p_and_scale(found: Findings, row: ContrastRow) -> None:
    if row.p is not None and not 0 < row.p <= 1:
        found.add(row, "p-out-of-range", "p", "A p value lies above 0 and up to 1.", "Check the cell.")
    if row.scale is not None and row.scale.casefold() not in SCALES:
        message = f"{row.scale!r} is not a scale."
        found.add(row, "scale-unknown", "scale", message, "Use analysis (logs for ratios) or printed.")


def _check_order(found: Findings, row: ArmRow | ContrastRow, *, mean: str) -> None:
    for lower, upper in (*_BELOW, *_NOT_ABOVE):
        low, high = getattr(row, lower, None), getattr(row, upper, None)
        if low is None or high is None or low < high or (low == high and (lower, upper) in _NOT_ABOVE):
            continue
        message = f"{lower} ({low:g}) is not below {upper} ({high:g})."
        found.add(row, "interval-reversed", lower, message, f"Check {lower} and {upper}.")
    centre, low, high = getattr(row, mean), row.ci_low, row.ci_high
    if centre is not None and low is not None and high is not None and not low <= centre <= high and low < high:
        message = f"The {mean} {centre:g} lies outside its confidence interval [{low:g}, {high:g}]."
        found.add(row, "outside-interval", mean, message, "Check the three cells.")


def _check_positive(found: Findings, row: ArmRow | ContrastRow, role: str) -> None:
    value = getattr(row, role)
    if value is not None and value <= 0:
        rule = f"{role.replace('_', '-')}-not-positive"
        found.add(row, rule, role, f"The {_WORDS[role]} is not above zero.", "Check the cell.")
    elif value is not None and value < 1 / LARGEST:
        message = "No trial measures a number of this size."
        found.add(row, "number-out-of-range", role, message, "Check the exponent.")


def _check_not_negative(found: Findings, row: ArmRow, role: str, value: float | None) -> None:
    if value is not None and value < 0:
        rule = f"{role.partition('_')[0]}-negative"
        found.add(row, rule, role, f"The {_WORDS.get(role, 'count')} is negative.", "Check the sign.")


def _check_whole(found: Findings, row: ArmRow | ContrastRow, role: str, value: float | None = None) -> None:
    value = getattr(row, role, None) if value is None else value
    if value is not None and not value.is_integer():
        rule = f"{'category' if role.startswith('category') else role.replace('_', '-')}-fractional"
        found.add(row, rule, role, f"The {_WORDS.get(role, 'count')} is not a whole number.", "Count people or events.")


def _check_missing(found: Findings, row: ArmRow, kind: str, *, smd: bool, missing_sd: Missing) -> None:
    """The cells without which a row of this kind is no result."""
    fill = "Fill the cell, or leave the row out."
    if kind in ("mean", "mean-or-median"):
        _check_missing_mean(found, row, smd=smd, missing_sd=missing_sd)
        return
    if kind in ("events", "rate") and row.events is None and row.percent is None:
        found.add(row, "events-missing", "events", "The number of events is missing.", fill)
    if kind == "category" and all(count is None for count in row.categories) and row.events is None:
        found.add(row, "category-missing", "category_1", "The counts of the categories are missing.", fill)
    denominator = "exposure" if kind == "rate" else "total"
    if getattr(row, denominator) is None:
        found.add(row, f"{denominator}-missing", denominator, f"The {denominator} is missing.", fill)


def _check_missing_mean(found: Findings, row: ArmRow, *, smd: bool, missing_sd: Missing) -> None:
    if row.mean is None and row.median is not None:
        return  # whether a mean follows from it is told where it is made
    if row.mean is None:
        found.add(row, "mean-missing", "mean", "The mean is missing.", "Fill the cell, or leave the row out.")
    interval = row.ci_low is not None and row.ci_high is not None
    columns = roles_of(found.table)
    if row.sd is None and row.se is None and not interval and missing_sd == "refused":
        role = next((role for role in ("sd", "se", "ci_low") if role in columns), "sd")
        message = "SD and standard error are both missing."
        found.add(
            row, f"{role.replace('_', '-')}-missing", role, message, "Give the SD, the SE or both confidence limits."
        )
    elif smd and row.sd is None and (row.value_type or "").casefold() == "adjusted":
        message = "A standardised difference needs the SD of the scores; the SE of an adjusted mean does not hold it."
        found.add(row, "sd-missing", "sd", message, "Give the raw SD beside the adjusted mean.")
    if row.n is not None and 0 < row.n < 2 and row.se is None:
        found.add(row, "n-too-small", "n", "One participant has no spread.", "Check n, or give the SE.")
    if row.n is None and (smd or (row.sd is not None and row.se is None and not interval)):
        found.add(row, "n-missing", "n", "n is missing.", "Give the number of participants analysed.")


def _check_identical(found: Findings, rows: Sequence[ArmRow] | Sequence[ContrastRow]) -> None:
    seen: dict[str, int] = {}
    for row in rows:
        first = seen.setdefault(repr(replace(row, row=0, slot=0)), row.row)
        if first != row.row:
            message = f"This row repeats row {first} cell by cell."
            remedy = "Delete one; if they are two arms, tell them apart in a column `arm`."
            found.add(row, "row-duplicated", None, message, remedy)
