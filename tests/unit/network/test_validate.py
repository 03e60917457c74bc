"""One wrong cell at a time, in an otherwise sound table: the rule, and study, arm, row, column and value."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from physiohub.errors import Issue
from physiohub.network.read import read_rows
from physiohub.network.validate import check_rows

COUNTS = {"study": "Kim 2017", "trt": "active", "r": "4", "sampleSize": "20", "E": "12.5", "time": "2"}
MEANS = {"study": "Kim 2017", "trt": "active", "y": "3.1", "sd": "1.2", "n": "20"}
PAIRS = {"study": "Kim 2017", "treat1": "active", "treat2": "control", "TE": "-0.5", "seTE": "0.2"}
ORDERED = {"study": "Kim 2017", "trt": "active", "n": "20", "category_1": "5", "category_2": "4"}


def frame(*rows: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), dtype=object)


def check(*rows: dict[str, str], measure: str | None = None) -> list[Issue]:
    table = read_rows(frame(*rows))
    return [*table.issues, *check_rows(table, measure=measure)]


@pytest.mark.parametrize("sound", [COUNTS, MEANS, PAIRS, ORDERED])
def test_a_sound_row(sound: dict[str, str]) -> None:
    assert check(sound) == []


@pytest.mark.parametrize(
    ("sound", "column", "value", "rule"),
    [
        (COUNTS, "r", "-1", "events-negative"),
        (COUNTS, "r", "3.5", "events-fractional"),
        (COUNTS, "r", "21", "events-above-total"),
        (COUNTS, "r", "", "events-missing"),
        (COUNTS, "r", "four", "not-a-number"),
        (COUNTS, "r", "nan", "not-finite"),
        (COUNTS, "r", "1,000", "thousands-separator"),
        (COUNTS, "sampleSize", "0", "total-not-positive"),
        (COUNTS, "sampleSize", "-20", "total-not-positive"),
        (COUNTS, "sampleSize", "20.5", "total-fractional"),
        (COUNTS, "E", "0", "exposure-not-positive"),
        (COUNTS, "E", "-2", "exposure-not-positive"),
        (COUNTS, "E", "inf", "not-finite"),
        (COUNTS, "time", "0", "time-not-positive"),
        (MEANS, "y", "", "mean-missing"),
        (MEANS, "y", "inf", "not-finite"),
        (MEANS, "y", "3,1", "decimal-comma"),
        (MEANS, "sd", "", "sd-missing"),
        (MEANS, "sd", "0", "sd-not-positive"),
        (MEANS, "sd", "-1.2", "sd-not-positive"),
        (MEANS, "sd", "1e-200", "number-out-of-range"),
        (MEANS, "n", "0", "n-not-positive"),
        (MEANS, "n", "20.5", "n-fractional"),
        (MEANS, "n", "1", "n-too-small"),
        (MEANS, "n", "", "n-missing"),
        (PAIRS, "TE", "", "estimate-missing"),
        (PAIRS, "TE", "-inf", "not-finite"),
        (PAIRS, "seTE", "", "se-missing"),
        (PAIRS, "seTE", "0", "se-not-positive"),
        (PAIRS, "seTE", "-0.2", "se-not-positive"),
        (PAIRS, "treat2", "", "versus-missing"),
        (ORDERED, "category_2", "-4", "category-negative"),
        (ORDERED, "category_2", "4.5", "category-fractional"),
        (ORDERED, "n", "0", "total-not-positive"),
    ],
)
def test_one_wrong_cell(sound: dict[str, str], column: str, value: str, rule: str) -> None:
    issues = check(sound, {**sound, "study": "Lee 2018", column: value})
    assert [issue.rule for issue in issues] == [rule]
    issue = issues[0]
    assert (issue.study, issue.arm, issue.row) == ("Lee 2018", "active", 3)
    assert (issue.column, issue.value) == (column, value)
    assert issue.message
    assert issue.remedy
    assert issue.severity == "error"


@pytest.mark.parametrize(
    ("extra", "rule", "column"),
    [
        ({"ci_low": "4", "ci_high": "2"}, "interval-reversed", "ci_low"),
        ({"ci_low": "4", "ci_high": "5"}, "outside-interval", "y"),
        ({"q1": "5", "q3": "4"}, "interval-reversed", "q1"),
        ({"median": "3", "q1": "3.5"}, "interval-reversed", "q1"),
        ({"min": "5", "max": "4"}, "interval-reversed", "min"),
        ({"scale_min": "10", "scale_max": "10"}, "interval-reversed", "scale_min"),
        ({"weeks": "-1"}, "weeks-negative", "weeks"),
        ({"baseline_sd": "0"}, "baseline-sd-not-positive", "baseline_sd"),
        ({"value_type": "delta"}, "value-type-unknown", "value_type"),
        ({"se": "0"}, "se-not-positive", "se"),
    ],
)
def test_cells_that_only_some_tables_have(extra: dict[str, str], rule: str, column: str) -> None:
    issues = check({**MEANS, **extra})
    assert [(issue.rule, issue.column) for issue in issues] == [(rule, column)]


@pytest.mark.parametrize(
    ("extra", "rule"),
    [
        ({"p": "1.2"}, "p-out-of-range"),
        ({"p": "0"}, "p-out-of-range"),
        ({"scale": "log"}, "scale-unknown"),
        ({"n_treatment": "0"}, "n-treatment-not-positive"),
        ({"n_versus": "1.5"}, "n-versus-fractional"),
        ({"sd": "-1"}, "sd-not-positive"),
        ({"baseline_se": "0"}, "baseline-se-not-positive"),
        ({"ci_low": "0", "ci_high": "1"}, "outside-interval"),
    ],
)
def test_cells_of_contrasts(extra: dict[str, str], rule: str) -> None:
    row = {"study": "A", "treatment": "x", "versus": "y", "estimate": "-0.5", "se": "0.2"}
    assert [issue.rule for issue in check({**row, **extra})] == [rule]


def test_categories_do_not_add_up_to_more_than_the_total() -> None:
    assert [issue.rule for issue in check({**ORDERED, "category_1": "17"})] == ["categories-above-total"]
    assert check({**ORDERED, "category_2": ""}) == []  # a blank merges that category into the one below it


def test_rows_without_a_name() -> None:
    issues = check({**MEANS, "study": ""}, {**MEANS, "trt": " "})
    assert [(issue.rule, issue.row) for issue in issues] == [("study-missing", 2), ("treatment-missing", 3)]


def test_identical_rows_are_an_error_and_labelled_arms_are_not() -> None:
    issues = check(MEANS, MEANS)
    assert [(issue.rule, issue.study, issue.row) for issue in issues] == [("row-duplicated", "Kim 2017", 3)]
    assert check({**MEANS, "arm": "1"}, {**MEANS, "arm": "2"}) == []


def test_sd_and_se_that_contradict_each_other_are_a_warning() -> None:
    agree = {**MEANS, "sd": "1.2", "se": "0.27"}  # 1.2 / sqrt(20) = 0.268
    assert check(agree) == []
    issues = check({**agree, "se": "0.30"})
    assert [(issue.rule, issue.severity, issue.value) for issue in issues] == [("se-contradicts-sd", "warning", "0.30")]


@pytest.mark.parametrize(
    ("sound", "left_out", "measure", "role"),
    [
        (MEANS, "study", None, "study"),
        (MEANS, "trt", None, "treatment"),
        (MEANS, "y", "MD", "mean"),
        (MEANS, "sd", "md", "sd"),
        (MEANS, "n", "SMD", "n"),
        (COUNTS, "r", "OR", "events"),
        (COUNTS, "sampleSize", "RR", "total"),
        (COUNTS, "E", "IRR", "exposure"),
        (ORDERED, "n", "PROBIT", "total"),
        (PAIRS, "seTE", None, "se"),
        (PAIRS, "TE", None, "estimate"),
    ],
)
def test_a_column_that_is_missing_is_one_issue_with_the_columns_found(
    sound: dict[str, str], left_out: str, measure: str | None, role: str
) -> None:
    row = {name: value for name, value in sound.items() if name != left_out}
    issues = check(row, {**row, "study": "B"} if "study" in row else row | {"y": "9"}, measure=measure)
    assert [(issue.rule, issue.column) for issue in issues] == [("column-missing", role)]
    assert ", ".join(row) in issues[0].remedy


def test_a_table_without_any_result_is_refused_even_when_no_measure_is_asked_for() -> None:
    issues = check({"study": "A", "treatment": "x", "PASI50": "3"})
    assert [issue.rule for issue in issues] == ["column-missing"]


def test_the_measure_decides_what_must_be_there() -> None:
    row = {"study": "A", "treatment": "x", "mean": "1", "se": "0.2"}
    assert check(row, measure="MD") == []
    assert [issue.column for issue in check(row, measure="SMD")] == ["n"]
    adjusted = {**row, "n": "20", "value_type": "adjusted"}
    assert [issue.rule for issue in check(adjusted, measure="SMD")] == ["sd-missing"]
    assert check({**adjusted, "value_type": "final"}, measure="SMD") == []


def test_without_a_measure_a_median_will_do() -> None:
    row = {"study": "A", "treatment": "x", "mean": "", "median": "3", "q1": "2", "q3": "4", "n": "20"}
    assert check(row) == []
    assert check({**row, "sd": ""}, measure="MD") == []  # whether a mean follows is told where it is made


def test_every_problem_of_a_table_comes_at_once() -> None:
    text = "study,trt,r,n\nA,x,-1,10\nA,y,1.5,10\nB,x,12,10\nB,y,a,0\n"
    table = read_rows(pd.read_csv(io.StringIO(text), dtype=str))
    issues = [*table.issues, *check_rows(table)]
    assert sorted((issue.row or 0, issue.column) for issue in issues) == [
        (2, "r"),
        (3, "r"),
        (4, "r"),
        (5, "n"),
        (5, "r"),
    ]


def test_medians_serve_an_analysis_of_means() -> None:
    row = {"study": "A", "trt": "x", "n": "20", "median": "5", "q1": "3", "q3": "8"}
    assert check(row, {**row, "trt": "y"}, measure="MD") == []
    mixed = {**row, "y": "", "sd": ""}
    assert check(mixed, {**mixed, "trt": "y", "y": "4", "sd": "2"}, measure="MD") == []
    assert [i.column for i in check({k: v for k, v in row.items() if k != "n"}, measure="MD")] == ["n"]


def test_percentages_serve_an_analysis_of_events() -> None:
    row = {"study": "A", "trt": "x", "percent": "25", "total": "20"}
    assert check(row, measure="OR") == []
    assert [(i.rule, i.column) for i in check({**row, "total": ""}, measure="OR")] == [("total-missing", "total")]


def test_people_randomised_and_lost_are_counts() -> None:
    row = {"study": "A", "trt": "x", "mean": "5", "sd": "2", "n": "20", "n_randomised": "0", "dropouts": "-1"}
    assert [i.rule for i in check(row)] == ["n-randomised-not-positive", "dropouts-negative"]
