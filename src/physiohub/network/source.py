"""From a file or a data frame to named columns and records of text, each with the line it stands on."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from physiohub.errors import Issue

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MAX_BYTES", "NEEDS", "Record", "Source", "cell_text", "file_bytes", "from_text", "open_source", "tabled",
]  # fmt: skip

MAX_BYTES = 50_000_000
"""Largest table that is read; a table of trials is a thousand times smaller."""

NEEDS = "It needs a header with the names of the columns, and one row per arm or contrast."
_AS_CSV = "Save the table as XLSX, or as CSV (UTF-8), and read that file."
_SIGNATURES = {
    b"PK\x03\x04": "an XLSX workbook or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "a workbook of Excel 97-2003 (XLS), or one with a password",
    b"%PDF": "a PDF",
    b"\x89PNG": "a PNG picture",
    b"\x1f\x8b": "a GZIP archive",
}
_QUOTED = re.compile(r'"[^"]*"')
_BUGS_INDEX = re.compile(r"\[\s*,\s*(\d+)\s*\]")
_BUGS_NAME = re.compile(r"[A-Za-z][\w.]*\[,?\d*\]")


@dataclass(frozen=True, slots=True)
class Record:
    """One row of text cells, as many as there are columns; `row` is the line of the file where it begins.

    A line that holds several arms side by side becomes several records, told apart by `slot` (1, 2 ...).
    """

    row: int
    cells: tuple[str, ...]
    slot: int = field(default=0, repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """A table of text.

    Attributes
    ----------
    file
        Name of the file, with the sheet of a workbook (``book.xlsx[arms]``); None for a data frame.
    columns
        Header, stripped of outer blanks.
    records
        Rows with something in them, in the order of the table.
    separator
        ``","``, ``";"`` or tab.
    sha256
        Of the bytes of the file; of the cells for a data frame. Empty when there was no file to read.
    origin
        Name of the file itself, where `file` names a sheet too.
    names
        (column, slot) -> how the file calls it, where the table was turned from another shape: ``("r", 2): "r.2"``.
    header
        The header as it stands in the file, where that is not `columns`.
    one_outcome
        Whether the rows are those of one outcome already, chosen among several.
    """

    file: str | None
    columns: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    issues: tuple[Issue, ...] = ()
    separator: str = ","
    sha256: str = ""
    origin: str | None = None
    names: Mapping[tuple[str, int], str] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    one_outcome: bool = False

    def called(self, column: str, slot: int = 0) -> str:
        """How the file calls a column; for an arm of a line with several, the column of that arm."""
        return self.names.get((column, slot)) or self.names.get((column, 0), column)

    def first_name(self, column: str) -> str:
        """How the file calls a column; where every arm has its own, that of the first."""
        slots = [slot for name, slot in self.names if name == column]
        return self.called(column, min(slots, default=0))


def open_source(source: str | Path | pd.DataFrame) -> Source:
    """Read a CSV or TSV file, or a data frame, as text. Problems are issues in the result, never exceptions.

    Examples
    --------
    >>> import pandas as pd
    >>> open_source(pd.DataFrame({"study": ["Kim 2017"], "n": [20]})).records
    (Record(row=2, cells=('Kim 2017', '20')),)
    """
    if isinstance(source, str | Path):
        return _open_file(Path(source))
    records = _frame_records(source)
    return tabled(Source(None, sha256=_records_hash(records)), records)


# -- files ------------------------------------------------------------------------------------------------------------


def _open_file(path: Path) -> Source:
    data = file_bytes(path)
    return data if isinstance(data, Source) else from_text(data, path.name)


def file_bytes(path: Path) -> bytes | Source:
    """The bytes of a file; a source that says why not when they cannot be had, or are too many."""
    name = path.name or str(path)
    try:
        if path.is_dir():
            return _refused(name, "file-is-directory", "This is a folder, not a table.", "Name the file itself.")
        if not path.exists():
            return _refused(name, "file-missing", f"There is no file {str(path)!r}.", "Check the path.")
        if path.stat().st_size > MAX_BYTES:
            size = f"{path.stat().st_size / 1e6:.0f} MB"
            return _refused(name, "file-too-large", f"The file has {size}; the limit is {MAX_BYTES / 1e6:.0f} MB.",
                            "A table has one row per arm: check that this is the right file.")  # fmt: skip
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character
        return _refused(name, "file-unreadable", f"The file cannot be read: {error}.", "Check the path and its rights.")


def _refused(file: str, rule: str, message: str, remedy: str) -> Source:
    return Source(file, issues=(Issue(rule, message, remedy, file=file),))


def from_text(data: bytes, name: str) -> Source:
    """A CSV or TSV file from its bytes; a source with an issue when they are no text."""
    sha256 = hashlib.sha256(data).hexdigest()
    problem = _bytes_problem(data, name)
    if problem is not None:
        return Source(name, issues=(problem,), sha256=sha256)
    text = _tabbed(data.decode("utf-8-sig"))
    separator = _separator(text, name)
    if separator == ",":  # t[,1] between commas: its own comma goes
        header = next(line for line in text.splitlines() if line.strip())
        text = text.replace(header, _BUGS_INDEX.sub(r"[\1]", header) if '"' not in header else header, 1)
    records, issues = _csv_records(text, separator, name)
    return tabled(Source(name, separator=separator, sha256=sha256, issues=tuple(issues)), records)


def _bytes_problem(data: bytes, name: str) -> Issue | None:
    """Why these bytes are not a table in UTF-8, if they are not."""
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            return Issue("binary-file", f"This is {what}, not a CSV file.", _AS_CSV, file=name)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Issue("encoding", "The file is encoded in UTF-16.", "Save it as CSV UTF-8.", file=name)
    if b"\x00" in data:
        return Issue("binary-file", "The file holds NUL bytes: it is not text.", _AS_CSV, file=name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = len(re.findall(rb"\r\n|\r|\n", data[: error.start])) + 1
        return Issue("encoding", f"The file is not UTF-8: byte 0x{data[error.start]:02x} in line {row}.",
                     "Save it as CSV UTF-8 (in Excel: Save As, CSV UTF-8).", row=row, file=name)  # fmt: skip
    if not text.strip():
        return Issue("empty-file", "The file is empty.", NEEDS, file=name)
    return None


def _tabbed(text: str) -> str:
    """The table as BUGS writes it (``t[,1] r[,1] ...``, blanks between cells, END) with tabs; any other as it is."""
    lines = text.splitlines()
    names = next((line for line in lines if line.strip()), "").split()
    if len(names) < 2 or not all(_BUGS_NAME.fullmatch(name) for name in names):
        return text
    return "\n".join("\t".join(cells) if (cells := line.split()) != ["END"] else "" for line in lines) + "\n"


def _separator(text: str, name: str) -> str:
    """The comma, unless the header has none outside quotes (and ``t[,1]``) and has tabs or semicolons."""
    if name.casefold().endswith((".tsv", ".tab")):
        return "\t"
    header = _BUGS_INDEX.sub("", _QUOTED.sub("", next(line for line in text.splitlines() if line.strip())))
    if "," in header:
        return ","
    counts = {mark: header.count(mark) for mark in ("\t", ";")}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","


def _csv_records(text: str, separator: str, name: str) -> tuple[list[Record], list[Issue]]:
    """Records up to the end of the text, or up to the first that breaks the rules of CSV."""
    # newline="" keeps line ends inside quotes and lets the reader count physical lines
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records: list[Record] = []
    while True:
        row = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return records, []
        except csv.Error as error:
            message = f"The record that begins in this row cannot be read: {error}."
            remedy = "Check the quotes: every quote is closed, and a quote inside a quoted cell is doubled."
            return records, [Issue("csv-malformed", message, remedy, row=row, file=name)]
        records.append(Record(row, tuple(cell.strip() for cell in cells)))


# -- data frames ------------------------------------------------------------------------------------------------------


def _frame_records(frame: pd.DataFrame) -> list[Record]:
    """Header and rows as text; the header counts as line 1, as if the frame had been saved as CSV."""
    header = Record(1, tuple(str(name).strip() for name in frame.columns))
    columns = [[cell_text(cell) for cell in frame.iloc[:, k]] for k in range(frame.shape[1])]
    return [header, *(Record(row, cells) for row, cells in enumerate(zip(*columns, strict=True), start=2))]


def cell_text(cell: Any) -> str:
    """A cell as it would be typed: a missing value is empty, a whole float has no decimals, others round-trip."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(cell, str):
        return cell.strip()
    try:
        number = float(cell)
    except (TypeError, ValueError, OverflowError):
        return str(cell).strip()
    if isinstance(cell, bool) or type(cell).__name__ in ("bool", "bool_"):
        return str(cell)
    if math.isnan(number):
        return ""
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e15 else repr(number)


