"""One outcome of results.json from the smallest data: what is null says why, and nothing asked for is ignored."""

from __future__ import annotations

import json
import math
from typing import Any

import pandas as pd
import pytest

import physiohub as ph
from physiohub.evidence.record import OutcomeContext, outcome_record
from physiohub.evidence.results_model import Outcome
from physiohub.prepare.important import ImportantValue


def record(spec: ph.ModelSpec, studies: int = 1, **context: Any) -> dict[str, Any]:
    table = pd.DataFrame(
        {
            "study": [f"s{k}" for k in range(studies)],
            "treat1": "B",
            "treat2": "A",
            "TE": [0.1 * k for k in range(studies)],
            "seTE": 0.3,
            "rob_overall": "Some concerns",
        }
    )
    made = outcome_record(
        ph.read_contrasts(table, reference="A"), spec, better="lower", context=OutcomeContext(**context)
    )
    text = json.dumps(made, allow_nan=False)
    Outcome.model_validate_json(text)
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def test_a_prior_without_effect_is_told() -> None:
    spec = ph.ModelSpec(measure="SMD", effects="common", tau_prior="half-normal(1)", baseline_prior="normal(0, 10)")
    notes = " ".join(record(spec)["notes"])
    assert "half-normal(1) of tau has no effect" in notes
    assert "normal(0, 10) of baselines has no effect" in notes


def test_what_cannot_be_computed_is_null_with_its_reason() -> None:
    one = record(ph.ModelSpec(measure="SMD", tau_prior="half-cauchy(1)", effect_prior="flat"))
    assert one["heterogeneity"]["i_squared"] is None
    assert "no degrees of freedom" in one["heterogeneity"]["i_squared_reason"]
    assert one["heterogeneity"]["tau"]["mean"] is None
    assert "heavy tail" in one["heterogeneity"]["tau"]["reason"]
    assert one["relative_effects"][0]["sd"] is None
    assert "heavy tail" in one["relative_effects"][0]["reason"]
    assert one["relative_effects"][0]["p_beyond_mid"] is None
    assert one["network"]["participants"] is None
    common = record(ph.ModelSpec(measure="SMD", effects="common"))
    assert common["heterogeneity"]["tau"] is None
    assert "common-effect" in common["heterogeneity"]["tau_reason"]
    assert common["frequentist"]["method"] == "common"


def test_the_frequentist_twin_and_the_refits_stand_beside_the_fit() -> None:
    found = record(ph.ModelSpec(measure="SMD"), studies=4, mid=ImportantValue(0.2, "0.2 SMD", "a source"))
    assert found["frequentist"]["method"] == "REML"
    assert set(found["frequentist"]["methods"]) == {"common", "ML", "DL"}
    assert len(found["frequentist"]["relative_effects"]) == 2
    kinds = [refit["kind"] for refit in found["sensitivity"]]
    assert kinds == ["tau prior"] * 4 + ["effects"]
    assert all(refit["measure"] == "SMD" and refit["ok"] for refit in found["sensitivity"])
    assert found["relative_effects"][0]["p_beyond_mid"] == pytest.approx(
        found["sensitivity"][0]["relative_effects"][0]["p_beyond_mid"]
    )
    assert found["studies"][0]["rob"] == {"overall": "Some concerns", "domains": {}}


def test_an_unknown_judgement_is_not_guessed() -> None:
    table = pd.DataFrame(
        {"study": ["s"], "treat1": ["B"], "treat2": ["A"], "TE": [1.0], "seTE": [0.3], "rob_overall": ["so-so"]}
    )
    made = outcome_record(ph.read_contrasts(table, reference="A"), ph.ModelSpec(measure="SMD"), better="lower")
    assert made["studies"][0]["rob"]["overall"] is None
    assert any("so-so" in warning for warning in made["warnings"])


@pytest.mark.parametrize(("loop", "warns"), [(0.9, False), (3.0, True)])
def test_a_loop_that_does_not_close_warns(loop: float, warns: bool) -> None:
    """A loop of three trials: B - A is 0.5 and C - B is 0.4, so that C - A should be 0.9."""
    table = pd.DataFrame(
        {"study": ["1", "2", "3"], "treat1": ["B", "C", "C"], "treat2": ["A", "B", "A"], "TE": [0.5, 0.4, loop],
         "seTE": [0.2, 0.2, 0.2]}
    )  # fmt: skip
    made = outcome_record(ph.read_contrasts(table, reference="A"), ph.ModelSpec(measure="SMD"), better="lower")
    assert made["inconsistency"]["global"]["possible"]
    assert any("disagree by more than heterogeneity" in warning for warning in made["warnings"]) is warns


def test_a_test_that_is_not_possible_says_why() -> None:
    found = record(ph.ModelSpec(measure="SMD"), studies=3)["inconsistency"]["global"]
    assert (found["possible"], found["chi2"], found["p"]) == (False, None, None)
    assert "no two designs" in found["reason"]


