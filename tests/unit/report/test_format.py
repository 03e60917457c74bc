"""Numbers as text: one style, true minus signs, nothing lost at the edges."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiohub.report.format import MINUS, NOT_COMPUTED, Scale, ascii_text, count, number, p_value, probability

SMD = Scale("SMD", False, 2, "95% CrI")
OR = Scale("OR", True, 2, "95% CrI")


def summary(median: float, low: float, high: float) -> dict[str, float]:
    return {"mean": median, "sd": 1.0, "q2.5": low, "median": median, "q97.5": high}


def test_the_style_of_the_house():
    assert SMD.effect(summary(-0.43, -0.77, -0.09)) == "−0.43 (95% CrI −0.77 to −0.09)"


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_number_reads_back_within_half_a_unit(value, digits):
    text = ascii_text(number(value, digits))
    assert abs(float(text) - value) <= 0.5 * 10**-digits * (1 + 1e-9) + 1e-9
    assert not text.startswith("-0." + "0" * digits) or float(text) != 0


@pytest.mark.parametrize("value", [-0.0, -0.004, -1e-12])
def test_no_signed_zero(value):
    assert number(value) == "0.00"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(-0.77, -0.004, "−0.77 to −0.004"), (0.0004, 0.5, "0.0004 to 0.50"), (-0.5, 0.0, "−0.50 to 0.00")],
)
def test_rounding_never_moves_a_limit_onto_no_difference(low, high, text):
    assert SMD.span(low, high) == text


def test_ratio_limits_stay_off_one():
    assert OR.span(math.log(0.5), math.log(0.9971)) == "0.50 to 0.997"
    assert OR.span(math.log(0.002), math.log(345.6)) == "0.0020 to 346"
    assert OR.span(-800, 800) == "< 0.0001 to inf"


@given(st.floats(0, 1))
def test_probabilities_never_print_as_impossible_or_certain(p):
    text = probability(p)
    assert text not in {"0.00", "1.00", "0.000", "1.000"}
    assert abs(float(text.strip("<> ")) - p) <= 0.005 + 1e-12


@pytest.mark.parametrize(("p", "text"), [(0.0001, "< 0.001"), (0.0996, "0.100"), (0.1, "0.10"), (None, NOT_COMPUTED)])
def test_p_values(p, text):
    assert p_value(p) == text


def test_what_is_missing_says_so():
    assert SMD.effect(None) == NOT_COMPUTED
    assert SMD.effect({"mean": None, "median": None}) == NOT_COMPUTED
    assert SMD.span(None, 1.0) == NOT_COMPUTED
    assert probability(None) == NOT_COMPUTED
    assert count(None) == "not reported"


@pytest.mark.parametrize(("sd", "digits"), [(0.034, 3), (0.3, 2), (2.4, 1), (15.0, 0), (420.0, 0)])
def test_a_mean_difference_has_the_decimals_its_sd_can_carry(sd, digits):
    assert Scale.of({"measure": "MD", "relative_effects": [{"sd": sd}]}).digits == digits


def test_level_and_kind_come_from_the_record(make_outcome):
    outcome = make_outcome(3)
    assert Scale.of(outcome).interval == "95% CrI"
    assert Scale.of({**outcome, "engine": {"name": "frequentist"}}).interval == "95% CI"
    bare = [{k: v for k, v in row.items() if k not in {"low", "high"}} for row in outcome["relative_effects"]]
    # the quantile keys name their level; another level needs limits of its own
    assert Scale.of({**outcome, "level": 0.9, "relative_effects": bare}).interval == "95% CrI"
    rows = [{**row, "low": row["median"] - 1, "high": row["median"] + 1} for row in outcome["relative_effects"]]
    scale = Scale.of({**outcome, "level": 0.9, "relative_effects": rows})
    assert scale.effect({**summary(0.0, -9, 9), "low": -1.0, "high": 1.0}) == f"0.00 (90% CrI {MINUS}1.00 to 1.00)"
