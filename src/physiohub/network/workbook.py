"""The sheets of an XLSX workbook as text, cell by cell; what a file must not do to this machine is refused first.

A workbook is a ZIP archive of XML files. Its directory says how much it unpacks to, and more than that is never read;
an XML file that declares entities is refused; sheets have limits. openpyxl then reads the cells as values, and once
more as formulas, because a formula whose result was never stored looks like an empty cell.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from physiohub.errors import Issue
from physiohub.network.source import Record, cell_text

__all__ = [
    "MAX_CELLS",
    "MAX_COLUMNS",
    "MAX_ROWS",
    "MAX_UNPACKED",
    "Workbook",
    "WorkbookSheet",
    "is_zip",
    "read_workbook",
]

MAX_UNPACKED = 100_000_000
"""Most bytes that a workbook may unpack to."""

MAX_ROWS = 20_000
"""Most filled rows of a sheet; a network of a thousand trials has a fifth of them."""

MAX_CELLS = 1_000_000
"""Most cells of a sheet; a minute's work for openpyxl lies beyond."""

MAX_COLUMNS = 1_000

_LAST_ROW = 1_048_576
_PARTS = 5_000
_AS_XLSX = "Save the table as XLSX without a password, or as CSV (UTF-8)."
_DAMAGED = "Open it in a spreadsheet program and save it again as XLSX, or as CSV (UTF-8)."
_KINDS = {
    "xl/workbook.bin": "an XLSB workbook",
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a PowerPoint presentation",
    "content.xml": "an OpenDocument file",
}
_DECLARATION = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*[\"']([A-Z]+)(\d+):([A-Z]+)(\d+)")


@dataclass(frozen=True, slots=True)
class WorkbookSheet:
    """A sheet with something in it: rows of text from the header on, `row` as the spreadsheet counts."""

    name: str
    records: tuple[Record, ...]
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Workbook:
    """The visible sheets of a workbook that have something in them, and the names of the hidden ones."""

    sheets: tuple[WorkbookSheet, ...] = ()
    hidden: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = field(default=())


def is_zip(data: bytes) -> bool:
    """Whether these bytes begin as a ZIP archive does."""
    return data.startswith(b"PK\x03\x04")


def read_workbook(data: bytes, file: str) -> Workbook:
    """Read every visible sheet. Problems are issues in the result, never exceptions."""
    try:
        problem = _archive_problem(data, file)
        return Workbook(issues=(problem,)) if problem is not None else _read(data, file)
    except Exception as error:  # a damaged workbook makes zipfile, expat and openpyxl raise errors of every kind
        message = f"The workbook is damaged: {type(error).__name__}."
        return Workbook(issues=(Issue("workbook-damaged", message, _DAMAGED, file=file),))


# -- the archive ------------------------------------------------------------------------------------------------------


