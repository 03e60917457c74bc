"""Power scaling: laws of the distance, and what each diagnosis means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import physiohub as ph
from physiohub.analysis.power_scaling import CONFLICT, STRONG_PRIOR, THRESHOLD, cumulative_distance, power_scaling


def one_contrast(estimate: float, se: float, prior: str, **spec: object) -> ph.Posterior:
    table = pd.DataFrame({"study": ["1"], "treat1": ["B"], "treat2": ["A"], "TE": [estimate], "seTE": [se]})
    asked = ph.ModelSpec(measure="MD", effect_prior=prior, **{"effects": "common", **spec})  # type: ignore[arg-type]
    return ph.fit(ph.read_contrasts(table, reference="A"), asked)


@pytest.mark.parametrize(
    ("estimate", "se", "prior", "diagnosis"),
    [
        (3.0, 1.0, "normal(0, 1)", CONFLICT),  # three SDs apart
        (0.1, 20.0, "normal(0, 1)", STRONG_PRIOR),  # hardly any data
        (1.0, 0.2, "normal(0, 100)", ""),
        (1.0, 0.2, "flat", ""),
    ],
)
def test_diagnoses(estimate: float, se: float, prior: str, diagnosis: str) -> None:
    found = power_scaling(one_contrast(estimate, se, prior))
    row = found.rows[0]
    assert row.diagnosis == diagnosis
    assert (row.prior > THRESHOLD) == bool(diagnosis)
    assert row.prior == row.effect_prior
    assert row.tau_prior is None  # a common effect has no tau
    assert len(found.rows) == 1
    assert (diagnosis or "No parameter") in found._repr_html_()


def test_priors_that_a_power_does_not_change() -> None:
    network_fit = one_contrast(1.0, 0.5, "flat", effects="random", tau_prior="uniform(0, 2)")
    for row in power_scaling(network_fit).rows:
        assert row.effect_prior == 0.0
        assert row.tau_prior == 0.0
        assert row.prior == 0.0
        assert row.likelihood > THRESHOLD


def test_known_tau_has_no_row() -> None:
    fit = one_contrast(1.0, 0.5, "normal(0, 2)", effects="random", tau_prior="fixed(0.3)")
    assert [row.parameter for row in power_scaling(fit).rows] == ["B"]


def test_normal_shift_by_hand() -> None:
    """A normal likelihood and prior scale to normals: the distance from their distribution functions."""
    from scipy.stats import norm

    fit = one_contrast(1.5, 1.0, "normal(0, 2)")

    def posterior(prior_power: float, likelihood_power: float) -> tuple[float, float]:
        precision = likelihood_power / 1.0 + prior_power / 4.0
        return likelihood_power * 1.5 / precision, precision**-0.5

    mean, sd = posterior(1, 1)
    x = np.linspace(mean - 4.5 * sd, mean + 4.5 * sd, 4001)
    row = power_scaling(fit).rows[0]
    for ours, powers in ((row.prior, ((0.8, 1), (1.25, 1))), (row.likelihood, ((1, 0.8), (1, 1.25)))):
        exact = sum(cumulative_distance(x, norm.cdf(x, mean, sd), norm.cdf(x, *posterior(*p))) for p in powers)
        # 8,192 draws of a hypercube
        assert ours == pytest.approx(exact / (2 * np.log2(1.25)), rel=0.04, abs=0.002)


functions = st.lists(st.floats(0.01, 1), min_size=5, max_size=30)


@given(functions, functions, st.floats(0.1, 10), st.floats(-5, 5))
def test_distance_is_symmetric_bounded_and_free_of_units(
    p: list[float], q: list[float], scale: float, shift: float
) -> None:
    size = min(len(p), len(q))
    first, second = (np.cumsum(one[:size]) / np.sum(one[:size]) for one in (p, q))
    x = np.arange(size, dtype=float)
    distance = cumulative_distance(x, first, second)
    assert 0 <= distance <= 1
    # sums in another order and of other magnitude; a root turns 1e-16 into 1e-8
    assert cumulative_distance(shift + scale * x, first, second) == pytest.approx(distance, abs=1e-6)
    turned = cumulative_distance(-x[::-1], 1 - first[::-1], 1 - second[::-1])
    assert np.isfinite(turned)
    assert cumulative_distance(x, first, first) == pytest.approx(0, abs=1e-7)
