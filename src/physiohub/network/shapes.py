"""Every shape in which a table is kept, as tables with one row per arm or per contrast.

Read here: CSV, TSV, XLSX, data frames; wide arms (`physiohub.network.wide`); RevMan files (`physiohub.network.revman`)
and exports (`physiohub.network.revman_csv`); Covidence exports (`physiohub.network.covidence`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from physiohub.errors import Issue
from physiohub.network.columns import ColumnChoice
from physiohub.network.covidence import is_covidence, is_study_results, study_results, tidied
from physiohub.network.revman import is_rm5, read_rm5
from physiohub.network.revman_csv import read_revman_csv
from physiohub.network.source import Source, file_bytes, from_text, open_source, tabled
from physiohub.network.wide import unfolded
from physiohub.network.workbook import Workbook, WorkbookSheet, is_zip, read_workbook

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SHEETS", "one_table", "shared_out", "sheet_names", "tables_of"]

SHEETS = ("arms", "contrasts", "studies")
"""Names by which the sheets of a workbook are told apart."""

_NAMES = ", ".join(SHEETS[:-1]) + f" and {SHEETS[-1]}"


def tables_of(
    source: str | Path | pd.DataFrame, columns: ColumnChoice | None = None, *, outcome: str | None = None
) -> tuple[Source, ...]:
    """The tables of arms or contrasts that a file holds: one, but for files with arms and contrasts apart.

    Parameters
    ----------
    columns
        Role -> column, as far as it tells the shape.
    outcome
        The one to take from a file that keeps several apart.

    Examples
    --------
    >>> import pandas as pd
    >>> table, = tables_of(pd.DataFrame({"study": ["Kim"], "t.1": ["A"], "r.1": [3], "t.2": ["B"], "r.2": [5]}))
    >>> [(record.row, record.cells) for record in table.records]
    [(2, ('Kim', 'A', '3')), (2, ('Kim', 'B', '5'))]
    """
    found: list[Source] = []
    for table in _opened(source, outcome):
        found += _reshaped(table, columns, outcome)
    return tuple(found)


def _opened(source: str | Path | pd.DataFrame, outcome: str | None) -> Sequence[Source]:
    if not isinstance(source, str | Path):
        return [open_source(source)]
    path = Path(source)
    data = file_bytes(path)
    if isinstance(data, Source):
        return [data]
    if is_zip(data):
        return _workbook_tables(read_workbook(data, path.name), data, path.name)
    if is_rm5(data, path.name):
        return [read_rm5(data, path.name, outcome)]
    return [from_text(data, path.name)]


def _reshaped(table: Source, columns: ColumnChoice | None, outcome: str | None) -> Sequence[Source]:
    """A table as its own kind of export, or as wide arms; else as it is."""
    if table.names:
        return [table]
    revman = read_revman_csv(table, outcome)
    if revman is not None:
        return [revman]
    if is_study_results(table.columns):
        return study_results(table, outcome)
    if is_covidence(table.columns):
        table = tidied(table)
    return [unfolded(table, columns)]


def one_table(
    source: str | Path | pd.DataFrame,
    sheet: str | None = None,
    columns: ColumnChoice | None = None,
    *,
    wide: bool = False,
) -> Source:
    """One file of a review: a table, or the sheet of a workbook called `sheet`."""
    if sheet is None or not isinstance(source, str | Path):
        table = open_source(source)
    else:
        table = _named_sheet(Path(source), sheet)
    return unfolded(table, columns) if wide else table


def shared_out(columns: ColumnChoice, tables: Sequence[Source]) -> list[ColumnChoice]:
    """The choice of columns for each of several tables: to each what it has, what none has to the first."""

    def has(table: Source, names: str | Sequence[str]) -> bool:
        known = {*table.columns, *table.names.values()}
        return all(name.strip() in known for name in ([names] if isinstance(names, str) else names))

    shares: list[ColumnChoice] = [
        {role: names for role, names in columns.items() if has(table, names)} for table in tables
    ]
    lost = {role: names for role, names in columns.items() if not any(has(table, names) for table in tables)}
    return [{**shares[0], **lost}, *shares[1:]]


def sheet_names(path: Path) -> tuple[tuple[str, ...], tuple[Issue, ...]]:
    """Which of `SHEETS` a review's workbook holds, and what is to be said of the workbook as a whole."""
    data = file_bytes(path)
    if isinstance(data, Source):
        return (), data.issues
    book = _book(data, path.name)
    if book.issues:
        return (), book.issues
    names = tuple(name for name in SHEETS if _find(book, name) is not None)
    others = [sheet.name for sheet in book.sheets if sheet.name.strip().casefold() not in SHEETS]
    issues = list(_hidden_note(book, path.name))
    if others and names:
        message = f"These sheets are not read: {', '.join(others)}."
        issues.append(
            Issue("sheet-not-read", message, f"Sheets that are read are called {_NAMES}.", "note", file=path.name)
        )
    if not names:
        found = ", ".join(sheet.name for sheet in book.sheets) or "none with anything in it"
        message = f"The workbook has no sheet called arms or contrasts; its sheets: {found}."
        issues.append(Issue("tables-missing", message, f"Call the sheets {_NAMES}.", file=path.name))
    return names, tuple(issues)


