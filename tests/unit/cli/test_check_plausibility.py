"""`physiohub check` names what is not plausible, and writes it into a copy of the workbook."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.worksheet.datavalidation import DataValidation

from physiohub.cli import run
from physiohub.evidence.review import bundled_review
from physiohub.evidence.schema import schema
from physiohub.report.annotated_workbook import LIST

HEADER: list[str | int | float] = ["study", "treatment", "n", "mean", "sd", "instrument", "value_type"]
ROWS: list[list[str | int | float]] = [
    ["Kim 2017", "control", 41, 38.4, 23.8, "VAS 0-100", "final"],
    ["Kim 2017", "exercise", 43, 30.5, 3.6, "VAS 0-100", "final"],
    ["Lee 2018", "control", 40, 41.5, 24.8, "VAS 0-100", "final"],
    ["Lee 2018", "exercise", 42, 33.5, 21.6, "VAS 0-100", "final"],
]


@pytest.fixture
def suspicious(home: Path) -> Path:
    """A table that can be analysed, with a standard error among its SDs."""
    lines = [",".join(str(cell) for cell in row) for row in [HEADER, *ROWS]]
    (home / "pain.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return home


def book_of(path: Path, rows: list[list[str | int | float]]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "arms"
    for row in [HEADER, *rows]:
        sheet.append(row)
    book.save(path)
    return path


def test_what_is_not_plausible_stops_nothing(suspicious, capsys):
    assert run(["check", "pain.csv", "--reference", "control"]) == 0
    out = capsys.readouterr().out
    assert "warning: pain.csv, study Kim 2017, arm exercise, row 3, column sd, value '3.6'" in out
    assert "3.6 x sqrt(43) = 23.6" in out
    assert "2 treatments" in out


def test_findings_in_json(suspicious, capsys):
    assert run(["check", "pain.csv", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("check"))
    found = {(issue["rule"], issue["severity"], issue["row"], issue["column"]) for issue in document["issues"]}
    assert ("sd-like-se", "warning", 3, "sd") in found


def test_they_stand_beside_errors(suspicious, capsys):
    text = (suspicious / "pain.csv").read_text().replace("21.6", "-21.6")
    (suspicious / "pain.csv").write_text(text)
    assert run(["check", "pain.csv", "--format", "json"]) == 1
    rules = {issue["rule"] for issue in json.loads(capsys.readouterr().out)["issues"]}
    assert {"sd-not-positive", "sd-like-se"} <= rules


def test_a_study_set_aside_is_not_named(suspicious, capsys):
    shutil.copy("pain.csv", "more.csv")
    with Path("more.csv").open("a", encoding="utf-8") as file:
        file.write("Roe 2019,control,50,40,22,VAS 0-100,final\nRoe 2019,exercise,50,36,21,VAS 0-100,final\n")
    assert run(["check", "more.csv", "--exclude", "Kim 2017=SE or SD?", "--format", "json"]) == 0
    assert "sd-like-se" not in capsys.readouterr().out


def test_the_bundled_review(home, capsys):
    folder = str(bundled_review().folder)
    assert run(["check", folder, "--format", "json"]) == 0
    issues = json.loads(capsys.readouterr().out)["issues"]
    named = {issue["study"] for issue in issues if issue["rule"] == "sd-like-se"}
    assert named == {"Kim 2017", "Patti 2016"}  # whose SDs the review itself calls very small
    assert all(issue["file"] for issue in issues if issue["rule"] == "sd-like-se")


# -- the annotated copy -----------------------------------------------------------------------------------------------


def test_a_csv_table_as_an_annotated_workbook(suspicious, capsys):
    assert run(["check", "pain.csv", "--annotate", "seen.xlsx"]) == 0
    assert "Written to seen.xlsx" in capsys.readouterr().out
    book = load_workbook("seen.xlsx")
    assert book.sheetnames == ["pain", LIST]
    cell = book["pain"]["E3"]
    assert cell.value == 3.6
    assert cell.fill.start_color.rgb.endswith("FFEB9C")
    assert "sqrt(43)" in cell.comment.text
    assert book["pain"]["E2"].comment is None
    assert book["pain"]["E2"].fill.fill_type is None
    values = [[c.value for c in row] for row in book["pain"].iter_rows()]
    assert values == [HEADER, *ROWS]


def test_the_list_links_to_the_cells(suspicious):
    assert run(["check", "pain.csv", "--annotate", "seen.xlsx", "--quiet"]) == 0
    rows = list(load_workbook("seen.xlsx")[LIST].iter_rows(min_row=2))
    place = {row[1].value: (row[10].value, row[10].hyperlink.location) for row in rows if row[10].hyperlink}
    assert place["sd-like-se"] == ("'pain'!E3", "'pain'!E3")


def test_formulas_formats_lists_and_comments_are_kept(home):
    path = book_of(home / "pain.xlsx", ROWS)
    book = load_workbook(path)
    sheet = book["arms"]
    sheet["D2"] = "=30+8.4"
    sheet["D2"].number_format = "0.000"
    sheet["E3"].number_format = "0.00"
    sheet["E3"].comment = Comment("from Table 2", "author")
    sheet.column_dimensions["A"].width = 33
    sheet.freeze_panes = "B2"
    rule = DataValidation("list", formula1='"final,change"')
    rule.add("G2:G9")
    sheet.add_data_validation(rule)
    book.save(path)
    before = path.read_bytes()
    assert run(["check", "pain.xlsx", "--annotate", "seen.xlsx"]) == 1  # openpyxl stores no result of a formula
    assert path.read_bytes() == before
    copy = load_workbook("seen.xlsx")["arms"]
    assert copy["D2"].value == "=30+8.4"
    assert copy["D2"].number_format == "0.000"
    assert copy["E3"].number_format == "0.00"
    assert copy["E3"].comment.text.startswith("from Table 2\n\nwarning:")
    assert copy.column_dimensions["A"].width == 33
    assert copy.freeze_panes == "B2"
    assert [one.formula1 for one in copy.data_validations.dataValidation] == ['"final,change"']


def test_cells_of_a_csv_never_become_formulas(home):
    Path("bad.csv").write_text(
        'study,treatment,n,mean,sd\n"=cmd()|x",A,9,1.50,2\n"=cmd()|x",B,9,2,-2\n', encoding="utf-8"
    )
    assert run(["check", "bad.csv", "--annotate", "seen.xlsx"]) == 1
    sheet = load_workbook("seen.xlsx")["bad"]
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=cmd()|x", "s")
    assert (sheet["D2"].value, sheet["D2"].number_format) == (1.5, "0.00")
    assert sheet["E3"].fill.start_color.rgb.endswith("FFC7CE")
    names = [cell.data_type for row in load_workbook("seen.xlsx")[LIST].iter_rows(min_row=2) for cell in row]
    assert "f" not in names


def test_lines_of_quoted_cells_are_found(home):
    text = 'study,treatment,n,mean,sd,notes\nKim,A,9,1,2,"two\nlines"\n\nKim,B,9,2,-2,\n'
    Path("long.csv").write_text(text, encoding="utf-8")
    assert run(["check", "long.csv", "--annotate", "seen.xlsx"]) == 1
    marked = [c.coordinate for row in load_workbook("seen.xlsx")["long"].iter_rows() for c in row if c.comment]
    assert marked == ["E4"]  # line 5 of the file is the fourth record of it


def test_the_tables_of_a_review(home):
    folder = bundled_review().folder
    assert run(["check", str(folder), "--annotate", "review.xlsx"]) == 0
    book = load_workbook("review.xlsx")
    assert book.sheetnames == ["arms", "contrasts", "studies", LIST]
    table = pd.read_csv(folder / "arms.csv", dtype=str, keep_default_na=False)
    marked = {(cell.row, cell.column) for row in book["arms"].iter_rows() for cell in row if cell.comment}
    place = (table[(table["study"] == "Kim 2017") & (table["sd"] == "3.37")].index[0] + 2, list(table).index("sd") + 1)
    assert place in marked
    assert len(list(book[LIST].iter_rows())) > len(marked)


def test_a_copy_may_be_replaced_and_nothing_else(suspicious, capsys):
    assert run(["check", "pain.csv", "--annotate", "seen.xlsx"]) == 0
    assert run(["check", "pain.csv", "--annotate", "seen.xlsx"]) == 0
    book_of(suspicious / "mine.xlsx", ROWS)
    before = (suspicious / "mine.xlsx").read_bytes()
    for target in ("mine.xlsx", "pain.csv", "no-folder/x.xlsx", "x.xls"):
        assert run(["check", "pain.csv", "--annotate", target]) == 2
    assert run(["check", "mine.xlsx", "--annotate", "mine.xlsx"]) == 2
    assert (suspicious / "mine.xlsx").read_bytes() == before
    shutil.copytree(bundled_review().folder, "review")
    assert run(["check", "review", "--annotate", "review/seen.xlsx"]) == 2
    assert not Path("review/seen.xlsx").exists()


def test_a_write_that_fails_leaves_nothing(suspicious, monkeypatch, capsys):
    assert run(["check", "pain.csv", "--annotate", "seen.xlsx"]) == 0
    before = Path("seen.xlsx").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run(["check", "pain.csv", "--annotate", "seen.xlsx"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert Path("seen.xlsx").read_bytes() == before
    assert {path.name for path in suspicious.iterdir()} == {"pain.csv", "seen.xlsx", "trials.csv"}


def test_a_damaged_workbook_leaves_the_list_only(home):
    book_of(home / "pain.xlsx", ROWS)
    data = (home / "pain.xlsx").read_bytes()
    (home / "pain.xlsx").write_bytes(data[: len(data) // 2])
    assert run(["check", "pain.xlsx", "--annotate", "seen.xlsx"]) == 1
    book = load_workbook("seen.xlsx")
    assert "workbook-damaged" in {row[1].value for row in book[LIST].iter_rows()}
