"""Less fat in the diet: Dias, Welton, Sutton, Ades, NICE DSU TSD 2 (2011), example 2.

Deaths per person-year in 10 trials (Hooper 2000), Poisson likelihood with log link. London Corn/Olive has two arms on
reduced fat, each an arm of its own with the same basic parameter: 21 arms.
"""

from __future__ import annotations

import pytest
from tests.published.printed import assert_deviance, assert_effect, assert_tau, tsd_fit

from physiohub.analysis.fit_statistics import fit_statistics

PAIR = ("Reduced Fat", "Control")


def test_common_effect() -> None:
    fit = tsd_fit("dietary_fat", "IRR", "common")
    # TSD2, results of the dietary fat example, fixed effect model
    assert_effect(fit, *PAIR, "-0.01", "0.054")
    assert_deviance(fit, "22.3", "10.9")
    # by quadrature of the same model, which the printed run rounds and misses: 22.36 and 11.13
    ours = fit_statistics(fit)
    assert ours.data_points == 21
    assert ours.dbar == pytest.approx(22.36, abs=0.05)
    assert ours.pd == pytest.approx(11.13, abs=0.05)


def test_random_effects() -> None:
    fit = tsd_fit("dietary_fat", "IRR", "random")
    # the same table, random effects model
    assert_effect(fit, *PAIR, "-0.02", "0.09")
    assert_tau(fit, "0.10", ("0.00", "0.43"))
    assert_deviance(fit, "21.5", "13.3")
