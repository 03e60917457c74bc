"""Normal data have two engines: draws of the collapsed one against the exact posterior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import nct
from tests.reference.peers import network_file

import physiohub as ph
from physiohub.inference.collapsed.standardised import StandardisedTerm
from physiohub.model.standardised import standardised_network
from physiohub.network.network import Network, build_network
from physiohub.network.study import Arm, Study

# some 250 comparisons: were both right and errors normal, one beyond this in 600 sets; seeds are fixed
FAR = 4.5
# of the log evidence: the rule over tau has 17 nodes; draws add far less
EVIDENCE = 1e-3
# of a probability of tau, whose marginal has no Monte Carlo error in the exact engine and 17 nodes in the other
OF_TAU = 2e-3

ARMS = ph.ModelSpec(measure="MD", tau_prior="half-normal(1)", effect_prior="normal(0, 10)")
CASES = {
    "flat baselines": ("parkinson_arms", "Placebo", ARMS),
    "normal baselines": ("parkinson_arms", "Placebo", replace(ARMS, baseline_prior="normal(0, 2)")),
    "common effect": ("parkinson_arms", "Placebo", replace(ARMS, effects="common", tau_prior=None)),
    "known tau": ("parkinson_arms", "Placebo", replace(ARMS, tau_prior="fixed(0.3)")),
    "wide tau": ("parkinson_arms", "Placebo", replace(ARMS, tau_prior="uniform(0, 5)")),
    "contrasts": ("parkinson_differences", "Placebo", ARMS),
    "arms and contrasts": ("parkinson_mixed", "Placebo", ARMS),
    "ten treatments": ("senn2013", "plac", replace(ARMS, tau_prior="half-normal(0.5)", effect_prior="flat")),
}


def distances(drawn: ph.Posterior, exact: ph.Posterior) -> dict[str, float]:
    """Differences of effects and tau in Monte Carlo standard errors of the draws."""
    ess = drawn.engine.ess
    assert ess is not None
    found: dict[str, float] = {}
    for treatment in exact.treatments[1:]:
        ours, known = drawn.effect(treatment, exact.network.reference), exact.effect(treatment, exact.network.reference)
        sd = float(known.sd)
        found[f"mean {treatment}"] = float(ours.mean - known.mean) / (sd / np.sqrt(ess))
        found[f"sd {treatment}"] = float(ours.sd - sd) / (sd * np.sqrt((float(known.kurtosis) - 1) / (4 * ess)))
        for q in (0.025, 0.5, 0.975):
            missed = float(known.cdf(float(ours.quantile(q)))) - q
            found[f"{q} {treatment}"] = missed / np.sqrt(q * (1 - q) / ess)
    return found


@pytest.mark.parametrize("name", sorted(CASES))
def test_effects_tau_and_evidence(name: str) -> None:
    file, reference, spec = CASES[name]
    network = ph.read_table(network_file(file), reference=reference)
    exact, drawn = ph.fit(network, spec), ph.fit(network, replace(spec, engine="collapsed"))
    assert (exact.engine.name, drawn.engine.name) == ("exact", "collapsed")
    assert drawn.verdict.ok, drawn.verdict.reasons
    far = {k: round(z, 1) for k, z in distances(drawn, exact).items() if abs(z) > FAR}
    assert not far
    assert drawn.log_evidence is not None
    assert drawn.log_evidence == pytest.approx(exact.log_evidence, abs=EVIDENCE)
    if exact.tau is None:
        assert drawn.tau is None
        return
    assert drawn.tau is not None
    assert drawn.tau.mean == pytest.approx(exact.tau.mean, rel=2e-3)
    if not exact.tau.known:
        for q in (0.025, 0.5, 0.975):
            assert exact.tau.cdf(drawn.tau.quantile(q)) == pytest.approx(q, abs=OF_TAU)


@pytest.mark.slow
def test_t_priors_of_nine_effects() -> None:
    """The exact engine mixes over the precisions of the t priors; the collapsed one evaluates their densities."""
    network = ph.read_table(network_file("senn2013"), reference="plac")
    spec = ph.ModelSpec(measure="MD", tau_prior="half-normal(0.5)", effect_prior="t(0, 2.5, 7)")
    exact, drawn = ph.fit(network, spec), ph.fit(network, replace(spec, engine="collapsed"))
    assert drawn.verdict.ok
    far = {k: round(z, 1) for k, z in distances(drawn, exact).items() if abs(z) > FAR}
    assert not far
    assert drawn.log_evidence is not None
    # the exact engine's own rule over nine precisions is good to a thousandth of an SD only
    assert drawn.log_evidence == pytest.approx(exact.log_evidence, abs=5e-3)


def test_a_t_prior_of_baselines_that_says_nothing_is_a_flat_one() -> None:
    network = ph.read_table(network_file("parkinson_arms"), reference="Placebo")
    drawn = ph.fit(network, replace(ARMS, baseline_prior="t(0, 1000, 4)"))
    assert drawn.engine.name == "collapsed"
    exact = ph.fit(network, ARMS)
    assert not {k: z for k, z in distances(drawn, exact).items() if abs(z) > FAR}


def smd_study(means: list[float], sds: list[float], n: list[int]) -> Network:
    arms = tuple(Arm(treatment=t, mean=m, sd=s, n=float(k)) for t, m, s, k in zip("ABC", means, sds, n, strict=False))
    return build_network([Study("one", arms)], reference="A")


def smd_term(network: Network, tau: list[float]) -> StandardisedTerm:
    arms = standardised_network(network, ph.ModelSpec(measure="SMD", likelihood="arm"))
    return StandardisedTerm.of(arms, 0, np.array(tau))


def test_two_arms_with_an_unknown_sd_are_a_noncentral_t() -> None:
    term = smd_term(smd_study([0.0, 1.3], [1.5, 1.7], [10, 13]), [0.0])
    pooled = np.sqrt((9 * 1.5**2 + 12 * 1.7**2) / 21)
    share = np.sqrt(1 / 10 + 1 / 13)
    effects = np.linspace(-3, 4, 15)
    ours = term.value(np.zeros(15, dtype=np.intp), effects[:, None, None])[:, 0]
    known = nct.logpdf(1.3 / (pooled * share), 21, effects / share)
    # scipy's noncentral t is good to some nine digits; a constant does not count
    assert ours - ours[7] == pytest.approx(known - known[7], abs=1e-7)


def test_posterior_mean_of_a_small_trial_is_not_hedges_g() -> None:
    """10 + 10 people and d = 0.8 under a flat prior: 0.811, where g is 0.766."""
    network = smd_study([0.0, 0.8], [1.0, 1.0], [10, 10])
    share = np.sqrt(0.2)

    def weigh(e: float, power: int) -> float:
        return float(e**power * nct.pdf(0.8 / share, 18, e / share))

    mean = quad(weigh, -4, 6, args=(1,))[0] / quad(weigh, -4, 6, args=(0,))[0]
    assert mean == pytest.approx(0.811, abs=5e-4)  # as printed, to three figures
    spec = ph.ModelSpec(measure="SMD", likelihood="arm", effects="common", effect_prior="flat")
    fit = ph.fit(network, spec)
    effect = fit.effect("B", "A")
    assert fit.engine.ess is not None
    assert float(effect.mean) == pytest.approx(mean, abs=4.5 * float(effect.sd) / np.sqrt(fit.engine.ess))


@pytest.mark.parametrize("tau", [0.0, 0.4])
def test_three_arms_with_an_unknown_sd_by_brute_force(tau: float) -> None:
    """Integral over s, the location and delta on the raw scale: p(s) ~ 1/s, location flat."""
    means, sds, n = [2.0, 3.1, 1.6], [1.5, 1.7, 1.2], [12, 9, 14]
    df = sum(n) - 3
    pooled2 = sum((k - 1) * s**2 for k, s in zip(n, sds, strict=True)) / df
    s = np.exp(np.linspace(np.log(0.5), np.log(5), 161))[:, None, None, None]
    z, weight = np.polynomial.hermite_e.hermegauss(20)
    log_weight = np.log(weight / weight.sum())
    # correlated deltas versus arm 0 by their Cholesky factor
    delta1 = tau * z[None, None, :, None]
    delta2 = tau * (0.5 * z[None, None, :, None] + np.sqrt(0.75) * z[None, None, None, :])
    location = np.linspace(-3, 7, 101)[None, :, None, None]

    def log_likelihood(e1: float, e2: float) -> float:
        value = -(df + 1) * np.log(s) - df * pooled2 / (2 * s**2)
        for mean, count, delta in zip(means, n, (0.0, e1 + delta1, e2 + delta2), strict=True):
            value = value - np.log(s) - count * (mean - location - s * delta) ** 2 / (2 * s**2)
        # d log s brings the factor s
        value = value + np.log(s) + log_weight[None, None, :, None] + log_weight[None, None, None, :]
        return float(np.log(np.exp(value - value.max()).sum()) + value.max())

    term = smd_term(smd_study(means, sds, n), [tau])
    effects = np.array([[0.0, 0.0], [0.7, -0.3], [1.2, 0.4], [-0.5, -1.0]])
    ours = term.value(np.zeros(4, dtype=np.intp), effects[:, None])[:, 0]
    brute = np.array([log_likelihood(*e) for e in effects])
    # both are trapezoidal rules on bells
    assert ours - ours[0] == pytest.approx(brute - brute[0], abs=1e-6)


def test_the_units_of_a_trial_do_not_count() -> None:
    one, other = smd_study([2.0, 3.1], [1.5, 1.7], [12, 9]), smd_study([20.0, 31.0], [15.0, 17.0], [12, 9])
    effects, node = np.linspace(-1, 2, 7)[:, None, None], np.zeros(7, dtype=np.intp)
    a, b = smd_term(one, [0.3]).value(node, effects)[:, 0], smd_term(other, [0.3]).value(node, effects)[:, 0]
    assert a - a[0] == pytest.approx(b - b[0], abs=1e-12)