def _archive_problem(data: bytes, file: str) -> Issue | None:
    """Why this archive is no workbook to be opened, if it is none."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        names = {part.filename for part in parts}
        for name, kind in _KINDS.items():
            if name in names:
                return Issue("binary-file", f"This is {kind}, not an XLSX workbook.", _AS_XLSX, file=file)
        if "[Content_Types].xml" not in names:
            return Issue("binary-file", "This is a ZIP archive, not an XLSX workbook.", _AS_XLSX, file=file)
        unpacked = sum(part.file_size for part in parts)
        if unpacked > MAX_UNPACKED or len(parts) > _PARTS:
            message = f"The workbook unpacks to {unpacked / 1e6:.0f} MB; the limit is {MAX_UNPACKED / 1e6:.0f} MB."
            remedy = "Save only the sheets of the table, as values, in a new workbook or as CSV (UTF-8)."
            return Issue("file-too-large", message, remedy, file=file)
        if any(part.flag_bits & 1 for part in parts):
            return Issue("binary-file", "The workbook has a password.", _AS_XLSX, file=file)
        for part in parts:
            # zipfile stops at the size of the directory; NUL bytes go, so that UTF-16 hides nothing
            if _DECLARATION.search(archive.read(part).replace(b"\x00", b"")) and part.filename.endswith(
                (".xml", ".rels", ".vml")
            ):
                message = f"{part.filename} declares a document type, which no spreadsheet program writes."
                return Issue("workbook-damaged", message, _DAMAGED, file=file)
    return None


# -- its sheets -------------------------------------------------------------------------------------------------------


def _read(data: bytes, file: str) -> Workbook:
    from openpyxl import load_workbook  # a tenth of a second that only workbooks cost

    with warnings.catch_warnings():  # of parts that are not read: drop-down lists, headers, styles
        warnings.simplefilter("ignore")
        values = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        formulas = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        hidden, sheets = [], []
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for sheet, twin in zip(values.worksheets, formulas.worksheets, strict=True):
                if sheet.sheet_state != "visible":
                    hidden.append(sheet.title)
                    continue
                part = getattr(sheet, "_worksheet_path", "")
                found = _sheet(sheet, twin, archive.read(part) if part in archive.namelist() else b"", file)
                if found.records or found.issues:
                    sheets.append(found)
    return Workbook(tuple(sheets), tuple(hidden))


def _letters(place: int) -> str:
    """The letters of a column by its place."""
    from openpyxl.utils import get_column_letter

    return get_column_letter(place)


def _sheet(sheet: Any, twin: Any, xml: bytes, file: str) -> WorkbookSheet:
    place = f"{file}[{sheet.title}]"
    records: list[Record] = []
    issues: list[Issue] = []
    count = 0
    for row, cells in enumerate(_texts(sheet, twin), start=1):
        if any(cells):
            records.append(Record(row, cells))
        count += len(cells)
        if len(records) > MAX_ROWS or row > _LAST_ROW or len(cells) > MAX_COLUMNS or count > MAX_CELLS:
            message = (
                f"The sheet has more than {MAX_ROWS:,} filled rows, {MAX_COLUMNS:,} columns or {MAX_CELLS:,} cells."
            )
            remedy = "A table of trials has one row per arm: check that this is the right sheet."
            issues.append(Issue("file-too-large", message, remedy, row=row, file=place))
            return WorkbookSheet(sheet.title, (), tuple(issues))
    if not records:
        return WorkbookSheet(sheet.title, ())
    width = max(i for i, text in enumerate(records[0].cells, 1) if text)
    issues += _merged_issues(xml, records, width, place)
    even, beyond = _even(records, width)
    if beyond is not None:
        message = f"Cells right of the last named column ({_letters(width)}) are not read."
        issues.append(
            Issue("column-unnamed", message, "Name their columns to keep them.", "note", row=beyond, file=place)
        )
    return WorkbookSheet(sheet.title, tuple(even), tuple(issues))


def _texts(sheet: Any, twin: Any) -> Iterator[tuple[str, ...]]:
    """Every row as text; a formula without a stored result as the formula."""
    for one in (sheet, twin):
        one.reset_dimensions()  # what a file says of its own size may be wrong
    for values, formulas in zip_longest(sheet.iter_rows(), twin.iter_rows(), fillvalue=()):
        yield tuple(_text(value, formula) for value, formula in zip_longest(values, formulas))


def _text(value: Any, formula: Any) -> str:
    found = None if value is None else value.value
    if found is None and formula is not None and formula.data_type == "f":
        return f"={str(getattr(formula.value, 'text', formula.value)).lstrip('=')}"
    return cell_text(found)


def _even(records: Iterable[Record], width: int) -> tuple[list[Record], int | None]:
    """Rows as wide as the header, and the first that had something further right."""
    even: list[Record] = []
    beyond: int | None = None
    for record in records:
        if beyond is None and any(record.cells[width:]):
            beyond = record.row
        cells = (*record.cells[:width], *[""] * (width - len(record.cells)))
        if any(cells):
            even.append(Record(record.row, cells))
    return even, beyond


def _merged_issues(xml: bytes, records: list[Record], width: int, place: str) -> Iterator[Issue]:
    """Merged cells of the table: only the first of them holds the value."""
    header, last = records[0].row, records[-1].row
    for left, top, right, bottom in _MERGED.findall(xml):
        first = int(top)
        if first > last or int(bottom) < header or _number(left) > width:
            continue
        names = records[0].cells
        name = names[_number(left) - 1] or _letters(_number(left))
        message = (
            f"The cells {left.decode()}{first}:{right.decode()}{int(bottom)} are merged: all but the first are empty."
        )
        remedy = "Unmerge them and repeat the value in every row that it stands for."
        yield Issue("cells-merged", message, remedy, row=first, column=name, file=place)


def _number(letters: bytes) -> int:
    """The place of a column by its letters: A is 1."""
    place = 0
    for letter in letters[:4]:
        place = place * 26 + letter - ord("A") + 1
    return place
