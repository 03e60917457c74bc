"""Laws of the measures that are answered through normal contrasts, and what repeated trials say of their variances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import physiohub as ph
from physiohub.measures.arms import log_mean, log_odds, log_rate, log_risk, risk
from physiohub.model.normal_study import contrasts_of
from physiohub.network.study import Arm, Contrasts, Study

Floats = NDArray[np.float64]
EXACT = 1e-10  # the same numbers by another route through logs and sums
Z = 1.959963984540054


@st.composite
def counts(draw: st.DrawFn) -> Study:
    """Two to four arms of 1 to 500 people, zero and full cells among them."""
    arms = []
    for k in range(draw(st.integers(2, 4))):
        total = draw(st.integers(1, 500))
        arms.append(Arm(treatment=f"t{k}", events=draw(st.integers(0, total)), total=total))
    return Study("s", tuple(arms))


@st.composite
def rates(draw: st.DrawFn) -> Study:
    exposure = st.floats(0.5, 5000)
    count = st.integers(0, 300)
    size = draw(st.integers(2, 4))
    return Study("s", tuple(Arm(treatment=f"t{k}", events=draw(count), exposure=draw(exposure)) for k in range(size)))


@st.composite
def means(draw: st.DrawFn) -> Study:
    """Means at least three standard errors above zero, as a ratio of means needs them."""
    arms = []
    for k in range(draw(st.integers(2, 4))):
        mean = draw(st.floats(0.5, 200))
        arms.append(Arm(treatment=f"t{k}", mean=mean, se=mean * draw(st.floats(0.01, 0.3))))
    return Study("s", tuple(arms))


CASES = [("OR", counts()), ("RR", counts()), ("RD", counts()), ("IRR", rates()), ("ROM", means())]


def found(study: Study, measure: str) -> tuple[Floats, Floats]:
    return contrasts_of(study, ph.ModelSpec(measure=measure))


def changed(study: Study, change: Callable[[Arm], Arm]) -> Study:
    return replace(study, arms=tuple(change(arm) for arm in study.arms))


def others(arm: Arm) -> Arm:
    """Those without the event counted instead."""
    assert arm.events is not None
    assert arm.total is not None
    return replace(arm, events=arm.total - arm.events)


@pytest.mark.parametrize("measure", ["OR", "RD"])
@given(study=counts())
def test_events_for_non_events_negates(measure: str, study: Study) -> None:
    estimate, covariance = found(study, measure)
    turned, same = found(changed(study, others), measure)
    assert turned == pytest.approx(-estimate, abs=EXACT)
    assert same == pytest.approx(covariance, abs=EXACT)


@pytest.mark.parametrize(("measure", "studies"), CASES)
@given(data=st.data())
def test_swapping_two_arms_negates(measure: str, studies: st.SearchStrategy[Study], data: st.DataObject) -> None:
    study = data.draw(studies)
    two = replace(study, arms=study.arms[:2])
    estimate, covariance = found(two, measure)
    turned, same = found(replace(two, arms=two.arms[::-1]), measure)
    assert turned == pytest.approx(-estimate, abs=EXACT)
    assert same == pytest.approx(covariance, abs=EXACT)


@pytest.mark.parametrize(("measure", "studies"), CASES)
@given(data=st.data())
def test_another_arm_0_is_the_same_study(measure: str, studies: st.SearchStrategy[Study], data: st.DataObject) -> None:
    """Contrasts of the arms in another order are a linear map of the contrasts, covariance included."""
    study = data.draw(studies)
    order = data.draw(st.permutations(range(len(study.arms))))
    estimate, covariance = found(replace(study, arms=tuple(study.arms[k] for k in order)), measure)
    mapped = Contrasts(*found(study, measure)).reorder(order)
    scale = float(np.max(np.abs(covariance)))
    assert estimate == pytest.approx(mapped.estimate, abs=EXACT)
    assert covariance == pytest.approx(mapped.covariance, abs=EXACT * max(1.0, scale))


@pytest.mark.parametrize(("measure", "studies"), CASES)
@given(data=st.data())
def test_the_covariance_is_one(measure: str, studies: st.SearchStrategy[Study], data: st.DataObject) -> None:
    """Symmetric and positive definite, whatever the cells; off the diagonal one number, the variance of arm 0."""
    estimate, covariance = found(data.draw(studies), measure)
    assert np.isfinite(estimate).all()
    assert np.array_equal(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance)[0] > 0
    off = covariance[~np.eye(len(covariance), dtype=bool)]
    assert np.ptp(off) == 0.0 if off.size else True


@given(study=rates(), unit=st.floats(1e-3, 1e3))
def test_the_unit_of_exposure_cancels(study: Study, unit: float) -> None:
    estimate, covariance = found(study, "IRR")
    in_unit = changed(study, lambda arm: replace(arm, exposure=(arm.exposure or 0.0) * unit))
    again, same = found(in_unit, "IRR")
    assert again == pytest.approx(estimate, abs=EXACT)
    assert np.array_equal(same, covariance)


@given(study=means(), unit=st.floats(1e-3, 1e3))
def test_a_ratio_of_means_has_no_unit(study: Study, unit: float) -> None:
    estimate, covariance = found(study, "ROM")
    in_unit = changed(study, lambda arm: replace(arm, mean=(arm.mean or 0.0) * unit, se=(arm.se or 0.0) * unit))
    again, same = found(in_unit, "ROM")
    assert again == pytest.approx(estimate, abs=EXACT)
    assert same == pytest.approx(covariance, abs=EXACT)


# -- repeated trials --------------------------------------------------------------------------------------------------

TRIALS = 20_000
# 4.7 Monte Carlo standard errors are a false alarm of 3 in a million per number; what the approximations themselves
# are off by at these sizes (a per cent of a variance, two in a thousand of coverage) comes on top
SIGMAS, VARIANCE_BIAS, COVERAGE_BIAS = 4.7, 0.015, 0.003


def _binomial(measure: Callable[..., tuple[Floats, Floats]]) -> Callable[[np.random.Generator], tuple[Floats, Floats]]:
    total, chance = np.array([400.0, 380, 420]), np.array([0.3, 0.4, 0.25])

    def draw(random: np.random.Generator) -> tuple[Floats, Floats]:
        return measure(random.binomial(total.astype(int), chance, (TRIALS, 3)).astype(float), total)

    return draw


def _poisson(random: np.random.Generator) -> tuple[Floats, Floats]:
    exposure, rate = np.array([900.0, 1100, 800]), np.array([0.2, 0.15, 0.3])
    return log_rate(random.poisson(exposure * rate, (TRIALS, 3)).astype(float), exposure)


def _normal(random: np.random.Generator) -> tuple[Floats, Floats]:
    n, mean, sd = 120, np.array([50.0, 42, 60]), np.array([20.0, 18, 25])
    scores = random.normal(mean, sd / np.sqrt(n), (TRIALS, 3))
    spread = sd * np.sqrt(random.chisquare(n - 1, (TRIALS, 3)) / (n - 1))
    return log_mean(scores, spread / np.sqrt(n))


REPEATED = {
    "OR": (_binomial(log_odds), np.log([0.3 / 0.7, 0.4 / 0.6, 0.25 / 0.75])),
    "RR": (_binomial(log_risk), np.log([0.3, 0.4, 0.25])),
    "RD": (_binomial(risk), np.array([0.3, 0.4, 0.25])),
    "IRR": (_poisson, np.log([0.2, 0.15, 0.3])),
    "ROM": (_normal, np.log([50.0, 42, 60])),
}


@pytest.mark.parametrize("measure", REPEATED)
def test_repeated_trials(measure: str) -> None:
    """Variance, covariance by the shared arm and coverage of the contrasts of a three-arm trial."""
    draw, truth = REPEATED[measure]
    value, variance = draw(np.random.default_rng(20261122))  # (trial, arm) each
    contrast = value[:, 1:] - value[:, :1]
    stated = variance[:, 1:] + variance[:, :1]
    seen = np.cov(contrast.T)
    # a variance over N normal draws has the relative standard error sqrt(2/N); a covariance less than that of sd * sd
    allowed = SIGMAS * sqrt(2 / TRIALS) + VARIANCE_BIAS
    assert np.diag(seen) / stated.mean(axis=0) == pytest.approx([1.0, 1.0], abs=allowed)
    assert seen[0, 1] == pytest.approx(variance[:, 0].mean(), abs=allowed * sqrt(seen[0, 0] * seen[1, 1]))
    inside = np.abs(contrast - (truth[1:] - truth[0])) <= Z * np.sqrt(stated)
    error = SIGMAS * sqrt(0.95 * 0.05 / TRIALS) + COVERAGE_BIAS
    assert inside.mean(axis=0) == pytest.approx([0.95, 0.95], abs=error)
