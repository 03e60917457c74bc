"""The files of a review folder, each read with its own problems collected."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from physiohub.errors import DataError, Issue
from physiohub.evidence.protocol import FILE, Protocol, parse_protocol
from physiohub.network.cells import decimals
from physiohub.network.read import Table, read_arm_rows, read_contrast_rows, read_study_rows
from physiohub.network.rows import ArmRow, ContrastRow, StudyRow
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
    """The tables that are there; the issues of reading them and of their cells are added."""
    tables: dict[str, Table] = {}
    if (folder / "arms.csv").is_file():
        arms = read_arm_rows(folder / "arms.csv")
        tables["arms.csv"] = arms
        issues += [*arms.issues, *check_arms(arms.rows, arms)]
    if (folder / "contrasts.csv").is_file():
        contrasts = read_contrast_rows(folder / "contrasts.csv")
        tables["contrasts.csv"] = contrasts
        issues += [*_not_yet_filled(contrasts), *check_contrasts(contrasts.rows, contrasts)]
    if not tables:
        message = "The folder has neither arms.csv nor contrasts.csv."
        issues.append(
            Issue(
                "tables-missing",
                message,
                "Add one of them: `physiohub new` writes a folder with their columns.",
                file="arms.csv",
            )
        )
    if (folder / "studies.csv").is_file():
        tables["studies.csv"] = read_study_rows(folder / "studies.csv")
        issues += _not_yet_filled(tables["studies.csv"])
    return tables


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
    arms: tuple[ArmRow, ...] = _rows(tables, "arms.csv")
    contrasts: tuple[ContrastRow, ...] = _rows(tables, "contrasts.csv")
    studies: tuple[StudyRow, ...] = _rows(tables, "studies.csv")
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
        rounding=_rounding(contrasts, tables.get("contrasts.csv")),
        hashes={**hashes, **{name: table.sha256 for name, table in tables.items()}},
    )