def _records_hash(records: Iterable[Record]) -> str:
    text = "\x1e".join("\x1f".join(record.cells) for record in records)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# -- header and rows --------------------------------------------------------------------------------------------------


def tabled(source: Source, records: Sequence[Record]) -> Source:
    """Split off the header, skip blank rows, and see that every row has a cell for every column."""
    filled = [record for record in records if any(record.cells)]
    if not filled:
        if source.issues:
            return source
        return replace(source, issues=(Issue("empty-file", "The table is empty.", NEEDS, file=source.file),))
    header, rows = filled[0], filled[1:]
    columns = _without_trailing_blanks(header.cells)
    issues = [*source.issues, *_header_issues(columns, header.row, rows, source.file)]
    if not rows and not issues:
        issues.append(Issue("no-rows", "The table has a header and no rows.", NEEDS, file=source.file))
    even: list[Record] = []
    for record in rows:
        cells = record.cells
        while len(cells) > len(columns) and not cells[-1]:  # spreadsheets pad rows with separators
            cells = cells[:-1]
        if len(cells) == len(columns):
            even.append(Record(record.row, cells))
        else:
            issues.append(_ragged(record.row, len(cells), len(columns), source))
    return replace(source, columns=columns, records=tuple(even), issues=tuple(issues))


def _without_trailing_blanks(cells: tuple[str, ...]) -> tuple[str, ...]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def _header_issues(columns: Sequence[str], row: int, rows: Sequence[Record], file: str | None) -> Iterator[Issue]:
    for name, count in Counter(name for name in columns if name).items():
        if count > 1:
            message = f"{count} columns are called {name!r}."
            yield Issue("column-duplicated", message, "Give each a name of its own.", row=row, column=name, file=file)
    for k, name in enumerate(columns):
        if not name and any(k < len(record.cells) and record.cells[k] for record in rows):
            message = f"Column {k + 1} has no name and is not read."
            yield Issue("column-unnamed", message, "Name it to keep it.", "note", row=row, file=file)


def _ragged(row: int, cells: int, columns: int, source: Source) -> Issue:
    message = f"This row has {cells} cells where the header has {columns}."
    remedy = "Check its separators"
    remedy += ": a cell that holds a comma stands in quotes." if source.separator == "," else "."
    return Issue("row-ragged", message, remedy, row=row, file=source.file)
