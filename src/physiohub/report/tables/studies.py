"""Tables of what was analysed: studies, arms, contrasts, and how cells were made, chosen or left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from physiohub.report.format import Scale, count, significant
from physiohub.report.outcome import label_of, labels
from physiohub.report.tables.table import Cell, Column, Table, plain

__all__ = [
    "arms_table",
    "choices_table",
    "contrasts_table",
    "conversions_table",
    "excluded_table",
    "source_link",
    "studies_table",
]

Outcome = Mapping[str, Any]
Row = Mapping[str, Any]
NUMBERS = (
    ("n", "n"),
    ("events", "Events"),
    ("total", "Total"),
    ("exposure", "Exposure"),
    ("time", "Time"),
    ("mean", "Mean"),
    ("sd", "SD"),
    ("se", "SE"),
    ("sd_external", "SD from outside"),
)


def source_link(study: Row) -> str | None:
    """Where a study can be read: only http(s) addresses, and DOIs as such an address.

    Examples
    --------
    >>> source_link({"doi": "10.1000/x y"}), source_link({"doi": "javascript:alert(1)"})
    ('https://doi.org/10.1000/x%20y', None)
    """
    doi = str(study.get("doi") or "").strip()
    bare = doi.removeprefix("https://doi.org/").removeprefix("http://doi.org/").removeprefix("doi:").strip()
    if bare.startswith("10.") and "/" in bare:
        return "https://doi.org/" + "".join(c if c.isalnum() or c in "._-/()" else _escaped(c) for c in bare)
    return doi if doi.startswith(("https://", "http://")) else None


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def studies_table(outcome: Outcome) -> Table:
    """Studies as analysed, with the source of their numbers."""
    names = labels(outcome)
    columns = (
        Column("study", "Study", "head"),
        Column("treatments", "Treatments"),
        Column("level", "Enters by"),
        Column("participants", "Participants", "number"),
        Column("source", "Source of the numbers"),
        Column("doi", "DOI"),
    )
    rows = tuple(
        (
            plain(study["id"]),
            plain(", ".join(names[t] for t in study["treatments"])),
            Cell(study["level"], "arms" if study["level"] == "arm" else "contrasts"),
            Cell(study["participants"], count(study["participants"])),
            Cell(study.get("source"), study.get("source") or "not reported"),
            Cell(study.get("doi"), study.get("doi") or "not reported", source_link(study)),
        )
        for study in outcome["studies"]
    )
    return Table("studies", f"Studies as analysed, {label_of(outcome)}", columns, rows)


def arms_table(outcome: Outcome) -> Table:
    """Arms as they entered the model, after conversion and merging; columns that no arm fills are left out."""
    names = labels(outcome)
    arms = [(study, arm) for study in outcome["studies"] for arm in study.get("arms") or []]
    used = [(key, label) for key, label in NUMBERS if any(arm.get(key) is not None for _, arm in arms)]
    columns = (
        Column("study", "Study", "head"),
        Column("treatment", "Treatment"),
        Column("arm", "Arm"),
        *(Column(key, label, "number") for key, label in used),
        Column("value_type", "Value"),
    )
    rows = tuple(
        (
            plain(study["id"]),
            plain(names[arm["treatment"]]),
            plain(arm.get("label") or None),
            *(_measured(arm.get(key)) for key, _ in used),
            plain(arm.get("value_type")),
        )
        for study, arm in arms
    )
    note = "A dash: not given, or not used because the study enters by its contrasts."
    return Table("arms", f"Arms as analysed, {label_of(outcome)}", columns, rows, note)


def _measured(value: float | None) -> Cell:
    """A reported number, as reported: at most five significant figures."""
    return plain(None) if value is None else Cell(value, _trimmed(value))


def _trimmed(value: float) -> str:
    text = significant(value, 5)
    return text.rstrip("0").rstrip(".") if "." in text else text


def contrasts_table(outcome: Outcome) -> Table:
    """Each study's own contrasts on the scale of the analysis, with confidence intervals."""
    scale, names = Scale.of(outcome), labels(outcome)
    own = f"{scale.measure} ({scale.level} CI)"
    columns = (
        Column("study", "Study", "head"),
        Column("treatment", "Treatment"),
        Column("versus", "Versus"),
        Column("", own, "number", "html"),
        *(Column(key, key, "number", "csv") for key in ("estimate", "se", "low", "high")),
    )
    rows = tuple(
        (
            plain(study["id"]),
            plain(names[row["treatment"]]),
            plain(names[row["versus"]]),
            Cell(None, scale.value(row["estimate"]) + f" ({scale.span(row['low'], row['high'])})"),
            *(plain(row[key]) for key in ("estimate", "se", "low", "high")),
        )
        for study in outcome["studies"]
        for row in study.get("contrasts") or []
        if row["estimate"] is not None
    )
    note = f"The file holds {scale.analysis}." if scale.ratio else ""
    return Table("contrasts", f"Contrasts of each study, {label_of(outcome)}: {own}", columns, rows, note)


def conversions_table(outcome: Outcome) -> Table:
    """Cells that the author did not type, and how each was made."""
    names = labels(outcome)
    columns = (
        Column("study", "Study", "head"),
        Column("arm", "Arm"),
        Column("what", "What was made"),
        Column("how", "How"),
        Column("value", "Value", "number"),
        Column("rows", "Lines of the table"),
    )
    rows = tuple(
        (
            plain(row["study"]),
            plain(names.get(str(row["arm"]), row["arm"])),
            plain(row["what"]),
            plain(row["how"]),
            _measured(row["value"]),
            plain(", ".join(str(line) for line in row.get("rows") or []) or None),
        )
        for row in outcome.get("conversions") or []
    )
    return Table("conversions", f"Converted cells, {label_of(outcome)}", columns, rows)


def choices_table(outcome: Outcome) -> Table:
    """What was taken where a study offered several values."""
    columns = (Column("study", "Study", "head"), Column("choice", "Choice"), Column("reason", "Reason"))
    rows = _listed(outcome.get("choices"), ("study", "choice", "reason"))
    return Table("choices", f"Choices made, {label_of(outcome)}", columns, rows)


def excluded_table(outcome: Outcome) -> Table:
    """Studies set aside, with reasons."""
    columns = (Column("study", "Study", "head"), Column("reason", "Reason"))
    return Table(
        "excluded",
        f"Studies left out, {label_of(outcome)}",
        columns,
        _listed(outcome.get("excluded"), ("study", "reason")),
    )


def _listed(rows: Iterable[Row] | None, keys: tuple[str, ...]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(tuple(plain(row.get(key)) for key in keys) for row in rows or [])
