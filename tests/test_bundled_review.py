"""The review that comes with the package: every number has a source, and every outcome becomes its network."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physiohub.evidence.question import review_questions
from physiohub.evidence.review import bundled_review
from physiohub.inference.fit import fit
from physiohub.network.rows import ArmRow
from physiohub.prepare.outcome import PreparedOutcome

OUTCOMES = ("pain", "rmdq", "odi")


@pytest.fixture(scope="module")
def review():
    return bundled_review()


@pytest.fixture(scope="module")
def extraction(shared):
    """The public extraction that the tables were written from."""

    def read(name):
        with Path(shared, "lbp", name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read


def test_it_says_first_what_it_is(review):
    assert review.protocol.review.kind == "worked example"
    assert "not a systematic search" in review.statement
    assert review.protocol.review.limitations
    assert not review.issues


def test_nothing_is_made_up(review):
    header, protocol = review.protocol.review, review.protocol
    assert (protocol.search, protocol.flow, protocol.certainty) == (None, None, None)
    assert (header.registration, header.authors, header.funding) == (None, (), None)
    judged = [
        k for row in review.material.studies for k, v in row.values.items() if k == "rob_overall" and v is not None
    ]
    assert not judged


def test_every_row_has_a_public_source_and_notes(review):
    for row in (*review.material.arms, *review.material.contrasts):
        assert re.search(r"https?://|doi 10\.", row.source or ""), f"{row.file} line {row.row}"
        assert row.notes
        assert "shared" not in row.source


def test_risk_of_bias_read_elsewhere_names_where(review):
    for row in review.material.studies:
        judged = any(v is not None for k, v in row.values.items() if k.startswith("rob_") and k != "rob_source")
        assert judged == (row.values["rob_source"] is not None), row.study
        assert row.values["source"]


def test_every_study_has_a_row_in_studies_csv(review):
    rows = (*review.material.arms, *review.material.contrasts)
    assert {row.study for row in rows} == {row.study for row in review.material.studies}


@pytest.mark.parametrize(
    ("outcome", "measure", "studies", "mid"),
    [
        (
            "pain",
            "SMD",
            {
                "Cecchi 2010": {"active", "passive", "combined"},
                "Ebadi 2012": {"active", "combined"},
                "Kim 2017": {"active", "passive"},
                "Tagliaferri 2020": {"active", "combined"},
                "UK BEAM 2004": {"control", "combined"},
                "Xia 2016": {"control", "passive"},
            },
            15 / 22.5,
        ),
        (
            "rmdq",
            "MD",
            {
                "Cecchi 2010": {"active", "passive", "combined"},
                "Frost 2004": {"control", "combined"},
                "Harts 2008": {"control", "active"},
                "Sherman 2011": {"control", "active"},
                "UK BEAM 2004": {"control", "active", "passive", "combined"},
                "Valenza 2017": {"control", "active"},
                "Xia 2016": {"control", "passive"},
            },
            2.4,
        ),
        (
            "odi",
            "MD",
            {
                "Chown 2008": {"active", "passive"},
                "Frost 2004": {"control", "combined"},
                "Kim 2017": {"active", "passive"},
                "McDonough 2013": {"control", "active"},
                "Patti 2016": {"control", "active"},
                "Shaughnessy 2004": {"control", "active"},
                "Tagliaferri 2020": {"active", "combined"},
            },
            10,
        ),
    ],
)
def test_networks(review, outcome, measure, studies, mid):
    ready = review.network(outcome)
    assert {study.id: set(study.design) for study in ready.network.studies} == studies
    assert [t.id for t in ready.network.treatments] == ["control", "active", "passive", "combined"]
    assert ready.measure == measure
    assert ready.better == "lower"
    assert ready.mid.value == pytest.approx(mid)
    assert all(study.participants for study in ready.network.studies)
    assert ready.warnings


def test_arms_on_the_instruments_scale(review):
    cecchi = review.network("pain").network.studies[0]
    assert [round(a.mean, 2) for a in cecchi.arms] == [-15, -16.67, -18.33]
    sherman = next(s for s in review.network("rmdq").network.studies if s.id == "Sherman 2011")
    assert sherman.arms[1].mean == pytest.approx(4.3 * 24 / 23)


def test_uk_beam_enters_with_four_arms(review):
    beam = next(s for s in review.network("rmdq").network.studies if s.id == "UK BEAM 2004")
    np.testing.assert_allclose(beam.contrasts.estimate, [-1.36, -1.57, -1.87])
    covariance = beam.contrasts.covariance
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), [0.375, 0.3827, 0.3699], atol=5e-5)
    assert set(np.round(covariance[~np.eye(3, dtype=bool)], 10)) == {0.0784}
    # what review.toml says of the differences between the other arms
    pairs = [np.sqrt(covariance[j, j] + covariance[k, k] - 2 * covariance[j, k]) for j in range(3) for k in range(j)]
    assert 0.345 < min(pairs) <= max(pairs) < 0.365


@pytest.mark.parametrize(
    ("outcome", "made"),
    [
        ("pain", {"mean and spread": 5, "se": 5, "sd": 2, "denominator": 2, "merged arm": 1}),
        ("rmdq", {"mean and spread": 2, "se": 6, "merged arm": 1}),
        ("odi", {"se": 6, "merged arm": 1}),
    ],
)
def test_conversions_are_listed(review, outcome, made):
    found = [entry.conversion for entry in review.network(outcome).conversions]
    assert {what: sum(c.what == what for c in found) for what in {c.what for c in found}} == made
    assert all(c.how and c.rows for c in found)


def test_choices_are_listed(review):
    weeks = {(c.study, c.choice) for c in review.network("rmdq").choices}
    assert weeks == {
        ("Cecchi 2010", "week 3"),
        ("Frost 2004", "week 9"),
        ("Sherman 2011", "week 12"),
        ("UK BEAM 2004", "contrasts"),
        ("UK BEAM 2004", "week 13"),
    }


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_study_with_the_outcome_enters_or_is_excluded_with_a_reason(review, outcome):
    ready = review.network(outcome)
    rows = (*review.material.arms, *review.material.contrasts)
    entered = {study.id for study in ready.network.studies}
    excluded = {exclusion.study for exclusion in ready.excluded}
    assert entered | excluded == {row.study for row in rows if row.outcome == outcome}
    assert not entered & excluded
    assert all(exclusion.reason for exclusion in ready.excluded)


def test_every_sensitivity_is_answered_or_says_why_not(review):
    for question in review_questions(review):
        assert question.context.alternatives
        for asked in question.context.alternatives:
            if asked.network is None:
                assert str(asked.reason).startswith("not possible: "), asked.id
            else:
                assert asked.spec is not None
                assert fit(asked.network, asked.spec).verdict.ok, asked.id


def test_another_reference_stands_in_where_no_control_is_left(review):
    """Without UK BEAM and Xia, and among change scores, no trial of pain has a control group."""
    stands_in = {(o, run.id): run.reference for o in OUTCOMES for run in review.sensitivities(o) if run.reference}
    assert stands_in == {("pain", "change-scores-only"): "active", ("pain", "no-subacute"): "active"}
    assert all(run.prepared is not None for o in OUTCOMES for run in review.sensitivities(o))


def test_final_oswestry_values_alone_leave_combined_out(review):
    runs = {run.id: run.prepared for run in review.sensitivities("odi")}
    assert [t.id for t in runs["no-change-scores"].network.treatments] == ["control", "active", "passive"]
    assert "Combined physiotherapy" in " ".join(runs["no-change-scores"].warnings)
    assert len(runs["change-scores-only"].network.treatments) == 4


def test_each_sensitivity_changes_something(review):
    for outcome in OUTCOMES:
        base = review.network(outcome)
        for run in review.sensitivities(outcome):
            if run.prepared is not None:
                assert _fingerprint(run.prepared) != _fingerprint(base), (outcome, run.id)


def _fingerprint(prepared: PreparedOutcome) -> tuple[Any, ...]:
    return (
        prepared.measure,
        [
            (s.id, [(a.treatment, a.mean, a.sd, a.sd_external) for a in s.arms], s.contrasts is None)
            for s in prepared.network.studies
        ],
        [s.contrasts.estimate.tolist() for s in prepared.network.studies if s.contrasts is not None],
    )


@pytest.mark.shared
def test_arms_are_those_of_the_extraction(review, extraction):
    rows, read = review.material.arms, extraction("trials.csv")
    assert len(rows) == len(read) == 83
    for row, source in zip(rows, read, strict=True):
        place = f"line {row.row}"
        assert row.outcome == source["outcome"], place
        assert row.treatment == source["group"].replace("_", "-"), place
        assert (row.weeks, row.mean, row.n) == (
            float(source["timepoint_weeks"]),
            float(source["mean"]),
            float(source["n"]),
        ), place
        assert row.value_type == source["value_type"].removesuffix("_final"), place
        for cell in ("baseline_mean", "baseline_sd", "scale_min", "scale_max"):
            assert getattr(row, cell) == (float(source[cell]) if source[cell] else None), place
        _assert_same_spread(row, source, place)


def _assert_same_spread(row: ArmRow, source: Mapping[str, str], place: str) -> None:
    """An SD, an SE, or a confidence interval that the extraction turned into an SE by the normal quantile."""
    if row.sd is not None:
        assert row.sd == float(source["sd"]), place
    elif row.se is not None:
        assert row.se == float(source["se"]), place
    else:
        assert row.ci_low is not None
        assert row.ci_high is not None
        assert (row.ci_high - row.ci_low) / 2 / 1.959964 == pytest.approx(float(source["se"]), abs=6e-4), place


@pytest.mark.shared
def test_contrasts_are_those_of_the_extraction(review, extraction):
    read = {
        (r["outcome"], r["group_a"], r["group_b"], float(r["timepoint_weeks"]), float(r["md_a_minus_b"])): r
        for r in extraction("contrasts.csv")
    }
    for row in review.material.contrasts:
        source = read[row.outcome, row.treatment, row.versus, row.weeks, row.estimate]
        assert (row.ci_low, row.ci_high) == (float(source["ci_low"]), float(source["ci_high"]))
        sizes = [float(source[n]) if source[n] else None for n in ("n_a", "n_b")]
        assert [row.n_treatment, row.n_versus] == sizes
    assert len(review.material.contrasts) == 10
