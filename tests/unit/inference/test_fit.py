from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import norm
from tests.reference.peers import network_file

import physiohub as ph
from physiohub.inference.exact_posterior import ExactPosterior

SPEC = ph.ModelSpec(measure="MD", tau_prior="half-normal(1)")


@pytest.fixture(scope="module")
def parkinson() -> ph.Network:
    return ph.read_table(network_file("parkinson_arms"), reference="Placebo")


@pytest.fixture(scope="module")
def fit(parkinson: ph.Network) -> ExactPosterior:
    return exactly(parkinson, SPEC)


def exactly(network: ph.Network, spec: ph.ModelSpec) -> ExactPosterior:
    found = ph.fit(network, spec)
    assert isinstance(found, ExactPosterior)
    return found


def test_a_fit_is_frozen_and_knows_its_question(fit: ph.Posterior) -> None:
    assert fit.spec is SPEC
    assert fit.verdict == ph.Verdict(ok=True)
    assert fit.engine.name == "exact"
    assert 0 < fit.engine.numerical_error < 1e-10
    with pytest.raises(FrozenInstanceError):
        fit.spec = SPEC  # type: ignore[misc]


def test_the_same_question_has_the_same_answer(parkinson: ph.Network, fit: ExactPosterior) -> None:
    again = exactly(parkinson, SPEC)
    assert np.array_equal(again.means, fit.means)
    assert np.array_equal(again.weights, fit.weights)
    assert ph.rank(again, better="lower") == ph.rank(fit, better="lower")


def test_the_seed_moves_draws_only(parkinson: ph.Network, fit: ph.Posterior) -> None:
    other = ph.fit(parkinson, replace(SPEC, seed=2))
    one, two = ph.rank(fit, better="lower").rows, ph.rank(other, better="lower").rows
    assert [r.sucra for r in one] == [r.sucra for r in two]
    assert one != two
    for a, b in zip(one, two, strict=True):
        assert np.subtract(a.rank_probabilities, b.rank_probabilities) == pytest.approx(0, abs=8 * a.rank_error)


def test_a_stated_error_is_real(parkinson: ph.Network) -> None:
    """A t prior is integrated by a quasi-Monte Carlo rule: its stated error covers the distance to a far finer rule."""
    from physiohub.inference import exact

    spec = replace(SPEC, effect_prior="t(0, 1, 3)", tau_prior="fixed(0.3)")
    ours = exactly(parkinson, spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "_VECTOR_TOLERANCE", 1e-7)
        patch.setattr(exact, "_MAX_VECTORS", 2**17)
        fine = exactly(parkinson, spec)
    assert len(fine.weights) > 8 * len(ours.weights)
    for treatment in ours.treatments[1:]:
        a, b = ours.effect(treatment, "Placebo"), fine.effect(treatment, "Placebo")
        assert abs(float(a.mean) - float(b.mean)) < 2 * ours.engine.numerical_error * float(b.sd)


def test_arviz_reads_the_tree(fit: ph.Posterior) -> None:
    import arviz_stats

    tree = fit.to_datatree(draws=4000)
    summary = arviz_stats.summary(  # type: ignore[attr-defined,no-untyped-call]
        tree, var_names=["d", "tau"], kind="stats", round_to=None
    )
    exact = fit.effect("Pramipexole", "Placebo")
    row = summary.loc["d[Pramipexole]"]
    assert float(row["mean"]) == pytest.approx(float(exact.mean), abs=5 * float(exact.sd) / np.sqrt(4000))
    assert fit.tau is not None
    assert float(summary.loc["tau", "mean"]) == pytest.approx(fit.tau.mean, abs=5 * fit.tau.sd / np.sqrt(4000))
    assert tree["posterior"].attrs["reference"] == "Placebo"
    assert set(tree["observed_data"]["study"].to_numpy()) == {"1", "2", "3", "4", "5", "6", "7"}


def test_common_effect_has_no_tau(parkinson: ph.Network) -> None:
    fit = ph.fit(parkinson, ph.ModelSpec(measure="MD", effects="common"))
    assert fit.tau is None
    assert "tau" not in fit.to_datatree(draws=10)["posterior"]


def test_default_priors_of_a_mean_difference_take_their_scale_from_the_data(parkinson: ph.Network) -> None:
    fit = ph.fit(parkinson, ph.ModelSpec(measure="MD"))
    assert fit.priors.defaulted == ("d", "mu", "tau")
    assert "scale from the data" in fit.priors.scale_source
    # the median of the seven pooled SDs, halved
    assert str(fit.priors.tau) == "half-normal(1.5)"
    usual = ph.fit(parkinson, ph.ModelSpec(measure="MD", usual_sd=22.5))
    assert str(usual.priors.tau) == "half-normal(11.25)"
    assert str(usual.priors.d) == "normal(0, 1125)"


def test_contrasts_of_means_alone_ask_for_a_prior() -> None:
    network = ph.read_table(network_file("senn2013"), reference="plac")
    with pytest.raises(ph.ModelError, match="State one"):
        ph.fit(network, ph.ModelSpec(measure="MD"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"baseline_prior": "uniform-probability(0, 1)"}, "flat or normal baseline priors"),
        ({"measure": "ROM", "likelihood": "arm"}, "no likelihood of single arms"),
        ({"tau_prior": "flat"}, "does not fit"),
    ],
)
def test_a_question_without_an_answer_says_so(parkinson: ph.Network, changes: dict[str, str], says: str) -> None:
    with pytest.raises(ph.ModelError, match=says):
        ph.fit(parkinson, replace(SPEC, **changes))  # type: ignore[arg-type]


