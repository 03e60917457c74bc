"""Leave-one-study-out densities: what is undefined, sums and tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import physiohub as ph
from physiohub.analysis.leave_one_out import leave_one_out

# C is told by study 3 alone
TABLE = pd.DataFrame(
    {"study": ["1", "2", "3"], "treat1": ["B", "B", "C"], "treat2": ["A", "A", "A"], "TE": [1.0, 1.4, 2.0],
     "seTE": [0.3, 0.4, 0.5]}
)  # fmt: skip


def fit(prior: str) -> ph.Posterior:
    spec = ph.ModelSpec(measure="MD", effects="common", effect_prior=prior)
    return ph.fit(ph.read_contrasts(TABLE, reference="A"), spec)


def test_a_study_that_alone_tells_a_treatment_has_no_density_under_a_flat_prior() -> None:
    found = leave_one_out(fit("flat"))
    one, two, three = found.studies
    # study 1 given study 2: a difference of two normals
    variance = 0.3**2 + 0.4**2
    expected = -0.5 * (np.log(2 * np.pi * variance) + 0.4**2 / variance)
    assert one.log_density == pytest.approx(expected, abs=1e-12)
    assert two.log_density == pytest.approx(expected, abs=1e-12)
    assert three.log_density is None
    assert "flat prior" in three.reason
    assert found.elpd is None
    assert found.se is None
    assert found.to_frame()["log_density"].isna().tolist() == [False, False, True]
    assert "no predictive density" in found._repr_html_()


def test_a_proper_prior_gives_every_study_a_density() -> None:
    found = leave_one_out(fit("normal(0, 10)"))
    densities = [study.log_density for study in found.studies]
    # study 3 given the others: d of C has its prior
    variance = 10**2 + 0.5**2
    assert densities[2] == pytest.approx(-0.5 * (np.log(2 * np.pi * variance) + 4 / variance), abs=1e-10)
    assert found.elpd == pytest.approx(sum(d for d in densities if d is not None))
    assert found.se == pytest.approx(np.sqrt(3) * np.std(np.array(densities, dtype=float), ddof=1))


def test_a_single_study_has_no_others() -> None:
    network = ph.read_contrasts(TABLE.iloc[:1], reference="A")
    one = leave_one_out(ph.fit(network, ph.ModelSpec(measure="MD", effects="common", effect_prior="normal(0, 1)")))
    assert one.studies[0].reason == "There is no other study."


def test_counts_of_a_treatment_that_one_study_tells_are_refitted() -> None:
    rows = [
        ("1", "A", 5, 50),
        ("1", "B", 9, 50),
        ("2", "A", 8, 60),
        ("2", "B", 12, 60),
        ("3", "A", 7, 40),
        ("3", "C", 3, 40),
    ]
    table = pd.DataFrame(rows, columns=["study", "treatment", "events", "total"])
    spec = ph.ModelSpec(measure="OR", effects="common", effect_prior="normal(0, 100)", baseline_prior="normal(0, 5)")
    third = leave_one_out(ph.fit(ph.read_arms(table, reference="A"), spec)).studies[2]
    assert third.method == "refit"
    assert third.pareto_k is not None
    assert third.pareto_k > 0.7
    # nearly all of the prior of C is far from what was seen: log(100 sqrt(2 pi)) less than with known effects
    assert third.log_density is not None
    assert -13 < third.log_density < -8
    flat = ph.ModelSpec(measure="OR", effects="common", effect_prior="flat", baseline_prior="normal(0, 5)")
    undefined = leave_one_out(ph.fit(ph.read_arms(table, reference="A"), flat)).studies[2]
    assert undefined.log_density is None
    assert "flat prior" in undefined.reason
