"""From tables to rows: shapes, covariates, and the cells as typed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from physiohub.network.read import read_arm_rows, read_contrast_rows, read_rows, read_study_rows


def saved(folder: Path, text: str, name: str = "arms.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_review_table_of_arms_has_every_column(tmp_path: Path) -> None:
    text = (
        "study,treatment,arm,outcome,weeks,n,mean,sd,ci_low,ci_high,value_type,scale_min,scale_max,notes,setting,dose\n"
        "Kim 2017,active,exercise,pain,12,20,24.0,5.4,,,final,0,100,\"as printed, table 2\",clinic,3\n"
        "Kim 2017,control,NA,pain,12,21,30.1,.,,,final,0,100,,home,\n"
    )  # fmt: skip
    table = read_arm_rows(saved(tmp_path, text))
    first, second = table.rows
    assert table.issues == ()
    assert (first.file, first.row, first.arm, first.weeks, first.scale_max) == ("arms.csv", 2, "exercise", 12.0, 100.0)
    assert first.notes == "as printed, table 2"
    assert first.covariates == {"setting": "clinic", "dose": 3.0}
    assert (second.arm, second.sd, second.notes) == (None, None, None)
    assert second.covariates == {"setting": "home", "dose": None}
    assert table.cell(2, "mean") == "24.0"
    assert table.cell(3, "sd") == "."
    assert table.cell(3, "notes") is None
    assert table.column("mean") == "mean"


def test_a_review_table_of_contrasts(tmp_path: Path) -> None:
    text = (
        "study,treatment,versus,outcome,measure,estimate,ci_low,ci_high,baseline_se,n_treatment,n_versus\n"
        "UK BEAM,active,control,rmdq,MD,-1.36,-2.1,-0.63,0.28,225,256\n"
    )
    table = read_contrast_rows(saved(tmp_path, text, "contrasts.csv"))
    row = table.rows[0]
    assert (row.treatment, row.versus, row.measure, row.estimate) == ("active", "control", "MD", -1.36)
    assert (row.ci_low, row.baseline_se, row.n_versus, row.se) == (-2.1, 0.28, 256.0, None)
    assert table.recognised["versus"] == "versus"


def test_a_review_table_of_studies_keeps_every_column(tmp_path: Path) -> None:
    text = "study,year,rob_overall,bmi,arm\nA,2017,low,24.5,x\nB,2018,NA,,y\n"
    table = read_study_rows(saved(tmp_path, text, "studies.csv"))
    assert table.rows[0].values == {"year": 2017.0, "rob_overall": "low", "bmi": 24.5, "arm": "x"}
    assert table.rows[1].values == {"year": 2018.0, "rob_overall": None, "bmi": None, "arm": "y"}
    assert (table.rows[1].study, table.rows[1].row) == ("B", 3)


def test_a_covariate_is_a_number_only_if_every_cell_is() -> None:
    frame = pd.DataFrame({"study": "AB", "treatment": "xy", "mean": 1, "dose": ["1", "high"], "age": ["40", "."]})
    frame["study"] = ["A", "B"]
    first, second = read_rows(frame).arms
    assert (first.covariates, second.covariates) == ({"dose": "1", "age": 40.0}, {"dose": "high", "age": None})


def test_ids_are_the_text_of_the_cell(tmp_path: Path) -> None:
    table = read_rows(saved(tmp_path, "study,treatment,r,n\n 01 ,1.0,3,10\n01, A b ,4,10\n"))
    assert [(row.study, row.treatment) for row in table.arms] == [("01", "1.0"), ("01", "A b")]


def test_unreadable_cells_are_issues_with_their_place(tmp_path: Path) -> None:
    table = read_rows(saved(tmp_path, 'study,trt,y,sd\nA,x,"1,5",two\n', "t.csv"))
    places = [(i.rule, i.study, i.arm, i.row, i.column, i.value, i.file) for i in table.issues]
    assert places == [
        ("decimal-comma", "A", "x", 2, "y", "1,5", "t.csv"),
        ("not-a-number", "A", "x", 2, "sd", "two", "t.csv"),
    ]
    assert table.arms[0].mean is None


def test_a_cell_that_serves_two_roles_is_reported_once() -> None:
    frame = pd.DataFrame({"study": ["A"], "treatment": ["x"], "mean": [1], "n": ["ten"], "events": [3]})
    assert [issue.rule for issue in read_rows(frame).issues] == ["not-a-number"]


def test_decimal_commas_beside_semicolons_are_read_and_noted(tmp_path: Path) -> None:
    table = read_rows(saved(tmp_path, "study;trt;mean;sd\nA;x;1,5;2\n"))
    assert table.arms[0].mean == 1.5
    assert [(issue.rule, issue.severity) for issue in table.issues] == [("decimal-comma-read", "note")]
    plain = read_rows(saved(tmp_path, "study;trt;mean;sd\nA;x;1.5;2\n"))
    assert (plain.arms[0].mean, plain.issues) == (1.5, ())
    mixed = read_rows(saved(tmp_path, "study;trt;mean;sd\nA;x;1,5;2.5\n"))
    assert [issue.rule for issue in mixed.issues] == ["decimal-comma-read", "decimal-mixed"]


def test_differences_from_a_baseline_row(tmp_path: Path) -> None:
    text = "study,treatment,diff,se,n\n7,Placebo,,0.50,60\n7,Pramipexole,-2.3,0.72,58\n7,Bromocriptine,-0.9,0.69,\n"
    table = read_rows(saved(tmp_path, text))
    assert table.arms == ()
    rows = [(c.treatment, c.versus, c.estimate, c.se, c.baseline_se, c.row) for c in table.contrasts]
    assert rows == [
        ("Pramipexole", "Placebo", -2.3, 0.72, 0.5, 3),
        ("Bromocriptine", "Placebo", -0.9, 0.69, 0.5, 4),
    ]
    assert (table.contrasts[0].n_treatment, table.contrasts[0].n_versus) == (58.0, 60.0)


def test_arms_of_some_studies_and_differences_of_others(tmp_path: Path) -> None:
    text = (
        "study,treatment,mean,se,diff,se_diff\n"
        "1,Placebo,-1.22,0.504,,\n1,Ropinirole,-1.53,0.439,,\n"
        "4,Ropinirole,,,,\n4,Bromocriptine,,,-0.35,0.44\n"
    )
    table = read_rows(saved(tmp_path, text))
    assert [(arm.study, arm.mean, arm.se) for arm in table.arms] == [("1", -1.22, 0.504), ("1", -1.53, 0.439)]
    only = table.contrasts[0]
    assert (only.study, only.versus, only.estimate, only.se, only.baseline_se) == ("4", "Ropinirole", -0.35, 0.44, None)


def test_a_study_needs_one_baseline_row(tmp_path: Path) -> None:
    text = "study,treatment,diff,se\nA,x,1,1\nA,y,2,1\nB,x,,1\nB,y,,1\nC,x,,1\nD,x,,-1\nD,y,1,2\nE,x,,1\nE,y,NAN,1\n"
    table = read_rows(saved(tmp_path, text))
    found = [(issue.rule, issue.study, issue.row) for issue in table.issues]
    assert sorted(found) == [
        ("baseline-row", "A", 2),
        ("baseline-row", "B", 4),
        ("not-finite", "E", 10),
        ("one-arm-study", "C", 6),
        ("se-not-positive", "D", 7),
    ]


def test_an_unreadable_file_has_no_issue_about_columns(tmp_path: Path) -> None:
    table = read_rows(saved(tmp_path, ""), {"treatment": "drug"})
    assert [issue.rule for issue in table.issues] == ["empty-file"]