def test_means_are_no_counts(parkinson: ph.Network) -> None:
    with pytest.raises(ph.DataError, match="The arm has no events") as error:
        ph.fit(parkinson, replace(SPEC, measure="HR"))
    assert len(error.value.issues) == 15


@pytest.mark.parametrize(
    "wrong", [{"measure": "MDD"}, {"effects": "fixed"}, {"level": 0.4}, {"engine": "stan"}, {"usual_sd": -1}]
)
def test_a_spec_takes_known_words_only(wrong: dict[str, object]) -> None:
    with pytest.raises(ph.UsageError):
        ph.ModelSpec(**{"measure": "MD", **wrong})  # type: ignore[arg-type]


def test_smd_of_arms_is_the_smd_of_its_contrasts(parkinson: ph.Network) -> None:
    """Trial-level g with its covariance, handed back as ready-made contrasts, is the same fit."""
    from physiohub.measures.continuous import standardised_mean_differences
    from physiohub.network.network import build_network
    from physiohub.network.study import Contrasts, Study

    studies = []
    for s in parkinson.studies:
        mean, sd, n = (np.array([getattr(a, name) for a in s.arms], dtype=float) for name in ("mean", "sd", "n"))
        studies.append(Study(s.id, s.arms, Contrasts(*standardised_mean_differences(mean, n, sd=sd))))
    ready = build_network(studies, reference="Placebo", treatments=parkinson.treatments)
    spec = ph.ModelSpec(measure="SMD")
    one, two = exactly(parkinson, spec), exactly(ready, spec)
    assert one.means == pytest.approx(two.means, abs=1e-13)
    assert str(one.priors.tau) == "half-normal(0.5)"


def test_every_study_that_lacks_an_sd_is_named() -> None:
    table = pd.DataFrame(
        {
            "study": ["a", "a", "b", "b"],
            "treatment": ["x", "y", "x", "y"],
            "mean": [1.0, 2.0, 1.0, 2.0],
            "se": [0.2, 0.2, 0.3, 0.3],
            "value_type": ["adjusted"] * 4,
        }
    )
    network = ph.read_arms(table, reference="x")
    with pytest.raises(ph.DataError) as error:
        ph.fit(network, ph.ModelSpec(measure="SMD"))
    assert {issue.study for issue in error.value.issues} == {"a", "b"}


def test_a_network_without_spare_evidence_has_the_prior_of_tau() -> None:
    """One study per comparison: under a flat prior the data say nothing of tau."""
    table = pd.DataFrame({"study": ["a"], "treat1": ["x"], "treat2": ["y"], "TE": [1.0], "seTE": [0.3]})
    network = ph.read_contrasts(table, reference="y")
    spec = ph.ModelSpec(measure="MD", tau_prior="half-normal(0.5)", effect_prior="flat")
    tau = ph.fit(network, spec).tau
    assert tau is not None
    assert tau.quantile(0.8) == pytest.approx(0.6407757, abs=1e-6)


def test_a_tail_too_heavy_for_a_mean_says_so_and_keeps_its_quantiles() -> None:
    """One study, flat effects: tau keeps its half-Cauchy prior, without a mean; d given tau is N(1, 0.3^2 + tau^2)."""
    table = pd.DataFrame({"study": ["a"], "treat1": ["x"], "treat2": ["y"], "TE": [1.0], "seTE": [0.3]})
    network = ph.read_contrasts(table, reference="y")
    fit = ph.fit(network, ph.ModelSpec(measure="SMD", tau_prior="half-cauchy(1)", effect_prior="flat"))
    tau = fit.tau
    assert tau is not None
    assert not tau.has_moment(1)
    for p in (0.025, 0.5, 0.975):
        assert tau.quantile(p) == pytest.approx(np.tan(np.pi * p / 2), rel=1e-9)
    effect = ph.relative_effects(fit).get("x", "y")
    assert (effect.mean, effect.sd) == (None, None)

    def cdf_given(theta: float) -> float:
        # tau = tan(theta), theta uniform on (0, pi/2)
        return float(norm.cdf(effect.q2_5, 1.0, np.hypot(0.3, np.tan(theta)))) * 2 / np.pi

    assert quad(cdf_given, 0, np.pi / 2, epsabs=1e-12)[0] == pytest.approx(0.025, abs=1e-9)
    assert ph.rank(fit, better="lower").rows[0].p_score is None
    proper = ph.fit(network, ph.ModelSpec(measure="SMD", tau_prior="half-cauchy(1)"))
    assert ph.relative_effects(proper).get("x", "y").sd is not None


@pytest.mark.slow
def test_t_priors_of_nine_effects_give_a_usable_fit() -> None:
    senn = ph.read_table(network_file("senn2013"), reference="plac")
    spec = ph.ModelSpec(measure="MD", tau_prior="half-normal(0.5)", effect_prior="t(0, 2.5, 7)")
    fit = ph.fit(senn, spec)
    assert fit.verdict.ok
    wide = ph.fit(senn, replace(spec, effect_prior="t(0, 250, 7)"))
    flat = ph.fit(senn, replace(spec, effect_prior="flat"))
    for treatment in fit.treatments[1:]:
        # a t prior this wide says nothing: another route to the same effects
        a, b = wide.effect(treatment, "plac"), flat.effect(treatment, "plac")
        assert float(a.mean) == pytest.approx(float(b.mean), abs=5e-3 * float(b.sd))
        assert float(a.sd) == pytest.approx(float(b.sd), rel=5e-3)
