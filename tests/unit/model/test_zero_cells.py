"""Zero cells in normal contrasts of counts: what is added, to whom, and what is left out, always listed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import physiohub as ph
from physiohub.errors import DataError, UsageError
from physiohub.model.normal_study import contrasts_of
from physiohub.model.normal_view import normal_view
from physiohub.model.zero_cells import ZeroCells, added_to_cells, settle_zero_cells
from physiohub.network.network import Network, build_network
from physiohub.network.study import Arm, Study


def counted(id: str, **arms: tuple[float, float]) -> Study:
    """Treatment -> events and total."""
    return Study(
        id, tuple(Arm(treatment=t, events=r, total=n, rows=(k,)) for k, (t, (r, n)) in enumerate(arms.items()))
    )


def timed(id: str, **arms: tuple[float, float]) -> Study:
    """Treatment -> events and exposure."""
    return Study(id, tuple(Arm(treatment=t, events=r, exposure=e) for t, (r, e) in arms.items()))


PLAIN = counted("plain", A=(4, 20), B=(7, 21))
ZERO = counted("zero", A=(0, 20), B=(3, 22))
FULL = counted("full", A=(5, 20), B=(18, 18))
EMPTY = counted("empty", A=(0, 15), B=(0, 16))
FILLED = counted("filled", A=(12, 12), B=(10, 10))


def network(*studies: Study) -> Network:
    return build_network(studies, reference="A")


def spec(measure: str, **options: Any) -> ph.ModelSpec:
    return ph.ModelSpec(measure=measure, effects="common", effect_prior="flat", likelihood="contrast", **options)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD", "HR", "PROBIT"])
@pytest.mark.parametrize("added", [0.5, 0.25, 1.0])
def test_only_studies_with_a_zero_cell_are_corrected(measure: str, added: float) -> None:
    fit = ph.fit(network(PLAIN, ZERO, FULL), spec(measure, zero_cells=added))
    assert fit.zero_cells == ZeroCells(added, ("zero", "full"), ())
    assert added_to_cells(PLAIN, spec(measure, zero_cells=added)) == 0.0
    assert added_to_cells(FULL, spec(measure, zero_cells=added)) == added


def test_the_value_is_what_enters() -> None:
    estimate, covariance = contrasts_of(ZERO, spec("OR", zero_cells=0.25))
    assert estimate == pytest.approx([np.log(3.25 / 19.25) - np.log(0.25 / 20.25)], abs=1e-12)
    assert covariance == pytest.approx(np.array([[1 / 3.25 + 1 / 19.25 + 1 / 0.25 + 1 / 20.25]]), abs=1e-12)


def test_every_arm_of_a_study_gets_it() -> None:
    """Else arm 0 would be another arm in one pair than in the next."""
    three = counted("three", A=(5, 20), B=(0, 20), C=(9, 20))
    estimate, covariance = contrasts_of(three, spec("OR"))
    first = np.log(5.5 / 15.5)
    assert estimate == pytest.approx([np.log(0.5 / 20.5) - first, np.log(9.5 / 11.5) - first], abs=1e-12)
    assert covariance[0, 1] == pytest.approx(1 / 5.5 + 1 / 15.5, abs=1e-12)


@pytest.mark.parametrize("measure", ["OR", "RR", "HR"])
def test_a_study_that_forms_no_ratio_is_left_out_and_listed(measure: str) -> None:
    fit = ph.fit(network(PLAIN, EMPTY, FILLED), spec(measure))
    assert fit.zero_cells == ZeroCells(None, (), ("empty", "filled"))
    assert [study.id for study in fit.network.studies] == ["plain"]
    assert [(e.study, f"no {measure} can be formed" in e.reason) for e in fit.network.exclusions] == [
        ("empty", True),
        ("filled", True),
    ]


def test_a_risk_difference_uses_them() -> None:
    """No events in 15 and in 16 is a difference of zero, known with some precision."""
    fit = ph.fit(network(PLAIN, EMPTY, FILLED), spec("RD"))
    assert fit.zero_cells == ZeroCells(0.5, ("empty", "filled"), ())
    estimate, covariance = contrasts_of(EMPTY, spec("RD"))
    assert estimate == pytest.approx([0.0], abs=0)
    p, q = 0.5 / 16, 0.5 / 17
    assert covariance == pytest.approx(np.array([[p * (1 - p) / 16 + q * (1 - q) / 17]]), abs=1e-15)


def test_rates_have_no_full_cells() -> None:
    busy = timed("busy", A=(30, 10), B=(12, 10))  # more events than person-years
    none = timed("none", A=(0, 10), B=(0, 12))
    some = timed("some", A=(0, 10), B=(2, 12))
    fit = ph.fit(network(busy, none, some), spec("IRR"))
    assert fit.zero_cells == ZeroCells(0.5, ("some",), ("none",))
    assert fit.network.exclusions[0].reason == "no events in all arms: no IRR can be formed from normal contrasts"


@pytest.mark.parametrize(
    ("measure", "studies", "named"),
    [
        ("OR", (PLAIN, ZERO, FULL), [("zero", "A"), ("full", "B")]),
        ("RD", (PLAIN, EMPTY), [("empty", "A"), ("empty", "B")]),
        ("IRR", (timed("some", A=(0, 10), B=(2, 12)),), [("some", "A")]),
    ],
)
def test_nothing_added_is_an_error_that_names_every_arm(measure, studies, named) -> None:
    with pytest.raises(DataError) as raised:
        ph.fit(network(*studies), spec(measure, zero_cells=None))
    assert [(issue.study, issue.arm) for issue in raised.value.issues] == named
    assert {issue.rule for issue in raised.value.issues} == {"zero-cell"}
    assert all(issue.row is not None or measure == "IRR" for issue in raised.value.issues)
    assert all("--zero-cells 0.5" in issue.remedy for issue in raised.value.issues)


def test_nothing_added_is_no_error_where_nothing_is_needed() -> None:
    assert ph.fit(network(PLAIN), spec("OR", zero_cells=None)).zero_cells == ZeroCells()
    # a study without events in all arms is left out, whatever would be added
    assert ph.fit(network(PLAIN, EMPTY), spec("OR", zero_cells=None)).zero_cells.left_out == ("empty",)


@pytest.mark.parametrize("value", [0.0, -0.5, 1.5, float("nan")])
def test_other_values_are_refused(value: float) -> None:
    with pytest.raises(UsageError, match="zero_cells"):
        spec("OR", zero_cells=value)


def test_all_studies_mute() -> None:
    with pytest.raises(DataError) as raised:
        ph.fit(network(EMPTY, FILLED), spec("OR"))
    first = raised.value.issues[0]
    assert first.rule == "zero-cells-left-out"
    assert "empty, filled" in first.message
    assert "RD" in first.remedy


def test_the_reference_stands_in_mute_studies_only() -> None:
    others = counted("others", B=(4, 20), C=(7, 21))
    with pytest.raises(DataError) as raised:
        ph.fit(network(EMPTY, others), spec("OR"))
    assert [issue.rule for issue in raised.value.issues] == ["zero-cells-left-out", "reference-unknown"]


def test_a_treatment_of_mute_studies_only_is_told() -> None:
    fit = ph.fit(network(PLAIN, counted("mute", A=(0, 9), C=(0, 8))), spec("OR"))
    assert fit.treatments == ("A", "B")
    assert [issue.value for issue in fit.network.issues if issue.rule == "treatment-without-data"] == ["C"]


def test_means_and_contrasts_have_no_cells() -> None:
    """Counts beside a study's contrasts are not what enters."""
    told = ph.datasets.load("linde2016")
    assert settle_zero_cells(told, spec("OR")) == (told, ZeroCells())
    assert settle_zero_cells(told, spec("SMD"))[0] is told


