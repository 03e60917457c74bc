"""Power-scaled priors against fits with the scaled prior: a normal to the power alpha has its SD over sqrt(alpha)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

import physiohub as ph
from physiohub import datasets
from physiohub.analysis.power_scaling import cumulative_distance, power_scaling

SPEC = ph.ModelSpec(measure="MD", effect_prior="normal(0, 0.5)", tau_prior="half-normal(0.5)")


def scaled(part: str, alpha: float) -> ph.ModelSpec:
    sd = 0.5 / np.sqrt(alpha)
    effects = f"normal(0, {sd})" if part != "tau prior" else SPEC.effect_prior
    tau = f"half-normal({sd})" if part != "effect prior" else SPEC.tau_prior
    return replace(SPEC, effect_prior=effects, tau_prior=tau)


@pytest.mark.parametrize(
    ("part", "column"), [("effect prior", "effect_prior"), ("tau prior", "tau_prior"), ("prior", "prior")]
)
def test_priors(part: str, column: str) -> None:
    network = datasets.load("parkinson_differences")
    fit = ph.fit(network, SPEC)
    others = [ph.fit(network, scaled(part, alpha)) for alpha in (0.8, 1.25)]
    ours = power_scaling(fit).to_frame().set_index("parameter")[column]
    for treatment in fit.treatments[1:]:
        own = fit.effect(treatment, "Placebo")
        x = np.linspace(float(own.quantile(1e-4)), float(own.quantile(1 - 1e-4)), 1200)
        cdf = [np.array([float(one.effect(treatment, "Placebo").cdf(v)) for v in x]) for one in (fit, *others)]
        exact = sum(cumulative_distance(x, cdf[0], one) for one in cdf[1:]) / (2 * np.log2(1.25))
        # 8,192 weighted draws know a distance to a few hundredths of itself
        assert ours[treatment] == pytest.approx(exact, abs=0.006, rel=0.06)
    assert fit.tau is not None
    x = np.linspace(fit.tau.quantile(1e-5), fit.tau.quantile(1 - 1e-5), 400)
    cdf = [np.array([one.tau.cdf(v) for v in x]) for one in (fit, *others) if one.tau is not None]
    exact = sum(cumulative_distance(x, cdf[0], one) for one in cdf[1:]) / (2 * np.log2(1.25))
    assert ours["tau"] == pytest.approx(exact, abs=0.006, rel=0.06)


def test_distance_by_adaptive_quadrature() -> None:
    """P uniform, Q its square, on the range of 4,000 draws from P."""

    def term(x: float, p: float, q: float) -> float:
        return float(p * np.log2(2 * p / (p + q)) + q * np.log2(2 * q / (p + q)))

    low, high = 0.5 / 4000, 1 - 0.5 / 4000
    sides = []
    for flip in (False, True):

        def of(x: float, flip: bool = flip) -> tuple[float, float]:
            return (1 - x, 1 - x * x) if flip else (x, x * x)

        divergence = quad(lambda x, of=of: term(x, *of(x)), low, high)[0]
        bound = quad(lambda x, of=of: sum(of(x)), low, high)[0]
        sides.append(divergence / bound)
    x = np.linspace(0, 1, 200_001)
    # bins of 1/200,000 and their left ends
    assert cumulative_distance(x, x, x * x) == pytest.approx(np.sqrt(max(sides)), abs=1e-4)
