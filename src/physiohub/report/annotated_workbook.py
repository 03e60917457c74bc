"""A copy of the author's tables with every problem at its cell, a colour and a comment, and all of them in a list."""

from __future__ import annotations

import os
import secrets
import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from physiohub.errors import Issue, UsageError
from physiohub.report.atomic import OutputError
from physiohub.report.workbook_copy import CopiedSheet, clean, copied, folder_of

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell

__all__ = ["LIST", "check_annotated_target", "write_annotated"]

LIST = "PhysioHub check"
"""The sheet with all problems; by it an annotated copy is known, and may be replaced."""

_FILLS = {"error": "FFC7CE", "warning": "FFEB9C", "note": "DDEBF7"}
_COLUMNS = ("severity", "rule", "study", "arm", "file", "row", "column", "value", "message", "remedy", "cell")
_WIDTHS = (10, 24, 20, 18, 20, 7, 16, 14, 70, 50, 14)


def check_annotated_target(target: Path, source: Path) -> None:
    """See, before any work, that an annotated copy may be written there.

    Raises
    ------
    UsageError
        When it is no XLSX name, is read itself, stands in the review's folder, or is a file that no check wrote.

    Examples
    --------
    >>> check_annotated_target(Path("trials.csv"), Path("trials.csv"))
    Traceback (most recent call last):
    ...
    physiohub.errors.UsageError: --annotate writes a workbook: give a name that ends in .xlsx, not 'trials.csv'.
    """
    if target.suffix.casefold() != ".xlsx":
        raise UsageError(f"--annotate writes a workbook: give a name that ends in .xlsx, not {target.name!r}.")
    if target.is_dir() or not target.resolve().parent.is_dir():
        raise UsageError(f"--annotate: {target} is a folder, or the folder it shall stand in does not exist.")
    folder = folder_of(source)
    if folder is not None and target.resolve().parent == folder.resolve():
        raise UsageError(f"--annotate: {target} would stand among the tables of the review and be read as one of them.")
    if target.exists() and (target.resolve() == source.resolve() or not _is_annotated(target)):
        raise UsageError(
            f"--annotate: {target} exists and is no annotated copy: it is left as it is. Choose another name."
        )


def _is_annotated(path: Path) -> bool:
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(path, read_only=True)
            found = LIST in book.sheetnames
            book.close()
    except Exception:  # whatever it is, it is none of ours
        return False
    return found


def write_annotated(target: Path, source: Path, issues: Sequence[Issue]) -> int:
    """Write the annotated copy of a table or of the tables of a review folder, whole or not at all.

    Returns
    -------
    int
        How many cells are marked; an issue of a whole file or of review.toml stands in the list only.

    Raises
    ------
    UsageError
        See `check_annotated_target`.
    OutputError
        When the system refuses to write.
    """
    check_annotated_target(target, source)
    book, sheets = copied(source)
    marked: dict[tuple[str, str], list[Issue]] = defaultdict(list)
    cells: dict[tuple[str, str], Cell] = {}
    places: list[str] = []
    for issue in issues:
        cell = _cell_of(issue, sheets)
        places.append("" if cell is None else f"'{_quoted(cell.parent.title)}'!{cell.coordinate}")
        if cell is not None:
            key = (cell.parent.title, cell.coordinate)
            marked[key].append(issue)
            cells[key] = cell
    for key, found in marked.items():
        _mark(cells[key], found)
    _write_list(book, issues, places)
    _save(book, target)
    return len(marked)


def _quoted(title: str) -> str:
    return title.replace("'", "''")


def _cell_of(issue: Issue, sheets: Sequence[CopiedSheet]) -> Cell | None:
    """Where an issue stands; one that names no file belongs to the only table, or to the row of its study."""
    named = [sheet for sheet in sheets if issue.file in (sheet.file, None)]
    for sheet in named:
        cell = sheet.place(issue)
        if cell is not None and (issue.file is not None or len(named) == 1 or _is_row_of(sheet, cell, issue)):
            return cell
    return None


def _is_row_of(sheet: CopiedSheet, cell: Cell, issue: Issue) -> bool:
    values = (sheet.sheet.cell(cell.row, k).value for k in range(1, sheet.sheet.max_column + 1))
    return issue.study is not None and any(str(value).strip() == issue.study for value in values if value is not None)


# -- marks ------------------------------------------------------------------------------------------------------------


def _mark(cell: Cell, issues: Sequence[Issue]) -> None:
    """Colour a cell by its worst problem, and say all of them in its comment, below what was there."""
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    worst = next(severity for severity in _FILLS if any(issue.severity == severity for issue in issues))
    cell.fill = PatternFill("solid", start_color=_FILLS[worst], end_color=_FILLS[worst])
    said = "\n\n".join(f"{issue.severity}: {clean(issue.message)} {clean(issue.remedy)}".strip() for issue in issues)
    there = f"{cell.comment.text}\n\n" if cell.comment is not None else ""
    cell.comment = Comment(there + said, "PhysioHub", width=380, height=60 + 22 * (len(there + said) // 55))


def _write_list(book: Workbook, issues: Sequence[Issue], places: Sequence[str]) -> None:
    """The sheet with all problems, each linked to its cell."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.worksheet.hyperlink import Hyperlink

    if LIST in book.sheetnames:  # the copy of a copy
        book.remove(book[LIST])
    sheet = book.create_sheet(LIST)
    for column, (name, width) in enumerate(zip(_COLUMNS, _WIDTHS, strict=True), start=1):
        sheet.cell(1, column, name).font = Font(bold=True)
        sheet.column_dimensions[sheet.cell(1, column).column_letter].width = width
    for row, (issue, place) in enumerate(zip(issues, places, strict=True), start=2):
        values = {**issue.to_dict(), "cell": place}
        for column, name in enumerate(_COLUMNS, start=1):
            cell: Any = sheet.cell(row, column)
            value = values[name]
            cell.value = clean(value) if isinstance(value, str) else value
            cell.data_type = "n" if isinstance(value, int) else "s"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        fill = _FILLS[issue.severity]
        sheet.cell(row, 1).fill = PatternFill("solid", start_color=fill, end_color=fill)
        if place:
            link: Any = sheet.cell(row, len(_COLUMNS))
            link.hyperlink = Hyperlink(ref=link.coordinate, location=place)
            link.font = Font(color="0563C1", underline="single")
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _save(book: Workbook, target: Path) -> None:
    """Write beside the target and take its name in one step."""
    partial = target.resolve().parent / f".{target.name}.partial-{secrets.token_hex(4)}"
    try:
        book.save(partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(target.resolve())
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}. Nothing was left there.") from error
    finally:
        partial.unlink(missing_ok=True)
