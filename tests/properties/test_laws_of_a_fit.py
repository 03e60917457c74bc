"""Laws that hold whatever the data: of relabelling, reference, order, scale, and of probabilities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.networks import networks

import physiohub as ph
from physiohub.network.network import Network, build_network
from physiohub.network.study import Contrasts, Study

FLAT = ph.ModelSpec(measure="MD", effect_prior="flat", tau_prior="half-normal(1)")
# flat priors: what is left is rounding
ROUNDING = 1e-10
FEW = settings(max_examples=40)


def summary(fit: ph.Posterior, treatment: str, versus: str) -> np.ndarray:
    effect = fit.effect(treatment, versus)
    return np.array([float(effect.mean), float(effect.sd), float(effect.cdf(0.3)), float(effect.quantile(0.975))])


def same(one: ph.Posterior, other: ph.Posterior, names: dict[str, str] | None = None) -> None:
    names = names or {t: t for t in one.treatments}
    for treatment in one.treatments:
        for versus in one.treatments:
            if treatment != versus:
                a, b = summary(one, treatment, versus), summary(other, names[treatment], names[versus])
                assert a == pytest.approx(b, abs=ROUNDING)


@FEW
@given(networks(), st.data())
def test_another_reference_leaves_contrasts_alone(network: Network, data: st.DataObject) -> None:
    reference = data.draw(st.sampled_from([t.id for t in network.treatments]))
    same(ph.fit(network, FLAT), ph.fit(network.with_reference(reference), FLAT))


@FEW
@given(networks(), st.randoms(use_true_random=False))
def test_order_of_studies_does_not_matter(network: Network, random: object) -> None:
    studies = list(network.studies)
    random.shuffle(studies)  # type: ignore[attr-defined]
    other = build_network(studies, reference=network.reference, treatments=network.treatments)
    same(ph.fit(network, FLAT), ph.fit(other, FLAT))


@FEW
@given(networks())
def test_relabelling_permutes_the_results(network: Network) -> None:
    names = {t.id: f"new {len(network.treatments) - k}" for k, t in enumerate(network.treatments)}
    studies = [
        Study(s.id, tuple(replace(arm, treatment=names[arm.treatment]) for arm in s.arms), s.contrasts)
        for s in network.studies
    ]
    other = build_network(
        studies,
        reference=names[network.reference],
        treatments=[replace(t, id=names[t.id]) for t in network.treatments],
    )
    same(ph.fit(network, FLAT), ph.fit(other, FLAT), names)


@FEW
@given(networks(level="arm"))
def test_arms_with_flat_baselines_are_their_contrasts(network: Network) -> None:
    same(ph.fit(network, FLAT), ph.fit(network, replace(FLAT, likelihood="contrast")))


@FEW
@given(networks(level="arm"), st.floats(-50, 50))
def test_a_constant_on_all_means_changes_nothing(network: Network, shift: float) -> None:
    studies = [Study(s.id, tuple(replace(a, mean=(a.mean or 0.0) + shift) for a in s.arms)) for s in network.studies]
    other = build_network(studies, reference=network.reference, treatments=network.treatments)
    same(ph.fit(network, FLAT), ph.fit(other, FLAT))


@FEW
@given(networks(level="contrast"), st.floats(0.1, 10))
def test_another_unit_scales_effects_and_tau(network: Network, unit: float) -> None:
    studies = [
        Study(s.id, s.arms, Contrasts(s.contrasts.estimate * unit, s.contrasts.covariance * unit**2))
        for s in network.studies
        if s.contrasts is not None
    ]
    other = build_network(studies, reference=network.reference, treatments=network.treatments)
    one = ph.fit(network, FLAT)
    two = ph.fit(other, replace(FLAT, tau_prior=f"half-normal({unit!r})"))
    for treatment in one.treatments[1:]:
        a, b = one.effect(treatment, one.treatments[0]), two.effect(treatment, one.treatments[0])
        assert float(a.mean) * unit == pytest.approx(float(b.mean), abs=ROUNDING * unit)
        assert float(a.sd) * unit == pytest.approx(float(b.sd), abs=ROUNDING * unit)
    assert one.tau is not None
    assert two.tau is not None
    assert one.tau.mean * unit == pytest.approx(two.tau.mean, abs=1e-9 * unit)


@FEW
@given(networks())
def test_effects_add_up_and_turn_their_sign(network: Network) -> None:
    fit = ph.fit(network, replace(FLAT, effect_prior="normal(0, 5)"))
    effects = ph.relative_effects(fit, better="higher", mid=0.2)
    ids = fit.treatments
    for a in ids:
        for b in ids:
            if a == b:
                continue
            one, turned = effects.get(a, b), effects.get(b, a)
            assert one.mean is not None
            assert turned.mean is not None
            assert one.mean == pytest.approx(-turned.mean, abs=1e-13)
            assert (one.low, one.high) == pytest.approx((-turned.high, -turned.low), abs=1e-13)
            assert one.p_better is not None
            assert turned.p_better is not None
            assert one.p_better + turned.p_better == pytest.approx(1, abs=1e-13)
            assert one.predictive_low <= one.low <= one.median <= one.high <= one.predictive_high
            assert one.p_beyond_mid is not None
            assert one.p_beyond_mid <= one.p_better
            for c in ids:
                if c not in (a, b):
                    rest, whole = effects.get(b, c).mean, effects.get(a, c).mean
                    assert rest is not None
                    assert one.mean + rest == pytest.approx(whole, abs=1e-12)


@FEW
@given(networks(), st.sampled_from(["lower", "higher"]))
def test_ranks_are_a_distribution(network: Network, better: str) -> None:
    fit = ph.fit(network, FLAT)
    ranking = ph.rank(fit, better="lower" if better == "lower" else "higher")
    table = np.array([row.rank_probabilities for row in ranking.rows])
    count = len(ranking.rows)
    assert table.sum(0) == pytest.approx(np.ones(count), abs=1e-12)
    assert table.sum(1) == pytest.approx(np.ones(count), abs=1e-12)
    assert np.mean([row.sucra for row in ranking.rows]) == pytest.approx(0.5, abs=1e-12)
    assert np.mean([row.p_score for row in ranking.rows]) == pytest.approx(0.5, abs=1e-12)
    assert 0 <= ranking.poth <= 1 + 1e-12
    # SUCRA of the draws is a sum over ranks of what the exact one integrates
    assert ranking.sucra_gap < 6 * max(row.rank_error for row in ranking.rows) * count + 2e-3
    turned = ph.rank(fit, better="higher" if better == "lower" else "lower")
    for one, other in zip(ranking.rows, turned.rows, strict=True):
        assert one.sucra + other.sucra == pytest.approx(1, abs=1e-12)


@FEW
@given(networks())
def test_small_tau_is_the_common_effect(network: Network) -> None:
    common = ph.fit(network, replace(FLAT, effects="common", tau_prior=None))
    same(common, ph.fit(network, replace(FLAT, tau_prior="fixed(0)")))
    nearly = ph.fit(network, replace(FLAT, tau_prior="uniform(0, 1e-7)"))
    for treatment in common.treatments[1:]:
        a, b = common.effect(treatment, network.reference), nearly.effect(treatment, network.reference)
        assert float(a.mean) == pytest.approx(float(b.mean), abs=1e-8)


@FEW
@given(networks(), st.sampled_from(["half-normal(1)", "uniform(0, 2)", "half-cauchy(0.5)", "log-t(-3, 2, 5)"]))
def test_quantiles_and_probabilities_of_tau_are_inverse(network: Network, prior: str) -> None:
    tau = ph.fit(network, replace(FLAT, tau_prior=prior)).tau
    assert tau is not None
    for p in (0.025, 0.3, 0.8, 0.975):
        assert tau.cdf(tau.quantile(p)) == pytest.approx(p, abs=1e-9)
    assert tau.quantile(0.025) < tau.quantile(0.5) < tau.quantile(0.975)
