"""The workbook of `physiohub new`: what it offers, and that it is read as it is once rows are in."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from openpyxl import load_workbook

from physiohub.cli import run
from physiohub.cli.template_workbook import EXAMPLE
from physiohub.evidence.review import read_review
from physiohub.network.read import read_all_rows
from physiohub.prepare.instruments import registry


@pytest.fixture
def folder(home: Path) -> Path:
    assert run(["new", "knee", "--tables", "workbook", "--quiet"]) == 0
    return home / "knee"


def fill(folder: Path, rows) -> None:
    path = folder / "extraction.xlsx"
    book = load_workbook(path)
    sheet = book["arms"]
    columns = [cell.value for cell in sheet[1]]
    for line, row in enumerate(rows, start=2):
        for name, value in row.items():
            sheet.cell(line, columns.index(name) + 1, value)
    book.save(path)


def test_the_workbook_stands_beside_csv_tables_or_in_their_place(home, folder):
    assert run(["new", "hip", "--quiet"]) == 0
    assert {path.name for path in folder.iterdir()} == {"README.md", "review.toml", "extraction.xlsx"}
    beside = {path.relative_to(home / "hip").as_posix() for path in (home / "hip").rglob("*") if path.is_file()}
    assert beside == {
        "README.md",
        "review.toml",
        "arms.csv",
        "contrasts.csv",
        "studies.csv",
        "workbook/extraction.xlsx",
    }
    for name in ("knee", "hip"):
        assert "@" not in (home / name / "README.md").read_text(encoding="utf-8")
    for table in ("arms", "contrasts", "studies"):
        with (home / "hip" / f"{table}.csv").open(encoding="utf-8") as file:
            header = next(csv.reader(file))
        assert [cell.value for cell in load_workbook(folder / "extraction.xlsx")[table][1]] == header


def test_another_word_for_tables_is_refused(home, capsys):
    assert run(["new", "knee", "--tables", "ods"]) == 2
    assert not Path("knee").exists()


def test_filled_with_the_example_it_is_read_unchanged(folder, capsys):
    fill(folder, EXAMPLE)
    review = read_review(folder)
    network = review.network("pain").network
    (study,) = network.studies
    assert {(arm.treatment, arm.mean, arm.sd, arm.n) for arm in study.arms} == {
        (row["treatment"], row["mean"], row["sd"], row["n"]) for row in EXAMPLE
    }
    assert not [issue for issue in review.issues if issue.severity != "note"]
    assert run(["check", str(folder)]) == 0
    (arms, *_) = read_all_rows(folder / "extraction.xlsx")
    assert [row.instrument for row in arms.arms] == [row["instrument"] for row in EXAMPLE]


def test_empty_it_says_only_that_rows_are_missing(folder, capsys):
    assert run(["check", str(folder)]) == 1
    errors = [line for line in capsys.readouterr().out.splitlines() if line.startswith("error")]
    assert len(errors) == 1
    assert "no rows" in errors[0]


def validations(sheet) -> dict[str, tuple[str, str, str]]:
    """Column -> kind of rule, its source, and how strict it is."""
    header = {cell.column_letter: cell.value for cell in sheet[1]}
    found = {}
    for rule in sheet.data_validations.dataValidation:
        (block,) = rule.sqref.ranges
        found[header[block.coord.split("2:")[0]]] = (rule.type, str(rule.formula1), rule.errorStyle)
    return found


def listed(book, formula: str) -> list[str]:
    """Values of a range such as ``lists!$A$2:$A$9``."""
    sheet, _, cells = formula.partition("!")
    return [cell.value for (cell,) in book[sheet][cells.replace("$", "")] if cell.value is not None]


def test_lists_offer_treatments_instruments_and_kinds_of_value(folder):
    book = load_workbook(folder / "extraction.xlsx")
    rules = validations(book["arms"])
    assert listed(book, rules["treatment"][1]) == ["control", "exercise", "manual"]
    assert listed(book, rules["outcome"][1]) == ["pain"]
    assert listed(book, rules["value_type"][1]) == ["final", "change", "adjusted"]
    assert rules["value_type"][2] == "stop"
    names = listed(book, rules["instrument"][1])
    assert {form.name for instrument in registry().values() for form in instrument.forms} == set(names)
    first = next(iter(registry().values()))
    assert all(registry().named(name, first=first) is not None for name in names)
    assert rules["n"][0] == "whole"
    assert rules["sd"][0] == "decimal"
    assert validations(book["contrasts"])["versus"][1] == rules["treatment"][1]


def test_every_column_has_a_note(folder):
    book = load_workbook(folder / "extraction.xlsx")
    for table in ("arms", "contrasts", "studies"):
        assert [cell.value for cell in book[table][1] if cell.comment is None] == []


def test_the_example_stands_in_the_readme_and_not_among_the_data(folder):
    book = load_workbook(folder / "extraction.xlsx")
    assert book["arms"].max_row == 1
    texts = {cell.value for row in book["README"].iter_rows() for cell in row}
    assert {"Example 2020", 31.5, "Table 2"} <= texts
