"""Whole tables to networks: the shared data sets, and what a bare table may not be."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from physiohub.errors import DataError, Issue, UsageError
from physiohub.network.network import Network
from physiohub.prepare.tables import read_arms, read_contrasts, read_table


def saved(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def refused(source: Path | pd.DataFrame, **keywords: object) -> list[Issue]:
    with pytest.raises(DataError) as raised:
        read_table(source, **({"reference": None} | keywords))  # type: ignore[arg-type]
    return list(raised.value.issues)


def rules(issues: Sequence[Issue]) -> list[str]:
    return [issue.rule for issue in issues]


PSORIASIS = {"category": ["PASI50", "PASI75", "PASI90"]}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "studies", "multi_arm", "treatments", "measure"),
    [  # SOURCES.md beside the data; multi-arm counts arms
        ("smoking", 24, 2, 4, "OR"),
        ("thrombolytic", 50, 2, 9, "OR"),
        ("blocker", 22, 0, 2, "OR"),
        ("bcg_vaccine", 13, 0, 2, "OR"),
        ("statins", 19, 0, 2, "OR"),
        ("transfusion", 6, 0, 2, "OR"),
        ("diabetes", 22, 4, 6, "HR"),
        ("hta_psoriasis", 16, 4, 8, "PROBIT"),
        ("atrial_fibrillation", 26, 9, 17, "IRR"),
        ("certolizumab", 12, 0, 7, "OR"),
        ("dietary_fat", 10, 1, 2, "IRR"),
        ("dietary_fat_pooled", 10, 0, 2, "IRR"),
        ("parkinson", 7, 1, 5, "MD"),
        ("senn2013", 26, 1, 10, "MD"),
        ("linde2016", 93, 14, 22, "OR"),
        ("parkinson_diff", 7, 1, 5, "MD"),
        ("parkinson_shared", 7, 1, 5, "MD"),
        ("stowe2010_smd", 29, 1, 4, "SMD"),
    ],
)
def test_the_shared_tables(
    shared: Path, name: str, studies: int, multi_arm: int, treatments: int, measure: str
) -> None:
    columns = PSORIASIS if name == "hta_psoriasis" else None
    network = read_table(shared / "data" / f"{name}.csv", reference=None, columns=columns, measure=measure)
    arms = [len(study.arms) for study in network.studies]
    assert (len(arms), sum(count > 2 for count in arms), len(network.treatments)) == (studies, multi_arm, treatments)
    assert all(issue.severity == "note" for issue in network.issues)


PARKINSON = "study,treatment,mean,se,diff,se_diff\n1,A,1,0.5,,\n1,B,2,0.4,,\n2,B,,,,\n2,C,,,0.5,0.3\n"


def test_arms_and_contrasts_in_one_network(tmp_path: Path) -> None:
    network = read_table(saved(tmp_path, PARKINSON), reference="C")
    assert [study.level for study in network.studies] == ["arm", "contrast"]
    second = network.studies[1]
    assert second.contrasts is not None
    assert second.treatments == ("C", "B")
    assert second.contrasts.estimate == pytest.approx([-0.5])
    assert network.recognised["se_diff"] == "se_diff"
    assert list(network.hashes) == ["table.csv"]


def test_three_codings_of_one_study_agree() -> None:
    """Arms, all pairs, and differences from a baseline whose SE is given: the same contrasts and covariance."""
    ids, means, ses = ["A", "B", "C"], np.array([-2.3, -0.9, 0.4]), np.array([0.5, 0.6, 0.7])
    relative = pd.DataFrame({
        "study": "s", "treatment": ids, "diff": [None, *(means[1:] - means[0])], "se": [0.5, *np.hypot(0.5, ses[1:])]
    })  # fmt: skip
    ends = [(1, 0), (0, 2), (2, 1)]
    pairs = pd.DataFrame({
        "study": "s", "treat1": [ids[a] for a, _ in ends], "treat2": [ids[b] for _, b in ends],
        "TE": [means[a] - means[b] for a, b in ends], "seTE": [np.hypot(ses[a], ses[b]) for a, b in ends],
    })  # fmt: skip
    first, second = (read_table(frame, reference="B").studies[0].contrasts for frame in (relative, pairs))
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(first.estimate, [means[0] - means[1], means[2] - means[1]], rtol=1e-12)
    np.testing.assert_allclose(first.covariance, [[0.61, 0.36], [0.36, 0.85]], rtol=1e-12)
    np.testing.assert_allclose(second.estimate, first.estimate, rtol=1e-9)
    np.testing.assert_allclose(second.covariance, first.covariance, rtol=1e-9)


def test_problems_of_cells_and_of_the_network_come_together(tmp_path: Path) -> None:
    text = "study,treatment,r,n\nA,x,-1,10\nA,y,1,10\nB,z,11,10\nB,w,1,ten\nC,x,1,10\n"
    issues = refused(saved(tmp_path, text), reference="placebo")
    assert rules(issues) == [
        "events-negative",
        "events-above-total",
        "not-a-number",
        "one-arm-study",
        "reference-unknown",
        "network-disconnected",
    ]
    assert (issues[1].study, issues[1].arm, issues[1].row, issues[1].column, issues[1].value) == (
        "B",
        "z",
        4,
        "r",
        "11",
    )


def test_excluded_studies_go_with_their_problems(tmp_path: Path) -> None:
    source = saved(tmp_path, "study,treatment,r,n\nA,x,1,10\nA,y,1,10\nB,x,-1,10\n")
    network = read_table(source, reference="x", exclude={"B": "one arm, no count"})
    assert [study.id for study in network.studies] == ["A"]
    assert (network.exclusions[0].study, network.exclusions[0].reason) == ("B", "one arm, no count")
    assert rules(refused(source, exclude=["B", "Z"])) == ["exclusion-unknown"]
    assert rules(refused(source, exclude=["A", "B"])) == ["no-studies"]


REPEATED = pd.DataFrame(
    {
        "study": ["s"] * 3,
        "treatment": ["ctl", "act", "act"],
        "arm": ["", "yoga", "pilates"],
        "mean": [4.0, 3.0, 2.0],
        "sd": [2.0, 2.0, 2.0],
        "n": [20, 10, 30],
    }
)


def test_arms_on_one_treatment_are_kept_merged_or_refused() -> None:
    kept = read_table(REPEATED, reference="ctl")
    assert kept.studies[0].treatments == ("ctl", "act", "act")
    assert [(issue.rule, issue.severity) for issue in kept.issues] == [("arms-kept", "note")]
    merged = read_table(REPEATED, reference="ctl", repeated="merge")
    arm = merged.studies[0].arms[1]
    assert (arm.n, arm.mean, arm.label, arm.rows) == (40.0, 2.25, "yoga + pilates", (3, 4))
    # (9 x 4 + 29 x 4 + 10 x 0.75^2 + 30 x 0.25^2) / 39, Cochrane Handbook table 6.5.a
    assert arm.sd == pytest.approx(np.sqrt((9 * 4 + 29 * 4 + 10 * 0.5625 + 30 * 0.0625) / 39))
    assert arm.conversions[-1].what == "merged arm"
    assert rules(merged.issues) == ["arms-merged"]
    assert rules(refused(REPEATED, repeated="refuse")) == ["arms-repeated"]


def test_counts_are_merged_by_adding_up() -> None:
    frame = pd.DataFrame({
        "study": "s", "treatment": ["a", "b", "b"], "r": [1, 2, 3], "n": [10, 11, 12], "exposure": [5.0, 6.5, 7.0]
    })  # fmt: skip
    arm = read_table(frame, reference="a", repeated="merge").studies[0].arms[1]
    assert (arm.events, arm.total, arm.exposure) == (5.0, 23.0, 13.5)


def test_arms_that_cannot_be_merged_are_named() -> None:
    issues = refused(REPEATED.assign(n=[20, np.nan, 30], se=[0.1, 0.2, 0.3]), repeated="merge")
    assert ("arms-not-merged", "s", "act", 3) in [(i.rule, i.study, i.arm, i.row) for i in issues]
    times = REPEATED.assign(time=[1, 1, 2])
    assert "arms-not-merged" in rules(refused(times, repeated="merge"))


def test_a_confidence_interval_and_a_standard_error_become_sd_with_their_trace() -> None:
    frame = pd.DataFrame({
        "study": "s", "treatment": ["a", "b", "c"], "n": [20, 20, 20], "mean": [24.0, 20.0, 22.0],
        "se": [None, 2.0, 2.0], "ci_low": [16.05, None, None], "ci_high": [31.95, None, None],
        "value_type": ["final", "final", "Adjusted"],
    })  # fmt: skip
    a, b, c = read_table(frame, reference="a").studies[0].arms
    assert a.se == pytest.approx(15.9 / (2 * 2.0930240544), rel=1e-9)  # t with 19 df
    assert [(made.what, made.rows) for made in a.conversions] == [("se", (2,)), ("sd", (2,))]
    assert b.sd == pytest.approx(2.0 * np.sqrt(20))
    assert (c.sd, c.conversions, c.value_type) == (None, (), "adjusted")  # the model's SE holds no SD


def test_printed_ratios_are_logged_with_their_limits() -> None:
    row = {
        "study": "s",
        "treatment": "b",
        "versus": "a",
        "measure": "HR",
        "estimate": 0.5,
        "ci_low": 0.25,
        "ci_high": 1.0,
    }
    network = read_table(pd.DataFrame([row | {"scale": "printed"}]), reference="a", measure="HR")
    contrasts = network.studies[0].contrasts
    assert contrasts is not None
    assert contrasts.estimate == pytest.approx([np.log(0.5)])
    assert contrasts.covariance[0, 0] ** 0.5 == pytest.approx(np.log(4) / (2 * 1.959963984540054))
    assert [made.what for made in contrasts.conversions] == ["log ratio", "se"]


@pytest.mark.parametrize(
    ("cells", "measure", "rule", "column"),
    [
        ({"scale": "printed", "ci_low": 0.1, "ci_high": 0.9}, None, "measure-missing", "measure"),
        ({"scale": "printed", "measure": "OR"}, None, "printed-se", "ci_low"),
        ({"scale": "printed", "measure": "OR", "ci_low": -0.1, "ci_high": 0.9}, None, "ratio-not-positive", "estimate"),
        ({"measure": "OR"}, "MD", "measure-different", "measure"),
        ({"measure": "MD"}, "SMD", "sd-missing", "sd"),
    ],
)
def test_contrasts_on_a_scale_that_cannot_be_used(
    cells: dict[str, object], measure: str | None, rule: str, column: str
) -> None:
    row = {"study": "s", "treatment": "b", "versus": "a", "estimate": 0.5, "se": 0.2, "ci_low": None, "ci_high": None}
    frame = pd.DataFrame([row | {"measure": None, "scale": None, "sd": None} | cells])
    issues = refused(frame, measure=measure)
    assert [(i.rule, i.study, i.arm, i.row, i.column) for i in issues] == [(rule, "s", "b", 2, column)]


def test_a_mean_difference_is_standardised_by_its_stated_sd() -> None:
    row = {"study": "s", "treatment": "b", "versus": "a", "measure": "MD", "estimate": -18.0, "se": 8.1, "sd": 22.5}
    contrasts = read_table(pd.DataFrame([row]), reference="a", measure="smd").studies[0].contrasts
    assert contrasts is not None
    assert contrasts.estimate == pytest.approx([-0.8])
    assert contrasts.covariance == pytest.approx(np.array([[0.36**2]]))
    assert "22.5" in contrasts.conversions[0].how


def test_a_p_value_tells_the_standard_error() -> None:
    row = {"study": "s", "treatment": "b", "versus": "a", "measure": "MD", "estimate": -2.0, "p": 0.05}
    contrasts = read_table(pd.DataFrame([row]), reference="a").studies[0].contrasts
    assert contrasts is not None
    assert contrasts.covariance[0, 0] ** 0.5 == pytest.approx(2 / 1.959963984540054)
    sized = read_table(pd.DataFrame([row | {"n_treatment": 10, "n_versus": 12}]), reference="a").studies[0].contrasts
    assert sized is not None
    assert sized.covariance[0, 0] ** 0.5 == pytest.approx(2 / 2.0859634472658364)  # t with 20 df
    for p in (1.0, 0.9999999999999999, 1e-300):
        assert rules(refused(pd.DataFrame([row | {"p": p}]))) == ["p-not-usable"]


def test_numbers_of_participants_of_contrasts() -> None:
    frame = pd.DataFrame({
        "study": "s", "treatment": ["b", "c", "c"], "versus": ["a", "a", "b"], "estimate": [1.0, 2.0, 1.0],
        "se": [0.5, 0.5, 0.5], "n_treatment": [10, 11, 11], "n_versus": [12, 12, 13],
    })  # fmt: skip
    network = read_table(frame, reference="a")
    assert [arm.n for arm in network.studies[0].arms] == [12.0, None, 11.0]
    assert [(i.rule, i.severity, i.arm) for i in network.issues] == [("n-contradictory", "warning", "b")]


def test_covariates_of_studies_are_those_with_one_value() -> None:
    frame = pd.DataFrame({
        "study": ["s", "s", "t", "t"], "treatment": list("abab"), "r": [1, 2, 3, 4], "n": [9, 9, 9, 9],
        "year": [2001, 2001, 2002, 2002], "dose": [0, 5, 0, 5],
    })  # fmt: skip
    assert [study.covariates for study in read_table(frame, reference="a").studies] == [
        {"year": 2001.0},
        {"year": 2002.0},
    ]


def test_a_bare_table_is_one_outcome_at_one_time() -> None:
    frame = pd.DataFrame({"study": "s", "treatment": list("abab"), "r": [1, 2, 3, 4], "n": 9, "weeks": [4, 4, 12, 12]})
    assert [(i.rule, i.study, i.column) for i in refused(frame) if i.severity == "error"] == [
        ("several-times", "s", "weeks")
    ]
    two = frame.rename(columns={"weeks": "outcome"})
    assert rules([i for i in refused(two) if i.severity == "error"]) == ["several-outcomes"]


def test_a_study_enters_by_its_arms_or_by_its_contrasts() -> None:
    frame = pd.DataFrame(
        {"study": "s", "treatment": ["a", "b"], "mean": [1, 2], "se": 0.5, "diff": [None, 1], "se_diff": 0.7}
    )
    assert [(i.rule, i.study, i.row) for i in refused(frame)] == [("arms-and-contrasts", "s", 2)]


def test_change_and_final_scores_are_not_mixed_silently() -> None:
    frame = pd.DataFrame({
        "study": ["s", "s", "t", "t"], "treatment": list("abab"), "mean": [1, 2, 3, 4], "sd": 1.0, "n": 10,
        "value_type": ["final", "final", "change", "change"],
    })  # fmt: skip
    assert [(i.rule, i.severity) for i in read_table(frame, reference="a", measure="SMD").issues] == [
        ("values-mixed", "warning")
    ]
    assert read_table(frame, reference="a", measure="MD").issues == ()


def test_medians_of_a_bare_table_become_means() -> None:
    frame = pd.DataFrame({
        "study": "s", "treatment": ["a", "b"], "n": 40, "Mean": [30.0, None], "sd": [15.0, None],
        "Median": [None, 22.0], "Q1": [None, 20.0], "Q3": [None, 44.0],
    })  # fmt: skip
    network = read_table(frame, reference="a", measure="MD")
    arm = network.studies[0].arms[1]
    assert arm.mean == pytest.approx(0.70975 * 32 + 0.29025 * 22)
    assert [c.what for c in arm.conversions] == ["mean", "sd"]
    assert [(i.rule, i.severity, i.row, i.column, i.value) for i in network.issues] == [
        ("median-converted", "note", 3, "Median", "22"),
        ("median-skewed", "warning", 3, "Median", "22"),
    ]
    bare = frame.drop(columns=["Q1", "Q3"])
    assert ("median-not-usable", 3) in [(i.rule, i.row) for i in refused(bare)]


def test_wide_tables_have_medians_too() -> None:
    frame = pd.DataFrame({
        "study": ["s"], "t.1": ["a"], "n.1": [40], "median.1": [30], "q1.1": [20], "q3.1": [41],
        "t.2": ["b"], "n.2": [40], "median.2": [25], "q1.2": [15], "q3.2": [36],
    })  # fmt: skip
    arms = read_table(frame, reference="a").studies[0].arms
    assert [round((arm.mean or 0) - (arm.sd or 0) / 50, 1) for arm in arms] == [30.0, 25.0]
    assert all(arm.conversions for arm in arms)


def test_percentages_of_a_bare_table_are_counted_by_their_digits() -> None:
    text = "study,treatment,percent,total,n_randomised\ns,a,{},24,30\ns,b,25,24,27\n"
    frame = pd.read_csv(io.StringIO(text.format("37.5")), dtype=str)
    arms = read_table(frame.assign(events=""), reference="a").studies[0].arms
    assert [(arm.events, arm.randomised) for arm in arms] == [(9.0, 30.0), (6.0, 27.0)]
    wrong = pd.read_csv(io.StringIO(text.format("38.0")), dtype=str)
    found = [(i.rule, i.row, i.column, i.value) for i in refused(wrong.assign(events=""))]
    assert ("percent-not-a-count", 2, "percent", "38.0") in found


def test_adjusted_means_come_before_unadjusted_ones() -> None:
    frame = pd.DataFrame({
        "study": "s", "treatment": list("abab"), "mean": [1.0, 2.0, 1.1, 2.2], "se": 0.5, "n": 20,
        "value_type": ["final", "final", "adjusted", "adjusted"],
    })  # fmt: skip
    network = read_table(frame, reference="a", measure="MD")
    assert [arm.mean for arm in network.studies[0].arms] == [1.1, 2.2]
    assert [(i.rule, i.severity) for i in network.issues] == [("adjusted-preferred", "note")]


def test_columns_by_keyword_and_wrong_calls() -> None:
    frame = pd.DataFrame({"id": [1, 1], "drug": ["A", "B"], "dead": [3, 1], "of": [20, 22]})
    network = read_arms(frame, reference="A", study="id", treatment="drug", events="dead", total="of", measure="OR")
    assert dict(network.recognised) == {"study": "id", "treatment": "drug", "events": "dead", "total": "of"}
    pairs = pd.DataFrame({"s": ["1"], "new": ["B"], "old": ["A"], "e": [1.0], "q": [0.5]})
    contrasts = read_contrasts(pairs, reference="A", study="s", treat1="new", treat2="old", estimate="e", se="q")
    assert contrasts.studies[0].treatments == ("A", "B")
    with pytest.raises(UsageError, match="colour"):
        read_arms(frame, reference="A", colour="drug")
    with pytest.raises(UsageError, match="no measure"):
        read_table(frame, reference="A", measure="NNT")
    with pytest.raises(DataError, match="no column 'medicine'"):
        read_arms(frame, reference="A", treatment="medicine")


def test_what_was_recognised_reads_the_table_again(tmp_path: Path) -> None:
    source = saved(tmp_path, PARKINSON)

    def numbers(network: Network) -> list[object]:
        return [(s.id, s.treatments, [arm.mean for arm in s.arms]) for s in network.studies]

    first = read_table(source, reference="A")
    again = read_table(source, reference="A", columns=first.recognised)
    assert numbers(first) == numbers(again)
