"""Beta blockers after myocardial infarction: Dias, Welton, Sutton, Ades, NICE DSU TSD 2 (2011), example 1.

Deaths in 22 two-arm trials (Carlin 1992), binomial likelihood with logit link.
"""

from __future__ import annotations

from tests.published.printed import assert_deviance, assert_effect, assert_tau, tsd_fit

PAIR = ("Beta Blocker", "Control")


def test_common_effect() -> None:
    fit = tsd_fit("blocker", "OR", "common")
    # TSD2, results of the blocker example, fixed effect model: d12, residual deviance, pD
    assert_effect(fit, *PAIR, "-0.26", "0.050")
    assert_deviance(fit, "46.8", "23.0")


def test_random_effects() -> None:
    fit = tsd_fit("blocker", "OR", "random")
    # the same table, random effects model: d12, tau, residual deviance, pD, DIC
    assert_effect(fit, *PAIR, "-0.25", "0.066")
    assert_tau(fit, "0.13", ("0.01", "0.32"))
    assert_deviance(fit, "41.9", "28.1", "70.0")
