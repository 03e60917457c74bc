"""Systemic treatment of psoriasis: Dias, Welton, Sutton, Ades, NICE DSU TSD 2 (2011), example 6.

Improvement of the PASI by 50, 75 and 90% in 16 trials (Woolacott 2006), ordered categories with probit link and cut-
points that the trials share; some report only one or two of the cut-points, and two have two arms on one treatment.
The document counts an effect as positive when it keeps patients in the lower categories; here positive is towards the
higher ones.
"""

from __future__ import annotations

import pytest
from tests.published.printed import assert_deviance, assert_effect, tsd_fit

import physiohub as ph
from physiohub.analysis.fit_statistics import fit_statistics

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fit() -> ph.Posterior:
    return tsd_fit("psoriasis", "PROBIT", "random")


# TSD2, results of the psoriasis example, random effects model, versus supportive care
@pytest.mark.parametrize(
    ("treatment", "mean", "sd"),
    [
        ("Etanercept 25 mg", "-1.53", "0.24"),
        ("Etanercept 50 mg", "-1.93", "0.28"),
        ("Efalizumab", "-1.19", "0.18"),
        ("Ciclosporin", "-2.04", "0.43"),
        ("Fumaderm", "-1.49", "0.62"),
        ("Infliximab", "-2.32", "0.38"),
        ("Methotrexate", "-1.74", "0.64"),
    ],
)
def test_effects(fit: ph.Posterior, treatment: str, mean: str, sd: str) -> None:
    assert_effect(fit, treatment, "Supportive care", mean, sd, sign=-1)


def test_deviance(fit: ph.Posterior) -> None:
    # the same table: residual deviance, pD
    assert_deviance(fit, "63.0", "33.3")
    # one for each category above the lowest that an arm reports
    assert fit_statistics(fit).data_points == 58
