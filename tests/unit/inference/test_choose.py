"""Which engine answers, with its reason, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.agreement.collapsed_studies import network_of

import physiohub as ph
from physiohub.inference.choose import choose_engine
from physiohub.network.network import Network, build_network
from physiohub.network.study import Arm, Contrasts, Study

COUNTS = network_of("OR", [[("A", 5, 50), ("B", 9, 55)]])
RATES = network_of("IRR", [[("A", 5, 50.0), ("B", 9, 55.0)]])
ORDERED = network_of("PROBIT", [[("A", (20, 15, 10)), ("B", (12, 14, 19))]])


def means(count: int = 2) -> Network:
    """A star of two-arm studies with means, SDs and n."""
    studies = [
        Study(f"s{k}", tuple(Arm(treatment=t, mean=m, sd=2.0, n=20.0) for t, m in (("t0", 5.0), (f"t{k}", 4.0))))
        for k in range(1, count)
    ]
    return build_network(studies, reference="t0")


CONTRASTS = build_network(
    [Study("one", (Arm(treatment="t0"), Arm(treatment="t1")), Contrasts(np.array([0.4]), np.array([[0.04]])))],
    reference="t0",
)


@pytest.mark.parametrize(
    ("network", "options", "engine", "why"),
    [
        (means(), {"measure": "MD"}, "exact", "the data are normal"),
        (means(), {"measure": "SMD"}, "exact", "the data are normal"),
        (means(), {"measure": "ROM"}, "exact", "the data are normal"),
        (CONTRASTS, {"measure": "OR"}, "exact", "the data are normal"),
        (COUNTS, {"measure": "RD"}, "exact", "the data are normal"),
        (COUNTS, {"measure": "OR", "likelihood": "contrast"}, "exact", "the data are normal"),
        (COUNTS, {"measure": "OR"}, "collapsed", "the data are counts"),
        (COUNTS, {"measure": "RR"}, "collapsed", "the data are counts"),
        (COUNTS, {"measure": "HR"}, "collapsed", "the data are counts"),
        (RATES, {"measure": "IRR"}, "collapsed", "the data are counts"),
        (ORDERED, {"measure": "PROBIT"}, "collapsed", "the data are counts"),
        (means(), {"measure": "SMD", "likelihood": "arm"}, "collapsed", "the SDs of the arms are unknown"),
        (means(), {"measure": "MD", "baseline_prior": "t(0, 5, 4)"}, "collapsed", "t prior of study baselines"),
        (means(10), {"measure": "MD", "effect_prior": "t(0, 5, 4)"}, "exact", "the data are normal"),
        (means(12), {"measure": "MD", "effect_prior": "t(0, 5, 4)"}, "collapsed", "11 effects with a t prior"),
        (means(12), {"measure": "MD"}, "exact", "the data are normal"),
        (means(), {"measure": "MD", "engine": "collapsed"}, "collapsed", "asked for"),
        (means(), {"measure": "MD", "engine": "exact"}, "exact", "asked for"),
        (means(), {"measure": "MD", "engine": "nuts"}, "nuts", "asked for"),
        (COUNTS, {"measure": "OR", "engine": "nuts"}, "nuts", "asked for"),
    ],
)
def test_engine_and_reason(network: Network, options: dict[str, Any], engine: str, why: str) -> None:
    choice = choose_engine(network, ph.ModelSpec(**options))
    assert choice.engine == engine
    assert why in choice.why


def test_a_fit_tells_its_engine_and_the_reason() -> None:
    fit = ph.fit(COUNTS, ph.ModelSpec(measure="OR", effects="common"))
    assert fit.engine.name == "collapsed"
    assert fit.engine.why.startswith("the data are counts")
    assert fit.engine.ess is not None
    assert fit.engine.ess <= fit.engine.points


@pytest.mark.parametrize(
    ("network", "options"),
    [
        (COUNTS, {"measure": "OR"}),
        (RATES, {"measure": "IRR"}),
        (ORDERED, {"measure": "PROBIT"}),
        (means(), {"measure": "SMD", "likelihood": "arm"}),
        (means(), {"measure": "MD", "baseline_prior": "t(0, 5, 4)"}),
        (means(12), {"measure": "MD", "effect_prior": "t(0, 5, 4)"}),
    ],
)
def test_the_exact_engine_refuses_what_is_not_normal(network: Network, options: dict[str, Any]) -> None:
    with pytest.raises(ph.ModelError, match=r"The exact engine cannot answer this: .* Use engine 'auto'"):
        ph.fit(network, ph.ModelSpec(engine="exact", **options))


@pytest.mark.parametrize(
    ("network", "options", "says"),
    [
        (means(), {"measure": "ROM", "likelihood": "arm"}, "ROM has no likelihood of single arms"),
        (COUNTS, {"measure": "RD", "likelihood": "arm"}, "RD has no likelihood of single arms"),
        (COUNTS, {"measure": "OR", "baseline_prior": "flat"}, "A flat prior of study baselines is for means"),
        (RATES, {"measure": "IRR", "baseline_prior": "flat"}, "A flat prior of study baselines is for means"),
        (COUNTS, {"measure": "OR", "baseline_prior": "gamma(1, 1)"}, "is for events over an exposure"),
        (RATES, {"measure": "IRR", "baseline_prior": "uniform-probability(0, 1)"}, "is for events out of a total"),
        (ORDERED, {"measure": "PROBIT", "baseline_prior": "uniform-probability(0, 1)"}, "is for events out of a total"),
        (means(), {"measure": "MD", "baseline_prior": "uniform-probability(0, 1)"}, "baseline prior"),
        (
            means(),
            {"measure": "MD", "baseline_prior": "uniform-probability(0, 1)", "engine": "collapsed"},
            "is for events out of a total",
        ),
        (means(), {"measure": "MD", "baseline_prior": "gamma(1, 1)", "engine": "collapsed"}, "events over an exposure"),
        (COUNTS, {"measure": "OR", "baseline_prior": "half-normal(1)"}, "does not fit study baselines"),
        (COUNTS, {"measure": "OR", "effect_prior": "gamma(1, 1)"}, "does not fit treatment effects"),
    ],
)
def test_a_prior_or_likelihood_that_does_not_fit_is_refused(
    network: Network, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ph.ModelError, match=says):
        ph.fit(network, ph.ModelSpec(**options))