# -- workbooks --------------------------------------------------------------------------------------------------------


def _book(data: bytes, name: str) -> Workbook:
    if is_zip(data):
        return read_workbook(data, name)
    return Workbook(issues=from_text(data, name).issues or (_no_workbook(name),))


def _no_workbook(name: str) -> Issue:
    return Issue("binary-file", "This is no XLSX workbook.", "Save the tables as XLSX, or as CSV (UTF-8).", file=name)


def _find(book: Workbook, name: str) -> WorkbookSheet | None:
    return next((sheet for sheet in book.sheets if sheet.name.strip().casefold() == name), None)


def _named_sheet(path: Path, name: str) -> Source:
    data = file_bytes(path)
    if isinstance(data, Source):
        return data
    book = _book(data, path.name)
    sheet = _find(book, name)
    if sheet is None:
        return Source(path.name, issues=book.issues, sha256=_hash(data), origin=path.name)
    return _sheet_table(sheet, data, path.name)


def _workbook_tables(book: Workbook, data: bytes, name: str) -> Sequence[Source]:
    """The sheets called arms and contrasts; else the only sheet; else an issue that lists them."""
    empty = Source(name, issues=book.issues, sha256=_hash(data), origin=name)
    if book.issues:
        return [empty]
    notes = list(_hidden_note(book, name))
    if not book.sheets:
        return [replace(empty, issues=(*notes, Issue("empty-file", "No visible sheet has anything in it.", file=name)))]
    chosen = [sheet for known in SHEETS[:2] if (sheet := _find(book, known)) is not None]
    others = [sheet.name for sheet in book.sheets if sheet not in chosen]
    if not chosen and len(others) > 1:
        message = f"The workbook has {len(others)} sheets: {', '.join(others)}."
        remedy = "Keep the one with the table, or call the sheets of the table arms and contrasts."
        return [replace(empty, issues=(*notes, Issue("several-sheets", message, remedy, file=name)))]
    if chosen and others:
        message = f"These sheets are not read: {', '.join(others)}."
        notes.append(
            Issue("sheet-not-read", message, "Without a review folder only arms and contrasts are.", "note", file=name)
        )
    tables = [_sheet_table(sheet, data, name) for sheet in chosen or book.sheets]
    tables[0] = replace(tables[0], issues=(*notes, *tables[0].issues))
    return tables


def _hidden_note(book: Workbook, name: str) -> Sequence[Issue]:
    if not book.hidden:
        return ()
    message = f"Hidden sheets are not read: {', '.join(book.hidden)}."
    return (Issue("sheet-hidden", message, "Unhide a sheet that belongs to the data.", "note", file=name),)


def _sheet_table(sheet: WorkbookSheet, data: bytes, name: str) -> Source:
    source = Source(f"{name}[{sheet.name}]", issues=sheet.issues, sha256=_hash(data), origin=name)
    return tabled(source, sheet.records)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
