"""The baseline model against brute force, against itself by the other route, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, gammaln, ndtr

from physiohub import datasets
from physiohub.analysis.absolute import absolute_effects
from physiohub.analysis.baseline_model import BaselineModel, baseline_model
from physiohub.analysis.baseline_posterior import by_quadrature, in_closed_form
from physiohub.errors import DataError, ModelError, UsageError
from physiohub.inference.fit import fit
from physiohub.measures.natural import natural_scale
from physiohub.model.likelihoods.normal_mean import NormalMean
from physiohub.model.priors import Fixed, Flat, HalfNormal, Normal, Uniform
from physiohub.model.spec import ModelSpec
from physiohub.network.study import Arm

Floats = NDArray[np.float64]


def brute_force(log_likelihood: Floats, mu: Floats, m: Floats, sigma: Floats) -> dict[str, float]:
    """Moments of m, sigma and a new mu on plain grids of mu (arm, mu), m ~ N(0, 100^2) and sigma, uniform."""
    log_joint = np.zeros((len(sigma), len(m)))
    log_prior = -0.5 * np.square(m / 100)
    step = mu[1] - mu[0]
    for s, value in enumerate(sigma):
        kernel = np.exp(-0.5 * np.square((mu[:, None] - m) / value)) / (value * np.sqrt(2 * np.pi))
        with np.errstate(divide="ignore"):  # far out nothing is left, not even of a double
            log_joint[s] = np.log(np.exp(log_likelihood) @ kernel * step).sum(0) + log_prior
    joint = np.exp(log_joint - log_joint.max())
    joint /= joint.sum()
    of_m, of_sigma = joint.sum(0), joint.sum(1)
    mean, mean_sigma = of_m @ m, of_sigma @ sigma
    variance = of_m @ np.square(m - mean)
    found = {"m": mean, "sd of m": np.sqrt(variance), "sigma": mean_sigma}
    found["sd of sigma"] = np.sqrt(of_sigma @ np.square(sigma - mean_sigma))
    found["sd of mu"] = np.sqrt(variance + of_sigma @ np.square(sigma))
    below = sum(ndtr((-2.0 - m) / s) @ row for row, s in zip(joint, sigma, strict=True))
    return {**found, "P(mu < -2)": float(below)}


@pytest.fixture(scope="module")
def smoking() -> BaselineModel:
    return baseline_model(datasets.load("smoking"), "OR", sd_prior="uniform(0, 5)")


def test_smoking_against_brute_force(smoking: BaselineModel) -> None:
    arms = [
        arm for study in datasets.load("smoking").studies for arm in study.arms if arm.treatment == "No intervention"
    ]
    r, n = np.array([[arm.events, arm.total] for arm in arms], dtype=float).T[..., None]
    # steps of less than half the narrowest likelihood's SD: the trapezoid's error is below rounding
    mu = np.arange(-14.0, 9.0, 0.05)
    log_likelihood = gammaln(n + 1) - gammaln(r + 1) - gammaln(n - r + 1) + r * mu - n * np.logaddexp(0, mu)
    sigma = np.arange(0.1, 5.0, 0.02)  # below 0.1 there is no posterior density to speak of
    found = brute_force(log_likelihood, mu, np.arange(-5.5, 0.5, 0.03), sigma)
    assert smoking.arms == 19
    # U(0, 5) is cut where the density is 1e-4 of its peak, and the upper end counts whole: of order 1e-5
    assert float(smoking.mean.mean) == pytest.approx(found["m"], abs=2e-5)
    assert float(smoking.mean.sd) == pytest.approx(found["sd of m"], abs=2e-5)
    assert smoking.sd.mean == pytest.approx(found["sigma"], abs=2e-5)
    assert smoking.sd.sd == pytest.approx(found["sd of sigma"], abs=2e-5)
    assert float(smoking.predictive.sd) == pytest.approx(found["sd of mu"], abs=2e-5)
    assert float(smoking.predictive.cdf(-2.0)) == pytest.approx(found["P(mu < -2)"], abs=2e-5)
    assert smoking.numerical_error < 1e-6


def test_rates_against_brute_force() -> None:
    arms = [Arm(treatment="control", events=e, exposure=t) for e, t in ((3, 40.0), (0, 12.0), (11, 70.0), (6, 90.0))]
    model = baseline_model(arms, "IRR", sd_prior="uniform(0.2, 3)")
    y, t = np.array([[arm.events, arm.exposure] for arm in arms], dtype=float).T[..., None]
    mu = np.arange(-18.0, 10.0, 0.06)
    log_likelihood = y * (mu + np.log(t)) - t * np.exp(mu) - gammaln(y + 1)
    sigma = np.linspace(0.21, 2.99, 140)
    found = brute_force(log_likelihood, mu, np.arange(-14.0, 8.0, 0.06), sigma)
    # the midpoint rule over sigma, whose density ends abruptly: step^2 / 24 times its slopes there, a few 1e-5
    assert float(model.mean.mean) == pytest.approx(found["m"], abs=2e-4)
    assert float(model.mean.sd) == pytest.approx(found["sd of m"], abs=2e-4)
    assert model.sd.mean == pytest.approx(found["sigma"], abs=2e-4)
    assert float(model.predictive.sd) == pytest.approx(found["sd of mu"], abs=2e-4)
    assert float(model.predictive.cdf(-2.0)) == pytest.approx(found["P(mu < -2)"], abs=2e-4)


@pytest.mark.parametrize("prior", [Uniform(0.0, 2.0), HalfNormal(0.5), Fixed(0.3)])
def test_normal_arms_by_both_routes(prior: Uniform | HalfNormal | Fixed) -> None:
    arms = NormalMean(np.array([1.0, 0.2, 0.7, 1.9, 0.4]), np.array([0.2, 0.4, 0.1, 0.5, 0.3]))
    closed, grid = (solve(arms, Normal(0.0, 3.0), prior) for solve in (in_closed_form, by_quadrature))
    for one, other in ((closed.mean, grid.mean), (closed.predictive, grid.predictive)):
        # moments come from the rules alone; quantiles pass a cubic interpolation of the grid
        assert float(one.mean) == pytest.approx(float(other.mean), abs=1e-6)
        assert float(one.sd) == pytest.approx(float(other.sd), abs=1e-6)
        for p in (0.025, 0.3, 0.5, 0.975):
            assert float(one.quantile(p)) == pytest.approx(float(other.quantile(p)), abs=2e-4)
    assert closed.sd.mean == pytest.approx(grid.sd.mean, abs=1e-6)


def test_closed_form_at_a_known_spread_is_the_weighted_mean() -> None:
    mean, se = np.array([1.0, 2.0, 4.0]), np.array([0.5, 1.0, 0.7])
    found = in_closed_form(NormalMean(mean, se), Flat(), Fixed(0.6))
    weight = 1 / (se**2 + 0.6**2)
    assert float(found.mean.mean) == pytest.approx(np.average(mean, weights=weight), rel=1e-12)
    assert float(found.mean.sd) == pytest.approx(weight.sum() ** -0.5, rel=1e-12)
    assert float(found.predictive.sd) == pytest.approx(np.sqrt(1 / weight.sum() + 0.36), rel=1e-12)


def test_without_spread_counts_are_one_cohort() -> None:
    arms = [Arm(treatment="c", events=e, total=n) for e, n in ((3, 40), (6, 50), (2, 30))]
    model = baseline_model(arms, "OR", sd_prior="fixed(0)")
    mu = np.linspace(-12.0, 6.0, 20_001)
    density = np.exp(11 * mu - 120 * np.logaddexp(0, mu))  # the prior N(0, 100^2) is flat over this range
    density /= density.sum()
    mean = density @ mu
    # the prior's slope shifts the mean by mean * variance / 100^2, 2e-5
    assert float(model.mean.mean) == pytest.approx(mean, abs=5e-5)
    assert float(model.mean.sd) == pytest.approx(np.sqrt(density @ np.square(mu - mean)), abs=5e-5)
    assert float(model.predictive.quantile(0.9)) == pytest.approx(float(model.mean.quantile(0.9)), abs=1e-4)


def test_arms_of_one_study_on_the_treatment_are_one() -> None:
    network = datasets.load("psoriasis")
    model = baseline_model(network, "PROBIT")
    assert model.link == "probit"
    assert len(model.studies) <= model.arms
    one = baseline_model([Arm(treatment="c", events=5, total=50), Arm(treatment="c", events=9, total=70)], "OR")
    assert (one.arms, one.source) == (2, "a table of single arms (2)")


def test_a_new_study_is_the_default_and_wider(smoking: BaselineModel) -> None:
    mean = baseline_model(datasets.load("smoking"), "OR", sd_prior="uniform(0, 5)", use="mean")
    p, scale = np.array([0.025, 0.975]), natural_scale("OR")
    assert smoking.use == "predictive"
    assert np.ptp(smoking.link_values(p, scale, None)) > 3 * np.ptp(mean.link_values(p, scale, None))
    assert "own arms on No intervention (19)" in str(smoking)


def test_its_link_reaches_other_scales(smoking: BaselineModel) -> None:
    p = np.array([0.1, 0.5, 0.9])
    logit, log = smoking.link_values(p, natural_scale("OR"), None), smoking.link_values(p, natural_scale("RR"), None)
    assert np.exp(log) == pytest.approx(expit(logit), rel=1e-12)


def test_absolute_effects_from_the_networks_own_arms(smoking: BaselineModel) -> None:
    network = datasets.load("smoking")
    found = absolute_effects(fit(network, ModelSpec(measure="OR", likelihood="contrast")), smoking)
    own = found.get("No intervention")
    assert found.versus == "No intervention"
    assert own.outcome.median == pytest.approx(float(expit(smoking.predictive.quantile(0.5))), abs=1e-5)
    assert "19" in found.source


def test_defaults_are_marked() -> None:
    model = baseline_model(datasets.load("blocker"), "OR")
    assert model.defaulted == ("m", "sigma")
    assert (str(model.mean_prior), str(model.sd_prior)) == ("normal(0, 100)", "half-normal(1)")
    means = baseline_model(datasets.load("parkinson_arms"), "MD")
    assert str(means.mean_prior) == "flat"
    frame = model.to_frame()
    assert list(frame["quantity"]) == ["mean", "predictive", "sd"]
    assert frame["natural_median"][0] == pytest.approx(expit(frame["median"][0]))


def test_hazards_carry_their_time() -> None:
    network = datasets.load("diabetes")
    model = baseline_model(network, "HR")
    assert model.clock == "per unit of time"
    scale, p = natural_scale("HR"), np.array([0.5])
    one, three = model.link_values(p, scale, 1.0), model.link_values(p, scale, 3.0)
    assert three - one == pytest.approx(np.log(3.0))
    with pytest.raises(UsageError, match="state the follow-up time"):
        model.link_values(p, scale, None)
    untimed = baseline_model([Arm(treatment="c", events=e, total=50) for e in (3, 9, 6)], "HR")
    with pytest.raises(ModelError, match="no follow-up time"):
        untimed.link_values(p, scale, 2.0)


@pytest.mark.parametrize(
    ("arms", "message"),
    [
        ([], "No study reports an arm"),
        ([Arm(treatment="c", events=0, total=20), Arm(treatment="c", events=0, total=33)], "Nobody"),
        ([Arm(treatment="c", events=20, total=20)], "Everybody"),
    ],
)
def test_arms_that_tell_nothing_are_refused(arms: list[Arm], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        baseline_model(arms, "OR")


def test_refusals() -> None:
    network = datasets.load("blocker")
    with pytest.raises(UsageError, match="predictive or mean"):
        baseline_model(network, "OR", use="median")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="not a treatment"):
        baseline_model(network, "OR", treatment="Aspirin")
    with pytest.raises(ModelError, match="normal prior"):
        baseline_model(network, "OR", mean_prior="flat")
    with pytest.raises(ModelError, match="One arm"):
        baseline_model([Arm(treatment="c", mean=3.0, sd=1.0, n=20)], "MD")
    with pytest.raises(ModelError, match="no default prior"):
        baseline_model([Arm(treatment="c", mean=m, se=0.3) for m in (3.0, 4.0)], "MD")
    timed = [Arm(treatment="c", events=2, total=20, time=1.0), Arm(treatment="c", events=3, total=20)]
    with pytest.raises(DataError, match="follow-up time"):
        baseline_model(timed, "HR")
