"""Draws of the collapsed engine: seeds, weights that say when they are bad, and what cannot be answered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.agreement.collapsed_studies import network_of

import physiohub as ph
from physiohub.inference.collapsed import engine
from physiohub.inference.collapsed.engine import CollapsedDraws, collapse
from physiohub.inference.collapsed.proposal import Proposal, propose
from physiohub.model.arm_network import arm_network
from physiohub.model.defaults import resolve_priors

STUDIES = [
    [("A", 5, 50), ("B", 9, 55)],
    [("A", 8, 80), ("B", 22, 75)],
    [("A", 6, 40), ("C", 3, 42)],
    [("A", 4, 30), ("B", 7, 31), ("C", 5, 33)],
]
SPEC: dict[str, Any] = {"measure": "OR", "tau_prior": "half-normal(1)"}


def drawn(studies: Any = STUDIES, *, seed: int = 1, **options: Any) -> CollapsedDraws:
    spec = ph.ModelSpec(**{**SPEC, **options})
    network = network_of(spec.measure, studies)
    arms = arm_network(network, spec)
    return collapse(arms, resolve_priors(network, spec, baselines=True), seed=seed)


def test_the_same_seed_has_the_same_draws_and_another_the_same_answer() -> None:
    one, again, other = drawn(), drawn(), drawn(seed=2)
    for name in ("weights", "tau", "d", "node"):
        assert np.array_equal(getattr(one, name), getattr(again, name))
    assert one.log_evidence == again.log_evidence
    assert not np.array_equal(one.d, other.d)
    error = np.sqrt(2 / min(one.ess, other.ess))
    for k in range(2):
        a, b = one.weights @ one.d[:, k], other.weights @ other.d[:, k]
        sd = np.sqrt(one.weights @ np.square(one.d[:, k] - a))
        assert a == pytest.approx(b, abs=4.5 * sd * error)
    assert one.log_evidence == pytest.approx(other.log_evidence, abs=4.5 * error)


def test_weights_are_weights_and_good() -> None:
    found = drawn()
    assert found.weights.sum() == pytest.approx(1, abs=1e-12)
    assert np.all(found.weights >= 0)
    assert found.ess == pytest.approx(1 / np.square(found.weights).sum())
    assert 0.8 * len(found.weights) < found.ess < len(found.weights)
    assert found.pareto_k < 0.5
    assert found.numerical_error < 1e-3
    assert found.tau_marginal is not None
    # the draws of a node carry the mass that the marginal has there
    by_node = np.bincount(found.node, found.weights, minlength=len(found.nodes.tau))
    assert found.tau_marginal.mass == pytest.approx(by_node, abs=1e-12)
    assert np.array_equal(found.tau, found.nodes.tau[found.node])


def test_a_common_effect_and_a_known_tau_have_one_node() -> None:
    common, known = drawn(effects="common", tau_prior=None), drawn(tau_prior="fixed(0.4)")
    assert common.tau_marginal is None
    assert set(common.tau) == {0.0}
    assert known.tau_marginal is not None
    assert known.tau_marginal.known
    assert set(known.tau) == {0.4}


def narrow(share: float) -> Any:
    """A proposal that is far too narrow: weights with a tail that nothing bounds."""

    def made(*arguments: Any, **options: Any) -> Proposal:
        good = propose(*arguments, **options)
        return Proposal(good.mode, good.axes, share * good.left, share * good.right, good.log_peak)

    return made


@pytest.mark.parametrize("share", [0.25, 0.4])
def test_a_proposal_that_is_too_narrow_is_told(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "propose", narrow(share))
    # weights of a normal drawn with a share s of its SD have a tail of the shape 1 - s^2: 0.94 and 0.84
    found = drawn(effects="common", tau_prior=None)
    assert found.pareto_k > 0.7 or found.ess < 400
    assert found.ess < 0.5 * len(found.weights)


def test_a_proposal_beside_the_mode_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def beside(*arguments: Any, **options: Any) -> Proposal:
        good = propose(*arguments, **options)
        away = good.mode + 5 * good.axes.sum(-1)
        return Proposal(away, good.axes, good.left, good.right, good.log_peak)

    monkeypatch.setattr(engine, "propose", beside)
    found = drawn(effects="common", tau_prior=None)
    assert found.pareto_k > 0.7 or found.ess < 400


def test_a_wrong_table_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the tables wrong by 5% of the log likelihood, the stated error would be larger than a verdict allows."""
    from physiohub.inference.collapsed.terms import PairTerm

    right = PairTerm.value
    monkeypatch.setattr(PairTerm, "value", lambda self, node, effects: 1.05 * right(self, node, effects))
    assert drawn().numerical_error > 0.01


def test_an_effect_without_a_posterior_is_refused() -> None:
    """Nobody has the event under B and its effect has a flat prior: there is no posterior to draw from."""
    nobody = [[("A", 7, 22), ("B", 0, 20)]]
    with pytest.raises(ph.ModelError, match="without a posterior"):
        drawn(nobody, effects="common", tau_prior=None, effect_prior="flat")


@pytest.mark.parametrize("measure", ["OR", "RR", "HR", "PROBIT", "IRR"])
def test_a_study_without_events_moves_an_effect_little_and_raises_nothing(measure: str) -> None:
    """0/50 against 0/50 says next to nothing under wide priors, whatever the link."""
    options: dict[str, Any] = {"measure": measure, "effect_prior": "normal(0, 10)", "tau_prior": "half-normal(0.5)"}
    plain, more = drawn(STUDIES, **options), drawn([*STUDIES, [("A", 0, 50), ("B", 0, 50)]], **options)
    for found in (plain, more):
        assert found.pareto_k < 0.7
        assert found.ess > 3000
        assert found.numerical_error < 0.01
    for k in range(2):
        a, b = (found.weights @ found.d[:, k] for found in (plain, more))
        sd = np.sqrt(plain.weights @ np.square(plain.d[:, k] - a))
        # 0.004 on the log odds scale; the rest is Monte Carlo error of both
        assert a == pytest.approx(b, abs=(0.02 + 4.5 * np.sqrt(2 / 3000)) * sd)
    assert more.log_evidence < plain.log_evidence


@pytest.mark.parametrize("measure", ["OR", "RR", "HR", "PROBIT", "IRR"])
def test_a_treatment_without_events(measure: str) -> None:
    """Its effect has a long tail to one side, under a prior as wide as the default."""
    nobody = [*STUDIES, [("A", 7, 22), ("D", 0, 20)]]
    found = drawn(nobody, measure=measure, effect_prior="normal(0, 100)")
    assert found.pareto_k < 0.7
    assert found.ess > 1000
    assert found.numerical_error < 0.01
    effect = found.d[:, 2]
    assert found.weights @ (effect < 0) > 0.95
    # the tail is that of the prior: half of a normal(0, 100), whose median is 67
    assert found.weights @ (effect < -67) == pytest.approx(0.5, abs=0.1)


def test_two_categories_or_more_do_not_need_every_category_in_every_arm() -> None:
    empty = [[("A", (20, 15, 0)), ("B", (12, 14, 0))]]
    with pytest.raises(ph.ModelError, match="Nobody is in category 3"):
        drawn(empty, measure="PROBIT")
    some = [[("A", (20, 15, 0)), ("B", (12, 14, 0))], [("A", (20, 15, 10)), ("B", (12, 14, 12))]]
    found = drawn(some, measure="PROBIT", baseline_prior="normal(0, 10)")
    assert found.numerical_error < 0.01
    assert found.log_increments.shape[1] == 1
