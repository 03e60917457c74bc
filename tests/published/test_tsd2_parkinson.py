"""Dopamine agonists in Parkinson's disease: Dias, Welton, Sutton, Ades, NICE DSU TSD 2 (2011).

Change of the off-time in 7 trials (Franchini 2012), normal likelihood, by arms (example 5), by differences (example
7) and by both (example 8): three codings of the same trials.
"""

from __future__ import annotations

import pytest
from tests.published.printed import assert_deviance, assert_effect, assert_tau, tsd_fit

CODINGS = {
    "parkinson_arms": ("13.6", "12.4"),
    "parkinson_differences": ("6.6", "5.5"),
    "parkinson_mixed": ("9.6", "8.5"),
}


@pytest.mark.parametrize("network", CODINGS)
def test_random_effects(network: str) -> None:
    fit = tsd_fit(network, "MD", "random")
    # TSD2, results of the Parkinson's example, random effects model, versus placebo (treatment 1)
    assert_effect(fit, "Pramipexole", "Placebo", "-1.85", "0.54")
    assert_effect(fit, "Ropinirole", "Placebo", "-0.50", "0.66")
    assert_effect(fit, "Bromocriptine", "Placebo", "-0.53", "0.65")
    assert_effect(fit, "Cabergoline", "Placebo", "-0.83", "0.80")
    assert_tau(fit, "0.28", ("0.01", "1.55"))
    assert_deviance(fit, *CODINGS[network])
