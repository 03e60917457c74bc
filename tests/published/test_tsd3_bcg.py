"""BCG vaccine: Dias, Sutton, Welton, Ades, NICE DSU TSD 3 (2011).

Tuberculosis in 13 two-arm trials (Berkey 1995), binomial likelihood with logit link, without the covariate.
"""

from __future__ import annotations

from tests.published.printed import assert_deviance, assert_effect, assert_tau, tsd_fit


def test_random_effects_without_covariate() -> None:
    fit = tsd_fit("bcg_vaccine", "OR", "random")
    # TSD3, results of the BCG example, model without covariate
    assert_effect(fit, "Vaccinated", "Unvaccinated", "-0.762", "0.22")
    assert_tau(fit, "0.649")
    assert_deviance(fit, "26.1", "23.5")
