"""The author's tables as a workbook that may be written on: an XLSX file as it is, CSV files as a sheet each.

The copy of an XLSX file keeps formulas, number formats, widths and drop-down lists; pictures and charts are not copied.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from physiohub.errors import Issue
from physiohub.network.cells import parse_number
from physiohub.network.revman import is_rm5
from physiohub.network.source import open_source
from physiohub.network.workbook import is_zip, read_workbook

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["CopiedSheet", "clean", "copied", "folder_of"]

_TITLE_LENGTH = 31  # of a sheet, by the file format


@dataclass(frozen=True, slots=True)
class CopiedSheet:
    """A sheet of the copy: of which file its issues speak, its columns, and where a line of the file stands in it."""

    sheet: Worksheet
    file: str
    header: Mapping[str, int]
    lines: Mapping[int, int] | None

    def place(self, issue: Issue) -> Cell | None:
        """The cell of an issue; the first filled cell of the row where it names no column of this sheet."""
        if issue.row is None:
            return None
        row = issue.row if self.lines is None else self.lines.get(issue.row)
        if row is None or row > self.sheet.max_row:
            return None
        column = self.header.get(issue.column or "") or self._first_filled(row)
        return _unmerged(self.sheet, row, column)

    def _first_filled(self, row: int) -> int:
        columns = range(1, self.sheet.max_column + 1)
        return next((k for k in columns if self.sheet.cell(row, k).value is not None), 1)


def _unmerged(sheet: Worksheet, row: int, column: int) -> Cell:
    """The cell itself, or the one that a merged range shows."""
    for block in sheet.merged_cells.ranges:
        if block.min_row <= row <= block.max_row and block.min_col <= column <= block.max_col:
            row, column = block.min_row, block.min_col
    found: Any = sheet.cell(row, column)
    cell: Cell = found
    return cell


def folder_of(source: Path) -> Path | None:
    """The folder of a review; None for a table."""
    if source.is_dir():
        return source
    return source.parent if source.name == "review.toml" else None


def copied(source: Path) -> tuple[Workbook, list[CopiedSheet]]:
    """The tables as a workbook; tables that cannot be read leave only the list of problems."""
    from openpyxl import Workbook

    paths = _tables_of(source)
    if len(paths) == 1 and is_zip(data := paths[0].read_bytes()):
        return _copied_workbook(data, paths[0].name)
    book = Workbook()
    first: Any = book.active
    book.remove(first)
    return book, [sheet for path in paths if (sheet := _sheet_of_text(book, path)) is not None]


def _tables_of(source: Path) -> list[Path]:
    folder = folder_of(source)
    if folder is None:
        return [source]
    tables = [folder / f"{name}.csv" for name in ("arms", "contrasts", "studies")]
    found = [path for path in tables if path.is_file()]
    books = sorted(path for path in folder.glob("*.xlsx") if path.is_file() and not path.name.startswith("~$"))
    return found or books[:1]


def _copied_workbook(data: bytes, name: str) -> tuple[Workbook, list[CopiedSheet]]:
    from openpyxl import Workbook, load_workbook

    if read_workbook(data, name).issues:  # damaged, too large, or made to do harm: it is not opened
        return Workbook(), []
    with warnings.catch_warnings():  # of parts that openpyxl leaves out
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(data), keep_links=False, rich_text=True)
    sheets = [CopiedSheet(sheet, f"{name}[{sheet.title}]", _header(sheet), None) for sheet in book.worksheets]
    return book, sheets


def _header(sheet: Worksheet) -> dict[str, int]:
    """Column as it is called -> its place; the header is the first row with something in it."""
    for row in sheet.iter_rows():
        if any(cell.value is not None for cell in row):
            return {str(cell.value).strip(): k for k, cell in enumerate(row, start=1) if cell.value is not None}
    return {}


def _sheet_of_text(book: Workbook, path: Path) -> CopiedSheet | None:
    """A CSV or TSV file as a sheet; None when it is no text."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if is_rm5(data, path.name):
        return None
    sheet = book.create_sheet(_title(path.stem, book.sheetnames))
    lines: dict[int, int] = {}
    for row, (line, cells) in enumerate(_records(text, open_source(path).separator), start=1):
        lines[line] = row
        for column, cell in enumerate(cells, start=1):
            _put(sheet, row, column, cell)
    sheet.freeze_panes = "A2"
    return CopiedSheet(sheet, path.name, _header(sheet), lines)


def _title(stem: str, taken: Sequence[str]) -> str:
    """A name that a sheet may have: without signs that are no letters there, short, and none twice."""
    plain = "".join("_" if letter in "[]:*?/\\'" or not letter.isprintable() else letter for letter in stem)
    title = plain[:_TITLE_LENGTH] or "table"
    return title if title not in taken else f"{title[:-2]}_2"


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Line on which each record begins, and its cells, up to one that breaks the rules of CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        return  # which the problems say


def _put(sheet: Worksheet, row: int, column: int, text: str) -> None:
    """A cell as typed: a number keeps its decimals on the screen, and nothing becomes a formula."""
    if not text:
        return
    number = parse_number(text) if row > 1 else None
    cell: Any = sheet.cell(row, column)
    if isinstance(number, float) and "e" not in text.casefold():
        decimals = len(text.strip().partition(".")[2])
        cell.value = int(number) if number.is_integer() and not decimals else number
        cell.number_format = "0" + ("." + "0" * decimals if decimals else "")
    else:
        cell.value = clean(text)
        cell.data_type = "s"


def clean(text: str) -> str:
    """Text without the letters that the file format cannot hold."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else ascii(letter)[1:-1] for letter in text)
