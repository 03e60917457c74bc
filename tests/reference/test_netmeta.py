"""Our fit under a flat prior is generalised least squares: netmeta's estimates and standard errors to 1e-8."""

from __future__ import annotations

import pytest
from tests.reference.peers import network_file, table

import physiohub as ph
from physiohub.analysis.heterogeneity import cochran_q

MODELS = table("netmeta_models")
# the tables are printed to 11 digits
PRINTED = 1e-8


@pytest.mark.parametrize("effects", ["common", "random"])
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m["network"])
def test_estimates_and_standard_errors(model: dict[str, str], effects: str) -> None:
    network = ph.read_table(network_file(model["network"]), reference=model["reference"])
    common = effects == "common"
    spec = ph.ModelSpec(
        measure=model["measure"],
        effects="common" if common else "random",
        effect_prior="flat",
        tau_prior=None if common else f"fixed({model['tau_dl']})",
    )
    fit = ph.fit(network, spec)
    rows = table("netmeta_effects", network=model["network"], effects=effects)
    assert len(rows) == int(model["treatments"]) * (int(model["treatments"]) - 1) // 2
    for row in rows:
        ours = fit.effect(row["treatment"], row["versus"])
        assert float(ours.mean) == pytest.approx(float(row["estimate"]), abs=PRINTED)
        assert float(ours.sd) == pytest.approx(float(row["se"]), abs=PRINTED)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m["network"])
def test_q_and_i_squared(model: dict[str, str]) -> None:
    network = ph.read_table(network_file(model["network"]), reference=model["reference"])
    fit = ph.fit(network, ph.ModelSpec(measure=model["measure"], effects="common", effect_prior="flat"))
    q = cochran_q(fit)
    assert len(network.studies) == int(model["studies"])
    assert q.df == int(model["df"])
    assert q.q == pytest.approx(float(model["q"]), abs=1e-7)
    assert max(0.0, (q.q - q.df) / q.q) == pytest.approx(float(model["i_squared"]), abs=PRINTED)
