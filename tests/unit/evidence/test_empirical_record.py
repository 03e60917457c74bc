"""The published distribution of tau in results.json: valid, with how it was chosen, and a warning where doubtful."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

import physiohub as ph
from physiohub.evidence.record import OutcomeContext, outcome_record
from physiohub.evidence.results_model import Outcome


def record(measure: str = "SMD", **options: Any) -> dict[str, Any]:
    table = pd.DataFrame(
        {"study": list("1234"), "treat1": "B", "treat2": "A", "TE": [0.1, 0.9, -0.3, 0.5], "seTE": [0.2, 0.3, 0.2, 0.3]}
    )
    kind = {name: options.pop(name) for name in ("outcome_type", "comparison_type") if name in options}
    network = ph.read_contrasts(table, reference="A")
    spec = ph.ModelSpec(measure=measure, **{"tau_prior": "half-normal(0.5)", **options})
    made = outcome_record(network, spec, better="lower", context=OutcomeContext(**kind))
    text = json.dumps(made, allow_nan=False)
    Outcome.model_validate_json(text)
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def test_pain_of_physiotherapy_stands_beside_tau() -> None:
    made = record(outcome_type="pain")
    found, density = made["heterogeneity"]["empirical"], made["heterogeneity"]["density"]
    assert found["name"].startswith("rhodes-2015(physical health")
    assert found["source"].startswith("Rhodes KM, Turner RM, Higgins JPT.")
    shown = [round(found[key], 3) for key in ("q2.5", "q25", "median", "q75")]
    assert [*shown, round(found["q97.5"], 2)] == [0.012, 0.097, 0.221, 0.504, 4.09]
    assert 0.5 < found["p_below"] < 1  # the four trials differ more than most meta-analyses
    assert len(density["empirical"]) == len(density["tau"])
    assert found["warning"] is None
    assert not any("doubtful" in warning for warning in made["warnings"])


@pytest.mark.parametrize(("measure", "effects"), [("MD", "random"), ("SMD", "common")])
def test_where_nothing_applies_the_record_says_why(measure: str, effects: str) -> None:
    shown = record(measure, effects=effects, tau_prior=None if effects == "common" else "half-normal(1)")
    assert shown["heterogeneity"]["empirical"] is None
    assert shown["heterogeneity"]["density"]["empirical"] is None
    assert shown["heterogeneity"]["empirical_reason"]


def test_a_suspect_cell_warns_once() -> None:
    made = record(tau_prior="rhodes-2015(mental health, non-pharmacological)")
    assert sum("doubtful" in warning for warning in made["warnings"]) == 1
    assert made["priors"]["tau"] == made["heterogeneity"]["empirical"]["name"]
    assert "-3.85" in made["heterogeneity"]["empirical"]["warning"]


def test_an_empirical_distribution_of_a_known_tau_needs_no_grid() -> None:
    shown = record(tau_prior="fixed(0.2)")["heterogeneity"]
    assert shown["density"]["empirical"] == []
    assert shown["empirical"]["name"] == "rhodes-2015(marginal)"
