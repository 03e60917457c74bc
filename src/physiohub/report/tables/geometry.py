"""Tables of the network: treatments, comparisons, designs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from physiohub.report.format import count
from physiohub.report.outcome import label_of, labels, position
from physiohub.report.tables.table import Cell, Column, Table, plain

__all__ = ["comparisons_table", "designs_table", "treatments_table"]

Outcome = Mapping[str, Any]


def treatments_table(outcome: Outcome) -> Table:
    """Each treatment with its studies and participants."""
    columns = (
        Column("treatment", "Treatment", "head"),
        Column("id", "Id", "text", "csv"),
        Column("studies", "Studies", "number"),
        Column("participants", "Participants", "number"),
    )
    rows = tuple(
        (plain(node["label"]), plain(node["id"]), plain(node["studies"]), _people(node["participants"]))
        for node in outcome["network"]["treatments"]
    )
    return Table("treatments", f"Treatments, {label_of(outcome)} (the first is the reference)", columns, rows)


def comparisons_table(outcome: Outcome) -> Table:
    """Each directly studied comparison with its studies and participants."""
    names = labels(outcome)
    columns = (
        Column("", "Comparison", "head", "html"),
        Column("treatment", "Treatment", "text", "csv"),
        Column("versus", "Versus", "text", "csv"),
        Column("studies", "Studies", "number"),
        Column("participants", "Participants", "number"),
    )
    rows = tuple(
        (
            plain(f"{names[row['treatment']]} versus {names[row['versus']]}"),
            plain(names[row["treatment"]]),
            plain(names[row["versus"]]),
            plain(row["studies"]),
            _people(row["participants"]),
        )
        for row in outcome["network"]["comparisons"]
    )
    note = "A study with more than two arms counts in each of its comparisons."
    return Table("comparisons", f"Comparisons with direct evidence, {label_of(outcome)}", columns, rows, note)


def designs_table(outcome: Outcome) -> Table:
    """Each set of treatments that studies compared, with those studies."""
    names, place = labels(outcome), position(outcome)
    designs: dict[tuple[str, ...], list[str]] = {}
    for study in outcome["studies"]:
        design = tuple(sorted(set(study["treatments"]), key=place.__getitem__))
        designs.setdefault(design, []).append(str(study["id"]))
    columns = (
        Column("design", "Design", "head"),
        Column("arms", "Treatments", "number"),
        Column("studies", "Studies", "number"),
        Column("names", "Which"),
    )
    rows = tuple(
        (plain(" | ".join(names[t] for t in design)), plain(len(design)), plain(len(found)), plain("; ".join(found)))
        for design, found in designs.items()
    )
    return Table("designs", f"Designs, {label_of(outcome)}", columns, rows)


def _people(value: float | None) -> Cell:
    return Cell(value, count(value))
