"""Answers of a fit: their errors, their frames, and how they show themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import trapezoid
from tests.reference.peers import network_file

import physiohub as ph
from physiohub.analysis.fit_statistics import fit_statistics
from physiohub.analysis.heterogeneity import heterogeneity
from physiohub.analysis.sensitivity import Alternative, model_alternatives, refit
from physiohub.inference.frequentist import fit_frequentist
from physiohub.network.geometry import geometry

SPEC = ph.ModelSpec(measure="MD", tau_prior="half-normal(1)", level=0.9)


@pytest.fixture(scope="module")
def fit() -> ph.Posterior:
    return ph.fit(ph.read_table(network_file("parkinson_arms"), reference="Placebo"), SPEC)


def test_every_ordered_pair_and_one_column(fit: ph.Posterior) -> None:
    frame = ph.relative_effects(fit).to_frame()
    assert len(frame) == 20
    assert frame["p_better"].isna().all()
    one = ph.relative_effects(fit, versus="Placebo", better="lower", mid=0.5).to_frame()
    assert list(one["treatment"]) == list(fit.treatments[1:])
    assert set(one["versus"]) == {"Placebo"}
    exact = fit.effect("Pramipexole", "Placebo")
    row = one.set_index("treatment").loc["Pramipexole"]
    assert row["low"] == pytest.approx(float(exact.quantile(0.05)), abs=1e-12)
    assert row["q2_5"] == pytest.approx(float(exact.quantile(0.025)), abs=1e-12)
    assert row["p_better"] == pytest.approx(float(exact.cdf(0.0)), abs=1e-14)
    assert row["p_beyond_mid"] == pytest.approx(float(exact.cdf(-0.5)), abs=1e-14)


@pytest.mark.parametrize("wrong", [{"mid": 0.5}, {"mid": -1, "better": "lower"}, {"better": "less"}])
def test_a_direction_is_never_taken_for_granted(fit: ph.Posterior, wrong: dict[str, object]) -> None:
    with pytest.raises(ph.UsageError):
        ph.relative_effects(fit, **wrong)  # type: ignore[arg-type]


def test_an_unknown_treatment_lists_those_there_are(fit: ph.Posterior) -> None:
    with pytest.raises(ph.DataError, match=r"Choose one of: .*Ropinirole"):
        ph.relative_effects(fit, versus="Levodopa")


def test_poth_of_a_certain_order_is_one() -> None:
    table = pd.DataFrame({"study": ["1", "2"], "treat1": ["B", "C"], "treat2": ["A", "B"], "TE": [5.0, 5.0],
                          "seTE": [0.01, 0.01]})  # fmt: skip
    fit = ph.fit(ph.read_contrasts(table, reference="A"), ph.ModelSpec(measure="SMD", effects="common"))
    ranking = ph.rank(fit, better="higher")
    assert ranking.poth == pytest.approx(1, abs=1e-12)
    assert [row.mean_rank for row in ranking.rows] == pytest.approx([3, 2, 1], abs=1e-12)
    assert [row.p_best for row in ranking.rows] == [0, 0, 1]
    assert {(row.rank_low, row.rank_high) for row in ranking.rows} == {(3, 3), (2, 2), (1, 1)}


def test_densities_of_tau_integrate_to_their_mass(fit: ph.Posterior) -> None:
    found = heterogeneity(fit)
    assert fit.tau is not None
    inside = fit.tau.cdf(found.grid[-1]) - fit.tau.cdf(found.grid[0])
    assert trapezoid(found.posterior_density, found.grid) == pytest.approx(inside, abs=1e-3)
    prior = np.exp(-0.5 * found.grid**2) * np.sqrt(2 / np.pi)
    assert found.prior_density == pytest.approx(prior, abs=1e-12)
    assert found.warning is None


def test_the_profile_is_the_fit_at_fixed_tau(fit: ph.Posterior) -> None:
    profile = heterogeneity(fit).profile
    assert profile is not None
    k = len(profile.tau) // 2
    fixed = ph.fit(fit.network, replace(SPEC, tau_prior=f"fixed({float(profile.tau[k])!r})", effect_prior=fit.priors.d))
    for j, treatment in enumerate(profile.treatments):
        effect = fixed.effect(treatment, "Placebo")
        assert float(profile.means[k, j]) == pytest.approx(float(effect.mean), abs=1e-12)
        assert float(profile.sds[k, j]) == pytest.approx(float(effect.sd), abs=1e-12)


def test_a_prior_that_holds_tau_down_warns(fit: ph.Posterior) -> None:
    senn = ph.read_table(network_file("senn2013"), reference="plac")
    tight = ph.fit(senn, ph.ModelSpec(measure="MD", tau_prior="half-normal(0.1)"))
    assert "holds tau down" in str(heterogeneity(tight).warning)


def test_known_tau_has_no_density(fit: ph.Posterior) -> None:
    for spec in (replace(SPEC, tau_prior="fixed(0.2)"), replace(SPEC, effects="common", tau_prior=None)):
        found = heterogeneity(ph.fit(fit.network, spec))
        assert found.grid.size == 0
        assert found.profile is None
        assert found.warning is None


def test_no_degrees_of_freedom_no_i_squared() -> None:
    table = pd.DataFrame({"study": ["1"], "treat1": ["B"], "treat2": ["A"], "TE": [5.0], "seTE": [1.0]})
    fit = ph.fit(ph.read_contrasts(table, reference="A"), ph.ModelSpec(measure="SMD"))
    found = heterogeneity(fit)
    assert found.i_squared is None
    assert found.q is not None
    assert (found.q.df, found.q.p) == (0, None)


def test_smd_shows_four_priors_of_tau_side_by_side(fit: ph.Posterior) -> None:
    spec = ph.ModelSpec(measure="SMD")
    shown = [a for a in model_alternatives(fit.network, spec) if a.kind == "tau prior"]
    texts = [str(a.spec.tau_prior) for a in shown if a.spec is not None]
    assert texts == ["half-normal(0.5)", "half-normal(1)", "log-t(-3.02, 2.27, 5)", "uniform(0, 5)"]
    for alternative in shown:
        found = refit(alternative, better="lower")
        assert found.posterior is not None
        assert found.posterior.verdict.ok


def test_an_alternative_without_an_answer_keeps_its_reason(fit: ph.Posterior) -> None:
    impossible = Alternative("x", "odds ratios", "review", fit.network, ph.ModelSpec(measure="HR"))
    found = refit(impossible, better="lower")
    assert found.posterior is None
    assert "The arm has no events" in str(found.reason)


def counts(*events: tuple[int, int]) -> ph.Network:
    """Trials of B versus A with 40 people an arm."""
    table = pd.DataFrame([{"study": str(k), "treatment": t, "events": r, "total": 40} for k, pair in enumerate(events)
                          for t, r in zip("AB", pair, strict=True)])  # fmt: skip
    return ph.read_arms(table, reference="A")


def test_the_profile_of_draws_is_the_fit_at_fixed_tau() -> None:
    drawn = ph.fit(counts((12, 5), (9, 6), (14, 3), (8, 9)), ph.ModelSpec(measure="OR"))
    profile = heterogeneity(drawn).profile
    assert profile is not None
    k = int(np.argmax(profile.density))
    fixed = ph.fit(drawn.network, ph.ModelSpec(measure="OR", tau_prior=f"fixed({float(profile.tau[k])!r})"))
    effect = fixed.effect("B", "A")
    # some thousand stratified draws at the node: mean and SD to a few hundredths of the SD
    assert float(profile.means[k, 0]) == pytest.approx(float(effect.mean), abs=0.05 * float(effect.sd))
    assert float(profile.sds[k, 0]) == pytest.approx(float(effect.sd), rel=0.08)


def test_q_of_counts_is_that_of_their_contrasts() -> None:
    network = counts((12, 5), (9, 6), (14, 3), (0, 4))
    by_arm = heterogeneity(ph.fit(network, ph.ModelSpec(measure="OR")))
    contrasts = heterogeneity(ph.fit(network, ph.ModelSpec(measure="OR", likelihood="contrast")))
    assert by_arm.q == contrasts.q
    assert by_arm.typical_within_sd == contrasts.typical_within_sd


def test_counts_are_answered_through_contrasts_beside_their_likelihood() -> None:
    spec = ph.ModelSpec(measure="OR", baseline_prior="normal(0, 2)")
    shown = {a.id: a for a in model_alternatives(counts((12, 5), (0, 6)), spec)}
    assert [a.kind for a in shown.values()] == ["tau prior"] * 3 + ["effects", "likelihood", "baseline prior"]
    assert (
        shown["contrasts"].label
        == "normal contrasts instead of counts, 0.5 added to cells of studies with an empty one"
    )
    assert shown["contrasts"].spec == replace(spec, likelihood="contrast", baseline_prior=None)
    assert shown["baselines"].spec == replace(spec, baseline_prior=None)
    assert "contrasts" not in {a.id for a in model_alternatives(counts((12, 5)), replace(spec, likelihood="contrast"))}


def test_league_table_reads_row_versus_column(fit: ph.Posterior) -> None:
    league = ph.league_table(fit)
    values, names = league.to_frame().to_numpy(dtype=float), list(league.to_frame().index)
    a, b = names.index("Pramipexole"), names.index("Placebo")
    assert values[a, b] == pytest.approx(float(fit.effect("Pramipexole", "Placebo").quantile(0.5)))
    assert values[b, a] == -values[a, b]
    text = league.to_html()
    assert "row treatment versus the column treatment" in text
    assert text.count("<th scope") == 10


def test_notebook_display_escapes_labels(fit: ph.Posterior) -> None:
    table = pd.DataFrame({"study": ["1"], "treat1": ["<b>B</b>"], "treat2": ["A"], "TE": [5.0], "seTE": [1.0]})
    network = ph.read_contrasts(table, reference="A")
    spec = ph.ModelSpec(measure="SMD")
    hostile = ph.fit(network, spec)
    shown: list[Any] = [
        network,
        hostile,
        geometry(network),
        ph.relative_effects(hostile),
        ph.rank(hostile, better="lower"),
        ph.league_table(hostile),
        fit_statistics(hostile),
        heterogeneity(hostile),
        fit_frequentist(network, spec),
    ]
    for thing in shown:
        text = thing._repr_html_()
        assert "<table" in text
        assert "<b>" not in text
        assert "Posterior" in repr(hostile)
