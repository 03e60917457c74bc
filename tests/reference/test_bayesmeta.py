"""Our exact posterior of pairwise normal contrasts against bayesmeta's quadrature, under the same priors.

bayesmeta integrates tau adaptively and prints what it finds; a posterior of the effect it replaces by a mixture over a
grid of tau whose neighbours differ by a divergence of 0.01 and which leaves out 0.0001 of the mass (its arguments delta
and epsilon). So tau must agree to the printed digits, and effects to what such a grid loses.
"""

from __future__ import annotations

import pytest
from tests.reference.distances import QUANTILES, Marginal
from tests.reference.peers import bayesmeta_fit, table

MODELS = table("bayesmeta_models")
QUANTITIES = ("tau", "mu", "predictive")
# in posterior SDs: the tables have 12 digits, and an SD may be a hundredth of a value
TAU = 1e-9
# in posterior SDs: a mean keeps most of what a quantile loses, as the grid loses it on both sides
MEAN, SPREAD = 5e-4, 5e-3


@pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{m['network']}-{m['prior_tau']}")
def test_tau_effect_and_prediction_agree(model: dict[str, str]) -> None:
    fit = bayesmeta_fit(model)
    assert fit.engine.name == "exact"
    assert len(fit.network.studies) == int(model["studies"])
    assert ";".join(fit.zero_cells.corrected) == model["corrected"]
    effect = fit.effect(model["treatment"], model["reference"])
    assert fit.tau is not None
    ours: dict[str, Marginal] = {
        "tau": fit.tau,
        "mu": effect,
        "predictive": fit.predictive(model["treatment"], model["reference"]),
    }
    rows = table("bayesmeta_quantities", network=model["network"], prior_tau=model["prior_tau"])
    assert tuple(row["quantity"] for row in rows) == QUANTITIES
    for row in rows:
        mine = ours[row["quantity"]]
        mean, spread = (TAU, TAU) if row["quantity"] == "tau" else (MEAN, SPREAD)
        sd = float(mine.sd)
        assert float(mine.mean) == pytest.approx(float(row["mean"]), abs=mean * sd, rel=0)
        assert sd == pytest.approx(float(row["sd"]), abs=spread * sd, rel=0)
        for name, p in QUANTILES.items():
            assert float(mine.quantile(p)) == pytest.approx(float(row[name]), abs=spread * sd, rel=0)


def test_four_networks_under_three_priors_each() -> None:
    networks = ("bcg_vaccine", "blocker", "statins", "transfusion")
    priors = ("half-normal(0.5)", "Uniform(0, 5)", "half-Cauchy(1)")
    assert [(m["network"], m["prior_tau"]) for m in MODELS] == [(n, p) for n in networks for p in priors]