def categorised(id: str, **arms: tuple[float, ...]) -> Study:
    """Treatment -> counts of categories, lowest first."""
    made = (Arm(treatment=t, categories=c, total=sum(c)) for t, c in arms.items())
    return Study(id, tuple(made))


BOTH = categorised("both", A=(30, 8, 2), B=(20, 12, 9))
APART = categorised("apart", A=(11, 4, 0), B=(0, 0, 12))
ALL_LOW = categorised("all low", A=(11, 0, 0), B=(9, 0, 0))


def test_ordered_categories_are_corrected_where_they_part_the_arms() -> None:
    """Nobody in one category of one arm is no reason: the cut-points are known from the other arm."""
    open_end = categorised("open end", A=(30, 8, 0), B=(20, 12, 9))
    fit = ph.fit(network(BOTH, open_end, APART, ALL_LOW), spec("PROBIT"))
    assert fit.zero_cells == ZeroCells(0.5, ("apart",), ("all low",))
    with pytest.raises(DataError) as raised:
        ph.fit(network(BOTH, open_end, APART), spec("PROBIT", zero_cells=None))
    assert [(issue.study, issue.arm, issue.rule) for issue in raised.value.issues] == [
        ("apart", "A", "zero-cell"),
        ("apart", "B", "zero-cell"),
    ]


def test_a_likelihood_of_arms_corrects_nothing_and_leaves_out_nobody() -> None:
    by_arm = ph.ModelSpec(measure="OR", effects="common")
    fit = ph.fit(network(PLAIN, ZERO, EMPTY), by_arm)
    assert fit.zero_cells == ZeroCells()
    assert len(fit.network.studies) == 3
    view = normal_view(fit.network, by_arm)
    assert list(view.studies) == ["plain", "zero"]
    assert dict(view.added) == {"zero": 0.5}
    assert list(view.silent) == ["empty"]
    assert view.reason == ""


@pytest.mark.parametrize(
    ("studies", "options", "words"),
    [
        ((PLAIN, counted("mute", A=(0, 9), C=(0, 8))), {}, "no other study has C"),
        ((PLAIN, counted("mute", B=(0, 9), C=(0, 8)), counted("far", C=(3, 9), D=(4, 8))), {}, "falls into 2 parts"),
        ((PLAIN, ZERO), {"zero_cells": None}, "zero: The arm has no events"),
    ],
)
def test_a_view_that_is_not_the_whole_network_says_why(studies, options, words) -> None:
    assert words in normal_view(network(*studies), ph.ModelSpec(measure="OR", **options)).reason