def test_the_twin_lists_what_it_corrects_and_leaves_out() -> None:
    table = pd.DataFrame(
        {
            "study": ["mute", "mute", "zero", "zero", "full", "full"],
            "treatment": ["A", "B"] * 3,
            "events": [0, 0, 0, 4, 5, 9],
            "total": [20, 20, 30, 30, 40, 40],
        }
    )
    spec = ph.ModelSpec(measure="OR", likelihood="contrast")
    made = outcome_record(ph.read_arms(table, reference="A"), spec, better="lower")
    assert made["network"]["studies"] == 2
    assert made["frequentist"]["left_out"] == made["zero_cells"]["left_out"] == ["mute"]
    assert made["frequentist"]["corrected"] == made["zero_cells"]["corrected"] == ["zero"]
    assert [gone["study"] for gone in made["excluded"]] == ["mute"]


def counted(**trials: dict[str, tuple[int, int]]) -> ph.Network:
    rows = [
        {"study": study, "treatment": t, "events": r, "total": n}
        for study, a in trials.items()
        for t, (r, n) in a.items()
    ]
    return ph.read_arms(pd.DataFrame(rows), reference="A")


ONE = {"A": (4, 30), "B": (9, 30)}
TWO = {"A": (0, 25), "B": (4, 24)}
MUTE = {"A": (0, 20), "B": (0, 20)}


def test_counts_enter_as_they_are_and_their_contrasts_say_what_was_done() -> None:
    made = outcome_record(counted(one=ONE, two=TWO, mute=MUTE), ph.ModelSpec(measure="OR"), better="lower")
    Outcome.model_validate_json(json.dumps(made, allow_nan=False))
    assert (made["likelihood"], made["link"], made["engine"]["name"]) == ("binomial", "logit", "collapsed")
    assert made["engine"]["ess"] > 4000
    assert made["engine"]["nodes"] is None
    assert made["engine"]["draws"] >= made["engine"]["ess"]
    assert made["network"]["studies"] == 3
    assert made["zero_cells"] == {"added": None, "corrected": [], "left_out": []}
    assert made["excluded"] == []
    assert made["warnings"] == []
    one, two, mute = made["studies"]
    assert (one["added_to_cells"], two["added_to_cells"], mute["added_to_cells"]) == (None, 0.5, None)
    assert mute["contrasts"] == []
    assert "no OR can be formed" in mute["contrasts_reason"]
    assert two["contrasts"][0]["estimate"] == pytest.approx(math.log(4.5 / 20.5) - math.log(0.5 / 25.5))
    assert made["frequentist"]["left_out"] == ["mute"]
    assert made["frequentist"]["corrected"] == ["two"]
    assert made["fit"]["data_points"] == 6
    assert [refit["kind"] for refit in made["sensitivity"]] == ["tau prior"] * 3 + ["effects", "likelihood"]
    assert made["sensitivity"][-1]["studies"] == 2


def test_a_treatment_without_a_contrast_takes_the_twin_and_leaves_the_rest() -> None:
    network = counted(one=ONE, two=TWO, far={"B": (0, 20), "C": (0, 22)})
    made = outcome_record(network, ph.ModelSpec(measure="OR", effects="common"), better="lower")
    Outcome.model_validate_json(json.dumps(made, allow_nan=False))
    assert len(made["relative_effects"]) == 6
    reason = "of far no normal contrast of OR can be formed, and no other study has C"
    assert made["frequentist"] is None
    assert made["frequentist_reason"] == reason
    assert made["inconsistency"] == {"global": None, "q": None, "reason": reason}
    assert made["heterogeneity"]["q"] == {"q": None, "df": None, "p": None, "reason": reason}
    assert made["heterogeneity"]["i_squared_reason"] == reason
    assert reason in render(made)


def render(outcome: dict[str, Any]) -> str:
    """All the tables of an outcome as one text."""
    from physiohub.report.tables import all_tables

    return " ".join(cell for table in all_tables(outcome) for row in table.texts() for cell in row)


def test_mixed_arms_and_contrasts_are_named_beside_each_other() -> None:
    table = pd.DataFrame(
        {
            "study": ["a", "a", "b", "b"],
            "treatment": ["A", "B", "A", "B"],
            "events": [4, 9, None, None],
            "total": [30, 30, None, None],
            "estimate": [None, None, None, 0.4],
            "se_diff": [None, None, None, 0.3],
        }
    )
    network = ph.read_table(table, reference="A", measure="OR")
    made = outcome_record(network, ph.ModelSpec(measure="OR", effects="common"), better="lower")
    assert (made["likelihood"], made["link"]) == ("binomial arms and normal contrasts", "logit")
