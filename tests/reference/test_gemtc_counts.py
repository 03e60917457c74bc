"""Our posteriors of counts and rates against gemtc's draws, under gemtc's own priors, in Monte Carlo error units.

Odds ratios (binomial, logit), hazard ratios (binomial, complementary log-log) and rate ratios (Poisson). The baselines
of the last two have priors on the probability or rate of the first arm, so that the order of arms is gemtc's.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.reference.deviance import assert_deviance
from tests.reference.distances import Distances, assert_agree, assert_within_limit, own_error
from tests.reference.gemtc import distances
from tests.reference.peers import peer_fit, table

import physiohub as ph

# what is compared of each: 5 numbers a pair and of tau, ranks, SUCRA and mean rank, 3 quantiles in a new study
CELLS = {
    ("atrial_fibrillation", "random"): 1056,
    ("bcg_vaccine", "random"): 21,
    ("blocker", "random"): 21,
    ("certolizumab", "common"): 168,
    ("certolizumab", "random"): 191,
    ("diabetes", "common"): 123,
    ("diabetes", "random"): 143,
    ("dietary_fat_pooled", "common"): 13,
    ("dietary_fat_pooled", "random"): 21,
    ("smoking", "common"): 54,
    ("smoking", "random"): 68,
    ("statins", "common"): 13,
    ("statins", "random"): 21,
    ("thrombolytics", "common"): 279,
    ("thrombolytics", "random"): 308,
}
MODELS = {(m["network"], m["effects"]): m for m in table("gemtc_models") if m["likelihood"] != "normal"}
each_model = pytest.mark.parametrize("key", CELLS, ids=" ".join)


@cache
def fit_of(key: tuple[str, str]) -> ph.Posterior:
    fit = peer_fit(MODELS[key])
    # an answer by normal contrasts would be another model
    assert fit.engine.name == "collapsed"
    assert fit.verdict.ok, fit.verdict.reasons
    return fit


@cache
def distances_of(key: tuple[str, str]) -> Distances:
    return distances(MODELS[key], fit_of(key))


def test_every_network_of_the_tables_is_compared() -> None:
    assert set(MODELS) == set(CELLS)


@each_model
def test_a_network_agrees_within_monte_carlo_error(key: tuple[str, str]) -> None:
    assert_within_limit(distances_of(key), cells=CELLS[key])


def test_the_whole_set_agrees_within_monte_carlo_error() -> None:
    z = {name: d for key in CELLS for name, d in distances_of(key).items()}
    assert_agree(z, cells=2500)


@each_model
def test_deviance_agrees(key: tuple[str, str]) -> None:
    assert_deviance(MODELS[key], fit_of(key))


# the draws of the engine know a mean worse than gemtc's long runs: together several runs of it know it as well
SEEDS = 8
MANY_DRAWS = [("certolizumab", "random"), ("diabetes", "random"), ("smoking", "random"), ("thrombolytics", "common")]


@pytest.mark.long
def test_means_are_right_to_the_error_of_gemtc() -> None:
    z = {}
    for key in MANY_DRAWS:
        fits = [peer_fit(MODELS[key], seed=seed) for seed in range(1, SEEDS + 1)]
        own = own_error(fits[0]) / np.sqrt(SEEDS)
        for row in table("gemtc_effects", network=key[0], effects=key[1]):
            ours = [fit.effect(row["treatment"], row["versus"]) for fit in fits]
            mean, spread = np.mean([m.mean for m in ours]), np.mean([m.sd for m in ours])
            error = np.hypot(float(row["mcse"]), own * spread)
            z[f"{key[0]} {row['treatment']} versus {row['versus']}"] = float((float(row["mean"]) - mean) / error)
    assert_agree(z, cells=21 + 15 + 6 + 36)
