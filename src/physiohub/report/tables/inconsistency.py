"""The test of inconsistency, worded so that nobody reads a proof into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.format import number, p_value, significant
from physiohub.report.methods import of_counts
from physiohub.report.outcome import label_of
from physiohub.report.tables.table import Cell, Column, Table, plain

__all__ = ["inconsistency_table"]

Outcome = Mapping[str, Any]
_PARTS = {
    "total": ("Q, whole network", "Differences between trials that the common-effect model leaves"),
    "within": ("Q, within designs", "Between trials of the same treatments: heterogeneity"),
    "between": (
        "Q, between designs",
        "Between trials of different sets of treatments: inconsistency, were tau zero",
    ),
}


def inconsistency_table(outcome: Outcome) -> Table:
    """The design-by-treatment test and the parts of Cochran's Q; no rows where the record has neither."""
    columns = (
        Column("test", "Test", "head"),
        Column("statistic", "Statistic", "number"),
        Column("df", "df", "number"),
        Column("p", "p", "number"),
        Column("meaning", "Meaning"),
    )
    caption = f"Inconsistency, {label_of(outcome)}"
    found = outcome.get("inconsistency")
    if not found or not (found.get("global") or found.get("reason")):
        return Table("inconsistency", caption, columns, ())
    if not found.get("global"):
        return Table("inconsistency", caption, columns, (_impossible(str(found["reason"])),))
    rows = [_global(found["global"])]
    rows += [_part(found["q"][key], *words) for key, words in _PARTS.items()] if found.get("q") else []
    note = (
        "A large p value is no proof of consistency: with few trials such tests hardly find any inconsistency. "
        "Node-splits and inconsistency models are not part of this version."
    )
    if of_counts(outcome):
        note += " The tests rest on normal contrasts of the counts."
    return Table("inconsistency", caption, columns, tuple(rows), note)


def _global(test: Mapping[str, Any]) -> tuple[Cell, ...]:
    if not test["possible"]:
        return _impossible(str(test["reason"]), 0)
    name = plain("Design-by-treatment interaction")
    meaning = (
        f"Whether designs agree, beyond heterogeneity (tau {significant(test['tau'])} of the saturated model, REML)"
    )
    return name, Cell(test["chi2"], number(test["chi2"], 2)), plain(test["df"]), _p(test["p"]), plain(meaning)


def _impossible(reason: str, df: int | None = None) -> tuple[Cell, ...]:
    told = plain(f"No test is possible: {reason}")
    return plain("Design-by-treatment interaction"), plain(None), plain(df), plain(None), told


def _part(q: Mapping[str, Any], name: str, meaning: str) -> tuple[Cell, ...]:
    return plain(name), Cell(q["q"], number(q["q"], 2)), plain(q["df"]), _p(q["p"]), plain(meaning)


def _p(value: float | None) -> Cell:
    return plain(None) if value is None else Cell(value, p_value(value))
