"""The rows of a review's tables, as typed by the author: one dataclass a table, cells already numbers.

Only `physiohub.network.read` knows how columns are called; from here on a cell is an attribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from physiohub.network.study import Conversion

__all__ = ["ArmRow", "ContrastRow", "StudyRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRow:
    """One arm x outcome x time point; a cell that was empty, or a column that is not there, is None.

    `slot` tells the arms of one line apart, in a table with one line per study; else it is 0. `percent_half_unit` is
    half a unit of the last digit of `percent`, as typed. `conversions` says which cells the author did not type: it is
    empty when a row is read, and grows while it is prepared.
    """

    file: str | None
    row: int
    study: str
    treatment: str
    arm: str | None = None
    outcome: str | None = None
    weeks: float | None = None
    n: float | None = None
    mean: float | None = None
    sd: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    min: float | None = None
    max: float | None = None
    baseline_mean: float | None = None
    baseline_sd: float | None = None
    final_sd: float | None = None
    value_type: str | None = None
    transformation: str | None = None
    instrument: str | None = None
    scale_min: float | None = None
    scale_max: float | None = None
    events: float | None = None
    percent: float | None = None
    percent_half_unit: float | None = None
    total: float | None = None
    exposure: float | None = None
    time: float | None = None
    n_randomised: float | None = None
    dropouts: float | None = None
    categories: tuple[float | None, ...] = ()
    notes: str | None = None
    source: str | None = None
    covariates: Mapping[str, str | float | None] = field(default_factory=dict)
    slot: int = 0
    conversions: tuple[Conversion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastRow:
    """One difference between two arms, treatment minus versus on the scale that `scale` names."""

    file: str | None
    row: int
    study: str
    treatment: str
    versus: str | None
    outcome: str | None = None
    weeks: float | None = None
    measure: str | None = None
    estimate: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p: float | None = None
    t_value: float | None = None
    f_value: float | None = None
    scale: str | None = None
    sd: float | None = None
    baseline_se: float | None = None
    n_treatment: float | None = None
    n_versus: float | None = None
    value_type: str | None = None
    instrument: str | None = None
    notes: str | None = None
    source: str | None = None
    covariates: Mapping[str, str | float | None] = field(default_factory=dict)
    slot: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRow:
    """What is known of a study beside its results: covariates, risk of bias, identifiers."""

    file: str | None
    row: int
    study: str
    values: Mapping[str, str | float | None]
