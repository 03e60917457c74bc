"""Files that are no tables, and tables whose lines do not line up: one issue each, at the line of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from physiohub.network import source
from physiohub.network.source import MAX_BYTES, open_source

HEADER = "study,treatment,mean\n"


def written(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty-file"),
        (b"\n \n", "empty-file"),
        (b",,\n,,\n", "empty-file"),
        (HEADER.encode(), "no-rows"),
        (b"PK\x03\x04rest", "binary-file"),
        (b"%PDF-1.7", "binary-file"),
        (b"\xd0\xcf\x11\xe0rest", "binary-file"),
        (b"study\x00,treatment", "binary-file"),
        ((HEADER + "A,x,1\n").encode("utf-16"), "encoding"),
        ((HEADER + "Müller,x,1\n").encode("latin-1"), "encoding"),
    ],
)
def test_a_file_that_is_no_table(tmp_path: Path, content: bytes, rule: str) -> None:
    table = open_source(written(tmp_path, content))
    assert [issue.rule for issue in table.issues] == [rule]
    assert table.issues[0].file == "table.csv"
    assert table.issues[0].remedy
    assert table.records == ()


def test_a_missing_file_a_folder_and_an_impossible_path(tmp_path: Path) -> None:
    assert open_source(tmp_path / "none.csv").issues[0].rule == "file-missing"
    assert open_source(tmp_path).issues[0].rule == "file-is-directory"
    assert open_source("a\x00b.csv").issues[0].severity == "error"


def test_a_file_above_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_BYTES == 50_000_000
    monkeypatch.setattr(source, "MAX_BYTES", 10)
    assert open_source(written(tmp_path, HEADER + "A,x,1\n")).issues[0].rule == "file-too-large"


def test_bad_bytes_are_named_with_their_line(tmp_path: Path) -> None:
    issue = open_source(written(tmp_path, b"study,treatment\r\nA,x\r\nB,\xe9\r\n")).issues[0]
    assert (issue.rule, issue.row) == ("encoding", 3)
    assert "0xe9" in issue.message


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert open_source(written(tmp_path, b"\xef\xbb\xbfstudy,mean\nA,1\n")).columns == ("study", "mean")


def test_rows_are_physical_lines(tmp_path: Path) -> None:
    content = '\nstudy,notes\n"A","two\nlines"\n\nB,x\n'
    assert [record.row for record in open_source(written(tmp_path, content)).records] == [3, 6]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_counts(tmp_path: Path, end: str) -> None:
    table = open_source(written(tmp_path, end.join(["study,mean", "A,1", "B,2", ""])))
    assert [(record.row, record.cells) for record in table.records] == [(2, ("A", "1")), (3, ("B", "2"))]


def test_rows_that_do_not_line_up_are_named(tmp_path: Path) -> None:
    table = open_source(written(tmp_path, HEADER + "A,x\nA,y,1\nB,x,1,5\nB,y,2,,\n"))
    assert [(issue.rule, issue.row) for issue in table.issues] == [("row-ragged", 2), ("row-ragged", 4)]
    assert [record.row for record in table.records] == [3, 5]  # blank cells at the end are padding


def test_an_open_quote_is_named_with_the_line_where_it_begins(tmp_path: Path) -> None:
    table = open_source(written(tmp_path, HEADER + 'A,x,1\nB,"y,1\nC,x,1\n'))
    assert [(issue.rule, issue.row) for issue in table.issues] == [("csv-malformed", 3)]


def test_names_used_twice_and_columns_without_a_name(tmp_path: Path) -> None:
    twice = open_source(written(tmp_path, "study,mean,mean\nA,1,2\n"))
    assert [(issue.rule, issue.column) for issue in twice.issues] == [("column-duplicated", "mean")]
    unnamed = open_source(written(tmp_path, '"","study","mean"\n"1","A",2\n'))
    assert [(issue.rule, issue.severity) for issue in unnamed.issues] == [("column-unnamed", "note")]


@pytest.mark.parametrize(
    ("header", "name", "separator"),
    [
        ("study,treatment", "t.csv", ","),
        ("study;treatment", "t.csv", ";"),
        ("study\ttreatment", "t.csv", "\t"),
        ('"study";"mean, final"', "t.csv", ";"),
        ("study,a;b", "t.csv", ","),
        ("study\ta,b", "t.tsv", "\t"),
        ("study", "t.csv", ","),
    ],
)
def test_the_separator_is_the_comma_unless_the_header_has_none(
    tmp_path: Path, header: str, name: str, separator: str
) -> None:
    assert open_source(written(tmp_path, f"{header}\n", name)).separator == separator


def test_a_data_frame_reads_as_if_it_had_been_typed() -> None:
    frame = pd.DataFrame(
        {
            "study": [1.0, "A", pd.NA],
            "x": [0.1, np.nan, np.inf],
            "flag": [True, None, np.bool_(False)],
            3: pd.Categorical(["a", "b", "a"]),
        }
    )
    table = open_source(frame)
    assert table.file is None
    assert table.columns == ("study", "x", "flag", "3")
    assert [record.cells for record in table.records] == [
        ("1", "0.1", "True", "a"),
        ("A", "", "", "b"),
        ("", "inf", "False", "a"),
    ]
    assert [record.row for record in table.records] == [2, 3, 4]


def test_the_hash_is_of_the_content(tmp_path: Path) -> None:
    first, second = (open_source(written(tmp_path, HEADER + row)) for row in ("A,x,1\n", "A,x,2\n"))
    assert len(first.sha256) == 64
    assert first.sha256 != second.sha256
    frames = [pd.DataFrame({"study": ["A"], "mean": [mean]}) for mean in (1, 2)]
    assert len({open_source(frame).sha256 for frame in frames}) == 2


def test_an_empty_data_frame() -> None:
    assert open_source(pd.DataFrame()).issues[0].rule == "empty-file"
    assert open_source(pd.DataFrame({"study": []})).issues[0].rule == "no-rows"
