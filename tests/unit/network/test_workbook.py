"""Workbooks: what their cells say, which sheet is read, and files that mean harm."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from physiohub.errors import DataError, Issue
from physiohub.network import workbook
from physiohub.network.workbook import read_workbook
from physiohub.prepare.tables import read_table

HEADER = ["study", "treatment", "events", "total"]
ROWS: list[list[Any]] = [["Kim", "A", 3, 20], ["Kim", "B", 5, 21]]


def saved(path: Path, **sheets: list[list[Any]]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def issues_of(path: Path, **options) -> list[Issue]:
    try:
        return list(read_table(path, reference=None, **options).issues)
    except DataError as error:
        return list(error.issues)


def one(path: Path) -> Issue:
    found = issues_of(path)
    assert len(found) == 1, found
    return found[0]


def test_cells_are_read_as_they_were_typed(tmp_path: Path) -> None:
    rows = [[2017, " A ", 3.0, "20"], [2017, "B", 0.1 + 0.2, 21]]
    sheet = read_workbook(saved(tmp_path / "b.xlsx", data=[HEADER, *rows]).read_bytes(), "b.xlsx").sheets[0]
    assert [record.cells for record in sheet.records[1:]] == [("2017", "A", "3", "20"), ("2017", "B", "0.3", "21")]


def test_rows_are_those_of_the_sheet(tmp_path: Path) -> None:
    path = saved(tmp_path / "book.xlsx", data=[[], HEADER, [], *ROWS, ["Lee", "A", 30, 20], ["Lee", "B", 1, 20]])
    issue = one(path)
    assert (issue.rule, issue.file, issue.row, issue.column) == ("events-above-total", "book.xlsx[data]", 6, "events")


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("=1/0", "formula-not-computed"),
        ("=SUM(A1:A2)", "formula-not-computed"),
        ("#DIV/0!", "not-finite"),
        (datetime.date(2024, 5, 3), "date-in-cell"),
        (datetime.datetime(2024, 5, 3, 1, 2), "date-in-cell"),
        (datetime.time(12, 30), "date-in-cell"),
        (True, "not-a-number"),
        ("1,5", "decimal-comma"),
    ],
)
def test_cells_that_are_no_numbers(cell: object, rule: str, tmp_path: Path) -> None:
    issue = one(saved(tmp_path / "b.xlsx", data=[HEADER, ROWS[0], ["Kim", "B", cell, 21]]))
    assert (issue.rule, issue.row, issue.column) == (rule, 3, "events")
    assert issue.remedy


@pytest.mark.parametrize("cell", ["#REF!", "=A1&A2"])
def test_names_that_are_no_names(cell: str, tmp_path: Path) -> None:
    rows = [HEADER, *ROWS, ["Lee", cell, 1, 20], ["Lee", "A", 2, 20]]
    assert [(issue.row, issue.column) for issue in issues_of(saved(tmp_path / "b.xlsx", data=rows))] == [
        (4, "treatment")
    ]


def test_merged_cells_are_named(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in [HEADER, *ROWS]:
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    book.save(tmp_path / "b.xlsx")
    found = {issue.rule: issue for issue in issues_of(tmp_path / "b.xlsx")}
    assert (found["cells-merged"].row, found["cells-merged"].column) == (2, "study")
    assert "A2:A3" in found["cells-merged"].message


def test_which_sheet(tmp_path: Path) -> None:
    notes = [["what"], ["is this"]]
    several = one(saved(tmp_path / "several.xlsx", one=[HEADER, *ROWS], two=notes))
    assert several.rule == "several-sheets"
    assert "one, two" in several.message
    named = read_table(saved(tmp_path / "named.xlsx", notes=notes, Arms=[HEADER, *ROWS]), reference="A")
    assert [(issue.rule, issue.severity) for issue in named.issues] == [("sheet-not-read", "note")]
    assert list(named.hashes) == ["named.xlsx"]
    empty = read_table(saved(tmp_path / "empty.xlsx", notes=[], data=[HEADER, *ROWS]), reference="A")
    assert not empty.issues


def test_arms_and_contrasts_of_one_workbook(tmp_path: Path) -> None:
    contrasts: list[list[Any]] = [["study", "treatment", "versus", "estimate", "seTE"], ["Lee", "B", "A", 0.5, 0.2]]
    path = saved(tmp_path / "b.xlsx", arms=[HEADER, *ROWS], contrasts=contrasts, studies=[["study"], ["Kim"]])
    network = read_table(path, reference="A", measure="OR")
    assert [(study.id, study.level) for study in network.studies] == [("Kim", "arm"), ("Lee", "contrast")]
    again = read_table(path, reference="A", measure="OR", columns=network.recognised)
    assert again.recognised == network.recognised
    contrasts[1][0] = "Kim"
    both = saved(tmp_path / "both.xlsx", arms=[HEADER, *ROWS], contrasts=contrasts)
    assert "arms-and-contrasts" in [issue.rule for issue in issues_of(both)]


def test_hidden_sheets_and_cells_beyond_the_header_are_noted(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in [HEADER, [*ROWS[0], None, "checked"], ROWS[1]]:
        sheet.append(row)
    hidden = book.create_sheet("old")
    hidden.append(HEADER)
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "b.xlsx")
    found = issues_of(tmp_path / "b.xlsx")
    assert [(issue.rule, issue.severity) for issue in found] == [("sheet-hidden", "note"), ("column-unnamed", "note")]


# -- files that are no workbooks, or harm -----------------------------------------------------------------------------


def archive(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return stream.getvalue()


def changed(path: Path, change: Callable[[str, bytes], bytes]) -> bytes:
    with zipfile.ZipFile(path) as file:
        return archive(**{name: change(name, file.read(name)) for name in file.namelist()})


LAUGHS = b'<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def test_files_that_are_no_workbooks(tmp_path: Path) -> None:
    good = saved(tmp_path / "good.xlsx", arms=[HEADER, *ROWS]).read_bytes()
    for data, rule, word in [
        (archive(**{"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}), "binary-file", "Word"),
        (archive(**{"content.xml": b"<x/>"}), "binary-file", "OpenDocument"),
        (archive(**{"[Content_Types].xml": b"<x/>", "xl/workbook.bin": b""}), "binary-file", "XLSB"),
        (archive(**{"photo.jpg": b"x"}), "binary-file", "ZIP"),
        (archive(**{"[Content_Types].xml": b"<x/>"}), "workbook-damaged", "damaged"),
        (good[: len(good) // 2], "workbook-damaged", "damaged"),
        (b"PK\x03\x04" + bytes(50), "workbook-damaged", "damaged"),
        (b"\xd0\xcf\x11\xe0" + bytes(50), "binary-file", "97-2003"),
        (b"", "empty-file", "empty"),
    ]:
        (tmp_path / "bad.xlsx").write_bytes(data)
        issue = one(tmp_path / "bad.xlsx")
        assert issue.rule == rule
        assert word in issue.message
        assert issue.file == "bad.xlsx"


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    good = saved(tmp_path / "good.xlsx", arms=[HEADER, *ROWS])
    bomb = changed(good, lambda name, data: data + b" " * 110_000_000 if "sheet1" in name else data)
    assert len(bomb) < 1_000_000
    (tmp_path / "bomb.xlsx").write_bytes(bomb)
    assert one(tmp_path / "bomb.xlsx").rule == "file-too-large"


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_they_are_read(part: str, encoding: str, tmp_path: Path) -> None:
    good = saved(tmp_path / "good.xlsx", arms=[HEADER, *ROWS])
    laughs = LAUGHS.decode().encode(encoding)
    (tmp_path / "laughs.xlsx").write_bytes(changed(good, lambda name, data: laughs + data if name == part else data))
    issue = one(tmp_path / "laughs.xlsx")
    assert issue.rule == "workbook-damaged"
    assert part in issue.message


def test_limits_of_a_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "b.xlsx", arms=[HEADER, *ROWS])
    monkeypatch.setattr(workbook, "MAX_ROWS", 2)
    assert one(path).rule == "file-too-large"
    monkeypatch.undo()
    monkeypatch.setattr(workbook, "MAX_COLUMNS", 3)
    assert one(path).rule == "file-too-large"


def test_a_far_cell_costs_nothing(tmp_path: Path) -> None:
    good = saved(tmp_path / "good.xlsx", arms=[HEADER, *ROWS])

    def far(name: str, data: bytes) -> bytes:
        return data.replace(b'r="3"', b'r="99999999999"') if name == "xl/worksheets/sheet1.xml" else data

    (tmp_path / "far.xlsx").write_bytes(changed(good, far))
    assert one(tmp_path / "far.xlsx").severity == "error"
