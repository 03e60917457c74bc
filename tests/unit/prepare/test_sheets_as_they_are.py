"""Whole files with medians, percentages, test statistics and missing SDs, read as their authors keep them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from physiohub.errors import DataError
from physiohub.evidence.review import Review, read_review
from physiohub.prepare.tables import read_table

PROTOCOL = """
[review]
id = "made-up"
title = "Made up"
kind = "worked example"
[[treatments]]
id = "control"
label = "Control"
[[treatments]]
id = "active"
label = "Active"
[[outcomes]]
id = "pain"
instrument = "pain-0-100"
measure = "MD"
better = "lower"
values = ["adjusted", "final", "change"]
{keys}
[model]
reference = "control"
"""
ARMS = """study,treatment,outcome,weeks,n,mean,sd,median,q1,q3,baseline_mean,baseline_sd,final_sd,value_type,instrument
A,control,pain,12,40,48,20,,,,60,18,,final,VAS 0-100
A,active,pain,12,40,39,21,,,,61,17,,final,VAS 0-100
B,control,pain,12,30,,,50,36,65,,,,final,VAS 0-100
B,active,pain,12,30,,,41,28,55,,,,final,VAS 0-100
C,control,pain,12,25,-11,,,,,59,19,21,change,VAS 0-100
C,active,pain,12,25,-20,,,,,60,19,20,change,VAS 0-100
D,control,pain,12,25,52,,,,,,,,final,VAS 0-100
D,active,pain,12,25,40,,,,,,,,final,VAS 0-100
"""


def review(folder: Path, keys: str = "") -> Review:
    (folder / "review.toml").write_text(PROTOCOL.format(keys=keys), encoding="utf-8")
    (folder / "arms.csv").write_text(ARMS, encoding="utf-8")
    return read_review(folder)


def test_a_review_converts_what_its_protocol_says(tmp_path: Path) -> None:
    ready = review(tmp_path, 'change_correlation = 0.5\nmissing_sd = "borrow-pooled"').network("pain")
    assert [study.id for study in ready.network.studies] == ["A", "B", "C", "D"]
    made = [(c.study, c.conversion.what) for c in ready.conversions]
    assert made == [
        *[("B", what) for _ in range(2) for what in ("mean", "sd")],
        *[("C", "sd")] * 2,
        *[("D", "imputed sd")] * 2,
    ]
    assert len(ready.warnings) == 4  # change beside final, medians, imputed SDs, the correlation


def test_without_a_rule_missing_sds_are_told_when_they_enter(tmp_path: Path) -> None:
    own = review(tmp_path)
    with pytest.raises(DataError) as caught:
        own.network("pain")
    assert [(i.rule, i.study) for i in caught.value.issues if i.severity == "error"] == [
        ("spread-missing", study) for study in ("C", "C", "D", "D")
    ]
    assert own.network("pain", values=("final",), exclude=("D",)).network.studies
    assert {i.rule for i in own.check()} >= {"spread-missing", "median-converted"}


def test_a_bare_table_refuses_a_mean_without_an_sd() -> None:
    frame = pd.DataFrame({"study": "s", "treatment": ["a", "b"], "mean": [1, 2], "sd": [1, None], "n": 20})
    with pytest.raises(DataError) as caught:
        read_table(frame, reference="a", measure="MD")
    assert [i.rule for i in caught.value.issues] == ["sd-missing"]


def test_a_table_of_medians_alone() -> None:
    cells = {"study": "s", "treatment": ["a", "b"], "n": [40, 41], "median": [30, 25], "min": [5, 2], "max": [58, 50]}
    network = read_table(pd.DataFrame(cells), reference="a", measure="MD")
    assert all(arm.mean is not None and arm.sd is not None for arm in network.studies[0].arms)


def test_a_table_of_percentages_alone() -> None:
    frame = pd.DataFrame({"study": "s", "treatment": ["a", "b"], "percent": ["37.5", "25"], "n": [24, 24]})
    assert [arm.events for arm in read_table(frame, reference="a", measure="OR").studies[0].arms] == [9.0, 6.0]


@pytest.mark.parametrize(("column", "value"), [("t", 2.5), ("f", 6.25), ("t_statistic", -2.5)])
def test_contrasts_by_their_test_statistic(column: str, value: float) -> None:
    frame = pd.DataFrame({"study": ["s"], "treatment": ["b"], "versus": ["a"], "estimate": [-5.0], column: [value]})
    contrasts = read_table(frame, reference="a", measure="MD").studies[0].contrasts
    assert contrasts is not None
    assert contrasts.covariance[0, 0] == pytest.approx(4.0)
