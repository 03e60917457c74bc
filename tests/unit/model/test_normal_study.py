"""Studies as normal data, measure by measure: the contrasts that enter, and what a study must report for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

import physiohub as ph
from physiohub.cli import run
from physiohub.errors import DataError, ModelError
from physiohub.model.normal_study import contrasts_of, normal_studies
from physiohub.network.network import build_network
from physiohub.network.study import Arm, Contrasts, Study

MEANS = Study(
    "means",
    (
        Arm(treatment="A", mean=20.0, sd=6.0, n=36, rows=(2,)),
        Arm(treatment="B", mean=15.0, sd=5.0, n=25, rows=(3,)),
        Arm(treatment="C", mean=10.0, se=1.5, rows=(4,)),
    ),
)
TWO_MEANS = Study("two", MEANS.arms[:2])
COUNTS = Study("counts", tuple(Arm(treatment=t, events=r, total=40) for t, r in (("A", 8), ("B", 12), ("C", 20))))
RATES = Study("rates", tuple(Arm(treatment=t, events=r, exposure=e) for t, r, e in (("A", 8, 90), ("B", 12, 70.5))))


def spec(measure: str, **options: Any) -> ph.ModelSpec:
    return ph.ModelSpec(measure=measure, **options)


def test_ratio_of_means_of_three_arms() -> None:
    estimate, covariance = contrasts_of(MEANS, spec("ROM"))
    assert estimate == pytest.approx(np.log([15 / 20, 10 / 20]), abs=1e-12)
    shared = 1.0 / 400  # se 6/6 over mean 20, squared
    expected = [[shared + 1 / 225, shared], [shared, shared + 0.0225]]
    assert covariance == pytest.approx(np.array(expected), abs=1e-12)


@pytest.mark.parametrize(
    ("measure", "estimate", "shared"),
    [
        ("OR", np.log([(12 / 28) / (8 / 32), (20 / 20) / (8 / 32)]), 1 / 8 + 1 / 32),
        ("RR", np.log([12 / 8, 20 / 8]), 1 / 8 - 1 / 40),
        ("RD", [0.1, 0.3], 0.2 * 0.8 / 40),
    ],
)
def test_counts_of_three_arms(measure: str, estimate: Any, shared: float) -> None:
    found, covariance = contrasts_of(COUNTS, spec(measure))
    assert found == pytest.approx(np.asarray(estimate), abs=1e-12)
    assert covariance[0, 1] == pytest.approx(shared, abs=1e-12)
    assert np.array_equal(covariance, covariance.T)


def test_rates() -> None:
    estimate, covariance = contrasts_of(RATES, spec("IRR"))
    assert estimate == pytest.approx([np.log((12 / 70.5) / (8 / 90))], abs=1e-12)
    assert covariance == pytest.approx(np.array([[1 / 12 + 1 / 8]]), abs=1e-12)


@pytest.mark.parametrize("measure", ["HR", "OR", "SMD", "MD", "ROM", "RD", "RR", "IRR"])
def test_contrasts_of_any_measure_enter_as_they_stand(measure: str) -> None:
    table = pd.DataFrame({"study": ["s", "t"], "treat1": ["B", "B"], "treat2": ["A", "A"], "TE": [-0.3, -0.1],
                          "seTE": [0.2, 0.1]})  # fmt: skip
    network = ph.read_table(table, reference="A", measure=measure)
    fit = ph.fit(network, spec(measure, effects="common", effect_prior="flat"))
    weights = np.array([25.0, 100.0])
    effect = fit.effect("B", "A")
    assert float(effect.mean) == pytest.approx(weights @ [-0.3, -0.1] / weights.sum(), abs=1e-12)
    assert float(effect.sd) == pytest.approx(weights.sum() ** -0.5, abs=1e-12)


def test_hazard_ratios_from_the_command_line(tmp_path: Path) -> None:
    """Printed hazard ratios with their intervals: logged, weighed by their precision, told as normal contrasts."""
    path = tmp_path / "hr.csv"
    path.write_text(
        "study,treatment,versus,measure,scale,estimate,ci_low,ci_high\n"
        "Kim 2017,exercise,control,HR,printed,0.80,0.64,1.00\n"
        "Lee 2018,exercise,control,HR,printed,0.70,0.56,0.875\n",
        encoding="utf-8",
    )
    command = ["analyse", str(path), "-o", str(tmp_path / "out"), "--measure", "HR", "--reference", "control"]
    assert run([*command, "--better", "lower", "--effects", "common", "--effect-prior", "flat", "--quiet"]) == 0
    outcome = json.loads((tmp_path / "out/results.json").read_text(encoding="utf-8"))["outcomes"]["outcome"]
    assert (outcome["likelihood"], outcome["scale"]) == ("normal contrasts", "log hazard ratio")
    effect = outcome["relative_effects"][0]
    # both intervals are the estimate times and over 1.25, so the two trials weigh the same
    assert effect["mean"] * (1 if effect["treatment"] == "exercise" else -1) == pytest.approx(
        np.log(0.8 * 0.7) / 2, abs=1e-12
    )
    assert effect["sd"] == pytest.approx(np.log(1.25) / 1.959963984540054 / np.sqrt(2), abs=1e-12)


def test_another_measure_than_stated_is_refused() -> None:
    study = Study("s", (Arm(treatment="A"), Arm(treatment="B")), Contrasts(np.array([0.1]), np.eye(1), "OR"))
    with pytest.raises(DataError) as raised:
        contrasts_of(study, spec("HR"))
    assert (raised.value.issues[0].rule, raised.value.issues[0].study) == ("measure-differs", "s")


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        (Arm(treatment="B", mean=-2.0, se=0.5), "at least 3 standard errors above zero; it is -4.0"),
        (Arm(treatment="B", mean=2.0, se=0.8), "at least 3 standard errors above zero; it is 2.5"),
        (Arm(treatment="B", mean=9.0, se=0.8, value_type="change"), "no meaning for change scores"),
    ],
)
def test_a_ratio_of_means_needs_means_well_above_zero(arm: Arm, words: str) -> None:
    with pytest.raises(DataError, match=words) as raised:
        contrasts_of(Study("s", (Arm(treatment="A", mean=10.0, se=0.5), arm)), spec("ROM"))
    assert [(issue.study, issue.arm) for issue in raised.value.issues] == [("s", "B")]


@pytest.mark.parametrize(
    ("measure", "study", "rules"),
    [
        ("OR", MEANS, {"events-missing"}),
        ("RR", RATES, {"total-missing"}),
        ("RD", MEANS, {"events-missing"}),
        ("IRR", COUNTS, {"exposure-missing"}),
        ("ROM", COUNTS, {"mean-missing"}),
        ("SMD", COUNTS, {"n-missing", "mean-missing"}),
        ("MD", COUNTS, {"mean-missing"}),
    ],
)
def test_what_a_study_lacks_is_named_arm_by_arm(measure: str, study: Study, rules: set[str]) -> None:
    network = build_network([study], reference="A")
    with pytest.raises(DataError) as raised:
        normal_studies(network, spec(measure))
    assert {issue.rule for issue in raised.value.issues} <= rules
    assert len(raised.value.issues) == len(study.arms)


def test_hazards_and_probits_by_the_delta_method() -> None:
    """Slopes by central differences, with binomial variances of the risks."""
    links: dict[str, Callable[[Any], Any]] = {"HR": lambda p: np.log(-np.log1p(-p)), "PROBIT": ndtri}
    for measure, link in links.items():
        p, h = np.array([8, 12, 20]) / 40, 1e-6
        variance = np.square((link(p + h) - link(p - h)) / (2 * h)) * p * (1 - p) / 40
        estimate, covariance = contrasts_of(COUNTS, spec(measure))
        assert estimate == pytest.approx(link(p)[1:] - link(p)[0], abs=1e-12)
        # differences with a step of 1e-6 hold some nine digits
        assert covariance == pytest.approx(np.diag(variance[1:]) + variance[0], rel=1e-7)


def test_a_hazard_is_over_the_time_of_its_arm() -> None:
    timed = Study("t", tuple(replace(arm, time=time) for arm, time in zip(COUNTS.arms, (1.0, 2.0, 4.0), strict=True)))
    plain, longer = contrasts_of(COUNTS, spec("HR")), contrasts_of(timed, spec("HR"))
    assert longer[0] == pytest.approx(plain[0] - np.log([2, 4]), abs=1e-12)
    np.testing.assert_array_equal(longer[1], plain[1])
    with pytest.raises(DataError, match="Other arms of this study have a follow-up time"):
        contrasts_of(Study("t", (*timed.arms[:2], COUNTS.arms[2])), spec("HR"))


@pytest.mark.parametrize(("measure", "study"), [("RD", COUNTS), ("ROM", MEANS)])
def test_an_arm_likelihood_is_not_replaced_in_silence(measure: str, study: Study) -> None:
    with pytest.raises(ModelError, match=f"{measure} has no likelihood of single arms"):
        ph.fit(build_network([study], reference="A"), spec(measure, likelihood="arm"))


@pytest.mark.parametrize(("measure", "study"), [("OR", COUNTS), ("RD", COUNTS), ("IRR", RATES), ("SMD", TWO_MEANS)])
def test_contrasts_that_are_asked_for_are_those_taken_unasked(measure: str, study: Study) -> None:
    for one, other in zip(
        contrasts_of(study, spec(measure)), contrasts_of(study, spec(measure, likelihood="contrast")), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_an_arm_likelihood_of_means_is_the_default() -> None:
    network = build_network([MEANS], reference="A")
    for likelihood, level in (("auto", "arm"), ("arm", "arm"), ("contrast", "contrast")):
        assert [s.level for s in normal_studies(network, spec("MD", likelihood=likelihood))] == [level]


@pytest.mark.parametrize(
    ("measure", "study"), [("OR", COUNTS), ("RR", COUNTS), ("RD", COUNTS), ("IRR", RATES), ("ROM", MEANS)]
)
def test_results_say_that_they_come_from_normal_contrasts(measure: str, study: Study) -> None:
    network = build_network([study], reference="A")
    outcome = ph.analyse(network, spec(measure, likelihood="contrast"), better="lower").results["outcomes"]["outcome"]
    assert outcome["likelihood"] == "normal contrasts"
