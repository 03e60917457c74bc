"""Rows of a table, each with its cells as typed and the scale on which it is scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from physiohub.network.read import Table
from physiohub.network.rows import ArmRow, ContrastRow
from physiohub.prepare.instruments import Form, Instrument, Registry
from physiohub.prepare.plausibility.reported import Better, ReportedArm, ReportedContrast, Typed

__all__ = ["reported_arms", "reported_contrasts"]

_ROLES = (
    "n", "mean", "sd", "se", "ci_low", "ci_high", "median", "q1", "q3", "min", "max", "baseline_mean", "baseline_sd",
    "events", "percent", "total", "estimate", "n_treatment", "n_versus", "p",
)  # fmt: skip
"""Roles of numbers whose text a check may look at."""

_SIZES = frozenset({"n", "total", "n_treatment", "n_versus"})
_ABOVE_ZERO = frozenset({"sd", "se", "baseline_sd", "exposure"})
_NOT_BELOW_ZERO = frozenset({"events", "percent"})
_LARGEST_SIZE, _LARGEST = 1e7, 1e12  # beyond them it is a typing error of another kind, and named as such

_Row = TypeVar("_Row", ArmRow, ContrastRow)


def reported_arms(
    rows: Sequence[ArmRow],
    table: Table,
    registry: Registry,
    *,
    wanted: Mapping[str | None, Instrument] | None = None,
    better: Better | Mapping[str | None, Better] | None = None,
) -> tuple[ReportedArm, ...]:
    """The arms of a table with their cells and scales.

    Parameters
    ----------
    wanted
        Outcome -> the instrument that it is expressed on, whose names come before all others.
    better
        Which values are good, of all or by outcome, where no instrument tells.

    Examples
    --------
    >>> import pandas as pd
    >>> from physiohub.network.read import read_rows
    >>> from physiohub.prepare.instruments import registry
    >>> rows = read_rows(pd.DataFrame({"study": ["Kim"], "treatment": ["A"], "n": [15], "mean": ["2.40"], "sd": [0.54],
    ...                                "instrument": ["VAS 0-10"]}))
    >>> arm, = reported_arms(rows.arms, rows, registry())
    >>> arm.range, arm.usual_sd, arm.half_unit("mean")
    ((0.0, 10.0), 2.25, 0.005)
    """
    by_outcome = better if isinstance(better, Mapping) else {row.outcome: better for row in rows}
    return tuple(
        _arm(row, table, registry, (wanted or {}).get(row.outcome), by_outcome.get(row.outcome))
        for row in rows
        if row.study
    )


def reported_contrasts(
    rows: Sequence[ContrastRow], table: Table, *, better: Better | None = None
) -> tuple[ReportedContrast, ...]:
    """The contrasts of a table with their cells."""
    return tuple(
        ReportedContrast(row=_usable(row), cells=_cells(row, table), better=better)
        for row in rows
        if row.study and row.treatment
    )


def _cells(row: ArmRow | ContrastRow, table: Table) -> dict[str, Typed]:
    found = {}
    for role in _ROLES:
        text = table.cell(row.row, role, row.slot)
        if text is not None and getattr(row, role, None) is not None:
            found[role] = Typed(table.column(role, row.slot), text)
    return found


def _arm(
    row: ArmRow, table: Table, registry: Registry, wanted: Instrument | None, better: Better | None
) -> ReportedArm:
    row = _usable(row)
    instrument, form = _instrument(row, registry, wanted)
    printed = _range(row, instrument, form)
    return ReportedArm(
        row=row,
        cells=_cells(row, table),
        instrument=instrument,
        form=form,
        range=printed,
        step=instrument.step_on(form, printed) if instrument and form else None,
        better=instrument.better if instrument else better,
    )


def _instrument(row: ArmRow, registry: Registry, wanted: Instrument | None) -> tuple[Instrument | None, Form | None]:
    if _is_transformed(row):
        return None, None  # logs are not on the scale of the scores
    name = row.instrument or (wanted.id if wanted else None)
    first = wanted or next(iter(registry.values()), None)
    found = registry.named(name, first=first) if name and first else None
    return found if found else (None, None)


def _range(row: ArmRow, instrument: Instrument | None, form: Form | None) -> tuple[float, float] | None:
    if instrument is not None and instrument.limits == "open":
        return instrument.range
    if _is_transformed(row):
        return None
    if row.scale_min is not None and row.scale_max is not None:
        return (row.scale_min, row.scale_max) if row.scale_min < row.scale_max else None
    return form.range if form else None


def _is_transformed(row: ArmRow) -> bool:
    return (row.transformation or "none").strip().casefold() != "none"


def _usable(row: _Row) -> _Row:
    """The row without the cells that are errors already: sizes and spreads that are none, limits in disorder."""
    wrong: dict[str, Any] = {}
    for role in (*_ROLES, "exposure", "scale_min", "scale_max"):
        value = getattr(row, role, None)
        if value is not None and not _is_number_of_a_trial(role, value):
            wrong[role] = None
    if row.ci_low is not None and row.ci_high is not None and row.ci_low >= row.ci_high:
        wrong |= {"ci_low": None, "ci_high": None}
    return replace(row, **wrong) if wrong else row


def _is_number_of_a_trial(role: str, value: float) -> bool:
    if role in _SIZES:
        return 1 <= value <= _LARGEST_SIZE
    if abs(value) > _LARGEST or 0 < abs(value) < 1 / _LARGEST:
        return False
    return value > 0 if role in _ABOVE_ZERO else value >= 0 if role in _NOT_BELOW_ZERO else True
