"""Absolute outcomes in a table: what happens under each treatment, and for how many it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.format import NOT_COMPUTED, ascii_text, count, number, plural, probability, significant
from physiohub.report.outcome import label_of, labels
from physiohub.report.tables.table import Cell, Column, Table, made, plain

__all__ = ["absolute_table", "interval_text", "nnt_text", "outcome_text"]

Outcome = Mapping[str, Any]
_KINDS = {"benefit": "NNTB", "harm": "NNTH"}
_NAMES = {"probability": "Events per 1,000", "rate": "Rate", "mean": "Mean"}


def absolute_table(outcome: Outcome) -> Table:
    """One row a treatment: the outcome, its difference from the baseline's, and the number needed to treat."""
    found = outcome.get("absolute")
    caption = f"Absolute outcomes, {label_of(outcome)}"
    level = f"{100 * float(found['level'] if found else 0.95):g}% CrI"
    kind = found["kind"] if found else "probability"
    columns = (
        Column("treatment", "Treatment", "head"),
        Column("median", f"{_NAMES[kind]} ({level})", "number"),
        Column("low", "Lower limit", "number", "csv"),
        Column("high", "Upper limit", "number", "csv"),
        Column("difference", f"Difference ({level})", "number"),
        Column("difference_low", "Lower limit of the difference", "number", "csv"),
        Column("difference_high", "Upper limit of the difference", "number", "csv"),
        Column("nnt", "Number needed to treat"),
        Column("impossible", "Share that cannot be", "number", "csv"),
    )
    if not found:
        return Table("absolute", caption, columns, ())
    names = labels(outcome)
    rows = tuple(_row(row, names, kind) for row in found["treatments"])
    return Table("absolute", f"{caption}; {_unit(found)}", columns, rows, _note(found, names))


def _unit(found: Mapping[str, Any]) -> str:
    if found["kind"] == "rate":
        return f"per {found['per']:g} units of exposure"
    when = f" by time {found['time']:g}" if found.get("time") is not None else ""
    return f"events per 1,000 patients{when}" if found["kind"] == "probability" else "means in points"


def outcome_text(value: float, kind: str) -> str:
    """One outcome: events per 1,000 without decimals, or with two figures below ten; a rate or a mean with three.

    Examples
    --------
    >>> outcome_text(0.1234, "probability"), outcome_text(0.00456, "probability"), outcome_text(52.37, "mean")
    ('123', '4.6', '52.4')
    """
    if kind == "probability":
        return number(1000 * value, 0) if abs(value) >= 0.00995 else significant(1000 * value)
    return significant(value, 3)


def interval_text(summary: Mapping[str, Any], kind: str) -> str:
    """Median and interval.

    Examples
    --------
    >>> interval_text({"median": 0.12, "low": 0.08, "high": 0.17}, "probability")
    '120 (80 to 170)'
    """
    median, low, high = (outcome_text(float(summary[name]), kind) for name in ("median", "low", "high"))
    return f"{median} ({low} to {high})"


def nnt_text(nnt: Mapping[str, Any] | None) -> str:
    """The number needed to treat with its interval; one that passes through infinity says so (Altman 1998).

    Examples
    --------
    >>> nnt_text({"estimate": {"kind": "benefit", "value": 10.0}, "best": {"kind": "benefit", "value": 4.0},
    ...           "worst": {"kind": "harm", "value": 20.0}, "through_infinity": True})
    'NNTB 10 (NNTB 4 to ∞ to NNTH 20)'
    >>> nnt_text({"estimate": {"kind": "harm", "value": 31.2}, "best": {"kind": "harm", "value": 95.0},
    ...           "worst": {"kind": "harm", "value": 12.1}, "through_infinity": False})
    'NNTH 31 (NNTH 12 to 95)'
    """
    if nnt is None:
        return NOT_COMPUTED
    estimate, best, worst = nnt["estimate"], nnt["best"], nnt["worst"]
    name = f"{_KINDS[estimate['kind']]} {_patients(estimate['value'])}"
    if nnt["through_infinity"]:
        return f"{name} (NNTB {_patients(best['value'])} to ∞ to NNTH {_patients(worst['value'])})"
    near, far = sorted((best, worst), key=lambda end: _number(end["value"]))
    return f"{name} ({_KINDS[near['kind']]} {_patients(near['value'])} to {_patients(far['value'])})"


def _number(value: float | None) -> float:
    """The record has no infinity: it is left empty there."""
    return float("inf") if value is None else float(value)


def _patients(value: float | None) -> str:
    """Whole patients."""
    exact = _number(value)
    return "∞" if exact == float("inf") else count(float(ascii_text(number(exact, 0))))


def _row(row: Mapping[str, Any], names: Mapping[str, str], kind: str) -> tuple[Cell, ...]:
    median, difference = row["outcome"], row["difference"]
    own = difference is None
    return (
        plain(names[row["treatment"]]),
        Cell(median["median"], interval_text(median, kind)),
        plain(median["low"]),
        plain(median["high"]),
        plain(None) if own else Cell(difference["median"], interval_text(difference, kind)),
        plain(None if own else difference["low"]),
        plain(None if own else difference["high"]),
        plain(None) if own or kind != "probability" else made(nnt_text(row["nnt"])),
        plain(row["impossible"]),
    )


def _note(found: Mapping[str, Any], names: Mapping[str, str]) -> str:
    parts = [
        f"Baseline of {names[found['versus']]}: {found['baseline']} ({found['source']}). Differences are versus it, "
        "and hold for patients with such a baseline.",
    ]
    if found["kind"] == "probability":
        parts.append(
            "NNTB: patients to treat for one more to benefit; NNTH: for one more to be harmed; ∞: nothing changes."
        )
    beyond = [row for row in found["treatments"] if row["impossible"] > 0]
    if beyond:
        most = max(beyond, key=lambda row: float(row["impossible"]))
        parts.append(
            f"For {plural(len(beyond), 'treatment')} part of the distribution lies where no outcome can be, at most "
            f"{probability(most['impossible'])} ({names[most['treatment']]}): the measure does not fit this baseline."
        )
    return " ".join(parts)
