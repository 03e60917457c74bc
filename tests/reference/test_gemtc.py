"""Our exact posterior of normal data against gemtc's draws, under gemtc's own priors, in Monte Carlo error units."""

from __future__ import annotations

import pytest
from tests.reference.deviance import assert_deviance
from tests.reference.distances import assert_agree
from tests.reference.gemtc import distances
from tests.reference.peers import peer_fit, table

import physiohub as ph

MODELS = table("gemtc_models", likelihood="normal")
CELLS = 1320


@pytest.fixture(scope="module")
def fits() -> dict[tuple[str, str], ph.Posterior]:
    return {(m["network"], m["effects"]): peer_fit(m) for m in MODELS}


def test_everything_agrees_within_monte_carlo_error(fits: dict[tuple[str, str], ph.Posterior]) -> None:
    z = {}
    for model in MODELS:
        z.update(distances(model, fits[model["network"], model["effects"]]))
    assert_agree(z, cells=CELLS)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{m['network']}-{m['effects']}")
def test_deviance_agrees(model: dict[str, str], fits: dict[tuple[str, str], ph.Posterior]) -> None:
    assert_deviance(model, fits[model["network"], model["effects"]])
