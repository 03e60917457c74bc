"""Laws of the collapsed engine that hold whatever the data.

Where a law leaves the density itself alone, the densities are compared; they need no draws and hold to the error of the
rules. Answers of two fits are compared in Monte Carlo standard errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import physiohub as ph
from physiohub.inference.collapsed.build import FreeCutBuilder, SharedCutBuilder, collapsed_target, densities_of
from physiohub.model.arm_network import arm_network
from physiohub.model.defaults import resolve_priors
from physiohub.network.network import Network, build_network
from physiohub.network.study import Arm, Study, Treatment

Floats = NDArray[np.float64]
FEW = settings(max_examples=12)
TAU = np.array([0.1, 0.6])
# of a study's log likelihood: the rules are good to 5e-4 a study where its arms have events and non-events
OF_RULES = 2e-3
NAMES = ("A", "B", "C")


@st.composite
def counts(draw: st.DrawFn) -> Network:
    """Two to four studies of A, B and C with some, but not all, people having the event."""
    sets = [["A", "B"], ["A", "B", "C"], ["B", "C"], ["A", "C"]][: draw(st.integers(2, 4))]
    return networked([[(t, *draw(_cell())) for t in arms] for arms in sets])


@st.composite
def _cell(draw: st.DrawFn) -> tuple[int, int]:
    events = draw(st.integers(2, 20))
    return events, events + draw(st.integers(2, 20))


def networked(studies: Sequence[Sequence[tuple[Any, ...]]], names: Sequence[str] = NAMES, **fixed: Any) -> Network:
    made = [
        Study(f"s{i}", tuple(Arm(treatment=t, events=float(r), total=float(n), exposure=float(n), **fixed)
                             for t, r, n in rows))
        for i, rows in enumerate(studies)
    ]  # fmt: skip
    return build_network(made, reference=names[0], treatments=[Treatment(id=t, label=t) for t in names])


def changed(network: Network, change: Any) -> Network:
    studies = [Study(s.id, tuple(change(i, arm) for arm in s.arms)) for i, s in enumerate(network.studies)]
    return build_network(studies, reference=network.reference, treatments=network.treatments)


def by_study(network: Network, d: Sequence[Sequence[float]], measure: str = "OR", **options: Any) -> Floats:
    """Log likelihoods (point, study) at effects d (effect, parameter), at every tau."""
    spec = ph.ModelSpec(
        measure=measure, **{"effect_prior": "normal(0, 3)", "baseline_prior": "normal(0, 30)", **options}
    )
    arms = arm_network(network, spec)
    priors = resolve_priors(network, spec, baselines=True)
    target = collapsed_target(arms, densities_of(arms, priors), priors, TAU)
    node = np.repeat(np.arange(len(TAU)), len(d))
    return target.by_study(node, np.tile(np.asarray(d, dtype=float), (len(TAU), 1)))


D = [(0.3, -0.4), (-0.5, 0.2), (0.0, 0.8)]


@FEW
@given(counts())
def test_events_and_non_events_negate_log_odds_and_probits(network: Network) -> None:
    turned = changed(network, lambda _, arm: replace(arm, events=arm.total - arm.events))
    for measure in ("OR", "PROBIT"):
        one = by_study(network, D, measure)
        other = by_study(turned, [tuple(-x for x in d) for d in D], measure)
        assert one == pytest.approx(other, abs=OF_RULES)


@FEW
@given(counts())
def test_a_factor_on_the_exposure_of_a_study_changes_nothing(network: Network) -> None:
    """Under a baseline prior as wide as the line: the study's own unit of time."""
    longer = changed(network, lambda i, arm: replace(arm, exposure=arm.exposure * (i + 2) ** 2))
    wide = {"measure": "IRR", "baseline_prior": "normal(0, 1000)"}
    one, other = by_study(network, D, **wide), by_study(longer, D, **wide)
    # density of the prior at two places: 6^2/1000^2; the rest is that of the rules
    assert one - one[0] == pytest.approx(other - other[0], abs=OF_RULES)


@FEW
@given(counts(), st.floats(0.1, 10))
def test_equal_follow_up_changes_nothing(network: Network, time: float) -> None:
    timed = changed(network, lambda _, arm: replace(arm, time=time))
    wide = {"measure": "HR", "baseline_prior": "normal(0, 1000)"}
    one, other = by_study(network, D, **wide), by_study(timed, D, **wide)
    assert one - one[0] == pytest.approx(other - other[0], abs=OF_RULES)


@FEW
@given(counts(), st.permutations([0, 1, 2]))
def test_order_of_studies_and_names_of_treatments_do_not_matter(network: Network, order: list[int]) -> None:
    names = {t: f"new {t}" for t in NAMES}
    studies = [
        Study(s.id, tuple(replace(arm, treatment=names[arm.treatment]) for arm in s.arms))
        for s in reversed(network.studies)
    ]
    listed = [names["A"], *[names[NAMES[k]] for k in order if k]]
    other = build_network(studies, reference=listed[0], treatments=[Treatment(id=n, label=n) for n in listed])
    column = [listed[1:].index(names[t]) for t in NAMES[1:]]
    placed = np.zeros((len(D), 2))
    placed[:, column] = D
    one, two = by_study(network, D), by_study(other, placed.tolist())
    # with arm 0 another one of B and C, the wide prior of the baseline stands at another arm
    assert one == pytest.approx(two[:, ::-1], abs=OF_RULES + 3e-3)


