"""Arms of a network with their likelihood: order, design, offsets, categories, and every arm that lacks something."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import physiohub as ph
from physiohub.model.arm_network import arm_network, has_arm_likelihood
from physiohub.model.likelihoods.binomial import Binomial
from physiohub.model.likelihoods.normal_mean import NormalMean
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.likelihoods.poisson import Poisson
from physiohub.network.network import Network, build_network
from physiohub.network.study import Arm, Contrasts, Study


def network(*studies: Study) -> Network:
    return build_network(studies, reference="A")


def study(id: str, **arms: dict[str, Any]) -> Study:
    return Study(id, tuple(Arm(treatment=t, **values) for t, values in arms.items()))


READY = Study("ready", (Arm(treatment="A"), Arm(treatment="C")), Contrasts(np.array([0.3]), np.array([[0.04]])))
COUNTS = network(
    study("1", B={"events": 9, "total": 55}, A={"events": 5, "total": 50}),
    READY,
    study("2", C={"events": 7, "total": 40}, B={"events": 8, "total": 41}, A={"events": 6, "total": 42}),
)


def test_arms_stand_study_by_study_with_arm_0_first() -> None:
    arms = arm_network(COUNTS, ph.ModelSpec(measure="OR"))
    assert arms.studies == ("1", "ready", "2")
    assert arms.study.tolist() == [0, 0, 2, 2, 2]
    order = [COUNTS.treatments[t].id for t in arms.treatment]
    assert order[0] == order[2] == "A"
    assert arms.first.tolist() == [0, 2]
    assert arms.sizes.tolist() == [2, 3]
    assert list(arms.contrasts) == [1]
    assert arms.contrasts[1].y.tolist() == [0.3]
    assert isinstance(arms.likelihood, Binomial)
    assert arms.likelihood.events[[0, 2]].tolist() == [5, 6]
    assert arms.parameters == 2
    # the reference has no parameter; each other treatment its own
    assert arms.design.sum(1).tolist() == [0 if t == 0 else 1 for t in arms.treatment]
    assert np.array_equal(arms.differences, arms.design)  # A is arm 0 everywhere
    assert arms.cut_points == 0


def test_differences_are_from_arm_0_of_the_study() -> None:
    later = network(
        study("1", A={"events": 5, "total": 50}, B={"events": 9, "total": 55}),
        study("2", B={"events": 5, "total": 50}, C={"events": 9, "total": 55}),
    )
    arms = arm_network(later, ph.ModelSpec(measure="OR"))
    assert arms.differences.tolist() == [[0, 0], [1, 0], [0, 0], [-1, 1]]


@pytest.mark.parametrize(("measure", "link"), [("OR", "logit"), ("RR", "log"), ("HR", "cloglog"), ("PROBIT", "probit")])
def test_links_of_proportions(measure: str, link: str) -> None:
    arms = arm_network(COUNTS, ph.ModelSpec(measure=measure))
    assert isinstance(arms.likelihood, Binomial)
    assert arms.likelihood.link == link
    assert np.all(arms.likelihood.offset == 0)


def test_follow_up_is_an_offset_of_hazards_only() -> None:
    timed = network(
        study("1", A={"events": 5, "total": 50, "time": 2.0}, B={"events": 9, "total": 55, "time": 4.0}),
        study("2", A={"events": 5, "total": 50}, B={"events": 9, "total": 55}),
    )
    found = arm_network(timed, ph.ModelSpec(measure="HR")).likelihood
    assert isinstance(found, Binomial)
    # a study without times has its own unit
    assert found.offset == pytest.approx([np.log(2), np.log(4), 0, 0])
    plain = arm_network(timed, ph.ModelSpec(measure="OR")).likelihood
    assert isinstance(plain, Binomial)
    assert np.all(plain.offset == 0)


@pytest.mark.parametrize("time", [None, 0.0])
def test_a_time_that_only_some_arms_have_is_an_issue(time: float | None) -> None:
    some = network(study("1", A={"events": 5, "total": 50, "time": 2.0}, B={"events": 9, "total": 55, "time": time}))
    with pytest.raises(ph.DataError) as error:
        arm_network(some, ph.ModelSpec(measure="HR"))
    assert [(i.rule, i.study, i.arm, i.column) for i in error.value.issues] == [("time-missing", "1", "B", "time")]


def test_rates_and_means() -> None:
    rates = network(study("1", A={"events": 5, "exposure": 50.5}, B={"events": 9, "exposure": 55.0}))
    found = arm_network(rates, ph.ModelSpec(measure="IRR")).likelihood
    assert isinstance(found, Poisson)
    assert found.exposure.tolist() == [50.5, 55.0]
    means = network(study("1", A={"mean": 5.0, "sd": 2.0, "n": 16}, B={"mean": 4.0, "se": 0.3}))
    normal = arm_network(means, ph.ModelSpec(measure="MD")).likelihood
    assert isinstance(normal, NormalMean)
    assert normal.se.tolist() == [0.5, 0.3]


def test_every_arm_that_lacks_something_is_named() -> None:
    some = network(
        study("1", A={"events": 5, "total": 50}, B={"events": 9}),
        study("2", A={"total": 50}, B={"events": 9, "total": 60}),
    )
    with pytest.raises(ph.DataError) as error:
        arm_network(some, ph.ModelSpec(measure="OR"))
    assert [(i.study, i.arm, i.column) for i in error.value.issues] == [("1", "B", "total"), ("2", "A", "events")]


def test_ordered_categories() -> None:
    mixed = network(
        study("1", A={"categories": (20, 15, 10)}, B={"categories": (12, 14, 19)}),
        study("2", A={"categories": (9, None, 8)}, B={"categories": (8, None, 9)}),
        study("3", A={"events": 4, "total": 10}, B={"events": 5, "total": 12}),
    )
    arms = arm_network(mixed, ph.ModelSpec(measure="PROBIT"))
    found = arms.likelihood
    assert isinstance(found, Ordered)
    assert arms.cut_points == 1
    assert found.counts.tolist() == [[20, 15, 10], [12, 14, 19], [9, 0, 8], [8, 0, 9], [6, 4, 0], [7, 5, 0]]
    assert found.reported[2:].tolist() == [[True, False, True]] * 2 + [[True, True, False]] * 2
    assert found.data_points.tolist() == [2, 2, 1, 1, 1, 1]


def test_people_below_the_lowest_category_are_a_category() -> None:
    partial = network(study("1", A={"categories": (15, 10), "total": 45}, B={"categories": (14, 19), "total": 45}))
    found = arm_network(partial, ph.ModelSpec(measure="PROBIT")).likelihood
    assert isinstance(found, Ordered)
    assert found.counts.tolist() == [[20, 15, 10], [12, 14, 19]]


@pytest.mark.parametrize(
    ("arm", "says"),
    [
        ({"categories": (15, 10), "total": 20}, "more than its total"),
        ({"categories": (15, None)}, "at least two categories"),
        ({"categories": (None, 15, 10)}, "lowest category has no count"),
        ({}, "neither counts of categories nor events"),
    ],
)
def test_unfit_categories(arm: dict[str, Any], says: str) -> None:
    other = {"categories": (12, 14, 19)}
    with pytest.raises(ph.DataError, match=says) as error:
        arm_network(network(study("1", A=other, B=arm)), ph.ModelSpec(measure="PROBIT"))
    assert [(i.rule, i.arm) for i in error.value.issues] == [("categories-unfit", "B")]


def test_which_measures_have_arms_of_their_own() -> None:
    for measure in ("OR", "RR", "HR", "PROBIT"):
        assert has_arm_likelihood(COUNTS, ph.ModelSpec(measure=measure))
        assert not has_arm_likelihood(COUNTS, ph.ModelSpec(measure=measure, likelihood="contrast"))
    assert not has_arm_likelihood(COUNTS, ph.ModelSpec(measure="RD"))
    assert not has_arm_likelihood(COUNTS, ph.ModelSpec(measure="SMD"))
    assert has_arm_likelihood(COUNTS, ph.ModelSpec(measure="SMD", likelihood="arm"))
    assert not has_arm_likelihood(network(READY), ph.ModelSpec(measure="OR", likelihood="arm"))
    for measure in ("RD", "ROM"):
        with pytest.raises(ph.ModelError, match="no likelihood of single arms"):
            has_arm_likelihood(COUNTS, ph.ModelSpec(measure=measure, likelihood="arm"))
