"""Simulation-based calibration in small: right engines pass, wrong ones are found, and no replicate is lost.

False alarms: each run of a right program here fails once in a hundred seeds (Bonferroni over its quantities); the seeds
are fixed, so that it fails never or always.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from physiohub.analysis.calibration import calibrate, drawn
from physiohub.analysis.calibration_quantities import log_likelihood, normal_rows, transforms
from physiohub.analysis.calibration_result import Calibration, Replicate, judged
from physiohub.analysis.calibration_scenarios import SCENARIOS, every_category_seen, scenario_named
from physiohub.analysis.fleet import FleetError, InProcess, connected, local_workers
from physiohub.errors import ModelError, UsageError
from physiohub.inference.fit import fit
from physiohub.inference.posterior import Posterior, Verdict

EXACT = ("normal-arms", "normal-contrasts", "normal-multi-arm", "normal-mixed")
MANY = 300


@pytest.fixture(scope="module")
def answers():
    """Truth, data and exact posterior of many replicates, fitted once; what follows asks them in several ways."""
    scenario = SCENARIOS["normal-multi-arm"]
    simulated = [drawn(scenario, 1, k)[0] for k in range(MANY)]
    return [(one, fit(one.network, scenario.spec)) for one in simulated]


def calibration_of(answers, wrong: Callable[[Posterior], Posterior]) -> Calibration:
    """The verdict on posteriors that something was done to."""
    replicates = [
        Replicate(k, transforms(wrong(posterior), one, np.random.default_rng(k)), "exact", "", False, 0.0)
        for k, (one, posterior) in enumerate(answers)
    ]
    return Calibration((judged(SCENARIOS["normal-multi-arm"], replicates),), 1, len(replicates))


def test_the_exact_engine_is_calibrated():
    found = calibrate([SCENARIOS[name] for name in EXACT], replicates=100)
    assert found.problems == ()
    assert found.ok
    assert [result.answered for result in found.results] == [100] * 4
    assert {q.quantity for q in found.results[0].quantities} == {
        "B versus A", "C versus A", "D versus A", "tau", "new D versus A", "log likelihood",
    }  # fmt: skip


def test_the_collapsed_engine_is_calibrated_for_counts():
    """Ten times the patients of the scenario: sparser data are handed over to NUTS now and then, which takes long."""
    scenario = SCENARIOS["binomial-logit"]
    larger = [
        replace(s, arms=tuple(replace(a, total=10 * (a.total or 0)) for a in s.arms)) for s in scenario.network.studies
    ]
    network = replace(scenario.network, studies=tuple(larger))
    found = calibrate([replace(scenario, network=network)], replicates=60)
    assert found.problems == ()
    (result,) = found.results
    assert (result.answered, result.engine) == (60, "collapsed")


def test_the_collapsed_engine_is_calibrated_for_means_too():
    """The same data sets as the exact engine has: places in the posterior agree replicate by replicate."""
    scenario = SCENARIOS["normal-arms"]
    for k in range(4):
        one, seed = drawn(scenario, 1, k)
        exact, collapsed = (
            transforms(fit(one.network, replace(scenario.spec, engine=e, seed=seed)), one, np.random.default_rng(k))
            for e in ("exact", "collapsed")
        )
        for name in ("B versus A", "C versus A", "D versus A"):
            # a rank among 999 draws has an SE of at most 0.016; 5 of them for 12 numbers
            assert collapsed[name] == pytest.approx(exact[name], abs=0.08)
        assert collapsed["tau"] == pytest.approx(exact["tau"], abs=0.02)  # a marginal known to about 6,000 draws


def test_right_posteriors_pass(answers):
    assert calibration_of(answers, lambda posterior: posterior).problems == ()


@pytest.mark.parametrize(
    ("wrong", "found_in"),
    [
        (lambda p: replace(p, covariances=0.64 * p.covariances), "B versus A"),  # SDs 20% too small
        (lambda p: replace(p, covariances=1.69 * p.covariances), "C versus A"),  # SDs 30% too large
        (lambda p: replace(p, means=p.means + 0.2), "D versus A"),
        (lambda p: replace(p, tau=replace(p.tau, map=replace(p.tau.map, centre=0.7 * p.tau.map.centre))), "tau"),
        (lambda p: replace(p, tau_nodes=0 * p.tau_nodes), "new D versus A"),  # heterogeneity left out of predictions
    ],
    ids=["narrow", "wide", "shifted", "tau", "prediction"],
)
def test_a_wrong_engine_is_found(answers, wrong, found_in):
    found = calibration_of(answers, wrong)
    assert not found.ok
    assert any(f"{found_in} is not uniform" in problem for problem in found.problems)


def test_an_engine_that_ignores_the_data_is_found_by_the_log_likelihood_alone():
    """The prior as posterior is uniform in every parameter; only a quantity that depends on the data shows it."""
    scenario = SCENARIOS["normal-contrasts"]
    found = calibrate([scenario], replicates=MANY, answer=_without_data)
    (result,) = found.results
    small = {q.quantity for q in result.quantities if q.smallest_p < found.threshold}
    assert small == {"log likelihood"}


def _without_data(network, spec):
    """The posterior of a network of the same design whose data say next to nothing."""
    loud = [
        replace(s, contrasts=replace(s.contrasts, covariance=1e8 * s.contrasts.covariance)) for s in network.studies
    ]
    prior = fit(replace(network, studies=tuple(loud)), spec)
    return replace(prior, network=network)


def test_replicates_without_an_answer_are_counted_by_reason_and_not_tested():
    scenario = SCENARIOS["normal-contrasts"]
    calls = iter(range(10_000))

    def sometimes(network, spec):
        k = next(calls)
        if k % 10 == 0:
            raise ModelError(f"number {k} has no answer")
        posterior = fit(network, spec)
        return replace(posterior, verdict=Verdict(False, ("draws are few",))) if k % 10 == 1 else posterior

    found = calibrate([scenario], replicates=60, answer=sometimes)
    (result,) = found.results
    assert (result.replicates, result.answered, result.crashed) == (60, 48, 0)
    assert result.refusals == {"number # has no answer": 6, "draws are few": 6}
    assert {q.count for q in result.quantities} == {48}
    assert found.problems == ("normal-contrasts: 12 of 60 replicates have no answer to judge",)


def test_an_error_of_the_program_is_a_problem_even_once():
    calls = iter(range(10_000))

    def breaks(network, spec):
        if next(calls) == 7:
            raise ZeroDivisionError("oops")
        return fit(network, spec)

    found = calibrate([SCENARIOS["normal-contrasts"]], replicates=40, answer=breaks)
    assert found.results[0].refusals == {"ZeroDivisionError: oops": 1}
    assert found.problems == ("normal-contrasts: 1 of 40 fits ended in an error of the program",)


def test_nothing_but_refusals_is_no_calibration():
    def never(network, spec):
        raise ModelError("no")

    found = calibrate([SCENARIOS["normal-contrasts"]], replicates=20, answer=never)
    assert found.results[0].quantities == ()
    assert not found.ok
    assert list(found.rows()) == []


def test_a_replicate_does_not_depend_on_its_company():
    one = SCENARIOS["normal-contrasts"]
    alone = calibrate([one], replicates=40)
    together = calibrate([SCENARIOS["normal-multi-arm"], one], replicates=40)
    assert alone.results[0].quantities == together.results[1].quantities
    assert calibrate([one], replicates=40, seed=2).results[0].quantities != alone.results[0].quantities
    first, seed = drawn(one, 1, 3)
    again, same = drawn(one, 1, 3)
    assert seed == same
    assert np.array_equal(first.truth.d, again.truth.d)


def test_the_threshold_keeps_the_false_alarms_of_all_tests_together():
    found = calibrate([SCENARIOS["normal-contrasts"]], replicates=20)
    assert found.tests == 12
    assert found.threshold == pytest.approx(0.01 / 12)
    frame = found.to_frame()
    assert len(frame) == 6
    assert set(frame.columns) >= {"scenario", "quantity", "chi_square_p", "ecdf_p", "coverage_95", "coverage_95_se"}


def test_the_function_of_parameters_and_data_is_the_log_likelihood_of_contrasts():
    from scipy.stats import multivariate_normal

    scenario = SCENARIOS["normal-multi-arm"]
    one, _ = drawn(scenario, 1, 0)
    rows = normal_rows(one.network, scenario.spec)
    d, tau = np.array([[0.1, -0.3, 0.5], [1.0, 0.2, 0.0]]), np.array([0.4, 0.9])
    place = one.network.position
    expected = np.zeros(2)
    for study in one.network.studies:
        at = [place[t] for t in study.treatments]
        assert study.contrasts is not None
        for k in range(2):
            full = np.append(0.0, d[k])
            size = len(at) - 1
            spread = study.contrasts.covariance + tau[k] ** 2 * (np.eye(size) + 1) / 2
            expected[k] += multivariate_normal(full[at[1:]] - full[at[0]], spread).logpdf(study.contrasts.estimate)
    # equal up to a constant, so that differences agree; to rounding of sums of a dozen terms
    assert np.diff(log_likelihood(rows, d, tau)) == pytest.approx(np.diff(expected), abs=1e-10)


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_every_scenario_has_proper_priors_and_zero_to_draw(name):
    scenario = SCENARIOS[name]
    one, _ = drawn(scenario, 1, 0)
    assert scenario.takes(one.network)
    assert (one.truth.tau > 0) == (scenario.spec.effects == "random")
    assert np.all(np.isfinite(log_likelihood(normal_rows(one.network, scenario.spec), one.truth.d[None],
                                             np.array([one.truth.tau]))))  # fmt: skip


def test_ordered_data_with_an_empty_category_are_drawn_again():
    scenario = SCENARIOS["ordered"]
    seen = [every_category_seen(drawn(scenario, 1, k)[0].network) for k in range(20)]
    assert all(seen)
    template = scenario.network  # its upper categories are empty
    assert not every_category_seen(template)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: calibrate([SCENARIOS["poisson"]], replicates=19), "20 replicates"),
        (lambda: calibrate([SCENARIOS["poisson"]], replicates=20, engine="exact"), "does not answer poisson"),
        (lambda: scenario_named("beta"), "Choose from: normal-arms"),
    ],
)
def test_wrong_usage_is_refused(call, complaint):
    with pytest.raises(UsageError, match=complaint):
        call()


def test_without_dask_the_error_holds_the_install_line(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'physiohub\[cluster\]'.*--workers 0"), local_workers(1):
        pass


def test_no_scheduler_is_said_plainly(monkeypatch):
    monkeypatch.setattr("physiohub.analysis.fleet._PATIENCE", "1s")
    with pytest.raises(UsageError, match="No Dask scheduler answers"), connected("tcp://127.0.0.1:9"):
        pass


def _slowly(network, spec):
    import time

    time.sleep(0.05)
    return fit(network, spec)


def _fatal(number: int, deaths: int) -> int:
    if number == deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.long
def test_workers_listen_at_home_only_and_a_dead_one_costs_nothing():
    """Two processes; one is killed with SIGKILL while it works, and all replicates come back as if nothing had been."""
    psutil = pytest.importorskip("psutil")  # Dask needs it
    scenario = SCENARIOS["normal-contrasts"]
    alone = calibrate([scenario], replicates=60, fleet=InProcess())
    pids: list[int] = []
    with local_workers(2) as fleet:
        family = [psutil.Process(), *psutil.Process().children(recursive=True)]
        listening = {c.laddr.ip for p in family for c in p.net_connections(kind="inet") if c.status == "LISTEN"}
        assert listening <= {"127.0.0.1"}
        before = fleet.client.run(os.getpid)

        def killed(name: str, more: int) -> None:
            if not pids:
                pids.append(next(iter(before.values())))
                threading.Thread(target=os.kill, args=(pids[0], signal.SIGKILL)).start()

        found = calibrate([scenario], replicates=60, fleet=fleet, told=killed, answer=_slowly)
        assert pids[0] not in fleet.client.run(os.getpid).values()  # it died, and another took its place
        with connected(fleet.client.scheduler.address) as other:
            assert list(other.run(abs, [-3])) == [3]
    assert found.results[0].answered == 60
    for one, other_one in zip(alone.results[0].quantities, found.results[0].quantities, strict=True):
        # another process may add in another order; so no further than rounding
        assert one.quantity == other_one.quantity
        assert one.histogram == other_one.histogram
        assert one.deviation == pytest.approx(other_one.deviation, abs=1e-9)


@pytest.mark.long
def test_a_task_that_kills_every_worker_ends_in_words(monkeypatch):
    monkeypatch.setattr("physiohub.analysis.fleet._DEATHS", 0)
    with local_workers(1) as fleet, pytest.raises(FleetError, match="again and again"):
        list(fleet.run(partial(_fatal, deaths=1), [0, 1]))