@FEW
@given(counts())
def test_another_reference_leaves_contrasts_alone(network: Network) -> None:
    """Under a baseline prior that is all but flat: it sits at another arm."""
    wide = {"baseline_prior": "normal(0, 1000)"}
    turned = network.with_reference("B")
    # d of A and C versus B
    one, other = by_study(network, D, **wide), by_study(turned, [(-b, c - b) for b, c in D], **wide)
    assert one == pytest.approx(other, abs=OF_RULES)


@FEW
@given(counts())
def test_two_ordered_categories_are_a_binomial_probit(network: Network) -> None:
    ordered = changed(
        network, lambda _, arm: Arm(treatment=arm.treatment, categories=(arm.total - arm.events, arm.events))
    )
    # the same densities by other formulas, and grids of slightly other scales
    assert by_study(network, D, "PROBIT") == pytest.approx(by_study(ordered, D, "PROBIT"), abs=OF_RULES)


def three_categories(seed: int, studies: int = 1, people: int = 40) -> Network:
    rng = np.random.default_rng(seed)
    made = [
        Study(f"s{i}", tuple(Arm(treatment=t, categories=tuple(map(float, rng.multinomial(people, [0.4, 0.35, 0.25]))))
                             for t in "AB"))
        for i in range(studies)
    ]  # fmt: skip
    return build_network(made, reference="A")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_study_has_its_own_cut_point_either_way(seed: int) -> None:
    """With one study a shared cut-point and one of its own are the same: sampled here, integrated out there."""
    network = three_categories(seed)
    spec = ph.ModelSpec(measure="PROBIT", effect_prior="normal(0, 3)", baseline_prior="normal(0, 30)")
    arms, priors = arm_network(network, spec), resolve_priors(network, spec, baselines=True)
    shared, free = SharedCutBuilder(arms, priors), FreeCutBuilder(arms, priors)
    over = shared.target(TAU, shared.rough(TAU))
    own = free.target(TAU, free.rough(TAU))
    log_increments = np.linspace(-3.0, 1.2, 421)
    near = np.abs(log_increments - shared.extra[0]) < 4.4 * np.abs(shared.grid.axes[0, 0])
    at = log_increments[near]
    step = at[1] - at[0]
    gaps = []
    for node in range(len(TAU)):
        for effect in (-0.8, -0.4, 0.3, 0.9):
            joint = np.column_stack([np.full(len(at), effect), at])
            values = over.log_density(np.full(len(at), node), joint)
            known = own.log_density(np.array([node]), np.array([[effect]]))[0]
            gaps.append(np.log(np.exp(values - values.max()).sum() * step) + values.max() - known)
    # five points along a skewed increment leave a constant of a hundredth; differences between effects, which count,
    # are good to a few thousandths
    assert np.array(gaps) == pytest.approx(0, abs=2e-2)
    assert np.ptp(gaps) < 5e-3


def answers(fit: ph.Posterior) -> Floats:
    found = [fit.effect(t, "A") for t in ("B", "C")]
    return np.array([[float(e.mean), float(e.quantile(0.025)), float(e.quantile(0.975))] for e in found])


FITTED = networked(
    [[("A", 5, 50), ("B", 9, 55)], [("A", 8, 80), ("B", 22, 75), ("C", 9, 70)], [("B", 6, 40), ("C", 3, 42)]]
)
SPEC = ph.ModelSpec(measure="OR", tau_prior="half-normal(1)", effect_prior="normal(0, 10)")


def test_whole_fits_keep_the_laws() -> None:
    """Another seed, order and coding of the event: answers within the errors of their draws."""
    fit = ph.fit(FITTED, SPEC)
    sd = np.array([[float(fit.effect(t, "A").sd)] for t in ("B", "C")])
    ess = fit.engine.ess
    assert ess is not None
    # the error of a 2.5% quantile of a normal is 2.7 times that of the mean; two fits; beyond 4.5: never
    error = 4.5 * sd * np.array([1.0, 2.7, 2.7]) * np.sqrt(2 / ess)
    one = answers(fit)
    assert np.array_equal(one, answers(ph.fit(FITTED, SPEC)))
    seeded = answers(ph.fit(FITTED, replace(SPEC, seed=2)))
    assert not np.array_equal(one, seeded)
    assert np.all(np.abs(one - seeded) < error)
    turned = ph.fit(changed(FITTED, lambda _, arm: replace(arm, events=arm.total - arm.events)), SPEC)
    assert np.all(np.abs(one + answers(turned)[:, [0, 2, 1]]) < error)
    rereferenced = ph.fit(FITTED.with_reference("C"), replace(SPEC, effect_prior="normal(0, 100)"))
    wide = answers(ph.fit(FITTED, replace(SPEC, effect_prior="normal(0, 100)")))
    assert np.all(np.abs(wide - answers(rereferenced)) < error)
    assert fit.tau is not None
    assert turned.tau is not None
    assert fit.tau.mean == pytest.approx(turned.tau.mean, abs=4.5 * fit.tau.sd * np.sqrt(2 / ess))
