"""Arms with their missing put in: a published reanalysis, laws, and integrals and simulations as second routes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from physiohub.measures.arms import log_odds, log_risk, risk
from physiohub.measures.missing import MixedArms, mixed_mean, mixed_risk, risk_on_scale

Floats = NDArray[np.float64]
SCALES: dict[str, Callable[..., tuple[Floats, Floats]]] = {"OR": log_odds, "RR": log_risk, "RD": risk}
ON_SCALE: dict[str, Callable[[Floats], Floats]] = {
    "OR": lambda p: np.asarray(np.log(p / (1 - p))),
    "RR": lambda p: np.asarray(np.log(p)),
    "RD": lambda p: p,
}

# Haloperidol versus placebo: responders, failures and missing in the two arms (Joy, Adams & Lawrie, Cochrane review
# CD003082, as in Balduzzi, Rücker & Schwarzer 2019, Evid Based Ment Health 22:153), and RR with 95% CI when every
# missing person is a responder, as metasens 0.5-0 prints it with meta 4.15-1 (metamiss, method "1": an IMOR of 9999).
# The studies with missing people and without an empty cell.
HALOPERIDOL = {
    "Arvanitis": ((25, 25, 2), (18, 33, 0), (1.47, 0.93, 2.32)),
    "Beasley": ((29, 18, 22), (20, 14, 34), (0.93, 0.77, 1.12)),
    "Bechelli": ((12, 17, 1), (2, 28, 1), (4.48, 1.42, 14.16)),
    "Garry": ((7, 18, 1), (4, 21, 1), (1.60, 0.60, 4.25)),
    "Marder": ((19, 45, 2), (14, 50, 2), (1.31, 0.75, 2.28)),
    "Selman": ((17, 1, 11), (7, 4, 18), (1.12, 0.95, 1.32)),
}


def arms_of(name: str) -> tuple[Floats, Floats, Floats]:
    """Events, totals and missing of placebo and haloperidol, placebo first."""
    drug, placebo, _ = HALOPERIDOL[name]
    counts = np.array([placebo, drug], dtype=float)
    return counts[:, 0], counts[:, 0] + counts[:, 1], counts[:, 2]


def contrast(arms: MixedArms, between: str = "independent") -> tuple[float, float]:
    covariance = arms.covariance("equal" if between == "equal" else "independent")
    row = np.array([-1.0, 1.0])
    return float(row @ arms.value), float(row @ covariance @ row)


@pytest.mark.parametrize("name", HALOPERIDOL)
def test_haloperidol_with_all_missing_as_responders(name: str) -> None:
    events, total, missing = arms_of(name)
    arms = risk_on_scale(mixed_risk(events, total, missing, log_imor=np.log(9999.0)), "RR")
    estimate, variance = contrast(arms)
    half = 1.959964 * np.sqrt(variance)
    found = np.exp([estimate, estimate - half, estimate + half])
    # two decimals are printed
    assert found == pytest.approx(HALOPERIDOL[name][2], abs=0.005 + 1e-9)


@pytest.mark.parametrize("name", HALOPERIDOL)
@pytest.mark.parametrize("measure", SCALES)
@pytest.mark.parametrize("between", ["independent", "equal"])
def test_the_spread_that_lambda_adds_is_that_of_an_integral(name: str, measure: str, between: str) -> None:
    """Gauss-Hermite over the two log IMORs, as an alternative to the Taylor series (White, Higgins & Wood 2008)."""
    events, total, missing = arms_of(name)
    sd, mean = 0.05, np.log(2.0)
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    weights = weights / weights.sum()
    if between == "equal":
        z0: Floats = nodes
        z1: Floats = nodes
        w: Floats = weights
    else:
        z0, z1 = np.meshgrid(nodes, nodes, indexing="ij")
        w = np.outer(weights, weights)
    p, share = events / total, missing / (total + missing)

    def value(arm: int, z: Floats) -> Floats:
        odds = p[arm] / (1 - p[arm]) * np.exp(mean + sd * z)
        return ON_SCALE[measure]((1 - share[arm]) * p[arm] + share[arm] * odds / (1 + odds))

    difference = value(1, z1) - value(0, z0)
    centre = float(np.sum(w * difference))
    expected = float(np.sum(w * np.square(difference - centre)))
    known = risk_on_scale(mixed_risk(events, total, missing, log_imor=mean), measure)
    spread = risk_on_scale(mixed_risk(events, total, missing, log_imor=mean, log_imor_sd=sd), measure)
    added = contrast(spread, between)[1] - contrast(known, between)[1]
    # for so small an SD the series is cut at terms of the order of its square, 0.0025; where the lambdas are equal they
    # cancel all but a part of the first-order term, which leaves the next one larger beside it
    scale = float(np.sum(np.square(spread.loading)))
    assert added == pytest.approx(expected, abs=0.01 * scale)
    assert contrast(spread, between)[0] == pytest.approx(centre, abs=0.01 * sd)


counts = st.tuples(st.integers(1, 60), st.integers(1, 60), st.integers(0, 60))
studies = st.lists(counts, min_size=2, max_size=4)


def columns(rows: list[tuple[int, int, int]]) -> tuple[Floats, Floats, Floats]:
    table = np.array(rows, dtype=float)
    return table[:, 0], table[:, 0] + table[:, 1], table[:, 2]


@given(studies, st.sampled_from(sorted(SCALES)), st.sampled_from([0.0, 0.5]))
def test_an_imor_of_one_leaves_the_observed(rows: list[tuple[int, int, int]], measure: str, added: float) -> None:
    events, total, missing = columns(rows)
    found = risk_on_scale(mixed_risk(events, total, missing, log_imor=0.0, added=added), measure)
    value, variance = SCALES[measure](events, total, added)
    if measure == "RD" and added:
        value = (events + added) / (total + 2 * added)
    assert found.value == pytest.approx(value, rel=1e-12, abs=1e-12)  # rounding of logit and back
    assert found.variance == pytest.approx(variance, rel=1e-11)


@given(studies, st.sampled_from(sorted(SCALES)), st.floats(-3, 3), st.floats(0, 2))
def test_without_missing_people_lambda_does_nothing(
    rows: list[tuple[int, int, int]], measure: str, log_imor: float, sd: float
) -> None:
    events, total, missing = columns(rows)
    found = risk_on_scale(mixed_risk(events, total, 0 * missing, log_imor=log_imor, log_imor_sd=sd), measure)
    value, variance = SCALES[measure](events, total)
    assert found.value == pytest.approx(value, rel=1e-12, abs=1e-12)
    assert found.variance == pytest.approx(variance, rel=1e-11)
    assert not found.loading.any()


@given(studies, st.sampled_from(sorted(SCALES)), st.sampled_from([-1.0, 1.0]))
def test_an_imor_without_limit_makes_all_missing_alike(
    rows: list[tuple[int, int, int]], measure: str, way: float
) -> None:
    """Also the variance: that of a share missing and of the observed add up to that of all counted as events."""
    events, total, missing = columns(rows)
    value, variance = SCALES[measure](events + missing * (way > 0), total + missing)
    for log_imor, tolerance in ((way * np.inf, 1e-11), (way * 40.0, 1e-9)):  # an odds of e^-40 is far below rounding
        found = risk_on_scale(mixed_risk(events, total, missing, log_imor=log_imor), measure)
        assert found.value == pytest.approx(value, rel=tolerance, abs=tolerance)
        assert found.variance == pytest.approx(variance, rel=tolerance)


@given(studies, st.floats(-3, 3), st.floats(0, 2))
def test_counting_the_others_turns_the_imor_over(rows: list[tuple[int, int, int]], log_imor: float, sd: float) -> None:
    events, total, missing = columns(rows)
    found = mixed_risk(events, total, missing, log_imor=log_imor, log_imor_sd=sd)
    turned = mixed_risk(total - events, total, missing, log_imor=-log_imor, log_imor_sd=sd)
    assert turned.value == pytest.approx(1 - found.value, rel=1e-11)
    assert turned.variance == pytest.approx(found.variance, rel=1e-9, abs=1e-15)
    assert turned.loading == pytest.approx(found.loading, rel=1e-9, abs=1e-15)


@given(studies, st.floats(-3, 2.9))
def test_a_larger_imor_gives_more_events(rows: list[tuple[int, int, int]], log_imor: float) -> None:
    events, total, missing = columns(rows)
    low = mixed_risk(events, total, missing, log_imor=log_imor).value
    high = mixed_risk(events, total, missing, log_imor=log_imor + 0.1).value
    assert np.all((high > low) | ((missing == 0) & np.isclose(high, low, rtol=1e-12)))


means = st.tuples(st.floats(-20, 20), st.floats(0.1, 5), st.integers(2, 200), st.integers(0, 200))


@given(st.lists(means, min_size=2, max_size=4), st.floats(-5, 5), st.floats(0, 3))
def test_laws_of_means(rows: list[tuple[float, float, int, int]], shift: float, sd: float) -> None:
    mean, se, n, m = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    as_observed = mixed_mean(mean, se, n, m, departure=0.0)
    assert as_observed.value.tolist() == mean.tolist()
    assert as_observed.variance == pytest.approx(np.square(se), rel=1e-15)
    nobody = mixed_mean(mean, se, n, 0 * m, departure=shift, departure_sd=sd)
    assert nobody.value.tolist() == mean.tolist()
    assert not nobody.loading.any()
    one, other = (mixed_mean(mean, se, n, m, departure=way * shift, departure_sd=sd) for way in (1.0, -1.0))
    assert (one.value + other.value) / 2 == pytest.approx(mean, abs=1e-12)  # numbers up to 25
    assert np.all(one.variance >= np.square(se))
    weighted = (n * mean + m * (mean + shift)) / (n + m)
    assert one.value == pytest.approx(weighted, abs=1e-12)


def test_means_of_simulated_trials() -> None:
    """Trials of 80 people whose missing lie 3 points higher: the mean of all, and how widely it scatters."""
    rng = np.random.default_rng(11)
    trials, people, share, shift, sd = 4000, 80, 0.3, 3.0, 4.0
    gone = rng.random((trials, people)) < share
    scores = rng.normal(10.0, sd, (trials, people))
    m = gone.sum(axis=1).astype(float)
    n = people - m
    mean = np.where(gone, 0.0, scores).sum(axis=1) / n
    spread = np.sqrt((np.where(gone, 0.0, np.square(scores - mean[:, None]))).sum(axis=1) / (n - 1))
    found = mixed_mean(mean, spread / np.sqrt(n), n, m, departure=shift)
    truth = 10.0 + share * shift
    error = float(found.value.std(ddof=1))
    # five Monte Carlo errors, of a mean and of a variance: a false alarm in a million
    assert float(found.value.mean()) == pytest.approx(truth, abs=5 * error / np.sqrt(trials))
    assert float(found.variance.mean()) == pytest.approx(error**2, rel=5 * np.sqrt(2 / trials) + 0.01)
    # the observed alone miss it by share x shift, far more than that
    assert truth - float(mean.mean()) > 0.8


def test_risks_of_simulated_trials() -> None:
    rng = np.random.default_rng(12)
    trials, people, share, risk_observed, imor = 4000, 300, 0.25, 0.4, 3.0
    odds = imor * risk_observed / (1 - risk_observed)
    truth = (1 - share) * risk_observed + share * odds / (1 + odds)
    missing = rng.binomial(people, share, trials).astype(float)
    events = rng.binomial((people - missing).astype(int), risk_observed).astype(float)
    found = risk_on_scale(mixed_risk(events, people - missing, missing, log_imor=np.log(imor)), "OR")
    error = float(found.value.std(ddof=1))
    # five Monte Carlo errors; a log odds is biased by about (2p - 1)/(2 n p (1 - p)), below 0.001 here
    assert float(found.value.mean()) == pytest.approx(
        np.log(truth / (1 - truth)), abs=5 * error / np.sqrt(trials) + 1e-3
    )
    assert float(found.variance.mean()) == pytest.approx(error**2, rel=5 * np.sqrt(2 / trials) + 0.01)


def test_an_empty_cell_keeps_its_limits() -> None:
    arms = mixed_risk(np.array([0.0, 9.0]), np.array([9.0, 9.0]), np.array([3.0, 3.0]), log_imor=[np.inf, -np.inf])
    assert arms.value.tolist() == [0.25, 0.75]


def test_other_measures_have_no_risk() -> None:
    with pytest.raises(ValueError, match="HR"):
        risk_on_scale(MixedArms(np.ones(1) / 2, np.ones(1), np.zeros(1)), "HR")
