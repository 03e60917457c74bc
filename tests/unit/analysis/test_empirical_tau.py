"""Tau beside the tau of earlier meta-analyses: which distribution is taken, and where the posterior lies in it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

import physiohub as ph
from physiohub.analysis.empirical_tau import reference_distribution
from physiohub.analysis.heterogeneity import Heterogeneity, heterogeneity

PAIN = "rhodes-2015(physical health/adverse event/pain/QoL/functioning, any non-pharmacological)"
OF_OR = "turner-2015(pain, non-pharmacological vs placebo/control)"


def found(measure: str = "SMD", tau_prior: str = "half-normal(0.5)", **kind: str) -> Heterogeneity:
    table = pd.DataFrame(
        {"study": list("1234"), "treat1": "B", "treat2": "A", "TE": [0.1, 0.9, -0.3, 0.5], "seTE": [0.2, 0.3, 0.2, 0.3]}
    )
    spec = ph.ModelSpec(measure=measure, tau_prior=tau_prior)
    return heterogeneity(ph.fit(ph.read_contrasts(table, reference="A"), spec), **kind)


@pytest.mark.parametrize(
    ("measure", "kind", "name", "how"),
    [
        ("SMD", {}, "rhodes-2015(marginal)", "no outcome type stated"),
        ("SMD", {"outcome_type": "pain"}, PAIN, "comparison type not stated, taken as any non-pharmacological"),
        ("SMD", {"outcome_type": "pain", "comparison_type": "non-pharm"}, PAIN, "as stated"),
        ("SMD", {"comparison_type": "non-pharm"}, "rhodes-2015(marginal)", "no outcome type stated"),
        ("OR", {}, "turner-2015(marginal)", "no outcome type stated"),
        ("OR", {"outcome_type": "pain"}, "turner-2015(marginal)", "no comparison type stated"),
        ("OR", {"outcome_type": "pain", "comparison_type": "non-pharm vs placebo"}, OF_OR, "as stated"),
    ],
)
def test_the_choice_follows_what_is_stated_and_says_so(measure: str, kind: dict[str, Any], name: str, how: str) -> None:
    shown = found(measure, **kind)
    assert shown.empirical is not None
    assert str(shown.empirical.distribution) == name
    assert how in shown.empirical.chosen
    assert shown.empirical_reason == ""
    assert {f"{name}, median of tau"} <= set(shown.to_frame()["quantity"])


def test_the_posterior_median_lies_where_the_density_says() -> None:
    shown = found(outcome_type="pain")
    assert shown.empirical is not None
    assert shown.median is not None
    published = shown.empirical.distribution
    # over log tau, as the density of tau rises without bound at zero; below exp(-300) lie 1e-11, and quad errs by 1e-8
    ends = (-300.0, -40.0, -5.0, float(np.log(shown.median)))
    below = sum(quad(lambda u: np.exp(published.log_density(np.exp(u)) + u), a, b)[0] for a, b in pairwise(ends))
    assert shown.empirical.p_below == pytest.approx(below, abs=1e-7)
    assert shown.empirical_density == pytest.approx(np.exp(published.log_density(shown.grid)))
    assert shown.empirical_density.shape == shown.grid.shape


def test_a_stated_type_that_is_none_is_refused() -> None:
    with pytest.raises(ph.ModelError, match="no outcome type 'gait'"):
        found(outcome_type="gait")


def test_without_a_distribution_there_is_a_reason() -> None:
    shown = found("MD", outcome_type="pain")
    assert shown.empirical is None
    assert shown.empirical_reason == "no published distribution of tau is on the scale of MD"
    assert shown.empirical_density.size == 0
    assert reference_distribution("HR") is None


def test_an_empirical_prior_is_its_own_reference() -> None:
    shown = found(tau_prior="rhodes-2015(mental health, non-pharm)", outcome_type="pain")
    assert shown.empirical is not None
    assert str(shown.empirical.distribution) == "rhodes-2015(mental health, any non-pharmacological)"
    assert shown.empirical.chosen == "it is also the prior of tau"
    assert shown.empirical_density.tolist() == shown.prior_density.tolist()
    assert "doubtful" in str(shown.prior_warning)
    assert found().prior_warning is None


def test_a_density_without_bound_at_zero_leaves_no_spike() -> None:
    """The prior of a log-t at 1e-6 of the range is a thousand times its value a step further, over next to no mass."""
    shown = found(tau_prior="rhodes-2015(mental health, non-pharm)")
    assert shown.grid[0] > 0
    assert shown.posterior_density[0] < 2 * shown.posterior_density.max(initial=0.0, where=shown.grid > shown.grid[5])
    assert found().grid[0] == pytest.approx(0, abs=1e-5)
