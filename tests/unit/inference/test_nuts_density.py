"""The density that NUTS samples: its gradient, and its value against the model written out plainly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import ndtr
from tests.unit.inference.nuts_models import (
    EVENTS,
    EVERYBODY,
    NOBODY,
    ONE_SIDED,
    Case,
    Floats,
    case,
    log_density,
    log_likelihood,
    natural,
    of_categories,
    of_events,
    of_means,
)

import physiohub as ph
from physiohub.errors import ModelError
from physiohub.inference.nuts.tail_map import TailMap
from physiohub.inference.nuts.tau import HalfLine, Interval, score_of
from physiohub.model.priors import parse_prior

CASES: dict[str, Callable[[], Case]] = {
    "logit": lambda: of_events(EVENTS),
    "log": lambda: of_events(EVENTS, "RR"),
    "log, everybody": lambda: of_events(EVENTS + EVERYBODY, "RR"),
    "cloglog": lambda: of_events(EVENTS, "HR"),
    "probit": lambda: of_events(EVENTS, "PROBIT"),
    "rates": lambda: of_events(EVENTS + NOBODY, "IRR"),
    "rates, gamma": lambda: of_events(EVENTS, "IRR", baseline_prior="gamma(2, 5)"),
    "nobody and everybody": lambda: of_events(EVENTS + NOBODY + EVERYBODY),
    "nobody, t": lambda: of_events(EVENTS + NOBODY, baseline_prior="t(0, 2.5, 7)"),
    "one-sided effect": lambda: of_events(EVENTS + ONE_SIDED),
    "one-sided effect, t": lambda: of_events(EVENTS + ONE_SIDED, effect_prior="t(0, 2.5, 7)"),
    "uniform probability": lambda: of_events(EVENTS, baseline_prior="uniform-probability(0, 1)"),
    "common": lambda: of_events(EVENTS, effects="common"),
    "common, log": lambda: of_events(EVENTS, "RR", effects="common"),
    "common, one-sided": lambda: of_events(EVENTS + ONE_SIDED + NOBODY, effects="common"),
    "fixed tau": lambda: of_events(EVENTS, tau_prior="fixed(0.3)"),
    "fixed tau of zero": lambda: of_events(EVENTS, tau_prior="fixed(0)"),
    "uniform tau": lambda: of_events(EVENTS, tau_prior="uniform(0, 5)"),
    "half-Cauchy": lambda: of_events(EVENTS, tau_prior="half-cauchy(0.5)"),
    "log-normal": lambda: of_events(EVENTS, tau_prior="log-normal(-2.56, 1.74)"),
    "log-t": lambda: of_events(EVENTS, tau_prior="log-t(-3.02, 2.27, 5)"),
    "inverse gamma": lambda: of_events(EVENTS, tau_prior="inverse-gamma(0.1, 0.1)"),
    "normal tau": lambda: of_events(EVENTS, tau_prior="normal(0.2, 0.3)"),
    "t tau": lambda: of_events(EVENTS, tau_prior="t(0.2, 0.3, 4)"),
    "empirical": lambda: of_events(EVENTS, tau_prior="turner-2015(pain, non-pharmacological vs placebo/control)"),
    "means": lambda: of_means(),
    "means and contrasts": lambda: of_means(contrasts=True),
    "means, normal baselines": lambda: of_means(baseline_prior="normal(5, 10)"),
    "standardised": lambda: of_means(measure="SMD", likelihood="arm"),
    "categories": lambda: of_categories(),
    "categories, free": lambda: of_categories(cut_points="free"),
}


def points(of: Case, count: int) -> list[Floats]:
    model = of.model
    return [model.initial(np.random.default_rng([count, k])) for k in range(count)]


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_is_the_slope_of_the_value(name: str) -> None:
    model, h = CASES[name]().model, 1e-5
    for x in points(CASES[name](), 3):
        _, gradient = model.value_and_gradient(x)
        steps = h * np.eye(len(x))
        up, down = (np.array([model.value_and_gradient(x + s)[0] for s in side]) for side in (steps, -steps))
        # central differences: h^2 times the third derivative, and the rounding of values of some hundreds over 2 h
        assert (up - down) / (2 * h) == pytest.approx(gradient, rel=1e-5, abs=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_the_value_is_the_model_written_out(name: str) -> None:
    """Density of x = density of the parameters as stated x Jacobian; their difference is one constant everywhere."""
    of, h = CASES[name](), 1e-5
    differences = []
    for x in points(of, 4):
        columns = [(natural(of, x + h * e) - natural(of, x - h * e)) / (2 * h) for e in np.eye(len(x))]
        sign, log_det = np.linalg.slogdet(np.stack(columns))
        assert sign != 0
        differences.append(of.model.value_and_gradient(x)[0] - log_density(of, x) - log_det)
    # the Jacobian is one of central differences
    assert np.ptp(differences) == pytest.approx(0, abs=2e-5)


@pytest.mark.parametrize("name", ["logit", "log, everybody", "one-sided effect", "means and contrasts", "categories"])
def test_the_log_likelihood_of_a_study_leaves_out_the_priors(name: str) -> None:
    """Its sum is the density less that of the prior, at two points."""
    of = CASES[name]()
    for x in points(of, 2):
        found = of.model.unpack(x[None])
        expected = log_likelihood(of, found.theta[:, 0], found)
        assert float(found.log_likelihood.sum()) == pytest.approx(expected, rel=1e-10)


PRIORS = (
    "half-normal(0.7)", "half-cauchy(0.5)", "uniform(0, 5)", "normal(0.3, 0.4)", "t(0.3, 0.4, 5)",
    "log-normal(-2.56, 1.74)", "log-t(-3.02, 2.27, 5)", "inverse-gamma(0.5, 0.1)",
    "rhodes-2015(pain, non-pharmacological)",
)  # fmt: skip


@pytest.mark.parametrize("text", PRIORS)
def test_scores_of_priors_of_tau(text: str) -> None:
    prior = parse_prior(text, "tau")
    for tau in (0.03, 0.4, 2.5):
        h = 1e-6 * tau
        slope = (prior.log_density(tau + h) - prior.log_density(tau - h)) / (2 * h)  # type: ignore[attr-defined]
        assert score_of(prior)(tau) == pytest.approx(slope, rel=1e-6, abs=1e-7)  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", [HalfLine(0.3), Interval(0.1, 5.0)], ids=["half-line", "interval"])
def test_a_scale_of_tau_knows_its_slopes(scale: HalfLine | Interval) -> None:
    x, h = np.linspace(-4, 4, 33), 1e-6
    at, up, down = scale.at(x), scale.at(x + h), scale.at(x - h)
    assert np.log((up.value - down.value) / (2 * h)) == pytest.approx(at.log_slope, abs=1e-5)
    assert (up.log_slope - down.log_slope) / (2 * h) == pytest.approx(at.bend, abs=1e-7)
    for tau in (0.11, 0.7, 4.5):
        assert float(scale.at(np.array(scale.inverse(tau))).value) == pytest.approx(tau, rel=1e-9)


def test_a_tail_map_turns_a_normal_into_its_density() -> None:
    """Exponential below an edge at 2: quantiles at Phi(z)."""
    found = TailMap(lambda a: np.where(a <= 2, (a - 2) / 50, -np.inf), 2.0, 0.5, 2000.0)
    z = np.linspace(-4, 2, 25)
    assert found.at(z).value == pytest.approx(2 + 50 * np.log(ndtr(z)), rel=2e-3, abs=2e-2)
    assert np.all(found.at(np.linspace(-30, 30, 200)).slope > 0)


def test_a_prior_of_baselines_does_not_go_with_unknown_sds() -> None:
    with pytest.raises(ModelError, match="flat on the raw scale"):
        of_means(measure="SMD", likelihood="arm", baseline_prior="normal(0, 1)").model  # noqa: B018


def test_unknown_sds_leave_the_noncentral_t() -> None:
    """One two-arm study of 10 + 10: the effect's likelihood, SD and location integrated out, is that of Hedges' t."""
    table = pd.DataFrame(
        {"study": ["1", "1"], "treatment": ["A", "B"], "mean": [3.0, 3.8], "sd": [1.0, 1.0], "n": [10, 10]}
    )
    spec = ph.ModelSpec(measure="SMD", likelihood="arm", effects="common", effect_prior="flat")
    model = case(ph.read_arms(table, reference="A"), spec).model
    grid = np.linspace(-1.6, 3.4, 16)
    z = (grid - model.frame.centre[0]) / model.frame.factor[0, 0]
    # the location is normal given the SD, and the log SD nearly so: a trapezoidal rule is exact to its digits
    location, log_sd = np.linspace(-6, 6, 21), np.linspace(-6, 9, 41)
    value = np.array(
        [[[model.value_and_gradient(np.array([k, m, s]))[0] for s in log_sd] for m in location] for k in z]
    )
    density = np.exp(value - value.max()).sum((1, 2))
    expected = stats.nct.pdf(0.8 / np.sqrt(2 / 10), 18, grid / np.sqrt(2 / 10))
    assert density / density.sum() == pytest.approx(expected / expected.sum(), rel=1e-5)
    # the published comparison: 0.811, not g = 0.766
    assert (grid * density).sum() / density.sum() == pytest.approx(0.811, abs=2e-3)
