"""Re-expression of an SMD: the sources' own numbers, laws, second routes and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

import physiohub as ph
from physiohub import datasets
from physiohub.analysis.mid_units import in_mid_units
from physiohub.analysis.reexpression import LOG_ODDS_PER_SD, reexpress_log_odds, reexpress_points
from physiohub.analysis.responders import reexpress_responders
from physiohub.analysis.stated_sd import StatedSd, scaled, sd_of_instrument, sd_of_network
from physiohub.errors import DataError, ModelError, UsageError
from physiohub.inference.mixture import NormalMixture
from physiohub.inference.sample import WeightedSample
from physiohub.network.network import build_network
from physiohub.network.study import Arm, Contrasts, Study
from physiohub.prepare.instruments import registry


@pytest.fixture(scope="module")
def fit() -> ph.Posterior:
    return ph.fit(datasets.load("stowe2010_smd"), ph.ModelSpec(measure="SMD"))


@pytest.fixture(scope="module")
def drawn() -> ph.Posterior:
    return ph.fit(datasets.load("stowe2010_smd"), ph.ModelSpec(measure="SMD", engine="collapsed"))


def one_trial(smd: float, se: float) -> ph.Posterior:
    """A fit that knows one SMD: common effect, flat prior."""
    contrasts = Contrasts(np.array([smd]), np.array([[se**2]]), "SMD")
    study = Study("1", (Arm(treatment="control"), Arm(treatment="active")), contrasts)
    network = build_network([study], reference="control")
    return ph.fit(network, ph.ModelSpec(measure="SMD", effects="common", effect_prior="flat"))


# -- the sources' own numbers -----------------------------------------------------------------------------------------


def test_chinn() -> None:
    # Chinn 2000, Stat Med 19:3127, abstract: a log odds ratio is turned into an effect size by division by 1.81
    assert pytest.approx(1.81, abs=0.005) == LOG_ODDS_PER_SD
    found = reexpress_log_odds(one_trial(1.0, 0.2), better="higher").get("active", "control")
    assert (found.median, found.sd) == pytest.approx((np.pi / np.sqrt(3), 0.2 * np.pi / np.sqrt(3)), rel=1e-9)


def test_mid_units_of_a_printed_effect() -> None:
    # Lacasse et al. 1996, as quoted in the Cochrane Handbook 5.1, section 17.8.1: dyspnoea by the Chronic Respiratory
    # Questionnaire, rehabilitation versus usual care, 1.0 (95% CI 0.6 to 1.5), minimal important difference 0.5
    se = (1.5 - 0.6) / (2 * ndtri(0.975))
    contrasts = Contrasts(np.array([1.0]), np.array([[se**2]]), "MD")
    study = Study("1", (Arm(treatment="usual care"), Arm(treatment="rehabilitation")), contrasts)
    network = in_mid_units(build_network([study], reference="usual care"), 0.5)
    fit = ph.fit(network, ph.ModelSpec(measure="MD", effects="common", effect_prior="flat"))
    effect = fit.effect("rehabilitation", "usual care")
    assert float(effect.mean) == pytest.approx(2.0)
    # printed limits are not symmetrical: 1.2 and 3.0 around 2, half a unit of the last digit is 0.1 of an MID
    assert (float(effect.quantile(0.025)), float(effect.quantile(0.975))) == pytest.approx((1.2, 3.0), abs=0.11)


def test_responders_formula() -> None:
    # Furukawa & Leucht 2011, PLoS ONE 6:e19070: NNT = 1/(Phi(d + Phi^-1(CER)) - CER)
    for smd, share in ((0.2, 0.5), (0.5, 0.2), (0.8, 0.3)):
        found = reexpress_responders(one_trial(smd, 1e-6), share, better="higher").get("active", "control")
        expected = float(ndtr(smd + ndtri(share)))
        assert found.proportion.median == pytest.approx(expected, abs=1e-5)
        assert found.nnt.estimate.value == pytest.approx(1 / (expected - share), rel=1e-3)
        assert found.nnt.estimate.kind == "benefit"


# -- second routes ----------------------------------------------------------------------------------------------------


def test_points_with_a_known_sd_are_a_change_of_unit(fit: ph.Posterior) -> None:
    found = reexpress_points(fit, 20.0)
    for row in found.effects:
        effect = fit.effect(row.treatment, row.versus)
        expected = [20 * float(v) for v in (effect.mean, effect.sd, effect.quantile(0.5), effect.quantile(0.975))]
        # roots of the distribution function are found to 1e-8 of an SD
        assert [row.effect.mean, row.effect.sd, row.effect.median, row.effect.high] == pytest.approx(expected, rel=1e-6)


def test_an_unsure_sd_by_moments_and_simulation(fit: ph.Posterior) -> None:
    sd = StatedSd(value=20.0, cv=0.25)
    row = reexpress_points(fit, sd).effects[0]
    effect = fit.effect(row.treatment, row.versus)
    first, second = 20 * np.exp(sd.log_sd**2 / 2), 20**2 * np.exp(2 * sd.log_sd**2)
    mean = first * float(effect.mean)
    variance = second * float(effect.sd**2 + effect.mean**2) - mean**2
    # the trapezoidal rule over a normal ends at six SDs, beyond which there are 2e-9
    assert row.effect.mean == pytest.approx(mean, rel=1e-8)
    assert row.effect.sd == pytest.approx(np.sqrt(variance), rel=1e-7)
    rng = np.random.default_rng(5)
    uniform = rng.random((200_000, len(fit.treatments)))
    d = np.hstack([np.zeros((len(uniform), 1)), fit.draws(uniform)[0]])
    places = fit.place(row.treatment), fit.place(row.versus)
    points = (d[:, places[0]] - d[:, places[1]]) * 20 * np.exp(sd.log_sd * rng.standard_normal(len(d)))
    for p, value in ((0.025, row.effect.low), (0.5, row.effect.median), (0.975, row.effect.high)):
        # the share below a value, of 200,000: five standard errors
        assert np.mean(points <= value) == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / 200_000))


def test_responders_by_direct_integration(fit: ph.Posterior) -> None:
    found = reexpress_responders(fit, "beta(30, 70)", better="lower")
    row = found.effects[0]
    effect = fit.effect(row.treatment, row.versus)
    assert isinstance(effect, NormalMixture)
    p = (np.arange(4000) + 0.5) / 4000
    from scipy.stats import beta

    share = beta.ppf(p, 30, 70)
    for value, probability in ((row.difference.low, 0.025), (row.difference.median, 0.5), (row.difference.high, 0.975)):
        # P(difference <= x): the SMD lies above what would give it, since lower is better
        below = np.mean(effect.survival(-(ndtri(share + value) - ndtri(share))))
        assert below == pytest.approx(probability, abs=2e-4)  # the error of a lattice of 65,536 points
    # given p_c the mean of Phi(a + normal) is closed: Phi((a + m)/sqrt(1 + s^2))
    inside = ndtr((ndtri(share)[:, None] - effect.means) / np.sqrt(1 + effect.sds**2)) @ effect.weights
    assert row.proportion.mean == pytest.approx(inside.mean(), abs=2e-5)


def test_draws_and_mixture_agree(fit: ph.Posterior, drawn: ph.Posterior) -> None:
    sd = StatedSd(value=20.0, cv=0.2)
    exact, by_draws = reexpress_points(fit, sd), reexpress_points(drawn, sd)
    shares = [reexpress_responders(one, 0.3, better="lower") for one in (fit, drawn)]
    for a, b in zip(exact.effects, by_draws.effects, strict=True):
        assert a.effect.sd is not None
        # a few thousand draws: five standard errors of a mean, and as much again for quantiles in the tail
        assert b.effect.median == pytest.approx(a.effect.median, abs=0.1 * a.effect.sd)
        assert b.effect.high == pytest.approx(a.effect.high, abs=0.2 * a.effect.sd)
    for c, d in zip(shares[0].effects, shares[1].effects, strict=True):
        assert d.proportion.median == pytest.approx(c.proportion.median, abs=0.01)


# -- laws -------------------------------------------------------------------------------------------------------------


def test_pairs_mirror_and_directions_turn(fit: ph.Posterior) -> None:
    lower, higher = (reexpress_log_odds(fit, better=better) for better in ("lower", "higher"))
    for row in lower.effects:
        back, turned = lower.get(row.versus, row.treatment), higher.get(row.treatment, row.versus)
        assert (back.low, back.median) == pytest.approx((-row.effect.high, -row.effect.median))
        assert (turned.low, turned.median) == pytest.approx((-row.effect.high, -row.effect.median))
    effect = fit.effect(lower.effects[0].treatment, lower.effects[0].versus)
    assert lower.effects[0].effect.median == pytest.approx(-LOG_ODDS_PER_SD * float(effect.quantile(0.5)), rel=1e-6)


def test_all_pairs_are_there(fit: ph.Posterior) -> None:
    count = len(fit.treatments)
    for found in (reexpress_points(fit, 10.0), reexpress_log_odds(fit, better="lower")):
        assert len(found.effects) == count * (count - 1) == len(found.to_frame())
    shares = reexpress_responders(fit, 0.4, better="lower")
    assert len(shares.to_frame()) == count * (count - 1)
    assert "probability(0.4)" in shares._repr_html_()
    assert "SD 10, taken as known" in reexpress_points(fit, 10.0)._repr_html_()


def test_mid_units_are_a_change_of_unit_by_study() -> None:
    network = datasets.load("back_pain")
    spec = ph.ModelSpec(measure="MD", tau_prior="half-normal(5)", effect_prior="flat")
    before = ph.fit(network, spec).effect(network.treatments[1].id, network.reference)
    after = ph.fit(in_mid_units(network, 15.0), replace(spec, tau_prior=f"half-normal({5 / 15})"))
    effect = after.effect(network.treatments[1].id, network.reference)
    # the same model in another unit; nodes are placed anew
    assert float(effect.mean) == pytest.approx(float(before.mean) / 15, rel=1e-8)
    assert float(effect.sd) == pytest.approx(float(before.sd) / 15, rel=1e-8)
    mids = {study.id: 10.0 + k for k, study in enumerate(network.studies)}
    for old, new in zip(network.studies, in_mid_units(network, mids).studies, strict=True):
        for a, b in zip(old.arms, new.arms, strict=True):
            assert a.mean is not None
            assert b.mean == pytest.approx(a.mean / mids[old.id])


# -- SDs --------------------------------------------------------------------------------------------------------------


def test_the_sd_of_the_trials() -> None:
    arms = [(10.0, 12.0), (20.0, 20.0), (15.0, 16.0)]
    studies = [
        Study(str(k), tuple(Arm(treatment=t, mean=1.0, sd=sd, n=30) for t, sd in zip("ab", sds, strict=True)))
        for k, sds in enumerate(arms)
    ]
    network = build_network(studies, reference="a")
    pooled = np.array([np.sqrt((a * a + b * b) / 2) for a, b in arms])
    found = sd_of_network(network)
    assert found.value == pytest.approx(np.exp(np.log(pooled).mean()))
    assert found.log_sd == pytest.approx(np.log(pooled).std(ddof=1) * np.sqrt(4 / 3))
    assert sd_of_network(network, use="mean").log_sd == pytest.approx(np.log(pooled).std(ddof=1) / np.sqrt(3))
    with pytest.raises(ModelError, match="Fewer than two"):
        sd_of_network(network, studies=["0"])
    with pytest.raises(UsageError, match="predictive or mean"):
        sd_of_network(network, use="median")  # type: ignore[arg-type]


def test_the_sd_of_an_instrument() -> None:
    known = registry()
    assert sd_of_instrument(known["pain-vas"], cv=0.1).value == known["pain-vas"].usual_sd
    missing = next(i for i in known.values() if i.usual_sd is None)
    with pytest.raises(ModelError, match="No usual SD"):
        sd_of_instrument(missing, cv=0.1)


def test_scaled_draws_keep_their_weights() -> None:
    sample = WeightedSample(np.full(10_000, 1e-4), np.ones((1, 10_000)))
    found = scaled(sample, StatedSd(value=10.0, cv=0.3))
    sd = StatedSd(value=10.0, cv=0.3)
    # of a constant the SD's own distribution is left; golden points of 10,000 are even to 1e-4
    assert float(found.quantile(0.9)[0]) == pytest.approx(float(sd.quantile(np.array(0.9))), rel=1e-3)


# -- refusals ---------------------------------------------------------------------------------------------------------


def test_only_an_smd_is_reexpressed() -> None:
    fit = ph.fit(datasets.load("parkinson_arms"), ph.ModelSpec(measure="MD"))
    for call in (lambda: reexpress_points(fit, 10.0), lambda: reexpress_responders(fit, 0.3, better="lower")):
        with pytest.raises(UsageError, match="Only a standardised mean difference"):
            call()


def test_values_that_cannot_be(fit: ph.Posterior) -> None:
    with pytest.raises(UsageError, match="above zero"):
        reexpress_points(fit, 0.0)
    with pytest.raises(UsageError, match="zero or above"):
        StatedSd(value=1.0, cv=-0.1)
    with pytest.raises(ModelError, match="between 0 and 1"):
        reexpress_responders(fit, 1.0, better="lower")
    with pytest.raises(UsageError, match="no direction"):
        reexpress_log_odds(fit, better="smaller")  # type: ignore[arg-type]


def test_studies_without_mid_units_are_all_named() -> None:
    contrasts = Contrasts(np.array([0.4]), np.array([[0.04]]), "SMD")
    studies = [
        Study("a", (Arm(treatment="x", mean=1.0, sd=1.0, n=9), Arm(treatment="y", mean=2.0, sd=1.0, n=9))),
        Study("b", (Arm(treatment="x"), Arm(treatment="y")), contrasts),
        Study("c", (Arm(treatment="x", mean=1.0, sd=1.0, n=9), Arm(treatment="y", sd=1.0, n=9))),
    ]
    network = build_network(studies, reference="x")
    with pytest.raises(DataError) as caught:
        in_mid_units(network, {"b": 2.0, "c": 3.0})
    assert [(i.study, i.rule) for i in caught.value.issues] == [
        ("a", "mid-missing"),
        ("b", "mid-no-points"),
        ("c", "mid-no-points"),
    ]
