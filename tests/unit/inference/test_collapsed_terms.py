"""Slopes and curvatures of every kind of study, and of the whole density, by finite differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from tests.agreement.collapsed_studies import Rows, network_of

import physiohub as ph
from physiohub.inference.collapsed.build import Builder, FreeCutBuilder, PlainBuilder, SharedCutBuilder
from physiohub.inference.collapsed.cut_points import CutTarget
from physiohub.inference.collapsed.target import CollapsedTarget, effect_prior_slopes
from physiohub.model.arm_network import ArmNetwork, arm_network
from physiohub.model.defaults import Priors, resolve_priors
from physiohub.model.priors import parse_prior
from physiohub.model.standardised import standardised_network
from physiohub.network.network import build_network
from physiohub.network.study import Arm, Contrasts, Study

TAU = np.array([0.05, 0.4, 1.2])
# central differences with this step are good to 1e-7 of values of some 10, and tables to 1e-5 of a curvature
STEP, CLOSE = 1e-4, 2e-4
COUNTS: list[Rows] = [
    [("A", 5, 50), ("B", 9, 55)],
    [("A", 5, 30), ("B", 9, 31), ("C", 12, 40)],
    [("B", 0, 20), ("C", 4, 22)],
    [("A", 0, 30), ("B", 0, 30)],
    [("A", 3, 30), ("B", 6, 31), ("C", 0, 40)],
]
CATEGORIES: list[Rows] = [
    [("A", (20, 15, 10, 5)), ("B", (12, 14, 12, 12))],
    [("A", (15, 8, 6, 9)), ("B", (9, 9, 7, 12)), ("C", (7, 9, 8, 11))],
]
RATES: list[Rows] = [[(t, r, n / 4) for t, r, n in rows] for rows in COUNTS]  # type: ignore[operator]


def made(arms: ArmNetwork, priors: Priors, cut_points: str) -> Builder:
    if not arms.cut_points:
        return PlainBuilder(arms, priors)
    return SharedCutBuilder(arms, priors) if cut_points == "shared" else FreeCutBuilder(arms, priors)


def density(build: Builder) -> CollapsedTarget | CutTarget:
    return build.target(TAU, build.rough(TAU))


def counted(measure: str, studies: Sequence[Rows], **options: Any) -> Builder:
    spec = ph.ModelSpec(
        measure=measure, **{"effect_prior": "normal(0, 3)", "baseline_prior": "normal(0, 3)", **options}
    )
    network = network_of(measure, studies)
    return made(arm_network(network, spec), resolve_priors(network, spec, baselines=True), spec.cut_points)


def smd() -> Builder:
    arms = [
        [("A", 2.0, 1.5, 12), ("B", 3.1, 1.7, 9)],
        [("A", 2.0, 1.5, 12), ("B", 3.1, 1.7, 9), ("C", 1.6, 1.2, 14)],
    ]
    studies = [
        Study(f"s{k}", tuple(Arm(treatment=t, mean=m, sd=s, n=float(n)) for t, m, s, n in rows))
        for k, rows in enumerate(arms)
    ]
    covariance = np.array([[0.2, 0.08], [0.08, 0.25]])
    both = tuple(Arm(treatment=t) for t in "ABC")
    network = build_network([*studies, Study("c", both, Contrasts(np.array([0.4, -0.2]), covariance))], reference="A")
    spec = ph.ModelSpec(measure="SMD", likelihood="arm", effect_prior="t(0, 1, 4)")
    return PlainBuilder(standardised_network(network, spec), resolve_priors(network, spec, baselines=True))


CASES = {
    "logit": lambda: counted("OR", COUNTS),
    "log": lambda: counted("RR", COUNTS[:3]),
    "cloglog": lambda: counted("HR", COUNTS),
    "probit": lambda: counted("PROBIT", COUNTS),
    "poisson": lambda: counted("IRR", RATES),
    "gamma baselines": lambda: counted("IRR", RATES, baseline_prior="gamma(1, 1)"),
    "t effects": lambda: counted("OR", COUNTS, effect_prior="t(0, 1, 4)"),
    "shared cut-points": lambda: counted("PROBIT", CATEGORIES),
    "free cut-points": lambda: counted("PROBIT", CATEGORIES, cut_points="free"),
    "unknown SDs and contrasts": smd,
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_gradient_and_curvature_are_differences(name: str) -> None:
    build = CASES[name]()
    target = density(build)
    rng = np.random.default_rng(1)
    effects = target.parameters - len(build.extra)
    d = np.hstack([rng.normal(0.2, 0.4, (6, effects)), build.extra + rng.normal(0, 0.05, (6, len(build.extra)))])
    node = np.array([0, 1, 2, 0, 1, 2])
    value, gradient, precision = target.slopes(node, d)
    assert value == pytest.approx(target.log_density(node, d), abs=1e-9)
    prior = parse_prior("t(0, 1, 4)", "d")
    for k, step in enumerate(STEP * np.eye(target.parameters)):
        up, down = target.log_density(node, d + step), target.log_density(node, d - step)
        assert gradient[:, k] == pytest.approx((up - down) / (2 * STEP), abs=CLOSE * (1 + np.abs(gradient).max()))
        bend = (target.slopes(node, d + step)[1] - target.slopes(node, d - step)[1]) / (2 * STEP)
        if name in ("t effects", "unknown SDs and contrasts") and k < effects:
            # for a t prior the curvature of the normal that lies under it is given in the place of its own
            away = np.array([step, -step])[:, None, :effects] + d[:, :effects]
            own = np.diff(effect_prior_slopes(prior, away)[1], axis=0)[0] / (-2 * STEP)
            bend[:, :effects] = bend[:, :effects] - own
            bend[:, k] -= effect_prior_slopes(prior, d[:, :effects])[2][:, k]
        assert -precision[:, :, k] == pytest.approx(bend, abs=CLOSE * 5 * (1 + np.abs(precision).max()))


@pytest.mark.parametrize("text", ["flat", "normal(0.3, 2)", "t(0.3, 2, 4)"])
def test_prior_of_effects(text: str) -> None:
    from scipy import stats

    d = np.linspace(-7, 7, 15)[:, None]
    prior = parse_prior(text, "d")
    value, slope, information = effect_prior_slopes(prior, d)
    known: Any = {"f": None, "n": stats.norm(0.3, 2), "t": stats.t(4, 0.3, 2)}[text[0]]
    assert value == pytest.approx(np.zeros_like(d) if known is None else known.logpdf(d), abs=1e-12)
    up, down = (effect_prior_slopes(prior, d + h)[0] for h in (1e-5, -1e-5))
    # differences with a step of 1e-5 hold ten digits
    assert slope == pytest.approx((up - down) / 2e-5, abs=1e-8)
    assert np.all(information >= 0)


def test_a_study_is_the_same_alone_and_among_others() -> None:
    """Studies are grouped by shape; what one says does not depend on its company, nor on where it stands."""
    together = density(counted("OR", COUNTS))
    d, node = np.array([[0.3, -0.2], [1.0, 0.4], [-1.0, 0.1]]), np.arange(3)
    found = together.by_study(node, d)
    turned = density(counted("OR", COUNTS[::-1])).by_study(node, d)
    assert found == pytest.approx(turned[:, ::-1], abs=1e-12)
    for k, rows in enumerate(COUNTS[:2]):
        alone = density(counted("OR", [rows, COUNTS[4]])).by_study(node, d)
        # the far end of the grids is set for all studies at once, here it is the same
        assert found[:, k] == pytest.approx(alone[:, 0], abs=1e-6)
