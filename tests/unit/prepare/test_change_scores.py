"""Change and final scores of a review: the correlation between them, and the one made of the other."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.unit.prepare.test_outcome import arm, prepared, problems

from physiohub.network.rows import ArmRow
from physiohub.prepare.change_scores import rescored
from physiohub.prepare.correlation import correlation_of
from physiohub.prepare.outcome import PreparedOutcome
from physiohub.prepare.protocol import OutcomeProtocol, Overrides

BEFORE: dict[str, Any] = {"baseline_mean": 60.0, "baseline_sd": 18.0}


def trial(study: str = "A", row: int = 2, **cells: Any) -> list[ArmRow]:
    """A control and an active arm that differ by 10 points."""
    mean = cells.pop("mean", 50.0)
    return [
        arm(t, study=study, row=row + k, **{"mean": mean - 10.0 * k, **cells})
        for k, t in enumerate(("control", "active"))
    ]


def protocol(**keys: Any) -> OutcomeProtocol:
    return OutcomeProtocol(**{"id": "pain", "measure": "MD", "better": "lower", **keys})


def spreads(ready: PreparedOutcome) -> list[float]:
    return [round(a.sd or 0.0, 6) for study in ready.network.studies for a in study.arms]


# -- the correlation --------------------------------------------------------------------------------------------------


def test_a_stated_correlation_needs_no_study():
    found, issues = correlation_of([], protocol(change_correlation=0.4))
    assert found is not None
    assert (found.value, found.source, issues) == (0.4, "stated in the protocol", ())
    assert correlation_of([], protocol()) == (None, ())


def test_the_correlation_of_the_studies_that_report_all_sds():
    """Two rows of one arm (final, change) tell as much as one row with all three SDs."""
    rows = [
        *trial("A", 2, sd=20.0, value_type="final", **BEFORE),
        *trial("A", 4, sd=15.0, value_type="change", mean=-10.0),
        *trial("B", 6, sd=12.0, value_type="change", mean=-8.0, baseline_sd=16.0, final_sd=17.0, n=50),
    ]
    found = rescored(rows, protocol(change_correlation="estimated")).correlation
    r_a = (18**2 + 20**2 - 15**2) / (2 * 18 * 20)
    r_b = (16**2 + 17**2 - 12**2) / (2 * 16 * 17)
    z = (2 * 27 * math.atanh(r_a) + 2 * 47 * math.atanh(r_b)) / (2 * 27 + 2 * 47)
    assert found is not None
    assert found.value == pytest.approx(math.tanh(z), rel=1e-12)
    assert found.source == "estimated from 4 arms of 2 studies (A, B)"


def test_sds_that_contradict_each_other_tell_nothing():
    rows = trial("A", sd=40.0, value_type="change", mean=-10.0, baseline_sd=10.0, final_sd=10.0)
    found, issues = correlation_of(rows, protocol(change_correlation="estimated"))
    assert found is None
    assert {(i.rule, i.severity) for i in issues} == {("sds-contradictory", "warning")}


def test_time_points_outside_the_window_tell_nothing():
    rows = trial("A", sd=15.0, weeks=52, value_type="change", mean=-10.0, baseline_sd=18.0, final_sd=20.0)
    keys: dict[str, Any] = {"change_correlation": "estimated"}
    assert correlation_of(rows, protocol(window_weeks=(0, 26), **keys))[0] is None
    assert correlation_of(rows, protocol(**keys))[0] is not None


@pytest.mark.parametrize("value", [1.0, -1.5, "guessed"])
def test_what_is_no_correlation(value):
    with pytest.raises(ValueError, match="change_correlation"):
        protocol(change_correlation=value)


def test_no_correlation_at_all_is_a_correlation():
    assert protocol(change_correlation=0).change_correlation == 0


# -- SDs of change ----------------------------------------------------------------------------------------------------

NO_SD: dict[str, Any] = {"value_type": "change", "mean": -10.0, "baseline_sd": 18.0, "final_sd": 20.0}


def test_the_sd_of_change_from_baseline_final_and_correlation():
    ready = prepared(*trial(**NO_SD), measure="MD", change_correlation=0.6)
    assert spreads(ready) == pytest.approx([math.sqrt(18**2 + 20**2 - 2 * 0.6 * 18 * 20)] * 2)
    assert {c.conversion.how for c in ready.conversions} == {
        "of change: from baseline SD 18, final SD 20 and correlation 0.6 (stated in the protocol)"
    }
    assert "correlation of scores before and after of 0.6" in " ".join(ready.warnings)


def test_an_sd_of_change_that_was_printed_stays():
    printed: list[dict[str, Any]] = [{"sd": 15.0}, {"se": 3.0}, {"ci_low": -25.0, "ci_high": 5.0}]
    for cells in printed:
        ready = prepared(*trial(**NO_SD, **cells), measure="MD", change_correlation=0.6)
        assert not [c for c in ready.conversions if "correlation" in c.conversion.how]


def test_no_sd_of_change_is_made_unasked():
    assert problems(*trial(**NO_SD), measure="MD") == ["spread-missing"] * 2


def test_a_correlation_that_nobody_tells_is_said():
    rules = problems(*trial(**NO_SD), measure="MD", change_correlation="estimated")
    assert rules == ["correlation-not-estimable", "spread-missing", "spread-missing"]


# -- change and final scores ------------------------------------------------------------------------------------------


def test_final_scores_turned_into_change():
    ready = prepared(*trial(sd=20.0, **BEFORE), measure="MD", scores="change", change_correlation=0.5)
    (study,) = ready.network.studies
    sd = math.sqrt(18**2 + 20**2 - 18 * 20)
    assert [(a.value_type, a.mean) for a in study.arms] == [("change", -10.0), ("change", -20.0)]
    assert spreads(ready) == pytest.approx([sd, sd], abs=1e-6)
    assert [(c.choice, c.reason) for c in ready.choices] == [
        ("change values", "preferred to final values by the protocol")
    ]


def test_change_scores_turned_into_final_ones_and_back():
    final = trial(sd=20.0, **BEFORE)
    changed = rescored(final, protocol(scores="change", change_correlation=0.7)).rows
    made = [row for row in changed if row.value_type == "change"]
    back = rescored(made, protocol(scores="final", change_correlation=0.7)).rows
    found = [row for row in back if row.value_type == "final"]
    assert [row.mean for row in found] == pytest.approx([row.mean for row in final])
    assert [row.sd for row in found] == pytest.approx([row.sd for row in final])
    # by the correlation alone, without the SD that was at hand
    bare = [replace(row, final_sd=None) for row in made]
    back = rescored(bare, protocol(scores="final", change_correlation=0.7)).rows
    assert [row.sd for row in back if row.value_type == "final"] == pytest.approx([20.0, 20.0])


def test_a_final_sd_that_was_not_printed_follows_from_the_correlation():
    cells: dict[str, Any] = {"value_type": "change", "mean": -10.0, "sd": 15.0, **BEFORE}
    ready = prepared(*trial(**cells), measure="MD", scores="final", change_correlation=0.5)
    final_sd = 9 + math.sqrt(15**2 - 0.75 * 18**2) if 15**2 >= 0.75 * 18**2 else None
    assert final_sd is None  # these SDs need a higher correlation
    assert ready.network.studies[0].arms[0].value_type == "change"
    assert "no final SD goes with" in ready.choices[0].reason
    ready = prepared(*trial(**cells), measure="MD", scores="final", change_correlation=0.7)
    final_sd = 0.7 * 18 + math.sqrt(15**2 - 0.51 * 18**2)
    assert spreads(ready) == pytest.approx([final_sd] * 2)
    assert ready.network.studies[0].arms[0].mean == 50.0


def test_a_study_is_turned_as_a_whole_or_not_and_says_why():
    rows = trial(sd=20.0, **BEFORE)
    half = [rows[0], arm("active", row=3, mean=40.0, sd=20.0)]
    ready = prepared(*half, measure="MD", scores="change", change_correlation=0.5)
    assert {a.value_type for a in ready.network.studies[0].arms} == {"final"}
    (choice,) = ready.choices
    assert choice.choice == "final values, as reported"
    assert choice.reason.endswith("cannot be made for active: no mean and SD at baseline")


def test_scores_of_the_wanted_kind_are_not_made_a_second_time():
    rows = [*trial(sd=20.0, **BEFORE), *trial(row=4, sd=14.0, value_type="change", mean=-9.0)]
    ready = prepared(*rows, measure="MD", scores="change", change_correlation=0.5)
    assert spreads(ready) == [14.0, 14.0]


def test_adjusted_values_are_not_turned():
    ready = prepared(*trial(se=3.0, value_type="adjusted", **BEFORE), measure="MD", scores="change")
    assert {a.value_type for a in ready.network.studies[0].arms} == {"adjusted"}
    assert not ready.choices


def test_the_difference_of_randomised_arms_with_one_baseline_is_the_same():
    """With the same mean at baseline, change and final scores differ in precision only."""
    rows = trial(sd=20.0, **BEFORE)
    for r in (0.3, 0.7):
        arms = prepared(*rows, measure="MD", scores="change", change_correlation=r).network.studies[0].arms
        assert (arms[1].mean or 0) - (arms[0].mean or 0) == pytest.approx(-10)
        # var(change) < var(final) exactly when r > sd_baseline / (2 sd_final)
        assert ((arms[0].sd or 0) < 20) == (r > 18 / 40)


# -- one yardstick ----------------------------------------------------------------------------------------------------


def test_a_change_over_the_sd_of_final_scores():
    rows = trial(sd=12.65, value_type="change", mean=-10.0, baseline_sd=18.0, final_sd=20.0, n=25)
    (study,) = prepared(*rows, denominator="final", mix=None).network.studies
    assert [a.sd for a in study.arms] == [20.0, 20.0]
    assert [a.se for a in study.arms] == pytest.approx([12.65 / 5] * 2)
    from physiohub.measures.continuous import standardised_mean_differences

    mean, n, sd, se = (np.array([getattr(a, name) for a in study.arms]) for name in ("mean", "n", "sd", "se"))
    g, v = standardised_mean_differences(mean, n, sd=sd, se=se)
    h = 1 / (2 * 50)
    assert v[0, 0] == pytest.approx(2 * (12.65 / 5 / 20) ** 2 + g[0] ** 2 * h, rel=1e-12)


def test_without_a_final_sd_a_change_goes_by_baseline_or_usual_sd():
    cells: dict[str, Any] = {"sd": 12.0, "value_type": "change", "mean": -10.0}
    (study,) = prepared(*trial(**cells, baseline_sd=18.0), denominator="final").network.studies
    assert [a.sd for a in study.arms] == [18.0, 18.0]
    (study,) = prepared(*trial(**cells), denominator="final").network.studies
    assert {a.sd_external for a in study.arms} == {22.5}


def test_mixing_needs_leave_only_where_yardsticks_differ():
    rows = [*trial(sd=20.0), *trial("B", 4, sd=12.0, value_type="change", mean=-10.0, final_sd=19.0)]
    assert problems(*rows, mix=None) == ["values-mixed"]
    assert prepared(*rows, mix=None, denominator="final").network.studies
    assert prepared(*rows, mix=None, denominator="instrument").network.studies
    assert problems(*rows, mix=False, denominator="final") == ["values-mixed"]


def test_sensitivities_may_change_the_scores():
    changed = Overrides(scores="change", change_correlation=0.5, missing_sd="borrow-median").apply(protocol())
    assert (changed.scores, changed.change_correlation, changed.missing_sd) == ("change", 0.5, "borrow-median")
