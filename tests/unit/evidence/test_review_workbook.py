"""A review folder whose tables are the sheets of a workbook."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from openpyxl import Workbook

from physiohub.errors import DataError, Issue
from physiohub.evidence.review import bundled_review, read_review
from physiohub.network.source import cell_text


def as_workbook(folder: Path, *names: str, book: str = "data.xlsx") -> Path:
    """The bundled review in a folder of its own, with CSV tables turned to sheets of a workbook."""
    source = bundled_review().folder
    folder.mkdir(exist_ok=True)
    (folder / "review.toml").write_bytes((source / "review.toml").read_bytes())
    made = Workbook()
    made.remove(made.worksheets[0])
    for name in names:
        sheet = made.create_sheet(name)
        with (source / f"{name.strip().casefold()}.csv").open(encoding="utf-8", newline="") as file:
            for i, row in enumerate(csv.reader(file), start=1):
                for k, cell in enumerate(row, start=1):
                    text = sheet.cell(i, k, number(cell) if i > 1 else cell)
                    if isinstance(text.value, str):
                        text.data_type = "s"
    made.save(folder / book)
    return folder


def number(cell: str) -> float | str | None:
    try:
        return float(cell) if cell_text(float(cell)) == cell else cell
    except ValueError:
        return cell or None


def problems(folder: Path) -> list[Issue]:
    with pytest.raises(DataError) as caught:
        read_review(folder)
    return list(caught.value.issues)


def test_a_workbook_is_read_as_the_tables_are(tmp_path: Path) -> None:
    review, bundled = read_review(as_workbook(tmp_path / "r", "Arms", "contrasts", "studies")), bundled_review()
    assert review.hashes.keys() == {"review.toml", "data.xlsx"}
    assert review.recognised.keys() == {"data.xlsx[Arms]", "data.xlsx[contrasts]", "data.xlsx[studies]"}
    for outcome in bundled.outcomes:
        mine, theirs = (found.network(outcome.id).network for found in (review, bundled))
        assert [study.id for study in mine.studies] == [study.id for study in theirs.studies]
        for one, other in zip(mine.studies, theirs.studies, strict=True):
            assert one.arms == other.arms
            assert one.covariates == other.covariates


def test_an_issue_names_the_workbook_and_its_sheet(tmp_path: Path) -> None:
    folder = as_workbook(tmp_path / "r", "arms", "contrasts")
    from openpyxl import load_workbook

    book = load_workbook(folder / "data.xlsx")
    sheet = book["arms"]
    column = next(cell.column for cell in sheet[1] if cell.value == "n")
    sheet.cell(3, column, -5)
    book.save(folder / "data.xlsx")
    issue = next(issue for issue in problems(folder) if issue.rule == "n-not-positive")
    assert (issue.file, issue.row, issue.column, issue.value) == ("data.xlsx[arms]", 3, "n", "-5")


def test_which_files_are_read(tmp_path: Path) -> None:
    folder = as_workbook(tmp_path / "r", "arms", "contrasts", "studies")
    (folder / "~$data.xlsx").write_bytes(b"lock")
    assert not [issue for issue in read_review(folder).issues if issue.severity == "error"]
    as_workbook(folder, "arms", book="old.xlsx")
    assert "several-workbooks" in [issue.rule for issue in problems(folder)]
    (folder / "old.xlsx").unlink()
    (folder / "arms.csv").write_bytes((bundled_review().folder / "arms.csv").read_bytes())
    (folder / "contrasts.csv").write_bytes((bundled_review().folder / "contrasts.csv").read_bytes())
    assert "workbook-not-read" in [issue.rule for issue in read_review(folder).issues]


def test_a_workbook_without_such_sheets_and_one_that_is_none(tmp_path: Path) -> None:
    folder = as_workbook(tmp_path / "r", "studies")
    missing = [issue for issue in problems(folder) if issue.rule == "tables-missing"]
    assert "workbook" in missing[0].message
    (folder / "data.xlsx").write_bytes(b"study,treatment\n")
    assert problems(folder)[0].file == "data.xlsx"
    (folder / "data.xlsx").write_bytes(b"PK\x03\x04" + bytes(30))
    assert "workbook-damaged" in [issue.rule for issue in problems(folder)]
