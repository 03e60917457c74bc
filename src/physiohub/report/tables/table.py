"""One table: its cells as values for a CSV file and as text for a page, so that the two cannot part."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from physiohub.report.format import ascii_text

__all__ = ["Cell", "Column", "Table", "made", "plain"]

Value = str | float | int | None
WIDE = 8  # a table of more columns is printed across the page
ADDRESS = re.compile(r"(https?://[^\s<>()\"']*[^\s<>()\"'.,;:])")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Cell:
    """A value and the words that show it.

    Attributes
    ----------
    value
        At full precision, as it enters the CSV file; None leaves the field empty.
    text
        As printed on the page.
    href
        Where the text leads; only http(s) addresses become links.
    own
        Whether the cell stands on a diagonal, where a row meets itself.
    """

    value: Value
    text: str
    href: str | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    key
        Its name in the CSV file.
    label
        Its heading on the page.
    kind
        ``"head"`` names the row, ``"number"`` stands right-aligned, ``"text"`` runs.
    where
        Some columns are only for the page, some only for the file.
    """

    key: str
    label: str
    kind: Literal["head", "text", "number"] = "text"
    where: Literal["both", "html", "csv"] = "both"


def plain(value: Value) -> Cell:
    """A cell that prints its value as it stands; None prints a dash.

    Examples
    --------
    >>> plain("usual care").text, plain(None).text
    ('usual care', '–')
    """
    return Cell(value, "–" if value is None else str(value))


def made(text: str) -> Cell:
    """A cell whose text this program has written from numbers; the file gets it with plain hyphens."""
    return Cell(ascii_text(text), text)


def _field(value: Value) -> str:
    """One field of the file. Text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    return "'" + value if value.startswith(FORMULA) and not _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return not text.startswith(("\t", "\r"))


def _link(cell: Cell) -> Markup:
    """The text of a cell, linked as a whole or where it holds web addresses."""
    link = Markup('<a href="{}" rel="noreferrer">{}</a>')
    if cell.href is not None and cell.href.startswith(("https://", "http://")):
        return link.format(cell.href, cell.text)
    parts = ADDRESS.split(cell.text)  # every second part is an address
    return Markup("").join(link.format(part, part) if k % 2 else escape(part) for k, part in enumerate(parts))


@dataclass(frozen=True, slots=True)
class Table:
    """A table for a reader and for a file.

    Attributes
    ----------
    id
        Name of the file, and of the element on the page.
    caption
        What the table shows; the unit and the direction stand here.
    note
        How to read it, and why cells are empty.

    Examples
    --------
    >>> table = Table("ranks", "Ranks", (Column("t", "Treatment", "head"), Column("x", "SUCRA", "number")),
    ...               ((plain("a"), Cell(0.8123, "0.81")),))
    >>> print(table.to_csv())
    t,x
    a,0.8123
    >>> '<td class="number">0.81</td>' in table.to_html()
    True
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    @property
    def header(self) -> tuple[str, ...]:
        """Headings as printed on the page."""
        return tuple(column.label for column in self.columns if column.where != "csv")

    def _kept(self, elsewhere: str) -> list[int]:
        return [k for k, column in enumerate(self.columns) if column.where != elsewhere]

    def texts(self) -> list[tuple[str, ...]]:
        """Rows as printed on the page."""
        kept = self._kept("csv")
        return [tuple(row[k].text for k in kept) for row in self.rows]

    def to_csv(self) -> str:
        """The table as RFC 4180 text: numbers at full precision, hyphens for minus signs, CRLF line ends."""
        kept = self._kept("html")
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self.columns[k].key for k in kept)
        writer.writerows([_field(row[k].value) for k in kept] for row in self.rows)
        return out.getvalue()

    def to_html(self, prefix: str = "") -> Markup:
        """The table in a frame that scrolls sideways by itself and can be reached by keyboard.

        Parameters
        ----------
        prefix
            Put before the ids, so that several outcomes share a page.
        """
        ident = f"{prefix}-{self.id}" if prefix else self.id
        kept = self._kept("csv")
        columns = [self.columns[k] for k in kept]
        head = Markup("").join(_heading(column) for column in columns)
        body = Markup("\n").join(_row([row[k] for k in kept], columns) for row in self.rows)
        note = Markup('<p class="note">{}</p>').format(self.note) if self.note else Markup("")
        wide = Markup(' class="wide"') if len(kept) > WIDE else ""
        return Markup(
            '<div class="scroll" role="group" tabindex="0" aria-labelledby="{ident}-caption">\n'
            '<table id="{ident}"{wide}>\n<caption id="{ident}-caption"><span>{caption}</span></caption>\n'
            "<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>\n{note}"
        ).format(ident=ident, wide=wide, caption=self.caption, head=head, body=body, note=note)


def _heading(column: Column) -> Markup:
    return Markup('<th scope="col" class="{}">{}</th>').format(column.kind, column.label)


def _row(cells: Sequence[Cell], columns: Sequence[Column]) -> Markup:
    parts = []
    for cell, column in zip(cells, columns, strict=True):
        if column.kind == "head":
            parts.append(Markup('<th scope="row">{}</th>').format(_link(cell)))
        else:
            kind = f"{column.kind} self" if cell.own else column.kind
            parts.append(Markup('<td class="{}">{}</td>').format(kind, _link(cell)))
    return Markup("<tr>{}</tr>").format(Markup("").join(parts))
