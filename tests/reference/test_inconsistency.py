"""The global test against metafor's saturated design model, and the parts of Q against netmeta's."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from tests.reference.peers import network_file, table

import physiohub as ph
from physiohub.analysis.inconsistency import design_by_treatment, q_parts

WALD = table("metafor_wald")


def asked(model: dict[str, str]) -> tuple[ph.Network, ph.ModelSpec]:
    network = ph.read_table(network_file(model["network"]), reference=model["reference"])
    return network, ph.ModelSpec(measure=model["measure"])


@pytest.mark.parametrize("model", WALD, ids=lambda m: m["network"])
def test_wald_statistic(model: dict[str, str]) -> None:
    found = design_by_treatment(*asked(model))
    assert found.possible
    assert found.df == int(model["df"])
    # metafor's own REML stops at about this distance
    assert found.chi2 == pytest.approx(float(model["chi2"]), abs=1e-5)
    assert found.p == pytest.approx(float(model["p"]), abs=1e-5)


@pytest.mark.parametrize("model", WALD, ids=lambda m: m["network"])
def test_parts_of_q(model: dict[str, str]) -> None:
    parts = asdict(q_parts(*asked(model)))
    for row in table("netmeta_q", network=model["network"]):
        assert parts[row["part"]]["q"] == pytest.approx(float(row["q"]), abs=1e-8)
        assert parts[row["part"]]["df"] == int(row["df"])


def test_a_star_has_no_test() -> None:
    found = design_by_treatment(ph.datasets.load("certolizumab"), ph.ModelSpec(measure="OR"))
    assert (found.chi2, found.df, found.p, found.possible) == (None, 0, None, False)


def test_a_loop_of_three_trials_is_bucher() -> None:
    """One trial a side and a common effect: the statistic is the squared Bucher z of the loop."""
    y, se = np.array([0.5, 1.4, 0.3]), np.array([0.2, 0.3, 0.25])
    pairs = pd.DataFrame(
        {"study": ["1", "2", "3"], "treat1": ["B", "C", "C"], "treat2": ["A", "A", "B"], "TE": y, "seTE": se}
    )
    network = ph.read_contrasts(pairs, reference="A")
    found = design_by_treatment(network, ph.ModelSpec(measure="SMD", effects="common"))
    z = (y[0] + y[2] - y[1]) / np.sqrt(np.sum(se**2))
    assert found.df == 1
    assert found.chi2 == pytest.approx(z**2, abs=1e-12)


@pytest.mark.parametrize("model", WALD[:3], ids=lambda m: m["network"])
def test_another_reference_changes_nothing(model: dict[str, str]) -> None:
    network, spec = asked(model)
    one = design_by_treatment(network, spec)
    other = design_by_treatment(network.with_reference(network.treatments[-1].id), spec)
    assert one.chi2 == pytest.approx(other.chi2, abs=1e-7)
