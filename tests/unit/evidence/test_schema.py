"""The published schemas: what is shipped is what the models say, and both refuse the same documents."""

from __future__ import annotations

import copy
import math
from typing import Any

import jsonschema
import pytest

from physiohub.errors import UsageError
from physiohub.evidence.schema import (
    InvalidDocumentError,
    generate,
    schema,
    schema_names,
    schema_text,
    validate_results,
)


def quantity() -> dict[str, float]:
    return {"mean": -0.3, "sd": 0.1, "q2.5": -0.5, "median": -0.3, "q97.5": -0.1}


def record() -> dict[str, Any]:
    """The smallest document that has every key of the contract."""
    effect = {"predictive_low": -0.9, "predictive_high": 0.3, "p_better": 0.99, "p_beyond_mid": None}
    rank = {"sucra": 1.0, "p_score": 1.0, "p_best": 1.0, "mean_rank": 1.0, "median_rank": 1.0, "rank_low": 1.0}
    nodes = [{"id": name, "label": name, "participants": 60, "studies": 1} for name in ("control", "exercise")]
    outcome = {
        "measure": "SMD",
        "scale": "standardised mean difference",
        "better": "lower",
        "effects": "random",
        "likelihood": "contrast",
        "link": "identity",
        "reference": "control",
        "priors": {"d": "normal(0, 50)", "mu": None, "tau": "half-normal(0.5)", "defaulted": ["d", "tau"]},
        "network": {
            "studies": 1,
            "arms": 2,
            "participants": 120,
            "treatments": nodes,
            "connected": True,
            "comparisons": [{"treatment": "exercise", "versus": "control", "studies": 1, "participants": 120}],
            "multi_arm_studies": 0,
            "designs": 1,
        },
        "engine": {"name": "exact", "seconds": 0.1, "numerical_error": 1e-9, "verdict": {"ok": True, "reasons": []}},
        "heterogeneity": {"tau": quantity() | {"mean": 0.3}, "i_squared": None, "i_squared_reason": "one study"},
        "relative_effects": [{"treatment": "exercise", "versus": "control", **quantity(), **effect}],
        "ranking": [{"treatment": "exercise", **rank, "rank_high": 2.0, "rank_probabilities": [1.0, 0.0]}],
        "fit": {"dbar": 1.0, "pd": 1.0, "dic": 2.0, "data_points": 1, "studies": []},
    }
    return {
        "schema": "physiohub/results/1",
        "software": {"name": "physiohub", "version": "0.1.0"},
        "inputs": {"sha256": "ab" * 32, "files": {"trials.csv": "ab" * 32}},
        "outcomes": {"outcome": outcome},
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    """The record with one value changed; `...` takes the key out."""
    document = copy.deepcopy(record())
    node: Any = document
    *way, last = path.split("/")
    for key in way:
        node = node[int(key) if isinstance(node, list) else key]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return document


@pytest.mark.parametrize("name", schema_names())
def test_shipped_schema_is_the_generated_one(name):
    assert schema_text(name) == generate(name), "run: python -m physiohub.evidence.schema"


@pytest.mark.parametrize("name", schema_names())
def test_schema_is_a_schema(name):
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_full_name_is_understood():
    assert schema_text("physiohub/results/1") == schema_text("results")


@pytest.mark.parametrize("name", ["summary", "", "../results", "physiohub/results/2"])
def test_unknown_name(name):
    with pytest.raises(UsageError, match="check, results"):
        schema_text(name)


TAU = "outcomes/outcome/heterogeneity/tau"
EFFECT = "outcomes/outcome/relative_effects/0"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("outcomes/outcome/measure", "OR"),
        (TAU, None),
        (f"{EFFECT}/median", None),
        (f"{EFFECT}/mean", -1),
        (f"{EFFECT}/further", {"any": ["thing"]}),
        ("outcomes/outcome/inconsistency", None),
        ("outcomes/outcome/inconsistency", {"global": {"chi2": 1.0, "df": 1, "p": 0.3, "tau": 0.1, "possible": True}}),
        ("outcomes/outcome/certainty", "low"),
        ("review", None),
    ],
)
def test_both_accept(path, value):
    document = changed(path, value)
    validate_results(document)
    jsonschema.validate(document, schema("results"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema", "physiohub/results/2"),
        ("outcomes", {}),
        ("outcomes/outcome/measure", "smd"),
        ("outcomes/outcome/better", "left"),
        ("outcomes/outcome/ranking", ...),
        ("outcomes/outcome/network/studies", -1),
        ("outcomes/outcome/network/studies", 1.5),
        ("outcomes/outcome/network/connected", "yes"),
        ("outcomes/outcome/engine/name", "jags"),
        ("outcomes/outcome/engine/seconds", "0.1"),
        (f"{TAU}/q2.5", ...),
        (f"{TAU}/sd", -0.1),
        (f"{EFFECT}/p_better", 1.2),
        (f"{EFFECT}/mean", "0.3"),
        ("outcomes/outcome/ranking/0/mean_rank", 0.5),
        ("outcomes/outcome/inconsistency", {"global": {"p": 0.3}}),
    ],
)
def test_both_refuse(path, value):
    document = changed(path, value)
    with pytest.raises(InvalidDocumentError):
        validate_results(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema("results"))


@pytest.mark.parametrize("value", [math.nan, math.inf, {1, 2}, b"bytes"])
def test_what_json_cannot_hold_is_refused_with_its_place(value):
    with pytest.raises(InvalidDocumentError, match=r"outcomes\.outcome\.relative_effects\[0\]\.further"):
        validate_results(changed(f"{EFFECT}/further", value))


def test_every_problem_is_told():
    document = changed(f"{EFFECT}/p_better", 2.0)
    document["outcomes"]["outcome"]["better"] = "left"
    with pytest.raises(InvalidDocumentError) as error:
        validate_results(document)
    assert "p_better" in str(error.value)
    assert "better" in str(error.value)
