"""Tables of what was analysed: studies, arms, contrasts, and how cells were made, chosen or left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from physiohub.report.format import Scale, count, significant
from physiohub.report.methods import of_counts
from physiohub.report.outcome import label_of, labels
from physiohub.report.tables.table import Cell, Column, Table, plain

__all__ = [
    "arms_table",
    "choices_table",
    "contrasts_table",
    "conversions_table",
    "correction_notes",
    "excluded_table",
    "source_link",
    "starred",
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
    if arms and all(arm.get("n") == arm.get("total") for _, arm in arms):
        used = [(key, label) for key, label in used if key != "n"]  # the total is the number of people
    categories = max((len(arm.get("categories") or ()) for _, arm in arms), default=0)
    columns = (
        Column("study", "Study", "head"),
        Column("treatment", "Treatment"),
        Column("arm", "Arm"),
        *(Column(key, label, "number") for key, label in used),
        *(Column(f"category_{k}", f"Category {k}", "number") for k in range(1, categories + 1)),
        Column("value_type", "Value"),
    )
    rows = tuple(
        (
            plain(study["id"]),
            plain(names[arm["treatment"]]),
            plain(arm.get("label") or None),
            *(_measured(arm.get(key)) for key, _ in used),
            *map(_measured, _padded(arm.get("categories") or (), categories)),
            plain(arm.get("value_type")),
        )
        for study, arm in arms
    )
    note = "A dash: not given, or not used because the study enters by its contrasts."
    if categories:
        note += " A category without a count is part of the one below it."
    return Table("arms", f"Arms as analysed, {label_of(outcome)}", columns, rows, note)


def _padded(values: Sequence[float | None], size: int) -> list[float | None]:
    return [*values, *[None] * (size - len(values))]


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
    corrected = any(study.get("added_to_cells") for study in outcome["studies"])
    columns = (
        Column("study", "Study", "head"),
        Column("treatment", "Treatment"),
        Column("versus", "Versus"),
        Column("", own, "number", "html"),
        *(Column(key, key, "number", "csv") for key in ("estimate", "se", "low", "high")),
        *([Column("added_to_cells", "", "number", "csv")] if corrected else []),
    )
    rows = tuple(
        (
            plain(study["id"]),
            plain(names[row["treatment"]]),
            plain(names[row["versus"]]),
            Cell(None, f"{scale.value(row['estimate'])} ({scale.span(row['low'], row['high'])}){starred(study)}"),
            *(plain(row[key]) for key in ("estimate", "se", "low", "high")),
            *([plain(study.get("added_to_cells"))] if corrected else []),
        )
        for study in outcome["studies"]
        for row in study.get("contrasts") or []
        if row["estimate"] is not None
    )
    note = " ".join([*([f"The file holds {scale.analysis}."] if scale.ratio else []), *correction_notes(outcome)])
    return Table("contrasts", f"Contrasts of each study, {label_of(outcome)}: {own}", columns, rows, note)


def starred(study: Row) -> str:
    """The mark of an estimate that something was added for."""
    return " *" if study.get("added_to_cells") else ""


def correction_notes(outcome: Outcome) -> list[str]:
    """What the star means, and which studies have no contrast of their own."""
    notes = []
    added = next((study["added_to_cells"] for study in outcome["studies"] if study.get("added_to_cells")), None)
    if added:
        alone = "; the posterior takes the counts as they are" if of_counts(outcome) else ""
        notes.append(f"*: {added:g} was added to each cell of the study{alone}.")
    silent = [str(study["id"]) for study in outcome["studies"] if study.get("contrasts_reason")]
    if silent:
        notes.append(f"No contrast can be formed of {', '.join(silent)}.")
    return notes


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
