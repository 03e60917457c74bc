"""Our posteriors against bnma's draws, under bnma's own priors, in Monte Carlo error units."""

from __future__ import annotations

from functools import cache

import pytest
from tests.reference.deviance import assert_deviance
from tests.reference.distances import Distances, Precision, assert_within_limit, labelled, of_quantity, own_error
from tests.reference.peers import peer_fit, table

import physiohub as ph

MODELS = table("bnma_models")
CELLS = {"blocker": 10, "parkinson_arms": 25, "smoking": 20}


def distances(model: dict[str, str], fit: ph.Posterior) -> Distances:
    """Effects versus the reference, and tau."""
    assert fit.tau is not None
    tau = _precision(model, fit, "tau_")
    found = labelled(of_quantity(model, fit.tau, tau, "tau_"), "tau")
    for row in table("bnma_effects", network=model["network"]):
        effect = _precision(row, fit)
        # the spread of an effect is known no better than tau, which drives it
        precision = Precision(effect.mcse, min(effect.ess, tau.ess), min(effect.tail_ess, tau.ess), effect.own)
        z = of_quantity(row, fit.effect(row["treatment"], row["versus"]), precision)
        found.update(labelled(z, row["treatment"]))
    return labelled(found, model["network"])


def _precision(row: dict[str, str], fit: ph.Posterior, prefix: str = "") -> Precision:
    """The table has no effective sizes: they follow from SD and Monte Carlo error."""
    sd, mcse = float(row[f"{prefix}sd"]), float(row[f"{prefix}mcse"])
    ess = (sd / mcse) ** 2
    return Precision(mcse, ess, ess, own_error(fit))


@cache
def fit_of(network: str) -> ph.Posterior:
    (model,) = (m for m in MODELS if m["network"] == network)
    fit = peer_fit(model)
    assert fit.engine.name == ("exact" if model["likelihood"] == "normal" else "collapsed")
    assert fit.verdict.ok, fit.verdict.reasons
    return fit


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m["network"])
def test_everything_agrees_within_monte_carlo_error(model: dict[str, str]) -> None:
    assert_within_limit(distances(model, fit_of(model["network"])), cells=CELLS[model["network"]])


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m["network"])
def test_deviance_agrees(model: dict[str, str]) -> None:
    assert_deviance(model, fit_of(model["network"]))
