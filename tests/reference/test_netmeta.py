"""Our fit under a flat prior is generalised least squares: netmeta's estimates and standard errors to 1e-8.

Counts and rates enter as normal contrasts, as netmeta's `pairwise` makes them, zero cells included.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.reference.peers import netmeta_fit, table

import physiohub as ph
from physiohub.analysis.heterogeneity import network_q
from physiohub.model.normal_study import contrasts_of

MODELS = table("netmeta_models")
# the tables are printed to 11 digits
PRINTED = 1e-8


@pytest.mark.parametrize("effects", ["common", "random"])
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m["network"])
def test_estimates_and_standard_errors(model: dict[str, str], effects: str) -> None:
    fit = netmeta_fit(model, effects)
    rows = table("netmeta_effects", network=model["network"], effects=effects)
    assert len(rows) == int(model["treatments"]) * (int(model["treatments"]) - 1) // 2
    for row in rows:
        ours = fit.effect(row["treatment"], row["versus"])
        assert float(ours.mean) == pytest.approx(float(row["estimate"]), abs=PRINTED)
        assert float(ours.sd) == pytest.approx(float(row["se"]), abs=PRINTED)
    assert fit.zero_cells.corrected == tuple(filter(None, model["corrected"].split("; ")))
    assert fit.zero_cells.added == (float(model["zero_cells"]) if model["zero_cells"] else None)
    assert fit.zero_cells.left_out == ()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m["network"])
def test_q_and_i_squared(model: dict[str, str]) -> None:
    fit = netmeta_fit(model, "common")
    q = network_q(fit)
    assert q is not None
    assert len(fit.network.studies) == int(model["studies"])
    assert q.df == int(model["df"])
    assert q.q == pytest.approx(float(model["q"]), abs=1e-7)
    assert max(0.0, (q.q - q.df) / q.q) == pytest.approx(float(model["i_squared"]), abs=PRINTED)


COUNTED = {model["network"]: model for model in MODELS if model["network"] in ph.datasets.names()}
COUNTED = {name: model for name, model in COUNTED.items() if ph.datasets.about(name).kind in ("events", "rates")}
FILES = {"thrombolytics": "thrombolytic"}


@pytest.mark.parametrize("name", COUNTED)
def test_every_contrast_of_every_trial(name: str, shared: Path) -> None:
    """The step before: each pair of arms of each trial, as `pairwise` gave it to netmeta."""
    path = shared / "reference" / "netmeta" / f"{FILES.get(name, name)}__nma_common_random.json"
    given = json.loads(path.read_text(encoding="utf-8"))["contrasts"]
    studies = {study.id: study for study in ph.datasets.load(name).studies}
    assert len(given) == sum(len(s.arms) * (len(s.arms) - 1) // 2 for s in studies.values())
    for pair in given:
        study = studies[pair["study"]]
        estimate, covariance = contrasts_of(study, ph.ModelSpec(measure=COUNTED[name]["measure"]))
        # arms (arm, arm - 1): each arm versus arm 0
        arms = np.vstack([np.zeros(len(estimate)), np.eye(len(estimate))])
        chosen = arms[study.treatments.index(pair["treat1"])] - arms[study.treatments.index(pair["treat2"])]
        assert chosen @ estimate == pytest.approx(pair["TE"], abs=PRINTED)
        assert np.sqrt(chosen @ covariance @ chosen) == pytest.approx(pair["seTE"], abs=PRINTED)
