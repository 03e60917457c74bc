"""Cells that follow from the others of a row: what is made, what is said, and what is left alone."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy import stats

from physiohub.network.rows import ArmRow
from physiohub.prepare.completion import completed, raw_sd
from physiohub.prepare.protocol import Medians


def row(**cells: Any) -> ArmRow:
    return ArmRow(**{"file": "arms.csv", "row": 4, "study": "Kim", "treatment": "active", **cells})


def said(done: Any) -> list[tuple[str, str]]:
    return [(issue.rule, issue.severity) for issue in done.issues]


def test_what_was_typed_is_never_changed():
    typed = row(n=30, mean=4.0, sd=2.0, median=9, q1=8, q3=20, events=3, percent=50, total=30)
    assert completed(typed).row == typed
    assert completed(typed).issues == ()


# -- medians ----------------------------------------------------------------------------------------------------------

SYMMETRIC = {"n": 40, "median": 30.0, "q1": 20.0, "q3": 41.0}
SKEWED = {"n": 40, "median": 22.0, "q1": 20.0, "q3": 44.0}


def test_a_median_becomes_mean_and_sd_with_a_trace():
    done = completed(row(**SYMMETRIC))
    weight = 0.7 + 0.39 / 40
    assert done.row.mean == pytest.approx(weight * 30.5 + (1 - weight) * 30)
    assert done.row.sd == pytest.approx(21 / (2 * stats.norm.ppf((0.75 * 40 - 0.125) / 40.25)))
    assert [(c.what, c.rows) for c in done.row.conversions] == [("mean", (4,)), ("sd", (4,))]
    assert said(done) == [("median-converted", "note")]


@pytest.mark.parametrize("cells", [{"sd": 15.0}, {"se": 2.0}, {"ci_low": 26.0, "ci_high": 35.0}])
def test_a_spread_that_was_typed_stays(cells):
    done = completed(row(**SYMMETRIC, **cells))
    assert [c.what for c in done.row.conversions] == ["mean"]
    assert done.row.sd == cells.get("sd")


@pytest.mark.parametrize(
    ("medians", "rules", "mean"),
    [
        ("convert", [("median-converted", "note"), ("median-skewed", "warning")], True),
        ("convert-symmetric", [("median-skewed", "error")], False),
        ("refuse", [("median-only", "error")], False),
    ],
)
def test_skewed_data_by_the_protocol(medians: Medians, rules, mean):
    done = completed(row(**SKEWED), medians=medians)
    assert said(done) == rules
    assert (done.row.mean is not None) == mean
    assert "median" in done.issues[-1].message


def test_symmetric_data_pass_where_skewed_ones_do_not():
    assert completed(row(**SYMMETRIC), medians="convert-symmetric").row.mean is not None


@pytest.mark.parametrize("cells", [{"n": None}, {"n": 4}, {"q1": None}, {"q3": 10.0}])
def test_a_median_that_tells_no_mean(cells):
    done = completed(row(**{**SYMMETRIC, **cells}))
    assert said(done) == [("median-not-usable", "error")]
    assert done.issues[0].row == 4


# -- events -----------------------------------------------------------------------------------------------------------


def test_events_from_a_percentage():
    done = completed(row(percent=37.5, percent_half_unit=0.05, total=24))
    assert done.row.events == 9
    assert [(c.what, c.how) for c in done.row.conversions] == [("events", "37.5% of 24")]
    assert done.issues == ()


def test_the_digits_of_a_percentage_count():
    # 9 of 24 are 37.5%, printed as 38% and never as 38.0%
    assert completed(row(percent=38.0, percent_half_unit=0.5, total=24)).row.events == 9
    assert said(completed(row(percent=38.0, percent_half_unit=0.05, total=24))) == [("percent-not-a-count", "error")]
    assert completed(row(percent=38.0, total=24)).row.events == 9  # a number without text


def test_a_percentage_of_many_people_is_one_of_several_numbers():
    done = completed(row(percent=38.0, percent_half_unit=0.5, total=500))
    assert done.row.events == 190
    assert said(done) == [("percent-ambiguous", "warning")]
    assert "188 to 192" in done.issues[0].message


def test_a_percentage_without_its_total_tells_nothing():
    assert completed(row(percent=38.0)).row.events is None


# -- people -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "n", "randomised", "rules"),
    [
        ({"n": 30, "dropouts": 5}, 30, 35, []),
        ({"n": 30, "n_randomised": 35}, 30, 35, []),
        ({"n_randomised": 35, "dropouts": 5, "mean": 1.0}, 30, 35, []),
        ({"n": 36, "n_randomised": 35}, 36, 35, ["n-above-randomised"]),
        ({"n": 30, "n_randomised": 35, "dropouts": 4}, 30, 35, ["dropouts-contradictory"]),
        ({"total": 30, "dropouts": 5}, None, 35, []),
        ({"n": 30}, 30, None, []),
    ],
)
def test_people_randomised_and_analysed(cells, n, randomised, rules):
    done = completed(row(**cells))
    assert (done.row.n, done.row.n_randomised) == (n, randomised)
    assert said(done) == [(rule, "warning") for rule in rules]
    assert [c.what for c in done.row.conversions] == (["n"] if "n" not in cells and n else [])


# -- logs -------------------------------------------------------------------------------------------------------------


def test_logs_become_scores_for_a_difference():
    done = completed(row(n=25, mean=3.0, se=0.1, transformation="log"), measure="MD").row
    exact = stats.lognorm(s=0.5, scale=math.exp(3.0))
    assert (done.mean, done.sd) == pytest.approx((exact.mean(), exact.std()), rel=1e-12)
    assert done.se is None
    assert completed(done).row == done  # not a second time


def test_geometric_means_and_their_limits_are_logs_typed_back():
    logs = row(n=25, mean=3.0, ci_low=2.8, ci_high=3.2, transformation="log")
    cells = {name: math.exp(getattr(logs, name)) for name in ("mean", "ci_low", "ci_high")}
    typed = row(n=25, transformation="geometric", **cells)
    for measure in ("MD", "SMD", "ROM"):
        one, other = (completed(r, measure=measure).row for r in (logs, typed))
        assert (one.mean, one.sd or one.se) == pytest.approx((other.mean, other.sd or other.se), rel=1e-12)


def test_a_ratio_of_means_takes_the_geometric_mean():
    done = completed(row(n=25, mean=3.0, sd=0.5, transformation="log"), measure="ROM").row
    assert done.mean == pytest.approx(math.exp(3.0))
    assert done.se == pytest.approx(math.exp(3.0) * 0.5 / 5)
    assert done.sd is None


def test_cells_of_logs_are_not_read_as_scores():
    done = completed(
        row(n=25, mean=3.0, sd=0.5, baseline_sd=0.6, baseline_mean=3.3, transformation="log"), measure="MD"
    )
    assert (done.row.baseline_mean, done.row.baseline_sd) == (None, None)


@pytest.mark.parametrize(
    "cells",
    [
        {"transformation": "log"},
        {"transformation": "log", "sd": 0.5, "value_type": "change"},
        {"transformation": "geometric", "se": 2.0},
        {"transformation": "geometric", "sd": 0.9},
        {"transformation": "geometric", "ci_low": -1.0, "ci_high": 3.0},
    ],
)
def test_logs_that_tell_no_scores(cells):
    assert said(completed(row(n=25, mean=3.0, **cells), measure="MD")) == [("logs-not-usable", "error")]


def test_a_transformation_has_a_name():
    assert said(completed(row(mean=3.0, transformation="root"))) == [("transformation-unknown", "error")]
    assert completed(row(mean=3.0, transformation="None")).row.mean == 3.0


# -- raw SDs ----------------------------------------------------------------------------------------------------------


def test_raw_sds():
    assert raw_sd(row(n=25, sd=9.0, se=2.0)) == 9.0
    assert raw_sd(row(n=25, se=2.0)) == 10.0
    half = stats.t.ppf(0.975, 24) * 2
    assert raw_sd(row(n=25, ci_low=-half, ci_high=half)) == pytest.approx(10)
    assert raw_sd(row(n=25, se=2.0, value_type="adjusted")) is None
    assert raw_sd(row(se=2.0)) is None
