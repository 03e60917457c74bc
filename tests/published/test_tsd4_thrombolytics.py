"""Thrombolysis and angioplasty: Dias, Welton, Sutton, Caldwell, Lu, Ades, NICE DSU TSD 4 (2011).

Deaths in 50 trials of nine treatments (Boland 2003, Caldwell 2005), binomial likelihood with logit link, common
effect.
"""

from __future__ import annotations

from tests.published.printed import assert_deviance, assert_effect, tsd_fit


def test_common_effect() -> None:
    fit = tsd_fit("thrombolytics", "OR", "common")
    # TSD4, results of the thrombolytics example, consistency model with fixed effects
    assert_effect(fit, "Acc t-PA", "SK", "-0.177", "0.043")
    assert_effect(fit, "PTCA", "SK", "-0.476", "0.101")
    assert_deviance(fit, "105.9", "58", "163.9")
