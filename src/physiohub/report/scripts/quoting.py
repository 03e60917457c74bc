"""Names and numbers on their way into code and CSV, where no character of a label may become code.

Names of studies and treatments are text that anybody typed. Most of it travels in CSV files, which the scripts read;
what stands in a script itself is a comment without line breaks, or a string literal of the language.
"""

from __future__ import annotations

import csv
import io
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["cell", "comment", "csv_text", "one_line", "plain_names", "r_string", "stata_comment"]

WIDTH = 100
_MEANT_BY_STATA = re.compile(r"[`$*/\\\"]")
_R_ESCAPES = {"\\": "\\\\", '"': '\\"'}


def one_line(text: str) -> str:
    r"""The text without control, format and line-breaking characters, blanks collapsed.

    Direction overrides count as format characters: they make code read otherwise than it runs.

    Examples
    --------
    >>> one_line("usual\ncare\u2028 (GP)")
    'usual care (GP)'
    """
    shown = (" " if unicodedata.category(c)[0] == "C" or unicodedata.category(c) in ("Zl", "Zp") else c for c in text)
    return " ".join("".join(shown).split())


def comment(lines: Iterable[str], *, mark: str = "# ") -> str:
    """Sentences as comment lines of R or Python; an empty one is an empty comment line.

    Examples
    --------
    >>> print(comment(["What it repeats.", "", "x = 1"]))
    # What it repeats.
    #
    # x = 1
    """
    found: list[str] = []
    for line in lines:
        shown, indent = one_line(line), " " * (len(line) - len(line.lstrip(" ")))
        wrapped = textwrap.wrap(shown, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
        found += [f"{mark}{part}".rstrip() for part in wrapped or [""]]
    return "\n".join(found)


def stata_comment(lines: Iterable[str]) -> str:
    """Sentences as comment lines of Stata, without the characters that it reads in comments too.

    Stata expands macros (backquote, dollar sign) before it sees a comment; a slash or star can open a block comment.

    Examples
    --------
    >>> print(stata_comment(["drug `=1' /* $x"]))
    * drug _=1' __ _x
    """
    return comment([_MEANT_BY_STATA.sub("_", line) for line in lines], mark="* ")


def plain_names(ids: Sequence[str]) -> dict[str, str]:
    r"""A name for each id that every program keeps apart: no control characters, and not equal but for case or blanks.

    Examples
    --------
    >>> plain_names(["Placebo", "placebo", "usual\ncare"])
    {'Placebo': 'Placebo', 'placebo': 'placebo (2)', 'usual\ncare': 'usual care'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for position, id in enumerate(ids, start=1):
        name = one_line(id) or f"({position})"
        while name.casefold() in taken:
            name = f"{name} ({position})"
        taken.add(name.casefold())
        names[id] = name
    return names


def r_string(text: str) -> str:
    r"""A string literal of R, in ASCII: what is not becomes an escape, so that no encoding can misread it.

    Examples
    --------
    >>> print(r_string('Café "A"\\n'))
    "Caf\u00e9 \"A\"\\n"
    """
    return f'"{"".join(_R_ESCAPES.get(c) or _r_character(c) for c in text)}"'


def _r_character(character: str) -> str:
    code = ord(character)
    if 32 <= code < 127:
        return character
    return f"\\u{code:04x}" if 0 < code < 0x10000 else f"\\U{code or 0xFFFD:08x}"


def cell(value: object) -> str:
    """A value as text that reads back to exactly the same number; nothing for None.

    Examples
    --------
    >>> cell(50.0), cell(0.1), cell(None), cell("A, B")
    ('50', '0.1', '', 'A, B')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    number = float(str(value))
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def csv_text(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    r"""Rows as CSV, text quoted where it has to be.

    Examples
    --------
    >>> csv_text([{"study": "Kim, 2017", "n": 20}], ["study", "n"])
    'study,n\n"Kim, 2017",20\n'
    """
    return "".join(map(_line, [columns, *([cell(row.get(column)) for column in columns] for row in rows)]))


def _line(cells: Sequence[str]) -> str:
    """One line; the writer ends it by CR LF, so that it quotes a cell with either, and this by LF."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().removesuffix("\r\n") + "\n"
