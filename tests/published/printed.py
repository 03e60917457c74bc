"""Numbers as a paper prints them, and how near an answer must come to them.

The NICE DSU Technical Support Documents print rounded answers of WinBUGS runs, whose Monte Carlo error is not told.
They catch gross errors and wrong signs; the finer comparison is that of `tests/reference`. Half a unit of the last
digit that is printed is rounding; on top come 0.02 SD for a mean and 4% for an SD, 0.01 or 5% (the upper end 8%) for
quantiles of tau, and 0.5, 1.2 and 1.3 for Dbar, pD and DIC, which the two runs of such a document on one model can
differ by.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

import physiohub as ph
from physiohub import datasets
from physiohub.analysis.fit_statistics import fit_statistics
from physiohub.model.spec import ModelSpec

MEAN, SD = 0.02, 0.04
TAU, TAU_SHARE, TAU_SHARE_UPPER = 0.01, 0.05, 0.08
DBAR, PD, DIC = 0.5, 1.2, 1.3


def half_unit(text: str) -> float:
    """Half a unit of the last digit.

    Examples
    --------
    >>> half_unit("-0.26"), half_unit("53.7")
    (0.005, 0.05)
    """
    exponent = Decimal(text).as_tuple().exponent
    assert isinstance(exponent, int)
    return 0.5 * 10.0**exponent


def tsd_fit(network: str, measure: str, effects: str) -> ph.Posterior:
    """A network under the priors of the documents: d, mu ~ N(0, 100^2), tau ~ U(0, 5)."""
    random = effects == "random"
    spec = ModelSpec(
        measure=measure,
        effects="random" if random else "common",
        effect_prior="normal(0, 100)",
        baseline_prior="normal(0, 100)",
        tau_prior="uniform(0, 5)" if random else None,
    )
    fit = ph.fit(datasets.load(network), spec)
    assert fit.verdict.ok, fit.verdict.reasons
    return fit


def assert_effect(
    fit: ph.Posterior, treatment: str, versus: str, mean: str, sd: str | None = None, sign: int = 1
) -> None:
    """Mean, and SD where it is printed, of `sign` times an effect."""
    ours = fit.effect(treatment, versus)
    spread = float(ours.sd)
    assert sign * float(ours.mean) == pytest.approx(float(mean), abs=half_unit(mean) + MEAN * spread, rel=0)
    if sd is not None:
        assert spread == pytest.approx(float(sd), abs=half_unit(sd) + SD * spread, rel=0)


def assert_tau(fit: ph.Posterior, median: str, interval: tuple[str, str] | None = None) -> None:
    """Median, and the 95% interval where it is printed."""
    assert fit.tau is not None
    low, high = interval or (None, None)
    for text, p, share in ((low, 0.025, TAU_SHARE), (median, 0.5, TAU_SHARE), (high, 0.975, TAU_SHARE_UPPER)):
        if text is not None:
            near = max(TAU, share * float(text))
            assert fit.tau.quantile(p) == pytest.approx(float(text), abs=near, rel=0)


def assert_deviance(fit: ph.Posterior, dbar: str, pd: str | None = None, dic: str | None = None) -> None:
    """Mean residual deviance, effective number of parameters, and DIC where it is printed."""
    ours = fit_statistics(fit)
    for text, mine, near in ((dbar, ours.dbar, DBAR), (pd, ours.pd, PD), (dic, ours.dic, DIC)):
        if text is not None:
            assert mine == pytest.approx(float(text), abs=near, rel=0)
