"""One outcome of results.json from the smallest data: what is null says why, and nothing asked for is ignored."""

from __future__ import annotations

import json
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
    made = outcome_record(ph.read_arms(table, reference="A"), ph.ModelSpec(measure="OR"), better="lower")
    assert made["network"]["studies"] == 2
    assert made["frequentist"]["left_out"] == made["zero_cells"]["left_out"] == ["mute"]
    assert made["frequentist"]["corrected"] == made["zero_cells"]["corrected"] == ["zero"]
    assert [gone["study"] for gone in made["excluded"]] == ["mute"]
