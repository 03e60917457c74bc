"""Counselling to stop smoking: Dias, Welton, Sutton, Caldwell, Lu, Ades, NICE DSU TSD 4 (2011).

Smokers who stopped in 24 trials of four treatments (Hasselblad 1998), binomial likelihood with logit link; two trials
have three arms, two have an arm without events.
"""

from __future__ import annotations

import pytest
from tests.published.printed import assert_deviance, assert_effect, assert_tau, tsd_fit

import physiohub as ph

NONE, SELF, INDIVIDUAL, GROUP = "No intervention", "Self-help", "Individual counselling", "Group counselling"


@pytest.fixture(scope="module")
def fit() -> ph.Posterior:
    return tsd_fit("smoking", "OR", "random")


# TSD4, results of the smoking example, consistency model with random effects; d_XY is Y versus X, an SD stands only by
# the basic parameters
@pytest.mark.parametrize(
    ("versus", "treatment", "mean", "sd"),
    [
        (NONE, SELF, "0.49", "0.40"),
        (NONE, INDIVIDUAL, "0.84", "0.24"),
        (NONE, GROUP, "1.10", "0.44"),
        (SELF, INDIVIDUAL, "0.35", None),
        (SELF, GROUP, "0.61", None),
        (INDIVIDUAL, GROUP, "0.26", None),
    ],
)
def test_effects(fit: ph.Posterior, versus: str, treatment: str, mean: str, sd: str | None) -> None:
    assert_effect(fit, treatment, versus, mean, sd)


def test_heterogeneity_and_deviance(fit: ph.Posterior) -> None:
    # the same table: tau, residual deviance, pD
    assert_tau(fit, "0.82", ("0.55", "1.27"))
    assert_deviance(fit, "54.0", "45.0")
