"""Diabetes under drugs for blood pressure: Dias, Welton, Sutton, Ades, NICE DSU TSD 2 (2011), example 3.

New cases in 22 trials of different length (Elliott and Meyer 2007), binomial likelihood with complementary log-log
link and the log of the follow-up time as offset: effects are log hazard ratios.
"""

from __future__ import annotations

import pytest
from tests.published.printed import assert_deviance, assert_effect, assert_tau, tsd_fit

import physiohub as ph


@pytest.fixture(scope="module")
def fit() -> ph.Posterior:
    return tsd_fit("diabetes", "HR", "random")


# TSD2, results of the diabetes example, random effects model, versus diuretic
@pytest.mark.parametrize(
    ("treatment", "mean", "sd"),
    [
        ("Placebo", "-0.29", "0.09"),
        ("Beta Blocker", "-0.07", "0.09"),
        ("CCB", "-0.24", "0.08"),
        ("ACE Inhibitor", "-0.40", "0.09"),
        ("ARB", "-0.47", "0.11"),
    ],
)
def test_effects(fit: ph.Posterior, treatment: str, mean: str, sd: str) -> None:
    assert_effect(fit, treatment, "Diuretic", mean, sd)


def test_heterogeneity_and_deviance(fit: ph.Posterior) -> None:
    # the same table: tau, residual deviance, pD
    assert_tau(fit, "0.12", ("0.05", "0.23"))
    assert_deviance(fit, "53.7", "38.0")
