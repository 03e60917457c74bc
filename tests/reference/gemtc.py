"""The distances of one of our fits from gemtc's answers to the same question."""

from __future__ import annotations

from tests.reference.distances import Distances, Precision, labelled, of_quantity, of_ranks, of_sucra, own_error
from tests.reference.peers import table

import physiohub as ph
from physiohub.analysis.effects import Direction


def distances(model: dict[str, str], fit: ph.Posterior) -> Distances:
    """Effects of all pairs, tau, ranks, and effects in a new study, by what was compared."""
    found = {**_effects(model, fit), **_tau(model, fit), **_ranks(model, fit), **_predictive(model, fit)}
    return labelled(found, model["network"], model["effects"])


def _rows(name: str, model: dict[str, str]) -> list[dict[str, str]]:
    return table(f"gemtc_{name}", network=model["network"], effects=model["effects"])


def _tau_ess(model: dict[str, str]) -> float:
    """Effective draws of tau, which nothing that tau drives can exceed; a common effect has no such limit."""
    return float(model["tau_ess"] or "inf")


def _least_ess(model: dict[str, str]) -> float:
    return min(_tau_ess(model), *(float(row["ess"]) for row in _rows("effects", model)))


def _effects(model: dict[str, str], fit: ph.Posterior) -> Distances:
    found = {}
    for row in _rows("effects", model):
        ess = min(float(row["ess"]), _tau_ess(model))
        precision = Precision(float(row["mcse"]), ess, ess, own_error(fit))
        z = of_quantity(row, fit.effect(row["treatment"], row["versus"]), precision)
        found.update(labelled(z, row["treatment"], "versus", row["versus"]))
    return found


def _tau(model: dict[str, str], fit: ph.Posterior) -> Distances:
    if fit.tau is None:
        assert not model["tau_mean"]
        return {}
    precision = Precision(float(model["tau_mcse"]), _tau_ess(model), _tau_ess(model), own_error(fit))
    return labelled(of_quantity(model, fit.tau, precision, "tau_"), "tau")


def _ranks(model: dict[str, str], fit: ph.Posterior) -> Distances:
    better: Direction = "lower" if model["better"] == "lower" else "higher"
    ours = {row.treatment: row for row in ph.rank(fit, better=better).rows}
    ess, found = _least_ess(model), {}
    for row in _rows("ranks", model):
        mine = ours[row["treatment"]]
        z = {**of_ranks(row, mine, ess, own_error(fit)), **of_sucra(row, mine, ess, own_error(fit))}
        found.update(labelled(z, row["treatment"]))
    return found


def _predictive(model: dict[str, str], fit: ph.Posterior) -> Distances:
    ess, found = _least_ess(model), {}
    for row in _rows("predictive", model):
        ours = fit.predictive(row["treatment"], row["versus"])
        # the table has quantiles only, so that no error of a mean is asked for
        z = of_quantity(row, ours, Precision(float("nan"), ess, ess, own_error(fit)))
        found.update(labelled(z, "new study", row["treatment"]))
    return found
