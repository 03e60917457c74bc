"""What is drawn has the distribution that the model says, and nothing of the template's data is looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from physiohub.analysis.calibration_scenarios import SCENARIOS
from physiohub.errors import ModelError
from physiohub.inference.simulate import LARGEST_INCREMENT, simulate
from physiohub.model.arm_network import arm_network
from physiohub.model.likelihoods.ordered import Ordered
from physiohub.model.spec import ModelSpec
from physiohub.network.network import Network, build_network
from physiohub.network.study import Arm, Contrasts, Study

DRAWS = 1500


def one_study(*arms: Arm, contrasts: Contrasts | None = None):
    return build_network([Study(id="1", arms=arms, contrasts=contrasts)], reference="A")


def means(treatments: str, se: float = 1.0):
    return one_study(*(Arm(treatment=t, mean=0.0, se=se) for t in treatments))


def counts(treatments: str, total: float = 20):
    return one_study(*(Arm(treatment=t, events=0.0, total=total) for t in treatments))


def of_arms(network: Network, field: str) -> np.ndarray:
    """One quantity of the arms (arm,) of a network of one study."""
    return np.array([getattr(arm, field) for arm in network.studies[0].arms], dtype=float)


def estimates(network: Network) -> np.ndarray:
    contrasts = network.studies[0].contrasts
    assert contrasts is not None
    return contrasts.estimate


def spec(measure: str = "MD", tau: str = "fixed(0.7)", **words) -> ModelSpec:
    priors = {"effect_prior": "normal(0.5, 0.3)", "baseline_prior": "normal(-1, 1)", "tau_prior": tau}
    return ModelSpec(measure=measure, **{**priors, **words})


def assert_moments(values: np.ndarray, mean, covariance) -> None:
    """Mean and covariance within 5 Monte Carlo SEs: of about 30 numbers here one run in 50,000 has one outside."""
    n, covariance = len(values), np.asarray(covariance, dtype=float)
    variance = np.diag(covariance)
    assert np.all(np.abs(values.mean(0) - mean) <= 5 * np.sqrt(variance / n))
    error = np.sqrt((np.outer(variance, variance) + covariance**2) / n)
    assert np.all(np.abs(np.cov(values.T) - covariance) <= 5 * error)


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_a_seed_fixes_everything_and_the_design_stays(name):
    scenario = SCENARIOS[name]
    one, again, other = (simulate(scenario.network, scenario.spec, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.truth.d, again.truth.d)
    assert [s.arms for s in one.network.studies] == [s.arms for s in again.network.studies]
    assert not np.array_equal(one.truth.d, other.truth.d)
    for made, template in zip(one.network.studies, scenario.network.studies, strict=True):
        assert made.treatments == template.treatments
        for field in ("n", "exposure", "time", "total"):
            assert [getattr(a, field) for a in made.arms] == [getattr(a, field) for a in template.arms]
        if template.contrasts is not None:
            assert made.contrasts is not None
            assert np.array_equal(made.contrasts.covariance, template.contrasts.covariance)
            assert np.all(made.contrasts.estimate != 0)


def test_data_of_the_template_are_not_looked_at():
    scenario = SCENARIOS["binomial-logit"]
    full = [replace(s, arms=tuple(replace(a, events=a.total) for a in s.arms)) for s in scenario.network.studies]
    network = replace(scenario.network, studies=tuple(full))
    made, from_full = (simulate(n, scenario.spec, seed=7).network for n in (scenario.network, network))
    assert [s.arms for s in made.studies] == [s.arms for s in from_full.studies]


def test_effects_of_a_multi_arm_study_have_the_covariance_of_the_model():
    """Arms A, B, B, C: delta ~ N(d[t_k] - d[A], tau^2 (I + J)/2), also for two arms on one treatment."""
    network = means("ABBC")
    drawn = [simulate(network, spec(), seed=k).truth for k in range(DRAWS)]
    theta = np.array([t.effects[0] for t in drawn])
    d = np.array([t.d for t in drawn])
    delta = theta[:, 1:] - theta[:, :1] - d[:, [0, 0, 1]]
    assert_moments(delta, 0.0, 0.7**2 * (np.eye(3) + 1) / 2)
    assert_moments(theta[:, :1], -1.0, [[1.0]])
    assert_moments(d, 0.5, 0.3**2 * np.eye(2))
    new = np.array([t.new for t in drawn]) - d
    assert_moments(new, 0.0, 0.7**2 * np.eye(2))


def test_means_and_contrasts_scatter_as_their_standard_errors_say():
    sampling = np.array([[0.5, 0.2], [0.2, 0.4]])
    contrast = one_study(
        *(Arm(treatment=t) for t in "ABC"), contrasts=Contrasts(np.zeros(2), sampling, "MD")
    )  # fmt: skip
    made = [simulate(contrast, spec(), seed=k) for k in range(DRAWS)]
    errors = np.array([estimates(m.network) - m.truth.effects[0] for m in made])
    assert_moments(errors, 0.0, sampling)
    made = [simulate(means("AB", se=0.3), spec(), seed=k) for k in range(DRAWS)]
    errors = np.array([of_arms(m.network, "mean") - m.truth.effects[0] for m in made])
    assert_moments(errors, 0.0, 0.09 * np.eye(2))


def test_counts_have_the_mean_and_variance_of_their_likelihood():
    rates = one_study(*(Arm(treatment=t, events=0, exposure=8.0) for t in "AB"))
    for measure, network in (("OR", counts("AB")), ("IRR", rates)):
        made = [simulate(network, spec(measure), seed=k) for k in range(DRAWS)]
        theta = np.array([m.truth.effects[0] for m in made])
        mean = 20 / (1 + np.exp(-theta)) if measure == "OR" else 8 * np.exp(theta)
        variance = mean * (1 - mean / 20) if measure == "OR" else mean
        z = (np.array([of_arms(m.network, "events") for m in made]) - mean) / np.sqrt(variance)
        # the standardised counts have mean 0 and variance 1 whatever the means; 5 SEs, with their fourth moment
        assert np.all(np.abs(z.mean(0)) < 5 / np.sqrt(DRAWS))
        assert np.all(np.abs((z**2).mean(0) - 1) < 5 * (z**2).std(0) / np.sqrt(DRAWS))


def test_zero_cells_happen():
    scenario = SCENARIOS["binomial-logit"]
    made = [simulate(scenario.network, scenario.spec, seed=k).network for k in range(20)]
    assert any(arm.events == 0 for network in made for study in network.studies for arm in study.arms)


def test_with_the_log_link_the_prior_is_cut_where_probabilities_end():
    """Drawing all parameters again gives p(d) in proportion to N(d; m, s^2) P(mu <= 0, mu + d <= 0)."""
    asked = spec("RR", effects="common", tau_prior=None, baseline_prior="normal(-0.5, 0.5)",
                 effect_prior="normal(0.2, 0.5)")  # fmt: skip
    made = [simulate(counts("AB"), asked, seed=k).truth for k in range(DRAWS)]
    assert all(np.all(truth.effects[0] <= 0) for truth in made)
    assert max(truth.tries for truth in made) > 1
    d = np.linspace(-5, 5, 20001)
    density = np.exp(-0.5 * ((d - 0.2) / 0.5) ** 2) * ndtr((np.minimum(0, -d) + 0.5) / 0.5)
    density /= density.sum()
    mean, sd = density @ d, np.sqrt(density @ d**2 - (density @ d) ** 2)
    drawn = np.array([truth.d[0] for truth in made])
    assert mean < 0.2 - 0.1  # so that a prior left uncut would be 8 Monte Carlo SEs off
    assert abs(drawn.mean() - mean) < 4.5 * sd / np.sqrt(DRAWS)


def test_an_impossible_log_link_says_so(monkeypatch):
    monkeypatch.setattr("physiohub.inference.simulate._MOST_TRIES", 50)
    with pytest.raises(ModelError, match="probabilities up to one"):
        simulate(counts("AB"), spec("RR", baseline_prior="normal(20, 0.1)"), seed=1)


def test_baselines_come_from_priors_of_every_kind():
    for prior, measure, network, value, mean in (
        ("uniform-probability(0.2, 0.4)", "OR", counts("AB"), lambda t: 1 / (1 + np.exp(-t)), 0.3),
        ("gamma(4, 8)", "IRR", one_study(*(Arm(treatment=t, events=0, exposure=1.0) for t in "AB")), np.exp, 0.5),
        ("t(-1, 0.5, 7)", "PROBIT", counts("AB"), lambda t: t, -1.0),
    ):
        made = [simulate(network, spec(measure, baseline_prior=prior), seed=k).truth for k in range(DRAWS)]
        baseline = value(np.array([truth.effects[0][0] for truth in made]))
        assert abs(baseline.mean() - mean) < 4.5 * baseline.std() / np.sqrt(DRAWS), prior


def test_ordered_categories_keep_what_is_not_reported_and_their_totals():
    scenario = SCENARIOS["ordered"]
    made = [simulate(scenario.network, scenario.spec, seed=k) for k in range(400)]
    for one in made:
        for study, template in zip(one.network.studies, scenario.network.studies, strict=True):
            for arm, before in zip(study.arms, template.arms, strict=True):
                assert [c is None for c in arm.categories] == [c is None for c in before.categories]
                assert sum(c or 0 for c in arm.categories) == before.total
    steps = np.diff(np.array([one.truth.cuts[0] for one in made]), prepend=0.0, axis=1)
    assert steps.min() > 0
    assert steps.max() < LARGEST_INCREMENT
    # uniform increments: mean 2.5, SD 5/sqrt(12); 4.5 SEs
    assert np.all(np.abs(steps.mean(0) - 2.5) < 4.5 * 5 / np.sqrt(12 * 400))


def test_free_cut_points_differ_from_study_to_study():
    scenario = SCENARIOS["ordered"]
    made = simulate(scenario.network, replace(scenario.spec, cut_points="free"), seed=1)
    assert made.truth.cuts.shape == (len(scenario.network.studies), 2)
    assert len(np.unique(made.truth.cuts[:, 0])) == len(scenario.network.studies)


def test_people_below_the_lowest_category_are_written_out():
    arms = (Arm(treatment=t, categories=(0.0, 0.0), total=30.0) for t in "AB")
    network = one_study(*arms)
    asked = spec("PROBIT", baseline_prior="normal(0, 0.5)")
    made = simulate(network, asked, seed=3).network
    assert [len(arm.categories) for arm in made.studies[0].arms] == [3, 3]
    likelihood = arm_network(made, asked).likelihood
    assert isinstance(likelihood, Ordered)
    assert np.array_equal(likelihood.counts.sum(1), [30, 30])


def test_standardised_means_have_the_noncentral_t_of_their_effect():
    """Mean and SD of an arm over the scale: the pooled variance is chi^2, the difference has SE sqrt(1/n + 1/n)."""
    network = one_study(*(Arm(treatment=t, mean=0.0, sd=1.0, n=12.0) for t in "AB"))
    made = [simulate(network, spec("SMD", likelihood="arm"), seed=k) for k in range(DRAWS)]
    pooled = np.array([np.mean(of_arms(m.network, "sd") ** 2) for m in made])
    observed = np.array([np.diff(of_arms(m.network, "mean"))[0] / 10 for m in made])
    z = observed - np.array([np.diff(m.truth.effects[0])[0] for m in made])
    assert_moments(np.column_stack([z, pooled / 100]), [0, 1], [[1 / 6, 0], [0, 2 / 22]])


@pytest.mark.parametrize(
    ("network", "words", "complaint"),
    [
        (means("AB"), {"effect_prior": "flat"}, "prior flat of treatment effects"),
        (means("AB"), {"baseline_prior": "flat"}, "flat prior of study baselines"),
        (means("AB"), {"likelihood": "contrast"}, "no model says"),
        (counts("AB"), {"measure": "RD"}, "no model says"),
    ],
)
def test_what_cannot_be_drawn_is_refused(network, words, complaint):
    with pytest.raises(ModelError, match=complaint):
        simulate(network, spec(**words), seed=1)
