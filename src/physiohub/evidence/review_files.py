"""The files of a review folder, each read with its own problems collected."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from physiohub.errors import DataError, Issue, errors_of
from physiohub.evidence.protocol import FILE, Protocol, parse_protocol
from physiohub.network.cells import decimals
from physiohub.network.read import Table, read_arm_rows, read_contrast_rows, read_study_rows
from physiohub.network.rows import ArmRow, ContrastRow, StudyRow
from physiohub.network.shapes import SHEETS, sheet_names
from physiohub.network.study import Treatment
from physiohub.network.validate import check_arms, check_contrasts
from physiohub.prepare.instruments import registry
from physiohub.prepare.studies import Material

__all__ = ["material_of", "read_protocol", "read_tables"]


def read_protocol(folder: Path, issues: list[Issue]) -> Protocol | None:
    """review.toml of a folder; None, with the issues added, when it cannot be read."""
    path = folder / FILE
    if not path.is_file():
        issues.append(Issue("file-missing", f"The folder has no {FILE}.", "`physiohub new` writes one.", file=FILE))
        return None
    try:
        return parse_protocol(path.read_text("utf-8-sig"))
    except UnicodeDecodeError:
        issues.append(Issue("encoding", "The file is not UTF-8.", "Save it as UTF-8.", file=FILE))
    except DataError as error:
        issues += error.issues
    return None


def read_tables(folder: Path, issues: list[Issue]) -> dict[str, Table]:
    """arms, contrasts and studies -> table, as far as they are there; issues of reading and of cells are added.

    They are CSV files, or the sheets of the one workbook of the folder.
    """
    files = _files(folder, issues)
    tables: dict[str, Table] = {}
    if "arms" in files:
        path, sheet = files["arms"]
        arms = read_arm_rows(path, sheet=sheet)
        tables["arms"] = arms
        issues += [*arms.issues, *check_arms(arms.rows, arms, missing_sd="later")]
    if "contrasts" in files:
        path, sheet = files["contrasts"]
        contrasts = read_contrast_rows(path, sheet=sheet)
        tables["contrasts"] = contrasts
        issues += [*_not_yet_filled(contrasts), *check_contrasts(contrasts.rows, contrasts)]
    if "studies" in files:
        path, sheet = files["studies"]
        tables["studies"] = read_study_rows(path, sheet=sheet)
        issues += _not_yet_filled(tables["studies"])
    return tables


def _files(folder: Path, issues: list[Issue]) -> dict[str, tuple[Path, str | None]]:
    """Which table stands where: in a CSV file, or in a sheet of a workbook."""
    found: dict[str, tuple[Path, str | None]] = {
        name: (folder / f"{name}.csv", None) for name in SHEETS if (folder / f"{name}.csv").is_file()
    }
    books = sorted(path for path in folder.glob("*.xlsx") if path.is_file() and not path.name.startswith("~$"))
    if found and books:
        names = ", ".join(path.name for path in books)
        message = f"The folder has CSV tables, so that {names} is not read."
        issues.append(Issue("workbook-not-read", message, "Keep one of the two.", "note", file=books[0].name))
    elif len(books) > 1:
        message = f"The folder has {len(books)} workbooks: {', '.join(path.name for path in books)}."
        issues.append(Issue("several-workbooks", message, "Keep the one that holds the tables.", file=books[0].name))
        return found
    elif books:
        names_found, problems = sheet_names(books[0])
        issues += problems
        found = {name: (books[0], name) for name in names_found}
        if errors_of(problems):  # which say already why there are no tables
            return found
    if "arms" not in found and "contrasts" not in found:
        message = "The folder has neither arms.csv nor contrasts.csv, nor a workbook with such sheets."
        remedy = "Add one of them: `physiohub new` writes a folder with their columns."
        issues.append(Issue("tables-missing", message, remedy, file="arms.csv"))
    return found


def _not_yet_filled(table: Table) -> list[Issue]:
    """The issues of a table that a review may do without: a header alone is then no error, but is said."""
    return [replace(issue, severity="note") if issue.rule == "no-rows" else issue for issue in table.issues]


def _rows(tables: Mapping[str, Table], name: str) -> tuple[Any, ...]:
    return tuple(getattr(tables[name], "rows", ())) if name in tables else ()


def _rounding(contrasts: Sequence[ContrastRow], table: Table | None) -> dict[int, float]:
    """Line -> half a unit of the last decimal of its estimate, as typed."""
    typed = {row.row: table.cell(row.row, "estimate") for row in contrasts if table and row.estimate is not None}
    return {row: 10.0 ** -decimals(text) / 2 for row, text in typed.items() if text}


def material_of(protocol: Protocol, tables: Mapping[str, Table], folder: Path) -> Material:
    """What outcomes are prepared from."""
    arms: tuple[ArmRow, ...] = _rows(tables, "arms")
    contrasts: tuple[ContrastRow, ...] = _rows(tables, "contrasts")
    studies: tuple[StudyRow, ...] = _rows(tables, "studies")
    hashes = {FILE: hashlib.sha256((folder / FILE).read_bytes()).hexdigest()}
    return Material(
        arms=arms,
        contrasts=contrasts,
        studies=studies,
        treatments=tuple(
            Treatment(id=t.id, label=t.label, components=t.components, group=t.group) for t in protocol.treatments
        ),
        registry=registry().extended(protocol.instruments),
        choices=protocol.choices,
        rounding=_rounding(contrasts, tables.get("contrasts")),
        hashes={**hashes, **{table.origin or name: table.sha256 for name, table in tables.items()}},
    )
