"""SDs that a study does not report: taken by the rule that the protocol states, or not at all."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.unit.prepare.test_outcome import arm, prepared, problems

from physiohub.network.rows import ArmRow
from physiohub.prepare.missing_sd import IMPUTED
from physiohub.prepare.outcome import PreparedOutcome

RULES = ("from-arm", "borrow-pooled", "borrow-median", "borrow-largest")


def trials() -> list[ArmRow]:
    """Two trials with SDs, one on another range of the instrument, and one whose active arm has none."""
    return [
        arm("control", study="A", row=2, sd=20.0, n=31),
        arm("active", study="A", row=3, sd=24.0, n=21),
        arm("control", study="B", row=4, mean=5.0, sd=1.8, n=41, instrument="NRS 0-10"),
        arm("active", study="B", row=5, mean=4.0, sd=2.6, n=11, instrument="NRS 0-10"),
        arm("control", study="C", row=6, sd=17.0, n=40),
        arm("active", study="C", row=7, mean=30.0, n=40),
    ]


def imputed(ready: PreparedOutcome) -> list[tuple[str, str | None, str, float]]:
    return [
        (c.study, c.arm, c.conversion.how, c.conversion.value or 0.0)
        for c in ready.conversions
        if c.conversion.what == IMPUTED
    ]


def test_nothing_is_imputed_unasked():
    assert problems(*trials(), measure="MD") == ["spread-missing"]


@pytest.mark.parametrize(
    ("rule", "sd", "words"),
    [
        ("from-arm", 17.0, "pooled SD of the study's other arms (1)"),
        (
            "borrow-pooled",
            math.sqrt((30 * 20**2 + 20 * 24**2 + 40 * 18**2 + 10 * 26**2) / 100),
            "pooled SD of 4 arms of 2 other studies (Furukawa 2006)",
        ),
        ("borrow-median", 22.0, "median SD of 4 arms of 2 other studies"),
        ("borrow-largest", 26.0, "largest SD of 4 arms of 2 other studies"),
    ],
)
def test_the_rules(rule, sd, words):
    ready = prepared(*trials(), measure="MD", missing_sd=rule)
    arms = {a.label: a for a in next(s for s in ready.network.studies if s.id == "C").arms}
    assert arms["active"].sd == pytest.approx(sd, rel=1e-12)
    assert arms["control"].sd == 17.0
    ((study, label, how, value),) = imputed(ready)
    assert (study, label, how) == ("C", "active", f"not reported: {words}")
    assert value == pytest.approx(sd)
    assert any(warning.startswith("1 SD was imputed") and warning.endswith(": C.") for warning in ready.warnings)


def test_a_borrowed_sd_is_turned_to_the_range_of_the_row():
    rows = [*trials()[:2], arm("control", study="C", row=6, mean=5.0, instrument="NRS 0-10", sd=2.0)]
    rows.append(arm("active", study="C", row=7, mean=3.0, instrument="NRS 0-10"))
    ready = prepared(*rows, measure="MD", missing_sd="borrow-largest")
    assert imputed(ready)[0][3] == pytest.approx(2.4)  # as the row is scored
    assert ready.network.studies[1].arms[1].sd == pytest.approx(24.0)  # as it is analysed


def test_change_and_final_scores_do_not_lend_to_each_other():
    rows = trials()
    cells: dict[str, Any] = {"study": "D", "value_type": "change", "mean": -10.0}
    rows += [arm("control", row=8, sd=9.0, **cells), arm("active", row=9, **cells)]
    ready = prepared(*rows, measure="MD", missing_sd="from-arm")
    assert [(study, value) for study, _, _, value in imputed(ready)] == [("C", 17.0), ("D", 9.0)]
    assert "sd-not-imputed" in problems(*rows, measure="MD", missing_sd="borrow-pooled")


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_finds_nothing_says_so(rule):
    rows = [arm("control"), arm("active", row=3, mean=30.0)]
    rules = problems(*rows, measure="MD", missing_sd=rule)
    assert rules == ["sd-not-imputed", "sd-not-imputed"]


def test_adjusted_means_get_no_sd():
    rows = [
        *trials()[:4],
        *(arm(t, study="C", row=k, value_type="adjusted") for k, t in ((6, "control"), (7, "active"))),
    ]
    assert problems(*rows, measure="MD", missing_sd="borrow-pooled") == ["spread-missing"] * 2


def test_an_instrument_without_a_name_lends_to_its_like():
    rows = [arm(t, study=s, row=k, sd=sd, instrument=None) for k, (s, t, sd) in enumerate(
        (("A", "control", 20.0), ("A", "active", 22.0), ("B", "control", 18.0), ("B", "active", None)), start=2
    )]  # fmt: skip
    ready = prepared(*rows, measure="MD", instrument=None, missing_sd="borrow-largest")
    assert [value for *_, value in imputed(ready)] == [22.0]


def test_an_imputed_sd_weighs_in_an_smd():
    (_, _, study) = prepared(*trials(), missing_sd="from-arm").network.studies
    assert [a.sd for a in study.arms] == [17.0, 17.0]
