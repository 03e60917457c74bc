"""The frequentist twin against netmeta (DerSimonian-Laird, prediction intervals, P-scores) and metafor (REML, ML)."""

from __future__ import annotations

import numpy as np
import pytest
from tests.reference.peers import network_file, table

import physiohub as ph
from physiohub.analysis.effects import Direction
from physiohub.inference.frequentist import FrequentistFit, Method, fit_frequentist

NETMETA = table("netmeta_models")
METAFOR = table("metafor_models")
PRINTED = 1e-8
# metafor's own optimiser stops at about this distance
OPTIMISED = 1e-5


def fitted(model: dict[str, str], method: Method) -> FrequentistFit:
    network = ph.read_table(network_file(model["network"]), reference=model["reference"])
    return fit_frequentist(network, ph.ModelSpec(measure=model["measure"]), method=method)


@pytest.mark.parametrize("model", NETMETA, ids=lambda m: m["network"])
def test_dersimonian_laird_is_netmetas(model: dict[str, str]) -> None:
    fit, count = fitted(model, "DL"), int(model["treatments"])
    assert np.sqrt(fit.tau2) == pytest.approx(float(model["tau_dl"]), abs=PRINTED)
    for row in table("netmeta_effects", network=model["network"], effects="random"):
        ours = fit.effect(row["treatment"], row["versus"])
        assert ours.estimate == pytest.approx(float(row["estimate"]), abs=PRINTED)
        assert ours.se == pytest.approx(float(row["se"]), abs=PRINTED)
    predictive = table("netmeta_predictive", network=model["network"])
    assert len(predictive) == count * (count - 1) // 2
    for row in predictive:
        ours = fit.effect(row["treatment"], row["versus"])
        assert ours.predictive_low == pytest.approx(float(row["low"]), abs=PRINTED)
        assert ours.predictive_high == pytest.approx(float(row["high"]), abs=PRINTED)


@pytest.mark.parametrize("effects", ["random", "common"])
@pytest.mark.parametrize("model", NETMETA, ids=lambda m: m["network"])
def test_p_scores_are_netmetas(model: dict[str, str], effects: str) -> None:
    better: Direction = "lower" if model["small_values"] == "desirable" else "higher"
    ours = fitted(model, "DL" if effects == "random" else "common").p_scores(better)
    rows = table("netmeta_p_scores", network=model["network"], effects=effects)
    assert len(rows) == int(model["treatments"])
    for row in rows:
        assert ours[row["treatment"]] == pytest.approx(float(row["p_score"]), abs=PRINTED)


@pytest.mark.parametrize("model", METAFOR, ids=lambda m: f"{m['network']}-{m['method']}")
def test_likelihood_estimates_are_metafors(model: dict[str, str]) -> None:
    method: Method = "REML" if model["method"] == "REML" else "ML"
    fit = fitted(model, method)
    assert fit.tau2 == pytest.approx(float(model["tau"]) ** 2, abs=OPTIMISED)
    for row in table("metafor_effects", network=model["network"], method=model["method"]):
        ours = fit.effect(row["treatment"], row["versus"])
        assert ours.estimate == pytest.approx(float(row["estimate"]), abs=OPTIMISED)
        assert ours.se == pytest.approx(float(row["se"]), abs=OPTIMISED)


def test_the_posterior_mode_of_tau_under_flat_priors_is_reml() -> None:
    """p(tau | y) is proportional to the restricted likelihood when d and tau have flat priors: another route to it."""
    network = ph.read_table(network_file("senn2013"), reference="plac")
    reml = np.sqrt(fit_frequentist(network, ph.ModelSpec(measure="MD"), method="REML").tau2)
    tau = ph.fit(network, ph.ModelSpec(measure="MD", effect_prior="flat", tau_prior="uniform(0, 5)")).tau
    assert tau is not None
    grid = reml + np.linspace(-1e-2, 1e-2, 41)
    density = tau.density(grid)
    # slope at REML of the quartic through the log densities, in units of its curvature: the distance to the mode
    *_, curvature, slope, _ = np.polyfit(grid - reml, np.log(density), 4)
    assert slope / (2 * curvature) == pytest.approx(0.0, abs=1e-6)


def test_an_unknown_method_is_wrong_usage() -> None:
    network = ph.read_table(network_file("senn2013"), reference="plac")
    with pytest.raises(ph.UsageError, match="REML"):
        fit_frequentist(network, ph.ModelSpec(measure="MD"), method="PM")  # type: ignore[arg-type]
