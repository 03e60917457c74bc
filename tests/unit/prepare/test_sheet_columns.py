"""The columns of an extraction sheet that conversions start from: their names, in files of every shape."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from physiohub.network.columns import recognise
from physiohub.network.read import read_arm_rows, read_contrast_rows


@pytest.mark.parametrize(
    ("header", "role", "column"),
    [
        ("study,trt,n,median,Lower Quartile,q3", "q1", "Lower Quartile"),
        ("study,trt,n,median,p25,P75", "q3", "P75"),
        ("study,trt,n,median,minimum,maximum", "min", "minimum"),
        ("study,trt,n,median,minimum,maximum", "max", "maximum"),
        ("study,trt,Percentage,n", "percent", "Percentage"),
        ("study,trt,percent,n", "total", "n"),
        ("study,trt,mean,sd,n,percent", "n", "n"),
        ("study,trt,mean,sd,n,n_randomized", "n_randomised", "n_randomized"),
        ("study,trt,mean,sd,n,Randomised,dropout", "dropouts", "dropout"),
        ("study,trt,mean,sd,n,final_sd", "final_sd", "final_sd"),
        ("study,trt,mean,sd,n,Transformation", "transformation", "Transformation"),
        ("study,treatment,versus,estimate,t", "t_value", "t"),
        ("study,treatment,versus,estimate,t_stat,F", "f_value", "F"),
        ("study,t,versus,estimate,se", "treatment", "t"),
        ("study,trt,t,mean,sd", "treatment", "trt"),
    ],
)
def test_names(header: str, role: str, column: str) -> None:
    found = recognise(header.split(","))
    assert found.recognised[role] == column
    assert not found.issues


def test_t_is_no_statistic_of_an_arm() -> None:
    assert "t_value" not in recognise(["study", "trt", "t", "mean", "sd"]).recognised
    assert "total" not in recognise(["study", "trt", "mean", "sd", "n", "percent"]).recognised


def test_cells_reach_their_rows() -> None:
    text = "study,treatment,n,median,q1,q3,min,max,final_sd,percent,n_randomised,dropouts,transformation\n"
    text += "A,x,30,5,3,8,0,10,2.5,12.50,35,5,log\n"
    (row,) = read_arm_rows(pd.read_csv(io.StringIO(text), dtype=str)).rows
    assert (row.median, row.q1, row.q3, row.min, row.max) == (5, 3, 8, 0, 10)
    assert (row.final_sd, row.percent, row.percent_half_unit) == (2.5, 12.5, 0.005)
    assert (row.n_randomised, row.dropouts, row.transformation) == (35, 5, "log")
    assert row.conversions == ()


def test_a_percentage_that_is_no_number_has_no_digits() -> None:
    table = read_arm_rows(pd.DataFrame({"study": ["A"], "treatment": ["x"], "percent": ["twelve"], "total": ["30"]}))
    assert (table.rows[0].percent, table.rows[0].percent_half_unit) == (None, None)
    assert [issue.rule for issue in table.issues] == ["not-a-number"]


def test_statistics_of_contrasts_reach_their_rows() -> None:
    frame = pd.DataFrame(
        {"study": ["A"], "treatment": ["x"], "versus": ["y"], "estimate": [2], "t": [2.5], "f": [6.25]}
    )
    (row,) = read_contrast_rows(frame).rows
    assert (row.t_value, row.f_value) == (2.5, 6.25)
