"""Our posteriors against multinma's draws, under multinma's own priors, in Monte Carlo error units."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.reference.deviance import assert_deviance
from tests.reference.distances import (
    Distances,
    Precision,
    assert_agree,
    assert_within_limit,
    labelled,
    of_quantity,
    of_ranks,
    own_error,
)
from tests.reference.peers import peer_fit, table

import physiohub as ph
from physiohub.analysis.effects import Direction

MODELS = table("multinma_models")


def distances(model: dict[str, str], fit: ph.Posterior) -> Distances:
    """Effects of all pairs, tau, ranks, and effects in a new study."""
    own = own_error(fit)
    found = {}
    for row in _rows("effects", model):
        z = of_quantity(row, fit.effect(row["treatment"], row["versus"]), _precision(row, own))
        found.update(labelled(z, row["treatment"], "versus", row["versus"]))
    for row in _rows("predictive", model):
        ours = fit.predictive(row["treatment"], row["versus"])
        found.update(labelled(of_quantity(row, ours, _precision(row, own)), "new study", row["treatment"]))
    if fit.tau is not None:
        found.update(labelled(of_quantity(model, fit.tau, _precision(model, own, "tau_"), "tau_"), "tau"))
    return labelled({**found, **_ranks(model, fit)}, model["network"], model["effects"])


def _rows(name: str, model: dict[str, str]) -> list[dict[str, str]]:
    return table(f"multinma_{name}", network=model["network"], effects=model["effects"])


def _precision(row: dict[str, str], own: float, prefix: str = "") -> Precision:
    """Draws that stick in a tail know no mean either: the smaller of the two effective sizes counts for all."""
    ess = min(float(row[f"{prefix}bulk_ess"]), float(row[f"{prefix}tail_ess"]))
    return Precision(float(row[f"{prefix}sd"]) / np.sqrt(ess), ess, ess, own)


def _ranks(model: dict[str, str], fit: ph.Posterior) -> Distances:
    better: Direction = "lower" if model["better"] == "lower" else "higher"
    ours = {row.treatment: row for row in ph.rank(fit, better=better).rows}
    ess = min(float(row[name]) for row in _rows("effects", model) for name in ("bulk_ess", "tail_ess"))
    found = {}
    for row in _rows("ranks", model):
        found.update(labelled(of_ranks(row, ours[row["treatment"]], ess, own_error(fit)), row["treatment"]))
    return found


def converged(model: dict[str, str]) -> bool:
    """No R-hat above 1.01 (Vehtari et al. 2021, Bayesian Anal 16:667, section 4)."""
    rhats = [row["rhat"] for row in _rows("effects", model)] + [model["tau_rhat"] or "1"]
    return max(map(float, rhats)) <= 1.01


def fit_of(model: dict[str, str]) -> ph.Posterior:
    return _fitted(MODELS.index(model))


@cache
def _fitted(place: int) -> ph.Posterior:
    model = MODELS[place]
    fit = peer_fit(model)
    # counts answered by normal contrasts would be another model
    assert fit.engine.name == ("exact" if model["likelihood"] == "normal" else "collapsed")
    assert fit.verdict.ok, fit.verdict.reasons
    return fit


@pytest.mark.parametrize(("kind", "cells"), [("normal", 475), ("counts", 291)])
def test_everything_agrees_within_monte_carlo_error(kind: str, cells: int) -> None:
    z = {}
    for model in MODELS:
        if converged(model) and (model["likelihood"] == "normal") == (kind == "normal"):
            z.update(distances(model, fit_of(model)))
    assert_agree(z, cells=cells)


def test_means_agree_with_the_one_run_that_did_not_converge() -> None:
    (failed,) = (model for model in MODELS if not converged(model))
    assert (failed["network"], failed["effects"]) == ("thrombolytics", "random")
    z = {name: d for name, d in distances(failed, fit_of(failed)).items() if name.endswith(" mean")}
    # its effective sizes tell something of means, and nothing of spreads and tails that its chains did not visit
    assert_within_limit(z, cells=36 + 8 + 1)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{m['network']}-{m['effects']}")
def test_deviance_agrees(model: dict[str, str]) -> None:
    ess = [float(row[name]) for row in _rows("effects", model) for name in ("bulk_ess", "tail_ess")]
    assert_deviance(model, fit_of(model), ess=min([*ess, float(model["tau_bulk_ess"] or "inf")]))
